"""Sheets: one row a unit, annotators in columns or in files of their own; Amazon Mechanical Turk; MAXQDA's segments.

Every column is a field. Beside them: ``(file)``, the name of the file without suffix (who coded, where each coder has
a file), ``(folder)``, and ``(row)``, of several files with the name, and with the folders where two have one name.
Mechanical Turk: a rejected assignment is no judgement; what an answer means, and which way a scale runs, stands in the
task and not in the file. The sheets that MAXQDA, ATLAS.ti and NVivo give of coded segments are read likewise, whatever
the language of their headers.
"""

from collections import Counter
from collections.abc import Iterator

from stance.base.errors import input_error
from stance.data.imports.record import Opened, Record
from stance.data.imports.sheets import TABLES, sheet_rows

#: Where a field is if the mapping does not say.
DEFAULTS = {"id": "(row)"}
MTURK = {"id": "HITId", "annotator": "WorkerId", "document": "HITId"}

#: Names of a sheet's columns in the languages that MAXQDA writes, by what they are.
SEGMENTS = {
    "text": ("Segment", "Codiertes Segment", "Fragment", "Segmento", "Coded segments"),
    "label": ("Code", "Kod", "Código", "Codice"),
    "document": ("Document name", "Document", "Dokumentname", "Nazwa dokumentu", "Nombre del documento"),
    "annotator": ("Author", "Created by", "Autor", "Erstellt von", "Auteur", "Autore"),
}


def records(opened: Opened) -> Iterator[Record]:
    """The rows of every table of the export.

    Raises:
        StanceError: None of its files is a table, or one cannot be read.
    """
    tables = [piece for piece in opened.pieces if piece.suffix in TABLES]
    if not tables:
        found = [piece.name for piece in opened.pieces[:5]]
        raise input_error(opened.pieces[0].place, "no table among the files", found=found, allowed=TABLES)
    stems = Counter(piece.stem for piece in tables)
    for piece in tables:
        name = piece.stem if stems[piece.stem] == 1 else piece.name
        for number, (place, row) in enumerate(sheet_rows(piece, opened.options), start=1):
            key = f"{name}:{number}" if len(tables) > 1 else str(number)
            values = {"(row)": key, "(file)": piece.stem, "(folder)": piece.folder, **row}
            rejected = opened.tool == "mturk" and row.get("AssignmentStatus") == "Rejected"
            yield Record(place, values, reason="rejected assignment" if rejected else "", table=piece.place)
