"""Pictures of results, as SVG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from stance.files import write_beside

INK, ACCENT = "#444444", "#1f5f99"


def learning_curve(results: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Draw the headline measure on test against the number of training documents, with 95% intervals.

    The dashed line is the best prior that does not read the text. The same results give the same bytes.

    Args:
        results: Summaries of runs on one dataset, as ``results.summarize`` gives them.
        path: SVG file to write.
    """
    ordered = sorted(results, key=lambda result: int(result["train"]["documents"]))
    documents = [result["train"]["documents"] for result in ordered]
    scores = [result["measures"][result["headline"]] for result in ordered]
    values = [score["value"] for score in scores]
    margins = [
        [score["value"] - score["low"] for score in scores],
        [score["high"] - score["value"] for score in scores],
    ]
    prior = ordered[-1]["best_prior"]
    with mpl.rc_context({"svg.hashsalt": "stance", "font.size": 10, "svg.fonttype": "none"}):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.axhline(prior["value"], color=INK, linestyle="--", linewidth=1)
        axes.annotate(
            f"best prior that does not read: {prior['name']}, {prior['value']:.3f}",
            (documents[-1], prior["value"]), (0, 4), textcoords="offset points", ha="right", color=INK,
        )  # fmt: skip
        axes.errorbar(documents, values, margins, color=ACCENT, marker="o", capsize=4)
        for x, value in zip(documents, values, strict=True):
            axes.annotate(f"{value:.3f}", (x, value), (6, -12), textcoords="offset points", color=ACCENT)
        axes.set_xticks(documents)
        axes.set_xlabel("training documents")
        axes.set_ylabel(f"{ordered[-1]['headline']} on test")
        axes.margins(x=0.08, y=0.15)
        axes.spines[["top", "right"]].set_visible(False)
        with write_beside(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
