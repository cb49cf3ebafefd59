"""Scores of predictions joined to gold labels by id: measures, intervals, and the gain over the best prior."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

import numpy as np

from stance.base.annotations import Example, label_counts, shortened
from stance.base.errors import input_error
from stance.base.labels import LABELS, alike
from stance.base.measures import (
    ALL_MEASURES,
    MEAN_OVER_TARGETS,
    TITLES,
    Array,
    accuracy,
    f1,
    favor_against_f1,
    macro_f1,
    precision,
    recall,
)
from stance.base.predictions import Prediction, Predictor, to_predictions
from stance.base.questions import questions_of
from stance.base.words import composed
from stance.evaluation import metrics
from stance.evaluation.metrics import Score
from stance.evaluation.report import GroupInterval, GroupScores, Intervals, LabelIntervals, LabelScores, Report
from stance.models.config import PRIORS
from stance.models.priors import Prior

log = logging.getLogger(__name__)

#: Of the reports that :func:`evaluate` gives; a changed meaning makes a new number, a new measure does not.
REPORT_VERSION = 1

#: Of the stratified prior: a single draw on 300 rows would be off by some 0.025.
DRAWS = 50


def predict_examples(predictor: Predictor, examples: Sequence[Example]) -> list[Prediction]:
    """The predictions for examples, in their order."""
    return to_predictions(predictor.predict_proba(questions_of(examples)))


def matched(
    examples: Sequence[Example],
    predictions: Mapping[str, Prediction],
    place: str,
    splits: Mapping[str, Sequence[Example]] | None = None,
) -> list[Prediction]:
    """The prediction for each example, joined on id, whether ids are spelled composed or decomposed (NFC, NFD).

    Args:
        examples: A part.
        predictions: By id.
        place: Of the predictions, for messages.
        splits: All parts, if the predictions may be for the whole corpus; it is said then how many are of use.

    Raises:
        StanceError: An example without a prediction, or a prediction without an example: nothing is left out quietly.
    """
    said = {composed(row_id): prediction for row_id, prediction in predictions.items()}
    ids = [composed(example.id) for example in examples]
    missing = [example.id for example, row_id in zip(examples, ids, strict=True) if row_id not in said]
    if missing:
        problem = f"{len(missing)} of {len(examples)} rows have no prediction"
        raise input_error(place, problem, found=missing[:5], allowed=_ids(missing, list(predictions)))
    extra = sorted(said.keys() - {*ids})
    elsewhere = {composed(example.id) for part in (splits or {}).values() for example in part} & {*extra}
    if elsewhere:
        told = "%s: %d predictions are for this part; those for %d rows of other parts and %d of none are not counted"
        log.info(told, place, len(examples), len(elsewhere), len(extra) - len(elsewhere))
    elif extra:
        raise input_error(place, f"{len(extra)} prediction(s) for rows that are not in this part", found=extra[:5])
    return [said[row_id] for row_id in ids]


def _ids(missing: Sequence[str], given: Sequence[str]) -> str:
    """What the ids of a file of predictions look like, and how they came to be unlike those of the data."""
    shown = f"the ids of the data; the file has {', '.join(map(repr, given[:5]))}"
    by_value = {alike(each): each for each in given}
    if lost := shortened(given):
        return f"{shown}; {lost[0]!r} lost digits in a spreadsheet, where ids belong into cells of text"
    for each in missing:
        if other := by_value.get(alike(each)):
            return f"{shown}; {each!r} stands there as {other!r}: some program took ids for numbers"
    return shown


def prior_labels(train: Sequence[Example], examples: Sequence[Example]) -> dict[str, list[list[str]]]:
    """What each prior, fitted on train, says of the examples: by name of the prior, one list of labels for each draw.

    A prior that draws at random gives ``DRAWS`` lists, whose scores are averaged; the others give one.
    """
    drawn = len({example.label for example in train}) > 1  # of one label each draw is the same
    return {
        name: [
            [prediction.label for prediction in predict_examples(Prior.fit(name, train, seed), examples)]
            for seed in range(DRAWS if name == "stratified" and drawn else 1)
        ]
        for name in PRIORS
    }


def evaluate(
    examples: Sequence[Example],
    predicted: Sequence[str],
    train: Sequence[Example],
    *,
    headline: str = "macro_f1",
    samples: int = 1000,
) -> Report:
    """The report of one model on one part.

    The gain over the best prior, fitted on train, is stated in the headline measure; documents are resampled.
    """
    drawn_from = metrics.count_documents(examples)
    weights = metrics.document_weights(drawn_from, samples)
    measures = {name: metrics.sampled(name, examples, predicted, weights) for name in ALL_MEASURES}
    priors = {
        name: np.mean([metrics.sampled(headline, examples, labels, weights) for labels in draws], axis=0)
        for name, draws in prior_labels(train, examples).items()
    }
    best = max(priors, key=lambda name: float(priors[name][0]))
    gold = [example.label for example in examples]
    matrix = metrics.confusion(gold, predicted)
    return Report(
        version=REPORT_VERSION,
        n=len(examples),
        documents=drawn_from,
        headline=headline,
        measures={name: metrics.score(values, drawn_from) for name, values in measures.items()},
        priors={name: float(values[0]) for name, values in priors.items()},
        best_prior=best,
        gain=metrics.score(measures[headline] - priors[best], drawn_from, lowest=-1.0),
        labels=_per_label(matrix),
        targets=_per_group([[example.target] for example in examples], gold, predicted),
        holders=_per_group([[example.holder] for example in examples], gold, predicted),
        tags=dict(sorted(_per_group([example.tags for example in examples], gold, predicted).items())),
        confusion={
            label: dict(zip(LABELS, map(int, row), strict=True)) for label, row in zip(LABELS, matrix, strict=True)
        },
    )


def remark(report: Report) -> str:
    """A line on what a report's headline cannot reach, if that is so; else nothing."""
    if report.headline == MEAN_OVER_TARGETS:
        reached = [(group.gold["against"] > 0) + (group.gold["favor"] > 0) for group in report.targets.values()]
        if min(reached) == 2:
            return ""
        return (
            f"some targets have no row that is against, or none that is in favor: {mean(reached) / 2:.3f} is the "
            f"highest {TITLES[report.headline]}; data.headline=favor_against_f1 counts all targets as one\n"
        )
    counted = {"macro_f1": LABELS, "favor_against_f1": ("against", "favor")}.get(report.headline, ())
    absent = [label for label in counted if not report.labels[label].n]
    if not absent:
        return ""
    most = (len(counted) - len(absent)) / len(counted)
    other = "data.headline=favor_against_f1 leaves neutral out, " if absent == ["neutral"] else ""
    return (
        f"no row is {' or '.join(absent)}: {most:.3f} is the highest {TITLES[report.headline]}; "
        f"{other}data.headline=accuracy counts rows\n"
    )


