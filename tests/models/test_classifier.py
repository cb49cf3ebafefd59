"""Checkpoints: whole, safe, loaded through one door, the same from a plain pipeline."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sys
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import pipeline, set_seed

from conftest import begin_anew, example
from stance import Prediction, StanceClassifier
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.predictions import Threshold
from stance.base.questions import Question
from stance.data.agreement import aggregate
from stance.data.config import DataConfig
from stance.inference.config import ShipConfig
from stance.inference.export import ship
from stance.models.card import CARD, Card
from stance.models.classifier import checkpoint_folder
from stance.models.config import LinearConfig
from stance.models.encoder import EncoderModel
from stance.models.fitting import Setup
from stance.models.input_format import InputFormat
from stance.models.linear import fit
from stance.models.priors import Prior

ROWS = {
    "texts": ["They signed at dawn.", "Nobody came, and the long talks about the harbour went on without them.", "No."],
    "targets": ["sign the accord", "hold talks on the harbour", "sign the accord"],
    "holders": ["the union", "", "the ministry"],
}


@pytest.fixture(scope="module")
def fine_tuned(tiny_encoder, tmp_path_factory):
    """A checkpoint of a (randomly) fine-tuned encoder with a format that is not the default."""
    set_seed(3)
    encoder = EncoderModel.new(str(tiny_encoder), InputFormat(second="{holder} wants to {target}", max_length=48))
    with torch.no_grad():
        encoder.model.classifier.weight.mul_(40)
    folder = tmp_path_factory.mktemp("checkpoint") / "c"
    card = Card("encoder", {"name": "d", "fingerprint": "f"}, encoder.input_format)
    StanceClassifier(encoder, card).save_pretrained(folder)
    return folder


def test_predictions_have_a_label_and_three_probabilities(fine_tuned):
    predictions = StanceClassifier.from_pretrained(fine_tuned).predict(**ROWS)
    assert len(predictions) == 3
    for prediction in predictions:
        assert isinstance(prediction, Prediction)
        assert tuple(prediction.scores) == LABELS
        assert sum(prediction.scores.values()) == pytest.approx(1)
        assert prediction.label == max(prediction.scores, key=prediction.scores.get)


def test_a_plain_pipeline_gives_the_same_labels_and_scores(fine_tuned):
    """Also of a text that is cut, called as the card says."""
    classifier = StanceClassifier.from_pretrained(fine_tuned)
    rows = {
        name: [*values, more] for (name, values), more in zip(ROWS.items(), ("word " * 400, "go", "h"), strict=True)
    }
    form = classifier.card.input_format
    pairs = [form.pair(Question(text, target, holder)) for text, target, holder in zip(*rows.values(), strict=True)]
    plain = pipeline("text-classification", model=str(fine_tuned), top_k=None)
    asked = [{"text": first, "text_pair": second} for first, second in pairs]
    answers = plain(asked, truncation="only_first", max_length=form.max_length)
    for answer, prediction in zip(answers, classifier.predict(**rows), strict=True):
        scores = {entry["label"]: entry["score"] for entry in answer}
        assert answer[0]["label"] == prediction.label
        assert scores == pytest.approx(dict(prediction.scores), abs=1e-5)


def test_the_scale_of_the_card_changes_probabilities_and_no_label(fine_tuned, tmp_path):
    """A plain pipeline keeps giving the same labels; a card from before there was a scale counts as 1."""
    plain = StanceClassifier.from_pretrained(fine_tuned)
    card = json.loads((fine_tuned / CARD).read_text())
    scaled = tmp_path / "scaled"
    shutil.copytree(fine_tuned, scaled)
    (scaled / CARD).write_text(json.dumps(card | {"scale": 0.25}))
    soft = StanceClassifier.from_pretrained(scaled)
    assert soft.predictor.scale == 0.25
    for before, after in zip(plain.predict(**ROWS), soft.predict(**ROWS), strict=True):
        assert before.label == after.label
        assert max(after.scores.values()) < max(before.scores.values())
        odds = np.log(before.scores["favor"] / before.scores["against"])
        assert np.log(after.scores["favor"] / after.scores["against"]) == pytest.approx(odds / 4)
    soft.save_pretrained(tmp_path / "again")
    assert StanceClassifier.from_pretrained(tmp_path / "again").predict(**ROWS) == soft.predict(**ROWS)
    del card["scale"]
    (scaled / CARD).write_text(json.dumps(card))
    assert StanceClassifier.from_pretrained(scaled).predict(**ROWS) == plain.predict(**ROWS)
    (scaled / CARD).write_text(json.dumps(card | {"scale": -1.0}))
    with pytest.raises(StanceError, match=r"stance\.json: scale; found -1\.0; allowed: a number above 0"):
        StanceClassifier.from_pretrained(scaled)


def test_rows_do_not_influence_each_other(fine_tuned):
    """Batching by length changes neither order nor scores."""
    classifier = StanceClassifier.from_pretrained(fine_tuned)
    generator = np.random.default_rng(0)
    texts = [" ".join(["word"] * int(n)) + "." for n in generator.integers(1, 40, size=100)]
    rows = {"texts": texts, "targets": ["go"] * 100, "holders": [f"h{i}" for i in range(100)]}
    together = classifier.predict(**rows)
    for index in (0, 17, 99):
        (alone,) = classifier.predict([texts[index]], ["go"], [f"h{index}"])
        assert dict(alone.scores) == pytest.approx(dict(together[index].scores), abs=1e-5)


def test_only_a_checkpoint_is_replaced(fine_tuned, tmp_path):
    classifier = StanceClassifier.from_pretrained(fine_tuned)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("x")
    for taken in (tmp_path / "thesis", tmp_path / "thesis" / "chapter1.tex"):
        with pytest.raises(StanceError, match="something else is there"):
            classifier.save_pretrained(taken)
    data = DataConfig(name="mine", reader="table", path="rows.csv")
    with pytest.raises(StanceError, match="something else is there"):
        ship(ShipConfig(data=data, checkpoint=str(fine_tuned), output=str(tmp_path / "thesis")))
    assert (tmp_path / "thesis" / "chapter1.tex").read_text() == "x"
    (tmp_path / "new").mkdir()
    for _ in range(2):
        classifier.save_pretrained(tmp_path / "new")
    assert StanceClassifier.from_pretrained(tmp_path / "new").card == classifier.card


@pytest.mark.parametrize("name", [None, "", " ", 7])
def test_a_checkpoint_has_a_name(name):
    with pytest.raises(StanceError, match=f"checkpoint: no name of one; found {name!r}; allowed: stance-small"):
        StanceClassifier.from_pretrained(name)


@pytest.mark.parametrize("given", [(None, ["x"]), (["x"], None)])
def test_texts_and_targets_must_be_given(fine_tuned, given):
    with pytest.raises(StanceError, match="not one column"):
        StanceClassifier.from_pretrained(fine_tuned).predict(*given)


def test_it_loads_without_hydra_and_far_from_the_checkout(fine_tuned, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(fine_tuned, moved)

    def elsewhere():
        begin_anew()
        os.chdir(tmp_path)
        stance = import_module("stance")
        label = stance.StanceClassifier.from_pretrained(str(moved)).predict(["They signed."], ["sign"])[0].label
        (tmp_path / "said").write_text(f"{label} {'hydra' in sys.modules}", encoding="utf-8")

    process = multiprocessing.get_context("fork").Process(target=elsewhere)
    process.start()
    process.join()
    assert process.exitcode == 0
    label, hydra = (tmp_path / "said").read_text(encoding="utf-8").split()
    assert label in LABELS
    assert hydra == "False"


def test_the_folder_is_whole_and_holds_no_code_and_no_pickle(fine_tuned):
    names = {path.name for path in fine_tuned.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", CARD} <= names
    assert not [name for name in names if name.endswith((".bin", ".pkl", ".pt", ".py"))]
    assert json.loads((fine_tuned / "config.json").read_text())["id2label"] == {
        "0": "against",
        "1": "neutral",
        "2": "favor",
    }


@pytest.fixture(scope="module")
def linear(readable_annotations):
    examples = aggregate(readable_annotations).examples
    return fit(LinearConfig(name="tfidf", features="tfidf", classifier="svm"), examples, examples, Setup())


@pytest.mark.parametrize("kind", ["prior", "tfidf"])
def test_every_kind_goes_through_the_same_door(tmp_path, linear, kind):
    predictor = linear if kind == "tfidf" else Prior.fit("target", [example(1), example(2, "against")])
    classifier = StanceClassifier(predictor, Card(kind)).with_metrics({"test": {"n": 1}}, [Threshold(0.5, 10, 1)])
    classifier.save_pretrained(tmp_path / "c")
    loaded = StanceClassifier.from_pretrained(tmp_path / "c")
    assert loaded.predict(**ROWS) == classifier.predict(**ROWS)
    assert loaded.card.metrics == {"test": {"n": 1}}
    assert type(loaded.predictor) is type(predictor)


BAD_ROWS = [
    ({"texts": "They signed."}, "texts: one string where a list is wanted"),
    ({"targets": ["sign"]}, "targets: 1 values for 3 texts"),
    ({"texts": ["a", "  ", "c"]}, r"texts\[1\]: empty"),
    ({"targets": ["a", "b", ""]}, r"targets\[2\]: empty"),
    ({"holders": ["a", None, "c"]}, r'holders\[1\]: not a string; found None; allowed: a string; "" for the author'),
    ({"texts": ["a", "b \ud83d", "c"]}, r"texts\[1\]: half of a surrogate pair"),
    ({"texts": ["a", "\u200b", "c"]}, r"texts\[1\]: empty"),
    ({"texts": ["a", "\u2003", "c"]}, r"texts\[1\]: empty"),
    ({"holders": ["a", "b", "\udc00"]}, r"holders\[2\]: half of a surrogate pair"),
]


@pytest.mark.parametrize(("changes", "message"), BAD_ROWS)
def test_bad_rows_are_refused_by_index(linear, changes, message):
    with pytest.raises(StanceError, match=message):
        StanceClassifier(linear, Card("tfidf")).predict(**(ROWS | changes))


def test_space_around_a_value_is_no_part_of_it_as_in_files(linear):
    classifier = StanceClassifier(linear, Card("tfidf"))
    padded = {name: [f" {value}\n" for value in values] for name, values in ROWS.items()}
    assert classifier.predict(**padded) == classifier.predict(**ROWS)
    asked = []
    classifier.predictor = SimpleNamespace(predict_proba=lambda rows: asked.extend(rows) or np.full((1, 3), 1 / 3))
    for holder in (" ", "\u200b", "\xad"):
        classifier.predict(["They signed."], ["sign"], [holder])
        assert asked.pop().holder == ""


def test_no_rows_give_no_predictions(linear):
    assert StanceClassifier(linear, Card("tfidf")).predict([], []) == []


def broken(folder, tmp_path, name, change):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    path = copy / name
    content = json.loads(path.read_text())
    path.write_text(json.dumps(change(content)))
    return copy


def reversed_labels(config):
    names = {"0": "favor", "1": "neutral", "2": "against"}
    return config | {"id2label": names, "label2id": {name: int(i) for i, name in names.items()}}


BROKEN = {
    "other order in the config": ("config.json", reversed_labels, "labels in another order"),
    "nli labels": (
        "config.json",
        lambda c: c | {"id2label": {"0": "entailment", "1": "neutral", "2": "contradiction"}},
        "labels in another order",
    ),
    "other order in the card": (CARD, lambda c: c | {"labels": ["favor", "neutral", "against"]}, "labels in another"),
    "other kind": (
        CARD,
        lambda c: c | {"kind": "llm"},
        "another kind; found 'llm'; allowed: prior, tfidf",
    ),
    "a list for a kind": (CARD, lambda c: c | {"kind": [1]}, r"another kind; found \[1\]"),
    "other version": (CARD, lambda c: c | {"version": 99}, "another version; found 99; allowed: 1"),
    "no version": (CARD, lambda c: ["x"], "another version"),
    "incomplete card": (CARD, lambda c: {k: v for k, v in c.items() if k != "input_format"}, "not a complete"),
    "unknown card key": (CARD, lambda c: c | {"extra": 1}, "not a complete checkpoint card"),
}


@pytest.mark.parametrize("scale", [1, 2.5])
def test_a_scale_may_be_a_whole_number(fine_tuned, tmp_path, scale):
    folder = broken(fine_tuned, tmp_path, CARD, lambda card: card | {"scale": scale})
    assert StanceClassifier.from_pretrained(folder).predictor.scale == scale


@pytest.mark.parametrize("case", BROKEN)
def test_a_foreign_checkpoint_is_refused(fine_tuned, tmp_path, case):
    name, change, message = BROKEN[case]
    with pytest.raises(StanceError, match=message):
        StanceClassifier.from_pretrained(broken(fine_tuned, tmp_path, name, change))


def test_missing_and_foreign_folders(fine_tuned, tiny_encoder, tmp_path):
    with pytest.raises(StanceError, match=r"outputs/nothing: no such folder .*, and not to be had from the hub"):
        StanceClassifier.from_pretrained("outputs/nothing")
    with pytest.raises(StanceError, match=r"not a checkpoint of this toolkit: no stance\.json"):
        StanceClassifier.from_pretrained(tiny_encoder)
    copy = tmp_path / "copy"
    shutil.copytree(fine_tuned, copy)
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(StanceError, match=r"no model\.safetensors"):
        StanceClassifier.from_pretrained(copy)
    (copy / "pytorch_model.bin").rename(copy / "model.safetensors")
    (copy / "model.safetensors").write_bytes(b"cut short")
    with pytest.raises(StanceError, match="does not load"):
        StanceClassifier.from_pretrained(copy)


def test_a_plain_model_of_transformers_is_told_how_to_say_its_labels(fine_tuned, tmp_path):
    """What the message says is done, and it answers as it did in its own pipeline."""
    plain = tmp_path / "plain"
    shutil.copytree(fine_tuned, plain)
    (plain / CARD).unlink()
    config = json.loads((plain / "config.json").read_text())
    (plain / "config.json").write_text(json.dumps(config | {"id2label": {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}}))
    with pytest.raises(StanceError, match=r"no stance\.json; .*; allowed: for a plain model of transformers") as error:
        StanceClassifier.from_pretrained(plain)
    decoder, message = json.JSONDecoder(), str(error.value)
    labels, card = (
        decoder.raw_decode(message, message.index(before) + len(before))[0]
        for before in ('"id2label": ', "what it reads: ")
    )
    (plain / "config.json").write_text(json.dumps(config | {"id2label": labels}))
    (plain / CARD).write_text(json.dumps(card))
    pair = {"text": ROWS["texts"][0], "text_pair": f"{ROWS['holders'][0]}: {ROWS['targets'][0]}"}
    expected = {
        each["label"]: each["score"] for each in pipeline("text-classification", model=str(plain))(pair, top_k=3)
    }
    found = StanceClassifier.from_pretrained(plain).predict(**ROWS)[0]
    assert found.scores == pytest.approx(expected, abs=1e-5)


def test_weights_without_a_head_and_a_folder_without_tokenizer_are_refused(fine_tuned, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(fine_tuned, copy)
    weights = load_file(copy / "model.safetensors")
    save_file(
        {k: v for k, v in weights.items() if k != "classifier.weight"}, copy / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(StanceError, match=r"missing weights; found \['classifier.weight'\]"):
        StanceClassifier.from_pretrained(copy)
    (copy / "tokenizer.json").unlink()
    with pytest.raises(StanceError, match=r"no tokenizer\.json"):
        StanceClassifier.from_pretrained(copy)


def test_a_damaged_linear_checkpoint_is_refused_in_words(tmp_path, linear):
    StanceClassifier(linear, Card("tfidf")).save_pretrained(tmp_path / "c")
    (tmp_path / "c" / "linear.safetensors").write_bytes(b"cut")
    with pytest.raises(StanceError, match="damaged checkpoint"):
        StanceClassifier.from_pretrained(tmp_path / "c")
    (tmp_path / "c" / "linear.safetensors").unlink()
    with pytest.raises(StanceError, match="damaged checkpoint"):
        StanceClassifier.from_pretrained(tmp_path / "c")


def test_a_model_that_diverged_does_not_answer(linear):
    class Broken:
        def predict_proba(self, questions):
            return np.full((len(questions), 3), np.nan)

    with pytest.raises(StanceError, match=r"no finite probabilities for 3 row\(s\); found \[0, 1, 2\]"):
        StanceClassifier(Broken(), Card("prior")).predict(**ROWS)


def test_a_folder_that_is_called_as_the_toolkits_own_is_told(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stance-small").mkdir()
    Card("prior").write(tmp_path / "stance-small")
    assert checkpoint_folder("stance-small") != tmp_path / "stance-small"
    assert "for that one say ./stance-small" in caplog.text
