"""Shares: each step against a direct solution, and on composed data with known truth."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.metrics import log_loss

from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.evaluation.shares import (
    METHODS,
    Errors,
    Scored,
    adjust,
    apply_bias,
    expectation_maximization,
    fit_bias,
    measure_by_target,
    measure_shares,
    read_validation,
    shares_table,
    write_validation,
)

OF_VALIDATION, OF_CORPUS = (0.3, 0.4, 0.3), (0.65, 0.25, 0.1)


def drawn(documents: int, shares, generator) -> tuple[Scored, np.ndarray]:
    """Documents of 10 rows scored by a model that errs, and is overconfident and fond of neutral; and the gold labels.

    The model sees three noisy numbers, of which that of the gold label is higher by 1.2.
    """
    rows = documents * 10
    gold = generator.choice(3, p=shares, size=rows)
    seen = generator.normal(0, 1, (rows, 3)) + 1.2 * np.eye(3)[gold]
    p = softmax(2 * seen + [0, 0.7, 0], axis=1)
    return Scored(np.arange(rows) // 10, p.argmax(axis=1), p), gold


def validation_of(documents: int, generator) -> Scored:
    scored, gold = drawn(documents, OF_VALIDATION, generator)
    return Scored(scored.documents, gold, scored.probabilities)


def test_the_adjusted_count_by_hand():
    """Gold 0.5, 0.3, 0.2; of against 80% found, of neutral 60%, of favor 50%."""
    confusion = np.array([[8.0, 1, 1], [1, 3, 1], [1, 4, 5]])
    rates = confusion / confusion.sum(axis=1, keepdims=True)
    assert adjust(np.array([0.5, 0.3, 0.2]) @ rates, confusion) == pytest.approx([0.5, 0.3, 0.2], abs=1e-6)
    outside = adjust(np.array([0.95, 0.05, 0.0]), confusion)
    assert outside.min() >= 0
    assert outside.sum() == pytest.approx(1)
    assert outside == pytest.approx([1, 0, 0], abs=1e-6)


def test_the_bias_minimizes_the_log_loss_and_makes_the_means_right():
    generator = np.random.default_rng(1)
    validation = validation_of(60, generator)
    p, gold = validation.probabilities, validation.labels
    weights = np.vstack([np.ones(600), generator.integers(0, 3, 600)])
    found = fit_bias(p, gold, weights)

    def loss(x):
        return log_loss(gold, softmax(x[0] * np.log(p) + [0, x[1], x[2]], axis=1), sample_weight=weights[1])

    assert found[1] == pytest.approx(minimize(loss, [1.0, 0, 0]).x, abs=5e-3)
    assert found[0] == pytest.approx([0.6, np.log(4 / 3) - 0.6 * 0.7, 0], abs=0.2)  # the truth, in closed form
    mean = apply_bias(p, found)[0].mean(axis=0)
    assert mean == pytest.approx(np.bincount(gold) / 600, abs=1e-3)
    assert abs(p.mean(axis=0)[1] - 0.4) > 0.02


def test_perfectly_separated_rows_do_not_make_it_run_away():
    p = np.tile(np.eye(3) * 0.94 + 0.02, (20, 1))
    found = fit_bias(p, np.tile(np.arange(3), 20), np.ones((1, 60)))
    assert np.isfinite(found).all()
    assert apply_bias(p, found)[0].argmax(axis=1).tolist() == np.tile(np.arange(3), 20).tolist()


def test_the_most_likely_shares_are_found_as_by_plain_steps():
    generator = np.random.default_rng(2)
    scored, _ = drawn(30, OF_CORPUS, generator)
    prior = np.array([OF_VALIDATION])
    weights = generator.integers(0, 3, (1, 300)).astype(float)
    plain = prior[0]
    for _ in range(5000):
        each = scored.probabilities * plain / prior[0]
        plain = weights[0] @ (each / each.sum(axis=1, keepdims=True)) / weights.sum()
    found = expectation_maximization(scored.probabilities[None], prior, weights)
    assert found[0] == pytest.approx(plain, abs=1e-4)


def hard_to_tell(rows: int, generator) -> tuple[np.ndarray, np.ndarray]:
    """What a perfectly calibrated model says of rows whose labels overlap much, and the shares it is calibrated to.

    Of every label 0.3, 0.3 and 0.4, where validation had 0.45, 0.45 and 0.1.
    """
    prior = np.array([0.45, 0.45, 0.1])
    seen = generator.normal(0, 1, (rows, 3)) + np.eye(3)[generator.choice(3, p=[0.3, 0.3, 0.4], size=rows)]
    return softmax(seen + np.log(prior), axis=1), prior


def test_a_long_leap_does_not_end_in_a_corner():
    """A leap of 80 steps beyond all shares, cut at 0, was once taken for the end, with one label for all rows."""
    generator = np.random.default_rng(8)
    for _ in range(30):
        p, prior = hard_to_tell(300, generator)
        found = expectation_maximization(p[None], prior[None], np.ones((1, 300)))[0]
        plain = prior
        for _ in range(3000):
            each = p * plain / prior
            plain = (each / each.sum(axis=1, keepdims=True)).mean(axis=0)
        assert found == pytest.approx(plain, abs=1e-3)


def test_a_sample_without_a_label_says_nothing_of_its_errors():
    """Favor in 2 of 40 documents of validation: one sample in seven lacks it."""
    generator = np.random.default_rng(9)
    scored, gold = drawn(40, (0.5, 0.5, 0.0), generator)
    gold[[0, 1, 2, 10, 11]] = 2
    scored.probabilities[[0, 1, 2, 10, 11]] = [0.2, 0.3, 0.5]
    errors = Errors.of(Scored(scored.documents, gold, scored.probabilities), samples=60, seed=0)
    whole = errors.bias == errors.bias[0]
    lacking = (errors.prior == errors.prior[0]).all(axis=1)[1:]
    assert 3 < lacking.sum() < 20
    assert whole[1:][lacking].all()
    corpus, _ = drawn(60, (0.5, 0.4, 0.1), generator)
    assert measure_shares(errors, corpus)["em"]["favor"]["high"] < 0.5


def simulated(corpora: int, samples: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Corpora of 600 rows, each with a validation part of 500: by method, how far each share is off, and how often its
    interval holds the truth.
    """
    generator = np.random.default_rng(11)
    off = {method: np.zeros((corpora, 3)) for method in METHODS}
    held = dict.fromkeys(METHODS, 0.0)
    for trial in range(corpora):
        errors = Errors.of(validation_of(50, generator), samples=samples, seed=trial)
        corpus, _ = drawn(60, OF_CORPUS, generator)
        found = measure_shares(errors, corpus, seed=5000 + trial)
        for method in METHODS:
            for number, (label, true) in enumerate(zip(LABELS, OF_CORPUS, strict=True)):
                share = found[method][label]
                off[method][trial, number] = share["value"] - true
                held[method] += (share["low"] <= true <= share["high"]) / (3 * corpora)
    return off, held


