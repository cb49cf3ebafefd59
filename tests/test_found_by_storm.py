"""What the storm (tests/storm/) found, each kind once and fast."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook
from safetensors.numpy import load_file, save_file

from conftest import example, run_here, write_lines
from stance.base.errors import StanceError, content
from stance.base.predictions import read_predictions
from stance.base.rows import read_rows, scan_rows
from stance.base.tables import no_formula, read_chunks
from stance.cli.config import as_typed, plain_messages
from stance.data.agreement import aggregate
from stance.data.config import DataConfig
from stance.data.imports import open_export, records_of, to_mapping
from stance.data.imports.draft import first_mapping
from stance.data.imports.survey import survey
from stance.data.read import read_corpus
from stance.evaluation.config import EvaluateConfig
from stance.evaluation.shares import read_validation
from stance.evaluation.suspects import Suspect, write_suspects
from stance.inference.config import PredictConfig
from stance.inference.journal import Journal
from stance.inference.predict_file import predict_file
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.linear import LinearModel
from stance.models.ngrams import TfidfFeatures
from stance.models.priors import Prior


@pytest.fixture(scope="module")
def whole(tmp_path_factory, readable_annotations):
    """Checkpoints of n-grams, of a prior and of both."""
    folder = tmp_path_factory.mktemp("whole")
    examples = aggregate(readable_annotations).examples
    linear = LinearModel.fit(
        TfidfFeatures.fit(examples), examples, examples, classifier="svm", C=1.0, class_weight=True
    )
    prior = Prior.fit("target", [example(1), example(2, "against")])
    made = {"tfidf": StanceClassifier(linear, Card("tfidf")), "prior": StanceClassifier(prior, Card("prior"))}
    made["ensemble"] = StanceClassifier.mean_of({"a": made["prior"]})
    for kind, classifier in made.items():
        classifier.save_pretrained(folder / kind)
    return folder


@pytest.fixture
def copied(whole, tmp_path):
    """Gives a copy of one of them."""

    def copy(kind):
        return shutil.copytree(whole / kind, tmp_path / "checkpoint")

    return copy


def changed(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


# Checkpoints


def test_a_checkpoint_whose_files_do_not_fit_is_refused_when_it_is_loaded(copied):
    place = copied("tfidf")
    arrays = load_file(place / "linear.safetensors")
    save_file({**arrays, "weights": np.zeros((3, 7))}, place / "linear.safetensors")
    with pytest.raises(StanceError, match="checkpoint: damaged checkpoint"):
        StanceClassifier.from_pretrained(place)
    save_file(arrays, place / "linear.safetensors")
    changed(place / "linear.json", scale=-1.0)  # would turn favor into against
    with pytest.raises(StanceError, match=r"damaged checkpoint: scale -1\.0"):
        StanceClassifier.from_pretrained(place)


@pytest.mark.parametrize(
    "change",
    [{"seed": -1}, {"keys": ["text"]}, {"overall": [0.5, 0.5]}, {"overall": [2, -1, 0]}, {"shares": [["a", 1]]}],
)
def test_a_prior_of_no_shares_is_refused(copied, change):
    place = copied("prior")
    changed(place / "prior.json", **change)
    with pytest.raises(StanceError, match="damaged checkpoint"):
        StanceClassifier.from_pretrained(place)


@pytest.mark.parametrize("name", ["../prior", "/etc", "..", ".", "", "a/b", 1, None])
def test_no_member_of_an_ensemble_lies_outside_it(copied, name):
    place = copied("ensemble")
    changed(place / "ensemble.json", members=["a", name])
    with pytest.raises(StanceError, match=r"ensemble\.json: members"):
        StanceClassifier.from_pretrained(place)


def test_an_ensemble_that_holds_itself_is_refused(copied):
    place = copied("ensemble")
    shutil.rmtree(place / "a")
    (place / "a").symlink_to(place)
    with pytest.raises(StanceError, match="checkpoint"):
        StanceClassifier.from_pretrained(place)


@pytest.mark.parametrize(
    "change",
    [
        {"input_format": "x"},
        {"input_format": {"first": "{"}},
        {"thresholds": [["a", 1, 1]]},
        {"labels": "favor"},
        {"data": 1},
    ],
)
def test_a_card_that_is_none_names_its_file(copied, change):
    place = copied("prior")
    changed(place / "stance.json", **change)
    with pytest.raises(StanceError, match=r"stance\.json: "):
        StanceClassifier.from_pretrained(place)


def test_validation_of_another_shape_is_refused(tmp_path):
    arrays = {"gold": np.arange(3), "probabilities": np.full((3, 2), 0.5), "documents": np.arange(3)}
    save_file(arrays, tmp_path / "validation.safetensors")
    with pytest.raises(StanceError, match=r"validation\.safetensors: damaged"):
        read_validation(tmp_path)


# The journal


@pytest.mark.parametrize("page", ["{", "[]", '{"version": 1}', '{"version": 1, "identity": [], "state": {}}'])
def test_a_damaged_journal_is_refused_and_overwritten_if_asked(tmp_path, page):
    folder = tmp_path / "a.partial"
    folder.mkdir()
    (folder / "progress.json").write_text(page)
    with pytest.raises(StanceError, match=r"progress\.json is damaged; allowed: .*overwrite=true"):
        Journal(folder, {})
    Journal(folder, {}, overwrite=True).discard()
    assert not list(tmp_path.iterdir())


def test_a_state_that_scoring_does_not_know_is_refused(tmp_path, whole):
    config = PredictConfig(
        input=str(write_lines(tmp_path / "in.jsonl", [{"text": "No.", "target": "talk"}])),
        output=str(tmp_path / "out.csv"),
        checkpoint=str(whole / "prior"),
    )
    classifier = StanceClassifier.from_pretrained(whole / "prior")
    from stance.inference.predict_file import _identity

    journal = Journal(tmp_path / "out.csv.partial", _identity(classifier, config))
    journal.commit({"rows": -1})
    journal.close()
    with pytest.raises(StanceError, match=r"out\.csv\.partial: no state of scoring; found .*overwrite=true"):
        predict_file(classifier, config)


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not locked there")
def test_two_that_come_at_once_are_one_after_the_other_or_refused(tmp_path):
    faults = []

    def work(number):
        for turn in range(40):
            try:
                journal = Journal(tmp_path / "a.partial", {})
                journal.append("rows", f"{number} {turn}".encode())
                journal.deliver({"rows": tmp_path / "out"})
            except StanceError as error:
                assert "another process is writing there" in str(error)
            except Exception as error:
                faults.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


# Files


def test_damaged_pages_of_parquet_are_told(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["one", "two"] * 50, "target": ["x"] * 100}), path)
    data = bytearray(path.read_bytes())
    data[4:24] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(StanceError, match=r"a\.parquet: does not read to its end"):
        list(read_chunks(path, 10))


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


def test_an_output_without_a_name_is_refused():
    with pytest.raises(StanceError, match="no name of a file"):
        PredictConfig(input="a.csv", output=".")


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


# Exports of annotation tools


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


def test_the_first_mapping_of_odd_names_is_yaml(tmp_path):
    import yaml

    path = tmp_path / 'it\'s "a"\n.csv'
    path.write_text('text,na"me,\x07bell\nx,y,z\n', encoding="utf-8")
    said = yaml.safe_load(first_mapping(survey(path), path))
    assert said["text"] == "text"


def test_merged_cells_of_an_export_are_filled_and_formulas_without_a_value_refused(tmp_path):
    book = Workbook()
    for row in (["text", "holder"], ["One.", "the guild"], ["Two.", None], ["Three.", "=A1"]):
        book.active.append(row)
    book.active.merge_cells("B2:B3")
    path = tmp_path / "mine.xlsx"
    book.save(path)
    records = records_of(open_export(path))
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


# Formulas, memory, settings


@pytest.mark.parametrize("sink", ["csv", "tsv"])
def test_formulas_are_text_where_that_is_asked_for(tmp_path, whole, sink):
    formulas = ["=cmd|' /C calc'!A0", "+1+cmd|'x'!A0", "-2+3", "@SUM(1)", "\tx", "＝1"]
    rows = [{"text": f"{formula} .", "target": formula, "=n": "-1.5"} for formula in formulas]
    named = {"input": str(write_lines(tmp_path / "in.jsonl", rows)), "output": str(tmp_path / f"out.{sink}")}
    classifier = StanceClassifier.from_pretrained(whole / "prior")
    for safe in (True, False):
        predict_file(classifier, PredictConfig(**named, excel_safe=safe))
        with Path(named["output"]).open(newline="") as lines:
            found = list(csv.DictReader(lines, delimiter="\t" if sink == "tsv" else ","))
        assert [row["target"] for row in found] == [("'" if safe else "") + formula for formula in formulas]
        assert {row["'=n" if safe else "=n"] for row in found} == {"-1.5"}
    with pytest.raises(StanceError, match="excel_safe: not an output of cells"):
        PredictConfig(input="a.csv", output="b.jsonl", excel_safe=True)
    assert no_formula(1.5) == 1.5


def test_suspects_may_be_opened_in_excel(tmp_path):
    suspect = Suspect(example(1, text="=1+1"), "against", 0.1, 0.9)
    for safe, shown in ((True, "'=1+1"), (False, "=1+1")):
        write_suspects(tmp_path / "s.csv", [suspect], excel_safe=safe)
        with (tmp_path / "s.csv").open(newline="") as lines:
            assert next(csv.DictReader(lines))["text"] == shown


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("could not create a primitive"),
    ],
)
def test_memory_that_is_not_to_be_had_is_told(error, capsys):
    with pytest.raises(SystemExit, match="2"), plain_messages():
        raise error
    assert "out of memory" in capsys.readouterr().err
    with pytest.raises(type(error)), content("a", "damaged"):
        raise error
    with pytest.raises(RuntimeError, match="other"), plain_messages():
        raise RuntimeError("other")


def test_what_content_raises_is_told_with_its_place():
    with pytest.raises(StanceError, match=r"^a\.json: damaged: KeyError: 'x'$"), content("a.json", "damaged"):
        {}["x"]
    with pytest.raises(PermissionError), content("a.json", "damaged"):
        raise PermissionError(13, "Permission denied", "b")


def test_question_marks_as_a_text_are_refused_in_words():
    with pytest.raises(StanceError, match=r"target: \?\?\? stands for a value that is missing"):
        as_typed(["target=???"], PredictConfig)


def test_quoting_and_filling_down_are_offered_for_predictions(tmp_path):
    path = tmp_path / "said.tsv"
    path.write_text('id\tlabel\tnote\n1\tfavor\t"it begins\n2\t\tand ends"\n', encoding="utf-8")
    config = EvaluateConfig(
        data=DataConfig(name="m", reader="table", root="", path="x"),
        predictions=str(path),
        quoting="none",
        fill_down=["label"],
    )
    found = read_predictions(path, manner=config.manner)
    assert [row.label for row in found.values()] == ["favor", "favor"]
    with pytest.raises(StanceError, match="quoting: unknown value"):
        EvaluateConfig(data=config.data, quoting="single")


def test_a_database_has_nothing_to_fill_down(tmp_path):
    from test_readers_conflict import COLUMNS, LABELS, write_dna

    from stance.base.lines import Manner
    from stance.data import dna

    path = write_dna(tmp_path / "a.dna", version=3)
    with pytest.raises(StanceError, match=r"data\.fill_down: a database has no cells above"):
        dna.read(path, COLUMNS, label_map=LABELS, manner=Manner(fill_down=("organization",)))


def test_a_frozen_encoder_that_lacks_weights_is_refused(tiny_encoder, tmp_path):
    from safetensors.torch import load_file as load
    from safetensors.torch import save_file as save

    from stance.models.features import EmbeddingFeatures

    folder = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    EmbeddingFeatures.load_encoder(str(folder))
    weights = load(folder / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(StanceError, match=r"missing weights; found .*layer\.1\.output\.dense\.weight"):
        EmbeddingFeatures.load_encoder(str(folder))


def test_a_corpus_of_another_format_names_its_place(tmp_path):
    with zipfile.ZipFile(tmp_path / "vast_train.zip", "w") as archive:
        archive.writestr("vast_train.csv", "x")
    data = DataConfig(name="vast", reader="vast", root=str(tmp_path), path=".", verify=False)
    with pytest.raises(StanceError, match=str(tmp_path)):
        read_corpus(data)


def test_excel_safe_is_an_option_of_the_command(tmp_path, whole):
    write_lines(tmp_path / "in.jsonl", [{"text": "=1+1", "target": "talk"}])
    said = (f"checkpoint={whole / 'prior'}", "input=in.jsonl", "output=out.csv", "excel_safe=true")
    run_here("predict", *said, cwd=tmp_path)
    assert "'=1+1" in io.StringIO((tmp_path / "out.csv").read_text()).read()
