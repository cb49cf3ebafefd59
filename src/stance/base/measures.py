"""Measures as pure functions of confusion matrices over the fixed label order, and the table of their names.

A confusion matrix has gold labels in its rows and predicted labels in its columns, both in the order against, neutral,
favor. Every measure takes an array of shape (..., 3, 3) and returns shape (...): one matrix or a thousand resampled
ones. All three labels always count: a label that the sample lacks has F1 0, as scikit-learn gives it with
``labels=[0, 1, 2], zero_division=0``.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stance.base.labels import LABEL2ID

Array = NDArray[np.float64]


def ratio(numerator: Array, denominator: Array) -> Array:
    """The quotient of each pair; 0 where the denominator is."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def precision(matrix: Array) -> Array:
    """Per label, shape (..., 3); 0 where the label is never predicted."""
    return ratio(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-2))


def recall(matrix: Array) -> Array:
    """Per label, shape (..., 3); 0 where the label never occurs."""
    return ratio(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-1))


def f1(matrix: Array) -> Array:
    """Per label, shape (..., 3): harmonic mean of precision and recall."""
    correct = np.diagonal(matrix, axis1=-2, axis2=-1)
    return ratio(2 * correct, matrix.sum(axis=-2) + matrix.sum(axis=-1))


def macro_f1(matrix: Array) -> Array:
    """Mean F1 of the three labels."""
    return np.asarray(f1(matrix).mean(axis=-1))


def favor_against_f1(matrix: Array) -> Array:
    """Mean F1 of favor and against: the official measure of SemEval-2016 Task 6 (Mohammad et al. 2016).

    Neutral rows count through the other labels' precision only.
    """
    return np.asarray(f1(matrix)[..., [LABEL2ID["against"], LABEL2ID["favor"]]].mean(axis=-1))


def accuracy(matrix: Array) -> Array:
    """Share of rows with the right label."""
    return ratio(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum(axis=(-2, -1)))


class Measure(NamedTuple):
    """A function of confusion matrices, and what pages call it."""

    of: Callable[[Array], Array]
    title: str


#: Measures of one confusion matrix over all rows; a new one is a row here, see docs/architecture.md.
MEASURES: Mapping[str, Measure] = {
    "macro_f1": Measure(macro_f1, "macro-F1"),
    "favor_against_f1": Measure(favor_against_f1, "favor/against F1"),
    "accuracy": Measure(accuracy, "accuracy"),
}

#: Besides, the mean over targets of the favor/against F1 of each (TweetEval's measure for stance).
MEAN_OVER_TARGETS = "favor_against_f1_mean_over_targets"

ALL_MEASURES = (*MEASURES, MEAN_OVER_TARGETS)

#: What pages call them.
TITLES = {name: measure.title for name, measure in MEASURES.items()} | {
    MEAN_OVER_TARGETS: "favor/against F1, mean over targets"
}
