"""The mapping that a coder writes, and what becomes of records by it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stance.base.annotations import places_of
from stance.base.errors import StanceError
from stance.data.config import DataConfig
from stance.data.imports.judge import rows_of
from stance.data.imports.mapping import to_mapping
from stance.data.imports.record import Record
from stance.data.read import read_corpus

SAID = {"text": "text", "target": {"value": "the talks"}, "labels": {"favor": ["yes"], "against": ["no"]}}
DEFAULTS = {"id": "id", "label": "label", "annotator": "annotator"}


def record(number: int = 1, **changes) -> Record:
    values = {"id": f"t{number}", "text": f"Text {number}.", "label": "yes", "annotator": "ana"} | changes
    reason, when, layer = (values.pop(name, "") for name in ("reason", "when", "layer"))
    return Record(f"file, record {number}", values, layer, reason, when)


def read(records, **said):
    return rows_of(records, to_mapping(SAID | said, "m.yaml", DEFAULTS), "file")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("unit_id", "x-3-Union"),
        ({"value": "a b"}, "a b"),
        (["unit_id", "cell"], "x-3-Union Talks : For"),
        ({"join": ["nothing", "cell"]}, "Talks : For"),
        ({"first": [{"field": "cell", "find": "xx"}, "unit_id"]}, "x-3-Union"),
        ({"field": "cell", "before": " : "}, "Talks"),
        ({"field": "cell", "after": " : "}, "For"),
        ({"field": "cell", "before": " = "}, ""),
        ({"field": "unit_id", "find": r"-\d+-(.*)$"}, "Union"),
        ({"field": "unit_id", "find": r"\d"}, "3"),
        ({"field": "unit_id", "find": r"-(\w+)$", "words": {"Union": ""}}, ""),
        ({"field": "mark", "remove": "**"}, "the guild &amp; they"),
        ({"field": "mark", "html": True}, "the **guild** & they"),
    ],
)
def test_where_words_come_from(source, words):
    known = {"unit_id": "", "mark": "", "cell": "", "nothing": ""}
    records = [record(1, **known | {"unit_id": "x-3-Union", "mark": "the **guild** &amp; they", "cell": "Talks : For"})]
    ((_, found),) = read(records, holder=source).rows
    assert found["holder"] == words


def test_numbers_may_be_compared():
    labels = {"favor": ["> 0"], "neutral": [0], "against": ["<0"]}
    found = read([record(n, label=cell) for n, cell in enumerate(("2.5", "0.0", "-3"))], labels=labels)
    assert [made["label"] for _, made in found.rows] == ["favor", "neutral", "against"]


def test_a_row_has_an_id_for_each_holder_and_target():
    records = [record(1, who="ana", what="talks"), record(2, id="t1", who="bo", what="talks", text="Text 1.")]
    found = read(records, holder="who", target="what")
    assert [made["id"] for _, made in found.rows] == ["t1 | ana | talks", "t1 | bo | talks"]
    assert [at for at, _ in found.rows] == ["file, record 1", "file, record 2"]


def test_two_questions_are_two_rows():
    questions = [{"target": {"value": "talks"}}, {"target": {"value": "draft"}, "label": "second"}]
    found = read([record(1, second="no")], questions=questions)
    assert [(made["id"], made["label"]) for _, made in found.rows] == [
        ("t1 | talks", "favor"),
        ("t1 | draft", "against"),
    ]


def test_annotators_in_columns():
    found = read([record(1, A="yes", B="?")], annotators={"A": "ana", "B": "bo"}, leave_out=["?"])
    assert [(made["annotator"], made["label"]) for _, made in found.rows] == [("ana", "favor")]
    assert found.left_out == {"label '?'": 1}


@pytest.mark.parametrize(("leave_out", "n"), [(["maybe"], 1), ("*", 1), (["maybe", "yes"], 0)])
def test_labels_left_out_are_counted(leave_out, n):
    found = read([record(1), record(2, label="maybe")], leave_out=leave_out)
    assert len(found.rows) == n and sum(found.left_out.values()) == 2 - n


def test_of_another_layer_or_value():
    records = [record(1, layer="web.Stance"), record(2, layer="Tone"), record(3, layer="Stance", state="draft")]
    found = read(records, layer="Stance", where={"state": [""]})
    assert [made["id"] for _, made in found.rows] == ["t1"]
    assert found.left_out == {"of another layer (Tone)": 1, "state is 'draft'": 1}


def test_what_is_no_judgement_is_left_out_unless_taken():
    records = [record(1), record(2, reason="not completed")]
    assert read(records).left_out == {"not completed": 1}
    assert len(read(records, take=["not completed"]).rows) == 2


def test_the_later_answer_of_one_annotator_counts():
    records = [
        record(1, when="2"),
        record(1, when="1", label="no"),
        record(2, when="3"),
        record(2, when="4", reason="ignored"),
    ]
    found = read(records)
    assert [(made["id"], made["label"]) for _, made in found.rows] == [("t1", "favor")]
    assert found.left_out["an earlier answer of the same annotator"] == 2


def test_two_answers_without_time_stay_and_the_same_twice_is_one():
    assert len(read([record(1), record(1, label="no")]).rows) == 2
    assert len(read([record(1), record(1)]).rows) == 1


def test_texts_of_another_table_and_of_a_folder(tmp_path):
    table = tmp_path / "texts.csv"
    table.write_text("key;words;date\nt1;The text.;2020-02-03\n", encoding="utf-8")
    said = {"texts": {"path": str(table), "by": "id", "key": "key"}, "text": "words", "date": "date"}
    ((_, found),) = read([record(1)], **said).rows
    assert (found["text"], found["date"]) == ("The text.", "2020-02-03")
    with pytest.raises(StanceError, match=r"record 2: no such id in .*texts.csv; found 't2'"):
        read([record(2)], **said)
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "t1.txt").write_text("In a file.\n", encoding="utf-8")
    one = Record("file, record 1", {"id": "t1", "label": "yes"})
    ((_, found),) = read([one], texts={"path": str(folder), "by": "id"}).rows
    assert found["text"] == "In a file."
    with pytest.raises(StanceError, match=r"no file 't2' in"):
        read([record(2)], texts={"path": str(folder), "by": "id"})


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"labels": {"pro": ["yes"]}}, r"m.yaml, labels: no such key; found 'pro'; allowed: against, neutral, favor"),
        (
            {"labels": {"favor": ["yes"], "against": "yes"}},
            r"spelled alike: favor and against; found 'yes'",
        ),
        ({"layers": "x"}, r"m.yaml: no such key; found 'layers'"),
        ({"holder": "???"}, r"m.yaml, holder: left open"),
        ({"target": {"value": "???"}}, r"m.yaml, target: left open"),
        ({"holder": {"field": "a", "value": "b"}}, r"m.yaml, holder: not one source"),
        ({"holder": {"field": "a", "find": "("}}, r"m.yaml, holder: no regular expression"),
        ({"header": "two"}, r"m.yaml, header: not numbers of rows"),
        ({"texts": {"path": "x"}}, r"m.yaml, texts: incomplete"),
        ({"holder": "hodler"}, r"m.yaml: no record of file has a field 'hodler'; allowed: annotator, id, label, text"),
        ({"labels": {"favor": ["no"]}}, r"file, record 1: unknown label; found 'yes'; allowed: no"),
        ({"text": "empty"}, r"file, record 1: no text"),
    ],
)
def test_faults_name_their_place(said, message):
    with pytest.raises(StanceError, match=message):
        read([record(1, empty="")] if said.get("text") else [record(1)], **said)


def data(**said):
    return DataConfig(**({"name": "x", "reader": "import", "root": "", "path": "rows.csv"} | said))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"target": "talks"}, "data.target: .*reader=import; found 'talks'; allowed: target in the file data.mapping"),
        ({"leave_out": ["x"]}, "data.leave_out: not read with data.reader=import"),
        ({"encoding": "cp1252"}, "data.encoding: not read with data.reader=import"),
        ({"reader": "table", "mapping": "m.yaml"}, "data.mapping: .*found 'm.yaml'; allowed: with data.reader=import$"),
    ],
)
def test_what_would_not_be_looked_at_is_refused(said, message):
    with pytest.raises(StanceError, match=message):
        data(**said)


def test_a_corpus_of_one_annotator_and_with_parts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("id,text,ana,bo,split\n1,One.,yes,no,train\n2,Two.,no,no,test\n")
    with pytest.raises(StanceError, match=r"nothing says what is holder.*inspect_import.py rows.csv"):
        read_corpus(data())
    said = "id: id\ntext: text\ntarget: {value: talks}\npart: split\nannotators: [ana, bo]\n"
    (tmp_path / "m.yaml").write_text(said + "labels: {favor: 'yes', against: 'no'}\n")
    corpus = read_corpus(data(mapping="m.yaml", annotators=["ana"]))
    assert [(a.id, a.label) for a in corpus.annotations] == [("1", "favor"), ("2", "against")]
    assert corpus.parts == {"1": "train", "2": "test"} and set(corpus.files) == {"rows.csv", "m.yaml"}
    with pytest.raises(StanceError, match=r"no such annotator; found 'eve'; allowed: ana, bo"):
        read_corpus(data(mapping="m.yaml", annotators=["eve"]))


def test_an_export_without_judgements_says_why(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("id,text,label\n1,One.,x\n")
    (tmp_path / "m.yaml").write_text("id: id\ntext: text\nlabel: label\ntarget: {value: t}\nleave_out: x\n")
    with pytest.raises(StanceError, match=r"rows.csv: no judgements; found \"label 'x' \(1\)\""):
        read_corpus(data(mapping="m.yaml"))


def test_a_judgement_remembers_where_it_stands(tmp_path, monkeypatch):
    """File, record and offset, as the fault of a row names them."""
    monkeypatch.chdir(tmp_path)
    spans = [
        {"id": n, "text": "We agree. We sign.", "label": [[10, 18, label]]} for n, label in ((7, "yes"), (9, "no"))
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in spans), encoding="utf-8")
    (tmp_path / "m.yaml").write_text("target: {value: the deal}\nlabels: {favor: 'yes', against: 'no'}\n")
    found = read_corpus(data(path="rows.jsonl", mapping="m.yaml")).annotations
    assert [a.place for a in found] == [f"rows.jsonl, line {n}, characters 10-18" for n in (1, 2)]
    assert places_of(found) == {a.id: a.place for a in found} and found[0] == replace(found[0], place="")
