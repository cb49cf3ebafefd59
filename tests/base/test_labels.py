"""Spellings of labels: as they are typed, whatever YAML, a spreadsheet or a program made of them on the way."""

from __future__ import annotations

import shlex

import pytest
from hydra import compose, initialize_config_dir

from conftest import PROJECT
from stance.base.errors import StanceError
from stance.base.labels import alike, parse_label
from stance.cli.config import register, typed
from stance.data.config import DataConfig, LabelSpellings, PartSpellings
from stance.data.read import read_corpus

TYPED = [
    ("+1", ["+1", "1", "1.0", 1, 1.0]),
    ("1", ["+1", "1.0"]),
    ("1.0", ["1", 1]),
    ("1e3", ["1e3", "1000", 1000]),
    ("007", ["007", "7"]),
    ("TRUE", ["TRUE", "true", True]),
    ("false", ["FALSE", False]),
    ("NaN", ["NaN", "nan", float("nan")]),
    ("null", ["null", "NULL", None]),
    ("yes", ["yes"]),
    ("No", ["No"]),
]


@pytest.mark.parametrize(("said", "found"), TYPED, ids=[said for said, _ in TYPED])
def test_a_spelling_is_as_typed(said, found):
    register()
    with initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
        overrides = ["data=table", "data.path=x", f"data.labels.favor=[{said}]", "data.leave_out=[x]"]
        data = typed(compose("build_dataset", overrides=overrides)).data
        left_out = typed(compose("build_dataset", overrides=[*overrides[:2], f"data.leave_out=[{said}]"])).data
    for value in found:
        assert parse_label(value, data.labels.map(), "here") == "favor"
        assert alike(value) == alike(left_out.leave_out[0])
    for value in ("2", "", "False " if said != "false" else "True", "none", "-1"):
        with pytest.raises(StanceError, match="unknown label"):
            parse_label(value, data.labels.map(), "here")


@pytest.mark.parametrize(
    ("spelling", "label"),
    [("AGAINST", "against"), ("favour", "favor"), ("neutral\u200b", "neutral"), ("ｆａｖｏｒ", "favor"), ("-1", "")],
)
def test_the_example_of_an_unknown_label_gives_it_the_meaning_that_it_seems_to_have(spelling, label):
    with pytest.raises(StanceError) as error:
        parse_label(spelling, None, "here", "data.labels")
    before, _, hint = str(error.value).partition("e.g. ")
    said = dict(word.split("=", 1) for word in shlex.split(hint))
    assert {key for key, names in said.items() if spelling in names} == {f"data.labels.{label or 'favor'}"}
    assert ("here as if this one meant favor" in before) is not bool(label)


def test_alike_spellings_of_two_labels_are_refused_and_of_one_are_not():
    with pytest.raises(StanceError, match=r"labels: spelled alike: against and favor; found '1\.0'"):
        LabelSpellings(against=["+1"], favor=["1.0"]).map()
    with pytest.raises(StanceError, match="labels: spelled alike: neutral and favor; found 'TRUE'"):
        LabelSpellings(neutral=["true"], favor=["TRUE"]).map()
    with pytest.raises(StanceError, match=r"leave_out: it has a meaning in data\.labels too; found '0'"):
        DataConfig(name="a", reader="table", root="", path="", labels=LabelSpellings(neutral=["-0.0"]), leave_out=["0"])
    assert LabelSpellings(favor=["1", "1.0"], against=["FAVOR"], neutral=["favor"]).map() == {
        "FAVOR": "against",
        "favor": "neutral",
        "1": "favor",
    }


def test_numbers_in_a_file_are_equal_where_they_are(tmp_path):
    rows = [("+1", "0.0"), ("-1.0", "1"), ("0", "2.00"), ("9.0", "0")]
    lines = "".join(f"text {number},target,{label},{part}\n" for number, (label, part) in enumerate(rows))
    (tmp_path / "rows.csv").write_text("text,target,label,part\n" + lines)
    data = DataConfig(
        name="mine", reader="table", root=str(tmp_path), path="rows.csv", leave_out=["9"],
        labels=LabelSpellings(favor=["1"], against=["-1"], neutral=["0"]),
        parts=PartSpellings(train=["0"], validation=["1.0"], test=["2"]),
    )  # fmt: skip
    corpus = read_corpus(data)
    assert [a.label for a in corpus.annotations] == ["favor", "against", "neutral"]
    assert list(corpus.parts.values()) == ["train", "validation", "test"]
    assert corpus.left_out == {"9.0": 1}


@pytest.mark.parametrize("text", ["1e999999", "1E-9999999999999", "9" * 40, "Infinity", "sNaN", "1/2", "0x10", "-"])
def test_what_is_hardly_a_number_is_no_error(text):
    assert alike(text) == alike(f" {text} ")
