"""Rows to be coded next: which are chosen, how each tool gets them, and that what comes back is read."""

from __future__ import annotations

import csv
import json
import unicodedata

import numpy as np
import pytest
from openpyxl import load_workbook

from conftest import run_here, write_lines
from stance.base.errors import StanceError
from stance.data.coding import export_tasks
from stance.data.config import DataConfig, TasksConfig
from stance.data.imports.tasks import KINDS
from stance.data.read import read_corpus
from stance.data.teaching import disagreement, most_first, narrowness, one_of_each

SCORES = [(0.9, 0.05, 0.05), (0.4, 0.3, 0.3), (0.34, 0.33, 0.33), (0.1, 0.8, 0.1), (0.55, 0.1, 0.35)]


def rows(scores=SCORES):
    made = []
    for number, (against, neutral, favor) in enumerate(scores):
        row = {
            "id": f"r{number}",
            "text": f"Sentence {number} = of the guild.",
            "holder": "the guild",
            "target": "ferry",
        }
        made.append(row | {"document": f"d{number}", "against": against, "neutral": neutral, "favor": favor})
    return made


def embed(texts):
    """Two clusters: even and odd sentences."""
    return np.array([[float(int(text.split()[1]) % 2), 0.0] for text in texts], dtype=np.float32)


def exported(tmp_path, **options):
    source = options.pop("input", None) or [str(write_lines(tmp_path / "scored.jsonl", rows()))]
    values = {"input": source, "output": str(tmp_path / "tasks.json"), "n": 2} | options
    return export_tasks(TasksConfig(**values), embed)


def texts_of(path):
    return [task["data"]["id"] for task in json.loads(path.read_text())]


def test_usefulness():
    said = np.array(SCORES)
    assert most_first(narrowness(said), 3).tolist() == [2, 1, 4]
    apart = disagreement([said, said[::-1]])
    assert apart[2] == pytest.approx(0) and apart[0] > 0 and apart.max() <= np.log(2)
    with pytest.raises(StanceError, match="one model cannot disagree"):
        disagreement([said])


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_one_of_each_cluster():
    vectors = np.array([[0, 0], [0, 0.1], [9, 9], [9, 9.1]], dtype=np.float32)
    assert one_of_each(vectors, np.array([0.1, 0.9, 0.3, 0.2]), 2, 0).tolist() == [1, 2]
    assert sorted(one_of_each(np.zeros((3, 2), np.float32), np.array([0.1, 0.2, 0.3]), 2, 0)) == [1, 2]
    assert one_of_each(vectors, np.zeros(4), 9, 0).tolist() == [0, 1, 2, 3]


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({"clusters": False}, ["r2", "r1"]),
        ({}, ["r2", "r1"]),
        ({"order": "file"}, ["r0", "r1"]),
        ({"n": 9}, ["r2", "r1", "r4", "r3", "r0"]),
    ],
)
def test_those_that_teach_most_first(tmp_path, options, chosen):
    exported(tmp_path, **options)
    assert texts_of(tmp_path / "tasks.json") == chosen


def test_of_two_models_those_on_which_they_differ(tmp_path):
    first = write_lines(tmp_path / "a.jsonl", rows())
    second = write_lines(tmp_path / "b.jsonl", rows([*SCORES[:4], (0.1, 0.1, 0.8)]))
    exported(tmp_path, input=[str(first), str(second)], order="disagreement", n=1)
    assert texts_of(tmp_path / "tasks.json") == ["r4"]
    other = write_lines(tmp_path / "c.jsonl", rows()[:3])
    with pytest.raises(StanceError, match="other rows than"):
        exported(tmp_path, input=[str(first), str(other)])


def test_rows_given_before_and_repeats_are_left_out(tmp_path):
    exported(tmp_path, n=2)
    again = exported(tmp_path, n=2, output=str(tmp_path / "next.json"), given=[str(tmp_path / "tasks.json")])
    assert (again.given, again.rows) == (2, 3)
    assert texts_of(tmp_path / "next.json") == ["r4", "r3"]
    doubled = write_lines(tmp_path / "doubled.jsonl", [*rows(), rows()[0] | {"id": "other"}])
    assert exported(tmp_path, input=[str(doubled)]).rows == 5