def test_on_known_truth_counting_is_biased_and_the_corrections_are_not():
    off, held = simulated(corpora=12, samples=40)
    bias = {method: np.abs(values.mean(axis=0)).max() for method, values in off.items()}
    assert bias["counted"] > 0.15
    assert bias["adjusted"] < 0.04
    assert bias["em"] < 0.04
    assert held["counted"] < 0.3
    assert held["adjusted"] > 0.8
    assert held["em"] > 0.8
    assert off["em"].std() < off["adjusted"].std()


@pytest.mark.slow
def test_intervals_of_the_corrections_are_95_percent_intervals():
    """The numbers of docs/evaluation.md."""
    off, held = simulated(corpora=100, samples=200)
    assert np.abs(off["adjusted"].mean(axis=0)).max() < 0.01
    assert np.abs(off["em"].mean(axis=0)).max() < 0.01
    assert off["counted"].mean(axis=0)[0] == pytest.approx(-0.19, abs=0.01)
    assert 0.9 <= held["adjusted"] <= 0.98
    assert 0.9 <= held["em"] <= 0.98
    assert held["counted"] == 0


def test_each_target_has_its_own_shares():
    generator = np.random.default_rng(4)
    errors = Errors.of(validation_of(60, generator), samples=30, seed=0)
    (first, _), (second, _) = drawn(40, (0.8, 0.1, 0.1), generator), drawn(20, (0.1, 0.1, 0.8), generator)
    both = Scored(
        np.concatenate([first.documents, second.documents + 40]),
        np.concatenate([first.labels, second.labels]),
        np.vstack([first.probabilities, second.probabilities]),
    )
    found = measure_by_target(errors, both, ["leave"] * 400 + ["stay"] * 200)
    assert [(target, one["n"], one["documents"]) for target, one in found.items()] == [
        ("leave", 400, 40),
        ("stay", 200, 20),
    ]
    assert found["leave"] == measure_shares(errors, first)
    assert found["leave"]["em"]["against"]["low"] > found["stay"]["em"]["against"]["high"]
    table = shares_table({"all": measure_shares(errors, both), "targets": found}).splitlines()
    assert len(table) == 2 + 3 + 2
    assert table[-1].startswith("| stay | em | 0.")
    assert table[-1].endswith("| 200 (20) |")


