"""Where a text mentions a name, in any script: what is marked for an encoder, and counted where there is none."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import regex

from stance.base.words import UNSPACED, WEEKDAYS, characters, composed, whole

_ENGLISH = "the a an of and to in for on its their his her"
_GERMAN = "der die das dem den des im und van vom von zu zum zur"
_ROMANCE = "da de del della des di do dos du e el en et gli il la las le les lo los y"
_ARABIC = "al bin ibn"

#: Words that say nothing of whose name it is; of other languages than English those that stand in names.
LITTLE_WORDS = frozenset(" ".join([_ENGLISH, _GERMAN, _ROMANCE, _ARABIC]).split())

#: Of these those that may stand between two words of one mention, but not with another beside them.
_CONJUNCTIONS = frozenset(["and", "e", "et", "und", "y"])

#: Those that stand between what is named and whose or which it is.
_LINKS = frozenset(["of", "for", "da", "de", "del", "della", "des", "di", "do", "du", "für", "von", "zu", "zur"])

#: Lower-case words that are a name only where they are written as one: May, Will, and the like.
_ORDINARY = frozenset(["may", "will", "can", "who", "it", "us", "he", "she", "they", "all", "no", "now", "hope"])

#: Capitals after a name that are no part of one: the President Monday said.
_DAYS = frozenset(WEEKDAYS)

_OF_STATE = "Ambassador Chancellor Chief Crown Deputy Finance Foreign Minister Ministers Premier President Prime Vice"
_OTHER_OFFICES = "Envoy Leader MP MPs Official Officials Secretary Senator Senators Spokesman Spokesperson Spokeswoman"

#: Offices: after the beginning of a name that has none they say whose they are, and begin no other name: Israeli Prime
#: Minister for the Israeli Government, Labour MPs for the Labour Party.
_OFFICES = frozenset(" ".join([_OF_STATE, _OTHER_OFFICES]).split())

#: Titles, which alone say nothing of whose name it is: Mr. Biden for Mr. Trump.
_TITLES = frozenset(["Dr", "Gen", "Gov", "Mr", "Mrs", "Ms", "Prof", "Rep", "Sen", "Sir"])

#: What may stand between two words of one mention.
_MARKS = frozenset("-'’·・")

#: After these, and at the beginning of a text, a capital says nothing.
_SENTENCE_ENDS = frozenset(".!?:\"'“”„«»‘’")

_LETTER = r"[\p{L}\p{M}\p{N}_]"
_INITIAL = rf"(?![{UNSPACED}])[\p{{Lu}}\p{{Lt}}\p{{Lo}}]\p{{M}}*"

#: Initials with dots (U.N., J.K, the W. before Bush), AT&T, G-20 are one word each; so is a word with its vowel signs.
_TOKEN = regex.compile(
    rf"{_INITIAL}(?:\.{_INITIAL})+(?:\.|(?!\.?{_LETTER}))"
    rf"|\p{{Lu}}\.(?=\s*\p{{Lu}})|\p{{Lu}}+(?:&\p{{Lu}}+)+(?!{_LETTER})|\p{{Lu}}-\p{{N}}+(?!{_LETTER})"
    rf"|[{UNSPACED}]\p{{M}}*|(?:(?![{UNSPACED}])(?:{_LETTER}|[\u00ad\u200b-\u200d\u2060]))+|\S"
)

#: What a word is compared without.
_DROPPED = str.maketrans("", "", ".-\u00ad\u200b\u200c\u200d\u2060")

#: A name with any of these is looked for as it is: where no blanks part words, or (Hangul) particles follow at once.
_AS_IT_IS = regex.compile(rf"[{UNSPACED}\p{{Hangul}}]")

#: A word that has so many first letters of another is a form of it: Arabian, Democrats.
_SAME = 5

#: Names in capitals up to this length match by case; longer ones also as Nato and Opec.
_SHORT = 3


@dataclass(frozen=True, slots=True)
class _Word:
    """A token of a text or name: where it is, what it is compared by, and whether a sentence may begin with it."""

    start: int
    end: int
    form: str
    first: bool


def mentions(text: str, name: str) -> list[tuple[int, int]]:
    """Start and end of each mention of a name in a text, in order; both in Unicode's composed form (NFC).

    A mention is a run of the name's words in any order, articles, prepositions and the like aside; of several runs
    those that have the most of its words count, so that another ministry is not taken for the ministry named. Words
    that begin another name do not count: South Korea for South Sudan. A whole name of several words counts in any
    case; else capitals are as in the name, unless nothing is found so. A name in capitals matches by case: ``US`` is
    not ``us``, ``WHO`` not ``who``; from four letters on also ``Nato`` within a sentence. Initials with dots are one
    word, the same as without dots: ``U.N.`` is ``UN``. A single letter, a number or a little word is no mention. In
    scripts without blanks between words the name is looked for as it is, and where it is not found, its parts. An empty
    name is the author's, who is not mentioned.
    """
    if _AS_IT_IS.search(name):
        return _as_it_is(text, name.strip())
    of_name = _words(name)
    forms = [word.form for word in of_name if not _is_letter(word.form)]
    wanted = {form for form in forms if form not in LITTLE_WORDS and form.casefold() != "the"}
    tokens = _of_another_name(_of_another_kind(_of_another(_words(text), of_name), of_name), of_name)
    for same in (_in_a_whole, _as_written, _in_any_case):
        if found := _longest(tokens, wanted, same):
            return found
    return []


def _of_another(tokens: list[_Word], name: list[_Word]) -> list[_Word]:
    """The tokens without the word that a name has before its letter or number, where another one follows: Party B.

    As without the dot of Mr. X, if the name has one.
    """
    if len(name) < 2 or not _tells(name[-1].form):
        return tokens
    dotted = len(name) > 2 and name[-2].form == "."
    word, last = name[-3 if dotted else -2].form.casefold(), name[-1].form
    others = {
        this.start
        for this, after in pairwise(each for each in tokens if not (dotted and each.form == "."))
        if this.form.casefold() == word and _tells(after.form) and after.form != last
    }
    return [replace(each, form=" ") if each.start in others else each for each in tokens]


def _of_another_kind(tokens: list[_Word], name: list[_Word]) -> list[_Word]:
    """The tokens without the word that a name has before an "of", where another name follows: Ministry of Finance."""
    forms = {word.form.casefold() for word in name}
    initials = "".join(word.form[0] for word in name if word.form[0].isupper())
    kinds = {word.form.casefold() for word, after in _linked(name) if after.form[0].isupper()}
    others = {
        word.start
        for word, after in (_linked(tokens) if kinds else ())
        if word.form.casefold() in kinds and after.form[0].isupper() and after.form.casefold() not in forms
        if not (_in_capitals(after.form) and initials.endswith(after.form))  # the US of the United States
    }
    return [replace(each, form=" ") if each.start in others else each for each in tokens]


def _of_another_name(tokens: list[_Word], name: list[_Word]) -> list[_Word]:
    """The tokens without what a name has before its last word, where another name goes on: President Biden.

    Where all words have capitals, as in a heading, a capital says nothing. South Africans are of South Africa.
    """
    name = [word for word in name if not _is_letter(word.form)]  # the W. of George W. Bush begins no Washington
    begun = tuple(word.form[:_SAME] for word in name)
    before = {word.form for word, after in pairwise(name) if _has_capital(word) and _has_capital(after)}
    before.discard(name[-1].form if name else "")
    if not before or not any(word.form[0].islower() and len(word.form) > _SHORT for word in tokens):
        return tokens
    ended = _DAYS if any(word.form in _OFFICES for word in name) else _DAYS | _OFFICES
    kept = list(tokens)
    goes_on = False
    for index in range(len(tokens) - 2, -1, -1):
        word, after = tokens[index], tokens[index + 1]
        begins = _has_capital(after) and not after.form.startswith(begun) and after.form not in ended
        goes_on = word.form in before and (begins or (goes_on and after.form in before))
        if goes_on:
            kept[index] = replace(word, form=" ")
    return kept


def _has_capital(word: _Word) -> bool:
    return len(word.form) > 1 and word.form[0].isupper()


def _linked(tokens: Sequence[_Word]) -> Iterator[tuple[_Word, _Word]]:
    """Each word that an "of" or the like follows, and the word after that."""
    for index, word in enumerate(tokens[:-2]):
        if word.form.casefold() in LITTLE_WORDS or tokens[index + 1].form not in _LINKS:
            continue
        after = next((each for each in tokens[index + 2 : index + 5] if each.form.casefold() not in LITTLE_WORDS), None)
        if after is not None:
            yield word, after


def _tells(form: str) -> bool:
    """Whether it is what numbers parties, groups and persons: a capital letter, a number."""
    return form.isnumeric() or (len(form) == 1 and form.isupper())


def _as_it_is(text: str, name: str) -> list[tuple[int, int]]:
    parts = [part for part in regex.split(r"[^\p{L}\p{M}\p{N}]+", name) if len(part) > 1]
    for wanted in ([name], parts):
        if wanted and (found := [match.span() for match in regex.finditer(whole(wanted), text)]):
            return found
    return []


def _words(text: str) -> list[_Word]:
    found: list[_Word] = []
    before = "."
    for match in _TOKEN.finditer(text):
        token = match.group()
        form = token.translate(_DROPPED) if len(token) > 1 else token
        found.append(_Word(match.start(), match.end(), form, before in _SENTENCE_ENDS))
        before = token
    return found


def _is_letter(word: str) -> bool:
    return len(characters(word)) == 1


def _in_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _as_written(word: _Word, wanted: set[str]) -> str | None:
    """The word of the name that a word of the text is, written alike, or with a capital where the name has none."""
    return next((form for form in (word.form, word.form.casefold()) if form in wanted), None)


def _in_a_whole(word: _Word, wanted: set[str]) -> str | None:
    """Likewise whatever its case, of a name of several words all of which must be there."""
    for name in wanted if len(wanted) > 1 else ():
        if name.casefold() == word.form.casefold() and not (_in_capitals(name) and word.form.islower()):
            return name
    return None


def _in_any_case(word: _Word, wanted: set[str]) -> str | None:
    """Likewise whatever its case, as far as names in capitals and ordinary words allow."""
    for name in wanted:
        if name.casefold() != word.form.casefold():
            continue
        if _in_capitals(name) and (len(name) <= _SHORT or word.first or not word.form[0].isupper()):
            continue
        if word.form in _ORDINARY and not name.islower():
            continue
        return name
    return None


def _joined(between: Sequence[str]) -> bool:
    """Whether two words of a name are one mention, by what stands between them: of the, an apostrophe, d', nothing."""
    if len(between) > 1 and _CONJUNCTIONS.intersection(between):
        return False
    return len(between) < 4 and all(
        word in LITTLE_WORDS or word in _MARKS or (_is_letter(word) and word[0].isalpha()) for word in between
    )


