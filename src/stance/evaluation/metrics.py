"""Confusion matrices of rows and of documents, the measures of :mod:`stance.base.measures` on them, and intervals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.labels import LABEL2ID, LABELS
from stance.base.measures import ALL_MEASURES, MEAN_OVER_TARGETS, MEASURES, Array, favor_against_f1, ratio

#: With fewer documents an interval by their bootstrap is too narrow to go by.
FEW_DOCUMENTS = 20


@dataclass(frozen=True)
class Score:
    """A number with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SeedScore:
    """A number averaged over seeds, with its 95% interval, and its deviation over the seeds: 0 for one."""

    value: float
    low: float
    high: float
    sd: float


def confusion(gold: Sequence[str], predicted: Sequence[str]) -> Array:
    """Counts of shape (3, 3): gold label by predicted label."""
    matrix = np.zeros((len(LABELS), len(LABELS)))
    np.add.at(matrix, ([LABEL2ID[label] for label in gold], [LABEL2ID[label] for label in predicted]), 1)
    return matrix


def grouped_confusions(
    gold: Sequence[str], predicted: Sequence[str], documents: Sequence[str], targets: Sequence[str]
) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """A confusion matrix for each pair of document and target that occurs.

    Returns:
        matrices (pairs, 3, 3); the document's number of each pair, and the target's, both (pairs,) from 0 in the
        order of first appearance. Two predictors of the same rows get the same pairs in the same order.
    """
    pairs = list(zip(numbered(documents).tolist(), numbered(targets).tolist(), strict=True))
    index = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
    matrices = np.zeros((len(index), 3, 3))
    for pair, g, p in zip(pairs, gold, predicted, strict=True):
        matrices[index[pair], LABEL2ID[g], LABEL2ID[p]] += 1
    numbers = np.array(list(index), dtype=np.int64).reshape(-1, 2)
    return matrices, numbers[:, 0], numbers[:, 1]


def measure(
    name: str, weights: Array, matrices: Array, documents: NDArray[np.int64], targets: NDArray[np.int64]
) -> Array:
    """A measure under each of several weightings of the documents.

    Args:
        name: One of ``ALL_MEASURES``.
        weights: Shape (samples, documents): how often each document occurs in each sample.
        matrices: Shape (pairs, 3, 3); these three as :func:`grouped_confusions` gives them.
        documents: Shape (pairs,).
        targets: Shape (pairs,).

    Returns:
        Shape (samples,). The mean over targets leaves out a target of which the sample holds no row.
    """
    per_pair = weights[:, documents]
    if name in MEASURES:
        return MEASURES[name].of(weighted_sum(per_pair, matrices))
    if name != MEAN_OVER_TARGETS:
        raise KeyError(f"unknown measure {name!r}; allowed: {', '.join(ALL_MEASURES)}")
    total = np.zeros(len(weights))
    present = np.zeros(len(weights))
    for target in np.unique(targets):
        chosen = targets == target
        summed = weighted_sum(per_pair[:, chosen], matrices[chosen])
        there = summed.sum(axis=(1, 2)) > 0
        total += np.where(there, favor_against_f1(summed), 0)
        present += there
    return ratio(total, present)


def sampled(name: str, examples: Sequence[Example], predicted: Sequence[str], weights: Array) -> Array:
    """A measure of some labels under each of several weightings of the documents, see :func:`measure`."""
    gold, documents, targets = columns(examples)
    return measure(name, weights, *grouped_confusions(gold, predicted, documents, targets))


def weighted_sum(weights: Array, matrices: Array) -> Array:
    """Shape (samples, 3, 3) from weights (samples, pairs) and matrices (pairs, 3, 3)."""
    return (weights @ matrices.reshape(len(matrices), 9)).reshape(-1, 3, 3)


