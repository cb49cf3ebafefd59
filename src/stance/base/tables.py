"""Tables: reading and writing those of any length in chunks (csv, tsv, jsonl, parquet), and showing small ones."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from stance.base.errors import StanceError, content, first_line, input_error, line_of
from stance.base.lines import PLAIN, Manner, ScannedRow, read_lines
from stance.base.names import COMPRESSIONS, DELIMITERS, WORKBOOK, must_exist, table_kind
from stance.base.rows import filled, scan_rows

#: Of tables that are written, and of those that are read.
SUFFIXES = (*DELIMITERS, ".parquet")

READABLE = (*SUFFIXES, WORKBOOK)


Row = dict[str, Any]


#: What a formula of a spreadsheet begins with; in some countries also in full width.
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")


def read_chunks(
    path: str | Path, size: int, encoding: str = "utf-8", manner: Manner = PLAIN
) -> Iterator[list[tuple[str, Row]]]:
    """The rows of a table in chunks, each row with its place for messages; at most ``size`` rows are in memory.

    Raises:
        StanceError: Another suffix, no such file, a malformed row.
    """
    for scanned in scan_chunks(path, size, encoding, manner):
        chunk = []
        for row in scanned:
            if isinstance(row.values, StanceError):
                raise row.values
            chunk.append((row.place, row.values))
        yield chunk


def scan_chunks(
    path: str | Path, size: int, encoding: str = "utf-8", manner: Manner = PLAIN, *, skip: int = 0
) -> Iterator[list[ScannedRow]]:
    """The same rows, and in their places those that cannot be read.

    Args:
        path: A table, compressed or not.
        size: Rows in a chunk.
        encoding: Of text.
        manner: What else the file does not say of itself.
        skip: So many rows, readable or not, are left out at the beginning.

    Raises:
        StanceError: Another suffix, no such file, no header, a damaged file.
    """
    path = must_exist(path)
    check_kind(path, READABLE)
    rows: Iterator[ScannedRow]
    if not is_parquet(path):
        rows = islice(scan_rows(path, encoding, manner), skip, None)
    elif manner.fill_down:
        rows = islice(filled(_parquet_rows(path, size, 0), manner.fill_down), skip, None)
    else:
        rows = _parquet_rows(path, size, skip)
    while chunk := list(islice(rows, size)):
        yield chunk


def is_parquet(path: str | Path) -> bool:
    """Whether a file is parquet, by its name."""
    return table_kind(path) == (".parquet", "")


def scan_length(path: str | Path) -> int:
    """What ``position`` is at the end of a table: rows of parquet, bytes of another file."""
    return pq.read_metadata(path).num_rows if is_parquet(path) else Path(path).stat().st_size


def _parquet_rows(path: Path, size: int, skip: int) -> Iterator[ScannedRow]:
    parquet_schema(path)
    with content(str(path), "does not read to its end"), pq.ParquetFile(path) as file:
        number = 0
        for batch in file.iter_batches(batch_size=size):
            unread = batch.slice(max(0, min(skip - number, batch.num_rows)))
            number += batch.num_rows - unread.num_rows
            for values, raw in _parquet_values(unread, path, number):
                number += 1
                yield ScannedRow(number, line_of(path, number), values, raw, number)


def _parquet_values(batch: pa.RecordBatch, path: Path, before: int) -> Iterator[tuple[Row | StanceError, str | None]]:
    try:
        yield from ((row, None) for row in batch.to_pylist())
    except (ValueError, OverflowError):  # raised before the first row; it is one of a few
        for index in range(batch.num_rows):
            row = batch.slice(index, 1)
            try:
                yield row.to_pylist()[0], None
            except UnicodeDecodeError as error:
                place = line_of(path, before + index + 1)
                yield input_error(place, "text that is not utf-8", found=error.object), _undecoded(row)
            except (ValueError, OverflowError) as error:
                place = line_of(path, before + index + 1)
                yield input_error(place, "a value beyond Python's range", found=first_line(error)), _undecoded(row)


def _undecoded(row: pa.RecordBatch) -> str:
    """A row as JSON, bytes that are no text by backslash and number."""
    cells = {}
    for name, column in zip(row.schema.names, row.columns, strict=True):
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        try:
            value = (column.cast(pa.large_binary()) if is_text else column)[0].as_py()
        except (ValueError, OverflowError):
            value = column.to_string()
        cells[name] = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
    return as_json(cells)


def parquet_schema(path: str | Path) -> pa.Schema | None:
    """Columns and types of a parquet file; None for another kind of file.

    Raises:
        StanceError: It is not there, or not parquet whatever its suffix says, or it has two columns of one name.
    """
    if not is_parquet(path):
        return None
    with content(str(path), "not a parquet file"):
        schema = pq.read_schema(must_exist(path))
    if doubled := sorted(name for name, times in Counter(schema.names).items() if times > 1):
        raise input_error(str(path), "a column stands twice", found=doubled)
    return schema


def as_json(value: object) -> str:
    """The value as JSON in one line; what JSON does not know, dates say, as Python writes it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def check_kind(path: str | Path, suffixes: Sequence[str] = SUFFIXES) -> None:
    """Raise StanceError if the name of a table ends in none of the suffixes, compressed or not if it is text."""
    kind, packed = table_kind(path)
    if kind not in suffixes or (packed and kind not in DELIMITERS):
        allowed = f"{', '.join(suffixes)}; the first three also with {' or '.join(COMPRESSIONS)} after it"
        raise input_error(str(path), "unknown kind of file", found=kind + packed, allowed=allowed)


