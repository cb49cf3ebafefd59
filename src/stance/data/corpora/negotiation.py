"""The bundled negotiation corpus: documents with their rows, and each annotator's judgements of the rows.

Source: ``seeds/`` of this project; its README is the data statement, its GUIDELINES the codebook. Licence CC BY 4.0.

``documents/<id>.json`` holds one document: its sentences, the targets (proposals), the rows (each a sentence, a holder
and a target by number from 1, with the phenomena that it shows) and the variants (each a row's sentence again with one
small change, which is meant to change the label: a minimal pair). ``judgements/<annotator>.jsonl`` holds one
``{"id", "label"}`` a line, with a ``note`` where the annotator gave a reason. ``parts.json`` says which areas are
train, validation and test.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error, line_of
from stance.base.files import file_digest, read_json
from stance.base.labels import parse_label
from stance.base.names import must_exist
from stance.base.rows import read_rows
from stance.data.info import CorpusInfo

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

#: How a variant differs from its row, and the tag of both.
CHANGES = ("negation", "modal")
MINIMAL_PAIR = "minimal_pair"

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


@dataclass(frozen=True, slots=True)
class Document:
    """One document file.

    Attributes:
        rows: The annotation fields of each row and variant but label and annotator, by row id.
        variants: Id of the row that each variant is a variant of, by its own id.
    """

    id: str
    area: str
    negotiation: str
    basis: str
    sentences: tuple[str, ...]
    rows: dict[str, dict[str, Any]]
    variants: dict[str, str]


def read(folder: str | Path, annotators: Sequence[str]) -> Corpus:
    """The judgements of the named annotators, with each row's sentence and its context.

    Args:
        folder: With ``documents/`` and ``judgements/``.
        annotators: Names of the files in ``judgements/``; ``adjudicator``, if among them, settles and has no vote.

    Raises:
        StanceError: Names file, line, value and what is allowed: for a document that is not of the format, an
            unknown annotator or row id, a label other than the three, a row that one of the others did not judge.
    """
    documents, files = read_documents(folder)
    rows = {row_id: row for document in documents for row_id, row in document.rows.items()}
    annotations, judged = read_annotators(Path(folder), annotators, rows)
    files |= judged
    path = Path(folder) / "parts.json"
    parts = None
    if path.exists():
        parts = _parts(path, documents)
        files[path.name] = file_digest(path)
    return Corpus(tuple(annotations), parts, files, ADJUDICATOR if ADJUDICATOR in annotators else "")


def read_documents(folder: str | Path) -> tuple[list[Document], dict[str, str]]:
    """Every document, by ascending id, and the SHA-256 of each file.

    Raises:
        StanceError: See :func:`read`.
    """
    paths = sorted(must_exist(Path(folder) / "documents", "folder").glob("*.json"))
    if not paths:
        raise input_error(str(Path(folder) / "documents"), "no documents", allowed="one .json file for each document")
    documents = [_document(path) for path in paths]
    seen: set[str] = set()
    for document, path in zip(documents, paths, strict=True):
        if again := seen & set(document.rows):
            raise input_error(str(path), "a row id is in two documents", found=sorted(again)[:5])
        seen |= set(document.rows)
    return documents, {f"documents/{path.name}": file_digest(path) for path in paths}


def read_annotators(
    folder: Path, annotators: Iterable[str], rows: Mapping[str, dict[str, Any]]
) -> tuple[list[Annotation], dict[str, str]]:
    """The judgements of each annotator, in their order, and the SHA-256 of each file in ``judgements/``.

    Raises:
        StanceError: See :func:`read`.
    """
    annotations = []
    files = {}
    for annotator in dict.fromkeys(annotators):
        path = folder / "judgements" / f"{annotator}.jsonl"
        judged = read_judgements(path, rows)
        missing = sorted(set(rows) - {annotation.id for annotation in judged})
        if missing and annotator != ADJUDICATOR:
            raise input_error(str(path), f"{len(missing)} of {len(rows)} rows are not judged", found=missing[:5])
        files[f"judgements/{path.name}"] = file_digest(path)
        annotations += judged
    return annotations, files


def read_judgements(path: Path, rows: Mapping[str, dict[str, Any]]) -> list[Annotation]:
    """One annotator's labels of some of the rows; the file is named after the annotator.

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
            raise input_error(place, "no row with this id", found=row_id)
        if row_id in annotations:
            raise input_error(place, "a row is judged twice", found=row_id, allowed="one judgement a row")
        label = parse_label(judgement.get("label"), None, place)
        annotations[row_id] = Annotation(id=row_id, label=label, annotator=path.stem, **rows[row_id])
    return list(annotations.values())


def read_parts(path: Path, what: str, allowed: Sequence[str] = ("train", "validation", "test")) -> dict[Any, str]:
    """Part by area, or by what else (``"a story"``) the file lists for each part.

    Raises:
        StanceError: A part that is not allowed, or something is in two parts.
    """
    part_of: dict[Any, str] = {}
    for part, members in read_json(path).items():
        if part not in allowed:
            raise input_error(str(path), "unknown part", found=part, allowed=allowed)
        for member in members:
            if member in part_of:
                raise input_error(str(path), f"{what} is in two parts", found=member)
            part_of[member] = part
    return part_of


