"""Texts that are the same but for case and punctuation, or nearly the same."""

import functools
import re
from collections.abc import Iterable

from datasketch import MinHash, MinHashLSH
from datasketch.hashfunc import sha1_hash32

from stance.base.words import characters, composed, joined, words

#: Sentences count as near-duplicates from this Jaccard similarity of their sets of character 5-grams on.
NEAR_DUPLICATE = 0.8


def normalized(text: str) -> str:
    """Lower case, words only, single spaces: two texts with one normal form are duplicates.

    Words are as :func:`stance.base.words.words` has them, composed; a text without any (an emoji, a bare link) is its
    own normal form.
    """
    text = composed(text)
    return joined(words(re.sub(r"https?://\S+", " ", text.lower()))) or text.strip()


def near_duplicates(texts: Iterable[str], among: Iterable[str]) -> dict[str, list[str]]:
    """For each text in normal form the other ones that are its near-duplicates, the nearest first.

    MinHash finds the candidates. It misses 13% of the pairs with a similarity of 0.80, 2.5% at 0.85, 0.1% at 0.90.
    """
    hashed = functools.lru_cache(1 << 18)(lambda shingle: sha1_hash32(shingle.encode("utf-8")))  # most recur
    index, empty = MinHashLSH(num_perm=128, params=_bands()), MinHash(num_perm=128, seed=1, hashfunc=hashed)
    sketches: dict[str, MinHash] = {}

    def sketch(text: str) -> MinHash:
        if text not in sketches:
            sketches[text] = empty.copy()  # the same permutations, which take longer to draw than all else here
            sketches[text].update_batch(_shingles(text))
        return sketches[text]

    for other in among:
        index.insert(other, sketch(other))
    found = {}
    for text in texts:
        measured = {}
        for other in index.query(sketch(text)):
            if other != text:
                own, theirs = _shingles(text), _shingles(other)
                measured[other] = len(own & theirs) / len(own | theirs)
        near = [other for other, similarity in measured.items() if similarity >= NEAR_DUPLICATE]
        found[text] = sorted(near, key=lambda other: (-measured[other], other))
    return found


@functools.cache
def _bands() -> tuple[int, int]:
    """Bands of a sketch and values in each: four pairs in ten are candidates at a similarity of 0.7, nearly all at 0.9.

    More bands would miss fewer pairs at :data:`NEAR_DUPLICATE`, and move recorded numbers. datasketch takes 0.1 s.
    """
    index = MinHashLSH(threshold=NEAR_DUPLICATE - 0.1, num_perm=128)
    return index.b, index.r


def _shingles(text: str) -> set[str]:
    letters = characters(text)
    starts = range(max(1, len(letters) - 4))
    if isinstance(letters, str):
        return {letters[i : i + 5] for i in starts}
    return {"".join(letters[i : i + 5]) for i in starts}
