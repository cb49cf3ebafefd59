"""Fitted encoders: their probabilities scaled on validation, and several of one origin as one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from stance.base.annotations import Example
from stance.base.errors import input_error
from stance.base.labels import LABEL2ID
from stance.base.predictions import Predictor
from stance.base.questions import questions_of
from stance.models.encoder import EncoderModel
from stance.models.scaling import fit_scale


def averaged(models: Mapping[str, Predictor], validation: Sequence[Example]) -> EncoderModel:
    """One encoder that has the mean of the weights of several, its probabilities scaled on validation.

    Of use where all began from the same weights: e.g. an encoder and what it became by further training, of which the
    mean keeps what either knows.

    Args:
        models: By the name of their run.
        validation: Rows for the scale.

    Raises:
        StanceError: One is no encoder, or has other weights or another input than the first.

    Source: Wortsman et al. (2022), Model soups; the same (2022), Robust fine-tuning of zero-shot models.
    """
    encoders: dict[str, EncoderModel] = {}
    for name, model in models.items():
        if not isinstance(model, EncoderModel):
            raise input_error(name, "no encoder, whose weights could be averaged", allowed="a fine-tuned encoder")
        encoders[name] = model
    states = {name: model.model.state_dict() for name, model in encoders.items()}
    first, *_ = encoders
    for name, state in states.items():
        alike = {key: value.shape for key, value in state.items()} == {k: v.shape for k, v in states[first].items()}
        if not alike or encoders[name].input_format != encoders[first].input_format:
            raise input_error(name, f"other weights or another input than {first}", allowed="trainings of one encoder")
    mean = {key: torch.stack([state[key].float() for state in states.values()]).mean(dim=0) for key in states[first]}
    encoders[first].model.load_state_dict({key: value.to(states[first][key].dtype) for key, value in mean.items()})
    return scaled_on(encoders[first], validation)


def scaled_on(encoder: EncoderModel, validation: Sequence[Example]) -> EncoderModel:
    """The encoder with its probabilities scaled on these rows."""
    logits = encoder.logits(questions_of(validation))
    return replace(encoder, scale=fit_scale(logits, [LABEL2ID[example.label] for example in validation]))
