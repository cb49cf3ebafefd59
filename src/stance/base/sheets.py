"""The rows of an Excel workbook: which of its sheets, under which header, and what stands in each cell."""

from __future__ import annotations

import logging
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat

from stance.base.errors import StanceError, first_line, input_error, line_of
from stance.base.extras import from_extras

log = logging.getLogger(__name__)

#: Rows that a sheet of Excel has at most.
LAST_ROW = 2**20

#: Files of a folder or zip.
MOST_FILES = 100_000

#: Bytes of all files of a zip, unpacked, and how many times as much as packed: beyond, it is a bomb.
LARGEST_ZIP = 8 * 2**30
DENSEST = 1000

#: What is wrong with a formula that nothing has computed yet.
NO_VALUE = "holds a formula without a stored value; open the file in Excel and save it"

#: Hidden rows above the first that is seen which may be the header.
HIDDEN_HEADS = 20


class SheetRow(NamedTuple):
    """A row under the header.

    Attributes:
        number: As Excel counts, from 1.
        values: Text by column; empty where there is none.
        problem: What is wrong with a cell of it, if anything.
        position: Bytes of the file that were read with it.
    """

    number: int
    values: dict[str, str]
    problem: StanceError | None
    position: int


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


def sheet_rows(path: Path, wanted: Collection[str] = ()) -> Iterator[SheetRow]:
    """The rows of the one sheet; of several, of the one whose header has the columns that are wanted.

    Each cell of a merged range has the value of its first; an empty row is passed over, a hidden one is not, which is
    told. Excel's escapes (``_x000D_``) are the characters that they stand for. Numbers are written as Python writes
    them, dates as ISO 8601; a formula gives the value that Excel last computed. A row with a formula that has none, or
    with an error (``#N/A``), has a problem.

    Raises:
        StanceError: Not a workbook, no sheet or several that may be meant, no or a doubled header.
    """
    with from_extras():
        from openpyxl import load_workbook  # here, since it takes a while to load

    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                check_archive(archive, str(path))
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            yield from _rows(path, _choose(path, book, wanted), file)
        except (StanceError, MemoryError):
            raise
        except Exception as error:  # broken zip or XML comes up as any of a dozen kinds
            raise input_error(str(path), f"not an xlsx workbook: {first_line(error)}") from None


def check_members(members: list[zipfile.ZipInfo], place: str) -> None:
    """Refuse a zip, as which workbooks and exports come, that no program writes, before anything in it is unpacked.

    Raises:
        StanceError: Paths that lead out of it, a password, too many files, or far more in them than their size says.
    """
    if len(members) > MOST_FILES:
        raise input_error(place, "too many files in the zip", found=len(members), allowed=f"{MOST_FILES:,} at most")
    unpacked = 0
    for member in members:
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
            raise input_error(place, "a path that leads out of the zip", found=member.filename)
        if member.flag_bits & 1:
            raise input_error(place, "the zip has a password", found=member.filename)
        unpacked += member.file_size
        if member.file_size > 2**20 and member.file_size > DENSEST * max(1, member.compress_size):
            raise input_error(
                place, "a zip bomb: a file that unpacks to over 1,000 times its size", found=member.filename
            )
    if unpacked > LARGEST_ZIP:
        allowed = f"{LARGEST_ZIP >> 30} GB at most"
        raise input_error(place, "the zip unpacks to too much", found=f"{unpacked >> 30} GB", allowed=allowed)


def check_archive(archive: zipfile.ZipFile, place: str) -> None:
    """The same of a workbook, and no part of it declares a document type, in which entities would stand.

    Raises:
        StanceError: See :func:`check_members`; XML with a document type.
    """
    check_members(archive.infolist(), place)
    for name in archive.namelist():
        if name.lower().endswith((".xml", ".rels")):
            with archive.open(name) as part:
                check_prolog(part, f"{place}: {name}")


def check_prolog(part: IO[bytes], place: str) -> None:
    """Refuse XML with a document type, whatever its encoding; what comes after its first element is not looked at.

    Raises:
        StanceError: It has one.
    """
    seen: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: seen.append("type")
    parser.StartElementHandler = lambda *_: seen.append("element")
    try:
        while not seen and (some := part.read(4096)):
            parser.Parse(some)
    except expat.ExpatError:
        pass  # whoever reads it says what is wrong
    if seen[:1] == ["type"]:
        raise input_error(place, "XML with a document type or entities, which no program writes there")


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
        raise input_error(place, "no header, or a column stands twice in it", found=table.names)
    if len(book.worksheets) > 1:
        log.info("%s: the sheet %r is read, of %s", path, table.sheet.title, ", ".join(book.sheetnames))
    if table.head in table.layout.hidden:
        log.warning("%s: the header, row %d, is hidden", path, table.head)
    elif table.passed:
        log.warning("%s: hidden rows above the header, row %d, are not read: %s", path, table.head, _some(table.passed))
    return table


def _table(path: Path, book: Any, sheet: Any, wanted: Collection[str]) -> _Table:  # noqa: ANN401
    """The header is the first row that is seen, unless it lacks wanted columns which a hidden one above it has."""
    with book._archive.open(sheet._worksheet_path) as part:
        layout = _layout(path, part)
    sheet.reset_dimensions()  # what the file says of its size may be old
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
    return _Table(sheet, layout, head, names, [number for number, _ in heads if number < head])


