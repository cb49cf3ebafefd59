"""The rows of csv, tsv, jsonl and workbooks, one at a time, each with its line."""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, first_line, input_error, line_of
from stance.base.labels import spelled
from stance.base.lines import PLAIN, Line, Manner, ScannedRow, lines_of, strictly
from stance.base.names import DELIMITERS, WORKBOOK, must_exist, table_kind
from stance.base.separated import scan_separated, separator
from stance.base.sheets import sheet_rows

#: Python writes a missing number as NaN, which is no JSON: it is read as null.
_JSON = json.JSONDecoder(parse_constant={"Infinity": math.inf, "-Infinity": -math.inf}.get)


Row = dict[str, Any]


def read_rows(
    path: str | Path, encoding: str = "utf-8", manner: Manner = PLAIN
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and named values of each row of a csv, tsv or jsonl file, compressed or not, or of a workbook.

    Empty lines are passed over. A csv whose header has no comma but a semicolon or a tab is separated by it, as
    spreadsheets of many countries write it; so is one that begins with a line like ``sep=;``. Space before a quoted
    cell and around a name in the header is no part of it. A ``NaN`` of JSON is a missing value.

    Raises:
        StanceError: Another suffix, malformed JSON, a row with too few or too many cells, no or a doubled header; see
            :func:`stance.base.sheets.sheet_rows` for workbooks.
    """
    return strictly(scan_rows(path, encoding, manner))


def scan_rows(path: str | Path, encoding: str = "utf-8", manner: Manner = PLAIN) -> Iterator[ScannedRow]:
    """The rows that :func:`read_rows` gives, and in their places those that cannot be read.

    After broken quotes it goes on with the next line; a quote that is not closed costs its own line alone, and so does
    one in a tsv that would be closed some whole rows later.

    Raises:
        StanceError: Another suffix, no file, a damaged compressed file, no or a doubled header.
    """
    rows = _scan(Path(path), encoding, manner)
    return filled(rows, manner.fill_down) if manner.fill_down else rows


def _scan(path: Path, encoding: str, manner: Manner) -> Iterator[ScannedRow]:
    kind, packed = table_kind(path)
    if kind + packed == WORKBOOK:
        return sheet_rows(must_exist(path), manner.wanted)
    if kind not in DELIMITERS:
        raise input_error(str(path), "unknown kind of file", found=path.suffix, allowed=(*DELIMITERS, WORKBOOK))
    delimiter = DELIMITERS[kind]
    lines = lines_of(must_exist(path), encoding, of_rows=True)
    if delimiter is None:
        return _scan_json(path, lines)
    if kind == ".csv":
        delimiter, lines = separator(lines)
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


def _json_object(line: str, place: str) -> dict[str, Any] | StanceError:
    try:
        row = _JSON.decode(line)
        if "\\ud" in line.lower():
            json.dumps(row, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        return input_error(place, f"malformed JSON, column {error.colno}: {error.msg}", found=line)
    except UnicodeEncodeError:
        return input_error(place, "half of a surrogate pair, which is no character", found=line)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        return input_error(place, f"not to be read as JSON: {first_line(error)}", found=line)
    return (
        row
        if isinstance(row, dict)
        else input_error(place, "not a JSON object", found=row, allowed='{"name": value, ...}')
    )


def as_json(value: object) -> str:
    """The value as JSON in one line; what JSON does not know, dates say, as Python writes it, and NaN as null."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:
        return json.dumps(_known_to_json(value), ensure_ascii=False, default=str)


def _known_to_json(value: object) -> object:
    """The value without numbers that JSON has no word for."""
    if isinstance(value, dict):
        return {name: _known_to_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_known_to_json(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def refuse_new_columns(row: Row, columns: Sequence[str], path: str) -> None:
    """Raise StanceError if a row that is written has columns that the first did not have."""
    if unknown := row.keys() - columns:
        allowed = "the columns of the first row; write jsonl to keep rows of different shape"
        raise input_error(path, "a row with other columns than the first", found=sorted(unknown), allowed=allowed)
