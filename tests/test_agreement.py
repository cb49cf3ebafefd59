"""Aggregation and agreement."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest

from conftest import annotation
from stance.agreement import aggregate, alpha_interval, krippendorff_alpha
from stance.labels import LABELS


def test_the_majority_decides_and_the_distribution_stays():
    rows = [annotation(1, "favor", "a"), annotation(1, "favor", "b"), annotation(1, "neutral", "c")]
    (example,) = aggregate(rows).examples
    assert example.label == "favor"
    assert example.votes == (0, 1, 2)
    assert example.distribution == pytest.approx((0, 1 / 3, 2 / 3))


def test_a_tie_is_reported_and_in_no_example():
    rows = [annotation(1, "favor", "a"), annotation(1, "against", "b"), annotation(2, "neutral", "a")]
    found = aggregate(rows)
    assert found.ties == {"r1": (1, 0, 1)}
    assert [example.id for example in found.examples] == ["r2"]


def test_the_adjudicator_settles_and_does_not_vote():
    rows = [annotation(1, "favor", "a"), annotation(1, "against", "b"), annotation(1, "against", "judge")]
    (example,) = aggregate(rows, adjudicator="judge").examples
    assert (example.label, example.votes) == ("against", (1, 0, 1))


def test_the_adjudicator_overrules_a_unanimous_vote():
    rows = [annotation(1, "favor", "a"), annotation(1, "favor", "b"), annotation(1, "neutral", "judge")]
    assert aggregate(rows, adjudicator="judge").examples[0].label == "neutral"


def test_alpha_is_that_of_the_krippendorff_package_on_a_reliability_matrix():
    generator = np.random.default_rng(0)
    truth = generator.integers(3, size=60)
    judged = np.where(generator.random((3, 60)) < 0.7, truth, generator.integers(3, size=(3, 60))).astype(float)
    judged[2, 40:] = np.nan
    rows = [[LABELS[int(v)] for v in judged[:, i] if not np.isnan(v)] for i in range(60)]
    expected = krippendorff.alpha(reliability_data=judged, level_of_measurement="nominal")
    assert krippendorff_alpha(rows) == pytest.approx(expected)


def test_alpha_says_nothing_where_it_is_undefined():
    assert np.isnan(krippendorff_alpha([["favor", "favor"], ["favor", "favor"]]))
    assert np.isnan(krippendorff_alpha([["favor"], ["against"]]))


def test_alpha_has_an_interval_around_it():
    rows = [annotation(i, LABELS[i % 3], "a") for i in range(60)]
    rows += [annotation(i, LABELS[(i + (i % 5 == 0)) % 3], "b") for i in range(60)]
    alpha, low, high = alpha_interval(rows, samples=200)
    assert low < alpha < high
    assert high - low < 0.5
