"""The numbers of the news part of the bundled corpus, and the promises that they must keep."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datasheet.counts import agreement, counted, differences, doubts, leaks, prose, shape, split, unlike, words_of
from stance.base.annotations import Annotation, Corpus, Example, label_counts
from stance.base.files import read_json
from stance.data.agreement import Aggregation, aggregate, by_row
from stance.data.corpora import news
from stance.data.corpora.bundled import NEWS
from stance.data.corpora.negotiation import ADJUDICATOR

#: Words of saying that are counted, as they stand.
SAYING = (
    *("said", "told", "asked", "called", "wrote", "announced", "reported", "accused", "proposed", "urged", "offered"),
    *("demanded", "promised", "spoke", "described", "argued", "warned", "declared", "replied", "answered", "added"),
    *("insisted", "denied", "noted", "complained", "claimed", "repeated", "says", "asks", "calls", "according"),
)

#: Abbreviations that the newswire of the eighties used in every second line.
OLD_WIRE = ("pct", "dlr", "dlrs", "mln", "cts")


def measure(folder: Path) -> dict[str, Any]:
    """Everything that the data statement says of this part in numbers.

    Args:
        folder: Laid out as ``seeds/news/``.

    Returns:
        Sizes; counts by label, part, area, genre and brief; ``words`` a sentence (quartiles); ``shape`` and ``prose``
        of the sentences (:mod:`datasheet.counts`); ``saying``: in how many sentences each word stands;
        ``leaks`` between the parts; ``judgement``: doubts, rows on which the two differ, and how they were settled;
        ``agreement``.

    Raises:
        StanceError: The files are not of the format.
    """
    corpus = news.read(folder, NEWS)
    aggregation = aggregate(corpus.annotations, corpus.adjudicator)
    examples = aggregation.examples
    rows = [judgements[0] for judgements in by_row(corpus.annotations).values()]
    splits = split(corpus)
    area_of = {document: area for area, named in read_json(folder / "areas.json").items() for document in named}
    part_of = {area: part for part, areas in read_json(folder / "parts.json").items() for area in areas}
    by_area = defaultdict(list)
    for example in examples:
        by_area[area_of[example.document]].append(example)
    sentences = [row for row in rows if row.id.endswith("-1")]
    return {
        "negotiations": len({row.document for row in rows}),
        "sentences": len(sentences),
        "rows": len(rows),
        "labels": label_counts(example.label for example in examples),
        "targets": len({row.target for row in rows}),
        "holders": len({row.holder for row in rows}),
        "context_rows": sum(bool(row.context) for row in rows),
        "author_rows": sum(not row.holder for row in rows),
        "parts": {part: {"areas": areas_of(part, part_of), **sizes(found)} for part, found in splits.items()},
        "areas": {area: {"part": part_of[area], **sizes(found)} for area, found in sorted(by_area.items())},
        "genres": counted(row.tags[1] if len(row.tags) > 1 else "" for row in sentences),
        "words": words_of(row.text for row in sentences),
        "shape": shape(examples),
        "prose": prose((row.text, row.document) for row in sentences),
        "saying": counted(word for row in sentences for word in _words(row) if word in SAYING),
        "briefs": _briefs(sentences, examples),
        "old_wire": counted(row.id[:2] for row in sentences if _words(row).intersection(OLD_WIRE)),
        "leaks": leaks(splits),
        "judgement": _judgement(folder, corpus, aggregation),
        "agreement": agreement(_votes(corpus), _votes(corpus), NEWS[:2]),
    }


#: What this part promises: a name, and whether the measured numbers keep it.
PROMISES: dict[str, Any] = {
    "at least 12,000 judged rows": lambda m: m["rows"] >= 12_000,
    "at least 3,600 sentences": lambda m: m["sentences"] >= 3_600,
    "at least 600 negotiations": lambda m: m["negotiations"] >= 600,
    "every row judged by its writer and by a judge": lambda m: m["agreement"]["pairs"][0]["rows"] == m["rows"],
    "no label above 45% or below 22%": lambda m: (
        max(m["labels"].values()) <= 0.45 * m["rows"] and min(m["labels"].values()) >= 0.22 * m["rows"]
    ),
    "half of the sentences ask about two holders and two targets": lambda m: (
        m["shape"]["quartets"] >= 0.5 * m["shape"]["sentences"]
    ),
    "no document, target or sentence, nor a nearly equal one, in two parts": lambda m: not any(m["leaks"].values()),
    "no duplicates or near-duplicates between negotiations": lambda m: (
        m["prose"]["duplicates"] == m["prose"]["near_duplicates"] == 0
    ),
    "no opening of three words in more than 1% of sentences": lambda m: m["prose"]["commonest_opening"] <= 0.01,
}


def sizes(examples: Sequence[Example]) -> dict[str, Any]:
    """Documents, rows and labels of a part or an area."""
    documents = len({example.document for example in examples})
    return {"documents": documents, "rows": len(examples), "labels": label_counts(e.label for e in examples)}


def areas_of(part: str, part_of: Mapping[str, str]) -> list[str]:
    """The areas of a part."""
    return sorted(area for area, its in part_of.items() if its == part)


def _words(row: Annotation) -> set[str]:
    return set(re.findall(r"[a-z]+", row.text.lower()))


def _votes(corpus: Corpus) -> list[Annotation]:
    return [a for a in corpus.annotations if a.annotator != ADJUDICATOR]


def _briefs(sentences: Sequence[Annotation], examples: Iterable[Example]) -> dict[str, dict[str, Any]]:
    """What the writers of one brief wrote; a brief is known by the first letter of the writers' names."""
    found = {}
    labelled = defaultdict(list)
    for example in examples:
        labelled[example.id[0]].append(example)
    for brief, rows in sorted(labelled.items()):
        own = [row for row in sentences if row.id[0] == brief]
        found[brief] = {
            "writers": len({row.id[:2] for row in own}),
            "documents": len({row.document for row in own}),
            "sentences": len(own),
            "rows": len(rows),
            "words": words_of(row.text for row in own),
            "neutral": round(label_counts(row.label for row in rows)["neutral"] / len(rows), 4),
            "said": round(sum("said" in _words(row) for row in own) / len(own), 4),
            "told": round(sum("told" in _words(row) for row in own) / len(own), 4),
            "shape": shape(rows),
        }
    return found


def _judgement(folder: Path, corpus: Corpus, aggregation: Aggregation) -> dict[str, Any]:
    """Doubts, and whose label stands where writer and judge differ."""
    settled = {a.id: a.label for a in corpus.annotations if a.annotator == ADJUDICATOR}
    differing = unlike(_votes(corpus))
    sides = Counter(dict.fromkeys((*NEWS[:2], "neither"), 0))
    for row in differing:
        if row[0].id in settled:
            sides[next((a.annotator for a in row if a.label == settled[a.id]), "neither")] += 1
    return {
        "doubts": {name: doubts(folder / "judgements" / f"{name}.jsonl") for name in NEWS[:2]},
        "differ": len(differing),
        "differ_by_brief": counted(row[0].id[0] for row in differing),
        "labels": differences(_votes(corpus)),
        "adjudicated": len(settled),
        "settled": dict(sides),
        "left_out": len(aggregation.ties),
    }
