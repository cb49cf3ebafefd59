"""Judgements of exports that were lost, doubled or put beside other words without a word."""

from __future__ import annotations

import json

import pytest
from openpyxl import Workbook

from stance.base.errors import StanceError
from stance.data.imported import read
from stance.data.imports.survey import described, survey
from stance.data.imports.tasks import Task, write_tasks

LABELS = "labels: {favor: [favor], neutral: [none], against: [against]}\n"
TEXT = "The guild backs the ferry plan. The council waits for the bridge plan."
ONE = "target: {value: the plan}\n"


def imported(tmp_path, said, files):
    folder = tmp_path / "export"
    for name, written in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(written, bytes):
            path.write_bytes(written)
        else:
            path.write_text(written if isinstance(written, str) else json.dumps(written), encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(said + LABELS, encoding="utf-8")
    return read(folder, tmp_path / "mapping.yaml", part_map={})


def task(*results, **more):
    annotation = {"id": 9, "completed_by": 3, "updated_at": "2024-01-01T00:00:00Z", "result": [*results]} | more
    return [{"id": 1, "data": {"text": TEXT}, "annotations": [annotation]}]


def span(key, words, label):
    start = TEXT.index(words)
    value = {"start": start, "end": start + len(words), "text": words, "labels": [label]}
    return {"id": key, "from_name": "span", "to_name": "text", "type": "labels", "value": value}


def choice(label, **value):
    return {
        "id": "c",
        "from_name": "stance",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [label]} | value,
    }


@pytest.mark.parametrize(
    ("direction", "ends"), [("right", ("The guild", "the ferry plan")), ("left", ("the ferry plan", "The guild"))]
)
def test_a_relation_of_label_studio_goes_where_its_arrow_points(tmp_path, direction, ends):
    tie = {"type": "relation", "from_id": "a", "to_id": "b", "direction": direction, "labels": ["favor"]}
    results = span("a", "The guild", "Who"), span("b", "the ferry plan", "What"), tie
    said = "layer: relation\nholder: from\ntarget: to\ntext: text\n"
    (one,) = imported(tmp_path, said, {"a.json": task(*results)}).annotations
    assert (one.holder, one.target) == ends


def test_results_of_label_studio_that_are_not_read_are_counted(tmp_path):
    place = {"start": "0", "end": "0", "startOffset": 0, "endOffset": 9, "text": "The guild"}
    marked = {"id": "p", "from_name": "who", "type": "paragraphlabels", "value": place | {"paragraphlabels": ["favor"]}}
    results = marked, choice("against", **place) | {"id": "p"}, choice("favor")
    found = imported(tmp_path, "text: data.text\n" + ONE, {"a.json": task(*results)})
    assert [a.label for a in found.annotations] == ["favor"]
    assert found.left_out == {
        "of a type that is not read (paragraphlabels)": 1,
        "of a region that is not one of a text": 1,
    }


def test_completions_without_annotator_may_be_two_peoples(tmp_path):
    several = [
        {"id": n, "created_at": 1594716528 + n, "result": [choice(label)]}
        for n, label in enumerate(("favor", "against"))
    ]
    files = {"a.json": [{"id": 1, "data": {"text": TEXT}, "completions": several}]}
    with pytest.raises(StanceError, match="two labels by annotator 'somebody' for id '1'"):
        imported(tmp_path, "text: data.text\n" + ONE, files)


def test_options_of_prodigy_without_annotator_may_be_two_peoples(tmp_path):
    line = {
        "text": TEXT,
        "_task_hash": 1,
        "_input_hash": 1,
        "options": [{"id": "favor"}, {"id": "against"}],
        "answer": "accept",
    }
    lines = "".join(json.dumps(line | {"accept": [label]}) + "\n" for label in ("favor", "against"))
    with pytest.raises(StanceError, match="two labels by annotator 'somebody' for id '1'"):
        imported(tmp_path, "layer: choice\n" + ONE, {"a.jsonl": lines})


def test_a_mark_before_a_list_is_passed_over(tmp_path):
    written = b"\xef\xbb\xbf" + json.dumps(task(choice("favor"))).encode()
    assert len(imported(tmp_path, "text: data.text\n" + ONE, {"a.json": written}).annotations) == 1


def test_a_second_target_that_nothing_reads_is_told_and_read_on_demand(tmp_path, caplog):
    ties = [{"type": "relation", "from_id": "s", "to_id": key} for key in ("f", "b")]
    results = (
        span("s", "backs", "favor"),
        span("f", "the ferry plan", "Target"),
        span("b", "the bridge plan", "Target"),
        *ties,
    )
    said = "layer: span\ntext: sentence\nleave_out: [Target]\n"
    found = imported(tmp_path, said + "target: linked.Target\n", {"a.json": task(*results)})
    assert [a.target for a in found.annotations] == ["the ferry plan"]
    assert "1 judgement(s) are linked to a second linked.Target, which is not read" in caplog.text
    caplog.clear()
    both = 'questions: [{target: linked.Target}, {target: linked.Target2, leave_out: [Target, ""]}]\n'
    found = imported(tmp_path, said + both, {"a.json": task(*results)})
    assert [a.target for a in found.annotations] == ["the ferry plan", "the bridge plan"]
    assert "linked to a second" not in caplog.text


