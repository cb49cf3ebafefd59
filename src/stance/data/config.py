"""What can be configured about corpora, their parts, and tasks for coders."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stance.base.checks import a_name, a_seed, at_least, one_of
from stance.base.errors import input_error
from stance.base.labels import alike, known_as
from stance.base.lines import Manner
from stance.base.settings import FILE, WHERE
from stance.data.roots import published, root_of


def _by_spelling(key: str, spellings: dict[str, list[str | None]]) -> dict[str, str]:
    names: dict[str, tuple[str, str]] = {}
    for name, spelled in spellings.items():
        for spelling in spelled:
            first = names.setdefault(alike(spelling), ("null" if spelling is None else spelling, name))
            if first[1] != name:
                raise input_error(key, f"spelled alike: {first[1]} and {name}", found=spelling)
    return dict(names.values())


@dataclass(kw_only=True)
class LabelSpellings:
    """The spellings of each label in a file, e.g. ``favor: [PRO, 2]``; all empty = the three names themselves.

    Which spellings are alike says :func:`stance.base.labels.alike`; None is what YAML makes of ``null``.
    """

    against: list[str | None] = field(default_factory=list)
    neutral: list[str | None] = field(default_factory=list)
    favor: list[str | None] = field(default_factory=list)

    def map(self) -> dict[str, str]:
        """Label by spelling.

        Raises:
            StanceError: A spelling stands for two labels.
        """
        return _by_spelling("labels", vars(self))


@dataclass(kw_only=True)
class PartSpellings:
    """The spellings of each part in a table, e.g. ``validation: [dev, valid]``."""

    train: list[str | None] = field(default_factory=lambda: ["train"])
    validation: list[str | None] = field(default_factory=lambda: ["validation"])
    test: list[str | None] = field(default_factory=lambda: ["test"])

    def map(self) -> dict[str, str]:
        """Part by spelling.

        Raises:
            StanceError: A spelling stands for two parts.
        """
        return _by_spelling("parts", vars(self))


@dataclass(kw_only=True)
class AnnotationColumns:
    """What the fields of an annotation are called in the user's file. ``part`` is for tables only."""

    id: str = "id"
    text: str = "text"
    holder: str = "holder"
    target: str = "target"
    label: str = "label"
    annotator: str = "annotator"
    document: str = "document"
    context: str = "context"
    date: str = "date"
    tags: str = "tags"
    part: str = "part"


#: double: quotation marks may stand around a cell; none: they are text.
QUOTING = ("double", "none")

#: Each reads one format; ``table`` any.
READERS = (
    "negotiation", "news", "bundled", "wire", "annotations", "table", "import",
    "semeval2016", "tweeteval", "vast", "pstance", "seesaw", "newsmtsc", "gwsd",
    "procon20", "perspectrum", "iam", "ibm_claim_stance", "ibm_kpa",
    "ruw", "conflict_bias", "unsc", "mpqa", "dna", "nli",
)  # fmt: skip


