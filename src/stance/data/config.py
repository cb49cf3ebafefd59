"""What can be configured about corpora, their parts, and tasks for coders."""

from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path

from stance.base.checks import a_name, a_seed, another_file, at_least, one_of
from stance.base.errors import input_error
from stance.base.labels import alike, known_as
from stance.base.lines import Manner
from stance.base.settings import FILE, WHERE
from stance.data.columns import QUESTION, Columns
from stance.data.info import info_of, known, published, root_of


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


#: double: quotation marks may stand around a cell; none: they are text.
QUOTING = ("double", "none")

#: Fields of ``DataConfig`` that are made use of with every reader; of the others, those that its ``options`` name.
ALWAYS_READ = frozenset(("name", "reader", "root", "path", "hub", "revision", "headline"))


@dataclass(kw_only=True)
class DataConfig:
    """Where judgements come from.

    The first seven are read of every corpus. The others are options: :class:`stance.data.info.CorpusInfo` names those
    that the corpus's reader reads, and the rest are refused.

    Attributes:
        name: Of the corpus; part of folder names.
        reader: A published corpus, or what reads the user's own files: annotations, table, import, dna.
        root: Folder that ``path`` is relative to, which is not recorded; null = see :func:`stance.data.info.root_of`.
        path: A file or folder, as the reader wants it.
        hub: A dataset repository of the Hugging Face hub that ``path`` is in, instead of ``root``.
        revision: Of that repository: a branch, tag or, to have the same tomorrow, a commit.
        headline: The measure that results are led by, one of :data:`stance.base.measures.ALL_MEASURES`.
        texts: Folder with the texts that a corpus annotates without holding them; not recorded; null = its
            folder among the published corpora.
        annotators: Whose judgements count; of the user's own files empty = all.
        adjudicator: Who settles ties and disagreements.
        labels: How the labels are spelled in the file.
        leave_out: Spellings of labels whose judgements are not read, e.g. ``[UNCLEAR, ""]``; a row goes with them that
            most annotators, or the adjudicator, judged so.
        columns: What our fields are called in the file; in a database which of its variables they are.
        parts: How the parts are spelled in a column ``part``.
        target: One target for every row of a table without that column.
        encoding: Of the file.
        tool: Which annotation tool wrote the files; empty = as their content says.
        mapping: A file that says what in them is holder, target and label.
        quoting: Of a csv or tsv, one of ``QUOTING``.
        fill_down: Columns of the file whose empty cells hold what the cell above holds.
        task: a or b.
        derived_neutrals: Whether there are neutral rows that nobody judged; the top of each reader says which.
        verify: Refuse files other than the published ones.
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
    columns: Columns = field(default_factory=Columns)
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
        a_name("data.name", self.name)
        from stance.base.measures import ALL_MEASURES  # here, since numpy is not needed for help

        one_of("data.headline", self.headline, ALL_MEASURES)
        one_of("data.quoting", self.quoting, QUOTING)
        if self.target and not self.target.strip():
            raise input_error("data.target", "empty", found=self.target, allowed="the proposal, or a column of targets")
        self._check_options()
        for spelling in self.leave_out:
            if known_as("null" if spelling is None else spelling, self.labels.map()) is not None:
                raise input_error("data.leave_out", "it has a meaning in data.labels too", found=spelling)

    def _check_options(self) -> None:
        """Refuse what the reader would not look at."""
        info = info_of(self.reader)
        for option in fields(self):
            value = getattr(self, option.name)
            default = option.default if option.default_factory is MISSING else option.default_factory()
            if option.name in ALWAYS_READ | info.options or value == default:
                continue
            others = sorted({other.reader or other.name for other in known() if option.name in other.options})
            raise input_error(
                f"data.{option.name}",
                f"not read with data.reader={self.reader}",
                found=asdict(self)[option.name],
                allowed=info.instead.get(option.name, f"with data.reader={' or '.join(others)}"),
            )
        if "parts" not in info.options:
            self.columns.check_read("data.columns", [name for name in asdict(self.columns) if name != "part"])
        if self.revision != "main" and not self.hub:
            raise input_error(
                "data.revision", "read of a repository alone", found=self.revision, allowed="data.hub=..."
            )

    @property
    def location(self) -> Path:
        """The file or folder to read."""
        root = root_of(self.reader, verify=self.verify) if self.root is None else Path(self.root)
        return root / self.path

    @property
    def texts_folder(self) -> Path:
        """The folder with the texts that are not in ``location``."""
        return published() / info_of(self.reader).folder if self.texts is None else Path(self.texts)

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
        columns: Names in the tables, of text, target, holder and context; ``id``, ``document`` and ``date`` are called
            so, and may be missing.
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
    columns: Columns = field(default_factory=Columns)
    prefix: str = ""
    encoder: str = "all-MiniLM-L6-v2"
    seed: int = 0

    def __post_init__(self) -> None:
        at_least("n", self.n, 1)
        self.columns.check_read("columns", QUESTION)
        a_seed("seed", self.seed)
        at_least("input", len(self.input), 1)
        one_of("order", self.order, ("margin", "disagreement", "random", "file"))
        another_file("output", self.output, *self.input, *self.given)
