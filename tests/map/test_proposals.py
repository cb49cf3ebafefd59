"""Proposals are read with what is wrong by line; sentences touch those that they, or their surroundings, are like."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import write_lines
from stance.base.errors import StanceError
from stance.base.predictions import Prediction
from stance.base.questions import Question
from stance.map.actors import Finder
from stance.map.pronouns import kind_of
from stance.map.proposals import Subjects, Wordings, nearness, on_the_table, read_proposals
from stance.map.questions import answered, candidates, questions
from stance.map.types import Actor, Document, Proposal

TALKS = Proposal("hold talks", ("sit down together",), "rule talks out", "2024-05", "2024-06-10")


class Words:
    """An encoder that counts a few words."""

    KNOWN = ("talks", "together", "rule", "out", "fish", "rain")

    def encode(self, texts):
        found = np.array([[word in text.lower() for word in self.KNOWN] for text in texts], dtype=np.float32)
        found = found.reshape(-1, len(self.KNOWN))
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def write(tmp_path, *lines):
    path = tmp_path / "proposals.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_file_of_proposals(tmp_path):
    path = write(
        tmp_path,
        "proposal,variants,reverse,from,until",
        "hold talks,sit down together,rule talks out,2024-05,2024-06-10",
        "share the fish,,,,",
    )
    assert read_proposals(path) == (TALKS, Proposal("share the fish"))
    assert read_proposals(write(tmp_path, "proposal", "hold talks")) == (Proposal("hold talks"),)


def test_proposals_in_another_encoding_and_with_lists(tmp_path):
    path = tmp_path / "proposals.csv"
    path.write_text("proposal,variants\nshare the fjørd,halve it\n", encoding="cp1252")
    assert read_proposals(path, "cp1252") == (Proposal("share the fjørd", ("halve it",)),)
    rows = [{"proposal": "hold talks", "variants": ["sit down", "a | b"], "from": 202405}]
    path = write_lines(tmp_path / "proposals.jsonl", rows)
    assert read_proposals(path) == (Proposal("hold talks", ("sit down", "a | b"), "", "2024-05"),)
    path = write_lines(tmp_path / "proposals.jsonl", [{"proposal": "hold talks", "reverse": ["no"]}])
    with pytest.raises(StanceError, match="line 1: reverse is no text; found"):
        read_proposals(path)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["target", "a"], "line 2: no column 'proposal'"),
        (["proposal,reverse", "a,a"], "line 2: a proposal is its own reverse"),
        (["proposal", "a", "a"], "line 3: a proposal occurs twice"),
        (["proposal", "Télé", "TÉLÉ"], "line 3: a proposal occurs twice"),
        (["proposal,variants,reverse", "a,x,X"], "line 2: a proposal is its own reverse"),
        (["proposal,from", "a,soon"], "line 2: from is no date; found 'soon'"),
        (["proposal,from,until", "a,2024-05-17,2024-04"], "line 2: until is before from"),
        (["proposal"], "no proposals in the file"),
    ],
)
def test_faulty_files_are_refused_by_line(tmp_path, lines, said):
    with pytest.raises(StanceError, match=said):
        read_proposals(write(tmp_path, *lines))


@pytest.mark.parametrize(
    ("date", "on"),
    [("2024-04-30", False), ("2024-05-01", True), ("2024", True), ("2024-06", True), ("2024-06-11", False), ("", True)],
)
def test_only_what_was_on_the_table_is_asked_about(date, on):
    assert on_the_table(TALKS, date) is on


def test_the_nearest_wording_counts_and_may_be_the_reverse():
    wordings = Wordings([TALKS, Proposal("share the fish")], Words())
    sentences = ["They met together.", "No: we rule talks out.", "Fish!"]
    touching = wordings.touching(Words().encode(sentences), 0.7, " ".join(sentences), alike=0)
    assert touching.similarity[:, 0].tolist() == pytest.approx([1, 1, 0])
    assert touching.reversed[:, 0].tolist() == [False, True, False]
    assert touching.touches.tolist() == [[True, False], [True, False], [False, True]]


def test_a_sentence_is_nearer_among_others_that_are_near():
    likeness = np.zeros((30, 1), dtype=np.float32)
    likeness[0] = 1
    near = nearness(likeness)[:, 0]
    assert near[:11].tolist() == [1, *[0.5] * 10]
    assert near[11:].tolist() == [0] * 19
    assert nearness(likeness[:0]).shape == (0, 1)


def test_questions_and_answers():
    text = "Baloch met the press. She will rule talks out. It rained on Kabul."
    document = Document("d", text, "2024-05-17")
    actors = [Actor("Mumtaz Zahra Baloch", ("Baloch",), "FO"), Actor("Kabul")]
    kinds = {"Mumtaz Zahra Baloch": "person", "Kabul": "body"}
    found, total = candidates(document, Finder(actors), kinds)
    assert (total, [each.sentence.text for each in found]) == (3, text.replace(". ", ".\n").split("\n"))
    wordings = Wordings([TALKS], Words())
    touching = wordings.touching(Words().encode([each.sentence.text for each in found]), 0.7, text, alike=0.5)
    (question,) = questions(document, found, [TALKS], touching)
    assert question.read == Question(
        "She will rule talks out.",
        "rule talks out",
        "Mumtaz Zahra Baloch",
        "Baloch met the press.",
    )
    row = answered(question, Prediction("favor", {"against": 0.1, "neutral": 0.2, "favor": 0.7}))
    assert (row.label, row.against, row.neutral, row.favor) == ("against", 0.7, 0.2, 0.1)  # for the reverse course
    assert text[row.start : row.end] == row.sentence
    assert (row.mention, row.mention_start, row.mention_end) == ("Baloch", -1, -1)
    assert list(questions(Document("d", text, "2025-01-01"), found, [TALKS], touching)) == []


def test_a_title_means_who_has_it_though_another_was_named_since():
    actors = [Actor("James Kuol", ("General James Kuol", "Kuol")), Actor("Rose Lado", ("Mrs Lado",))]
    kinds = {actor.name: kind_of(actor, actors) for actor in actors}
    text = "General James Kuol opposed it. Mrs Lado called the cost unbearable. The general declined to comment."
    found, _ = candidates(Document("d", text), Finder(actors), kinds)
    assert [[named.actor for named in each.named] for each in found] == [["James Kuol"], ["Rose Lado"], ["James Kuol"]]


def test_a_document_is_about_the_proposals_whose_words_it_has():
    wordings = ["raise the fishing quota", "share the mackerel", "end the pilots' strike", "a pay rise for pilots"]
    subjects = Subjects(wordings, [0, 0, 1, 2])
    fish = "The ministers met in Bergen. Mackerel was shared by two states; Iceland called it a theft of fish."
    assert subjects.of(fish, 0.5).tolist() == [True, False, False]
    assert subjects.of("The pilots went on strike; the airline called the pilots' pay fair.", 0.4).tolist() == [
        False,
        True,
        True,
    ]
    assert subjects.of(fish, 0).tolist() == subjects.of("在卑尔根会面", 0.5).tolist() == [True, True, True]
    assert subjects.likeness(fish)[0] > subjects.likeness("The mackerel of Bergen.")[1]


def test_a_sentence_that_is_near_a_proposal_of_another_negotiation_is_not_asked_about_it():
    wordings = Wordings([TALKS, Proposal("share the fish")], Words())
    text = "The fish of the bay were counted and shared. It went on for hours."
    touching = wordings.touching(Words().encode(["They met together."]), 0.5, text, alike=0.5)
    assert touching.touches.tolist() == [[False, False]]
