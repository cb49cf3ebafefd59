"""Exports of any size are read record by record, in memory that does not grow; what must be whole has a limit."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
import zipfile

import pytest

from stance.base.errors import StanceError
from stance.data.imports.pieces import LARGEST
from stance.data.imports.tools import open_export, records_of

#: Bytes of text that a composed export holds, and by how much memory may grow beyond what its first record took.
SIZE, GROWTH = 50 * 2**20, 24 * 2**20

WORDS = "The guild of the town spoke for long about the ferry and its price. It backs the plan to build one. "
TEXT = WORDS * 20
DOCUMENTS = SIZE // len(TEXT)
SPAN = [TEXT.index("backs"), TEXT.index("backs") + 5]


def as_lines(path, rows):
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def as_list(path, rows):
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number, row in enumerate(rows):
            file.write(",\n" * bool(number) + json.dumps(row))
        file.write("]")
    return path


def as_csv(path, header, rows, mark=","):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=mark, quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def label_studio(folder):
    value = {"start": SPAN[0], "end": SPAN[1], "text": "backs", "labels": ["for"]}
    result = {"id": "r", "type": "labels", "from_name": "stance", "to_name": "text", "value": value}
    made = ({"id": 1, "completed_by": 1, "result": [result], "created_at": "2024"} for _ in range(DOCUMENTS))
    tasks = ({"id": n, "data": {"text": TEXT}, "annotations": [a]} for n, a in enumerate(made))
    return as_list(folder / "export.json", tasks)


def label_studio_csv(folder):
    header = ["text", "id", "stance", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"]
    rows = ([TEXT, n, "for", 1, n, "2024", "2024", 3.5] for n in range(DOCUMENTS))
    return as_csv(folder / "export.csv", header, rows)


def table(folder):
    return as_csv(folder / "codes.csv", ["id", "text", "Ana"], ([n, TEXT, "for"] for n in range(DOCUMENTS)))


def dna(folder):
    header = ["statement_id", "time", "organization", "concept", "agreement", "start_position", "stop_position", "text"]
    rows = ([n, "2020-01-01 00:00:00", "guild", "ferry", 1, 0, 9, TEXT] for n in range(DOCUMENTS))
    return as_csv(folder / "statements.csv", header, rows, ";")


def dna_database(folder):
    with sqlite3.connect(folder / "project.dna") as database:
        database.executescript("""
            CREATE TABLE CODERS(ID, Name); INSERT INTO CODERS VALUES (1, 'Ana');
            CREATE TABLE DOCUMENTS(ID INTEGER PRIMARY KEY, Title, Text, Date);
            CREATE TABLE STATEMENTTYPES(ID, Label); INSERT INTO STATEMENTTYPES VALUES (1, 'DNA Statement');
            CREATE TABLE VARIABLES(ID, Variable, StatementTypeId); INSERT INTO VARIABLES VALUES (1, 'agreement', 1);
            CREATE TABLE STATEMENTS(ID, StatementTypeId, DocumentId, Start, Stop, Coder);
            CREATE TABLE DATABOOLEAN(StatementId, VariableId, Value); CREATE TABLE ENTITIES(ID, Value);
            CREATE TABLE DATAINTEGER(StatementId, VariableId, Value);
            CREATE TABLE DATALONGTEXT(StatementId, VariableId, Value);
            CREATE TABLE DATASHORTTEXT(StatementId, VariableId, Entity INTEGER);
        """)
        for n in range(DOCUMENTS):
            database.execute("INSERT INTO DOCUMENTS VALUES (?, 'Report', ?, 0)", [n, TEXT])
            database.execute("INSERT INTO STATEMENTS VALUES (?, 1, ?, ?, ?, 1)", [n, n, *SPAN])
            database.execute("INSERT INTO DATABOOLEAN VALUES (?, 1, 1)", [n])
    return folder / "project.dna"


def doccano(folder):
    return as_lines(
        folder / "ana.jsonl", ({"id": n, "text": TEXT, "label": [[*SPAN, "for"]]} for n in range(DOCUMENTS))
    )


def prodigy(folder):
    span = {"start": SPAN[0], "end": SPAN[1], "label": "for"}
    line = {"text": TEXT, "_input_hash": 1, "_view_id": "ner_manual", "answer": "accept", "spans": [span]}
    return as_lines(folder / "out.jsonl", ({**line, "_task_hash": n} for n in range(DOCUMENTS)))


def argilla(folder):
    answer = {"stance": [{"value": "for", "user_id": "u", "status": "submitted"}]}
    record = {"fields": {"text": TEXT}, "metadata": {}, "status": "completed", "responses": answer, "suggestions": {}}
    return as_list(folder / "records.json", ({"id": str(n), **record} for n in range(DOCUMENTS)))


QDE = """<Project xmlns="urn:QDA-XML:project:1.0" origin="x"><Users><User guid="u" name="Ana"/></Users>
<CodeBook><Codes><Code guid="c" name="for" isCodable="true"/></Codes></CodeBook><Sources>"""
SELECTION = f"""<PlainTextSelection guid="s" startPosition="{SPAN[0]}" endPosition="{SPAN[1]}" name="backs">
<Coding guid="k" creatingUser="u"><CodeRef targetGUID="c"/></Coding></PlainTextSelection></TextSource>"""


def refi_qda(folder):
    with (folder / "project.qde").open("w", encoding="utf-8") as file:
        file.write(QDE)
        for n in range(DOCUMENTS):
            content = f"<PlainTextContent>{TEXT}</PlainTextContent>"
            file.write(f'<TextSource guid="t{n}" name="d{n}">{content}{SELECTION}')
        file.write("</Sources></Project>")
    return folder / "project.qde"


def refi_qda_zip(folder):
    with zipfile.ZipFile(folder / "project.qdpx", "w") as archive:
        sources = [f'<TextSource guid="t{n}" name="d{n}" plainTextPath="internal://{n}.txt">' for n in range(DOCUMENTS)]
        archive.writestr(
            "project.qde", QDE + "".join(source + SELECTION for source in sources) + "</Sources></Project>"
        )
        for n in range(DOCUMENTS):
            archive.writestr(f"sources/{n}.txt", TEXT)
    return folder / "project.qdpx"


def brat(folder):
    for n in range(DOCUMENTS // 10):
        (folder / f"{n}.txt").write_text(TEXT * 10)
        (folder / f"{n}.ann").write_text(f"T1\tfor {SPAN[0]} {SPAN[1]}\tbacks\n" * 10)
    return folder


def webanno(folder):
    head = "#FORMAT=WebAnno TSV 3.3\n#T_SP=custom.Stance|pole\n\n\n"
    tokens = (f"1-{n}\t{4 * n}-{4 * n + 3}\tbut\t{'_' if n % 100 else 'for'}\n" for n in range(1, 1001))
    words = "".join(tokens)
    for n in range(SIZE // len(words)):
        (folder / f"d{n}").mkdir()
        (folder / f"d{n}" / "ana.tsv").write_text(f"{head}#Text={'but ' * 1000}\n{words}")
    return folder


COUNT = """
import resource, sys
from stance.data.imports.tools import open_export, records_of
opened = open_export(sys.argv[1])
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
first = found = 0
for record in records_of(opened):
    found += not record.reason
    first = first or peak()
