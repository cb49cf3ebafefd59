"""What can be configured about trainings, and about those that come first."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stance.base.checks import a_name, a_seed, at_least, one_of, samples
from stance.base.errors import input_error
from stance.base.settings import FILE, WHERE
from stance.data.config import AuxiliaryConfig, DataConfig, SplitConfig
from stance.models.config import AS_IT_IS, EncoderConfig, EnsembleConfig, ModelConfig, PromptConfig
from stance.models.prompting.config import ServerConfig

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
        ("learning_rate", "warmup_steps", "weight_decay", "adam_epsilon", "max_grad_norm"),
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
    for name, value in trainer.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise input_error(f"{key}.{name}", "not to be trained with", found=value, allowed="a finite number")


@dataclass(kw_only=True)
class SourceConfig:
    """A training on another corpus that comes first: a run of its own with the same seed, made unless it exists.

    Attributes:
        name: Of that run.
        model: An encoder; for ``model=as_it_is`` any.
        trainer: Keywords of ``transformers.TrainingArguments``.
        distill: What it learns from a larger model, if anything.
        source: The training that it goes on from, if any.
    """

    name: str
    data: DataConfig
    split: SplitConfig = field(default_factory=SplitConfig)
    auxiliary: AuxiliaryConfig = field(default_factory=AuxiliaryConfig)
    model: ModelConfig
    trainer: dict[str, Any] = field(default_factory=dict)
    distill: "DistillConfig | None" = None
    source: "SourceConfig | None" = None

    def __post_init__(self) -> None:
        a_name("source.name", self.name)
        _check_trainer("source.trainer", self.trainer)


@dataclass(kw_only=True)
class DistillConfig:
    """What a small model learns from besides the training rows: a larger model's answers.

    Attributes:
        teacher: A run of its own, which exists already or is made first, with the same seed.
        questions: How many new questions about the training texts the teacher is asked.
        weight: Of the teacher's answers to the training rows beside their labels, from 0 to 1.
        unlabelled: A file or folder of further sentences, whose labels are not read (:mod:`stance.data.unlabelled`);
            empty = none.
        each: How many questions about each of them the teacher is asked.
    """

    teacher: SourceConfig
    questions: int = 50000
    weight: float = 0.5
    unlabelled: str = field(default="", metadata=FILE)
    each: int = 10

    def __post_init__(self) -> None:
        at_least("distill.questions", self.questions, 0)
        at_least("distill.each", self.each, 1)
        if not 0 <= self.weight <= 1:
            raise input_error("distill.weight", "not a share", found=self.weight, allowed="0 to 1")


@dataclass(kw_only=True)
class AsItIsConfig(ModelConfig):
    """The model of ``source``, or a checkpoint, without further training: it learns nothing from the corpus itself.

    Attributes:
        checkpoint: In place of a source: stance-small, stance-base, a checkpoint folder or hub id.
        others: Further sources; then it is the mean of the probabilities of all.
        weights: The mean is of their weights instead, in one encoder: see :func:`stance.models.averaging.averaged`.
    """

    name: str = AS_IT_IS
    checkpoint: str = ""
    others: dict[str, SourceConfig] = field(default_factory=dict)
    weights: bool = False

    def __post_init__(self) -> None:
        one_of("model.name", self.name, (AS_IT_IS,))
        if self.weights and not self.others:
            raise input_error("model.weights", "a mean of one", found=True, allowed="model.others, further sources")


@dataclass(kw_only=True)
class TrainConfig:
    """Configuration of ``scripts/train.py``.

    Attributes:
        name: Of the run; its folder is ``<outputs>/runs/<name>/seed-<seed>``.
        seed: Of the training: head, order of rows, dropout.
        model: A prior, a linear model, a kernel machine, an encoder, a prompted language model, an ensemble of these,
            or the source as it is.
        source: Where an encoder's weights come from, if not from pretraining alone (intermediate training).
        distill: A larger model that an encoder learns from too.
        prompt: Where a prompted language model is asked.
        train_share: Share of the training documents that is learnt from, drawn by the seed (for learning curves);
            a warning names a label that is in none of them.
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
    prompt: ServerConfig = field(default_factory=ServerConfig, metadata=WHERE)
    train_share: float = 1.0
    trainer: dict[str, Any] = field(default_factory=dict)
    bootstrap: int = 1000
    outputs: str = field(default="outputs", metadata=WHERE)
    overwrite: bool = field(default=False, metadata=WHERE)

    def __post_init__(self) -> None:
        a_name("name", self.name)
        a_seed("seed", self.seed)
        _check_trainer("trainer", self.trainer)
        samples("bootstrap", self.bootstrap)
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
        return _sources(self)

    def first(self) -> list[SourceConfig]:
        """All trainings that come first: :meth:`sources`, and the teacher."""
        return _first(self)

    def _check_sources(self) -> None:
        """Refuse a source that is of no use to the model, of another encoder, or the run itself."""
        ahead = self.first()
        for one in ahead:  # which grows
            ahead += _first(one)
        if self.name in {source.name for source in ahead}:
            raise input_error("source.name", "that of the run itself", found=self.name, allowed="another name")
        if self.source is None or isinstance(self.model, AsItIsConfig):
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
        at_least("search.trials", self.trials, 1)
        at_least("search.templates", len(self.templates), 1)
        for name, values in (("learning_rate", self.learning_rate), ("epochs", self.epochs)):
            if len(values) != 2 or not 0 < values[0] <= values[1] < math.inf:
                raise input_error(f"search.{name}", "not a range", found=values, allowed="[lowest, highest], above 0")


def _sources(run: TrainConfig | SourceConfig) -> list[SourceConfig]:
    others = run.model.others.values() if isinstance(run.model, AsItIsConfig) else ()
    return [run.source, *others] if run.source is not None else []


def _first(run: TrainConfig | SourceConfig) -> list[SourceConfig]:
    return [*_sources(run), *([run.distill.teacher] if run.distill is not None else [])]


@dataclass(kw_only=True)
class SweepConfig(TrainConfig):
    """Configuration of ``scripts/sweep.py``: what is trained, as ``scripts/train.py`` has it, and what is tried."""

    search: SearchConfig = field(default_factory=SearchConfig)

    def __post_init__(self) -> None:
        TrainConfig.__post_init__(self)
        if not isinstance(self.model, EncoderConfig):
            raise input_error("model", "not a fine-tuned encoder", found=self.model.name, allowed="minilm")
        if self.source is not None:
            raise input_error(
                "source",
                "of no use to a sweep",
                found=self.source.name,
                allowed="none; ~source where an experiment has one",
            )
        if self.distill is not None:
            raise input_error(
                "distill",
                "of no use to a sweep",
                found=self.distill.teacher.name,
                allowed="none; ~distill where an experiment has one",
            )
