"""Aggregation and agreement."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest

from conftest import annotation
from stance.base.labels import LABELS
from stance.data.agreement import aggregate, alpha_interval, fleiss, fleiss_kappa, krippendorff_alpha, pairs


def test_the_majority_decides_and_the_votes_stay():
    rows = [annotation(1, "favor", "a"), annotation(1, "favor", "b"), annotation(1, "neutral", "c")]
    (example,) = aggregate(rows).examples
    assert example.label == "favor"
    assert example.votes == (0, 1, 2)


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


def test_one_document_says_nothing_of_how_far_alpha_would_vary():
    rows = [
        annotation(i, LABELS[(i + (i % 5 == 0)) % 3 if j else i % 3], "ab"[j], document="d")
        for i in range(9)
        for j in (0, 1)
    ]
    alpha, low, high = alpha_interval(rows, samples=10)
    assert 0 < alpha < 1 and (low, high) == (-1, 1)
    assert alpha_interval([*rows, annotation(99)], samples=10) == (alpha, low, high)  # a second, judged by one
    assert np.isnan(alpha_interval([annotation(1)], samples=10)).all()


def test_the_order_of_the_labels_counts_in_ordinal_alpha():
    near = [["against", "neutral"], ["neutral", "favor"], *[["against"] * 2, ["neutral"] * 2, ["favor"] * 2] * 4]
    far = [["against", "favor"], ["favor", "against"], *near[2:]]
    assert krippendorff_alpha(near, "ordinal") > krippendorff_alpha(near) + 0.05
    assert krippendorff_alpha(far, "ordinal") < krippendorff_alpha(far) - 0.05


#: Table 1 of Fleiss (1971): how many of six psychiatrists gave each of 30 patients each of five diagnoses.
FLEISS_1971 = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""


def test_fleiss_kappa_is_that_of_his_worked_example():
    counts = np.array([[int(digit) for digit in row] for row in FLEISS_1971.split()])
    assert counts.sum(axis=0).tolist() == [26, 26, 30, 55, 43]
    assert fleiss_kappa(counts) == pytest.approx(0.430, abs=0.0005)


def test_fleiss_kappa_takes_rows_with_the_usual_number_of_judgements_and_says_how_many():
    rows = [annotation(i, LABELS[i % 3], name) for i in range(6) for name in "abc"]
    rows += [annotation(i, LABELS[(i + (name == "b")) % 3], name) for i in range(6, 10) for name in "ab"]
    rows.append(annotation(10, "favor", "a"))
    assert fleiss(rows) == {"kappa": 1, "judgements": 3, "rows": 6, "judged_by_several": 10}
    assert fleiss([annotation(1)])["kappa"] is None
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa(np.array([[1, 1, 0], [3, 0, 0]]))


def test_kappa_of_each_pair_is_on_the_rows_that_both_judged():
    first, second = [0, 0, 1, 1, 2, 2, 0, 1], [0, 1, 1, 1, 2, 0, 0, 1]
    rows = [annotation(i, LABELS[label], "zoe") for i, label in enumerate(first)]
    rows += [annotation(i, LABELS[label], "ann") for i, label in enumerate(second)]
    rows += [annotation(1, "favor", "ben"), annotation(90, "favor", "cy")]
    found = pairs(rows, ["ann", "ben", "cy", "zoe"])
    assert [(p["first"], p["second"], p["rows"], p["agreed"]) for p in found] == [
        ("ann", "ben", 1, 0),
        ("ann", "zoe", 8, 6),
        ("ben", "zoe", 1, 0),
    ]
    expected = (6 / 8 - (3 * 3 + 3 * 4 + 2 * 1) / 64) / (1 - (3 * 3 + 3 * 4 + 2 * 1) / 64)
    assert found[1]["kappa"] == pytest.approx(expected)
    assert pairs([annotation(1, "favor", "ann"), annotation(1, "favor", "zoe")], ["ann", "zoe"])[0]["kappa"] is None
