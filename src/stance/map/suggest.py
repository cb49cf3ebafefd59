"""Actors that the documents propose: who stands before a verb of saying or acting, or a pipeline's entities."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import regex

from stance.base.errors import first_line, input_error
from stance.base.extras import from_extras
from stance.base.tables import write_table
from stance.base.words import WEEKDAYS
from stance.map.actors import MONTHS, normalised
from stance.map.types import Document

#: Candidates that are written at most.
MOST = 500

#: Kinds of entities that can act, as pipelines of OntoNotes and of WikiNER call them.
KINDS = ("PERSON", "PER", "ORG", "NORP", "GPE")

_VERBS = (
    "said|says|told|asked|called|urged|rejected|rejects|refused|refuses|accepted|accepts|agreed|announced|demanded|"
    "proposed|offered|warned|insisted|denied|ruled|welcomed|backed|opposed|supported|condemned|signed|wants|wanted|"
    "repeated|declared|threatened|suggested|added|stated|argued|accused|blocked|walked|withdrew|vowed|pledged|"
    "expects|expected|invited|met|mediated|hosted|turned|dismissed|endorsed|favoured|favored|will|would|has|had"
)
_TITLES = "Mr|Mrs|Ms|Dr|Prof|Gen|Lt|Col|Maj|Capt|Sgt|Adm|Cmdr|Brig|Sen|Rep|Gov|Pres|Amb|Hon|Rev|St|Fr"

#: Capitalised words that begin a sentence and are no part of a name; after some of them a month is none either.
_WHEN = "In|On|By|Since|Until|Before|After|During|From|Last"
_OPENERS = (
    f"The|A|An|{_WHEN}|At|As|When|While|Where|If|Because|Although|Though|Whether|Once|Unless|And|But|Or|Nor|So|Yet|Then|"
    "Thus|Now|Today|Yesterday|Tomorrow|Tonight|Later|Earlier|Meanwhile|Moreover|However|Instead|Also|Still|That|This|"
    "These|Those|Both|Neither"
)
_DAYS = "|".join(WEEKDAYS)
_MONTHS = "January|February|July|September|October|November|December"  # the others are names of people too
_ALL_MONTHS = "|".join((_MONTHS, *MONTHS))
_OPENING = regex.compile(rf"(?:(?:{_WHEN}) (?:{_ALL_MONTHS})|{_OPENERS}|{_DAYS}|{_MONTHS}|the) (?=\S)")

#: Capitalised words that stand alone and are nobody's name.
_NOBODY = regex.compile(
    "he|she|it|they|we|i|you|who|there|what|which|no|nobody|each|all|some|most|many|one|two|his|her|its|their|our|for|"
    f"{_OPENERS}|{_DAYS}|{_MONTHS}",
    regex.I,
)

#: Words for people who are not named.
_UNNAMED = regex.compile(
    "sources|officials|reports|witnesses|observers|analysts|experts|critics|insiders|people|others", regex.I
)

#: A full stop within a word, or after initials and titles, ends no sentence, unless a word follows that begins one.
_PLAIN = r"\p{Lu}(?:[\p{L}\p{M}\p{N}'’-]|\.(?=[\p{Ll}\p{N}]))*"
_STOPPED = rf"(?:(?:{_TITLES})\.|(?:\p{{Lu}}\.)+(?:{_PLAIN})?)(?! (?i:{_NOBODY.pattern})\b)"
_WORD = rf"(?:{_STOPPED}|{_PLAIN})"
_NAME = rf"(?:the )?{_WORD}(?:(?: (?:of|for|and|the|de|al|bin|von))* {_WORD}){{0,5}}"
_SAYS = rf"(?: \p{{Ll}}+ly)? (?:{_VERBS})\b"
#: The name before the verb, and that between commas before it (its envoy, Amina Diallo, said).
_SUBJECT = regex.compile(
    rf"(?<![\p{{L}}.])(?P<name>{_NAME})(?=(?:, [^,.;]{{1,80}},)?{_SAYS})|(?<=, )(?P<name>{_NAME})(?=,{_SAYS})"
)


def subjects_in(text: str) -> Iterator[str]:
    """Capitalised names before a verb of saying or acting; of two with ``and the`` between them each."""
    for found in _SUBJECT.finditer(text):
        yield from found["name"].split(" and the ")


def entities_of(pipeline: str) -> Callable[[str], Iterator[str]]:
    """A function that finds persons, organizations, groups and states in a text, each as often as it is named.

    Args:
        pipeline: Its name (``en_core_web_sm``, which is installed as a package) or folder.

    Raises:
        StanceError: spaCy or the pipeline is not there, or it marks no entities.
    """
    with from_extras():
        import spacy
    try:
        read = spacy.load(pipeline)
    except (OSError, ValueError) as error:
        allowed = "a pipeline's folder, or the name of one that is installed (python -m spacy download en_core_web_sm)"
        problem = f"no pipeline of spaCy: {first_line(error)}"
        raise input_error("entities", problem, found=pipeline, allowed=allowed) from None
    if not {"ner", "entity_ruler"} & set(read.pipe_names):
        raise input_error("entities", "the pipeline marks no entities", found=read.pipe_names, allowed="one with ner")
    read.max_length = 10**9  # largest= has set aside what is too long

    def names(text: str) -> Iterator[str]:
        for found in read(text).ents:
            if found.label_ in KINDS:
                yield " ".join(found.text.split())

    return names


def suggest(
    documents: Iterable[Document], names: Callable[[str], Iterable[str]] = subjects_in
) -> list[tuple[str, tuple[str, ...], int, int]]:
    """Names with their shorter forms, how often they are found, and in how many documents; the most frequent first.

    A name that ends like a longer one (Baloch, Mumtaz Zahra Baloch) is an alias of it, unless two longer ones do. Names
    that the finder takes for one (IRAN, Iran) are one, as it is spelled most.

    Args:
        documents: Where they are looked for.
        names: Finds them in a text.
    """
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    within: defaultdict[str, set[int]] = defaultdict(set)
    for number, document in enumerate(documents):
        for found in names(document.text):
            name = regex.sub(r"['’]s?$", "", found).strip()
            while opening := _OPENING.match(name):
                name = name[opening.end() :]
            form = normalised(name)[0].strip()
            if not _NOBODY.fullmatch(name) and not _UNNAMED.fullmatch(name) and len(form) > 1:
                spellings[form][name] += 1
                within[form].add(number)
    longer: defaultdict[str, list[str]] = defaultdict(list)
    for form in spellings:
        words = form.split(" ")
        for start in range(1, len(words) if "and" not in words else 0):
            longer[" ".join(words[start:])].append(form)
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for form in spellings:
        head = form
        while len(longer[head]) == 1:
            (head,) = longer[head]
        groups[head].append(form)
    rows = [
        (
            _spelled(spellings[head]),
            tuple(_spelled(spellings[form]) for form in forms if form != head),
            sum(spellings[form].total() for form in forms),
            len(set().union(*(within[form] for form in forms))),
        )
        for head, forms in groups.items()
    ]
    return sorted(rows, key=lambda each: (-each[2], each[0]))[:MOST]


def _spelled(found: Counter[str]) -> str:
    """The spelling that is found most, of two the one that is not in capitals."""
    return max(found, key=lambda name: (found[name], not name.isupper()))


def write_suggestions(
    path: Path, documents: Iterable[Document], names: Callable[[str], Iterable[str]] = subjects_in
) -> int:
    """Write the candidates as an actors' file to be edited, with their counts; returns how many they are."""
    found = suggest(documents, names)
    rows = ((name, "|".join(aliases), "", statements, within) for name, aliases, statements, within in found)
    write_table(path, ("name", "aliases", "member_of", "statements", "documents"), rows)
    return len(found)
