"""Answering only where it is safe: risk by coverage, thresholds for a stated risk, and sets of labels (conformal)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.errors import input_error
from stance.base.extras import from_extras
from stance.base.labels import LABEL2ID, LABELS
from stance.base.measures import Array
from stance.base.predictions import DECIMALS, Prediction, Probabilities, Threshold, to_probabilities
from stance.evaluation import metrics
from stance.evaluation.metrics import Score

with from_extras():
    from scipy.special import digamma
    from scipy.stats import beta

#: Coverages that a threshold is kept for: 5%, 10%, ..., 100% of the validation rows.
COVERAGES = np.linspace(0.05, 1, 20)

#: Of conformal sets: at most this share of rows may lack their label.
ALPHA = 0.1


@dataclass(frozen=True)
class Selective:
    """How well confidence tells right from wrong.

    Attributes:
        aurc: Area under the risk-coverage curve; lower is better.
        excess_aurc: What of it is due to the order of confidence.
        curve: ``above``, ``coverage`` and ``risk`` of some 20 thresholds.
    """

    aurc: Score
    excess_aurc: Score
    curve: list[dict[str, float]]


def confidence_and_right(examples: Sequence[Example], predictions: Sequence[Prediction]) -> tuple[Array, Array]:
    """The probability of the label that was given, and 1.0 where it is the gold label; both of shape (rows,).

    Raises:
        StanceError: A prediction has no probabilities.
    """
    probabilities = to_probabilities(predictions, "predictions")
    said = [LABEL2ID[prediction.label] for prediction in predictions]
    right = [float(p.label == e.label) for p, e in zip(predictions, examples, strict=True)]
    return probabilities[np.arange(len(said)), said], np.array(right)


def area(confidence: Array, right: Array, rows_of: Array) -> Array:
    """Area under the risk-coverage curve (Geifman and El-Yaniv 2017; as AURC in Geifman, Uziel and El-Yaniv 2019).

    Args:
        confidence: Shape (rows,); rows of one confidence are answered together.
        right: 1.0 or 0.0, shape (rows,).
        rows_of: How often each row occurs in each sample, shape (samples, rows).

    Returns:
        Shape (samples,): the share of errors among the answered rows, averaged over the rows from most to least sure.
    """
    order = np.argsort(-confidence, kind="stable")
    starts = np.flatnonzero(np.diff(confidence[order], prepend=np.inf))
    rows = np.add.reduceat(rows_of[:, order], starts, axis=1)
    errors = np.add.reduceat(rows_of[:, order] * (1 - right[order]), starts, axis=1)
    answered = rows.cumsum(axis=1)
    risk = np.divide(errors.cumsum(axis=1), answered, out=np.zeros_like(answered), where=answered > 0)
    return np.asarray((rows * risk).sum(axis=1) / rows.sum(axis=1))


def lowest_area(right: Array, rows_of: Array) -> Array:
    """The area if every right row were surer than every wrong one; what is above it is the excess (E-AURC)."""
    rows = rows_of.sum(axis=1)
    correct = rows_of @ right
    return np.asarray((rows - correct - correct * (digamma(rows + 1) - digamma(correct + 1))) / rows)


def measure_selective(
    examples: Sequence[Example], predictions: Sequence[Prediction], *, samples: int = 1000
) -> Selective:
    """How well confidence tells right from wrong; intervals are by document."""
    confidence, right = confidence_and_right(examples, predictions)
    confidence = confidence.round(DECIMALS)
    documents, weights = metrics.resampled([example.document for example in examples], samples)
    drawn_from = weights.shape[1]
    blocks = np.array_split(weights, -(-len(weights) * len(documents) // 2_000_000))  # some 16 MB an array
    values = np.concatenate([area(confidence, right, block[:, documents]) for block in blocks])
    excess = values - np.concatenate([lowest_area(right, block[:, documents]) for block in blocks])
    curve = [
        {"above": above, "coverage": rows / len(examples), "risk": errors / rows}
        for above, rows, errors in thresholds(confidence, right)
    ]
    return Selective(metrics.score(values, drawn_from), metrics.score(excess, drawn_from), curve)


def thresholds(confidence: Array, right: Array) -> list[Threshold]:
    """Rows and errors above each of some 20 confidences, which answer about 5%, 10%, ..., 100% of the rows."""
    descending = np.append(np.sort(confidence)[::-1], 0.0)
    found = {float(descending[round(share * len(confidence))]) for share in COVERAGES}
    table = []
    for threshold in sorted(found, reverse=True):
        chosen = confidence > threshold
        if chosen.any():
            table.append(Threshold(threshold, int(chosen.sum()), int((1 - right[chosen]).sum())))
    return table


def upper_bound(errors: int, rows: int, delta: float) -> float:
    """Clopper-Pearson: with probability 1 - delta the true risk of independent rows is at most this."""
    return float(beta.ppf(1 - delta, errors + 1, rows - errors)) if errors < rows else 1.0


def threshold_for(table: Sequence[Threshold], risk: float, delta: float, place: str) -> tuple[Threshold, float]:
    """The threshold that answers most rows with a risk of at most ``risk``, and the bound of its risk.

    As in Selection with Guaranteed Risk (Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks,
    NIPS), with one union bound over all thresholds of the table instead of over the steps of a search: with probability
    1 - delta over the validation rows, every threshold's risk is at most its bound, if rows are independent and later
    ones come from where they came from.

    Raises:
        StanceError: No threshold's bound is low enough; the message names the lowest.
    """
    if not table:
        raise input_error(place, "no thresholds are stored in the checkpoint", allowed="one from scripts/train.py")
    bounds = [upper_bound(errors, rows, delta / len(table)) for _, rows, errors in table]
    reached = [index for index, bound in enumerate(bounds) if bound <= risk]
    if not reached:
        lowest = math.ceil(min(bounds) * 1000) / 1000
        problem = (
            f"abstain.risk: not to be reached with abstain.delta={delta:g} on the {table[-1].rows} validation rows"
        )
        allowed = f"{lowest:g} or more" if lowest < 1 else "a checkpoint with more validation rows"
        raise input_error(place, problem, found=risk, allowed=allowed)
    return table[reached[-1]], bounds[reached[-1]]


def conformal_limits(
    probabilities: Probabilities, gold: NDArray[np.int64], alpha: float, *, by_label: bool = False
) -> Array:
    """The largest score 1 - p(label) with which a label is in a row's set, for each label; shape (3,).

    Split conformal sets with the least ambiguous score (Sadinle, Lei and Wasserman 2019, JASA 114(525)). If the
    validation rows and a new one are exchangeable, its gold label is in its set with probability at least 1 - alpha;
    with ``by_label`` (Mondrian; Vovk 2012) so it is among the rows of each gold label. A label with too few rows for
    that (fewer than 1/alpha - 1) is in every set.

    Args:
        probabilities: Of the validation rows, shape (rows, 3).
        gold: Their label ids, shape (rows,).
        alpha: Above 0, below 1.
        by_label: One limit for each label.
    """
    scores = 1 - probabilities[np.arange(len(gold)), gold]
    groups = [scores[gold == label] for label in range(len(LABELS))] if by_label else [scores] * len(LABELS)
    return np.array([_quantile(group, alpha) for group in groups])


def _quantile(scores: Array, alpha: float) -> float:
    rank = math.ceil((len(scores) + 1) * (1 - alpha))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else 1.0


def prediction_sets(probabilities: Probabilities, limits: Array) -> NDArray[np.bool_]:
    """Which labels are in each row's set, shape (rows, 3); a set may be empty."""
    return np.asarray(1 - probabilities <= limits)


