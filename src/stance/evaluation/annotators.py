"""Agreement between annotators, and the score that one of them reaches against the others (the ceiling).

A model is scored against what several annotators said together, and no single annotator says that every time. The
ceiling holds each annotator out in turn, scores it against the majority of the others, and scores the model against
those same majorities.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from stance.base.annotations import Annotation, Corpus, Example, label_counts
from stance.base.errors import StanceError
from stance.base.labels import Label
from stance.base.markdown import markdown_table
from stance.base.measures import ALL_MEASURES, MEASURES
from stance.data.agreement import (
    alpha_interval,
    by_row,
    count_votes,
    fleiss,
    interval_by_name,
    krippendorff_alpha,
    majority,
    pairs,
)
from stance.evaluation import metrics
from stance.evaluation.evaluate import over_seeds

#: An annotator with fewer scored rows has no scores of its own: macro-F1 on a dozen rows is noise.
ENOUGH = 20

#: Rows of a table on the page; the file has all.
SHOWN = 15


def held_out(annotations: Iterable[Annotation]) -> list[tuple[Annotation, Label | None]]:
    """Each judgement with the majority of the others on that row; None where they are tied.

    A judgement that is the only one of its row is left out: there are no others.
    """
    found = []
    for judgements in by_row(annotations).values():
        votes = np.array(count_votes(a.label for a in judgements))
        if len(judgements) > 1:
            own = (np.array(count_votes([a.label])) for a in judgements)
            found += [(a, majority((votes - vote).tolist())) for a, vote in zip(judgements, own, strict=True)]
    return found


def by_annotator(annotations: Sequence[Annotation]) -> dict[str, dict[str, Any]]:
    """Of each annotator, the most judging first: how much was judged, how labels are used, agreement with the others.

    Returns:
        By annotator ``rows``; ``labels`` used; ``compared``: rows on which the others have a majority, of which
        ``agreed``, and the ``share`` (None where there are none); ``ties`` of the others.
    """
    used: dict[str, list[str]] = defaultdict(list)
    for annotation in annotations:
        used[annotation.annotator].append(annotation.label)
    compared: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    ties: Counter[str] = Counter()
    for annotation, others in held_out(annotations):
        ties[annotation.annotator] += others is None
        compared[annotation.annotator] += others is not None
        agreed[annotation.annotator] += annotation.label == others
    return {
        name: {
            "rows": len(labels),
            "labels": label_counts(labels),
            "compared": compared[name],
            "agreed": agreed[name],
            "share": agreed[name] / compared[name] if compared[name] else None,
            "ties": ties[name],
        }
        for name, labels in sorted(used.items(), key=lambda item: (-len(item[1]), item[0]))
    }


def by_target(annotations: Iterable[Annotation]) -> dict[str, dict[str, Any]]:
    """Of each target, the most judged first: ``rows`` judged by several, and nominal ``alpha`` (None = undefined)."""
    rows: dict[str, list[list[str]]] = defaultdict(list)
    for judgements in by_row(annotations).values():
        if len(judgements) > 1:
            rows[judgements[0].target].append([a.label for a in judgements])
    ordered = sorted(rows.items(), key=lambda item: (-len(item[1]), item[0]))
    return {target: {"rows": len(r), "alpha": _number(krippendorff_alpha(r))} for target, r in ordered}


def ceiling(
    annotations: Iterable[Annotation],
    examples: Sequence[Example],
    predicted: Sequence[str] | None = None,
    *,
    headline: str = "macro_f1",
    samples: int = 1000,
) -> dict[str, Any]:
    """How well one annotator, held out, gives the majority of the others; and a model, scored against the same.

    Every judgement of the examples' rows is scored once, so that a row judged by eight counts eight times, each time
    against the majority of the seven others, with the annotator's label and with the model's. Intervals resample
    documents; that of the difference is paired.

    Args:
        annotations: Of those who vote.
        examples: The rows to score on, e.g. the test part; their labels are not looked at.
        predicted: A model's label for each of them.
        headline: The measure of the difference.
        samples: Bootstrap samples.

    Returns:
        ``rows`` and ``judgements`` scored; judgements left out since the others were tied (``ties``) or since there
        are no others (``alone``); ``annotator`` and, with a model, ``model``: each measure with interval;
        ``difference``: model minus annotator in the headline measure; ``annotators``: measures of each with ``n`` of
        ``ENOUGH`` or more.

    Raises:
        StanceError: No row of the examples was judged by several, or all their others are tied.
    """
    example = {e.id: e for e in examples}
    judged = [a for a in annotations if a.id in example]
    compared = held_out(judged)
    scored = [(a, others) for a, others in compared if others is not None]
    if not scored:
        raise StanceError("no ceiling: no row of this part has an annotator whose others agree on a label")
    rows = [replace(example[a.id], label=others) for a, others in scored]
    own = [a.label for a, _ in scored]

    def measures(*labels: Sequence[Sequence[str]]) -> dict[str, dict[str, float]]:
        scores = over_seeds(rows, *labels, names=ALL_MEASURES, headline=headline, samples=samples)
        return {name: {key: score[key] for key in ("value", "low", "high")} for name, score in scores.items()}

    found: dict[str, Any] = {
        "rows": len({a.id for a, _ in scored}),
        "judgements": len(scored),
        "ties": len(compared) - len(scored),
        "alone": len(judged) - len(compared),
        "headline": headline,
        "annotator": measures([own]),
    }
    if predicted is not None:
        said = dict(zip(example, predicted, strict=True))
        model = [said[a.id] for a, _ in scored]
        found["model"] = measures([model], [own])
        found["difference"] = found["model"].pop("gain")
    return found | {"annotators": _scores_of_each(scored)}


def _scores_of_each(scored: Sequence[tuple[Annotation, Label | None]]) -> dict[str, dict[str, Any]]:
    labels: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for annotation, others in scored:
        labels[annotation.annotator].append((str(others), annotation.label))
    found = {}
    for name, both in sorted(labels.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(both) >= ENOUGH:
            matrix = metrics.confusion(*zip(*both, strict=True))
            found[name] = {"n": len(both)} | {key: float(measure.of(matrix)) for key, measure in MEASURES.items()}
    return found


def describe(
    corpus: Corpus,
    examples: Sequence[Example],
    predicted: Sequence[str] | None = None,
    *,
    headline: str = "macro_f1",
    samples: int = 1000,
) -> dict[str, Any]:
    """Everything about the annotators of a corpus, ready for JSON: agreement on all rows, the ceiling on one part.

    The adjudicator, if there is one, is no annotator here. A judgement that a file gives twice counts once.

    Returns:
        ``rows``, how many were ``judged_by_several`` and on how many of these judgements ``differ``; ``alpha``,
        nominal and ordinal, with interval; ``fleiss``; ``pairs``; ``annotators``; ``targets``; ``ceiling``, with
        ``by_construction``: whether its annotator had to be right, since no row of the part was judged by more than
        two, and those on which two differ have no label.

    Raises:
        StanceError: No row was judged by several.
    """
    voting = list({(a.id, a.annotator): a for a in corpus.annotations if a.annotator != corpus.adjudicator}.values())
    several = [row for row in by_row(voting).values() if len(row) > 1]
    if not several:
        raise StanceError("no row was judged by several annotators: there is no agreement to measure")
    annotators = by_annotator(voting)
    part = {example.id for example in examples}
    of_part = by_row(a for a in voting if a.id in part).values()
    agreed = all(len(row) < 3 and len({a.label for a in row}) == 1 for row in of_part)
    best = ceiling(voting, examples, predicted, headline=headline, samples=samples)
    return {
        "version": 1,
        "rows": len({a.id for a in voting}),
        "judged_by_several": len(several),
        "differ": sum(len({a.label for a in row}) > 1 for row in several),
        "alpha": {
            "nominal": interval_by_name(alpha_interval(voting, level="nominal", samples=samples)),
            "ordinal": interval_by_name(alpha_interval(voting, level="ordinal", samples=samples)),
        },
        "fleiss": fleiss(voting),
        "pairs": pairs(voting, sorted(annotators)),
        "annotators": annotators,
        "targets": by_target(voting),
        "ceiling": best | {"by_construction": agreed and not corpus.adjudicator},
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def annotators_page(found: Mapping[str, Any]) -> str:
    """Markdown of what :func:`describe` gives."""
    lines = [
        f"{found['judged_by_several']:,} of {found['rows']:,} rows were judged by several annotators, who differ on "
        f"{found['differ']:,} of them."
    ]
    if not found["differ"]:
        lines.append("Where a file keeps only what was agreed on, that says nothing about agreement.")
    lines += ["", markdown_table(["agreement", "value", "rows"], _agreement_rows(found))]
    pair_rows = [
        [pair["first"], pair["second"], _shown(pair["kappa"]), pair["rows"], f"{pair['share']:.1%}"]
        for pair in found["pairs"]
    ]
    target_rows = [[target, of["rows"], _shown(of["alpha"])] for target, of in found["targets"].items()]
    heads = ["annotator", "rows", "against, neutral, favor", "agrees with the others", "compared", "ties of the others"]
    lines += _some(["first", "second", "Cohen's kappa", "rows", "agreed"], pair_rows)
    people: list[list[object]] = []
    for name, of in found["annotators"].items():
        labels = ", ".join(f"{n / of['rows']:.0%}" for n in of["labels"].values())
        share = "" if of["share"] is None else f"{of['share']:.1%}"
        people.append([name, of["rows"], labels, share, of["compared"], of["ties"]])
    lines += _some(heads, people)
    lines += _some(["target", "rows", "alpha, nominal"], target_rows)
    best = found["ceiling"]
    shown = [best[who] for who in ("annotator", "model") if who in best]
    ceilings = [[name, *(metrics.in_words(scores[name]) for scores in shown)] for name in ALL_MEASURES]
    lines += [
        "",
        f"One annotator against the majority of the others, on {best['judgements']:,} judgements of {best['rows']:,} "
        f"rows; {best['ties']:,} left out since the others were tied, {best['alone']:,} since there are none.",
        "",
        markdown_table(["measure", "one annotator", *(["model"] if "model" in best else [])], ceilings),
    ]
    if best["by_construction"]:
        lines += [
            "",
            "No row of this part has more than two judgements, and rows on which two differ have no label and are in "
            "no part. So one annotator is always right here, whatever the agreement: go by kappa and alpha.",
        ]
    if "model" in best:
        lines += ["", f"model minus annotator: {metrics.in_words(best['difference'], sign='+')} {best['headline']}"]
    return "\n".join(lines) + "\n"


def _some(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table of the first rows, and how many more there are."""
    more = [f"\nand {len(rows) - SHOWN:,} more"] if len(rows) > SHOWN else []
    return ["", markdown_table(heads, rows[:SHOWN]), *more]


def _agreement_rows(found: Mapping[str, Any]) -> list[list[object]]:
    rows: list[list[object]] = []
    for level, alpha in found["alpha"].items():
        shown = "undefined" if alpha["value"] is None else metrics.in_words(alpha)
        rows.append([f"Krippendorff's alpha, {level}", shown, found["judged_by_several"]])
    kappa = found["fleiss"]
    rows.append([f"Fleiss' kappa ({kappa['judgements']} judgements a row)", _shown(kappa["kappa"]), kappa["rows"]])
    kappas = [pair["kappa"] for pair in found["pairs"] if pair["kappa"] is not None]
    if kappas:
        low, middle, high = np.quantile(kappas, [0.25, 0.5, 0.75])
        name = f"Cohen's kappa, quartiles of {len(kappas):,} pairs"
        rows.append([name, f"{low:.3f}, {middle:.3f}, {high:.3f}", found["judged_by_several"]])
    return rows


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
