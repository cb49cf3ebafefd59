"""Tables that nobody here has seen, read with a configuration alone."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from conftest import write_lines
from stance.base.errors import StanceError
from stance.data import table
from stance.data.columns import Columns
from stance.data.config import DataConfig, LabelSpellings, PartSpellings
from stance.data.read import read_corpus

COLUMNS = Columns(text="tweet", label="stance", target="topic", part="split")
LABELS = {"PRO": "favor", "CON": "against"}
PARTS = {"train": "train", "dev": "validation", "test": "test"}
ROWS = [
    {"tweet": "They signed.", "stance": "PRO", "topic": "the deal", "split": "train"},
    {"tweet": "They left, all of them.", "stance": "CON", "topic": "the deal", "split": "dev"},
]


def read(path, columns=COLUMNS, **options):
    return table.read(path, columns, **({"label_map": LABELS, "part_map": PARTS} | options))


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet", "xlsx"])
def test_every_kind_of_file_gives_the_same_rows(tmp_path, suffix):
    path = tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif suffix == "xlsx":
        book = Workbook()
        for cells in (list(ROWS[0]), *(list(row.values()) for row in ROWS)):
            book.active.append(cells)
        book.save(path)
    elif suffix == "jsonl":
        write_lines(path, ROWS)
    else:
        cells = [list(ROWS[0]), *(list(row.values()) for row in ROWS)]
        mark = {"csv": '","', "tsv": '"\t"'}[suffix]
        path.write_text("".join('"' + mark.join(row) + '"\n' for row in cells))
    corpus = read(path)
    assert [(a.id, a.text, a.holder, a.target, a.label, a.document) for a in corpus.annotations] == [
        ("row-1", "They signed.", "", "the deal", "favor", "row-1"),
        ("row-2", "They left, all of them.", "", "the deal", "against", "row-2"),
    ]
    assert corpus.parts == {"row-1": "train", "row-2": "validation"}
    assert list(corpus.files) == [path.name]


def test_what_is_there_is_used(tmp_path):
    columns = replace(COLUMNS, id="key", document="source", annotator="coder", holder="who", tags="kinds", part="part")
    extra = {"key": 7, "source": "paper", "who": "the guild", "kinds": ["plain"], "context": "It rained."}
    rows = [ROWS[0] | extra | {"coder": coder} for coder in ("ana", "bo")]
    corpus = read(write_lines(tmp_path / "rows.jsonl", rows), columns)
    (first, second) = corpus.annotations
    assert (first.id, first.document, first.holder, first.tags) == ("7", "paper", "the guild", ("plain",))
    assert (first.context, first.annotator, second.annotator) == ("It rained.", "ana", "bo")
    assert corpus.parts is None


def test_one_target_for_the_whole_file(tmp_path):
    rows = [{"tweet": "They signed.", "stance": "PRO", "split": "train"}]
    path = write_lines(tmp_path / "rows.jsonl", rows)
    assert read(path, target="open the gate").annotations[0].target == "open the gate"
    with pytest.raises(StanceError, match=r"no column 'topic'.*data.columns.target=NAME, or data.target for all rows"):
        read(path)
    with pytest.raises(StanceError, match=r"data.target is given, and there is a column 'topic'"):
        read(write_lines(tmp_path / "rows.jsonl", ROWS), target="open the gate")


@pytest.mark.parametrize("field", ["holder", "document", "annotator", "context", "part"])
def test_a_column_that_is_named_must_be_there(tmp_path, field):
    columns = replace(COLUMNS, **{field: "misspelt"})
    message = rf"rows.jsonl: no column 'misspelt'; found \['split', .*; allowed: data.columns.{field}=NAME"
    with pytest.raises(StanceError, match=message):
        read(write_lines(tmp_path / "rows.jsonl", ROWS), columns)
    rows = [ROWS[0] | ({"misspelt": "train"} if field == "part" else {}), ROWS[1] | {"misspelt": "train"}]
    assert read(write_lines(tmp_path / "rows.jsonl", rows), columns)


def test_a_row_without_label_or_part_is_named(tmp_path):
    rows = [ROWS[0], {name: cell for name, cell in ROWS[1].items() if name != "split"}]
    with pytest.raises(StanceError, match="line 2: no part, which other rows have in a column 'split'"):
        read(write_lines(tmp_path / "rows.jsonl", rows))
    rows = [ROWS[0], {name: cell for name, cell in ROWS[1].items() if name != "stance"}]
    with pytest.raises(StanceError, match="line 2: unknown label; found None"):
        read(write_lines(tmp_path / "rows.jsonl", rows))


def test_judgements_without_ids_are_not_rows(tmp_path, caplog):
    rows = [ROWS[0] | {"annotator": name} for name in ("ana", "bo")]
    with pytest.raises(StanceError, match=r"one row was judged by 'ana' \(row-1\) and 'bo' \(row-2\); found 'They"):
        read(write_lines(tmp_path / "rows.jsonl", rows))
    with caplog.at_level("INFO", logger="stance"):
        read(write_lines(tmp_path / "rows.jsonl", [ROWS[0] | {"annotator": "ana"}, ROWS[1] | {"annotator": "bo"}]))
    assert "no column 'holder': the stance is that of the author" in caplog.text
    assert "no column 'document': every row is a document of its own" in caplog.text


@pytest.mark.parametrize("ids", [True, False])
def test_judgements_of_one_row_under_several_ids_are_refused_or_counted(tmp_path, caplog, ids):
    """They would count as rows of their own, with as many documents' worth of evidence and labels that conflict."""
    columns = replace(COLUMNS, part="part")
    labels = [("PRO", "CON", "PRO"), ("CON", "CON", "CON")]
    rows = [
        {"tweet": f"Sentence {i}.", "topic": "deal", "stance": label, "annotator": name}
        for i, said in enumerate(labels)
        for label, name in zip(said, ("ana", "ben", "cy"), strict=True)
    ]
    rows = [row | ({"id": f"j{i}"} if ids else {}) for i, row in enumerate(rows)]
    first, second = ("j0", "j1") if ids else ("row-1", "row-2")
    told = rf"one row was judged by 'ana' \({first}\) and 'ben' \({second}\); found 'Sentence 0"
    with pytest.raises(StanceError, match=told):
        read(write_lines(tmp_path / "rows.jsonl", rows), columns)
    one = [row | {"annotator": "ana"} for row in rows]
    assert len(read(write_lines(tmp_path / "rows.jsonl", one), columns).annotations) == 6
    assert f"4 rows repeat the text, holder, target{', document, context' if ids else ''} of an" in caplog.text
    assert f"such as '{first}' and '{second}'; of 2 rows that are repeated 1 have several labels" in caplog.text
    caplog.clear()
    one = [row | {"id": f"r{i // 3}"} for i, row in enumerate(rows)]
    read(write_lines(tmp_path / "rows.jsonl", one), columns)
    assert "WARNING" not in caplog.text
    read(write_lines(tmp_path / "rows.jsonl", [*one, one[0] | {"id": "again", "annotator": "ben"}]), columns)
    assert "1 rows repeat" in caplog.text  # the ids are those of rows


