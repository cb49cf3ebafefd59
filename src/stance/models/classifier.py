"""``StanceClassifier``: the one door through which every kind of checkpoint is loaded and asked."""

from __future__ import annotations

import json
import logging
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from stance.base.errors import StanceError, first_line, input_error
from stance.base.extras import from_extras
from stance.base.files import folder_beside, read_json, write_json
from stance.base.hub import fetch
from stance.base.labels import ID2LABEL, LABELS, check_label_order
from stance.base.names import must_exist
from stance.base.predictions import Prediction, Predictor, Probabilities, to_predictions
from stance.models.config import RUNTIMES
from stance.models.encoder import EncoderModel
from stance.models.encoding import InputFormat
from stance.models.features import CombinedFeatures, EmbeddingFeatures, TfidfFeatures
from stance.models.kernel import KernelModel
from stance.models.linear import LinearModel
from stance.models.onnx import FILES, OnnxModel
from stance.models.pretrained import named_checkpoint
from stance.models.priors import Prior
from stance.models.prompting.model import PromptModel
from stance.models.thresholds import Threshold

log = logging.getLogger(__name__)

#: The file that makes a folder a checkpoint of this toolkit.
CARD = "stance.json"
CARD_VERSION = 1

KINDS = ("prior", "tfidf", "embedding", "static", "combined", "kernel", "encoder", "prompt", "ensemble", "cascade")


@dataclass(frozen=True, slots=True)
class Card:
    """What a checkpoint says of itself.

    Attributes:
        kind: One of ``KINDS``.
        data: Name and fingerprint of the dataset it was trained on.
        input_format: How rows become sequences (encoder only; the defaults otherwise).
        scale: Of an encoder's logits (see :class:`~stance.models.encoder.EncoderModel`); linear models keep
            theirs themselves.
        thresholds: Rows and errors on validation by confidence (see :func:`stance.evaluation.selective.thresholds`).
        metrics: By part, as :func:`stance.evaluation.evaluate` reports them.
        labels: Names in id order.
        version: Of this file's format.
    """

    kind: str
    data: dict[str, str] = field(default_factory=dict)
    input_format: InputFormat = field(default_factory=InputFormat)
    scale: float = 1.0
    thresholds: tuple[Threshold, ...] = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = LABELS
    version: int = CARD_VERSION


