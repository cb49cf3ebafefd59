"""From several annotators' judgements to one example a row, and how far the annotators agree."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import krippendorff
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from stance.base.annotations import Annotation, Example
from stance.base.labels import LABELS, Label

#: How far two labels differ: all alike, or against and favor more than either differs from neutral.
Level = Literal["nominal", "ordinal"]

#: Shape (rows, labels): how often each row got each label.
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """The examples, and the rows that have no label because the votes were tied.

    Attributes:
        examples: In the order in which the rows first appear.
        ties: Rows without a majority, with their votes (against, neutral, favor) by row id; they are in no split.
    """

    examples: tuple[Example, ...]
    ties: dict[str, tuple[int, int, int]]


def by_row(annotations: Iterable[Annotation]) -> dict[str, list[Annotation]]:
    """The judgements of each row id, in the order in which the rows first appear."""
    rows: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in annotations:
        rows[annotation.id].append(annotation)
    return dict(rows)


def aggregate(annotations: Iterable[Annotation], adjudicator: str = "") -> Aggregation:
    """One example a row: the label with most votes, or of the adjudicator where there is one.

    The votes kept are those of the other annotators; the adjudicator settles the label and does not vote. A row that
    only the adjudicator judged has that judgement as its one vote.
    """
    examples: list[Example] = []
    ties: dict[str, tuple[int, int, int]] = {}
    for row_id, judgements in by_row(annotations).items():
        settled = [a.label for a in judgements if adjudicator and a.annotator == adjudicator]
        voting = [a for a in judgements if a.annotator != adjudicator] or judgements
        votes = count_votes(a.label for a in voting)
        label = settled[0] if settled else majority(votes)
        if label is None:
            ties[row_id] = votes
            continue
        first = judgements[0]
        examples.append(
            Example(
                id=row_id,
                text=first.text,
                holder=first.holder,
                target=first.target,
                label=label,
                document=first.document,
                context=first.context,
                date=first.date,
                tags=tuple(dict.fromkeys(tag for judgement in judgements for tag in judgement.tags)),
                votes=votes,
            )
        )
    return Aggregation(tuple(examples), ties)


def count_votes(labels: Iterable[str]) -> tuple[int, int, int]:
    """How many said against, neutral, favor."""
    said = list(labels)
    against, neutral, favor = (said.count(label) for label in LABELS)
    return against, neutral, favor


def majority(votes: Sequence[int]) -> Label | None:
    """The label with most votes (against, neutral, favor); None where two or three have as many."""
    leaders = [label for label, n in zip(LABELS, votes, strict=True) if n == max(votes)]
    return leaders[0] if len(leaders) == 1 else None


def krippendorff_alpha(rows: Iterable[Iterable[str]], level: Level = "nominal") -> float:
    """Krippendorff's alpha: 1 = full agreement, 0 = as by chance.

    Args:
        rows: The labels that each row got, from any annotators; rows with fewer than two say nothing.
        level: Of measurement. ``ordinal`` takes the labels in their order, so that a pair of against and favor counts
            for more than a pair of either with neutral.

    Returns:
        Alpha, or NaN when fewer than two rows were judged twice or only one label was ever used (undefined).

    Source: Hayes and Krippendorff (2007), Answering the Call for a Standard Reliability Measure for Coding Data,
    Communication Methods and Measures 1(1); the ``krippendorff`` package.
    """
    return _alpha(_counts(rows), level)


def _counts(rows: Iterable[Iterable[str]]) -> Counts:
    return np.array([count_votes(row) for row in rows], dtype=np.int64).reshape(-1, len(LABELS))


def _alpha(counts: Counts, level: Level) -> float:
    counts = counts[counts.sum(axis=1) > 1]
    if len(counts) < 2 or (counts.sum(axis=0) > 0).sum() < 2:
        return float("nan")
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement=level))


def alpha_interval(
    annotations: Iterable[Annotation], *, level: Level = "nominal", samples: int = 1000
) -> tuple[float, float, float]:
    """Alpha with a 95% bootstrap interval that resamples documents: (alpha, low, high).

    Where one document alone has rows judged by several, the interval is all that is possible, -1 to 1.
    """
    documents: dict[str, list[list[str]]] = defaultdict(list)
    for judgements in by_row(annotations).values():
        documents[judgements[0].document].append([a.label for a in judgements])
    groups = [_counts(rows) for rows in documents.values()]
    alpha = _alpha(np.concatenate(groups), level)
    if np.isfinite(alpha) and sum((group.sum(axis=1) > 1).any() for group in groups) == 1:
        return alpha, -1.0, 1.0
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(samples):
        chosen = generator.integers(len(groups), size=len(groups))
        drawn.append(_alpha(np.concatenate([groups[index] for index in chosen]), level))
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return alpha, float(low), float(high)


def interval_by_name(found: tuple[float, float, float]) -> dict[str, float | None]:
    """``value``, ``low`` and ``high`` of :func:`alpha_interval`; None where they are undefined."""
    named = zip(("value", "low", "high"), found, strict=True)
    return {name: None if np.isnan(number) else number for name, number in named}


def fleiss_kappa(counts: Counts) -> float:
    """Fleiss' kappa of any number of labels: 1 = full agreement, 0 = as by chance.

    Args:
        counts: Shape (rows, labels); every row has the same number of judgements, two or more.

    Returns:
        Kappa, or NaN when only one label was ever used (undefined).

    Source: Fleiss (1971), Measuring nominal scale agreement among many raters, Psychological Bulletin 76(5).
    """
    judgements = int(counts[0].sum())
    if judgements < 2 or (counts.sum(axis=1) != judgements).any():
        raise ValueError("Fleiss' kappa needs the same number of judgements, two or more, of every row")
    observed = ((counts**2).sum(axis=1) - judgements).mean() / (judgements * (judgements - 1))
    expected = ((counts.sum(axis=0) / counts.sum()) ** 2).sum()
    return float((observed - expected) / (1 - expected)) if expected < 1 else float("nan")


def fleiss(annotations: Iterable[Annotation]) -> dict[str, Any]:
    """Fleiss' kappa on the rows with the number of judgements that most rows judged twice have.

    Returns:
        ``kappa`` (None where undefined), ``judgements`` of each of the ``rows`` it is about, and rows
        ``judged_by_several``, some of which may have another number of judgements and are not looked at.
    """
    counts = _counts([a.label for a in judgements] for judgements in by_row(annotations).values())
    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return {"kappa": None, "judgements": 0, "rows": 0, "judged_by_several": 0}
    numbers, frequencies = np.unique(counts.sum(axis=1), return_counts=True)
    usual = int(numbers[frequencies.argmax()])
    used = counts[counts.sum(axis=1) == usual]
    kappa = fleiss_kappa(used)
    return {
        "kappa": None if np.isnan(kappa) else kappa,
        "judgements": usual,
        "rows": len(used),
        "judged_by_several": len(counts),
    }


def pairs(annotations: Iterable[Annotation], names: Sequence[str]) -> list[dict[str, Any]]:
    """Cohen's kappa of each two annotators who judged a row in common.

    Args:
        annotations: Of these annotators and others.
        names: The annotators, in the order in which the pairs are listed.

    Returns:
        For each pair ``first``, ``second``, ``rows`` judged by both, how many of them ``agreed``, the ``share``, and
        ``kappa``, None where both used one label only (undefined).

    Source: Cohen (1960), A coefficient of agreement for nominal scales; scikit-learn.
    """
    place = {name: number for number, name in enumerate(names)}
    both: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for judgements in by_row(annotations).values():
        said = {place[a.annotator]: a.label for a in judgements if a.annotator in place}
        for (first, a), (second, b) in itertools.combinations(sorted(said.items()), 2):
            both[first, second].append((a, b))
    found = []
    for (first, second), labels in sorted(both.items()):
        agreed = sum(a == b for a, b in labels)
        several = len({label for pair in labels for label in pair}) > 1
        kappa = float(cohen_kappa_score(*zip(*labels, strict=True))) if several else None
        pair = {"first": names[first], "second": names[second], "rows": len(labels), "agreed": agreed}
        found.append(pair | {"share": agreed / len(labels), "kappa": kappa})
    return found