def test_a_text_that_came_twice_among_many_is_counted_and_its_table_read(tmp_path, caplog):
    rows = [{"id": f"j{i}", "tweet": f"No. {i}", "topic": "deal", "stance": "PRO"} for i in range(30)]
    rows = [row | {"annotator": ("ana", "ben")[i % 2]} for i, row in enumerate(rows)]
    rows.append(rows[0] | {"id": "j30", "annotator": "ben"})
    found = read(write_lines(tmp_path / "rows.jsonl", rows), replace(COLUMNS, part="part"))
    assert len(found.annotations) == 31 and "1 rows repeat the text" in caplog.text


def test_rows_of_one_text_are_in_one_document_where_none_is_named(tmp_path):
    """They are not independent: an interval that took each for a document of its own would be too narrow."""
    columns = replace(COLUMNS, part="part")
    texts = ["Caf\u00e9.", "Other.", "Cafe\u0301."]
    rows = [{"tweet": text, "stance": "PRO", "topic": f"deal {i}"} for i, text in enumerate(texts)]
    for named in ({}, {"document": ""}):
        corpus = read(write_lines(tmp_path / "rows.jsonl", [row | named for row in rows]), columns)
        assert [a.document for a in corpus.annotations] == ["row-1", "row-2", "row-1"]
    some = [rows[0] | {"document": "d"}, *rows[1:]]
    corpus = read(write_lines(tmp_path / "rows.jsonl", some), columns)
    assert [a.document for a in corpus.annotations] == ["d", "row-2", "row-3"]


