"""The scale of a model's outputs, fitted on validation; it never changes a label."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stance.base.errors import input_error
from stance.base.labels import LABEL2ID
from stance.base.predictions import Probabilities

Array = NDArray[np.float64]


def fit_scale(decisions: Array, gold: Sequence[int]) -> float:
    """The factor of logits or decision values (rows, 3) with the lowest log loss, between 1/100 and 100.

    It is the inverse of the temperature of Guo et al. (2017), On Calibration of Modern Neural Networks, ICML. For
    predictions of any model pass the logarithm of the probabilities.

    Raises:
        StanceError: A value is not a finite number (a model that diverged, say).
    """
    if not np.isfinite(decisions).all():
        rows = int((~np.isfinite(decisions).all(axis=1)).sum())
        raise input_error(
            "model", f"no finite values for {rows} row(s): it has diverged", allowed="a lower learning rate"
        )

    from scipy.optimize import minimize_scalar  # here, since predicting does without them
    from sklearn.metrics import log_loss

    def loss(log_scale: float) -> float:
        return float(log_loss(gold, scaled_softmax(decisions, np.exp(log_scale)), labels=list(LABEL2ID.values())))

    return float(np.exp(minimize_scalar(loss, bounds=(-np.log(100), np.log(100)), method="bounded").x))


def scaled_softmax(decisions: Array, scale: float) -> Probabilities:
    """Probabilities of logits or decision values, both of shape (rows, 3); the scale is that of :func:`fit_scale`."""
    decisions = scale * decisions
    powers = np.exp(decisions - decisions.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float64)


def rescale(probabilities: Probabilities, factor: float) -> Probabilities:
    """The probabilities as they were had the logits been multiplied by a factor; the order of a row's stays."""
    with np.errstate(divide="ignore"):
        return scaled_softmax(np.log(probabilities), factor)