CODES = """<?xml version="1.0" encoding="utf-8"?><Project xmlns="urn:QDA-XML:project:1.0" name="p">
<Users><User guid="A" name="Anna"/><User guid="B" name="Ben"/></Users><CodeBook><Codes>
<Code guid="S" name="Attitude"><Code guid="F" name="favor"/><Code guid="G" name="against"/></Code>
<Code guid="T" name="Target"><Code guid="T1" name="the ferry"/><Code guid="T2" name="the bridge"/></Code>
</Codes></CodeBook><Sources><TextSource guid="D" name="doc"><PlainTextContent>We back the plan.</PlainTextContent>
<PlainTextSelection guid="P" name="" startPosition="0" endPosition="7">%s</PlainTextSelection></TextSource>
</Sources></Project>"""


@pytest.mark.parametrize(
    ("coded", "targets"), [(["AF", "AT1", "BG", "BT2"], ["the ferry", "the bridge"]), (["AT1", "BG"], ["the ferry"])]
)
def test_codes_of_two_coders_on_one_selection_stay_with_their_coder(tmp_path, coded, targets):
    codings = [
        f'<Coding guid="{code}" creatingUser="{code[0]}"><CodeRef targetGUID="{code[1:]}"/></Coding>' for code in coded
    ]
    said = "layer: Attitude\ntext: sentence\ntarget: linked.Target\n"
    found = imported(tmp_path, said, {"project.qde": CODES % "".join(codings)})
    assert [a.target for a in found.annotations] == targets


def test_spans_of_a_row_of_doccano_are_of_one_document(tmp_path):
    line = {"id": 7, "text": TEXT, "label": [[10, 15, "favor"], [44, 49, "none"]]}
    found = imported(tmp_path, "layer: span\ntext: sentence\n" + ONE, {"all.jsonl": json.dumps(line)})
    assert [(a.id, a.document) for a in found.annotations] == [("7@10-15", "7"), ("7@44-49", "7")]


TSV = (
    "#FORMAT=WebAnno TSV 3.3\n#T_SP=webanno.custom.Stance|value\n\n\n"
    "#Text=We agree\n1-1\t0-2\tWe\t_\t\n1-2\t3-8\tagree\t%s\t\n"
)


@pytest.mark.parametrize("layer", ["Stance", "webanno.custom.Stance"])
def test_a_curated_version_is_counted_however_the_layer_is_called(tmp_path, layer):
    files = {"annotation/d/anna.tsv": TSV % "favor", "curation/d/CURATION_USER.tsv": TSV % "against"}
    assert imported(tmp_path, f"layer: {layer}\ntext: sentence\n" + ONE, files).left_out == {"curated version": 1}


def test_words_for_a_missing_value_are_told_of_an_export(tmp_path, caplog):
    rows = "text,holder,document,target,label\nWe agree.,NA,d,t,favor\nNo.,Cy,NA,t,against\n"
    said = "tool: table\ntext: text\nholder: holder\ntarget: target\nlabel: label\ndocument: document\n"
    imported(tmp_path, said, {"a.csv": rows})
    assert "holder is 'NA' in 1 of 2 judgements; it is read as a name" in caplog.text
    assert "document is 'NA' in 1 of 2 judgements" in caplog.text
    caplog.clear()
    said = said.replace("holder: holder", 'holder: {field: holder, words: {NA: ""}}')
    assert imported(tmp_path, said, {"a.csv": rows}).annotations[0].holder == ""
    assert "holder is" not in caplog.text


@pytest.mark.parametrize(
    ("tool", "good", "other"), [("table", "anna.csv", "ben.xls"), ("prodigy", "anna.jsonl", "ben.json")]
)
def test_files_that_a_tool_does_not_read_are_told(tmp_path, caplog, tool, good, other):
    line = {"text": TEXT, "_task_hash": 1, "_input_hash": 1, "label": "the plan", "answer": "accept"}
    written = {"table": "text,label\nWe agree.,favor\n", "prodigy": json.dumps(line)}[tool]
    said = {"table": "text: text\nlabel: label\n", "prodigy": "labels: {favor: [accept]}\n"}[tool]
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / good).write_text(written, encoding="utf-8")
    (folder / other).write_bytes(b"\xd0\xcf\x11\xe0")
    (tmp_path / "mapping.yaml").write_text(
        f"tool: {tool}\n{said}{ONE}" + (LABELS if tool == "table" else ""), encoding="utf-8"
    )
    assert len(read(folder, tmp_path / "mapping.yaml", part_map={}).annotations) == 1
    assert "1 file(s) are not read" in caplog.text and other in caplog.text