@dataclass(kw_only=True)
class DataConfig:
    """Where judgements come from.

    Attributes:
        name: Of the corpus; part of folder names.
        reader: One of ``READERS``.
        root: Folder that ``path`` is relative to, which is not recorded; null = see :mod:`stance.data.roots`.
        path: A file or folder, as the reader wants it.
        hub: A dataset repository of the Hugging Face hub that ``path`` is in, instead of ``root``.
        revision: Of that repository: a branch, tag or, to have the same tomorrow, a commit.
        headline: The measure that results are led by: macro_f1, favor_against_f1, accuracy or
            favor_against_f1_mean_over_targets.
        texts: Folder with the texts that a corpus annotates without holding them (wire); not recorded; null = its own
            among the published corpora.
        annotators: Whose judgements count (negotiation, news, annotations, import; in the last two empty = all).
        adjudicator: Who settles ties and disagreements (annotations, import).
        labels: How the labels are spelled in the file (annotations, table, dna).
        leave_out: Spellings of labels whose judgements are not read, e.g. ``[UNCLEAR, ""]`` (annotations, table, dna).
        columns: What our fields are called in the file (annotations, table); which of its variables they are (dna).
        parts: How the parts are spelled in a column ``part`` (table).
        target: One target for every row of a table without that column.
        encoding: Of the file (annotations, table, dna).
        tool: Which annotation tool wrote the files; empty = as their content says (import).
        mapping: A file that says what in them is holder, target and label (import).
        quoting: Of a csv or tsv, one of ``QUOTING`` (annotations, table, dna).
        fill_down: Columns of the file whose empty cells hold what the cell above holds (annotations, table, dna).
        task: a or b (semeval2016).
        derived_neutrals: Whether there are neutral rows that nobody judged: for vast the synthetic ones (false leaves
            out those of its few-shot rows too, which cannot be told), for seesaw pairs of a sentence's entities without
            a stance, for unsc sentences without a conflict, for mpqa pairs of a sentence's holders and targets without
            an attitude that has a pole.
        verify: Refuse files other than the published ones (the field's corpora).
    """

    name: str
    reader: str
    root: str | None = field(default=None, metadata=WHERE)
    path: str = field(metadata=FILE)
    hub: str = ""
    revision: str = "main"
    headline: str = "macro_f1"
    texts: str | None = field(default=None, metadata=WHERE)
    annotators: list[str] = field(default_factory=list)
    adjudicator: str = ""
    labels: LabelSpellings = field(default_factory=LabelSpellings)
    leave_out: list[str | None] = field(default_factory=list)
    columns: AnnotationColumns = field(default_factory=AnnotationColumns)
    parts: PartSpellings = field(default_factory=PartSpellings)
    target: str = ""
    encoding: str = "utf-8"
    tool: str = ""
    mapping: str = field(default="", metadata=FILE)
    quoting: str = "double"
    fill_down: list[str] = field(default_factory=list)
    task: str = "a"
    derived_neutrals: bool = False
    verify: bool = True

    def __post_init__(self) -> None:
        """Refuse values outside the lists above."""
        a_name("data.name", self.name)
        one_of("data.reader", self.reader, READERS)
        measures = ("macro_f1", "favor_against_f1", "accuracy", "favor_against_f1_mean_over_targets")
        one_of("data.headline", self.headline, measures)
        self._check_import()
        one_of("data.quoting", self.quoting, QUOTING)
        for key in ("leave_out", "fill_down"):
            if getattr(self, key) and self.reader not in ("annotations", "table", "dna"):
                raise input_error(f"data.{key}", "not read of a published corpus", found=getattr(self, key))
        for spelling in self.leave_out:
            if known_as("null" if spelling is None else spelling, self.labels.map()) is not None:
                raise input_error("data.leave_out", "it has a meaning in data.labels too", found=spelling)

    def _check_import(self) -> None:
        """Refuse what would not be looked at: of an export everything stands in its mapping."""
        if self.reader != "import":
            for key in ("tool", "mapping"):
                if getattr(self, key):
                    raise input_error(f"data.{key}", "read with data=import alone", found=getattr(self, key))
            return
        usual = {"labels": LabelSpellings(), "columns": AnnotationColumns(), "leave_out": [], "target": ""}
        for key, value in (usual | {"encoding": "utf-8"}).items():
            if getattr(self, key) != value:
                raise input_error(f"data.{key}", "not read of an export", allowed=f"{key} in the file data.mapping")

    @property
    def location(self) -> Path:
        """The file or folder to read."""
        root = root_of(self.reader, verify=self.verify) if self.root is None else Path(self.root)
        return root / self.path

    @property
    def wire(self) -> Path:
        """The folder with the texts that are not in ``location``."""
        return published() / "reuters21578" if self.texts is None else Path(self.texts)

    @property
    def manner(self) -> Manner:
        """How it is read."""
        return Manner(quoted=self.quoting != "none", fill_down=tuple(self.fill_down))


