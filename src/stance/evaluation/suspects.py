"""Rows whose label is hard to believe for a model that never saw them: where a person should look first."""

import itertools
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from sklearn.model_selection import StratifiedGroupKFold

from stance.base.annotations import Example
from stance.base.errors import StanceError, input_error
from stance.base.labels import LABEL2ID, LABELS, Label
from stance.base.predictions import Probabilities
from stance.base.questions import questions_of
from stance.base.tables import write_table
from stance.models.config import LinearConfig
from stance.models.fitting import Setup, fit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose label may be wrong.

    Attributes:
        example: With its current label.
        suggested: The most probable label.
        confidence: Probability of the current label.
        suggested_confidence: Probability of the suggested one.
    """

    example: Example
    suggested: Label
    confidence: float
    suggested_confidence: float


def out_of_fold(examples: Sequence[Example], model: LinearConfig, *, folds: int = 5, seed: int = 0) -> Probabilities:
    """What models say of rows whose documents they did not see: shape (rows, 3), in the order of the examples.

    The documents are drawn into folds with like shares of the labels. For each fold a model is fitted on the others but
    the next one, on which the scale of its probabilities is fitted.

    Raises:
        StanceError: Fewer than three folds, fewer documents than folds, or one label only.
    """
    documents = [example.document for example in examples]
    if not 3 <= folds <= len(set(documents)):
        allowed = f"3 or more, and no more than there are documents ({len(set(documents))})"
        raise input_error("folds", "a number of folds that cannot be drawn", found=folds, allowed=allowed)
    labels = [LABEL2ID[example.label] for example in examples]
    folder = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a label rarer than the folds
        drawn = [rows for _, rows in folder.split(np.zeros(len(labels)), labels, documents)]
    probabilities = np.zeros((len(examples), len(LABELS)))
    for number, held_out in enumerate(drawn):
        log.info("fold %d of %d: %d rows", number + 1, folds, len(held_out))
        scaled_on = (number + 1) % folds
        learnt = [examples[i] for n, rows in enumerate(drawn) if n not in (number, scaled_on) for i in rows]
        fitted = fit(model, learnt, [examples[i] for i in drawn[scaled_on]], Setup())
        probabilities[held_out] = fitted.predict_proba(questions_of(examples[i] for i in held_out))
    return probabilities


def find_suspects(examples: Sequence[Example], probabilities: Probabilities) -> list[Suspect]:
    """The rows whose label is probably wrong, the most suspicious first.

    A row is suspect when its own label is not the most probable, and another one is as probable as it is on average for
    rows that bear it; what is suggested is the most probable label. The rank is the probability of its own label, the
    lowest first.

    Args:
        examples: With their current labels.
        probabilities: Shape (rows, 3), from models that did not see the rows (:func:`out_of_fold`).

    Raises:
        StanceError: All rows have one label.

    Source: Northcutt, Jiang and Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70;
    the ``cleanlab`` package (confident joint, self-confidence).
    """
    present = [label for label in LABELS if any(example.label == label for example in examples)]
    if len(present) < 2:
        raise StanceError("suspect labels: all rows have one label, so that none can be suspected")
    given = np.array([present.index(example.label) for example in examples])
    known = probabilities[:, [LABEL2ID[label] for label in present]]
    known = known / known.sum(axis=1, keepdims=True)
    ranked = find_label_issues(
        given, known, filter_by="confident_learning", return_indices_ranked_by="self_confidence", n_jobs=1
    )
    suspects = []
    for row in ranked:
        best = int(known[row].argmax())
        confidence = float(known[row, given[row]])
        suspects.append(Suspect(examples[row], present[best], confidence, float(known[row, best])))
    return suspects


COLUMNS = (
    "rank", "id", "document", "holder", "target", "text", "label", "suggested", "confidence", "suggested_confidence",
    *LABELS, "place",
)  # fmt: skip


def write_suspects(
    path: str | Path, suspects: Sequence[Suspect], places: Mapping[str, str], *, excel_safe: bool = False
) -> None:
    """One row a suspect, csv, with the votes (against, neutral, favor) that its label came from, and their places.

    ``places`` are by row id, see :func:`stance.base.annotations.places_of`. With ``excel_safe`` no text is a formula
    (:func:`stance.base.tables.inert`).
    """

    def cells(rank: int, suspect: Suspect) -> list[object]:
        row = suspect.example
        said = (rank, row.id, row.document, row.holder, row.target, row.text, row.label, suspect.suggested)
        shown = (f"{p:.4f}" for p in (suspect.confidence, suspect.suggested_confidence))
        return [*said, *shown, *row.votes, places.get(row.id, "")]

    write_table(path, COLUMNS, itertools.starmap(cells, enumerate(suspects, start=1)), safe=excel_safe)
