"""Discourse Network Analyzer: the database (``.dna`` of DNA 2 and 3) and the table of statements that DNA 3 exports.

A record is a statement; its layer is the type of statement (of a table empty). Fields: every variable under its name,
``text``, ``statement_id``, ``unit`` (document and position: the same for two coders of one passage; ``id: unit`` makes
their statements judgements of one row), ``coder``, ``document_id``, ``document_title``, ``time``.

Positions count UTF-16 units; dates are seconds since 1970 in DNA 3, milliseconds in DNA 2.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from stance.base.errors import input_error
from stance.data.imports.pieces import Piece
from stance.data.imports.record import Opened, Record, plain
from stance.data.imports.sheets import sheet_rows
from stance.data.imports.text import Units, around

DEFAULTS = {"id": "statement_id", "text": "text", "holder": "organization", "target": "concept", "label": "agreement"}
DEFAULTS |= {"annotator": "coder", "document": "document_id", "date": "time"}

STATEMENTS = """
SELECT s.ID, t.Label, s.Start, s.Stop, c.Name, d.ID, d.Title, date(d.Date / {unit}, 'unixepoch')
FROM STATEMENTS s JOIN DOCUMENTS d ON d.ID = s.DocumentId JOIN STATEMENTTYPES t ON t.ID = s.StatementTypeId
LEFT JOIN CODERS c ON c.ID = s.Coder ORDER BY d.ID, s.Start, s.ID
"""


def records(opened: Opened) -> Iterator[Record]:
    """The statements.

    Raises:
        StanceError: Neither a database of DNA 2 or 3 nor a table.
    """
    for piece in opened.pieces:
        if piece.suffix == ".dna":
            yield from _database(piece)
        else:
            for place, row in sheet_rows(piece, opened.options):
                unit = f"{row.get('document_id')}@{row.get('start_position')}-{row.get('stop_position')}"
                yield Record(f"{place}, statement {row.get('statement_id')}", {"unit": unit, **row})


def _database(piece: Piece) -> Iterator[Record]:
    try:
        with closing(sqlite3.connect(f"{Path(piece.place).absolute().as_uri()}?mode=ro", uri=True)) as database:
            kinds = {name: kind for _, name, kind, *_ in database.execute("PRAGMA table_info(DATASHORTTEXT)")}
            entities = "Entity" in kinds
            if not entities and kinds.get("Value") != "TEXT":
                raise input_error(piece.place, "the tables are not those of DNA 2 or 3", found=kinds)
            values = _values(database, entities)
            names = {variable: "" for variable, *_ in database.execute("SELECT DISTINCT Variable FROM VARIABLES")}
            text, last = Units(""), None
            for row in database.execute(STATEMENTS.format(unit=1 if entities else 1000)):
                statement, layer, start, stop, coder, document, title, date = row
                place = f"{piece.place}, statement {statement}"
                if document != last:
                    (words,) = database.execute("SELECT Text FROM DOCUMENTS WHERE ID = ?", [document]).fetchone()
                    text, last = Units(words), document
                first, end = text.span(start, stop, place)
                known = {"statement_id": statement, "coder": coder, "document_id": document, "document_title": title}
                found = {**names, **{name: plain(value) for name, value in (known | {"time": date}).items()}}
                found |= {"unit": f"{document}@{start}-{stop}", "text": text.text[first:end], **values[statement]}
                yield Record(place, {**around(text.text, first, end), **found}, layer)
    except sqlite3.Error as error:
        allowed = "a database of DNA 2 or 3; a file of DNA 1 must be opened and saved by DNA 2 before"
        raise input_error(piece.place, f"not a readable database: {error}", allowed=allowed) from None


def _values(database: sqlite3.Connection, entities: bool) -> dict[int, dict[str, str]]:
    """The variables of each statement; short texts are entities of their own in DNA 3."""
    names = dict(database.execute("SELECT ID, Variable FROM VARIABLES"))
    values: dict[int, dict[str, str]] = defaultdict(dict)
    short = "SELECT StatementId, s.VariableId, e.Value FROM DATASHORTTEXT s JOIN ENTITIES e ON e.ID = s.Entity"
    tables = ["DATABOOLEAN", "DATAINTEGER", "DATALONGTEXT", *([] if entities else ["DATASHORTTEXT"])]
    queries = [f"SELECT StatementId, VariableId, Value FROM {table}" for table in tables]
    for query in [*([short] if entities else []), *queries]:
        for statement, variable, value in database.execute(query):
            values[statement][names[variable]] = plain(value)
    return values
