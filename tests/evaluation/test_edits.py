"""Edits change the wording and nothing else, and the same draw gives the same text."""

from __future__ import annotations

import random

import pytest

from stance.evaluation.checks.edits import EDITS, KEYBOARD, NEIGHBOURS

TEXT = "The harbour council of Arlen rejected the proposal of the fishers, and will not discuss another settlement."


def edit(name: str, text: str, seed: int = 0) -> str:
    return EDITS[name](text, random.Random(seed))


@pytest.mark.parametrize("name", EDITS)
def test_one_draw_gives_one_text_and_an_empty_one_does_no_harm(name):
    assert edit(name, TEXT) == edit(name, TEXT)
    assert edit(name, "").strip() in ("", "false is not true and")


def test_the_tautology_stands_in_front():
    assert edit("tautology", TEXT) == "false is not true and " + TEXT


def test_spelling_changes_two_content_words_by_one_slip_each():
    for seed in range(50):
        before, after = TEXT.split(), edit("spelling", TEXT, seed).split()
        changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
        assert len(changed) == 2
        for word, misspelt in changed:
            assert word.islower()
            assert len(word.strip(",.")) >= 5
            places = [i for i, (a, b) in enumerate(zip(word, misspelt, strict=True)) if a != b]
            if len(places) == 1:
                assert misspelt[places[0]] in NEIGHBOURS[word[places[0]]]
            else:
                first, second = places
                assert second == first + 1
                assert (misspelt[first], misspelt[second]) == (word[second], word[first])
            assert word[0] == misspelt[0]
    assert edit("spelling", TEXT, 1) != edit("spelling", TEXT, 2)
    assert edit("spelling", "We will not, they say.") == "We will not, they say."
    assert edit("spelling", "They couldn't, we wouldn’t.") == "They couldn't, we wouldn’t."


def test_every_letter_has_a_neighbour():
    assert set(NEIGHBOURS) == set("".join(KEYBOARD)) == set("abcdefghijklmnopqrstuvwxyz")
    assert NEIGHBOURS["q"] == "w"
    assert NEIGHBOURS["g"] == "fh"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("They will not sign, but they cannot leave.", "They won't sign, yet they can't leave."),
        ("We won't sign.", "We will not sign."),
        ("No one came.", "Nobody came."),
        ("The ship stays in port, the owner said.", "The owner stated that the ship stays in port."),
        ("The mayor said that it began because of rain.", "The mayor stated that it started because of rain."),
        ("The guild voted on Monday.", "On Monday the guild voted."),
        ("Arlen voted on Monday.", "Arlen voted on Monday."),
        ("They accepted the offer and rejected a loan.", "They agreed to the offer and turned down a loan."),
        ("She accepted the same evening.", "She accepted the same evening."),
        ("Nobody said no.", "Nobody said no."),
        ('"The guild voted on Monday."', '"The guild voted on Monday."'),
    ],
)
def test_a_paraphrase_keeps_the_sense(text, other):
    assert edit("paraphrase", text) == other


def test_quotation_marks_go_either_way():
    assert edit("quotation_marks", '"Yes," it said.') == "“Yes,” it said."
    assert edit("quotation_marks", "“Yes,” it said.") == '"Yes," it said.'
