"""Actors that the documents propose: who stands before a verb of saying or acting, or a pipeline's entities."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import regex

from stance.base.tables import write_table
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


def subjects_in(text: str) -> Iterator[str]:
    """Capitalised names before a verb of saying or acting."""
    for found in _SUBJECT.finditer(text):
        yield found["name"]


def suggest(
    documents: Iterable[Document], names: Callable[[str], Iterable[str]] = subjects_in
) -> list[tuple[str, tuple[str, ...], int, int]]:
    """Names with their shorter forms, how often they are found, and in how many documents; the most frequent first.

    A name that ends like a longer one (Baloch, Mumtaz Zahra Baloch) is an alias of it, unless two longer ones do.

    Args:
        documents: Where they are looked for.
        names: Finds them in a text.
    """
    said: Counter[str] = Counter()
    within: defaultdict[str, set[int]] = defaultdict(set)
    for number, document in enumerate(documents):
        for found in names(document.text):
            name = regex.sub(r"^(?:The|the) |['’]s?$", "", found).strip()
            if not _NOBODY.fullmatch(name) and len(name) > 1:
                said[name] += 1
                within[name].add(number)
    longer: dict[str, list[str]] = {
        name: [other for other in said if other.endswith(" " + name) and " and " not in other] for name in said
    }
    alias_of = {name: others[0] for name, others in longer.items() if len(others) == 1}
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in said:
        head = name
        while head in alias_of:
            head = alias_of[head]
        groups[head].append(name)
    rows = [
        (
            head,
            tuple(name for name in names if name != head),
            sum(said[name] for name in names),
            len(set().union(*(within[name] for name in names))),
        )
        for head, names in groups.items()
    ]
    return sorted(rows, key=lambda each: (-each[2], each[0]))[:MOST]


def write_suggestions(
    path: Path, documents: Iterable[Document], names: Callable[[str], Iterable[str]] = subjects_in
) -> int:
    """Write the candidates as an actors' file to be edited, with their counts; returns how many they are."""
    found = suggest(documents, names)
    rows = ((name, "|".join(aliases), "", statements, within) for name, aliases, statements, within in found)
    write_table(path, ("name", "aliases", "member_of", "statements", "documents"), rows)
    return len(found)
