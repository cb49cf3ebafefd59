"""What a judgement is, what an example is; judgements checked against each other, and written."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from stance.base.errors import Faults, input_error
from stance.base.files import write_jsonl
from stance.base.labels import LABELS, Label, alike
from stance.base.words import composed, one_spelling

log = logging.getLogger(__name__)

#: Fields that must be there, in every file of annotations. ``holder`` must be there and may be empty.
REQUIRED = ("id", "text", "holder", "target", "label", "annotator", "document")

OPTIONAL = ("context", "date", "tags")


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotator's judgement of one row.

    Attributes:
        id: The row; the same for every annotator who judged it.
        text: The sentence.
        holder: Whose stance it is; empty = the author or speaker of the text.
        target: The negotiation proposal.
        label: against, neutral or favor.
        annotator: Who judged.
        document: Where the sentence came from.
        context: The sentences before it in the document, if given.
        date: Of the document, as written in the source.
        tags: Properties of the row that scores can be grouped by, e.g. phenomena.
        place: File and record that it was read from, as messages name them; two judgements are the same without it.
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
    place: str = field(default="", compare=False)


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


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a reader returns.

    Attributes:
        annotations: Every judgement, in file order.
        parts: Official part (train, validation, test) by row id; None when the corpus has no official split.
        files: SHA-256 by name of every file that was read.
        adjudicator: The annotator whose judgement decides a row, if there is one; no vote besides.
        left_out: Judgements that are not among the annotations as the configuration or the reader says so, by how they
            are spelled.
        unsure: Row id and annotator of those of them that are no gap but an answer, such as UNCLEAR.
    """

    annotations: tuple[Annotation, ...]
    parts: Mapping[str, str] | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    adjudicator: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    unsure: tuple[tuple[str, str], ...] = ()


def in_one_spelling(corpus: Corpus) -> Corpus:
    """The corpus with each id, holder, target, document and annotator in its first spelling.

    Two spellings of one string, composed and decomposed (NFC, NFD), would count as two. Texts stay as they are.
    """
    spellings = {name: one_spelling() for name in ("id", "holder", "target", "document", "annotator")}
    spellings["annotator"](corpus.adjudicator)

    def spelled_once(annotation: Annotation) -> Annotation:
        values: dict[str, Any] = {name: spell(getattr(annotation, name)) for name, spell in spellings.items()}
        same = all(getattr(annotation, name) == value for name, value in values.items())
        return annotation if same else replace(annotation, **values)

    return replace(corpus, annotations=tuple(map(spelled_once, corpus.annotations)))


def check_annotations(path: str | Path, annotations: Iterable[Annotation], places: Iterable[str]) -> None:
    """Raise StanceError about all judgements that contradict or repeat an earlier one; warn of ids that may do so."""
    annotations = list(annotations)
    ids = dict.fromkeys(annotation.id for annotation in annotations)
    warn_of_alike(path, ids, "rows")
    for name in ("id", "document"):
        warn_of_shortened(path, name, (getattr(annotation, name) for annotation in annotations))
    rows: dict[str, tuple[Annotation, str]] = {}
    judgements: dict[tuple[str, str], tuple[Annotation, str]] = {}
    faults = Faults(path)
    for annotation, place in zip(annotations, places, strict=True):
        row = composed(annotation.id)
        with faults.noted(place):
            _check_against(
                rows.setdefault(row, (annotation, place)),
                judgements.setdefault((row, composed(annotation.annotator)), (annotation, place)),
                annotation,
                place,
            )
    faults.tell()


def warn_of_alike(path: str | Path, ids: Iterable[str], of: str) -> None:
    """Tell of distinct ids that may be one: ``003`` and ``3``. ``of`` is what they are the ids of."""
    first: dict[str, str] = {}
    if twice := [(first[alike(each)], each) for each in ids if first.setdefault(alike(each), each) != each]:
        log.warning("%s: %d ids are one number and two %s, such as %r and %r", path, len(twice), of, *twice[0])


def warn_of_shortened(path: str | Path, name: str, values: Iterable[str]) -> None:
    """Tell of values of a field that are :func:`shortened`."""
    if lost := shortened(values):
        told = "%s: %d values of %s lost digits in a spreadsheet, where ids belong into cells of text: %s"
        log.warning(told, path, len(lost), name, ", ".join(lost[:3]))


def _check_against(
    first: tuple[Annotation, str], earlier: tuple[Annotation, str], this: Annotation, place: str
) -> None:
    """Raise StanceError unless this judgement fits the first of its row and is the first of its annotator there."""
    for name in ("text", "holder", "target", "document", "context"):
        if composed(getattr(first[0], name)) != composed(getattr(this, name)):
            raise input_error(
                place,
                f"duplicate id {this.id!r}: it has another {name} at {first[1]}",
                found=getattr(this, name),
                allowed=f"one {name} for one id",
            )
    if earlier[0] is not this:
        problem = "two labels" if earlier[0].label != this.label else "the same judgement twice"
        raise input_error(
            place,
            f"{problem} by annotator {this.annotator!r} for id {this.id!r} (first at {earlier[1]})",
            found=this.label,
            allowed="one judgement of each annotator for each id",
        )


def write_annotations(path: str | Path, annotations: Iterable[Annotation]) -> None:
    """Write one JSON object a line; :func:`stance.data.table.read_annotations` gives the same list back.

    The places are not written: whoever reads the file has those in it.
    """
    rows = (asdict(annotation) for annotation in annotations)
    write_jsonl(path, ({name: value for name, value in row.items() if name != "place"} for row in rows))


def shortened(names: Iterable[str]) -> list[str]:
    """Those of these ids that a spreadsheet shortened: 1.23457E+18, or zeros after 15 digits in all that are longer."""
    distinct = list(dict.fromkeys(names))
    longer = [name for name in distinct if re.fullmatch(r"\d{16,}", name)]
    ended = [name for name in longer if not name[15:].strip("0")]
    powers = [name for name in distinct if re.fullmatch(r"\d(\.\d+)?[eE]\+\d\d+", name)]
    return powers + (ended if len(ended) == len(longer) > 1 else [])


def places_of(annotations: Iterable[Annotation]) -> dict[str, str]:
    """By row id the places of its judgements."""
    found: dict[str, list[str]] = {}
    for annotation in annotations:
        found.setdefault(annotation.id, []).append(annotation.place)
    return {row: "; ".join(dict.fromkeys(filter(None, places))) for row, places in found.items()}


def label_counts(labels: Iterable[str]) -> dict[str, int]:
    """How often each of the three labels occurs, in their order."""
    counts: dict[str, int] = dict.fromkeys(LABELS, 0)
    for label in labels:
        counts[label] += 1
    return counts
