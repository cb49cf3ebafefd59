"""The map as the page's script reads it: JSON in columns, in which each text of a document stands once."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from stance.base.labels import LABELS
from stance.base.tables import FORMULA
from stance.base.words import HALF, composed, words
from stance.map.types import POSITIONS, Cell, Document, Evidence, Proposal, StanceMap
from stance.map.units import in_units

#: The columns of the corrections that the page offers, which ``data=annotations`` reads; and who judged, where the
#: reader of the page gives no name.
COLUMNS = ("id", "text", "holder", "target", "label", "annotator", "document", "context")
ANNOTATOR = "reader"

#: Characters of all documents together up to which their texts are in the page; above it sentences and contexts are.
MOST_TEXT = 40_000_000

#: What would end the script element, begin a comment in it, or end a line of a script.
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)


def as_script(value: object) -> str:
    """JSON that may stand in a script element of HTML: no ``<``, ``>`` or ``&`` is in it, nor half a character.

    Source: HTML standard, 4.12.1.3, restrictions for contents of script elements.
    """
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", written.translate(_UNSAFE))


def safe_link(link: str) -> str:
    """The link if it leads to a page or a file; empty if it would run something (``javascript:``, ``data:``)."""
    cleaned = re.sub(r"[\x00-\x20]", "", link)
    scheme = _SCHEME.match(cleaned)
    return link.strip() if scheme is None or scheme[0].lower() in ("http:", "https:", "file:") else ""


def embedded(stance_map: StanceMap) -> dict[str, Any]:
    """Everything that the script shows.

    ``whole`` is whether the documents have their texts. Offsets count UTF-16 units, as JavaScript does. ``evidence``
    and ``documents`` are columns; actors, proposals and documents are known by their numbers. ``evidence.texts`` has,
    by number, what is not found in the document.
    """
    whole = sum(len(document.text) for document in stance_map.documents) <= MOST_TEXT
    documents = {document.id: number for number, document in enumerate(stance_map.documents)}
    actors = {actor.name: number for number, actor in enumerate(stance_map.actors)}
    proposals = {row.proposal: number for number, row in enumerate(stance_map.proposals)}
    numbers = {evidence.id: number for number, evidence in enumerate(stance_map.evidence)}
    return {
        "title": stance_map.title,
        "whole": whole,
        "labels": LABELS,
        "positions": POSITIONS,
        "columns": COLUMNS,
        "annotator": ANNOTATOR,
        "formula": FORMULA.pattern,
        "actors": [actor.name for actor in stance_map.actors],
        "proposals": [row.proposal for row in stance_map.proposals],
        "terms": [_terms(row) for row in stance_map.proposals],
        "documents": _documents(stance_map.documents, whole),
        "evidence": _evidence(stance_map, documents, actors, proposals, whole),
        "cells": [_cell(cell, actors, proposals, numbers) for cell in stance_map.cells],
    }


def _documents(documents: Sequence[Document], whole: bool) -> dict[str, list[str]]:
    columns = {name: [getattr(row, name) for row in documents] for name in ("id", "title", "date", "source")}
    texts = [row.text if whole else "" for row in documents]
    return columns | {"link": [safe_link(row.link) for row in documents], "text": texts}


def _terms(proposal: Proposal) -> list[str]:
    """What is marked in a sentence: the wordings as they are, and their words of four letters or more, composed."""
    wordings = [composed(said.strip()) for said in (proposal.proposal, *proposal.variants) if said.strip()]
    telling = {word for said in wordings for word in words(said) if len(word) > 3}
    telling = {word for word in telling if word.casefold() not in ENGLISH_STOP_WORDS}
    return sorted({*wordings, *telling}, key=lambda term: (-len(term), term))


def _evidence(
    stance_map: StanceMap,
    documents: Mapping[str, int],
    actors: Mapping[str, int],
    proposals: Mapping[str, int],
    whole: bool,
) -> dict[str, Any]:
    rows = stance_map.evidence
    units = [in_units(document.text) for document in stance_map.documents]
    texts: dict[int, dict[str, str]] = {}
    spans = []
    for number, row in enumerate(rows):
        place = documents[row.document]
        span, own = _spans(row, stance_map.documents[place].text if whole else "")
        spans.append([units[place](offset) if offset >= 0 else -1 for offset in span])
        if own:
            texts[number] = own
    found: dict[str, Any] = {
        "id": [row.id for row in rows],
        "document": [documents[row.document] for row in rows],
        "actor": [actors[row.actor] for row in rows],
        "proposal": [proposals[row.proposal] for row in rows],
        "label": [LABELS.index(row.label) if row.label in LABELS else -1 for row in rows],
        "texts": texts,
    }
    for label in LABELS:
        found[label] = [round(getattr(row, label), 3) for row in rows]
    names = ("start", "end", "mention_start", "mention_end", "context_start", "context_end")
    return found | {name: [span[place] for span in spans] for place, name in enumerate(names)}


def _spans(row: Evidence, text: str) -> tuple[tuple[int, ...], dict[str, str]]:
    """Offsets of sentence, mention and context, -1 where there are none; and what the text has not at these places."""
    own = {}
    if text[row.start : row.end] != row.sentence:
        own["sentence"] = row.sentence
    mention = (row.mention_start, row.mention_end)
    if row.mention_start < 0 or (text and text[slice(*mention)] != row.mention):
        own["mention"], mention = row.mention, (-1, -1)
    place = text.rfind(row.context, 0, row.start) if row.context else -1
    if row.context and place < 0:
        own["context"] = row.context
    context = (place, place + len(row.context)) if place >= 0 else (-1, -1)
    return (row.start, row.end, *mention, *context), own


def _cell(
    cell: Cell, actors: Mapping[str, int], proposals: Mapping[str, int], numbers: Mapping[str, int]
) -> dict[str, Any]:
    changes = [asdict(change) for change in cell.changes]
    for change in changes:
        for side in ("evidence_before", "evidence_after"):
            change[side] = [numbers[each] for each in change[side] if each in numbers]
    return {
        "actor": actors[cell.actor],
        "proposal": proposals[cell.proposal],
        "position": cell.position,
        "months": [[row.month, *(getattr(row, label) for label in LABELS)] for row in cell.months],
        "changes": changes,
        "evidence": [numbers[each] for each in cell.evidence if each in numbers],
    }