@dataclass(kw_only=True)
class SplitConfig:
    """How examples are divided.

    Attributes:
        by: target (unseen proposals), document, sentence, official, or auto: official where the corpus has parts of
            its own, else target.
        validation: Share of the rows (official: of the train rows) for validation.
        test: Share of the rows for test; not used when official.
        seed: Of the split.
        leaks: What to do with rows shared between parts: refuse, drop (the earlier part's rows) or report.
        challenge: Tags; test rows with any of them are in the part ``challenge`` too, beside what the corpus has there.
    """

    by: str = "auto"
    validation: float = 0.15
    test: float = 0.25
    seed: int = 0
    leaks: str = "refuse"
    challenge: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse values outside the lists above."""
        one_of("split.by", self.by, ("auto", "target", "document", "sentence", "official"))
        one_of("split.leaks", self.leaks, ("refuse", "drop", "report"))
        a_seed("split.seed", self.seed)


@dataclass(kw_only=True)
class AuxiliaryConfig:
    """What else is learnt from: the train parts of other corpora, or these alone (cross-corpus).

    Attributes:
        corpora: By a name that begins the ids of its rows.
        rows: About so many of each: a share of the documents, drawn by the seed of the split; 0 = all.
        own_rows: Whether the train part of the corpus itself is learnt from too.
    """

    corpora: dict[str, DataConfig] = field(default_factory=dict)
    rows: int = 0
    own_rows: bool = True

    def __post_init__(self) -> None:
        """Refuse a negative number, and to learn from nothing."""
        at_least("auxiliary.rows", self.rows, 0)
        if not self.corpora and not self.own_rows:
            raise input_error("auxiliary.own_rows", "nothing to learn from", allowed="auxiliary.corpora with it")


@dataclass(kw_only=True)
class BuildConfig:
    """Configuration of ``scripts/build_dataset.py``."""

    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)
    outputs: str = field(default="outputs", metadata=WHERE)


@dataclass(kw_only=True)
class ColumnsConfig:
    """What the columns of the user's file are called."""

    text: str = "text"
    target: str = "target"
    holder: str = "holder"
    context: str = "context"


@dataclass(kw_only=True)
class TasksConfig:
    """Configuration of ``scripts/export_tasks.py``.

    Attributes:
        input: Tables of rows to be coded: csv, tsv, jsonl or parquet, as ``scripts/predict.py`` wrote them or without
            scores; several of the same rows where several models scored them.
        output: The tasks.
        to: label-studio, doccano, prodigy or sheet (xlsx or csv).
        n: How many rows.
        order: margin (of the two most probable labels), disagreement (of the models), random, or file (as they stand).
        clusters: Of the most useful rows take one of each cluster of their embeddings, so that no two are alike.
        given: Files of tasks that were given before, or what came back of them: their rows are left out.
        annotators: Columns of a sheet, one for each person.
        columns: Names in the tables; ``id``, ``document`` and ``date`` are called so, and may be missing.
        prefix: Before the names of the columns of probabilities, as ``scripts/predict.py`` was told.
        encoder: For the clusters: all-MiniLM-L6-v2 (packaged), a folder or a hub id.
        seed: Of clusters and random order.
    """

    input: list[str]
    output: str
    to: str = "label-studio"
    n: int = 50
    order: str = "margin"
    clusters: bool = True
    given: list[str] = field(default_factory=list)
    annotators: list[str] = field(default_factory=lambda: ["coder 1", "coder 2"])
    columns: ColumnsConfig = field(default_factory=ColumnsConfig)
    prefix: str = ""
    encoder: str = "all-MiniLM-L6-v2"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse no rows, no files, another order, and a seed that is none."""
        at_least("n", self.n, 1)
        a_seed("seed", self.seed)
        at_least("input", len(self.input), 1)
        one_of("order", self.order, ("margin", "disagreement", "random", "file"))
        if Path(self.output).resolve() in {Path(path).resolve() for path in (*self.input, *self.given)}:
            raise input_error("output", "the same file as one that is read", found=self.output, allowed="another file")
