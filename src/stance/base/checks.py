"""Checks of configured values, each with the message that names the key."""

import math
from pathlib import Path

from stance.base.errors import input_error


def at_least(name: str, value: int, least: int) -> None:
    """Raise StanceError if the value is less."""
    if value < least:
        raise input_error(name, "too small", found=value, allowed=f"{least} or more")


def within(name: str, value: int, least: int, most: int) -> None:
    """Raise StanceError if the value is less or more."""
    if not least <= value <= most:
        problem = "too small" if value < least else "too large"
        raise input_error(name, problem, found=value, allowed=f"{least} to {most:,}")


def samples(name: str, value: int) -> None:
    """Raise StanceError if so many bootstrap samples say nothing, or fill the memory."""
    within(name, value, 10, 100_000)


def a_seed(name: str, value: int) -> None:
    """Raise StanceError if the value is no seed of every generator: 32 bits, without a sign."""
    if not 0 <= value < 2**32:
        raise input_error(name, "not a seed", found=value, allowed=f"0 to {2**32 - 1}")


def positive(name: str, value: float) -> None:
    """Raise StanceError if the value is not a number above 0."""
    if not 0 < value < math.inf:
        raise input_error(name, "too small" if value <= 0 else "no number", found=value, allowed="above 0")


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise StanceError if the value is not in the list."""
    if value not in allowed:
        raise input_error(name, "unknown value", found=value, allowed=allowed)


def a_name(key: str, value: str) -> None:
    """Refuse what is no name of a folder."""
    if not value or value.startswith(".") or any(mark in value for mark in "/\\"):
        raise input_error(key, "no name of a folder", found=value, allowed="a name without / and without a leading dot")


def another_file(key: str, output: str | None, *read: str | Path | None) -> None:
    """Raise StanceError if what is written would replace a file that is read."""
    if output is not None and Path(output).resolve() in {Path(path).resolve() for path in read if path is not None}:
        raise input_error(key, "the same file as the input", found=output, allowed="another file")
