"""A cheap model labels the rows that it is sure of, a slow one the rest: chooses the threshold, measures the loss.

Viola and Jones (2001, CVPR) for the idea; for models of text Varshney and Baral (2022, Model Cascading, EMNLP).
"""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.errors import input_error
from stance.base.files import folder_beside, write_json
from stance.base.labels import LABELS
from stance.base.measures import Array, macro_f1
from stance.base.predictions import Probabilities, probabilities_of, to_predictions
from stance.base.questions import questions_of
from stance.base.settings import as_values
from stance.data.build import load_part
from stance.data.dataset import DatasetRecord
from stance.data.seen import warn_of_learnt, write_learnt
from stance.evaluation import metrics
from stance.evaluation.comparison import paired_difference
from stance.evaluation.selective import confidence_and_right, thresholds
from stance.evaluation.shares import Scored, write_validation
from stance.inference.config import CascadeConfig
from stance.models.card import Card
from stance.models.classifier import StanceClassifier, checkpoint_folder
from stance.models.combined import Cascade
from stance.training.machine import machine

#: In the folder of a cascade: what was measured when it was made.
REPORT = "report.json"


def losses(
    gold: NDArray[np.int64],
    cheap: Probabilities,
    dear: Probabilities,
    documents: NDArray[np.int64],
    samples: int,
    seed: int = 0,
) -> tuple[Array, Array]:
    """What each possible threshold costs.

    Args:
        gold: Label ids, shape (rows,).
        cheap: Of the same rows, shape (rows, 3).
        dear: Likewise.
        documents: The number of each row's document, shape (rows,).
        samples: Of the bootstrap by document.
        seed: Of the bootstrap.

    Returns:
        The distinct confidences of the cheap model, the highest first, shape (thresholds,); and the macro-F1 of the
        dear model alone less that of the cascade whose cheap model answers from this confidence on, shape
        (1 + samples, thresholds), first on the rows as they are.
    """
    confidence = cheap.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    last = np.flatnonzero(np.diff(confidence[order], append=-1))
    cells = np.eye(9)
    alone = cells[3 * gold + dear.argmax(axis=1)]
    change = (cells[3 * gold + cheap.argmax(axis=1)] - alone)[order]
    lost = np.empty((1 + samples, len(last)))
    for number, weights in enumerate(metrics.document_weights(int(documents.max()) + 1, samples, seed)):
        of_rows = weights[documents]
        total = of_rows @ alone
        mixed = total + (of_rows[order, None] * change).cumsum(axis=0)[last]
        lost[number] = macro_f1(total.reshape(3, 3)) - macro_f1(mixed.reshape(-1, 3, 3))
    return confidence[order][last], lost


def choose_threshold(confidences: Array, lost: Array, loss: float, certainty: float) -> float | None:
    """The lowest threshold that, like every higher one, loses at most ``loss``; None if the highest loses more.

    A loss must hold on the rows as they are and in the share ``certainty`` of their resamples by document, and at
    every higher threshold too: the lowest threshold that merely happens to hold is one of hundreds, and on other rows
    of small corpora it lost up to six points (``docs/inference.md``).

    Args:
        confidences: See :func:`losses`.
        lost: Likewise.
        loss: In macro-F1, 0.002 being 0.2 points.
        certainty: From 0 to below 1.

    Returns:
        Halfway between the last confidence that is answered and the next below it.
    """
    at_most = np.maximum(lost[0], np.quantile(lost[1:], certainty, axis=0))
    within = np.logical_and.accumulate(at_most <= loss + 1e-12)
    if not within[0]:
        return None
    chosen = int(within.sum())
    return float(np.append(confidences, 0.0)[chosen - 1 : chosen + 1].mean())