def test_a_single_document_says_nothing_of_others():
    errors = Errors.of(validation_of(20, np.random.default_rng(5)), samples=20, seed=0)
    corpus, _ = drawn(1, OF_CORPUS, np.random.default_rng(6))
    assert measure_shares(errors, corpus)["em"]["favor"].items() >= {"low": 0.0, "high": 1.0}.items()
    errors = Errors.of(validation_of(1, np.random.default_rng(5)), samples=20, seed=0)
    found = measure_shares(errors, drawn(20, OF_CORPUS, np.random.default_rng(6))[0])
    assert found["adjusted"]["favor"].items() >= {"low": 0.0, "high": 1.0}.items()
    assert found["counted"]["favor"]["high"] < 1


def test_errors_that_do_not_tell_the_labels_apart_leave_the_adjusted_count_open():
    """Of a model that calls every row favor, any shares would give what was counted."""
    probabilities = np.tile([0.2, 0.3, 0.5], (90, 1))
    errors = Errors.of(Scored(np.arange(90), np.arange(90) % 3, probabilities), 50, 0)
    found = measure_shares(errors, Scored(np.arange(90), np.full(90, 2), probabilities))
    assert all((share["low"], share["high"]) == (0, 1) for share in found["adjusted"].values())
    assert found["counted"]["favor"] == {"value": 1, "low": 1, "high": 1}


def test_validation_survives_its_file_and_lacks_nothing(tmp_path):
    validation = validation_of(3, np.random.default_rng(7))
    write_validation(tmp_path, validation)
    again = read_validation(tmp_path)
    for name in ("documents", "labels", "probabilities"):
        assert np.array_equal(getattr(again, name), getattr(validation, name))
    write_validation(tmp_path, validation.rows(validation.labels != 2))
    with pytest.raises(StanceError, match=r"labels without a validation row; found \['favor'\]"):
        read_validation(tmp_path)
    (tmp_path / "validation.safetensors").write_bytes(b"cut")
    with pytest.raises(StanceError, match=r"validation\.safetensors: damaged"):
        read_validation(tmp_path)
    with pytest.raises(StanceError, match=r"no validation\.safetensors; allowed: a checkpoint from scripts/train\.py"):
        read_validation(tmp_path.parent)


def test_validation_of_another_shape_is_refused(tmp_path):
    arrays = {"gold": np.arange(3), "probabilities": np.full((3, 2), 0.5), "documents": np.arange(3)}
    save_file(arrays, tmp_path / "validation.safetensors")
    with pytest.raises(StanceError, match=r"validation\.safetensors: damaged"):
        read_validation(tmp_path)
