"""Discourse Network Analyzer: the database (``.dna`` of DNA 2 and 3) and the table of statements that DNA 3 exports.

A record is a statement; its layer is the type of statement (of a table empty). Fields: every variable under its name,
``text``, ``statement_id``, ``unit`` (document and position: the same for two coders of one passage; ``id: unit`` makes
their statements judgements of one row), ``coder``, ``document_id``, ``document_title``, ``time``.

Positions count UTF-16 units; dates are seconds since 1970 in DNA 3, milliseconds in DNA 2.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from stance.base.errors import content, input_error
from stance.data.imports.pieces import Piece
from stance.data.imports.record import Opened, Record, plain
from stance.data.imports.sheets import sheet_rows
from stance.data.imports.text import Units, around

DEFAULTS = {"id": "statement_id", "text": "text", "holder": "organization", "target": "concept", "label": "agreement"}
DEFAULTS |= {"annotator": "coder", "document": "document_id", "date": "time"}

STATEMENTS = """
SELECT s.ID, t.ID, t.Label, s.Start, s.Stop, c.Name, d.ID, d.Title, date(d.Date / {unit}, 'unixepoch')
FROM STATEMENTS s JOIN DOCUMENTS d ON d.ID = s.DocumentId JOIN STATEMENTTYPES t ON t.ID = s.StatementTypeId
LEFT JOIN CODERS c ON c.ID = s.Coder ORDER BY d.ID, s.Start, s.ID
"""


class Statement(NamedTuple):
    """A statement of a database: its type, what DNA 3 exports of it, its variables, its document, and where it is."""

    place: str
    kind: tuple[int, str]
    about: dict[str, object]
    values: dict[str, object]
    units: Units
    at: tuple[int, int]


def records(opened: Opened) -> Iterator[Record]:
    """The statements.

    Raises:
        StanceError: Neither a database of DNA 2 or 3 nor a table.
    """
    for piece in opened.pieces:
        if piece.suffix == ".dna":
            with database(piece.place, piece) as file:
                names = {name: "" for name, *_ in file.execute("SELECT DISTINCT Variable FROM VARIABLES")}
                for place, (_, layer), about, values, units, at in statements(file, piece.place):
                    first, end = units.span(*at, place)
                    found = names | {"text": units.text[first:end]} | about | values
                    shown = {name: plain(value) for name, value in found.items()}
                    yield Record(place, {**around(units.text, first, end), **shown}, layer)
        else:
            for place, row in sheet_rows(piece, opened.options):
                unit = f"{row.get('document_id')}@{row.get('start_position')}-{row.get('stop_position')}"
                yield Record(f"{place}, statement {row.get('statement_id')}", {"unit": unit, **row})


@contextmanager
def database(place: str, piece: Piece | None = None) -> Iterator[sqlite3.Connection]:
    """A file of DNA, opened to be read; one in a zip, which has no place on the disk, in memory.

    Raises:
        StanceError: It is no database, or one of other tables, or in a zip and too large to be in memory.
    """
    packed = piece is not None and not Path(place).is_file()
    name = ":memory:" if packed else f"{Path(place).absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(name, uri=True)) as opened:
            if piece is not None and packed and piece.size:
                data = piece.read()
                # Bytes 18 and 19 say whether a log is to stand beside the file, which in memory none can.
                opened.deserialize(data[:18] + b"\1\1" + data[20:])
            kinds = {name: kind for _, name, kind, *_ in opened.execute("PRAGMA table_info(DATASHORTTEXT)")}
            if "VariableId" not in kinds or not ("Entity" in kinds or kinds.get("Value") == "TEXT"):
                raise input_error(place, "the tables are not those of DNA 2 or 3", found=kinds)
            with content(place, "a damaged database"):
                yield opened
    except (sqlite3.Error, UnicodeDecodeError) as error:
        allowed = "a database of DNA 2 or 3 (a file of DNA 1: open and save it there), or a table that DNA exported"
        raise input_error(place, f"not a readable database: {error}", allowed=allowed) from None


def statements(opened: sqlite3.Connection, place: str) -> Iterator[Statement]:
    """All statements, by document and position, which is yet to be checked."""
    entities = any(name == "Entity" for _, name, *_ in opened.execute("PRAGMA table_info(DATASHORTTEXT)"))
    names = dict(opened.execute("SELECT ID, Variable FROM VARIABLES"))
    values: dict[int, dict[str, object]] = defaultdict(dict)
    short = "SELECT StatementId, s.VariableId, e.Value FROM DATASHORTTEXT s JOIN ENTITIES e ON e.ID = s.Entity"
    tables = ["DATABOOLEAN", "DATAINTEGER", "DATALONGTEXT", *([] if entities else ["DATASHORTTEXT"])]
    queries = [f"SELECT StatementId, VariableId, Value FROM {table}" for table in tables]
    for query in [*([short] if entities else []), *queries]:  # short texts are entities of their own in DNA 3
        for statement, variable, value in opened.execute(query):
            values[statement][names[variable]] = value
    units, last = Units(""), None
    for number, *kind, start, stop, coder, document, title, date in opened.execute(
        STATEMENTS.format(unit=1 if entities else 1000)
    ):
        here = f"{place}, statement {number}"
        if document != last:
            (words,) = opened.execute("SELECT Text FROM DOCUMENTS WHERE ID = ?", [document]).fetchone()
            units, last = Units(words), document
        about = {"statement_id": number, "coder": coder, "document_id": document, "document_title": title, "time": date}
        about["unit"] = f"{document}@{start}-{stop}"
        yield Statement(here, (kind[0], kind[1]), about, values[number], units, (start, stop))
