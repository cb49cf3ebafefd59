"""A kernel machine over embeddings of a frozen encoder: rows are alike that are so in text, target and holder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.utils.class_weight import compute_sample_weight

from stance.base.annotations import Example
from stance.base.errors import input_error
from stance.base.files import read_json, write_json
from stance.base.labels import LABEL2ID
from stance.base.predictions import Probabilities
from stance.base.questions import Question, questions_of
from stance.models.card import Card
from stance.models.config import KernelConfig
from stance.models.features import EmbeddingFeatures
from stance.models.fitting import Setup
from stance.models.scaling import fit_scale, scaled_softmax
from stance.models.windows import Reader

#: Memory and time grow with the square and the cube of the training rows: 20,000 take some 10 GB.
MOST_ROWS = 20_000

#: Rows that are compared with the training rows at a time.
CHUNK = 1024

_HASHTAG = re.compile(r"#(\w+)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class KernelModel:
    """Least squares with a Gaussian kernel; probabilities are a softmax of the scaled outputs.

    Attributes:
        embedding: The frozen encoder.
        vectors: Embedding of each distinct string of the training rows, shape (strings, dimensions).
        rows: Which of them are text, target and holder of each training row, shape (rows, 3).
        weights: Of each training row for each label, shape (rows, 3).
        gamma: Of the kernel, ``exp(-gamma * squared distance)``.
        pair_weight: How much an embedding of target or holder counts beside that of the text.
        scale: Of the outputs, fitted on validation (temperature scaling).
    """

    embedding: EmbeddingFeatures
    vectors: NDArray[np.float32]
    rows: NDArray[np.int64]
    weights: NDArray[np.float64]
    gamma: float
    pair_weight: float
    scale: float

    @classmethod
    def fit(
        cls, config: KernelConfig, train: Sequence[Example], validation: Sequence[Example], setup: Setup
    ) -> KernelModel:
        """Solve for the weights on train, then fit the scale on validation; embeddings are kept in ``setup.cache``.

        Source: regularized least-squares classification (Rifkin, Yeo and Poggio 2003), one output a label, by
        ``sklearn.kernel_ridge``; the product of a kernel of texts with one of tasks is that of multi-task learning
        (Evgeniou, Micchelli and Pontil 2005), here with targets and holders that are alike by degrees.

        Raises:
            StanceError: Train holds one label only, or more rows than fit into memory.
        """
        labels = [LABEL2ID[example.label] for example in train]
        if len(set(labels)) < 2:
            raise input_error("train", "one label only", found=sorted({e.label for e in train}), allowed="two or three")
        if len(train) > MOST_ROWS:
            raise input_error("train", "too many rows for model=kernel", found=len(train), allowed=f"up to {MOST_ROWS}")
        embedding = EmbeddingFeatures.for_training(config.encoder, setup.cache)
        vectors, rows = embedding.embed(with_words_in_tags(questions_of(train)))
        machine = KernelRidge(alpha=config.alpha, kernel="rbf", gamma=config.gamma)
        weight = compute_sample_weight("balanced" if config.class_weight else None, labels)
        points = _points(vectors, rows, config.pair_weight).astype(np.float64)
        machine.fit(points, 2 * np.eye(len(LABEL2ID))[labels] - 1, sample_weight=weight)
        fitted = cls(embedding, vectors, rows, machine.dual_coef_, config.gamma, config.pair_weight, 1.0)
        scale = fit_scale(fitted.decisions(questions_of(validation)), [LABEL2ID[e.label] for e in validation])
        return replace(fitted, scale=scale)

    def decisions(self, questions: Sequence[Question]) -> NDArray[np.float64]:
        """Output for each label, shape (rows, 3): near 1 where it applies, near -1 where it does not."""
        asked = _points(*self.embedding.embed(with_words_in_tags(questions)), self.pair_weight)
        learnt = _points(self.vectors, self.rows, self.pair_weight)
        found = [
            rbf_kernel(asked[start : start + CHUNK], learnt, gamma=self.gamma) @ self.weights
            for start in range(0, len(asked), CHUNK)
        ]
        return np.vstack(found)

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`. Contexts are not looked at."""
        return scaled_softmax(self.decisions(questions), self.scale)

    def reader(self) -> Reader | None:
        """How much of a text the encoder reads; None if all of it."""
        return self.embedding.reader()

    def save(self, folder: Path) -> None:
        """Write ``kernel.safetensors``, ``kernel.json`` and the encoder."""
        arrays = {"vectors": self.vectors, "rows": self.rows, "weights": self.weights}
        save_file(arrays, folder / "kernel.safetensors")
        write_json(folder / "kernel.json", {"gamma": self.gamma, "pair_weight": self.pair_weight, "scale": self.scale})
        self.embedding.save(folder)


fit = KernelModel.fit


def load(folder: Path, card: Card, runtime: str) -> KernelModel:
    """Read what :meth:`KernelModel.save` wrote; errors as of :meth:`EmbeddingFeatures.load`."""
    arrays, numbers = load_file(folder / "kernel.safetensors"), read_json(folder / "kernel.json")
    return KernelModel(EmbeddingFeatures.load(folder), **arrays, **numbers)


def with_words(text: str) -> str:
    """The text with each hashtag that is written in capitals and small letters taken apart into its words.

    >>> with_words("no deal #TalkToThem2day")
    'no deal Talk To Them 2 day'
    """
    return _HASHTAG.sub(lambda tag: " ".join(_WORD.findall(tag[1])) or tag[1], text)


def with_words_in_tags(questions: Sequence[Question]) -> list[Question]:
    """The questions about texts as :func:`with_words` gives them."""
    return [replace(question, text=with_words(question.text)) for question in questions]


def _points(vectors: NDArray[np.float32], rows: NDArray[np.int64], pair_weight: float) -> NDArray[np.float32]:
    """Text, weighted target and weighted holder side by side, shape (rows, 3 x dimensions)."""
    text, target, holder = (vectors[rows[:, field]] for field in range(3))
    return np.hstack([text, np.float32(pair_weight) * target, np.float32(pair_weight) * holder])
