"""The mapping that a coder writes, and what becomes of records by it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stance.base.annotations import places_of
from stance.base.errors import StanceError
from stance.data.config import DataConfig
from stance.data.imports.judge import rows_of
from stance.data.imports.mapping import read_mapping, to_mapping
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


def answered(when, label="yes", layer="stance", annotator="ana", at="", **more):
    """A record of the unit t1, of a span of it where ``at`` says which."""
    found = record(1, id=f"t1{at}", when=when, layer=layer, label=label, annotator=annotator, **more)
    return replace(found, unit="t1")


@pytest.mark.parametrize(
    ("later", "rows"),
    [
        ([answered("2", at="@5-9", label="no")], ["t1@5-9"]),
        ([answered("2", layer="", reason="cancelled")], []),
        ([answered("2", reason="nothing marked")], []),
        ([answered("2", label="unclear")], []),
        ([answered("2", layer="tone")], ["t1", "t1@0-4", "t1@5-9"]),
        ([answered("2", layer="tone", reason="nothing marked")], ["t1@0-4", "t1@5-9"]),
        ([answered("0", layer="", reason="cancelled")], ["t1@0-4", "t1@5-9"]),
        ([answered("2", annotator="bo", reason="cancelled")], ["t1@0-4", "t1@5-9"]),
        ([answered("2", annotator="", reason="cancelled")], ["t1@0-4", "t1@5-9"]),
        ([answered("2", layer="", reason="cancelled"), answered("3", at="@0-4")], ["t1@0-4"]),
    ],
)
def test_a_later_answer_takes_the_place_of_all_of_the_earlier_in_its_layer(later, rows):
    earlier = [answered("1", at="@0-4"), answered("1", at="@5-9", label="no")]
    for records in (earlier + later, later + earlier):
        found = read(records, leave_out=["unclear"])
        assert sorted(made["id"] for _, made in found.rows) == rows
        assert sum(found.left_out.values()) == len(records) - len(rows)


def test_an_answer_that_the_mapping_does_not_look_at_withdraws_none():
    records = [answered("1", sure="yes"), answered("2", label="no", sure="no")]
    ((_, found),) = read(records, where={"sure": "yes"}).rows
    assert found["label"] == "favor"


def test_who_answered_is_who_the_mapping_says():
    """A project in which all coders share an account and write down their names."""
    records = [answered("1", who="bo"), answered("2", label="no", who="eve", at="@5-9")]
    assert len(read(records, annotator="who").rows) == 2
    assert len(read(records).rows) == 1


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


def written(tmp_path, said: str):
    (tmp_path / "m.yaml").write_text("text: text\ntarget: {value: x}\n" + said, encoding="utf-8")
    return read_mapping(tmp_path / "m.yaml", DEFAULTS)


@pytest.mark.parametrize(
    "word", ["NO", "off", "Yes", "010", "0x1F", "1_000", "12:30", "1.50", "2020-01-02", "NULL", "~", "="]
)
def test_a_word_of_a_mapping_is_the_text_that_it_is(tmp_path, word):
    said = written(tmp_path, f"holder: {{field: who, words: {{{word}: the other}}}}\nwhere: {{party: [{word}]}}\n")
    (question,) = said.questions
    assert question.fields["holder"].of({"who": word}) == "the other"
    assert question.where == {"party": {word}}
    (question,) = written(
        tmp_path, f"leave_out: [{word}]\nannotators: [{word}, bo]\nlabels: {{favor: {word}x}}\n"
    ).questions
    assert question.leave_out == {word} and question.annotators == {word: word, "bo": "bo"}
    assert question.labels == {f"{word}x": "favor"}


def test_truth_values_are_one_however_json_and_spreadsheets_write_them(tmp_path):
    said = (
        "where: {sure: [True]}\nlabels: {favor: [TRUE], against: [false]}\nholder: {field: who, words: {TRUE: ana}}\n"
    )
    cells = [record(n, sure=word, label=word, who=word) for n, word in enumerate(("true", "TRUE", "no"))]
    found = rows_of(cells, written(tmp_path, said + "leave_out: '*'\n"), "file")
    assert [(made["label"], made["holder"]) for _, made in found.rows] == [("favor", "ana")] * 2
    assert found.left_out == {"sure is 'no'": 1}


def test_what_is_no_text_in_a_mapping_and_what_is_nothing(tmp_path):
    said = written(
        tmp_path, "header: [2, 03]\ncontext: {field: c, html: yes}\nholder: null\nsheet:\nlabels: {favor: }\n"
    )
    assert said.options.header == (2, 3) and said.options.sheet == "" and not said.questions[0].labels
    assert said.questions[0].fields["context"].html and said.questions[0].fields["holder"].value == ""
    merged = "questions:\n- &one {holder: who, label: a}\n- {<<: *one, label: b}\n"
    assert [q.fields["label"].field for q in written(tmp_path, merged).questions] == ["a", "b"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("holder: who\nholder: ''\n", r"m\.yaml, line 4: malformed YAML: 'holder' is there twice, first in line 3"),
        ("labels:\n  favor: [a]\n  'favor': [b]\n", r"m\.yaml, line 5: .*'favor' is there twice, first in line 4"),
        ("holder: {field: who, words: {1: a, '1': b}}\n", r"m\.yaml, line 3: .*'1' is there twice"),
        ("holder: {field: who, words: {true: a, TRUE: b}}\n", r"m\.yaml, holder, words: there twice; found 'TRUE'"),
        ("holder: {field: who, html: maybe}\n", r"holder, html: neither true nor false; found 'maybe'; allowed: true"),
        ("header: true\n", r"m\.yaml, header: not numbers of rows; found 'true'"),
    ],
)
def test_what_a_mapping_says_twice_or_cannot_say_is_refused(tmp_path, said, message):
    with pytest.raises(StanceError, match=message):
        written(tmp_path, said)


def test_equal_numbers_are_left_out_alike_unless_a_label_is_spelled_so(tmp_path):
    said = written(tmp_path, "labels: {favor: ['> 0'], neutral: [0]}\nleave_out: [99.0, 00]\n")
    found = rows_of([record(n, label=word) for n, word in enumerate(("99", "0", "7"))], said, "file")
    assert [made["label"] for _, made in found.rows] == ["neutral", "favor"]


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


@pytest.mark.parametrize("name", ["id", "annotator", "document", "date", "before", "time", "label"])
def test_a_field_that_a_mapping_names_is_in_some_record_whatever_its_name(name):
    one = Record("file, record 1", {"text": "One.", "Label": "yes", "who": "ana"})
    with pytest.raises(
        StanceError, match=rf"m\.yaml: no record of file has a field '{name}'; allowed: Label, text, who"
    ):
        rows_of([one], to_mapping(SAID | {"label": "Label", "context": name}, "m.yaml", DEFAULTS), "file")
    if name in DEFAULTS:
        with pytest.raises(StanceError, match=rf"no record of file has a field '{name}'"):
            rows_of([one], to_mapping(SAID | {"label": "Label", name: name}, "m.yaml", DEFAULTS), "file")


def test_an_export_may_lack_what_its_tool_has_by_default():
    one = Record("file, record 1", {"text": "One.", "Label": "yes"})
    ((_, found),) = rows_of([one], to_mapping(SAID | {"label": "Label"}, "m.yaml", DEFAULTS), "file").rows
    assert (found["id"], found["annotator"]) == ("file, record 1", "somebody")
    ((_, found),) = rows_of([one], to_mapping(SAID | {"annotators": ["Label"]}, "m.yaml", DEFAULTS), "file").rows
    assert found["annotator"] == "Label"
    with pytest.raises(StanceError, match=r"no record of file has a field '\(cell\)'"):
        rows_of([one], to_mapping(SAID | {"label": "(cell)"}, "m.yaml", DEFAULTS), "file")


def two_tables(said):
    """The rows of two tables whose columns differ in one name."""
    first, second = {"ID": "7", "holder": "union", "ana": "yes"}, {"id": "7", "Holder": "union", "bo": "no"}
    records = [
        Record(f"{name}, line 2", {"text": "One.", "label": "yes", "(file)": name} | values, table=name)
        for name, values in (("c1.csv", first), ("c2.csv", second))
    ]
    return rows_of(records, to_mapping(SAID | {"annotator": "(file)"} | said, "m.yaml", DEFAULTS), "folder")


@pytest.mark.parametrize(
    ("said", "table", "name"),
    [
        ({"id": "id", "holder": "holder"}, "c1.csv", "id"),
        ({"holder": "holder"}, "c2.csv", "holder"),
        ({"context": ["text", "Holder"]}, "c1.csv", "Holder"),
        ({"where": {"holder": [""]}}, "c2.csv", "holder"),
        ({"context": {"first": ["ID", "ana"]}}, "c2.csv", "ID"),
    ],
)
def test_a_field_that_a_whole_table_lacks_is_refused_with_the_table(said, table, name):
    first = "" if "where" in said else rf"{{first: \[{name}, .*"  # words alone may stand there
    told = rf"m\.yaml: no record of {table} has a field '{name}'; .*if it lacks that, {first}'files' to choose"
    with pytest.raises(StanceError, match=told):
        two_tables(said)


def test_fields_that_are_called_otherwise_in_each_table_are_read_if_the_mapping_says_so():
    said = {"id": {"first": ["ID", "id"]}, "holder": {"first": ["holder", {"value": "the guild"}]}}
    found = two_tables(said)
    assert [made["id"] for _, made in found.rows] == ["7 | union", "7 | the guild"]
    found = two_tables({"annotators": {"ana": "a", "bo": "b"}, "leave_out": [""]})
    assert [made["annotator"] for _, made in found.rows] == ["a", "b"]


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
