"""The rows of csv and tsv files, with what people's programs do to quotation marks."""

from __future__ import annotations

import csv
import logging
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from stance.base.errors import StanceError, input_error, line_of
from stance.base.lines import LONGEST_ROW, SHORTEST_LINE, Line, Row, ScannedRow, lines_of, strictly
from stance.base.names import must_exist

log = logging.getLogger(__name__)

#: Characters of a header in which quotation marks stand around names; in a longer one they are text.
LONGEST_HEADER = 100_000

#: For a quotation mark that seems to be one of the text, and not one around a cell.
_AS_TEXT = "if quotes are text, quoting=none, of a dataset data.quoting=none (no published corpus takes it)"


def separator(lines: Iterator[Line], header: int = 1, *, quoted: bool = True) -> tuple[str, Iterator[Line]]:
    """What separates the columns of a csv, by its header, and the lines, without a first one like ``sep=;``.

    It is the mark that stands in the header most often, outside of quotation marks; a comma where several do.

    Args:
        lines: Of the file.
        header: The number of the header's (last) line; line ends between quotation marks end none. If that line is
            empty, the next that is not.
        quoted: Whether quotation marks stand around names; else they are text.
    """
    read: list[Line] = []
    names = ""
    for line in lines:
        told = not read and re.fullmatch(r'"?sep=(.)"?\s*', line.text, re.IGNORECASE)
        if told:
            return told[1], lines
        read.append(line)
        names += line.text
        if quoted and len(names) < LONGEST_HEADER and _is_open(names):
            continue
        header -= 1
        if header < 1 and names.strip():
            break
        names = ""
    names = re.sub(r'"(?:[^"]|"")*"', "", names.strip("\r\n"))
    return max(",;\t|", key=names.count), chain(read, lines)


def _is_open(names: str) -> bool:
    """Whether a quoted name is not closed. A mark within a name opens none: Hebrew has them, and 5" has."""
    if names.count('"') % 2 == 0:
        return False
    return bool(re.search(r'(?:^|[,;\t|]) *"', re.sub(r'(^|[,;\t|]) *"(?:[^"]|"")*"', r"\1", names)))


def separated_rows(
    path: Path,
    delimiter: str,
    *,
    header: Sequence[str] | None = None,
    quoted: bool = True,
    lines: Iterable[Line] | None = None,
) -> Iterator[tuple[int, Row]]:
    """Line number and named cells of each row of separated text, whatever the file's name; empty lines are passed over.

    Args:
        path: The file, in UTF-8.
        delimiter: Between cells.
        header: Names of the cells where the file has none; else they are in its first line.
        quoted: Whether double quotes stand around cells; else they are text.
        lines: What is read in the place of the file's own lines.

    Raises:
        StanceError: A row with too few or too many cells, broken quotes, a doubled header.
    """
    lines = lines_of(must_exist(path), "utf-8") if lines is None else lines
    return strictly(scan_separated(path, lines, delimiter, header, quoted=quoted))


class _Feed:
    """Lines for a csv reader. It knows those of the row under way and takes back all but the first of them."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = iter(lines)
        self.back: deque[Line] = deque()
        self.begin()

    def begin(self) -> None:
        """A new row begins."""
        self.row: list[Line] = []
        self.length = 0
        self.unclosed = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self.back.popleft() if self.back else next(self.lines, None)
        self.unclosed = line is None or self.length > LONGEST_ROW
        if line is None:
            raise StopIteration
        self.row.append(line)
        self.length += max(len(line.text), SHORTEST_LINE)
        if self.unclosed:
            raise csv.Error(f"a quote is not closed within {LONGEST_ROW:,} characters")
        return line.text

    def part_at_returns(self) -> bool:
        """The row's last line becomes several, if carriage returns alone end some of them; all are to be read again."""
        *before, last = self.row
        parts = re.split(r"(?<=\r)(?!\n|$)", last.text)
        if len(parts) > 1:
            self.back.extendleft(reversed([*before, *(last._replace(text=part) for part in parts)]))
        return len(parts) > 1

    def take_back(self, but: int = 1) -> None:
        """All lines of the row but the first, or none, are to be read again."""
        self.back.extendleft(reversed(self.row[but:]))
        del self.row[but:]


