"""Exports as no tool should write them, and as people change them: read right, or refused with their file."""

from __future__ import annotations

import json
import zipfile

import pytest
from openpyxl import Workbook

from stance.base.errors import StanceError
from stance.data.config import DataConfig
from stance.data.imported import read
from stance.data.imports.draft import first_mapping
from stance.data.imports.mapping import to_mapping
from stance.data.imports.record import flat
from stance.data.imports.survey import described, survey
from stance.data.imports.tools import open_export, records_of
from stance.data.read import read_corpus


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.ann", "E1\t\n"),
        ("a.ann", "R1\tBy Arg1:E2 Arg2:E2\nE2\tX:E2\n"),
        ("a.tsv", "#FORMAT=WebAnno TSV 3.3\n#T_SP=a.B|c\n\n#Text=x\n1-1\t0-x\tx\t_\t\n"),
        ("a.json", '[{"id": 1, "fields": {"text": "x"}, "responses": []}]'),
        ("a.json", '[{"id": 1, "data": [], "annotations": [1]}]'),
    ],
)
def test_an_export_that_no_tool_wrote_so_is_refused_with_its_file(tmp_path, name, written):
    (tmp_path / name).write_text(written, encoding="utf-8")
    with pytest.raises(StanceError, match=rf"{name}"):
        list(records_of(open_export(tmp_path / name)))
        raise StanceError(f"{name}: nothing was wrong")  # some of these are read, which is right too


@pytest.mark.parametrize(("offset", "byte"), [(6, 64), (28, 0)], ids=["of a later version", "without a name"])
def test_a_zip_whose_directory_is_damaged_is_refused_with_its_file(tmp_path, offset, byte):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ana.jsonl", '{"id": 7, "text": "One."}')
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + offset] = byte
    if not byte:  # the name is then a comment
        data[data.index(b"PK\x01\x02") + 32] = len("ana.jsonl")
    path.write_bytes(data)
    with pytest.raises(StanceError, match=r"export\.zip: "):
        open_export(path)


@pytest.mark.parametrize("rows", ["", 'h1,"w1,x\n'], ids=["only a header", "a quote that does not end"])
def test_the_tool_of_a_csv_is_known_by_its_header(tmp_path, rows):
    path = tmp_path / "batch.csv"
    path.write_text("HITId,WorkerId,Answer\n" + rows, encoding="utf-8")
    assert open_export(path).tool == "mturk"


def test_the_first_mapping_of_odd_names_is_yaml(tmp_path):
    import yaml

    path = tmp_path / 'it\'s "a"\n.csv'
    path.write_text('text,na"me,\x07bell\nx,y,z\n', encoding="utf-8")
    said = yaml.safe_load(first_mapping(survey(path), path))
    assert said["text"] == "text"


def test_the_first_mapping_says_what_keeps_the_rows_of_a_document_together(tmp_path):
    """Of two coders in columns: their column of documents where its name is known, else a line to be completed."""
    import yaml

    path = tmp_path / "mine.csv"
    for column, said in (("Report", "\ndocument: Report\n"), ("Where", "\n# document: ???  # the column of it")):
        rows = "".join(f"{n},They met.,R{n % 3},{'pro' if n % 2 else 'contra'},pro\n" for n in range(12))
        path.write_text(f"No,Sentence,{column},Anna,Ben\n" + rows.replace("pro\n", "contra\n", 4), encoding="utf-8")
        draft = first_mapping(survey(path), path)
        assert said in draft and "\n# id: ???  # " in draft
        assert yaml.safe_load(draft).get("document") == ("Report" if column == "Report" else None)
        assert yaml.safe_load(draft)["annotators"] == ["Anna", "Ben"]


def test_layers_of_odd_names_are_yaml(tmp_path):
    import yaml

    spans = [
        {"id": str(n), "type": "labels", "from_name": name, "to_name": "text", "value": span}
        for n, name in enumerate(("who", "stance", "\u2028who"))
        for span in ({"start": 0, "end": 3, "text": "One", "labels": ["favor"]},)
    ]
    task = {"id": 1, "data": {"text": "One two."}, "annotations": [{"id": 1, "completed_by": 1, "result": spans}]}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task]), encoding="utf-8")
    draft = first_mapping(survey(path), path)
    assert "\\u2028who" in draft
    assert yaml.safe_load(draft)["tool"] == "label-studio"


