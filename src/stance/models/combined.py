"""Models made of models: an ensemble, whose members answer together, and a cascade, whose members answer in turn."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stance.base.errors import input_error
from stance.base.files import read_json, write_json
from stance.base.names import must_exist
from stance.base.predictions import Predictor, Probabilities
from stance.base.questions import Question
from stance.models.card import Card, load_checkpoint, save_checkpoint


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Several models as one: the mean of their probabilities.

    Attributes:
        members: The models by name.
        cards: What the checkpoint of each says of itself.
    """

    members: Mapping[str, Predictor]
    cards: Mapping[str, Card]
    scale: ClassVar[float] = 1.0

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`."""
        said = [member.predict_proba(questions) for member in self.members.values()]
        return np.asarray(np.mean(said, axis=0))

    def save(self, folder: Path) -> None:
        """Write each member's checkpoint into a folder of its name, and ``ensemble.json``."""
        for name, member in self.members.items():
            save_checkpoint(member, self.cards[name], folder / name)
        write_json(folder / "ensemble.json", {"members": list(self.members)})


@dataclass(frozen=True, slots=True)
class Cascade:
    """A cheap model for the rows of which it is sure, and a slow one for the rest: see ``inference.cascade``.

    Attributes:
        cheap: Asked for every row.
        dear: The slow one. It scores, in one call, the rows of which the cheap one is not sure.
        threshold: The cheap one's label is kept if its probability is this or more.
        cards: The cards of both checkpoints, by ``cheap`` and ``dear``.
        answered: Rows labelled by each, ``cheap`` and ``dear``, since the cascade was made.
    """

    cheap: Predictor
    dear: Predictor
    threshold: float
    cards: Mapping[str, Card]
    answered: Counter[str] = field(default_factory=Counter, compare=False)
    scale: ClassVar[float] = 1.0

    def sure(self, cheap: Probabilities) -> NDArray[np.bool_]:
        """Whether the cheap one's label is kept, shape (rows,), by its probabilities (rows, 3)."""
        return np.asarray(cheap.max(axis=1) >= self.threshold)

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`."""
        probabilities = np.array(self.cheap.predict_proba(questions))
        unsure = np.flatnonzero(~self.sure(probabilities)).tolist()
        if unsure:
            probabilities[unsure] = self.dear.predict_proba([questions[row] for row in unsure])
        self.answered.update(cheap=len(questions) - len(unsure), dear=len(unsure))
        return probabilities

    def save(self, folder: Path) -> None:
        """Write both checkpoints, into ``cheap/`` and ``dear/``, and ``cascade.json``."""
        for name, member in (("cheap", self.cheap), ("dear", self.dear)):
            save_checkpoint(member, self.cards[name], folder / name)
        write_json(folder / "cascade.json", {"threshold": self.threshold})


def load(folder: Path, card: Card, runtime: str) -> Ensemble | Cascade:
    """Read what either's ``save`` wrote; the runtime is that of the fine-tuned encoders among the members."""
    if card.kind == "ensemble":
        names = read_json(folder / "ensemble.json")["members"]
        if not names or not all(isinstance(name, str) and re.fullmatch(r"[\w-][\w.+-]*", name) for name in names):
            raise input_error(str(folder / "ensemble.json"), "members", found=names, allowed="names of folders in it")
        return Ensemble(*_load_members(folder, names, runtime))
    members, cards = _load_members(folder, ("cheap", "dear"), runtime)
    threshold = read_json(folder / "cascade.json")["threshold"]
    if not isinstance(threshold, float | int) or not math.isfinite(threshold):
        raise input_error(str(folder / "cascade.json"), "threshold", found=threshold, allowed="a number")
    return Cascade(members["cheap"], members["dear"], float(threshold), cards)


def _load_members(folder: Path, names: Sequence[str], runtime: str) -> tuple[dict[str, Predictor], dict[str, Card]]:
    loaded = {name: load_checkpoint(must_exist(folder / name, "member"), runtime) for name in names}
    return {name: model for name, (model, _) in loaded.items()}, {name: card for name, (_, card) in loaded.items()}


def leaves(predictor: Predictor) -> list[Predictor]:
    """The models that an ensemble or cascade is made of, however deep; of another model itself."""
    match predictor:
        case Ensemble():
            members = list(predictor.members.values())
        case Cascade():
            members = [predictor.cheap, predictor.dear]
        case _:
            return [predictor]
    return [leaf for member in members for leaf in leaves(member)]


def with_leaves(predictor: Predictor, change: Callable[[Predictor], Predictor]) -> Predictor:
    """The same ensemble or cascade of changed models; of another model what it is changed to."""
    match predictor:
        case Ensemble():
            members = {name: with_leaves(member, change) for name, member in predictor.members.items()}
            return replace(predictor, members=members)
        case Cascade():
            cheap, dear = (with_leaves(member, change) for member in (predictor.cheap, predictor.dear))
            return replace(predictor, cheap=cheap, dear=dear)
    return change(predictor)
