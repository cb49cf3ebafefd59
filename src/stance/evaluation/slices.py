"""Slices of the rows, named by what they have in common, and those on which a model is significantly worse."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.predictions import Prediction
from stance.base.words import composed, count_words, whole, words
from stance.data.duplicates import normalized
from stance.evaluation import metrics
from stance.evaluation.comparison import holm
from stance.evaluation.metrics import Score

Mask = NDArray[np.bool_]

#: Numbers of rows, from 0, in order. A slice is these and no mask, which of a holder in each row would fill the memory.
Rows = NDArray[np.int64]

#: A slice, and what is not in it, are tested from this many rows and documents on.
LEAST_ROWS, LEAST_DOCUMENTS = 20, 5

#: A slice counts as weak when its p-value, corrected for all slices that were tested, is at most this.
LEVEL = 0.05

#: Permutations that are in memory at a time.
CHUNK = 500

NEGATIONS = frozenset({"no", "not", "never", "neither", "nor", "nobody", "nothing", "none", "cannot", "without"})

QUOTATION_MARKS = '"“”„«»'


@dataclass(frozen=True)
class Slice:
    """Rows with something in common, and how the model does on them.

    Attributes:
        name: Says what they have in common.
        n: How many there are.
        documents: That they are from.
        accuracy: On them.
        rest: Accuracy on all others.
        difference: Of the two, with its 95% interval by document.
        p: One-sided, see :func:`permutation_p`.
        p_holm: Corrected for all slices tested.
        weak: Whether that is at most ``LEVEL``.
    """

    name: str
    n: int
    documents: int
    accuracy: float
    rest: float
    difference: Score
    p: float
    p_holm: float
    weak: bool


@dataclass(frozen=True)
class Slices:
    """The slices tested, the smallest p-value first, and how many were too small to test."""

    tested: tuple[Slice, ...]
    too_small: int

    @property
    def weak(self) -> list[Slice]:
        """Those on which the model is significantly worse."""
        return [one for one in self.tested if one.weak]


def by_kind(examples: Sequence[Example]) -> dict[str, dict[str, Rows]]:
    """The rows of each target, holder, third of length, and tag, by name."""
    lengths = [count_words(e.text) for e in examples]
    low, high = (int(cut) for cut in np.quantile(lengths, [1 / 3, 2 / 3], method="lower"))
    short, long = f"up to {low} words", f"over {high} words"
    middle = f"{low + 1} to {high} words" if high > low + 1 else f"{high} words"
    values: dict[str, list[tuple[str, ...]]] = {
        "target": [(e.target,) for e in examples],
        "holder": [(e.holder or "(the author)",) for e in examples],
        "length": [(short if n <= low else middle if n <= high else long,) for n in lengths],
        "tag": [tuple(dict.fromkeys(e.tags)) for e in examples],
    }
    return {
        kind: {name: np.array(rows) for name, rows in sorted(metrics.rows_by(names).items())}
        for kind, names in values.items()
    }


def named_slices(examples: Sequence[Example]) -> dict[str, Rows]:
    """The rows of each slice, by a name that says what it is.

    Those of :func:`by_kind`, and what can be read off a row or off the rows beside it. Negations and quotation marks
    are those of English. Slices of the same rows are one slice with the names of all; those of no row or of every row
    are left out.
    """
    slices = {f"{kind}: {name}": rows for kind, named in by_kind(examples).items() for name, rows in named.items()}
    texts = [normalized(example.text) for example in examples]
    slices["the holder is not named in the text"] = np.flatnonzero(
        [bool(e.holder) and not _named(normalized(e.holder), text) for e, text in zip(examples, texts, strict=True)]
    )
    of_texts = [words(text) for text in texts]
    slices["the target's words are all in the text"] = np.flatnonzero(
        [set(words(normalized(e.target))) <= set(w) for e, w in zip(examples, of_texts, strict=True)]
    )
    slices["the text begins with a negation"] = np.flatnonzero([bool(NEGATIONS.intersection(w[:1])) for w in of_texts])
    slices["a negation in the text"] = np.flatnonzero(
        [
            bool(NEGATIONS.intersection(w)) or "n't" in e.text.replace("’", "'")
            for e, w in zip(examples, of_texts, strict=True)
        ]
    )
    slices["a quotation in the text"] = np.flatnonzero([bool(set(QUOTATION_MARKS) & set(e.text)) for e in examples])
    for name in ("holder", "target"):
        asked: dict[tuple[str, str], set[str]] = defaultdict(set)
        for e in examples:
            asked[e.document, composed(e.text)].add(getattr(e, name))
        slices[f"several {name}s asked of the text"] = np.flatnonzero(
            [len(asked[e.document, composed(e.text)]) > 1 for e in examples]
        )
    same: dict[bytes, list[str]] = defaultdict(list)
    for name, rows in slices.items():
        same[rows.tobytes()].append(name)
    found = {"; ".join(names): slices[names[0]] for names in same.values()}
    return {name: rows for name, rows in found.items() if 0 < len(rows) < len(examples)}


def _named(holder: str, text: str) -> bool:
    return holder in text and regex.search(whole([holder]), text) is not None


def find_weak_slices(
    examples: Sequence[Example],
    predictions: Sequence[Prediction],
    *,
    permutations: int = 5000,
    samples: int = 1000,
    seed: int = 0,
) -> Slices:
    """Slices on which the model is right less often than on the rest, by a test that respects documents.

    The one-sided p-value is that of :func:`permutation_p`; Holm's (1979) correction is over all slices tested. A slice
    is tested when it and the rest have ``LEAST_ROWS`` rows and ``LEAST_DOCUMENTS`` documents.

    Args:
        examples: With the gold labels.
        predictions: One for each, in their order.
        permutations: Of the test; 5,000 give p-values down to 0.0002, enough for a correction over 250 slices.
        samples: Bootstrap samples for the interval of the difference; documents are resampled.
        seed: Of bootstrap and permutations.
    """
    correct = np.array([e.label == p.label for e, p in zip(examples, predictions, strict=True)], dtype=np.float64)
    documents = np.unique([e.document for e in examples], return_inverse=True)[1]
    slices = named_slices(examples)
    everything = np.arange(len(examples))
    kept = {
        name: rows
        for name, rows in slices.items()
        if _large(rows, documents) and _large(np.setdiff1d(everything, rows, assume_unique=True), documents)
    }
    if not kept:
        return Slices((), len(slices))
    members = np.stack([np.isin(everything, rows, assume_unique=True) for rows in kept.values()], axis=1)
    p_values = permutation_p(correct, members, documents, permutations=permutations, seed=seed)
    corrected = holm(p_values.tolist())
    differences = _differences(correct, members, documents, samples, seed)
    drawn_from = metrics.count_documents(examples)
    found = [
        Slice(
            name=name,
            n=len(rows),
            documents=len(np.unique(documents[rows])),
            accuracy=float(correct[rows].mean()),
            rest=float(np.delete(correct, rows).mean()),
            difference=metrics.score(difference, drawn_from),
            p=float(p),
            p_holm=p_holm,
            weak=p_holm <= LEVEL,
        )
        for (name, rows), difference, p, p_holm in zip(kept.items(), differences.T, p_values, corrected, strict=True)
    ]
    found.sort(key=lambda one: (one.p, one.difference.value))
    return Slices(tuple(found), len(slices) - len(kept))


def _large(rows: Rows, documents: NDArray[np.int64]) -> bool:
    return len(rows) >= LEAST_ROWS and len(np.unique(documents[rows])) >= LEAST_DOCUMENTS


def permutation_p(
    correct: NDArray[np.float64], members: Mask, documents: NDArray[np.int64], *, permutations: int, seed: int = 0
) -> NDArray[np.float64]:
    """How often chance makes a slice as bad as it is, one-sided, for each slice.

    The number of mistakes of a slice beyond those expected is the sum of a part within documents (are the slice's rows
    worse than the other rows of their document?) and a part between them (are documents with more of the slice worse?).
    Correctness is permuted among the rows of each document for the first, whole documents for the second: what makes
    the rows of a document alike makes no false alarm. The sum is divided by its standard error, so that documents of
    unequal size make none either (studentized permutation: Chung and Romano 2013, Annals of Statistics 41(2)).

    Args:
        correct: Shape (rows,): 1 where the model is right, else 0.
        members: Shape (rows, slices).
        documents: Shape (rows,): number of each row's document, from 0 without gaps.
        permutations: Drawn.
        seed: Of the draws.

    Returns:
        Shape (slices,); at least 1 / (permutations + 1).
    """
    order = np.argsort(documents, kind="stable")
    beyond, inside, documents = (correct - correct.mean())[order], members[order].astype(np.float64), documents[order]
    sizes = np.bincount(documents).astype(np.float64)
    starts = np.searchsorted(documents, np.arange(len(sizes)))
    shares = np.add.reduceat(inside, starts) / sizes[:, None]
    totals = np.bincount(documents, beyond).astype(np.float64)
    within = inside - shares[documents]
    spread = np.bincount(documents, (beyond - (totals / sizes)[documents]) ** 2) / np.maximum(sizes - 1, 1)
    variance_within = spread @ np.add.reduceat(within**2, starts)
    deviations = (shares - inside.mean(axis=0)) ** 2

    def studentized(sums: NDArray[np.float64], totals: NDArray[np.float64]) -> NDArray[np.float64]:
        error = np.sqrt(variance_within + totals**2 @ deviations)
        return np.asarray(np.divide(sums, error, out=np.zeros_like(sums), where=error > 0))

    observed = studentized(beyond @ within + totals @ shares, totals)
    generator = np.random.default_rng(seed)
    as_bad = np.zeros(members.shape[1])
    for start in range(0, permutations, CHUNK):
        n = min(CHUNK, permutations - start)
        moved = generator.permuted(np.tile(totals, (n, 1)), axis=1)
        sums = moved @ shares
        if within.any():
            # Documents have whole numbers, so that sorting number + noise shuffles the rows of each and moves no other.
            sums += beyond[np.argsort(documents + generator.random((n, len(documents))), axis=1)] @ within
        as_bad += (studentized(sums, moved) <= observed + 1e-9).sum(axis=0)
    return np.asarray((as_bad + 1) / (permutations + 1))


def _differences(
    correct: NDArray[np.float64], members: Mask, documents: NDArray[np.int64], samples: int, seed: int
) -> NDArray[np.float64]:
    """Accuracy of each slice minus that of the rest, shape (samples + 1, slices): as it is, then resampled documents.

    In a sample that has no row of the slice, or none of the rest, the difference is 0.
    """
    weights = metrics.document_weights(int(documents.max()) + 1, samples, seed)

    def accuracies(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        n = weights @ metrics.by_document(rows, documents)
        right = weights @ metrics.by_document(rows * correct[:, None], documents)
        return np.divide(right, n, out=np.full_like(n, np.nan), where=n > 0)

    inside = members.astype(np.float64)
    return np.nan_to_num(accuracies(inside) - accuracies(1 - inside))
