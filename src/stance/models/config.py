"""The table of models, :data:`KINDS`: each kind, what can be configured about it, and the module that has the rest.

A new kind is a module, a configuration class and a row here, a file in ``conf/model/`` and a test; see "How to add a
kind of model" in ``docs/architecture.md``. This file imports nothing heavy, so that a command answers at once.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stance.base.checks import at_least, one_of, positive
from stance.base.errors import StanceError, input_error
from stance.base.settings import FILE
from stance.models.input_format import InputFormat

#: What each prior looks at. ``stratified`` draws labels at random in the proportions of train, as scikit-learn's
#: ``DummyClassifier(strategy="stratified")``: under macro-F1 it beats the majority, which leaves two labels at 0.
PRIORS: Mapping[str, tuple[str, ...]] = {
    "majority": (),
    "stratified": (),
    "target": ("target",),
    "holder": ("holder",),
    "holder_target": ("holder", "target"),
}


@dataclass(kw_only=True)
class ModelConfig:
    """What every kind of model has: a name, which is part of folder names."""

    name: str

    @property
    def kind(self) -> str:
        """Its row in :data:`KINDS`; empty for a model that is taken as it is."""
        return next((kind for kind, row in KINDS.items() if row.config is type(self)), "")

    @property
    def fine_tuned(self) -> bool:
        """Whether an encoder is trained, so that another seed, and another processor, makes another model."""
        return self.kind in KINDS and KINDS[self.kind].fine_tuned

    @property
    def encoders(self) -> list[str]:
        """The encoders that it begins with, by name."""
        return []


@dataclass(kw_only=True)
class PriorConfig(ModelConfig):
    """A baseline that does not read the text. ``prior``: one of ``PRIORS``."""

    prior: str

    def __post_init__(self) -> None:
        one_of("model.prior", self.prior, tuple(PRIORS))


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
        one_of("model.features", self.features, ("tfidf", "embedding", "static", "combined"))
        one_of("model.classifier", self.classifier, ("svm", "logistic"))
        positive("model.C", self.C)

    @property
    def kind(self) -> str:
        """Its features, which a checkpoint is loaded by."""
        return self.features

    @property
    def encoders(self) -> list[str]:
        """None for n-grams alone."""
        return [] if self.features == "tfidf" else [self.encoder]


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
        for name in ("gamma", "alpha", "pair_weight"):
            positive(f"model.{name}", getattr(self, name))

    @property
    def encoders(self) -> list[str]:
        """The one."""
        return [self.encoder]


@dataclass(kw_only=True)
class EncoderConfig(InputFormat, ModelConfig):
    """A fine-tuned cross-encoder, and how its input is written.

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

    def __post_init__(self) -> None:
        at_least("model.frozen_layers", self.frozen_layers, 0)
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise input_error("model.dropout", "not a share", found=self.dropout, allowed="0 or more and below 1")
        at_least("model.context_words", self.context_words, 0)
        at_least("model.max_length", self.max_length, 8)
        try:
            InputFormat.__post_init__(self)
        except StanceError as error:
            raise StanceError(f"model: {error}") from None

    @property
    def encoders(self) -> list[str]:
        """The one."""
        return [self.encoder]


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
        at_least("model.members", len(self.members), 2)
        at_least("model.seeds", self.seeds, 1)

    @property
    def fine_tuned(self) -> bool:
        """Whether a member is."""
        return any(member.fine_tuned for member in self.members.values())

    @property
    def encoders(self) -> list[str]:
        """Those of the members."""
        return [name for member in self.members.values() for name in member.encoders]


