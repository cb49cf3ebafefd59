"""Where a text mentions a name, in any script: what is marked for an encoder, and counted where there is none."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import regex

#: Words of a name that say nothing of whose name it is.
LITTLE_WORDS = frozenset(["the", "a", "an", "of", "and", "to", "in", "for", "on", "its", "their", "his", "her"])

#: Lower-case words that are a name only where they are written as one: May, Will, and the like.
_ORDINARY = frozenset(["may", "will", "can", "who", "it", "us", "he", "she", "they", "all", "no", "now", "hope"])

#: What may stand between two words of one mention.
_MARKS = frozenset(["-", "'", "’"])

#: Initials with dots, a word with the vowel signs that belong to it, or one other character.
_TOKEN = regex.compile(r"(?:\p{Lu}\.){2,}|[\p{L}\p{M}\p{N}_]+|[^\s]")

#: Scripts that write no blanks between words: a name is looked for as it is.
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")

#: Names in capitals up to this length match by case; longer ones also as Nato and Opec.
_SHORT = 3


@dataclass(frozen=True, slots=True)
class _Word:
    """A token of a text or name: where it is, and what it is compared by."""

    start: int
    end: int
    form: str


def mentions(text: str, name: str) -> list[tuple[int, int]]:
    """Start and end of each mention of a name in a text, in order; both in Unicode's composed form (NFC).

    A mention is a run of the name's words in any order, articles, prepositions and the like aside; of several runs
    those that have the most of its words count, so that another ministry is not taken for the ministry named. Capitals
    are as in the name, unless nothing is found so: then in any case. A name in capitals matches by case: ``US`` is
    not ``us``, ``WHO`` not ``who``. Initials with dots are one word, the same as without dots: ``U.N.`` is ``UN``. A
    single letter is no mention. In scripts without blanks between words the name is looked for as it is.

    Args:
        text: Any text.
        name: Of the holder; empty = the author, who is not mentioned.
    """
    if _UNSPACED.search(name):
        found = regex.finditer(regex.escape(name.strip()), text, flags=regex.IGNORECASE)
        return [match.span() for match in found]
    wanted = {
        word.form
        for word in _words(name)
        if len(word.form) > 1 and (word.form.casefold() not in LITTLE_WORDS or _in_capitals(word.form))
    }
    tokens = _words(text)
    return _longest(tokens, wanted, _as_written) or _longest(tokens, wanted, _in_any_case)


def _words(text: str) -> list[_Word]:
    return [_Word(match.start(), match.end(), _form(match.group())) for match in _TOKEN.finditer(text)]


def _form(token: str) -> str:
    return token.replace(".", "") if len(token) > 1 else token


def _in_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _as_written(word: str, wanted: set[str]) -> str | None:
    """The word of the name that a word of the text is, written alike, or with a capital where the name has none."""
    return next((form for form in (word, word.casefold()) if form in wanted), None)


def _in_any_case(word: str, wanted: set[str]) -> str | None:
    """The word of the name that a word of the text is, whatever its case, as far as names in capitals allow."""
    for name in wanted:
        if name.casefold() != word.casefold():
            continue
        if _in_capitals(name) and (len(name) <= _SHORT or not word[0].isupper()):
            continue
        if word in _ORDINARY and not name.islower():
            continue
        return name
    return None


def _joined(between: list[str]) -> bool:
    """Whether two words of a name are one mention, by what stands between them: of, an apostrophe, ``d'``, nothing."""
    if len(between) < 2:
        return not between or between[0] in LITTLE_WORDS | _MARKS
    return len(between) == 2 and all(word in _MARKS or (len(word) == 1 and word.isalpha()) for word in between)


def _longest(
    tokens: list[_Word], wanted: set[str], same: Callable[[str, set[str]], str | None]
) -> list[tuple[int, int]]:
    """The runs of wanted words that have the most of them."""
    runs: list[tuple[list[_Word], set[str]]] = []
    previous = -1
    for index, token in enumerate(tokens):
        name = same(token.form, wanted)
        if name is None:
            continue
        between = [word.form.casefold() for word in tokens[previous + 1 : index]]
        if runs and _joined(between):
            runs[-1][0].append(token)
            runs[-1][1].add(name)
        else:
            runs.append(([token], {name}))
        previous = index
    most = max((len(names) for _, names in runs), default=0)
    return [(run[0].start, run[-1].end) for run, names in runs if len(names) == most]


def marked(text: str, name: str, mark: str) -> str:
    """The text, in Unicode's composed form, with a mark before and after each mention of a name.

    The mark itself is taken out of the text, so that nothing else is ever taken for it.

    Source: entity markers after Zhou and Chen (2022), An Improved Baseline for Sentence-level Relation Extraction.
    """
    text = unicodedata.normalize("NFC", text).replace(mark, " ")
    for start, end in reversed(mentions(text, unicodedata.normalize("NFC", name))):
        text = f"{text[:start]}{mark} {text[start:end]} {mark}{text[end:]}"
    return text
