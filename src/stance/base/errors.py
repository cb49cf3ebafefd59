"""``StanceError``: a mistake that the user can correct, with the file, line, value and what is allowed."""

import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar


class StanceError(ValueError):
    """Something in the input, the configuration or a folder is wrong and the message says what.

    Scripts print the message alone and exit with 2; from Python it is an ordinary ``ValueError``.
    """


class UndecodableError(StanceError):
    """A line is not in the encoding that its file is read in."""


_NOTHING = object()


def input_error(
    place: str, problem: str, *, found: object = _NOTHING, allowed: str | Iterable[str] = ""
) -> StanceError:
    """One message in one shape: place, problem, the value found, the values allowed.

    Args:
        place: Where it is, e.g. ``votes.jsonl, line 12`` (see :func:`line_of`).
        problem: What is wrong, without a final full stop.
        found: The offending value, if there is one to show. Long values are cut at 80 characters.
        allowed: What would have been right: a phrase, or the allowed values.
    """
    message = f"{place}: {problem}"
    if found is not _NOTHING:
        shown = repr(found)
        message += f"; found {shown if len(shown) <= 80 else shown[:77] + '...'}"
    expected = allowed if isinstance(allowed, str) else ", ".join(allowed)
    if expected:
        message += f"; allowed: {expected}"
    return StanceError(message)


def quoted(text: str) -> str:
    """A text between quotes, as a value of the configuration is written that holds commas, brackets or the like."""
    return '"' + re.sub(r'(\\*)("|\Z)', lambda found: 2 * found[1] + found[2].replace('"', '\\"'), text) + '"'


def listed(values: Iterable[str]) -> str:
    """A list of texts as a value of the configuration is written, whatever characters are in them."""
    return "[" + ",".join(quoted(value.replace("${", "\\${")) for value in values) + "]"


def setting(key: str, value: str | Iterable[str]) -> str:
    """A setting that a message proposes, as it is typed into a shell: of a text, or of a list.

    >>> print(setting("data.leave_out", ["n/a", "don't know"]))
    'data.leave_out=["n/a","don'"'"'t know"]'
    """
    return shlex.quote(f"{key}=" + (listed([value])[1:-1] if isinstance(value, str) else listed(value)))


class Faults:
    """Faulty rows of a file, told together: each kind of fault with its first place and in how many rows it is.

    >>> faults = Faults("votes.csv")
    >>> for line in (2, 3, 9):
    ...     with faults.noted(line_of("votes.csv", line)):
    ...         raise input_error(line_of("votes.csv", line), "unknown label", found="PRO")
    >>> faults.tell()
    Traceback (most recent call last):
    stance.base.errors.StanceError: votes.csv, line 2: unknown label; found 'PRO' (and 2 more rows)
    """

    #: Kinds that are listed; of the others there is the number.
    SHOWN: ClassVar[int] = 10

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.kinds: dict[str, tuple[str, int]] = {}

    @contextmanager
    def noted(self, place: str) -> Iterator[None]:
        """Keep a StanceError that is raised within about this place."""
        try:
            yield
        except StanceError as error:
            problem = str(error).removeprefix(place)
            first, rows = self.kinds.get(problem, (place, 0))
            self.kinds[problem] = first, rows + 1

    def tell(self, hint: str = "") -> None:
        """Raise one StanceError about all that was kept, which ends in the hint; nothing where nothing was."""
        lines = [
            f"{place}{problem}" + (f" (and {rows - 1:,} more row{'s' * (rows > 2)})" if rows > 1 else "")
            for problem, (place, rows) in self.kinds.items()
        ]
        if len(lines) == 1:
            raise StanceError("; ".join([*lines, hint] if hint else lines))
        if lines:
            told = lines[: self.SHOWN]
            if len(lines) > self.SHOWN:
                told.append(f"and {len(lines) - self.SHOWN:,} more kinds of fault")
            rows = sum(rows for _, rows in self.kinds.values())
            told += [hint] if hint else []
            raise StanceError("\n  ".join([f"{self.path}: {rows:,} faulty rows", *told]))


def first_line(error: BaseException) -> str:
    """What a library's error says, without its further lines; its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def lacks_memory(error: BaseException) -> bool:
    """Whether memory was not to be had: Python, torch, oneDNN and ONNX Runtime say so each in their own way."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("memory" in said or "could not create a primitive" in said)
    )


@contextmanager
def content(place: str, problem: str) -> Iterator[None]:
    """In the block a file is read whose content may be anything: what that makes Python or a library say is told.

    A file of another form than it should have comes up as any of two dozen kinds of error. Those of the system that
    name a file which is there, and of memory that is not, stay what they are.

    Raises:
        StanceError: ``place: problem: what was said``.
    """
    try:
        yield
    except StanceError:
        raise
    except Exception as error:
        if lacks_memory(error):
            raise
        if isinstance(error, OSError) and error.filename and not isinstance(error, FileNotFoundError):
            raise
        said = first_line(error)
        kind = f"{type(error).__name__}: " if isinstance(error, LookupError | AttributeError | TypeError) else ""
        raise input_error(place, f"{problem}: {kind}{said}") from error


def line_of(path: str | Path, line: int) -> str:
    """The place of a line in a file, counted from 1, as error messages write it; in parquet and workbooks of a row."""
    return f"{path}, {'row' if str(path).lower().endswith(('.parquet', '.xlsx')) else 'line'} {line}"
