"""The fine-tuned encoder: how rows are batched changes neither order nor answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

from stance import encoding
from stance.encoder import EncoderModel
from stance.encoding import InputFormat
from stance.labels import LABELS


@pytest.mark.parametrize("names", [("entailment", "neutral", "contradiction"), ("no", "yes"), LABELS])
def test_only_a_head_for_our_labels_is_kept(tiny_encoder, tmp_path, names):
    """A model of inference pairs has three labels too, and its third is not our third; its body is what is wanted."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    set_seed(1)
    labels = dict(enumerate(names))
    made = AutoModelForSequenceClassification.from_pretrained(tiny_encoder, num_labels=len(names), id2label=labels)
    made.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    set_seed(0)
    found = EncoderModel.new(str(tmp_path), InputFormat(max_length=64)).model
    assert list(found.config.id2label.values()) == list(LABELS)
    assert found.classifier.weight.shape == (3, 32)
    same = found.classifier.weight.shape == made.classifier.weight.shape and bool(
        (found.classifier.weight == made.classifier.weight).all()
    )
    assert same == (names == LABELS)
    for name, weight in made.bert.state_dict().items():
        assert (found.bert.state_dict()[name] == weight).all()


@pytest.fixture(scope="module")
def model(tiny_encoder):
    set_seed(0)
    return EncoderModel.new(str(tiny_encoder), InputFormat(max_length=64))


def test_batches_hold_so_many_tokens_and_every_row_once(model, monkeypatch):
    monkeypatch.setattr(encoding, "WINDOW", 25)
    shapes = []
    model.model.register_forward_pre_hook(
        lambda _, __, inputs: shapes.append(tuple(inputs["input_ids"].shape)), with_kwargs=True
    )
    texts = ["word " * (1 + 7 * i % 80) for i in range(40)]
    rest = [["sign"] * 40, [""] * 40, [""] * 40]
    alone = replace(model, batch_tokens=1).logits(texts, *rest)
    assert [rows for rows, _ in shapes] == [1] * 40
    shapes.clear()
    together = replace(model, batch_tokens=200).logits(texts, *rest)
    assert np.abs(together - alone).max() < 1e-6
    assert np.ptp(alone, axis=0).min() > 50 * 1e-6  # so that rows in another order would be seen
    assert sum(rows for rows, _ in shapes) == 40
    assert all(rows * length <= 200 for rows, length in shapes)
    assert max(rows for rows, _ in shapes) > 3
