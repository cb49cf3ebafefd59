"""Stance: who stands where on a negotiation proposal.

>>> from stance import StanceClassifier
>>> classifier = StanceClassifier.from_pretrained("stance-small")  # doctest: +SKIP
>>> classifier.predict(texts=["..."], targets=["open talks"], holders=["the union"])  # doctest: +SKIP

Names load on first use, so that ``import stance`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stance.base.annotations import Annotation, Example
    from stance.base.errors import StanceError
    from stance.base.labels import LABELS
    from stance.base.predictions import Prediction, Predictor, read_predictions, write_predictions
    from stance.base.questions import Question
    from stance.data.annotation_files import write_annotations
    from stance.data.table import read_annotations
    from stance.evaluation.evaluate import evaluate
    from stance.models.classifier import StanceClassifier

_HOME = {
    "Annotation": "base.annotations",
    "Example": "base.annotations",
    "read_annotations": "data.table",
    "write_annotations": "data.annotation_files",
    "StanceClassifier": "models.classifier",
    "StanceError": "base.errors",
    "evaluate": "evaluation.evaluate",
    "LABELS": "base.labels",
    "Prediction": "base.predictions",
    "Predictor": "base.predictions",
    "Question": "base.questions",
    "read_predictions": "base.predictions",
    "write_predictions": "base.predictions",
}

__all__ = [
    "LABELS",
    "Annotation",
    "Example",
    "Prediction",
    "Predictor",
    "Question",
    "StanceClassifier",
    "StanceError",
    "evaluate",
    "read_annotations",
    "read_predictions",
    "write_annotations",
    "write_predictions",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any exported name
    if name not in _HOME:
        raise AttributeError(f"module 'stance' has no attribute {name!r}")
    return getattr(importlib.import_module(f"stance.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
