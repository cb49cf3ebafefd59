"""Tables: reading and writing those of any length in chunks (csv, tsv, jsonl, parquet), and showing small ones."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from stance.errors import StanceError, input_error, line_of
from stance.files import DELIMITERS, must_exist, read_rows, write_beside

SUFFIXES = (*DELIMITERS, ".parquet")

Row = dict[str, Any]


def read_chunks(path: str | Path, size: int, encoding: str = "utf-8") -> Iterator[list[tuple[str, Row]]]:
    """The rows of a table in chunks, each row with its place for messages; at most ``size`` rows are in memory.

    Raises:
        StanceError: Another suffix, no such file, a malformed row.
    """
    path = must_exist(path)
    _check_suffix(path)
    rows = _parquet_rows(path, size) if path.suffix.lower() == ".parquet" else _text_rows(path, encoding)
    while chunk := list(islice(rows, size)):
        yield chunk


def _text_rows(path: Path, encoding: str) -> Iterator[tuple[str, Row]]:
    for line, row in read_rows(path, encoding):
        yield line_of(path, line), row


def _parquet_rows(path: Path, size: int) -> Iterator[tuple[str, Row]]:
    parquet_schema(path)
    with pq.ParquetFile(path) as file:
        number = 0
        for batch in file.iter_batches(batch_size=size):
            for row in batch.to_pylist():
                number += 1
                yield f"{path}, row {number}", row


def parquet_schema(path: str | Path) -> pa.Schema | None:
    """Columns and types of a parquet file; None for another kind of file.

    Raises:
        StanceError: It is not there, or not parquet whatever its suffix says.
    """
    if Path(path).suffix.lower() != ".parquet":
        return None
    try:
        return pq.read_schema(must_exist(path))
    except pa.ArrowInvalid as error:
        raise StanceError(f"{path}: not a parquet file: {error}") from None


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; integers are written with a comma at each thousand."""
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for row in rows:
        lines.append("| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row) + " |")
    return "\n".join(lines)


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise input_error(str(path), "unknown kind of file", found=path.suffix, allowed=SUFFIXES)


class RowWriter(Protocol):
    """Takes chunks of rows; all rows must have the columns of the first."""

    def write(self, rows: list[Row]) -> None:
        """Append the rows."""
        ...


@contextmanager
def write_chunks(path: str | Path, schema: pa.Schema | None = None) -> Iterator[RowWriter]:
    """A writer of the kind that the suffix says. The file appears whole when the block ends well, or not at all.

    Args:
        path: The file to write.
        schema: Of a parquet file; without it the first chunk's values decide.

    Raises:
        StanceError: Another suffix; while writing, a row with other columns than the first.
    """
    path = Path(path)
    _check_suffix(path)
    with write_beside(path) as temporary:
        if path.suffix.lower() == ".parquet":
            parquet = _ParquetWriter(temporary, path, schema)
            try:
                yield parquet
            finally:
                parquet.close()
        else:
            with temporary.open("w", encoding="utf-8", newline="") as lines:
                delimiter = DELIMITERS[path.suffix.lower()]
                yield _JsonWriter(lines) if delimiter is None else _SeparatedWriter(lines, delimiter, path)


class _JsonWriter:
    def __init__(self, lines: Any) -> None:  # noqa: ANN401 - a text stream
        self.lines = lines

    def write(self, rows: list[Row]) -> None:
        self.lines.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


class _SeparatedWriter:
    def __init__(self, lines: Any, delimiter: str, path: Path) -> None:  # noqa: ANN401 - a text stream
        self.writer = csv.writer(lines, delimiter=delimiter, lineterminator="\n")
        self.columns: list[str] | None = None
        self.path = path

    def write(self, rows: list[Row]) -> None:
        for row in rows:
            if self.columns is None:
                self.columns = list(row)
                self.writer.writerow(self.columns)
            _refuse_new_columns(row, self.columns, self.path)
            self.writer.writerow([_cell(row.get(column)) for column in self.columns])


def _refuse_new_columns(row: Row, columns: Sequence[str], path: Path) -> None:
    if unknown := sorted(set(row) - set(columns)):
        allowed = "the columns of the first row; write jsonl to keep rows of different shape"
        raise input_error(str(path), "a row with other columns than the first", found=unknown, allowed=allowed)


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


class _ParquetWriter:
    def __init__(self, temporary: Path, path: Path, schema: pa.Schema | None) -> None:
        self.temporary, self.path, self.schema = temporary, path, schema
        self.writer: pq.ParquetWriter | None = None

    def write(self, rows: list[Row]) -> None:
        columns = list(rows[0]) if self.schema is None else self.schema.names
        for row in rows:
            _refuse_new_columns(row, columns, self.path)
        try:
            table = pa.Table.from_pylist(rows, schema=self.schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise input_error(str(self.path), f"a value of another type than its column: {error}") from None
        if self.writer is None:
            self.schema = table.schema
            self.writer = pq.ParquetWriter(self.temporary, self.schema)
        self.writer.write_table(table)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
