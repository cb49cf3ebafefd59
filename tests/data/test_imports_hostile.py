"""Exports as no tool should write them, and as people change them: read right, or refused with their file."""

from __future__ import annotations

import json
import zipfile

import pytest
from openpyxl import Workbook

from stance.base.errors import StanceError
from stance.data.config import DataConfig
from stance.data.imports.draft import first_mapping
from stance.data.imports.mapping import to_mapping
from stance.data.imports.survey import survey
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
