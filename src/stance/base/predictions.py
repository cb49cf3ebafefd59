"""The prediction of a model for one row, and the files that predictions are stored in."""

import logging
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stance.base.errors import Faults, StanceError, input_error, line_of
from stance.base.files import write_jsonl
from stance.base.labels import LABELS, LONGEST, Label, parse_label, spelled, spellings_to_state
from stance.base.lines import PLAIN, Manner
from stance.base.questions import Question
from stance.base.rows import read_rows
from stance.base.words import composed

log = logging.getLogger(__name__)

#: In place of a label: the model's confidence is not above the threshold.
ABSTAIN = "abstain"

#: Of the probabilities in predictions files.
DECIMALS = 6

#: The largest share of the rows of a file whose label may be another than the most probable one.
MOST_CONTRADICTIONS = 0.05

#: How far from 1 the sum of a row's probabilities may be: three numbers rounded to two decimals are at most so far off.
ROUNDED = 0.015

#: Shape (rows, 3): the probability of against, neutral, favor; every row sums to 1.
Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A label and a probability for each of the three.

    Attributes:
        label: against, neutral or favor.
        scores: Probability by label, in their order, summing to 1; empty when the model gave none.
    """

    label: Label
    scores: Mapping[str, float] = field(default_factory=dict)


class Threshold(NamedTuple):
    """What happened on validation above one confidence: ``rows`` were answered, of them ``errors`` wrongly."""

    confidence: float
    rows: int
    errors: int


class Predictor(Protocol):
    """Any model: questions in, probabilities out."""

    @property
    def scale(self) -> float:
        """The factor that logits or decision values are multiplied by, fitted on validation; 1 where there are none."""
        ...

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """Probabilities of shape (rows, 3), in the order of the questions."""
        ...

    def save(self, folder: Path) -> None:
        """Write all that :meth:`predict_proba` needs into an existing folder, without pickle."""
        ...


def checked(probabilities: Probabilities) -> Probabilities:
    """The same probabilities.

    Raises:
        StanceError: One is not a finite number (a model that diverged, say).
    """
    broken = np.flatnonzero(~np.isfinite(probabilities).all(axis=1))
    if len(broken):
        raise input_error("model", f"no finite probabilities for {len(broken)} row(s)", found=broken[:5].tolist())
    return probabilities


def probabilities_of(predictor: Predictor, questions: Sequence[Question]) -> Probabilities:
    """A model's probabilities, shape (rows, 3); without questions the model does not run.

    Raises:
        StanceError: See :func:`checked`.
    """
    return checked(predictor.predict_proba(questions)) if questions else np.zeros((0, len(LABELS)))


def to_predictions(probabilities: Probabilities) -> list[Prediction]:
    """The most probable label of each row, and its scores; a tie goes to the first label in their order.

    Raises:
        StanceError: See :func:`checked`.
    """
    best = checked(probabilities).argmax(axis=1)
    return [
        Prediction(LABELS[label], dict(zip(LABELS, row, strict=True)))
        for label, row in zip(best.tolist(), probabilities.tolist(), strict=True)
    ]


def to_probabilities(predictions: Sequence[Prediction], place: str) -> Probabilities:
    """The scores of predictions as an array of shape (rows, 3).

    Raises:
        StanceError: A prediction has none.
    """
    lacking = [number for number, prediction in enumerate(predictions) if not prediction.scores]
    if lacking:
        problem = f"{len(lacking)} of {len(predictions)} rows have no probabilities"
        raise input_error(place, problem, allowed="a column for each of " + ", ".join(LABELS))
    return np.array([[prediction.scores[label] for label in LABELS] for prediction in predictions])


def flat(prediction: Prediction) -> dict[str, Any]:
    """Label and probabilities as columns: ``label``, ``against``, ``neutral``, ``favor`` (six decimals)."""
    return {"label": prediction.label} | {name: round(score, DECIMALS) for name, score in prediction.scores.items()}


def write_predictions(path: str | Path, ids: Iterable[str], predictions: Iterable[Prediction]) -> None:
    """One line a row: ``{"id", "label", "against", "neutral", "favor"}``."""
    write_jsonl(path, ({"id": i} | flat(prediction) for i, prediction in zip(ids, predictions, strict=True)))


def read_predictions(
    path: str | Path, label_map: Mapping[str, str] | None = None, prefix: str = "", manner: Manner = PLAIN
) -> dict[str, Prediction]:
    """Prediction by id, from a jsonl, csv, tsv, parquet or xlsx file of any model.

    Columns ``id`` and ``label`` must be there; the three probability columns all or none; others are ignored. Space
    around an id is no part of it, and two spellings of one, composed and decomposed (NFC, NFD), are the same.

    Args:
        path: The file.
        label_map: How the labels are spelled in it.
        prefix: Before the names of the columns but ``id``, as ``scripts/predict.py`` was told.
        manner: What else the file does not say of itself.

    Raises:
        StanceError: A missing column, an unknown label, an id given twice, probabilities that are no distribution, all
            faulty rows told together; labels with a prefix beside some without, which may be the gold ones, and no
            prefix is given; too many labels that the probabilities contradict (:class:`Contradictions`).
    """
    predictions: dict[str, Prediction] = {}
    ids: set[str] = set()
    contradictions = Contradictions(path)
    faults = Faults(path)
    labels: dict[str, None] = {}
    manner = manner._replace(wanted=("id", prefix + "label"))
    for number, (line, full) in enumerate(read_rows(path, manner=manner)):
        place = line_of(path, line)
        if number == 0:
            if not prefix:
                _check_one_answer(full, place)
            _tell_unread(full, prefix, label_map or {}, path)
        with faults.noted(place):
            for column in ("id", prefix + "label"):
                if column in full and not spelled(full[column]):
                    raise input_error(place, f"{column!r} is empty", allowed="a value; or no row where nothing is said")
                if not spelled(full.get(column)):
                    allowed = "id, " + ", ".join(prefix + name for name in ("label", *LABELS))
                    raise input_error(place, f"no {column!r}", found=sorted(full), allowed=allowed)
            row = {name: full.get(prefix + name) for name in ("label", *LABELS)}
            if len(labels) <= Faults.SHOWN and spelled(row["label"]) != ABSTAIN:
                labels[spelled(row["label"])] = None
            row_id = spelled(full["id"])
            if composed(row_id) in ids:
                raise input_error(place, "an id occurs twice", found=row_id, allowed="one prediction for each id")
            predictions[row_id] = parse_prediction(row, place, label_map)
            ids.add(composed(row_id))
            contradictions.note(predictions[row_id], place)
    few = len(labels) <= Faults.SHOWN and max(map(len, labels), default=0) <= LONGEST
    if few and not label_map and not labels.keys() <= set(LABELS):
        faults.tell(f"if the labels have other spellings, say which: {spellings_to_state('labels', labels)}")
    faults.tell()
    if not predictions:
        raise input_error(str(path), "no predictions in the file")
    contradictions.tell()
    return predictions


class Contradictions:
    """Rows of a file whose label is not the one that their probabilities make the most probable; a tie is none."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.rows = self.found = 0
        self.first = ""

    def note(self, prediction: Prediction, place: str) -> None:
        """Look at a row."""
        scores = prediction.scores
        self.rows += bool(scores)
        if scores and scores[prediction.label] < max(scores.values()):
            self.found += 1
            self.first = self.first or f"{place}: {prediction.label!r} beside {dict(scores)}"

    def tell(self) -> None:
        """Log how many there were, if any.

        Raises:
            StanceError: They are more than ``MOST_CONTRADICTIONS`` of the rows: columns are swapped, say.
        """
        told = (
            f"{self.found:,} of {self.rows:,} rows with probabilities have a label that is not their most probable one"
        )
        told += f" ({self.first})"
        if self.found > MOST_CONTRADICTIONS * self.rows:
            allowed = f"{MOST_CONTRADICTIONS:.0%} of the rows; or a file of the labels without probabilities"
            raise input_error(str(self.path), told, allowed=allowed)
        if self.found:
            log.warning("%s: %s", self.path, told)


