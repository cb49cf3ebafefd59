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
    from stance.annotations import Annotation, Example, read_annotations, write_annotations
    from stance.classifier import StanceClassifier
    from stance.errors import StanceError
    from stance.evaluation import evaluate
    from stance.labels import LABELS
    from stance.predictions import Prediction, Predictor, read_predictions, write_predictions

_HOME = {
    "Annotation": "annotations",
    "Example": "annotations",
    "read_annotations": "annotations",
    "write_annotations": "annotations",
    "StanceClassifier": "classifier",
    "StanceError": "errors",
    "evaluate": "evaluation",
    "LABELS": "labels",
    "Prediction": "predictions",
    "Predictor": "predictions",
    "read_predictions": "predictions",
    "write_predictions": "predictions",
}

__all__ = [
    "LABELS",
    "Annotation",
    "Example",
    "Prediction",
    "Predictor",
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
