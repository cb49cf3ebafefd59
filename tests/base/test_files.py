"""Separated text as programs and people write it: quotes in a tsv, line ends, space before quotes, cells left empty."""

from __future__ import annotations

import gzip
import time
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stance.base.errors import StanceError, content
from stance.base.files import as_json, sweep_partials
from stance.base.lines import Manner
from stance.base.predictions import read_predictions
from stance.base.rows import read_rows, scan_rows
from stance.base.tables import encoder_for
from stance.data.config import DataConfig
from stance.data.read import read_corpus
from stance.data.table import read_annotations


def write(path, content):
    data = content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def cells(path, **manner):
    return [list(row.values()) for _, row in read_rows(path, manner=Manner(**manner))]


SWALLOWED = {
    "first": ("text\ttarget", ["Shut.\ts", '"We stay.\ts', "They sang.\ts", 'We wait."\ts', "Open.\ts"]),
    "middle": ("id\ttext\ttarget", ["1\tShut.\ts", '2\t"We stay.\ts', "3\tSang.\ts", '4\tWait."\ts', "5\tOpen.\ts"]),
    "last": ("target\ttext", ["s\tShut.", 's\t"We stay.', "s\tSang.", 's\tWe wait."', "s\tOpen."]),
    "two columns": (
        "text\ttarget\tn",
        ["Shut.\ts\t1", '"We stay.\ts"\t1', "Sang.\ts\t1", "Open.\ts\t1"],
    ),
    "alone": ("text", ["Shut.", '"We stay.', "Sang.", 'We wait."', "Open."]),
    "a row of other length": ("text\ttarget", ["Shut.\ts", '"We stay.\ts', "", 'We wait."\ts', "Open.\ts"]),
}


@pytest.mark.parametrize("case", SWALLOWED)
@pytest.mark.parametrize("name", ["rows.tsv", "rows.tsv.gz"])
def test_a_quote_in_a_tsv_takes_in_no_rows(tmp_path, case, name):
    head, lines = SWALLOWED[case]
    path = write(tmp_path / name, "\n".join([head, *lines, ""]))
    scanned = list(scan_rows(path))
    bad = [row for row in scanned if isinstance(row.values, StanceError)]
    assert [row.number for row in bad] == [3] and len(scanned) == len(list(filter(None, lines)))
    assert "quoting=none, of a dataset data.quoting=none (no published corpus takes it)" in str(bad[0].values)
    with pytest.raises(StanceError, match=f"{name}, line 3: a quotation mark opens a cell that takes in"):
        cells(path)
    assert cells(path, quoted=False) == [line.split("\t") for line in lines if line]


IN_CSV = {
    "text last": ("id,target,text", ["1,x,Shut.", '2,x,"We stay.', "3,x,They sang.", '4,x,We wait."', "5,x,Open."]),
    "text first": ("text,target", ["Shut.,s", '"We stay.,s', 'They sang.",s', "We wait.,s", "Open.,s"]),
    "semicolons": ("n;text", ["1;Shut.", '2;"We stay, all.', '3;We sang, all."', "4;We wait.", "5;Open."]),
}


@pytest.mark.parametrize("case", IN_CSV)
def test_a_quote_in_a_csv_takes_in_no_rows(tmp_path, case):
    head, lines = IN_CSV[case]
    path = write(tmp_path / "rows.csv", "\n".join([head, *lines, ""]))
    with pytest.raises(StanceError, match=r"line 3: a quotation mark opens a cell that takes in .*quoting=none"):
        cells(path)
    assert [row.number for row in scan_rows(path) if not isinstance(row.values, StanceError)] == [2, 4, 5, 6]
    assert cells(path, quoted=False) == [line.split(head[1:].strip("dext")[0]) for line in lines]


