"""A position is told where the answers carry it, and a change where it is more than noise."""

from __future__ import annotations

import re

import numpy as np
import pytest

from stance.evaluation.shares import Errors, Scored
from stance.map.changes import permutation_test
from stance.map.positions import Judge, cells, clearest, months
from stance.map.types import NOT_ENOUGH, Actor, Document, Evidence, Proposal

TALKS = Proposal("hold talks")
ACTORS = (Actor("Baloch", (), "Foreign Office"), Actor("Foreign Office", (), "Pakistan"), Actor("Pakistan"))
JUDGE = Judge(None, 0.8)


def answer(
    label: str, sure: float = 0.9, *, document: str = "d", number: int = 0, actor: str = "Baloch", date: str = ""
):
    """A statement with the rest of the probability shared by the two other labels."""
    scores = {name: sure if name == label else (1 - sure) / 2 for name in ("against", "neutral", "favor")}
    blank = dict.fromkeys(("source", "title", "link", "sentence", "context", "mention"), "")
    places = dict.fromkeys(("start", "end", "mention_start", "mention_end"), number)
    return Evidence(
        id=f"{document}-{number}-{actor}",
        document=document,
        date=date,
        actor=actor,
        proposal=TALKS.proposal,
        similarity=0.5,
        label=label,
        **blank,
        **places,
        **scores,
    )


def several(*labels: str, sure: float = 0.9, documents: int | None = None, **more) -> list[Evidence]:
    return [
        answer(label, sure, document=f"d{n % (documents or len(labels))}", number=n, **more)
        for n, label in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("rows", "position"),
    [
        ([], NOT_ENOUGH),
        (several("favor"), "favor"),
        (several("against", sure=0.55), NOT_ENOUGH),  # one doubtful sentence
        (several("against", "against", "against", sure=0.75), "against"),
        (several("against", "favor"), NOT_ENOUGH),
        (several("against", "favor", "favor", "favor", documents=1), "favor"),
        (several("against", *["favor"] * 3), NOT_ENOUGH),  # a document more or less could turn it
        (several(*["neutral"] * 4, sure=0.98), NOT_ENOUGH),  # too few documents to be called neutral
        (several(*["neutral"] * 6, sure=0.98), "neutral"),
        (several(*["neutral"] * 6, sure=0.98, documents=2), NOT_ENOUGH),
        (several(*["neutral"] * 6, sure=0.5), NOT_ENOUGH),
    ],
)
def test_positions(rows, position):
    assert JUDGE.position(rows) == position


def test_no_pole_without_a_statement_that_is_labelled_so():
    rows = [answer("neutral", 0.4, document=f"d{n}") for n in range(60)]
    leaning = [
        Evidence(
            **{field: getattr(row, field) for field in row.__slots__}
            | {"against": 0.38, "favor": 0.18, "neutral": 0.44}
        )
        for row in rows
    ]
    assert JUDGE.certainties(leaning)[0]["against"] > 0.8
    assert JUDGE.position(leaning) == NOT_ENOUGH


