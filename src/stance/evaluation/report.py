"""What is measured of one part, typed: a part's report in ``metrics.json``, and the whole of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stance.base.files import read_json
from stance.base.settings import ABSENT, MERGED, from_values
from stance.evaluation.calibration import Calibration, Scaled
from stance.evaluation.checks.report import BehaviourReport, Probes
from stance.evaluation.metrics import Score
from stance.evaluation.selective import Selective
from stance.evaluation.slices import Slices


@dataclass(frozen=True)
class LabelScores:
    """Of one label; ``n`` rows have it as gold label."""

    n: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class GroupScores:
    """Of the rows of one target, holder or tag; ``gold`` counts them by gold label."""

    n: int
    gold: dict[str, int]
    accuracy: float
    macro_f1: float
    favor_against_f1: float


@dataclass(frozen=True)
class Report:
    """The scores of one model on one part; as JSON, what ``metrics.json`` has under the part's name.

    A record says what was measured when it was made: ``measures`` has only those that there were then, and what a
    newer version measures besides is None.

    Attributes:
        version: Of the meaning of all this, :data:`stance.evaluation.evaluate.REPORT_VERSION`.
        n: Rows.
        documents: That the rows are from.
        headline: The measure that ``priors`` and ``gain`` are stated in.
        measures: By name, see :mod:`stance.base.measures`; from a single document an interval is all that is possible.
        priors: The headline measure of each.
        best_prior: The name of the best one.
        gain: Headline minus that of the best prior on the same bootstrap samples.
        labels: By label.
        targets: By target; ``holders`` and ``tags`` likewise. A row counts for each of its tags.
        confusion: Rows by gold label, then by predicted label.
        calibration: Before and after scaling; this and what follows is measured of training runs.
        selective: How well confidence tells right from wrong.
        prompt: See :func:`stance.evaluation.predict_part.about_language_models`.
        conformal: See :func:`stance.evaluation.selective.measure_conformal`.
    """

    version: int
    n: int
    documents: int
    headline: str
    measures: dict[str, Score]
    priors: dict[str, float]
    best_prior: str
    gain: Score
    labels: dict[str, LabelScores]
    targets: dict[str, GroupScores]
    holders: dict[str, GroupScores]
    tags: dict[str, GroupScores]
    confusion: dict[str, dict[str, int]]
    calibration: Scaled | None = field(default=None, metadata=ABSENT)
    selective: Selective | None = field(default=None, metadata=ABSENT)
    prompt: dict[str, Any] | None = field(default=None, metadata=ABSENT)
    conformal: dict[str, Any] | None = field(default=None, metadata=ABSENT)

    @property
    def lead(self) -> Score:
        """The headline measure."""
        return self.measures[self.headline]


def read_metrics(folder: Path) -> dict[str, Report]:
    """The report of each part, from the ``metrics.json`` of a run's folder.

    Raises:
        StanceError: It is not there, or not what a run wrote.
    """
    path = folder / "metrics.json"
    return {part: from_values(Report, values, f"{path}, {part}") for part, values in read_json(path).items()}


@dataclass(frozen=True)
class LabelIntervals:
    """Of one label, with 95% intervals; None = the part has nothing that it is a share of."""

    precision: Score | None
    recall: Score | None
    f1: Score | None


@dataclass(frozen=True)
class GroupInterval:
    """Accuracy of the rows of one target, holder or tag, and the documents they are from."""

    documents: int
    accuracy: Score


@dataclass(frozen=True)
class Intervals:
    """Those of the scores by label, target, holder and tag; see :func:`stance.evaluation.evaluate.score_intervals`."""

    labels: dict[str, LabelIntervals]
    targets: dict[str, GroupInterval]
    holders: dict[str, GroupInterval]
    tags: dict[str, GroupInterval]


@dataclass(frozen=True)
class PartReport:
    """Everything measured about a checkpoint or a predictions file on one part of a dataset.

    Attributes:
        of: The checkpoint or the file.
        part: Of the dataset.
        data: ``name`` and ``fingerprint``.
        learnt: How many of the rows have a text that the checkpoint learnt from; None = not known.
        scores: In JSON its keys are among the others.
        intervals: Of the scores by label and group.
        slices: Where the model is worse than on the rest.
        calibration: Of the probabilities; this and ``selective`` are left out where there are none.
        selective: How well confidence tells right from wrong.
        prompt: See :func:`stance.evaluation.predict_part.about_language_models`.
        model: Whether there is one to ask.
        probes: See :func:`stance.evaluation.checks.probes.probe`; None = not asked.
        behaviour: See :mod:`stance.evaluation.checks.behaviour`; None = not asked.
    """

    of: str
    part: str
    data: dict[str, str]
    learnt: int | None
    scores: Report = field(metadata=MERGED)
    intervals: Intervals
    slices: Slices
    calibration: Calibration | None = field(default=None, metadata=ABSENT)
    selective: Selective | None = field(default=None, metadata=ABSENT)
    prompt: dict[str, Any] | None = None
    model: bool = False
    probes: Probes | None = None
    behaviour: BehaviourReport | None = None