print(opened.tool, found, peak() - first)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("compose", "tool", "records"),
    [
        (label_studio, "label-studio", DOCUMENTS),
        (label_studio_csv, "label-studio", DOCUMENTS),
        (table, "table", DOCUMENTS),
        (dna, "dna", DOCUMENTS),
        (dna_database, "dna", DOCUMENTS),
        (doccano, "doccano", DOCUMENTS),
        (prodigy, "prodigy", DOCUMENTS),
        (argilla, "argilla", DOCUMENTS),
        (refi_qda, "refi-qda", DOCUMENTS),
        (refi_qda_zip, "refi-qda", DOCUMENTS),
        (brat, "brat", DOCUMENTS // 10),
        (webanno, "inception", None),
    ],
)
def test_memory_does_not_grow_with_the_export(tmp_path, compose, tool, records):
    path = compose(tmp_path)
    done = subprocess.run([sys.executable, "-c", COUNT, str(path)], capture_output=True, text=True, check=True)
    known, found, growth = done.stdout.split()
    assert known == tool and int(found) == (records or int(found)) and int(growth) < GROWTH, done.stdout


#: The head by which the tool is known, of files that must be in memory as a whole.
WHOLE = {
    "doc.xmi": b'<?xml version="1.0"?><xmi:XMI xmlns:xmi="http://www.omg.org/XMI">',
    "doc.json": b'{"%TYPES": {}, ',
    "doc.tsv": b"#FORMAT=WebAnno TSV 3.3\n",
    "doc.ann": b"T1\tfor 0 5\tbacks\n",
    "doc.xlsx": b"PK\x03\x04",
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_document_that_must_be_whole_is_refused_above_a_limit(tmp_path, name):
    """The files are sparse: they have a gigabyte and take no room."""
    path = tmp_path / name
    path.write_bytes(WHOLE[name])
    (tmp_path / "TypeSystem.xml").write_text("<typeSystemDescription/>")
    os.truncate(path, 2**30)
    with pytest.raises(StanceError, match=rf"{name}: too large.*found '1024 MB'; allowed"):
        list(records_of(open_export(tmp_path if name == "doc.xmi" else path)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["long.jsonl", "long.csv"])
def test_a_line_without_end_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b'{"text": "' if name == "long.jsonl" else b'id,text\n1,"')
    os.truncate(path, LARGEST + 2**20)
    with pytest.raises(StanceError, match=r"line [12]: the line does not end within 256 MB"):
        list(records_of(open_export(path, tool="doccano" if name == "long.jsonl" else "table")))
