"""The columns of the user's own files: what they are called, what their cells say, and where they are empty."""

import logging
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from stance.base.errors import StanceError, input_error, line_of, setting
from stance.base.labels import LONGEST, Label, is_missing, known_as, parse_label, spelled
from stance.base.lines import Row
from stance.base.words import composed, visible

log = logging.getLogger(__name__)

#: The fields that a model is asked with.
QUESTION = ("text", "target", "holder", "context")

#: What a spreadsheet shows, and exports, in the place of a value that it could not compute: in English, German, French,
#: Spanish, Italian, Portuguese and Dutch, and by LibreOffice.
SPREADSHEET_ERROR = re.compile(
    r"Err:\d{3}|#(?:N/A|GETTING_DATA|NV|N/D|N/B"
    r"|(?:REF|VALUE|DIV/0|NUM|NULL|SPILL|CALC|BEZUG|WERT|ZAHL|ÜBERLAUF|VALEUR|NOMBRE|NUL|PROPAGATION|RIF|VALORE|NULLO"
    r"|VALOR|NÚM|NULO|VERW|WAARDE|GETAL|LEEG|¡REF|¡VALOR|¡DIV/0|¡NUM|¡NULO)!"
    r"|(?:NAME|NOM|¿NOMBRE|NOME|NAAM)\?)"
)

#: What programs write where a value is missing, and people where there is a name.
MISSING_WORDS = frozenset(["NA", "N/A", "n/a", "NULL", "Null", "null", "None", "nan", "NaN", "<NA>"])

#: Labels by which nobody judged.
GAP = MISSING_WORDS | {""}


@dataclass(kw_only=True)
class Columns:
    """The name of each field of a row in a file; by default its own."""

    id: str = "id"
    text: str = "text"
    holder: str = "holder"
    target: str = "target"
    label: str = "label"
    annotator: str = "annotator"
    document: str = "document"
    context: str = "context"
    date: str = "date"
    tags: str = "tags"
    part: str = "part"

    def cells(
        self, row: Mapping[str, Any], place: str, names: Iterable[str], needed: Collection[str] = ("text", "target")
    ) -> dict[str, str]:
        """The text of the named fields of a row; those that are needed may not be empty."""
        columns = {name: getattr(self, name) for name in names}
        return {
            name: cell_of(row.get(column), column, place, may_be_empty=name not in needed)
            for name, column in columns.items()
        }

    def check_read(self, key: str, read: Collection[str]) -> None:
        """Refuse another name for a field that is not looked at.

        Raises:
            StanceError: Names the key, the name and what is read.
        """
        for field in fields(self):
            name = getattr(self, field.name)
            if name != field.default and field.name not in read:
                raise input_error(f"{key}.{field.name}", "not read here", found=name, allowed=read)


class Gaps:
    """Columns that are empty in some rows of a file and not in others, where that means something.

    Args:
        path: The file.
        columns: What the fields are called in it.
        meaning: By field, what an empty cell comes to.

    Attributes:
        names: The columns of all rows that were looked at.
        found: By column and what stands there for nothing, the first such place and how many there are.
    """

    #: In a table whose rows are judgements.
    MEANING: ClassVar[Mapping[str, str]] = {
        "id": "such a row is called by its number",
        "holder": "the stance there is that of the author of the text",
        "document": "each such row is a document of its own, with others of its text",
        "annotator": "all such rows count as judged by one annotator",
    }

    def __init__(self, path: str | Path, columns: Mapping[str, str], meaning: Mapping[str, str] = MEANING) -> None:
        self.path = path
        self.meaning = {columns[field_name]: meant for field_name, meant in meaning.items()}
        self.named = {
            columns[field_name] for field_name in ("holder", "document", "annotator") if field_name in meaning
        }
        self.names: set[str] = set()
        self.rows = 0
        self.found: dict[tuple[str, str], tuple[str, int]] = {}

    def note(self, row: Mapping[str, Any], place: str) -> None:
        """Look at a row."""
        self.rows += 1
        self.names |= row.keys()
        for column in self.meaning:
            word = visible(spelled(row.get(column)))
            if not word or (word in MISSING_WORDS and column in self.named):
                first, rows = self.found.get((column, word), (place, 0))
                self.found[column, word] = first, rows + 1

    def noted(self, rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[str, Row]]:
        """Place and values of each row, looked at as it passes; at the end what was found is told."""
        for line, row in rows:
            place = line_of(self.path, line)
            self.note(row, place)
            yield place, row
        self.tell()

    def tell(self, key: str = "data.fill_down", how: str = "") -> None:
        """Warn of what was found, and name the setting by which an empty cell takes the value above it."""
        for (column, word), (place, rows) in sorted(self.found.items(), key=lambda gap: not gap[0][1]):  # words first
            counts = f"{rows:,} of {self.rows:,} rows"
            if word:
                told = "%s: column %r is %r, as in %s; it is read as a name: where there is none, leave the cell empty"
                log.warning(told, place, column, word, counts)
            elif rows < self.rows:
                told = "%s: column %r is empty, as in %s: %s; if it should go on from above, %s%s"
                log.warning(told, place, column, counts, self.meaning[column], how, setting(key, [column]))


def text_of(value: object, column: str, place: str, *, may_be_empty: bool) -> str:
    """The value of a field as text without surrounding space; a missing one (also NaN), or one without width, is empty.

    Raises:
        StanceError: It is a list or the like, or it is empty and may not be.
    """
    if is_missing(value):
        value = ""
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | date):
            raise input_error(place, f"field {column!r} is not text", found=value, allowed="text or a number")
        value = str(value)
    text = visible(value)
    if not text and not may_be_empty:
        raise input_error(place, f"field {column!r} is empty", found=value, allowed="some text")
    return text


def cell_of(value: object, column: str, place: str, *, may_be_empty: bool) -> str:
    """The same of a table that somebody keeps in a spreadsheet, where an error is no text.

    Raises:
        StanceError: See :func:`text_of`; an error of a spreadsheet.
    """
    text = text_of(value, column, place, may_be_empty=may_be_empty)
    if SPREADSHEET_ERROR.fullmatch(text):
        raise input_error(place, f"field {column!r} is an error of a spreadsheet", found=text, allowed="a value")
    return text


def document_of_text() -> Callable[[str, str], str]:
    """A function that gives the document of a row that names none, from its text and its own name.

    Rows of one text are not independent, so that they are in one document, named after the first of them.
    """
    first: dict[str, str] = {}
    return lambda text, name: first.setdefault(composed(text), name)


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
    tags = value.split() if isinstance(value, str) else [] if is_missing(value) or not value else value
    if not isinstance(tags, list):
        raise input_error(place, f"field {column!r} is no list of tags", found=value, allowed="a list, or words")
    return tuple(str(tag) for tag in tags)
