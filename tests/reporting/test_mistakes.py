"""Mistakes are counted and the surest come first; the page shows what the numbers say."""

from __future__ import annotations

import pytest

from conftest import answers, example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.predictions import Prediction
from stance.reporting.mistakes import Group, confident_mistakes, grouped, mistakes_page, report_mistakes


def test_mistakes_are_grouped_and_the_surest_come_first():
    examples = [example(i, LABELS[i % 3], tags=("odd", "even")[i % 2 :], holder="x" * (i > 2)) for i in range(6)]
    predictions = answers(examples, [False, False, True, True, True, True])
    predictions[1] = Prediction("against", {"against": 0.9, "neutral": 0.1, "favor": 0.0})
    groups = grouped(examples, predictions)
    assert groups.tag[0] == Group("even", n=6, wrong=2, accuracy=pytest.approx(4 / 6))
    assert groups.holder[0] == Group("(the author)", n=3, wrong=2, accuracy=pytest.approx(1 / 3))
    assert sum(cell.n for cell in groups.confusion) == 2
    found = confident_mistakes(examples, predictions)
    assert [(row.id, row.gold, row.predicted) for row in found] == [
        ("r1", "neutral", "against"),
        ("r0", "against", "neutral"),
    ]
    assert (found[0].confidence, found[0].gold_probability) == (0.9, 0.1)
    assert len(confident_mistakes(examples, predictions, most=1)) == 1


def test_without_probabilities_or_rows_it_says_so():
    with pytest.raises(StanceError, match="no probabilities"):
        confident_mistakes([example(1)], [Prediction("against")])
    with pytest.raises(StanceError, match="no rows"):
        report_mistakes([], [])


def test_a_text_breaks_no_table_and_a_faultless_model_has_a_page():
    examples = [example(i, LABELS[i % 3], tags=("odd",) * (i % 4 < 2), document=f"d{i % 10}") for i in range(200)]
    page = mistakes_page(report_mistakes(examples, answers(examples, [True] * 200), samples=10))
    assert page.startswith("0 of 200 rows in 10 documents are wrong (accuracy 1.000).")
    assert "0 of" in page.splitlines()[4]
    odd = [example(1, "favor", text="a | b\nc"), example(2, "favor")]
    page = mistakes_page(report_mistakes(odd, answers(odd, [False, True]), samples=10))
    assert "| a \\| b c | r1 |" in page


def test_the_page_names_the_weak_slices():
    examples = [example(i, LABELS[i % 3], tags=("odd",) * (i % 2), document=f"d{i % 40}") for i in range(200)]
    right = [i % 2 == 0 or i % 3 == 0 for i in range(200)]
    found = report_mistakes(examples, answers(examples, right), samples=20)
    page = mistakes_page(found)
    assert found.slices.tested[0].weak
    assert "| tag: odd | 100 (20) | 0.3" in page
    assert "| odd | 6" in page
