"""Whether two systems differ on the same rows, by how much, and where.

A system is given by the labels of its trainings (seeds): a list of lists, each with a label for every example.
Intervals and p-values treat documents as the units, since the rows of a document are not independent.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binomtest

from stance.base.annotations import Example
from stance.base.labels import LABEL2ID, LABELS
from stance.base.measures import Array, f1
from stance.evaluation import metrics

#: Under weights of documents (samples, documents), as :func:`stance.evaluation.metrics.measure` with the name filled
#: in.
Score = Callable[..., Array]

Trainings = Sequence[Sequence[str]]

#: Below it a corrected p-value counts.
LEVEL = 0.05


def compare(
    examples: Sequence[Example], systems: Mapping[str, Trainings], *, headline: str, samples: int = 5000, seed: int = 0
) -> list[dict[str, Any]]:
    """Every further system compared with the first, p-values corrected by Holm for their number.

    Returns:
        For each comparison: ``system``, ``minus`` (the first), ``measure``, ``n``, ``documents``, ``seeds`` of each;
        ``values`` of each; ``difference`` with its paired 95% interval; ``p`` and ``p_holm`` by ``bootstrap`` and
        ``randomization``; ``mcnemar`` (of single trainings, else None); ``labels``: the difference in F1;
        ``targets``: the difference in the measure; ``rows``: how many have another label.
    """
    first, *others = systems
    results: list[dict[str, Any]] = []
    for other in others:
        compared = _compared(examples, systems[first], systems[other], headline, samples, seed)
        results.append({"system": other, "minus": first, "measure": headline, **compared})
    for kind in ("bootstrap", "randomization"):
        for result, corrected in zip(results, holm([result["p"][kind] for result in results]), strict=True):
            result.setdefault("p_holm", {})[kind] = corrected
    return results


def _compared(
    examples: Sequence[Example], a: Trainings, b: Trainings, headline: str, samples: int, seed: int
) -> dict[str, Any]:
    score = partial(metrics.measure, headline)
    gold = [example.label for example in examples]
    per_label = {label: paired_difference(partial(label_f1, label), examples, a, b, samples, seed) for label in LABELS}
    per_target = {}
    for target, rows in metrics.rows_by([example.target for example in examples]).items():
        chosen = [examples[i] for i in rows]
        of_a, of_b = ([[training[i] for i in rows] for training in system] for system in (a, b))
        found = paired_difference(score, chosen, of_a, of_b, samples, seed)
        per_target[target] = {"n": len(rows), **_without_p(found)}
    found = paired_difference(score, examples, a, b, samples, seed)
    single = len(a) == len(b) == 1
    return {
        "n": len(examples),
        "documents": len({example.document for example in examples}),
        "seeds": [len(b), len(a)],
        "values": found["values"],
        "difference": found["difference"],
        "p": {"bootstrap": found["p"], "randomization": randomization(score, examples, a, b, samples, seed)},
        "mcnemar": mcnemar(gold, a[0], b[0]) if single else None,
        "labels": {label: {"n": gold.count(label)} | _without_p(difference) for label, difference in per_label.items()},
        "targets": per_target,
        "rows": len(differing_rows(examples, a, b)),
    }


def _without_p(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of many small differences only the size is told: nobody corrects dozens of p-values."""
    return {key: value for key, value in found.items() if key != "p"}


def label_f1(label: str, weights: Array, matrices: Array, documents: Array, targets: Array) -> Array:
    """F1 of one label under each weighting, shape (samples,); arguments as :func:`metrics.measure` has them."""
    return f1(metrics.weighted_sum(weights[:, documents], matrices))[..., LABEL2ID[label]]


def paired_difference(
    score: Score, examples: Sequence[Example], a: Trainings, b: Trainings, samples: int, seed: int
) -> dict[str, Any]:
    """Score of b minus that of a, both on the same resampled documents (and each on resampled trainings).

    Returns:
        ``values`` of b and a; ``difference``: value, low, high; ``p``: how often the resampled difference is as far
        from the observed one as that is from 0 (the bootstrap shifted to no difference; Efron and Tibshirani 1993,
        section 16.4), 1 for a single document.
    """
    gold, documents, targets = metrics.columns(examples)
    drawn_from = len(set(documents))
    weights = metrics.document_weights(drawn_from, samples, seed)
    generator = np.random.default_rng(seed + 1)
    second, first = (
        metrics.over_trainings(
            np.stack([score(weights, *metrics.grouped_confusions(gold, t, documents, targets)) for t in system]),
            generator,
        )
        for system in (b, a)
    )
    values = second - first
    far = np.abs(values[1:] - values[0]) >= abs(values[0]) - 1e-12
    return {
        "values": [float(second[0]), float(first[0])],
        "difference": metrics.with_interval(values, drawn_from, lowest=-1.0),
        "p": float((1 + far.sum()) / (1 + samples)) if drawn_from > 1 else 1.0,
    }


def randomization(
    score: Score, examples: Sequence[Example], a: Trainings, b: Trainings, samples: int, seed: int
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
        total += score(theirs, matrices, of_documents, of_targets) - score(ours, matrices, of_documents, of_targets)
    return float((np.abs(total) >= abs(total[0]) - 1e-9).mean())


def mcnemar(gold: Sequence[str], a: Sequence[str], b: Sequence[str]) -> dict[str, Any]:
    """Exact McNemar test (1947) on accuracy: rows that only one of two has right, and the two-sided binomial p-value.

    It takes rows as independent, which the rows of a document are not: read it beside the tests by document.
    """
    only_a = sum(x == g != y for g, x, y in zip(gold, a, b, strict=True))
    only_b = sum(y == g != x for g, x, y in zip(gold, a, b, strict=True))
    p = float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    return {"only_system_right": only_b, "only_minus_right": only_a, "p": p}


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


def distinguishable(result: Mapping[str, Any]) -> bool:
    """Whether the interval excludes 0 and both corrected p-values are below 0.05."""
    low, high = result["difference"]["low"], result["difference"]["high"]
    return not low <= 0 <= high and max(result["p_holm"].values()) < LEVEL


def in_words(result: Mapping[str, Any], comparisons: int) -> str:
    """One comparison as a line."""
    verdict = "distinguishable" if distinguishable(result) else "not distinguishable"
    by = ", ".join(f"{p:.2g} ({kind})" for kind, p in result["p_holm"].items())
    corrected = f", Holm-corrected for {comparisons} comparisons" if comparisons > 1 else ""
    line = (
        f"{result['system']} minus {result['minus']}: {metrics.in_words(result['difference'], sign='+')} "
        f"{result['measure']}, p = {by}{corrected}: {verdict}; {result['rows']} of {result['n']} rows differ"
    )
    if result["mcnemar"]:
        rows = result["mcnemar"]
        line += (
            f", right are {rows['only_system_right']} by {result['system']} alone and {rows['only_minus_right']} by "
            f"{result['minus']} alone (McNemar p = {rows['p']:.2g})"
        )
    return line
