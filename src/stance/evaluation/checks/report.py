"""What the checks of a model find, typed: probes, pairs, robustness and suites, as their files have it."""

from __future__ import annotations

from dataclasses import dataclass, field

from stance.base.labels import Label
from stance.base.settings import ABSENT, MERGED
from stance.evaluation.metrics import Score


@dataclass(frozen=True)
class Probed:
    """The headline measure against the unchanged gold labels, before and after a change of the input.

    Attributes:
        plain: On the rows as they are.
        probed: On the changed rows.
        difference: Probed minus plain, with a paired interval.
        changed: The share of rows with another label.
        known: For a swap within the sentence, against the gold label of the row swapped in.
    """

    plain: Score
    probed: Score
    difference: Score
    changed: float
    known: Score | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True)
class Probe:
    """One probe: the rows that it applies to, the documents they are from, and the scores, if there are rows."""

    n: int
    documents: int
    scores: Probed | None = field(default=None, metadata=MERGED)


@dataclass(frozen=True)
class Edited:
    """As :class:`Probed`, of texts that were edited without a change of stance.

    Attributes:
        plain: On the rows as they are.
        edited: On the edited rows.
        difference: Edited minus plain, with a paired interval.
        changed: The share of rows with another label.
        relative_loss: (plain - edited) / plain; None where plain is 0.
    """

    plain: Score
    edited: Score
    difference: Score
    changed: float
    relative_loss: float | None


@dataclass(frozen=True)
class Attack:
    """One attack: the rows that it changes, the documents they are from, and the scores, if there are rows."""

    n: int
    documents: int
    scores: Edited | None = field(default=None, metadata=MERGED)


@dataclass(frozen=True)
class Robustness:
    """By name, every attack; and the mean of the scores on edited rows, None if no edit changes any row."""

    attacks: dict[str, Attack]
    resilience: float | None


@dataclass(frozen=True)
class UnlikePairs:
    """The pairs whose gold labels differ; ``both`` is None if there are none.

    No model that gives both rows one label has such a pair right.
    """

    n: int
    both: Score | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True)
class PairScores:
    """The shares of pairs with both rows right, with the first, and with the second; and those of unlike gold."""

    both: Score
    first: Score
    second: Score
    differ: UnlikePairs


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows that differ in one thing, the documents they are from, and the scores, if there are pairs."""

    n: int
    documents: int
    scores: PairScores | None = field(default=None, metadata=MERGED)


@dataclass(frozen=True)
class Probes:
    """By name, every probe and every kind of pairs; and in words, whether the model reads."""

    probes: dict[str, Probe]
    pairs: dict[str, Pairs]
    words: list[str]


@dataclass(frozen=True)
class ProbeReport:
    """What ``scripts/probe.py`` writes.

    Attributes:
        version: Of the meaning of all this.
        of: The checkpoint.
        part: Of the dataset.
        seed: Of swaps, edits and bootstrap.
        data: ``name`` and ``fingerprint``.
        n: Rows.
        documents: That the rows are from.
        headline: The measure that all scores are stated in.
        plain: The score on the rows as they are.
        found: In JSON its keys are among the others.
        robustness: On edited texts.
    """

    version: int
    of: str
    part: str
    seed: int
    data: dict[str, str]
    n: int
    documents: int
    headline: str
    plain: Score
    found: Probes = field(metadata=MERGED)
    robustness: Robustness


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One row of a suite and what the model says of it; the label of a row of an invariance test is None.

    ``scores`` are probabilities by label.
    """

    text: str
    holder: str
    target: str
    label: Label | None = field(default=None, metadata=ABSENT)
    predicted: Label
    scores: dict[str, float]


@dataclass(frozen=True)
class TemplateFailures:
    """Cases of one template, and how many of them failed."""

    n: int
    failed: int


@dataclass(frozen=True)
class SuiteTestResult:
    """One test of a suite.

    Attributes:
        name: As the suite has it; ``kind`` and ``about`` likewise.
        n: Cases.
        failed: Of them.
        rate: The share, with its 95% Wilson interval.
        templates: In the order of the suite.
        failures: The rows of the first cases that failed.
        both_right: In a DIR, the share of cases with both labels right.
    """

    name: str
    kind: str
    about: str
    n: int
    failed: int
    rate: Score
    templates: tuple[TemplateFailures, ...]
    failures: tuple[tuple[Answer, ...], ...]
    both_right: float | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True)
class KindResult:
    """All tests of one kind: how many, and their cases, failures and failure rate."""

    tests: int
    n: int
    failed: int
    rate: Score


@dataclass(frozen=True)
class SuiteResult:
    """How a model does on a suite; ``version`` is of the meaning, ``seed`` of the draw of cases."""

    version: int
    suite: str
    seed: int
    kinds: dict[str, KindResult]
    tests: tuple[SuiteTestResult, ...]


@dataclass(frozen=True, kw_only=True)
class BehaviourReport:
    """What ``scripts/behaviour.py`` writes.

    Attributes:
        of: The checkpoint.
        file: SHA-256 of the suite's file; None for the bundled suite that an evaluation runs.
        result: In JSON its keys are among the others.
    """

    of: str
    file: str | None = field(default=None, metadata=ABSENT)
    result: SuiteResult = field(metadata=MERGED)
