"""Reading text strictly and writing so that nothing half-written is ever left."""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stance.errors import input_error, line_of

#: Columns of separated files by suffix; ``None`` stands for one JSON object a line.
DELIMITERS: dict[str, str | None] = {".csv": ",", ".tsv": "\t", ".jsonl": None}


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
    path = must_exist(path)
    codec = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        "".encode(codec)
    except LookupError:
        allowed = "a codec of Python, e.g. utf-8, latin-1"
        raise input_error(str(path), "unknown encoding", found=encoding, allowed=allowed) from None
    with path.open("rb") as lines:
        if lines.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise input_error(line_of(path, 1), "the file is UTF-16", allowed="UTF-8 or an 8-bit encoding")
        lines.seek(0)
        for number, raw in enumerate(lines, start=1):
            try:
                text = raw.decode(codec if number == 1 or codec != "utf-8-sig" else "utf-8")
            except UnicodeDecodeError as error:
                raise input_error(
                    line_of(path, number),
                    f"byte {error.start + 1} of the line is not {encoding}",
                    found=raw[max(0, error.start - 10) : error.start + 10],
                    allowed=f"text in {encoding}; name another encoding in the configuration",
                ) from None
            yield number, text if keep_ends else text.rstrip("\r\n")


def read_rows(path: str | Path, encoding: str = "utf-8") -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and named values of each row of a csv, tsv or jsonl file. Empty lines are passed over.

    Raises:
        StanceError: Another suffix, malformed JSON, a row with too few or too many cells, no or a doubled header.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in DELIMITERS:
        raise input_error(str(path), "unknown kind of file", found=path.suffix, allowed=DELIMITERS)
    delimiter = DELIMITERS[suffix]
    if delimiter is None:
        return _json_rows(path, encoding)
    return separated_rows(path, (line for _, line in read_lines(path, encoding, keep_ends=True)), delimiter)


def _json_rows(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in read_lines(path, encoding):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise input_error(
                line_of(path, number), f"malformed JSON, column {error.colno}: {error.msg}", found=line
            ) from None
        if not isinstance(row, dict):
            raise input_error(line_of(path, number), "not a JSON object", found=row, allowed='{"name": value, ...}')
        yield number, row


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
    csv.field_size_limit(2**31 - 1)  # a cell may hold a whole document
    reader = csv.reader(
        lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, strict=True
    )
    try:
        for cells in reader:
            if not cells:
                continue
            if header is None:
                header = cells
                doubled = {name for name in header if header.count(name) > 1}
                if doubled:
                    raise input_error(line_of(path, 1), "a column stands twice in the header", found=sorted(doubled))
            elif len(cells) != len(header):
                raise input_error(
                    line_of(path, reader.line_num),
                    f"{len(cells)} cells instead of {len(header)}",
                    found=delimiter.join(cells),
                    allowed=f"{len(header)} cells; quote a cell that holds {delimiter!r}",
                )
            else:
                yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise input_error(line_of(path, reader.line_num), f"malformed csv: {error}") from None


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
        yield temporary
        remove_folder(path)
        temporary.chmod(0o755)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
