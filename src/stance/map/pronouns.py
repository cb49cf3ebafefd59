"""Who is meant by "she" or "the ministry": one simple rule, which is stated here and in docs/map.md.

A pronoun or title is the last actor of fitting kind that was named as a subject in the sentence, before it, or in the
sentence before. ``he`` and ``she`` are persons; ``they`` and ``it``, where a sentence begins with them, are bodies; a
title of a person (the minister, the spokesperson) is a person, a title of a body (the ministry, the party) a body. A
title that is in the name or an alias of actors of its kind (General Kuol) means none but these: the last of them that
was named as a subject in the document. A name is a subject unless a preposition stands before it (of, by, with
Pakistan) or an apostrophe behind (Pakistan's). A sentence in which a pronoun stands for an actor names it for the
sentence after.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import regex

from stance.map.actors import Mention
from stance.map.types import Actor

#: What an actor can be; of some names it cannot be told, which fit both.
PERSON, BODY, EITHER = "person", "body", "either"

_PERSONS = (
    "minister|spokesperson|spokesman|spokeswoman|president|premier|chancellor|secretary|ambassador|envoy|mediator|"
    "negotiator|leader|chairman|chairwoman|chair|chief|commander|general|governor|mayor|senator|official|director"
)
_BODIES = (
    "ministry|office|government|authority|authorities|party|union|group|council|committee|commission|company|movement|"
    "organisation|organization|parliament|board|army|federation|association|bank|court|club|department|agency|front"
)
#: What follows an "it" that stands for nobody: it is time, it was unclear whether (but: it is likely to refuse).
_OF_NOBODY = (
    r" (?:is|was|will be|would be|has been|seems|seemed|appears|appeared|remains|remained)(?: not| \p{L}+ly| also"
    r"| still| now| too| high| about)* (?:(?:time|clear|unclear|uncertain|possible|impossible|important|necessary|vital"
    r"|essential|crucial|hard|difficult|easy|early|true|up to|that)\b(?! (?:about|in|on)\b)"
    r"|(?:likely|unlikely|hoped|expected|believed|understood|thought|feared|known|said|reported)\b(?! (?:to|as|for)\b))"
)
#: What stands for somebody, the group says for which kind; the army chief is a person, and not the army.
_STANDS = regex.compile(
    rf"(?P<person>\b(?:[Hh]e|[Ss]he)\b|\b[Tt]he (?:(?:{_BODIES}) )?(?:{_PERSONS})\b(?! of\b))"
    rf"|(?P<body>^(?:They|It(?!{_OF_NOBODY}))\b|\b[Tt]he (?:{_BODIES})\b(?! of\b| (?:{_PERSONS})s?\b))(?!['’]s?\b)"
)
_BODY_WORD = regex.compile(rf"\b(?:{_BODIES}|states|republic|kingdom|nations|police|forces)\b", regex.I)
_PREPOSITION = regex.compile(
    r"\b(?:of|by|with|to|for|from|in|into|at|on|against|between|among|near|across|toward|towards|about|over|via|under)"
    r"\s+(?:the\s+|a\s+|an\s+|both\s+)?$",
    regex.I,
)
_PLACE = regex.compile(r"\b(?:in|near|outside|across)\s+(?:the\s+)?$", regex.I)
_VIEW = regex.compile(r"['’]s? (?:view|opinion|words|eyes|judge?ment|assessment|statement|reply|response)s?\b")
_GENITIVE = regex.compile(r"['’](?:s\b)?")
_TITLE = regex.compile(r"(?:Mr|Mrs|Ms|Dr|Sir|Judge|Professor|Prof|Pastor|Father|Sister|Captain|Colonel)\b")
#: Titles that begin the name of a body too (President's Office), so that a name must follow and no body's word.
_TITLE_OF_BOTH = regex.compile(
    r"(?:President|Prime Minister|Minister|Chancellor|Governor|Mayor|Senator|Commissioner|Archbishop|Bishop|Lord|Lady)"
    rf" (?=\p{{Lu}})(?!(?i:.*{_BODY_WORD.pattern}))"
)
_NAME_OF_A_PERSON = regex.compile(r"\p{Lu}[\p{L}\p{M}'’-]+(?: (?:\p{Lu}\.|[\p{L}\p{M}'’-]+)){1,3}")


@dataclass(frozen=True, slots=True)
class Subject:
    """The last actor that was named as a subject, and as what."""

    actor: str
    mention: str


def kind_of(actor: Actor, others: Sequence[Actor]) -> str:
    """Whether an actor is a person or a body, or may be either.

    It is a body if somebody else speaks for it, and a person if its name or an alias begins (Mr, President) or ends
    (the FO spokesperson) with a title. Else it is a body if a name has a body's word (ministry, party) or is in
    capitals (TTP), or its name is one word or begins with ``the``. What is left, names of two to four words with
    capitals, are persons if they speak for a body, and else either (Tundra Minerals, Priit Kask).
    """
    if any(other.member_of == actor.name for other in others):
        return BODY
    names = (actor.name, *actor.aliases)
    ends = rf"\b(?:{_PERSONS})$"
    if any(_TITLE.match(name) or _TITLE_OF_BOTH.match(name) or regex.search(ends, name, regex.I) for name in names):
        return PERSON
    if any(
        _BODY_WORD.search(name) or (name.isupper() and len(name) > 1) for name in names
    ) or actor.name.lower().startswith("the "):
        return BODY
    is_name = _NAME_OF_A_PERSON.fullmatch(actor.name) and not regex.search(r"\b(?:of|for|and|the)\b", actor.name)
    return (PERSON if actor.member_of else EITHER) if is_name else BODY


def is_place(text: str, mention: Mention, kind: str) -> bool:
    """Whether a name is no more than where something is (a briefing in Islamabad), by the word before it.

    A person is no place, and nobody whose view, opinion or words these are.
    """
    return kind != PERSON and bool(_PLACE.search(text, 0, mention.start)) and not _VIEW.match(text, mention.end)


def subjects(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions in a sentence that may be its subject: none after a preposition or before an apostrophe."""
    return [
        mention
        for mention in mentions
        if not _PREPOSITION.search(text, 0, mention.start) and not _GENITIVE.match(text, mention.end)
    ]


