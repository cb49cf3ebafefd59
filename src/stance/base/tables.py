"""Tables that are written: in chunks, of any length and kind (csv, tsv, jsonl, parquet), and small ones as csv.

In those that people open in a spreadsheet a cell may be taken for a formula: see :func:`inert`.
"""

import csv
import gzip
import io
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TextIO

from stance.base.extras import from_extras
from stance.base.files import as_json, refuse_new_columns, write_beside
from stance.base.lines import Row, read_lines
from stance.base.names import DELIMITERS, check_kind, is_parquet, table_kind

#: A cell that begins so is computed by Excel, LibreOffice or Google Sheets, or may be once a blank is lost; in some
#: countries also in full width. A number stays one, whatever its sign. The page of a map has the same pattern.
FORMULA = re.compile(r"(?![+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$)[=+\-@\t\r\n＝＋－＠]")


def inert(cell: object) -> object:
    """The cell as no spreadsheet computes it: a space stands before a text that would be a formula.

    The readers of this project take space around a cell away, so that the text comes back as it was, which an
    apostrophe would not allow.

    >>> inert("=1+1"), inert("-1.5"), inert("They said no.")
    (' =1+1', '-1.5', 'They said no.')

    Source: OWASP, CSV Injection.
    """
    return f" {cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


class _UnixEnds:
    """What a csv writer writes to, with a line feed in the place of each row's carriage return and line feed."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, row: str) -> None:
        self.stream.write(row[:-2] + "\n")


def _csv_writer(stream: TextIO, delimiter: str = ",", *, all_quoted: bool = False) -> Any:  # noqa: ANN401 - unnamed
    """A writer of rows that end in a line feed.

    A cell with a carriage return is quoted, which Python's own writer leaves out (before 3.12) unless rows end in one.
    """
    quoting: Literal[0, 1] = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    return csv.writer(_UnixEnds(stream), delimiter=delimiter, quoting=quoting, lineterminator="\r\n")


def write_table(
    path: str | Path,
    columns: Sequence[str],
    rows: Iterable[Iterable[object]],
    *,
    safe: bool = True,
    encoding: str = "utf-8",
    delimiter: str = ",",
    all_quoted: bool = False,
) -> None:
    """A csv with a header, written beside and renamed; its cells are inert unless it is not ``safe``."""
    with write_beside(path) as temporary, temporary.open("w", encoding=encoding, newline="", errors="replace") as text:
        writer = _csv_writer(text, delimiter, all_quoted=all_quoted)
        writer.writerows(map(inert, row) if safe else row for row in itertools.chain([columns], rows))


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
    """An encoder of the kind that the suffix says. Parquet is Arrow streams until ``parquet.to_parquet``.

    Args:
        path: The table to be, for its suffix and for messages.
        source: A parquet file whose columns a parquet output has too; without it the first chunk's values decide.
        added: Names and types of the columns that are new, as Arrow calls types (``double``).
        excel_safe: In separated text no cell is a formula (:func:`inert`).

    Raises:
        StanceError: Another suffix, or the source is not what its suffix says.
    """
    check_kind(path)
    kind, packed = table_kind(path)
    schema = None
    if source is not None and is_parquet(source):
        from stance.base import parquet  # here, since pyarrow takes a while to load

        schema = parquet.schema_of(source, added or {})
    if kind == ".parquet":
        from stance.base import parquet

        return parquet.Encoder(str(path), schema)
    delimiter = DELIMITERS[kind]
    return _JsonEncoder(packed) if delimiter is None else _SeparatedEncoder(str(path), packed, delimiter, excel_safe)


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
        self.path, self.packed, self.delimiter, self.excel_safe = path, packed, delimiter, excel_safe
        self.cell = (lambda value: inert(_cell(value))) if excel_safe else _cell
        self.columns: list[str] | None = None

    def encode(self, rows: list[Row]) -> bytes:
        text = io.StringIO()
        writer = _csv_writer(text, self.delimiter)
        if self.columns is None:
            self.columns = list(rows[0])
            writer.writerow(map(self.cell, self.columns))
        for row in rows:
            refuse_new_columns(row, self.columns, self.path)
            writer.writerow([self.cell(row.get(column)) for column in self.columns])
        return _pack(text.getvalue(), self.packed)

    def go_on(self, written: Path) -> None:
        lines = (line for _, line in read_lines(written, keep_ends=True))
        named = next(csv.reader(lines, delimiter=self.delimiter))
        self.columns = [name[1:] if self.excel_safe and inert(name[1:]) == name else name for name in named]


def _cell(value: object) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return as_json(value)
    return None if isinstance(value, float) and value != value else value  # of NaN a text would come back
