"""The page of an evaluation: one HTML file that opens offline, made from a report and rows."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote

import regex
from jinja2 import PackageLoader
from markupsafe import Markup
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from stance.base.annotations import Example
from stance.base.labels import LABELS
from stance.base.measures import TITLES
from stance.base.predictions import Prediction
from stance.base.words import composed, whole, words
from stance.evaluation.metrics import FEW_DOCUMENTS, in_words
from stance.evaluation.report import PartReport, Report
from stance.evaluation.slices import LEAST_DOCUMENTS, LEAST_ROWS, LEVEL, Slices
from stance.reporting.figures import reliability_diagram, risk_coverage
from stance.reporting.html import script_hash, template_environment

#: Rows of the table of all rows, and of those by target, holder and tag; the page says how many are not shown.
MOST_ROWS, MOST = 5000, 20

#: The most confident mistakes and the weak slices that are shown.
MOST_MISTAKES, MOST_SLICES = 15, 10

PRIORS = {
    "majority": "always the commonest label",
    "stratified": "labels drawn by their shares in train",
    "target": "the commonest label of each target",
    "holder": "the commonest label of each holder",
    "holder_target": "the commonest label of each holder and target",
}

LOSSES = {"ece": "expected calibration error", "brier": "Brier score (0 to 2)", "log_loss": "log loss"}

ORDERS = {"aurc": "area under the risk-coverage curve", "excess_aurc": "of it due to the order of confidence"}

AUTHOR = "(the author)"


def page_rows(examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[dict[str, Any]]:
    """What the page says of each row; ``confidence``, the probability of the predicted label, is None without any."""
    return [
        {name: getattr(example, name) for name in ("id", "text", "holder", "target", "document")}
        | {
            "gold": example.label,
            "predicted": prediction.label,
            "confidence": prediction.scores[prediction.label] if prediction.scores else None,
        }
        for example, prediction in zip(examples, predictions, strict=True)
    ]


def page(report: PartReport, rows: Sequence[Mapping[str, Any]]) -> str:
    """The whole page as HTML; the same input gives the same bytes. Nothing of the input is taken for markup."""
    loader = PackageLoader("stance.reporting")
    environment = template_environment(loader)
    environment.filters |= {"interval": in_words, "signed": partial(in_words, sign="+")}
    environment.filters |= {"anchor": anchor, "marked": marked}
    source = {name: loader.get_source(environment, f"report.{name}")[0] for name in ("js", "css")}
    return environment.get_template("report.html.j2").render(
        report=report,
        scores=report.scores,
        rows=rows[:MOST_ROWS],
        n_rows=len(rows),
        labels=LABELS,
        measures=TITLES,
        losses=LOSSES,
        orders=ORDERS,
        priors=PRIORS,
        verdict=verdict(report.scores),
        tables=_group_tables(report),
        mistakes=_mistakes(rows),
        shown_ids={row["id"] for row in rows[:MOST_ROWS]},
        slices=_slices(report.slices),
        figures=_figures(report),
        author=AUTHOR,
        limits={"rows": LEAST_ROWS, "documents": LEAST_DOCUMENTS, "level": LEVEL},
        script=Markup(source["js"]),
        style=Markup(source["css"]),
        script_hash=script_hash(source["js"]),
    )


def verdict(report: Report) -> str:
    """What the gain over the best prior shows, in a sentence."""
    gain = report.gain
    if report.documents == 1:
        return "All rows are from one document, which shows nothing of others."
    few = report.documents < FEW_DOCUMENTS
    caution = f" But of {report.documents} documents it is too narrow to go by." if few else ""
    if gain.low > 0:
        return f"The interval of the gain is above 0: the model does better than a guess that does not read.{caution}"
    if gain.high < 0:
        return f"The interval of the gain is below 0: the model does worse than a guess that does not read.{caution}"
    return "The interval of the gain holds 0: these rows do not tell the model from a guess that does not read."


def anchor(row_id: str) -> str:
    """The ``id`` of a row's element, which is also the fragment of a link to it: ``row-`` and the id, percent-encoded.

    A browser looks for an element of a fragment as it is written before it decodes it.
    """
    return f"row-{quote(row_id, safe='')}"


def marked(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The text in pieces, each with ``holder``, ``target`` or an empty string for what it names.

    The holder is marked where its name stands, with or without "the"; the target where it stands as a whole, else its
    words of four letters or more that are no stop words.
    """
    holder, target, text = (composed(row[name]) for name in ("holder", "target", "text"))
    bare = regex.sub(r"^the\s+", "", holder.strip(), flags=regex.I)
    stands = bool(target.strip()) and target.casefold() in text.casefold()
    names = {"holder": (bare,), "target": (target.strip(),) if stands else _telling(target)}
    patterns = {kind: _compiled(found) for kind, found in names.items() if any(found)}
    pieces, end = [], 0
    while found := [(kind, match) for kind, pattern in patterns.items() if (match := pattern.search(text, end))]:
        kind, match = min(found, key=lambda one: one[1].start())
        pieces += [("", text[end : match.start()]), (kind, match.group())]
        end = match.end()
    pieces.append(("", text[end:]))
    return [(kind, piece) for kind, piece in pieces if piece]


def _telling(target: str) -> tuple[str, ...]:
    return tuple(word for word in words(target) if len(word) > 3 and word.casefold() not in ENGLISH_STOP_WORDS)


@lru_cache(maxsize=2 * MOST_ROWS)
def _compiled(names: tuple[str, ...]) -> regex.Pattern[str]:
    """What finds one of these names; kept, since it takes milliseconds, and rows have many pairs of few names."""
    return regex.compile(whole(names), regex.I)


def _group_tables(report: PartReport) -> list[dict[str, Any]]:
    """For targets, holders and tags: the largest groups, and how many more there are."""
    tables = []
    for kind in ("targets", "holders", "tags"):
        groups = [
            {"name": name or AUTHOR, "scores": scores, "interval": getattr(report.intervals, kind)[name]}
            for name, scores in getattr(report.scores, kind).items()
        ]
        groups.sort(key=lambda group: (-group["scores"].n, group["name"]))
        tables.append({"kind": kind, "one": kind[:-1], "groups": groups[:MOST], "more": len(groups[MOST:])})
    return [table for table in tables if table["groups"]]


def _mistakes(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The wrong rows with the highest confidence, the highest first; none if there are no probabilities."""
    wrong = [row for row in rows if row["gold"] != row["predicted"] and row["confidence"] is not None]
    return sorted(wrong, key=lambda row: -row["confidence"])[:MOST_MISTAKES]


def _slices(found: Slices) -> dict[str, Any]:
    return {
        "tested": len(found.tested),
        "weak": len(found.weak),
        "too_small": found.too_small,
        "shown": (found.weak or found.tested[:5])[:MOST_SLICES],
    }


def _figures(report: PartReport) -> dict[str, Markup]:
    """The plots as SVG; their text is ours and numbers, so that it may stand as it is."""
    if report.calibration is None or report.calibration.reliability is None or report.selective is None:
        return {}
    return {
        "reliability": Markup(reliability_diagram(report.calibration.reliability["equal_mass"])),
        "risk": Markup(risk_coverage(report.selective.curve)),
    }
