"""From answers to positions: what each actor's statements say of each proposal, and how sure that is.

A position is a pole (favor, against) where in at least ``certain`` of the draws its statements outnumber those of the
other pole, and one of them is labelled so. A draw takes documents with replacement, the classifier's errors from a
resample of its validation part, and each statement's label from its probabilities under these errors. It is neutral
where there are ``ENOUGH`` documents and in at least ``certain`` of the draws no more than ``FEW`` of the statements
have a pole. Else there is not enough: one sentence of a sure model carries a position, ten of which half are doubtful
do not.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from stance.base.labels import LABEL2ID, LABELS
from stance.base.measures import Array
from stance.evaluation import metrics
from stance.evaluation.shares import BLOCK, Errors, apply_bias, expectation_maximization
from stance.map.actors import bodies
from stance.map.changes import changes_of
from stance.map.copies import places
from stance.map.types import NOT_ENOUGH, Actor, Cell, Document, Evidence, Month, Proposal, Share

#: Documents from which on it can be said that somebody is neutral.
ENOUGH = 5

#: The largest share of statements with a pole that a neutral actor makes.
FEW = 0.2


@dataclass(frozen=True, slots=True)
class Judge:
    """How statements become a position.

    Attributes:
        errors: Of the classifier on its validation part; None if it does not know them: then nothing is corrected.
        certain: In what share of draws a pole must outnumber the other.
        draws: How many.
        seed: Of the draws.
    """

    errors: Errors | None
    certain: float
    draws: int = 200
    seed: int = 0

    def position(self, evidence: Sequence[Evidence]) -> str:
        """See the module for the rule."""
        if not evidence:
            return NOT_ENOUGH
        outnumbers, few = self.certainties(evidence)
        said = {row.label for row in evidence}
        for pole, certainty in outnumbers.items():
            if pole in said and certainty >= self.certain:
                return pole
        documents = len({row.document for row in evidence})
        return "neutral" if documents >= ENOUGH and few >= self.certain else NOT_ENOUGH

    def certainties(self, evidence: Sequence[Evidence]) -> tuple[dict[str, float], float]:
        """In what share of draws each pole outnumbers the other, and in what share few statements have a pole."""
        documents = metrics.numbered([row.document for row in evidence])
        weights = self._weights(int(documents.max()) + 1)
        said, generator = probabilities(evidence), np.random.default_rng([self.seed, 1])
        against, favor = np.zeros(self.draws + 1), np.zeros(self.draws + 1)
        for block in self._blocks(len(evidence), 1):
            times, corrected = weights[block][:, documents], self._corrected(said, block)
            drawn = generator.random(times.shape)
            against[block] = (times * (drawn < corrected[:, :, LABEL2ID["against"]])).sum(axis=1)
            favor[block] = (times * (drawn > 1 - corrected[:, :, LABEL2ID["favor"]])).sum(axis=1)
        against, favor = against[1:], favor[1:]
        few = (against + favor) / weights[1:, documents].sum(axis=1) <= FEW
        outnumbers = {"favor": float((favor > against).mean()), "against": float((against > favor).mean())}
        return outnumbers, float(few.mean())

    def shares(self, evidence: Sequence[Evidence]) -> dict[str, Share]:
        """The share of each label, corrected for the classifier's confusion; of one document the interval is 0 to 1.

        By expectation maximization (:mod:`stance.evaluation.shares`); documents and validation are resampled.
        """
        documents = metrics.numbered([row.document for row in evidence])
        number = int(documents.max()) + 1
        weights = self._weights(number)
        if self.errors is None:
            hard = np.eye(len(LABELS))[[LABEL2ID[row.label] for row in evidence]]
            found = weights @ metrics.by_document(hard, documents)
            found /= found.sum(axis=1, keepdims=True)
        else:
            said, prior, parts = probabilities(evidence), self._used(self.errors.prior), []
            for block in self._blocks(len(evidence), 0):
                corrected = self._corrected(said, block)
                parts.append(expectation_maximization(corrected, prior[block], weights[block][:, documents]))
            found = np.concatenate(parts)
        shares: dict[str, Share] = {}
        for column, label in enumerate(LABELS):
            told = metrics.with_interval(found[:, column], number)
            shares[label] = Share(*(round(min(1.0, max(0.0, told[key])), 4) for key in ("value", "low", "high")))
        return shares

    def _weights(self, documents: int) -> Array:
        return metrics.document_weights(documents, self.draws, self.seed)

    def _used(self, of_samples: Array) -> Array:
        """One value for each draw, the first that of the whole."""
        return of_samples[np.minimum(np.arange(self.draws + 1), len(of_samples) - 1)]

    def _blocks(self, rows: int, first: int) -> list[slice]:
        """The draws in blocks of a bounded size (three numbers a row and draw); number 0 is the evidence as it is."""
        step = max(1, BLOCK // (3 * rows))
        return [slice(start, min(start + step, self.draws + 1)) for start in range(first, self.draws + 1, step)]

    def _corrected(self, said: Array, block: slice) -> Array:
        """The probabilities under the errors of each draw of a block, shape (draws, rows, 3)."""
        if self.errors is None:
            return np.broadcast_to(said, (block.stop - block.start, *said.shape))
        return apply_bias(said, self._used(self.errors.bias)[block])


def probabilities(evidence: Sequence[Evidence]) -> Array:
    """Shape (rows, 3), in the order of the labels."""
    return np.array([(row.against, row.neutral, row.favor) for row in evidence], dtype=np.float64)


def cells(
    evidence: Sequence[Evidence],
    actors: Sequence[Actor],
    proposals: Sequence[Proposal],
    judge: Judge,
    documents: Sequence[Document] = (),
) -> tuple[Cell, ...]:
    """The cell of each actor and proposal with an answer, members counted in it, in the order of the files.

    In each a sentence counts once, whichever members it names and however many copies of its document there are.

    Args:
        evidence: All answers.
        actors: Whose cells they are.
        proposals: Likewise.
        judge: Of positions and shares.
        documents: By whose texts copies are known; without any, none is.
    """
    above = bodies(actors)
    own: defaultdict[tuple[str, str], list[_Said]] = defaultdict(list)
    for row, (document, place) in zip(evidence, places(evidence, documents), strict=True):
        here = row if row.document == document else replace(row, document=document)
        own[row.actor, row.proposal].append(_Said(0, place, here))
    rolled = {key: list(rows) for key, rows in own.items()}
    for actor in actors:
        for proposal in proposals:
            rows = own.get((actor.name, proposal.proposal), [])
            for steps, body in enumerate(above[actor.name] if rows else (), start=1):
                said = (each._replace(steps=steps) for each in rows)
                rolled.setdefault((body, proposal.proposal), []).extend(said)
    return tuple(
        _cell(actor.name, proposal.proposal, _once(rolled[key]), judge)
        for actor in actors
        for proposal in proposals
        if (key := (actor.name, proposal.proposal)) in rolled
    )


class _Said(NamedTuple):
    """A statement in a cell: how far below the actor its member is, and where it is made."""

    steps: int
    place: int
    row: Evidence


def _once(said: Sequence[_Said]) -> list[Evidence]:
    """One statement for each sentence, in order: the actor's own or the nearest member's.

    Of copies it is the earliest that has a month.
    """
    first: dict[tuple[str, int], int] = {}

    def rank(number: int) -> tuple[int, bool, bool, str, int]:
        steps, _, row = said[number]
        return steps, len(row.date) < len("2024-05"), not row.date, row.date, number

    for number, each in enumerate(said):
        key = each.row.document, each.place
        first[key] = min(first.get(key, number), number, key=rank)
    return [said[number].row for number in sorted(first.values())]


def _cell(actor: str, proposal: str, rows: Sequence[Evidence], judge: Judge) -> Cell:
    position, shares = judge.position(rows), judge.shares(rows)
    members = tuple(name for name in dict.fromkeys(row.actor for row in rows) if name != actor)
    return Cell(
        actor=actor,
        proposal=proposal,
        statements=len(rows),
        documents=len({row.document for row in rows}),
        against=shares["against"],
        neutral=shares["neutral"],
        favor=shares["favor"],
        position=position,
        rolled_up=bool(members),
        members=members,
        months=months(rows),
        changes=changes_of(rows, judge.position, judge.seed),
        evidence=tuple(row.id for row in clearest(rows, position)),
    )


def clearest(rows: Sequence[Evidence], position: str) -> list[Evidence]:
    """The rows in the order in which they speak for a position; without one, in which they speak for any pole."""

    def speaks(row: Evidence) -> float:
        return float(getattr(row, position)) if position in LABELS else max(row.against, row.favor)

    return sorted(rows, key=lambda row: (-speaks(row), row.date, row.document, row.start))


def months(rows: Sequence[Evidence]) -> tuple[Month, ...]:
    """What was counted in each month with a statement; those dated to the year, or not at all, are in none."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(LABELS, 0))
    for row in rows:
        if len(row.date) >= len("2024-05"):
            counts[row.date[:7]][row.label] += 1
    return tuple(Month(month, **counts[month]) for month in sorted(counts))