def measure_conformal(
    validation: tuple[Sequence[Example], Probabilities],
    part: tuple[Sequence[Example], Probabilities],
    *,
    alpha: float = ALPHA,
    samples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Conformal sets fitted on validation, as they turn out on another part.

    Returns:
        ``alpha``; for ``marginal`` and ``by_label``: the ``limits``; ``coverage``: share of rows whose gold label is in
        their set, with its 95% interval by document; ``size``: mean number of labels in a set; ``empty``: share of
        empty sets; ``labels``: coverage among the rows of each gold label, None for a label without rows.
    """
    (examples, probabilities), (fitted_on, of_validation) = part, validation
    gold = np.array([LABEL2ID[example.label] for example in examples])
    documents, weights = metrics.resampled([example.document for example in examples], samples, seed)
    report: dict[str, Any] = {"alpha": alpha}
    validation_gold = np.array([LABEL2ID[example.label] for example in fitted_on])
    for name in ("marginal", "by_label"):
        limits = conformal_limits(of_validation, validation_gold, alpha, by_label=name == "by_label")
        sets = prediction_sets(probabilities, limits)
        covered = sets[np.arange(len(gold)), gold].astype(np.float64)
        values = metrics.weighted_mean(covered, documents, weights)
        report[name] = {
            "limits": dict(zip(LABELS, limits.tolist(), strict=True)),
            "coverage": metrics.with_interval(values, weights.shape[1]),
            "size": float(sets.sum(axis=1).mean()),
            "empty": float((~sets.any(axis=1)).mean()),
            "labels": {
                label: float(covered[gold == number].mean()) if (gold == number).any() else None
                for label, number in LABEL2ID.items()
            },
        }
    return report
