"""Where the words of a field come from: a field of the record, the same words for all, or parts and joins of these."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

from stance.base.errors import input_error
from stance.base.words import composed
from stance.data.imports.record import plain
from stance.data.imports.text import tidy, without_markup

#: What a first mapping has where the coder must say something.
OPEN = "???"


@dataclass(frozen=True)
class Source:
    """Where the words of a field come from; one of the first four is given.

    Attributes:
        field: Name of a value of the record.
        value: The same words for all.
        join: Several sources, one after the other with a blank between; empty ones are left.
        first: The first of several that is not empty.
        before: Only what stands before these characters; empty where they do not occur.
        after: Likewise after them.
        find: A regular expression: what its group (or the whole) matches, empty where nothing does.
        remove: These characters are taken out.
        words: Instead of some words, as :func:`same` spells them, others: ``{Overig: ""}``.
        html: Whether tags and entities (``&amp;``) are made text.
    """

    field: str = ""
    value: str | None = None
    join: tuple[Source, ...] = ()
    first: tuple[Source, ...] = ()
    before: str = ""
    after: str = ""
    find: str = ""
    remove: str = ""
    words: Mapping[str, str] = dataclasses.field(default_factory=dict)
    html: bool = False

    def of(self, values: Mapping[str, str]) -> str:
        """The words in a record; empty where the field is not there."""
        if self.join:
            words = " ".join(filter(None, (source.of(values) for source in self.join)))
        elif self.first:
            words = next(filter(None, (source.of(values) for source in self.first)), "")
        else:
            words = values.get(self.field, "") if self.value is None else self.value
        if self.html:
            words = without_markup(words)
        if self.remove:
            words = words.replace(self.remove, "")
        if self.before:
            words = words.partition(self.before)[0] if self.before in words else ""
        if self.after:
            words = words.partition(self.after)[2]
        if self.find:
            found = re.search(self.find, words)
            words = "" if found is None else found[min(1, found.re.groups)] or ""
        words = words.strip()
        return self.words.get(same(words), words) if self.words else words

    def names(self) -> set[str]:
        """The fields that it looks at."""
        return {self.field} - {""} | {name for source in (*self.join, *self.first) for name in source.names()}

    def lacks(self, names: Collection[str]) -> set[str]:
        """The fields that it cannot do without and that are not among these; of ``first`` one source is enough."""
        lacking = [source.lacks(names) for source in (*self.join, *self.first)]
        if self.first and not all(lacking):
            return set()
        return ({self.field} - {"", *names}).union(*lacking)

    def is_constant(self) -> bool:
        """Whether it is the same in every row."""
        return self.value is not None


def source_of(said: object, place: str) -> Source:
    """A field's name, or a dictionary with what :class:`Source` has."""
    if said == OPEN:
        raise input_error(place, "left open", found=said, allowed="the name of a field, or {value: words}")
    if not isinstance(said, Mapping):
        if isinstance(said, list):
            return Source(join=tuple(source_of(item, place) for item in said))
        return Source(field=plain(said)) if said is not None and said != "" else Source(value="")
    given = dictionary(said, place, [item.name for item in fields(Source)])
    made: dict[str, Any] = {}
    for key, value in given.items():
        if value == OPEN:
            raise input_error(place, "left open", found=said, allowed="words")
        if key in ("join", "first"):
            made[key] = tuple(source_of(item, place) for item in listed(value))
        elif key == "words":
            made[key] = _replaced(value, f"{place}, words")
        elif key == "html":
            made[key] = _truth(value, f"{place}, html")
        else:
            made[key] = plain(value)
    source = Source(**made)
    if sum(key in given for key in ("field", "value", "join", "first")) != 1:
        raise input_error(place, "not one source", found=said, allowed="one of field, value, join, first")
    try:
        re.compile(source.find)
    except re.error as error:
        raise input_error(place, f"no regular expression: {error}", found=source.find) from None
    return source


def same(word: str) -> str:
    """A word as it is compared: composed (NFC), and true and false as JSON writes them, whatever a spreadsheet does."""
    small = word.lower()
    return small if small in ("true", "false") else composed(word)


def _replaced(said: object, place: str) -> dict[str, str]:
    """Words by those that they stand for, as :func:`same` spells these."""
    found: dict[str, str] = {}
    for word, other in dictionary(said, place).items():
        if same(word) in found:
            raise input_error(place, "there twice", found=word)
        found[same(word)] = plain(other)
    return found


def _truth(said: object, place: str) -> bool:
    word = plain(said).lower()
    if word not in ("true", "yes", "on", "false", "no", "off", ""):
        raise input_error(place, "neither true nor false", found=said, allowed="true, false")
    return word in ("true", "yes", "on")


def dictionary(said: object, place: str, allowed: Collection[str] | None = None) -> dict[str, Any]:
    """Names and values of a part of a mapping; names are text, whatever YAML made of them.

    Raises:
        StanceError: It is something else, or has a name that is not among ``allowed``.
    """
    if not isinstance(said, Mapping):
        raise input_error(place, "not names and values", found=said, allowed=allowed or "name: value")
    found = {plain(key): value for key, value in said.items()}
    if allowed is not None and (unknown := [key for key in found if key not in allowed]):
        raise input_error(place, "no such key", found=unknown[0], allowed=allowed)
    return found


def listed(said: object) -> list[Any]:
    """A list as it is, nothing as an empty one, anything else as a list of it."""
    return [] if said is None else said if isinstance(said, list) else [said]


def words_of(said: object) -> list[str]:
    """One word or a list of them, as text."""
    return [tidy(plain(word)) for word in listed(said)]
