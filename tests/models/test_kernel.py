"""The kernel machine: it reads text, target and holder together, and comes back from its folder the same."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from conftest import example, questions
from stance.base.errors import StanceError
from stance.base.labels import LABEL2ID, LABELS
from stance.models import kernel
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.config import KernelConfig
from stance.models.fitting import Setup
from stance.models.kernel import KernelModel, with_words

TALKS, STRIKE = "open peace talks", "call off the strike"
CALM, ANGRY = "They said it was a good day for everyone", "They left the hall in anger"


def crossed(rows: int) -> list:
    """What a tone means depends on the target: no sum over text and target can learn it."""
    return [
        example(i, "favor" if (i % 2 == 0) == (i // 2 % 2 == 0) else "against", holder="",
                text=f"{(CALM, ANGRY)[i % 2]}, {i // 4} of them", target=(TALKS, STRIKE)[i // 2 % 2])
        for i in range(rows)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def model() -> KernelModel:
    return KernelModel.fit(KernelConfig(name="kernel"), crossed(40), crossed(12), Setup())


def test_what_a_text_means_may_depend_on_the_target(model):
    texts = [f"{CALM}, 77 of them", f"{CALM}, 77 of them", f"{ANGRY}, 77 of them"]
    probabilities = model.predict_proba(questions(texts, [TALKS, STRIKE, STRIKE]))
    assert [LABELS[i] for i in probabilities.argmax(axis=1)] == ["favor", "against", "favor"]
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities.argmax(axis=1).tolist().count(LABEL2ID["neutral"]) == 0  # a label that train does not have


def test_the_weights_solve_the_regularized_least_squares(model):
    """(K + alpha / w) c = y, with rows weighted by label; here both labels are as frequent, so that w is 1."""
    points = kernel._points(model.vectors, model.rows, model.pair_weight).astype(float)
    gram = rbf_kernel(points, gamma=model.gamma)
    gold = 2 * np.eye(3)[[LABEL2ID[e.label] for e in crossed(40)]] - 1
    assert (gram + np.eye(40)) @ model.weights == pytest.approx(gold, abs=1e-6)


def test_rare_labels_weigh_more_unless_told_otherwise():
    rows = [example(i, "against" if i else "favor", text="They met again", target=TALKS, holder="") for i in range(9)]
    rows.append(example(9, "favor", text="They met again", target=TALKS, holder=""))
    balanced = KernelModel.fit(KernelConfig(name="kernel"), rows, rows, Setup())
    plain = KernelModel.fit(KernelConfig(name="kernel", class_weight=False), rows, rows, Setup())
    asked = questions(["They met again"], [TALKS])
    assert balanced.decisions(asked)[0, 2] == pytest.approx(balanced.decisions(asked)[0, 0], abs=1e-6)
    assert plain.decisions(asked)[0, 2] < plain.decisions(asked)[0, 0] - 0.5


def test_it_is_stored_without_pickle_and_comes_back_the_same(model, tmp_path, monkeypatch):
    monkeypatch.setattr(kernel, "CHUNK", 2)
    asked = [f"{CALM}, {i} of them" for i in range(5)], [STRIKE] * 5, [""] * 5
    StanceClassifier(model, Card("kernel")).save_pretrained(tmp_path / "checkpoint")
    suffixes = {path.suffix for path in (tmp_path / "checkpoint").rglob("*") if path.is_file()}
    assert suffixes <= {".json", ".safetensors", ".txt", ".md"}
    loaded = StanceClassifier.from_pretrained(tmp_path / "checkpoint")
    found = [list(p.scores.values()) for p in loaded.predict(*asked)]
    assert found == pytest.approx(model.predict_proba(questions(*asked)), abs=1e-6)


def test_rows_that_cannot_be_learnt_from_are_refused(monkeypatch):
    config = KernelConfig(name="kernel")
    with pytest.raises(StanceError, match=r"train: one label only; found \['favor'\]"):
        KernelModel.fit(config, [example(1, "favor"), example(2, "favor")], [], Setup())
    monkeypatch.setattr(kernel, "MOST_ROWS", 3)
    with pytest.raises(StanceError, match="train: too many rows for model=kernel; found 4; allowed: up to 3"):
        KernelModel.fit(config, crossed(4), [], Setup())
    with pytest.raises(StanceError, match=r"model\.alpha: too small; found 0; allowed: above 0"):
        KernelConfig(name="kernel", alpha=0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no deal #TalkToThem2day", "no deal Talk To Them 2 day"),
        ("#NATOSummit now", "NATO Summit now"),
        ("#peace", "peace"),
        ("#мир and #和平", "мир and 和平"),
        ("item # 4, no tag", "item # 4, no tag"),
    ],
)
def test_hashtags_are_read_as_words(text, words):
    assert with_words(text) == words
