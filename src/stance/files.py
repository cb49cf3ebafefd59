"""Reading text strictly and writing so that nothing half-written is ever left."""

from __future__ import annotations

import codecs
import csv
import errno
import gzip
import hashlib
import io
import json
import logging
import math
import os
import re
import shutil
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from stance.errors import StanceError, UndecodableError, first_line, input_error, line_of
from stance.labels import spelled
from stance.sheets import sheet_rows

log = logging.getLogger(__name__)

#: Columns of separated files by suffix; ``None`` stands for one JSON object a line.
DELIMITERS: dict[str, str | None] = {".csv": ",", ".tsv": "\t", ".jsonl": None}

#: A workbook of Excel; it is read, not written.
WORKBOOK = ".xlsx"

#: What may follow such a suffix: the text is compressed.
COMPRESSIONS = (".gz", ".zst")

#: Characters of a row of separated text that may stand in several lines; beyond them a quote was never closed.
LONGEST_ROW = 2**24

#: Python writes a missing number as NaN, which is no JSON: it is read as null.
_JSON = json.JSONDecoder(parse_constant={"Infinity": math.inf, "-Infinity": -math.inf}.get)

#: For rows of text between tabs, where a quotation mark is more often one of the text than one around a cell.
_AS_TEXT = "if quotes are text, quoting=none, of a dataset data.quoting=none"

#: Bytes at both ends of a file that :func:`quick_digest` looks at.
END = 2**20


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


class _Line(NamedTuple):
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
        raw: As it stands in the file, undecodable bytes by backslash and number; None for a readable row of parquet or
            of a workbook.
        position: Bytes of the file that were read with it, compressed ones where it is; in parquet rows.
    """

    number: int
    place: str
    values: dict[str, Any] | StanceError
    raw: str | None
    position: int


def table_kind(path: str | Path) -> tuple[str, str]:
    """What a file is and how it is compressed, by its name: ``(".csv", ".gz")``, ``(".csv", "")``."""
    path = Path(path)
    packed = path.suffix.lower()
    return (Path(path.stem).suffix.lower(), packed) if packed in COMPRESSIONS else (packed, "")


def beside(path: str | Path, suffix: str) -> Path:
    """The path with another end in the place of ``.csv``, ``.csv.gz`` and the like."""
    path = Path(path)
    return path.with_name(path.name[: len(path.name) - len("".join(table_kind(path)))] + suffix)


def as_name(path: str | Path) -> str:
    """A path as a single name, its folders joined by hyphens."""
    return str(path).strip("/").replace("/", "-")


def must_exist(path: str | Path, what: str = "file") -> Path:
    """The path, if it is there.

    Raises:
        StanceError: It is not; the message names the absolute path.
    """
    path = Path(path)
    if not path.exists():
        raise input_error(str(path), f"no such {what} (looked for {path.absolute()})")
    return path


def read_lines(path: str | Path, encoding: str = "utf-8", *, keep_ends: bool = False) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line, decoded strictly; a byte order mark is dropped, and so is the line's end.

    Raises:
        StanceError: The file is not there, or a line is not in the encoding: the message names line and byte.
    """
    for line in _lines(must_exist(path), encoding):
        if line.error is not None:
            raise line.error
        yield line.number, line.text if keep_ends else line.text.rstrip("\r\n")


def _lines(path: Path, encoding: str, *, of_rows: bool = False) -> Iterator[_Line]:
    codec = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        "".encode(codec)
    except LookupError:
        allowed = "a codec of Python, e.g. utf-8, latin-1"
        raise input_error(str(path), "unknown encoding", found=encoding, allowed=allowed) from None
    for number, (raw, position) in enumerate(_raw_lines(path, of_rows=of_rows), start=1):
        if number == 1 and raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise input_error(line_of(path, 1), "the file is UTF-16", allowed="UTF-8 or an 8-bit encoding")
        codec = codec if number == 1 or codec != "utf-8-sig" else "utf-8"
        try:
            yield _Line(number, raw.decode(codec), None, position)
        except UnicodeDecodeError as error:
            problem = input_error(
                line_of(path, number),
                f"byte {error.start + 1} of the line is not {encoding}",
                found=raw[max(0, error.start - 10) : error.start + 10],
                allowed=f"{encoding}; or say what it is, e.g. encoding=cp1252, of a dataset data.encoding=cp1252",
            )
            yield _Line(number, raw.decode(codec, "backslashreplace"), UndecodableError(str(problem)), position)


def _raw_lines(path: Path, *, of_rows: bool) -> Iterator[tuple[bytes, int]]:
    """Each line, unpacked if the file's name says that it is compressed, and how far the file itself was read.

    Lines end in a line feed; those of rows, where the first ends in a carriage return alone, in either or both.
    """
    with path.open("rb") as file:
        lines: io.BufferedReader | gzip.GzipFile = file
        if path.suffix.lower() == ".gz":
            lines = gzip.GzipFile(fileobj=file)
        elif path.suffix.lower() == ".zst":
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


