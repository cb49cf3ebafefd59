"""Documents of one text, as a wire story in ten papers: what it says counts once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from stance.base.words import composed
from stance.map.types import Document, Evidence

#: Where something is said, alike in all copies of a document: the first of them, and the letters before.
Place = tuple[str, int]


def first_copies(documents: Iterable[Document]) -> dict[str, str]:
    """By the id of a document that of the first with the same text, whose composition and white space do not count."""
    first: dict[bytes, str] = {}
    return {
        each.id: first.setdefault(
            blake2b(" ".join(composed(each.text).split()).encode("utf-8", "replace"), digest_size=16).digest(), each.id
        )
        for each in documents
    }


def places(evidence: Sequence[Evidence], documents: Sequence[Document]) -> list[Place]:
    """Where each statement is made.

    Args:
        evidence: The statements.
        documents: With their texts; those that are not among them have no copies.
    """
    firsts = first_copies(documents)
    copied = {first for first, number in Counter(firsts.values()).items() if number > 1}
    starts: defaultdict[str, set[int]] = defaultdict(set)
    for row in evidence:
        if firsts.get(row.document) in copied:
            starts[row.document].add(row.start)
    letters = {each.id: _letters_before(each.text, starts[each.id]) for each in documents if each.id in starts}
    return [
        (firsts.get(row.document, row.document), letters.get(row.document, {}).get(row.start, row.start))
        for row in evidence
    ]


def _letters_before(text: str, starts: Iterable[int]) -> dict[int, int]:
    """How many characters, white space left out, stand before each offset."""
    found, last, number = {}, 0, 0
    for start in sorted(starts):
        number += len("".join(composed(text[last:start]).split()))
        found[start], last = number, start
    return found
