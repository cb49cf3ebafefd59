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
    rows, files = read_rows_of_documents(folder)
    annotations = []
    for annotator in dict.fromkeys(annotators):
        path = Path(folder) / "judgements" / f"{annotator}.jsonl"
        judged = read_judgements(path, rows)
        missing = sorted(set(rows) - {annotation.id for annotation in judged})
        if missing and annotator != ADJUDICATOR:
            raise input_error(str(path), f"{len(missing)} of {len(rows)} rows are not judged", found=missing[:5])
        files[f"judgements/{path.name}"] = file_digest(path)
        annotations += judged
    return Corpus(tuple(annotations), None, files, ADJUDICATOR if ADJUDICATOR in annotators else "")


def read_rows_of_documents(folder: str | Path) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The fields of each row but label and annotator, by row id; and the SHA-256 of each document file.

    Raises:
        StanceError: See :func:`read`.
    """
    paths = sorted(must_exist(Path(folder) / "documents", "folder").glob("*.json"))
    if not paths:
        raise input_error(str(Path(folder) / "documents"), "no documents", allowed="one .json file for each document")
    rows: dict[str, dict[str, Any]] = {}
    files: dict[str, str] = {}
    for path in paths:
        files[f"documents/{path.name}"] = file_digest(path)
        for row_id, row in _rows(path).items():
            if row_id in rows:
                raise input_error(str(path), "a row id stands in two documents", found=row_id)
            rows[row_id] = row
    return rows, files


def read_judgements(path: Path, rows: Mapping[str, dict[str, Any]]) -> list[Annotation]:
    """What one annotator said of some of the rows; the file is named after the annotator.

    Raises:
        StanceError: See :func:`read`.
    """
    if not path.exists():
        known = sorted(other.stem for other in path.parent.glob("*.jsonl"))
        raise input_error(str(path.parent), "no such annotator", found=path.stem, allowed=known)
    annotations: dict[str, Annotation] = {}
    for line, judgement in read_rows(path):
        place = line_of(path, line)
        row_id = str(judgement.get("id"))
        if row_id not in rows:
            raise input_error(place, "no row with this id in documents/", found=row_id)
        if row_id in annotations:
            raise input_error(place, "a row is judged twice", found=row_id, allowed="one judgement a row")
        label = parse_label(judgement.get("label"), None, place)
        annotations[row_id] = Annotation(id=row_id, label=label, annotator=path.stem, **rows[row_id])
    return list(annotations.values())


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
        if not isinstance(row_id, str) or not isinstance(holder, str):
            raise input_error(here, "id or holder is not text", found=[row_id, holder], allowed='text; "" = the author')
        if not _numbers(sentence, sentences):
            raise input_error(here, "no such sentence", found=sentence, allowed=f"1 to {len(sentences)}")
        if not _numbers(target, targets):
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


def _numbers(value: object, items: Sequence[str]) -> bool:
    """Whether a value is the number of one of the items, counted from 1."""
    return type(value) is int and 1 <= value <= len(items)
