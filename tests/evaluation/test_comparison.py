"""Comparisons: tests by hand and against scipy; levels and power by simulation with known truth."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from scipy.stats import binomtest

from conftest import example
from stance.base.labels import LABELS
from stance.base.measures import macro_f1
from stance.evaluation import metrics
from stance.evaluation.comparison import (
    PValues,
    compare,
    differing_rows,
    holm,
    in_words,
    mcnemar,
    paired_difference,
    randomization,
)
from stance.evaluation.metrics import Score

ROWS = [
    example(i, LABELS[i % 3], target=f"t{i // 45}", document=f"d{i // 3}")
    for i in range(90)
]  # fmt: skip
GOLD = [row.label for row in ROWS]


def flawed(share: float, seed: int = 0) -> list[str]:
    """The gold labels, a share of them moved to another label."""
    generator = np.random.default_rng(seed)
    return [LABELS[(LABELS.index(g) + (generator.random() < share)) % 3] for g in GOLD]


def test_holm_by_hand():
    """0.01 x 4, 0.02 x 3, then 0.03 x 2 may not fall below 0.06, 0.04 x 1 neither."""
    assert holm([0.01, 0.04, 0.03, 0.02]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]


def test_mcnemar_by_hand_and_against_scipy():
    """Of 10 rows that one alone has right, 1 is that of the first: p = 2 (1 + 10) / 2^10."""
    gold = ["favor"] * 14
    a = ["favor"] * 5 + ["against"] * 9
    b = ["favor"] * 4 + ["neutral"] + ["favor"] * 9
    found = mcnemar(gold, a, b)
    assert (found.only_minus_right, found.only_system_right) == (1, 9)
    assert found.p == pytest.approx(22 / 1024)
    assert found.p == pytest.approx(binomtest(1, 10, 0.5).pvalue)
    assert mcnemar(gold, a, a).p == 1.0


def test_randomization_over_few_documents_by_hand():
    """Four documents, the second system right on all and the first on none: 2 of 16 swaps are as extreme."""
    rows = [example(i, "favor", document=f"d{i}") for i in range(4)]
    accuracy = partial(metrics.measure, "accuracy")
    p = randomization(accuracy, rows, [["against"] * 4], [["favor"] * 4], 20_000, 0)
    assert p == pytest.approx(2 / 16, abs=0.01)


def test_the_difference_is_that_of_the_measures_and_its_parts_carry_n():
    a, b = flawed(0.5), flawed(0.2, seed=1)
    (found,) = compare(ROWS, {"a": [a], "b": [b]}, headline="macro_f1", samples=300)
    values = [float(macro_f1(metrics.confusion(GOLD, labels))) for labels in (b, a)]
    assert found.values == pytest.approx(values)
    assert found.difference.value == pytest.approx(values[0] - values[1])
    assert found.difference.low < found.difference.value < found.difference.high
    assert {target: part.n for target, part in found.targets.items()} == {"t0": 45, "t1": 45}
    mean = np.mean([part.difference.value for part in found.labels.values()])
    assert mean == pytest.approx(found.difference.value)
    assert found.distinguishable
    assert f"{found.rows} of 90 rows differ" in in_words(found, 1)


def test_a_system_is_not_distinguishable_from_itself_and_says_so():
    (found,) = compare(ROWS, {"a": [flawed(0.3)], "same": [flawed(0.3)]}, headline="macro_f1", samples=100)
    assert found.difference == Score(0.0, 0.0, 0.0)
    assert found.p == PValues(bootstrap=1.0, randomization=1.0)
    assert found.rows == 0
    assert "not distinguishable; 0 of 90 rows differ" in in_words(found, 1)


def test_three_systems_are_compared_with_the_first_and_corrected():
    systems = {"a": [flawed(0.5)], "b": [flawed(0.2, 1)], "c": [flawed(0.5, 2)]}
    found = compare(ROWS, systems, headline="macro_f1", samples=500)
    assert [(one.system, one.minus) for one in found] == [("b", "a"), ("c", "a")]
    for kind in ("bootstrap", "randomization"):
        assert [getattr(one.p_holm, kind) for one in found] == holm([getattr(one.p, kind) for one in found])
    assert found[0].distinguishable
    assert not found[1].distinguishable
    assert "Holm-corrected for 2 comparisons" in in_words(found[1], 2)


def test_trainings_are_averaged_and_unequal_numbers_of_them_compared():
    a, b = [flawed(0.5)], [flawed(0.2, seed) for seed in (1, 2)]
    (found,) = compare(ROWS, {"a": a, "b": b}, headline="accuracy", samples=200)
    each = [np.mean([x == g for x, g in zip(labels, GOLD, strict=True)]) for labels in b]
    assert found.values[0] == pytest.approx(np.mean(each))
    assert found.mcnemar is None
    assert found.seeds == [2, 1]
    assert found.p.randomization < 0.05


def test_from_a_single_document_nothing_is_known():
    rows = [example(i, LABELS[i % 3], document="d") for i in range(9)]
    gold = [row.label for row in rows]
    (found,) = compare(rows, {"bad": [["favor"] * 9], "good": [gold]}, headline="macro_f1", samples=50)
    assert (found.difference.low, found.difference.high) == (-1.0, 1.0)
    assert found.p == PValues(bootstrap=1.0, randomization=1.0)
    assert not found.distinguishable


def test_the_rows_that_differ_are_listed_with_what_both_said():
    a, b = list(GOLD), list(GOLD)
    b[4] = "favor" if GOLD[4] != "favor" else "against"
    (row,) = differing_rows(ROWS, [a, a, a], [b, a, b])
    assert (row["id"], row["gold"], row["minus"], row["system"]) == (ROWS[4].id, GOLD[4], GOLD[4], b[4])
    json.dumps(row)
    assert differing_rows(ROWS, [a, b], [a]) == []  # as often one as the other: the first counts, whichever label it is
    assert [row["minus"] for row in differing_rows(ROWS, [b, a], [a])] == [b[4]]


def test_of_two_equal_systems_five_percent_are_told_apart():
    """Documents are right or wrong as a whole. By rows, McNemar finds differences far too often."""
    generator = np.random.default_rng(3)
    rows = [example(i, "favor", target="t", document=f"d{i // 6}") for i in range(180)]
    accuracy = partial(metrics.measure, "accuracy")
    found = np.zeros(3)
    for trial in range(120):
        right = np.repeat(generator.random((30, 2)) < 0.6, 6, axis=0)
        a, b = ([LABELS[2 if r else 0] for r in column] for column in right.T)
        ps = (
            randomization(accuracy, rows, [a], [b], 200, trial),
            paired_difference(accuracy, rows, [a], [b], 200, trial).p,
            mcnemar(["favor"] * 180, a, b).p,
        )
        found += np.array(ps) < 0.05
    assert found[0] / 120 <= 0.10
    assert found[1] / 120 <= 0.13
    assert found[2] / 120 >= 0.25
