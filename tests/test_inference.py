"""Scoring files: every row and column comes through, in order, in flat memory, or nothing is written."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import example
from stance.classifier import Card, StanceClassifier
from stance.errors import StanceError
from stance.inference import predict_file
from stance.labels import LABELS
from stance.priors import Prior
from stance.settings import ColumnsConfig, PredictConfig

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
    assert predict_file(classifier, config) == 3
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
        checkpoint="", input=write(tmp_path / "in.csv", rows), output=str(tmp_path / "out.csv"), chunk=2
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


MEASURE = """
import resource, sys
from stance.classifier import Card, StanceClassifier
from stance.inference import predict_file
from stance.priors import Prior
from stance.settings import PredictConfig
classifier = StanceClassifier(Prior((), {}, (0.2, 0.3, 0.5)), Card("prior"))
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
