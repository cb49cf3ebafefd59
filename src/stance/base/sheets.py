"""The rows of an Excel workbook: which of its sheets, under which header, and the value of each cell."""

import json
import logging
import re
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple
from xml.etree.ElementTree import Element

from stance.base.errors import StanceError, first_line, input_error, line_of
from stance.base.extras import from_extras
from stance.base.lines import ScannedRow
from stance.base.words import HALF, NO_CHARACTER
from stance.base.zips import check_archive

log = logging.getLogger(__name__)

AS_XLSX = "a file that a spreadsheet saved as .xlsx, without a password; text keeps its .csv or .tsv"

#: Rows that a sheet of Excel has at most.
LAST_ROW = 2**20

#: What is wrong with a formula that nothing has computed yet.
NO_VALUE = "holds a formula without a stored value; open the file in Excel and save it"

#: Hidden rows above the first that is seen which may be the header.
HIDDEN_HEADS = 20


class Cells(NamedTuple):
    """A row of a sheet, whatever it is.

    Attributes:
        number: As Excel counts, from 1.
        texts: Of its cells; below the header those of a merged range have the text of its first.
        faults: By column, from 0, what is wrong with a cell, and its address.
    """

    number: int
    texts: list[str]
    faults: Mapping[int, str]


class _Area(NamedTuple):
    """A merged range; rows from 1, columns from 0 and up to, but without, the last."""

    name: str
    last_row: int
    columns: range


@dataclass(slots=True)
class _Layout:
    """Of a sheet: merged ranges by their first row, hidden rows, and by row and column what is wrong with a cell."""

    merged: dict[int, list[_Area]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    faults: dict[int, dict[int, str]] = field(default_factory=dict)


class _Table(NamedTuple):
    """A sheet, the row of its header, the names in it, and the hidden rows above it."""

    sheet: Any
    layout: _Layout
    head: int
    names: list[str]
    passed: list[int]


def sheet_rows(path: Path, wanted: Collection[str] = ()) -> Iterator[ScannedRow]:
    """The rows of the one sheet; of several, of the one whose header has the columns that are wanted.

    Each cell of a merged range has the value of its first; an empty row is passed over, a hidden one is not, which is
    told. Excel's escapes (``_x000D_``) are the characters that they stand for. Numbers are written as Python writes
    them, dates as ISO 8601; a formula gives the value that Excel last computed. A row with a formula that has none, or
    with an error (``#N/A``), has a problem.

    Raises:
        StanceError: Not a workbook, no sheet or several that may be meant, no or a doubled header.
    """
    with path.open("rb") as file, _book(file, str(path)) as book:
        yield from _rows(path, _choose(path, book, wanted), file)


def sheet_names(file: IO[bytes], place: str) -> list[str]:
    """The sheets of a workbook, in order.

    Raises:
        StanceError: It is none.
    """
    with _book(file, place) as book:
        return list(book.sheetnames)


def sheet_cells(
    file: IO[bytes], place: str, sheet: str = "", head: int = 0, written: Callable[[object], str] | None = None
) -> Iterator[Cells]:
    """The rows of a sheet as :func:`sheet_rows` reads them, for those who know the header otherwise.

    Args:
        file: The workbook.
        place: Its name, for messages.
        sheet: Which; empty = its only one.
        head: The last row of the header, from 1; as far as it has columns merged ranges below it are filled.
        written: How a value is written; without it as Python writes it.

    Raises:
        StanceError: Not a workbook, no such sheet, or several and none was named.
    """
    with _book(file, place) as book:
        if sheet and sheet not in book.sheetnames:
            raise input_error(place, "no such sheet", found=sheet, allowed=book.sheetnames)
        if not sheet and len(book.sheetnames) > 1:
            raise input_error(place, "several sheets", found=book.sheetnames, allowed="'sheet: NAME' in the mapping")
        chosen = book[sheet or book.sheetnames[0]]
        layout = _layout_of(place, book, chosen)
        yield from _filled(place, chosen, layout, head, None, written)


@contextmanager
def _book(file: IO[bytes], place: str) -> Iterator[Any]:
    with from_extras():
        from openpyxl import load_workbook  # here, since it takes a while to load

    try:
        with zipfile.ZipFile(file) as archive:
            check_archive(archive, place)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="openpyxl")  # of what it would not keep when writing
            yield load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (StanceError, MemoryError):
        raise
    except Exception as error:  # broken zip or XML comes up as any of a dozen kinds
        raise input_error(place, f"not an xlsx workbook: {first_line(error)}", allowed=AS_XLSX) from None


