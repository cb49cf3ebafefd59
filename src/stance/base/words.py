"""Where words begin and end, in any script, and when two strings are one."""

import re
import unicodedata
from collections.abc import Callable, Iterable

import regex

#: Characters of scripts that write no blanks between words: for Chinese, Japanese, Thai, Khmer and the like.
UNSPACED = r"\p{Han}\p{Hiragana}\p{lb=SA}"

#: A letter or digit and those that follow, with the vowel signs and joiners that belong to them.
_RUN = regex.compile(r"[\p{L}\p{N}_][\p{L}\p{M}\p{N}_]*(?:[\u200c\u200d][\p{L}\p{M}\p{N}_]+)*")

_PLAIN_RUN = re.compile(r"\w+")
_UNSPACED = regex.compile(rf"[{UNSPACED}]")
_PIECE = regex.compile(rf"[{UNSPACED}]\p{{M}}*|[^{UNSPACED}]+")
_GAP = regex.compile(rf"(?<=[{UNSPACED}]\p{{M}}*) (?=[{UNSPACED}])")

#: Half of a surrogate pair; and what a message says of it.
HALF = re.compile("[\ud800-\udfff]")
NO_CHARACTER = "half of a surrogate pair, which is no character"

#: Characters without width.
NO_WIDTH = "\xad\u200b\u200c\u200d\u2060\ufeff"

#: Blanks besides: a text of these alone looks empty.
_UNSEEN = f" \t\r\n\xa0\u3164{NO_WIDTH}"

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def composed(text: str) -> str:
    """The text in Unicode's composed form (NFC), in which two spellings of one string are the same."""
    return unicodedata.normalize("NFC", text)


def visible(text: str) -> str:
    """A text without the space around it; one without any width is empty."""
    return text.strip() if text.strip(_UNSEEN) else ""


def one_spelling() -> Callable[[str], str]:
    """A function that gives each string as it was spelled when it first came, composed or not."""
    first: dict[str, str] = {}
    return lambda text: first.setdefault(composed(text), text)


def words(text: str) -> list[str]:
    """The words of a text in order; in scripts without blanks between words each character is one, as UAX #29 has it.

    Source: Unicode Standard Annex 29; apostrophes and points part words here.
    """
    runs = (_PLAIN_RUN if text.isascii() else _RUN).findall(text)
    if not has_unspaced(text):
        return runs
    return [piece for run in runs for piece in _PIECE.findall(run)]


def has_unspaced(text: str) -> bool:
    """Whether any of it is in a script without blanks between words."""
    return not text.isascii() and _UNSPACED.search(text) is not None


def count_words(text: str) -> int:
    """How many words a text has, by its blanks where the script has them."""
    return len(words(text)) if has_unspaced(text) else len(text.split())


def last_words(text: str, number: int) -> str:
    """The end of a text from its so-many-th last word on."""
    if not has_unspaced(text):
        return " ".join(text.split()[-number:])
    start = len(text)
    for word in reversed(words(text)[-number:]):
        start = text.rindex(word, 0, start)
    return text[start:]


def joined(found: Iterable[str]) -> str:
    """Words with blanks between, but for those of a script that has none."""
    text = " ".join(found)
    return text if text.isascii() else _GAP.sub("", text)


def characters(text: str) -> list[str] | str:
    """What a reader takes for one character each: a letter with its vowel signs and accents."""
    return text if text.isascii() else regex.findall(r"\X", text)


def whole(names: Iterable[str]) -> str:
    """A pattern for :mod:`regex` that finds names as whole words, as far as their scripts show where words end.

    In a script without blanks any character may stand beside them; a particle may follow a Korean name.
    """
    return "|".join(_edge(name[:1], "<!") + regex.escape(name) + _edge(name[-1:], "!") for name in names)


def _edge(character: str, looking: str) -> str:
    """What must not stand before (``<!``) or after (``!``) a name that begins or ends with the character."""
    if _UNSPACED.match(character) or (looking == "!" and regex.match(r"\p{Hangul}", character)):
        return rf"(?{looking}\p{{M}})" if looking == "!" else ""
    return rf"(?{looking}(?![{UNSPACED}])[\p{{L}}\p{{M}}\p{{N}}_])"