def test_lines_of_a_quoted_cell_that_may_be_rows_are_told_and_other_lines_are_not(tmp_path, caplog):
    prose = 'id,target,text\n1,x,"Three signed:\nBerlin, Paris, Rome."\n2,x,"They left\nBonn and Rome."\n'
    assert cells(write(tmp_path / "rows.csv", prose))[0][2] == "Three signed:\nBerlin, Paris, Rome."
    assert (
        "rows.csv: 1 rows have a quoted cell of lines that look like rows, line 3 first; if quotes are text"
        in caplog.text
    )
    caplog.clear()
    for head, cell in (
        ("n,text", "They signed:\nhttps://x.org/a,b"),
        ("n|text", "MPs agreed\nyes|no"),
        ("n,text", "开始了\n工资,工时"),
    ):
        mark = head[1]
        assert cells(write(tmp_path / "cell.csv", f'{head}\n1{mark}"{cell}"\n')) == [["1", cell]]
    assert caplog.text.count("cell.csv: 1 rows") == 3
    caplog.clear()
    assert cells(write(tmp_path / "one.csv", 'text\n"a\nb"\n')) == [["a\nb"]]
    assert cells(write(tmp_path / "sum.csv", 'id,text\n1,"Some\n1,000 men"\n')) == [["1", "Some\n1,000 men"]]
    assert "one.csv" not in caplog.text and "sum.csv: 1 rows" in caplog.text


@pytest.mark.parametrize("cell", ["a\tb", "a\nb", "a\n\nb\nc", "\ta"])
def test_a_tab_or_line_end_in_a_quoted_cell_of_a_tsv_is_told_with_its_line(tmp_path, caplog, cell):
    path = write(tmp_path / "rows.tsv", f'id\ttext\ttarget\n1\tx\tt\n2\t"{cell}"\tt\n3\ty\tt\n')
    assert [row[1] for row in cells(path)] == ["x", cell, "y"]
    assert f"1 rows have a tab or line end inside a quoted cell, line {3 + cell.count(chr(10))} first" in caplog.text


def test_quotes_are_text_where_the_configuration_says_so(tmp_path):
    write(tmp_path / "rows.tsv", 'text\ttarget\tlabel\n"No," they said.\ts\tagainst\n"Yes."\ts\tfavor\n')
    data = DataConfig(name="mine", reader="table", root=str(tmp_path), path="rows.tsv", quoting="none")
    assert [a.text for a in read_corpus(data).annotations] == ['"No," they said.', '"Yes."']
    with pytest.raises(StanceError, match=r"data\.quoting: unknown value; found 'all'; allowed: double, none"):
        DataConfig(name="mine", reader="table", root="", path="", quoting="all")


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
@pytest.mark.parametrize("end", ["\r", "\r\n", "\n", "\r\r\n"])
def test_lines_end_as_in_any_system(tmp_path, name, end):
    path = write(tmp_path / name, end.join(["id,text", '1,"a, b"', '2,"c\nd"', "3,e", ""]))
    assert cells(path) == [["1", "a, b"], ["2", "c\nd"], ["3", "e"]]
    assert [number for number, _ in read_rows(path)][-1] == (8 if end == "\r\r\n" else 5)


def test_jsonl_of_carriage_returns_and_a_return_in_a_name(tmp_path):
    assert cells(write(tmp_path / "rows.jsonl", '{"a": "\\""}\r{"a": 2}\r')) == [['"'], [2]]
    assert cells(write(tmp_path / "rows.csv", '"a\rb",c\n1,2\n')) == [["1", "2"]]


MIXED = {
    "the first in a line feed": "id,text\n1,a\r2,b\r\n3,c\n",
    "the first in both": "id,text\r\n1,a\r2,b\n3,c\r",
    "one within quotes": 'id,text\n1,a\r2,b\n"3",c\r',
    "after a cell of several lines": 'id,text\n"1","a"\r2,b\r"3","c"\n',
}


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("kind", MIXED)
def test_each_end_of_a_line_is_one_where_they_are_mixed(tmp_path, kind, quoted):
    path = write(tmp_path / "rows.csv", MIXED[kind])
    found = [list(row.values()) for _, row in read_rows(path, manner=Manner(quoted=quoted))]
    assert [[cell.strip('"') for cell in row] for row in found] == [["1", "a"], ["2", "b"], ["3", "c"]]


