"""What can be configured: dataclasses that scripts fill from Hydra and the library takes as they are.

Fields without a default must be given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stance.errors import input_error, setting
from stance.files import Manner, beside
from stance.labels import alike, known_as


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise input_error(name, "too small", found=value, allowed=f"{least} or more")


def _a_seed(name: str, value: int) -> None:
    if not 0 <= value < 2**32:
        raise input_error(name, "not a seed", found=value, allowed=f"0 to {2**32 - 1}")


def _positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise input_error(name, "too small" if value <= 0 else "no number", found=value, allowed="above 0")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise input_error(name, "unknown value", found=value, allowed=allowed)


#: What training cannot do with, by keyword of ``transformers.TrainingArguments``, which takes any number.
_TRAINER: tuple[tuple[tuple[str, ...], str, Callable[[Any], bool]], ...] = (
    (
        ("per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps"),
        "a whole number, 1 or more",
        lambda value: isinstance(value, int) and value >= 1,
    ),
    (("dataloader_num_workers",), "a whole number, 0 or more", lambda value: isinstance(value, int) and value >= 0),
    (("num_train_epochs",), "a number above 0", lambda value: 0 < value < math.inf),
    (
        ("learning_rate", "warmup_steps", "weight_decay", "adam_epsilon"),
        "a number, 0 or more",
        lambda value: 0 <= value < math.inf,
    ),
    (("adam_beta1", "adam_beta2"), "a number from 0 to below 1", lambda value: 0 <= value < 1),
)


def _check_trainer(key: str, trainer: Mapping[str, Any]) -> None:
    for names, allowed, fits in _TRAINER:
        for name in trainer.keys() & names:
            value = trainer[name]
            if isinstance(value, bool) or not isinstance(value, int | float) or not fits(value):
                raise input_error(f"{key}.{name}", "not to be trained with", found=value, allowed=allowed)


def _a_name(key: str, value: str) -> None:
    """Refuse what is no name of a folder."""
    if not value or value.startswith(".") or any(mark in value for mark in "/\\"):
        raise input_error(key, "no name of a folder", found=value, allowed="a name without / and without a leading dot")


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

    Which spellings are alike says :func:`stance.labels.alike`; None is what YAML makes of ``null``.
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
        root: Folder that ``path`` is relative to; it is not recorded, so that results name no machine's folders.
        path: A file or folder, as the reader wants it.
        hub: A dataset repository of the Hugging Face hub that ``path`` is in, instead of ``root``.
        revision: Of that repository: a branch, tag or, to have the same tomorrow, a commit.
        headline: The measure that results are led by: macro_f1, favor_against_f1, accuracy or
            favor_against_f1_mean_over_targets.
        texts: Folder with the texts that a corpus annotates without holding them (wire); like ``root`` not recorded.
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
    root: str
    path: str
    hub: str = ""
    revision: str = "main"
    headline: str = "macro_f1"
    texts: str = ""
    annotators: list[str] = field(default_factory=list)
    adjudicator: str = ""
    labels: LabelSpellings = field(default_factory=LabelSpellings)
    leave_out: list[str | None] = field(default_factory=list)
    columns: AnnotationColumns = field(default_factory=AnnotationColumns)
    parts: PartSpellings = field(default_factory=PartSpellings)
    target: str = ""
    encoding: str = "utf-8"
    tool: str = ""
    mapping: str = ""
    quoting: str = "double"
    fill_down: list[str] = field(default_factory=list)
    task: str = "a"
    derived_neutrals: bool = False
    verify: bool = True

    def __post_init__(self) -> None:
        """Refuse values outside the lists above."""
        _a_name("data.name", self.name)
        _one_of("data.reader", self.reader, READERS)
        measures = ("macro_f1", "favor_against_f1", "accuracy", "favor_against_f1_mean_over_targets")
        _one_of("data.headline", self.headline, measures)
        self._check_import()
        _one_of("data.quoting", self.quoting, QUOTING)
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
        return Path(self.root) / self.path

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
        _one_of("split.by", self.by, ("auto", "target", "document", "sentence", "official"))
        _one_of("split.leaks", self.leaks, ("refuse", "drop", "report"))
        _a_seed("split.seed", self.seed)


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
        _at_least("auxiliary.rows", self.rows, 0)
        if not self.corpora and not self.own_rows:
            raise input_error("auxiliary.own_rows", "nothing to learn from", allowed="auxiliary.corpora with it")


@dataclass(kw_only=True)
class ModelConfig:
    """What every kind of model has: a name, which is part of folder names."""

    name: str


@dataclass(kw_only=True)
class PriorConfig(ModelConfig):
    """A baseline that does not read the text. ``prior``: majority, stratified, target, holder, holder_target."""

    prior: str

    def __post_init__(self) -> None:
        """Refuse other priors."""
        _one_of("model.prior", self.prior, ("majority", "stratified", "target", "holder", "holder_target"))


@dataclass(kw_only=True)
class LinearConfig(ModelConfig):
    """A linear model.

    Attributes:
        features: tfidf (n-grams), embedding (a frozen encoder), static (an encoder's word embeddings, without running
            it) or combined (tfidf and embedding).
        classifier: svm or logistic.
        C: Inverse strength of regularization.
        class_weight: Weigh labels by the inverse of their frequency.
        encoder: For embeddings: all-MiniLM-L6-v2 (packaged), a folder or a hub id.
    """

    features: str
    classifier: str
    C: float = 1.0
    class_weight: bool = True
    encoder: str = "all-MiniLM-L6-v2"

    def __post_init__(self) -> None:
        """Refuse other features and classifiers, and a strength that is none."""
        _one_of("model.features", self.features, ("tfidf", "embedding", "static", "combined"))
        _one_of("model.classifier", self.classifier, ("svm", "logistic"))
        _positive("model.C", self.C)


@dataclass(kw_only=True)
class KernelConfig(ModelConfig):
    """Least squares with a Gaussian kernel over the embeddings of text, target and holder.

    Attributes:
        gamma: Of the kernel: the larger, the fewer rows count as alike.
        alpha: Strength of regularization.
        pair_weight: How much target and holder count beside the text.
        class_weight: Weigh labels by the inverse of their frequency.
        encoder: all-MiniLM-L6-v2 (packaged), a folder or a hub id.
    """

    gamma: float = 0.5
    alpha: float = 1.0
    pair_weight: float = 2.0
    class_weight: bool = True
    encoder: str = "all-MiniLM-L6-v2"

    def __post_init__(self) -> None:
        """Refuse numbers that leave no kernel."""
        for name in ("gamma", "alpha", "pair_weight"):
            _positive(f"model.{name}", getattr(self, name))


@dataclass(kw_only=True)
class EncoderConfig(ModelConfig):
    """A fine-tuned cross-encoder; the fields from ``first`` on are those of ``encoding.InputFormat``.

    Attributes:
        encoder: all-MiniLM-L6-v2 (packaged), a folder or a hub id of any Hugging Face encoder.
        class_weight: Weigh labels by the inverse of their frequency.
        frozen_layers: Keep the embeddings and this many of the lowest layers as they were pretrained: faster, and on a
            small corpus steadier. 0 = train everything.
        dropout: Share of values dropped while training; null = as the encoder was pretrained. 0 is a third faster on a
            processor, for a student that has more questions than it can learn by heart.
    """

    encoder: str = "all-MiniLM-L6-v2"
    class_weight: bool = True
    frozen_layers: int = 0
    dropout: float | None = None
    first: str = "{text}"
    second: str = "{holder}: {target}"
    author: str = "the author"
    context_words: int = 0
    max_length: int = 128
    mark: str = ""

    def __post_init__(self) -> None:
        """Refuse lengths that are none."""
        _at_least("model.frozen_layers", self.frozen_layers, 0)
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise input_error("model.dropout", "not a share", found=self.dropout, allowed="0 or more and below 1")
        _at_least("model.context_words", self.context_words, 0)
        _at_least("model.max_length", self.max_length, 8)


@dataclass(kw_only=True)
class EnsembleConfig(ModelConfig):
    """The mean of the probabilities of several models.

    Attributes:
        members: Each is a run of its own, with its model's name in place of the ensemble's in the name of the run.
        seeds: With how many seeds an encoder among the members is trained; it counts as one member, the mean of these.
            The ensemble of seed k has the seeds k x seeds and on, so that ensembles of other seeds share no training.

    Source: Lakshminarayanan et al. (2017), deep ensembles.
    """

    members: dict[str, ModelConfig]
    seeds: int = 1

    def __post_init__(self) -> None:
        """Refuse fewer than two members, and less than one seed."""
        _at_least("model.members", len(self.members), 2)
        _at_least("model.seeds", self.seeds, 1)


@dataclass(kw_only=True)
class PromptConfig(ModelConfig):
    """A language model that is asked; what it is asked, and how its answers become probabilities.

    Attributes:
        language_model: By the name that the server knows it by; without a server a folder, a .gguf file or a hub id.
        guidelines: The codebook, a Markdown file whose sections begin with ``##``.
        codebook: How much of it is in the prompt: definitions (its first two sections), decisions (three), cases (all).
        template: A file with a prompt of one's own (see :mod:`stance.prompting.template`); null = the bundled one.
        shots: Judged rows of the train part that are shown before the question; 0 = none.
        choose: Which: balance (as many of each label, the same for all rows) or nearest (to the row, by embedding).
        draws: For balance: so many sets are drawn and tried on validation, the best is taken; 1 = nothing is tried.
        questions: Of one text in one request, at most.
        probabilities: logprobs (of the tokens of the labels), samples, or auto: logprobs where they are given.
        samples: Answers to a question where there are no logprobs; the first at temperature 0.
        temperature: Of the further samples.
        structured: Whether the server is told the form of the answer: schema, none, or auto: schema where it is known.
        max_tokens: Of an answer; a model that reasons before it answers needs hundreds.
        calibrate: Scale the probabilities on validation; no label changes.
        unanswered: What becomes of a row without an answer that can be read: prior (it gets the shares of the labels in
            train, and is counted) or stop.
        encoder: For nearest: all-MiniLM-L6-v2 (packaged), a folder or a hub id.
    """

    language_model: str
    guidelines: str
    codebook: str = "decisions"
    template: str | None = None
    shots: int = 0
    choose: str = "balance"
    draws: int = 1
    questions: int = 1
    probabilities: str = "auto"
    samples: int = 5
    temperature: float = 1.0
    structured: str = "auto"
    max_tokens: int = 64
    calibrate: bool = False
    unanswered: str = "prior"
    encoder: str = "all-MiniLM-L6-v2"

    def __post_init__(self) -> None:
        """Refuse values outside the lists above, and choices that go against each other."""
        _one_of("model.codebook", self.codebook, ("definitions", "decisions", "cases"))
        _one_of("model.choose", self.choose, ("balance", "nearest"))
        _one_of("model.probabilities", self.probabilities, ("auto", "logprobs", "samples"))
        _one_of("model.structured", self.structured, ("auto", "schema", "none"))
        _one_of("model.unanswered", self.unanswered, ("prior", "stop"))
        for name, least in {"shots": 0, "draws": 1, "questions": 1, "samples": 1, "max_tokens": 1}.items():
            _at_least(f"model.{name}", getattr(self, name), least)
        if self.draws > 1 and (self.shots == 0 or self.choose != "balance"):
            raise input_error("model.draws", "nothing is drawn", found=self.draws, allowed="1, or balanced shots")
        if self.choose == "nearest" and self.questions > 1:
            raise input_error("model.questions", "each has other nearest rows", found=self.questions, allowed="1")
        if not 0 < self.temperature <= 2:
            raise input_error("model.temperature", "no temperature", found=self.temperature, allowed="above 0, to 2")


@dataclass(kw_only=True)
class ServerConfig:
    """Where a language model is asked, and how much; nothing here changes what it is asked.

    Attributes:
        endpoint: Of a server that speaks the OpenAI chat protocol, e.g. http://127.0.0.1:8000/v1; null = no server: a
            causal model of transformers in this process.
        key: Name of the environment variable that holds the key; one that is not set is none.
        concurrency: Requests at once.
        timeout: Seconds that one may take.
        retries: Further tries after a rate limit, an error of the server or a broken connection.
        max_requests: Budget of this command, tries counted; null = no limit. Kept answers cost nothing.
        price: Of a million tokens read and of a million written; empty = costs are not counted.
        again: Rows of validation that are asked a second time, to see how far the model agrees with itself.
    """

    endpoint: str | None = None
    key: str = "OPENAI_API_KEY"
    concurrency: int = 4
    timeout: float = 120.0
    retries: int = 6
    max_requests: int | None = None
    price: list[float] = field(default_factory=list)
    again: int = 100

    def __post_init__(self) -> None:
        """Refuse a key in place of its name, without showing it; a password in the address; and numbers too small."""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.key):
            raise input_error("prompt.key", "no name of an environment variable", allowed="the name, never the key")
        address = urlsplit(self.endpoint or "http://none")
        if address.scheme not in ("http", "https") or not address.hostname:
            allowed = "an address such as http://127.0.0.1:8000/v1"
            raise input_error("prompt.endpoint", "no address", found=self.endpoint, allowed=allowed)
        if address.username or address.password or address.query:
            raise input_error("prompt.endpoint", "it holds a name or a key", allowed="prompt.key=NAME_OF_A_VARIABLE")
        for name, least in {"concurrency": 1, "retries": 0, "again": 0}.items():
            _at_least(f"prompt.{name}", getattr(self, name), least)
        if self.max_requests is not None:
            _at_least("prompt.max_requests", self.max_requests, 1)
        _positive("prompt.timeout", self.timeout)
        if self.price and (len(self.price) != 2 or not all(0 <= price < math.inf for price in self.price)):
            raise input_error(
                "prompt.price", "not two prices", found=self.price, allowed="[read, written], of a million"
            )


@dataclass(kw_only=True)
class SourceConfig:
    """A training on another corpus that comes first: a run of its own, which stands or is made, with the same seed.

    Attributes:
        name: Of that run.
        data: See :class:`DataConfig`.
        split: See :class:`SplitConfig`.
        model: An encoder; for ``model=as_it_is`` any.
        auxiliary: See :class:`AuxiliaryConfig`.
        trainer: Keywords of ``transformers.TrainingArguments``.
    """

    name: str
    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)
    model: ModelConfig
    trainer: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a name that is none, and numbers that cannot be trained with."""
        _a_name("source.name", self.name)
        _check_trainer("source.trainer", self.trainer)