@pytest.mark.parametrize("to", KINDS)
def test_rows_without_ids_are_known_by_what_is_asked_of_them(tmp_path, to):
    """Number one of another file is another row; the same row is the same in whatever line."""
    names = ("text", "holder", "target")
    first = [{name: row[name] for name in names} for row in rows()]
    first[0] |= {"text": "Sentence 0 of the caf\u00e9.", "holder": ""}
    second = [row | {"text": f"Another {row['text']}"} for row in first[:3]]
    output = str(tmp_path / f"first{KINDS[to][0]}")
    source = str(write_lines(tmp_path / "first_rows.jsonl", first))
    exported(tmp_path, input=[source], n=5, to=to, output=output, annotators=["ana"])
    again = [row | {"text": unicodedata.normalize("NFD", row["text"])} for row in first[:2]]
    source = str(write_lines(tmp_path / "second.jsonl", [*second, *again]))
    done = exported(tmp_path, input=[source], n=9, given=[output])
    assert (done.given, done.tasks) == (2, 3)
    both = [str(tmp_path / "first_rows.jsonl"), source]
    with pytest.raises(StanceError, match=r"other rows than .* without ids the same texts"):
        exported(tmp_path, input=both, order="disagreement")


def test_rows_without_scores(tmp_path):
    plain = [{name: row[name] for name in ("text", "target")} for row in rows()]
    exported(tmp_path, input=[str(write_lines(tmp_path / "plain.jsonl", plain))])
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert len(tasks) == 2 and "predictions" not in tasks[0]
    assert {task["data"]["text"].split()[1] in "02468" for task in tasks} == {True, False}


def test_label_studio_gets_predictions_and_its_answers_are_read(tmp_path):
    done = exported(tmp_path)
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert tasks[0]["predictions"][0]["result"][0]["value"] == {"choices": ["against"]}
    assert "<Choices" in (tmp_path / "tasks.interface.xml").read_text()
    answer = {"type": "choices", "from_name": "stance", "to_name": "text", "value": {"choices": ["favor"]}}
    coded = [
        task | {"id": n, "annotations": [{"id": n, "completed_by": 3, "result": [answer]}]}
        for n, task in enumerate(tasks)
    ]
    came = tmp_path / "export.json"
    came.write_text(json.dumps(coded))
    corpus = read_corpus(DataConfig(name="x", reader="import", root="", path=str(came), mapping=str(done.mapping)))
    assert [(a.label, a.holder, a.target, a.document) for a in corpus.annotations] == [
        ("favor", "the guild", "ferry", "d2"),
        ("favor", "the guild", "ferry", "d1"),
    ]
    assert corpus.left_out == {"a model's prediction": 2} and set(corpus.files) == {"export.json", "tasks.mapping.yaml"}


