"""Whether two systems differ on the same rows, by how much, and where.

A system is given by the labels of its trainings (seeds): a list of lists, each with a label for every example.
Intervals and p-values treat documents as the units, since the rows of a document are not independent.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binomtest

from stance.base.annotations import Example
from stance.base.labels import LABEL2ID, LABELS
from stance.base.measures import Array, f1
from stance.evaluation import metrics
from stance.evaluation.metrics import Score

#: Under weights of documents (samples, documents), as :func:`stance.evaluation.metrics.measure` with the name filled
#: in.
Measure = Callable[..., Array]

Trainings = Sequence[Sequence[str]]

#: Below it a corrected p-value counts.
LEVEL = 0.05


@dataclass(frozen=True)
class Difference:
    """Of two systems: ``values`` of b and a, b minus a with its interval, and the p-value."""

    values: list[float]
    difference: Score
    p: float


@dataclass(frozen=True)
class PValues:
    """By the bootstrap shifted to no difference, and by :func:`randomization`."""

    bootstrap: float
    randomization: float


@dataclass(frozen=True)
class McNemar:
    """Rows that only one of two trainings has right, and the p-value; see :func:`mcnemar`."""

    only_system_right: int
    only_minus_right: int
    p: float


@dataclass(frozen=True)
class GroupDifference:
    """Of the rows of one label or target; without a p-value, since nobody corrects dozens of them."""

    n: int
    values: list[float]
    difference: Score


@dataclass(frozen=True)
class Comparison:
    """A system compared with the first.

    Attributes:
        system: That is compared.
        minus: The first.
        measure: Of all that follows but ``labels``.
        n: Rows.
        documents: That they are from.
        seeds: Trainings of the system and of the first.
        values: Of the system and of the first.
        difference: System minus the first, with its paired interval.
        p: Whether they differ.
        mcnemar: Of single trainings, else None.
        labels: The difference in F1 by label.
        targets: The difference by target.
        rows: How many have another label.
        p_holm: The p-values corrected for the number of comparisons.
    """

    system: str
    minus: str
    measure: str
    n: int
    documents: int
    seeds: list[int]
    values: list[float]
    difference: Score
    p: PValues
    mcnemar: McNemar | None
    labels: dict[str, GroupDifference]
    targets: dict[str, GroupDifference]
    rows: int
    p_holm: PValues

    @property
    def distinguishable(self) -> bool:
        """Whether the interval excludes 0 and both corrected p-values are below 0.05."""
        low, high = self.difference.low, self.difference.high
        return not low <= 0 <= high and max(self.p_holm.bootstrap, self.p_holm.randomization) < LEVEL


def compare(
    examples: Sequence[Example], systems: Mapping[str, Trainings], *, headline: str, samples: int = 5000
) -> list[Comparison]:
    """Every further system compared with the first, p-values corrected by Holm for their number."""
    first, *others = systems
    found = [_compared(examples, systems, first, other, headline, samples) for other in others]
    bootstrap, swapped = holm([one.p.bootstrap for one in found]), holm([one.p.randomization for one in found])
    return [replace(one, p_holm=PValues(*both)) for one, *both in zip(found, bootstrap, swapped, strict=True)]


def _compared(
    examples: Sequence[Example], systems: Mapping[str, Trainings], minus: str, system: str, headline: str, samples: int
) -> Comparison:
    """One comparison, its p-values not corrected yet."""
    a, b = systems[minus], systems[system]
    measure = partial(metrics.measure, headline)
    gold = [example.label for example in examples]
    per_label: dict[str, GroupDifference] = {}
    for label in LABELS:
        part = paired_difference(partial(label_f1, label), examples, a, b, samples)
        per_label[label] = GroupDifference(gold.count(label), part.values, part.difference)
    per_target = {}
    for target, rows in metrics.rows_by([example.target] for example in examples).items():
        chosen = [examples[i] for i in rows]
        of_a, of_b = ([[training[i] for i in rows] for training in trainings] for trainings in (a, b))
        part = paired_difference(measure, chosen, of_a, of_b, samples)
        per_target[target] = GroupDifference(len(rows), part.values, part.difference)
    found = paired_difference(measure, examples, a, b, samples)
    p = PValues(found.p, randomization(measure, examples, a, b, samples))
    return Comparison(
        system=system,
        minus=minus,
        measure=headline,
        n=len(examples),
        documents=metrics.count_documents(examples),
        seeds=[len(b), len(a)],
        values=found.values,
        difference=found.difference,
        p=p,
        mcnemar=mcnemar(gold, a[0], b[0]) if len(a) == len(b) == 1 else None,
        labels=per_label,
        targets=per_target,
        rows=len(differing_rows(examples, a, b)),
        p_holm=p,
    )


def label_f1(label: str, weights: Array, matrices: Array, documents: Array, targets: Array) -> Array:
    """F1 of one label under each weighting, shape (samples,); arguments as :func:`metrics.measure` has them."""
    return f1(metrics.weighted_sum(weights[:, documents], matrices))[..., LABEL2ID[label]]


def paired_difference(
    measure: Measure, examples: Sequence[Example], a: Trainings, b: Trainings, samples: int, seed: int = 0
) -> Difference:
    """Measure of b minus that of a, both on the same resampled documents (and each on resampled trainings).

    The p-value is how often the resampled difference is as far from the observed one as that is from 0 (the bootstrap
    shifted to no difference; Efron and Tibshirani 1993, section 16.4), and 1 for a single document.
    """
    gold, documents, targets = metrics.columns(examples)
    drawn_from = len(set(documents))
    weights = metrics.document_weights(drawn_from, samples, seed)
    generator = np.random.default_rng(seed + 1)
    second, first = (
        metrics.over_trainings(
            np.stack([measure(weights, *metrics.grouped_confusions(gold, t, documents, targets)) for t in system]),
            generator,
        )
        for system in (b, a)
    )
    values = second - first
    far = np.abs(values[1:] - values[0]) >= abs(values[0]) - 1e-12
    return Difference(
        values=[float(second[0]), float(first[0])],
        difference=metrics.score(values, drawn_from, lowest=-1.0),
        p=float((1 + far.sum()) / (1 + samples)) if drawn_from > 1 else 1.0,
    )


def randomization(
    measure: Measure, examples: Sequence[Example], a: Trainings, b: Trainings, samples: int, seed: int = 0
) -> float:
    """Two-sided p-value of approximate randomization (Noreen 1989): the systems' outputs swapped document by document.

    If it makes no difference which system a document's labels came from, the observed difference is one of those that
    random swaps give. Of several trainings all labels of a document are swapped at once; the trainings themselves are
    taken as they are.
    """
    gold, documents, targets = metrics.columns(examples)
    size = len(set(documents))
    swapped = np.random.default_rng(seed).integers(2, size=(samples + 1, size)).astype(np.float64)
    swapped[0] = 0
    theirs, ours = np.hstack([1 - swapped, swapped]), np.hstack([swapped, 1 - swapped])
    total = np.zeros(samples + 1)
    for turn in range(math.lcm(len(a), len(b))):
        pair = [metrics.grouped_confusions(gold, system[turn % len(system)], documents, targets) for system in (b, a)]
        matrices = np.concatenate([pair[0][0], pair[1][0]])
        of_documents = np.concatenate([pair[0][1], pair[1][1] + size])
        of_targets = np.concatenate([pair[0][2], pair[1][2]])
        total += measure(theirs, matrices, of_documents, of_targets) - measure(ours, matrices, of_documents, of_targets)
    return float((np.abs(total) >= abs(total[0]) - 1e-9).mean())


def mcnemar(gold: Sequence[str], a: Sequence[str], b: Sequence[str]) -> McNemar:
    """Exact McNemar test (1947) on accuracy: rows that only one of two has right, and the two-sided binomial p-value.

    It takes rows as independent, which the rows of a document are not: read it beside the tests by document.
    """
    only_a = sum(x == g != y for g, x, y in zip(gold, a, b, strict=True))
    only_b = sum(y == g != x for g, x, y in zip(gold, a, b, strict=True))
    p = float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    return McNemar(only_system_right=only_b, only_minus_right=only_a, p=p)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number, in their order (Holm 1979): the chance of any false finding stays at 5%."""
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def differing_rows(examples: Sequence[Example], a: Trainings, b: Trainings) -> list[dict[str, Any]]:
    """The rows to which the systems give different labels, in order.

    A system's label is that of most of its trainings; of several with as many it is what the first of them said.
    """
    rows = []
    for index, example in enumerate(examples):
        first, second = _most(a, index), _most(b, index)
        if first != second:
            row = {name: getattr(example, name) for name in ("id", "document", "text", "holder", "target")}
            rows.append(row | {"gold": example.label, "system": second, "minus": first})
    return rows


def _most(system: Trainings, index: int) -> str:
    return Counter(training[index] for training in system).most_common(1)[0][0]


def in_words(found: Comparison, comparisons: int) -> str:
    """One comparison as a line."""
    verdict = "distinguishable" if found.distinguishable else "not distinguishable"
    by = f"{found.p_holm.bootstrap:.2g} (bootstrap), {found.p_holm.randomization:.2g} (randomization)"
    corrected = f", Holm-corrected for {comparisons} comparisons" if comparisons > 1 else ""
    line = (
        f"{found.system} minus {found.minus}: {metrics.in_words(found.difference, sign='+')} "
        f"{found.measure}, p = {by}{corrected}: {verdict}; {found.rows} of {found.n} rows differ"
    )
    if found.mcnemar is not None:
        line += (
            f", right are {found.mcnemar.only_system_right} by {found.system} alone and "
            f"{found.mcnemar.only_minus_right} by {found.minus} alone (McNemar p = {found.mcnemar.p:.2g})"
        )
    return line