@dataclass(kw_only=True)
class PromptConfig(ModelConfig):
    """A language model that is asked; what it is asked, and how its answers become probabilities.

    Attributes:
        language_model: By the name that the server knows it by; without a server a folder, a .gguf file or a hub id.
        guidelines: The codebook, a Markdown file whose sections begin with ``##``.
        codebook: How much of it is in the prompt: definitions (its first two sections), decisions (three), cases (all).
        template: A file with a prompt of one's own (see :mod:`stance.models.prompting.template`); null = the bundled
        one.
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
    guidelines: str = field(metadata=FILE)
    codebook: str = "decisions"
    template: str | None = field(default=None, metadata=FILE)
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
        one_of("model.codebook", self.codebook, ("definitions", "decisions", "cases"))
        one_of("model.choose", self.choose, ("balance", "nearest"))
        one_of("model.probabilities", self.probabilities, ("auto", "logprobs", "samples"))
        one_of("model.structured", self.structured, ("auto", "schema", "none"))
        one_of("model.unanswered", self.unanswered, ("prior", "stop"))
        for name, least in {"shots": 0, "draws": 1, "questions": 1, "samples": 1, "max_tokens": 1}.items():
            at_least(f"model.{name}", getattr(self, name), least)
        if self.draws > 1 and (self.shots == 0 or self.choose != "balance"):
            raise input_error("model.draws", "nothing is drawn", found=self.draws, allowed="1, or balanced shots")
        if self.choose == "nearest" and self.questions > 1:
            raise input_error("model.questions", "each has other nearest rows", found=self.questions, allowed="1")
        if not 0 < self.temperature <= 2:
            raise input_error("model.temperature", "no temperature", found=self.temperature, allowed="above 0, to 2")

    @property
    def encoders(self) -> list[str]:
        """The one that finds the nearest rows, if any are shown."""
        return [self.encoder] if self.shots and self.choose == "nearest" else []


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of model: a row of :data:`KINDS`.

    Attributes:
        described: What a model card says of it, after "It is".
        config: What can be configured about it; None where no training makes it.
        module: Imported when the kind is first used. It has a class with ``predict_proba``, ``save`` and ``scale`` (see
            :class:`stance.base.predictions.Predictor`), and two functions:

            - ``load(folder, card, runtime)``, which reads what ``save`` wrote;
            - ``fit(config, train, validation, setup)``, see :func:`stance.models.fitting.fit`.
        fitted_by: The module that has ``fit``, where that is another.
        fine_tuned: Whether it is an encoder whose weights are trained, and its folder a plain Hugging Face one.
    """

    described: str
    config: type[ModelConfig] | None
    module: str
    fitted_by: str = ""
    fine_tuned: bool = False

    def home(self, *, fitting: bool = False) -> Any:  # noqa: ANN401 - a module
        """The module, or the one that fits."""
        return importlib.import_module((fitting and self.fitted_by) or self.module)


#: Every kind of model by the name that its checkpoints have for it in ``stance.json``.
KINDS: Mapping[str, Kind] = {
    "prior": Kind("a baseline that does not read the text", PriorConfig, "stance.models.priors"),
    "tfidf": Kind("n-grams and a linear classifier", LinearConfig, "stance.models.linear"),
    "embedding": Kind("a frozen encoder and a linear classifier", LinearConfig, "stance.models.linear"),
    "static": Kind("word embeddings without context and a linear classifier", LinearConfig, "stance.models.linear"),
    "combined": Kind("n-grams, a frozen encoder and a linear classifier", LinearConfig, "stance.models.linear"),
    "kernel": Kind("a frozen encoder and a kernel machine", KernelConfig, "stance.models.kernel"),
    "encoder": Kind(
        "a fine-tuned encoder that reads text, holder and target together",
        EncoderConfig,
        "stance.models.encoder",
        fitted_by="stance.training.finetune",
        fine_tuned=True,
    ),
    "prompt": Kind(
        "a language model that is asked with the codebook as its prompt", PromptConfig, "stance.models.prompting.model"
    ),
    "ensemble": Kind(
        "the mean of the probabilities of several models",
        EnsembleConfig,
        "stance.models.combined",
    ),
    "cascade": Kind("a cheap model where it is sure, a slow one for the rest", None, "stance.models.combined"),
}

#: Name of the model that is a source's, as it is.
AS_IT_IS = "as_it_is"


def sources_of(config: Mapping[str, Any]) -> list[Any]:
    """The trainings that come first in settings as runs record them: ``source``, the others of a mean, a teacher."""
    first = config.get("source")
    teacher = [config["distill"]["teacher"]] if config.get("distill") else []
    return [*([first, *config["model"].get("others", {}).values()] if first else []), *teacher]


#: What a fine-tuned encoder can run on; auto = the fp32 ONNX file if there is one, it fits the weights and it runs.
RUNTIMES = ("torch", "onnx", "onnx-int8", "auto")
