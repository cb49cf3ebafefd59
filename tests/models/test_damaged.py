"""Checkpoints whose files do not fit, or are none, are refused when they are loaded."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from conftest import example
from stance.base.errors import StanceError
from stance.data.agreement import aggregate
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.config import LinearConfig
from stance.models.fitting import Setup
from stance.models.linear import fit
from stance.models.priors import Prior


@pytest.fixture(scope="module")
def whole(tmp_path_factory, readable_annotations):
    """Checkpoints of n-grams, of a prior and of both."""
    folder = tmp_path_factory.mktemp("whole")
    examples = aggregate(readable_annotations).examples
    linear = fit(LinearConfig(name="tfidf", features="tfidf", classifier="svm"), examples, examples, Setup())
    prior = Prior.fit("target", [example(1), example(2, "against")])
    made = {"tfidf": StanceClassifier(linear, Card("tfidf")), "prior": StanceClassifier(prior, Card("prior"))}
    made["ensemble"] = StanceClassifier.mean_of({"a": made["prior"]})
    for kind, classifier in made.items():
        classifier.save_pretrained(folder / kind)
    return folder


@pytest.fixture
def copied(whole, tmp_path):
    """Gives a copy of one of them."""

    def copy(kind):
        return shutil.copytree(whole / kind, tmp_path / "checkpoint")

    return copy


def changed(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_checkpoint_whose_files_do_not_fit_is_refused_when_it_is_loaded(copied):
    place = copied("tfidf")
    arrays = load_file(place / "linear.safetensors")
    save_file({**arrays, "weights": np.zeros((3, 7))}, place / "linear.safetensors")
    with pytest.raises(StanceError, match="checkpoint: damaged checkpoint"):
        StanceClassifier.from_pretrained(place)
    save_file(arrays, place / "linear.safetensors")
    changed(place / "linear.json", scale=-1.0)  # would turn favor into against
    with pytest.raises(StanceError, match=r"damaged checkpoint: scale -1\.0"):
        StanceClassifier.from_pretrained(place)


@pytest.mark.parametrize(
    "change",
    [{"seed": -1}, {"keys": ["text"]}, {"overall": [0.5, 0.5]}, {"overall": [2, -1, 0]}, {"shares": [["a", 1]]}],
)
def test_a_prior_of_no_shares_is_refused(copied, change):
    place = copied("prior")
    changed(place / "prior.json", **change)
    with pytest.raises(StanceError, match="damaged checkpoint"):
        StanceClassifier.from_pretrained(place)


@pytest.mark.parametrize("name", ["../prior", "/etc", "..", ".", "", "a/b", 1, None])
def test_no_member_of_an_ensemble_lies_outside_it(copied, name):
    place = copied("ensemble")
    changed(place / "ensemble.json", members=["a", name])
    with pytest.raises(StanceError, match=r"ensemble\.json: members"):
        StanceClassifier.from_pretrained(place)


def test_an_ensemble_that_holds_itself_is_refused(copied):
    place = copied("ensemble")
    shutil.rmtree(place / "a")
    (place / "a").symlink_to(place)
    with pytest.raises(StanceError, match="checkpoint"):
        StanceClassifier.from_pretrained(place)


@pytest.mark.parametrize(
    "change",
    [
        {"input_format": "x"},
        {"input_format": {"first": "{"}},
        {"thresholds": [["a", 1, 1]]},
        {"labels": "favor"},
        {"data": 1},
    ],
)
def test_a_card_that_is_none_names_its_file(copied, change):
    place = copied("prior")
    changed(place / "stance.json", **change)
    with pytest.raises(StanceError, match=r"stance\.json: "):
        StanceClassifier.from_pretrained(place)


def test_a_frozen_encoder_that_lacks_weights_is_refused(tiny_encoder, tmp_path):
    from safetensors.torch import load_file as load
    from safetensors.torch import save_file as save

    from stance.models.features import EmbeddingFeatures

    folder = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    EmbeddingFeatures.load_encoder(str(folder))
    weights = load(folder / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(StanceError, match=r"missing weights; found .*layer\.1\.output\.dense\.weight"):
        EmbeddingFeatures.load_encoder(str(folder))
