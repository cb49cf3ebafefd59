"""Tables that people open in a spreadsheet, where a cell may be taken for a formula."""

import csv
import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TextIO

from stance.base.files import write_beside

#: A cell that begins so is computed by Excel, LibreOffice or Google Sheets, or may be once a blank is lost; in some
#: countries also in full width. A number stays one, whatever its sign. The page of a map has the same pattern.
FORMULA = re.compile(r"(?![+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$)[=+\-@\t\r\n＝＋－＠]")


def inert(cell: object) -> object:
    """The cell as no spreadsheet computes it: a space stands before a text that would be a formula.

    The readers of this project take space around a cell away, so that the text comes back as it was, which an
    apostrophe would not allow.

    >>> inert("=1+1"), inert("-1.5"), inert("They said no.")
    (' =1+1', '-1.5', 'They said no.')

    Source: OWASP, CSV Injection.
    """
    return f" {cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


class _UnixEnds:
    """What a csv writer writes to, with a line feed in the place of each row's carriage return and line feed."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, row: str) -> None:
        self.stream.write(row[:-2] + "\n")


def csv_writer(stream: TextIO, delimiter: str = ",", *, all_quoted: bool = False) -> Any:  # noqa: ANN401 - unnamed
    """A writer of rows that end in a line feed.

    A cell with a carriage return is quoted, which Python's own writer leaves out (before 3.12) unless rows end in one.
    """
    quoting: Literal[0, 1] = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    return csv.writer(_UnixEnds(stream), delimiter=delimiter, quoting=quoting, lineterminator="\r\n")


def write_table(
    path: str | Path,
    columns: Sequence[str],
    rows: Iterable[Iterable[object]],
    *,
    safe: bool = True,
    encoding: str = "utf-8",
    delimiter: str = ",",
    all_quoted: bool = False,
) -> None:
    """A csv with a header, written beside and renamed; its cells are inert unless it is not ``safe``."""
    with write_beside(path) as temporary, temporary.open("w", encoding=encoding, newline="", errors="replace") as text:
        writer = csv_writer(text, delimiter, all_quoted=all_quoted)
        writer.writerows(map(inert, row) if safe else row for row in itertools.chain([columns], rows))
