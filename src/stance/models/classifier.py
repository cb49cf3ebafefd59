"""``StanceClassifier``: loads any checkpoint and predicts with it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from stance.base.checks import one_of
from stance.base.errors import input_error
from stance.base.files import digest, quick_digest
from stance.base.hub import fetch
from stance.base.predictions import Prediction, Predictor, Probabilities, Threshold, probabilities_of, to_predictions
from stance.base.questions import Question
from stance.base.words import HALF, NO_CHARACTER, visible
from stance.models.card import CARD, Card, FineTuned, load_checkpoint, save_checkpoint
from stance.models.combined import Ensemble, leaves
from stance.models.config import RUNTIMES
from stance.models.pretrained import named_checkpoint

log = logging.getLogger(__name__)


class StanceClassifier:
    """A trained model of any kind, ready for text.

    >>> classifier = StanceClassifier.from_pretrained("stance-small")  # doctest: +SKIP
    >>> classifier.predict(["The union asked for talks."], ["open talks"], ["the union"])[0].label  # doctest: +SKIP
    'favor'

    Attributes:
        predictor: The model.
        card: What its checkpoint says of itself.
        folder: Where it was loaded from; None if it was made in this process.
    """

    def __init__(self, predictor: Predictor, card: Card, folder: Path | None = None) -> None:
        self.predictor = predictor
        self.card = card
        self.folder = folder

    @classmethod
    def from_pretrained(cls, folder_or_hub_id: str | Path, runtime: str = "torch") -> StanceClassifier:
        """Load a checkpoint that :meth:`save_pretrained` wrote, from a folder or the Hugging Face hub.

        Nothing is unpickled and no code of the checkpoint is run.

        Args:
            folder_or_hub_id: The checkpoint: ``stance-small``, which comes with this package; ``stance-base``, which
                ``make base`` makes; a folder; or a repository of the hub.
            runtime: Of its fine-tuned encoders. ``torch``, the default, gives what results were recorded with to the
                last digit; ``onnx`` and ``onnx-int8`` are the files of ``scripts/export.py``; ``auto`` is ``onnx``
                if there is that file, it fits the weights and runs, and there is no GPU, else ``torch``. It is never
                ``onnx-int8``, which changes some labels.

        Raises:
            StanceError: There is no such folder or repository, it is not a checkpoint of this toolkit, or its labels
                are not against, neutral, favor in this order; another runtime, or one that was asked for by name and
                that the checkpoint does not have.
        """
        one_of("runtime", runtime, RUNTIMES)
        folder = checkpoint_folder(folder_or_hub_id, runtime)
        classifier = cls(*load_checkpoint(folder, runtime), folder)
        if runtime not in ("torch", "auto") and not classifier.runtime:
            kind = classifier.card.kind
            raise input_error("runtime", f"a checkpoint of kind {kind} has no encoder", found=runtime, allowed="torch")
        return classifier

    @classmethod
    def mean_of(cls, members: Mapping[str, StanceClassifier], data: dict[str, str] | None = None) -> StanceClassifier:
        """Several classifiers as one: the mean of their probabilities.

        Args:
            members: By name, which will be that of their folder.
            data: Name and fingerprint of the dataset that all of them were trained on, if there is one.
        """
        ensemble = Ensemble(
            {name: member.predictor for name, member in members.items()},
            {name: member.card for name, member in members.items()},
        )
        return cls(ensemble, Card("ensemble", data or {}))

    @property
    def runtime(self) -> str:
        """What its fine-tuned encoders run on, those of several members joined by ``+``; empty if it has none."""
        return "+".join(leaf.runtime for leaf in leaves(self.predictor) if isinstance(leaf, FineTuned))

    def predict(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        holders: Sequence[str] | None = None,
        contexts: Sequence[str] | None = None,
    ) -> list[Prediction]:
        """A label and a probability for each of the three, row by row, in the order given.

        Name the arguments: ``predict(texts=[...], targets=[...])``.

        Args:
            texts: The sentences: a list, or any other sequence, of which one is made (an array, a column of a table).
            targets: The proposal for each sentence.
            holders: Whose stance is asked, for each; an empty one, or no holders at all = the author or speaker.
            contexts: The sentences before each, if the model was trained with them.

        Raises:
            StanceError: The lists differ in length, one is a bare string, or a text or target is empty.
        """
        return to_predictions(self.predict_proba(texts, targets, holders, contexts))

    def predict_proba(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        holders: Sequence[str] | None = None,
        contexts: Sequence[str] | None = None,
    ) -> Probabilities:
        """The probability of against, neutral, favor: shape (rows, 3), in the order given.

        Arguments are as of :meth:`predict`.

        Raises:
            StanceError: As :meth:`predict`; a probability that is no finite number.
        """
        questions = _questions(texts=texts, targets=targets, holders=holders, contexts=contexts)
        return probabilities_of(self.predictor, questions)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the checkpoint: the folder appears whole or not at all, and replaces an older one.

        Raises:
            StanceError: Something else than a checkpoint is there, which would be lost.
        """
        save_checkpoint(self.predictor, self.card, folder)

    def digest(self) -> str:
        """16 hexadecimal digits that tell it from others: of its card, and of size and ends of each of its files."""
        files = {}
        if self.folder is not None:
            paths = (path for path in self.folder.rglob("*") if path.is_file())
            files = {path.relative_to(self.folder).as_posix(): quick_digest(path) for path in paths}
        return digest([asdict(self.card), files])[:16]

    def with_metrics(self, metrics: dict[str, Any], thresholds: Sequence[Threshold] = ()) -> StanceClassifier:
        """The same classifier, with metrics and thresholds in its card."""
        return StanceClassifier(self.predictor, replace(self.card, metrics=metrics, thresholds=tuple(thresholds)))


