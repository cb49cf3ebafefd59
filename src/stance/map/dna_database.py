"""The statements as a database of Discourse Network Analyzer 3 (``.dna``), which DNA and rDNA open.

DNA itself reads no csv: its importer takes documents and statements from another database only. Tables and columns are
those that DNA 3.0.7 writes, compared with the sample database of its repository. Each statement is a *DNA Statement*
with person (empty), organization (the actor), concept (the proposal) and agreement (favor 1, against 0). Positions
count UTF-16 units, dates are seconds since 1970. DNA demands a date: documents without one have 1970-01-01, and say so
in their notes. The coder is *Admin*, with the password of ``PASSWORD``, hashed as DNA does (StrongPasswordEncryptor of
jasypt: SHA-256, 100,000 rounds, a salt of 16 bytes).

Source: github.com/leifeld/dna, ``export/Exporter.java``, ``gui/Importer.java`` and ``sample/sample.dna``.
"""

import hashlib
import os
import sqlite3
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from stance.base.files import write_beside
from stance.map.dates import first_day
from stance.map.types import Document, Evidence, StanceMap
from stance.map.units import in_units

#: What DNA asks for when the file is opened.
PASSWORD = "stance"

#: Characters that DNA takes in a name, a title or a source.
_LONGEST = 190

_ID = "ID INTEGER NOT NULL PRIMARY KEY"
_COLOUR = "Red INTEGER NOT NULL DEFAULT 0, Green INTEGER NOT NULL DEFAULT 0, Blue INTEGER NOT NULL DEFAULT 0"
_MAY = (
    *("AddDocuments", "EditDocuments", "DeleteDocuments", "ImportDocuments", "AddStatements", "EditStatements"),
    *("DeleteStatements", "EditAttributes", "EditRegex", "EditStatementTypes", "EditCoders", "EditCoderRelations"),
    *("ViewOthersDocuments", "EditOthersDocuments", "ViewOthersStatements", "EditOthersStatements"),
)

_MAY_OF_OTHERS = ("viewStatements", "editStatements", "viewDocuments", "editDocuments")


def _to(column: str, table: str) -> str:
    return f"{column} INTEGER REFERENCES {table}(ID) ON DELETE CASCADE"


def _data(value: str) -> str:
    keys = f"{_to('StatementId', 'STATEMENTS')}, {_to('VariableId', 'VARIABLES')}"
    return f"{_ID}, {keys}, {value}, UNIQUE (StatementId, VariableId)"


_TABLES = {
    "SETTINGS": "Property TEXT PRIMARY KEY, Value TEXT NOT NULL",
    "CODERS": f"{_ID}, Name TEXT NOT NULL, {_COLOUR}, Refresh INTEGER NOT NULL DEFAULT 0, FontSize INTEGER NOT NULL "
    "DEFAULT 14, Password TEXT NOT NULL, PopupWidth INTEGER DEFAULT 300, ColorByCoder INTEGER NOT NULL DEFAULT 0, "
    "PopupDecoration INTEGER NOT NULL DEFAULT 0, PopupAutoComplete INTEGER NOT NULL DEFAULT 1, "
    + ", ".join(f"Permission{each} INTEGER NOT NULL DEFAULT 1" for each in _MAY),
    "DOCUMENTS": f"{_ID}, Title TEXT NOT NULL, Text TEXT NOT NULL, {_to('Coder', 'CODERS')}, Author TEXT NOT NULL "
    "DEFAULT '', Source TEXT NOT NULL DEFAULT '', Section TEXT NOT NULL DEFAULT '', Notes TEXT NOT NULL DEFAULT '', "
    "Type TEXT NOT NULL DEFAULT '', Date INTEGER NOT NULL",
    "STATEMENTTYPES": f"{_ID}, Label TEXT NOT NULL, {_COLOUR}",
    "VARIABLES": f"{_ID}, Variable TEXT NOT NULL, DataType TEXT NOT NULL DEFAULT 'short text', "
    f"{_to('StatementTypeId', 'STATEMENTTYPES')}, UNIQUE (Variable, StatementTypeId)",
    "VARIABLELINKS": f"{_ID}, {_to('SourceVariableId', 'VARIABLES')}, {_to('TargetVariableId', 'VARIABLES')}",
    "REGEXES": f"Label TEXT PRIMARY KEY, {_COLOUR}",
    "CODERRELATIONS": f"{_ID}, {_to('Coder', 'CODERS')}, {_to('OtherCoder', 'CODERS')}, "
    + ", ".join(f"{each} INTEGER NOT NULL DEFAULT 1" for each in _MAY_OF_OTHERS),
    "STATEMENTS": f"{_ID}, {_to('StatementTypeId', 'STATEMENTTYPES')}, {_to('DocumentId', 'DOCUMENTS')}, Start INTEGER "
    f"NOT NULL, Stop INTEGER NOT NULL, {_to('Coder', 'CODERS')}, CHECK (Start < Stop)",
    "DATABOOLEAN": _data("Value INTEGER NOT NULL DEFAULT 1"),
    "DATAINTEGER": _data("Value INTEGER NOT NULL DEFAULT 0"),
    "ENTITIES": f"{_ID}, {_to('VariableId', 'VARIABLES')}, Value TEXT NOT NULL DEFAULT '', Red INTEGER, Green INTEGER, "
    f"Blue INTEGER, {_to('ChildOf', 'ENTITIES')}, UNIQUE (VariableId, Value)",
    "DATASHORTTEXT": _data(_to("Entity", "ENTITIES")),
    "DATALONGTEXT": _data("Value TEXT DEFAULT ''"),
    "ATTRIBUTEVARIABLES": f"{_ID}, {_to('VariableId', 'VARIABLES')}, AttributeVariable TEXT NOT NULL, "
    "UNIQUE (VariableId, AttributeVariable)",
    "ATTRIBUTEVALUES": f"{_ID}, {_to('EntityId', 'ENTITIES')}, {_to('AttributeVariableId', 'ATTRIBUTEVARIABLES')}, "
    "AttributeValue TEXT NOT NULL DEFAULT '', UNIQUE (EntityId, AttributeVariableId)",
}

