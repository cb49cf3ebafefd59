"""A checkpoint or a predictions file scored anew: every number about one part in one file, and the page beside it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stance.base.annotations import Example
from stance.base.errors import input_error
from stance.base.files import read_json, write_json, write_text
from stance.base.names import as_name
from stance.base.predictions import Probabilities, to_probabilities
from stance.base.settings import as_values, from_values
from stance.data.seen import count_learnt
from stance.evaluation.calibration import Calibration, measure_calibration
from stance.evaluation.checks.behaviour import run_suite
from stance.evaluation.checks.probes import probe, related_rows
from stance.evaluation.checks.report import BehaviourReport
from stance.evaluation.checks.suite import read_suite
from stance.evaluation.config import ReportConfig
from stance.evaluation.evaluate import evaluate, score_intervals
from stance.evaluation.predict_part import about_language_models, about_part, predict_part
from stance.evaluation.report import PartReport
from stance.evaluation.selective import measure_selective
from stance.evaluation.slices import find_weak_slices
from stance.models.classifier import checkpoint_folder
from stance.models.scaling import rescale
from stance.reporting.page import LOSSES, page, page_rows

#: Kinds of checkpoints that are probed unless told otherwise: some six times the rows take them seconds.
PROBED = ("tfidf",)


def evaluate_part(config: ReportConfig) -> tuple[PartReport, Path]:
    """Everything measured about a checkpoint or a predictions file on one part of a dataset, and where it was written.

    Beside the JSON file is the same as a page (see :mod:`stance.reporting.page`), with the suffix ``.html``.

    Raises:
        StanceError: See :func:`stance.evaluation.predict_part.predict_part`; a file of ``behaviour`` that is none.
    """
    name = str(config.predictions or config.checkpoint)
    behaviour = None if config.behaviour is None else _read_behaviour(config.behaviour)
    splits, record, predictions, classifier = predict_part(config)
    path = _path(config, record.name)
    examples, labels, samples = splits[config.part], [p.label for p in predictions], config.bootstrap
    report = PartReport(
        **about_part(config, record),
        learnt=None if classifier is None else count_learnt(checkpoint_folder(str(config.checkpoint)), examples),
        scores=evaluate(examples, labels, splits["train"], headline=config.data.headline, samples=samples),
        intervals=score_intervals(examples, labels, samples=samples),
        slices=find_weak_slices(examples, predictions, samples=samples),
        prompt=None if classifier is None else about_language_models(config.data, classifier.predictor),
        model=classifier is not None,
        behaviour=behaviour,
    )
    if any(prediction.scores for prediction in predictions):
        scale = 1 if classifier is None else classifier.predictor.scale
        report = replace(
            report,
            calibration=_calibration(examples, to_probabilities(predictions, name), labels, scale, samples),
            selective=measure_selective(examples, predictions, samples=samples),
        )
    if classifier is not None and (classifier.card.kind in PROBED if config.probes is None else config.probes):
        model, headline, related = classifier.predictor, config.data.headline, related_rows(splits, config.part)
        report = replace(
            report,
            probes=probe(model, examples, labels, related=related, headline=headline, samples=samples),
            behaviour=behaviour or BehaviourReport(of=name, result=run_suite(model, read_suite())),
        )
    write_json(path, as_values(report))
    write_text(path.with_suffix(".html"), page(report, page_rows(examples, predictions)))
    return report, path


def _calibration(
    examples: Sequence[Example], probabilities: Probabilities, labels: Sequence[str], scale: float, samples: int
) -> Calibration:
    """Of the probabilities, and what pages show of it as it was before scaling."""
    after = measure_calibration(examples, probabilities, labels=labels, samples=samples)
    if scale == 1:
        return after
    before = measure_calibration(examples, rescale(probabilities, 1 / scale), labels=labels, samples=samples)
    return replace(after, scale=scale, before={name: getattr(before, name) for name in LOSSES})


def _path(config: ReportConfig, data: str) -> Path:
    if config.output is not None:
        return Path(config.output)
    if config.predictions is not None:
        return _beside(Path(config.predictions))
    return Path(config.outputs) / "evaluations" / f"{as_name(str(config.checkpoint))}.{data}.{config.part}.json"


def _beside(predictions: Path) -> Path:
    """``said.metrics.json`` beside ``said.csv``; if that is of another file, ``said.jsonl`` say, with the whole name.

    Raises:
        StanceError: Both names are taken by reports on other files.
    """
    paths = [predictions.with_suffix(".metrics.json"), predictions.with_name(predictions.name + ".metrics.json")]
    for path in paths:
        if not path.exists() or _is_of(path, predictions.name):
            return path
    found = [path.name for path in paths]
    raise input_error(
        str(predictions), "reports on other files have its names", found=found, allowed="output=NAME.json"
    )


def _is_of(path: Path, predictions: str) -> bool:
    """Whether a report is on the file of that name beside it, or on none that it names."""
    report = read_json(path)
    of = report.get("of") if isinstance(report, dict) else None
    return not isinstance(of, str) or Path(of).name == predictions


def _read_behaviour(path: str) -> BehaviourReport:
    found = read_json(path)
    if not isinstance(found, dict) or found.get("version") != 1 or not {"suite", "kinds", "tests"} <= set(found):
        raise input_error(path, "not a report on behaviour", allowed="a file that scripts/behaviour.py wrote")
    return from_values(BehaviourReport, found, path)
