"""Fitting a model of any kind: the table of models says which module does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.errors import StanceError
from stance.base.predictions import Predictor
from stance.models.config import KINDS, ModelConfig
from stance.models.prompting.config import ServerConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a fitting is given beside configuration and rows; each kind of model uses a part of it.

    Attributes:
        seed: Of everything random.
        cache: Folder where embeddings of a frozen encoder, and answers of a language model, are kept for the next
            training; None keeps none.
        work: Folder for the checkpoints of an interrupted fine-tuning; training continues from them.
        trainer: Keywords of ``transformers.TrainingArguments`` (fine-tuned encoders).
        soft: Probabilities to learn in place of the label of each training row, shape (rows, 3) (fine-tuned encoders).
        server: The server of a prompted language model.
    """

    seed: int = 0
    cache: Path | None = None
    work: Path = Path("work")
    trainer: Mapping[str, Any] = field(default_factory=dict)
    soft: NDArray[np.float64] | None = None
    server: ServerConfig = field(default_factory=ServerConfig)


def fit(config: ModelConfig, train: Sequence[Example], validation: Sequence[Example], setup: Setup) -> Predictor:
    """A trained model of the configured kind.

    Args:
        config: Of any kind that is fitted to rows: not an ensemble, whose members are.
        train: What is learnt from.
        validation: What the best epoch and the scale of probabilities are chosen on.
        setup: What else is needed.

    Raises:
        StanceError: A configuration of no such kind, and whatever the kind refuses: an encoder that does not load,
            unknown keywords of the trainer, one label only.
    """
    if config.kind not in KINDS:
        raise StanceError(f"model configuration of another kind: {type(config).__name__}")
    fitted: Predictor = KINDS[config.kind].home(fitting=True).fit(config, train, validation, setup)
    return fitted
