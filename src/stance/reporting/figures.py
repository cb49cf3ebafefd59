"""Pictures of results, as SVG: files, and text that stands in a page and takes its colours."""

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stance.base.files import write_beside

INK, ACCENT = "#444444", "#1f5f99"

#: Of pictures in a page: everything in the ink that is replaced by the page's own.
PAGE_STYLE = {"svg.hashsalt": "stance", "svg.fonttype": "none", "font.size": 10} | dict.fromkeys(
    ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
)


def learning_curve(results: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Draw the headline measure on test against the number of training documents, with 95% intervals.

    The dashed line is the best prior that does not read the text. The same results give the same bytes.
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


def reliability_diagram(bins: Sequence[Mapping[str, float]]) -> str:
    """Accuracy by confidence as SVG text for a page; a calibrated model is on the dashed diagonal.

    Args:
        bins: ``n``, ``confidence`` and ``accuracy`` of each, as :func:`stance.evaluation.calibration.reliability`
            gives them; the area of a point is proportional to n.
    """
    most = max(found["n"] for found in bins)
    confidence, accuracy, area = zip(
        *((found["confidence"], found["accuracy"], 20 + 100 * found["n"] / most) for found in bins), strict=True
    )
    with mpl.rc_context(PAGE_STYLE):
        figure, axes = _in_page("confidence", "accuracy")
        axes.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1)
        axes.plot(confidence, accuracy, color=ACCENT, linewidth=1)
        axes.scatter(confidence, accuracy, s=area, color=ACCENT, zorder=3)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
        text = f"Accuracy by confidence in {len(bins)} bins; the dashed diagonal is a calibrated model"
        return _svg_text(figure, "reliability", text)


def risk_coverage(curve: Sequence[Mapping[str, float]]) -> str:
    """The share of errors among the answered rows, the surest first, by the share answered, as SVG text for a page."""
    coverage = [point["coverage"] for point in curve]
    risk = [point["risk"] for point in curve]
    with mpl.rc_context(PAGE_STYLE):
        figure, axes = _in_page("share of rows answered, the surest first", "share of errors among them")
        axes.axhline(risk[-1], color=INK, linestyle="--", linewidth=1)
        axes.plot(coverage, risk, color=ACCENT, marker="o", markersize=4)
        axes.set(xlim=(0, 1.02), ylim=(0, max(0.05, 1.1 * max(risk))))
        text = f"Share of errors by share of rows answered; the dashed line is the {risk[-1]:.3f} of all rows"
        return _svg_text(figure, "risk", text)


def _in_page(xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(4.6, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg_text(figure: Figure, name: str, text: str) -> str:
    """An ``svg`` element for a page: its colours follow the page's text and ``--accent``, its ids begin with a name.

    The same picture gives the same text.
    """
    file = io.StringIO()
    about = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=about)
    svg = file.getvalue()[file.getvalue().index("<svg") :]
    svg = re.sub(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"', "", svg, count=3)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg).replace("xlink:href", "href")
    svg = svg.replace(INK, "currentColor").replace(ACCENT, "var(--accent)")
    return svg.replace("<svg", f'<svg role="img" aria-label="{text}"', 1)
