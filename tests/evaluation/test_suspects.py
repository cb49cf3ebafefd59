"""Labels that were turned are found again, far above chance."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from conftest import FRAMES, PLACES, WORDS, example
from stance.base.errors import StanceError
from stance.base.labels import LABEL2ID, LABELS
from stance.evaluation.suspects import Suspect, find_suspects, out_of_fold, write_suspects
from stance.models.config import LinearConfig

SVM = LinearConfig(name="tfidf", features="tfidf", classifier="svm", C=0.1)


def readable(rows: int):
    """Rows whose label a model can read off one word, six a document."""
    found = []
    for number in range(rows):
        label, place = LABELS[number % 3], PLACES[number * 5 % 12]
        word = WORDS[label][number * 7 % 4]
        text = FRAMES[number % 6].format(place=place, word=word, target=f"open gate {number % 11}")
        found.append(example(number, label, text=text, document=f"d{number // 6}", target=f"open gate {number % 11}"))
    return found


def test_planted_labels_come_first():
    rows = readable(240)
    generator = np.random.default_rng(0)
    planted = generator.choice(len(rows), 24, replace=False)
    for index in planted:
        others = [label for label in LABELS if label != rows[index].label]
        rows[index] = replace(rows[index], label=others[int(generator.integers(2))])
    suspects = find_suspects(rows, out_of_fold(rows, SVM, folds=4))
    turned = {rows[index].id for index in planted}
    first = [suspect.example.id in turned for suspect in suspects[:20]]
    assert len(first) == 20
    assert sum(first) >= 16  # by chance 2 of 20
    truth = {row.id: row.label for row in readable(240)}
    right = [suspect.suggested == truth[suspect.example.id] for suspect in suspects if suspect.example.id in turned]
    assert np.mean(right) > 0.9
    confidences = [suspect.confidence for suspect in suspects]
    assert confidences == sorted(confidences)


def test_a_row_is_judged_by_models_that_did_not_see_its_document():
    """Each document has a word of its own that tells its label: whoever saw one row of it knows the others."""
    rows = []
    for number in range(240):
        document = number // 8
        label = LABELS[document * 7 // 5 % 3]
        rows.append(example(number, label, text=f"word{document}x spoke", document=f"d{document}", target="t"))
    said = out_of_fold(rows, SVM, folds=4)
    assert said.sum(axis=1) == pytest.approx(np.ones(240))
    right = np.mean([LABELS[best] == row.label for best, row in zip(said.argmax(axis=1), rows, strict=True)])
    assert right < 0.6
    alone = [replace(row, document=row.id) for row in rows]
    told = out_of_fold(alone, SVM, folds=4).argmax(axis=1)
    assert np.mean([LABELS[best] == row.label for best, row in zip(told, rows, strict=True)]) > 0.9


def test_confident_learning_by_hand():
    """Averages of own labels: against 0.6, neutral 0.5, favor 0.7; so the fourth is suspect and the fifth is not."""
    given = ["against", "against", "neutral", "against", "neutral", "favor"]
    probabilities = np.array(
        [
            [0.90, 0.05, 0.05],
            [0.80, 0.10, 0.10],
            [0.10, 0.80, 0.10],
            [0.10, 0.15, 0.75],  # favor is above its average
            [0.20, 0.20, 0.60],  # favor is the most probable, and below its average
            [0.20, 0.10, 0.70],
        ]
    )
    rows = [example(i, label) for i, label in enumerate(given)]
    (suspect,) = find_suspects(rows, probabilities)
    assert (suspect.example.id, suspect.suggested) == ("r3", "favor")
    assert (suspect.confidence, suspect.suggested_confidence) == pytest.approx((0.10, 0.75))


def test_the_most_probable_label_is_suggested_where_another_one_reaches_its_average():
    """Averages: against 0.4, neutral 0.7, favor 0.45. The first row's favor reaches its own."""
    given = ["against", "against", "neutral", "favor", "neutral"]
    probabilities = np.array(
        [[0.05, 0.48, 0.47], [0.75, 0.15, 0.10], [0.1, 0.8, 0.1], [0.25, 0.30, 0.45], [0.15, 0.60, 0.25]]
    )
    suspects = find_suspects([example(i, label) for i, label in enumerate(given)], probabilities)
    assert [(suspect.example.id, suspect.suggested) for suspect in suspects] == [("r0", "neutral")]


def test_a_label_that_the_corpus_lacks_is_never_suggested():
    rows = [example(i, "favor" if i % 2 else "against") for i in range(40)]
    probabilities = np.full((40, 3), [0.05, 0.5, 0.45])
    for index, row in enumerate(rows):
        probabilities[index, LABEL2ID[row.label]] += 1
    probabilities[3] = [2, 0.9, 0.1]
    suspects = find_suspects(rows, probabilities / probabilities.sum(axis=1, keepdims=True))
    assert [(suspect.example.id, suspect.suggested) for suspect in suspects] == [("r3", "against")]


def test_what_cannot_be_done_is_said():
    with pytest.raises(StanceError, match=r"folds: .*found 5; allowed: 3 or more, and no more than .* \(2\)"):
        out_of_fold(readable(12), SVM)
    with pytest.raises(StanceError, match="all rows have one label"):
        find_suspects([example(1), example(2)], np.full((2, 3), 1 / 3))


def test_the_file_has_its_header_even_when_nothing_is_suspect(tmp_path):
    path = tmp_path / "none.csv"
    write_suspects(path, [], {})
    with path.open(encoding="utf-8") as lines:
        assert list(csv.DictReader(lines)) == []
    assert path.read_text(encoding="utf-8").startswith("rank,id,document,holder,target,text,label,suggested,confidence")


def test_suspects_may_be_opened_in_excel(tmp_path):
    suspect = Suspect(example(1, text="=1+1"), "against", 0.1, 0.9)
    for safe, shown in ((True, " =1+1"), (False, "=1+1")):
        write_suspects(tmp_path / "s.csv", [suspect], {}, excel_safe=safe)
        with (tmp_path / "s.csv").open(newline="") as lines:
            assert next(csv.DictReader(lines))["text"] == shown
