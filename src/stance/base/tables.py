"""Tables: reading and writing those of any length in chunks (csv, tsv, jsonl, parquet), and showing small ones."""

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

from stance.base.errors import StanceError, input_error
from stance.base.extras import from_extras
from stance.base.lines import PLAIN, Manner, ScannedRow, read_lines
from stance.base.names import COMPRESSIONS, DELIMITERS, WORKBOOK, is_parquet, must_exist, table_kind
from stance.base.rows import Row as Row
from stance.base.rows import as_json, filled, refuse_new_columns, scan_rows
from stance.base.spreadsheet import csv_writer, inert

#: Of tables that are written, and of those that are read.
SUFFIXES = (*DELIMITERS, ".parquet")

READABLE = (*SUFFIXES, WORKBOOK)

#: Rows of a parquet file that are in memory at a time.
CHUNK = 4096


def read_table(path: str | Path, encoding: str = "utf-8", manner: Manner = PLAIN) -> Iterator[tuple[str, Row]]:
    """The rows of a table one at a time, each with its place for messages.

    Raises:
        StanceError: Another suffix, no such file, a malformed row.
    """
    for row in chain.from_iterable(scan_chunks(path, CHUNK, encoding, manner)):
        if isinstance(row.values, StanceError):
            raise row.values
        yield row.place, row.values


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
        rows = islice(filled(_parquet().rows(path, size, 0), manner.fill_down), skip, None)
    else:
        rows = _parquet().rows(path, size, skip)
    while chunk := list(islice(rows, size)):
        yield chunk


def scan_length(path: str | Path) -> int:
    """What ``position`` is at the end of a table: rows of parquet, bytes of another file."""
    return _parquet().length(path) if is_parquet(path) else Path(path).stat().st_size


def _parquet() -> Any:  # noqa: ANN401 - a module
    """The module that needs pyarrow.

    Raises:
        StanceError: It is not installed.
    """
    with from_extras():
        from stance.base import parquet
    return parquet


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


def encoder_for(
    path: str | Path,
    source: Path | None = None,
    added: Mapping[str, str] | None = None,
    *,
    excel_safe: bool = False,
) -> RowEncoder:
    """An encoder of the kind that the suffix says. Parquet is Arrow streams until :func:`to_parquet`.

    Args:
        path: The table to be, for its suffix and for messages.
        source: A parquet file whose columns a parquet output has too; without it the first chunk's values decide.
        added: Names and types of the columns that are new, as Arrow calls types (``double``).
        excel_safe: In separated text no cell is a formula (:func:`stance.base.spreadsheet.inert`).

    Raises:
        StanceError: Another suffix, or the source is not what its suffix says.
    """
    schema = _parquet().schema_of(source, added or {}) if source is not None and is_parquet(source) else None
    check_kind(path)
    kind, packed = table_kind(path)
    if kind == ".parquet":
        encoder: RowEncoder = _parquet().Encoder(str(path), schema)
        return encoder
    delimiter = DELIMITERS[kind]
    return _JsonEncoder(packed) if delimiter is None else _SeparatedEncoder(str(path), packed, delimiter, excel_safe)


def to_parquet(streams: str | Path, path: str | Path) -> None:
    """What an encoder of parquet gave becomes a parquet file, each chunk a row group."""
    _parquet().to_parquet(streams, path)


def _pack(text: str, packed: str) -> bytes:
    data = text.encode("utf-8")
    if packed == ".gz":
        return gzip.compress(data, compresslevel=6, mtime=0)
    if packed != ".zst":
        return data
    with from_extras():
        import pyarrow as pa
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


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
        self.cell = (lambda value: inert(_cell(value))) if excel_safe else _cell
        self.columns: list[str] | None = None

    def encode(self, rows: list[Row]) -> bytes:
        text = io.StringIO()
        writer = csv_writer(text, self.delimiter)
        if self.columns is None:
            self.columns = list(rows[0])
            writer.writerow(map(self.cell, self.columns))
        for row in rows:
            refuse_new_columns(row, self.columns, self.path)
            writer.writerow([self.cell(row.get(column)) for column in self.columns])
        return _pack(text.getvalue(), self.packed)

    def go_on(self, written: Path) -> None:
        lines = (line for _, line in read_lines(written, keep_ends=True))
        self.columns = next(csv.reader(lines, delimiter=self.delimiter))


def _cell(value: object) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return as_json(value)
    return None if isinstance(value, float) and value != value else value  # of NaN a text would come back
