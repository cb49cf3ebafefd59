"""What is counted alike in every part of the bundled corpus."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.base.annotations import Annotation, Corpus, Example
from stance.base.labels import LABELS
from stance.base.rows import read_rows
from stance.data.agreement import aggregate, alpha_interval, by_row, krippendorff_alpha, pairs
from stance.data.duplicates import near_duplicates, normalized
from stance.data.splits import Splits, find_leaks, split_examples

#: What two parts of the corpus could share, as :func:`stance.data.splits.find_leaks` names it.
KINDS = ("document", "target", "duplicate", "near-duplicate")


def split(corpus: Corpus) -> Splits:
    """The labelled rows of a corpus by its official parts."""
    examples = aggregate(corpus.annotations, corpus.adjudicator).examples
    return split_examples(examples, "official", validation=0.15, test=0.25, seed=0, parts=corpus.parts)


def counted(values: Iterable[str]) -> dict[str, int]:
    """How often each value stands, the most frequent first."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def words_of(texts: Iterable[str]) -> dict[str, float]:
    """Quartiles of the number of words."""
    numbers = [len(text.split()) for text in texts]
    return dict(zip(("q1", "median", "q3"), statistics.quantiles(numbers, n=4), strict=True))


def prose(sentences: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """How varied sentences are.

    Args:
        sentences: Each with its document.

    Returns:
        Distinct by all trigrams of words; the share of the commonest three-word opening, and which it is; distinct by
        all openings; sentences that stand, wholly or nearly, in two documents.
    """
    found = [(normalized(sentence), document) for sentence, document in sentences]
    texts: dict[str, str] = {}
    duplicates = sum(texts.setdefault(text, document) != document for text, document in found)
    words = [text.split() for text, _ in found]
    trigrams = [tuple(w[i : i + 3]) for w in words for i in range(len(w) - 2)]
    openings = Counter(" ".join(w[:3]) for w in words)
    opening, times = openings.most_common(1)[0]
    near = [
        other
        for text, others in near_duplicates(texts, texts).items()
        for other in others
        if texts[text] != texts[other]
    ]
    return {
        "distinct_trigrams": round(len(set(trigrams)) / len(trigrams), 4),
        "distinct_openings": round(len(openings) / len(words), 4),
        "commonest_opening": round(times / len(words), 4),
        "opening": opening,
        "duplicates": duplicates,
        "near_duplicates": len(near) // 2,
    }


def shape(examples: Iterable[Example]) -> dict[str, int]:
    """How many sentences cannot be judged without asking who, or about what.

    Returns:
        ``sentences``; those with ``unlike_holders`` (two holders of one target have different labels),
        ``favor_beside_against`` (the two poles), ``unlike_targets`` (one holder has different labels on two targets),
        ``quartets`` (rows about two holders and two targets or more) and ``background`` (all rows neutral); and, of one
        holder with a pole on each of two targets, how often it is the ``opposite_pole`` and the ``same_pole``.
    """
    sentences: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        sentences[example.document, example.text].append(example)
    found: Counter[str] = Counter(dict.fromkeys(SHAPES, 0))
    for rows in sentences.values():
        by_target = _label_sets(rows, "target")
        several = [len({getattr(row, name) for row in rows}) > 1 for name in ("holder", "target")]
        found["sentences"] += 1
        found["unlike_holders"] += any(len(labels) > 1 for labels in by_target)
        found["favor_beside_against"] += any({"favor", "against"} <= labels for labels in by_target)
        found["unlike_targets"] += any(len(labels) > 1 for labels in _label_sets(rows, "holder"))
        found["quartets"] += all(several)
        found["background"] += {row.label for row in rows} == {"neutral"}
        for first, second in itertools.combinations([row for row in rows if row.label != "neutral"], 2):
            if first.holder == second.holder:
                found["same_pole" if first.label == second.label else "opposite_pole"] += 1
    return dict(found)


#: What :func:`shape` counts.
SHAPES = (
    *("sentences", "unlike_holders", "favor_beside_against", "unlike_targets", "quartets", "background"),
    *("opposite_pole", "same_pole"),
)


def _label_sets(rows: Iterable[Example], name: str) -> list[set[str]]:
    """The labels of the rows of one sentence with the same holder, or the same target."""
    sets: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        sets[getattr(row, name)].add(row.label)
    return list(sets.values())


def leaks(splits: Mapping[str, Sequence[Example]]) -> dict[str, int]:
    """How many rows share a document, a target, or a text (wholly or nearly) with a part that is learnt from."""
    found = Counter(leak.kind for leak in find_leaks(splits, "target"))
    return {kind: found[kind] for kind in KINDS}


def agreement(votes: Sequence[Annotation], everyone: Sequence[Annotation], names: Sequence[str]) -> dict[str, Any]:
    """Krippendorff's alpha over the votes, with interval, and every pair of ``names`` who judged the same rows."""
    alpha, low, high = alpha_interval(votes)
    return {
        "alpha": {"value": round(alpha, 4), "low": round(low, 4), "high": round(high, 4)},
        "pairs": [
            pair | {"share": round(pair["share"], 4), "kappa": round(pair["kappa"], 4)}
            for pair in pairs(everyone, names)
            if pair["kappa"] is not None
        ],
    }


def rounded_alpha(votes: Sequence[Annotation]) -> float | None:
    """Alpha to four places; None where it is undefined, all rows having one label."""
    alpha = krippendorff_alpha([[a.label for a in row] for row in by_row(votes).values()])
    return None if math.isnan(alpha) else round(alpha, 4)


def unlike(votes: Iterable[Annotation]) -> list[list[Annotation]]:
    """The rows on which not all said the same, each as its judgements."""
    return [row for row in by_row(votes).values() if len({a.label for a in row}) > 1]


def differences(votes: Iterable[Annotation]) -> dict[str, int]:
    """Of the rows on which two said different things: which two labels, in the order of the labels."""
    found = (" / ".join(sorted({a.label for a in row}, key=LABELS.index)) for row in unlike(votes))
    return counted(found)


def doubts(path: Path) -> int:
    """How many judgements of a file have a note."""
    return sum(bool(row.get("note")) for _, row in read_rows(path))