def test_a_row_that_a_carriage_return_cuts_is_told_and_the_others_are_read(tmp_path):
    path = write(tmp_path / "rows.csv", 'id,text\n1,"a\rb"\n2,c\rd\n3,e\n')
    rows = list(scan_rows(path))
    assert [row.values for row in rows if isinstance(row.values, dict)] == [
        {"id": "1", "text": "a\rb"},
        {"id": "2", "text": "c"},
        {"id": "3", "text": "e"},
    ]
    assert "line 3: 1 cells instead of 2; found 'd'" in str(rows[2].values)


MARKS = {
    "a quote in a name": 'id;דו"ח;text;n\n1;Yes, he said, no, and so, on, x, y;a, b;2\n',
    "pipes": "id|text\n1|a, b\n",
    "a comma in a name": 'id;"text";"target, or proposal"\n1;a, b;c\n',
    "tabs and a comma": "id\ttext\tlabel, if any\n1\ta, b\tc\n",
    "told between quotes": '"sep=;"\nid;text\n1;a, b\n',
    "an empty line first": "\n \nid;text\n1;a, b\n",
    "empty cells first": ";;\nid;text;\n1;a, b;\n",
    "a line end in a name": 'id;"what, in your view,\nis said";text\n1;x, y, z;a, b\n',
    "two byte order marks": "\ufeff\ufeffid;text\n1;a, b\n",
}


@pytest.mark.parametrize("kind", MARKS)
def test_what_separates_the_columns_is_what_the_header_has_most_of(tmp_path, kind):
    ((_, row),) = read_rows(write(tmp_path / "rows.csv", MARKS[kind]))
    assert (row["id"], row["text"]) == ("1", "a, b")


def test_a_file_of_two_encodings_is_told_whichever_is_said(tmp_path, caplog):
    path = tmp_path / "rows.csv"
    path.write_bytes("text\nZürich\n".encode() + "Köln\n".encode("cp1252"))
    with pytest.raises(StanceError, match=r"line 3: byte 2 .*but line 2 is utf-8: the file mixes encodings, and no"):
        list(read_rows(path))
    assert [row["text"] for _, row in read_rows(path, "cp1252")] == ["ZÃ¼rich", "Köln"]
    assert f"{path}: 1 lines, line 2 first, are UTF-8 and were read as cp1252" in caplog.text
    caplog.clear()
    path.write_bytes("text\nKöln sagt: „Nein“\n".encode("cp1252"))
    with pytest.raises(StanceError, match="or say what it is"):
        list(read_rows(path))
    assert len(list(read_rows(path, "cp1252"))) == 1 and not caplog.text
    path.write_bytes("text\n".encode() + "über\n".encode("cp1252") * 200 + "groß…\n".encode("cp1252"))  # noqa: UP012
    assert len(list(read_rows(path, "cp1252"))) == 201
    for name in ("UTF-8-SIG", "u8", "utf_8"):
        assert next(iter(read_rows(write(path, "text\nZürich\n"), name)))[1]["text"] == "Zürich"
    assert not caplog.text


