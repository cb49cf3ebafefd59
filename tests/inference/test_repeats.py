"""Rows asked for before are not asked for again, as long as they are remembered."""

from __future__ import annotations

import numpy as np

from stance.base.questions import Question
from stance.inference.repeats import Repeats


class Numbers:
    """A model that answers every row with the number of rows it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, rows):
        start = len(self.asked)
        self.asked += [row.text for row in rows]
        return np.repeat(np.arange(start, len(self.asked))[:, None], 3, axis=1).astype(float)


def ask(repeats, model, letters):
    plan = repeats.plan([Question(letter, "sign") for letter in letters])
    scores, record = plan.settle(model(plan.new))
    return scores[:, 0].tolist(), len(plan.new), record


def test_the_row_not_asked_for_longest_is_forgotten_and_records_bring_the_same_state_back(tmp_path):
    model, repeats = Numbers(), Repeats(2)
    assert ask(repeats, model, "aab")[:2] == ([0, 0, 1], 2)
    assert ask(repeats, model, "a")[:2] == ([0], 0)
    assert ask(repeats, model, "c")[:2] == ([2], 1)
    assert ask(repeats, model, "ac")[:2] == ([0, 2], 0)
    assert ask(repeats, model, "b")[:2] == ([3], 1)
    (tmp_path / "records").write_bytes(b"".join(ask(Repeats(9), Numbers(), letters)[2] for letters in ("abca", "ad")))
    recalled = Repeats(2)
    recalled.recall(tmp_path / "records")
    assert ask(recalled, model, "ad")[:2] == ([0, 1], 0)
    assert ask(recalled, model, "b")[1] == 1


def test_rows_that_are_still_being_asked_for_are_not_asked_for_again():
    """Also where so many were planned meanwhile that the memory has forgotten them."""
    repeats = Repeats(2)
    plans = [repeats.plan([Question(letter, "sign") for letter in letters]) for letters in ("aab", "bc", "dea", "e")]
    assert [[row.text for row in plan.new] for plan in plans] == [["a", "b"], ["c"], ["d", "e", "a"], []]
    model = Numbers()
    assert [plan.settle(model(plan.new))[0][:, 0].tolist() for plan in plans] == [[0, 0, 1], [1, 2], [3, 4, 5], [4]]


def test_two_spellings_of_a_row_are_one_row():
    model, repeats = Numbers(), Repeats(9)
    assert ask(repeats, model, ["e\u0301", "\u00e9"])[:2] == ([0, 0], 1)
    assert ask(repeats, model, ["\u00e9"])[:2] == ([0], 0)
    assert model.asked == ["\u00e9"]


def test_every_field_tells_rows_apart():
    rows = [("a", "b", "", ""), ("a", "", "b", ""), ("a", "b", "", "c"), ("a", "b", "c", ""), ("ab", "", "", "")]
    asked = [Question(*row) for row in rows]
    assert Repeats(9).plan(asked).new == asked
