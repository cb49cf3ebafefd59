"""The one sheet of an Excel workbook as rows of text, read from its XML: all that a table of judgements needs.

Source of the format: ECMA-376, Office Open XML, part 1, 18 (SpreadsheetML).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from stance.errors import first_line, input_error
from stance.files import must_exist

#: Before every name of an element.
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

SHARED = "xl/sharedStrings.xml"


def read_sheet(path: str | Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Place and named cells of each row under the header; a missing cell is empty, an empty row is passed over.

    Numbers and dates are the text that the file has for them (a date that Excel formats is a number of days).

    Raises:
        StanceError: Not a workbook, several sheets, no or a doubled header, a cell outside the columns.
    """
    path = must_exist(path)
    try:
        with zipfile.ZipFile(path) as book:
            sheets = [name for name in book.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)]
            if len(sheets) != 1:
                raise input_error(str(path), "not a workbook of one sheet", found=sheets, allowed="one sheet, or csv")
            strings = ElementTree.fromstring(book.read(SHARED)) if SHARED in book.namelist() else ()
            shared = [_string(item) for item in strings]
            sheet = ElementTree.fromstring(book.read(sheets[0]))
    except (zipfile.BadZipFile, ElementTree.ParseError) as error:
        raise input_error(str(path), f"not an xlsx workbook: {first_line(error)}") from None
    header: dict[str, str] = {}
    for number, row in enumerate(sheet.iter(f"{MAIN}row"), start=1):
        place = f"{path}, row {row.get('r', number)}"
        cells = {_column(cell): text for cell in row.iter(f"{MAIN}c") if (text := _cell(cell, shared))}
        if not header:
            header = cells
            if len(set(cells.values())) != len(cells) or not cells:
                raise input_error(place, "no header, or a column stands twice in it", found=list(cells.values()))
        elif unnamed := sorted(set(cells) - set(header)):
            raise input_error(place, "a cell in a column without a name", found=unnamed, allowed=list(header.values()))
        elif cells:
            yield place, {name: cells.get(column, "") for column, name in header.items()}


def _column(cell: ElementTree.Element) -> str:
    """The letters of a cell's place, e.g. AB of AB12."""
    return cell.get("r", "").rstrip("0123456789")


def _cell(cell: ElementTree.Element, shared: Sequence[str]) -> str:
    inline, value = cell.find(f"{MAIN}is"), cell.findtext(f"{MAIN}v", "")
    if inline is not None:
        return _string(inline)
    return shared[int(value)] if cell.get("t") == "s" and value else value


def _string(item: ElementTree.Element) -> str:
    """The text of a string, whole or in formatted runs; reading aids for East Asian scripts are no part of it."""
    return "".join(part.text or "" for part in (*item.findall(f"{MAIN}t"), *item.findall(f"{MAIN}r/{MAIN}t")))