def test_the_sheets_that_are_not_read_are_named(tmp_path, caplog):
    book = Workbook()
    book.active.title = "Anna"
    for sheet in (book.active, book.create_sheet("Ben")):
        sheet.append(["text", "label"])
        sheet.append(["We agree.", "favor"])
    book.save(tmp_path / "a.xlsx")
    assert any(line.startswith("sheet 'Anna', and not 'Ben'") for line in described(survey(tmp_path / "a.xlsx")))
    (tmp_path / "m.yaml").write_text("sheet: Anna\ntext: text\nlabel: label\n" + ONE + LABELS, encoding="utf-8")
    with caplog.at_level("INFO"):
        read(tmp_path / "a.xlsx", tmp_path / "m.yaml", part_map={})
    assert "sheets that are not read: Ben" in caplog.text


def test_an_xmi_is_read_by_the_types_beside_it_and_unknown_ones_are_told(tmp_path, caplog):
    cassis = pytest.importorskip("cassis")
    files = {}
    for folder, layer in (("a", "custom.Other"), ("b", "custom.Stance")):
        types = cassis.TypeSystem()
        kind = types.create_type(layer, "uima.tcas.Annotation")
        types.create_feature(kind, "value", "uima.cas.String")
        cas = cassis.Cas(typesystem=types)
        cas.sofa_string, cas.sofa_mime = "We agree.", "text/plain"
        cas.add(kind(begin=3, end=8, value="favor"))
        files |= {f"{folder}/anna.xmi": cas.to_xmi(), f"{folder}/TypeSystem.xml": types.to_xml()}
    said = "text: sentence\nlabel: value\n" + ONE
    assert {a.document for a in imported(tmp_path, said, files).annotations} == {"a", "b"}
    assert "WARNING" not in caplog.text
    (tmp_path / "export/b/TypeSystem.xml").unlink()
    assert len(read(tmp_path / "export", tmp_path / "mapping.yaml", part_map={}).annotations) == 1
    assert "b/anna.xmi: Type with name [custom.Stance] not found!; such annotations are not read" in caplog.text


def test_roles_of_one_name_are_kept_and_two_values_of_an_attribute_refused(tmp_path):
    marked = "T1\tStance 3 7\tback\nT2\tTarget 8 13\ttalks\nT3\tTarget 18 23\tdraft\n"
    marked += "E1\tStance:T1 Target:T2 Target:T3\nA1\tPolarity E1 favor\n"
    files = {"a/d.txt": "We back talks and draft today.", "a/d.ann": marked}
    said = "layer: event\nlabel: Polarity\ntext: sentence\n"
    assert imported(tmp_path, said + "target: linked.Target\n", files).annotations[0].target == "talks"
    assert imported(tmp_path, said + "target: linked.Target2\n", files).annotations[0].target == "draft"
    with pytest.raises(StanceError, match=r"d\.ann, line 6: two values of Polarity for E1"):
        imported(tmp_path, said + "target: linked.Target\n", files | {"a/d.ann": marked + "A2\tPolarity E1 against\n"})


def test_two_coders_of_brat_whose_folders_have_one_name_are_not_made_one(tmp_path):
    files = {f"{coder}/y20/d.ann": "T1\tStance 3 7\tback\nA1\tPolarity T1 favor\n" for coder in ("anna", "ben")}
    with pytest.raises(StanceError, match=r"a second d of annotator 'y20'.*anna/y20/d.*ben/y20/d"):
        imported(tmp_path, "layer: span\nlabel: Polarity\n" + ONE, files)
    files = {name.replace("y20/", ""): written for name, written in files.items()}
    (tmp_path / "own").mkdir()
    found = imported(tmp_path / "own", "layer: span\nlabel: Polarity\n" + ONE, files)
    assert {a.annotator for a in found.annotations} == {"anna", "ben"}


def test_an_empty_response_of_argilla_is_counted(tmp_path):
    asked = {"status": "completed", "fields": {"text": TEXT}, "metadata": {}, "suggestions": {}}
    answers = [
        asked | {"id": key, "responses": {"q": [{"user_id": "u", "value": value}]}}
        for key, value in (("a", []), ("b", ["favor"]))
    ]
    found = imported(tmp_path, "layer: q\ntext: fields.text\n" + ONE, {"records.json": answers})
    assert len(found.annotations) == 1 and found.left_out == {"response without an answer": 1}


def test_spans_of_argilla_are_no_judgements_of_their_record(tmp_path):
    spans = [{"start": start, "end": start + 5, "label": "favor"} for start in (4, 20)]
    asked = {"id": "a", "status": "completed", "fields": {"text": TEXT}, "metadata": {}, "suggestions": {}}
    answers = {"words": [{"user_id": "u", "value": spans}], "q": [{"user_id": "u", "value": "against"}]}
    found = imported(tmp_path, "text: fields.text\n" + ONE, {"records.json": [asked | {"responses": answers}]})
    assert [a.label for a in found.annotations] == ["against"] and found.left_out == {"span of a record": 2}


@pytest.mark.parametrize("annotators", [["ana", "ana"], ["text", "bo"]])
def test_a_coders_column_has_a_name_of_its_own(tmp_path, annotators):
    task = Task({"id": "1", "text": TEXT, "holder": "", "target": "t", "document": "d"}, {})
    with pytest.raises(StanceError, match="annotators: a column that is there already"):
        write_tasks(tmp_path / "t.xlsx", "sheet", [task], annotators=annotators)