def _choose(path: Path, book: Any, wanted: Collection[str]) -> _Table:  # noqa: ANN401 - openpyxl names no types
    tables = [_table(path, book, sheet, wanted) for sheet in book.worksheets]
    if len(tables) > 1:
        fit = [table for table in tables if wanted and {*wanted} <= {*table.names}]
        tables = [table for table in fit if table.sheet.sheet_state == "visible"] or fit
    if len(tables) != 1:
        allowed = f"one sheet whose header has {', '.join(wanted)}" if wanted else "one sheet, or csv"
        raise input_error(str(path), "not a workbook of one sheet", found=book.sheetnames, allowed=allowed)
    table, place = tables[0], line_of(path, tables[0].head)
    if faults := table.layout.faults.get(table.head):
        raise _refused(place, faults)
    if not any(table.names) or len({*table.names}) != len(table.names):
        raise input_error(place, "no header, or a column occurs twice in it", found=table.names)
    if len(book.worksheets) > 1:
        log.info("%s: the sheet %r is read, of %s", path, table.sheet.title, ", ".join(book.sheetnames))
    if table.head in table.layout.hidden:
        log.warning("%s: the header, row %d, is hidden", path, table.head)
    elif table.passed:
        log.warning("%s: hidden rows above the header, row %d, are not read: %s", path, table.head, _some(table.passed))
    return table


def _table(path: Path, book: Any, sheet: Any, wanted: Collection[str]) -> _Table:  # noqa: ANN401
    """The header is the first row that is seen, unless it lacks wanted columns which a hidden one above it has."""
    layout = _layout_of(str(path), book, sheet)
    heads: list[tuple[int, list[str]]] = []
    rows = enumerate(map(_texts, sheet.iter_rows(values_only=True)), start=1)
    for number, cells in islice(((n, cells) for n, cells in rows if any(cells) or n in layout.faults), HIDDEN_HEADS):
        names = [cell.strip() for cell in cells]
        while names and not names[-1]:
            names.pop()
        heads.append((number, names))
        if number not in layout.hidden:
            break
    fit = [head for head in reversed(heads) if {*wanted} <= {*head[1]}]
    head, names = (fit or heads[-1:] or [(1, [])])[0]
    if halves := [name for name in names if HALF.search(name)]:
        raise input_error(line_of(path, head), NO_CHARACTER, found=halves[0])
    return _Table(sheet, layout, head, names, [number for number, _ in heads if number < head])


def _layout_of(place: str, book: Any, sheet: Any) -> _Layout:  # noqa: ANN401
    sheet.reset_dimensions()  # what the file says of its size may be old
    with book._archive.open(sheet._worksheet_path) as part:
        return _layout(place, part)


def _layout(place: str, part: IO[bytes]) -> _Layout:
    from defusedxml.ElementTree import iterparse
    from openpyxl.utils.cell import coordinate_to_tuple, get_column_letter, range_boundaries

    layout, rows, row, column = _Layout(), Element("none"), 0, 0
    for event, element in iterparse(part, ("start", "end")):
        name = element.tag.rpartition("}")[2]
        if event == "start":
            if name == "sheetData":
                rows = element
            elif name == "row":
                row, column = int(element.get("r", row + 1)), 0
                if row > LAST_ROW:
                    raise input_error(place, "a row that no sheet has", found=row, allowed=f"1 to {LAST_ROW:,}")
        elif name == "c":
            column += 1
            if problem := _fault(element):
                address = element.get("r") or f"{get_column_letter(column)}{row}"
                layout.faults.setdefault(row, {})[coordinate_to_tuple(address)[1] - 1] = f"cell {address} {problem}"
        elif name == "row":
            if element.get("hidden") in ("1", "true"):
                layout.hidden.add(row)
            rows.clear()
        elif name == "mergeCell":
            first, top, last, bottom = range_boundaries(element.get("ref"))
            layout.merged.setdefault(top, []).append(_Area(element.get("ref", ""), bottom, range(first - 1, last)))
    return layout