class StanceClassifier:
    """A trained model of any kind, ready for text.

    >>> classifier = StanceClassifier.from_pretrained("stance-small")  # doctest: +SKIP
    >>> classifier.predict(["The union asked for talks."], ["open talks"], ["the union"])[0].label  # doctest: +SKIP
    'favor'
    """

    def __init__(self, predictor: Predictor, card: Card) -> None:
        self.predictor = predictor
        self.card = card

    @classmethod
    def from_pretrained(cls, folder_or_hub_id: str | Path, runtime: str = "torch") -> StanceClassifier:
        """Load a checkpoint that :meth:`save_pretrained` wrote, from a folder or the Hugging Face hub.

        Nothing is unpickled and no code of the checkpoint is run.

        Args:
            folder_or_hub_id: The checkpoint: ``stance-small``, which comes with this package; ``stance-base``, which
                ``make base`` makes; a folder; or a repository of the hub.
            runtime: Of its fine-tuned encoders. ``torch``, the default, gives what results were recorded with to the
                last digit; ``onnx`` and ``onnx-int8`` are the files of ``scripts/export.py``; ``auto`` is ``onnx``
                where that file stands, fits the weights and runs, and there is no GPU, else ``torch``. It is never
                ``onnx-int8``, which changes some labels.

        Raises:
            StanceError: There is no such folder or repository, it is not a checkpoint of this toolkit, or its labels
                are not against, neutral, favor in this order; another runtime, or one that was asked for by name and
                that the checkpoint does not have.
        """
        if runtime not in RUNTIMES:
            raise input_error("runtime", "unknown value", found=runtime, allowed=RUNTIMES)
        with from_extras():
            classifier = cls._load(checkpoint_folder(folder_or_hub_id, runtime), runtime)
        if runtime in FILES and not classifier.runtime:
            kind = classifier.card.kind
            raise input_error("runtime", f"a checkpoint of kind {kind} has no encoder", found=runtime, allowed="torch")
        return classifier

    @classmethod
    def _load(cls, folder: Path, runtime: str) -> StanceClassifier:
        card = read_card(folder)
        try:
            return cls(_load_predictor(folder, card, runtime), card)
        except StanceError:
            raise
        except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
            raise StanceError(f"{folder}: damaged checkpoint: {first_line(error)}") from None

    @property
    def runtime(self) -> str:
        """What its fine-tuned encoders run on, those of several members joined by ``+``; empty if it has none."""
        found = []
        for leaf in leaves(self.predictor):
            match leaf:
                case EncoderModel():
                    found.append("torch")
                case OnnxModel():
                    found.append(leaf.runtime)
        return "+".join(found)

    def predict(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        holders: Sequence[str] | None = None,
        contexts: Sequence[str] | None = None,
    ) -> list[Prediction]:
        """A label and a probability for each of the three, row by row, in the order given.

        Args:
            texts: The sentences: a list, or any other sequence, of which one is made (an array, a column of a table).
            targets: The proposal for each sentence.
            holders: Whose stance is asked, for each; empty or None = the author or speaker.
            contexts: The sentences before each, if the model was trained with them.

        Raises:
            StanceError: The lists differ in length, one is a bare string, or a text or target is empty.
        """
        given = {"texts": texts, "targets": targets, "holders": holders, "contexts": contexts}
        columns = {name: _listed(name, values) for name, values in given.items() if values is not None}
        rows = len(columns["texts"])
        for name, values in columns.items():
            _check_column(name, values, rows, may_be_empty=name in ("holders", "contexts"))
        asked = (columns.get(name, [""] * rows) for name in given)
        return to_predictions(self.predictor.predict_proba(*asked)) if rows else []

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the checkpoint: the folder appears whole or not at all, and replaces an older one."""
        with folder_beside(folder) as temporary:
            self.predictor.save(temporary)
            self.write_card(temporary)

    def write_card(self, folder: Path) -> None:
        """Write ``stance.json`` alone, e.g. once the metrics are known."""
        write_json(folder / CARD, asdict(self.card))

    def with_metrics(self, metrics: dict[str, Any], thresholds: Sequence[Threshold] = ()) -> StanceClassifier:
        """The same classifier, with metrics and thresholds in its card."""
        return StanceClassifier(self.predictor, replace(self.card, metrics=metrics, thresholds=tuple(thresholds)))


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Several classifiers as one: the mean of their probabilities."""

    members: Mapping[str, StanceClassifier]

    def predict_proba(
        self, texts: Sequence[str], targets: Sequence[str], holders: Sequence[str], contexts: Sequence[str]
    ) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`."""
        said = [m.predictor.predict_proba(texts, targets, holders, contexts) for m in self.members.values()]
        return np.asarray(np.mean(said, axis=0))

    def save(self, folder: Path) -> None:
        """Write each member's checkpoint into a folder of its name, and ``ensemble.json``."""
        for name, member in self.members.items():
            member.save_pretrained(folder / name)
        write_json(folder / "ensemble.json", {"members": list(self.members)})

    @classmethod
    def load(cls, folder: Path, runtime: str = "torch") -> Ensemble:
        """Read what :meth:`save` wrote."""
        names = read_json(folder / "ensemble.json")["members"]
        return cls({name: StanceClassifier._load(must_exist(folder / name, "member"), runtime) for name in names})


@dataclass(frozen=True, slots=True)
class Cascade:
    """A cheap classifier that answers where it is sure, and a dear one for the rest: see ``inference.cascade``.

    Attributes:
        cheap: Asked for every row.
        dear: Asked, in one call, for the rows of which the cheap one is not sure.
        threshold: The cheap one's answer stands from this probability of its most probable label on, itself included.
        answered: Rows answered by each, ``cheap`` and ``dear``, since the cascade was made.
    """

    cheap: StanceClassifier
    dear: StanceClassifier
    threshold: float
    answered: Counter[str] = field(default_factory=Counter, compare=False)

    def sure(self, cheap: Probabilities) -> NDArray[np.bool_]:
        """Whether the cheap one's answer stands, shape (rows,), by its probabilities (rows, 3)."""
        return np.asarray(cheap.max(axis=1) >= self.threshold)

    def predict_proba(
        self, texts: Sequence[str], targets: Sequence[str], holders: Sequence[str], contexts: Sequence[str]
    ) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`."""
        columns = (texts, targets, holders, contexts)
        probabilities = np.array(self.cheap.predictor.predict_proba(*columns))
        unsure = np.flatnonzero(~self.sure(probabilities)).tolist()
        if unsure:
            rest = ([column[row] for row in unsure] for column in columns)
            probabilities[unsure] = self.dear.predictor.predict_proba(*rest)
        self.answered.update(cheap=len(texts) - len(unsure), dear=len(unsure))
        return probabilities

    def save(self, folder: Path) -> None:
        """Write both checkpoints, into ``cheap/`` and ``dear/``, and ``cascade.json``."""
        self.cheap.save_pretrained(folder / "cheap")
        self.dear.save_pretrained(folder / "dear")
        write_json(folder / "cascade.json", {"threshold": self.threshold})

    @classmethod
    def load(cls, folder: Path, runtime: str = "torch") -> Cascade:
        """Read what :meth:`save` wrote; the runtime is that of the encoders among the two."""
        cheap, dear = (
            StanceClassifier._load(must_exist(folder / name, "member"), runtime) for name in ("cheap", "dear")
        )
        return cls(cheap, dear, float(read_json(folder / "cascade.json")["threshold"]))


def leaves(predictor: Predictor) -> list[Predictor]:
    """The models that an ensemble or cascade is made of, however deep; of another model itself."""
    match predictor:
        case Ensemble():
            members = list(predictor.members.values())
        case Cascade():
            members = [predictor.cheap, predictor.dear]
        case _:
            return [predictor]
    return [leaf for member in members for leaf in leaves(member.predictor)]


def language_models(predictor: Predictor) -> list[PromptModel]:
    """The prompted language models that a model asks: itself, or those among its members."""
    return [leaf for leaf in leaves(predictor) if isinstance(leaf, PromptModel)]


def _load_predictor(folder: Path, card: Card, runtime: str) -> Predictor:
    match card.kind:
        case "prior":
            return Prior.load(folder)
        case "tfidf":
            return LinearModel.load(folder, TfidfFeatures.load(folder))
        case "embedding" | "static":
            return LinearModel.load(folder, EmbeddingFeatures.load(folder))
        case "combined":
            return LinearModel.load(folder, CombinedFeatures.load(folder))
        case "kernel":
            return KernelModel.load(folder)
        case "prompt":
            return PromptModel.load(folder)
        case "ensemble":
            return Ensemble.load(folder, runtime)
        case "cascade":
            return Cascade.load(folder, runtime)
    return _load_encoder(folder, card, runtime)


def _load_encoder(folder: Path, card: Card, runtime: str) -> EncoderModel | OnnxModel:
    import torch

    if runtime in FILES:
        return OnnxModel.load(folder, card.input_format, card.scale, runtime=runtime)
    if runtime == "auto" and (folder / FILES["onnx"]).exists() and not torch.cuda.is_available():
        try:
            return OnnxModel.load(folder, card.input_format, card.scale)
        except StanceError as error:
            log.warning("%s; it runs on torch", error)
    return EncoderModel.load(folder, card.input_format, card.scale)


def read_card(folder: Path) -> Card:
    """The checkpoint's ``stance.json``, checked.

    Raises:
        StanceError: It is missing, of another version or kind, or names labels other than ours.
    """
    path = folder / CARD
    if not path.exists():
        found = sorted(entry.name for entry in folder.iterdir())
        inner = folder / "checkpoint"
        allowed = str(inner) if (inner / CARD).exists() else _PLAIN if "config.json" in found else ""
        raise input_error(str(folder), f"not a checkpoint of this toolkit: no {CARD}", found=found, allowed=allowed)
    saved = read_json(path)
    if not isinstance(saved, dict) or saved.get("version") != CARD_VERSION:
        version = saved.get("version") if isinstance(saved, dict) else saved
        raise input_error(str(path), "checkpoint of another version", found=version, allowed=str(CARD_VERSION))
    if saved.get("kind") not in KINDS:
        raise input_error(str(path), "checkpoint of another kind", found=saved.get("kind"), allowed=KINDS)
    check_label_order(saved.get("labels") or (), str(path))
    scale = saved.get("scale", 1.0)
    if not isinstance(scale, float) or not 0 < scale < math.inf:
        raise input_error(str(path), "scale", found=scale, allowed="a number above 0")
    try:
        saved["input_format"] = _input_format(saved["input_format"])
        saved["thresholds"] = tuple(Threshold(*row) for row in saved.get("thresholds", ()))
        return Card(**{**saved, "labels": tuple(saved["labels"])})
    except (KeyError, TypeError) as error:
        raise StanceError(f"{path}: not a complete checkpoint card ({error})") from None


#: What a message says of a sequence classifier that transformers alone saved.
_PLAIN = (
    f'for a plain model of transformers "id2label": {json.dumps(ID2LABEL)} in its config.json, if its outputs are these'
    f" in this order, and beside it a {CARD} that says what it reads: "
    + json.dumps({"version": CARD_VERSION, "kind": "encoder", "labels": LABELS, "input_format": asdict(InputFormat())})
    + "; else its answers as predictions=FILE with labels.favor=[NAME] and so on"
)


def _input_format(saved: Mapping[str, Any]) -> InputFormat:
    """As a card has it; older ones could say only whether mentions are marked, with ``@``."""
    fields = dict(saved)
    if fields.pop("mark_holder", False):
        fields["mark"] = "@"
    return InputFormat(**fields)


def checkpoint_folder(folder_or_hub_id: str | Path, runtime: str = "torch") -> Path:
    """The folder of one of the toolkit's own names, the folder itself, or where one of the hub was downloaded to.

    Raises:
        StanceError: There is none of them.
    """
    if (own := named_checkpoint(str(folder_or_hub_id))) is not None:
        return own
    if Path(folder_or_hub_id).is_dir():
        return Path(folder_or_hub_id)
    hub_id = str(folder_or_hub_id)
    what = f"{hub_id}: no such folder ({Path(hub_id).absolute()}), and"
    patterns = ["*.json", "*.safetensors", "*.txt", "*.model"] + ["*.onnx"] * (runtime != "torch")
    return fetch(hub_id, patterns, what)


def _listed(name: str, values: Iterable[str]) -> list[str]:
    """A list of the values: a column of a table knows its rows by an index of its own."""
    if isinstance(values, str):
        raise input_error(name, "one string where a list is wanted", found=values, allowed="a list of strings")
    if isinstance(values, Mapping | Set) or not isinstance(values, Iterable):
        raise input_error(name, "not in an order", found=type(values).__name__, allowed="a list of strings")
    return list(values)


def _check_column(name: str, values: Sequence[str], rows: int, *, may_be_empty: bool) -> None:
    if len(values) != rows:
        raise input_error(name, f"{len(values)} values for {rows} texts", allowed="one for each text")
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise input_error(f"{name}[{index}]", "not a string", found=value, allowed="a string")
        if not may_be_empty and not value.strip():
            raise input_error(f"{name}[{index}]", "empty", found=value, allowed="some text")
