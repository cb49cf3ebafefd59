"""What can be configured about scoring files, and about what models are made into."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from stance.base.checks import another_file, at_least, one_of, samples, within
from stance.base.errors import input_error
from stance.base.lines import Manner
from stance.base.names import READABLE, beside, check_kind, table_kind
from stance.base.words import visible
from stance.data.columns import QUESTION, Columns
from stance.data.config import QUOTING, DataConfig, LabelSpellings, SplitConfig
from stance.models.config import RUNTIMES, ModelConfig, PromptConfig
from stance.models.prompting.config import ServerConfig


@dataclass(kw_only=True)
class AnnotateConfig:
    """Configuration of ``scripts/annotate.py``.

    Attributes:
        input: A jsonl, csv or tsv file with the rows, judged by people or not.
        output: A jsonl file with their judgements and the model's, which ``data=annotations`` reads.
        annotator: What the model is called there.
        checkpoint: A checkpoint folder or hub id; or
        model: a language model as it is.
        prompt: Where that is asked.
        label_studio: A json file with the model's judgements as Label Studio's pre-annotations; null = none.
        columns: What our fields are called in the input.
        labels: How the labels are spelled in it.
        encoding: Of the input.
        bootstrap: Samples for the intervals of agreement.
        outputs: Answers are kept in its folder ``cache``.
    """

    input: str
    output: str
    annotator: str
    checkpoint: str | None = None
    model: ModelConfig | None = None
    prompt: ServerConfig = field(default_factory=ServerConfig)
    label_studio: str | None = None
    columns: Columns = field(default_factory=Columns)
    labels: LabelSpellings = field(default_factory=LabelSpellings)
    encoding: str = "utf-8"
    bootstrap: int = 1000
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        samples("bootstrap", self.bootstrap)
        self.columns.check_read("columns", [name for name in vars(self.columns) if name != "part"])
        if (self.checkpoint is None) == (self.model is None):
            raise input_error("checkpoint", "not one model", allowed="either checkpoint=DIR or model=prompt")
        if self.model is not None and (not isinstance(self.model, PromptConfig) or self.model.shots):
            allowed = "model=prompt without shots; else a checkpoint that scripts/train.py made"
            raise input_error("model", "it has to learn first", found=self.model.name, allowed=allowed)
        if Path(self.output).suffix != ".jsonl":
            raise input_error("output", "another kind of file", found=self.output, allowed="a name that ends in .jsonl")
        another_file("output", self.output, self.input)
        another_file("label_studio", self.label_studio, self.input, self.output)


@dataclass(kw_only=True)
class ExportConfig:
    """Configuration of ``scripts/export.py``.

    Attributes:
        checkpoint: The folder of a fine-tuned encoder, or of what has such members.
        part: The rows that the exported models are compared with torch on.
        loss: Macro-F1 that an exported model may lose there.
        agreement: Share of the rows for which the fp32 model must give the label of torch.
        agreement_int8: Likewise for the int8 model.
        speed: How many times as fast as fp32 the int8 model must be; 0 = keep it for its size alone.
    """

    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    checkpoint: str
    part: str = "validation"
    loss: float = 0.005
    agreement: float = 0.995
    agreement_int8: float = 0.95
    speed: float = 1.0
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        for name in ("loss", "agreement", "agreement_int8"):
            if not 0 <= getattr(self, name) <= 1:
                raise input_error(name, "not a share", found=getattr(self, name), allowed="0 to 1")
        if not 0 <= self.speed < math.inf:
            raise input_error("speed", "not a factor", found=self.speed, allowed="0 or more")


@dataclass(kw_only=True)
class ShipConfig:
    """Configuration of ``scripts/ship.py``.

    Attributes:
        checkpoint: The folder of a fine-tuned encoder.
        output: The folder of the copy; by default that of stance-small in the package.
        part: The rows that both are asked.
        agreement: Share of these for which the copy must give the same label.
    """

    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    checkpoint: str
    output: str
    part: str = "validation"
    agreement: float = 0.995
    outputs: str = "outputs"


@dataclass(kw_only=True)
class AbstainConfig:
    """When not to answer.

    Attributes:
        risk: The share of errors among the answered rows that is still allowed; null = answer every row.
        delta: The probability, over the validation rows, that the risk is higher all the same.
    """

    risk: float | None = None
    delta: float = 0.05

    def __post_init__(self) -> None:
        for name, value in (("abstain.risk", self.risk), ("abstain.delta", self.delta)):
            if value is not None and not 0 < value < 1:
                raise input_error(name, "not a share", found=value, allowed="above 0, below 1")


@dataclass(kw_only=True)
class RayConfig:
    """The Ray cluster that ``engine=ray`` uses.

    Attributes:
        address: Of a cluster, HOST:PORT, or auto for the one that this machine is in; null = a Ray of this machine
            alone, which ends with the program.
        workers: Copies of the model, one to a GPU, or one to a core where there is none; null = as many as there are.
    """

    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            at_least("ray.workers", self.workers, 1)


@dataclass(kw_only=True)
class PredictConfig:
    """Configuration of ``scripts/predict.py``.

    Attributes:
        checkpoint: stance-small (which comes with the package), stance-base, a checkpoint folder or hub id.
        input: csv, tsv or jsonl, with .gz or .zst after it if compressed; parquet or xlsx.
        output: Likewise, but for xlsx; the suffix says which. Bad rows go beside it, into ``NAME.rejects.jsonl``.
        columns: Names in the file, of text, target, holder and context; the last two may be missing.
        target: One target for every row of a file without that column.
        holder: One holder for every row, likewise.
        prefix: Before the names of the added columns, for a file that has one of that name.
        chunk: Rows in memory at a time.
        encoding: Of a text input; the output is UTF-8.
        quoting: Of a csv or tsv input, one of ``QUOTING``.
        fill_down: Columns of the input whose empty cells hold what the cell above holds.
        abstain: Write ``abstain`` in place of a label that is too likely to be wrong.
        runtime: Of a fine-tuned encoder, one of ``RUNTIMES``.
        engine: Where the model is asked: local = in this process, ray = in the workers of a Ray cluster.
        ray: See :class:`RayConfig`.
        show: Print so many rows of the output when it is done.
        details: Add ``text_cut`` and ``holder_mentioned``, true or false, the latter empty where the author is asked.
        windows: Read texts that are too long for the model in windows around the holder's mentions.
        excel_safe: In a csv or tsv output put a space before texts that a spreadsheet would compute as formulas.
        strict: Stop with an error at the first bad row.
        overwrite: Begin anew where an unfinished run with other settings or another input is in the way.
    """

    input: str
    output: str
    checkpoint: str = "stance-small"
    columns: Columns = field(default_factory=Columns)
    target: str | None = None
    holder: str | None = None
    prefix: str = ""
    chunk: int = 4096
    encoding: str = "utf-8"
    quoting: str = "double"
    fill_down: list[str] = field(default_factory=list)
    abstain: AbstainConfig = field(default_factory=AbstainConfig)
    runtime: str = "auto"
    engine: str = "local"
    ray: RayConfig = field(default_factory=RayConfig)
    show: int = 0
    details: bool = False
    windows: bool = False
    excel_safe: bool = False
    strict: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.target is not None and not visible(self.target):
            raise input_error("target", "empty", found=self.target, allowed="the proposal, or a column of targets")
        one_of("engine", self.engine, ("local", "ray"))
        self.columns.check_read("columns", QUESTION)
        within("chunk", self.chunk, 1, 10_000_000)
        within("show", self.show, 0, 10_000_000)
        one_of("runtime", self.runtime, RUNTIMES)
        one_of("quoting", self.quoting, QUOTING)
        if self.excel_safe and table_kind(self.output)[0] not in (".csv", ".tsv"):
            raise input_error("excel_safe", "not an output of cells", found=self.output, allowed="a csv or tsv")
        another_file("output", self.output, self.input)
        if Path(self.input).resolve() == beside(self.output, ".rejects.jsonl").resolve():
            raise input_error(
                "output", "its bad rows would replace the input", found=self.output, allowed="another name"
            )
        check_kind(self.input, READABLE)
        check_kind(self.output)

    @property
    def manner(self) -> Manner:
        """How the input is read."""
        wanted = (self.columns.text, *([self.columns.target] if self.target is None else []))
        return Manner(quoted=self.quoting != "none", wanted=wanted, fill_down=tuple(self.fill_down))


@dataclass(kw_only=True)
class SharesConfig:
    """Configuration of ``scripts/shares.py``.

    Attributes:
        predictions: What ``scripts/predict.py`` wrote, in any of its formats.
        checkpoint: The checkpoint that scored it, a folder or hub id.
        output: Where the numbers go; null = beside the predictions.
        columns: Names in the file, of ``document`` and ``target``, which may be missing; and of ``text``, ``holder``,
            ``context``, by which it is checked that the checkpoint scored it.
        prefix: Before the names of the scored columns, as ``scripts/predict.py`` was told.
        bootstrap: Samples for the intervals.
        encoding: Of a csv, tsv or jsonl file.
        quoting: Of a csv or tsv, one of ``QUOTING``.
    """

    predictions: str
    checkpoint: str
    output: str | None = None
    columns: Columns = field(default_factory=Columns)
    prefix: str = ""
    bootstrap: int = 500
    encoding: str = "utf-8"
    quoting: str = "double"

    def __post_init__(self) -> None:
        self.columns.check_read("columns", ("document", *QUESTION))
        samples("bootstrap", self.bootstrap)
        one_of("quoting", self.quoting, QUOTING)
        if self.output is not None and Path(self.output).suffix != ".json":
            raise input_error("output", "another kind of file", found=self.output, allowed="a name that ends in .json")


@dataclass(kw_only=True)
class CascadeConfig:
    """Configuration of ``scripts/cascade.py``.

    Attributes:
        cheap: A checkpoint folder or hub id: the model that is asked first.
        checkpoint: Likewise: the model that is asked for the rest.
        output: The folder of the cascade, a checkpoint itself.
        loss: How much of the second model's macro-F1 may be lost on validation, 0.002 being 0.2 points.
        certainty: In this share of resamples of the validation documents no more may be lost either.
        rows: Of the test part, at most so many are timed.
        repeats: So many times, cascade and second model in turn.
        bootstrap: Samples for the intervals.
    """

    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    cheap: str
    checkpoint: str
    output: str
    loss: float = 0.002
    certainty: float = 0.8
    rows: int = 500
    repeats: int = 3
    bootstrap: int = 1000
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        at_least("rows", self.rows, 1)
        at_least("repeats", self.repeats, 1)
        samples("bootstrap", self.bootstrap)
        if not 0 <= self.loss < 1:
            raise input_error("loss", "not a loss in macro-F1", found=self.loss, allowed="from 0 to below 1")
        if not 0 <= self.certainty < 1:
            raise input_error("certainty", "not a share", found=self.certainty, allowed="from 0 to below 1")