@dataclass(kw_only=True)
class DistillConfig:
    """What a small model learns from besides the training rows: a larger model's answers.

    Attributes:
        teacher: A run of its own, which stands or is made first, with the same seed.
        questions: How many new questions about the training texts the teacher is asked.
        weight: Of the teacher's answers to the training rows beside their labels, from 0 to 1.
    """

    teacher: SourceConfig
    questions: int = 50000
    weight: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a negative number, and a weight that is no share."""
        _at_least("distill.questions", self.questions, 0)
        if not 0 <= self.weight <= 1:
            raise input_error("distill.weight", "not a share", found=self.weight, allowed="0 to 1")


#: Name of the model that is a source's, as it is.
AS_IT_IS = "as_it_is"


@dataclass(kw_only=True)
class AsItIsConfig(ModelConfig):
    """The model of ``source``, or one that stands, as it is: nothing is learnt from the corpus itself.

    Attributes:
        checkpoint: In place of a source: stance-small, stance-base, a checkpoint folder or hub id.
        others: Further sources; then it is the mean of the probabilities of all.
    """

    name: str = AS_IT_IS
    checkpoint: str = ""
    others: dict[str, SourceConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse another name: by it the model is known in records."""
        _one_of("model.name", self.name, (AS_IT_IS,))


