"""Penn Treebank tokens put together again, as near to the text that they were cut from as tokens allow.

Detokenizers of libraries (nltk, sacremoses) give the text alone. Here each token's place in it is needed too, so that a
mention is a piece of its sentence, letter for letter.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: How the Penn Treebank spells what its format needs for itself, and non-breaking space.
_SPELLED = {
    "-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}",
    "``": '"', "''": '"', "`": "'", "\u00a0": " ",
}  # fmt: skip
_SPELLING = re.compile("|".join(sorted(map(re.escape, _SPELLED), key=len, reverse=True)))

#: What the next token follows without a blank.
_OPENING = re.compile(r"``?|-L[RSC]B-")

#: What follows the token before it without a blank: punctuation, closing quotes and brackets, clitics.
_CLOSING = re.compile(r"[,.:;%]|[?!]+|''?|-R[RSC]B-|'(?:s|re|ve|m|ll|d)|n['`]t", re.IGNORECASE)

#: Signs that a number follows without a blank: $, US$, #.
_BEFORE_NUMBER = re.compile(r".*\$|#")

#: The rest of a number that was cut in two: 1 .5, 9 ,427.
_REST_OF_NUMBER = re.compile(r"[.,]\d")


@dataclass(frozen=True, slots=True)
class Joined:
    """A text, and for each of its tokens start and end in it."""

    text: str
    spans: tuple[tuple[int, int], ...]


def joined(tokens: Sequence[str]) -> Joined:
    """The text of Penn Treebank tokens.

    Brackets and quotes are spelled as usual, both double quotes as ``"``; clitics (``n't``, ``'s``), punctuation and
    signs stand where they do in print. What the tokens do not tell stays apart: dashes, dots of omission, ``can not``.

    >>> joined(["They", "do", "n't", "sign", "-LRB-", "yet", "-RRB-", "."]).text
    "They don't sign (yet)."
    """
    text = ""
    spans = []
    before = None
    for token in tokens:
        if before is not None and not _joins(before, token):
            text += " "
        start = len(text)
        text += _SPELLING.sub(lambda found: _SPELLED[found[0]], token)
        spans.append((start, len(text)))
        before = token
    return Joined(text, tuple(spans))


def _joins(before: str, token: str) -> bool:
    """Whether no blank stands between two tokens."""
    if _OPENING.fullmatch(before) or _CLOSING.fullmatch(token):
        return True
    if _BEFORE_NUMBER.fullmatch(before):
        return token[:1].isdigit()
    return before[-1:].isdigit() and _REST_OF_NUMBER.match(token) is not None
