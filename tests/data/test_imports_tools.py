"""Composed exports of every tool, with the traps of each: what is a judgement, whose, on which words."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from collections import Counter

import pytest
from openpyxl import Workbook

from conftest import write_lines
from stance.base.errors import StanceError
from stance.data.imports.pieces import pieces_of
from stance.data.imports.tools import open_export, records_of

TEXT = "😀 The guild spoke. The guild backs the ferry plan."


def spot(words: str, text: str = TEXT) -> tuple[int, int]:
    """Where the last of these words stand, in UTF-16 units."""
    start = len(text[: text.rindex(words)].encode("utf-16-le")) // 2
    return start, start + len(words.encode("utf-16-le")) // 2


def read(path, tool):
    opened = open_export(path)
    assert opened.tool == tool
    return list(records_of(opened))


def good(path, tool):
    return [record for record in read(path, tool) if not record.reason]


def reasons(path, tool):
    return Counter(record.reason for record in read(path, tool) if record.reason)


def write_json(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


# Label Studio


def region(key, words, label):
    start, end = spot(words)
    value = {"start": start, "end": end, "text": words, "labels": [label]}
    return {"id": key, "type": "labels", "from_name": "who", "to_name": "text", "value": value}


def choice(label, **more):
    return {
        "id": "c",
        "type": "choices",
        "from_name": "stance",
        "to_name": "text",
        "value": {"choices": [label]},
    } | more


def task(number, *annotations, **more):
    return {"id": number, "data": {"words": TEXT, "topic": "ferry"}, "annotations": [*annotations]} | more


def test_label_studio_spans_know_what_they_are_related_to(tmp_path):
    results = [region("a", "backs", "Favor"), region("b", "The guild", "Holder"), region("c", "ferry plan", "Target")]
    results += [{"type": "relation", "from_id": "a", "to_id": "b", "labels": ["by"]}]
    results += [{"type": "relation", "from_id": "c", "to_id": "a", "labels": []}]
    made = task(1, {"id": 5, "completed_by": 7, "result": results})
    records = good(write_json(tmp_path / "export.json", [made]), "label-studio")
    stance = next(record for record in records if record.values["label"] == "Favor")
    assert stance.values["linked.Holder"] == stance.values["linked.by"] == "The guild"
    assert stance.values["linked.Target"] == "ferry plan" and stance.values["sentence"].endswith("the ferry plan.")
    assert stance.values["span"] == "backs" and stance.values["annotator"] == "7"
    relation = next(record for record in records if record.layer == "relation")
    assert (relation.values["from"], relation.values["to"], relation.values["label"]) == ("backs", "The guild", "by")


def test_label_studio_knows_what_is_no_judgement(tmp_path):
    mail, guesses = {"email": "a@example.org"}, [3, {"result": [choice("no")]}]
    tasks = [
        task(1, {"id": 1, "completed_by": mail, "result": [choice("yes")]}, predictions=guesses),
        task(2, {"id": 2, "was_cancelled": True, "result": [choice("no")]}, drafts=[{"result": [choice("no")]}]),
        task(3, {"id": 3, "result": []}),
        task(4),
        {"id": 5, "data": {}, "completions": [{"id": 4, "skipped": True, "result": []}]},
    ]
    path = write_json(tmp_path / "export.json", tasks)
    (record,) = good(path, "label-studio")
    assert (record.values["annotator"], record.values["data.topic"], record.layer) == (
        "a@example.org",
        "ferry",
        "stance",
    )
    assert reasons(path, "label-studio") == {
        "cancelled": 2,
        "draft": 1,
        "a model's prediction": 2,
        "submitted without an answer": 1,
        "task without annotation": 1,
    }


def test_label_studio_paths_and_choices_for_a_region(tmp_path):
    paths = {"id": "t", "type": "taxonomy", "from_name": "kind", "value": {"taxonomy": [["A", "B"], ["C"]]}}
    start, end = spot("ferry plan")
    for_region = choice("yes", value={"start": start, "end": end, "text": "ferry plan", "choices": ["yes"]})
    made = task(1, {"id": 1, "result": [paths, for_region]})
    first, second, third = good(write_json(tmp_path / "export.json", [made]), "label-studio")
    assert [first.values[name] for name in ("label", "parent", "path")] == ["B", "A", "A > B"]
    assert (second.values["label"], second.values["parent"]) == ("C", "")
    assert third.values["span"] == "ferry plan"


def test_label_studio_flat_exports(tmp_path):
    row = {"id": 3, "text": "Words.", "stance": "yes", "annotator": 2, "annotation_id": 9, "lead_time": 1.0}
    rows = [row, {"id": 4, "text": "More."} | dict.fromkeys(("annotator", "annotation_id", "lead_time"))]
    path = write_json(tmp_path / "min.json", rows)
    assert [r.values["stance"] for r in good(path, "label-studio")] == ["yes"]
    table = tmp_path / "flat.csv"
    table.write_text("text,id,stance,annotator,annotation_id,lead_time\nWords.,3,yes,2,9,1.0\n")
    assert [r.values["task"] for r in good(table, "label-studio")] == ["3"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 1, "data": {}, "annotations": []}', "after record 1: malformed JSON"),
        ('{"id": 1, "data": {}, "annotations": []}', "not a JSON list"),
        ("[1]", "not a JSON object"),
    ],
)
def test_json_that_is_none(tmp_path, text, message):
    path = tmp_path / "export.json"
    path.write_text(text)
    with pytest.raises(StanceError, match=message):
        list(records_of(open_export(path, tool="label-studio")))


# doccano and Prodigy


def test_doccano_generations(tmp_path):
    rows = [
        {"doc_id": 1, "text": TEXT, "labels": ["yes"], "username": "ana"},
        {"id": 2, "text": TEXT, "annotations": [{"label": 4, "user": 1}], "meta": {"source": "paper"}},
        {"id": 3, "data": TEXT, "label": [[2, 11, "Holder"]], "Comments": []},
        {"id": 4, "text": TEXT, "label": ["no"], "entities": {"imported": 1}},
        {"id": 5, "text": TEXT, "label": []},
    ]
    path = write_lines(tmp_path / "bo.jsonl", rows)
    records = good(path, "doccano")
    assert [r.values["label"] for r in records] == ["yes", "4", "Holder", "no"]
    assert [r.values["annotator"] for r in records] == ["ana", "user 1", "bo", "bo"]
    assert records[2].values["span"] == "The guild" and records[1].values["meta.source"] == "paper"
    assert reasons(path, "doccano") == {"no label: none applies, or not done": 1}


def test_doccano_relations_and_members_of_a_zip(tmp_path):
    start = TEXT.index("ferry plan")
    spans = [{"id": 1, "label": "Holder", "start_offset": 2, "end_offset": 11}]
    spans += [{"id": 2, "label": "Target", "start_offset": start, "end_offset": start + 10}]
    row = {
        "id": 7,
        "text": TEXT,
        "entities": spans,
        "relations": [{"id": 1, "from_id": 1, "to_id": 2, "type": "favor"}],
    }
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("ana.jsonl", json.dumps(row))
        archive.writestr("all.jsonl", json.dumps({"id": 8, "text": "x", "label": ["no"]}))
    records = good(tmp_path / "export.zip", "doccano")
    relation = next(record for record in records if record.layer == "relation")
    assert [relation.values[name] for name in ("from", "to", "label", "annotator")] == [
        *("The guild", "ferry plan", "favor", "ana")
    ]
    assert next(r for r in records if r.values["label"] == "Holder").values["linked.Target"] == "ferry plan"
    assert next(r for r in records if r.values["label"] == "no").values["annotator"] == ""


def test_bytes_that_are_not_utf8_are_read_and_told(tmp_path, caplog):
    path = tmp_path / "ana.jsonl"
    path.write_bytes(b'{"id": 1, "text": "caf\xe9 \xe2\x82\xac", "label": ["yes"]}\r\n')
    (record,) = good(path, "doccano")
    assert record.values["text"] == "café €"
    assert "1 line(s) hold bytes that are not UTF-8" in caplog.text


def test_prodigy(tmp_path):
    known = {"_input_hash": 1, "_annotator_id": "s-ana", "_timestamp": 5, "text": TEXT}
    options = [{"id": "pro", "text": "for it"}, {"id": "con", "text": "against it"}]
    rows = [
        known | {"_task_hash": 1, "label": "TALKS", "answer": "accept", "meta": {"source": "paper"}},
        known | {"_task_hash": 1, "label": "TALKS", "answer": "reject", "_annotator_id": None},
        known | {"_task_hash": 2, "label": "TALKS", "answer": "ignore"},
        known | {"_task_hash": 3, "options": options, "accept": ["con"], "answer": "accept"},
        known | {"_task_hash": 4, "options": options, "accept": [], "answer": "reject"},
        known | {"_task_hash": 5, "spans": [{"start": 2, "end": 11, "label": "WHO"}], "answer": "accept"},
        known | {"_task_hash": 6, "answer": "accept"},
    ]
    path = write_lines(tmp_path / "out.jsonl", rows)
    first, second, third, fourth = good(path, "prodigy")
    assert (first.values["label"], first.values["class"], first.values["document"]) == ("accept", "TALKS", "paper")
    assert (first.when, second.when) == ("000000000001", "") and second.values["annotator"] == ""
    assert (third.values["label"], third.values["option"]) == ("con", "against it")
    assert fourth.values["span"] == "The guild"
    assert reasons(path, "prodigy") == {
        "ignored": 1,
        "rejected: the task was bad": 1,
        "accepted with nothing marked": 1,
    }


# REFI-QDA

PROJECT = """<?xml version="1.0"?><Project xmlns="urn:QDA-XML:project:1.0" origin="{origin}">
<Users><User guid="u1" name="Ana"/></Users>
<CodeBook><Codes><Code guid="k0" name="Stance"><Code guid="k1" name="for"/></Code><Code guid="k2" name="Who::guild"/>
</Codes></CodeBook><Sources><TextSource guid="s1" name="Report" plainTextPath="internal://s1.txt">
<PlainTextSelection guid="p1" startPosition="{start}" endPosition="{end}" name="{name}">
<Coding guid="c1" creatingUser="u1"><CodeRef targetGUID="k1"/></Coding>
<Coding guid="c2" creatingUser="u1"><CodeRef targetGUID="k2"/></Coding></PlainTextSelection>
<PlainTextSelection guid="p2" startPosition="0" endPosition="1" name="x"/></TextSource>
<PictureSource guid="s2" name="Photo"><PictureSelection guid="p3"><Coding guid="c3" creatingUser="u1">
<CodeRef targetGUID="k1"/></Coding></PictureSelection></PictureSource></Sources></Project>"""


def qdpx(path, text, **values):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.qde", PROJECT.format(**({"origin": "MAXQDA", "name": ""} | values)))
        if text is not None:
            archive.writestr("Sources/s1.txt", text.encode("utf-8-sig"))
    return path


@pytest.mark.parametrize("origin", ["NVivo 14", "MAXQDA"])
@pytest.mark.parametrize("named", [True, False])
def test_refi_qda(tmp_path, origin, named):
    text = "😀 One.\r\n\r\nThe guild backs it."
    start = text.index("backs")
    shift = 1 if origin.startswith("NVivo") or named else 0  # the name says that MAXQDA counted as NVivo does
    values = {"origin": origin, "start": start + shift, "end": start + 5 + shift, "name": "backs" if named else ""}
    path = qdpx(tmp_path / "project.qdpx", text, **values)
    first, second = good(path, "refi-qda")
    assert (first.values["span"], first.values["sentence"]) == ("backs", "The guild backs it.")
    assert [first.values[name] for name in ("label", "parent", "annotator", "document")] == [
        "for",
        "Stance",
        "Ana",
        "Report",
    ]
    assert (first.layer, first.values["linked.Who"], second.values["linked.Stance"]) == ("Stance", "guild", "for")
    assert reasons(path, "refi-qda") == {"not on text: Picture": 1}


def test_refi_qda_without_sources(tmp_path, caplog):
    records = good(qdpx(tmp_path / "project.qdpx", None, start=5, end=300, name="The guild backs…"), "refi-qda")
    assert records[0].values["span"] == "The guild backs…"
    assert "the words of 2 coding(s) were cut" in caplog.text


def test_xml_with_entities_is_refused(tmp_path):
    path = tmp_path / "project.qde"
    path.write_text('<!DOCTYPE x [<!ENTITY a "b">]><Project xmlns="urn:QDA-XML:project:1.0">&a;</Project>')
    with pytest.raises(StanceError, match=r"project.qde: malformed XML"):
        read(path, "refi-qda")


# DNA


def test_dna_export_with_semicolons(tmp_path):
    path = tmp_path / "statements.csv"
    path.write_text(
        '"statement_id";"time";"person";"concept";"agreement";"start_position";"stop_position";"text";"coder";"document_id"\n'
        '1;"2020-01-02 00:00:00";"Ana";"ferry, plan";0;5;9;"Line\nbreak";2;7\n',
        encoding="utf-8",
    )
    (record,) = good(path, "dna")
    assert [record.values[name] for name in ("agreement", "concept", "text", "unit")] == [
        *("0", "ferry, plan", "Line\nbreak", "7@5-9")
    ]


@pytest.mark.parametrize("version", [2, 3])
def test_dna_databases(tmp_path, version):
    path = tmp_path / "project.dna"
    short = "Entity INTEGER" if version == 3 else "Value TEXT"
    with sqlite3.connect(path) as database:
        database.executescript(f"""
            CREATE TABLE CODERS(ID, Name); INSERT INTO CODERS VALUES (1, 'Ana');
            CREATE TABLE DOCUMENTS(ID, Title, Text, Date);
            CREATE TABLE STATEMENTTYPES(ID, Label); INSERT INTO STATEMENTTYPES VALUES (1, 'DNA Statement');
            CREATE TABLE VARIABLES(ID, Variable, StatementTypeId);
            INSERT INTO VARIABLES VALUES (1, 'concept', 1), (2, 'agreement', 1), (3, 'organization', 1);
            CREATE TABLE STATEMENTS(ID, StatementTypeId, DocumentId, Start, Stop, Coder);
            CREATE TABLE DATABOOLEAN(StatementId, VariableId, Value); INSERT INTO DATABOOLEAN VALUES (4, 2, 1);
            CREATE TABLE DATAINTEGER(StatementId, VariableId, Value);
            CREATE TABLE DATALONGTEXT(StatementId, VariableId, Value);
            CREATE TABLE DATASHORTTEXT(StatementId, VariableId, {short});
            CREATE TABLE ENTITIES(ID, Value); INSERT INTO ENTITIES VALUES (9, 'ferry');
        """)
        seconds = 1577923200 * (1 if version == 3 else 1000)
        database.execute("INSERT INTO DOCUMENTS VALUES (1, 'Report', ?, ?)", [TEXT, seconds])
        database.execute("INSERT INTO STATEMENTS VALUES (4, 1, 1, ?, ?, 1)", spot("backs"))
        database.execute("INSERT INTO DATASHORTTEXT VALUES (4, 1, ?)", [9 if version == 3 else "ferry"])
    (record,) = good(path, "dna")
    assert [record.values[name] for name in ("text", "concept", "agreement", "organization", "coder", "time")] == [
        *("backs", "ferry", "1", "", "Ana", "2020-01-02")
    ]
    assert record.layer == "DNA Statement"


# INCEpTION

TSV = """#FORMAT=WebAnno TSV 3.3
#T_SP=custom.Stance|pole|who
#T_SP=custom.Actor|name
#T_RL=custom.By|kind|BT_custom.Actor


