"""What is wrong in an export is told with its file and line; what only looks odd is read."""

from __future__ import annotations

import json

import pytest

from stance.base.errors import StanceError
from stance.data.imports.mapping import to_mapping
from stance.data.imports.pieces import pieces_of
from stance.data.imports.text import Units, around, lines_of, sentences, whole_json
from stance.data.imports.tools import open_export, records_of

DOCCANO = {"id": 1, "text": "The guild left."}
PRODIGY = {"text": "The guild left.", "answer": "accept", "_input_hash": 1, "_task_hash": 2}
BRAT = "T1\tHolder 4 9\tguild\n"
QDE = (
    '<Project xmlns="urn:QDA-XML:project:1.0"><CodeBook><Codes><Code guid="c" name="For"/></Codes></CodeBook><Sources>'
    '<TextSource guid="s" name="Talks"><PlainTextContent>The guild left.</PlainTextContent>%s</TextSource></Sources>'
    "</Project>"
)
SELECTION = (
    '<PlainTextSelection guid="p" name="guild" startPosition="%s" endPosition="%s"><Coding guid="k"><CodeRef '
    'targetGUID="%s"/></Coding></PlainTextSelection>'
)


def doccano(**more) -> str:
    return json.dumps(DOCCANO | more)


FAULTS = {
    "a span of no numbers": ("a.jsonl", doccano(entities=[{"start_offset": "x", "end_offset": 3}]), "1: not a span"),
    "a span of two": ("a.jsonl", doccano(label=[[0, 3]]), r"line 1: not a span; .*allowed: \[start, end, label\]"),
    "a span beyond its text": ("a.jsonl", doccano(label=[[4, 99, "Holder"]]), "not within its document; found"),
    "a relation to nothing": (
        "a.jsonl",
        doccano(entities=[], relations=[{"from_id": 1, "to_id": 2, "type": "by"}]),
        "line 1: a relation to a span that is not there",
    ),
    "no JSON in its second line": ("a.jsonl", doccano(label=["For"]) + "\n\n{", r"line 3: malformed JSON"),
    "a list in a line": ("a.jsonl", doccano(label=["For"]) + "\n[1]", "line 2: not a JSON object"),
    "a span of prodigy beyond its text": (
        "a.jsonl",
        json.dumps(PRODIGY | {"spans": [{"start": 4, "end": 99, "label": "Holder"}]}),
        "characters 4-99: not within its document",
    ),
    "no line of brat": ("a.ann", BRAT + "nonsense\n", "line 2: no line of brat; found 'nonsense'"),
    "no positions of brat": ("a.ann", "T1\tHolder x y\tguild\n", "line 1: no positions; .*allowed: 4 9;14 20"),
    "an attribute of nothing": ("a.ann", BRAT + "A1\tStance T9\n", "line 2: about what is not there"),
    "an event of nothing": ("a.ann", BRAT + "E1\tFavor:T1 Who:T9\n", "names what is not there; found 'T9'"),
    "codes of no book": ("a.qde", QDE % SELECTION % ("4", "9", "x"), "a code that is not in the code book; found 'x'"),
    "no positions of a coding": ("a.qde", QDE % SELECTION % ("", "9", "c"), r"no positions; found \['', '9'\]"),
    "a coding beyond its text": ("a.qde", QDE % SELECTION % ("4", "99", "c"), "not within its document; found"),
    "a project that is cut": ("a.qde", QDE[:80], "malformed XML"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_its_file_and_where_it_stands_there(tmp_path, fault):
    name, written, message = FAULTS[fault]
    (tmp_path / name).write_text(written, encoding="utf-8")
    (tmp_path / "a.txt").write_text("The guild left.", encoding="utf-8")
    path = tmp_path if name == "a.ann" else tmp_path / name
    with pytest.raises(StanceError, match=message) as error:
        list(records_of(open_export(path)))
    assert name in str(error.value)


def labels(path) -> list[tuple[str, str]]:
    """Label and words of each judgement of an export."""
    records = records_of(open_export(path))
    return [(record.values["label"], record.values.get("span", "")) for record in records if not record.reason]


def test_labels_of_a_cell_that_are_joined_are_several(tmp_path):
    (tmp_path / "admin.csv").write_text("id,text,label,Comments\n1,The guild left.,For#Against,\n2,It stayed.,,\n")
    opened = open_export(tmp_path / "admin.csv", to_mapping({"tool": "doccano"}, "m.yaml"))
    found = [(record.values.get("label"), record.reason) for record in records_of(opened)]
    assert [label for label, _ in found[:2]] == ["For", "Against"]
    assert found[2][1] == "no label: none applies, or not done"


def test_a_span_of_an_older_doccano_and_a_label_beside_it(tmp_path):
    rows = [doccano(label=[[4, 9, "Holder"], "For"]), doccano(label=[{"label": 3, "user": 7}])]
    (tmp_path / "a.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert labels(tmp_path / "a.jsonl") == [("For", ""), ("Holder", "guild"), ("3", "")]
    assert [r.values["annotator"] for r in records_of(open_export(tmp_path / "a.jsonl"))][-1] == "user 7"


def test_relations_of_prodigy_tie_their_spans(tmp_path):
    holder, verb = ({"start": 4, "end": 9, "label": "Holder"}, {"start": 10, "end": 14, "label": "Favor"})
    relation = {"head_span": verb, "child_span": holder, "label": "by"}
    row = PRODIGY | {"spans": [holder, verb], "relations": [relation], "options": [{"id": 1, "text": "yes"}]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row | {"accept": [1]}) + "\n" + json.dumps(PRODIGY), encoding="utf-8")
    records = list(records_of(open_export(tmp_path / "a.jsonl")))
    by_layer = {record.layer: record for record in records if record.layer != "span"}
    assert (by_layer["choice"].values["label"], by_layer["choice"].values["option"]) == ("1", "yes")
    assert (by_layer["relation"].values["from"], by_layer["relation"].values["to"]) == ("left", "guild")
    favor = next(record for record in records if record.values.get("label") == "Favor")
    assert favor.values["linked.Holder"] == favor.values["linked.by"] == "guild"
    assert records[-1].reason == "accepted with nothing marked"


@pytest.mark.parametrize(("mark", "ends"), [("\ufeff", "\n"), ("", "\r\n")])
def test_notes_and_attributes_of_brat_belong_to_their_span(tmp_path, mark, ends):
    text = f"{mark}It rained.{ends}The guild left."
    start = text.replace("\r\n", "\n").index("guild")
    said = (
        f"T1\tHolder {start} {start + 5}\tguild\nA1\tSure T1\nM1\tHow T1 much\n#1\tAnnotatorNotes T1\tas I  see it\n\n"
    )
    (tmp_path / "a.ann").write_bytes((said + "#2\tAnnotatorNotes A1\tof an attribute\n").encode())
    (tmp_path / "a.txt").write_bytes(text.encode())
    (record,) = [each for each in records_of(open_export(tmp_path)) if each.values["label"] == "Holder"]
    assert record.values["span"] == "guild"
    assert "The guild left." in record.values["sentence"]
    said = {name: value for name, value in record.values.items() if value in ("yes", "much", "as I see it")}
    assert sorted(said.values()) == ["as I see it", "much", "yes"]


def piece(tmp_path, data: bytes):
    (tmp_path / "a.txt").write_bytes(data)
    return pieces_of(tmp_path / "a.txt")[0]


def test_lines_are_decoded_as_they_say_or_as_it_is_said(tmp_path):
    assert [text for _, text in lines_of(piece(tmp_path, "é\nü".encode("utf-16")))] == ["é\n", "ü"]
    assert [text for _, text in lines_of(piece(tmp_path, b"\xe9\n"), "latin-1")] == ["é\n"]
    for data, encoding, message in (
        (b"ok\n\xe9\n", "utf-8", "a.txt, line 2: byte 1 of the line is not utf-8; allowed: encoding: cp1252"),
        (b"a", "klingon", "a.txt: unknown encoding; found 'klingon'"),
        (b"\xff\xfea", "utf-16", "a.txt: not utf-16"),
    ):
        with pytest.raises(StanceError, match=message):
            list(lines_of(piece(tmp_path, data), encoding))
    with pytest.raises(StanceError, match=r"a\.txt: malformed JSON"):
        whole_json(piece(tmp_path, b"{"))


def test_positions_in_units_of_utf_16_are_those_of_characters():
    assert Units("😀 guild").span(3, 8, "here") == (2, 7)
    assert Units("a guild").span(2, 7, "here") == (2, 7)
    with pytest.raises(StanceError, match=r"here: not within its document; found \[3, 9\]; allowed: 0 to 8"):
        Units("😀 guild").span(3, 9, "here")


@pytest.mark.parametrize(
    "text",
    [
        "Kuol left. | Ms. Lado stayed. | She spoke.",
        "He met Ms. Lado and Amb. Ito. | Both left.",
        "He lives in Adams. | He left.",
        "",
    ],
)
def test_a_title_ends_no_sentence(text):
    whole = text.replace("| ", "")
    pieces = [whole[start:end].strip() for start, end in sentences(whole)]
    assert pieces == [piece.strip() for piece in text.split("|") if piece.strip()]


def test_what_is_around_a_span_has_the_sentences_that_the_tool_knows():
    text = "It rained. The guild left. It came back."
    found = around(text, 15, 20, [(0, 10), (11, 26), (27, len(text))])
    assert (found["span"], found["sentence"], found["before"]) == ("guild", "The guild left.", "It rained.")
    assert around("", 0, 0, [])["span"] == ""


def test_a_folder_without_a_table_is_told_and_several_tables_keep_their_names_apart(tmp_path):
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(StanceError, match=r"no export of a known tool.*data\.tool=NAME, one of "):
        open_export(tmp_path)
    with pytest.raises(StanceError, match="no table among the files"):
        list(records_of(open_export(tmp_path, to_mapping({"tool": "table"}, "m.yaml"))))
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text("text,stance\nThe guild left.,For\n")
    found = [record.values["(row)"] for record in records_of(open_export(tmp_path))]
    assert found == ["one:1", "two:1"]


def test_a_project_without_its_file_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(StanceError, match=r"no project\.qde among the files"):
        list(records_of(open_export(tmp_path, to_mapping({"tool": "refi-qda"}, "m.yaml"))))