MISTAKES = {
    "label": ({"stance": "MAYBE"}, "line 2: unknown label; found 'MAYBE'; allowed: PRO, CON"),
    "part": (
        {"split": "held out"},
        "line 2: unknown part; found 'held out'; allowed: train, dev, test; others: say what each means, "
        r"""e\.g\. 'data\.parts\.validation=\["dev","held out"\]'""",
    ),
    "text": ({"tweet": " "}, "line 2: field 'tweet' is empty"),
    "id": ({"id": "row-1"}, "line 2: duplicate id 'row-1': it has another text"),
    "tags": ({"tags": 5}, "line 2: field 'tags' is no list of tags"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_with_its_place(tmp_path, case):
    changes, message = MISTAKES[case]
    path = write_lines(tmp_path / "rows.jsonl", [ROWS[0], ROWS[1] | {"split": "train"} | changes])
    with pytest.raises(StanceError, match=message):
        read(path)


def test_all_faulty_rows_are_told_at_once_each_kind_with_its_first_place(tmp_path):
    unknown = [ROWS[0] | {"stance": "MAYBE", "tweet": f"Row {i}."} for i in range(3)]
    path = write_lines(tmp_path / "rows.jsonl", [*ROWS, *unknown, ROWS[0] | {"tweet": " "}])
    with pytest.raises(StanceError) as caught:
        read(path)
    head, first, second = str(caught.value).split("\n")
    assert head == f"{path}: 4 faulty rows"
    assert first.startswith(f"  {path}, line 3: unknown label; found 'MAYBE'; allowed: PRO, CON; such rows")
    assert first.endswith("""'data.leave_out=["MAYBE"]' (and 2 more rows)""")
    assert second.startswith(f"  {path}, line 6: field 'tweet' is empty")
    many = [ROWS[0] | {"stance": f"kind {i}"} for i in range(12)]
    with pytest.raises(StanceError, match=r"12 faulty rows\n(  .*kind \d.*\n){10}  and 2 more kinds of fault$"):
        read(write_lines(tmp_path / "rows.jsonl", many))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_rows_without_a_judgement_or_with_one_that_is_none_of_three_are_left_out_and_counted(tmp_path, suffix):
    blank = ROWS[0] | {"stance": None, "tweet": "" if suffix == "csv" else None}
    rows = [blank, ROWS[0], ROWS[1] | {"stance": "UNCLEAR "}, ROWS[1]]
    path = tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == "jsonl":
        write_lines(path, rows)
    else:
        lines = [list(ROWS[0]), *([f'"{cell}"' if cell else "" for cell in row.values()] for row in rows)]
        path.write_text("".join(",".join(cells) + "\n" for cells in lines))
    corpus = read(path, leave_out=["UNCLEAR", ""])
    assert [(a.id, a.label) for a in corpus.annotations] == [("row-2", "favor"), ("row-4", "against")]
    assert corpus.left_out == {"": 1, "UNCLEAR": 1}
    with pytest.raises(StanceError, match=r"2 faulty rows\n"):
        read(path)
    with pytest.raises(StanceError, match=r"'data\.leave_out=\[\"\",\"UNCLEAR\"\]'"):  # with what is left out already
        read(path, leave_out=[""])
    with pytest.raises(StanceError, match="no rows in the file but those left out"):
        read(path, leave_out=["UNCLEAR", "", "PRO", "CON"])


def test_an_id_in_two_parts_and_a_file_without_rows(tmp_path):
    rows = [ROWS[0] | {"id": "a", "annotator": "ana"}, ROWS[0] | {"id": "a", "annotator": "bo", "split": "test"}]
    with pytest.raises(StanceError, match="line 2: id 'a' is in two parts"):
        read(write_lines(tmp_path / "rows.jsonl", rows))
    with pytest.raises(StanceError, match="no rows in the file"):
        read(write_lines(tmp_path / "none.jsonl", []))


def test_from_the_configuration(tmp_path):
    write_lines(tmp_path / "rows.jsonl", ROWS)
    data = DataConfig(
        name="mine", reader="table", root=str(tmp_path), path="rows.jsonl", columns=COLUMNS,
        labels=LabelSpellings(favor=["PRO"], against=["CON"]), parts=PartSpellings(validation=["dev"]),
    )  # fmt: skip
    assert len(read_corpus(data).annotations) == 2
    with pytest.raises(StanceError, match="parts: spelled alike: train and test; found 'x'"):
        PartSpellings(train=["x"], test=["x"]).map()


def test_a_table_comes_from_the_hub_as_from_a_folder(tmp_path, monkeypatch):
    """The hub's own cache, laid out as it lays it out, is read offline; what is not in it is an error in words."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "datasets--them--stances"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    folder = repository / "snapshots" / commit / "data"
    folder.mkdir(parents=True)
    (folder / "train.csv").write_text("text,target,label\nThey signed.,sign,favor\nThey left.,sign,against\n")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    data = DataConfig(name="x", reader="table", root="", path="data/train.csv", hub="them/stances")
    assert [a.label for a in read_corpus(data).annotations] == ["favor", "against"]
    with pytest.raises(StanceError, match=r"dataset 'them/others' at 'main': not to be had from the hub"):
        read_corpus(replace(data, hub="them/others"))
    with pytest.raises(StanceError, match=r"data/no.csv: no such file or folder"):
        read_corpus(replace(data, path="data/no.csv"))


def test_two_spellings_of_id_holder_target_document_and_annotator_are_one_and_texts_stay(tmp_path):
    """The first spelling counts, so that what is grouped or counted by them is grouped and counted once."""
    names = ("holder", "target", "document", "annotator")
    rows = [
        {
            "id": unicodedata.normalize(form, f"né {i}"),
            "text": unicodedata.normalize(form, f"Le délégué refuse {i}."),
            "label": "against",
            **{name: unicodedata.normalize(form, f"clé {name}") for name in names},
        }
        for i, form in enumerate(("NFD", "NFC", "NFC"))
    ]
    again = {name: unicodedata.normalize("NFC", rows[0][name]) for name in ("id", "text")}
    rows.append({**rows[0], **again, "annotator": "Zoé"})
    write_lines(tmp_path / "rows.jsonl", rows)
    for reader in ("table", "annotations"):
        data = DataConfig(name="mine", reader=reader, root=str(tmp_path), path="rows.jsonl", adjudicator="")
        found = read_corpus(data).annotations
        assert [annotation.text for annotation in found] == [row["text"] for row in rows]
        assert found[3].id == rows[0]["id"] != rows[3]["id"]
        for name in ("holder", "target", "document"):
            assert {getattr(annotation, name) for annotation in found} == {rows[0][name]}
        assert {annotation.annotator for annotation in found} == {rows[0]["annotator"], "Zoé"}


def judged(**said):
    """Judgements of one row each: ``r=dict(ana="PRO")``."""
    rows = []
    for i, (row_id, by) in enumerate(said.items()):
        row = {"id": row_id, "tweet": f"Sentence {i}.", "topic": "deal"}
        rows += [row | {"annotator": name, "stance": label} for name, label in by.items()]
    return rows


def test_rows_that_were_called_unclear_have_no_label(tmp_path, caplog):
    """By more than gave any one label, or by the adjudicator; an empty cell is no answer, and a tie keeps the label."""
    rows = judged(
        most={"ana": "UNCLEAR", "ben": "UNCLEAR", "cy": "PRO"},
        overruled={"ana": "CON", "ben": "CON", "judge": "UNCLEAR"},
        settled={"ana": "UNCLEAR", "ben": "UNCLEAR", "judge": "PRO"},
        tie={"ana": "UNCLEAR", "ben": "PRO"},
        gap={"ana": "", "ben": "", "cy": "CON"},
        never={"ana": "UNCLEAR"},
    )
    columns = replace(COLUMNS, part="part")
    path = write_lines(tmp_path / "rows.jsonl", rows)
    corpus = read(path, columns, leave_out=["UNCLEAR", ""], adjudicator="judge")
    assert list(dict.fromkeys(a.id for a in corpus.annotations)) == ["settled", "tie", "gap"]
    assert corpus.left_out == {"UNCLEAR": 7, "": 2}
    assert "2 row(s) are left out: the adjudicator, or more" in caplog.text
    corpus = read(path, columns, leave_out=["UNCLEAR", ""], annotators=["cy", "ben"])
    assert list(dict.fromkeys(a.id for a in corpus.annotations)) == ["most", "overruled", "tie", "gap"]
    only = write_lines(tmp_path / "only.jsonl", judged(most={"ana": "UNCLEAR", "ben": "UNCLEAR", "cy": "PRO"}))
    with pytest.raises(StanceError, match="no rows in the file but those left out"):
        read(only, columns, leave_out=["UNCLEAR"])