def make_cascade(config: CascadeConfig) -> dict[str, Any]:
    """Choose the threshold on validation, measure on test, write the checkpoint with its report.

    Returns:
        ``cheap``, ``checkpoint``, ``data``, ``machine``; ``threshold``; ``loss`` and ``certainty`` asked for;
        ``parts``: for validation and test rows, documents, the ``share`` that the cheap model answers, macro-F1 of
        ``cheap``, ``dear`` and ``cascade``, and what is ``lost``, with its paired 95% interval by document;
        ``saving``: see :func:`time_both`.

    Raises:
        StanceError: A checkpoint that was trained on other data or another division of it; no threshold that keeps to
            the loss or saves time (nothing is written then); something else stands at the output.
    """
    output = Path(config.output)
    if output.exists() and not (output / "cascade.json").exists():
        raise input_error(str(output), "something else is there", allowed="a new folder, or that of an older cascade")
    splits, record = load_part(config.outputs, config.data, config.split, "test")
    cheap, dear = (_trained_on(record, place) for place in (config.cheap, config.checkpoint))

    def asked(part: str) -> tuple[Probabilities, Probabilities]:
        questions = questions_of(splits[part])
        return probabilities_of(cheap.predictor, questions), probabilities_of(dear.predictor, questions)

    for place, member in ((config.cheap, cheap), (config.checkpoint, dear)):
        warn_of_learnt(checkpoint_folder(place), member.card.data, record, [*splits["validation"], *splits["test"]])
    validation, answers = splits["validation"], asked("validation")
    known = Scored.of(validation, answers[0])
    costs = losses(known.labels, *answers, known.documents, config.bootstrap)
    threshold = choose_threshold(*costs, config.loss, config.certainty)
    if threshold is None:
        problem = "no threshold: even where it is surest it loses more than is allowed; nothing is written"
        raise input_error(
            config.cheap, problem, found=f"loss={config.loss:g}", allowed="a better cheap model, or a higher loss"
        )
    cards = {"cheap": cheap.card, "dear": dear.card}
    cascade = Cascade(cheap.predictor, dear.predictor, threshold, cards)
    saving = time_both(cascade, splits["test"], config.rows, config.repeats)
    if saving["ratio"] <= 1:
        problem = f"a cascade with it takes {1 / saving['ratio']:.2f} times as long as {config.checkpoint} alone"
        allowed = "a faster or better cheap model, or a higher loss"
        raise input_error(config.cheap, f"{problem}; nothing is written", found=saving["share"], allowed=allowed)
    said = {"validation": answers, "test": asked("test")}
    parts = {part: _measure(splits[part], _three(cascade, *of), cascade, config.bootstrap) for part, of in said.items()}
    report = {
        "version": 1,
        "cheap": config.cheap,
        "checkpoint": config.checkpoint,
        "data": {"name": record.name, "fingerprint": record.fingerprint},
        "loss": config.loss,
        "certainty": config.certainty,
        "threshold": threshold,
        "parts": parts,
        "saving": saving,
        "machine": machine(),
    }
    _write(output, cascade, validation, _three(cascade, *answers)["cascade"], report)
    return report


def time_both(cascade: Cascade, examples: Sequence[Example], rows: int, repeats: int) -> dict[str, Any]:
    """Seconds of the cascade and of its dear model alone on the same rows, in turn, in this process.

    Returns:
        ``rows`` drawn, ``repeats``, ``share`` of the drawn rows that the cheap model answers, ``seconds`` of each
        (medians), ``rows_per_second`` of each, and the ``ratio`` of the seconds: how many times as fast the cascade is.
    """
    drawn = np.random.default_rng(0).permutation(len(examples))[:rows]
    chosen = questions_of(examples[row] for row in drawn)
    turns: dict[str, list[float]] = {"cascade": [], "dear": []}
    before = cascade.answered["cheap"]
    for _ in range(repeats):
        for name, predictor in (("cascade", cascade), ("dear", cascade.dear)):
            begin = time.perf_counter()
            probabilities_of(predictor, chosen)
            turns[name].append(time.perf_counter() - begin)
    seconds = {name: median(taken) for name, taken in turns.items()}
    return {
        "rows": len(chosen),
        "repeats": repeats,
        "share": (cascade.answered["cheap"] - before) / (repeats * len(chosen)),
        "seconds": seconds,
        "rows_per_second": {name: len(chosen) / taken for name, taken in seconds.items()},
        "ratio": seconds["dear"] / seconds["cascade"],
    }


