"""Linear models: they learn, they are stored without pickle, and they come back the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from conftest import example
from stance.agreement import aggregate
from stance.errors import StanceError
from stance.labels import LABEL2ID, LABELS
from stance.linear import OWN_WEIGHTS_FROM, EmbeddingFeatures, LinearModel, TfidfFeatures


@pytest.fixture(scope="module")
def rows(readable_annotations):
    examples = aggregate(readable_annotations).examples
    return [e for e in examples if e.document < "G"], [e for e in examples if e.document >= "G"]


def fitted(features, train, validation, **options):
    options = {"classifier": "svm", "C": 1.0, "class_weight": True} | options
    return LinearModel.fit(features, train, validation, **options)


def columns(examples):
    return (
        [e.text for e in examples],
        [e.target for e in examples],
        [e.holder for e in examples],
        [""] * len(examples),
    )


def test_tfidf_learns_words_and_survives_its_folder(tmp_path, rows):
    train, other = rows
    model = fitted(TfidfFeatures.fit(train), train, other)
    probabilities = model.predict_proba(*columns(other))
    found = [LABELS[i] for i in probabilities.argmax(axis=1)]
    assert np.mean([f == e.label for f, e in zip(found, other, strict=True)]) > 0.7
    assert probabilities.sum(axis=1) == pytest.approx(1)
    model.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}
    loaded = LinearModel.load(tmp_path, TfidfFeatures.load(tmp_path))
    assert np.array_equal(loaded.predict_proba(*columns(other)), probabilities)


def test_the_scale_never_changes_a_label_and_lowers_the_loss(rows):
    train, other = rows
    model = fitted(TfidfFeatures.fit(train), train, other)
    decisions = model.decisions(*columns(other)[:3])
    assert np.array_equal(decisions.argmax(axis=1), model.predict_proba(*columns(other)).argmax(axis=1))
    gold = [LABEL2ID[e.label] for e in other]
    at = np.arange(len(gold))
    scaled, plain = (-np.log(softmax(s * decisions, axis=1)[at, gold]).mean() for s in (model.scale, 1.0))
    assert scaled <= plain + 1e-6


def test_without_own_weights_it_is_scikit_learns_svm(rows):
    train, other = rows
    model = fitted(TfidfFeatures.fit(train), train, other, class_weight=False)
    blocks, targets = [], []
    for field, params in TfidfFeatures.PARAMS.values():
        vectorizer = TfidfVectorizer(**params)
        blocks.append(vectorizer.fit_transform([getattr(e, field) for e in train]).toarray())
        targets.append(vectorizer.transform([getattr(e, field) for e in other]).toarray())
    svm = LinearSVC(C=1.0, random_state=0, max_iter=10_000).fit(np.hstack(blocks), [LABEL2ID[e.label] for e in train])
    assert model.decisions(*columns(other)[:3]) == pytest.approx(svm.decision_function(np.hstack(targets)), abs=1e-3)


def test_frequent_targets_get_weights_of_their_own():
    """The word means the opposite for the two targets: shared weights cannot learn it."""
    train = [
        example(i, "favor" if (i % 2) == (i // 2 % 2) else "against", holder="", target=f"target {i % 2}",
                text=("yes please" if i // 2 % 2 else "no thanks") + f" {i % 7}")
        for i in range(3 * OWN_WEIGHTS_FROM)
    ]  # fmt: skip
    model = fitted(TfidfFeatures.fit(train), train, train)
    assert model.own == ("target 0", "target 1")
    found = [LABELS[i] for i in model.predict_proba(*columns(train)).argmax(axis=1)]
    assert found == [e.label for e in train]


def test_rows_that_cannot_be_learnt_from_are_refused():
    with pytest.raises(StanceError, match=r"train: one label only; found \['favor'\]"):
        fitted(None, [example(1, "favor"), example(2, "favor")], [])
    with pytest.raises(StanceError, match="the training rows hold no words"):
        TfidfFeatures.fit([example(1, text="!", target="?", holder="")])
    features = TfidfFeatures.fit([example(i, text="they met", holder="A") for i in range(3)])
    assert "holder_words" not in features.vectorizers


@pytest.mark.parametrize("classifier", ["svm", "logistic"])
def test_two_labels_in_train_leave_the_third_impossible(classifier):
    words = {"favor": "accepted gladly", "against": "refused flatly"}
    train = [
        example(i, label, text=f"they {words[label]} {i % 5}", holder="")
        for i, label in enumerate(["favor", "against"] * 20)
    ]
    model = fitted(TfidfFeatures.fit(train), train, train, classifier=classifier)
    probabilities = model.predict_proba(*columns(train))
    assert probabilities[:, LABEL2ID["neutral"]].max() < 1e-6
    assert [LABELS[i] for i in probabilities.argmax(axis=1)] == [e.label for e in train]


def test_embeddings_of_the_packaged_encoder(tmp_path, rows):
    train, other = rows
    features = EmbeddingFeatures.load_encoder("all-MiniLM-L6-v2")
    matrix = features.transform(*columns(train)[:3])
    assert matrix.shape == (len(train), 5 * 384)
    assert np.linalg.norm(matrix[:, :384], axis=1) == pytest.approx(1, abs=1e-5)
    model = fitted(features, train, other, classifier="logistic")
    probabilities = model.predict_proba(*columns(other))
    model.save(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".bin", ".pkl", ".pt", ".py")]
    loaded = LinearModel.load(tmp_path, EmbeddingFeatures.load(tmp_path))
    modules = tmp_path / "encoder" / "modules.json"
    modules.write_text(modules.read_text().replace("sentence_transformers.", "own_code.", 1))
    with pytest.raises(StanceError, match="foreign class; found 'own_code"):
        EmbeddingFeatures.load(tmp_path)
    (tmp_path / "encoder" / "extra.py").write_text("print()")
    with pytest.raises(StanceError, match=r"extra\.py: a file that a checkpoint does not hold"):
        EmbeddingFeatures.load(tmp_path)
    assert loaded.predict_proba(*columns(other)) == pytest.approx(probabilities, abs=1e-6)
