"""A composed map: three actors, two proposals, texts that are hostile, right to left or of combined signs."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from stance.map.types import Actor, Cell, Change, Document, Evidence, Month, Proposal, Share, StanceMap

HOSTILE = "</script><img src=x onerror=\"alert('no')\"><!-- <script>"
TALKS, MINES = f"hold peace talks {HOSTILE}", "sign the mine ban"

#: A document each: date, source, link, and its sentences: text, actor, how it is named, proposal, label.
REPORTS = (
    ("2024-01-10", "Gazette", "https://example.org/one", (
        ("The guild 😀 urged both sides to hold peace talks.", "Guild", "The guild", TALKS, "favor"),
        ("It repeated that talks cannot wait.", "Guild", "It", TALKS, "favor"),
    )),
    ("2024-05", HOSTILE, "javascript:alert(1)", (
        (f"=HYPERLINK said {HOSTILE}; the \"crown\" rejects any talks.", "@Crown", "the \"crown\"", TALKS, "against"),
        ("The crown spoke of the weather, not of a mine ban.", "@Crown", "The crown", MINES, "neutral"),
    )),
    ("", "", "reports/three.html", (
        ("النقابة ترفض المحادثات.", "نقابة", "النقابة", TALKS, "against"),
        ("Mu\u0308ller's guild will sign the mine ban.", "Guild", "Mu\u0308ller's guild", MINES, "favor"),
    )),
)  # fmt: skip


def document_of(number: int) -> Document:
    """One of the reports; its sentences stand on a line each."""
    date, source, link, sentences = REPORTS[number]
    text = f"Report {number} 😀\n" + "\n".join(sentence[0] for sentence in sentences)
    return Document(f"d{number}", text, date, source, f"Report {number} {HOSTILE}", link)


def evidence_of(document: Document, number: int) -> list[Evidence]:
    """The answers to its sentences; the pronoun is resolved from the sentence before."""
    rows, before = [], ""
    for place, (sentence, actor, mention, proposal, label) in enumerate(REPORTS[number][3]):
        start = document.text.index(sentence)
        named = -1 if mention == "It" else start + sentence.index(mention)
        scores = {name: 0.9 if name == label else 0.05 for name in ("against", "neutral", "favor")}
        rows.append(
            Evidence(
                f"e{number}-{place}", document.id, document.date, document.source, document.title, document.link,
                sentence, before, start, start + len(sentence), actor, mention, named,
                named + len(mention) if named >= 0 else -1, proposal, 0.8, label, **scores,
            )
        )  # fmt: skip
        before = sentence
    return rows


def cell_of(rows: list[Evidence], position: str, **changes) -> Cell:
    """A cell of the answers, with shares as they are counted."""
    counts = {name: sum(row.label == name for row in rows) for name in ("against", "neutral", "favor")}
    months = sorted({row.date[:7] for row in rows if row.date})
    values = {
        "actor": rows[0].actor, "proposal": rows[0].proposal, "statements": len(rows),
        "documents": len({row.document for row in rows}), "position": position, "rolled_up": False, "members": (),
        "months": tuple(
            Month(month, **{name: sum(row.label == name for row in rows if row.date[:7] == month) for name in counts})
            for month in months
        ),
        "changes": (), "evidence": tuple(row.id for row in rows),
    }  # fmt: skip
    shares = {name: Share(number / len(rows), 0.6 * number / len(rows), 1.0) for name, number in counts.items()}
    return Cell(**(values | shares | changes))


def map_of(documents: list[Document], evidence: list[Evidence], cells: list[Cell], **changes) -> StanceMap:
    """A map of these with the actors and proposals in the order in which they come."""
    actors = [Actor(name) for name in dict.fromkeys(row.actor for row in evidence)]
    proposals = [Proposal(name) for name in dict.fromkeys(row.proposal for row in evidence)]
    values = {
        "title": "Two proposals", "made": "2024-06-01", "model": "stance-small, macro-F1 0.700 (0.680 to 0.720)",
        "actors": tuple(actors), "proposals": tuple(proposals), "cells": tuple(cells), "evidence": tuple(evidence),
        "documents": tuple(documents), "notes": ("1 document was set aside: it is empty.",),
    }  # fmt: skip
    return StanceMap(**(values | changes))


@cache
def small_map() -> StanceMap:
    """Three actors, two proposals: favor and against, one neutral, one not enough, one cell of nothing; a change."""
    documents = [document_of(number) for number in range(len(REPORTS))]
    evidence = [row for number, document in enumerate(documents) for row in evidence_of(document, number)]
    by_cell: dict[tuple[str, str], list[Evidence]] = {}
    for row in evidence:
        by_cell.setdefault((row.actor, row.proposal), []).append(row)
    change = Change("2024-05-01", "favor", "against", 0.0123, ("e0-0",), ("e1-0",))
    special = {
        ("@Crown", MINES): {"position": "neutral"},
        ("نقابة", TALKS): {"position": "not enough"},
        ("@Crown", TALKS): {"changes": (change,), "rolled_up": True, "members": ("Herald",)},
    }
    cells = [cell_of(rows, **({"position": rows[0].label} | special.get(key, {}))) for key, rows in by_cell.items()]
    actors = (Actor("Guild"), Actor("@Crown", ("the crown",), f"Realm {HOSTILE}"), Actor("نقابة"))
    return map_of(documents, evidence, cells, title=f"Talks {HOSTILE}", notes=(f"Note {HOSTILE}",), actors=actors)


@cache
def large_map() -> StanceMap:
    """100,000 answers in 5,000 documents of some 3,000 characters: 50 actors, 10 proposals."""
    documents, evidence = [], []
    labels = ("against", "neutral", "favor")
    for number in range(5000):
        names = [f"Actor {(number + place) % 50}" for place in range(20)]
        sentences = [
            f"{name} said in town {number} that it would {('reject', 'discuss', 'accept')[(number + place) % 3]} plan"
            f" {place % 10}, as it had been laid before the council, of which nobody had heard {place} times."
            for place, name in enumerate(names)
        ]
        text = " ".join(sentences)
        date = f"{2000 + number % 20}-{1 + number % 12:02}-{1 + number % 28:02}"
        document = Document(f"folder/report-{number:05}.txt", text, date, f"Source {number % 30}", f"Report {number}")
        documents.append(document)
        starts = [0]
        for sentence in sentences:
            starts.append(starts[-1] + len(sentence) + 1)
        for place, (start, following) in enumerate(pairwise(starts)):
            label = labels[(number + place) % 3]
            context = text[starts[place - 2] : start - 1] if place >= 2 else ""
            evidence.append(
                Evidence(
                    f"{number:08x}{place:04x}", document.id, date, document.source, document.title, "",
                    sentences[place], context, start, following - 1, names[place], names[place], start,
                    start + len(names[place]), f"adopt plan {place % 10}", 0.7, label,
                    **{name: 0.8 if name == label else 0.1 for name in labels},
                )
            )  # fmt: skip
    by_cell: dict[tuple[str, str], list[Evidence]] = {}
    for row in evidence:
        by_cell.setdefault((row.actor, row.proposal), []).append(row)
    return map_of(documents, evidence, [cell_of(rows, "favor") for rows in by_cell.values()])
