"""Linear models over the features of :mod:`stance.models.features`.

Stored as arrays and JSON, never pickled.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from stance.base.annotations import Example
from stance.base.errors import input_error
from stance.base.files import read_json, write_json
from stance.base.labels import LABEL2ID
from stance.base.predictions import Probabilities
from stance.base.questions import Question, questions_of
from stance.base.words import composed
from stance.models.card import Card
from stance.models.config import LinearConfig
from stance.models.features import Features, fit_features, load_features
from stance.models.fitting import Setup
from stance.models.scaling import fit_scale, scaled_softmax
from stance.models.windows import Reader

#: Targets with at least this many training rows get weights of their own beside the shared ones.
OWN_WEIGHTS_FROM = 100


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights over features; probabilities are a softmax of the scaled decision values.

    Attributes:
        features: N-grams, embeddings, or both.
        own: Targets that have weights of their own (feature augmentation after Daume 2007, Frustratingly Easy Domain
            Adaptation, ACL): for their rows the features stand a second time, in columns of that target alone.
        weights: Shape (3, columns), float64.
        bias: Shape (3,); far below zero for a label that train did not have.
        scale: Of the decision values, fitted on validation (temperature scaling, Guo et al. 2017).
    """

    features: Features
    own: tuple[str, ...]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    scale: float

    @classmethod
    def fit(
        cls,
        features: Features,
        config: LinearConfig,
        train: Sequence[Example],
        validation: Sequence[Example],
    ) -> LinearModel:
        """Fit on train, and the scale of the probabilities on validation; the features are not made of ``config``.

        Raises:
            StanceError: Train holds one label only.
        """
        labels = {example.label for example in train}
        if len(labels) < 2:
            raise input_error("train", "one label only", found=sorted(labels), allowed="two or three labels")
        rows = Counter(composed(example.target) for example in train)
        own = tuple(sorted(target for target, n in rows.items() if n >= OWN_WEIGHTS_FROM))
        weight = "balanced" if config.class_weight else None
        model = (
            LinearSVC(C=config.C, class_weight=weight, random_state=0, max_iter=10_000)
            if config.classifier == "svm"
            else LogisticRegression(C=config.C, class_weight=weight, max_iter=5_000)
        )
        model.fit(_augmented(features, own, questions_of(train)), [LABEL2ID[example.label] for example in train])
        weights, bias = _three_labels(model.classes_, model.coef_, model.intercept_)
        fitted = cls(features, own, weights, bias, 1.0)
        scale = fit_scale(fitted.decisions(questions_of(validation)), [LABEL2ID[e.label] for e in validation])
        return replace(fitted, scale=scale)

    def decisions(self, questions: Sequence[Question]) -> NDArray[np.float64]:
        """Decision value of each label, shape (rows, 3)."""
        matrix = self.features.transform(questions)
        shared, *own = np.split(self.weights, len(self.own) + 1, axis=1)
        decisions = np.asarray(matrix @ shared.T + self.bias)
        for target, weights in zip(self.own, own, strict=True):
            rows = np.flatnonzero(_is(target, questions))
            decisions[rows] += matrix[rows] @ weights.T
        return decisions

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`. Contexts are not looked at."""
        return scaled_softmax(self.decisions(questions), self.scale)

    def reader(self) -> Reader | None:
        """How much of a text the features read; None if all of it."""
        return self.features.reader()

    def save(self, folder: Path) -> None:
        """Write ``linear.safetensors``, ``linear.json`` and what the features write."""
        save_file({"weights": self.weights, "bias": self.bias}, folder / "linear.safetensors")
        write_json(folder / "linear.json", {"own": self.own, "scale": self.scale})
        self.features.save(folder)


def _augmented(features: Features, own: Sequence[str], questions: Sequence[Question]) -> Any:  # noqa: ANN401 - dense or sparse
    """The features, and beside them, for each target with own weights, a copy that is zero for the other targets."""
    matrix = features.transform(questions)
    if not own:
        return matrix
    matrix = sp.csr_matrix(matrix)
    masks = [_is(name, questions)[:, None].astype(np.float64) for name in own]
    return sp.hstack([matrix, *(matrix.multiply(mask) for mask in masks)], format="csr")


def _is(target: str, questions: Sequence[Question]) -> NDArray[np.bool_]:
    """Whether each target is this one, however it is composed; shape (rows,)."""
    return np.array([composed(target) == composed(question.target) for question in questions], dtype=bool)


def _three_labels(
    classes: NDArray[np.int64], coefficients: NDArray[np.float64], intercept: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (3, columns) and bias (3,); scikit-learn gives one row for two classes and none for an absent one."""
    if len(classes) == 2:
        coefficients = np.vstack([-coefficients / 2, coefficients / 2])
        intercept = np.concatenate([-intercept / 2, intercept / 2])
    weights = np.zeros((len(LABEL2ID), coefficients.shape[1]))
    bias = np.full(len(LABEL2ID), -1e6)
    weights[classes], bias[classes] = coefficients, intercept
    return weights, bias


def fit(config: LinearConfig, train: Sequence[Example], validation: Sequence[Example], setup: Setup) -> LinearModel:
    """The linear model of a configuration; see :meth:`LinearModel.fit`. Embeddings are kept in ``setup.cache``."""
    return LinearModel.fit(fit_features(config, train, setup.cache), config, train, validation)


def load(folder: Path, card: Card, runtime: str) -> LinearModel:
    """Read what :meth:`LinearModel.save` wrote; the kind says which features."""
    features, saved = load_features(card.kind, folder), read_json(folder / "linear.json")
    arrays, scale = load_file(folder / "linear.safetensors"), saved["scale"]
    if not isinstance(scale, float) or not 0 < scale < math.inf or arrays["weights"].shape[:1] != (len(LABEL2ID),):
        raise ValueError(f"scale {scale!r}, weights of shape {arrays['weights'].shape}")
    return LinearModel(features, tuple(saved["own"]), arrays["weights"], arrays["bias"], scale)


def ngram_svm(train: Sequence[Example], validation: Sequence[Example]) -> LinearModel:
    """The n-gram baseline as ``conf/model/tfidf.yaml`` configures it; see :meth:`LinearModel.fit`."""
    return fit(LinearConfig(name="tfidf", features="tfidf", classifier="svm", C=0.1), train, validation, Setup())
