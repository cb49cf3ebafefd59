"""Edits of a text that leave its stance as it is: for robustness and for invariance tests.

Each takes the text and a random generator, and gives the text back unchanged where it has nothing to do.
"""

import random
import re
from collections.abc import Callable, Mapping

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

Edit = Callable[[str, random.Random], str]

#: Content words that one spelling edit changes.
MISSPELT = 2

KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

#: A letter's neighbours to the left and right on an English keyboard.
NEIGHBOURS: Mapping[str, str] = {
    letter: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in KEYBOARD
    for place, letter in enumerate(row)
}

#: Read both ways: what is contracted is written out, and the reverse.
CONTRACTIONS = {
    "will not": "won't", "cannot": "can't", "would not": "wouldn't", "could not": "couldn't", "should not": "shouldn't",
    "does not": "doesn't", "do not": "don't", "did not": "didn't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "were not": "weren't", "has not": "hasn't", "have not": "haven't", "had not": "hadn't",
    "no one": "nobody", "although": "even though",
}  # fmt: skip

#: Words that have another one of the same sense in the given surroundings.
SYNONYMS = {
    r"(?<!is )(?<!are )(?<!was )(?<!were )(?<!be )(?<!been )said(?= that\b)": "stated",
    r"(?<=, )but(?= (?:he|she|it|they|we|I)\b)": "yet",
    r"because(?! of)": "since",
    r"in order to": "so as to",
    r"began": "started",
    r"however(?=,)": "nevertheless",
    r"perhaps": "maybe",
    r"almost": "nearly",
    r"often": "frequently",
    r"despite": "in spite of",
    r"immediately": "at once",
    r"agreement": "accord",
    r"accepted(?! the same)(?= (?:the|a|an|his|her|its|their)\b)": "agreed to",
    r"rejected(?= (?:the|a|an|his|her|its|their)\b)": "turned down",
    r"called for(?= (?:the|a|an)\b)": "asked for",
}

#: First words that lose their capital when the sentence is turned round.
OPENERS = r"(?:The|A|An|It|Its|They|Their|He|His|She|Her|We|Our|This|That|There|No|Nobody|Some|Most|Both|All)"


def tautology(text: str, draw: random.Random) -> str:
    """The text behind a tautology with negation words.

    Naik et al. 2018 (Stress Test Evaluation for Natural Language Inference, COLING), put in front of the text as
    Schiller et al. 2021 do.
    """
    return f"false is not true and {text}"


def spelling(text: str, draw: random.Random) -> str:
    """Two content words misspelt: two inner letters swapped, or one inner letter's neighbour on the keyboard.

    Content words are lower-case words of five letters or more that are no stop words: capitalised names stay whole,
    and so do words before an apostrophe, as in a contracted negation.
    """
    words = [match for match in re.finditer(r"\b[a-z]{5,}\b(?!['’])", text) if match.group() not in ENGLISH_STOP_WORDS]
    for match in sorted(draw.sample(words, min(MISSPELT, len(words))), key=lambda match: -match.start()):
        text = text[: match.start()] + _misspelt(match.group(), draw) + text[match.end() :]
    return text


def _misspelt(word: str, draw: random.Random) -> str:
    swaps = [place for place in range(1, len(word) - 2) if word[place] != word[place + 1]]
    if swaps and draw.random() < 0.5:
        place = draw.choice(swaps)
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    place = draw.randrange(1, len(word) - 1)
    return word[:place] + draw.choice(NEIGHBOURS[word[place]]) + word[place + 1 :]


def paraphrase(text: str, draw: random.Random) -> str:
    """The text by rule in other words: turned round, negations contracted or written out, synonyms.

    A source or a weekday at the end of a sentence without quotation goes to its front. This is much weaker than the
    translation to German and back of Schiller et al. 2021: most of the words stay.
    """
    text = _turned(text)
    both = CONTRACTIONS | {short: long for long, short in CONTRACTIONS.items() if "'" in short}
    phrases = "|".join(sorted(map(re.escape, both), key=len, reverse=True))
    text = re.sub(rf"\b(?:{phrases})\b", lambda match: _as(match[0], both[match[0].lower()]), text, flags=re.I)
    for pattern, synonym in SYNONYMS.items():
        text = re.sub(rf"\b{pattern}\b", synonym, text)
    return text


def _turned(text: str) -> str:
    if re.search(r'["“”‘;:?!]', text):
        return text
    said = re.fullmatch(rf"({OPENERS}\b[^,.]*), (the [^,.]+) (said|added|stated)\.", text)
    if said:
        clause, who, verb = said.groups()
        return f"T{who[1:]} {verb} that {_lower(clause)}."
    when = re.fullmatch(rf"({OPENERS}\b[^.]*) (on (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\.", text)
    return f"O{when[2][1:]} {_lower(when[1])}." if when else text


def _as(found: str, replacement: str) -> str:
    """The replacement with a capital if what was found has one."""
    return replacement[0].upper() + replacement[1:] if found[0].isupper() else replacement


def _lower(clause: str) -> str:
    return clause[0].lower() + clause[1:]


def quotation_marks(text: str, draw: random.Random) -> str:
    """Straight double quotation marks made curly, or curly ones straight."""
    if "“" in text or "”" in text:
        return text.replace("“", '"').replace("”", '"')
    return re.sub(r'"([^"]*)"', r"“\1”", text)


def lower_case(text: str, draw: random.Random) -> str:
    """The text in lower case."""
    return text.lower()


EDITS: Mapping[str, Edit] = {
    "tautology": tautology,
    "spelling": spelling,
    "paraphrase": paraphrase,
    "quotation_marks": quotation_marks,
    "lower_case": lower_case,
}
