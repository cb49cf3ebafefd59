"""What files of judgements share: cells read strictly, judgements checked against each other, written."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from stance.base.annotations import Annotation, shortened
from stance.base.errors import Faults, StanceError, input_error, setting
from stance.base.files import write_jsonl
from stance.base.labels import LONGEST, Label, alike, is_missing, known_as, parse_label, spelled
from stance.base.words import composed

log = logging.getLogger(__name__)

#: Fields that must be there, in every file of annotations. ``holder`` must be there and may be empty.
REQUIRED = ("id", "text", "holder", "target", "label", "annotator", "document")

OPTIONAL = ("context", "date", "tags")

#: What a spreadsheet shows, and exports, in the place of a value that it could not compute.
SPREADSHEET_ERRORS = frozenset(
    ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA")
)


class Gaps:
    """Columns that are empty in some rows of a file and not in others, where that means something.

    Args:
        path: The file.
        columns: What the fields are called in it.
        meaning: By field, what an empty cell comes to.
    """

    #: In a table whose rows are judgements.
    MEANING: ClassVar[Mapping[str, str]] = {
        "id": "such a row is called by its number",
        "holder": "the stance there is that of the author of the text",
        "document": "each such row is a document of its own",
        "annotator": "all such rows count as judged by one annotator",
    }

    def __init__(self, path: str | Path, columns: Mapping[str, str], meaning: Mapping[str, str] = MEANING) -> None:
        self.path = path
        self.meaning = {columns[field_name]: meant for field_name, meant in meaning.items()}
        self.rows = 0
        self.empty: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def note(self, row: Mapping[str, Any], place: str) -> None:
        """Look at a row."""
        self.rows += 1
        for column in self.meaning:
            if not spelled(row.get(column)):
                self.empty[column] += 1
                self.first.setdefault(column, place)

    def tell(self, key: str = "data.fill_down", how: str = "") -> None:
        """Warn of what was found, and name the setting by which an empty cell takes the value above it."""
        for column, rows in self.empty.items():
            if rows < self.rows:
                place, counts = self.first[column], f"{rows:,} of {self.rows:,} rows"
                told = "%s: column %r is empty, as in %s: %s; if it should go on from above, %s%s"
                log.warning(told, place, column, counts, self.meaning[column], how, setting(key, [column]))


def left_out_here(label: object, leave_out: Collection[str | None], left_out: Counter[str]) -> bool:
    """Whether a row with this label is not to be read; it is counted then."""
    if not leave_out or known_as(label, leave_out) is None:
        return False
    left_out[spelled(label)] += 1
    return True


def label_of(
    value: object, label_map: Mapping[str, str] | None, place: str, leave_out: Collection[str | None] = ()
) -> Label:
    """The label in a file of annotations; see :func:`stance.base.labels.parse_label`.

    ``leave_out`` is what is left out already: the message says how to leave out this label too.
    """
    try:
        return parse_label(value, label_map, place, "data.labels")
    except StanceError as error:
        if len(spelled(value)) > LONGEST:
            raise
        spellings = [*("null" if spelling is None else spelling for spelling in leave_out), spelled(value)]
        raise StanceError(f"{error}; such rows are left out by {setting('data.leave_out', spellings)}") from None


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
    if is_missing(value):
        value = ""
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise input_error(place, f"field {column!r} is not text", found=value, allowed="text or a number")
        value = str(value)
    text = value.strip()
    if not text and not may_be_empty:
        raise input_error(place, f"field {column!r} is empty", found=value, allowed="some text")
    return text


def cell_of(value: object, column: str, place: str, *, may_be_empty: bool) -> str:
    """The same of a table that somebody keeps in a spreadsheet, where an error is no text.

    Raises:
        StanceError: See :func:`text_of`; an error of a spreadsheet.
    """
    text = text_of(value, column, place, may_be_empty=may_be_empty)
    if text in SPREADSHEET_ERRORS:
        raise input_error(place, f"field {column!r} is an error of a spreadsheet", found=text, allowed="a value")
    return text


def check_annotations(path: str | Path, annotations: Iterable[Annotation], places: Iterable[str]) -> None:
    """Raise StanceError about all judgements that contradict or repeat an earlier one; warn of ids that may do so."""
    annotations = list(annotations)
    ids = dict.fromkeys(annotation.id for annotation in annotations)
    first: dict[str, str] = {}
    if twice := [(first[alike(row)], row) for row in ids if first.setdefault(alike(row), row) != row]:
        log.warning("%s: %d ids are one number and two rows, such as %r and %r", path, len(twice), *twice[0])
    for name in ("id", "document"):
        if lost := shortened(getattr(annotation, name) for annotation in annotations):
            told = "%s: %d values of %s lost digits in a spreadsheet, where ids belong into cells of text: %s"
            log.warning(told, path, len(lost), name, ", ".join(lost[:3]))
    rows: dict[str, tuple[Annotation, str]] = {}
    judgements: dict[tuple[str, str], tuple[Annotation, str]] = {}
    faults = Faults(path)
    for annotation, place in zip(annotations, places, strict=True):
        with faults.noted(place):
            _check_against(
                rows.setdefault(annotation.id, (annotation, place)),
                judgements.setdefault((annotation.id, composed(annotation.annotator)), (annotation, place)),
                annotation,
                place,
            )
    faults.tell()


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
