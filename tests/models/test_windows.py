"""Texts that are longer than what a model reads."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from transformers import AutoTokenizer

from conftest import questions
from stance.base.questions import Question
from stance.models.encoding import load_encoder
from stance.models.input_format import InputFormat
from stance.models.pretrained import SMALL_ENCODER
from stance.models.windows import Reader, Windowed, around_mentions

WORDS = [f"w{i}" for i in range(100)]


def windows(holder, room=20, **named):
    """Windows over a hundred words, of which some are names; a word counts as a token."""
    words = [named.get(word, word) for word in WORDS]
    text = " ".join(words)
    found = around_mentions(text, holder, [match.span() for match in re.finditer(r"\S+", text)], room)
    return [piece.split() for piece in found], words


def test_a_mention_is_in_the_middle_of_its_window():
    pieces, words = windows("Ada", w50="Ada")
    assert pieces == [words[40:60]]


def test_near_mentions_share_a_window_and_far_ones_have_their_own():
    pieces, words = windows("Ada", w30="Ada", w33="Ada", w36="Ada", w70="Ada")
    assert pieces == [words[20:40], words[26:46], words[60:80]]


def test_windows_end_where_the_text_does():
    pieces, words = windows("Ada", w0="Ada", w99="Ada", w97="Ada")
    assert pieces == [words[:20], words[80:]]


@pytest.mark.parametrize("room", [8, 20, 33, 99])
def test_without_a_mention_the_whole_text_is_read_by_halves(room):
    for holder in ("Ada", ""):
        pieces, words = windows(holder, room)
        assert {word for piece in pieces for word in piece} == set(words)
        assert {len(piece) for piece in pieces} == {room}
        starts = [words.index(piece[0]) for piece in pieces]
        assert max(np.diff(starts), default=0) <= room // 2 + 1


@pytest.fixture(scope="module")
def tokenizer():
    return load_encoder(AutoTokenizer.from_pretrained, SMALL_ENCODER)


LONG = "It rained on the harbour of Kotor. " * 300 + "Then the union signed, and the union left. " + "It rained. " * 900


@pytest.mark.parametrize("mark", ["", "¤"])
def test_every_window_is_read_to_its_end(tokenizer, mark):
    shown = InputFormat(mark=mark, max_length=48)
    reader = Reader(tokenizer, 48, shown.pair)
    question = Question(LONG, "sign the accord", "the union")
    (excess,) = reader.excess([question])
    assert excess > 1000
    pieces = reader.windows(question)
    excesses = reader.excess(pieces)
    assert all(-9 < each <= 0 for each in excesses)
    assert all("the union" in piece.text for piece in pieces)
    assert len(pieces) < 3
    hopeless = replace(question, target="sign " * 60)
    assert reader.windows(hopeless) == [hopeless]


def test_a_text_that_is_too_long_by_its_marks_alone_is_read_in_windows(tokenizer):
    reader = Reader(tokenizer, 34, InputFormat(mark="¤", max_length=34).pair)
    text = "Holm signed, and Holm left; Holm said that Holm was Holm, as Holm is. "
    asked = [Question(text + "It rained. " * more, "sign", "Holm") for more in range(5)]
    long = [question for question, excess in zip(asked, reader.excess(asked), strict=True) if excess > 0]
    assert long
    for question in long:
        pieces = reader.windows(question)
        assert max(reader.excess(pieces)) <= 0 and all("Holm" in piece.text for piece in pieces)


class SignedIsFavor:
    """Reads 30 tokens and remembers the rows that it was asked about."""

    def __init__(self):
        self.asked = []

    def predict_proba(self, questions):
        self.asked += questions
        return np.array([[0, 0, 1.0] if "signed" in question.text else [0, 1.0, 0] for question in questions])


def test_the_answer_is_the_mean_of_the_windows_and_short_texts_are_asked_as_they_are(tokenizer):
    model = SignedIsFavor()
    windowed = Windowed(model, Reader(tokenizer, 30, lambda asked: (asked.text, f"{asked.holder}: {asked.target}")))
    texts = ["They left.", "The union signed. " + "It rained. " * 50 + "The union left.", "They signed."]
    found = windowed.predict_proba(questions(texts, ["a", "b", "c"], ["", "the union", ""], ["x", "y", "z"]))
    assert found.tolist() == [[0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]]
    assert [(row.target, row.holder, row.context) for row in model.asked] == [
        ("a", "", "x"),
        *[("b", "the union", "y")] * 2,
        ("c", "", "z"),
    ]
    assert (model.asked[0].text, model.asked[-1].text) == (texts[0], texts[2])


def test_a_last_name_far_from_the_whole_name_has_a_window_of_its_own():
    words = [f"w{i}" for i in range(100)]
    words[10:12], words[70] = ["Ada", "Holm"], "Holm"
    text = " ".join(words)
    places = [match.span() for match in re.finditer(r"\S+", text)]
    assert [piece.split() for piece in around_mentions(text, "Ada Holm", places, 20)] == [words[:20], words[60:80]]