def in_words(report: dict[str, Any]) -> str:
    """The report as a script prints it."""
    lines = [f"{report['cheap']} answers from a probability of {report['threshold']:.3f} on"]
    for name, part in report["parts"].items():
        scores = ", ".join(f"{model} {part['macro_f1'][model]:.3f}" for model in ("cascade", "dear", "cheap"))
        lines.append(
            f"{name}: {part['share']:.1%} of {part['n']:,} rows; macro-F1 {scores}; "
            f"lost {metrics.in_words(part['lost'], sign='+')}"
        )
    saving = report["saving"]
    speed = {name: f"{rows:,.0f}" for name, rows in saving["rows_per_second"].items()}
    lines.append(
        f"speed: {saving['ratio']:.2f} times that of {report['checkpoint']} alone ({speed['cascade']} and "
        f"{speed['dear']} rows/s on {saving['rows']:,} rows, of which {saving['share']:.1%} are answered at once; "
        f"medians of {saving['repeats']})"
    )
    return "\n".join(lines)


def _trained_on(record: DatasetRecord, place: str) -> StanceClassifier:
    """The checkpoint, if it was trained on this very division of the data: the rows of validation must be new to it."""
    classifier = StanceClassifier.from_pretrained(place)
    seen = classifier.card.data
    if (seen.get("name"), seen.get("fingerprint")) != (record.name, record.fingerprint):
        raise input_error(
            place,
            "trained on other data, or on another division of it, so that it may have seen rows of validation",
            found=seen,
            allowed=f"{record.name} with fingerprint {record.fingerprint}; data=... split=... as it was trained",
        )
    return classifier


def _three(cascade: Cascade, cheap: Probabilities, dear: Probabilities) -> dict[str, Probabilities]:
    """What each of the three says, the cascade without being asked."""
    return {"cheap": cheap, "dear": dear, "cascade": np.where(cascade.sure(cheap)[:, None], cheap, dear)}


def _measure(
    examples: Sequence[Example], answers: dict[str, Probabilities], cascade: Cascade, samples: int
) -> dict[str, Any]:
    """Of one part: how much the cheap model answers, how good all three are, what is lost."""
    labels = {name: [LABELS[number] for number in said.argmax(axis=1)] for name, said in answers.items()}
    score = partial(metrics.measure, "macro_f1")
    compared = paired_difference(score, examples, [labels["cascade"]], [labels["dear"]], samples, seed=0)
    gold = [example.label for example in examples]
    return {
        "n": len(examples),
        "documents": len({example.document for example in examples}),
        "share": float(cascade.sure(answers["cheap"]).mean()),
        "macro_f1": {name: float(macro_f1(metrics.confusion(gold, said))) for name, said in labels.items()},
        "lost": as_values(compared.difference),
    }


def _write(
    output: Path, cascade: Cascade, validation: Sequence[Example], answers: Probabilities, report: dict[str, Any]
) -> None:
    """The checkpoint, which remembers validation as one of a run does, with the report in it."""
    table = thresholds(*confidence_and_right(validation, to_predictions(answers)))
    with folder_beside(output) as temporary:
        cascade.save(temporary)
        Card("cascade", report["data"], thresholds=tuple(table)).write(temporary)
        write_validation(temporary, Scored.of(validation, answers))
        write_learnt(temporary, [], map(checkpoint_folder, (report["cheap"], report["checkpoint"])))
        write_json(temporary / REPORT, report)