def test_a_name_that_occurs_twice_in_a_line_of_json_has_no_value(tmp_path):
    path = write(tmp_path / "rows.jsonl", '{"label": "favor", "label": "against"}\n{"label": "favor"}\n')
    bad, good = scan_rows(path)
    assert "line 1: not to be read as JSON: a name occurs twice: label" in str(bad.values)
    assert good.values == {"label": "favor"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_two_bytes_a_character_are_told(tmp_path, encoding):
    (tmp_path / "rows.csv").write_bytes("id,text\n1,a\n".encode(encoding))
    with pytest.raises(StanceError, match=r"line 1: the file is UTF-16 or UTF-32; allowed: UTF-8 \(in Excel"):
        cells(tmp_path / "rows.csv")


SPACED = {
    "as ever": ('id, text, label\n1, "a, b", c\n', ["1", "a, b", "c"]),
    "quoted names": ('"id", "text", "label"\n"1", "a, b", "c"\n', ["1", "a, b", "c"]),
    "no comma": ('id,text,label\n1, "a", c\n', ["1", "a", "c"]),
    "several spaces and a line end": ('id,text,label\n1,   "a\nb",c\n', ["1", "a\nb", "c"]),
    "semicolons": ('id;text;label\n1; "a; ""b""";c\n', ["1", 'a; "b"', "c"]),
    "a quote of the text": ('id,text,label\n1, "a" and b,c\n', ["1", ' "a" and b', "c"]),
    "in a quoted cell": ('id,text,label\n1,"a, ""b"", c", d\n', ["1", 'a, "b", c', " d"]),
    "not closed in its row": ('id,text\n1, "a\n2,b"\n', ["1", ' "a']),
}


@pytest.mark.parametrize("case", SPACED)
def test_space_before_a_quote(tmp_path, case):
    content, first = SPACED[case]
    path = write(tmp_path / "rows.csv", content)
    assert cells(path)[0] == first
    assert list(next(read_rows(path))[1]) == ["id", "text", "label"][: len(first)]


HEAD = "id,text,holder,target,label,annotator,document\n"
GROUPS = HEAD + "1,a,h,t,favor,ana,d1\n2,b,,t,against,ana,\n3,c,h,t,neutral,ana,d2\n4,d,,t,favor,ana, \n"


@pytest.mark.parametrize("reader", ["table", "annotations"])
def test_empty_cells_are_counted_aloud_and_filled_if_asked(tmp_path, caplog, reader):
    write(tmp_path / "rows.csv", GROUPS)
    data = {"name": "mine", "reader": reader, "root": str(tmp_path), "path": "rows.csv"}
    if reader == "table":
        documents = [a.document for a in read_corpus(DataConfig(**data)).annotations]
        assert documents == ["d1", "2", "d2", "4"]
        told = "each such row is a document of its own, with others of its text"
    else:
        with pytest.raises(StanceError, match=r"2 faulty rows\n|line 3: field 'document' is empty"):
            read_corpus(DataConfig(**data))
        told = "such a row is refused"
    place = f"{tmp_path / 'rows.csv'}, line 3: column"
    hint = """if it should go on from above, 'data.fill_down=["document"]'"""
    assert f"{place} 'document' is empty, as in 2 of 4 rows: {told}; {hint}" in caplog.text
    assert f"{place} 'holder' is empty, as in 2 of 4 rows: the stance there is that of the author" in caplog.text
    caplog.clear()
    filled = read_corpus(DataConfig(**data, fill_down=["document", "holder"])).annotations
    assert [(a.document, a.holder) for a in filled] == [("d1", "h"), ("d1", "h"), ("d2", "h"), ("d2", "h")]
    assert not caplog.text
    with pytest.raises(StanceError, match=r"line 2: no such column to fill down; found \['doc'\]; allowed: id, text"):
        read_corpus(DataConfig(**data, fill_down=["doc"]))


def test_words_for_a_missing_value_are_told_where_they_are_read_as_names(tmp_path, caplog):
    rows = "1,a,NA,t,favor,ana,NULL\n2,b,h,t,against,ana,d\n3,c,NA,t,neutral,ana,d\n4,d,Nadia,t,favor,ana,d\n"
    path = write(tmp_path / "rows.csv", HEAD + rows)
    assert [annotation.holder for annotation in read_annotations(path)] == ["NA", "h", "NA", "Nadia"]
    told = "column 'holder' is 'NA', as in 2 of 4 rows; it is read as a name: where there is none, leave the cell empty"
    assert f"{path}, line 2: {told}" in caplog.text
    assert f"{path}, line 2: column 'document' is 'NULL', as in 1 of 4 rows" in caplog.text


@pytest.mark.parametrize("error", ["#N/A", "#NV", "#BEZUG!", "#N/D", "#¡VALOR!", "#¿NOMBRE?", "#NOM?"])
def test_an_error_of_a_spreadsheet_in_any_language_is_no_name(tmp_path, error):
    path = write(tmp_path / "rows.csv", HEAD + f"1,a,{error},t,favor,ana,d\n")
    with pytest.raises(StanceError, match="line 2: field 'holder' is an error of a spreadsheet"):
        read_annotations(path)
    assert read_annotations(write(path, HEAD + "1,a,#VALUES,t,favor,ana,d\n"))[0].holder == "#VALUES"


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff \u200d", "\xa0"])
def test_a_cell_without_width_is_empty(tmp_path, unseen):
    path = write(tmp_path / "rows.csv", HEAD + f"1,a,{unseen},t,favor,ana,d\n")
    assert read_annotations(path)[0].holder == ""
    with pytest.raises(StanceError, match="line 2: field 'text' is empty"):
        read_annotations(write(path, HEAD + f"1,{unseen},h,t,favor,ana,d\n"))


def test_dates_and_decimals_of_parquet_are_text(tmp_path):
    row = {"id": Decimal("12.50"), "text": "a", "holder": "h", "target": "t", "label": "favor", "annotator": "ana"}
    table = pa.Table.from_pylist([{**row, "document": "d", "date": date(2026, 3, 1), "tags": float("nan")}])
    pq.write_table(table, tmp_path / "rows.parquet")
    (found,) = read_annotations(tmp_path / "rows.parquet")
    assert (found.id, found.date, found.tags) == ("12.50", "2026-03-01", ())


def test_a_cell_is_not_filled_over_a_row_that_cannot_be_read(tmp_path):
    path = write(tmp_path / "rows.csv", "d,t\na,1\n,2\nb,3,4\n,5\nc,6\n,7\n")
    values = [row.values for row in scan_rows(path, manner=Manner(fill_down=("d",)))]
    assert [v if isinstance(v, StanceError) else v["d"] for v in values[:2] + values[4:]] == ["a", "a", "c", "c"]
    assert "line 5: column 'd' is empty, and the row above is not read:" in str(values[3])


def test_ids_that_lost_digits_are_told(tmp_path, caplog):
    for ids in (["1.23457E+18", "5"], ["1234567890123450000", "1234567890123460000"]):
        rows = "".join(f"{i},text {i},h,t,favor,ana,d\n" for i in ids)
        read_annotations(write(tmp_path / "rows.csv", HEAD + rows))
        assert "values of id lost digits in a spreadsheet" in caplog.text
        caplog.clear()
    rows = "".join(f"{i},text {i},h,t,favor,ana,d\n" for i in ["1234567890123456789", "1234567890123456000", "7e3"])
    read_annotations(write(tmp_path / "rows.csv", HEAD + rows))
    assert not caplog.text
    rows = "".join(f"{i},text {i},h,t,favor,ana,d\n" for i in ["3", "04", "003", "4"])
    read_annotations(write(tmp_path / "rows.csv", HEAD + rows))
    assert "rows.csv: 2 ids are one number and two rows, such as '3' and '003'" in caplog.text


def test_predictions_are_read_from_every_kind_of_table_that_scoring_writes(tmp_path):
    scored = {"id": ["a", "b"], "label": ["favor", "yes"], "favor": [0.9, 0.8], "neutral": [0.1, 0.2]}
    path = tmp_path / "scored.parquet"
    pq.write_table(pa.table(scored | {"against": [0.0, 0.0]}), path)
    with pytest.raises(StanceError, match=r"scored\.parquet, row 2: unknown label; found 'yes'"):
        read_predictions(path)
    found = read_predictions(path, {"favor": "favor", "yes": "favor"})
    assert {row: prediction.scores["favor"] for row, prediction in found.items()} == {"a": 0.9, "b": 0.8}


def test_a_number_that_parquet_has_no_room_for_is_told():
    for numbers in ([2**64 - 1, 10**23], [1, 10**23]):
        with pytest.raises(StanceError, match=r"o\.parquet: a value of another type than its column: "):
            encoder_for("o.parquet").encode([{"id": number} for number in numbers])


def test_damaged_pages_of_parquet_are_told(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["one", "two"] * 50, "target": ["x"] * 100}), path)
    data = bytearray(path.read_bytes())
    data[4:24] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(StanceError, match=r"a\.parquet: does not read to its end"):
        list(read_rows(path))


