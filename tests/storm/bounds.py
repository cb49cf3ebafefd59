"""How much of the storm is run, and for how long: its tests share STORM_MINUTES, and say where that cut them."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator

import pytest

#: Kills of each command.
KILLS = int(os.environ.get("STORM_KILLS", "50"))

#: Inputs of each reader, importer or other thing that is fuzzed.
EXAMPLES = int(os.environ.get("STORM_EXAMPLES", "10000"))

#: Rows of the file that is scored.
ROWS = int(os.environ.get("STORM_ROWS", "400000"))

#: Minutes that all tests with kills, fuzz or rows may take together.
MINUTES = float(os.environ.get("STORM_MINUTES", "180"))

_END = time.monotonic() + 60 * MINUTES
_until = _END


@pytest.fixture(autouse=True)
def share(request: pytest.FixtureRequest) -> None:
    """Each test may take an equal part of the minutes that are left: what one does not need, the next ones have."""
    global _until
    items = request.session.items
    left = sum("share" in item.fixturenames for item in items[items.index(request.node) :])
    now = time.monotonic()
    _until = now + max(0.0, _END - now) / left


def in_time(number: int, what: str) -> Iterator[int]:
    """The numbers of so many tries, the first always, until the time of the test is over; then a warning says so."""
    for done in range(number):
        if done and time.monotonic() >= _until:
            warnings.warn(f"STORM_MINUTES were over after {done:,} of {number:,} {what}", stacklevel=2)
            return
        yield done


def seconds_left() -> float:
    """Of the test under way."""
    return _until - time.monotonic()
