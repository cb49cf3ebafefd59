"""Tables that people open in a spreadsheet, where a cell may be taken for a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from stance.base.files import write_beside
from stance.base.tables import csv_writer

#: A cell that begins so is computed by Excel, LibreOffice or Google Sheets, or may be once a blank is lost.
FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")


def inert(cell: object) -> object:
    """The cell as no spreadsheet computes it: a space stands before a text that begins with ``= + - @`` or the like.

    The readers of this project take space around a cell away, so that the text comes back as it was, which an
    apostrophe would not allow. Numbers stay numbers, also those below 0.

    Source: OWASP, CSV Injection.
    """
    return f" {cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """A csv in UTF-8 with a header and inert cells, written beside and renamed; the path again."""
    with write_beside(path) as temporary, temporary.open("w", encoding="utf-8", newline="", errors="replace") as text:
        writer = csv_writer(text)
        writer.writerow([inert(column) for column in columns])
        writer.writerows([inert(cell) for cell in row] for row in rows)
    return path
