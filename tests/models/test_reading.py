"""What is said of how rows are read, and reading long texts in windows, whatever the kind of model."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
from transformers import set_seed

from conftest import example, questions
from stance.base.labels import LABELS
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.combined import Cascade
from stance.models.config import LinearConfig
from stance.models.encoder import EncoderModel
from stance.models.features import EmbeddingFeatures
from stance.models.input_format import InputFormat
from stance.models.linear import LinearModel
from stance.models.ngrams import TfidfFeatures
from stance.models.reading import Reading, count, marks, readers, readings, say, say_of, windowed

ROWS = [example(i, LABELS[i % 3], text=f"Town {i} {word} it.") for i, word in enumerate(["left", "met", "signed"] * 4)]
LONG = "Town 1 left. " + "It rained. " * 300 + "Town 1 signed."
ASKED = questions(["Town 1 left.", LONG, "We left."], ["sign"] * 3, ["Town 1", "Town 1", ""])


def linear(features):
    model = LinearModel.fit(features, LinearConfig(name="tfidf", features="tfidf", classifier="svm"), ROWS, ROWS)
    return StanceClassifier(model, Card("tfidf"))


@pytest.fixture(scope="module")
def models(tiny_encoder):
    set_seed(0)
    encoder = EncoderModel.new(str(tiny_encoder), InputFormat(mark="¤", max_length=32))
    found = {
        "encoder": StanceClassifier(encoder, Card("encoder", input_format=encoder.input_format)),
        "embedding": linear(EmbeddingFeatures.load_encoder(str(tiny_encoder))),
        "tfidf": linear(TfidfFeatures.fit(ROWS)),
    }
    found["ensemble"] = StanceClassifier.mean_of({name: found[name] for name in ("encoder", "tfidf")})
    both = (found[name].predictor for name in ("tfidf", "encoder"))
    found["cascade"] = StanceClassifier(Cascade(*both, 2.0, {}), Card("cascade"))
    return found


@pytest.mark.parametrize("kind", ["encoder", "embedding", "ensemble", "cascade"])
def test_long_texts_are_cut_and_in_windows_they_are_not(models, kind):
    model = models[kind]
    assert [row.text_cut for row in readings(model.predictor, ASKED)] == [False, True, False]
    assert [row.holder_mentioned for row in readings(model.predictor, ASKED)] == [True, True, None]
    plain, read = model.predictor.predict_proba(ASKED), windowed(model).predictor.predict_proba(ASKED)
    assert np.allclose(plain[[0, 2]], read[[0, 2]], atol=1e-6)
    assert np.allclose(read.sum(axis=1), 1)
    changed = [ASKED[0], replace(ASKED[1], text=LONG.replace("signed", "refused")), ASKED[2]]
    assert np.array_equal(model.predictor.predict_proba(changed)[1], plain[1]) is (kind != "ensemble")
    assert not np.array_equal(windowed(model).predictor.predict_proba(changed)[1], read[1])


def test_n_grams_read_everything(models):
    assert readers(models["tfidf"].predictor) == []
    assert windowed(models["tfidf"]).predictor is models["tfidf"].predictor
    assert not any(row.text_cut for row in readings(models["tfidf"].predictor, ASKED))


def test_marks_are_told_of_models_that_have_them(models, caplog):
    assert {kind for kind, model in models.items() if marks(model.predictor)} == {"encoder", "ensemble", "cascade"}
    rows = [example(i, text=question.text, holder=question.holder) for i, question in enumerate(ASKED)]
    for kind in ("encoder", "embedding", "tfidf"):
        caplog.clear()
        with caplog.at_level("INFO", logger="stance"):
            say_of(
                models[kind].predictor,
                [*rows, example(9, text="She left.", holder="Town 1")],
                logging.getLogger("stance"),
            )
        cut = "1 of 4 rows: the text does not fit the model's input and was cut"
        marked = "the holder is marked in 2 of 4 rows; 1 do not mention the holder by that name (docs/inference.md)"
        assert caplog.messages == {"encoder": [cut, marked], "embedding": [cut], "tfidf": []}[kind]


def test_rows_are_counted_as_they_are_read(models, caplog):
    encoder = models["encoder"].predictor
    texts = ["Then the union left. " + "It rained. " * 30, "The union left.", "She left.", "We left."]
    holders = ["the union", "the union", "the union", ""]
    counts = count(readings(encoder, questions(texts, ["leave"] * 4, holders)))
    assert counts == {"rows": 4, "cut": 1, "unknown": 0, "marked": 2, "unmentioned": 1}
    with caplog.at_level("INFO", logger="stance"):
        say(encoder, counts, logging.getLogger("stance"))
    assert caplog.messages == [
        "1 of 4 rows: the text does not fit the model's input and was cut",
        "the holder is marked in 2 of 4 rows; 1 do not mention the holder by that name (docs/inference.md)",
    ]


def test_counts():
    rows = [Reading(True, None), Reading(True, False), Reading(False, True)]
    assert count(rows) == {"rows": 3, "cut": 2, "unknown": 0, "marked": 1, "unmentioned": 1}
    assert count([])["rows"] == 0


def test_texts_that_the_tokenizer_does_not_know_are_counted(models, caplog):
    texts = ["រដ្ឋាភិបាលបានបដិសេធ", "The union left.", "ማህበሩ ሄደ።", "The ማህበሩ left."]
    asked = questions(texts, ["leave the table"] * 4, ["the union"] * 4)
    for kind, told in (("encoder", True), ("embedding", True), ("tfidf", False)):
        read = readings(models[kind].predictor, asked)
        assert [row.text_unknown for row in read] == [told, False, told, False]
    caplog.clear()
    with caplog.at_level("WARNING", logger="stance"):
        say(
            models["ensemble"].predictor,
            count(readings(models["ensemble"].predictor, asked)),
            logging.getLogger("stance"),
        )
    assert caplog.messages == [
        "2 of 4 rows: the model's tokenizer does not know most of the text (another script?); it was not read"
    ]
