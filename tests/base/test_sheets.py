"""Workbooks as people keep them: merged cells, errors, formulas, dropdowns, hidden rows, an index column, escapes."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from stance.base.errors import StanceError
from stance.base.lines import Manner
from stance.base.predictions import read_predictions
from stance.base.rows import read_rows, scan_rows
from stance.data import table
from stance.data.columns import Columns
from stance.data.imports.tools import open_export, records_of
from stance.data.table import read_annotations

HEAD = ("id", "text", "holder", "target", "label", "annotator", "document")
ROWS = [
    ("1", "They signed.", "the union", "sign", "favor", "ana", "d1"),
    ("2", "They left.", "the union", "sign", "against", "ana", "d1"),
    ("3", "They met.", "the mill", "sign", "neutral", "ana", "d2"),
]
PARTS = {"train": "train", "validation": "validation", "test": "test"}


def book_of(rows=(HEAD, *ROWS), *, merged=(), hidden=()):
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    for area in merged:
        book.active.merge_cells(area)
    for number in hidden:
        book.active.row_dimensions[number].hidden = True
    return book


def saved(folder, book):
    book.save(folder / "votes.xlsx")
    return folder / "votes.xlsx"


def rows_of(folder, book, **manner):
    return list(read_rows(saved(folder, book), manner=Manner(**manner)))


def corpus_of(folder, book):
    return table.read(saved(folder, book), Columns(), label_map={}, part_map=PARTS).annotations


@pytest.mark.parametrize(
    ("area", "field", "values"),
    [
        ("G2:G3", "document", ["d1", "d1", "d2"]),
        ("C2:C3", "holder", ["the union", "the union", "the mill"]),
        ("D2:D4", "target", ["sign"] * 3),
        ("E2:E3", "label", ["favor", "favor", "neutral"]),
        ("F3:G4", "annotator", ["ana"] * 3),
        ("F3:G4", "document", ["d1", "ana", "ana"]),
    ],
)
def test_each_cell_of_a_merged_range_has_the_value_of_its_first(tmp_path, caplog, area, field, values):
    with caplog.at_level("INFO", logger="stance"):
        assert [getattr(row, field) for row in corpus_of(tmp_path, book_of(merged=[area]))] == values
    assert f"merged, so that each cell has the value of the first: {area}" in caplog.text


def test_a_merged_range_makes_no_rows_and_fills_no_column_without_a_name(tmp_path):
    book = book_of(merged=["G4:G9", "G2:I2", "A10:H12"])
    assert [row["document"] for _, row in rows_of(tmp_path, book)] == ["d1", "d1", "d2"]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!"])
def test_an_error_is_refused_with_its_address(tmp_path, caplog, error):
    rows = [HEAD, ROWS[0], (*ROWS[1][:2], error, *ROWS[1][3:]), (*ROWS[2][:6], error)]
    with pytest.raises(StanceError, match=rf"votes\.xlsx, row 3: cell C3 holds the error {error}; allowed"):
        rows_of(tmp_path, book_of(rows))
    assert f"2 cell(s) in error or without a value: cell C3 holds the error {error}, cell G4" in caplog.text
    with pytest.raises(StanceError, match="row 2: cell C2 holds the error"):  # the first of a merged range
        rows_of(tmp_path, book_of([HEAD, rows[2], ROWS[0]], merged=["C2:C3"]))


def test_an_error_that_a_spreadsheet_exported_is_no_holder(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("text,target,label,holder\nThey signed.,sign,favor,#N/A\n")
    with pytest.raises(StanceError, match="line 2: field 'holder' is an error of a spreadsheet; found '#N/A'"):
        table.read(path, Columns(), label_map={}, part_map=PARTS)


def test_a_formula_without_a_stored_value_is_refused_and_one_with_it_read(tmp_path):
    book = book_of()
    book.active["B3"] = '=CONCATENATE("They ", "left.")'
    with pytest.raises(StanceError, match="row 3: cell B3 holds a formula without a stored value; open the file in"):
        rows_of(tmp_path, book)
    with zipfile.ZipFile(tmp_path / "votes.xlsx") as before, zipfile.ZipFile(tmp_path / "new.xlsx", "w") as after:
        for name in before.namelist():
            content = re.sub(
                rb'<c r="B3"><f>(.*?)</f><v ?/?>(</v>)?',
                rb'<c r="B3" t="str"><f>\1</f><v>They left.</v>',
                before.read(name),
            )
            after.writestr(name, content)
    assert [row["text"] for _, row in read_rows(tmp_path / "new.xlsx")] == ["They signed.", "They left.", "They met."]


def test_escapes_are_the_characters_that_they_stand_for(tmp_path):
    texts = ["a_x000D_\nb", "_x0009_c", "_x005F_x000D_", "_xD83D__xDE00_", "_x00e9_", "x_x12_"]
    book = book_of([("te_x0078_t",), *((text,) for text in texts)])
    read = [row["text"] for _, row in rows_of(tmp_path, book)]
    assert read == ["a\r\nb", "\tc", "_x000D_", "\N{GRINNING FACE}", "é", "x_x12_"]
    with pytest.raises(StanceError, match="row 2: half of a surrogate pair"):
        rows_of(tmp_path, book_of([("text",), ("_xD83D_",)]))
    with pytest.raises(StanceError, match="row 1: half of a surrogate pair"):
        rows_of(tmp_path, book_of([("te_xD83D_xt",), ("a",)]))
    half, whole = scan_rows(saved(tmp_path, book_of([("text",), ("_xD83D_",), ("b",)])))
    assert half.raw is not None and half.raw.encode("utf-8") and whole.values == {"text": "b"}


def test_the_unnamed_index_that_pandas_writes_is_a_column_without_a_name(tmp_path):
    rows = [(None, "text", "target", "label"), (0, "They signed.", "sign", "favor"), (1, "No.", "sign", "against")]
    assert [a.text for a in corpus_of(tmp_path, book_of(rows))] == ["They signed.", "No."]
    with pytest.raises(StanceError, match="row 1: no header, or a column occurs twice in it"):
        rows_of(tmp_path, book_of([(None, None, "text"), (0, 1, "a")]))


@pytest.mark.parametrize("state", ["visible", "hidden"])
@pytest.mark.parametrize("before", [True, False])
def test_the_sheet_is_the_one_with_the_columns(tmp_path, caplog, state, before):
    book = book_of()
    lists = book.create_sheet("Lists", index=0 if before else None)
    for row in [("label", "target"), ("favor", "sign"), ("against", "sign")]:
        lists.append(row)
    lists.sheet_state = state
    choice = DataValidation(type="list", formula1="Lists!$A$2:$A$3")
    book["Sheet"].add_data_validation(choice)
    choice.add("E2:E4")
    path = saved(tmp_path, book)
    with caplog.at_level("INFO", logger="stance"):
        assert [a.text for a in read_annotations(path)] == [row[1] for row in ROWS]
    assert "votes.xlsx: the sheet 'Sheet' is read, of" in caplog.text
    assert len(corpus_of(tmp_path, book)) == 3
    assert len(read_predictions(path)) == 3


def test_of_two_such_sheets_the_one_that_is_seen_is_read_and_else_none(tmp_path):
    book = book_of()
    copy = book.copy_worksheet(book.active)
    with pytest.raises(
        StanceError, match=r"not a workbook of one sheet; found \['Sheet', 'Sheet Copy'\]; allowed: one"
    ):
        read_annotations(saved(tmp_path, book))
    copy.sheet_state = "hidden"
    copy["B2"] = "Old."
    assert read_annotations(saved(tmp_path, book))[0].text == "They signed."


def test_the_header_is_seen_unless_only_a_hidden_row_above_it_has_the_columns(tmp_path, caplog):
    old = ("nr", "Satz", "Wer", "Was", "Urteil", "Name", "Quelle")
    assert len(corpus_of(tmp_path, book_of([old, HEAD, *ROWS], hidden=[1]))) == 3
    assert "votes.xlsx: hidden rows above the header, row 2, are not read: 1" in caplog.text
    with pytest.raises(StanceError, match="row 2: unknown label; found 'Urteil'"):
        corpus_of(tmp_path, book_of([HEAD, old, *ROWS], hidden=[1]))
    assert "votes.xlsx: the header, row 1, is hidden" in caplog.text
    with caplog.at_level("INFO", logger="stance"):
        assert len(corpus_of(tmp_path, book_of(hidden=[3]))) == 3
    assert "votes.xlsx: hidden rows that are read too: 3" in caplog.text


def test_annotations_and_predictions_may_stand_in_a_sheet(tmp_path):
    path = saved(tmp_path, book_of())
    assert [(a.id, a.label, a.document) for a in read_annotations(path)] == [
        ("1", "favor", "d1"),
        ("2", "against", "d1"),
        ("3", "neutral", "d2"),
    ]
    with pytest.raises(StanceError, match=r"votes\.xlsx, row 3: unknown label; found 'PRO'"):
        read_annotations(saved(tmp_path, book_of([HEAD, ROWS[0], (*ROWS[1][:4], "PRO", "ana", "d1")])))


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: data.replace(b"row", b"r w")])
def test_a_damaged_sheet_is_an_error_in_words(tmp_path, damage):
    path = saved(tmp_path, book_of())
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content) as before, zipfile.ZipFile(path, "w") as after:
        for name in before.namelist():
            data = before.read(name)
            after.writestr(name, damage(data) if "sheet1" in name else data)
    with pytest.raises(StanceError, match=r"votes\.xlsx: not an xlsx workbook"):
        read_annotations(path)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_workbook_with_entities_is_refused(tmp_path, part, encoding):
    path = tmp_path / "mine.xlsx"
    book = Workbook()
    book.active.append(["text", "target"])
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    told = "<!-- first --><!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>" + members[part].decode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, inner in members.items():
            archive.writestr(name, told.encode(encoding) if name == part else inner)
    for read in (lambda: list(read_rows(path)), lambda: list(records_of(open_export(path)))):
        with pytest.raises(StanceError, match="a document type or entities"):
            read()


def test_a_workbook_that_is_a_bomb_is_refused(tmp_path):
    path = tmp_path / "mine.xlsx"
    Workbook().save(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/a.bin", b" " * 2**24)
    with pytest.raises(StanceError, match=r"mine\.xlsx: a zip bomb"):
        list(read_rows(path))