_PERSON, _ORGANIZATION, _CONCEPT, _AGREEMENT = 1, 2, 3, 4


def write_database(stance_map: StanceMap, path: Path) -> Path:
    """Write the statements that are for or against, with the documents they stand in; the file's path."""
    names = [actor.name for actor in stance_map.actors], [row.proposal for row in stance_map.proposals]
    values = [(_PERSON, ""), (_ORGANIZATION, ""), (_CONCEPT, "")]
    values += [(_ORGANIZATION, name) for name in names[0]] + [(_CONCEPT, name) for name in names[1]]
    entities = {key: number for number, key in enumerate(values, start=1)}
    with write_beside(path) as temporary:
        temporary.unlink(missing_ok=True)
        with closing(sqlite3.connect(temporary)) as database, database:
            for table, columns in _TABLES.items():
                database.execute(f"CREATE TABLE {table}({columns})")
            _definitions(database)
            _insert(database, "ENTITIES(ID, VariableId, Value, Red, Green, Blue)", _entities(entities))
            _insert(
                database, "DOCUMENTS(ID, Title, Text, Coder, Source, Notes, Date)", _documents(stance_map.documents)
            )
            _statements(database, stance_map, entities)
    return path


def _definitions(database: sqlite3.Connection) -> None:
    """What DNA has in each new database: its version, the administrator, the type of statement with its variables."""
    salt = os.urandom(16)
    digest = hashlib.sha256(salt + PASSWORD.encode()).digest()
    for _ in range(99_999):
        digest = hashlib.sha256(digest).digest()
    settings = [("version", "3.0.7"), ("date", "2022-06-10")]
    _insert(database, "SETTINGS(Property, Value)", settings)
    coder = (1, "Admin", 255, 255, 0, b64encode(salt + digest).decode())
    _insert(database, "CODERS(ID, Name, Red, Green, Blue, Password)", [coder])
    _insert(database, "STATEMENTTYPES(ID, Label, Red, Green, Blue)", [(1, "DNA Statement", 239, 208, 51)])
    kinds = [(_PERSON, "person"), (_ORGANIZATION, "organization"), (_CONCEPT, "concept")]
    variables = [*((number, name, "short text", 1) for number, name in kinds), (_AGREEMENT, "agreement", "boolean", 1)]
    _insert(database, "VARIABLES(ID, Variable, DataType, StatementTypeId)", variables)


def _entities(entities: dict[tuple[int, str], int]) -> Iterator[tuple[object, ...]]:
    """Names, cut where they are too long for DNA; one that is then another's has its number behind it."""
    taken: set[tuple[int, str]] = set()
    for (variable, name), number in entities.items():
        short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
        if (variable, short) in taken:
            short = f"{name[: _LONGEST - 8]}… {number}"
        taken.add((variable, short))
        yield number, variable, short, 0, 0, 0


def _documents(documents: Iterable[Document]) -> Iterator[tuple[object, ...]]:
    for number, document in enumerate(documents, start=1):
        day = first_day(document.date or "1970")
        seconds = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        title, source = (document.title or document.id)[:_LONGEST], document.source[:_LONGEST]
        yield number, title, document.text, 1, source, "" if document.date else "The date is not known.", seconds


def statements(stance_map: StanceMap) -> Iterator[tuple[Evidence, int, int, int]]:
    """Each statement that is for or against, the number of its document (from 1), and where it starts and stops."""
    numbers = {document.id: number for number, document in enumerate(stance_map.documents, start=1)}
    units = {document.id: in_units(document.text) for document in stance_map.documents}
    for row in stance_map.evidence:
        if row.label != "neutral":
            yield row, numbers[row.document], units[row.document](row.start), units[row.document](row.end)


def _statements(database: sqlite3.Connection, stance_map: StanceMap, entities: dict[tuple[int, str], int]) -> None:
    for number, (row, *place) in enumerate(statements(stance_map), start=1):
        about = (number, 1, *place, 1)
        _insert(database, "STATEMENTS(ID, StatementTypeId, DocumentId, Start, Stop, Coder)", [about])
        said = ((_PERSON, ""), (_ORGANIZATION, row.actor), (_CONCEPT, row.proposal))
        texts = [(number, key[0], entities[key]) for key in said]
        _insert(database, "DATASHORTTEXT(StatementId, VariableId, Entity)", texts)
        _insert(
            database, "DATABOOLEAN(StatementId, VariableId, Value)", [(number, _AGREEMENT, int(row.label == "favor"))]
        )


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Insert rows; half a pair of characters, which no file of UTF-8 can hold, becomes a question mark."""

    def clean(value: object) -> object:
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

    marks = ", ".join("?" * (table.count(",") + 1))
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", (tuple(map(clean, row)) for row in rows))
