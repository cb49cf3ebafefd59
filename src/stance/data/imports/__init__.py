"""Exports of annotation tools become rows by a mapping (``data=import``); see docs/annotate.md."""

from stance.data.imports.judge import MAY_BE_EMPTY, Rows, rows_of
from stance.data.imports.mapping import ImportMapping, read_mapping, to_mapping
from stance.data.imports.record import Opened, Record
from stance.data.imports.tools import TOOLS, open_export, records_of

__all__ = [
    "MAY_BE_EMPTY",
    "TOOLS",
    "ImportMapping",
    "Opened",
    "Record",
    "Rows",
    "open_export",
    "read_mapping",
    "records_of",
    "rows_of",
    "to_mapping",
]