def _longest(
    tokens: Sequence[_Word], wanted: set[str], same: Callable[[_Word, set[str]], str | None]
) -> list[tuple[int, int]]:
    """The runs of wanted words that have the most of them, if these say whose name it is."""
    runs: list[tuple[list[_Word], set[str]]] = []
    previous = -1
    for index, token in enumerate(tokens):
        name = same(token, wanted)
        if name is None:
            continue
        between = [word.form.casefold() for word in tokens[previous + 1 : index]]
        if runs and _joined(between) and not (between and name in runs[-1][1]):
            runs[-1][0].append(token)
            runs[-1][1].add(name)
        else:
            runs.append(([token], {name}))
        previous = index
    weak = {word for word in wanted if word.isnumeric() or word.casefold() in LITTLE_WORDS or word in _TITLES}
    telling = [(run, names) for run, names in runs if not names <= weak or weak == wanted]
    most = max((len(names) for _, names in telling), default=0)
    if same is _in_a_whole and most < len(wanted):
        return []
    return [(run[0].start, run[-1].end) for run, names in telling if len(names) == most]


def marked(text: str, name: str, mark: str) -> str:
    """The text, in Unicode's composed form, with a mark before and after each mention of a name.

    The mark itself is taken out of the text, so that nothing else is ever taken for it.

    Source: entity markers after Zhou and Chen (2022), An Improved Baseline for Sentence-level Relation Extraction.
    """
    text = composed(text).replace(mark, " ")
    for start, end in reversed(mentions(text, composed(name))):
        text = f"{text[:start]}{mark} {text[start:end]} {mark}{text[end:]}"
    return text
