"""Measures against scikit-learn and the official definition; intervals by simulation with known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from stance.base.labels import LABELS
from stance.base.measures import (
    ALL_MEASURES,
    MEAN_OVER_TARGETS,
    accuracy,
    f1,
    favor_against_f1,
    macro_f1,
    precision,
    recall,
)
from stance.evaluation.metrics import (
    confusion,
    document_weights,
    grouped_confusions,
    measure,
    score,
    weighted_sum,
)

PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=60)


@given(PAIRS)
def test_measures_are_those_of_scikit_learn_with_three_fixed_labels(pairs):
    gold, predicted = zip(*pairs, strict=True)
    matrix = confusion(gold, predicted)
    options = {"labels": list(LABELS), "zero_division": 0}
    assert macro_f1(matrix) == pytest.approx(f1_score(gold, predicted, average="macro", **options))
    assert accuracy(matrix) == pytest.approx(accuracy_score(gold, predicted))
    p, r, f, _ = precision_recall_fscore_support(gold, predicted, **options)
    assert precision(matrix) == pytest.approx(p)
    assert recall(matrix) == pytest.approx(r)
    assert f1(matrix) == pytest.approx(f)
    poles = f1_score(gold, predicted, average="macro", labels=["favor", "against"], zero_division=0)
    assert favor_against_f1(matrix) == pytest.approx(poles)


def test_a_missing_label_counts_as_zero_and_not_as_absent():
    """scikit-learn without the label list calls this 1.0."""
    gold = predicted = ["favor", "against"]
    assert f1_score(gold, predicted, average="macro") == 1.0
    assert macro_f1(confusion(gold, predicted)) == pytest.approx(2 / 3)


def test_the_semeval_measure_by_hand():
    """12 gold favor of which 6 found among 10 said; 10 gold against of which 5 found among 8 said."""
    matrix = np.array([[5, 3, 2], [2, 4, 2], [1, 5, 6]], dtype=float)
    favor = 2 * (6 / 10) * (6 / 12) / (6 / 10 + 6 / 12)
    against = 2 * (5 / 8) * (5 / 10) / (5 / 8 + 5 / 10)
    assert favor_against_f1(matrix) == pytest.approx((favor + against) / 2)


@pytest.mark.parametrize("name", ALL_MEASURES)
def test_weights_stand_for_repeated_documents(name):
    generator = np.random.default_rng(1)
    gold = [LABELS[i] for i in generator.integers(3, size=40)]
    predicted = [LABELS[i] for i in generator.integers(3, size=40)]
    documents = [f"d{i // 5}" for i in range(40)]
    targets = [f"t{i % 3}" for i in range(40)]
    weights = document_weights(8, 20, seed=0)
    values = measure(name, weights, *grouped_confusions(gold, predicted, documents, targets))
    for sample in range(21):
        rows = [i for i in range(40) for _ in range(int(weights[sample, i // 5]))]
        again = [[column[i] for i in rows] for column in (gold, predicted, documents, targets)]
        expected = measure(name, np.ones((1, len(set(again[2])))), *grouped_confusions(*again))
        assert values[sample] == pytest.approx(expected[0])


def test_the_mean_over_targets_by_hand():
    gold = ["favor", "against", "favor", "favor"]
    predicted = ["favor", "favor", "favor", "favor"]
    groups = grouped_confusions(gold, predicted, list("abcd"), ["x", "x", "y", "y"])
    x = np.mean([2 / 3, 0])
    y = np.mean([1.0, 0])
    assert measure(MEAN_OVER_TARGETS, np.ones((1, 4)), *groups)[0] == pytest.approx((x + y) / 2)


def test_an_unknown_measure_is_named():
    with pytest.raises(KeyError, match="unknown measure 'micro'"):
        measure("micro", np.ones((1, 1)), *grouped_confusions(["favor"], ["favor"], ["d"], ["t"]))


def test_the_interval_covers_the_truth_when_documents_are_alike_inside():
    """Rows of a document are right or wrong together: resampling rows would cover far less than 95%."""
    generator = np.random.default_rng(0)
    covered = covered_by_rows = 0
    trials = 200
    for trial in range(trials):
        right = np.repeat(generator.random(40) < 0.7, 6)
        gold = ["favor"] * 240
        predicted = ["favor" if r else "against" for r in right]
        for documents in (np.repeat(np.arange(40), 6), np.arange(240)):
            names = [str(d) for d in documents]
            groups = grouped_confusions(gold, predicted, names, ["t"] * 240)
            values = measure("accuracy", document_weights(len(set(names)), 200, seed=trial), *groups)
            found = score(values, documents=2)
            if len(set(names)) == 40:
                covered += found.low <= 0.7 <= found.high
            else:
                covered_by_rows += found.low <= 0.7 <= found.high
    assert 0.89 <= covered / trials <= 0.99
    assert covered_by_rows / trials < 0.75


def macro_f1_coverage(corpora: int, documents: int) -> tuple[float, float]:
    """How often the 95% intervals of simulated corpora hold the true macro-F1: resampling documents, and rows.

    A document has 8 rows, mostly of one label, and is an easy or a hard one. The truth is that of the expected
    confusion matrix.
    """
    generator = np.random.default_rng(7)
    shares, skills = np.array([0.25, 0.45, 0.3]), np.array([0.95, 0.35])
    truth = np.diag(shares) @ (np.full((3, 3), 0.175) + np.eye(3) * (0.65 - 0.175))
    true_value = float(macro_f1(truth))
    covered = np.zeros(2)
    for corpus in range(corpora):
        main = generator.choice(3, p=shares, size=(documents, 1))
        gold = np.where(
            generator.random((documents, 8)) < 0.7, main, generator.choice(3, p=shares, size=(documents, 8))
        )
        right = generator.random(gold.shape) < generator.choice(skills, size=(documents, 1))
        said = np.where(right, gold, (gold + generator.integers(1, 3, size=gold.shape)) % 3)
        matrices = np.zeros((documents, 9))
        np.add.at(matrices, (np.arange(documents)[:, None], 3 * gold + said), 1)
        weights = document_weights(documents, 400, seed=corpus)
        by_document = macro_f1(weighted_sum(weights, matrices.reshape(-1, 3, 3)))
        cells = matrices.sum(axis=0)
        drawn = generator.multinomial(gold.size, cells / gold.size, size=400)
        by_row = macro_f1(np.vstack([cells, drawn]).reshape(-1, 3, 3))
        for kind, values in enumerate((by_document, by_row)):
            found = score(values, documents=2)
            covered[kind] += found.low <= true_value <= found.high
    return tuple(covered / corpora)


def test_the_interval_of_macro_f1_covers_the_truth_and_that_of_rows_does_not():
    by_document, by_row = macro_f1_coverage(corpora=300, documents=60)
    assert 0.90 <= by_document <= 0.99
    assert by_row < 0.85


@pytest.mark.slow
def test_the_interval_of_macro_f1_is_a_95_percent_interval():
    by_document, _ = macro_f1_coverage(corpora=1000, documents=120)
    assert 0.93 <= by_document <= 0.97