def sources_of(config: Mapping[str, Any]) -> list[Any]:
    """The trainings that come first in settings as runs record them: ``source``, the others of a mean, a teacher."""
    first = config.get("source")
    teacher = [config["distill"]["teacher"]] if config.get("distill") else []
    return [*([first, *config["model"].get("others", {}).values()] if first else []), *teacher]


@dataclass(kw_only=True)
class BuildConfig:
    """Configuration of ``scripts/build_dataset.py``."""

    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)
    outputs: str = "outputs"


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
        """Refuse too few bootstrap samples."""
        _at_least("bootstrap", self.bootstrap, 10)


@dataclass(kw_only=True)
class CheckConfig:
    """Configuration of ``scripts/check_corpus.py``.

    Attributes:
        folder: Laid out as ``seeds/``.
        texts: The user's copy of Reuters-21578; where there is none, the wire is not measured.
        write: Record the numbers measured, instead of comparing with those recorded.
    """

    folder: str
    texts: str
    write: bool = False


@dataclass(kw_only=True)
class TrainConfig:
    """Configuration of ``scripts/train.py``.

    Attributes:
        name: Of the run; its folder is ``<outputs>/runs/<name>/seed-<seed>``.
        seed: Of the training: head, order of rows, dropout.
        data: See :class:`DataConfig`.
        split: See :class:`SplitConfig`.
        auxiliary: See :class:`AuxiliaryConfig`.
        model: A prior, a linear model, a kernel machine, an encoder, a prompted language model, an ensemble of these,
            or the source as it is.
        source: Where an encoder's weights come from, if not from pretraining alone (intermediate training).
        distill: A larger model that an encoder learns from too.
        prompt: Where a prompted language model is asked.
        train_share: Share of the training documents that is learnt from, drawn by the seed (for learning curves).
        trainer: Keywords of ``transformers.TrainingArguments``, passed through (encoder only).
        bootstrap: Samples for the intervals, at least 10.
        outputs: Folder for datasets and runs.
        overwrite: Train anew, whatever run is in the folder; a finished one is kept beside until the new one is done.
    """

    name: str
    seed: int = 0
    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)
    model: ModelConfig
    source: SourceConfig | None = None
    distill: DistillConfig | None = None
    prompt: ServerConfig = field(default_factory=ServerConfig)
    train_share: float = 1.0
    trainer: dict[str, Any] = field(default_factory=dict)
    bootstrap: int = 1000
    outputs: str = "outputs"
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse a name, a seed or a share that is none, too few bootstrap samples, and what cannot be trained with."""
        _a_name("name", self.name)
        _a_seed("seed", self.seed)
        _check_trainer("trainer", self.trainer)
        _at_least("bootstrap", self.bootstrap, 10)
        if not 0 < self.train_share <= 1:
            raise input_error("train_share", "not a share", found=self.train_share, allowed="above 0, at most 1")
        if isinstance(self.model, AsItIsConfig) and (self.source is None) is (not self.model.checkpoint):
            raise input_error(
                "source",
                "with model=as_it_is either a source or model.checkpoint",
                allowed="model.checkpoint=DIR, or another training: experiment=semeval2016_b_from_vast shows how",
            )
        self._check_sources()
        if isinstance(self.model, PromptConfig) and self.model.questions > 1 and self.prompt.endpoint is None:
            raise input_error("model.questions", "a server answers several", found=self.model.questions, allowed="1")
        if self.distill is not None and not isinstance(self.model, EncoderConfig):
            raise input_error("distill", "of no use to this model", found=self.model.name, allowed="an encoder")
        if isinstance(self.model, EnsembleConfig):
            if self.model.name in {member.name for member in self.model.members.values()}:
                raise input_error("model.name", "that of a member", found=self.model.name, allowed="another name")
            if self.train_share < 1 and self.model.seeds > 1:
                raise input_error("train_share", "each seed would learn from other documents", allowed="model.seeds=1")

    def sources(self) -> list[SourceConfig]:
        """The trainings that come first: ``source``, and the others of a mean; see :func:`sources_of`."""
        others = self.model.others.values() if isinstance(self.model, AsItIsConfig) else ()
        return [self.source, *others] if self.source is not None else []

    def _check_sources(self) -> None:
        """Refuse a source that is of no use to the model, of another encoder, or the run itself."""
        first = [*self.sources(), *([self.distill.teacher] if self.distill else [])]
        if self.name in {source.name for source in first}:
            raise input_error("source.name", "that of the run itself", found=self.name, allowed="another name")
        if self.source is None:
            return
        if isinstance(self.model, AsItIsConfig):
            return
        members = self.model.members.values() if isinstance(self.model, EnsembleConfig) else [self.model]
        encoders = [member.encoder for member in members if isinstance(member, EncoderConfig)]
        if not encoders:
            raise input_error("source", "of no use to this model", found=self.model.name, allowed="an encoder")
        if not isinstance(self.source.model, EncoderConfig):
            raise input_error("source.model", "not an encoder", found=self.source.model.name, allowed="an encoder")
        if {*encoders} != {self.source.model.encoder}:
            allowed = f"model.encoder and source.model.encoder the same, here {self.source.model.encoder}"
            raise input_error("model.encoder", "not that of the source", found=encoders, allowed=allowed)


@dataclass(kw_only=True)
class SearchConfig:
    """What is tried, and how often.

    Attributes:
        trials: In all, those of a stopped sweep included.
        learning_rate: Lowest and highest, drawn on a logarithmic scale.
        epochs: Least and most.
        templates: Alternatives for ``model.second``.
    """

    trials: int = 20
    learning_rate: list[float] = field(default_factory=lambda: [1e-5, 3e-4])
    epochs: list[int] = field(default_factory=lambda: [3, 10])
    templates: list[str] = field(default_factory=lambda: ["{holder}: {target}"])

    def __post_init__(self) -> None:
        """Refuse no trials, no templates, and what is no range."""
        _at_least("search.trials", self.trials, 1)
        _at_least("search.templates", len(self.templates), 1)
        for name, values in (("learning_rate", self.learning_rate), ("epochs", self.epochs)):
            if len(values) != 2 or not 0 < values[0] <= values[1] < math.inf:
                raise input_error(f"search.{name}", "not a range", found=values, allowed="[lowest, highest], above 0")


@dataclass(kw_only=True)
class SweepConfig(TrainConfig):
    """Configuration of ``scripts/sweep.py``: what is trained, as ``scripts/train.py`` has it, and what is tried.

    Attributes:
        search: See :class:`SearchConfig`.
    """

    search: SearchConfig = field(default_factory=SearchConfig)

    def __post_init__(self) -> None:
        """Refuse models without these settings, and a training that would come first."""
        TrainConfig.__post_init__(self)
        if not isinstance(self.model, EncoderConfig):
            raise input_error("model", "not a fine-tuned encoder", found=self.model.name, allowed="minilm")
        if self.source is not None:
            raise input_error("source", "of no use to a sweep", found=self.source.name, allowed="source=null")


@dataclass(kw_only=True)
class EvaluateConfig:
    """Configuration of ``scripts/mistakes.py``, and ``annotators.py``, which needs no model.

    Attributes:
        checkpoint: A checkpoint folder or hub id; or
        predictions: a predictions file of any model;
        labels: how they are spelled in it.
        prefix: Before the names of its columns but ``id``, as ``scripts/predict.py`` was told.
        part: train, validation, test or challenge.
        output: Where the report goes; null = in outputs, named after corpus and part, in place of what stood there.
    """

    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    checkpoint: str | None = None
    predictions: str | None = None
    labels: LabelSpellings = field(default_factory=LabelSpellings)
    prefix: str = ""
    part: str = "test"
    output: str | None = None
    bootstrap: int = 1000
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        """Refuse too few bootstrap samples."""
        _at_least("bootstrap", self.bootstrap, 10)


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
        """Refuse probes of a file, and an output that is no JSON file: the page stands beside it."""
        EvaluateConfig.__post_init__(self)
        if self.output is not None and Path(self.output).suffix != ".json":
            raise input_error("output", "another kind of file", found=self.output, allowed="a name that ends in .json")
        if self.probes and self.checkpoint is None:
            raise input_error("probes", "there is no model to ask", found=self.probes, allowed="with checkpoint=DIR")


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
    columns: AnnotationColumns = field(default_factory=AnnotationColumns)
    labels: LabelSpellings = field(default_factory=LabelSpellings)
    encoding: str = "utf-8"
    bootstrap: int = 1000
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        """Refuse both or neither model, one that is to be fitted, and files that would replace each other."""
        _at_least("bootstrap", self.bootstrap, 10)
        if (self.checkpoint is None) == (self.model is None):
            raise input_error("checkpoint", "not one model", allowed="either checkpoint=DIR or model=prompt")
        if self.model is not None and (not isinstance(self.model, PromptConfig) or self.model.shots):
            allowed = "model=prompt without shots; else a checkpoint that scripts/train.py made"
            raise input_error("model", "it has to learn first", found=self.model.name, allowed=allowed)
        if Path(self.output).suffix != ".jsonl":
            raise input_error("output", "another kind of file", found=self.output, allowed="a name that ends in .jsonl")
        if Path(self.input).resolve() == Path(self.output).resolve():
            raise input_error("output", "the same file as the input", found=self.output, allowed="another file")


@dataclass(kw_only=True)
class SuspectsConfig:
    """Configuration of ``scripts/suspects.py``.

    Attributes:
        model: A linear model, fitted once for each fold.
        folds: Into which the documents are drawn.
        seed: Of that drawing.
        output: The csv file; null = in ``<outputs>/suspects``, named after the corpus.
    """

    data: DataConfig
    model: ModelConfig
    folds: int = 5
    seed: int = 0
    output: str | None = None
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        """Refuse models that are not linear, and less than two folds."""
        _at_least("folds", self.folds, 2)
        _a_seed("seed", self.seed)
        if not isinstance(self.model, LinearConfig):
            raise input_error("model", "not a linear model", found=self.model.name, allowed="tfidf, embedding")


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
    part: str = "test"
    bootstrap: int = 5000
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        """Refuse fewer than two systems, and too few bootstrap samples."""
        _at_least("bootstrap", self.bootstrap, 10)
        if bool(self.runs) == bool(self.a or self.b) or len(self.names()) < 2:
            raise input_error("systems", "not two or more", found=self.names(), allowed="a=RUN b=RUN, or runs=[a,b,c]")

    def names(self) -> list[str]:
        """The systems, the one that the others are compared with first."""
        return self.runs or [name for name in (self.a, self.b) if name]


@dataclass(kw_only=True)
class ProbeConfig:
    """Configuration of ``scripts/probe.py``.

    Attributes:
        checkpoint: A checkpoint folder or hub id.
        part: train, validation, test or challenge.
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
        """Refuse too few bootstrap samples, and a seed that is none."""
        _at_least("bootstrap", self.bootstrap, 10)
        _a_seed("seed", self.seed)


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


