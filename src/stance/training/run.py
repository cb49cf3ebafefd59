"""One run from configuration to metrics, and what it leaves behind; what a checkpoint or a file says of one part."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.files import alone_at, read_json, write_json, write_jsonl, write_text
from stance.base.predictions import Prediction, Predictor, to_probabilities, write_predictions
from stance.base.settings import as_values
from stance.data.build import build_dataset, dataset_folder, left_out
from stance.data.seen import count_learnt, write_learnt
from stance.data.splits import learnt_share
from stance.data.unlabelled import Negotiation
from stance.evaluation.calibration import Scaled, measure_calibration
from stance.evaluation.evaluate import evaluate, predict_examples
from stance.evaluation.predict_part import about_language_models, tallies
from stance.evaluation.report import Report, read_metrics
from stance.evaluation.selective import confidence_and_right, measure_conformal, measure_selective, thresholds
from stance.evaluation.shares import Scored, write_validation
from stance.models.card import CARD
from stance.models.config import EncoderConfig, EnsembleConfig
from stance.models.pretrained import changing_folder
from stance.models.scaling import rescale
from stance.training.config import AsItIsConfig, DistillConfig, TrainConfig
from stance.training.distill import answered, answers, questions, questions_about, soft_labels, unlabelled
from stance.training.identity import begin_record, clear_folder, learns_nothing, stands_already, tidy_up
from stance.training.plan import (
    checkpoint_of,
    members_of,
    of_source,
    run_folder,
    runs_in_turn,
    runs_needed,
    taken_checkpoint,
    what_made,
)
from stance.training.recorded import Recorded

log = logging.getLogger(__name__)

#: What of a part's report goes into the checkpoint's card.
ON_THE_CARD = ("n", "documents", "headline", "measures", "best_prior", "gain")


def train_run(config: TrainConfig, command: str) -> dict[str, Any]:
    """Train, predict and score one configuration; its folder keeps everything.

    The folder holds ``started.json`` (configuration, command), ``checkpoint/`` (with a model card, ``README.md``),
    ``predictions.<part>.jsonl``, ``metrics.json`` and, once all is there, ``run.json``. A run that is finished
    is not done again; one that was killed goes on; one of another configuration in the same folder is an error unless
    ``overwrite`` is set. Of two processes with the same run the second waits and finds it finished.

    Returns:
        The content of ``run.json``, with ``metrics`` added: the report of each part.

    Raises:
        StanceError: The data, the configuration, or a foreign run in the folder.
    """
    return _train_run(config, command, checked=False)


def _train_run(config: TrainConfig, command: str, *, checked: bool) -> dict[str, Any]:
    """The run, unless it is finished, after those that it needs; ``checked`` with the run that needs it."""
    folder = run_folder(config.outputs, config.name, config.seed)
    with alone_at(folder):
        splits, record, built = build_dataset(config.outputs, config.data, config.split, config.auxiliary)
        dataset = dataset_folder(config.outputs, config.data, config.split, config.auxiliary)
        log.info("dataset %s %s", dataset, "built" if built else "exists")
        for line in left_out(record):
            log.info("%s", line)
        further = unlabelled(config.distill.unlabelled, splits) if config.distill is not None else []
        this = Recorded.of(config, record.fingerprint, further)
        if stands_already(folder, this, config.overwrite):
            log.info("run %s exists", folder)
            return {**read_json(folder / "run.json"), "metrics": read_metrics(folder)}
        needed = runs_needed(config)
        if needed and not checked:
            _refuse_early(config)
        made_from = [made for run in needed for made in what_made(_train_run(run, command, checked=True))]
        started = folder / "started.json"
        resumed = clear_folder(folder, this, config.overwrite)
        write_json(started, begin_record(started, this, record.name, command, resumed=resumed))

        splits["train"] = learnt_share(splits["train"], config.train_share, config.seed)
        begin = time.perf_counter()
        data = {"name": record.name, "fingerprint": record.fingerprint}
        classifier = _trained(config, splits, further, data, folder)
        fitted = time.perf_counter()
        metrics, found = _scored(config, classifier.predictor, splits, folder)
        predicted = time.perf_counter()
        values = {part: as_values(report) for part, report in metrics.items()}
        write_json(folder / "metrics.json", values)
        classifier.with_metrics(
            {part: {key: values[part][key] for key in ON_THE_CARD} for part in values},
            thresholds(*confidence_and_right(splits["validation"], found["validation"])),
        ).card.write(folder / "checkpoint")
        validation = to_probabilities(found["validation"], "model")
        write_validation(folder / "checkpoint", Scored.of(splits["validation"], validation))
        run = {
            "version": 2,
            "name": config.name,
            "seed": config.seed,
            **read_json(started),
            "data": data | {"folder": dataset.name},
            "learnt": _learnt(config, splits, further, folder / "checkpoint"),
            "seconds": {"fit": round(fitted - begin, 1), "predict": round(predicted - fitted, 1)},
            "resumed": resumed,
            **({"made_from": made_from} if made_from else {}),
            **_conversations(classifier.predictor, folder),
        }
        for caveat in (metrics["validation"].prompt or {}).get("caveats", ()):
            log.warning("%s", caveat)
        _write_model_card(folder / "checkpoint", run, metrics, classifier, splits["train"])
        write_json(folder / "run.json", run)
        tidy_up(folder)
        return {**run, "metrics": metrics}


def _scored(
    config: TrainConfig, predictor: Predictor, splits: Mapping[str, Sequence[Example]], folder: Path
) -> tuple[dict[str, Report], dict[str, list[Prediction]]]:
    """The report and the predictions of each part but train; the predictions are written as they come."""
    metrics: dict[str, Report] = {}
    found = {}
    for part in [part for part in splits if part != "train"]:
        log.info("predicting %s (%d rows)", part, len(splits[part]))
        before = tallies(predictor)
        predictions = predict_examples(predictor, splits[part])
        write_predictions(folder / f"predictions.{part}.jsonl", [e.id for e in splits[part]], predictions)
        report = evaluate(
            splits[part],
            [prediction.label for prediction in predictions],
            splits["train"],
            headline=config.data.headline,
            samples=config.bootstrap,
        )
        metrics[part] = replace(
            report,
            calibration=_calibration(predictor, splits[part], predictions, config.bootstrap),
            selective=measure_selective(splits[part], predictions, samples=config.bootstrap),
            prompt=about_language_models(config.data, predictor, before),
        )
        found[part] = predictions
    scored = {part: (splits[part], to_probabilities(said, "model")) for part, said in found.items()}
    for part in [part for part in found if part != "validation"]:
        conformal = measure_conformal(scored["validation"], scored[part], samples=config.bootstrap)
        metrics[part] = replace(metrics[part], conformal=conformal)
    return metrics, found


def _learnt(
    config: TrainConfig,
    splits: Mapping[str, Sequence[Example]],
    further: Sequence[Negotiation],
    checkpoint: Path,
) -> dict[str, int | None]:
    """How many rows of each part but train have a text that was learnt from; the checkpoint keeps what was."""
    own = [] if learns_nothing(config.model) else [row.text for row in splits["train"]]
    own += [text for one in further for text in one.texts]
    made_of = [checkpoint_of(run) for run in runs_needed(config)]
    if isinstance(config.model, AsItIsConfig) and config.model.checkpoint:
        made_of.append(taken_checkpoint(config.model))
    begun_with = [changing_folder(name) for name in config.model.encoders]
    made_of += [folder for folder in begun_with if folder is not None and (folder / CARD).exists()]
    write_learnt(checkpoint, own, made_of)
    learnt = {part: count_learnt(checkpoint, rows) for part, rows in splits.items() if part != "train"}
    for part, rows in learnt.items():
        if rows:
            log.warning("%d of %d rows of %s have a text that was learnt from", rows, len(splits[part]), part)
    return learnt


def _conversations(predictor: Predictor, folder: Path) -> dict[str, Any]:
    """What ``run.json`` says of the language models that were asked; rows without an answer go to a file, raw."""
    from stance.models.prompting.model import language_models

    models = language_models(predictor)
    lost = [problem for model in models for problem in model.talk.problems]
    if lost:
        write_jsonl(folder / "unanswered.jsonl", lost)
        log.warning("%d questions have no answer that can be read: %s", len(lost), folder / "unanswered.jsonl")
    return {"prompt": [model.record() for model in models]} if models else {}


def _refuse_early(config: TrainConfig) -> None:
    """Raise StanceError about an encoder or settings that cannot be trained with, before the first run is made.

    Of the run, and of all that are to be made before it. Each encoder loads once, whatever number of them train it.
    """
    from stance.training.finetune import new_encoder, training_arguments

    encoders: list[EncoderConfig] = []
    for run in runs_in_turn(config):
        folder = run_folder(run.outputs, run.name, run.seed)
        if not isinstance(run.model, EncoderConfig) or (run != config and (folder / "run.json").exists()):
            continue
        training_arguments(run.trainer, run.seed, folder / "work")
        if run.model not in encoders:
            new_encoder(run.model, run.seed)
            encoders.append(run.model)


def _trained(
    config: TrainConfig,
    splits: Mapping[str, Sequence[Example]],
    further: Sequence[Negotiation],
    data: dict[str, str],
    folder: Path,
) -> Any:  # noqa: ANN401 - StanceClassifier, imported late
    """The classifier of this run: loaded if its checkpoint is already whole, else fitted and saved.

    The runs that it needs exist; ``further`` is what a teacher is asked about besides the training texts.
    """
    from stance.models.averaging import averaged
    from stance.models.card import Card
    from stance.models.classifier import StanceClassifier
    from stance.models.fitting import Setup, fit
    from stance.models.reading import say_of

    checkpoint = folder / "checkpoint"
    if (checkpoint / CARD).exists():
        log.info("checkpoint %s exists", checkpoint)
        return StanceClassifier.from_pretrained(checkpoint)
    if isinstance(config.model, EnsembleConfig):
        members = {}
        for member in config.model.members.values():
            runs = members_of(config, member)
            several = {f"seed-{run.seed}": StanceClassifier.from_pretrained(checkpoint_of(run)) for run in runs}
            first, *others = several.values()
            members[member.name] = StanceClassifier.mean_of(several, data) if others else first
        classifier = StanceClassifier.mean_of(members, data)
        classifier.save_pretrained(checkpoint)
        return classifier
    model = config.model
    if isinstance(model, AsItIsConfig):
        folders = {run.name: checkpoint_of(run) for run in runs_needed(config)} or {"": taken_checkpoint(model)}
        taken = {name: StanceClassifier.from_pretrained(folder) for name, folder in folders.items()}
        (first, *others) = taken.values()
        if model.weights:
            one = averaged({name: each.predictor for name, each in taken.items()}, splits["validation"])
            classifier = StanceClassifier(one, Card.of("encoder", one, data))
        else:
            classifier = StanceClassifier.mean_of(taken) if others else first.with_metrics({})
        classifier.save_pretrained(checkpoint)
        return classifier
    if isinstance(model, EncoderConfig) and config.source is not None:
        model = replace(model, encoder=str(checkpoint_of(of_source(config, config.source))))
    train, soft = splits["train"], None
    if config.distill is not None:
        train, soft = _distilled(config, config.distill, splits, further, folder)
    log.info("fitting %s on %d rows, seed %d", config.model.name, len(train), config.seed)
    setup = Setup(
        seed=config.seed,
        cache=Path(config.outputs) / "cache",
        work=folder / "work",
        trainer=config.trainer,
        soft=soft,
        server=config.prompt,
    )
    predictor = fit(model, train, splits["validation"], setup)
    classifier = StanceClassifier(predictor, Card.of(model.kind, predictor, data))
    if not model.fine_tuned:  # whose training says so itself
        say_of(predictor, train, log)
    classifier.save_pretrained(checkpoint)
    return classifier


def _distilled(
    config: TrainConfig,
    distill: DistillConfig,
    splits: Mapping[str, Sequence[Example]],
    further: Sequence[Negotiation],
    folder: Path,
) -> tuple[list[Example], NDArray[np.float64]]:
    """The training rows and new questions, and the probabilities that the student learns for each."""
    from stance.models.classifier import StanceClassifier
    from stance.training.finetune import half_precision

    train = splits["train"]
    teacher = StanceClassifier.from_pretrained(checkpoint_of(of_source(config, distill.teacher)))
    work = folder / "work" / f"teacher-{teacher.digest()}"  # a run that was killed may find another teacher
    asked = questions(train, distill.questions, config.seed)
    about = questions_about(further, train, distill.each, config.seed)
    with half_precision(distill.teacher.trainer):
        said = answers(teacher.predictor, [*train, *asked], work)
        said_about = answers(teacher.predictor, about, work)
    own, new = said[: len(train)], np.concatenate([said[len(train) :], said_about])
    return [*train, *answered([*asked, *about], new)], np.concatenate([soft_labels(train, own, distill.weight), new])


def _write_model_card(
    checkpoint: Path,
    run: Mapping[str, Any],
    metrics: Mapping[str, Report],
    classifier: Any,  # noqa: ANN401 - StanceClassifier, imported late
    train: Sequence[Example],
) -> None:
    from stance.reporting.modelcard import model_card

    size = {"rows": len(train), "documents": len({example.document for example in train})}
    card = classifier.card
    text = model_card(run, metrics, kind=card.kind, train=size, input_format=card.input_format)
    write_text(checkpoint / "README.md", text)


def _calibration(
    predictor: Predictor, examples: Sequence[Example], predictions: Sequence[Prediction], samples: int
) -> Scaled:
    """How well calibrated the probabilities are, before and after the scale that was fitted on validation."""
    scale = predictor.scale
    probabilities = to_probabilities(predictions, "model")
    before = measure_calibration(examples, rescale(probabilities, 1 / scale), samples=samples)
    after = measure_calibration(examples, probabilities, samples=samples)
    return Scaled(scale, replace(before, reliability=None), after)
