"""``Question``, the input of every model: a text, a target, a holder and the context."""

from collections.abc import Iterable
from dataclasses import dataclass

from stance.base.annotations import Example


@dataclass(frozen=True, slots=True)
class Question:
    """Where the holder stands on the target in the text: all that a model is told of a row, in this order everywhere.

    Attributes:
        text: The sentence.
        target: The proposal.
        holder: Whose stance is asked; empty = the author or speaker of the text.
        context: The sentences before it, if given.
    """

    text: str
    target: str
    holder: str = ""
    context: str = ""


def questions_of(examples: Iterable[Example]) -> list[Question]:
    """What a model is asked about each example."""
    return [Question(row.text, row.target, row.holder, row.context) for row in examples]
