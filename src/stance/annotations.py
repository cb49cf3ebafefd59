"""What a judgement is, what an example is, and the JSONL and CSV they travel in."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stance.errors import input_error, line_of
from stance.files import read_rows, write_jsonl
from stance.labels import LABELS, Label, check_label_map, parse_label

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotator's judgement of one row.

    Attributes:
        id: The row; the same for every annotator who judged it.
        text: The sentence.
        holder: Whose stance is asked; empty = the author or speaker of the text.
        target: The negotiation proposal.
        label: against, neutral or favor.
        annotator: Who judged.
        document: Where the sentence came from.
        context: The sentences before it in the document, if given.
        date: Of the document, as written in the source.
        tags: Properties of the row that scores can be grouped by, e.g. phenomena.
    """

    id: str
    text: str
    holder: str
    target: str
    label: Label
    annotator: str
    document: str
    context: str = ""
    date: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """One row with its aggregated label.

    Attributes:
        votes: Number of annotators who said against, neutral, favor.
        label: The aggregated label.
        id: And the others as in :class:`Annotation`.
    """

    id: str
    text: str
    holder: str
    target: str
    label: Label
    document: str
    context: str
    date: str
    tags: tuple[str, ...]
    votes: tuple[int, int, int]

    @property
    def distribution(self) -> tuple[float, float, float]:
        """Share of the annotators who said against, neutral, favor; sums to 1."""
        total = sum(self.votes)
        return (self.votes[0] / total, self.votes[1] / total, self.votes[2] / total)


def columns_of(examples: Sequence[Example]) -> tuple[list[str], list[str], list[str], list[str]]:
    """Texts, targets, holders and contexts: what a model is asked, in the order of its arguments."""
    return (
        [example.text for example in examples],
        [example.target for example in examples],
        [example.holder for example in examples],
        [example.context for example in examples],
    )


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a reader returns.

    Attributes:
        annotations: Every judgement, in file order.
        parts: Official part (train, validation, test) by row id; None when the corpus has no official split.
        files: SHA-256 by name of every file that was read.
        adjudicator: The annotator whose judgement decides a row, if there is one; no vote besides.
    """

    annotations: tuple[Annotation, ...]
    parts: Mapping[str, str] | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    adjudicator: str = ""


#: Fields that must be there, in every file of annotations. ``holder`` must be there and may be empty.
REQUIRED = ("id", "text", "holder", "target", "label", "annotator", "document")
OPTIONAL = ("context", "date", "tags")


def read_annotations(
    path: str | Path,
    *,
    label_map: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
) -> list[Annotation]:
    """The judgements in a jsonl, csv or tsv file, checked.

    Args:
        path: The file; its suffix says the kind.
        label_map: What each spelling of a label means; without it only against, neutral, favor are read.
        columns: Our name -> the file's name, for the fields that are called otherwise there.
        encoding: Of the file, decoded strictly.

    Raises:
        StanceError: Names file, line, value and what is allowed: for malformed rows, a missing or empty field, an
            unknown label, a row id whose text, holder, target or document changes, a judgement given twice, two
            labels by one annotator for one row, or a file without rows.
    """
    check_label_map(label_map or {}, str(path))
    names = {name: name for name in REQUIRED + OPTIONAL} | dict(columns or {})
    unknown = set(names) - set(REQUIRED + OPTIONAL)
    if unknown:
        raise input_error(str(path), "no such field in columns", found=sorted(unknown), allowed=REQUIRED + OPTIONAL)
    annotations: list[Annotation] = []
    lines: list[int] = []
    absent = {name: names[name] for name in OPTIONAL if names[name] != name}
    for line, row in read_rows(path, encoding):
        absent = {name: column for name, column in absent.items() if column not in row}
        if not annotations and "part" in row:
            log.warning("%s: its column 'part' is not read here; data=table takes parts from a column", path)
        annotations.append(_annotation(row, names, label_map, line_of(path, line)))
        lines.append(line)
    if not annotations:
        raise input_error(str(path), "no annotations in the file")
    for name, column in absent.items():
        raise input_error(
            str(path), f"no field {column!r}", allowed=f"data.columns.{name}=NAME of a field that is there"
        )
    check_annotations(annotations, [line_of(path, line) for line in lines])
    return annotations


def _annotation(
    row: Mapping[str, Any], names: Mapping[str, str], label_map: Mapping[str, str] | None, place: str
) -> Annotation:
    values: dict[str, str] = {}
    for field_name in REQUIRED:
        column = names[field_name]
        if column not in row:
            allowed = (
                f"a field {column!r}, or data.columns.{field_name}=NAME; data=table needs text, target and label alone"
            )
            raise input_error(place, f"field {column!r} is missing", found=sorted(row), allowed=allowed)
        values[field_name] = text_of(row[column], column, place, may_be_empty=field_name == "holder")
    for field_name in ("context", "date"):
        values[field_name] = text_of(row.get(names[field_name], ""), names[field_name], place, may_be_empty=True)
    tags = tags_of(row.get(names["tags"]), names["tags"], place)
    label = parse_label(values.pop("label"), label_map, place)
    return Annotation(label=label, tags=tags, **values)


def tags_of(value: object, column: str, place: str) -> tuple[str, ...]:
    """The tags in a field: a list, or words with space between them; none where it is missing.

    Raises:
        StanceError: It is something else.
    """
    tags = value.split() if isinstance(value, str) else value or []
    if not isinstance(tags, list):
        raise input_error(place, f"field {column!r} is no list of tags", found=value, allowed="a list, or words")
    return tuple(str(tag) for tag in tags)


def text_of(value: object, column: str, place: str, *, may_be_empty: bool) -> str:
    """The value of a field as text without surrounding space; a missing one (also NaN) is empty.

    Raises:
        StanceError: It is a list or the like, or it is empty and may not be.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        value = ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise input_error(place, f"field {column!r} is not text", found=value, allowed="text or a number")
    text = str(value).strip()
    if not text and not may_be_empty:
        raise input_error(place, f"field {column!r} is empty", found=value, allowed="some text")
    return text


