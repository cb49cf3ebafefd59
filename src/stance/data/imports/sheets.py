"""Rows of a sheet as people keep them: workbooks of several sheets, headers of several rows, merged cells, any csv."""

from __future__ import annotations

import csv
import datetime
import io
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException

from stance.base.errors import StanceError, first_line, input_error, line_of
from stance.base.sheets import Completed, check_archive
from stance.data.imports.pieces import LARGEST, Piece
from stance.data.imports.record import Options, flat, plain
from stance.data.imports.text import json_items, json_lines, lines_of

#: Kinds of file that are tables.
TABLES = (".csv", ".tsv", ".txt", ".tab", ".xlsx", ".xlsm", ".jsonl", ".json")

#: Between the names of a header in several rows.
JOINED = " / "


def sheet_rows(piece: Piece, options: Options) -> Iterator[tuple[str, dict[str, str]]]:
    """Place and named cells of each row of a table; empty rows are passed over.

    A column without a name is ``column 3``, a second of one name ``bias (2)``. A row may be shorter than the header.

    Raises:
        StanceError: No such sheet, several and none was named, no header, a column to fill down that is not there.
    """
    if piece.suffix in (".jsonl", ".json"):
        rows = json_lines(piece, options.encoding) if piece.suffix == ".jsonl" else json_items(piece)
        named: Iterable[tuple[str, dict[str, str]]] = ((place, dict(flat(row))) for place, row in rows)
    else:
        cells = _workbook(piece, options.sheet) if piece.suffix in (".xlsx", ".xlsm") else _separated(piece, options)
        named = _named(piece, cells, options.header)
    yield from _filled(piece, named, options.fill_down)


def _named(
    piece: Piece, cells: Iterator[tuple[str, list[str]]], numbers: Sequence[int]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows under the header, each by its names."""
    heads: list[list[str]] = []
    header: list[str] = []
    for number, (place, row) in enumerate(cells, start=1):
        if number in numbers:
            heads.append(row)
        elif number > max(numbers) and any(row):
            header = header or _header(piece, heads)
            header += [f"column {n}" for n in range(len(header) + 1, len(row) + 1)]
            yield place, dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=True))


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


def _separated(piece: Piece, options: Options) -> Iterator[tuple[str, list[str]]]:
    """Place and cells of each row of separated text."""
    csv.field_size_limit(2**31 - 1)
    lines = _ended(text for _, text in lines_of(piece, options.encoding))
    first = next(lines, "")
    if told := re.fullmatch(r"sep=(.)\s*", first, re.IGNORECASE):
        mark, first = told[1], next(lines, "")
    else:
        mark = max(",;\t|", key=lambda mark: _outside_quotes(first, mark))
    feed = _Feed(_chained(first, lines))
    reader = csv.reader(
        feed,
        delimiter=mark,
        strict=True,
        quoting=csv.QUOTE_NONE if options.quoting == "none" else csv.QUOTE_MINIMAL,
    )
    width = 0
    while True:
        before, feed.row = reader.line_num, []
        place = line_of(piece.place, before + 1)
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            allowed = "'quoting: none' in the mapping, if quotes are text" if mark == "\t" else ""
            raise input_error(place, f"malformed csv: {error}", allowed=allowed) from None
        width = width or len(row)
        if mark == "\t" and sum(line.count(mark) + 1 == width > 1 for line in feed.row) > 1:
            raise input_error(
                place,
                "a quotation mark opens a cell that takes in rows after it",
                found=feed.row[0].rstrip(),
                allowed="'quoting: none' in the mapping, if quotes are text",
            )
        yield place, [cell.strip() for cell in row]


def _ended(lines: Iterable[str]) -> Iterator[str]:
    """The lines; where the first ends in carriage returns alone, as in files of old, each that those end."""
    for number, line in enumerate(lines):
        returns = number > 0 or ("\r" in line.rstrip("\r\n") and not line.endswith("\n"))
        if number == 0 and not returns:
            yield line
            yield from lines
            return
        yield from io.StringIO(line, newline="\r")


class _Feed:
    """Lines for a csv reader; ``row`` has those of the row under way."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.row: list[str] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        self.row.append(next(self.lines))
        return self.row[-1]


def _outside_quotes(line: str, mark: str) -> int:
    return re.sub(r'"[^"]*"', "", line).count(mark)


def _chained(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def sheet_names(piece: Piece) -> list[str]:
    """The sheets of a workbook, in order.

    Raises:
        StanceError: It is none.
    """
    with closing(_book(piece)) as book:
        return list(book.sheetnames)


def _book(piece: Piece) -> Any:  # noqa: ANN401 - openpyxl has no types
    if piece.size > LARGEST:
        raise input_error(piece.place, "too large for a workbook", found=f"{piece.size >> 20} MB", allowed="csv")
    try:
        with closing(piece.open()) as stream, zipfile.ZipFile(stream) as archive:
            check_archive(archive, piece.place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it does not keep when writing
            return load_workbook(piece.open(), read_only=True, data_only=True)
    except StanceError:
        raise
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise input_error(piece.place, f"not an xlsx workbook: {first_line(error)}") from None


def _workbook(piece: Piece, name: str) -> Iterator[tuple[str, list[str]]]:
    """Place and cells of each row of a sheet."""
    with closing(_book(piece)) as book, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = list(book.sheetnames)
        if name and name not in names:
            raise input_error(piece.place, "no such sheet", found=name, allowed=names)
        if not name and len(names) > 1:
            raise input_error(piece.place, "several sheets", found=names, allowed="'sheet: NAME' in the mapping")
        sheet = book[name or names[0]]
        sheet.reset_dimensions()  # what the file says of its size may be old
        completed = Completed(piece.place, book, sheet)
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            place = f"{piece.place}, sheet {sheet.title}, row {number}"
            cells = completed.row(number, [_cell(value) for value in row], place)
            while cells and not cells[-1]:
                cells.pop()
            yield place, cells


def _cell(value: object) -> str:
    """A date as ISO 8601, without the hour where there is none; a whole number without a fraction."""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return unescape(value).strip() if isinstance(value, str) else plain(value)