def read_rows(
    path: str | Path, encoding: str = "utf-8", manner: Manner = PLAIN
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and named values of each row of a csv, tsv or jsonl file, compressed or not, or of a workbook.

    Empty lines are passed over. A csv whose header has no comma but a semicolon or a tab is separated by it, as
    spreadsheets of many countries write it; so is one that begins with a line like ``sep=;``. Space before a quoted
    cell and around a name in the header is no part of it. A ``NaN`` of JSON is a missing value.

    Raises:
        StanceError: Another suffix, malformed JSON, a row with too few or too many cells, no or a doubled header; see
            :func:`stance.sheets.sheet_rows` for workbooks.
    """
    return _strictly(scan_rows(path, encoding, manner))


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
        return _scan_sheet(must_exist(path), manner.wanted)
    if kind not in DELIMITERS:
        raise input_error(str(path), "unknown kind of file", found=path.suffix, allowed=(*DELIMITERS, WORKBOOK))
    delimiter = DELIMITERS[kind]
    lines = _lines(must_exist(path), encoding, of_rows=True)
    if delimiter is None:
        return _scan_json(path, lines)
    if kind == ".csv":
        delimiter, lines = _separator(lines)
    return _scan_separated(path, lines, delimiter, quoted=manner.quoted)


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


def _separator(lines: Iterator[_Line]) -> tuple[str, Iterator[_Line]]:
    """What separates the columns of a csv, by its first line, and the lines from the header on."""
    for first in lines:
        if told := re.fullmatch(r"sep=(.)\s*", first.text, re.IGNORECASE):
            return told[1], lines
        other = [mark for mark in ";\t" if mark in first.text and "," not in first.text]
        return (other or [","])[0], chain([first], lines)
    return ",", lines


def _strictly(rows: Iterable[ScannedRow]) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in rows:
        if isinstance(row.values, StanceError):
            raise row.values
        yield row.number, row.values


def _scan_sheet(path: Path, wanted: Collection[str]) -> Iterator[ScannedRow]:
    for number, values, problem, position in sheet_rows(path, wanted):
        raw = None if problem is None else json.dumps(values, ensure_ascii=False)
        yield ScannedRow(number, line_of(path, number), problem or values, raw, position)


def _scan_json(path: Path, lines: Iterable[_Line]) -> Iterator[ScannedRow]:
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


def separated_rows(
    path: Path, lines: Iterable[str], delimiter: str, *, header: Sequence[str] | None = None, quoted: bool = True
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and named cells of each row of separated lines. Empty lines are passed over.

    Args:
        path: Where the lines are from, for messages.
        lines: With their ends.
        delimiter: Between cells.
        header: Names of the cells where the lines have none; else they are in the first line.
        quoted: Whether double quotes stand around cells; else they are text.

    Raises:
        StanceError: A row with too few or too many cells, broken quotes, a doubled header.
    """
    numbered = (_Line(number, text) for number, text in enumerate(lines, start=1))
    return _strictly(_scan_separated(path, numbered, delimiter, header, quoted=quoted))


class _Feed:
    """Lines for a csv reader. It knows those of the row under way and takes back all but the first of them."""

    def __init__(self, lines: Iterable[_Line]) -> None:
        self.lines = iter(lines)
        self.back: deque[_Line] = deque()
        self.begin()

    def begin(self) -> None:
        """A new row begins."""
        self.row: list[_Line] = []
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
        self.length += len(line.text)
        if self.unclosed:
            raise csv.Error(f"a quote is not closed within {LONGEST_ROW:,} characters")
        return line.text

    def take_back(self, but: int = 1) -> None:
        """All lines of the row but the first, or none, are to be read again."""
        self.back.extendleft(reversed(self.row[but:]))
        del self.row[but:]


class _Cells:
    """Reads row after row of separated text.

    Attributes:
        feed: Its lines; of the row under way it has those that were read.
        inside: Numbers of the lines with a tab or line end inside a quoted cell, where tabs separate cells.
    """

    def __init__(self, path: Path, lines: Iterable[_Line], delimiter: str, *, quoted: bool) -> None:
        csv.field_size_limit(2**31 - 1)  # a cell may hold a whole document
        self.path, self.feed, self.inside = path, _Feed(lines), list[int]()
        self.quoted, self.tabs = quoted, quoted and delimiter == "\t"
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
        return cells, problem or (self._swallowed(cells, width) if self.tabs and width else None)

    def _read(self, reader: Iterator[list[str]]) -> tuple[list[str], StanceError | None]:
        self.feed.begin()
        try:
            return next(reader), None
        except csv.Error as error:
            if self.feed.unclosed:
                self.feed.take_back()
            problem = f"malformed csv: {str(error).partition(' - ')[0]}"  # what follows is for who programs
            place = line_of(self.path, self.feed.row[-1].number)
            return [], input_error(place, problem, allowed=_AS_TEXT if self.tabs else "")

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
        if not any('"' in line.text for line in self.feed.row):
            return None
        whole = sum(line.text.count("\t") + 1 == width for line in self.feed.row)
        if whole > 1 or (whole and len(cells) != width):
            self.feed.take_back()
            line = self.feed.row[0]
            problem = "a quotation mark opens a cell that takes in cells or rows after it"
            return input_error(line_of(self.path, line.number), problem, found=line.text.rstrip(), allowed=_AS_TEXT)
        if any(mark in cell for cell in cells for mark in "\t\r\n"):
            self.inside.append(self.feed.row[-1].number)
        return None


def _scan_separated(
    path: Path, lines: Iterable[_Line], delimiter: str, header: Sequence[str] | None = None, *, quoted: bool = True
) -> Iterator[ScannedRow]:
    reader, unnamed = _Cells(path, lines, delimiter, quoted=quoted), 0
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
            header = [cell.strip() for cell in cells]
            while header and not header[-1]:
                header, unnamed = header[:-1], unnamed + 1  # a spreadsheet's empty columns
            if doubled := {name for name in header if header.count(name) > 1}:
                raise input_error(line_of(path, 1), "a column stands twice in the header", found=sorted(doubled))
            continue
        place = line_of(path, read[-1].number)
        if unnamed and not any(cells[len(header) :]):
            cells = cells[: len(header)]
        if problem is None and len(cells) != len(header):
            problem = input_error(
                place,
                f"{len(cells)} cells instead of {len(header)}",
                found=delimiter.join(cells),
                allowed=f"{len(header)} cells; quote a cell that holds {delimiter!r}",
            )
        raw = "".join(line.text for line in read).rstrip("\r\n")
        values = problem or dict(zip(header, cells, strict=True))
        yield ScannedRow(read[-1].number, place, values, raw, read[-1].position)
    if reader.inside:
        told = "%s: %d rows have a tab or line end inside a quoted cell, line %d first; %s"
        log.warning(told, path, len(reader.inside), reader.inside[0], _AS_TEXT)


#: How it is told that a disk, or the share of it that one may use, is full: by the system, and by torch.
_FULL = {os.strerror(number): number for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)}
_FULL["unexpected pos"] = errno.ENOSPC


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """In the block a full disk, of which system and libraries tell without a name, is told with that of the file.

    Raises:
        OSError: The same, with the name.
    """
    try:
        yield
    except Exception as error:  # the libraries' errors have no common class
        number = next((number for said, number in _FULL.items() if said in str(error)), None)
        if number is None or isinstance(error, StanceError) or (isinstance(error, OSError) and error.filename):
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


