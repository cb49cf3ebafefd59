"""The rows of a table of any kind, one at a time, each with its line: csv, tsv, jsonl, parquet and workbooks."""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, first_line, input_error, line_of
from stance.base.labels import spelled
from stance.base.lines import PLAIN, Line, Manner, Row, ScannedRow, lines_of, strictly
from stance.base.names import DELIMITERS, READABLE, WORKBOOK, check_kind, is_parquet, must_exist, table_kind
from stance.base.separated import scan_separated, separator
from stance.base.sheets import sheet_rows
from stance.base.words import NO_CHARACTER


def _named_once(pairs: list[tuple[str, Any]]) -> Row:
    """An object of JSON; a name that occurs twice has no value that one could rely on."""
    row = dict(pairs)
    if len(row) < len(pairs):
        doubled = sorted(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise ValueError(f"a name occurs twice: {', '.join(doubled)}")
    return row


#: Python writes a missing number as NaN, which is no JSON: it is read as null.
CONSTANT = {"Infinity": math.inf, "-Infinity": -math.inf}.get

_JSON = json.JSONDecoder(object_pairs_hook=_named_once, parse_constant=CONSTANT)

#: Rows of a parquet file that are in memory at a time.
CHUNK = 4096


def read_rows(path: str | Path, encoding: str = "utf-8", manner: Manner = PLAIN) -> Iterator[tuple[int, Row]]:
    """Line number and named values of each row of a table, of text compressed or not; in parquet the row's number.

    Empty lines are passed over. A csv is separated by what its header has most of: comma, semicolon, tab or pipe; one
    that begins with a line like ``sep=;``, by that. Space before a quoted
    cell and around a name in the header is no part of it. A ``NaN`` of JSON is a missing value.

    Raises:
        StanceError: Another suffix, no such file, malformed JSON, a row with too few or too many cells, no or a doubled
            header; see :func:`stance.base.sheets.sheet_rows` for workbooks.
    """
    return strictly(scan_rows(path, encoding, manner))


def scan_rows(
    path: str | Path, encoding: str = "utf-8", manner: Manner = PLAIN, *, size: int = CHUNK
) -> Iterator[ScannedRow]:
    """The rows that :func:`read_rows` gives, and in their places those that cannot be read.

    After broken quotes it goes on with the next line; a quote that is not closed costs its own line alone, and so does
    one in a tsv that would be closed some whole rows later.

    Args:
        path: A table.
        encoding: Of text.
        manner: What else the file does not say of itself.
        size: So many rows of parquet are in memory at a time.

    Raises:
        StanceError: Another suffix, no such file, a damaged file, no or a doubled header.
    """
    path = must_exist(path)
    check_kind(path, READABLE)
    if is_parquet(path):
        from stance.base import parquet  # here, since pyarrow takes a while to load

        rows = parquet.rows(path, size)
    else:
        rows = _scan(path, encoding, manner)
    return filled(rows, manner.fill_down) if manner.fill_down else rows


def scan_chunks(
    path: str | Path, size: int, encoding: str = "utf-8", manner: Manner = PLAIN
) -> Iterator[list[ScannedRow]]:
    """The rows of :func:`scan_rows`, so many at a time."""
    rows = scan_rows(path, encoding, manner, size=size)
    while chunk := list(islice(rows, size)):
        yield chunk


def scan_length(path: str | Path) -> int:
    """What ``position`` is at the end of a table: rows of parquet, bytes of another file."""
    if not is_parquet(path):
        return Path(path).stat().st_size
    from stance.base import parquet

    return parquet.length(path)


def _scan(path: Path, encoding: str, manner: Manner) -> Iterator[ScannedRow]:
    """The rows of a table that is not parquet."""
    kind, _ = table_kind(path)
    if kind == WORKBOOK:
        return sheet_rows(path, manner.wanted)
    delimiter, lines = DELIMITERS[kind], lines_of(path, encoding, of_rows=True)
    if delimiter is None:
        return _scan_json(path, lines)
    if kind == ".csv":
        delimiter, lines = separator(lines, quoted=manner.quoted)
    return scan_separated(path, lines, delimiter, quoted=manner.quoted)


def filled(rows: Iterable[ScannedRow], columns: Collection[str]) -> Iterator[ScannedRow]:
    """The rows, an empty cell of these columns holding what the last one above it holds that is not empty.

    Raises:
        StanceError: The first row that can be read lacks such a column.
    """
    above: dict[str, Any] = {}
    lost: dict[str, str] = {}
    for row in rows:
        values = row.values
        if isinstance(values, StanceError):
            lost = dict.fromkeys(columns, row.place)
        else:
            if not above and (lacking := [column for column in columns if column not in values]):
                raise input_error(row.place, "no such column to fill down", found=lacking, allowed=list(values))
            here = {column: values.get(column) for column in columns if spelled(values.get(column))}
            above, lost = {**above, **here}, {column: place for column, place in lost.items() if column not in here}
            values = {**values, **above}
            for column, place in lost.items():
                values = input_error(row.place, f"column {column!r} is empty, and the row above is not read: {place}")
        yield row._replace(values=values)


def _scan_json(path: Path, lines: Iterable[Line]) -> Iterator[ScannedRow]:
    for line in lines:
        raw = line.text.rstrip("\r\n")
        if raw.strip():
            place = line_of(path, line.number)
            yield ScannedRow(line.number, place, line.error or _json_object(raw, place), raw, line.position)


def _json_object(line: str, place: str) -> Row | StanceError:
    try:
        row = _JSON.decode(line)
        if "\\ud" in line.lower():
            json.dumps(row, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        return input_error(place, f"malformed JSON, column {error.colno}: {error.msg}", found=line)
    except UnicodeEncodeError:
        return input_error(place, NO_CHARACTER, found=line)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits, thousands of brackets
        return input_error(place, f"not to be read as JSON: {first_line(error)}", found=line)
    return (
        row
        if isinstance(row, dict)
        else input_error(place, "not a JSON object", found=row, allowed='{"name": value, ...}')
    )