def _check_one_answer(row: Mapping[str, Any], place: str) -> None:
    """Refuse columns of labels and probabilities with a prefix beside a plain ``label``."""
    ends = [name.removesuffix("label") for name in row if name.endswith("label") and name != "label"]
    scored = [prefix for prefix in ends if all(prefix + label in row for label in LABELS)]
    if scored and "label" in row:
        found = ["label", *(prefix + "label" for prefix in scored)]
        allowed = " or ".join(shlex.quote(f"prefix={prefix}") for prefix in scored)
        raise input_error(place, "several answers in a row", found=found, allowed=allowed)


def _tell_unread(row: Mapping[str, Any], prefix: str, label_map: Mapping[str, str], path: str | Path) -> None:
    """Warn of columns that seem to be the probabilities by other names, ``p_FAVOR`` say, if none has the right ones."""
    meant = {label: label for label in LABELS} | {spelling: label for spelling, label in label_map.items() if spelling}
    names: dict[str, str] = {}
    for name in row:
        ends = [spelling for spelling in meant if name.casefold().endswith(spelling.casefold())]
        if ends:
            names.setdefault(meant[max(ends, key=len)], name)
    if len(names) == len(LABELS) and not any(prefix + label in row for label in LABELS):
        with suppress(StanceError):
            scores_of({label: row[name] for label, name in names.items()}, str(path))
            told = "%s: no probabilities are read: those in %s have to be called %s"
            log.warning(told, path, ", ".join(names[i] for i in LABELS), ", ".join(prefix + i for i in LABELS))


def parse_prediction(row: Mapping[str, Any], place: str, label_map: Mapping[str, str] | None = None) -> Prediction:
    """Label and, if there are any, probabilities of a row of a file; other columns are ignored.

    Probabilities that sum to 1 within ``ROUNDED``, as such do that were rounded to two decimals, are divided by their
    sum.

    Raises:
        StanceError: An unknown label or none, probabilities that are no distribution.
    """
    if spelled(row["label"]) == ABSTAIN and ABSTAIN not in (label_map or {}):
        raise input_error(place, "a row without label", found=ABSTAIN, allowed="a file scored without abstain.risk")
    return Prediction(parse_label(row["label"], label_map, place), scores_of(row, place))


def scores_of(row: Mapping[str, Any], place: str) -> dict[str, float]:
    """The probabilities of a row of a file, as :func:`parse_prediction` has them; none where it has no such column."""
    given = {label: row[label] for label in LABELS if row.get(label) not in (None, "")}
    if not given:
        return {}
    try:
        scores: dict[str, float] = {label: float(given[label]) for label in LABELS}
    except (KeyError, ValueError, TypeError):
        raise input_error(place, "not a probability for each label", found=given, allowed=LABELS) from None
    total = sum(scores.values())
    if not all(math.isfinite(p) and 0 <= p <= 1 for p in scores.values()) or round(abs(total - 1), DECIMALS) > ROUNDED:
        allowed = f"three numbers from 0 to 1 that sum to 1, within {ROUNDED}"
        raise input_error(place, "no distribution", found=scores, allowed=allowed)
    if abs(total - 1) > 2 * 10**-DECIMALS:  # not of rounding as in our own files, which stay as they are
        scores = {label: score / total for label, score in scores.items()}
    return scores
