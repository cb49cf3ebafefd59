"""Offsets in UTF-16 units, which JavaScript and Discourse Network Analyzer count: an emoji is two."""

from bisect import bisect_left
from collections.abc import Callable


def in_units(text: str) -> Callable[[int], int]:
    """A function from an offset in the text's characters to the one in UTF-16 units.

    >>> in_units("a😀b")(2)
    3
    """
    if text.isascii() or max(text) <= "\uffff":
        return lambda offset: offset
    wide = [place for place, character in enumerate(text) if character > "\uffff"]
    return lambda offset: offset + bisect_left(wide, offset)
