"""Baselines that do not read."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import example, questions
from stance.evaluation.evaluate import predict_examples
from stance.models.card import Card
from stance.models.priors import PRIORS, Prior, load

TRAIN = [
    example(1, "favor", target="x", holder="h"),
    example(2, "favor", target="x", holder="h"),
    example(3, "against", target="y", holder="h"),
    example(4, "neutral", target="y", holder="k"),
    example(5, "neutral", target="y", holder="k"),
    example(6, "favor", target="z", holder=""),
]


def labels(name: str, *rows):
    return [p.label for p in predict_examples(Prior.fit(name, TRAIN), rows)]


def test_each_prior_looks_at_its_fields_and_nothing_else():
    known = example(7, target="y", holder="h")
    assert labels("majority", known) == ["favor"]
    assert labels("target", known) == ["neutral"]
    assert labels("holder", known) == ["favor"]
    assert labels("holder_target", known) == ["against"]


def test_an_unseen_value_falls_back_to_the_majority():
    unseen = example(8, target="new", holder="new")
    assert {labels(name, unseen)[0] for name in ("majority", "target", "holder", "holder_target")} == {"favor"}


def test_two_spellings_of_a_value_are_one(tmp_path):
    train = [example(1, "against", target="cl\u00f4ture"), *(example(i, "favor", target=f"t{i}") for i in (2, 3, 4))]
    prior = Prior.fit("target", train)
    asked = example(5, target="clo\u0302ture")
    assert predict_examples(prior, [asked])[0].label == "against"
    prior.save(tmp_path)
    assert predict_examples(load(tmp_path, Card("prior"), "torch"), [asked])[0].label == "against"


def test_stratified_draws_in_the_proportions_of_train_by_its_seed():
    rows = [example(i) for i in range(3000)]
    drawn = labels("stratified", *rows)
    assert drawn == labels("stratified", *rows)
    other = [p.label for p in predict_examples(Prior.fit("stratified", TRAIN, seed=1), rows)]
    assert drawn != other
    shares = [drawn.count(label) / 3000 for label in ("against", "neutral", "favor")]
    assert shares == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=0.03)


@pytest.mark.parametrize("name", PRIORS)
def test_priors_survive_their_folder(tmp_path, name):
    prior = Prior.fit(name, TRAIN)
    prior.save(tmp_path)
    asked = questions(["t"] * 3, ["x", "y", "?"], ["h", "k", ""])
    probabilities = prior.predict_proba(asked)
    assert np.array_equal(load(tmp_path, Card("prior"), "torch").predict_proba(asked), probabilities)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert prior.predict_proba([]).shape == (0, 3)
