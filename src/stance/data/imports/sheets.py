"""Rows of a sheet as people keep them: workbooks of several sheets, headers of several rows, merged cells, any csv."""

import datetime
import io
import itertools
import logging
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from stance.base import sheets
from stance.base.errors import content, input_error, line_of
from stance.base.lines import Line
from stance.base.separated import CellReader, separator
from stance.data.imports.pieces import Piece
from stance.data.imports.record import Options, flat, plain
from stance.data.imports.text import json_items, json_lines, lines_of

log = logging.getLogger(__name__)

#: Kinds of file that are tables.
TABLES = (".csv", ".tsv", ".txt", ".tab", ".xlsx", ".xlsm", ".jsonl", ".json")

#: Number of a row, its place and cells, and by column what is wrong with one.
Numbered = tuple[int, str, list[str], Mapping[int, str]]

#: How a mapping says that quotation marks are text.
_AS_TEXT = "'quoting: none' in the mapping, if quotes are text"

#: Between the names of a header in several rows.
JOINED = " / "


def sheet_rows(piece: Piece, options: Options) -> Iterator[tuple[str, dict[str, str]]]:
    """Place and named cells of each row of a table; empty rows are passed over.

    A column without a name is ``column 3``, a second of one name ``bias (2)``. A row may be shorter than the header.
    In separated text a cell too many is a sign that one before it holds what separates cells: it is refused beyond the
    header, and counted in a warning below a name that the header lacks, unless the mapping looks at it.
    Workbooks are read as :mod:`stance.base.sheets` does: merged cells filled, Excel's escapes undone.

    Raises:
        StanceError: No such sheet, several and none was named, no header, a column to fill down that is not there; a
            cell of a column that the mapping looks at with an error or with a formula that has no value; in separated
            text a cell beyond the header.
    """
    if piece.suffix in (".jsonl", ".json"):
        rows = json_lines(piece, options.encoding) if piece.suffix == ".jsonl" else json_items(piece)
        named: Iterable[tuple[str, dict[str, str]]] = ((place, dict(flat(row))) for place, row in rows)
    else:
        named = _named(piece, _lines(piece, options), options)
    yield from _filled(piece, named, options.fill_down)


def first_cells(piece: Piece, options: Options) -> list[str]:
    """The cells of the first row of the header, whatever comes after it.

    Raises:
        StanceError: No such sheet, several and none was named, or a row that cannot be read.
    """
    return next((row for number, _, row, _ in _lines(piece, options) if number in options.header), [])


def _lines(piece: Piece, options: Options) -> Iterator[Numbered]:
    return _workbook(piece, options) if piece.suffix in (".xlsx", ".xlsm") else _separated(piece, options)


