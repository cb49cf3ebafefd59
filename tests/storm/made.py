"""Models that the storm makes for itself: small, whole checkpoints of several kinds."""

from __future__ import annotations

import pytest
import torch
from transformers import set_seed

from conftest import example
from stance.data.agreement import aggregate
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.combined import Cascade
from stance.models.config import LinearConfig
from stance.models.encoder import EncoderModel
from stance.models.fitting import Setup
from stance.models.input_format import InputFormat
from stance.models.linear import fit
from stance.models.priors import Prior


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory, readable_annotations, tiny_encoder):
    """Folders of checkpoints by kind."""
    examples = aggregate(readable_annotations).examples
    linear = fit(LinearConfig(name="tfidf", features="tfidf", classifier="svm"), examples, examples, Setup())
    set_seed(0)
    encoder = EncoderModel.new(str(tiny_encoder), InputFormat(max_length=48))
    with torch.no_grad():
        encoder.model.classifier.weight.mul_(40)
    prior = Prior.fit("target", [example(1), example(2, "against")])
    each = {"prior": prior, "tfidf": linear, "encoder": encoder}
    alone = {kind: StanceClassifier(predictor, Card(kind)) for kind, predictor in each.items()}
    alone["encoder"] = StanceClassifier(encoder, Card("encoder", {}, encoder.input_format))
    cards = {"cheap": alone["prior"].card, "dear": alone["tfidf"].card}
    several = {
        "ensemble": StanceClassifier.mean_of({"a": alone["prior"], "b": alone["tfidf"]}),
        "cascade": StanceClassifier(Cascade(prior, linear, 0.9, cards), Card("cascade")),
    }
    folder = tmp_path_factory.mktemp("checkpoints")
    for kind, classifier in (alone | several).items():
        classifier.save_pretrained(folder / kind)
    return {kind: folder / kind for kind in (*alone, *several)}
