"""Event rows with codes like those of CAMEO and PLOVER, where the label implies an event.

Sources: P. A. Schrodt, CAMEO: Conflict and Mediation Event Observations, Event and Actor Codebook, version 1.1b3
(2012), whose names of the codes these are; the PLOVER manual and its table of what the codes of CAMEO became
(``PLOVER_MANUAL.tex`` and ``CAMEO2PLOVER-2021.txt`` of the Open Event Data Alliance, github.com/openeventdata/PLOVER).
"""

import re
from collections.abc import Iterator

from stance.map.types import Evidence, StanceMap

#: The columns of ``events.csv``. An event has no target actor, for a label says only what the proposal is.
COLUMNS = (
    *("event_id", "date", "source_actor", "event", "cameo", "cameo_name", "plover", "rule", "proposal", "label"),
    *("probability", "document", "publisher", "text"),
)

#: What a proposal is about, by the first of these words that it has; the order matters (a deal on talks is of talks).
ABOUT = {
    "mediation": re.compile(r"\b(?:mediat|arbitrat|good offices|go-between|broker|facilitat)", re.I),
    "talks": re.compile(r"\b(?:talk|negotiat|dialogue|meet|summit|consultation|conference)", re.I),
    "settlement": re.compile(
        r"\b(?:agree|deal|treat(?:y|ies)|accord|truce|cease-?fire|settle|sign|ratif|pact|peace)", re.I
    ),
}

#: A proposal that begins so is that the actor, or whoever is asked, mediates itself.
MEDIATES = re.compile(r"\s*(?:to\s+)?(?:mediate|broker|facilitate|arbitrate|host)\b", re.I)

#: Words of a sentence by which a favor is a demand, which is stronger than an appeal.
DEMANDS = re.compile(r"\b(?:demand|insist|ultimatum|order(?:s|ed|ing)?\b)", re.I)

#: Words by which it is an appeal, no answer to one. Who offers or promises agrees, by CAMEO and PLOVER both.
PROPOSES = re.compile(
    r"\b(?:propos|urg(?:e|es|ed|ing)\b|appeal|suggest|invit|ask(?:s|ed|ing)?\b|press(?:es|ed|ing)?\b"
    r"|call(?:s|ed|ing)? (?:for|on|upon)\b|want(?:s|ed)?\b)",
    re.I,
)

#: Event, and what the proposal is about -> code and name of CAMEO.
CAMEO = {
    ("reject", "mediation"): ("126", "Reject mediation"),
    ("reject", "talks"): ("125", "Reject proposal to meet, discuss, or negotiate"),
    ("reject", "settlement"): ("127", "Reject plan, agreement to settle dispute"),
    ("reject", ""): ("120", "Reject, not specified below"),
    ("agree", "mediation"): ("038", "Express intent to accept mediation"),
    ("agree", "talks"): ("036", "Express intent to meet or negotiate"),
    ("agree", "settlement"): ("037", "Express intent to settle dispute"),
    ("agree", ""): ("030", "Express intent to cooperate, not specified below"),
    ("propose", "mediation"): ("028", "Appeal to others to engage in or accept mediation"),
    ("propose", "talks"): ("026", "Appeal to others to meet or negotiate"),
    ("propose", "settlement"): ("027", "Appeal to others to settle dispute"),
    ("propose", ""): ("020", "Make an appeal or request, not specified below"),
    ("demand", "mediation"): ("108", "Demand mediation"),
    ("demand", "talks"): ("106", "Demand meeting, negotiation"),
    ("demand", "settlement"): ("107", "Demand settling of dispute"),
    ("demand", ""): ("100", "Demand, not specified below"),
    ("mediate", "mediation"): ("039", "Express intent to mediate"),
}

#: Event -> the type of PLOVER that its codes of CAMEO became; appeals (CAMEO 02) PLOVER does not code.
PLOVER = {"reject": "REJECT", "agree": "AGREE", "propose": "", "demand": "DEMAND", "mediate": "AGREE"}


def event_of(evidence: Evidence) -> tuple[str, str, str]:
    """The event, what it is about, and the rule in words; all empty for neutral, which implies none.

    against is ``reject``. favor is ``mediate`` where the proposal begins with mediate, broker, facilitate, arbitrate or
    host; else ``demand`` where the sentence has a word of demanding, ``propose`` where it has one of proposing, urging
    or asking; else ``agree``.
    """
    about = next((name for name, words in ABOUT.items() if words.search(evidence.proposal)), "")
    if evidence.label == "against":
        return "reject", about, f"against a proposal{_of(about)}"
    if evidence.label != "favor":
        return "", "", ""
    if MEDIATES.match(evidence.proposal):
        return "mediate", "mediation", "favor of a proposal that begins with a word of mediating"
    for event, words in (("demand", DEMANDS), ("propose", PROPOSES)):
        if word := words.search(evidence.sentence):
            return event, about, f"favor of a proposal{_of(about)}, and the sentence says {word[0].lower()!r}"
    return "agree", about, f"favor of a proposal{_of(about)}"


def _of(about: str) -> str:
    return f" of {about}" if about else " of no known kind"


def event_rows(stance_map: StanceMap) -> Iterator[tuple[object, ...]]:
    """A row for each statement that implies an event, in the order of ``COLUMNS``."""
    for row in stance_map.evidence:
        event, about, rule = event_of(row)
        if event:
            coded = (row.id, row.date, row.actor, event, *CAMEO[event, about], PLOVER[event], rule)
            told = (row.proposal, row.label, round(getattr(row, row.label), 4))
            yield (*coded, *told, row.document, row.source, row.sentence)