@contextmanager
def write_beside(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path``; it becomes ``path`` if the block ends well, and is removed if not.

    The name keeps the suffix. Parent folders are made.

    Raises:
        StanceError: There is a folder at that path.
    """
    path = Path(path)
    if path.is_dir():
        raise input_error(str(path), "a folder is there", allowed="the path of a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        with writing(path):
            yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def folder_beside(path: str | Path) -> Iterator[Path]:
    """The same for a folder: filled beside, then put in the place of the old one, which is moved aside and deleted."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.partial", dir=path.parent))
    try:
        with writing(path):
            yield temporary
        remove_folder(path)
        temporary.chmod(0o755)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def alone_at(path: str | Path) -> Iterator[None]:
    """No two processes are in the block with the same path at once: the second waits, and says so.

    It makes a file of no bytes beside the path; the lock is the system's, so that a killed process leaves none.
    """
    from filelock import FileLock, Timeout  # here, since it takes a while to load

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("waiting for another process that is at work on %s", path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def remove_folder(path: Path) -> None:
    """Delete a folder, if it is there, so that no half of it is ever found at its place."""
    if path.exists():
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.partial", dir=path.parent))
        path.replace(aside / path.name)
        shutil.rmtree(aside)


def sweep_partials(folder: Path) -> None:
    """Delete what a killed process left half-written in a folder that nobody else is writing to."""
    for left in folder.glob(".*.partial*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def write_json(path: str | Path, value: object) -> None:
    """The value as indented UTF-8 JSON with a final line end, written beside and renamed."""
    with write_beside(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def write_jsonl(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line, written beside and renamed."""
    with write_beside(path) as temporary, temporary.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:  # noqa: ANN401 - JSON is what it is
    """The value in a JSON file.

    Raises:
        StanceError: The file is not there or is not JSON: the message names line and column.
    """
    text = "\n".join(line for _, line in read_lines(path))
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise input_error(line_of(path, error.lineno), f"malformed JSON, column {error.colno}: {error.msg}") from None


def digest(value: object) -> str:
    """SHA-256 of the value's canonical JSON (sorted keys), in hexadecimal."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with must_exist(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def quick_digest(path: str | Path) -> str:
    """Size of a file and SHA-256 of its first and last MiB: tells files of gigabytes apart at once.

    A change in the middle that keeps the size is not seen; nor is a new date, as a copy has.
    """
    path = must_exist(path)
    size = path.stat().st_size
    with path.open("rb") as stream:
        ends = stream.read(END)
        stream.seek(max(0, size - END))
        ends += stream.read(END)
    return f"{size} bytes, {hashlib.sha256(ends).hexdigest()[:16]}"
