"""Selective prediction and conformal sets: by hand, and what they promise, by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.predictions import Prediction, Threshold, to_predictions
from stance.evaluation.selective import (
    area,
    conformal_limits,
    lowest_area,
    measure_conformal,
    measure_selective,
    prediction_sets,
    threshold_for,
    thresholds,
    upper_bound,
)


def test_the_area_by_hand():
    """Right, wrong, right, wrong from most to least sure: the mean of 0, 1/2, 1/3, 2/4; at best 0, 0, 1/3, 2/4."""
    confidence, right = np.array([0.6, 0.9, 0.7, 0.8]), np.array([0.0, 1, 1, 0])
    ones = np.ones((1, 4))
    assert area(confidence, right, ones)[0] == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    assert lowest_area(right, ones)[0] == pytest.approx((1 / 3 + 2 / 4) / 4)
    twice = np.array([[1.0, 2, 0, 1]])
    assert area(confidence, right, twice)[0] == pytest.approx((2 * 0 + 1 / 3 + 2 / 4) / 4)


def test_rows_of_one_confidence_are_answered_together():
    assert area(np.full(4, 0.5), np.array([1.0, 1, 0, 1]), np.ones((1, 4)))[0] == pytest.approx(1 / 4)


def test_confidence_that_knows_is_better_than_one_that_does_not():
    generator = np.random.default_rng(0)
    p = generator.uniform(0.4, 1, 600)
    right = generator.random(600) < p
    rows = [example(i, "favor", document=f"d{i // 6}") for i in range(600)]
    reports = []
    for confidence in (p, generator.permutation(p)):
        scores = np.column_stack([1 - confidence, np.zeros(600), confidence])
        predictions = [
            Prediction("favor" if r else "against", dict(zip(LABELS, s if r else s[::-1], strict=True)))
            for r, s in zip(right, scores, strict=True)
        ]
        reports.append(measure_selective(rows, predictions, samples=100))
    knowing, guessing = reports
    assert knowing.excess_aurc.high < guessing.excess_aurc.low
    assert guessing.aurc.value == pytest.approx(1 - right.mean(), abs=0.05)
    assert knowing.aurc.low < knowing.aurc.value < knowing.aurc.high
    assert knowing.curve[-1] == {"above": 0.0, "coverage": 1.0, "risk": pytest.approx(1 - right.mean())}
    risks = [point["risk"] for point in knowing.curve]
    assert risks[4] < risks[12] < risks[-1]


def test_thresholds_count_the_rows_above_them():
    confidence = np.linspace(0.4, 0.99, 60)
    table = thresholds(confidence, (confidence > 0.6).astype(float))
    assert [t.rows for t in table] == list(range(3, 61, 3))
    for threshold in table:
        chosen = confidence > threshold.confidence
        assert (threshold.rows, threshold.errors) == (chosen.sum(), (confidence[chosen] <= 0.6).sum())
    assert thresholds(np.full(9, 0.5), np.ones(9)) == [Threshold(0.0, 9, 0)]


def test_the_bound_by_hand():
    """No error in n rows: 1 - delta^(1/n); all wrong: 1."""
    assert upper_bound(0, 59, 0.05) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert upper_bound(3, 3, 0.05) == 1.0


def test_the_threshold_answers_most_rows_at_the_stated_risk():
    table = [Threshold(0.9, 100, 0), Threshold(0.7, 300, 3), Threshold(0.0, 400, 80)]
    assert threshold_for(table, 0.06, 0.05, "c")[0] == table[1]
    assert threshold_for(table, 0.5, 0.05, "c")[0] == table[2]
    bound = upper_bound(3, 300, 0.05 / 3)
    with pytest.raises(StanceError) as caught:
        threshold_for(table, 0.01, 0.05, "c")
    lowest = float(str(caught.value).rpartition("allowed: ")[2].removesuffix(" or more"))
    assert bound <= lowest < bound + 0.001
    assert threshold_for(table, lowest, 0.05, "c")[0] == table[1]


def test_the_bounds_hold_together_as_often_as_promised():
    """Confidence u is right with probability u: the true risk above t is (1 - t) / 2. One table in ten may fail."""
    generator = np.random.default_rng(2)
    failed = 0
    for _ in range(300):
        confidence = generator.random(200)
        table = thresholds(confidence, (generator.random(200) < confidence).astype(float))
        failed += any((1 - t) / 2 > upper_bound(e, n, 0.1 / len(table)) for t, n, e in table)
    assert failed / 300 <= 0.1
    assert failed > 0


def drawn(rows: int, generator, shares=(0.2, 0.5, 0.3)):
    """Probabilities of an imperfect model, and gold labels."""
    gold = generator.choice(3, p=shares, size=rows)
    logits = generator.normal(0, 1, size=(rows, 3)) + 1.5 * np.eye(3)[gold]
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True), gold


def test_sets_by_hand():
    p = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.1, 0.6, 0.3]])
    limits = conformal_limits(p, np.array([0, 1, 1]), alpha=0.5)
    assert limits == pytest.approx([0.4] * 3)
    assert prediction_sets(p, limits).tolist() == [[True, False, False], [False] * 3, [False, True, False]]
    by_label = conformal_limits(p, np.array([0, 1, 1]), alpha=0.5, by_label=True)
    assert by_label == pytest.approx([0.3, 0.65, 1.0])
    assert prediction_sets(p, by_label)[:, 2].all()


def test_sets_hold_the_label_as_often_as_promised():
    """Exchangeable rows: from 1 - alpha to 1 - alpha + 1/(n + 1) on average; with limits by label, for each label."""
    generator = np.random.default_rng(4)
    rows, alpha, trials = 99, 0.1, 600
    covered = np.zeros(trials)
    by_label = np.zeros((trials, 3))
    for trial in range(trials):
        (p, gold), (new_p, new_gold) = drawn(rows, generator), drawn(200, generator)
        at_gold = np.arange(200), new_gold
        covered[trial] = prediction_sets(new_p, conformal_limits(p, gold, alpha))[at_gold].mean()
        right = prediction_sets(new_p, conformal_limits(p, gold, alpha, by_label=True))[at_gold]
        by_label[trial] = [right[new_gold == label].mean() for label in range(3)]
    error = 3 * covered.std() / np.sqrt(trials)
    assert 1 - alpha - error <= covered.mean() <= 1 - alpha + 1 / (rows + 1) + error
    assert (by_label.mean(axis=0) >= 1 - alpha - 3 * by_label.std(axis=0) / np.sqrt(trials)).all()


def test_the_report_on_a_part_that_is_not_exchangeable_says_so():
    """Validation mostly neutral, test mostly favor: the marginal promise fails, that by label holds."""
    generator = np.random.default_rng(6)
    validation, test = drawn(1500, generator, (0.05, 0.9, 0.05)), drawn(1500, generator, (0.05, 0.05, 0.9))
    test[0][:, 2] *= 0.5
    validation[0][:, 2] *= 0.5
    parts = []
    for p, gold in (validation, test):
        p /= p.sum(axis=1, keepdims=True)
        parts.append(([example(i, LABELS[g], document=f"d{i // 5}") for i, g in enumerate(gold)], p))
    found = measure_conformal(*parts, samples=100)
    assert found["marginal"]["coverage"]["high"] < 0.9
    assert found["by_label"]["coverage"]["value"] > 0.87
    assert found["by_label"]["labels"]["favor"] > found["marginal"]["labels"]["favor"]
    assert found["by_label"]["size"] > found["marginal"]["size"]
    sets = prediction_sets(parts[1][1], np.array([found["marginal"]["limits"][label] for label in LABELS]))
    assert found["marginal"]["size"] == pytest.approx(sets.sum() / 1500)


def test_predictions_without_probabilities_are_refused():
    rows = [example(1), example(2)]
    predictions = [*to_predictions(np.array([[0.2, 0.3, 0.5]])), Prediction("favor")]
    with pytest.raises(StanceError, match="1 of 2 rows have no probabilities"):
        measure_selective(rows, predictions)
