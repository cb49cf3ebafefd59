"""``stance.json``, the card of a checkpoint; saves a model to a folder with a card, and loads it again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from stance.base.errors import StanceError, content, input_error
from stance.base.extras import from_extras
from stance.base.files import folder_beside, read_json, write_json
from stance.base.labels import ID2LABEL, LABELS, check_label_order
from stance.base.predictions import Predictor, Threshold
from stance.base.questions import Question
from stance.models.config import KINDS
from stance.models.input_format import InputFormat

#: The file that makes a folder a checkpoint of this toolkit.
CARD = "stance.json"
CARD_VERSION = 1

#: Kinds that are asked nothing when they are loaded: members have been tried, and a language model's answers cost.
NOT_TRIED = ("ensemble", "cascade", "prompt")


@runtime_checkable
class FineTuned(Predictor, Protocol):
    """A fine-tuned encoder, whose folder is a plain Hugging Face one: the card holds what that has no place for."""

    @property
    def input_format(self) -> InputFormat:
        """How rows become sequences."""
        ...

    @property
    def runtime(self) -> str:
        """What it runs on: torch, onnx or onnx-int8."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """What a checkpoint says of itself.

    Attributes:
        kind: One of :data:`stance.models.config.KINDS`.
        data: Name and fingerprint of the dataset it was trained on.
        input_format: How rows become sequences (fine-tuned encoders only; the defaults otherwise).
        scale: Of a fine-tuned encoder's logits; other models keep theirs themselves.
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

    @classmethod
    def of(cls, kind: str, predictor: Predictor, data: dict[str, str]) -> Card:
        """The card of a model that was trained on these data."""
        if isinstance(predictor, FineTuned):
            return cls(kind, data, predictor.input_format, predictor.scale)
        return cls(kind, data)

    def write(self, folder: Path) -> None:
        """Write ``stance.json``."""
        write_json(folder / CARD, asdict(self))


def load_checkpoint(folder: Path, runtime: str = "torch") -> tuple[Predictor, Card]:
    """The model in a folder, of whatever kind, and its card.

    Raises:
        StanceError: It is not a checkpoint of this toolkit, or a damaged one.
    """
    card = read_card(folder)
    with content(str(folder), "damaged checkpoint"), from_extras():
        predictor: Predictor = KINDS[card.kind].home().load(folder, card, runtime)
        if card.kind not in NOT_TRIED:  # files that do not fit each other would come up in the midst of scoring
            answer = predictor.predict_proba([Question("A word.", "a proposal", "somebody")])
            if answer.shape != (1, len(LABELS)) or not np.isclose(answer.sum(), 1, atol=1e-3) or (answer < 0).any():
                raise ValueError(f"it answers {answer.tolist()} where three probabilities are wanted")
        return predictor, card


def check_replaceable(folder: str | Path) -> None:
    """Refuse a place for a checkpoint where something else is, which would be lost.

    Raises:
        StanceError: It is neither new nor an empty folder nor a checkpoint.
    """
    path = Path(folder)
    if path.is_file() or (path.is_dir() and any(path.iterdir()) and not (path / CARD).exists()):
        found = path.name if path.is_file() else sorted(entry.name for entry in path.iterdir())
        allowed = "a new or empty folder, or a checkpoint to replace"
        raise input_error(str(folder), "something else is there", found=found, allowed=allowed)


def save_checkpoint(predictor: Predictor, card: Card, folder: str | Path) -> None:
    """Write a model and its card: the folder appears whole or not at all, and replaces an older one.

    Raises:
        StanceError: See :func:`check_replaceable`.
    """
    check_replaceable(folder)
    with folder_beside(folder) as temporary:
        predictor.save(temporary)
        card.write(temporary)


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
    if saved.get("kind") not in [*KINDS]:  # in a list: it may be of a kind that no dictionary looks for
        raise input_error(str(path), "checkpoint of another kind", found=saved.get("kind"), allowed=KINDS)
    if not isinstance(saved.get("labels"), list):
        raise input_error(str(path), "labels", found=saved.get("labels"), allowed=LABELS)
    check_label_order(saved["labels"], str(path))
    for name in ("data", "metrics"):
        if not isinstance(saved.get(name, {}), dict):
            raise input_error(str(path), name, found=saved[name], allowed="an object of JSON")
    scale = saved.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale < math.inf:
        raise input_error(str(path), "scale", found=scale, allowed="a number above 0")
    with content(str(path), "not a complete checkpoint card"):
        try:
            saved["input_format"] = _input_format(saved["input_format"])
        except StanceError as error:  # it does not know where it stands
            raise StanceError(f"{path}: {error}") from None
        table = saved.get("thresholds", ())
        saved["thresholds"] = tuple(Threshold(float(above), int(rows), int(errors)) for above, rows, errors in table)
        return Card(**{**saved, "labels": tuple(saved["labels"])})


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
