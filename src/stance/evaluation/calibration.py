"""Whether probabilities mean what they say, and the one factor that mends them without changing a label."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.labels import LABEL2ID, LABELS
from stance.base.measures import Array
from stance.base.predictions import DECIMALS, Probabilities
from stance.base.settings import ABSENT
from stance.evaluation import metrics
from stance.evaluation.metrics import Score

#: Of a reliability table.
BINS = 15

#: Draws of what a calibrated model would show.
DRAWS = 200


@dataclass(frozen=True)
class CalibrationError(Score):
    """An expected calibration error, and what 19 of 20 calibrated models with the same confidences stay below."""

    if_calibrated: float


@dataclass(frozen=True)
class Calibration:
    """How well calibrated probabilities are; see :func:`measure_calibration`.

    Attributes:
        ece: In bins of equal mass.
        ece_equal_width: In bins of equal width.
        brier: From 0 to 2.
        log_loss: With the natural logarithm.
        reliability: The tables of both kinds of bins.
        scale: Of the logits; None if there is none.
        before: The first three measures that pages show, before the probabilities were scaled.
    """

    ece: CalibrationError
    ece_equal_width: CalibrationError
    brier: Score
    log_loss: Score
    reliability: dict[str, list[dict[str, float]]] | None = field(default=None, metadata=ABSENT)
    scale: float | None = field(default=None, metadata=ABSENT)
    before: dict[str, Score] | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True)
class Scaled:
    """Calibration before and after the scale that was fitted on validation; 1 = as it is."""

    scale: float
    before: Calibration
    after: Calibration


def bin_edges(confidence: Array, *, equal_mass: bool) -> Array:
    """Edges of at most ``BINS`` bins: quantiles of the confidences, or equal steps to 1.

    Equal confidences stay together, so that bins of equal mass may hold unlike numbers of rows: one that fills several
    is the upper edge of one, and if it is the lowest, a bin of its own between two equal edges.
    """
    steps = np.linspace(0, 1, BINS + 1)
    if not equal_mass:
        return steps
    quantiles = np.quantile(confidence, steps)
    lowest = [quantiles[0]] if quantiles[1] == quantiles[0] else []
    return np.array([*lowest, *np.unique(quantiles)])


def bin_numbers(confidence: Array, edges: Array) -> NDArray[np.int64]:
    """The bin of each row, from 0; a bin holds its upper edge and not its lower one, but for the lowest of all."""
    return np.searchsorted(edges[1:-1], confidence, side="left").astype(np.int64)


def reliability(confidence: Array, right: Array, *, equal_mass: bool) -> list[dict[str, float]]:
    """The reliability table: for each bin with rows n, mean confidence and accuracy, and its edges."""
    edges = bin_edges(confidence, equal_mass=equal_mass)
    numbers = bin_numbers(confidence, edges)
    return [
        {
            "above": float(edges[number]),
            "to": float(edges[min(number + 1, len(edges) - 1)]),
            "n": int((numbers == number).sum()),
            "confidence": float(confidence[numbers == number].mean()),
            "accuracy": float(right[numbers == number].mean()),
        }
        for number in np.unique(numbers)
    ]


def expected_error(confidence: Array, right: Array, edges: Array) -> float:
    """Expected calibration error of the top label (Naeini et al. 2015, AAAI; Guo et al. 2017), from 0 to 1.

    Args:
        confidence: Probability of the most probable label, shape (rows,).
        right: 1.0 where that is the gold label, shape (rows,).
        edges: Of the bins, see :func:`bin_edges`.

    Returns:
        The mean over rows of the distance between mean confidence and accuracy of the row's bin.
    """
    return float(np.abs((right - confidence) @ _members(confidence, edges)).sum() / len(confidence))


def _members(confidence: Array, edges: Array) -> Array:
    """Which bin each row is in, shape (rows, bins)."""
    return np.eye(len(edges))[bin_numbers(confidence, edges)]


def measure_calibration(
    examples: Sequence[Example],
    probabilities: Probabilities,
    *,
    labels: Sequence[str] | None = None,
    samples: int = 1000,
    seed: int = 0,
) -> Calibration:
    """How well calibrated probabilities are.

    Probabilities count to six decimals, as predictions files hold them: a report is the same from model and file.

    Args:
        examples: The rows.
        probabilities: Of the labels, shape (rows, 3).
        labels: The label that each row was given. It counts where several labels are the most probable; without it
            the first of these does.
        samples: Resamples of the documents.
        seed: Of the resamples.

    Returns:
        ``ece`` (equal-mass bins) and ``ece_equal_width``: value, 95% interval, and ``if_calibrated``: what 19 of 20
        calibrated models with these very confidences stay below. The interval is the reflected (basic) one, since the
        error of a resample is larger than that of the sample. ``brier`` (Brier 1950: squared differences summed over
        the labels, 0 to 2) and ``log_loss`` (natural logarithm; no probability counts as less than 1e-6): value and
        95% interval. ``reliability``: both tables.
    """
    probabilities = probabilities.round(DECIMALS)
    gold = np.array([LABEL2ID[example.label] for example in examples])
    documents, weights = metrics.resampled([example.document for example in examples], samples, seed)
    drawn_from = weights.shape[1]
    confidence = probabilities.max(axis=1)
    best = probabilities.argmax(axis=1)
    if labels is not None:
        said = np.array([LABEL2ID[label] for label in labels])
        best = np.where(probabilities[np.arange(len(said)), said] == confidence, said, best)
    right = (best == gold).astype(np.float64)
    calibrated = np.random.default_rng(seed).random((DRAWS, len(gold))) < confidence
    errors, bins = {}, {}
    for name, equal_mass in (("equal_mass", True), ("equal_width", False)):
        edges = bin_edges(confidence, equal_mass=equal_mass)
        gaps = metrics.by_document((right - confidence)[:, None] * _members(confidence, edges), documents)
        values = np.abs(weights @ gaps).sum(axis=1) / (weights @ np.bincount(documents))
        by_chance = [expected_error(confidence, drawn.astype(np.float64), edges) for drawn in calibrated]
        errors[name] = CalibrationError(*_reflected(values, drawn_from), float(np.quantile(by_chance, 0.95)))
        bins[name] = reliability(confidence, right, equal_mass=equal_mass)
    truth = np.eye(len(LABELS))[gold]
    losses = {
        "brier": (((probabilities - truth) ** 2).sum(axis=1), 2.0),
        "log_loss": (-np.log(np.maximum((probabilities * truth).sum(axis=1), 10.0**-DECIMALS)), DECIMALS * np.log(10)),
    }
    scores = {}
    for name, (loss, highest) in losses.items():
        found = metrics.score(metrics.weighted_mean(loss, documents, weights), drawn_from)
        scores[name] = found if drawn_from > 1 else replace(found, high=float(highest))
    return Calibration(errors["equal_mass"], errors["equal_width"], scores["brier"], scores["log_loss"], bins)


def _reflected(values: Array, documents: int) -> tuple[float, float, float]:
    """Value and basic bootstrap interval: the percentiles mirrored at the value, cut at 0, never without the value."""
    found = metrics.score(values, documents)
    if documents == 1:
        return found.value, found.low, found.high
    return found.value, max(0.0, 2 * found.value - found.high), max(found.value, 2 * found.value - found.low)
