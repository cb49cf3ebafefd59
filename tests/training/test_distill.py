"""New questions about training texts, a teacher's answers to them, and what a student is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.data.agreement import aggregate
from stance.data.unlabelled import Negotiation, read
from stance.training.distill import answers, questions, questions_about, soft_labels, unlabelled


@pytest.fixture(scope="module")
def train(readable_annotations):
    return aggregate(readable_annotations).examples


class Teacher:
    """Says favor of a text that has the holder's first word, and counts what it is asked."""

    def __init__(self):
        self.asked = 0

    def predict_proba(self, asked):
        self.asked += len(asked)
        return np.array([[0.1, 0.1, 0.8] if q.holder.split()[0] in q.text else [0.2, 0.6, 0.2] for q in asked])


def test_questions_are_new_and_made_of_training_texts_alone(train):
    made = questions(train, 200, seed=1)
    assert len(made) > 100
    assert len({(row.text, row.holder, row.target) for row in made}) == len(made)
    assert not {(r.text, r.holder, r.target) for r in made} & {(r.text, r.holder, r.target) for r in train}
    assert len({row.id for row in made}) == len(made)
    assert {row.target for row in made} <= {row.target for row in train}
    assert made == questions(train, 200, seed=1) != questions(train, 200, seed=2)


def test_a_teacher_is_asked_once_and_a_killed_run_goes_on(train, tmp_path, monkeypatch):
    monkeypatch.setattr("stance.training.distill.CHUNK", 30)
    teacher = Teacher()
    said = answers(teacher, train, tmp_path)
    assert (said.shape, teacher.asked) == ((len(train), 3), len(train))
    assert np.array_equal(answers(teacher, train, tmp_path), said)
    assert teacher.asked == len(train)
    sorted(tmp_path.glob("*.npy"))[0].unlink()
    assert np.array_equal(answers(teacher, train, tmp_path), said)
    assert len(train) < teacher.asked <= len(train) + 30


def test_soft_labels_lie_between_gold_and_teacher(train):
    said = np.tile([0.2, 0.3, 0.5], (len(train), 1))
    soft = soft_labels(train, said, 0.5)
    assert soft.sum(axis=1) == pytest.approx(np.ones(len(train)))
    gold = LABELS.index(train[0].label)
    assert soft[0][gold] == pytest.approx(0.5 + said[0][gold] / 2)
    assert np.array_equal(soft_labels(train, said, 1.0), said)


UNLABELLED = {
    "document": "ferry",
    "holders": ["the mayor", "the Seamen's Union", "Harborne"],
    "targets": ["the ferry deal", "closing the ferry line"],
    "texts": [
        "The mayor of Harborne backed the ferry deal that the Seamen's Union had rejected.",
        "The Seamen's Union, which Harborne invited, has not said what it thinks of closing the ferry line.",
    ],
}


def test_questions_about_unlabelled_texts_depend_on_their_negotiation_alone(train):
    ferry, other = (Negotiation(name, *map(tuple, list(UNLABELLED.values())[1:])) for name in ("ferry", "other"))
    made = questions_about([ferry, other], train, 4, seed=1)
    assert made[:8] == questions_about([ferry], train, 4, seed=1) != questions_about([ferry], train, 4, seed=2)
    assert len({row.id for row in made}) == len(made) == 16
    assert len({(row.text, row.holder, row.target) for row in made[:8]}) == 8
    assert {row.document for row in made} == {"ferry", "other"}
    assert all(any(part in row.text for part in ("ferry deal", "ferry line")) for row in made)
    assert {row.target for row in made} <= {*ferry.targets, *(row.target for row in train)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"texts": []}, "line 2, texts: not a list of texts"),
        ({"holders": "the mayor"}, "line 2, holders: not a list of texts"),
        ({"targets": ["the deal", ""]}, "line 2"),
        ({"document": "ferry"}, "line 2: a document occurs twice; found 'ferry'"),
    ],
)
def test_unlabelled_texts_are_refused_by_line(tmp_path, change, said):
    rows = [UNLABELLED, {**UNLABELLED, "document": "other", **change}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(StanceError, match=f"a.jsonl.*{re.escape(said)}"):
        read(tmp_path)


def test_a_folder_without_unlabelled_texts_is_refused(tmp_path):
    with pytest.raises(StanceError, match="no sentences"):
        read(tmp_path)


def test_a_text_that_is_not_learnt_from_is_no_unlabelled_text(train, tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps(UNLABELLED) + "\n", encoding="utf-8")
    assert len(unlabelled(str(tmp_path), {"train": train, "test": train})) == 1
    kept_apart = [replace(train[0], text=UNLABELLED["texts"][1].upper())]
    with pytest.raises(StanceError, match="document ferry: a text of part test, which is not learnt from"):
        unlabelled(str(tmp_path), {"train": train, "test": kept_apart})
    assert unlabelled("", {"train": train, "test": kept_apart}) == []
