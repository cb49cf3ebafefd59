"""The end-to-end numbers: errors are told apart, and the page is the one that the recorded numbers give."""

from __future__ import annotations

import pytest

import map as bench
from conftest import PROJECT, example
from reports import Report, counts, errors, scores
from stance.base.files import read_json
from stance.map.types import NOT_ENOUGH, Document, Evidence, Proposal

FOLDER = PROJECT / "experiments" / "map"


def row(number: int, holder: str, target: str, label: str):
    return example(number, label, holder=holder, target=target, text=f"{holder} on {target}.", document="d")


def answer(actor: str, proposal: str, label: str):
    text = dict.fromkeys(Evidence.__slots__, "")
    return Evidence(
        **text | {"actor": actor, "proposal": proposal, "label": label, "sentence": f"{actor} on {proposal}."}
    )


@pytest.fixture
def report():
    rows = [row(1, "A", "talks", "favor"), row(2, "A", "talks", "favor"), row(3, "A", "talks", "against")]
    rows += [row(4, "A", "toll", "against"), row(5, "B", "talks", "neutral"), row(6, "B", "toll", "favor")]
    rows += [row(7, "C", "talks", "neutral"), row(8, "C", "toll", "neutral"), row(9, "D", "talks", "against")]
    found = Report(Document("d", ""), (), (Proposal("talks"), Proposal("toll")), rows)
    found.named = {(name, f"{name} on {target}.") for name in "ABC" for target in ("talks", "toll")}
    return found


def test_the_pole_of_most_rows_is_right(report):
    gold = report.gold()
    assert (gold["A", "talks"], gold["B", "talks"]) == ("favor", NOT_ENOUGH)


def test_errors_are_told_apart(report):
    report.evidence = [answer("A", "talks", "favor"), answer("B", "toll", "neutral")]
    said = {("A", "talks"): NOT_ENOUGH, ("A", "toll"): "favor", ("B", "talks"): "favor", ("C", "toll"): "favor"}
    assert errors(report, said) == {
        "not enough": 1,  # A is for talks, and a sentence says so
        "wrong pole": 1,  # A is against the toll
        "wrong holder": 2,  # it is A who is for talks, and B who is for the toll
        "answer": 1,  # B is for the toll, the model says neutral
        "actor not found": 1,  # D
    }
    report.evidence = []
    assert errors(report, {("A", "talks"): "favor"})["not near"] == 2  # A and B on the toll
    assert errors(report, {("C", "toll"): "against"})["wrong holder"] == 1
    assert errors(report, {("C", "talks"): "against"})["wrong holder"] == 1  # D's


def test_precision_and_recall(report):
    table = [counts(report, {("A", "talks"): "favor", ("B", "talks"): "favor"})] * 2
    assert table[0] == [1, 2, 4]
    said = {("A", "talks"): "favor", ("B", "talks"): "favor", ("A", "fish"): "against", ("B", "fish"): NOT_ENOUGH}
    assert counts(report, said) == [1, 3, 4]  # fish is a proposal of another document
    assert counts(report, said, elsewhere=False) == table[0]
    assert errors(report, said)["other negotiation"] == 1
    found = scores(table)
    assert (found["precision"]["value"], found["recall"]["value"]) == (0.5, 0.25)
    assert found["f1"] == pytest.approx({"value": 1 / 3, "low": 1 / 3, "high": 1 / 3})


def test_the_page_is_that_of_the_recorded_numbers():
    page = bench.readme(read_json(FOLDER / "scores.json"), read_json(FOLDER / "chosen.json"))
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == page
