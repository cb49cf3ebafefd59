"""Pairs of rows that differ in one thing: the share of which both are right.

As in contrast sets (Gardner et al. 2020, Evaluating Models' Local Decision Boundaries via Contrast Sets, Findings of
EMNLP): a habit gets single rows right, but not both of a pair whose gold labels are unlike.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from stance.base.annotations import Example
from stance.base.words import composed
from stance.data.corpora.negotiation import CHANGES, MINIMAL_PAIR
from stance.evaluation.evaluate import over_seeds
from stance.evaluation.metrics import interval_of


def score(rows: Sequence[Example], said: Sequence[str], headline: str, samples: int, seed: int) -> dict[str, float]:
    """The measure of some labels, with its interval over documents."""
    return interval_of(over_seeds(rows, [said], names=(), headline=headline, samples=samples, seed=seed)[headline])


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


def pair_scores(
    pairs: Sequence[tuple[Example, Example]], said: Sequence[str], samples: int, seed: int
) -> dict[str, Any]:
    """Pair accuracy: the share of pairs of which both rows are right.

    Of each pair two labels were said, in their order.

    Returns:
        ``n`` pairs in ``documents``; and if any ``both``, ``first``, ``second``: the share of pairs with both, the
        first and the second row right; ``differ``: ``n`` and ``both`` for the pairs whose gold labels are different,
        which no model has right that gives both rows one label. Each share has a 95% interval over documents.
    """
    found: dict[str, Any] = {"n": len(pairs), "documents": len({pair[0].document for pair in pairs})}
    if not pairs:
        return found
    firsts = [pair[0] for pair in pairs]
    rows = [row for pair in pairs for row in pair]
    hits = [label == row.label for row, label in zip(rows, said, strict=True)]
    right = list(zip(hits[::2], hits[1::2], strict=True))
    found["both"] = _share(firsts, [all(two) for two in right], samples, seed)
    found["first"] = _share(firsts, [two[0] for two in right], samples, seed)
    found["second"] = _share(firsts, [two[1] for two in right], samples, seed)
    differ = [index for index, (first, second) in enumerate(pairs) if first.label != second.label]
    found["differ"] = {"n": len(differ)}
    if differ:
        chosen = [all(right[index]) for index in differ]
        found["differ"]["both"] = _share([firsts[index] for index in differ], chosen, samples, seed)
    return found


def _share(rows: Sequence[Example], right: Sequence[bool], samples: int, seed: int) -> dict[str, float]:
    """A share with its interval: the accuracy of rows that are right where ``favor`` is said."""
    favored = [replace(row, label="favor") for row in rows]
    return score(favored, ["favor" if yes else "against" for yes in right], "accuracy", samples, seed)
