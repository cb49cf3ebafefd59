"""What a model gets wrong: its most confident mistakes, where they are, and the slices it is significantly worse on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stance.base.annotations import Example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.markdown import markdown_table
from stance.base.predictions import Prediction
from stance.evaluation import metrics
from stance.evaluation.slices import LEAST_DOCUMENTS, LEAST_ROWS, LEVEL, Mask, by_kind, find_weak_slices

#: Rows of a table on the page, and mistakes that are shown; the tables of the report have all.
SHOWN = 15


def report_mistakes(
    examples: Sequence[Example], predictions: Sequence[Prediction], *, samples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Everything that this module finds, ready for JSON.

    Args:
        examples: With the gold labels.
        predictions: One for each, in their order, with probabilities.
        samples: Bootstrap samples for the intervals of differences.
        seed: Of bootstrap and permutations.

    Returns:
        ``n``, ``documents``, ``wrong``, ``accuracy``; ``confident`` (:func:`confident_mistakes`); ``groups``
        (:func:`grouped`); ``slices`` (:func:`stance.evaluation.slices.find_weak_slices`).

    Raises:
        StanceError: No rows, or predictions without probabilities.
    """
    if not examples:
        raise StanceError("mistakes: there are no rows")
    wrong = sum(e.label != p.label for e, p in zip(examples, predictions, strict=True))
    return {
        "version": 1,
        "n": len(examples),
        "documents": len({example.document for example in examples}),
        "wrong": wrong,
        "accuracy": 1 - wrong / len(examples),
        "confident": confident_mistakes(examples, predictions),
        "groups": grouped(examples, predictions),
        "slices": find_weak_slices(examples, predictions, samples=samples, seed=seed),
    }


def confident_mistakes(
    examples: Sequence[Example], predictions: Sequence[Prediction], most: int = 50
) -> list[dict[str, Any]]:
    """The mistakes with the highest probability of the wrong label, the most confident first, at most ``most``.

    Raises:
        StanceError: The predictions have no probabilities.
    """
    if any(not prediction.scores for prediction in predictions):
        raise StanceError("mistakes: the predictions have no probabilities: columns against, neutral, favor are wanted")
    found: list[dict[str, Any]] = [
        {
            "id": example.id,
            "document": example.document,
            "holder": example.holder,
            "target": example.target,
            "text": example.text,
            "tags": list(example.tags),
            "gold": example.label,
            "predicted": prediction.label,
            "confidence": prediction.scores[prediction.label],
            "gold_probability": prediction.scores[example.label],
        }
        for example, prediction in zip(examples, predictions, strict=True)
        if example.label != prediction.label
    ]
    return sorted(found, key=lambda row: -row["confidence"])[:most]


def grouped(examples: Sequence[Example], predictions: Sequence[Prediction]) -> dict[str, list[dict[str, Any]]]:
    """Mistakes by ``target``, ``holder``, ``length`` (thirds, in words), ``tag`` and ``confusion`` cell.

    Returns:
        For each of the first four ``name``, ``n``, ``wrong`` and ``accuracy`` of each group, the one with most mistakes
        first, a row counting for each of its tags; of ``confusion`` the cells off the diagonal: ``gold``,
        ``predicted``, ``n``.
    """
    correct = np.array([e.label == p.label for e, p in zip(examples, predictions, strict=True)])
    groups = {kind: _groups(masks, correct) for kind, masks in by_kind(examples).items()}
    matrix = metrics.confusion([e.label for e in examples], [p.label for p in predictions])
    cells: list[dict[str, Any]] = [
        {"gold": gold, "predicted": said, "n": int(matrix[i, j])}
        for i, gold in enumerate(LABELS)
        for j, said in enumerate(LABELS)
        if i != j
    ]
    return groups | {"confusion": sorted(cells, key=lambda cell: -cell["n"])}


def _groups(masks: Mapping[str, Mask], correct: Mask) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, mask in masks.items():
        n, right = int(mask.sum()), int(correct[mask].sum())
        found.append({"name": name, "n": n, "wrong": n - right, "accuracy": right / n})
    return sorted(found, key=lambda group: (-group["wrong"], -group["n"]))


def mistakes_page(found: Mapping[str, Any]) -> str:
    """Markdown of what :func:`report_mistakes` gives."""
    tested, weak = found["slices"]["tested"], [row for row in found["slices"]["tested"] if row["weak"]]
    heads = ["slice", "n (documents)", "accuracy", "on the rest", "difference", "p (Holm)"]
    lines = [
        f"{found['wrong']:,} of {found['n']:,} rows in {found['documents']:,} documents are wrong "
        f"(accuracy {found['accuracy']:.3f}).",
        "",
        "## Weak slices",
        "",
        f"{len(weak)} of {len(tested)} slices tested are significantly worse than the rest (documents permuted, Holm's "
        f"correction, {LEVEL:.0%}); {found['slices']['too_small']:,} were too small to test "
        f"({LEAST_ROWS} rows, {LEAST_DOCUMENTS} documents)." + ("" if weak else " The worst:"),
        "",
        markdown_table(heads, map(_slice_row, weak or tested[:5])),
        "",
        "## Where the mistakes are",
    ]
    for kind in ("target", "holder", "length", "tag"):
        groups = found["groups"][kind]
        rows = [[_line(g["name"]), g["wrong"], g["n"], f"{g['accuracy']:.3f}"] for g in groups[:SHOWN]]
        more = [f"\nand {len(groups) - SHOWN:,} more"] if len(groups) > SHOWN else []
        lines += ["", markdown_table([kind, "wrong", "n", "accuracy"], rows), *more] if rows else []
    cells = [[cell["gold"], cell["predicted"], cell["n"]] for cell in found["groups"]["confusion"]]
    lines += ["", markdown_table(["gold", "predicted", "n"], cells), "", "## The most confident mistakes", ""]
    rows = [
        [
            f"{m['confidence']:.3f}",
            m["predicted"],
            m["gold"],
            *map(_line, (m["holder"], m["target"], m["text"], m["id"])),
        ]
        for m in found["confident"][:SHOWN]
    ]
    lines.append(markdown_table(["confidence", "predicted", "gold", "holder", "target", "text", "id"], rows))
    return "\n".join(lines) + "\n"


def _slice_row(row: Mapping[str, Any]) -> list[object]:
    size = f"{row['n']:,} ({row['documents']:,})"
    scores = (f"{row['accuracy']:.3f}", f"{row['rest']:.3f}", metrics.in_words(row["difference"], sign="+"))
    return [_line(row["name"]), size, *scores, f"{row['p_holm']:.4f}"]


def _line(text: str) -> str:
    """A text that breaks no table."""
    return " ".join(text.split()).replace("|", "\\|")