class RowEncoder(Protocol):
    """Turns chunks of rows into bytes which, one after the other, are a table; all rows have the columns of the first.

    Each piece of a compressed table is a gzip member or zstd frame of its own, so that the table may be cut after any.
    """

    def encode(self, rows: list[Row]) -> bytes:
        """The bytes of a chunk.

        Raises:
            StanceError: A row has columns that the first did not have, or in parquet a value of another type.
        """
        ...

    def go_on(self, written: Path) -> None:
        """Take the columns from what was written before."""
        ...


def encoder_for(path: str | Path, schema: pa.Schema | None = None, *, excel_safe: bool = False) -> RowEncoder:
    """An encoder of the kind that the suffix says. Parquet is Arrow streams until :func:`to_parquet`.

    Args:
        path: The table to be, for its suffix and for messages.
        schema: Of parquet; without it the first chunk's values decide.
        excel_safe: In separated text no cell is a formula (:func:`no_formula`).

    Raises:
        StanceError: Another suffix.
    """
    check_kind(path)
    kind, packed = table_kind(path)
    if kind == ".parquet":
        return _ArrowEncoder(str(path), schema)
    delimiter = DELIMITERS[kind]
    return _JsonEncoder(packed) if delimiter is None else _SeparatedEncoder(str(path), packed, delimiter, excel_safe)


def to_parquet(streams: str | Path, path: str | Path) -> None:
    """Arrow streams that stand one after the other in a file become row groups, one each."""
    with pa.OSFile(str(streams)) as source, pa.OSFile(str(path), "wb") as sink:
        writer = None
        while source.tell() < source.size():
            with pa.ipc.open_stream(source) as stream:
                table = stream.read_all()
            writer = writer or pq.ParquetWriter(sink, table.schema)
            writer.write_table(table, row_group_size=len(table))
        if writer is not None:
            writer.close()


def _pack(text: str, packed: str) -> bytes:
    data = text.encode("utf-8")
    if packed == ".gz":
        return gzip.compress(data, compresslevel=6, mtime=0)
    return bytes(pa.compress(data, codec="zstd", asbytes=True)) if packed == ".zst" else data


class _UnixEnds:
    """What a csv writer writes to, with a line feed in the place of each row's carriage return and line feed."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, row: str) -> None:
        self.stream.write(row[:-2] + "\n")


def csv_writer(stream: TextIO, delimiter: str = ",") -> Any:  # noqa: ANN401 - the csv module does not name its type
    """A writer of rows that end in a line feed.

    A cell with a carriage return is quoted, which Python's own writer leaves out (before 3.12) unless rows end in one.
    """
    return csv.writer(_UnixEnds(stream), delimiter=delimiter, lineterminator="\r\n")


def no_formula(cell: object) -> object:
    """The cell, with an apostrophe before a text that a spreadsheet would take for a formula and compute.

    >>> no_formula("=cmd|' /C calc'!A0"), no_formula("-1.5"), no_formula("They said no.")
    ("'=cmd|' /C calc'!A0", '-1.5', 'They said no.')

    Source: OWASP, CSV Injection. Numbers stay, whatever their sign.
    """
    if not isinstance(cell, str) or cell[:1] not in _FORMULA:
        return cell
    try:
        float(cell)
    except ValueError:
        return "'" + cell
    return cell


class _JsonEncoder:
    def __init__(self, packed: str) -> None:
        self.packed = packed

    def encode(self, rows: list[Row]) -> bytes:
        lines = (as_json(row) + "\n" for row in rows)
        return _pack("".join(lines), self.packed)

    def go_on(self, written: Path) -> None:
        """Each line names its columns."""


class _SeparatedEncoder:
    def __init__(self, path: str, packed: str, delimiter: str, excel_safe: bool) -> None:
        self.path, self.packed, self.delimiter = path, packed, delimiter
        self.cell = (lambda value: no_formula(_cell(value))) if excel_safe else _cell
        self.columns: list[str] | None = None

    def encode(self, rows: list[Row]) -> bytes:
        text = io.StringIO()
        writer = csv_writer(text, self.delimiter)
        if self.columns is None:
            self.columns = list(rows[0])
            writer.writerow(map(self.cell, self.columns))
        for row in rows:
            _refuse_new_columns(row, self.columns, self.path)
            writer.writerow([self.cell(row.get(column)) for column in self.columns])
        return _pack(text.getvalue(), self.packed)

    def go_on(self, written: Path) -> None:
        lines = (line for _, line in read_lines(written, keep_ends=True))
        self.columns = next(csv.reader(lines, delimiter=self.delimiter))


class _ArrowEncoder:
    def __init__(self, path: str, schema: pa.Schema | None) -> None:
        self.path, self.schema = path, schema

    def encode(self, rows: list[Row]) -> bytes:
        columns = list(rows[0]) if self.schema is None else self.schema.names
        for row in rows:
            _refuse_new_columns(row, columns, self.path)
        try:
            table = pa.Table.from_pylist(rows, schema=self.schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise input_error(self.path, f"a value of another type than its column: {error}") from None
        self.schema = table.schema
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return bytes(sink.getvalue().to_pybytes())

    def go_on(self, written: Path) -> None:
        with pa.OSFile(str(written)) as source, pa.ipc.open_stream(source) as stream:
            self.schema = stream.schema


def _refuse_new_columns(row: Row, columns: Sequence[str], path: str) -> None:
    if unknown := sorted(set(row) - set(columns)):
        allowed = "the columns of the first row; write jsonl to keep rows of different shape"
        raise input_error(path, "a row with other columns than the first", found=unknown, allowed=allowed)


def _cell(value: object) -> object:
    return as_json(value) if isinstance(value, list | dict) else value
