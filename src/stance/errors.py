"""The one kind of error that a user can mend, and where it happened."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


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


def first_line(error: BaseException) -> str:
    """What a library's error says, without its further lines; its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def line_of(path: str | Path, line: int) -> str:
    """The place of a line in a file, counted from 1, as error messages write it."""
    return f"{path}, line {line}"
