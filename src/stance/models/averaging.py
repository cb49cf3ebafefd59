"""Several encoders of one origin as one: the mean of their weights."""

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
    (first, model), *others = models.items()
    for name, other in ((first, model), *others):
        if not isinstance(model, EncoderModel) or not isinstance(other, EncoderModel):
            raise input_error(name, "no encoder, whose weights could be averaged", allowed="a fine-tuned encoder")
        shapes = [{key: value.shape for key, value in each.model.state_dict().items()} for each in (model, other)]
        if shapes[0] != shapes[1] or other.input_format != model.input_format:
            raise input_error(name, f"other weights or another input than {first}", allowed="trainings of one encoder")
    assert isinstance(model, EncoderModel)
    states = [each.model.state_dict() for each in models.values() if isinstance(each, EncoderModel)]
    mean = {key: torch.stack([state[key].float() for state in states]).mean(dim=0) for key in states[0]}
    model.model.load_state_dict({key: value.to(states[0][key].dtype) for key, value in mean.items()})
    logits = model.logits(questions_of(validation))
    return replace(model, scale=fit_scale(logits, [LABEL2ID[example.label] for example in validation]))
