"""The bundled negotiation corpus: documents with their rows, and each annotator's judgements of the rows.

Source: ``seeds/`` of this project; its README is the data statement, its GUIDELINES the codebook. Licence CC BY 4.0.

``documents/<id>.json`` holds one document: its sentences, the targets (proposals) and the rows, each a sentence, a
holder and a target by number from 1, with the phenomena that it shows. ``judgements/<annotator>.jsonl`` holds one
``{"id", "label"}`` a line, with a ``note`` where the annotator gave a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.annotations import Annotation, Corpus
from stance.errors import input_error, line_of
from stance.files import file_digest, must_exist, read_json, read_rows
from stance.labels import parse_label

#: The annotator who settles the rows on which the others differ.
ADJUDICATOR = "adjudicator"

#: The phenomena that a row can show; ``seeds/GUIDELINES.md`` describes each.
PHENOMENA = (
    "plain",
    "conditional_acceptance",
    "refusing_condition",
    "withheld",
    "reported_denial",
    "negated",
    "concession",
    "action_only",
    "figurative",
    "quoted_opponent",
    "multi_holder",
    "multi_target",
    "coreference",
    "mediator",
    "procedure",
    "off_proposal",
)

#: Keys of a document file, and the type that the value of each must have.
KEYS: Mapping[str, type] = {
    "id": str,
    "title": str,
    "area": str,
    "negotiation": str,
    "region": str,
    "basis": str,
    "genre": str,
    "targets": list,
    "sentences": list,
    "rows": list,
}


def read(folder: str | Path, annotators: Sequence[str]) -> Corpus:
    """The judgements of the named annotators, with each row's sentence and its context.

    Args:
        folder: With ``documents/`` and ``judgements/``.
        annotators: Names of the files in ``judgements/``; ``adjudicator``, if among them, settles and has no vote.

    Raises:
        StanceError: Names file, line, value and what is allowed: for a document that is not of the format, an
            unknown annotator or row id, a label other than the three, a row that one of the others did not judge.
    """
    folder = must_exist(folder, "folder")
    paths = sorted(must_exist(folder / "documents", "folder").glob("*.json"))
    if not paths:
        raise input_error(str(folder / "documents"), "no documents", allowed="one .json file for each document")
    rows: dict[str, dict[str, Any]] = {}
    files: dict[str, str] = {}
    for path in paths:
        files[f"documents/{path.name}"] = file_digest(path)
        for row_id, row in _rows(path).items():
            if row_id in rows:
                raise input_error(str(path), "a row id stands in two documents", found=row_id)
            rows[row_id] = row
    annotations = []
    known = sorted(path.stem for path in (folder / "judgements").glob("*.jsonl"))
    for annotator in annotators:
        path = folder / "judgements" / f"{annotator}.jsonl"
        if annotator not in known:
            raise input_error(str(folder / "judgements"), "no such annotator", found=annotator, allowed=known)
        files[f"judgements/{path.name}"] = file_digest(path)
        annotations += _judgements(path, annotator, rows)
    unjudged = sorted(set(rows) - {annotation.id for annotation in annotations})
    if unjudged:
        raise input_error(
            str(folder), f"{len(unjudged)} row(s) nobody of {list(annotators)} judged", found=unjudged[:5]
        )
    adjudicator = ADJUDICATOR if ADJUDICATOR in annotators else ""
    return Corpus("negotiation", tuple(annotations), None, files, adjudicator)


def _rows(path: Path) -> dict[str, dict[str, Any]]:
    """The annotation fields of each row of a document but label and annotator, by row id."""
    document = read_json(path)
    place = str(path)
    if not isinstance(document, dict):
        raise input_error(place, "not a JSON object", allowed=KEYS)
    for key, kind in KEYS.items():
        if not isinstance(document.get(key), kind) or not document[key]:
            raise input_error(place, f"{key!r} is missing or empty", found=document.get(key), allowed=kind.__name__)
    if document["id"] != path.stem:
        raise input_error(place, "the id is not the name of the file", found=document["id"], allowed=path.stem)
    if document["basis"] not in ("real", "fictional"):
        raise input_error(place, "unknown basis", found=document["basis"], allowed="real, fictional")
    sentences, targets = document["sentences"], document["targets"]
    rows: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(document["rows"], start=1):
        here = f"{path}, row {number}"
        try:
            row_id, sentence, holder = row["id"], row["sentence"], row["holder"]
            target, phenomena = row["target"], row["phenomena"]
        except (KeyError, TypeError):
            allowed = "id, sentence, holder, target, phenomena"
            raise input_error(here, "a key is missing", found=row, allowed=allowed) from None
        if row_id in rows:
            raise input_error(here, "a row id stands twice", found=row_id)
        if sentence not in range(1, len(sentences) + 1):
            raise input_error(here, "no such sentence", found=sentence, allowed=f"1 to {len(sentences)}")
        if target not in range(1, len(targets) + 1):
            raise input_error(here, "no such target", found=target, allowed=f"1 to {len(targets)}")
        if not phenomena or set(phenomena) - set(PHENOMENA):
            raise input_error(here, "unknown or no phenomena", found=phenomena, allowed=PHENOMENA)
        rows[row_id] = {
            "text": sentences[sentence - 1],
            "holder": holder,
            "target": targets[target - 1],
            "document": document["id"],
            "context": " ".join(sentences[: sentence - 1]),
            "date": document.get("date") or "",
            "tags": tuple(phenomena),
        }
    return rows


def _judgements(path: Path, annotator: str, rows: Mapping[str, dict[str, Any]]) -> list[Annotation]:
    annotations: dict[str, Annotation] = {}
    for line, judgement in read_rows(path):
        place = line_of(path, line)
        row_id = str(judgement.get("id"))
        if row_id not in rows:
            raise input_error(place, "no row with this id in documents/", found=row_id)
        if row_id in annotations:
            raise input_error(place, "a row is judged twice", found=row_id, allowed="one judgement a row")
        label = parse_label(judgement.get("label"), None, place)
        annotations[row_id] = Annotation(id=row_id, label=label, annotator=annotator, **rows[row_id])
    return list(annotations.values())
