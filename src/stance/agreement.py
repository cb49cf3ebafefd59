"""From several annotators' judgements to one example a row, and how far the annotators agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import krippendorff
import numpy as np

from stance.annotations import Annotation, Example
from stance.labels import LABELS


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
        against, neutral, favor = (sum(a.label == label for a in voting) for label in LABELS)
        votes = (against, neutral, favor)
        leaders = [label for label, n in zip(LABELS, votes, strict=True) if n == max(votes)]
        if not settled and len(leaders) > 1:
            ties[row_id] = votes
            continue
        first = judgements[0]
        examples.append(
            Example(
                id=row_id,
                text=first.text,
                holder=first.holder,
                target=first.target,
                label=settled[0] if settled else leaders[0],
                document=first.document,
                context=first.context,
                date=first.date,
                tags=first.tags,
                votes=votes,
            )
        )
    return Aggregation(tuple(examples), ties)


def krippendorff_alpha(rows: Sequence[Sequence[str]]) -> float:
    """Krippendorff's alpha for nominal labels: 1 = full agreement, 0 = as by chance.

    Args:
        rows: The labels that each row got, from any annotators; rows with fewer than two say nothing.

    Returns:
        Alpha, or NaN when fewer than two rows were judged twice or only one label was ever used (undefined).

    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability; the ``krippendorff`` package.
    """
    counts = np.array([[row.count(label) for label in LABELS] for row in map(list, rows) if len(row) > 1])
    if len(counts) < 2 or (counts.sum(axis=0) > 0).sum() < 2:
        return float("nan")
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def alpha_interval(
    annotations: Iterable[Annotation], *, samples: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """Alpha with a 95% bootstrap interval that resamples documents: (alpha, low, high)."""
    documents: dict[str, list[list[str]]] = defaultdict(list)
    for judgements in by_row(annotations).values():
        documents[judgements[0].document].append([a.label for a in judgements])
    groups = list(documents.values())
    alpha = krippendorff_alpha([row for group in groups for row in group])
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(samples):
        chosen = generator.integers(len(groups), size=len(groups))
        drawn.append(krippendorff_alpha([row for index in chosen for row in groups[index]]))
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return alpha, float(low), float(high)