#Text=😀 Ana backs it .
1-1	0-2	😀	_	_	_	_	_\t
1-2	3-6	Ana	_	_	guild[4]	_	_\t
1-3	7-12	backs	favor[1]|neutral[2]	*[1]|b\\|o[2]	_	_	_\t
1-4	13-15	it	favor[1]	*[1]	plan	said	1-2[4_0]\t
1-5	16-17	.	_	_	_	_	_\t

#Text=No .
2-1	18-20	No	_	_	_	_	_\t
2-2	21-22	.	_	_	_	_	_\t
"""


def test_webanno_tsv(tmp_path):
    folder = tmp_path / "annotation" / "report.txt"
    folder.mkdir(parents=True)
    (folder / "ana.tsv").write_text(TSV, encoding="utf-8")
    records = good(tmp_path, "inception")
    spans = [(r.layer, r.values["span"], r.values["label"]) for r in records if r.layer != "custom.By"]
    assert spans == [
        ("custom.Actor", "Ana", "guild"),
        ("custom.Stance", "backs it", "favor"),
        ("custom.Stance", "backs", "neutral"),
        ("custom.Actor", "it", "plan"),
    ]
    assert records[2].values["who"] == "b|o" and records[1].values["sentence"] == "😀 Ana backs it ."
    assert (records[0].values["annotator"], records[0].values["document"]) == ("ana", "report.txt")
    relation = records[-1]
    assert [relation.values[name] for name in ("from", "to", "label")] == ["Ana", "it", "said"]
    assert records[0].values["linked.plan"] == records[0].values["linked.said"] == "it"


def test_curation_beside_annotators_is_left_out(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("ana.tsv", TSV)
    with zipfile.ZipFile(tmp_path / "project.zip", "w") as archive:
        archive.writestr("exportedproject.json", "{}")
        archive.writestr("source/report.txt", "text")
        archive.writestr("annotation/report.txt/ana.zip", inner.getvalue())
        archive.writestr("annotation/report.txt/INITIAL_CAS.zip", inner.getvalue())
        archive.writestr("curation/report.txt/CURATION_USER.tsv", TSV)
    assert {r.values["annotator"] for r in good(tmp_path / "project.zip", "inception")} == {"ana"}
    assert reasons(tmp_path / "project.zip", "inception") == {"curated version": 5}


def test_cas_json_and_xmi(tmp_path):
    cassis = pytest.importorskip("cassis", reason="needs stance[inception]")
    types = cassis.TypeSystem()
    stance = types.create_type("custom.Stance", "uima.tcas.Annotation")
    types.create_feature(stance, "pole", "uima.cas.String")
    types.create_feature(stance, "holder", "uima.tcas.Annotation")
    actor = types.create_type("custom.Actor", "uima.tcas.Annotation")
    cas = cassis.Cas(types)
    cas.sofa_string, cas.sofa_mime = TEXT, "text/plain"
    begin = TEXT.rindex("The guild")
    who = actor(begin=begin, end=begin + 9)
    cas.add_all([who, stance(begin=begin, end=len(TEXT), pole="favor", holder=who)])
    folder = tmp_path / "xmi"
    folder.mkdir()
    cas.to_xmi(folder / "doc.xmi")
    types.to_xml(folder / "TypeSystem.xml")
    cas.to_json(tmp_path / "doc.json")
    for path in (folder, tmp_path / "doc.json"):
        record = next(r for r in good(path, "inception") if r.layer == "custom.Stance")
        assert (record.values["pole"], record.values["linked.holder"]) == ("favor", "The guild")
        assert record.values["span"] == "The guild backs the ferry plan."


# brat and Argilla


@pytest.mark.parametrize(("mark", "ends"), [("", "\n"), ("\ufeff", "\n"), ("", "\r\n")])
def test_brat(tmp_path, mark, ends):
    text = f"{mark}😀 Notes.{ends}The guild backs the ferry plan, and how."
    lines = []
    for key, kind, words in (("T1", "Opinion", "backs"), ("T2", "Actor", "The guild"), ("T3", "Plan", "ferry plan")):
        start = text.index(words)
        lines.append(f"{key}\t{kind} {start} {start + len(words)}\t{words}")
    start, end = text.index("backs"), text.index(", and how")
    lines.append(f"T4\tOpinion {start} {start + 5};{end + 2} {end + 9}\tbacks and how")
    lines += ["T5\tE 3 3\t", "E1\tOpinion:T1 Source:T2 Target:T3", "A1\tPole E1 Positive", "A2\tStrong E1"]
    lines += ["R1\tBy Arg1:T1 Arg2:T2\t", "#1\tAnnotatorNotes T1\tsure?", "*\tEquiv T1 T4"]
    folder = tmp_path / "ana"
    folder.mkdir()
    (folder / "doc.txt").write_bytes(text.encode("utf-8"))
    (folder / "doc.ann").write_text("\n".join(lines) + "\n", encoding="utf-8")
    records = good(tmp_path, "brat")
    event = next(record for record in records if record.layer == "event")
    assert [event.values[n] for n in ("Pole", "Strong", "linked.Source", "linked.Target", "annotator")] == [
        *("Positive", "yes", "The guild", "ferry plan", "ana")
    ]
    assert "The guild backs" in event.values["sentence"]
    span = next(record for record in records if record.layer == "span")
    assert (span.values["linked.Actor"], span.values["note"]) == ("The guild", "sure?")
    relation = next(record for record in records if record.layer == "relation")
    assert (relation.values["from"], relation.values["to"]) == ("backs", "The guild")
    assert any(record.values["span"] == "backs and how" for record in records)
    assert reasons(tmp_path, "brat") == {"empty span": 1}


def test_brat_words_that_are_others_in_the_text(tmp_path):
    (tmp_path / "doc.txt").write_text("Changed since.")
    (tmp_path / "doc.ann").write_text("T1\tStance 0 5\tother\n")
    assert reasons(tmp_path, "brat") == {"the text has other words there": 1}


def test_argilla(tmp_path):
    def record(key, status, *answers):
        responses = {"stance": [{"value": value, "user_id": user} for user, value in answers]}
        return {"id": key, "fields": {"text": TEXT}, "metadata": {"topic": "ferry"}, "status": status} | {
            "responses": responses,
            "suggestions": {"stance": {"value": "no"}},
        }

    (tmp_path / ".argilla").mkdir()
    option = {"value": "yes", "text": "in favor"}
    write_json(
        tmp_path / ".argilla/settings.json", {"questions": [{"name": "stance", "settings": {"options": [option]}}]}
    )
    write_json(
        tmp_path / "records.json",
        [record("a", "completed", ("u1", "yes"), ("u2", ["no"])), record("b", "pending", ("u1", "no"))],
    )
    first, second = good(tmp_path, "argilla")
    assert [first.values[n] for n in ("label", "shown", "annotator", "metadata.topic")] == [
        "yes",
        "in favor",
        "u1",
        "ferry",
    ]
    assert second.values["label"] == "no" and first.layer == "stance"
    assert reasons(tmp_path, "argilla") == {"a model's suggestion": 2, "record not completed": 1}


# Sheets


def test_a_workbook_with_instructions_and_a_header_of_two_rows(tmp_path):
    from stance.data.imports.mapping import to_mapping

    book = Workbook()
    book.active.append(["Please read all of this first."])
    sheet = book.create_sheet("Coding")
    for row in (
        ["Our project"],
        ["", "Ana", "", "Bo"],
        ["no", "target", "pole", "target", "pole"],
        [1, "ferry", "for", "x"],
    ):
        sheet.append(row)
    sheet.append([None, "plan", "against_x000D_"])
    book.save(tmp_path / "sheet.xlsx")
    with pytest.raises(StanceError, match=r"several sheets; found \['Sheet', 'Coding'\]"):
        read(tmp_path / "sheet.xlsx", "table")
    said = to_mapping({"sheet": "Coding", "header": [2, 3], "fill_down": "no"}, "m.yaml")
    first, second = records_of(open_export(tmp_path / "sheet.xlsx", said))
    assert {name: words for name, words in first.values.items() if not name.startswith("(")} == {
        "no": "1",
        "Ana / target": "ferry",
        "Ana / pole": "for",
        "Bo / target": "x",
        "Bo / pole": "",
    }
    assert (second.values["no"], second.values["Ana / pole"]) == ("1", "against")
    assert first.place.endswith("sheet Coding, row 4")


def test_a_workbook_is_read_as_any_other(tmp_path, caplog):
    """Merged cells are filled under the header, and errors and formulas are refused where the mapping looks."""
    from stance.data.imports.mapping import to_mapping

    book = Workbook()
    for row in (
        ("", "Codes", ""),
        ("text", "Ana", "mean"),
        ("They left.", "no", "=1/0"),
        ("", "yes", 3.0),
        ("A_x0009_tab.", "#N/A", "#DIV/0!"),
    ):
        book.active.append([*row])
    for area in ("B1:C1", "A3:A4"):
        book.active.merge_cells(area)
    book.save(tmp_path / "sheet.xlsx")

    def rows(**said):
        opened = open_export(tmp_path / "sheet.xlsx", to_mapping({"header": [1, 2]} | said, "m.yaml"))
        return [[r.values[name] for name in ("text", "Codes / Ana", "Codes / mean")] for r in records_of(opened)]

    with caplog.at_level("INFO", logger="stance"):
        assert rows() == [["They left.", "no", ""], ["They left.", "yes", "3"], ["A\ttab.", "#N/A", "#DIV/0!"]]
    assert "merged, so that each cell has the value of the first: A3:A4" in caplog.text
    assert "3 cell(s) in error or without a value" in caplog.text
    with pytest.raises(StanceError, match=r"sheet.xlsx, row 5: cell B5 holds the error #N/A; allowed"):
        rows(label="Codes / Ana")
    with pytest.raises(StanceError, match=r"row 3: cell C3 holds a formula without a stored value"):
        rows(where={"Codes / mean": "3"})


def test_mechanical_turk(tmp_path):
    path = tmp_path / "batch.csv"
    path.write_text(
        "HITId,WorkerId,AssignmentStatus,Answer.q1,WorkerId,\nh1,w1,Approved,5,w1,note\nh2,w2,Rejected,1,w2,\n"
    )
    (record,) = good(path, "mturk")
    assert (record.values["WorkerId (2)"], record.values["column 6"]) == ("w1", "note")
    assert reasons(path, "mturk") == {"rejected assignment": 1}


# Zips


@pytest.mark.parametrize("name", ["/etc/passwd", "../x.jsonl", "a/../../x.jsonl", "C:\\x.jsonl", "a\\..\\x.jsonl"])
def test_paths_that_lead_out_of_a_zip(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr(name, "{}")
    with pytest.raises(StanceError, match="a path that leads out of the zip"):
        pieces_of(tmp_path / "export.zip")


def test_zip_bombs_and_damaged_zips(tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("all.jsonl", b" " * 2**24)
    with pytest.raises(StanceError, match="a zip bomb"):
        pieces_of(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StanceError, match="not a readable zip"):
        pieces_of(path)


def test_a_workbook_that_is_a_bomb_or_none(tmp_path):
    path = tmp_path / "sheet.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * 2**24)
    with pytest.raises(StanceError, match=r"sheet.xlsx: a zip bomb"):
        read(path, "table")
    path.write_bytes(b"no workbook")
    with pytest.raises(StanceError, match=r"sheet.xlsx: not an xlsx workbook"):
        read(path, "table")


def test_an_unknown_file(tmp_path):
    path = tmp_path / "export.bin"
    path.write_bytes(b"nothing known")
    with pytest.raises(StanceError, match="no export of a known tool"):
        open_export(path)
    with pytest.raises(StanceError, match=r"data.tool: unknown tool; found 'word'"):
        open_export(path, tool="word")