def by_title(owners: Mapping[str, Collection[str]], kinds: Mapping[str, str]) -> dict[str, set[str]]:
    """By title (general, ministry) the actors in whose name or alias it is, those left out that are of another kind.

    Args:
        owners: By word the actors in whose name or alias it is.
        kinds: Of the actors, by name.
    """
    titles = [(title, kind) for kind, of_kind in ((PERSON, _PERSONS), (BODY, _BODIES)) for title in of_kind.split("|")]
    found = {title: {name for name in owners.get(title, ()) if kinds[name] in (kind, EITHER)} for title, kind in titles}
    return {title: names for title, names in found.items() if names}


def resolve(
    text: str,
    mentions: Sequence[Mention],
    kinds: Mapping[str, str],
    last: Mapping[str, Subject],
    titled: Mapping[str, Collection[str]],
) -> tuple[dict[str, Subject], dict[str, Subject]]:
    """Who is meant in a sentence without being named in it, and the last subjects for the sentence after.

    Args:
        text: The sentence.
        mentions: In it, with offsets in it.
        kinds: Of the actors, by name.
        last: Of the sentence before, by kind; of all sentences before, by title.
        titled: The actors by title (:func:`by_title`).
    """
    named = {mention.actor for mention in mentions}
    here = subjects(text, mentions)
    meant: dict[str, Subject] = {}
    for found in _STANDS.finditer(text):
        if any(mention.start < found.end() and found.start() < mention.end for mention in mentions):
            continue
        kind, title = found.lastgroup or BODY, found.group().split()[-1]
        before = [_subject(text, mention) for mention in here if mention.end <= found.start()]
        if title in titled:
            subject = _latest(before, titled[title]) or last.get(title)
        else:
            subject = _last(before, kind, kinds) or last.get(kind)
        if subject is not None and subject.actor not in named:
            meant[subject.actor] = subject
    after = [*meant.values(), *(_subject(text, mention) for mention in here)]
    lasting = {title: _latest(after, actors) or last.get(title) for title, actors in titled.items()}
    lasting |= {kind: _last(after, kind, kinds) for kind in (PERSON, BODY)}
    return meant, {key: subject for key, subject in lasting.items() if subject is not None}


def _subject(text: str, mention: Mention) -> Subject:
    return Subject(mention.actor, text[mention.start : mention.end])


def _latest(found: Sequence[Subject], actors: Collection[str]) -> Subject | None:
    return next((subject for subject in reversed(found) if subject.actor in actors), None)


def _last(found: Sequence[Subject], kind: str, kinds: Mapping[str, str]) -> Subject | None:
    """The last that is of the kind; where none is, the last that may be."""
    for fitting in (kind, EITHER):
        if fit := [subject for subject in found if kinds[subject.actor] == fitting]:
            return fit[-1]
    return None
