"""A model as one more annotator: its judgements of a file's rows, beside those of people, or for them to correct."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stance.base.annotations import REQUIRED, Annotation, check_annotations, write_annotations
from stance.base.errors import Faults, input_error, line_of
from stance.base.files import write_json, write_jsonl
from stance.base.labels import LABELS, Label, is_missing, parse_label
from stance.base.markdown import markdown_table
from stance.base.names import beside
from stance.base.predictions import Predictor
from stance.base.questions import Question
from stance.base.rows import read_rows
from stance.data.agreement import alpha_interval, by_row, count_votes, interval_by_name, majority, pairs
from stance.data.columns import Columns, document_of_text, tags_of
from stance.inference.config import AnnotateConfig
from stance.models.classifier import StanceClassifier
from stance.models.config import PromptConfig
from stance.models.prompting.model import PromptModel, language_models, new_model
from stance.models.reading import count, marks, readers, readings, say

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """A model's labels for the rows of a file.

    Attributes:
        own: Its judgements, of rows that it answered.
        sure: The probability of each.
        people: The judgements that the file holds already.
        lost: Rows without an answer that can be read, with the raw answers.
    """

    own: list[Annotation]
    sure: list[float]
    people: list[Annotation]
    lost: list[dict[str, Any]]


def annotate(config: AnnotateConfig) -> tuple[Judged, dict[str, Any]]:
    """Let a model judge every row of a file, and write people's and its judgements into another.

    Beside the output go ``NAME.unanswered.jsonl``, if there are such rows, and ``NAME.agreement.json``, if people
    judged some of the rows. With ``label_studio`` its judgements are written as pre-annotations too.

    Returns:
        What was said; and the agreement (see :func:`agreement`), empty where nobody else judged.

    Raises:
        StanceError: A faulty file, no model, an annotator of that name in the file, or what the server says.
    """
    rows, people = read_rows_to_judge(config)
    predictor = _predictor(config, rows)
    judged = judge(predictor, rows, people, config.annotator)
    if readers(predictor):
        say(predictor, count(readings(predictor, [_question(row) for row in rows], mentioned=marks(predictor))), log)
    found = agreement(judged, config.bootstrap) if people and judged.own else {}
    for suffix in (".unanswered.jsonl", ".agreement.json"):  # of an earlier command
        beside(config.output, suffix).unlink(missing_ok=True)
    if judged.lost:
        write_jsonl(beside(config.output, ".unanswered.jsonl"), judged.lost)
    if config.label_studio is not None:
        tasks = [_task(a, p) for a, p in zip(judged.own, judged.sure, strict=True)]
        write_json(config.label_studio, tasks)
    if found:
        write_json(beside(config.output, ".agreement.json"), found)
    write_annotations(config.output, [*people, *judged.own])
    return judged, found


def read_rows_to_judge(config: AnnotateConfig) -> tuple[list[dict[str, Any]], list[Annotation]]:
    """The distinct rows of a file, as fields of an annotation but label and annotator; and the judgements in it.

    ``text`` and ``target`` must be there. A row without ``id`` is named after its line, one without ``document`` is a
    document of its own, with others of its text.

    Raises:
        StanceError: Faulty rows, told together; a judgement by the very annotator.
    """
    rows: dict[str, dict[str, Any]] = {}
    people: list[Annotation] = []
    places: list[str] = []
    nobodys = 0
    faults = Faults(config.input)
    document_of = document_of_text()
    for line, row in read_rows(config.input, config.encoding):
        with faults.noted(place := line_of(config.input, line)):
            values = _values(row, config.columns, line, place, document_of)
            if rows.setdefault(values["id"], values) != values:
                raise input_error(place, "a row id whose text, holder or target changes", found=values["id"])
            label = row.get(config.columns.label)
            by = config.columns.cells(row, place, ["annotator"])["annotator"]
            if is_missing(label) or label == "":
                continue
            judged = parse_label(label, config.labels.map(), place, "labels")
            if by:
                people.append(Annotation(label=judged, annotator=by, **values))
                places.append(place)
            else:
                nobodys += 1
    faults.tell()
    if nobodys:
        log.warning(
            "%s: %d labels without an annotator are left out; columns.annotator=NAME says who gave them",
            config.input,
            nobodys,
        )
    if not rows:
        raise input_error(config.input, "no rows in the file")
    check_annotations(config.input, people, places)
    if config.annotator in {a.annotator for a in people}:
        raise input_error(
            "annotator", "judged rows of the file already", found=config.annotator, allowed="another name"
        )
    return list(rows.values()), people


def judge(predictor: Predictor, rows: Sequence[Mapping[str, Any]], people: list[Annotation], annotator: str) -> Judged:
    """What a model says of each row; a language model's refusals and the like are no judgements."""
    questions = [_question(row) for row in rows]
    if isinstance(predictor, PromptModel):
        said = predictor.judge(questions)
        answered = [not one.problem for one in said]
        probabilities = np.array([predictor.probabilities(one) for one in said])
        lost = [
            {"id": row["id"], **problem}
            for problem in predictor.talk.problems
            for row, question in zip(rows, questions, strict=True)
            if asdict(question).items() <= problem.items()
        ]
    else:
        probabilities, answered, lost = predictor.predict_proba(questions), [True] * len(rows), []
    own = [
        Annotation(label=LABELS[int(p.argmax())], annotator=annotator, **row)
        for row, p, there in zip(rows, probabilities, answered, strict=True)
        if there
    ]
    sure = [float(p.max()) for p, there in zip(probabilities, answered, strict=True) if there]
    return Judged(own, sure, people, lost)