def document_weights(documents: int, samples: int, seed: int = 0) -> Array:
    """Bootstrap weights, shape (samples + 1, documents): all ones first, then draws with replacement.

    Documents are drawn, not rows, since the rows of a document are not independent (the cluster bootstrap; Field and
    Welsh 2007, JRSS B 69(3)).
    """
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(documents, np.full(documents, 1 / documents), size=samples)
    return np.vstack([np.ones(documents), drawn]).astype(np.float64)


def numbered(names: Sequence[str]) -> NDArray[np.int64]:
    """The number of each name, from 0 in the order of first appearance; shape (rows,)."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int64)


def columns(examples: Sequence[Example]) -> tuple[list[str], list[str], list[str]]:
    """Gold labels, documents and targets of examples, as :func:`grouped_confusions` takes them."""
    return [e.label for e in examples], [e.document for e in examples], [e.target for e in examples]


def count_documents(examples: Iterable[Example]) -> int:
    """How many documents examples are from."""
    return len({example.document for example in examples})


def rows_by(names: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    """The numbers of the rows that have each name, in the order of first appearance; a row may have several names."""
    rows: dict[str, list[int]] = {}
    for row, of_row in enumerate(names):
        for name in of_row:
            rows.setdefault(name, []).append(row)
    return rows


def resampled(documents: Sequence[str], samples: int, seed: int = 0) -> tuple[NDArray[np.int64], Array]:
    """The number of each row's document, shape (rows,); and :func:`document_weights` of all documents."""
    numbers = numbered(documents)
    return numbers, document_weights(int(numbers.max()) + 1, samples, seed)


def by_document(values: Array, documents: NDArray[np.int64]) -> Array:
    """The sum of the values of each document's rows: shape (documents, columns) from (rows, columns)."""
    sums = np.zeros((int(documents.max()) + 1, values.shape[1]))
    np.add.at(sums, documents, values)
    return sums


def weighted_mean(values: Array, documents: NDArray[np.int64], weights: Array) -> Array:
    """The mean of values (rows,) under each weighting (samples, documents) of the rows' documents; shape (samples,)."""
    return np.asarray((weights @ np.bincount(documents, values)) / (weights @ np.bincount(documents)))


def over_trainings(values: Array, generator: np.random.Generator) -> Array:
    """A measure averaged over several trainings; in each resample over trainings drawn with replacement.

    With weights of documents behind the samples this is a crossed bootstrap: neither a lucky seed nor a lucky document
    is hidden. Of S trainings it shows (S-1)/S of the variance between them, as any bootstrap of so few does.

    Args:
        values: Shape (trainings, 1 + samples), the first column on the rows as they are.
        generator: Of the draws.

    Returns:
        Shape (1 + samples,).
    """
    samples = values.shape[1] - 1
    drawn = generator.integers(len(values), size=(len(values), samples))
    resampled = values[drawn, np.arange(1, samples + 1)].mean(axis=0)
    return np.concatenate([values[:, :1].mean(axis=0), resampled])


def score(values: Array, documents: int, lowest: float = 0.0) -> Score:
    """The first value, and its 95% interval: the 2.5 and 97.5 percentiles of the others.

    From a single document nothing is known, so that the interval is all that is possible.
    """
    low, high = np.quantile(values[1:], [0.025, 0.975]) if documents > 1 else (lowest, 1.0)
    return Score(float(values[0]), float(low), float(high))


def with_interval(values: Array, documents: int, lowest: float = 0.0) -> dict[str, float]:
    """As :func:`score` gives it, ready for JSON."""
    return asdict(score(values, documents, lowest))


def in_words(score: Score | SeedScore | Mapping[str, float], sign: str = "") -> str:
    """Value and interval as pages and scripts show them: ``0.473 [0.447, 0.497]``; ``sign="+"`` for differences."""
    if isinstance(score, Score | SeedScore):
        score = asdict(score)
    return f"{score['value']:{sign}.3f} [{score['low']:{sign}.3f}, {score['high']:{sign}.3f}]"