def _per_label(matrix: Array) -> dict[str, LabelScores]:
    columns = (matrix.sum(axis=1), precision(matrix), recall(matrix), f1(matrix))
    return {
        label: LabelScores(n=int(n), precision=float(p), recall=float(r), f1=float(f))
        for label, n, p, r, f in zip(LABELS, *columns, strict=True)
    }


def _per_group(
    groups: Iterable[Iterable[str]], gold: Sequence[str], predicted: Sequence[str]
) -> dict[str, GroupScores]:
    found = {}
    for group, rows in metrics.rows_by(groups).items():
        own = [gold[i] for i in rows]
        matrix = metrics.confusion(own, [predicted[i] for i in rows])
        found[group] = GroupScores(
            n=len(own),
            gold=label_counts(own),
            accuracy=float(accuracy(matrix)),
            macro_f1=float(macro_f1(matrix)),
            favor_against_f1=float(favor_against_f1(matrix)),
        )
    return found


def score_intervals(examples: Sequence[Example], predicted: Sequence[str], *, samples: int = 1000) -> Intervals:
    """95% intervals for the scores of labels and groups that :func:`evaluate` gives; documents are resampled.

    Returns:
        ``labels``: ``precision``, ``recall`` and ``f1`` of each with interval, over the samples that have what it is a
        share of, and None where the part itself has not: recall of a label without gold rows (from a single document
        that has: all that is possible). ``targets``, ``holders``, ``tags``: of each the number of ``documents``, and
        ``accuracy`` with interval, over the samples that have a row of the group (from a single document: all that is
        possible). With fewer than some 20 documents they are too narrow.
    """
    gold, names, _ = metrics.columns(examples)
    documents, weights = metrics.resampled(names, samples)
    matrices, _, _ = metrics.grouped_confusions(gold, predicted, names, [""] * len(examples))  # one of each document
    summed = metrics.weighted_sum(weights, matrices)
    said, there = matrices.sum(axis=1), matrices.sum(axis=2)
    scores = {
        "precision": (precision(summed), said),
        "recall": (recall(summed), there),
        "f1": (f1(summed), said + there),
    }

    def of_label(values: Array, counts: Array) -> Score | None:
        spread = int((counts > 0).sum())
        return metrics.score(values[weights @ counts > 0], spread) if spread else None

    right = np.array([g == p for g, p in zip(gold, predicted, strict=True)], dtype=np.float64)

    def accuracies(groups: Iterable[Iterable[str]]) -> dict[str, GroupInterval]:
        found = {}
        for name, rows in metrics.rows_by(groups).items():
            own, of_rows = np.unique(documents[rows], return_inverse=True)
            drawn = weights[: 1 if len(own) == 1 else None, own]
            n = drawn @ np.bincount(of_rows)
            values = (drawn @ np.bincount(of_rows, right[rows]))[n > 0] / n[n > 0]
            found[name] = GroupInterval(len(own), metrics.score(values, len(own)))
        return found

    return Intervals(
        labels={
            label: LabelIntervals(**{name: of_label(v[:, i], counts[:, i]) for name, (v, counts) in scores.items()})
            for i, label in enumerate(LABELS)
        },
        targets=accuracies([example.target] for example in examples),
        holders=accuracies([example.holder] for example in examples),
        tags=accuracies(example.tags for example in examples),
    )


