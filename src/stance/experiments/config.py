"""What can be configured about tables of results and comparisons."""

from dataclasses import dataclass, field
from typing import Any

from stance.base.checks import one_of, samples
from stance.base.errors import input_error, setting
from stance.base.lines import Manner
from stance.data.config import QUOTING, DataConfig, LabelSpellings, SplitConfig


@dataclass(kw_only=True)
class CompareConfig:
    """Configuration of ``scripts/compare.py``.

    Attributes:
        a: A run folder, the name of runs, or a predictions file.
        b: Likewise; or
        runs: a list of two or more, each compared with the first.
        data: What predictions files are of; null = what the runs were made on.
        split: Likewise.
        labels: How they are spelled in predictions files.
        prefix: Before the names of their columns but ``id``, as ``scripts/predict.py`` was told.
        quoting: Of a csv or tsv of predictions, one of ``QUOTING``.
        fill_down: Columns of it whose empty cells hold what the cell above holds.
        part: validation, test or challenge.
        bootstrap: Samples for intervals and p-values.
        outputs: Where the runs are, and the comparisons go.
    """

    a: str | None = None
    b: str | None = None
    runs: list[str] = field(default_factory=list)
    data: DataConfig | None = None
    split: SplitConfig = field(default_factory=SplitConfig)
    labels: LabelSpellings = field(default_factory=LabelSpellings)
    prefix: str = ""
    quoting: str = "double"
    fill_down: list[str] = field(default_factory=list)
    part: str = "test"
    bootstrap: int = 5000
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        samples("bootstrap", self.bootstrap)
        one_of("quoting", self.quoting, QUOTING)
        if bool(self.runs) == bool(self.a or self.b) or len(self.names()) < 2:
            raise input_error("systems", "not two or more", found=self.names(), allowed="a=RUN b=RUN, or runs=[a,b,c]")

    @property
    def manner(self) -> Manner:
        """How predictions files are read."""
        return Manner(quoted=self.quoting != "none", fill_down=tuple(self.fill_down))

    def names(self) -> list[str]:
        """The systems, the one that the others are compared with first."""
        return self.runs or [name for name in (self.a, self.b) if name]


@dataclass(kw_only=True)
class SummarizeConfig:
    """Configuration of ``scripts/summarize.py``.

    Attributes:
        experiment: A name, or a list of names for one table.
        outputs: Where the runs are.
        folder: Where ``<corpus>/<name>/results.json`` and the page of the corpus go.
        recorded: Take seeds that have no finished run here, or all of them, from what is recorded in ``folder``: the
            answers to each row are there, so that only the dataset is needed. A record without answers stays as it is.
        table: Name of a page ``<folder>/<table>.md`` with the one table of all and the differences, and of the
            ``.json`` with its numbers; null = none.
        published: A JSON file with other people's figures, which end that page where it has their corpus.
        curve: Begin that page with a picture of the headline measure by the number of training documents.
    """

    experiment: Any
    outputs: str = "outputs"
    folder: str = "experiments"
    recorded: bool = False
    table: str | None = None
    published: str | None = None
    curve: bool = False
    bootstrap: int = 1000

    def __post_init__(self) -> None:
        samples("bootstrap", self.bootstrap)
        names = [self.experiment] if isinstance(self.experiment, str) else self.experiment
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            allowed = "a name, or a list of names; one of digits as in " + setting("experiment", "2024")
            raise input_error("experiment", "no name", found=self.experiment, allowed=allowed)
        self.experiment = names
        if self.curve and self.table is None:
            raise input_error("curve", "a picture without a page", allowed="table=NAME with it")
