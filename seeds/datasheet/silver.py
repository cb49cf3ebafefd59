"""The numbers of the silver rows, which one judge labelled and stance-small learns from, and what they promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasheet.counts import counted, leaks, prose, split, words_of
from stance.base.annotations import Example
from stance.base.files import read_json
from stance.base.labels import LABELS
from stance.base.rows import read_rows
from stance.data.agreement import aggregate, alpha_interval, by_row
from stance.data.corpora import bundled, silver
from stance.data.duplicates import normalized
from stance.data.unlabelled import Negotiation, negotiation_of


def measure(folder: Path) -> dict[str, Any]:
    """Everything that the data statement says of the silver rows in numbers.

    Args:
        folder: Laid out as ``seeds/``.

    Returns:
        Sizes; ``words`` a sentence (quartiles); ``areas``: negotiations by area; ``prose`` of the sentences
        (:mod:`datasheet.counts`); ``rows`` by part and label; ``unclear`` pairs, which are in no row; ``agreement`` of
        the two judges of validation and test; ``leaks``: what they share with a part of bundled that is not learnt
        from; ``wire_targets``: which of their targets the wire asks about; ``kept_apart``: areas that validation or
        test of news has.

    Raises:
        StanceError: The files are not of the format.
    """
    found = silver.read(folder / "silver")
    lines = [row for name in found.files for _, row in read_rows(folder / "silver" / name)]
    negotiations = [negotiation_of(row, row["document"]) for row in lines]
    sentences = [(text, one.document) for one in negotiations for text in one.texts]
    areas = [row["area"] for row in lines]
    parts = read_json(folder / "news" / "parts.json")
    wire = {normalized(row["target"]) for _, row in read_rows(folder / "wire" / "rows.jsonl")}
    targets = {target for one in negotiations for target in one.targets}
    labelled = aggregate(found.annotations, found.adjudicator)
    counts = Counter(((found.parts or {})[row.id], row.label) for row in labelled.examples)
    twice = [one for one in found.annotations if (found.parts or {})[one.id] != "train"]
    judged = by_row(twice).values()
    return {
        "negotiations": len(negotiations),
        "sentences": len(sentences),
        "holders": len({holder for one in negotiations for holder in one.holders}),
        "targets": len(targets),
        "words": words_of(text for text, _ in sentences),
        "areas": counted(areas),
        "prose": prose(sentences),
        "rows": {part: {label: counts[part, label] for label in LABELS} for part in silver.PARTS},
        "unclear": sum(entry[3] == silver.UNCLEAR for row in lines for entry in row["labels"]),
        "agreement": {
            "rows": len(judged),
            "same": sum(len({one.label for one in row}) == 1 for row in judged) / len(judged),
            "alpha": dict(zip(("value", "low", "high"), alpha_interval(twice), strict=True)),
        },
        "leaks": _shared(negotiations, folder),
        "wire_targets": sorted(target for target in targets if normalized(target) in wire),
        "kept_apart": sorted(set(areas).intersection(parts["validation"] + parts["test"])),
    }


def _shared(negotiations: Sequence[Negotiation], folder: Path) -> dict[str, int]:
    """Rows of the parts that are not learnt from which share a document, a target or a text with these sentences."""
    splits = split(bundled.read(folder))
    asked = [row for one in negotiations for row in _rows(one, splits["train"][0])]
    apart = {"later": [row for part, rows in splits.items() if part != "train" for row in rows]}
    return leaks({"train": asked, **apart})


def _rows(one: Negotiation, like: Example) -> list[Example]:
    """Rows that have every text, and every target, of a negotiation."""
    pairs = zip(one.texts, [*one.targets] * len(one.texts), strict=False)
    return [replace(like, text=text, target=target, document=one.document) for text, target in pairs]


PROMISES: dict[str, Any] = {
    "no document, target or sentence, nor a nearly equal one, in a part that is not learnt from": lambda m: (
        not any(m["leaks"].values())
    ),
    "no target of the wire": lambda m: not m["wire_targets"],
    "no area of validation or test of news": lambda m: not m["kept_apart"],
    "no sentence twice": lambda m: not m["prose"]["duplicates"],
    "two judges blind to each other agree: alpha 0.75 or more": lambda m: m["agreement"]["alpha"]["low"] >= 0.75,
}
