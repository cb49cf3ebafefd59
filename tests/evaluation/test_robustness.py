"""Edited rows keep everything but the text; loss and resilience are what their formulas say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conftest import example
from stance.base.annotations import Example
from stance.base.labels import LABELS
from stance.base.measures import macro_f1
from stance.evaluation.checks.report import Attack
from stance.evaluation.checks.robustness import ATTACKS, edited, robustness
from stance.evaluation.evaluate import predict_examples
from stance.evaluation.metrics import Score, confusion
from stance.models.linear import ngram_svm
from stance.models.priors import Prior


@pytest.fixture(scope="module")
def rows(readable_annotations) -> list[Example]:
    return [
        example(number, a.label, id=a.id, text=a.text, holder=a.holder, target=a.target, document=a.document)
        for number, a in enumerate(readable_annotations)
    ]


def labels(model, rows):
    return [prediction.label for prediction in predict_examples(model, rows)]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_changes_the_text_alone_and_no_row_by_its_neighbours(rows, attack):
    after = edited(rows, ATTACKS[attack], seed=3)
    assert [replace(row, text="") for row in after] == [replace(row, text="") for row in rows]
    assert edited(rows[::-1], ATTACKS[attack], seed=3) == after[::-1]


def test_a_model_that_does_not_read_loses_nothing(rows):
    prior = Prior.fit("target", rows)
    found = robustness(prior, rows, labels(prior, rows), samples=20)
    for attack in ("negation", "spelling"):
        assert found.attacks[attack].n == len(rows)
        assert found.attacks[attack].scores.difference == Score(0, 0, 0)
        assert found.attacks[attack].scores.relative_loss == 0
        assert found.attacks[attack].scores.changed == 0
    f = float(macro_f1(confusion([row.label for row in rows], labels(prior, rows))))
    paraphrase = found.attacks["paraphrase"]
    assert paraphrase.n < len(rows)
    edited_scores = [f, f] + ([paraphrase.scores.edited.value] if paraphrase.n else [])
    assert found.resilience == pytest.approx(sum(edited_scores) / len(edited_scores))


def test_a_model_that_takes_a_negation_word_for_a_refusal_is_caught(rows):
    train = [replace(row, text=row.text + (" That is not true." if row.label == "against" else "")) for row in rows]
    model = ngram_svm(train, train)
    plain = labels(model, train)
    found = robustness(model, train, plain, samples=50)
    after = labels(model, edited(train, "tautology"))
    gold = [row.label for row in train]
    f, g = (float(macro_f1(confusion(gold, said))) for said in (plain, after))
    negation = found.attacks["negation"].scores
    assert f > 0.95
    assert negation.plain.value == pytest.approx(f)
    assert negation.edited.value == pytest.approx(g)
    assert negation.relative_loss == pytest.approx((f - g) / f)
    assert negation.relative_loss > 0.05
    assert negation.changed == sum(a != b for a, b in zip(plain, after, strict=True)) / len(train) > 0.05
    assert after.count("against") > plain.count("against")


def test_where_no_edit_applies_there_is_no_score():
    rows = [example(i, LABELS[i % 3], text=f"{i}") for i in range(6)]
    prior = Prior.fit("majority", rows)
    found = robustness(prior, rows, labels(prior, rows), samples=10)
    assert found.attacks["spelling"] == Attack(n=0, documents=0)
    assert found.attacks["negation"].n == 6