def test_merged_cells_of_an_export_are_filled_and_formulas_without_a_value_refused(tmp_path):
    book = Workbook()
    for row in (["text", "holder"], ["One.", "the guild"], ["Two.", None], ["Three.", "=A1"]):
        book.active.append(row)
    book.active.merge_cells("B2:B3")
    path = tmp_path / "mine.xlsx"
    book.save(path)
    said = to_mapping({"text": "text", "holder": "holder"}, "m.yaml")
    records = records_of(open_export(path, said))
    assert [next(records).values["holder"] for _ in range(2)] == ["the guild", "the guild"]
    with pytest.raises(StanceError, match="row 4: cell B4 holds a formula without a stored value"):
        next(records)


def test_a_quote_of_a_tsv_takes_in_no_rows_of_an_export(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text('text\tlabel\n"It begins\tyes\nMiddle\tno\nand ends"\tyes\n', encoding="utf-8")
    with pytest.raises(StanceError, match=r"mine\.tsv, line 2: a quotation mark opens .*quoting: none"):
        list(records_of(open_export(path, to_mapping({}, "m.yaml"))))
    said = to_mapping({"quoting": "none"}, "m.yaml")
    assert [r.values["text"] for r in records_of(open_export(path, said))] == ['"It begins', "Middle", 'and ends"']


def test_an_export_whose_lines_end_in_a_carriage_return_is_read(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(b'text,label\r"One, and more.",favor\rTwo.,against\r')
    records = list(records_of(open_export(path)))
    assert [(r.values["text"], r.values["label"]) for r in records] == [
        ("One, and more.", "favor"),
        ("Two.", "against"),
    ]
    path.write_bytes(b'text,label\r\n"One,\rand more.",favor\r\n')
    assert [r.values["text"] for r in records_of(open_export(path))] == ["One,\rand more."]


def test_an_export_that_says_what_separates_its_columns_is_known_and_its_faults_are_where_they_stand(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('"sep=|"\nHITId|WorkerId|AssignmentStatus\n1|w|Approved\n2|"w|Approved\n', encoding="utf-8")
    opened = open_export(path)
    assert opened.tool == "mturk"
    records = records_of(opened)
    first = next(records)
    assert (first.place, first.values["HITId"]) == (f"{path}, line 3", "1")
    with pytest.raises(StanceError, match=r"mine\.csv, line 4: malformed csv"):
        next(records)


def test_holders_that_some_judgements_of_an_export_lack_are_counted(tmp_path, caplog):
    path = tmp_path / "mine.csv"
    path.write_text("text,who,label,d\nOne.,the guild,favor,x\nTwo.,,against,\n", encoding="utf-8")
    said = "text: text\nholder: who\ntarget: {value: talk}\nlabel: label\nid: text\ndocument: d\n"
    (tmp_path / "m.yaml").write_text(said)
    data = DataConfig(name="m", reader="import", root=str(tmp_path), path="mine.csv", mapping=str(tmp_path / "m.yaml"))
    with caplog.at_level("WARNING"):
        assert len(read_corpus(data).annotations) == 2
    assert "1 of 2 judgements name no holder" in caplog.text
    assert "1 of 2 judgements name no document: each such row is a document of its own" in caplog.text


def test_texts_of_an_export_without_documents_are_one_each(tmp_path):
    (tmp_path / "mine.csv").write_text("text,topic,label\nOne.,a,favor\nTwo.,a,favor\nOne.,b,against\n")
    (tmp_path / "m.yaml").write_text("text: text\ntarget: topic\nlabel: label\n")
    data = DataConfig(name="m", reader="import", root=str(tmp_path), path="mine.csv", mapping=str(tmp_path / "m.yaml"))
    first, second, third = read_corpus(data).annotations
    assert first.document == third.document != second.document


PLAIN = "tool: table\ntext: text\ntarget: target\nlabel: label\n"


def imported(tmp_path, said: str, **files: str | bytes):
    """The judgements of files (``a_csv`` is ``a.csv``) by a mapping, and what was left out."""
    for name, written in files.items():
        data = written if isinstance(written, bytes) else written.encode()
        (tmp_path / name.replace("_", ".")).write_bytes(data)
    (tmp_path / "m.yaml").write_text(said, encoding="utf-8")
    path = tmp_path / next(iter(files)).replace("_", ".")
    return read(path, tmp_path / "m.yaml", part_map={})


def test_a_cell_beyond_the_header_is_refused_as_it_is_in_a_table(tmp_path):
    written = "label,target,text\nfavor,the deal,No.,,\nfavor,the deal,They signed, but the strike goes on.\n"
    with pytest.raises(
        StanceError, match=r"a\.csv, line 3: 4 cells instead of 3; found .*allowed: 3 cells; quote .*','"
    ):
        imported(tmp_path, PLAIN, a_csv=written)
    two = "a\t\tb\nlabel\ttarget\ttext\nfavor\tthe deal\tNo.\tand more\n"
    with pytest.raises(StanceError, match=r"a\.tsv, line 3: 4 cells instead of 3; .*quote a cell that holds '\\t'"):
        imported(tmp_path, PLAIN + "header: 2\n", a_tsv=two)


@pytest.mark.parametrize("mark", [";", "\t", "|", ","])
def test_what_separates_the_columns_is_seen_in_the_header_and_not_in_a_title(tmp_path, mark):
    rows = ["Codings of week 3", "", "label~target~text", "favor~the deal~They signed"]
    found = imported(tmp_path, PLAIN + "header: 3\n", a_csv="\n".join(rows).replace("~", mark) + "\n")
    assert [(row.label, row.target, row.text) for row in found.annotations] == [("favor", "the deal", "They signed")]


def test_cells_below_no_name_are_read_where_the_mapping_says_so_and_counted_elsewhere(tmp_path, caplog):
    written = "label,target,text,,\nfavor,the deal,They signed, but the strike goes on.,\nfavor,the deal,No.,,\n"
    with caplog.at_level("WARNING"):
        imported(tmp_path, PLAIN, a_csv=written)
    assert "1 row(s) have something in a column without a name, as" in caplog.text and "line 2" in caplog.text
    caplog.clear()
    found = imported(tmp_path, PLAIN + "context: column 4\n", a_csv=written.replace(",,\n", "\n", 1))
    assert found.annotations[0].context == "but the strike goes on."
    assert "without a name" not in caplog.text


@pytest.mark.parametrize("inside", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_two_bytes_a_character_are_parted_at_line_ends_alone(tmp_path, inside):
    text = f"They signed{inside}and left the strike."
    for end in ("\n", "\r\n", "\r"):
        rows = f"id,label,target,text{end}1,favor,the deal,{text}{end}2,against,the deal,No.{end}"
        found = imported(tmp_path, PLAIN + "leave_out: ['']\n", a_csv=rows.encode("utf-16"))
        assert [a.text for a in found.annotations] == ["They signed and left the strike.", "No."]
        assert not found.left_out
    rows = json.dumps({"text": text, "target": "the deal", "label": "favor"}, ensure_ascii=False)
    (one,) = imported(tmp_path, PLAIN, a_jsonl=f"{rows}\r\n".encode("utf-16")).annotations
    assert one.text == "They signed and left the strike."


def test_a_missing_number_of_python_is_nothing_in_an_export(tmp_path, caplog):
    rows = [
        {"id": n, "text": "No.", "holder": who, "target": "the deal", "label": "favor"}
        for n, who in enumerate((float("nan"), "union"))
    ]
    with caplog.at_level("WARNING"):
        found = imported(tmp_path, PLAIN + "id: id\nholder: holder\n", a_jsonl="\n".join(map(json.dumps, rows)))
    assert [(a.id, a.holder) for a in found.annotations] == [("0 | the deal", ""), ("1 | union | the deal", "union")]
    assert "1 of 2 judgements name no holder" in caplog.text
    assert dict(flat({"a": [1, float("nan")], "b": float("nan")})) == {"a": "1; ", "b": ""}


def task(text, choice, who=1, when="2026-01-01T10:00:00Z"):
    """An export of Label Studio with one annotation of task 1."""
    result = [{"id": "a", "type": "choices", "from_name": "stance", "value": {"choices": [choice]}}]
    annotation = {"id": 9, "completed_by": who, "updated_at": when, "result": result}
    return json.dumps([{"id": 1, "data": {"text": text}, "annotations": [annotation]}])


def read_folder(tmp_path, said: str, files: dict[str, str]):
    """The judgements of a folder."""
    for name, written in files.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(written, encoding="utf-8")
    (tmp_path / "m.yaml").write_text(said, encoding="utf-8")
    return read(tmp_path / "in", tmp_path / "m.yaml", part_map={})


def test_rows_that_were_read_are_not_counted_as_left_out_for_what_is_not_asked(tmp_path, caplog):
    line = {"text": "They signed.", "accept": ["pro"], "spans": [], "answer": "accept", "_task_hash": 1}
    said = "tool: prodigy\nlayer: choice\ntext: text\ntarget: {value: the deal}\nlabel: label\nlabels: {favor: [pro]}\n"
    found = read_folder(tmp_path, said, {"a.jsonl": json.dumps(line) + "\n"})
    assert [row.label for row in found.annotations] == ["favor"] and found.left_out == {}
    with pytest.raises(StanceError, match=r"no judgements; found '.*accepted with nothing marked \(1\)'"):
        read_folder(tmp_path, said.replace("choice", "span"), {"a.jsonl": json.dumps(line) + "\n"})


def test_a_hint_about_a_field_that_a_table_lacks_helps(tmp_path):
    rows = {"a.csv": "text,target,label,use\nA,t,favor,x\n", "b.csv": "text,target,label\nB,t,favor\n"}
    with pytest.raises(
        StanceError, match=r"no record of .*b\.csv has a field 'use'.*; if it lacks that, 'files' to choose"
    ):
        read_folder(tmp_path, PLAIN + "where: {use: x}\n", rows)
    with pytest.raises(StanceError, match=r"if it lacks that, \{first: \[use, \{value: \"\"\}\]\}, or 'files'"):
        read_folder(tmp_path, PLAIN + "context: use\n", rows)
    found = read_folder(tmp_path, PLAIN + 'context: {first: [use, {value: ""}]}\n', rows)
    assert [row.context for row in found.annotations] == ["x", ""]


STUDIO = "tool: label-studio\ntext: data.text\ntarget: {value: the deal}\nlabels: {favor: [Pro], against: [Con]}\n"


def test_answers_of_one_annotator_in_two_files_of_label_studio_are_told(tmp_path, caplog):
    others = {"ana.json": task("They signed.", "Pro"), "bo.json": task("They refused.", "Con", when="2026-01-02")}
    with (
        caplog.at_level("WARNING"),
        pytest.raises(StanceError, match=r"bo\.json, .*duplicate id '1': it has another text"),
    ):
        read_folder(tmp_path, STUDIO, others)
    assert "1 times one annotator answers one task in two files, such as" in caplog.text
    caplog.clear()
    same = others | {"bo.json": task("They signed.", "Con", when="2026-01-02")}
    with caplog.at_level("WARNING"):
        (one,) = read_folder(tmp_path, STUDIO, same).annotations
    assert one.label == "against" and "make (file) a part of annotator" in caplog.text
    caplog.clear()
    with caplog.at_level("WARNING"):
        found = read_folder(tmp_path, STUDIO + "annotator: [(file), annotator]\n", same)
        assert [(a.annotator, a.label) for a in found.annotations] == [("ana 1", "favor"), ("bo 1", "against")]
        found = read_folder(tmp_path, STUDIO + "annotator: (file)\nid: [(file), id]\n", others)
        assert [(a.id, a.text) for a in found.annotations] == [("ana 1", "They signed."), ("bo 1", "They refused.")]
        twice = {name: task("They signed.", "Pro") for name in others}
        assert len(read_folder(tmp_path, STUDIO, twice).annotations) == 1
    assert "WARNING" not in caplog.text


def test_rows_of_two_tables_of_one_name_are_two_and_what_one_says_in_both_is_told(tmp_path, caplog):
    files = {f"{month}/coding.csv": f"label,target,text\nfavor,the deal,In {month}.\n" for month in ("jan", "feb")}
    found = read_folder(tmp_path, PLAIN, files)
    assert [a.id for a in found.annotations] == ["feb/coding.csv:1 | the deal", "jan/coding.csv:1 | the deal"]
    rows = {f"{coder}/coding.csv": "id,label,target,text\n7,favor,the deal,One.\n" for coder in ("ana", "bo")}
    (tmp_path / "two").mkdir()
    with caplog.at_level("WARNING"):
        found = read_folder(tmp_path / "two", PLAIN + "id: id\nannotator: (file)\n", rows)
    assert found.left_out == {"the same answer twice": 1} and "in two files, such as" in caplog.text


def test_an_id_of_two_texts_is_a_fault_of_an_export_and_units_are_looked_at(tmp_path, caplog):
    said = PLAIN + "id: id\nholder: holder\nannotator: annotator\ndocument: {value: d}\n"
    head = "id,text,holder,target,label,annotator\n"
    rows = "1.23457E+18,They signed.,union,the deal,favor,ana\n1.23457E+18,They will pay.,union,the deal,favor,ana\n"
    with (
        caplog.at_level("WARNING"),
        pytest.raises(StanceError, match=r"line 3: duplicate id '1\.23457E\+18 .*another text"),
    ):
        imported(tmp_path, said, a_csv=head + rows)
    assert "1 values of id lost digits in a spreadsheet" in caplog.text
    rows = "003,They signed.,union,the deal,favor,ana\n3,They signed.,union,the deal,against,bo\n"
    with caplog.at_level("WARNING"):
        assert len(imported(tmp_path, said, a_csv=head + rows).annotations) == 2
    assert "1 ids are one number and two units, such as '003' and '3'" in caplog.text


def test_two_spellings_of_a_holder_are_one_row_of_an_export(tmp_path):
    rows = "1,One.,Z\u00fcrich,deal,favor,ana\n1,One.,Zu\u0308rich,deal,against,bo\n"
    said = PLAIN + "id: id\nannotator: annotator\nholder: {field: holder, words: {Gen\u00e8ve: x}}\n"
    rows += "2,One.,Gene\u0300ve,deal,favor,ana\n"
    found = imported(tmp_path, said, a_csv="id,text,holder,target,label,annotator\n" + rows)
    assert [a.id for a in found.annotations] == ["1 | Z\u00fcrich | deal"] * 2 + ["2 | x | deal"]


def test_texts_of_a_folder_are_those_of_their_name_in_their_encoding(tmp_path):
    said = "tool: table\ntext: text\nid: id\ntarget: target\nlabel: label\nencoding: cp1251\n"
    said += f"texts: {{path: {tmp_path / 'texts'}, by: id}}\n"
    rows = "id,target,label\nr1,the deal,favor\n"
    (tmp_path / "texts/2023").mkdir(parents=True)
    for data in ("Союз поддержал.".encode("cp1251"), "Союз поддержал.".encode()):
        (tmp_path / "texts/2023/r1.txt").write_bytes(data)
        (tmp_path / "texts/2023/r1.xml").write_text("<no text/>")
        assert imported(tmp_path, said, a_csv=rows).annotations[0].text == "Союз поддержал."
    (tmp_path / "texts/r1.txt").write_text("Another.")
    with pytest.raises(
        StanceError, match=r"a\.csv, line 2: 2 files are called 'r1' in .*found \['2023/r1\.txt', 'r1\.txt'\]"
    ):
        imported(tmp_path, said, a_csv=rows)


def test_a_row_of_an_export_that_was_called_unclear_has_no_label(tmp_path, caplog):
    """By name; an empty cell is no answer, nor is another code that the mapping leaves out with all others."""
    rows = ["One.,?,?,favor", "Two.,?,favor,favor", "Three.,,,favor", "Four.,?,against,"]
    (tmp_path / "mine.csv").write_text("\n".join(["text,ana,ben,cy", *rows]) + "\n")
    said = "text: text\nid: text\ntarget: {value: talk}\nannotators: [ana, ben, cy]\n"
    said += "labels: {favor: favor, against: against}\n"
    data = DataConfig(name="m", reader="import", root=str(tmp_path), path="mine.csv", mapping=str(tmp_path / "m.yaml"))
    for leave_out, kept in (("['?', '']", ["Two.", "Three.", "Four."]), ("'*'", ["One.", "Two.", "Three.", "Four."])):
        (tmp_path / "m.yaml").write_text(said + f"leave_out: {leave_out}\n")
        assert list(dict.fromkeys(a.text for a in read_corpus(data).annotations)) == kept
    assert caplog.text.count("1 row(s) are left out: the adjudicator, or more annotators") == 1


def test_no_address_of_an_annotator_is_shown(tmp_path):
    def said(number, who):
        value = {"choices": ["Pro"]}
        choice = {"id": f"r{number}", "from_name": "stance", "to_name": "text", "type": "choices", "value": value}
        return {"id": number, "completed_by": {"email": who}, "result": [choice]}

    tasks = [
        {
            "id": n,
            "data": {"text": f"They signed {n}."},
            "annotations": [said(2 * n, "ana@x.org"), said(2 * n + 1, "bo@x.org")],
        }
        for n in range(3)
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    shown = "\n".join(described(survey(path)))
    assert "ana... 3" in shown and "@x.org" not in shown
