"""Cautions that are shown beside the score of a language model."""

from __future__ import annotations

from collections.abc import Mapping

#: What a language model had to do with a corpus, by its reader.
MADE_BY_A_MODEL: Mapping[str, str] = {
    "negotiation": "The sentences and judgements",
    "news": "The sentences and judgements",
    "bundled": "The sentences and judgements",
    "silver": "The sentences and judgements",
    "wire": "The judgements",
}

SEEN = (
    "A language model may have seen a public corpus while it was trained, gold labels and all. Nothing here shows that "
    "it has not, and on rows that it has seen the score is none on new ones."
)


def caveats(reader: str, corpus: str) -> list[str]:
    """Sentences on why a language model's score on a corpus may flatter it.

    Args:
        reader: Of the corpus, as ``data.reader`` has it.
        corpus: Its name.
    """
    if reader not in MADE_BY_A_MODEL:
        return [SEEN]
    made = f"{MADE_BY_A_MODEL[reader]} of the corpus {corpus} were made by a language model, and another one is asked"
    return [f"{made} to agree with its like: its score here is unrealistically high.", SEEN]