def over_seeds(
    examples: Sequence[Example],
    by_seed: Sequence[Sequence[str]],
    baseline: Sequence[Sequence[str]] | None = None,
    *,
    names: Sequence[str],
    headline: str,
    samples: int = 1000,
) -> dict[str, Any]:
    """Measures averaged over several trainings, with intervals that hold both sources of variance.

    Each bootstrap sample draws documents and, for each, seeds with replacement; the measures of the drawn seeds on the
    drawn documents are averaged (a crossed bootstrap, so neither a lucky seed nor a lucky document is hidden).

    Args:
        examples: With the gold labels.
        by_seed: The predicted labels of each training.
        baseline: Likewise of what the gain is over: a prior's draws or another system's trainings; None = no gain.
        names: Measures to report.
        headline: The measure of the gain.
        samples: Bootstrap samples.

    Returns:
        For each measure ``value`` (the mean), ``sd`` over seeds (0 for one), ``low``, ``high``; and ``gain`` likewise,
        without ``sd``.
    """
    drawn_from = metrics.count_documents(examples)
    weights = metrics.document_weights(drawn_from, samples)
    generator = np.random.default_rng(1)

    def averaged(name: str, trainings: Sequence[Sequence[str]]) -> tuple[Array, float]:
        """The mean over the trainings, then over those drawn in each sample; and the deviation over the trainings."""
        values = np.stack([metrics.sampled(name, examples, labels, weights) for labels in trainings])
        deviation = float(values[:, 0].std(ddof=1)) if len(trainings) > 1 else 0.0
        return metrics.over_trainings(values, generator), deviation

    result = {}
    for name in dict.fromkeys([*names, headline]):
        values, deviation = averaged(name, by_seed)
        result[name] = metrics.with_interval(values, drawn_from) | {"sd": deviation}
        if name == headline and baseline is not None:
            result["gain"] = metrics.with_interval(values - averaged(headline, baseline)[0], drawn_from, lowest=-1.0)
    return result
