"""What ``results.json`` has, typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stance.base.settings import ABSENT, MERGED, as_values
from stance.evaluation.metrics import Score, SeedScore
from stance.training.recorded import Recorded


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training, as a record has it.

    Attributes:
        seed: Of the training.
        command: That started it.
        commit: Of the code; None outside a checkout.
        dirty: Whether what makes results was changed since that commit; None likewise.
        versions: Of the packages.
        machine: See :func:`stance.training.machine.machine`.
        seconds: Of ``fit`` and ``predict``.
        resumed: Whether it was interrupted and went on.
        made_from: What is said of each run that it was made from, see :func:`stance.training.plan.what_made`.
        validation: The headline measure.
        test: Each measure.
        labels: The answer to every row of each part but train, in their order, a letter a row; records before version 3
            have none.
    """

    seed: int
    command: str
    commit: str | None
    dirty: bool | None
    versions: dict[str, str]
    machine: dict[str, Any]
    seconds: dict[str, float]
    resumed: bool
    made_from: tuple[dict[str, Any], ...] | None = field(default=None, metadata=ABSENT)
    validation: float
    test: dict[str, float]
    labels: dict[str, str] | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True)
class TrainSize:
    """What was learnt from; ``rows`` is the mean over the runs, rounded."""

    documents: int
    rows: int


@dataclass(frozen=True)
class BestPrior:
    """The prior that is best on some rows, and the headline measure of it there."""

    name: str
    value: float


@dataclass(frozen=True)
class PartScores:
    """Of all runs on one part.

    Attributes:
        n: Rows.
        documents: That the rows are from.
        gold: Rows by gold label.
        measures: By name.
        best_prior: On these very rows.
        gain: Headline minus that of the best prior.
    """

    n: int
    documents: int
    gold: dict[str, int]
    measures: dict[str, SeedScore]
    best_prior: BestPrior
    gain: Score


@dataclass(frozen=True)
class TagScores:
    """Of all runs on the rows with one tag; ``gold`` counts them by gold label."""

    n: int
    documents: int
    gold: dict[str, int]
    accuracy: SeedScore


@dataclass(frozen=True, kw_only=True)
class Result:
    """All seeds of an experiment as one result: the content of ``results.json``.

    Attributes:
        version: Of the meaning of all this.
        name: Of the experiment.
        samples: Of the bootstrap; records before version 3 do not say.
        headline: The measure that results are led by.
        part: That ``scores`` are of, test.
        seeds: Of the runs, ascending.
        train: What was learnt from.
        scores: In JSON its keys are among the others.
        challenge: Of the part of this name, if the corpus has it; ``literary`` likewise.
        tags: By tag, in test with what only ``challenge`` and ``literary`` have.
        validation_tags: By tag, in validation.
        data: Name, fingerprint and folder of the dataset.
        config: What the runs have in common, see :class:`stance.training.recorded.Recorded`; ``contents`` likewise.
        runs: By ascending seed.
    """

    version: int
    name: str
    samples: int | None = field(default=None, metadata=ABSENT)
    headline: str
    part: str
    seeds: tuple[int, ...]
    train: TrainSize
    scores: PartScores = field(metadata=MERGED)
    challenge: PartScores | None = field(default=None, metadata=ABSENT)
    literary: PartScores | None = field(default=None, metadata=ABSENT)
    tags: dict[str, TagScores]
    validation_tags: dict[str, TagScores]
    data: dict[str, str]
    config: dict[str, Any]
    contents: dict[str, str] | None = field(default=None, metadata=ABSENT)
    runs: tuple[Run, ...]

    @property
    def lead(self) -> SeedScore:
        """The headline measure."""
        return self.scores.measures[self.headline]

    @property
    def beside(self) -> dict[str, PartScores]:
        """By name, the parts that are reported beside test."""
        parts = {"challenge": self.challenge, "literary": self.literary}
        return {part: scores for part, scores in parts.items() if scores is not None}

    def made(self) -> Recorded:
        """What the runs have in common.

        Raises:
            StanceError: Settings that there are not, or that are refused.
        """
        return Recorded.read(as_values(self))