#: What a fine-tuned encoder can run on; auto = the fp32 ONNX file where one stands, fits the weights and runs.
RUNTIMES = ("torch", "onnx", "onnx-int8", "auto")


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
        """Refuse what is no share, and a speed that is none."""
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
        _at_least("n", self.n, 1)
        _a_seed("seed", self.seed)
        _at_least("input", len(self.input), 1)
        _one_of("order", self.order, ("margin", "disagreement", "random", "file"))
        if Path(self.output).resolve() in {Path(path).resolve() for path in (*self.input, *self.given)}:
            raise input_error("output", "the same file as one that is read", found=self.output, allowed="another file")


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
        """Refuse what is no share."""
        for name, value in (("abstain.risk", self.risk), ("abstain.delta", self.delta)):
            if value is not None and not 0 < value < 1:
                raise input_error(name, "not a share", found=value, allowed="above 0, below 1")


@dataclass(kw_only=True)
class RayConfig:
    """Whom ``engine=ray`` asks.

    Attributes:
        address: Of a cluster, HOST:PORT, or auto for the one that this machine is in; null = a Ray of this machine
            alone, which ends with the program.
        workers: Copies of the model, one to a GPU, or one to a core where there is none; null = as many as there are.
    """

    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        """Refuse less than one worker."""
        if self.workers is not None:
            _at_least("ray.workers", self.workers, 1)


