"""Calibration: by hand, against scikit-learn, and by simulation with known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax
from scipy.stats import norm
from sklearn.metrics import log_loss

from conftest import example
from stance.base.labels import LABELS
from stance.evaluation.calibration import bin_edges, bin_numbers, expected_error, measure_calibration, reliability
from stance.models.scaling import fit_scale, rescale


def drawn(scale: float, rows: int = 3000, seed: int = 0):
    """Logits, and gold labels drawn from the softmax of the scaled logits."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, size=(rows, 3))
    limits = generator.random((rows, 1))
    gold = (softmax(scale * logits, axis=1).cumsum(axis=1) <= limits).sum(axis=1).clip(max=2)
    return logits, gold


def examples_of(gold, rows_a_document: int = 5):
    return [example(i, LABELS[g], document=f"d{i // rows_a_document}") for i, g in enumerate(gold)]


def test_the_error_by_hand():
    """Two bins: 0.6, 0.7 with one right (gap 0.15) and 0.8, 0.9, 1.0 with all right (gap 0.1)."""
    confidence = np.array([0.6, 0.7, 0.8, 0.9, 1.0])
    right = np.array([1.0, 0, 1, 1, 1])
    assert expected_error(confidence, right, np.array([0, 0.7, 1])) == pytest.approx((2 * 0.15 + 3 * 0.1) / 5)


def test_bins_of_equal_width_hold_their_upper_edge():
    edges = bin_edges(np.array([0.4]), equal_mass=False)
    assert len(edges) == 16
    assert list(bin_numbers(np.array([1 / 3, 0.34, 0.4, 1.0]), edges)) == [4, 5, 5, 14]


def test_bins_of_equal_mass_keep_equal_confidences_together():
    confidence = np.linspace(0.4, 1, 150)
    assert [row["n"] for row in reliability(confidence, np.ones(150), equal_mass=True)] == [10] * 15
    (row,) = reliability(np.full(30, 0.6), np.repeat([1.0, 0.0], 15), equal_mass=True)
    assert (row["n"], row["confidence"], row["accuracy"]) == (30, pytest.approx(0.6), 0.5)


def test_unlike_confidences_do_not_cancel_out():
    """Few values, as of a prior: what is too low for one is not made good by what is too high for another."""
    confidence = np.repeat([0.45, 0.95], 500)
    right = np.repeat([1.0, 0.0, 1.0, 0.0], [425, 75, 275, 225])
    edges = bin_edges(confidence, equal_mass=True)
    assert expected_error(confidence, right, edges) == pytest.approx(0.4)
    assert [row["n"] for row in reliability(confidence, right, equal_mass=True)] == [500, 500]
    confidence = np.repeat([0.4, 0.6, 0.9], [101, 67, 133])
    assert [row["n"] for row in reliability(confidence, np.ones(301), equal_mass=True)] == [101, 67, 133]


def test_of_labels_that_are_equally_probable_the_given_one_counts():
    rows, p = examples_of([2] * 40), np.tile([0.5, 0.0, 0.5], (40, 1))
    for label, accuracy in (("favor", 1.0), ("against", 0.0), ("neutral", 0.0)):
        found = measure_calibration(rows, p, labels=[label] * 40, samples=10)
        assert found.ece.value == 0.5
        assert [row["accuracy"] for row in found.reliability["equal_mass"]] == [accuracy]


def test_brier_and_log_loss_by_hand_and_against_scikit_learn():
    p = np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [0.0, 0.25, 0.75]])
    found = measure_calibration(examples_of([2, 0, 1], 1), p, samples=50)
    by_hand = [0.04 + 0.09 + 0.25, 0.81 + 0.64 + 0.01, 0.75**2 + 0.75**2]
    assert found.brier.value == pytest.approx(np.mean(by_hand))
    assert found.log_loss.value == pytest.approx(log_loss([2, 0, 1], p, labels=[0, 1, 2]))
    assert found.brier.low < found.brier.value < found.brier.high
    zero = measure_calibration(examples_of([0]), p[2:], samples=10).log_loss
    assert (zero.value, zero.high) == (pytest.approx(np.log(1e6)), pytest.approx(np.log(1e6)))


@pytest.mark.parametrize("true_scale", [0.3, 1.0, 2.5])
def test_the_scale_minimizes_the_log_loss(true_scale):
    logits, gold = drawn(true_scale)
    found = fit_scale(logits, gold)

    def loss(scale):
        return log_loss(gold, softmax(scale[0] * logits, axis=1), labels=[0, 1, 2])

    assert found == pytest.approx(minimize(loss, [1.0], method="Nelder-Mead").x[0], rel=1e-3)
    assert found == pytest.approx(true_scale, rel=0.1)


def test_rescaling_undoes_a_scale_and_keeps_every_label():
    logits, _ = drawn(1.0, rows=200)
    p = softmax(logits, axis=1)
    assert rescale(softmax(3 * logits, axis=1), 1 / 3) == pytest.approx(p)
    for factor in (0.01, 0.5, 7, 100):
        assert (rescale(p, factor).argmax(axis=1) == p.argmax(axis=1)).all()
    assert rescale(np.array([[0.0, 1, 0]]), 0.5).tolist() == [[0, 1, 0]]


def test_a_calibrated_model_is_told_from_an_overconfident_one():
    logits, gold = drawn(0.5, rows=1500)
    rows = examples_of(gold)
    bad, good = (measure_calibration(rows, softmax(s * logits, axis=1), samples=200) for s in (1.5, 0.5))
    for name in ("ece", "ece_equal_width"):
        worse, better = getattr(bad, name), getattr(good, name)
        assert worse.value > 3 * worse.if_calibrated
        assert better.value < 1.3 * better.if_calibrated
        assert worse.low < worse.value < worse.high
    assert bad.brier.value > good.brier.value
    assert bad.log_loss.value > good.log_loss.value
    top = bad.reliability["equal_width"][-1]
    assert top["accuracy"] < top["confidence"] - 0.1


def held_of_the_error(gap: float, documents: int, trials: int) -> float:
    """How often the interval holds the true error, where confidence is above accuracy by the gap everywhere.

    Documents of 10 rows are easy or hard as a whole.
    """
    generator = np.random.default_rng(5)
    held = 0
    for trial in range(trials):
        rows = documents * 10
        confidence = generator.uniform(0.5, 1, rows)
        limits = norm.ppf(confidence - gap) * np.sqrt(1.25)
        right = limits + np.repeat(generator.normal(0, 0.5, documents), 10) + generator.normal(size=rows) > 0
        p = np.column_stack([1 - confidence, np.zeros(rows), confidence])
        examples = examples_of(np.where(right, 2, 0), 10)
        found = measure_calibration(examples, p, samples=100, seed=trial).ece
        held += found.low <= gap <= found.high
    return held / trials


def test_the_interval_of_the_error_holds_a_small_miscalibration():
    """Ordinary percentiles would miss it nearly always, since the error of a resample is larger than the sample's."""
    assert held_of_the_error(0.03, documents=50, trials=25) >= 0.6


@pytest.mark.slow
def test_how_often_the_interval_of_the_error_holds_the_truth():
    """The numbers of docs/evaluation.md."""
    for gap in (0.03, 0.1):
        for documents in (50, 100):
            assert 0.78 <= held_of_the_error(gap, documents, trials=200) <= 0.95
