"""The numbers of the questions on newswire of 1987, and the promises that they must keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasheet.counts import agreement, differences, doubts, leaks, shape, split, unlike, words_of
from datasheet.news import sizes
from stance.base.annotations import label_counts
from stance.data.agreement import by_row
from stance.data.corpora import wire


def measure(folder: Path, texts: str | Path) -> dict[str, Any]:
    """Everything that the data statement says of this part in numbers.

    Args:
        folder: Laid out as ``seeds/``.
        texts: The user's copy of Reuters-21578.

    Returns:
        Sizes; counts by label and part, of the rows on which both readers agree; ``words`` a sentence (quartiles);
        ``shape`` of the sentences; ``leaks`` between the parts, train being that of the bundled corpus; ``judgement``:
        doubts of each reader, and rows on which they differ, which no part has; ``agreement``.

    Raises:
        StanceError: The files are not of the format, or the collection is another one.
    """
    corpus = wire.read(folder, texts)
    votes = [a for a in corpus.annotations if a.annotator in wire.READERS]
    rows = [judgements[0] for judgements in by_row(votes).values()]
    splits = split(corpus)
    kept = {part: splits[part] for part in ("validation", "test")}
    agreed = [example for found in kept.values() for example in found]
    return {
        "stories": len({row.document for row in rows}),
        "sentences": len({(row.document, row.text) for row in rows}),
        "questions": len(rows),
        "rows": len(agreed),
        "labels": label_counts(example.label for example in agreed),
        "targets": len({row.target for row in rows}),
        "holders": len({row.holder for row in rows}),
        "parts": {part: sizes(found) for part, found in kept.items()},
        "words": words_of(text for _, text in sorted({(row.document, row.text) for row in rows})),
        "shape": shape(agreed),
        "leaks": leaks(splits),
        "judgement": {
            "doubts": {name: doubts(folder / wire.NAME / "judgements" / f"{name}.jsonl") for name in wire.READERS},
            "differ": len(unlike(votes)),
            "labels": differences(votes),
        },
        "agreement": agreement(votes, votes, wire.READERS),
    }


#: What this part promises: a name, and whether the measured numbers keep it.
PROMISES: dict[str, Any] = {
    "at least 500 rows": lambda m: m["rows"] >= 500,
    "at least 90 stories": lambda m: m["stories"] >= 90,
    "every row judged by both readers": lambda m: m["agreement"]["pairs"][0]["rows"] == m["questions"],
    "no story or sentence, nor a nearly equal one, in two parts": lambda m: (
        not any(rows for kind, rows in m["leaks"].items() if kind != "target")
    ),
}