def checkpoint_folder(folder_or_hub_id: str | Path, runtime: str = "torch") -> Path:
    """The folder of one of the toolkit's own names, the folder itself, or where one of the hub was downloaded to.

    Raises:
        StanceError: There is none of them.
    """
    if not isinstance(folder_or_hub_id, str | Path) or not str(folder_or_hub_id).strip():
        allowed = "stance-small, stance-base, a folder or a hub id"
        raise input_error("checkpoint", "no name of one", found=folder_or_hub_id, allowed=allowed)
    if (own := named_checkpoint(str(folder_or_hub_id))) is not None:
        if (Path(folder_or_hub_id) / CARD).exists() and not own.samefile(folder_or_hub_id):
            log.warning(
                "%s is the toolkit's own, and not the folder here: for that one say ./%s", *[folder_or_hub_id] * 2
            )
        return own
    if Path(folder_or_hub_id).is_dir():
        return Path(folder_or_hub_id)
    hub_id = str(folder_or_hub_id)
    what = f"{hub_id}: no such folder ({Path(hub_id).absolute()}), and"
    patterns = ["*.json", "*.safetensors", "*.txt", "*.model"] + ["*.onnx"] * (runtime != "torch")
    return fetch(hub_id, patterns, what)


def _questions(**given: Sequence[str] | None) -> list[Question]:
    """The rows of ``texts``, ``targets``, ``holders`` and ``contexts``, of which the last two may be None.

    Space around a value is no part of it, as in files: a holder of a blank is the author.
    """
    optional = ("holders", "contexts")
    columns = {name: _listed(name, each) for name, each in given.items() if each is not None or name not in optional}
    rows = len(columns["texts"])
    for name, values in columns.items():
        _check_column(name, values, rows, may_be_empty=name in optional)
    named = [(name.removesuffix("s"), values) for name, values in columns.items()]
    return [Question(**{field: visible(values[row]) for field, values in named}) for row in range(rows)]


def _listed(name: str, values: Iterable[str] | None) -> list[str]:
    """A list of the values: a column of a table knows its rows by an index of its own."""
    if isinstance(values, str):
        raise input_error(name, "one string where a list is wanted", found=values, allowed="a list of strings")
    if isinstance(values, Mapping | Set) or not isinstance(values, Iterable) or getattr(values, "ndim", 1) != 1:
        raise input_error(name, "not one column", found=type(values).__name__, allowed="a list of strings")
    return values.to_pylist() if hasattr(values, "to_pylist") else list(values)  # of Arrow, whose values are no strings


#: What may stand in the columns in which an empty string means something.
_STRINGS = {"holders": 'a string; "" for the author', "contexts": 'a string; "" for none'}


def _check_column(name: str, values: Sequence[str], rows: int, *, may_be_empty: bool) -> None:
    if len(values) != rows:
        raise input_error(name, f"{len(values)} values for {rows} texts", allowed="one for each text")
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise input_error(f"{name}[{index}]", "not a string", found=value, allowed=_STRINGS.get(name, "a string"))
        if not may_be_empty and not visible(value):
            raise input_error(f"{name}[{index}]", "empty", found=value, allowed="some text")
        if not value.isascii() and HALF.search(value):
            raise input_error(f"{name}[{index}]", NO_CHARACTER, found=value)