def _fault(cell: Element) -> str:
    """What is wrong with a cell: an error, or a formula without a value (a text that is empty is one)."""
    parts = {part.tag.rpartition("}")[2]: part.text for part in cell}
    if cell.get("t") == "e":
        return f"holds the error {parts.get('v')}"
    if "f" in parts and not parts.get("v") and cell.get("t") != "str":
        return NO_VALUE
    return ""


def _refused(place: str, faults: Mapping[int, str]) -> StanceError:
    return input_error(place, "; ".join(faults.values()), allowed="a value in each cell")


def _rows(path: Path, table: _Table, file: IO[bytes]) -> Iterator[ScannedRow]:
    names, width = table.names, len(table.names)
    for number, cells, faults in _filled(str(path), table.sheet, table.layout, table.head, width):
        if number <= table.head:
            continue
        place, problem = line_of(path, number), None
        if faults:
            problem = _refused(place, faults)
        elif beyond := [cell for cell in cells[width:] if cell]:
            problem = input_error(place, "a cell in a column without a name", found=beyond, allowed=names)
        elif halves := [cell for cell in cells if HALF.search(cell)]:
            problem = input_error(place, NO_CHARACTER, found=halves[0])
        values = dict(zip(names, cells, strict=False))
        raw = None
        if problem is not None:
            raw = json.dumps(values, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")
        yield ScannedRow(number, place, problem or values, raw, file.tell())


def _filled(
    place: str,
    sheet: Any,  # noqa: ANN401 - openpyxl names no types
    layout: _Layout,
    head: int,
    width: int | None,
    written: Callable[[object], str] | None = None,
) -> Iterator[Cells]:
    """The rows that hold anything, merged ranges below the header filled; width None = as many columns as that has."""
    told = [fault for row in layout.faults.values() for fault in row.values()]
    if told:
        log.warning("%s: %d cell(s) in error or without a value: %s", place, len(told), _some(told))
    columns = width or 0
    covered: dict[int, tuple[int, str, str]] = {}  # by column: up to which row, with what, and what is wrong with it
    merged: list[str] = []
    hidden: list[int] = []
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells, faults = _texts(values, written), dict(layout.faults.get(number, {}))
        if not (any(cells) or faults):
            continue
        if number > head:
            cells += [""] * (columns - len(cells))
            for area in layout.merged.get(number, []):
                first = area.columns[0]
                merged.append(area.name)
                text = cells[first] if first < len(cells) else ""
                covered |= {c: (area.last_row, text, faults.get(first, "")) for c in area.columns if c < columns}
            for column, (last, text, fault) in covered.items():
                if number <= last:
                    cells[column] = text
                    faults |= {column: fault} if fault else {}
            if number in layout.hidden:
                hidden.append(number)
        elif width is None:
            columns = max([columns, *(index for index, cell in enumerate(cells, start=1) if cell)])
        yield Cells(number, cells, faults)
    if merged:
        log.info("%s: merged, so that each cell has the value of the first: %s", place, _some(merged))
    if hidden:
        log.info("%s: hidden rows that are read too: %s", place, _some(hidden))


def _some(names: Sequence[object]) -> str:
    return ", ".join(map(str, names[:3])) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _texts(values: Collection[object], written: Callable[[object], str] | None = None) -> list[str]:
    write = written or str
    return ["" if value is None else _unescaped(value) if isinstance(value, str) else write(value) for value in values]


def _unescaped(text: str) -> str:
    """The text with the characters that Excel's escapes stand for; two halves of a character become one."""
    if "_x" not in text:
        return text
    text = re.sub("_x([0-9A-Fa-f]{4})_", lambda escape: chr(int(escape[1], 16)), text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
