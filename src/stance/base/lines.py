"""The lines of a text file, decoded strictly, compressed or not, of any length that a row may have."""

import codecs
import gzip
import io
import logging
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stance.base.errors import StanceError, UndecodableError, first_line, input_error, line_of
from stance.base.extras import from_extras
from stance.base.names import must_exist

log = logging.getLogger(__name__)

#: The values of a row, by column.
Row = dict[str, Any]

#: Characters of a row of separated text that may stand in several lines; beyond them a quote was never closed.
LONGEST_ROW = 2**24

#: Among so many lines in another encoding one is UTF-8 by chance, as one is whose only accent is in "gro\u00df\u2026".
CHANCE = 100

#: How files begin that are no text, whatever they are called: zips and workbooks, old workbooks, parquet, gzip, zstd.
NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd")

#: What a line of such a row counts for at least, as it takes so much memory.
SHORTEST_LINE = 64


class Manner(NamedTuple):
    """How a table is read, where nothing in the file says so.

    Attributes:
        quoted: In separated text quotation marks may stand around a cell; else they are text.
        wanted: Columns that the rows have: by them the sheet of a workbook is known.
        fill_down: Columns in which an empty cell holds what the one above it holds.
    """

    quoted: bool = True
    wanted: tuple[str, ...] = ()
    fill_down: tuple[str, ...] = ()


#: What a file says of itself.
PLAIN = Manner()


class Line(NamedTuple):
    """A line with its end, and how far the file was read then; ``error`` if it is not in the encoding."""

    number: int
    text: str
    error: StanceError | None = None
    position: int = 0


class ScannedRow(NamedTuple):
    """A row as it was found, readable or not.

    Attributes:
        number: Of its (last) line, from 1; in parquet of the row.
        place: For messages.
        values: By column; or what is wrong with the row.
        raw: As the file has it, undecodable bytes by backslash and number; None for a readable row of parquet or
            of a workbook.
        position: Bytes of the file that were read with it, compressed ones where it is; in parquet rows.
    """

    number: int
    place: str
    values: Row | StanceError
    raw: str | None
    position: int


def read_lines(path: str | Path, encoding: str = "utf-8", *, keep_ends: bool = False) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line, decoded strictly; a byte order mark is dropped, and so is the line's end.

    Raises:
        StanceError: The file is not there, or a line is not in the encoding: the message names line and byte.
    """
    for line in lines_of(must_exist(path), encoding):
        if line.error is not None:
            raise line.error
        yield line.number, line.text if keep_ends else line.text.rstrip("\r\n")


def lines_of(path: Path, encoding: str, *, of_rows: bool = False) -> Iterator[Line]:
    """Each line of a file that is there, with its number, its end, and how far the file was read."""
    try:
        codec = "utf-8-sig" if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") else encoding
        "".encode(codec)
    except LookupError:
        allowed = "a codec of Python, e.g. utf-8, latin-1"
        raise input_error(str(path), "unknown encoding", found=encoding, allowed=allowed) from None
    of_utf8, in_utf8, others, first = codec == "utf-8-sig", 0, 0, 0  # of lines that are not ASCII alone
    for number, (raw, position) in enumerate(_raw_lines(path, of_rows=of_rows), start=1):
        if number == 1 and (raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or 0 in raw[:2]):
            allowed = "UTF-8 (in Excel: save as CSV UTF-8), or an 8-bit encoding"
            raise input_error(line_of(path, 1), "the file is UTF-16 or UTF-32", allowed=allowed)
        if number == 1 and raw.startswith(NO_TEXT):
            allowed = "text; or the name with the suffix of its kind, e.g. .xlsx, .parquet, .csv.gz"
            raise input_error(line_of(path, 1), "a workbook, zip, parquet or compressed, and no text", allowed=allowed)
        codec = codec if number == 1 or codec != "utf-8-sig" else "utf-8"
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError as error:
            otherwise = "or say what it is, e.g. encoding=cp1252, of a dataset data.encoding=cp1252"
            if of_utf8 and in_utf8:
                otherwise = f"but line {first} is {encoding}: the file mixes encodings, and no setting reads all of it"
            problem = input_error(
                line_of(path, number),
                f"byte {error.start + 1} of the line is not {encoding}",
                found=raw[max(0, error.start - 10) : error.start + 10],
                allowed=f"{encoding}; {otherwise}",
            )
            yield Line(number, raw.decode(codec, "backslashreplace"), UndecodableError(str(problem)), position)
        else:
            if not raw.isascii():
                if of_utf8 or is_utf8(raw):
                    in_utf8, first = in_utf8 + 1, first or number
                else:
                    others += 1
            yield Line(number, text, None, position)
    if not of_utf8 and in_utf8 * CHANCE > others:
        told = "%s: %s lines, line %d first, are UTF-8 and were read as %s, so that their accents are others"
        log.warning(told, path, f"{in_utf8:,}", first, encoding)


def is_utf8(raw: bytes) -> bool:
    """Whether bytes beyond ASCII are UTF-8, which text in another encoding next to never is."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _raw_lines(path: Path, *, of_rows: bool) -> Iterator[tuple[bytes, int]]:
    """Each line, unpacked if the file's name says that it is compressed, and how far the file itself was read.

    Lines end in a line feed; those of rows, where the first ends in a carriage return alone, in either or both.
    """
    with path.open("rb") as file:
        lines: io.BufferedReader | gzip.GzipFile = file
        if path.suffix.lower() == ".gz":
            lines = gzip.GzipFile(fileobj=file)
        elif path.suffix.lower() == ".zst":
            with from_extras():
                import pyarrow as pa  # here, since it takes a while to load
            lines = io.BufferedReader(pa.CompressedInputStream(file, "zstd"))
        read: Callable[[], bytes] | None = None
        while True:
            try:
                read = read or (_row_reader(lines) if of_rows else lines.readline)
                line = read()
            except (EOFError, OSError, zlib.error) as error:
                raise StanceError(f"{path}: does not read to its end: {first_line(error)}") from None
            if not line:
                return
            yield line, file.tell()


def _row_reader(lines: gzip.GzipFile | io.BufferedReader) -> Callable[[], bytes]:
    head = lines.peek(1)
    end = re.search(rb"\r\n?|\n", head)
    if end is None or end[0] != b"\r" or end.end() == len(head):
        return lines.readline
    if head[: end.start()].replace(b'\\"', b"").count(b'"') % 2:  # it is in a quoted name
        return lines.readline
    text = io.TextIOWrapper(lines, encoding="latin-1", newline="")
    return lambda: text.readline().encode("latin-1")


def strictly(rows: Iterable[ScannedRow]) -> Iterator[tuple[int, Row]]:
    """Number and values of each row; the first faulty one is raised."""
    for row in rows:
        if isinstance(row.values, StanceError):
            raise row.values
        yield row.number, row.values
