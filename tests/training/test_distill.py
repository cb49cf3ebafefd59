"""New questions about training texts, a teacher's answers to them, and what a student is told."""

from __future__ import annotations

import numpy as np
import pytest

from stance.base.labels import LABELS
from stance.data.agreement import aggregate
from stance.training.distill import answers, questions, soft_labels


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