class CellReader:
    """Reads row after row of separated text.

    Attributes:
        feed: Its lines; of the row under way it has those that were read.
        inside: Numbers of the lines in which a suspect quoted cell ends: where tabs separate cells, one with a tab or
            line end; else one each of whose lines would be a row if quotation marks were text.
        as_text: How it is told that quotation marks are text.
    """

    def __init__(
        self, path: str | Path, lines: Iterable[Line], delimiter: str, *, quoted: bool, as_text: str = _AS_TEXT
    ) -> None:
        csv.field_size_limit(2**31 - 1)  # a cell may hold a whole document
        self.path, self.feed, self.inside, self.as_text = path, _Feed(lines), list[int](), as_text
        self.quoted, self.delimiter, self.tabs = quoted, delimiter, quoted and delimiter == "\t"
        self.plain, self.spaced = (
            csv.reader(
                self.feed,
                delimiter=delimiter,
                quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
                skipinitialspace=skip,
                strict=True,
            )
            for skip in (False, True)
        )

    def read(self, width: int) -> tuple[list[str], StanceError | None]:
        """The cells of the next row, or what is wrong with it.

        Args:
            width: Cells in the header; 0 if this is the header.

        Raises:
            StopIteration: There is none.
        """
        cells, problem = self._read(self.plain)
        if self.quoted and any(cell[:1] == " " and cell.lstrip(" ")[:1] == '"' for cell in cells):
            cells, problem = self._past_space(cells, width)
        return cells, problem or (self._swallowed(cells, width) if self.quoted and width else None)

    def _read(self, reader: Iterator[list[str]]) -> tuple[list[str], StanceError | None]:
        self.feed.begin()
        try:
            return next(reader), None
        except csv.Error as error:
            if not self.feed.unclosed and self.feed.part_at_returns():
                return self._read(reader)
            if self.feed.unclosed:
                self.feed.take_back()
            problem = f"malformed csv: {str(error).partition(' - ')[0]}"  # what follows is for who programs
            place = line_of(self.path, self.feed.row[-1].number)
            return [], input_error(place, problem, allowed=self.as_text if self.tabs else "")

    def _past_space(self, cells: list[str], width: int) -> tuple[list[str], StanceError | None]:
        """Cells that are quoted after a space, if that makes a row as long as the header, or leaves it as long."""
        lines = len(self.feed.row)
        self.feed.take_back(0)
        again, problem = self._read(self.spaced)
        fits = problem is None and len(again) == (width or len(again))
        if fits and (len(cells) != width or len(self.feed.row) == lines):
            return again, None
        self.feed.take_back(0)
        return self._read(self.plain)

    def _swallowed(self, cells: list[str], width: int) -> StanceError | None:
        """What is wrong with a row whose lines, or one of them, would be rows if quotation marks were text."""
        lines = [line.text for line in self.feed.row]
        if not (self.tabs or len(lines) > 1) or not any('"' in line for line in lines):
            return None
        whole = sum(line.count(self.delimiter) + 1 == width for line in lines)
        if self.tabs:
            refused = whole > 1 or (whole and len(cells) != width)
            told = any(mark in cell for cell in cells for mark in "\t\r\n")
        else:
            told = whole == len(lines) and width > 1
            refused = told and len(cells) == width and all(self._is_row(line, lines[0]) for line in lines[1:])
        if refused:
            self.feed.take_back()
            line = self.feed.row[0]
            problem = "a quotation mark opens a cell that takes in cells or rows after it"
            return input_error(line_of(self.path, line.number), problem, found=line.text.rstrip(), allowed=self.as_text)
        if told:
            self.inside.append(self.feed.row[-1].number)
        return None

    def _is_row(self, line: str, first: str) -> bool:
        """Whether a line is as a row like the first: one cell is the same, or is a number in both.

        None is whose commas (or what separates cells) are as in a sentence: before a blank, between digits.
        """
        mark = re.escape(self.delimiter)
        if re.search(rf"{mark}\s|(?<=\d){mark}(?=\d)", line):
            return False
        pairs = zip(
            *([cell.strip(' "\r\n') for cell in each.split(self.delimiter)] for each in (line, first)), strict=True
        )
        return any(one == other or (one.isnumeric() and other.isnumeric()) for one, other in pairs)

    def tell(self) -> None:
        """Warn of what is inside a cell, if anything is."""
        if self.inside:
            what = (
                "a tab or line end inside a quoted cell" if self.tabs else "a quoted cell of lines that look like rows"
            )
            told = "%s: %d rows have %s, line %d first; %s"
            log.warning(told, self.path, len(self.inside), what, self.inside[0], self.as_text)


def scan_separated(
    path: Path, lines: Iterable[Line], delimiter: str, header: Sequence[str] | None = None, *, quoted: bool = True
) -> Iterator[ScannedRow]:
    """Each row of separated text, with the line that it ends in and its fault if it has one."""
    reader, unnamed = CellReader(path, lines, delimiter, quoted=quoted), 0
    while True:
        try:
            cells, problem = reader.read(len(header) + unnamed if header else 0)
        except StopIteration:
            break
        if not cells and problem is None:
            continue
        read = reader.feed.row
        problem = problem or next((line.error for line in read if line.error), None)
        if header is None:
            if problem is not None:
                raise problem
            if not any(cell.strip() for cell in cells):
                continue
            header = [cell.strip().strip("\ufeff") for cell in cells]
            while header and not header[-1]:
                header, unnamed = header[:-1], unnamed + 1  # a spreadsheet's empty columns
            if doubled := sorted(name for name, times in Counter(header).items() if times > 1):
                raise input_error(line_of(path, 1), "a column occurs twice in the header", found=doubled)
            continue
        place = line_of(path, read[-1].number)
        if unnamed and not any(cells[len(header) :]):
            cells = cells[: len(header)]
        if problem is None and len(cells) != len(header):
            hint = f"quote a cell that holds {delimiter!r}"
            if len(header) == 1:
                hint += ", or remove what stands above the header"
            problem = input_error(
                place,
                f"{len(cells)} cells instead of {len(header)}",
                found=delimiter.join(cells),
                allowed=f"{len(header)} cells; {hint}",
            )
        raw = "".join(line.text for line in read).rstrip("\r\n")
        values = problem or dict(zip(header, cells, strict=True))
        yield ScannedRow(read[-1].number, place, values, raw, read[-1].position)
    reader.tell()