@pytest.fixture(scope="module")
def confused():
    """A classifier that calls half of what is neutral a favor."""
    gold = np.array([0] * 100 + [1] * 100 + [2] * 100)
    said = np.array([0] * 100 + [1] * 50 + [2] * 50 + [2] * 100)
    scores = np.full((300, 3), 0.05)
    scores[np.arange(300), said] = 0.9
    return Errors.of(Scored(np.arange(300) // 3, gold, scores), 100, seed=0)


def test_shares_are_corrected_for_confusion(confused):
    rows = several(*["neutral"] * 30, *["favor"] * 30)
    counted = Judge(None, 0.8, 100).shares(rows)
    corrected = Judge(confused, 0.8, 100).shares(rows)
    assert counted["favor"].value == 0.5
    assert corrected["favor"].value < 0.1  # all of it is what neutral sentences are taken for
    assert corrected["neutral"].low <= corrected["neutral"].value <= corrected["neutral"].high


def test_errors_make_a_position_less_certain(confused):
    row = several("favor")
    assert Judge(confused, 0.8, 100).certainties(row)[0]["favor"] < JUDGE.certainties(row)[0]["favor"]


def test_many_statements_are_drawn_in_blocks_with_the_same_result(monkeypatch, confused):
    rows, judge = several(*["favor"] * 20, *["against"] * 14, sure=0.6), Judge(confused, 0.8, 100)
    whole = judge.certainties(rows), judge.shares(rows)
    monkeypatch.setattr("stance.map.positions.BLOCK", 1000)
    assert len(judge._blocks(len(rows), 0)) > 5
    assert (judge.certainties(rows), judge.shares(rows)) == whole


def test_of_one_document_an_interval_says_nothing():
    share = JUDGE.shares(several("favor", "favor", documents=1))["favor"]
    assert (share.value, share.low, share.high) == (1.0, 0.0, 1.0)


def test_members_count_for_the_bodies_that_they_speak_for():
    rows = [*several("against", actor="Baloch"), answer("against", document="e", actor="Pakistan")]
    baloch, office, pakistan = cells(rows, ACTORS, [TALKS, Proposal("other")], JUDGE)
    assert (baloch.actor, baloch.statements, baloch.rolled_up, baloch.members) == ("Baloch", 1, False, ())
    assert (office.statements, office.rolled_up, office.members) == (1, True, ("Baloch",))
    assert (pakistan.statements, pakistan.documents, pakistan.members) == (2, 2, ("Baloch",))
    assert {cell.position for cell in (baloch, office, pakistan)} == {"against"}


def test_a_sentence_counts_once_in_a_cell_as_the_nearest_members():
    named = {"Baloch": "against", "Foreign Office": "favor", "Pakistan": "neutral"}
    rows = [answer(label, number=7, actor=name) for name, label in named.items()]
    rows += [answer("against", number=9), answer("against", document="e", number=7)]
    baloch, office, pakistan = cells(rows, ACTORS, [TALKS], JUDGE)
    assert [cell.statements for cell in (baloch, office, pakistan)] == [3, 3, 3]
    assert set(office.evidence) == {"d-7-Foreign Office", "d-9-Baloch", "e-7-Baloch"}
    assert set(pakistan.evidence) == {"d-7-Pakistan", "d-9-Baloch", "e-7-Baloch"}
    assert (office.members, pakistan.members) == (("Baloch",), ("Baloch",))
    (_, office, pakistan) = cells(rows[:2], ACTORS, [TALKS], JUDGE)
    assert (office.evidence, office.rolled_up) == (("d-7-Foreign Office",), False)
    assert (pakistan.evidence, pakistan.members) == (("d-7-Foreign Office",), ("Foreign Office",))


def test_copies_of_a_text_are_one_document():
    texts = ["Rain.  Baloch said no.\nBaloch  said never.", "Rain. Baloch said no. Baloch said never."]
    texts = [*texts * 4, "Baloch said no."]
    documents = [Document(f"d{number}", text) for number, text in enumerate(texts)]
    rows = [
        answer("favor", document=each.id, number=found.start(), date="" if each.id == "d0" else "2024-05")
        for each in documents
        for found in re.finditer("Baloch", each.text)
    ]
    (cell,) = cells(rows, (Actor("Baloch"),), [TALKS], JUDGE, documents[:-1])
    assert (cell.statements, cell.documents) == (3, 2)
    assert set(cell.evidence) == {"d1-6-Baloch", "d1-22-Baloch", "d8-0-Baloch"}  # the earliest that is dated
    (cell,) = cells(rows[:-1], (Actor("Baloch"),), [TALKS], JUDGE, documents)
    assert (cell.statements, cell.documents, cell.favor.low, cell.favor.high) == (2, 1, 0.0, 1.0)


def test_of_copies_one_that_has_a_month_is_counted():
    documents = [Document("a", "Baloch said no.", "2024"), Document("b", "Baloch said no.", "2024-05-17")]
    rows = [answer("against", document=each.id, number=0, date=each.date) for each in documents]
    (cell,) = cells(rows, (Actor("Baloch"),), [TALKS], JUDGE, documents)
    assert [(month.month, month.against) for month in cell.months] == [("2024-05", 1)]


def test_the_clearest_statement_comes_first_and_months_are_counted():
    rows = [
        answer("favor", 0.6, number=1, date="2024-05-02"),
        answer("favor", 0.9, number=2, date="2024-05"),
        answer("against", 0.95, number=3, date="2024-06-01"),
        answer("favor", 0.7, number=4, date="2024"),
    ]
    assert [row.start for row in clearest(rows, "favor")] == [2, 4, 1, 3]
    assert clearest(rows, NOT_ENOUGH)[0].start == 3
    assert [(m.month, m.against, m.neutral, m.favor) for m in months(rows)] == [
        ("2024-05", 0, 0, 2),
        ("2024-06", 1, 0, 0),
    ]


def dated(labels, sure=0.9):
    return [
        answer(label, sure, document=f"d{n}", number=n, date=f"2024-{1 + n // 28:02}-{1 + n % 28:02}")
        for n, label in enumerate(labels)
    ]


def test_a_change_is_dated_and_quoted():
    (cell,) = cells(dated(["against"] * 8 + ["favor"] * 8), ACTORS[-1:], [TALKS], JUDGE) or (None,)
    assert cell is None  # none of these statements is Pakistan's
    (cell,) = cells(dated(["against"] * 8 + ["favor"] * 8), (Actor("Baloch"),), [TALKS], JUDGE)
    (change,) = cell.changes
    assert (change.date, change.before, change.after) == ("2024-01-09", "against", "favor")
    assert change.p_value <= 0.01
    assert set(change.evidence_before) <= {f"d{n}-{n}-Baloch" for n in range(8)}
    assert len(change.evidence_after) == 5


@pytest.mark.parametrize(
    "labels",
    [
        ["against", "favor"] * 10,
        ["favor"] * 20,
        ["against", "against", "against", "favor", "favor", "favor"],  # too few to tell
        ["favor"] * 10 + ["neutral"] * 3,
    ],
)
def test_noise_is_no_change(labels):
    (cell,) = cells(dated(labels), (Actor("Baloch"),), [TALKS], JUDGE)
    assert cell.changes == ()


def test_there_and_back():
    labels = ["favor"] * 16 + ["against"] * 16 + ["favor"] * 6
    (cell,) = cells(dated(labels), (Actor("Baloch"),), [TALKS], JUDGE)
    found = [(change.date, change.before, change.after) for change in cell.changes]
    assert found == [("2024-01-17", "favor", "against"), ("2024-02-05", "against", "favor")]


def test_the_permutation_test_keeps_its_level():
    generator = np.random.default_rng(0)
    values = [permutation_test(generator.normal(size=14), range(3, 12), generator)[1] for _ in range(100)]
    assert sum(value <= 0.1 for value in values) <= 18  # 10 are expected; more than 18 in 1 of 150 such tests
    assert permutation_test(np.array([0.0] * 7 + [1.0] * 7), range(3, 12), generator) == (
        7,
        pytest.approx(0.0015, abs=0.002),
    )
