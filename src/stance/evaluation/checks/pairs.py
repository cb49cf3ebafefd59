"""Pairs of rows that differ in one thing: the share of which both are right.

As in contrast sets (Gardner et al. 2020, Evaluating Models' Local Decision Boundaries via Contrast Sets, Findings of
EMNLP): a habit gets single rows right, but not both of a pair whose gold labels are unlike.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from stance.base.annotations import Example
from stance.base.words import composed
from stance.data.corpora.negotiation import CHANGES, MINIMAL_PAIR
from stance.evaluation import metrics
from stance.evaluation.checks.report import Pairs, PairScores, UnlikePairs
from stance.evaluation.metrics import Score

#: What two rows share that differ in target or in holder.
TARGET_ASIDE = ("document", "context", "text", "holder")
HOLDER_ASIDE = ("document", "context", "text", "target")


def key_of(example: Example, same: Sequence[str]) -> tuple[str, ...]:
    """The named fields of a row, in Unicode's composed form."""
    return tuple(composed(getattr(example, name)) for name in same)


def groups(examples: Sequence[Example], same: Sequence[str]) -> dict[tuple[str, ...], list[Example]]:
    """Rows that agree in the named fields; of rows that agree in holder and target too, the first alone."""
    found: dict[tuple[str, ...], dict[tuple[str, str], Example]] = defaultdict(dict)
    for example in examples:
        group = found[key_of(example, same)]
        group.setdefault((example.holder, example.target), example)
    return {key: list(group.values()) for key, group in found.items()}


def pairs_in(examples: Sequence[Example], same: Sequence[str]) -> list[tuple[Example, Example]]:
    """Every two rows of one sentence that agree in the named fields and not in the others."""
    return [pair for group in groups(examples, same).values() for pair in combinations(group, 2)]


def minimal_pairs(examples: Sequence[Example], related: Sequence[Example] = ()) -> list[tuple[Example, Example]]:
    """Each variant behind the row that it is a variant of, where at least one of them is among the examples.

    Both are tagged ``minimal_pair`` and agree in document, holder, target and context; the variant also has the tag of
    its change (see :mod:`stance.data.corpora.negotiation`). The other half may be among the related examples: the
    variants of test rows are a part of their own.
    """
    rows = {row.id: row for row in (*related, *examples) if MINIMAL_PAIR in row.tags}
    here = {example.id for example in examples}
    originals, variants = {}, []
    for row in rows.values():
        key = (row.document, row.holder, row.target, row.context)
        if set(row.tags) & set(CHANGES):
            variants.append((key, row))
        else:
            originals[key] = row
    pairs = [(originals[key], variant) for key, variant in variants if key in originals]
    return [pair for pair in pairs if here & {row.id for row in pair}]


def pair_scores(pairs: Sequence[tuple[Example, Example]], said: Sequence[str], samples: int, seed: int) -> Pairs:
    """Pair accuracy: the share of pairs of which both rows are right, with its 95% interval over documents.

    Of each pair two labels were said, in their order.
    """
    firsts = [pair[0] for pair in pairs]
    documents = metrics.count_documents(firsts)
    if not pairs:
        return Pairs(0, documents)
    rows = [row for pair in pairs for row in pair]
    hits = [label == row.label for row, label in zip(rows, said, strict=True)]
    first, second = hits[::2], hits[1::2]
    both = [all(two) for two in zip(first, second, strict=True)]
    unlike = [index for index, pair in enumerate(pairs) if pair[0].label != pair[1].label]
    of_all, of_first, of_second = (_share(firsts, right, samples, seed) for right in (both, first, second))
    of_unlike = _share([firsts[i] for i in unlike], [both[i] for i in unlike], samples, seed) if unlike else None
    return Pairs(len(pairs), documents, PairScores(of_all, of_first, of_second, UnlikePairs(len(unlike), of_unlike)))


def _share(rows: Sequence[Example], right: Sequence[bool], samples: int, seed: int) -> Score:
    """The share of rows that are right, with its interval over documents."""
    documents, weights = metrics.resampled([row.document for row in rows], samples, seed)
    return metrics.score(metrics.weighted_mean(np.array(right), documents, weights), weights.shape[1])


def score(rows: Sequence[Example], said: Sequence[str], headline: str, samples: int, seed: int) -> Score:
    """The measure of some labels, with its interval over documents."""
    documents = metrics.count_documents(rows)
    weights = metrics.document_weights(documents, samples, seed)
    return metrics.score(metrics.sampled(headline, rows, said, weights), documents)
