"""The actors whose positions the map shows: their file, and where a text names them."""

import logging
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import ahocorasick
import regex

from stance.base.errors import UndecodableError, input_error, line_of
from stance.base.labels import is_missing
from stance.base.lines import Row
from stance.base.names import must_exist
from stance.base.rows import read_rows
from stance.base.words import NO_WIDTH, UNSPACED
from stance.map.types import Actor

log = logging.getLogger(__name__)

#: Between two names in one cell.
BETWEEN = "|"

#: Names in capitals up to this length match by case, longer ones also as Nato; as in :mod:`stance.base.mentions`.
_SHORT = 3

_LETTER = regex.compile(r"[\p{L}\p{M}\p{N}_]")
#: What makes a name another's, before it (South Sudan is not Sudan) and behind (Iran-backed rebels are not Iran).
_ANOTHERS = regex.compile(
    r"\b(?=\p{Lu})(?i:north|south|east|west|northern|southern|eastern|western|equatorial|latin)[- ]$"
    r"|\b(?i:anti|non|pro|pre|post)[-‐‑–]$"
)
_ANOTHERS_THEN = regex.compile(
    r"[-‐‑–](?:aligned|allied|backed|based|born|brokered|controlled|dominated|funded|held|led|linked|made|mediated"
    r"|occupied|ruled|run|sponsored|supported)\b|(?<=\.)(?!A\.)\p{Lu}\."
)
#: A soft hyphen at the end of a line parts a word.
_HYPHENATED = regex.compile(r"\u00AD\r?\n[ \t]*")
#: Names of people that are months too.
MONTHS = ("March", "April", "May", "June", "August")
_INITIALS = regex.compile(r"[A-Z]{2,4}")
#: What other tools put between the parts of a cell.
_OTHERWISE = regex.compile(r";|[\r\n]\s*\S")
_NO_BLANKS = regex.compile(rf"[{UNSPACED}]")
_ALIKE = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-"} | dict.fromkeys(NO_WIDTH))


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text names an actor: ``text[start:end]``."""

    actor: str
    start: int
    end: int


def read_actors(path: str | Path, encoding: str = "utf-8") -> tuple[Actor, ...]:
    """The actors of a csv (or tsv, jsonl, xlsx) with ``name``, ``aliases`` (``a|b``, or a list) and ``member_of``.

    Only the first column must be there; others, as ``actors=suggest`` writes them, are passed over.

    Args:
        path: The file.
        encoding: Of one that is not UTF-8.

    Raises:
        StanceError: No name, one that is no text, a name twice, two actors with one alias, a body that is no actor, a
            circle of members; names file and line.
    """
    actors: dict[str, Actor] = {}
    owners: dict[str, tuple[str, str]] = {}
    places: dict[str, str] = {}
    for line, row in rows_in(path, encoding):
        place = line_of(path, line)
        if "name" not in row:
            raise input_error(place, "no column 'name'", found=list(row), allowed="name, aliases, member_of")
        if not actors:
            tell_passed_over(place, row, ("name", "aliases", "member_of"), ("statements", "documents"))
        name = text_of(row, "name", place)
        if not name:
            raise input_error(place, "an actor without name", found=row)
        if name in actors:
            raise input_error(place, "an actor occurs twice", found=name, allowed=f"once; see {places[name]}")
        aliases = tuple(dict.fromkeys(texts_of(row, "aliases", place)))
        for alias in (name, *aliases):
            form = normalised(alias)[0].strip()
            owner, where = owners.setdefault(form, (name, place))
            if owner != name:
                raise input_error(
                    place, f"{name} and {owner} ({where}) have one alias", found=alias, allowed="one each"
                )
        actors[name], places[name] = Actor(name, aliases, text_of(row, "member_of", place)), place
    if not actors:
        raise input_error(str(path), "no actors in the file")
    _check_members(actors, places)
    return tuple(actors.values())


def rows_in(path: str | Path, encoding: str) -> list[tuple[int, Row]]:
    """The rows of a file that names what the map shows; it is read as UTF-8 if it can be, else in the encoding.

    Raises:
        StanceError: See :func:`stance.base.rows.read_rows`.
    """
    path = must_exist(path)
    try:
        return list(read_rows(path))
    except UndecodableError:
        return list(read_rows(path, encoding))


def tell_passed_over(place: str, row: Row, read: Sequence[str], silently: Sequence[str] = ()) -> None:
    """Warn of columns that are not read while others that might be meant by them are missing: ``alias``, ``From``."""
    others = [column for column in row if column.strip() and column not in (*read, *silently)]
    if others and (missing := [column for column in read if column not in row]):
        log.warning("%s: columns that are not read: %s; without column: %s", place, others, missing)


def text_of(row: Row, column: str, place: str) -> str:
    """The text in a cell, empty if there is none or no such column.

    Raises:
        StanceError: Something else is in it.
    """
    value = row.get(column)
    if not isinstance(value, str) and not is_missing(value):
        raise input_error(place, f"{column} is no text", found=value, allowed="a text")
    return value.strip() if isinstance(value, str) else ""


def texts_of(row: Row, column: str, place: str) -> list[str]:
    """The parts of a cell that holds several, as ``a|b`` or as a list of texts.

    Raises:
        StanceError: Something else is in it, or a part that looks like several with ``;`` or line breaks between them.
    """
    value = row.get(column)
    if not isinstance(value, str | list) and not is_missing(value):
        raise input_error(place, f"{column} is no text", found=value, allowed=f"texts, as a{BETWEEN}b or a list")
    if isinstance(value, list):
        parts = value
    else:
        parts = text_of(row, column, place).split(BETWEEN)
        if joined := [part for part in parts if _OTHERWISE.search(part)]:
            allowed = f"{BETWEEN} between them; or a jsonl file with a list, if it is one"
            raise input_error(place, f"{column} looks like several in one", found=joined[0], allowed=allowed)
    return [text for part in parts if (text := text_of({column: part}, column, place))]


def _check_members(actors: Mapping[str, Actor], places: Mapping[str, str]) -> None:
    for actor in actors.values():
        if actor.member_of and actor.member_of not in actors:
            allowed = "the name of an actor in this file, not an alias; or empty"
            raise input_error(places[actor.name], "member_of is no actor", found=actor.member_of, allowed=allowed)
    for actor in actors.values():
        way = [actor.name]
        while body := actors[way[-1]].member_of:
            if body in way:
                circle = " -> ".join([*way[way.index(body) :], body])
                raise input_error(places[actor.name], "members in a circle", found=circle, allowed="a tree")
            way.append(body)


def bodies(actors: Iterable[Actor]) -> dict[str, tuple[str, ...]]:
    """By actor the bodies that it speaks for, the nearest first."""
    above = {actor.name: actor.member_of for actor in actors}
    found = {}
    for name in above:
        way: list[str] = []
        while body := above.get(way[-1] if way else name):
            way.append(body)
        found[name] = tuple(way)
    return found


def normalised(text: str) -> tuple[str, Sequence[int]]:
    """The text as names are compared in it, and where each of its characters, and its end, stood.

    Letters are small and without diacritics (NFKD), apostrophes and hyphens alike, white space of any length one blank;
    what has no width, as a soft hyphen, is left out, with the end of a line behind one.
    """
    if text.isascii() and "  " not in (plain := text.translate(_BLANKS)):
        return plain.lower(), range(len(text) + 1)
    found: list[str] = []
    places: list[int] = []
    within = {place for each in _HYPHENATED.finditer(text) for place in range(*each.span())}
    for place, character in enumerate(text):
        form = _form(character)
        if form == " " and (found[-1:] == [" "] or place in within):
            form = ""
        found.extend(form)
        places.extend([place] * len(form))
    return "".join(found), [*places, len(text)]


_BLANKS = str.maketrans("\t\n\r\v\f", "     ")


@cache
def _form(character: str) -> str:
    """What one character is compared as; vowel signs of scripts other than Latin, Greek and Cyrillic stay."""
    parts = " " if character.isspace() else unicodedata.normalize("NFKD", character.translate(_ALIKE)).casefold()
    return "".join(part for part in parts if not 0x300 <= ord(part) <= 0x36F)


class Finder:
    """Finds actors in texts, the longest name first, as whole words.

    A single word with a capital is found with one only (Turkey, not turkey); one in capitals of up to three letters
    only as it is or with dots (US and U.S., not us). Names of several words, and those in small letters, are found in
    any case.

    Attributes:
        hits: How often each alias was found that is a common word: all in small letters (``the minister``, ``who``), or
            a month.
        owners: By word (``general``) the actors in whose name or alias it is.
    """

    def __init__(self, actors: Sequence[Actor]) -> None:
        self.hits: Counter[str] = Counter()
        self.owners: defaultdict[str, set[str]] = defaultdict(set)
        self._common: dict[str, str] = {}
        self._automaton = ahocorasick.Automaton()
        for actor in actors:
            for alias in (actor.name, *actor.aliases):
                if form := normalised(alias)[0].strip():
                    self._automaton.add_word(form, (len(form), actor.name, alias))
                for word in form.split():
                    self.owners[word].add(actor.name)
                if alias == alias.lower() or alias in MONTHS:
                    self._common[alias] = actor.name
        for actor in actors:
            for alias in (actor.name, *actor.aliases):
                if _INITIALS.fullmatch(alias) and (form := _dotted(alias)) not in self._automaton:
                    self._automaton.add_word(form, (len(form), actor.name, alias))
        self._automaton.make_automaton()
        for alias, name in self._common.items():
            log.warning("the alias %r of %s is a common word: its hits are counted in the notes", alias, name)

    def find(self, text: str) -> list[Mention]:
        """The mentions in a text, in order; none overlaps another."""
        form, places = normalised(text)
        found = []
        for last, (length, actor, alias) in self._automaton.iter(form):
            start, end = last - length + 1, last + 1
            if _whole(form, start, end):
                here, there = places[start], _after(text, places, last)
                if _in_its_case(text[here:there], alias) and not _is_anothers(text, here, there):
                    found.append((here, there, actor, alias))
        found.sort(key=lambda each: (each[0] - each[1], each[0]))
        taken: list[tuple[int, int, str, str]] = []
        for each in found:
            if all(each[1] <= start or each[0] >= end for start, end, *_ in taken):
                taken.append(each)
        taken.sort()
        self.hits.update(alias for *_, alias in taken if alias in self._common)
        return [Mention(actor, start, end) for start, end, actor, _ in taken]


def _is_anothers(text: str, start: int, end: int) -> bool:
    return bool(_ANOTHERS.search(text, max(0, start - 12), start) or _ANOTHERS_THEN.match(text, end))


def _dotted(initials: str) -> str:
    return "".join(f"{letter}." for letter in initials.lower())


def _after(text: str, places: Sequence[int], last: int) -> int:
    """Where what is compared as the character ``last`` ends in the text, the accents that follow it with it."""
    end = places[last] + 1
    while end < len(text) and 0x300 <= ord(text[end]) <= 0x36F:
        end += 1
    return end


def _whole(form: str, start: int, end: int) -> bool:
    for outer, inner in ((start - 1, start), (end, end - 1)):
        beside = form[outer] + form[inner] if 0 <= outer < len(form) else ""
        if beside and all(map(_LETTER.match, beside)) and not any(map(_NO_BLANKS.match, beside)):
            return False
    return True


def _in_its_case(found: str, alias: str) -> bool:
    if " " in alias or alias == alias.lower():
        return True
    if alias.isupper() and len(alias) <= _SHORT:
        return found.replace(".", "") == alias
    return not alias[:1].isupper() or found[:1].isupper()