@dataclass(kw_only=True)
class PredictConfig:
    """Configuration of ``scripts/predict.py``.

    Attributes:
        checkpoint: stance-small (which comes with the package), stance-base, a checkpoint folder or hub id.
        input: csv, tsv or jsonl, with .gz or .zst after it if compressed; parquet or xlsx.
        output: Likewise, but for xlsx; the suffix says which. Bad rows go beside it, into ``NAME.rejects.jsonl``.
        columns: Names in the file; ``holder`` and ``context`` may be missing.
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
        strict: Stop with an error at the first bad row.
        overwrite: Begin anew where an unfinished run with other settings or another input is in the way.
    """

    input: str
    output: str
    checkpoint: str = "stance-small"
    columns: ColumnsConfig = field(default_factory=ColumnsConfig)
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
    strict: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse an empty chunk, another runtime or engine, and an output that would replace the input."""
        _one_of("engine", self.engine, ("local", "ray"))
        _at_least("chunk", self.chunk, 1)
        _at_least("show", self.show, 0)
        _one_of("runtime", self.runtime, RUNTIMES)
        _one_of("quoting", self.quoting, QUOTING)
        if Path(self.input).resolve() == Path(self.output).resolve():
            raise input_error("output", "the same file as the input", found=self.output, allowed="another file")
        if Path(self.input).resolve() == beside(self.output, ".rejects.jsonl").resolve():
            raise input_error(
                "output", "its bad rows would replace the input", found=self.output, allowed="another name"
            )

    @property
    def manner(self) -> Manner:
        """How the input is read."""
        wanted = (self.columns.text, *([self.columns.target] if self.target is None else []))
        return Manner(quoted=self.quoting != "none", wanted=wanted, fill_down=tuple(self.fill_down))


@dataclass(kw_only=True)
class SharesColumns:
    """What the columns of a scored file are called; each may be missing."""

    document: str = "document"
    target: str = "target"


@dataclass(kw_only=True)
class SharesConfig:
    """Configuration of ``scripts/shares.py``.

    Attributes:
        predictions: What ``scripts/predict.py`` wrote, in any of its formats.
        checkpoint: The checkpoint that scored it, a folder or hub id.
        output: Where the numbers go; null = beside the predictions.
        columns: Names in the file.
        prefix: Before the names of the scored columns, as ``scripts/predict.py`` was told.
        bootstrap: Samples for the intervals.
        encoding: Of a csv, tsv or jsonl file.
    """

    predictions: str
    checkpoint: str
    output: str | None = None
    columns: SharesColumns = field(default_factory=SharesColumns)
    prefix: str = ""
    bootstrap: int = 500
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        """Refuse too few bootstrap samples, and an output that is no JSON file."""
        _at_least("bootstrap", self.bootstrap, 10)
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
        """Refuse a loss that is none, and numbers that are too small."""
        _at_least("rows", self.rows, 1)
        _at_least("repeats", self.repeats, 1)
        _at_least("bootstrap", self.bootstrap, 10)
        if not 0 <= self.loss < 1:
            raise input_error("loss", "not a loss in macro-F1", found=self.loss, allowed="from 0 to below 1")
        if not 0 <= self.certainty < 1:
            raise input_error("certainty", "not a share", found=self.certainty, allowed="from 0 to below 1")


@dataclass(kw_only=True)
class SummarizeConfig:
    """Configuration of ``scripts/summarize.py``.

    Attributes:
        experiment: A name, or a list of names for one table.
        outputs: Where the runs are.
        folder: Where ``<name>/results.json`` and its table go.
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
        """Refuse what is no name and no list of names, and a picture without a page."""
        _at_least("bootstrap", self.bootstrap, 10)
        names = [self.experiment] if isinstance(self.experiment, str) else self.experiment
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            allowed = "a name, or a list of names; one of digits as in " + setting("experiment", "2024")
            raise input_error("experiment", "no name", found=self.experiment, allowed=allowed)
        self.experiment = names
        if self.curve and self.table is None:
            raise input_error("curve", "a picture without a page", allowed="table=NAME with it")
