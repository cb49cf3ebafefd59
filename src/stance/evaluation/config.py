"""What can be configured about evaluation."""

from dataclasses import dataclass, field
from pathlib import Path

from stance.base.checks import a_seed, another_file, one_of, samples
from stance.base.errors import input_error
from stance.base.lines import Manner
from stance.data.config import QUOTING, DataConfig, LabelSpellings, SplitConfig


@dataclass(kw_only=True)
class AuditConfig:
    """Configuration of ``scripts/audit.py``.

    Attributes:
        name: Of the file with the numbers.
        folder: For the files; the page of all of them is beside it.
    """

    name: str
    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    folder: str = "docs/audit"
    bootstrap: int = 1000

    def __post_init__(self) -> None:
        samples("bootstrap", self.bootstrap)


@dataclass(kw_only=True)
class EvaluateConfig:
    """Configuration of ``scripts/mistakes.py``, and ``annotators.py``, which needs no model.

    Attributes:
        checkpoint: A checkpoint folder or hub id; or
        predictions: a predictions file of any model;
        labels: how they are spelled in it.
        prefix: Before the names of its columns but ``id``, as ``scripts/predict.py`` was told.
        quoting: Of a csv or tsv of predictions, one of ``QUOTING``.
        fill_down: Columns of it whose empty cells hold what the cell above holds.
        part: train, validation, test, or another that the corpus has (challenge, literary).
        output: Where the report goes; null = in outputs, named after corpus and part, in place of what stood there.
    """

    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    checkpoint: str | None = None
    predictions: str | None = None
    labels: LabelSpellings = field(default_factory=LabelSpellings)
    prefix: str = ""
    quoting: str = "double"
    fill_down: list[str] = field(default_factory=list)
    part: str = "test"
    output: str | None = None
    bootstrap: int = 1000
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        samples("bootstrap", self.bootstrap)
        one_of("quoting", self.quoting, QUOTING)
        another_file("output", self.output, self.data.location)
        if self.output is not None and Path(self.output).suffix != ".json":
            raise input_error("output", "another kind of file", found=self.output, allowed="a name that ends in .json")

    @property
    def manner(self) -> Manner:
        """How the predictions are read."""
        return Manner(quoted=self.quoting != "none", fill_down=tuple(self.fill_down))


@dataclass(kw_only=True)
class ReportConfig(EvaluateConfig):
    """Configuration of ``scripts/evaluate.py``.

    Attributes:
        probes: Ask a checkpoint some six times as many rows: the probes, and the bundled suite of composed cases if
            ``behaviour`` names no other; null = of n-gram models alone, which take seconds.
        behaviour: A file that ``scripts/behaviour.py`` wrote, to be shown in the report.
    """

    probes: bool | None = None
    behaviour: str | None = None

    def __post_init__(self) -> None:
        EvaluateConfig.__post_init__(self)
        if self.probes and self.checkpoint is None:
            raise input_error("probes", "there is no model to ask", found=self.probes, allowed="with checkpoint=DIR")


@dataclass(kw_only=True)
class ProbeConfig:
    """Configuration of ``scripts/probe.py``.

    Attributes:
        checkpoint: A checkpoint folder or hub id.
        part: train, validation, test, or another that the corpus has (challenge, literary).
        seed: Of swaps, edits and bootstrap.
        output: Where the report goes; null = in outputs, named after the checkpoint.
    """

    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    checkpoint: str
    part: str = "test"
    seed: int = 0
    output: str | None = None
    bootstrap: int = 1000
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        samples("bootstrap", self.bootstrap)
        a_seed("seed", self.seed)


@dataclass(kw_only=True)
class BehaviourConfig:
    """Configuration of ``scripts/behaviour.py``.

    Attributes:
        checkpoint: A checkpoint folder or hub id.
        suite: A file of tests as ``docs/behaviour.md`` describes it; null = the bundled one.
        output: Where the report goes; null = in outputs, named after the checkpoint.
    """

    checkpoint: str
    suite: str | None = None
    output: str | None = None
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        another_file("output", self.output, self.suite)
