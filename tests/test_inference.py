"""Scoring files: every row and column comes through, in order, in flat memory, or nothing is written."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import softmax

from conftest import example
from stance.classifier import Card, StanceClassifier
from stance.errors import StanceError
from stance.inference import Tally, count_file, predict_file
from stance.labels import LABELS
from stance.priors import Prior
from stance.selective import Threshold
from stance.settings import AbstainConfig, ColumnsConfig, PredictConfig, SharesConfig
from stance.shares import Scored, write_validation
from stance.tables import scan_length

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
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as lines:
            writer = csv.DictWriter(lines, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return str(path)


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t" if path.suffix == ".tsv" else ","))


KINDS = (".csv", ".tsv", ".jsonl", ".parquet")


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("sink", KINDS)
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


def test_other_names_constants_and_prefix(tmp_path, classifier):
    rows = [{"sentence": "They signed.", "who": "union", "label": "gold"}]
    config = PredictConfig(
        checkpoint="",
        input=write(tmp_path / "in.csv", rows),
        output=str(tmp_path / "out.csv"),
        columns=ColumnsConfig(text="sentence", holder="who"),
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
    config = PredictConfig(
        checkpoint="", input=source, output=str(tmp_path / "out.csv"), columns=ColumnsConfig(holder="who")
    )
    with pytest.raises(StanceError, match="line 2: no column 'who'"):
        predict_file(classifier, config)
    with caplog.at_level("INFO", logger="stance"):
        predict_file(classifier, PredictConfig(checkpoint="", input=source, output=str(tmp_path / "out.csv")))
    assert "no column 'holder': the stance asked is that of the author" in caplog.text


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
    with pytest.raises(StanceError, match="chunk: too small; found 0; allowed: 1 or more"):
        PredictConfig(checkpoint="", input="a.csv", output="b.csv", chunk=0)
    with pytest.raises(StanceError, match="output: the same file as the input"):
        PredictConfig(checkpoint="", input="a.csv", output="./a.csv")


def test_an_output_that_is_a_folder_is_refused_before_anything_is_scored(tmp_path, classifier):
    (tmp_path / "out.csv").mkdir()
    config = PredictConfig(checkpoint="", input=write(tmp_path / "in.csv"), output=str(tmp_path / "out.csv"))
    with pytest.raises(StanceError, match="a folder is there"):
        predict_file(classifier, config)


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


@pytest.mark.parametrize("kind", KINDS)
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
from stance.classifier import Card, StanceClassifier
from stance import inference
from stance.inference import predict_file
from stance.priors import Prior
from stance.settings import PredictConfig
classifier = StanceClassifier(Prior((), {}, (0.2, 0.3, 0.5)), Card("prior"))
inference.REMEMBERED = 1000
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
predict_file(classifier, PredictConfig(checkpoint="", input=sys.argv[1], output=sys.argv[2], chunk=1024))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_file(tmp_path):
    """Peak memory above what is loaded, in kB, for 2,000 and for 60,000 rows of 400 characters (24 MB)."""
    grown = []
    for rows in (2_000, 60_000):
        path = tmp_path / f"{rows}.csv"
        with path.open("w") as lines:
            lines.write("text,target\n")
            lines.writelines(f"{i} {'word ' * 80},open talks\n" for i in range(rows))
        command = [sys.executable, "-c", MEASURE, str(path), str(tmp_path / "out.csv")]
        grown.append(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    assert grown[1] < grown[0] + 12_000