@pytest.mark.parametrize("to", ["doccano", "prodigy"])
def test_lines_and_their_answers(tmp_path, to):
    path = tmp_path / "ana.jsonl"
    done = exported(tmp_path, to=to, output=str(path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    if to == "doccano":
        coded = [line | {"label": ["favor"]} for line in lines]
    else:
        known = {"answer": "accept", "accept": ["favor"], "_annotator_id": "ana", "_task_hash": 1, "_input_hash": 1}
        coded = [line | known | {"_task_hash": n} for n, line in enumerate(lines)]
    came = write_lines(tmp_path / "ana2.jsonl", coded)
    corpus = read_corpus(DataConfig(name="x", reader="import", root="", path=str(came), mapping=str(done.mapping)))
    assert [a.id for a in corpus.annotations] == ["r2 | the guild | ferry", "r1 | the guild | ferry"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_sheets_and_their_answers(tmp_path, suffix):
    path = tmp_path / f"sheet.{suffix}"
    done = exported(tmp_path, to="sheet", output=str(path), annotators=["ana", "bo"])
    if suffix == "csv":
        head, *lines = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
        for line in lines:
            line[head.index("ana")] = "against"
        path.write_text("\n".join(",".join(line) for line in [head, *lines]))
    else:
        book = load_workbook(path)
        sheet = book.active
        column = [cell.value for cell in sheet[1]].index("ana") + 1
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, column, "against")
        book.save(path)
    corpus = read_corpus(DataConfig(name="x", reader="import", root="", path=str(path), mapping=str(done.mapping)))
    assert [(a.annotator, a.label) for a in corpus.annotations] == [("ana", "against")] * 2
    assert corpus.left_out == {"label ''": 2}


def test_a_cell_that_begins_like_a_formula_stays_text(tmp_path):
    row = rows()[0] | {"text": "=1+1"}
    source = write_lines(tmp_path / "one.jsonl", [row])
    exported(tmp_path, input=[str(source)], to="sheet", output=str(tmp_path / "s.xlsx"))
    assert load_workbook(tmp_path / "s.xlsx").active["B2"].data_type == "s"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "word"}, "to: unknown kind of tasks; found 'word'"),
        ({"to": "doccano"}, "output: not a name for doccano"),
        ({"given": ["nothing.json"]}, "no such file"),
    ],
)
def test_what_cannot_be_written(tmp_path, options, message):
    with pytest.raises(StanceError, match=message):
        exported(tmp_path, **options)


def test_a_probability_with_a_comma_is_told_with_its_place(tmp_path):
    source = tmp_path / "scored.csv"
    source.write_text("id;text;target;against;neutral;favor\n1;They signed.;x;0,1;0,2;0,7\n", encoding="utf-8")
    with pytest.raises(StanceError, match=r"scored\.csv, line 2: not a probability for each label; found .*'0,1'"):
        exported(tmp_path, input=[str(source)])


def test_a_probability_that_is_missing_beside_others_is_told(tmp_path):
    source = tmp_path / "scored.csv"
    source.write_text("id,text,target,against,neutral,favor\n1,They signed.,x,,0.2,0.8\n", encoding="utf-8")
    with pytest.raises(StanceError, match=r"scored\.csv, line 2: not a probability for each label"):
        exported(tmp_path, input=[str(source)])


def test_labels_that_contradict_their_probabilities_are_told(tmp_path):
    source = tmp_path / "scored.csv"
    source.write_text(
        "id,text,target,label,against,neutral,favor\n1,They signed.,x,against,0.1,0.2,0.7\n", encoding="utf-8"
    )
    with pytest.raises(
        StanceError, match=r"scored\.csv: 1 of 1 rows with probabilities have a label that is not their"
    ):
        exported(tmp_path, input=[str(source)])


def test_the_scripts(tmp_path):
    write_lines(tmp_path / "scored.jsonl", rows())
    said = run_here(
        "export_tasks", "input=[scored.jsonl]", "output=t.json", "n=2", "clusters=false", cwd=tmp_path
    ).stdout
    assert "2 of 5 rows -> t.json; 0 were given before" in said
    seen = run_here("inspect_import", "scored.jsonl", "--tool", "table", cwd=tmp_path).stdout
    assert "written by table, 1 file(s)" in seen and "a first mapping: scored.mapping.yaml" in seen
    first = (tmp_path / "scored.mapping.yaml").read_text()
    assert "text: text" in first and "???" in first
    assert "exists and was left" in run_here("inspect_import", "scored.jsonl", "--tool", "table", cwd=tmp_path).stdout
    failed = run_here("inspect_import", "scored.jsonl", "--mapping", "scored.mapping.yaml", cwd=tmp_path, check=False)
    assert failed.returncode == 2 and "target: left open" in failed.stderr
    said = "text: text\ntarget: target\nlabel: holder\nlabels: {favor: the guild}\n"
    (tmp_path / "m.yaml").write_text(said)
    command = ["inspect_import", "scored.jsonl", "--tool", "table", "--mapping", "m.yaml", "--output", "rows.jsonl"]
    assert "5 judgement(s): {'favor': 5}" in run_here(*command, cwd=tmp_path).stdout
    assert json.loads((tmp_path / "rows.jsonl").read_text().splitlines()[0])["place"] == "scored.jsonl, line 1"
