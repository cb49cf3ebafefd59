"""Fuzz: damaged files of every kind, and odd values, are refused in words that name a place, or read rightly.

python -m pytest -m slow tests/storm/test_fuzz.py        STORM_EXAMPLES=10000 says how many inputs each thing takes.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import shutil
import sqlite3

import hydra
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import storm_seeds
import yaml
from bounds import share  # noqa: F401
from hydra.errors import HydraException
from hypothesis import strategies as st
from made import checkpoints  # noqa: F401
from odd import ODD, as_bytes, damaged, damaged_zip, fuzz, refused_in_words, twisted
from openpyxl import Workbook
from safetensors.numpy import save
from storm_seeds import EXPORTS

from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.lines import Manner
from stance.base.predictions import read_predictions
from stance.base.rows import scan_chunks
from stance.cli.arguments import as_typed
from stance.cli.config import PROJECT, register, typed
from stance.data import dna, table
from stance.data.columns import Columns
from stance.data.config import DataConfig
from stance.data.imports.draft import first_mapping
from stance.data.imports.judge import rows_of
from stance.data.imports.mapping import to_mapping
from stance.data.imports.survey import survey
from stance.data.imports.tools import records_of
from stance.data.read import read_corpus
from stance.data.table import read_annotations
from stance.evaluation.shares import read_validation
from stance.inference.config import PredictConfig
from stance.inference.journal import Journal
from stance.models.classifier import StanceClassifier

pytestmark = pytest.mark.slow
register()  # the schemas, as scripts do

ROWS = [
    {"id": "1", "text": "The guild backs it.", "holder": "the guild", "target": "open talks", "label": "favor"},
    {"id": "2", "text": 'They said "no", twice.', "holder": "", "target": "open talks", "label": "against"},
    {"id": "3", "text": "यूनियन ने मना किया।", "holder": "यूनियन", "target": "sign, today", "label": "neutral"},
]
FULL = [
    row | {"annotator": "a", "document": f"d{row['id']}", "against": 0.2, "neutral": 0.2, "favor": 0.6} for row in ROWS
]
ANSWERS = [
    {"id": row["id"], "label": row["label"]} | {name: 0.6 if name == row["label"] else 0.2 for name in LABELS}
    for row in ROWS
]
WRITTEN = (".csv", ".tsv", ".jsonl", ".xlsx")
KINDS = (".csv", ".tsv", ".jsonl", ".csv.gz", ".jsonl.zst", ".parquet", ".xlsx")


def table_of(rows, kind):
    """The bytes of a table."""
    sink = io.BytesIO()
    if kind == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), sink)
    elif kind == ".xlsx":
        book = Workbook()
        for row in [list(rows[0]), *(list(row.values()) for row in rows)]:
            book.active.append(row)
        book.active.merge_cells("D3:D4")
        book.save(sink)
    elif ".jsonl" in kind:
        sink.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    else:
        mark = "\t" if ".tsv" in kind else ","
        quoted = [['"' + str(cell).replace('"', '""') + '"' for cell in row.values()] for row in rows]
        sink.write("\n".join(mark.join(cells) for cells in [list(rows[0]), *quoted]).encode())
    data = sink.getvalue()
    if kind.endswith(".gz"):
        return gzip.compress(data)
    return bytes(pa.compress(data, codec="zstd", asbytes=True)) if kind.endswith(".zst") else data


def damage_of(kind, whole):
    """How a file of this kind is damaged; what is compressed sometimes before, else after."""
    if kind == ".xlsx":
        return damaged_zip(whole)
    if kind.endswith(".gz"):
        return st.one_of(damaged(whole), damaged(gzip.decompress(whole)).map(gzip.compress))
    if kind.endswith(".zst"):
        size = len(table_of(FULL, ".jsonl"))
        plain = bytes(pa.decompress(whole, size, codec="zstd", asbytes=True))
        return st.one_of(
            damaged(whole), damaged(plain).map(lambda data: bytes(pa.compress(data, codec="zstd", asbytes=True)))
        )
    return damaged(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_tables(tmp_path, kind):
    path = tmp_path / f"mine{kind}"
    manners = st.builds(
        Manner,
        quoted=st.booleans(),
        wanted=st.sampled_from([(), ("text", "target")]),
        fill_down=st.sampled_from([(), ("holder",)]),
    )

    @fuzz(damage_of(kind, table_of(FULL, kind)), manners, st.sampled_from(["utf-8", "cp1252"]), tests=len(KINDS))
    def holds(data, manner, encoding):
        path.write_bytes(data)

        def read():
            for chunk in scan_chunks(path, 2, encoding, manner):
                for row in chunk:
                    assert isinstance(row.values, StanceError | dict)
                    assert str(path) in row.place

        refused_in_words(read, str(path))

    holds()


@pytest.mark.parametrize("reader", ["annotations", "table", "dna", "predictions"])
@pytest.mark.parametrize("kind", WRITTEN)
def test_readers_of_ones_own_tables(tmp_path, reader, kind):
    path = tmp_path / f"mine{kind}"
    whole = table_of(ANSWERS if reader == "predictions" else FULL, kind)
    same = {name: name for name in LABELS}

    def read():
        match reader:
            case "annotations":
                return read_annotations(path)
            case "table":
                return table.read(path, Columns(), label_map=same, part_map={}).annotations
            case "dna":
                return dna.read(path, Columns(), label_map=same).annotations
        return list(read_predictions(path).values())

    @fuzz(damage_of(kind, whole), tests=len(WRITTEN))
    def holds(data):
        path.write_bytes(data)
        for row in refused_in_words(read, str(path)) or ():
            assert row.label in LABELS
            if reader == "predictions" and row.scores:
                assert math.isclose(sum(row.scores.values()), 1, abs_tol=1e-4)

    holds()


def test_values_of_predictions(tmp_path):
    path = tmp_path / "predictions.jsonl"
    heads = ("id", "label", *LABELS)
    cells = st.lists(st.one_of(ODD, st.sampled_from([0, 1, 0.2, 0.6])), min_size=5, max_size=5)

    @fuzz(st.lists(cells, max_size=4))
    def holds(rows):
        path.write_bytes(b"".join(as_bytes(dict(zip(heads, row, strict=True))) + b"\n" for row in rows))
        for row in (refused_in_words(lambda: read_predictions(path), str(path)) or {}).values():
            assert row.label in LABELS and (not row.scores or abs(sum(row.scores.values()) - 1) < 1e-4)

    holds()


def test_a_database_of_dna(tmp_path):
    from test_readers_conflict import COLUMNS, write_dna
    from test_readers_conflict import LABELS as AGREEMENT

    path = tmp_path / "mine.dna"
    whole = write_dna(path, version=3).read_bytes()
    with sqlite3.connect(path) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        columns = {name: [row[1] for row in database.execute(f"PRAGMA table_info({name})")] for name in tables}

    @fuzz(st.one_of(damaged(whole), st.lists(st.tuples(st.sampled_from(tables), st.integers(0, 20), ODD), max_size=3)))
    def holds(change):
        path.write_bytes(change if isinstance(change, bytes) else whole)
        if not isinstance(change, bytes):
            with sqlite3.connect(path) as database:
                for name, number, value in change:
                    column = columns[name][number % len(columns[name])]
                    value = value if isinstance(value, int | float | None) and abs(value or 0) < 2**63 else repr(value)
                    database.execute(f"UPDATE {name} SET {column} = ?", [value])
            database.close()
        refused_in_words(lambda: dna.read(path, COLUMNS, label_map=AGREEMENT), str(path))

    holds()


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_annotation_tools(tmp_path, name):
    """Each file of an export in turn, as bytes and, where it is JSON, as a value."""
    whole = storm_seeds.export(name)
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    place, tool = tmp_path / "export", name.split(":")[0]
    shutil.copytree(whole, place)

    def read():
        found = survey(place if len(files) > 1 else place / files[0])
        said = to_mapping(yaml.safe_load(first_mapping(found, place)), "mapping.yaml")
        return rows_of(records_of(found.opened), said, str(place))

    @fuzz(st.data(), tests=sum(each.split(":")[0] == tool for each in EXPORTS))
    def holds(data):
        inner = data.draw(st.sampled_from(files))
        content = (whole / inner).read_bytes()
        ways = [damaged_zip(content) if content[:2] == b"PK" else damaged(content)]
        if inner.suffix == ".json":
            ways.append(twisted(json.loads(content)).map(as_bytes))
        if inner.suffix == ".jsonl":
            values = [json.loads(line) for line in content.splitlines()]
            ways.append(
                twisted(values).map(lambda rows: b"\n".join(map(as_bytes, rows)) if isinstance(rows, list) else b"")
            )
        (place / inner).write_bytes(data.draw(st.one_of(ways)))
        try:
            refused_in_words(read, str(place), "mapping.yaml")
        finally:
            (place / inner).write_bytes(content)

    holds()


@pytest.mark.parametrize("name", storm_seeds.CORPORA)
def test_readers_of_corpora(tmp_path, name):
    whole, place = storm_seeds.corpus(name), tmp_path / "corpus"
    shutil.copytree(whole, place)
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    wanted = DataConfig(name="mine", reader=name, root=str(tmp_path), path="corpus", verify=False)

    @fuzz(st.data())
    def holds(data):
        inner = data.draw(st.sampled_from(files))
        content = (whole / inner).read_bytes()
        zipped = content[:2] == b"PK"
        (place / inner).write_bytes(data.draw(damaged_zip(content) if zipped else damaged(content)))
        try:
            corpus = refused_in_words(lambda: read_corpus(wanted), str(place), "corpus")
            assert corpus is None or {row.label for row in corpus.annotations} <= {*LABELS}
        finally:
            (place / inner).write_bytes(content)

    holds()


TEXTS = st.one_of(
    st.text(max_size=40), st.sampled_from(["", " ", "\x00", "\ud800", "????", "¤", "é", "e\u0301", "👩‍👩‍👧", "ि"]), ODD
)


@pytest.mark.parametrize("kind", ["prior", "tfidf", "encoder"])
def test_whatever_is_asked(checkpoints, kind):  # noqa: F811
    classifier = StanceClassifier.from_pretrained(checkpoints[kind])
    columns = st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), max_size=3)

    @fuzz(columns, tests=3)
    def holds(rows):
        asked = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
        answers = refused_in_words(lambda: classifier.predict(*asked), "texts", "targets", "holders", "contexts")
        if answers is not None:
            assert len(answers) == len(rows)
            for answer in answers:
                assert answer.label == max(answer.scores, key=answer.scores.get)
                assert abs(sum(answer.scores.values()) - 1) < 1e-6

    holds()


@pytest.mark.parametrize("part", ["stance.json", "*.safetensors", "*.json"])
@pytest.mark.parametrize("kind", ["prior", "tfidf", "encoder", "ensemble", "cascade"])
def test_checkpoints(checkpoints, tmp_path, kind, part):  # noqa: F811
    """The card of a checkpoint, its tables of weights, and all of its JSON."""
    whole, place = checkpoints[kind], tmp_path / "checkpoint"
    shutil.copytree(whole, place)
    files = sorted(path.relative_to(whole) for path in whole.rglob(part))
    if not files:
        pytest.skip("a prior has no weights")

    def ask():
        classifier = StanceClassifier.from_pretrained(place)
        return classifier.predict(["They accepted it."], ["open talks"], ["they"])

    @fuzz(st.data(), tests=5)
    def holds(data):
        inner = data.draw(st.sampled_from(files))
        content = (whole / inner).read_bytes()
        if inner.suffix == ".safetensors":
            end = header_end(content)  # what follows is megabytes, which hypothesis would keep of each input
            changed = data.draw(damaged_weights(content[:end])) + content[end:]
        elif len(content) > 100_000:  # of a tokenizer
            changed = data.draw(damaged(content))
        else:
            changed = data.draw(st.one_of(damaged(content), twisted(json.loads(content)).map(as_bytes)))
        (place / inner).write_bytes(changed)
        try:
            refused_in_words(ask, str(place), "model")
        finally:
            (place / inner).write_bytes(content)

    holds()


def header_end(content):
    """Where the header of a file of safetensors ends."""
    return 8 + int.from_bytes(content[:8], "little")


@st.composite
def damaged_weights(draw, whole):
    """A file of safetensors, or its beginning: its header as a value, or its bytes."""
    if draw(st.booleans()):
        return draw(damaged(whole[:2000])) + whole[2000:]
    end = header_end(whole)
    header = as_bytes(draw(twisted(json.loads(whole[8:end]))))
    return len(header).to_bytes(8, "little") + header + whole[end:]


def test_headers_of_safetensors_of_validation(tmp_path):
    path = tmp_path / "validation.safetensors"
    whole = save({"gold": np.arange(3), "probabilities": np.full((3, 3), 1 / 3), "documents": np.arange(3)})

    @fuzz(damaged_weights(whole))
    def holds(data):
        path.write_bytes(data)
        refused_in_words(lambda: read_validation(tmp_path), str(tmp_path))

    holds()


def test_the_journal(tmp_path):
    folder = tmp_path / "a.partial"
    identity = {"input": "x", "chunk": 2, "holder": None}
    journal = Journal(folder, identity)
    journal.append("rows", b"one\n")
    journal.append("rejects", b"bad\n")
    journal.commit({"done": 1})
    journal.close()
    whole = json.loads((folder / "progress.json").read_text())
    raw = (folder / "progress.json").read_bytes()

    @fuzz(st.one_of(damaged(raw), twisted(whole).map(as_bytes)))
    def holds(page):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "rows").write_bytes(b"one\ntwo\n")
        (folder / "rejects").write_bytes(b"bad\n")
        (folder / "progress.json").write_bytes(page)

        def go_on():
            again = Journal(folder, identity)
            try:
                return dict(again.state), again.whole
            finally:
                again.close()

        refused_in_words(go_on, str(folder))

    holds()


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
VALUES = st.one_of(
    WORDS,
    st.text("[]{}(),:='\"\\$#%&| +-~0e.", max_size=10),
    st.sampled_from(["null", "true", "NaN", "1e3", "+1", "-0", "0x10", "[]", "[a,b]", "{a: 1}"]),
    st.sampled_from(["${x}", "${oc.env:HOME}", "a=b", "???", ""]),
)  # fmt: skip


def composed(**said):
    """The configuration of a prediction with these values as somebody types them."""
    arguments = as_typed([f"{key}={value}" for key, value in said.items()], PredictConfig)
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
        try:
            return typed(hydra.compose("predict", overrides=arguments))
        except HydraException as error:
            raise StanceError(f"configuration: {error}") from None


def test_a_text_of_the_configuration_is_taken_as_it_is_typed():
    """What is not blank, not between quotes, no ``${`` and no null, is itself, whatever Hydra's grammar makes of it."""

    @fuzz(VALUES, tests=2)
    def holds(value):
        found = refused_in_words(
            lambda: composed(target=value, input="a.csv", output="b.csv"), "target", "configuration"
        )
        if value.strip() and value[:1] not in ("'", '"') and "${" not in value and value not in ("null", "???"):
            assert found is not None and found.target == value

    holds()


def test_values_of_the_configuration():
    @fuzz(st.sampled_from(sorted(PredictConfig.__dataclass_fields__)), VALUES, tests=2)
    def holds(key, value):
        refused_in_words(lambda: composed(**{"input": "a.csv", "output": "b.csv", key: value}))

    holds()
