"""The literary and the news part as they are bundled, and what a model scores on news that reads too little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from datasheet.counts import leaks, split
from stance.base.annotations import Example
from stance.base.files import read_json
from stance.data.corpora import bundled, news
from stance.data.splits import Splits
from stance.evaluation.evaluate import evaluate, predict_examples
from stance.evaluation.report import Report
from stance.models.linear import ngram_svm

#: Which fields of a row each of the n-gram models sees.
SEEN = {"text": ("text",), "target": ("target",), "holder": ("holder",), "all": ("text", "target", "holder")}


def measure(folder: Path) -> dict[str, Any]:
    """Rows of each part, and what parts share.

    Args:
        folder: Laid out as ``seeds/``.

    Returns:
        ``rows`` by part; ``leaks`` between a part that is learnt from and another; ``areas_learnt``: for each literary
        part, the areas that a train part has too.

    Raises:
        StanceError: The files are not of the format.
    """
    splits = split(bundled.read(folder))
    areas = {name: read_json(folder / name / "parts.json") for name in ("", "news")}
    learnt = {area for own in areas.values() for area in own["train"]}
    return {
        "rows": {part: len(rows) for part, rows in splits.items()},
        "leaks": leaks(splits),
        "areas_learnt": {
            f"{name or bundled.LITERARY_TAG} {part}": sorted(learnt.intersection(own[part]))
            for name, own in areas.items()
            for part in ("validation", "test")
        },
    }


#: What the two parts promise together.
PROMISES: dict[str, Any] = {
    "no document, target or sentence, nor a nearly equal one, in two parts": lambda m: not any(m["leaks"].values()),
    "no test part has an area that is learnt from": lambda m: (
        not any(areas for part, areas in m["areas_learnt"].items() if part.endswith("test"))
    ),
}


def shortcuts(folder: Path) -> dict[str, Any]:
    """Macro-F1 on the news test part of n-grams that see a part of the row, and of the best prior.

    Args:
        folder: Laid out as ``seeds/news/``.

    Returns:
        For each of ``SEEN`` value and 95% interval of the n-gram baseline (:func:`stance.models.linear.ngram_svm`)
        fitted on the news train part; ``best_prior``: the best of the five that do not read the text.

    Raises:
        StanceError: The files are not of the format.
    """
    splits = split(news.read(folder, bundled.NEWS))
    reports = {name: _score(splits, fields) for name, fields in SEEN.items()}
    priors = reports["all"].priors
    best = reports["all"].best_prior
    scores = {name: asdict(report.measures["macro_f1"]) for name, report in reports.items()}
    return {
        **{name: {end: round(value, 4) for end, value in score.items()} for name, score in scores.items()},
        "best_prior": {"name": best, "value": round(priors[best], 4)},
    }


#: What a model must not reach that reads too little.
SHORTCUT_PROMISES: dict[str, Any] = {
    f"n-grams of the {field} alone below 0.45 macro-F1 on test": lambda m, field=field: m[field]["value"] < 0.45
    for field in ("text", "target", "holder")
}


def _score(splits: Splits, seen: Sequence[str]) -> Report:
    """The report of the n-gram baseline that sees some fields only; the priors see what they always see."""
    shown = {part: [_shown(row, seen) for row in rows] for part, rows in splits.items()}
    model = ngram_svm(shown["train"], shown["validation"])
    said = [prediction.label for prediction in predict_examples(model, shown["test"])]
    return evaluate(splits["test"], said, splits["train"])


def _shown(row: Example, seen: Sequence[str]) -> Example:
    text, target, holder = (getattr(row, name) if name in seen else "" for name in SEEN["all"])
    return replace(row, text=text, target=target, holder=holder)
