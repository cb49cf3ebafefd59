"""Actors that the documents themselves propose: whoever stands before a verb of saying or acting."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import regex

from stance.base.spreadsheet import write_table
from stance.map.documents import SetAside
from stance.map.types import Document

#: Candidates that are written at most.
MOST = 500

_VERBS = (
    "said|says|told|asked|called|urged|rejected|rejects|refused|refuses|accepted|accepts|agreed|announced|demanded|"
    "proposed|offered|warned|insisted|denied|ruled|welcomed|backed|opposed|supported|condemned|signed|wants|wanted|"
    "repeated|declared|threatened|suggested|added|stated|argued|accused|blocked|walked|withdrew|vowed|pledged|"
    "expects|expected|invited|met|mediated|hosted|turned|dismissed|endorsed|favoured|favored|will|would|has|had"
)
_WORD = r"\p{Lu}[\p{L}\p{M}\p{N}'’.-]*"
_NAME = rf"(?:the )?{_WORD}(?:(?: (?:of|for|and|the|de|al|bin|von))* {_WORD}){{0,5}}"
_SUBJECT = regex.compile(rf"(?<![\p{{L}}.])(?P<name>{_NAME})(?:, [^,.;]{{1,80}},)?(?: \p{{Ll}}+ly)? (?:{_VERBS})\b")

#: Capitalised words that begin a sentence and are nobody's name.
_NOBODY = regex.compile(
    "(?:an?|the|he|she|it|they|we|i|you|who|this|that|these|those|there|what|which|when|while|where|if|but|and|or|so|yet|"
    "no|nobody|both|each|all|some|most|many|one|two|his|her|its|their|our|in|on|at|for|after|before|as)",
    regex.I,
)


def suggest(documents: Iterable[Document | SetAside]) -> list[tuple[str, tuple[str, ...], int, int]]:
    """Names with their shorter forms, how often they are subjects, and in how many documents; the most frequent first.

    A name that ends like a longer one (Baloch, Mumtaz Zahra Baloch) is an alias of it, unless two longer ones do.
    """
    said: Counter[str] = Counter()
    within: defaultdict[str, set[int]] = defaultdict(set)
    for number, document in enumerate(documents):
        if isinstance(document, SetAside):
            continue
        for found in _SUBJECT.finditer(document.text):
            name = regex.sub(r"^(?:The|the) |['’]s?$", "", found["name"]).strip()
            if not _NOBODY.fullmatch(name) and len(name) > 1:
                said[name] += 1
                within[name].add(number)
    longer: dict[str, list[str]] = {
        name: [other for other in said if other.endswith(" " + name) and " and " not in other] for name in said
    }
    alias_of = {name: found[0] for name, found in longer.items() if len(found) == 1}
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in said:
        head = name
        while head in alias_of:
            head = alias_of[head]
        groups[head].append(name)
    found = [
        (
            head,
            tuple(name for name in names if name != head),
            sum(said[name] for name in names),
            len(set().union(*(within[name] for name in names))),
        )
        for head, names in groups.items()
    ]
    return sorted(found, key=lambda each: (-each[2], each[0]))[:MOST]


def write_suggestions(path: Path, documents: Iterable[Document | SetAside]) -> int:
    """Write the candidates as an actors' file to be edited, with their counts; returns how many they are."""
    found = suggest(documents)
    rows = ((name, "|".join(aliases), "", statements, within) for name, aliases, statements, within in found)
    write_table(path, ("name", "aliases", "member_of", "statements", "documents"), rows)
    return len(found)
