"""The fine-tuned encoder: how rows are batched changes neither order nor answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from transformers import set_seed

from stance import encoding
from stance.encoder import EncoderModel
from stance.encoding import InputFormat


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
