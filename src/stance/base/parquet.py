"""Parquet files: their rows one at a time, and rows that are written as they come and are a parquet file in the end."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from stance.base.errors import StanceError, content, first_line, input_error, line_of
from stance.base.extras import from_extras
from stance.base.files import as_json, refuse_new_columns
from stance.base.lines import Row, ScannedRow
from stance.base.names import must_exist

with from_extras():
    import pyarrow as pa
    import pyarrow.parquet as pq


def length(path: str | Path) -> int:
    """How many rows there are."""
    return int(pq.read_metadata(path).num_rows)


def rows(path: Path, size: int) -> Iterator[ScannedRow]:
    """The rows; ``size`` of them are in memory."""
    schema_of(path)
    with content(str(path), "does not read to its end"), pq.ParquetFile(path) as file:
        number = 0
        for batch in file.iter_batches(batch_size=size):
            for values, raw in _values(batch, path, number):
                number += 1
                yield ScannedRow(number, line_of(path, number), values, raw, number)


def _values(batch: pa.RecordBatch, path: Path, before: int) -> Iterator[tuple[Row | StanceError, str | None]]:
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


def schema_of(path: str | Path, added: Mapping[str, str] = MappingProxyType({})) -> pa.Schema:
    """Columns and types of a file, and those that are added to it, where it has none of the name.

    Raises:
        StanceError: It is not there, or not parquet whatever its suffix says, or it has two columns of one name.
    """
    with content(str(path), "not a parquet file"):
        schema = pq.read_schema(must_exist(path))
    if doubled := sorted(name for name, times in Counter(schema.names).items() if times > 1):
        raise input_error(str(path), "a column occurs twice", found=doubled)
    for name, kind in added.items():
        if name not in schema.names:
            schema = schema.append(pa.field(name, pa.type_for_alias(kind)))
    return schema


def to_parquet(streams: str | Path, path: str | Path) -> None:
    """What an :class:`Encoder` gave, Arrow streams one after the other, becomes a parquet file, each a row group."""
    with pa.OSFile(str(streams)) as source, pa.OSFile(str(path), "wb") as sink:
        writer = None
        while source.tell() < source.size():
            with pa.ipc.open_stream(source) as stream:
                table = stream.read_all()
            writer = writer or pq.ParquetWriter(sink, table.schema)
            writer.write_table(table, row_group_size=len(table))
        if writer is not None:
            writer.close()


class Encoder:
    """Chunks of rows as Arrow streams; see :class:`stance.base.tables.RowEncoder`."""

    def __init__(self, path: str, schema: pa.Schema | None) -> None:
        self.path, self.schema = path, schema

    def encode(self, rows: list[Row]) -> bytes:
        """The bytes of a chunk."""
        columns = list(rows[0]) if self.schema is None else self.schema.names
        for row in rows:
            refuse_new_columns(row, columns, self.path)
        try:
            table = pa.Table.from_pylist(rows, schema=self.schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise input_error(self.path, f"a value of another type than its column: {error}") from None
        self.schema = table.schema
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return bytes(sink.getvalue().to_pybytes())

    def go_on(self, written: Path) -> None:
        """Take the columns from what was written before."""
        with pa.OSFile(str(written)) as source, pa.ipc.open_stream(source) as stream:
            self.schema = stream.schema