def check_annotations(annotations: Iterable[Annotation], places: Iterable[str]) -> None:
    """Raise StanceError at the first judgement that contradicts or repeats an earlier one.

    Args:
        annotations: In file order.
        places: Where each stands, for the message; as many as annotations.
    """
    rows: dict[str, tuple[Annotation, str]] = {}
    judged: dict[tuple[str, str], tuple[Annotation, str]] = {}
    for annotation, place in zip(annotations, places, strict=True):
        first, first_place = rows.setdefault(annotation.id, (annotation, place))
        for name in ("text", "holder", "target", "document", "context"):
            if getattr(first, name) != getattr(annotation, name):
                raise input_error(
                    place,
                    f"duplicate id {annotation.id!r}: it has another {name} at {first_place}",
                    found=getattr(annotation, name),
                    allowed=f"one {name} for one id",
                )
        key = (annotation.id, annotation.annotator)
        if key in judged:
            earlier, earlier_place = judged[key]
            problem = "two labels" if earlier.label != annotation.label else "the same judgement twice"
            raise input_error(
                place,
                f"{problem} by annotator {annotation.annotator!r} for id {annotation.id!r} (first at {earlier_place})",
                found=annotation.label,
                allowed="one judgement of each annotator for each id",
            )
        judged[key] = (annotation, place)


def write_annotations(path: str | Path, annotations: Iterable[Annotation]) -> None:
    """Write one JSON object a line; :func:`read_annotations` gives the same list back."""
    write_jsonl(path, (asdict(annotation) for annotation in annotations))


def label_counts(labels: Iterable[str]) -> dict[str, int]:
    """How often each of the three labels stands, in their order; zero where it does not."""
    counts: dict[str, int] = dict.fromkeys(LABELS, 0)
    for label in labels:
        counts[label] += 1
    return counts
