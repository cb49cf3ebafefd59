"""Scoring files: every row and column comes through, in order, in flat memory, or nothing is written."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import subprocess
import sys
import tracemalloc
import unicodedata
from collections import deque
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from openpyxl import Workbook
from scipy.special import softmax
from transformers import set_seed

from conftest import example, write_lines
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.predictions import Threshold
from stance.base.rows import scan_length
from stance.base.tables import inert
from stance.data.columns import Columns
from stance.evaluation.shares import Scored, write_validation
from stance.inference import count_shares
from stance.inference import predict_file as inference
from stance.inference.annotating import annotate
from stance.inference.config import AbstainConfig, AnnotateConfig, PredictConfig, SharesConfig
from stance.inference.count_shares import count_file
from stance.inference.journal import Journal
from stance.inference.predict_file import Tally, load_classifier, predict_file, rejects_path
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.encoder import EncoderModel
from stance.models.input_format import InputFormat
from stance.models.priors import Prior

ROWS = [
    {"id": "b", "text": 'They "signed",\nat last.', "holder": "union", "target": "sign", "note": "é"},
    {"id": "a", "text": "Nobody came.", "holder": "", "target": "meet", "note": ""},
    {"id": "c", "text": "None", "holder": "NA", "target": "meet", "note": "null"},
]


@pytest.fixture(scope="module")
def classifier():
    train = [
        example(1, "favor", target="sign"),
        example(2, "against", target="meet"),
        example(3, "against", target="meet"),
    ]
    return StanceClassifier(Prior.fit("target", train), Card("prior"))


def write(path, rows=ROWS):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return str(path)
    text = io.StringIO()
    if ".jsonl" in path.suffixes:
        text.writelines(json.dumps(row) + "\n" for row in rows)
    else:
        writer = csv.DictWriter(text, list(rows[0]), delimiter="\t" if ".tsv" in path.suffixes else ",")
        writer.writeheader()
        writer.writerows(rows)
    data = text.getvalue().encode()
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix == ".zst":
        data = pa.compress(data, codec="zstd", asbytes=True)
    path.write_bytes(data)
    return str(path)


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".zst":
        data = pa.input_stream(path, compression="zstd").read()
    lines = io.StringIO(data.decode(), newline="")
    if ".jsonl" in path.suffixes:
        return [json.loads(line) for line in lines]
    return list(csv.DictReader(lines, delimiter="\t" if ".tsv" in path.suffixes else ","))


KINDS = (".csv", ".tsv", ".jsonl", ".parquet")
PACKED = [(".csv.gz", ".jsonl.zst"), (".tsv.zst", ".csv.gz"), (".jsonl.gz", ".tsv.zst"), (".jsonl.zst", ".parquet")]


@pytest.mark.parametrize(("source", "sink"), [*itertools.product(KINDS, KINDS), *PACKED])
def test_rows_columns_and_order_come_through(tmp_path, classifier, source, sink):
    config = PredictConfig(
        checkpoint="", input=write(tmp_path / f"in{source}"), output=str(tmp_path / f"out{sink}"), chunk=2
    )
    assert predict_file(classifier, config) == Tally(rows=3, scored=3, position=scan_length(config.input))
    rows = read(tmp_path / f"out{sink}")
    assert [{k: row[k] for k in ROWS[0]} for row in rows] == ROWS
    assert list(rows[0]) == [*ROWS[0], "label", *LABELS]
    assert [row["label"] for row in rows] == ["favor", "against", "against"]
    assert sum(float(rows[0][label]) for label in LABELS) == pytest.approx(1)


@pytest.mark.parametrize("sink", [".csv", ".tsv"])
def test_a_carriage_return_in_a_cell_comes_through(tmp_path, classifier, sink):
    row = {"text": "one\rtwo", "target": "sign", "note": "a\r\nb"}
    source = write(tmp_path / "in.jsonl", [row])
    for name, before in (("out", source), ("again", tmp_path / f"out{sink}")):
        output = str(tmp_path / f"{name}{sink}")
        predict_file(classifier, PredictConfig(checkpoint="", input=str(before), output=output, prefix=name))
        content = (tmp_path / f"{name}{sink}").read_bytes().decode()
        (found,) = csv.DictReader(io.StringIO(content, newline=""), delimiter="\t" if sink == ".tsv" else ",")
        assert {key: found[key] for key in row} == row
        assert content.count("\r") == 2


def test_parquet_with_two_columns_of_one_name_is_refused(tmp_path, classifier):
    columns = [pa.array(["a"]), pa.array(["sign"]), pa.array([1]), pa.array([2])]
    pq.write_table(pa.Table.from_arrays(columns, names=["text", "target", "k", "k"]), tmp_path / "in.parquet")
    config = PredictConfig(checkpoint="", input=str(tmp_path / "in.parquet"), output=str(tmp_path / "out.parquet"))
    with pytest.raises(StanceError, match=r"in\.parquet: a column occurs twice; found \['k'\]"):
        predict_file(classifier, config)


def test_parquet_keeps_its_types(tmp_path, classifier):
    table = pa.table({
        "text": ["a", "b"], "target": ["sign", "meet"],
        "n": pa.array([1, None], pa.int16()), "tags": [["x"], []], "when": pa.array([0, 1], pa.timestamp("ms")),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "in.parquet")
    config = PredictConfig(
        checkpoint="", input=str(tmp_path / "in.parquet"), output=str(tmp_path / "out.parquet"), chunk=1
    )
    predict_file(classifier, config)
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.select(table.column_names).equals(table)


@pytest.mark.parametrize("sink", [".csv", ".tsv", ".jsonl"])
def test_dates_within_lists_and_structs_come_through(tmp_path, classifier, sink):
    day, moment = date(2024, 2, 29), datetime(2024, 2, 29, 12, 30)
    nested = {
        "list": [day, None],
        "struct": {"at": moment, "by": [{"on": day}]},
        "plain": day,
        "sum": [Decimal("1.50")],
    }
    pq.write_table(pa.Table.from_pylist([{"text": "a", "target": "sign"} | nested]), tmp_path / "in.parquet")
    output = tmp_path / f"out{sink}"
    predict_file(classifier, PredictConfig(checkpoint="", input=str(tmp_path / "in.parquet"), output=str(output)))
    (row,) = read(output)
    found = {key: json.loads(row[key]) if sink != ".jsonl" and key != "plain" else row[key] for key in nested}
    assert found == {
        "list": ["2024-02-29", None],
        "struct": {"at": "2024-02-29 12:30:00", "by": [{"on": "2024-02-29"}]},
        "plain": "2024-02-29",
        "sum": ["1.50"],
    }


def test_a_date_that_python_does_not_know_costs_its_own_row(tmp_path, classifier):
    dates = pa.array([[1], [10**9]], pa.list_(pa.date32()))
    table = pa.table({"text": ["a", "b"], "target": ["sign", "meet"], "when": dates})
    pq.write_table(table, tmp_path / "in.parquet")
    config = PredictConfig(checkpoint="", input=str(tmp_path / "in.parquet"), output=str(tmp_path / "out.csv"))
    assert predict_file(classifier, config).rows == 1
    (bad,) = map(json.loads, rejects_path(config.output).read_text().splitlines())
    assert bad["line"] == 2 and bad["reason"].startswith("a value beyond Python's range; found")


def test_a_workbook_is_scored_as_the_same_csv(tmp_path, classifier, caplog):
    book = Workbook()
    for row in [list(ROWS[0]), *(list(row.values()) for row in ROWS), ["d", "#N/A", "", "meet", ""]]:
        book.active.append(row)
    book.active.merge_cells("D3:D4")
    book.create_sheet("Lists").append(["target", "label"])
    book.save(tmp_path / "in.xlsx")
    for sink in (".csv", ".parquet"):
        config = PredictConfig(checkpoint="", input=str(tmp_path / "in.xlsx"), output=str(tmp_path / f"out{sink}"))
        config.chunk = 2
        with caplog.at_level("INFO", logger="stance"):
            tally = predict_file(classifier, config)
        assert (tally.rows, tally.bad) == (3, 1)
        assert [{k: row[k] for k in ROWS[0]} for row in read(tmp_path / f"out{sink}")] == ROWS
        (bad,) = map(json.loads, rejects_path(config.output).read_text().splitlines())
        assert bad["line"] == 5 and bad["reason"] == "cell B5 holds the error #N/A; allowed: a value in each cell"
        assert json.loads(bad["raw"])["id"] == "d"
    assert "the sheet 'Sheet' is read" in caplog.text
    told = "in.xlsx, row 3: column 'holder' is empty, as in 1 of 3 rows: the stance there is that of the author"
    assert told in caplog.text


def test_a_quote_swallows_no_rows_and_an_empty_holder_is_filled_if_asked(tmp_path, classifier):
    lines = ["text\ttarget\tholder", '"We stay.\tsign\tunion', "Shut.\tmeet\t", 'We wait."\tmeet\tmill', "No.\tmeet\t"]
    (tmp_path / "in.tsv").write_text("\n".join(lines) + "\n")
    config = PredictConfig(checkpoint="", input=str(tmp_path / "in.tsv"), output=str(tmp_path / "out.jsonl"), chunk=1)
    assert predict_file(classifier, config) == Tally(rows=3, bad=1, scored=3, position=scan_length(config.input))
    (bad,) = map(json.loads, rejects_path(config.output).read_text().splitlines())
    assert bad["line"] == 2 and bad["raw"] == lines[1]
    config = replace(config, quoting="none", fill_down=["holder"])
    assert predict_file(classifier, config).bad == 0
    assert [(row["text"][:3], row["holder"]) for row in read(tmp_path / "out.jsonl")] == [
        ('"We', "union"),
        ("Shu", "union"),
        ("We ", "mill"),
        ("No.", "mill"),
    ]


@pytest.mark.parametrize("source", [".csv", ".parquet"])
def test_filling_down_goes_on_where_a_run_was_stopped(tmp_path, classifier, monkeypatch, source):
    rows = [{"text": f"t{i}", "target": "sign", "holder": f"h{i}" if i % 5 == 0 else ""} for i in range(12)]
    config = PredictConfig(
        checkpoint="", input=write(tmp_path / f"in{source}", rows), output=str(tmp_path / "out.csv"),
        chunk=3, fill_down=["holder"],
    )  # fmt: skip
    encode, calls = inference.cells_of, itertools.count()

    def killed(*arguments):
        if next(calls) == 7:
            raise KeyboardInterrupt
        return encode(*arguments)

    monkeypatch.setattr(inference, "cells_of", killed)
    with pytest.raises(KeyboardInterrupt):
        predict_file(classifier, config)
    predict_file(classifier, config)
    assert [row["holder"] for row in read(tmp_path / "out.csv")] == [f"h{i - i % 5}" for i in range(12)]


def test_other_names_constants_and_prefix(tmp_path, classifier):
    rows = [{"sentence": "They signed.", "who": "union", "label": "gold"}]
    config = PredictConfig(
        checkpoint="",
        input=write(tmp_path / "in.csv", rows),
        output=str(tmp_path / "out.csv"),
        columns=Columns(text="sentence", holder="who"),
        target="sign",
        prefix="predicted_",
    )
    predict_file(classifier, config)
    (row,) = read(tmp_path / "out.csv")
    assert (row["label"], row["predicted_label"], row["predicted_favor"]) == ("gold", "favor", "1.0")


BAD_FILES = {
    "no text column": ([{"sentence": "a", "target": "b"}], "line 2: no column 'text'; found .*columns.text=NAME"),
    "no target column": ([{"text": "a"}], r"line 2: no column 'target'.*or target=\.\.\."),
    "empty text": ([*ROWS, {**ROWS[0], "text": " "}], "line 6: field 'text' is empty; found ' '"),
    "column taken": ([{**ROWS[0], "favor": "1"}], r"the input already has the column; found \['favor'\].*prefix"),
    "columns taken": ([{**ROWS[0], "label": "x", "predicted_label": "y"}], "found \\['label'\\].*prefix=predicted2_$"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_leaves_nothing_behind(tmp_path, classifier, case):
    rows, message = BAD_FILES[case]
    config = PredictConfig(
        checkpoint="", input=write(tmp_path / "in.csv", rows), output=str(tmp_path / "out.csv"), chunk=2, strict=True
    )
    with pytest.raises(StanceError, match=message):
        predict_file(classifier, config)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_files_that_cannot_be(tmp_path, classifier):
    (tmp_path / "in.csv").write_text("text,target\n")
    for name, output, message in (
        ("in.csv", "out.csv", "no rows in the file"),
        ("in.xlsx", "out.csv", r"no such file"),
        ("in.csv", "out.xlsx", r"unknown kind of file; found '\.xlsx'; allowed: \.csv, \.tsv, \.jsonl, \.parquet"),
    ):
        with pytest.raises(StanceError, match=message):
            predict_file(
                classifier, PredictConfig(checkpoint="", input=str(tmp_path / name), output=str(tmp_path / output))
            )
    (tmp_path / "in.parquet").write_bytes(b"not parquet")
    with pytest.raises(StanceError, match=r"in\.parquet: not a parquet file"):
        predict_file(
            classifier,
            PredictConfig(checkpoint="", input=str(tmp_path / "in.parquet"), output=str(tmp_path / "o.csv")),
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "in.parquet"]


def test_a_holder_column_that_is_named_must_be_there(tmp_path, classifier, caplog):
    source = write(tmp_path / "in.csv", [{"text": "They signed.", "target": "sign", "Holder": "union"}])
    config = PredictConfig(checkpoint="", input=source, output=str(tmp_path / "out.csv"), columns=Columns(holder="who"))
    with pytest.raises(StanceError, match="line 2: no column 'who'"):
        predict_file(classifier, config)
    with caplog.at_level("INFO", logger="stance"):
        predict_file(classifier, PredictConfig(checkpoint="", input=source, output=str(tmp_path / "out.csv")))
    assert "no column 'holder': the stance is that of the author" in caplog.text


def test_values_that_are_no_text_and_constants_beside_columns(tmp_path, classifier):
    source = write(tmp_path / "in.jsonl", [{"text": ["a", "b"], "target": "sign"}])
    output = str(tmp_path / "out.jsonl")
    with pytest.raises(StanceError, match=r"line 1: field 'text' is not text; found \['a', 'b'\]"):
        predict_file(classifier, PredictConfig(checkpoint="", input=source, output=output))
    source = write(tmp_path / "in.csv")
    with pytest.raises(StanceError, match=r"target=\.\.\. is given and there is a column 'target'"):
        predict_file(classifier, PredictConfig(checkpoint="", input=source, output=output, target="sign"))


def test_rows_that_are_too_likely_to_be_wrong_get_no_label(tmp_path, classifier, caplog):
    """Of the 3 rows one has a target of which the training rows say 100%; the two others are as sure here."""
    unsure = StanceClassifier(
        Prior(("target",), {("sign",): (0.1, 0.0, 0.9), ("meet",): (0.5, 0.1, 0.4)}, (0.2, 0.3, 0.5)),
        Card("prior", thresholds=(Threshold(0.8, 200, 4), Threshold(0.0, 400, 150))),
    )
    output = tmp_path / "out.csv"
    config = PredictConfig(
        checkpoint="c", input=write(tmp_path / "in.csv"), output=str(output), abstain=AbstainConfig(risk=0.06)
    )
    with caplog.at_level("INFO", logger="stance"):
        predict_file(unsure, config)
    assert [row["label"] for row in read(output)] == ["favor", "abstain", "abstain"]
    assert [row["against"] for row in read(output)] == ["0.1", "0.5", "0.5"]
    assert "above confidence 0.800: on validation 50% of the rows, 2.0% of them wrong" in caplog.text
    assert "what is said of errors was counted without it" not in caplog.text
    predict_file(unsure, replace(config, windows=True, overwrite=True))
    assert "windows=true changes some labels: what is said of errors was counted without it" in caplog.text
    predict_file(unsure, replace(config, abstain=AbstainConfig(risk=0.5)))
    assert [row["label"] for row in read(output)] == ["favor", "against", "against"]
    output.unlink()
    with pytest.raises(StanceError, match=r"not to be reached .* the 400 .*; found 0\.02; allowed: 0\.051 or more"):
        predict_file(unsure, replace(config, abstain=AbstainConfig(risk=0.02)))
    with pytest.raises(StanceError, match="no thresholds are stored in the checkpoint"):
        predict_file(classifier, config)
    assert not output.exists()
    with pytest.raises(StanceError, match=r"abstain\.risk: not a share; found 10; allowed: above 0, below 1"):
        AbstainConfig(risk=10)


def test_settings_that_cannot_be(tmp_path):
    with pytest.raises(StanceError, match="chunk: too small; found 0; allowed: 1 to 10,000,000"):
        PredictConfig(checkpoint="", input="a.csv", output="b.csv", chunk=0)
    with pytest.raises(StanceError, match="output: the same file as the input"):
        PredictConfig(checkpoint="", input="a.csv", output="./a.csv")
    with pytest.raises(StanceError, match="output: the same file as the input"):
        PredictConfig(checkpoint="", input="sub/../a.csv", output="a.csv")
    with pytest.raises(StanceError, match=r"b\.xlsx: unknown kind of file; found '\.xlsx'; allowed: \.csv, "):
        PredictConfig(checkpoint="", input="a.xlsx", output="b.xlsx")
    with pytest.raises(StanceError, match=r"a\.xls: unknown kind of file; found '\.xls'; allowed: .*, \.xlsx"):
        PredictConfig(checkpoint="", input="a.xls", output="b.csv")


class Shy:
    """A model whose answers depend, in the last digits, on the rows asked together; it dies at a call if told to."""

    def __init__(self, dies_at=None):
        self.calls, self.dies_at = [], dies_at

    def predict_proba(self, questions):
        if len(self.calls) + 1 == self.dies_at:
            raise RuntimeError("killed")
        self.calls.append([question.text for question in questions])
        rows = [(question.text, question.target, question.holder) for question in questions]
        raw = np.array([list(sha256(repr(row).encode()).digest()[:3]) for row in rows], dtype=float)
        return softmax(raw / 100 + np.arange(3) * 1e-4 * len(questions), axis=1)


def shy(dies_at=None):
    return StanceClassifier(Shy(dies_at), Card("prior"))


def long(bad=True):
    """14 rows with repeats near and far, one of them bad."""
    words = ["one", "two", "one", "three", "four", "two", "five", "", "six", "one", "seven", "five", "eight", "six"]
    return [{"id": str(i), "text": word, "target": "sign"} for i, word in enumerate(words) if bad or word]


MIXED = [(".tsv", ".jsonl.zst"), (".jsonl", ".parquet"), (".jsonl.zst", ".tsv")]


@pytest.mark.parametrize(
    ("source", "sink"),
    [(kind, kind) for kind in (".csv", ".jsonl", ".csv.gz", ".parquet")] + MIXED,
)
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path, source, sink, monkeypatch):
    """Also where the last chunk was written in part, and where the memory for repeats is too small."""
    monkeypatch.setattr(inference, "REMEMBERED", 4)
    config = PredictConfig(
        checkpoint="", input=write(tmp_path / f"in{source}", long()), output=str(tmp_path / f"whole{sink}"), chunk=3
    )
    whole = shy()
    tally = predict_file(whole, config)
    assert (tally.rows, tally.bad) == (13, 1)
    assert [row["id"] for row in read(tmp_path / f"whole{sink}")] == [row["id"] for row in long(bad=False)]
    cut = replace(config, output=str(tmp_path / f"cut{sink}"))
    folder = tmp_path / f"cut{sink}.partial"
    for dies_at in range(1, len(whole.predictor.calls) + 1):
        with pytest.raises(RuntimeError, match="killed"):
            predict_file(shy(dies_at), cut)
        assert not (tmp_path / f"cut{sink}").exists()
        for path in folder.iterdir():
            if path.name not in ("progress.json", "lock"):
                path.write_bytes(path.read_bytes() + b"\x1f\x8bgarbage,")
        rest = shy()
        assert predict_file(rest, cut) == tally
        assert rest.predictor.calls == whole.predictor.calls[dies_at - 1 :]
        assert (tmp_path / f"cut{sink}").read_bytes() == (tmp_path / f"whole{sink}").read_bytes()
        assert rejects_path(cut.output).read_bytes() == rejects_path(config.output).read_bytes()
        assert not folder.exists()
        (tmp_path / f"cut{sink}").unlink()


def test_an_unfinished_run_with_other_settings_is_refused_by_name(tmp_path, classifier):
    source = write(tmp_path / "in.csv", long())
    config = PredictConfig(checkpoint="", input=source, output=str(tmp_path / "out.csv"), chunk=3)
    with pytest.raises(RuntimeError, match="killed"):
        predict_file(shy(3), config)
    journal = (tmp_path / "out.csv.partial" / "progress.json").read_bytes()
    other = replace(config, chunk=4, columns=Columns(target="proposal"))
    message = (
        r"out\.csv\.partial: holds an unfinished run with another chunk \(3, now 4\), columns\.target \('target', now"
    )
    with pytest.raises(StanceError, match=message + r" 'proposal'\); allowed: .* or overwrite=true to begin anew"):
        predict_file(shy(), other)
    with pytest.raises(StanceError, match=r"another checkpoint \('[0-9a-f]{16}', now '[0-9a-f]{16}'\);"):
        predict_file(StanceClassifier(Shy(), Card("prior", scale=2.0)), config)
    assert (tmp_path / "out.csv.partial" / "progress.json").read_bytes() == journal
    write(tmp_path / "in.csv", [*long(), {"id": "14", "text": "more", "target": "sign"}])
    with pytest.raises(StanceError, match=r"another input \('\d+ bytes, [0-9a-f]+', now '\d+ bytes"):
        predict_file(shy(), config)
    assert predict_file(shy(), replace(config, overwrite=True, chunk=4)).rows == 14
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv", "out.rejects.jsonl"]


def test_other_weights_of_one_name_on_the_hub_are_refused(tmp_path, classifier, monkeypatch):
    classifier.save_pretrained(tmp_path / "cache")
    monkeypatch.setattr("stance.models.classifier.fetch", lambda *_: tmp_path / "cache")
    source, output = write(tmp_path / "in.csv", long()), str(tmp_path / "out.csv")
    config = PredictConfig(checkpoint="somebody/stance", input=source, output=output, chunk=3)

    def loaded(dies_at=None):
        found = load_classifier(config)
        found.predictor = Shy(dies_at)
        return found

    with pytest.raises(RuntimeError, match="killed"):
        predict_file(loaded(3), config)
    weights = tmp_path / "cache" / "prior.json"
    before = weights.read_text()
    weights.write_text(before.replace("sign", "meet"))
    with pytest.raises(StanceError, match=r"another checkpoint \('[0-9a-f]{16}', now '[0-9a-f]{16}'\);"):
        predict_file(loaded(), config)
    weights.write_text(before)
    assert predict_file(loaded(), config).rows == 13


BAD_ROWS = {
    "csv": (
        b'text,target\ngood,sign\n ,sign\nno target,\na,b,c\nonly\n"broken"x,sign\n"two\nlines",sign,\n'
        b'bytes \xff\xfe,sign\n"never closed,sign\nlast,sign\n',
        ["good", "last"],
        [
            (3, "field 'text' is empty; found ' '", " ,sign"),
            (4, "field 'target' is empty; found ''", "no target,"),
            (5, "3 cells instead of 2; found 'a,b,c'", "a,b,c"),
            (6, "1 cells instead of 2", "only"),
            (7, "malformed csv: ',' expected after", '"broken"x,sign'),
            (9, "3 cells instead of 2", '"two\nlines",sign,'),
            (10, r"byte 7 of the line is not utf-8; found b'bytes \xff\xfe,sign", r"bytes \xff\xfe,sign"),
            (11, "malformed csv: unexpected end of data", '"never closed,sign'),
        ],
    ),
    "jsonl": (
        b'{"text": "good", "target": "sign"}\n{"text": "", "target": "sign"}\n\n{"text": "a", "tar\n["text"]\n'
        b'{"text": true, "target": "sign"}\n{"text": "a", "target": {"is": 1}}\n{"target": "sign"}\n'
        b'{"text": "\xff", "target": "sign"}\n{"text": "\\ud83d", "target": "sign"}\n'
        b'{"text": "last \\ud83d\\ude00", "target": "sign"}\n',
        ["good", "last \U0001f600"],
        [
            (2, "field 'text' is empty", '{"text": "", "target": "sign"}'),
            (4, "malformed JSON, column 15", '{"text": "a", "tar'),
            (5, "not a JSON object; found ['text']", '["text"]'),
            (6, "field 'text' is not text; found True", '{"text": true, "target": "sign"}'),
            (7, "field 'target' is not text; found {'is': 1}", '{"text": "a", "target": {"is": 1}}'),
            (8, "no column 'text'; found ['target']", '{"target": "sign"}'),
            (9, "byte 11 of the line is not utf-8", r'{"text": "\xff", "target": "sign"}'),
            (10, "half of a surrogate pair", r'{"text": "\ud83d", "target": "sign"}'),
        ],
    ),
}


@pytest.mark.parametrize("chunk", [1, 4096])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "csv.gz"])
def test_bad_rows_are_set_aside_with_line_and_reason(tmp_path, classifier, kind, chunk):
    data, good, bad = BAD_ROWS[kind.removesuffix(".gz")]
    source, output = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
    source.write_bytes(gzip.compress(data) if kind.endswith(".gz") else data)
    tally = predict_file(classifier, PredictConfig(checkpoint="", input=str(source), output=str(output), chunk=chunk))
    assert (tally.rows, tally.bad) == (len(good), len(bad))
    assert [row["text"] for row in read(output)] == good
    rejects = read(tmp_path / "out.rejects.jsonl")
    assert [(row["line"], row["raw"]) for row in rejects] == [(line, raw) for line, _, raw in bad]
    for row, (_, reason, _) in zip(rejects, bad, strict=True):
        assert row["reason"].startswith(reason)


def test_a_quote_that_is_not_closed_costs_its_line_and_not_the_memory(tmp_path, classifier, monkeypatch):
    monkeypatch.setattr("stance.base.separated.LONGEST_ROW", 40)
    monkeypatch.setattr("stance.base.separated.SHORTEST_LINE", 1)
    lines = ['"open,sign', *(f"row {i},sign" for i in range(9)), '"two\nlines",sign', '"a" b,sign', "last,sign"]
    (tmp_path / "in.csv").write_text("text,target\n" + "\n".join(lines) + "\n")
    config = PredictConfig(checkpoint="", input=str(tmp_path / "in.csv"), output=str(tmp_path / "out.csv"))
    predict_file(classifier, config)
    texts = [*(f"row {i}" for i in range(9)), "two\nlines", "last"]
    assert [row["text"] for row in read(tmp_path / "out.csv")] == texts
    first, second = read(tmp_path / "out.rejects.jsonl")
    assert first == {
        "line": 2, "reason": "malformed csv: a quote is not closed within 40 characters", "raw": '"open,sign'
    }  # fmt: skip
    assert (second["line"], second["raw"]) == (14, '"a" b,sign')


def test_bad_rows_of_parquet(tmp_path, classifier):
    text = pa.array([b"good", b"", b"caf\xe9", None, b"last"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": text, "target": ["sign"] * 5, "n": range(5)}), tmp_path / "in.parquet")
    config = PredictConfig(checkpoint="", input=str(tmp_path / "in.parquet"), output=str(tmp_path / "out.parquet"))
    for chunk in (2, 5):
        tally = predict_file(classifier, replace(config, chunk=chunk))
        assert (tally.rows, tally.bad, tally.position) == (2, 3, 5)
        assert [row["text"] for row in read(tmp_path / "out.parquet")] == ["good", "last"]
        rejects = read(tmp_path / "out.rejects.jsonl")
        assert [(row["line"], row["reason"]) for row in rejects] == [
            (2, "field 'text' is empty; found ''; allowed: some text"),
            (3, r"text that is not utf-8; found b'caf\xe9'"),
            (4, "field 'text' is empty; found ''; allowed: some text"),
        ]
        assert [json.loads(row["raw"])["n"] for row in rejects] == [1, 2, 3]
        assert json.loads(rejects[1]["raw"])["text"] == r"caf\xe9"


def test_strict_stops_and_nothing_but_bad_rows_is_an_error(tmp_path, classifier):
    (tmp_path / "in.csv").write_bytes(BAD_ROWS["csv"][0])
    config = PredictConfig(checkpoint="", input=str(tmp_path / "in.csv"), output=str(tmp_path / "out.csv"), chunk=1)
    with pytest.raises(StanceError, match=r"in\.csv, line 3: field 'text' is empty"):
        predict_file(classifier, replace(config, strict=True))
    (tmp_path / "in.csv").write_text("text,target\n,sign\na,b,c\n")
    with pytest.raises(StanceError, match=r"in\.csv: all 2 rows are bad; line 2: field 'text' is empty"):
        predict_file(classifier, config)
    (tmp_path / "in.csv").write_text("text,text\na,sign\n")
    with pytest.raises(StanceError, match="a column occurs twice"):
        predict_file(classifier, config)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    (tmp_path / "out.rejects.jsonl").write_text("of an earlier run\n")
    (tmp_path / "in.csv").write_text("text,target\na,sign\n")
    predict_file(classifier, config)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]
    with pytest.raises(StanceError, match="output: its bad rows would replace the input"):
        replace(config, input=str(tmp_path / "out.rejects.jsonl"))


def test_damaged_compressed_files_are_refused(tmp_path, classifier):
    whole = gzip.compress(b"text,target\n" + b"".join(b"%d,sign\n" % i for i in range(2000)))
    for name, data in (("a.csv.gz", whole[:-200]), ("b.csv.gz", b"text"), ("c.csv.zst", b"text,target")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StanceError, match=rf"{name}: does not read to its end"):
            predict_file(
                classifier, PredictConfig(checkpoint="", input=str(tmp_path / name), output=str(tmp_path / "out.csv"))
            )
    with pytest.raises(StanceError, match=r"found '\.parquet\.gz'; allowed: .* also with \.gz or \.zst after it"):
        predict_file(
            classifier, PredictConfig(checkpoint="", input=str(tmp_path / "a.csv.gz"), output="out.parquet.gz")
        )


def test_repeats_are_scored_once(tmp_path):
    """Rows that differ in the target or holder alone are none."""
    rows = [{"id": str(i), "text": "They met.", "target": "sign", "holder": ""} for i in range(6)]
    rows[1] |= {"target": "meet"}
    rows[2] |= {"holder": "union"}
    rows[5] |= {"holder": "union"}
    model = shy()
    output = tmp_path / "out.csv"
    config = PredictConfig(checkpoint="", input=write(tmp_path / "in.csv", rows), output=str(output), chunk=4)
    tally = predict_file(model, config)
    assert (tally.rows, tally.scored) == (6, 3)
    assert [len(call) for call in model.predictor.calls] == [3]
    out = read(output)
    assert [row["id"] for row in out] == list("012345")
    scores = [tuple(row[label] for label in LABELS) for row in out]
    assert scores[0] == scores[3] == scores[4]
    assert scores[2] == scores[5]
    assert len(set(scores)) == 3


@pytest.fixture(scope="module")
def encoder(tiny_encoder):
    """One that reads 32 tokens and is shown mentions by marks."""
    set_seed(0)
    model = EncoderModel.new(str(tiny_encoder), InputFormat(mark="¤", max_length=32))
    with torch.no_grad():
        model.model.classifier.weight.mul_(40)
    return StanceClassifier(model, Card("encoder", input_format=model.input_format))


READ = [
    {"text": "The union left.", "target": "sign", "holder": "the union", "note": unicodedata.normalize("NFD", "é")},
    {"text": "It rained. " * 60 + "The union left.", "target": "sign", "holder": "The union", "note": ""},
    {"text": unicodedata.normalize("NFD", "Pas délégué."), "target": "sign", "holder": "the union", "note": ""},
    {"text": unicodedata.normalize("NFC", "Pas délégué."), "target": "sign", "holder": "the union", "note": ""},
    {"text": "We left.", "target": "sign", "holder": "", "note": ""},
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_cut_and_who_was_not_mentioned_is_counted_and_told_on_demand(tmp_path, encoder, caplog, kind):
    output = tmp_path / f"out{kind}"
    source = write(tmp_path / f"in{kind}", READ)
    config = PredictConfig(checkpoint="", input=source, output=str(output), details=True, prefix="m_", chunk=2)
    with caplog.at_level("INFO", logger="stance"):
        tally = predict_file(encoder, config)
    assert (tally.rows, tally.scored, tally.cut, tally.marked, tally.unmentioned) == (5, 4, 1, 2, 2)
    assert caplog.messages[-2:] == [
        "1 of 5 rows: the text does not fit the model's input and was cut (windows=true reads it all)",
        "the holder is marked in 2 of 5 rows; 2 do not mention the holder by that name (docs/inference.md)",
    ]
    found = read(output)
    assert [{name: row[name] for name in READ[0]} for row in found] == READ  # to the byte
    assert list(found[0])[-2:] == ["m_text_cut", "m_holder_mentioned"]
    told = [(False, True), (True, True), (False, False), (False, False), (False, None)]
    text = {False: "False", True: "True", None: ""}
    expected = told if kind in (".jsonl", ".parquet") else [tuple(text[value] for value in row) for row in told]
    assert [(row["m_text_cut"], row["m_holder_mentioned"]) for row in found] == expected
    assert [found[2][f"m_{label}"] for label in LABELS] == [found[3][f"m_{label}"] for label in LABELS]


def test_long_texts_are_read_in_windows_on_demand(tmp_path, encoder, caplog):
    source = write(tmp_path / "in.csv", READ)
    rows = {}
    for windows in (False, True):
        output = tmp_path / f"{windows}.csv"
        config = PredictConfig(checkpoint="", input=source, output=str(output), windows=windows)
        predict_file(encoder, config)
        rows[windows] = [[float(row[label]) for label in LABELS] for row in read(output)]
    assert "1 of 5 rows: the text does not fit the model's input and was read in windows" in caplog.messages
    differs = np.abs(np.array(rows[True]) - rows[False]).max(axis=1) > 0
    assert differs.tolist() == [False, True, False, False, False]


def test_windows_of_a_model_that_reads_everything_are_said_to_change_nothing(tmp_path, classifier, caplog):
    config = PredictConfig(
        checkpoint="", input=write(tmp_path / "in.csv"), output=str(tmp_path / "out.csv"), windows=True, details=True
    )
    with caplog.at_level("INFO", logger="stance"):
        predict_file(classifier, config)
    assert caplog.messages[0] == "windows=true changes nothing: the model reads texts of any length"
    assert [row["holder_mentioned"] for row in read(tmp_path / "out.csv")] == ["False", "", "False"]
    config = replace(config, input=config.output, output=str(tmp_path / "again.csv"))
    with pytest.raises(
        StanceError, match=r"already has the column; found \['label', .*'text_cut', 'holder_mentioned'\]"
    ):
        predict_file(classifier, replace(config, strict=True))


def test_progress_tells_speed_and_time_left(tmp_path, capsys):
    for kind in (".csv.gz", ".parquet"):
        source = write(tmp_path / f"in{kind}", long(bad=False))
        predict_file(shy(), PredictConfig(checkpoint="", input=source, output=str(tmp_path / "out.csv"), chunk=5))
        line = capsys.readouterr().err.split("\r")[-1]
        assert line.startswith(f"in{kind}: 100%|")
        assert "<00:00, 13 rows, " in line
        assert line.strip().endswith(" rows/s")


def test_python_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    """Its peak, with 200 rows at a time and 100 remembered, for 1,000 and for 4,000 rows of compressed text."""
    monkeypatch.setattr(inference, "REMEMBERED", 100)
    peaks = []
    for rows in (1_000, 4_000):
        source = tmp_path / f"{rows}.csv.gz"
        source.write_bytes(gzip.compress(b"text,target\n" + b"".join(b"%d word,sign\n" % i for i in range(rows))))
        config = PredictConfig(checkpoint="", input=str(source), output=str(tmp_path / "out.jsonl.gz"), chunk=200)
        model = shy()
        model.predictor.calls = deque(maxlen=1)
        tracemalloc.start()
        assert predict_file(model, config).rows == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_an_output_that_is_a_folder_is_refused_before_anything_is_scored(tmp_path, classifier):
    (tmp_path / "out.csv").mkdir()
    config = PredictConfig(checkpoint="", input=write(tmp_path / "in.csv"), output=str(tmp_path / "out.csv"))
    with pytest.raises(StanceError, match="a folder is there"):
        predict_file(classifier, config)


def test_bad_rows_of_an_output_of_another_suffix_are_not_replaced_in_silence(tmp_path, classifier, caplog):
    bad = write(tmp_path / "bad.csv", [*ROWS, {**ROWS[0], "text": ""}])

    def score(source, output):
        caplog.clear()
        predict_file(classifier, PredictConfig(input=source, output=str(tmp_path / output)))
        return "scored.rejects.jsonl holds the bad rows of scored.csv: those of scored.jsonl" in caplog.text

    assert not score(bad, "scored.csv")
    assert not score(bad, "scored.csv")
    assert score(write(tmp_path / "good.csv", ROWS), "scored.jsonl")
    assert not score(bad, "scored.jsonl")
    for name in ("scored.csv", "scored.jsonl"):
        (tmp_path / name).unlink()
    assert not score(bad, "scored.jsonl")


def test_jsonl_rows_of_different_shape_go_to_jsonl_but_not_to_csv(tmp_path, classifier):
    rows = [ROWS[0], {**ROWS[1], "extra": [1, 2]}]
    source = write(tmp_path / "in.jsonl", rows)
    predict_file(classifier, PredictConfig(checkpoint="", input=source, output=str(tmp_path / "out.jsonl")))
    assert read(tmp_path / "out.jsonl")[1]["extra"] == [1, 2]
    for suffix in (".csv", ".parquet"):
        with pytest.raises(StanceError, match=r"a row with other columns than the first; found \['extra'\]"):
            predict_file(classifier, PredictConfig(checkpoint="", input=source, output=str(tmp_path / f"out{suffix}")))


@pytest.fixture
def scored(tmp_path):
    """A checkpoint's memory of validation, and a file that it scored: 40 documents, two targets."""
    generator = np.random.default_rng(0)
    gold = generator.integers(3, size=200)
    p = softmax(2 * np.eye(3)[gold] + generator.normal(0, 1, (200, 3)), axis=1)
    (tmp_path / "checkpoint").mkdir()
    write_validation(tmp_path / "checkpoint", Scored(np.arange(200) // 5, gold, p))
    return [
        {
            "text": "They signed.",
            "target": "sign" if i < 120 else "meet",
            "document": f"d{i // 5}",
            "label": LABELS[int(p[i].argmax())],
            **dict(zip(LABELS, p[i].round(6).tolist(), strict=True)),
        }
        for i in range(200)
    ]


@pytest.mark.parametrize("kind", (*KINDS, ".csv.gz"))
def test_shares_of_a_scored_file(tmp_path, scored, kind):
    source = write(tmp_path / f"scored{kind}", scored)
    config = SharesConfig(predictions=source, checkpoint=str(tmp_path / "checkpoint"), bootstrap=20)
    report, path = count_file(config)
    assert path == tmp_path / "scored.shares.json"
    assert json.loads(path.read_text()) == report
    assert (report["all"]["n"], report["all"]["documents"], report["validation_rows"]) == (200, 40, 200)
    assert {target: one["n"] for target, one in report["targets"].items()} == {"sign": 120, "meet": 80}
    for label in LABELS:
        counted = sum(row["label"] == label for row in scored) / 200
        assert report["all"]["counted"][label]["value"] == pytest.approx(counted)
        assert report["all"]["em"][label]["low"] <= report["all"]["em"][label]["value"]


@pytest.mark.parametrize("documents", [19, 20])
def test_a_validation_part_of_few_documents_is_told(tmp_path, scored, caplog, documents):
    gold = np.arange(200) % 3
    told = Scored(np.arange(200) % documents, gold, np.full((200, 3), 0.2) + 0.4 * np.eye(3)[gold])
    write_validation(tmp_path / "checkpoint", told)
    source = write(tmp_path / "scored.csv", scored)
    count_file(SharesConfig(predictions=source, checkpoint=str(tmp_path / "checkpoint"), bootstrap=10))
    assert ("its validation part has 19 documents" in caplog.text) is (documents == 19)


def test_a_file_without_documents_or_targets_and_with_a_prefix(tmp_path, scored, caplog):
    rows = [{f"model_{name}": row[name] for name in ("label", *LABELS)} for row in scored]
    config = SharesConfig(
        predictions=write(tmp_path / "scored.csv", rows),
        checkpoint=str(tmp_path / "checkpoint"),
        prefix="model_",
        output=str(tmp_path / "o.json"),
        bootstrap=10,
    )
    with caplog.at_level("INFO", logger="stance"):
        report, path = count_file(config)
    assert path.name == "o.json"
    assert report["all"]["documents"] == 200
    assert "targets" not in report
    assert "every row counts as a document of its own" in caplog.text
    texts = [row | {"text": f"Sentence {i // 4}."} for i, row in enumerate(rows)]
    report, _ = count_file(replace(config, predictions=write(tmp_path / "texts.csv", texts)))
    assert report["all"]["documents"] == 50


@pytest.mark.parametrize("empty", ["", None])
def test_rows_without_a_document_are_not_one_document(tmp_path, scored, empty):
    rows = [row | {"document": empty, "text": f"Sentence {i}."} if i < 50 else row for i, row in enumerate(scored)]
    source = write(tmp_path / "scored.jsonl", rows)
    report, _ = count_file(SharesConfig(predictions=source, checkpoint=str(tmp_path / "checkpoint"), bootstrap=10))
    assert report["all"]["documents"] == 50 + len({row["document"] for row in scored[50:]})


def test_two_spellings_of_a_document_or_target_are_one(tmp_path, scored):
    forms = ("NFC", "NFD")
    rows = [
        row
        | {
            name: unicodedata.normalize(forms[i % 2], f"é{row[name]}") + " " * (i % 2)
            for name in ("document", "target")
        }
        for i, row in enumerate(scored)
    ]
    source = write(tmp_path / "scored.jsonl", rows)
    report, _ = count_file(SharesConfig(predictions=source, checkpoint=str(tmp_path / "checkpoint"), bootstrap=10))
    assert report["all"]["documents"] == 40
    assert {target: one["n"] for target, one in report["targets"].items()} == {"ésign": 120, "émeet": 80}


def test_labels_that_the_probabilities_contradict_are_counted_and_stop_above_a_share(tmp_path, scored, caplog):
    def swapped(number):
        rows = [
            row | ({"against": row["favor"], "favor": row["against"]} if i < number else {})
            for i, row in enumerate(sorted(scored, key=lambda row: row["label"]))
        ]
        return SharesConfig(
            predictions=write(tmp_path / "in.csv", rows), checkpoint=str(tmp_path / "checkpoint"), bootstrap=10
        )

    count_file(swapped(10))
    assert "10 of 200 rows with probabilities have a label that is not their most probable one" in caplog.text
    (tmp_path / "in.shares.json").unlink()
    with pytest.raises(
        StanceError, match=r"in\.csv: 11 of 200 rows .*line 2: 'against' beside .*; allowed: 5% of the rows"
    ):
        count_file(swapped(11))
    assert not (tmp_path / "in.shares.json").exists()


@pytest.fixture
def two(tmp_path):
    """Two checkpoints of unlike answers, and what scores a file with the first and counts shares with either."""
    generator = np.random.default_rng(0)
    gold = generator.integers(3, size=60)
    p = softmax(2 * np.eye(3)[gold] + generator.normal(0, 1, (60, 3)), axis=1)
    for name, labels in {"right": ("favor", "favor", "against"), "other": ("against", "neutral", "neutral")}.items():
        prior = Prior.fit("majority", [example(i, label) for i, label in enumerate(labels)])
        StanceClassifier(prior, Card("prior")).save_pretrained(tmp_path / name)
        write_validation(tmp_path / name, Scored(np.arange(60) // 5, gold, p))

    def score(rows, **settings):
        source = write(tmp_path / "in.csv", rows)
        config = PredictConfig(input=source, output=str(tmp_path / "scored.csv"), **settings)
        predict_file(StanceClassifier.from_pretrained(tmp_path / "right"), config)

    def shares(checkpoint, **settings):
        files = {"predictions": str(tmp_path / "scored.csv"), "checkpoint": str(tmp_path / checkpoint)}
        return count_file(SharesConfig(**files, bootstrap=10, **settings))

    return score, shares


#: Thirty questions.
ASKED = [row | {"text": f"{row['text']} {i}"} for i in range(10) for row in ROWS]


def test_another_checkpoint_than_the_one_that_scored_has_no_shares(tmp_path, two, caplog):
    score, shares = two
    body = [{"body" if name == "text" else name: value for name, value in row.items()} for row in ASKED]
    for rows, settings in ((ASKED, {"prefix": "p_"}), (body, {"columns": Columns(text="body")})):
        score(rows, **settings)
        told = "scored.csv: 20 of 20 rows have other probabilities than .*other gives them"
        with pytest.raises(StanceError, match=told):
            shares("other", **settings)
        assert not (tmp_path / "scored.shares.json").exists()
        shares("right", **settings)
        (tmp_path / "scored.shares.json").unlink()
    assert "probabilities" not in caplog.text


def test_what_a_file_does_not_say_of_its_scoring_is_told(two, caplog):
    score, shares = two
    score([{name: row[name] for name in ("text", "target")} for row in ASKED])
    shares("other")
    assert "20 of 20 rows have other probabilities than" in caplog.text
    assert "unless it was told a holder" in caplog.text
    score([{name: row[name] for name in ("text", "holder")} for row in ASKED], target="sign")
    with caplog.at_level("INFO", logger="stance"):
        shares("other")
    assert "no row with 'text' and 'target'" in caplog.text


def test_shares_of_texts_that_were_read_in_windows(tmp_path, encoder, two, monkeypatch):
    _, shares = two
    for name in ("FAR", "NEAR"):
        monkeypatch.setattr(count_shares, name, 1e-5)  # the little encoder hardly looks at its input
    encoder.save_pretrained(tmp_path / "long")
    (tmp_path / "right" / "validation.safetensors").rename(tmp_path / "long" / "validation.safetensors")
    source = write(tmp_path / "in.csv", [READ[1] | {"text": f"{READ[1]['text']} {i}"} for i in range(4)])
    config = PredictConfig(input=source, output=str(tmp_path / "scored.csv"), windows=True)
    predict_file(StanceClassifier.from_pretrained(tmp_path / "long"), config)
    shares("long")
    monkeypatch.setattr(count_shares, "windowed", lambda classifier: classifier)
    with pytest.raises(StanceError, match="4 of 4 rows have other probabilities"):
        shares("long")


def test_a_file_that_was_not_scored_whole_has_no_shares(tmp_path, scored):
    def refused(rows, message):
        source = write(tmp_path / "in.csv", rows)
        with pytest.raises(StanceError, match=message):
            count_file(SharesConfig(predictions=source, checkpoint=str(tmp_path / "checkpoint")))

    refused([*scored[:3], {**scored[3], "label": "abstain"}], "line 5: a row without label; found 'abstain'")
    refused(ROWS[1:], r"line 2: not scored; found \['label', 'against', 'neutral', 'favor'\]")
    refused([{**scored[0], "favor": 3}], "line 2: no distribution")
    assert not (tmp_path / "in.shares.json").exists()


MEASURE = """
import resource, sys
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.inference import predict_file as inference
from stance.inference.predict_file import predict_file
from stance.models.priors import Prior
from stance.inference.config import PredictConfig
classifier = StanceClassifier(Prior((), {}, (0.2, 0.3, 0.5)), Card("prior"))
inference.REMEMBERED = 1000
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    predict_file(classifier, PredictConfig(checkpoint="", input=path, output=f"{path}.out.csv", chunk=1024))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_file(tmp_path):
    """Peak memory above what is loaded, in kB, after 2,000 and then 60,000 rows of 400 characters (24 MB)."""
    paths = [tmp_path / f"{rows}.csv" for rows in (2_000, 60_000)]
    for path in paths:
        with path.open("w") as lines:
            lines.write("text,target\n")
            lines.writelines(f"{i} {'word ' * 80},open talks\n" for i in range(int(path.stem)))
    command = [sys.executable, "-c", MEASURE, *map(str, paths)]
    grown = [int(n) for n in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()]
    assert grown[1] < grown[0] + 12_000


def test_a_state_that_scoring_does_not_know_is_refused(tmp_path, classifier):
    config = PredictConfig(
        input=str(write_lines(tmp_path / "in.jsonl", [{"text": "No.", "target": "talk"}])),
        output=str(tmp_path / "out.csv"),
    )
    journal = Journal(tmp_path / "out.csv.partial", inference._identity(classifier, config))
    journal.commit({"rows": -1})
    journal.close()
    with pytest.raises(StanceError, match=r"out\.csv\.partial: no state that this command wrote; .*overwrite=true"):
        predict_file(classifier, config)


def test_a_state_that_scoring_does_not_know_stays_until_it_may_be_overwritten(tmp_path):
    config = PredictConfig(input=write(tmp_path / "in.csv", long()), output=str(tmp_path / "out.csv"), chunk=3)
    with pytest.raises(RuntimeError, match="killed"):
        predict_file(shy(3), config)
    page = tmp_path / "out.csv.partial" / "progress.json"
    page.write_text(page.read_text().replace('"rows": 6', '"rows": {"good": 6}'))
    for _ in range(2):
        with pytest.raises(StanceError, match=r"no state that this command wrote; found .*'good'"):
            predict_file(shy(), config)
    assert predict_file(shy(), replace(config, overwrite=True)).rows == 13


def test_an_output_without_a_name_is_refused():
    with pytest.raises(StanceError, match="no name of a file"):
        PredictConfig(input="a.csv", output=".")


@pytest.mark.parametrize("sink", ["csv", "tsv"])
def test_formulas_are_text_where_that_is_asked_for(tmp_path, classifier, sink):
    formulas = ["=cmd|' /C calc'!A0", "+1+cmd|'x'!A0", "-2+3", "@SUM(1)", "\tx", "＝1"]
    rows = [{"text": f"{formula} .", "target": formula, "=n": "-1.5"} for formula in formulas]
    named = {"input": str(write_lines(tmp_path / "in.jsonl", rows)), "output": str(tmp_path / f"out.{sink}")}
    for safe in (True, False):
        predict_file(classifier, PredictConfig(**named, excel_safe=safe))
        with Path(named["output"]).open(newline="") as lines:
            found = list(csv.DictReader(lines, delimiter="\t" if sink == "tsv" else ","))
        assert [row["target"] for row in found] == [(" " if safe else "") + formula for formula in formulas]
        assert {row[" =n" if safe else "=n"] for row in found} == {"-1.5"}
    with pytest.raises(StanceError, match="excel_safe: not an output of cells"):
        PredictConfig(input="a.csv", output="b.jsonl", excel_safe=True)
    assert inert(1.5) == 1.5


def test_a_killed_run_tells_of_the_whole_file_and_knows_columns_that_excel_would_compute(tmp_path, caplog):
    rows = [{"@user": "a", "holder": "" if number < 2 else "union"} | row for number, row in enumerate(long())]
    source = write(tmp_path / "in.csv", rows)
    (tmp_path / "in.csv").write_bytes((tmp_path / "in.csv").read_bytes().replace(b"one", b"\xe9", 1))
    config = PredictConfig(checkpoint="", input=source, output=str(tmp_path / "whole.csv"), chunk=3, excel_safe=True)
    tally = predict_file(shy(), config)
    told = list(caplog.messages)
    assert len(told) == 2
    cut = replace(config, output=str(tmp_path / "cut.csv"))
    with pytest.raises(RuntimeError, match="killed"):
        predict_file(shy(3), cut)
    caplog.clear()
    assert predict_file(shy(), cut) == tally
    assert [message for message in caplog.messages if "going on" not in message] == told
    assert (tmp_path / "cut.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_target_without_width_is_none_and_such_a_holder_is_the_author(tmp_path, encoder):
    with pytest.raises(StanceError, match="target: empty"):
        PredictConfig(input="a.csv", output="b.csv", target="\u200b")
    source = write(tmp_path / "in.csv", [{key: row[key] for key in ("text", "target")} for row in READ])
    whole = PredictConfig(checkpoint="", input=source, output=str(tmp_path / "out.csv"))
    tallies = [predict_file(encoder, replace(whole, holder=holder, overwrite=True)) for holder in ("\u200b", "")]
    assert tallies[0] == tallies[1]


def test_texts_that_a_checkpoint_cuts_are_told_where_it_annotates(tmp_path, encoder, caplog):
    encoder.save_pretrained(tmp_path / "checkpoint")
    source = write_lines(tmp_path / "in.jsonl", READ)
    to = {"output": str(tmp_path / "out.jsonl"), "annotator": "model", "checkpoint": str(tmp_path / "checkpoint")}
    annotate(AnnotateConfig(input=str(source), **to))
    assert "1 of 5 rows: the text does not fit the model's input and was cut" in caplog.messages
