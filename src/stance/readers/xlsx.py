"""The one sheet of an Excel workbook as rows of text."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from stance.errors import first_line, input_error
from stance.files import must_exist


def read_sheet(path: str | Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Place and named cells of each row under the header; a missing cell is empty, an empty row is passed over.

    Numbers are written as Python writes them, dates as ISO 8601; formulas give the value that Excel last computed.

    Raises:
        StanceError: Not a workbook, several sheets, no or a doubled header, a cell outside the columns.
    """
    path = must_exist(path)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise input_error(str(path), f"not an xlsx workbook: {first_line(error)}") from None
    try:
        if len(book.sheetnames) != 1:
            raise input_error(
                str(path), "not a workbook of one sheet", found=book.sheetnames, allowed="one sheet, or csv"
            )
        header: list[str] = []
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its size may be old
        for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
            place = f"{path}, row {number}"
            cells = ["" if value is None else str(value) for value in values]
            if not header:
                header = [*cells]
                while header and not header[-1]:
                    header.pop()
                if not header or not all(header) or len(set(header)) != len(header):
                    raise input_error(place, "no header, or a column stands twice in it", found=cells)
            elif any(cells[len(header) :]):
                found = [cell for cell in cells[len(header) :] if cell]
                raise input_error(place, "a cell in a column without a name", found=found, allowed=header)
            elif any(cells):
                yield place, dict(zip(header, [*cells, *[""] * len(header)], strict=False))
    finally:
        book.close()