def agreement(judged: Judged, samples: int = 1000) -> dict[str, Any]:
    """How far the model agrees with people: alpha with and without it, each pair with it, and by label.

    Returns:
        ``alpha``: nominal, among ``people`` (None where no row was judged by two) and with the ``model``, with 95%
        intervals that resample documents; ``pairs``: the model with each of them; ``labels``: for each label rows of
        which the majority of people said it (``people``), the model (``model``) and both; ``rows``: how many these
        are; ``divided``: rows of which people have no majority, which are not among them.
    """
    name = judged.own[0].annotator
    several = any(len(row) > 1 for row in by_row(judged.people).values())
    own = {a.id: a.label for a in judged.own}
    votes = {row: majority(count_votes(a.label for a in said)) for row, said in by_row(judged.people).items()}
    compared = [(label, own[row]) for row, label in votes.items() if label is not None and row in own]
    labels: dict[Label, dict[str, int]] = {
        label: {
            "people": sum(a == label for a, _ in compared),
            "model": sum(b == label for _, b in compared),
            "both": sum(a == b == label for a, b in compared),
        }
        for label in LABELS
    }
    everybody = [*judged.people, *judged.own]
    names = [name, *dict.fromkeys(a.annotator for a in judged.people)]
    return {
        "alpha": {
            "people": interval_by_name(alpha_interval(judged.people, samples=samples)) if several else None,
            "model": interval_by_name(alpha_interval([a for a in everybody if a.id in votes], samples=samples)),
        },
        "pairs": [pair for pair in pairs(everybody, names) if pair["first"] == name],
        "rows": len(compared),
        "divided": sum(label is None for row, label in votes.items() if row in own),
        "labels": labels,
    }


def agreement_page(found: Mapping[str, Any]) -> str:
    """Markdown of what :func:`agreement` gives."""
    whose = {"people": "people", "people and the model": "model"}
    alphas = [[f"alpha, {shown}", *_numbers(found["alpha"][who])] for shown, who in whose.items()]
    kappas = [
        [pair["second"], "" if pair["kappa"] is None else f"{pair['kappa']:.3f}", pair["rows"], f"{pair['share']:.1%}"]
        for pair in found["pairs"]
    ]
    labels = [[label, of["people"], of["model"], of["both"]] for label, of in found["labels"].items()]
    counted = f"The last table has {found['rows']:,} rows"
    divided = f"; {found['divided']:,} on which people are divided are not in it" if found["divided"] else ""
    return "\n\n".join(
        [
            markdown_table(["agreement", "value", "95% interval"], alphas),
            markdown_table(["model with", "Cohen's kappa", "rows", "agreed"], kappas),
            markdown_table(["label", "people's majority", "model", "both"], labels),
            f"{counted}{divided}.",
        ]
    )


def _numbers(alpha: Mapping[str, float | None] | None) -> list[str]:
    if alpha is None or alpha["value"] is None:
        return ["undefined", ""]
    return [f"{alpha['value']:.3f}", f"{alpha['low']:.3f} to {alpha['high']:.3f}"]


def _values(
    row: Mapping[str, Any], columns: Columns, line: int, place: str, document_of: Callable[[str, str], str]
) -> dict[str, Any]:
    for field, column in (("text", columns.text), ("target", columns.target)):
        if column not in row:
            allowed = f"a field {column!r}, or columns.{field}=NAME"
            raise input_error(place, f"field {column!r} is missing", found=sorted(row), allowed=allowed)
    fields = [name for name in (*REQUIRED, "context", "date") if name not in ("label", "annotator")]
    values: dict[str, Any] = columns.cells(row, place, fields)
    values["id"] = values["id"] or f"line-{line}"
    values["document"] = values["document"] or document_of(values["text"], values["id"])
    return {**values, "tags": tags_of(row.get(columns.tags), columns.tags, place)}


def _predictor(config: AnnotateConfig, rows: Sequence[Mapping[str, Any]]) -> Predictor:
    if config.checkpoint is not None:
        predictor = StanceClassifier.from_pretrained(config.checkpoint).predictor
        if language_models(predictor) and not isinstance(predictor, PromptModel):
            allowed = "that model itself, whose rows without an answer are left out"
            raise input_error(
                "checkpoint", "it has a language model as a member", found=config.checkpoint, allowed=allowed
            )
        return predictor
    assert isinstance(config.model, PromptConfig)  # the settings see to it
    model = new_model(config.model, config.prompt, Path(config.outputs) / "cache")
    model.talk.begin(_question(rows[0]), ())
    return model


def _question(row: Mapping[str, Any]) -> Question:
    return Question(**{name: str(row[name]) for name in ("text", "target", "holder", "context")})


def _task(annotation: Annotation, sure: float) -> dict[str, Any]:
    """A task of Label Studio with the judgement as a prediction, for the interface of ``docs/prompting.md``."""
    data = {name: getattr(annotation, name) for name in ("id", "text", "holder", "target", "context", "document")}
    choice = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [annotation.label]}}
    return {"data": data, "predictions": [{"model_version": annotation.annotator, "score": sure, "result": [choice]}]}


def counted(annotations: Sequence[Annotation]) -> str:
    """Labels and how often each was given, in words."""
    counts = Counter(a.label for a in annotations)
    return ", ".join(f"{counts[label]:,} {label}" for label in LABELS)
