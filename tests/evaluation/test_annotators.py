"""What is said of annotators, on judgements whose errors are known."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import annotation, example
from stance.base.annotations import Corpus
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.measures import accuracy, macro_f1
from stance.data.agreement import aggregate
from stance.data.corpora import gwsd
from stance.evaluation.annotators import annotators_page, by_annotator, by_target, ceiling, describe, held_out
from stance.evaluation.metrics import confusion

NAMES = ("ann", "ben", "cy", "dee", "eve")


def judged(rows: int, right: dict[str, float], seed: int = 0):
    """Judgements by annotators who are right with a probability each; row ``i`` is in truth ``LABELS[i % 3]``."""
    generator = np.random.default_rng(seed)
    found = []
    for number in range(rows):
        for name, probability in right.items():
            wrong = generator.integers(1, 3) if generator.random() > probability else 0
            found.append(annotation(number, LABELS[(number + wrong) % 3], name))
    return found


def test_the_others_are_asked_without_the_one_who_is_held_out():
    rows = [annotation(1, "favor", "a"), annotation(1, "favor", "b"), annotation(1, "against", "c"), annotation(2)]
    assert [(a.annotator, others) for a, others in held_out(rows)] == [("a", None), ("b", None), ("c", "favor")]


def test_each_annotator_is_counted():
    rows = [annotation(1, "favor", "a"), annotation(1, "favor", "b"), annotation(1, "against", "c")]
    rows += [annotation(2, "neutral", "a"), annotation(2, "neutral", "b"), annotation(3, "favor", "a")]
    found = by_annotator(rows)
    assert list(found) == ["a", "b", "c"]
    assert found["a"] == {
        "rows": 3,
        "labels": {"against": 0, "neutral": 1, "favor": 2},
        "compared": 1,
        "agreed": 1,
        "share": 1.0,
        "ties": 1,
    }
    assert (found["c"]["share"], found["c"]["ties"]) == (0, 0)
    assert by_annotator([annotation(1)])["one"]["share"] is None


def test_each_target_has_its_alpha():
    rows = [annotation(i, LABELS[i % 3], name, target="clear") for i in range(6) for name in "ab"]
    rows += [annotation(i, LABELS[(i + (name == "b")) % 3], name, target="dim") for i in range(6, 15) for name in "ab"]
    rows += [annotation(20, target="alone")]
    found = by_target(rows)
    assert {name: of["rows"] for name, of in found.items()} == {"dim": 9, "clear": 6}
    assert found["clear"]["alpha"] == 1
    assert found["dim"]["alpha"] < 0


def test_the_ceiling_is_the_score_of_one_annotator_against_the_others():
    """Counted again by hand: each judgement against the majority of the other four."""
    rows = judged(60, dict.fromkeys(NAMES, 0.75))
    rows += [annotation(100, "favor", "ann")]
    examples = [example(i) for i in [*range(40), 100]]
    found = ceiling(rows, examples, samples=50)
    gold, said, ties = [], [], 0
    for number in range(40):
        labels = [a.label for a in rows if a.id == f"r{number}"]
        for index, label in enumerate(labels):
            others = labels[:index] + labels[index + 1 :]
            best = max(map(others.count, LABELS))
            leaders = [name for name in LABELS if others.count(name) == best]
            if len(leaders) > 1:
                ties += 1
            else:
                gold.append(leaders[0])
                said.append(label)
    assert (found["judgements"], found["ties"], found["alone"]) == (len(gold), ties, 1)
    assert 0 < ties < 40
    matrix = confusion(gold, said)
    assert found["annotator"]["macro_f1"]["value"] == pytest.approx(float(macro_f1(matrix)))
    assert found["annotator"]["accuracy"]["value"] == pytest.approx(float(accuracy(matrix)))
    assert found["annotator"]["accuracy"]["low"] < found["annotator"]["accuracy"]["value"]
    assert sum(of["n"] for of in found["annotators"].values()) == len(gold)
    assert "model" not in found


def test_a_model_is_scored_against_the_same_majorities():
    rows = judged(90, dict.fromkeys(NAMES, 0.7))
    examples = [example(i) for i in range(90)]
    truth = [LABELS[i % 3] for i in range(90)]
    found = ceiling(rows, examples, truth, samples=100)
    assert found["model"]["macro_f1"]["value"] > found["annotator"]["macro_f1"]["value"]
    assert found["difference"]["value"] == pytest.approx(
        found["model"]["macro_f1"]["value"] - found["annotator"]["macro_f1"]["value"]
    )
    assert found["difference"]["low"] > 0
    guessed = ceiling(rows, examples, ["neutral"] * 90, headline="accuracy", samples=100)
    assert guessed["difference"]["high"] < 0
    assert guessed["annotator"] == found["annotator"]


def test_one_who_judges_otherwise_stands_out_and_few_rows_give_no_scores():
    rows = judged(50, dict.fromkeys(NAMES, 0.9) | {"odd": 0.35})
    rows = [a for a in rows if a.annotator != "eve" or a.id in ("r1", "r2")]
    found = ceiling(rows, [example(i) for i in range(50)], samples=10)["annotators"]
    assert set(found) == {"ann", "ben", "cy", "dee", "odd"}
    assert found["odd"]["accuracy"] < 0.6 < 0.75 < found["ann"]["accuracy"]


def test_an_adjudicator_is_no_annotator_and_a_judgement_given_twice_counts_once():
    rows = judged(30, {"ann": 0.9, "ben": 0.9, "judge": 0.2})
    rows.append(rows[0])
    found = describe(Corpus(tuple(rows), adjudicator="judge"), [example(i) for i in range(30)], samples=20)
    assert set(found["annotators"]) == {"ann", "ben"}
    assert found["annotators"]["ann"]["rows"] == 30
    assert found["pairs"][0]["rows"] == found["judged_by_several"] == 30
    assert "| ann | ben |" in annotators_page(found)


def test_of_two_annotators_the_page_says_that_only_agreed_rows_are_scored():
    """Rows on which two differ have no label, so the one who is held out is right on all that are left."""
    rows = judged(60, {"ann": 0.7, "ben": 0.7})
    told = "one annotator is always right here, whatever the agreement"
    labelled = aggregate(rows).examples
    assert 10 < len(labelled) < 50
    found = describe(Corpus(tuple(rows)), labelled, samples=20)
    assert found["ceiling"]["annotator"]["accuracy"]["value"] == 1 and found["ceiling"]["by_construction"]
    assert told in annotators_page(found)

    settled = [*rows, *judged(60, {"judge": 1.0})]
    everywhere = describe(Corpus(tuple(settled), adjudicator="judge"), aggregate(settled, "judge").examples, samples=20)
    assert everywhere["ceiling"]["annotator"]["accuracy"]["value"] == len(labelled) / 60
    three = [*rows, *judged(60, {"cy": 0.7}, seed=1)]
    of_three = describe(Corpus(tuple(three)), aggregate(three).examples, samples=20)
    for other in (everywhere, of_three):
        assert not other["ceiling"]["by_construction"] and told not in annotators_page(other)


def test_without_a_second_judgement_there_is_nothing_to_say():
    with pytest.raises(StanceError, match="no row was judged by several annotators"):
        describe(Corpus((annotation(1), annotation(2))), [example(1)])
    rows = [annotation(1, "favor", "a"), annotation(1, "favor", "b"), annotation(2, "favor", "a")]
    with pytest.raises(StanceError, match="no ceiling"):
        ceiling(rows, [example(2)])


def test_gwsd_of_the_published_files(corpora):
    """Eight judgements a clause; the ceiling leaves out the 100 whose seven others are tied."""
    corpus = gwsd.read(corpora / "gwsd")
    test = [e for e in aggregate(corpus.annotations, gwsd.MODEL).examples if corpus.parts[e.id] == "test"]
    found = ceiling([a for a in corpus.annotations if a.annotator != gwsd.MODEL], test, samples=20)
    assert (found["rows"], found["judgements"], found["ties"], found["alone"]) == (200, 1500, 100, 0)
    assert found["annotator"]["accuracy"]["value"] == pytest.approx(0.657, abs=0.0005)