def test_a_header_of_many_columns_is_read_at_once(tmp_path):
    """It was compared with itself name by name: a million columns took days."""
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{n}" for n in range(100_000)) + "\n" + "," * 99_999 + "\n")
    assert len(next(read_rows(path))[1]) == 100_000
    path.write_text("a,b,a\n1,2,3\n")
    with pytest.raises(StanceError, match=r"twice in the header; found \['a'\]"):
        list(read_rows(path))


def test_short_lines_of_a_quote_that_is_not_closed_do_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("stance.base.lines.LONGEST_ROW", 64 * 100)
    path = tmp_path / "a.csv"
    path.write_text('text,target\n"' + "\n" * 5000 + "one,x\n")
    first, *_, last = scan_rows(path)
    assert isinstance(first.values, StanceError) and last.values == {"text": "one", "target": "x"}


def test_what_content_raises_is_told_with_its_place():
    with pytest.raises(StanceError, match=r"^a\.json: damaged: KeyError: 'x'$"), content("a.json", "damaged"):
        {}["x"]
    with pytest.raises(PermissionError), content("a.json", "damaged"):
        raise PermissionError(13, "Permission denied", "b")


@pytest.mark.parametrize(("value", "written"), [(float("nan"), "null"), (float("inf"), '"inf"'), (1.5, "1.5")])
def test_what_json_has_no_word_for_is_null(value, written):
    assert as_json({"a": [value], "b": {"c": (value,)}}) == f'{{"a": [{written}], "b": {{"c": [{written}]}}}}'
    table = encoder_for("o.csv").encode([{"a": value, "b": [value]}]).decode()
    assert table == f"a,b\n{'' if written == 'null' else value},[{written}]\n".replace('["inf"]', '"[""inf""]"')


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path):
    for name in (".votes.jsonl.partialab12cd34", ".tmpfAcfft", ".tmp", ".tmpfAcfft2", "tmpfAcfft", "votes.jsonl"):
        (tmp_path / name).write_text("x")
    sweep_partials(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".tmp", ".tmpfAcfft2", "tmpfAcfft", "votes.jsonl"}
    sweep_partials(tmp_path / "none")