def _named(piece: Piece, lines: Iterator[Numbered], options: Options) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows under the header, each by its names."""
    heads: list[list[str]] = []
    header: list[str] = []
    for number, place, row, faults in lines:
        if number in options.header:
            heads.append(row)
            _refuse(place, faults.values())
        elif number > max(options.header) and (any(row) or faults):
            header = header or _header(piece, heads)
            header += [f"column {n}" for n in range(len(header) + 1, len(row) + 1)]
            _refuse(place, [problem for column, problem in faults.items() if header[column] in options.looked_at])
            yield place, dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=True))


def _refuse(place: str, problems: Iterable[str]) -> None:
    if told := "; ".join(problems):
        raise input_error(place, told, allowed="a value in each cell that is looked at")


def _header(piece: Piece, heads: list[list[str]]) -> list[str]:
    """One name a column; in all but the last row of the header an empty cell has the name at its left."""
    if not any(any(row) for row in heads):
        raise input_error(piece.place, "no header", allowed="header: the numbers of its rows, e.g. [3] or [1, 2]")
    width = max(len(row) for row in heads)
    rows = [[*row, *[""] * (width - len(row))] for row in heads]
    for row in rows[:-1]:
        for index in range(1, width):
            row[index] = row[index] or row[index - 1]
    names: dict[str, None] = {}
    again_from: Counter[str] = Counter()
    for index, parts in enumerate(zip(*rows, strict=True), start=1):
        name = JOINED.join(dict.fromkeys(part.strip() for part in parts if part.strip())) or f"column {index}"
        again = name
        while again in names:
            again_from[name] += 1
            again = f"{name} ({again_from[name] + 1})"
        names[again] = None
    return list(names)


def _filled(
    piece: Piece, rows: Iterable[tuple[str, dict[str, str]]], columns: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    above: dict[str, str] = {}
    for place, row in rows:
        for column in columns:
            if column not in row:
                raise input_error(piece.place, f"no column {column!r} to fill down", allowed=list(row))
            row[column] = above[column] = row[column] or above.get(column, "")
        yield place, row


def _separated(piece: Piece, options: Options) -> Iterator[Numbered]:
    """The rows of separated text."""
    texts = _ended(text for _, text in lines_of(piece, options.encoding))
    numbered = (Line(number, text) for number, text in enumerate(texts, start=1))
    mark, lines = separator(numbered, max(options.header), quoted=options.quoting != "none")
    reader = CellReader(piece.place, lines, mark, quoted=options.quoting != "none", as_text=_AS_TEXT)
    beyond = _Beyond(piece.place, mark, options)
    width = 0
    for number in itertools.count(1):
        try:
            row, problem = reader.read(width)
        except StopIteration:
            reader.tell()
            beyond.tell()
            return
        if problem is not None:
            raise problem
        width = len(row) if number <= max(options.header) else width
        place, cells = line_of(piece.place, reader.feed.row[0].number), [cell.strip() for cell in row]
        beyond.look(number, place, cells)
        yield number, place, cells, {}


class _Beyond:
    """Looks for cells of separated text that no name of the header stands above.

    Attributes:
        width: Cells of the header.
        named: Likewise, without those at its end that are empty.
        unnamed: Rows with a cell below one of these.
        first: The place of the first of them.
    """

    def __init__(self, path: str, mark: str, options: Options) -> None:
        self.path, self.mark, self.options = path, mark, options
        self.width = self.named = self.unnamed = 0
        self.first = ""

    def look(self, number: int, place: str, cells: Sequence[str]) -> None:
        """Look at a row.

        Raises:
            StanceError: It has a cell beyond the header.
        """
        if number in self.options.header:
            self.width = max(self.width, len(cells))
            self.named = max(
                self.named, len(cells) - next((n for n, cell in enumerate(cells[::-1]) if cell), len(cells))
            )
        elif number > max(self.options.header) and len(cells) > self.named:
            asked = self.options.looked_at
            found = [
                n for n, cell in enumerate(cells, start=1) if cell and n > self.named and f"column {n}" not in asked
            ]
            if found and found[-1] > self.width:
                problem, hint = f"{len(cells)} cells instead of {self.width}", f"quote a cell that holds {self.mark!r}"
                raise input_error(place, problem, found=self.mark.join(cells), allowed=f"{self.width} cells; {hint}")
            self.unnamed += bool(found)
            self.first = self.first or (place if found else "")

    def tell(self) -> None:
        """Warn of cells below an empty one of the header, if there are any."""
        if self.unnamed:
            told = "%s: %d row(s) have something in a column without a name, as %s, which is not read; "
            log.warning(told + "quote a cell that holds %r", self.path, self.unnamed, self.first, self.mark)


def _ended(lines: Iterable[str]) -> Iterator[str]:
    """The lines; where the first ends in carriage returns alone, as in files of old, each that those end."""
    for number, line in enumerate(lines):
        returns = number > 0 or ("\r" in line.rstrip("\r\n") and not line.endswith("\n"))
        if number == 0 and not returns:
            yield line
            yield from lines
            return
        yield from io.StringIO(line, newline="\r")


def sheet_names(piece: Piece) -> list[str]:
    """The sheets of a workbook, in order.

    Raises:
        StanceError: It is none.
    """
    _check_book(piece)
    with closing(piece.open()) as file:
        return sheets.sheet_names(file, piece.place)


def _check_book(piece: Piece) -> None:
    """Refuse a workbook whose texts memory should not hold; :mod:`stance.base.sheets` refuses what is no sound zip."""
    piece.check_size("its texts are in memory; save it as csv")
    with (
        content(piece.place, "not an xlsx workbook"),
        closing(piece.open()) as stream,
        zipfile.ZipFile(stream) as archive,
    ):
        members = archive.infolist()
    for member in members:
        if member.filename.endswith("sharedStrings.xml"):
            replace(piece, size=member.file_size).check_size("its texts are in memory; save it as csv")


def _workbook(piece: Piece, options: Options) -> Iterator[Numbered]:
    """The rows of a sheet that hold anything."""
    _check_book(piece)
    with closing(piece.open()) as file:
        names = sheets.sheet_names(file, piece.place) if options.sheet else []
        if others := [name for name in names if name != options.sheet]:
            log.info("%s: sheets that are not read: %s", piece.place, ", ".join(others))
        found = sheets.sheet_cells(file, piece.place, options.sheet, max(options.header), _written)
        named = f", sheet {options.sheet}" if options.sheet else ""
        for number, texts, faults in found:
            cells = [text.strip() for text in texts]
            while cells and not cells[-1] and len(cells) - 1 not in faults:
                cells.pop()
            yield number, f"{piece.place}{named}, row {number}", cells, faults


def _written(value: object) -> str:
    """A date as ISO 8601, without the hour where there is none; a whole number without a fraction."""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime.date) else plain(value)
