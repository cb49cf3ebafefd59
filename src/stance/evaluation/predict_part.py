"""The predictions for one part of a dataset, by a checkpoint or from a file."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from stance.base.errors import StanceError
from stance.base.predictions import Prediction, Predictor, read_predictions
from stance.data.build import load_part
from stance.data.config import DataConfig
from stance.data.dataset import DatasetRecord
from stance.data.seen import warn_of_learnt
from stance.data.splits import Splits
from stance.evaluation.config import EvaluateConfig
from stance.evaluation.evaluate import matched, predict_examples

log = logging.getLogger(__name__)


def about_language_models(
    data: DataConfig, predictor: Predictor, before: Sequence[Counter[str]] = ()
) -> dict[str, Any] | None:
    """The caveats to the score of a prompted language model; None for other models.

    Args:
        data: What it was asked about.
        predictor: The model, or one that has such members.
        before: Their tallies before they were asked, see :func:`tallies`; none = they were asked nothing else.
    """
    from stance.models.prompting.model import caveats, language_models

    models = language_models(predictor)
    if not models:
        return None
    earlier = before or [Counter()] * len(models)
    tallies = [dict(model.talk.tally - tally) for model, tally in zip(models, earlier, strict=True)]
    records = [{**model.record(), "tally": tally} for model, tally in zip(models, tallies, strict=True)]
    return {"caveats": caveats(data.reader, data.name), "models": records}


def tallies(predictor: Predictor) -> list[Counter[str]]:
    """What each language model of a predictor counted so far."""
    from stance.models.prompting.model import language_models

    return [model.talk.tally.copy() for model in language_models(predictor)]


def about_part(config: EvaluateConfig, record: DatasetRecord) -> dict[str, Any]:
    """What a report says of itself: of which checkpoint or file, on which part of which data."""
    data = {"name": record.name, "fingerprint": record.fingerprint}
    return {"of": config.predictions or config.checkpoint, "part": config.part, "data": data}


def predict_part(config: EvaluateConfig) -> tuple[Splits, DatasetRecord, list[Prediction], Any]:
    """The dataset, a prediction for each row of the part, in their order, and the classifier.

    The last is a :class:`stance.models.classifier.StanceClassifier`, or None where the predictions are from a file.

    Raises:
        StanceError: Neither or both are given, an unknown part, ids that do not fit, a faulty file or checkpoint.
    """
    if (config.checkpoint is None) == (config.predictions is None):
        raise StanceError("give either checkpoint=DIR or predictions=FILE")
    splits, record = load_part(config.outputs, config.data, config.split, config.part)
    examples = splits[config.part]
    if config.predictions is not None:
        predictions = read_predictions(config.predictions, config.labels.map(), config.prefix, config.manner)
        return splits, record, matched(examples, predictions, config.predictions, splits), None
    from stance.models.classifier import StanceClassifier, checkpoint_folder
    from stance.models.reading import say_of

    classifier = StanceClassifier.from_pretrained(str(config.checkpoint))
    warn_of_learnt(checkpoint_folder(str(config.checkpoint)), classifier.card.data, record, examples)
    say_of(classifier.predictor, examples, log)
    return splits, record, predict_examples(classifier.predictor, examples), classifier