def _document(path: Path) -> Document:
    content = read_json(path)
    place = str(path)
    if not isinstance(content, dict):
        raise input_error(place, "not a JSON object", allowed=KEYS)
    for key, kind in KEYS.items():
        if not isinstance(content.get(key), kind) or not content[key]:
            raise input_error(place, f"{key!r} is missing or empty", found=content.get(key), allowed=kind.__name__)
    if content["id"] != path.stem:
        raise input_error(place, "the id is not the name of the file", found=content["id"], allowed=path.stem)
    if content["basis"] not in ("real", "fictional"):
        raise input_error(place, "unknown basis", found=content["basis"], allowed="real, fictional")
    rows: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(content["rows"], start=1):
        here = f"{path}, row {number}"
        row_id, fields = _row(row, content, here)
        if row_id in rows:
            raise input_error(here, "a row id occurs twice", found=row_id)
        rows[row_id] = fields
    variants: dict[str, str] = {}
    for number, variant in enumerate(content.get("variants", ()), start=1):
        here = f"{path}, variant {number}"
        row_id, base, fields = _variant(variant, rows, here)
        if row_id in rows:
            raise input_error(here, "a row id occurs twice", found=row_id)
        variants[row_id] = base
        rows[row_id] = fields
    for base in variants.values():
        rows[base] = rows[base] | {"tags": tuple(dict.fromkeys([*rows[base]["tags"], MINIMAL_PAIR]))}
    texts = tuple(content["sentences"])
    return Document(content["id"], content["area"], content["negotiation"], content["basis"], texts, rows, variants)


def _row(row: Any, content: Mapping[str, Any], here: str) -> tuple[str, dict[str, Any]]:  # noqa: ANN401 - from JSON
    """Id of a row, and its annotation fields but label and annotator."""
    sentences, targets = content["sentences"], content["targets"]
    row_id, sentence, holder, target, phenomena = _values(row, here, "id, sentence, holder, target, phenomena")
    if not isinstance(row_id, str) or not isinstance(holder, str):
        raise input_error(here, "id or holder is not text", found=[row_id, holder], allowed='text; "" = the author')
    if not _numbers(sentence, sentences):
        raise input_error(here, "no such sentence", found=sentence, allowed=f"1 to {len(sentences)}")
    if not _numbers(target, targets):
        raise input_error(here, "no such target", found=target, allowed=f"1 to {len(targets)}")
    if not phenomena or set(phenomena) - set(PHENOMENA):
        raise input_error(here, "unknown or no phenomena", found=phenomena, allowed=PHENOMENA)
    return row_id, {
        "text": sentences[sentence - 1],
        "holder": holder,
        "target": targets[target - 1],
        "document": content["id"],
        "context": " ".join(sentences[: sentence - 1]),
        "date": content.get("date") or "",
        "tags": tuple(phenomena),
    }


def _variant(variant: Any, rows: Mapping[str, dict[str, Any]], here: str) -> tuple[str, str, dict[str, Any]]:  # noqa: ANN401
    """Id of a variant, that of its row, and its annotation fields: those of the row, with the changed sentence."""
    row_id, base, text, change = _values(variant, here, "id, row, text, change")
    if base not in rows:
        raise input_error(here, "no such row in this document", found=base)
    if change not in CHANGES:
        raise input_error(here, "unknown change", found=change, allowed=CHANGES)
    if not isinstance(text, str) or not text.strip() or text == rows[base]["text"]:
        raise input_error(here, "no changed sentence", found=text)
    return row_id, base, rows[base] | {"text": text, "tags": (MINIMAL_PAIR, change)}


def _values(given: Any, here: str, keys: str) -> list[Any]:  # noqa: ANN401 - from JSON
    try:
        return [given[key] for key in keys.split(", ")]
    except (KeyError, TypeError):
        raise input_error(here, "a key is missing", found=given, allowed=keys) from None


def _parts(path: Path, documents: Sequence[Document]) -> dict[str, str]:
    """Part by row id, from the part of each area; the variants of test rows are a part of their own, ``challenge``."""
    part_of = read_parts(path, "an area")
    for document in documents:
        if document.area not in part_of:
            raise input_error(str(path), f"no part for the area of {document.id}", found=document.area, allowed=part_of)
    return {
        row_id: "challenge"
        if part_of[document.area] == "test" and row_id in document.variants
        else part_of[document.area]
        for document in documents
        for row_id in document.rows
    }


def _numbers(value: object, items: Sequence[str]) -> bool:
    """Whether a value is the number of one of the items, counted from 1."""
    return type(value) is int and 1 <= value <= len(items)


CORPUS = CorpusInfo(
    name="negotiation",
    read=read,
    parts=("train", "validation", "test", "challenge"),
    licence="CC BY 4.0",
)
