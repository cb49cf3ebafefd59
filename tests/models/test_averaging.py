"""The mean of the weights of encoders of one origin, and what has none."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from conftest import example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.models.averaging import averaged
from stance.models.encoder import EncoderModel
from stance.models.input_format import InputFormat
from stance.models.priors import Prior

ROWS = [example(number, LABELS[number % 3], text=f"Word {number} of the guild.") for number in range(12)]


def encoder(tiny_encoder, added):
    torch.manual_seed(0)
    model = EncoderModel.new(str(tiny_encoder), InputFormat(max_length=64))
    for weight in model.model.parameters():
        weight.data += added
    return model


def test_the_weights_are_the_mean_and_the_scale_is_fitted_anew(tiny_encoder):
    one = averaged({"a": encoder(tiny_encoder, 0.0), "b": encoder(tiny_encoder, 0.5)}, ROWS)
    expected = encoder(tiny_encoder, 0.25).model.state_dict()
    for name, value in one.model.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name])
    assert one.scale != 1.0


def test_what_has_no_mean_is_refused(tiny_encoder):
    one = encoder(tiny_encoder, 0.0)
    with pytest.raises(StanceError, match="b: no encoder, whose weights could be averaged"):
        averaged({"a": one, "b": Prior.fit("majority", ROWS, 0)}, ROWS)
    other = replace(encoder(tiny_encoder, 0.0), input_format=InputFormat(max_length=32))
    with pytest.raises(StanceError, match="b: other weights or another input than a"):
        averaged({"a": one, "b": other}, ROWS)
