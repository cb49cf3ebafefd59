"""Discourse Network Analyzer: your own .dna file, or the table of statements exported from it.

``python scripts/build_dataset.py data=dna data.path=FILE.dna data.name=NAME split=document``

In DNA (Leifeld, github.com/leifeld/dna) a statement is a span of a document with variables, as a rule person,
organization, concept and agreement. Here the span is the text, the concept the target, the organization the holder,
agreement 1 / 0 is favor / against (DNA knows no neutral), the coder is the annotator, the document the document. Which
variable is which, the configuration says: ``data.columns.holder=person``, ``data.columns.target="policy solution"``,
``data.columns.label=stance``; how it is spelled, ``data.labels``, e.g. for a scale of -1, 0, 1
``'data.labels={favor: [1], neutral: [0], against: [-1]}'``. A statement without a holder is read as the author's.

A file of DNA 3 or DNA 2 is the SQLite database as it is; one of DNA 1 (XML) must be opened and saved by DNA 2 before.
Statements are read of every type that has all three variables; those of others (annotations, notes) are left out. An
export is read as ``table`` reads a table, and from an xlsx of one sheet too: csv, tsv, jsonl, parquet, with the column
names of DNA 3 (statement_id, text, coder, document_title, time and the variables), or others by ``data.columns``.

Quirks handled: positions count UTF-16 units, as Java does, not characters; dates are seconds since 1970 in DNA 3,
milliseconds in DNA 2. A file is not verified unless ``data.verify=true``, as ``data=dna_sample`` and
``data=dna_hansard`` set it for two published ones, no parts of this project:

- ``sample.dna``: the sample of the software, 40 statements (29 / 11) in 7 testimonies before the US Congress on
  emissions, 6 concepts. No licence of its own is stated (the software has GPL-3). A smoke test, not a corpus.
- ``MANUALLY_ANNOTATED_DATA.xlsx``: Tunmore (2025), MSc project, University of Manchester: 862 statements (398 / 464)
  of 131 persons in 7 debates of the UK Parliament on labour law, 21 concepts. No licence is stated for the data;
  Hansard has the Open Parliament Licence. Its authors kept agreement out of their models since coders were
  inconsistent, and one person coded each debate. Concepts are codes (ECONOMIC, JUST), not phrases, and document_id is
  unique within an annotator only: the title is the document. One debate holds 543 statements and is whole in one part
  with ``split=document``. time_export is when it was coded, which is no date of the document.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from stance.base.annotations import Corpus
from stance.base.errors import input_error
from stance.base.lines import PLAIN, Manner, Row
from stance.base.names import READABLE, must_exist
from stance.base.rows import read_rows
from stance.data.columns import Columns, Gaps
from stance.data.corpora.checksums import verified
from stance.data.imports.dna import database, statements
from stance.data.info import CorpusInfo
from stance.data.table import corpus_of_rows, repeated, tell_repeated

#: Name -> SHA-256 of the published files.
PUBLISHED: Mapping[str, str] = {
    "sample.dna": "a04d209c561ebe77f721b668576df1c1dd6f29263b658e3636dfe191abbe01c3",
    "MANUALLY_ANNOTATED_DATA.xlsx": "ce297888857add3a6cc3eab947087160f2e6887f4e7bccdebb4f577af69699c5",
}


def read(
    path: str | Path,
    columns: Columns,
    *,
    label_map: Mapping[str, str],
    leave_out: Collection[str | None] = (),
    encoding: str = "utf-8",
    manner: Manner = PLAIN,
    verify: bool = False,
) -> Corpus:
    """The statements, without parts.

    Args:
        path: A database of DNA, or an exported table.
        columns: Which variable is the holder, the target, the label; what a table calls its other columns.
        label_map: What each value of the label's variable means.
        leave_out: Values of it whose statements are not read; ``""`` where there is none.
        encoding: Of a csv, tsv or jsonl file.
        manner: What else a table does not say of itself.
        verify: Refuse other files than the two published ones.

    Raises:
        StanceError: Names file, statement or row, and value: a variable that is not there (with those that are), an
            empty text or target, an unknown label, a file of another format, or with ``verify`` another file.
    """
    path = must_exist(path)
    if verify:
        if path.name not in PUBLISHED:
            allowed = f"{', '.join(PUBLISHED)}; data.verify=false for a file of your own"
            raise input_error(str(path), "not one of the published files", found=path.name, allowed=allowed)
        verified(path, PUBLISHED[path.name], verify)
    if path.suffix.lower() in READABLE:
        manner = manner._replace(wanted=(columns.text, columns.label, columns.target))
        rows = _with_columns(Gaps(path, vars(columns)).noted(read_rows(path, encoding, manner)), columns)
    else:
        if manner.fill_down:
            found = list(manner.fill_down)
            raise input_error("data.fill_down", "a database has no cells above", found=found, allowed="a table")
        rows = _statements(path, columns)
    corpus = corpus_of_rows(path, rows, columns, label_map=label_map, leave_out=leave_out)
    tell_repeated(path, repeated(corpus.annotations))
    return corpus


def _with_columns(rows: Iterable[tuple[str, Row]], columns: Columns) -> Iterator[tuple[str, Row]]:
    """The rows of a table that must have the columns of holders and documents.

    Here a misspelt holder does not mean the author, nor a misspelt document that each statement has its own.
    """
    for number, (place, row) in enumerate(rows):
        for field in ("holder", "document"):
            column = getattr(columns, field)
            if number == 0 and column not in row:
                raise input_error(
                    place, f"no column {column!r}", allowed=f"data.columns.{field} one of {', '.join(row)}"
                )
        yield place, row


def _statements(path: Path, columns: Columns) -> Iterator[tuple[str, Row]]:
    """The statements of a database that have the three variables, as rows of a table with the columns' names."""
    with database(str(path)) as opened:
        types = _types(path, opened, columns)
        for place, (kind, _), about, values, units, at in sorted(
            statements(opened, str(path)), key=lambda statement: int(str(statement.about["statement_id"]))
        ):
            if kind in types:
                found = dict.fromkeys((columns.holder, columns.target, columns.label), "") | values
                first, end = units.span(*at, place)
                found |= {columns.id: about["statement_id"], columns.text: units.text[first:end]}
                found |= {columns.annotator: about["coder"], columns.date: about["time"]}
                found[columns.document] = about["document_title"] or f"document {about['document_id']}"
                yield place, found