class Completed:
    """The cells of a sheet's rows as people see them: each cell of a merged range has the value of its first.

    For who reads the rows otherwise than :func:`sheet_rows` does.
    """

    def __init__(self, path: str | Path, book: Any, sheet: Any) -> None:  # noqa: ANN401 - openpyxl names no types
        with book._archive.open(sheet._worksheet_path) as part:
            self.layout = _layout(Path(path), part)
        self.covered: dict[int, tuple[int, str]] = {}

    def row(self, number: int, cells: list[str], place: str) -> list[str]:
        """The cells of the row with this number; rows come in their order.

        Raises:
            StanceError: One is a formula without a stored value.
        """
        faults = self.layout.faults.get(number, {})
        if lacking := {column: fault for column, fault in faults.items() if NO_VALUE in fault}:
            raise _refused(place, lacking)
        for area in self.layout.merged.get(number, []):
            text = cells[area.columns[0]] if area.columns[0] < len(cells) else ""
            self.covered |= dict.fromkeys(area.columns, (area.last_row, text))
        whole = list(cells)
        for column, (last, text) in self.covered.items():
            if number <= last and text:
                whole += [""] * (column + 1 - len(whole))
                whole[column] = text
        return whole


def _layout(path: Path, part: IO[bytes]) -> _Layout:
    from defusedxml.ElementTree import iterparse
    from openpyxl.utils.cell import coordinate_to_tuple, get_column_letter, range_boundaries

    layout, rows, row, column = _Layout(), ElementTree.Element("none"), 0, 0
    for event, element in iterparse(part, ("start", "end")):
        name = element.tag.rpartition("}")[2]
        if event == "start":
            if name == "sheetData":
                rows = element
            elif name == "row":
                row, column = int(element.get("r", row + 1)), 0
                if row > LAST_ROW:
                    raise input_error(str(path), "a row that no sheet has", found=row, allowed=f"1 to {LAST_ROW:,}")
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


def _fault(cell: ElementTree.Element) -> str:
    """What is wrong with a cell: an error, or a formula without a value (a text that is empty is one)."""
    parts = {part.tag.rpartition("}")[2]: part.text for part in cell}
    if cell.get("t") == "e":
        return f"holds the error {parts.get('v')}"
    if "f" in parts and not parts.get("v") and cell.get("t") != "str":
        return NO_VALUE
    return ""


def _refused(place: str, faults: Mapping[int, str]) -> StanceError:
    return input_error(place, "; ".join(faults.values()), allowed="a value in each cell")


def _rows(path: Path, table: _Table, file: IO[bytes]) -> Iterator[SheetRow]:
    layout, names, width = table.layout, table.names, len(table.names)
    told = [fault for row in layout.faults.values() for fault in row.values()]
    if len(told) > 1:
        log.warning("%s: %d cells are in error or without a value: %s", path, len(told), _some(told))
    covered: dict[int, tuple[int, str, str]] = {}  # by column: up to which row, with what, and what is wrong with it
    merged: list[str] = []
    hidden: list[int] = []
    for number, values in enumerate(table.sheet.iter_rows(values_only=True), start=1):
        cells, faults = _texts(values), dict(layout.faults.get(number, {}))
        if number <= table.head or not (any(cells) or faults):
            continue
        cells += [""] * (width - len(cells))
        for area in layout.merged.get(number, []):
            first = area.columns[0]
            merged.append(area.name)
            covered |= {c: (area.last_row, cells[first], faults.get(first, "")) for c in area.columns if c < width}
        for column, (last, text, fault) in covered.items():
            if number <= last:
                cells[column] = text
                faults |= {column: fault} if fault else {}
        if number in layout.hidden:
            hidden.append(number)
        place, problem = line_of(path, number), None
        if faults:
            problem = _refused(place, faults)
        elif beyond := [cell for cell in cells[width:] if cell]:
            problem = input_error(place, "a cell in a column without a name", found=beyond, allowed=names)
        elif halves := [cell for cell in cells if re.search("[\ud800-\udfff]", cell)]:
            problem = input_error(place, "half of a surrogate pair, which is no character", found=halves[0])
        yield SheetRow(number, dict(zip(names, cells, strict=False)), problem, file.tell())
    if merged:
        log.info("%s: merged, so that each cell has the value of the first: %s", path, _some(merged))
    if hidden:
        log.info("%s: hidden rows that are read too: %s", path, _some(hidden))


def _some(names: Sequence[object]) -> str:
    return ", ".join(map(str, names[:3])) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _texts(values: Collection[object]) -> list[str]:
    return ["" if value is None else _unescaped(value) if isinstance(value, str) else str(value) for value in values]


def _unescaped(text: str) -> str:
    """The text with the characters that Excel's escapes stand for; two halves of a character become one."""
    if "_x" not in text:
        return text
    text = re.sub("_x([0-9A-Fa-f]{4})_", lambda escape: chr(int(escape[1], 16)), text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
