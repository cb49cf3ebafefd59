"""How a classifier reads rows: whether a text is too long and read in windows, and whether it mentions the holder."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from stance.base.annotations import Example
from stance.base.mentions import mentions
from stance.base.predictions import Predictor
from stance.base.questions import Question, questions_of
from stance.base.words import composed
from stance.models.classifier import StanceClassifier
from stance.models.combined import leaves, with_leaves
from stance.models.windows import Reader, ReadsInPart, Windowed


@dataclass(frozen=True, slots=True)
class Reading:
    """How a row is read.

    Attributes:
        text_cut: Whether the text is too long for the model, or for a member of it.
        holder_mentioned: Whether the text mentions the holder by the name given; None where the holder is the author,
            or mentions were not looked for.
        text_unknown: Whether most of the text is unknown to the tokenizer of the model, or of a member of it.
    """

    text_cut: bool
    holder_mentioned: bool | None
    text_unknown: bool = False


def readings(predictor: Predictor, questions: Sequence[Question], *, mentioned: bool = True) -> list[Reading]:
    """How each row is read, whatever its label; mentions, which take longer, only if ``mentioned``."""
    cut, unknown = np.zeros((2, len(questions)), dtype=bool)
    for reader in readers(predictor):
        cut |= np.array(reader.excess(questions)) > 0
        unknown |= np.array(reader.unknown(questions), dtype=bool)
    found = [_mentioned(question) if mentioned else None for question in questions]
    return [Reading(*row) for row in zip(cut.tolist(), found, unknown.tolist(), strict=True)]


def _mentioned(question: Question) -> bool | None:
    holder = composed(question.holder)
    return bool(mentions(composed(question.text), holder)) if holder else None


def count(rows: Iterable[Reading]) -> Counter[str]:
    """How many rows there are, and how many are ``cut``, ``unknown``, ``marked`` and ``unmentioned``."""
    counts = Counter(rows=0, cut=0, unknown=0, marked=0, unmentioned=0)
    for row in rows:
        counts.update(rows=1, cut=row.text_cut, unknown=row.text_unknown, marked=row.holder_mentioned is True)
        counts["unmentioned"] += row.holder_mentioned is False
    return counts


def say(predictor: Predictor, counts: Counter[str], log: logging.Logger, became: str = "was cut") -> None:
    """Log how many texts were too long or unknown, if any; and how many were marked, of a model that is shown marks.

    ``became`` says what became of these texts.
    """
    rows = counts["rows"]
    if cut := counts["cut"]:
        log.warning("%d of %d rows: the text does not fit the model's input and %s", cut, rows, became)
    if unknown := counts["unknown"]:
        told = "%d of %d rows: the model's tokenizer does not know most of the text (another script?); it was not read"
        log.warning(told, unknown, rows)
    if marks(predictor) and counts["marked"] + counts["unmentioned"]:
        told = "the holder is marked in %d of %d rows; %d do not mention the holder by that name (docs/inference.md)"
        log.info(told, counts["marked"], rows, counts["unmentioned"])


def say_of(predictor: Predictor, examples: Sequence[Example], log: logging.Logger) -> None:
    """The same for examples, before or after they are scored."""
    if marks(predictor) or readers(predictor):
        say(predictor, count(readings(predictor, questions_of(examples), mentioned=marks(predictor))), log)


def marks(predictor: Predictor) -> bool:
    """Whether the model, or a member of it, is shown the holder's mentions by marks."""
    return any(reader.mark for reader in readers(predictor))


def readers(predictor: Predictor) -> list[Reader]:
    """How much of a text the model or its members read: those that do not read it all."""
    return [reader for reader in map(_reader, leaves(predictor)) if reader is not None]


def windowed(classifier: StanceClassifier) -> StanceClassifier:
    """The same classifier, whose encoders read texts that are too long in windows (:mod:`stance.models.windows`)."""

    def change(leaf: Predictor) -> Predictor:
        reader = _reader(leaf)
        return leaf if reader is None else Windowed(leaf, reader)

    return StanceClassifier(with_leaves(classifier.predictor, change), classifier.card)


def _reader(predictor: Predictor) -> Reader | None:
    return predictor.reader() if isinstance(predictor, ReadsInPart) else None
