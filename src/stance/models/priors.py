"""Baselines that do not read the text: what a score must be compared with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from stance.base.annotations import Example
from stance.base.files import read_json, write_json
from stance.base.labels import LABEL2ID
from stance.base.predictions import Probabilities
from stance.base.questions import Question
from stance.base.words import composed
from stance.models.card import Card
from stance.models.config import PRIORS, PriorConfig
from stance.models.fitting import Setup

FILE = "prior.json"


@dataclass(frozen=True, slots=True)
class Prior:
    """Label shares of the training rows with the same target, holder or both.

    Values are compared in Unicode's composed form. A row whose value was not in train gets the shares of all training
    rows, so on unseen proposals the target prior is the majority prior.

    Attributes:
        keys: Fields looked at: none, target, holder, or both.
        shares: Values of these fields -> shares of against, neutral, favor.
        overall: The shares over all training rows.
        seed: Of labels drawn at random by the shares; None = the most frequent label is taken.
    """

    keys: tuple[str, ...]
    shares: Mapping[tuple[str, ...], tuple[float, ...]]
    overall: tuple[float, ...]
    seed: int | None = None
    scale: ClassVar[float] = 1.0

    @classmethod
    def fit(cls, name: str, train: Sequence[Example], seed: int = 0) -> Prior:
        """Count the labels of the training rows; ``name`` is one of ``PRIORS``, ``seed`` that of a random draw."""
        keys = PRIORS[name]
        counts: dict[tuple[str, ...], Counter[str]] = {}
        for example in train:
            value = tuple(composed(getattr(example, key)) for key in keys)
            counts.setdefault(value, Counter())[example.label] += 1
        total = sum(counts.values(), Counter())
        shares = {value: _shares(counter) for value, counter in counts.items()}
        return cls(keys, shares, _shares(total), seed if name == "stratified" else None)

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`. Texts and contexts are not looked at.

        Drawn labels have probability 1; the draw depends on the seed and the number of questions alone.
        """
        values = (tuple(composed(getattr(question, key)) for key in self.keys) for question in questions)
        shares = np.array([self.shares.get(value, self.overall) for value in values]).reshape(-1, len(LABEL2ID))
        if self.seed is None:
            return shares
        limits = np.random.default_rng(self.seed).random((len(shares), 1))
        labels = (shares.cumsum(axis=1) <= limits).sum(axis=1).clip(max=len(LABEL2ID) - 1)
        return np.asarray(np.eye(len(LABEL2ID))[labels], dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Write ``prior.json``."""
        rows = [[*value, *shares] for value, shares in self.shares.items()]
        write_json(folder / FILE, {"keys": self.keys, "shares": rows, "overall": self.overall, "seed": self.seed})


def _are_shares(row: tuple[float, ...]) -> bool:
    numbers = all(isinstance(share, float | int) and 0 <= share <= 1 for share in row)
    return len(row) == len(LABEL2ID) and numbers and math.isclose(sum(row), 1, abs_tol=1e-6)


def fit(config: PriorConfig, train: Sequence[Example], validation: Sequence[Example], setup: Setup) -> Prior:
    """The prior of a configuration; see :meth:`Prior.fit`."""
    return Prior.fit(config.prior, train, setup.seed)


def load(folder: Path, card: Card, runtime: str) -> Prior:
    """Read what :meth:`Prior.save` wrote."""
    saved = read_json(folder / FILE)
    keys = tuple(saved["keys"])
    shares = {tuple(map(composed, row[: len(keys)])): tuple(row[len(keys) :]) for row in saved["shares"]}
    overall, seed = tuple(saved["overall"]), saved["seed"]
    if keys not in PRIORS.values() or not (seed is None or (type(seed) is int and seed >= 0)):
        raise ValueError(f"keys {keys}, seed {seed!r}")
    if broken := [row for row in (overall, *shares.values()) if not _are_shares(row)]:
        raise ValueError(f"no shares of three labels: {broken[0]}")
    return Prior(keys, shares, overall, seed)


def _shares(counter: Counter[str]) -> tuple[float, ...]:
    return tuple(counter[label] / counter.total() for label in LABEL2ID)
