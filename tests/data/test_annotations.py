"""Reading judgements: what is read, and the message for everything that is not."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import annotation, write_lines
from stance.base.annotations import Annotation, write_annotations
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.data.columns import SPREADSHEET_ERROR, Columns
from stance.data.table import read, read_annotations

GOOD = {
    "id": "1",
    "text": "They signed.",
    "holder": "they",
    "target": "sign",
    "label": "favor",
    "annotator": "a",
    "document": "d",
}


def test_jsonl_round_trip(tmp_path):
    rows = [annotation(1), annotation(2, "neutral", holder=""), annotation(3, "against", tags=("plain", "negated"))]
    write_annotations(tmp_path / "a.jsonl", rows)
    assert read_annotations(tmp_path / "a.jsonl") == rows


#: Any text but the errors of a spreadsheet, which are refused as such.
TEXT = (
    st.text(min_size=1, max_size=30)
    .map(str.strip)
    .filter(bool)
    .filter(lambda text: text.isprintable() and not SPREADSHEET_ERROR.fullmatch(text))
)


@given(text=TEXT, holder=st.just("") | TEXT, target=TEXT, label=st.sampled_from(LABELS))
def test_any_printable_text_survives_the_file(tmp_path_factory, text, holder, target, label):
    path = tmp_path_factory.mktemp("round") / "a.jsonl"
    rows = [Annotation("1", text, holder, target, label, "a", "d")]
    write_annotations(path, rows)
    assert read_annotations(path) == rows


def test_csv_with_quotes_line_breaks_and_other_names(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        'id,sentence,who,target,stance,annotator,document\n1,"He said ""no"",\nthen left.",he,stay,con,a,d\n',
        encoding="utf-8-sig",
    )
    columns = {"text": "sentence", "holder": "who", "label": "stance"}
    (row,) = read_annotations(path, columns=columns, label_map={"pro": "favor", "con": "against"})
    assert row.text == 'He said "no",\nthen left.'
    assert (row.holder, row.label, row.context) == ("he", "against", "")


@pytest.mark.parametrize(("spelling", "label"), [(0, "neutral"), (1, "against"), (2, "favor")])
def test_numbers_are_read_by_a_stated_map(tmp_path, spelling, label):
    path = write_lines(tmp_path / "a.jsonl", [GOOD | {"label": spelling}])
    label_map = {"0": "neutral", "1": "against", "2": "favor"}
    assert read_annotations(path, label_map=label_map)[0].label == label


def changed(**changes):
    return {key: value for key, value in (GOOD | changes).items() if value is not Ellipsis}


BAD_ROWS = {
    "missing field": ([changed(target=...)], ["line 1", "'target' is missing"]),
    "empty field": ([GOOD, changed(id="2", text="  ")], ["line 2", "'text' is empty"]),
    "null field": ([changed(document=None)], ["line 1", "'document' is empty"]),
    "a list for text": ([changed(text=["a"])], ["line 1", "'text' is not text", "['a']"]),
    "unknown label": ([changed(label="FAVOR")], ["line 1", "'FAVOR'", "against, neutral, favor", "data.labels.favor"]),
    "other text for an id": (
        [GOOD, changed(annotator="b", text="Other.")],
        ["line 2", "duplicate id '1'", "another text", "line 1"],
    ),
    "two labels": ([GOOD, changed(label="against")], ["line 2", "two labels", "annotator 'a'", "'against'"]),
    "same judgement twice": ([GOOD, GOOD], ["line 2", "the same judgement twice"]),
    "no rows": ([], ["no rows in the file"]),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_bad_row_is_refused_with_place_and_value(tmp_path, case):
    rows, wanted = BAD_ROWS[case]
    path = write_lines(tmp_path / "votes.jsonl", rows)
    with pytest.raises(StanceError) as caught:
        read_annotations(path)
    for part in ["votes.jsonl", *wanted]:
        assert part in str(caught.value)


BAD_FILES = {
    "a.jsonl": (b'{"id": 1,\n', ["line 1", "malformed JSON", "column"]),
    "b.jsonl": (b"[1, 2]\n", ["line 1", "not a JSON object"]),
    "c.csv": (b"id,text\n1,a,b\n", ["line 2", "3 cells instead of 2"]),
    "d.csv": (b"id,id\n1,2\n", ["line 1", "twice in the header", "'id'"]),
    "e.csv": (b'id,text\n1,"open\n', ["malformed csv"]),
    "f.jsonl": (json.dumps(GOOD).encode() + b'\n{"text": "caf\xe9"}\n', ["line 2", "byte 14", "not utf-8"]),
    "g.csv": ("id,text\n1,a\n".encode("utf-16"), ["UTF-16"]),
    "h.xls": (b"PK", ["unknown kind of file", ".xls", ".csv, .tsv, .jsonl"]),
    "i.xlsx": (b"PK", ["not an xlsx workbook"]),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_with_place(tmp_path, name):
    content, wanted = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StanceError) as caught:
        read_annotations(tmp_path / name)
    for part in [name, *wanted]:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "lines",
    [
        ["id;text;holder;target;label;annotator;document", '1;"A, b; c";;t;favor;a;d'],
        ["sep=;", "id;text;holder;target;label;annotator;document", '1;"A, b; c";;t;favor;a;d'],
        ["id\ttext\tholder\ttarget\tlabel\tannotator\tdocument\t\t", "1\tA, b; c\t\tt\tfavor\ta\td\t\t"],
        ["id,text,holder,target,label,annotator,document,,", '1,"A, b; c",,t,favor,a,d,,'],
    ],
)
def test_a_csv_as_spreadsheets_write_it(tmp_path, lines):
    (tmp_path / "a.csv").write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    (found,) = read_annotations(tmp_path / "a.csv")
    assert (found.text, found.holder, found.document) == ("A, b; c", "", "d")


def test_a_field_that_is_named_must_be_there(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [GOOD])
    with pytest.raises(
        StanceError, match=r"a\.jsonl: no column 'topic'; found \[.*; allowed: data\.columns\.tags=NAME"
    ):
        read_annotations(path, columns={"tags": "topic"})


def test_a_cell_under_no_header_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("id,text,\n1,a,b\n")
    with pytest.raises(StanceError, match="line 2: 3 cells instead of 2"):
        read_annotations(tmp_path / "a.csv")


def test_a_missing_number_is_a_missing_value_and_a_part_is_not_read(tmp_path, caplog):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(GOOD | {"holder": float("nan"), "part": "test"}) + "\n")
    assert read_annotations(path)[0].holder == ""
    assert "its column 'part' is not read here; data=table takes parts" in caplog.text
    path.write_text(json.dumps(GOOD | {"document": float("nan")}) + "\n")
    with pytest.raises(StanceError, match="line 1: field 'document' is empty"):
        read_annotations(path)


def test_judgements_are_left_out_and_counted_by_spelling(tmp_path):
    rows = [GOOD, changed(annotator="b", label="unclear"), changed(id="2", label="", text=" ")]
    path = write_lines(tmp_path / "a.jsonl", rows)
    corpus = read(path, Columns(), label_map={}, leave_out=["unclear", ""], strict=True)
    assert [a.annotator for a in corpus.annotations] == ["a"]
    assert corpus.left_out == {"unclear": 1, "": 1}
    assert read_annotations(path, leave_out=["unclear", ""]) == list(corpus.annotations)
    with pytest.raises(StanceError, match=r"line 2: unknown label; found 'unclear'.*'data\.leave_out=\[\"unclear\"\]'"):
        read_annotations(path)
    with pytest.raises(StanceError, match="no rows in the file but those left out"):
        read_annotations(path, leave_out=["unclear", "", "favor"])


def test_a_missing_file_and_an_unknown_encoding(tmp_path):
    with pytest.raises(StanceError, match=r"nothere\.jsonl: no such file"):
        read_annotations(tmp_path / "nothere.jsonl")
    path = write_lines(tmp_path / "a.jsonl", [GOOD])
    with pytest.raises(StanceError, match="unknown encoding; found 'klingon'"):
        read_annotations(path, encoding="klingon")


def test_another_encoding_is_read_when_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(json.dumps(GOOD | {"text": "Café fermé."}, ensure_ascii=False).encode("latin-1"))
    assert read_annotations(path, encoding="latin-1")[0].text == "Café fermé."


def test_a_label_map_to_something_else_is_refused(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [GOOD])
    with pytest.raises(StanceError, match="'pro' to something else; found 'for'; allowed: against, neutral, favor"):
        read_annotations(path, label_map={"pro": "for"})
    with pytest.raises(StanceError, match="no such field in columns"):
        read_annotations(path, columns={"txt": "text"})


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.jsonl"
    write_annotations(path, [annotation(1)])
    before = path.read_bytes()

    def broken():
        yield annotation(2)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_annotations(path, broken())
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.jsonl"]


def test_fields_are_those_of_the_format():
    assert list(asdict(annotation(1)))[:7] == ["id", "text", "holder", "target", "label", "annotator", "document"]
