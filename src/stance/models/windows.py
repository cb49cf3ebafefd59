"""Texts that are longer than what a model reads, read in windows around the mentions of the holder."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from stance.base.mentions import mentions
from stance.base.predictions import Predictor, Probabilities
from stance.base.questions import Question
from stance.base.words import composed

#: A window of fewer tokens is not worth asking about: holder and target fill the input, and the text is cut as ever.
LEAST = 8


@dataclass(frozen=True, slots=True)
class Reader:
    """How much of a row a model reads.

    Attributes:
        tokenizer: Of the model, a fast one.
        most: Tokens that it reads.
        shown: The sequences, one or two, that it is shown of a question.
        mark: By which it is shown the mentions of the holder; empty = it is not.
    """

    tokenizer: Any
    most: int
    shown: Callable[[Question], tuple[str, ...]]
    mark: str = ""

    def excess(self, questions: Sequence[Question]) -> list[int]:
        """By how many tokens each row is too long; 0 or less where it is read to its end."""
        sequences = zip(*map(self.shown, questions), strict=True)
        shown = map(list, sequences)
        encoded = self.tokenizer(*shown, truncation=False, verbose=False)["input_ids"] if questions else []
        return [len(ids) - self.most for ids in encoded]

    def unknown(self, questions: Sequence[Question]) -> list[bool]:
        """Whether the tokenizer does not know most of a text, as in a script that it never saw."""
        unknown = self.tokenizer.unk_token_id
        if unknown is None or not questions:
            return [False] * len(questions)
        texts = [composed(question.text) for question in questions]
        encoded = self.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        return [2 * ids.count(unknown) > len(ids) for ids in encoded]

    def windows(self, question: Question) -> list[Question]:
        """The question about pieces of a text that is too long, each read to its end: see :func:`around_mentions`."""
        text = composed(question.text)
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        places = encoded["offset_mapping"]
        room = min(-self.excess([replace(question, text="")])[0], len(places) - 1)  # too long by marks alone, maybe
        while room >= LEAST:
            pieces = around_mentions(text, question.holder, places, room)
            asked = [replace(question, text=piece) for piece in pieces]
            over = max(self.excess(asked))
            if over <= 0:
                return asked
            room -= over
        return [replace(question, text=text)]


@runtime_checkable
class ReadsInPart(Protocol):
    """A model that may not read a text to its end, or that is shown mentions by marks; others lack this method."""

    def reader(self) -> Reader | None:
        """How much of a text it reads; None if all of it."""
        ...


def around_mentions(text: str, holder: str, places: Sequence[tuple[int, int]], room: int) -> list[str]:
    """Windows with a mention of the holder in the middle; where there is none, windows over the whole text.

    Mentions are looked for in each piece of a window's length, as the model is shown them: a text has the whole name
    once and the last name alone thereafter. A mention within the first three quarters of the window before it has none
    of its own. Windows overlap where mentions are near each other, and by half where there is none.

    Args:
        text: In Unicode's composed form.
        holder: Whose mentions are looked for (:func:`stance.base.mentions.mentions`).
        places: Start and end of each token in the text.
        room: Tokens of a window, fewer than there are.
    """
    begins = [start for start, _ in places]
    holder, found = composed(holder), set[int]()
    for first in range(0, len(places), room // 2):
        start, end = begins[first], places[min(first + room, len(places)) - 1][1]
        found.update(start + at for at, _ in mentions(text[start:end], holder))
    middles: Sequence[int] = [bisect_right(begins, start) - 1 for start in sorted(found)]
    chosen: list[int] = []
    for middle in middles or range(room // 2, len(places), room // 2):
        if not chosen or middle >= chosen[-1] + 3 * room // 4:
            chosen.append(max(0, min(middle - room // 2, len(places) - room)))
    return [text[begins[first] : places[first + room - 1][1]] for first in dict.fromkeys(chosen)]


@dataclass(frozen=True, slots=True)
class Windowed:
    """A model that scores a text too long for it by the mean of the probabilities of its windows."""

    predictor: Predictor
    reader: Reader

    @property
    def scale(self) -> float:
        """That of the model."""
        return self.predictor.scale

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`."""
        pieces = [
            [question] if excess <= 0 else self.reader.windows(question)
            for question, excess in zip(questions, self.reader.excess(questions), strict=True)
        ]
        rows = [row for row, of_row in enumerate(pieces) for _ in of_row]
        summed = np.zeros((len(questions), 3))
        np.add.at(summed, rows, self.predictor.predict_proba([piece for of_row in pieces for piece in of_row]))
        return np.asarray(summed / np.array([len(of_row) for of_row in pieces]).reshape(-1, 1))

    def save(self, folder: Path) -> None:
        """Write the model."""
        self.predictor.save(folder)