def _types(path: Path, opened: sqlite3.Connection, columns: Columns) -> set[int]:
    """The types of statement that have holder, target and label.

    Raises:
        StanceError: There is no such type; the message lists every type with its variables.
    """
    types: dict[int, list[str]] = defaultdict(list)
    for kind, name in opened.execute("SELECT StatementTypeId, Variable FROM VARIABLES ORDER BY ID"):
        types[kind].append(name)
    wanted = {columns.holder, columns.target, columns.label}
    chosen = {kind for kind, names in types.items() if wanted <= set(names)}
    if not chosen:
        labels = dict(opened.execute("SELECT ID, Label FROM STATEMENTTYPES"))
        known = "; ".join(f"{labels.get(kind)}: {', '.join(names)}" for kind, names in types.items())
        allowed = f"data.columns.holder, target and label of one type of statement ({known})"
        raise input_error(str(path), "no type of statement has these variables", found=sorted(wanted), allowed=allowed)
    return chosen


DNA = CorpusInfo(name="dna", read=read, headline="favor_against_f1", divided_by="document")

SAMPLE = replace(
    DNA,
    name="dna_sample",
    reader="dna",
    folder="dna-sample",
    files="`sample.dna`",
    origin="leifeld/dna, `sample`",
    labels="2",
    licence="none of its own",
)

HANSARD = replace(
    SAMPLE,
    name="dna_hansard",
    folder="dna-labour-hansard",
    files="`MANUALLY_ANNOTATED_DATA.xlsx`",
    origin="sarahtunmore/dnaPipelineR-materials",
    licence="none stated",
)
