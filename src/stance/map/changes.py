"""When a position changed, where the change is more than noise."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from stance.base.measures import Array
from stance.evaluation.shares import BLOCK
from stance.map.types import NOT_ENOUGH, Change, Evidence

#: Permutations, and how small their p must be.
PERMUTATIONS = 1999
ALPHA = 0.01

#: Documents on either side of a change at least; with fewer than ten in all hardly any p is so small.
SIDE = 3

#: Sentences that are quoted for a position before and after.
QUOTED = 5


def changes_of(
    rows: Sequence[Evidence], position: Callable[[Sequence[Evidence]], str], seed: int
) -> tuple[Change, ...]:
    """The changes of position in an actor's statements on a proposal, the earliest first.

    Each document has a score, the mean of favor minus against of its statements. The date is sought at which the means
    before and after differ most (for their standard error), and the greatest difference is compared with that of the
    same scores in random order: documents are exchanged, not statements, and the search is part of what is permuted. If
    p is at most ``ALPHA`` the time is divided there, and each side is searched again. A change is told where the
    position in a stretch of time is another than the last one that there was.

    Args:
        rows: Statements; those without a month are left out.
        position: Of statements.
        seed: Of the permutations.

    Source: binary segmentation, Scott and Knott 1974, Biometrics 30(3).
    """
    dated = sorted((row for row in rows if len(row.date) >= len("2024-05")), key=lambda row: (row.date, row.document))
    found: list[Change] = []
    last: tuple[str, Sequence[Evidence]] = (NOT_ENOUGH, ())
    for stretch, p_value in _stretches(dated, np.random.default_rng([seed, 2])):
        now = position(stretch)
        if now == NOT_ENOUGH:
            continue
        if last[0] not in (NOT_ENOUGH, now):
            quoted = _quoted(last[1], last[0]), _quoted(stretch, now)
            found.append(Change(stretch[0].date, last[0], now, round(p_value, 4), *quoted))
        last = now, stretch
    return tuple(found)


def _quoted(rows: Sequence[Evidence], pole: str) -> tuple[str, ...]:
    return tuple(row.id for row in sorted(rows, key=lambda row: -float(getattr(row, pole)))[:QUOTED])


def _stretches(
    rows: Sequence[Evidence], generator: np.random.Generator, p_value: float = 1.0
) -> Iterator[tuple[Sequence[Evidence], float]]:
    """Statements by stretch of time, each with the p of the division at its beginning."""
    by_document: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        by_document[row.date, row.document].append(row.favor - row.against)
    dates = [date for date, _ in by_document]
    splits = [n for n in range(SIDE, len(dates) - SIDE + 1) if dates[n] != dates[n - 1]] if dates else []
    if splits:
        scores = np.array([np.mean(scores) for scores in by_document.values()])
        split, here = permutation_test(scores, splits, generator)
        if here <= ALPHA:
            yield from _stretches([row for row in rows if row.date < dates[split]], generator, p_value)
            yield from _stretches([row for row in rows if row.date >= dates[split]], generator, here)
            return
    if rows:
        yield rows, p_value


def permutation_test(scores: Array, splits: Sequence[int], generator: np.random.Generator) -> tuple[int, float]:
    """Where the scores before and after differ most, and how often random order gives as great a difference.

    Args:
        scores: In order, shape (documents,).
        splits: Numbers of scores that may stand before a change.
        generator: Of the orders.

    Returns:
        One of the splits; p, from 1 / (``PERMUTATIONS`` + 1) on.

    Source: Good 2005, Permutation, Parametric and Bootstrap Tests of Hypotheses; Phipson and Smyth 2010, SAGMB 9(1).
    """
    n, k = len(scores), np.array(splits)

    def statistic(orders: Array) -> Array:
        sums = np.cumsum(orders, axis=1)
        before, after = sums[:, k - 1] / k, (sums[:, -1:] - sums[:, k - 1]) / (n - k)
        return np.asarray(np.abs(before - after) * np.sqrt(k * (n - k) / n))

    here = statistic(scores[None])[0]
    as_great, step = 0, max(1, BLOCK // n)
    for start in range(0, PERMUTATIONS, step):
        orders = generator.permuted(np.tile(scores, (min(step, PERMUTATIONS - start), 1)), axis=1)
        as_great += int((statistic(orders).max(axis=1) >= here.max() - 1e-12).sum())
    return int(k[here.argmax()]), (1 + as_great) / (1 + PERMUTATIONS)
