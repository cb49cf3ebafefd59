"""The sentences of a document, each with its place."""

from dataclasses import dataclass

#: Sentences before one that the model is shown, if it reads any.
BEFORE = 2


@dataclass(frozen=True, slots=True)
class Sentence:
    """``text[start:end]`` of the document, without white space at its ends."""

    start: int
    end: int
    text: str


def sentences(text: str) -> list[Sentence]:
    """The sentences in order (by ``sentencex``); a line break ends one only where the line before is empty.

    Source: sentencex, of the Wikimedia Foundation.
    """
    from sentencex import get_sentence_boundaries  # here, since it takes a moment to load

    found = []
    for bounds in get_sentence_boundaries("en", text):
        start, end = bounds["start_index"], bounds["end_index"]
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        if piece := piece.strip():
            found.append(Sentence(start, start + len(piece), piece))
    return found


def before(found: list[Sentence], number: int) -> str:
    """The sentences before one, as the model is shown them."""
    return " ".join(sentence.text for sentence in found[max(0, number - BEFORE) : number])
