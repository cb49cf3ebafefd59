"""Reading text strictly and writing so that nothing half-written is ever left."""

import errno
import glob
import hashlib
import json
import logging
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, input_error, line_of
from stance.base.lines import Row, read_lines
from stance.base.names import must_exist

log = logging.getLogger(__name__)

#: Bytes at both ends of a file that :func:`quick_digest` looks at.
END = 2**20

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

    A file of no bytes is made beside the path; the lock is the system's, so that a killed process leaves none. What it
    left of a folder that it was about to put there is swept first.
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
        sweep_beside(path)
        yield
    finally:
        lock.release()


def remove_folder(path: Path) -> None:
    """Delete a folder, if it is there, so that no half of it is ever found at its place."""
    if path.exists():
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.partial", dir=path.parent))
        path.replace(aside / path.name)
        shutil.rmtree(aside)


def sweep_beside(path: Path) -> None:
    """Delete what a killed process left of a folder that it was writing to, or removing from, a path of one's own."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.partial{8 * '?'}"):  # as mkdtemp names them
        if left.is_dir():
            shutil.rmtree(left)


def sweep_partials(folder: Path) -> None:
    """Delete what a killed process left half-written in a folder that nobody else is writing to.

    safetensors writes beside what it writes too, as ``.tmp`` and six characters.
    """
    for left in [*folder.glob(".*.partial*"), *folder.glob(f".tmp{6 * '?'}")]:
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def write_text(path: str | Path, text: str) -> None:
    """The text as UTF-8, written beside and renamed."""
    with write_beside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: object) -> None:
    """The value as indented UTF-8 JSON with a final line end, written beside and renamed."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_jsonl(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line, written beside and renamed."""
    with write_beside(path) as temporary, temporary.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


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
