"""Hostile files: checkpoints, zips, tables and XML that somebody made to do harm.

python -m pytest -m slow tests/storm/test_hostile.py
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import pickle
import shutil
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from made import checkpoints  # noqa: F401
from odd import flat_memory, refused_in_words, within
from openpyxl import Workbook
from safetensors.numpy import load_file, save_file
from test_imports_tools import qdpx

from conftest import write_lines
from stance.base.errors import StanceError
from stance.base.rows import read_rows
from stance.data.imports.tools import open_export, records_of
from stance.inference.config import PredictConfig
from stance.inference.predict_file import predict_file
from stance.models.classifier import StanceClassifier

pytestmark = pytest.mark.slow


class Bang:
    """What a pickle that runs code is made of."""

    def __reduce__(self):
        return os.system, ("touch /tmp/storm-was-here",)


@pytest.mark.parametrize("name", ["../other", "/etc", "a/../../b", "..", ".", "", "a\\b", "\x00", 1, None, ["a"]])
def test_members_of_an_ensemble_that_lie_elsewhere(checkpoints, tmp_path, name):  # noqa: F811
    place = tmp_path / "checkpoint"
    shutil.copytree(checkpoints["ensemble"], place)
    shutil.copytree(checkpoints["prior"], tmp_path / "other")
    (place / "ensemble.json").write_text(json.dumps({"members": ["a", name]}))
    with pytest.raises(StanceError, match=r"ensemble\.json: members"):
        StanceClassifier.from_pretrained(place)


def test_a_checkpoint_that_holds_itself(checkpoints, tmp_path):  # noqa: F811
    place = tmp_path / "checkpoint"
    shutil.copytree(checkpoints["ensemble"], place)
    shutil.rmtree(place / "a")
    (place / "a").symlink_to(place)
    with within(), pytest.raises(StanceError, match="checkpoint"):
        StanceClassifier.from_pretrained(place)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors", "tokenizer.pkl", "training_args.bin"])
def test_pickles_are_never_read(checkpoints, tmp_path, name):  # noqa: F811
    place = tmp_path / "checkpoint"
    shutil.copytree(checkpoints["encoder"], place)
    if name == "pytorch_model.bin":
        (place / "model.safetensors").unlink()
    (place / name).write_bytes(pickle.dumps(Bang()))
    refused_in_words(lambda: StanceClassifier.from_pretrained(place), str(place))
    assert not os.path.exists("/tmp/storm-was-here")  # noqa: PTH110


def test_code_of_a_checkpoint_is_never_run(checkpoints, tmp_path):  # noqa: F811
    place = tmp_path / "checkpoint"
    shutil.copytree(checkpoints["encoder"], place)
    (place / "evil.py").write_text("open('/tmp/storm-was-here', 'w')\nclass M: pass\n")
    config = json.loads((place / "config.json").read_text())
    named = {"AutoConfig": "evil.M", "AutoModelForSequenceClassification": "evil.M", "AutoTokenizer": ["evil.M", None]}
    (place / "config.json").write_text(json.dumps(config | {"auto_map": named}))
    refused_in_words(lambda: StanceClassifier.from_pretrained(place), str(place))
    assert not os.path.exists("/tmp/storm-was-here")  # noqa: PTH110


@pytest.mark.parametrize("kind", ["tfidf", "encoder"])
def test_tensors_that_claim_to_be_huge(checkpoints, tmp_path, kind):  # noqa: F811
    place = tmp_path / "checkpoint"
    shutil.copytree(checkpoints[kind], place)
    path = place / ("linear.safetensors" if kind == "tfidf" else "model.safetensors")
    header = {"weights": {"dtype": "F64", "shape": [2**40, 2**20], "data_offsets": [0, 2**63 - 1]}}
    raw = json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw)
    with flat_memory(), pytest.raises(StanceError, match="checkpoint"):
        StanceClassifier.from_pretrained(place)
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with flat_memory(), pytest.raises(StanceError, match="checkpoint"):
        StanceClassifier.from_pretrained(place)


def test_tensors_of_another_shape(checkpoints, tmp_path):  # noqa: F811
    place = tmp_path / "checkpoint"
    shutil.copytree(checkpoints["tfidf"], place)
    arrays = load_file(place / "linear.safetensors")
    save_file({**arrays, "weights": np.zeros((3, 7))}, place / "linear.safetensors")
    with pytest.raises(StanceError, match="damaged checkpoint"):
        StanceClassifier.from_pretrained(place)


FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd|'x'!A0",
    "\t=1+1",
    "＝1+1",
]


@pytest.mark.parametrize("sink", ["csv", "tsv.gz"])
def test_formulas_are_text_where_it_is_asked_for(checkpoints, tmp_path, sink):  # noqa: F811
    rows = [{"text": f"{formula} is said.", "target": formula, "holder": "x", "n": "-1.5"} for formula in FORMULAS]
    config = PredictConfig(
        input=str(write_lines(tmp_path / "in.jsonl", rows)), output=str(tmp_path / f"out.{sink}"), excel_safe=True
    )
    classifier = StanceClassifier.from_pretrained(checkpoints["tfidf"])
    predict_file(classifier, config)
    opened = gzip.open if sink.endswith("gz") else open
    with opened(config.output, "rt", newline="") as lines:
        found = list(csv.DictReader(lines, delimiter="\t" if sink.startswith("tsv") else ","))
    assert [row["target"] for row in found] == [" " + formula for formula in FORMULAS]
    assert {row["n"] for row in found} == {"-1.5"}
    assert all(float(row["favor"]) >= 0 for row in found)


@pytest.mark.parametrize("name", ["mine.xlsx", "mine.qdpx"])
@pytest.mark.parametrize("inside", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "project.qde"])
def test_zips_that_are_bombs(tmp_path, name, inside):
    path = tmp_path / name
    if name == "mine.xlsx":
        Workbook().save(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inside + "x", b"<a>" + b" " * 2**28 + b"</a>")
    for read in (lambda: list(read_rows(path)), lambda: list(records_of(open_export(path)))):
        with flat_memory():
            assert refused_in_words(read, str(path)) is None


def test_gzip_and_zstd_that_are_bombs(tmp_path):
    """A quote that is never closed, and half a million empty lines: memory does not follow them."""
    for name, pack in {
        "a.csv.gz": gzip.compress,
        "a.csv.zst": lambda data: pa.compress(data, "zstd", asbytes=True),
    }.items():
        path = tmp_path / name
        path.write_bytes(pack(b'text,target\n"' + b"\n" * 2**19))
        with flat_memory():
            refused_in_words(lambda: sum(1 for _ in read_rows(path)), str(path))  # noqa: B023


def test_xml_with_entities(tmp_path):
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    doctype = f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    path = tmp_path / "mine.xlsx"
    book = Workbook()
    book.active.append(["text", "target"])
    book.active.append(["They said no.", "open talks"])
    book.save(path)
    members = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            members[name] = archive.read(name)
    for part in ("xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                told = doctype.encode() + content.replace(b"They said no.", b"&a9;&f;") if name == part else content
                archive.writestr(name, told)
        with flat_memory(), within():
            assert refused_in_words(lambda: list(read_rows(path)), str(path)) is None
    project = qdpx(tmp_path / "p.qdpx", "One.", start=0, end=3)
    with zipfile.ZipFile(project) as archive:
        content = archive.read("project.qde").decode()
    with zipfile.ZipFile(project, "w") as archive:
        archive.writestr("project.qde", content.replace("<Project", doctype + "<Project"))
    assert refused_in_words(lambda: list(records_of(open_export(project))), str(project)) is None


def test_a_csv_of_a_million_columns(checkpoints, tmp_path):  # noqa: F811
    path = tmp_path / "wide.csv"
    names = ["text", "target", *(f"c{n}" for n in range(1_000_000))]
    path.write_text(",".join(names) + "\n" + "They said no.,open talks" + "," * 1_000_000 + "\n", encoding="utf-8")
    config = PredictConfig(input=str(path), output=str(tmp_path / "out.csv"))
    with within(60), flat_memory(2 * 2**30):
        assert predict_file(StanceClassifier.from_pretrained(checkpoints["tfidf"]), config).rows == 1
    path.write_text(",".join(names) + "\n" + "a,b\n" * 1000, encoding="utf-8")
    with within(60), pytest.raises(StanceError, match="2 cells instead of"):
        predict_file(StanceClassifier.from_pretrained(checkpoints["tfidf"]), config)


@pytest.mark.parametrize("what", ["input", "output"])
def test_symlinks_of_ones_own_are_followed_and_loops_told(checkpoints, tmp_path, what):  # noqa: F811
    rows = write_lines(tmp_path / "in.jsonl", [{"text": "They said no.", "target": "open talks"}])
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    named = {"input": str(rows), "output": str(tmp_path / "out.jsonl"), what: str(tmp_path / "loop.jsonl")}
    classifier = StanceClassifier.from_pretrained(checkpoints["tfidf"])
    try:
        predict_file(classifier, PredictConfig(**named))
    except (StanceError, OSError, RuntimeError) as error:
        assert "loop.jsonl" in str(error)