def test_lines_that_lost_their_outer_quotes_are_read_in_a_time_that_grows_with_their_number(tmp_path):
    """Each takes in all after it, and is not taken for a row that took in others."""
    lines = [f'text {number}","the deal' for number in range(3000)]
    path = write(tmp_path / "rows.csv", "\n".join(["text,target", *lines, 'c",the deal', ""]))
    began = time.process_time()
    assert all(isinstance(row.values, StanceError) for row in list(scan_rows(path))[:-1])
    assert time.process_time() - began < 3


@pytest.mark.parametrize("begin", [b"PK\x03\x04\x14", b"\xd0\xcf\x11\xe0", b"PAR1", b"\x1f\x8b\x08"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_what_is_no_text_is_told_by_how_it_begins(tmp_path, begin, encoding):
    path = tmp_path / "rows.csv"
    path.write_bytes(begin + b"\n1,2\n")
    with pytest.raises(StanceError, match=r"rows\.csv, line 1: a workbook, zip, .*the suffix of its kind"):
        list(read_rows(path, encoding))


def test_a_title_above_the_header_is_thought_of(tmp_path):
    with pytest.raises(StanceError, match=r"line 3: 2 cells instead of 1; .*or remove what stands above the header"):
        cells(write(tmp_path / "rows.csv", "My study\n\ntext,target\na,b\n"))


def test_a_label_that_is_empty_is_told_so(tmp_path):
    with pytest.raises(StanceError, match="line 2: 'label' is empty; allowed: a value"):
        read_predictions(write(tmp_path / "said.csv", "id,label\n1,\n"))
