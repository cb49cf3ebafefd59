"""The silver rows: every pair that has a position, neutral ones beside them, and what is refused."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from conftest import PROJECT
from stance.base.errors import StanceError
from stance.data.agreement import aggregate
from stance.data.corpora import silver

LINE = {
    "document": "quay",
    "area": "labour",
    "holders": ["the crane drivers", "the port", "Mayor Lind"],
    "targets": ["reopen the wage talks", "a strike in May"],
    "texts": ["The crane drivers asked the port to reopen the wage talks.", "Mayor Lind went home."],
    "labels": [[0, 0, 0, "favor"], [0, 1, 0, "unclear"]],
}


@pytest.fixture
def folder(tmp_path):
    for part in silver.PARTS:
        (tmp_path / part).mkdir()
        write(tmp_path, part, {**LINE, "document": f"quay-{part}", "second": [[0, 0, 0, "favor"]]})
    return tmp_path


def write(folder, part, *lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / part / "one.jsonl").write_text(text, encoding="utf-8")


def test_positions_are_rows_and_so_are_as_many_neutral_pairs(folder):
    corpus = silver.read(folder)
    assert sorted(corpus.files) == ["test/one.jsonl", "train/one.jsonl", "validation/one.jsonl"]
    rows = [row for row in corpus.annotations if row.document == "quay-train"]
    assert {corpus.parts[row.id] for row in rows} == {"train"}
    assert Counter(row.label for row in rows if row.text == LINE["texts"][0]) == {"favor": 1, "neutral": 1}
    assert Counter(row.label for row in rows if row.text == LINE["texts"][1]) == {"neutral": 1}
    asked = {(row.text, row.holder, row.target) for row in rows}
    assert (LINE["texts"][0], "the port", "reopen the wage talks") not in asked, "unclear"
    assert [row.id for row in silver.read(folder).annotations] == [row.id for row in corpus.annotations]


def test_what_two_judges_differ_on_is_in_no_part(folder):
    write(folder, "test", {**LINE, "document": "quay-test", "labels": LINE["labels"][:1], "second": []})
    found = aggregate(silver.read(folder).annotations, "")
    assert list(found.ties) == ["quay-test-0-0-0"]


def test_neutral_pairs_are_near_to_a_position_first(folder):
    labels = [[0, 0, 0, "favor"], [0, 0, 1, "against"]]
    write(folder, "train", {**LINE, "labels": labels})
    rows = [row for row in silver.read(folder).annotations if row.document == "quay" and row.text == LINE["texts"][0]]
    neutral = [row for row in rows if row.label == "neutral"]
    assert len(neutral) == 2
    assert "the port" in {row.holder for row in neutral}, "named beside who has the position"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"labels": [[0, 3, 0, "favor"]]},
            "line 1, labels: not a judgement; found \\[0, 3, 0, 'favor'\\]; .* below 2, 3, 2",
        ),
        ({"labels": [[0, 0, "favor"]]}, "line 1, labels: not a judgement"),
        ({"labels": [[0, 0, 0, "neutral"]]}, "line 1, labels: unknown label"),
        ({"labels": [[0, 0, 0, "favor"], [0, 0, 0, "against"]]}, "line 1, labels: a pair twice"),
        ({"labels": None}, "line 1, labels: no judgements"),
        ({"texts": []}, "line 1, texts: not a list of texts"),
        ({"document": "quay-test"}, "test/one.jsonl, line 1: a document occurs twice"),
    ],
)
def test_what_is_no_judgement_is_refused(folder, changes, message):
    write(folder, "train", {**LINE, "second": [], **changes})
    with pytest.raises(StanceError, match=message):
        silver.read(folder)


def test_a_part_without_sentences_is_refused(folder):
    (folder / "test" / "one.jsonl").unlink()
    with pytest.raises(StanceError, match="test: no sentences"):
        silver.read(folder)


def test_the_silver_rows_of_this_project():
    corpus = silver.read(PROJECT / "seeds" / "silver")
    labels = Counter(row.label for row in corpus.annotations)
    assert 0.3 < labels["neutral"] / labels.total() < 0.6
