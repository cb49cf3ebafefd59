"""One run from configuration to metrics, and what it leaves behind; what a checkpoint or a file says of one part."""

from __future__ import annotations

import logging
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance import processes
from stance.annotations import Example
from stance.build import build_dataset, dataset_folder, load_part
from stance.calibration import measure_calibration, rescale
from stance.dataset import DatasetRecord
from stance.errors import StanceError, input_error
from stance.evaluation import REPORT_VERSION, evaluate, join, predict_examples
from stance.files import (
    alone_at,
    digest,
    quick_digest,
    read_json,
    remove_folder,
    sweep_partials,
    write_beside,
    write_json,
    write_jsonl,
)
from stance.machine import machine, versions
from stance.predictions import (
    Prediction,
    Predictor,
    read_predictions,
    to_probabilities,
    write_predictions,
)
from stance.prompting.template import recorded
from stance.seen import count_learnt, warn_of_learnt, write_learnt
from stance.selective import confidence_and_right, measure_conformal, measure_selective, thresholds
from stance.settings import (
    AsItIsConfig,
    DataConfig,
    DistillConfig,
    EncoderConfig,
    EnsembleConfig,
    EvaluateConfig,
    KernelConfig,
    LinearConfig,
    ModelConfig,
    PriorConfig,
    PromptConfig,
    SourceConfig,
    TrainConfig,
    sources_of,
)
from stance.shares import Scored, write_validation
from stance.splits import Splits, some_documents

log = logging.getLogger(__name__)

#: How a table is read unless something is said; older runs say nothing of it.
USUAL_OF_TABLES: Mapping[str, Any] = {"leave_out": [], "tool": "", "mapping": "", "fill_down": [], "quoting": "double"}

#: Settings that say where and not what: two runs that differ in them alone are the same run.
NOT_IDENTITY = ("outputs", "overwrite", "prompt")


def run_folder(outputs: str | Path, name: str, seed: int) -> Path:
    """Where a run's files are."""
    return Path(outputs) / "runs" / name / f"seed-{seed}"


def train_run(config: TrainConfig, command: str) -> dict[str, Any]:
    """Train, predict and score one configuration; its folder keeps everything.

    The folder holds ``started.json`` (configuration, command), ``checkpoint/`` (with a model card, ``README.md``),
    ``predictions.<part>.jsonl``, ``metrics.json`` and, once all is there, ``run.json``. A run that is finished
    is not done again; one that was killed goes on; one of another configuration in the same folder is an error unless
    ``overwrite`` is set. Of two processes with the same run the second waits and finds it finished.

    Args:
        config: What to train on what.
        command: That gives this run again; it is recorded.

    Returns:
        The content of ``run.json``, with ``metrics`` added.

    Raises:
        StanceError: The data, the configuration, or a foreign run in the folder.
    """
    folder = run_folder(config.outputs, config.name, config.seed)
    with alone_at(folder):
        return _train_run(config, command, folder)


def _train_run(config: TrainConfig, command: str, folder: Path) -> dict[str, Any]:
    splits, record, built = build_dataset(config.outputs, config.data, config.split, config.auxiliary)
    dataset = dataset_folder(config.outputs, config.data, config.split, config.auxiliary)
    log.info("dataset %s %s", dataset, "built" if built else "stands")
    settings = _settings(config)
    identity = _run_identity(config.model, settings, record)
    if _standing(folder, identity, config.overwrite):
        log.info("run %s stands", folder)
        return {**read_json(folder / "run.json"), "metrics": read_json(folder / "metrics.json")}
    if needed := _needed(config):
        _refuse_early([config, *needed])
    made_from = [made for run in needed for made in _what_made(train_run(run, command))]
    started = folder / "started.json"
    resumed = _cleared(folder, identity, config.overwrite)
    write_json(started, _start(started, identity, settings, command, resumed=resumed))

    splits["train"] = some_documents(splits["train"], config.train_share, config.seed)
    begin = time.perf_counter()
    data = {"name": record.name, "fingerprint": record.fingerprint}
    classifier = _trained(config, splits, data, folder)
    fitted = time.perf_counter()
    metrics = {}
    found = {}
    for part in [part for part in splits if part != "train"]:
        log.info("predicting %s (%d rows)", part, len(splits[part]))
        before = _tallies(classifier.predictor)
        predictions = predict_examples(classifier.predictor, splits[part])
        write_predictions(folder / f"predictions.{part}.jsonl", [e.id for e in splits[part]], predictions)
        metrics[part] = evaluate(
            splits[part],
            [prediction.label for prediction in predictions],
            splits["train"],
            headline=config.data.headline,
            samples=config.bootstrap,
        )
        metrics[part]["calibration"] = _calibration(classifier.predictor, splits[part], predictions, config.bootstrap)
        metrics[part]["selective"] = measure_selective(splits[part], predictions, samples=config.bootstrap)
        metrics[part] |= about_language_models(config.data, classifier.predictor, before)
        found[part] = predictions
    validation = splits["validation"], to_probabilities(found["validation"], "model")
    for part in [part for part in found if part != "validation"]:
        scored = splits[part], to_probabilities(found[part], "model")
        metrics[part]["conformal"] = measure_conformal(validation, scored, samples=config.bootstrap)
    predicted = time.perf_counter()
    write_json(folder / "metrics.json", metrics)
    classifier.with_metrics(
        {part: _headlines(report) for part, report in metrics.items()},
        thresholds(*confidence_and_right(splits["validation"], found["validation"])),
    ).write_card(folder / "checkpoint")
    write_validation(folder / "checkpoint", Scored.of(*validation))
    own = [] if _learns_nothing(config.model) else splits["train"]
    made_of = [_checkpoint(run) for run in _needed(config)]
    if isinstance(config.model, AsItIsConfig) and config.model.checkpoint:
        made_of.append(_taken(config.model))
    write_learnt(folder / "checkpoint", own, made_of)
    learnt = {part: count_learnt(folder / "checkpoint", splits[part]) for part in found}
    for part, rows in learnt.items():
        if rows:
            log.warning("%d of %d rows of %s have a text that was learnt from", rows, len(splits[part]), part)
    run = {
        "version": 1,
        "name": config.name,
        "seed": config.seed,
        **read_json(started),
        "data": data | {"folder": dataset.name},
        "learnt": learnt,
        "seconds": {"fit": round(fitted - begin, 1), "predict": round(predicted - fitted, 1)},
        "resumed": resumed,
        **({"made_from": made_from} if made_from else {}),
        **_conversations(classifier.predictor, folder),
    }
    for caveat in metrics["validation"].get("prompt", {}).get("caveats", ()):
        log.warning("%s", caveat)
    _write_model_card(folder / "checkpoint", run, metrics, classifier, splits["train"])
    write_json(folder / "run.json", run)
    _tidy(folder)
    return {**run, "metrics": metrics}


def about_language_models(
    data: DataConfig, predictor: Predictor, before: Sequence[Counter[str]] = ()
) -> dict[str, Any]:
    """What must stand beside the score of a prompted language model, under ``prompt``; nothing for other models.

    Args:
        data: What it was asked about.
        predictor: The model, or one that has such members.
        before: Their tallies before they were asked, see :func:`_tallies`; none = they were asked nothing else.
    """
    from stance.classifier import language_models
    from stance.prompting.caveats import caveats

    models = language_models(predictor)
    if not models:
        return {}
    earlier = before or [Counter()] * len(models)
    tallies = [dict(model.talk.tally - tally) for model, tally in zip(models, earlier, strict=True)]
    records = [{**model.record(), "tally": tally} for model, tally in zip(models, tallies, strict=True)]
    return {"prompt": {"caveats": caveats(data.reader, data.name), "models": records}}


def _tallies(predictor: Predictor) -> list[Counter[str]]:
    from stance.classifier import language_models

    return [model.talk.tally.copy() for model in language_models(predictor)]


def _conversations(predictor: Predictor, folder: Path) -> dict[str, Any]:
    """What ``run.json`` says of the language models that were asked; rows without an answer go to a file, raw."""
    from stance.classifier import language_models

    models = language_models(predictor)
    lost = [problem for model in models for problem in model.talk.problems]
    if lost:
        write_jsonl(folder / "unanswered.jsonl", lost)
        log.warning("%d questions have no answer that can be read: %s", len(lost), folder / "unanswered.jsonl")
    return {"prompt": [model.record() for model in models]} if models else {}


def _learns_nothing(model: ModelConfig) -> bool:
    """Whether a model is taken or asked as it is: a prompted one without examples learns shares of labels alone."""
    return isinstance(model, AsItIsConfig) or (isinstance(model, PromptConfig) and not model.shots)


def _refuse_early(runs: Sequence[TrainConfig]) -> None:
    """Raise StanceError about an encoder or settings that cannot be trained with, before any of the runs is made."""
    from stance.training import prepared

    for config in runs:
        if isinstance(config.model, EncoderConfig):
            work = run_folder(config.outputs, config.name, config.seed) / "work"
            prepared(config.model, seed=config.seed, options=config.trainer, work=work)


def _settings(config: TrainConfig) -> dict[str, Any]:
    """What makes a run this run: no folders of one machine, and nothing that its model does not use."""
    settings = {key: value for key, value in asdict(config).items() if key not in NOT_IDENTITY}
    for training in (settings, *sources_of(settings)):
        _trim(training)
    for key in ("source", "distill"):
        if settings[key] is None:
            del settings[key]
    if not isinstance(config.model, EncoderConfig | EnsembleConfig):
        del settings["trainer"]
    if isinstance(config.model, AsItIsConfig) and config.model.checkpoint:
        folder = _taken(config.model)
        files = {str(path.relative_to(folder)): quick_digest(path) for path in sorted(folder.rglob("*.safetensors"))}
        settings["model"]["digest"] = digest(files)
    return settings


def _trim(training: dict[str, Any]) -> None:
    """Take out of the settings of one training where its corpora are, and what is the same as not being there."""
    for model in (training["model"], *training["model"].get("members", {}).values()):
        if "language_model" in model:
            model.update(recorded(model))
        for key, same in (("seeds", 1), ("mark", ""), ("others", {}), ("checkpoint", ""), ("dropout", None)):
            if key in model and model[key] == same:
                del model[key]
    for data in (training["data"], *training["auxiliary"]["corpora"].values()):
        del data["root"], data["texts"]
        for key in [key for key, same in USUAL_OF_TABLES.items() if data[key] == same]:
            del data[key]
        if not data["hub"]:
            del data["hub"], data["revision"]
        data["path"] = Path(data["path"]).name if Path(data["path"]).is_absolute() else data["path"]
    if not training["auxiliary"]["corpora"]:
        del training["auxiliary"]


def _run_identity(model: ModelConfig, settings: Mapping[str, Any], record: DatasetRecord) -> str:
    """What a run must have in common with one that was stopped. The batch that is learnt from grows with processes."""
    what = {"settings": settings, "data": record.fingerprint, "report": REPORT_VERSION}
    if processes.number() > 1 and isinstance(model, EncoderConfig | EnsembleConfig):
        what["processes"] = processes.number()
    return digest(what)


def _begun(folder: Path) -> bool:
    """Whether anything was trained there: nothing was if, e.g., the configuration was refused."""
    return folder.exists() and any(path.name != "started.json" for path in folder.iterdir())


def _start(started: Path, identity: str, settings: Mapping[str, Any], command: str, *, resumed: bool) -> dict[str, Any]:
    """What a run says of its beginning. One that other code, versions or machine began is of neither: ``dirty``."""
    now = {"code": code_state(), "versions": versions(), "machine": machine()}
    if not resumed:
        return {"identity": identity, "config": settings, "command": command, **now}
    before: dict[str, Any] = read_json(started)
    if all(before.get(key) == value for key, value in now.items()):
        return before
    told = "%s: begun by other code or versions, or elsewhere; it is recorded as made from changed files"
    log.warning(told, started.parent)
    return {**before, **now, "code": {**now["code"], "dirty": True}}


def _standing(folder: Path, identity: str, overwrite: bool) -> bool:
    """Whether the same run is finished there, and is to stay. Leftovers of a kill are swept.

    Raises:
        StanceError: A foreign run is there, and is not to be overwritten.
    """
    finished = folder / "run.json"
    if not folder.exists():
        return False
    sweep_partials(folder)
    if finished.exists():
        _tidy(folder)
    if not _begun(folder):
        return False
    if not _same(folder, identity) and not overwrite:
        raise input_error(
            str(folder),
            "a run of another configuration or other data is there",
            allowed="another name=..., another outputs=..., or overwrite=true in the command of this very run",
        )
    return finished.exists() and not overwrite


def _same(folder: Path, identity: str) -> bool:
    started = folder / "started.json"
    return started.exists() and read_json(started).get("identity") == identity


def _cleared(folder: Path, identity: str, overwrite: bool) -> bool:
    """Whether a run that was begun there is gone on with; one that is to be overwritten is moved or removed.

    An unfinished run of the same configuration is gone on with, overwrite or not: the command that was killed is the
    command that goes on.
    """
    if not _begun(folder):
        return False
    finished = (folder / "run.json").exists()
    if overwrite and (finished or not _same(folder, identity)):
        if finished:
            before = _before(folder)
            remove_folder(before)
            folder.replace(before)
            log.info("the run that was there is kept in %s until the new one is finished", before)
        else:
            remove_folder(folder)
        return False
    return True


def _before(folder: Path) -> Path:
    """Where a finished run is that is being overwritten."""
    return folder.with_name(f".{folder.name}.before")


def _tidy(folder: Path) -> None:
    """Remove what a run has no use for once it is finished."""
    shutil.rmtree(folder / "work", ignore_errors=True)
    remove_folder(_before(folder))


def _trained(config: TrainConfig, splits: Mapping[str, Sequence[Example]], data: dict[str, str], folder: Path) -> Any:  # noqa: ANN401 - StanceClassifier, imported late
    """The classifier of this run: loaded if its checkpoint is already whole, else fitted and saved.

    The runs that it needs stand.
    """
    from stance.classifier import CARD, Card, Ensemble, StanceClassifier
    from stance.encoder import EncoderModel
    from stance.encoding import InputFormat
    from stance.reading import say_of
    from stance.training import fit

    checkpoint = folder / "checkpoint"
    if (checkpoint / CARD).exists():
        log.info("checkpoint %s stands", checkpoint)
        return StanceClassifier.from_pretrained(checkpoint)
    if isinstance(config.model, EnsembleConfig):
        members = {}
        for member in config.model.members.values():
            runs = _members(config, member)
            several = {f"seed-{run.seed}": StanceClassifier.from_pretrained(_checkpoint(run)) for run in runs}
            first, *others = several.values()
            members[member.name] = StanceClassifier(Ensemble(several), Card("ensemble", data)) if others else first
        classifier = StanceClassifier(Ensemble(members), Card("ensemble", data))
        classifier.save_pretrained(checkpoint)
        return classifier
    model = config.model
    if isinstance(model, AsItIsConfig):
        folders = {run.name: _checkpoint(run) for run in _sources(config)} or {"": _taken(model)}
        taken = {name: StanceClassifier.from_pretrained(folder) for name, folder in folders.items()}
        (first, *others) = taken.values()
        classifier = StanceClassifier(Ensemble(taken), Card("ensemble")) if others else first.with_metrics({})
        classifier.save_pretrained(checkpoint)
        return classifier
    if isinstance(model, EncoderConfig) and config.source is not None:
        model = replace(model, encoder=str(_checkpoint(_of_source(config, config.source))))
    train, soft = splits["train"], None
    if config.distill is not None:
        train, soft = _distilled(config, config.distill, train, folder)
    log.info("fitting %s on %d rows, seed %d", config.model.name, len(train), config.seed)
    predictor = fit(
        model,
        train,
        splits["validation"],
        soft=soft,
        seed=config.seed,
        trainer=config.trainer,
        work=folder / "work",
        cache=Path(config.outputs) / "cache",
        server=config.prompt,
    )
    input_format, scale = InputFormat(), 1.0
    if isinstance(predictor, EncoderModel):
        input_format, scale = predictor.input_format, predictor.scale
    classifier = StanceClassifier(predictor, Card(_kind(config.model), data, input_format, scale))
    if not isinstance(predictor, EncoderModel):  # whose training says so itself
        say_of(predictor, train, log)
    classifier.save_pretrained(checkpoint)
    return classifier


def _taken(model: AsItIsConfig) -> Path:
    """The folder of the checkpoint that is taken as it is."""
    from stance.classifier import checkpoint_folder

    return checkpoint_folder(model.checkpoint)


def _distilled(
    config: TrainConfig, distill: DistillConfig, train: Sequence[Example], folder: Path
) -> tuple[list[Example], NDArray[np.float64]]:
    """The training rows and new questions, and what the student is to say of each."""
    from stance.classifier import StanceClassifier
    from stance.distill import answered, answers, questions, soft_labels
    from stance.training import half_precision

    teacher = StanceClassifier.from_pretrained(_checkpoint(_of_source(config, distill.teacher))).predictor
    asked = questions(train, distill.questions, config.seed)
    with half_precision(distill.teacher.trainer):
        said = answers(teacher, [*train, *asked], folder / "work" / "teacher")
    own, new = said[: len(train)], said[len(train) :]
    return [*train, *answered(asked, new)], np.concatenate([soft_labels(train, own, distill.weight), new])


def _kind(model: ModelConfig) -> str:
    """What a checkpoint's card calls a model of this configuration."""
    match model:
        case LinearConfig():
            return model.features
        case PriorConfig():
            return "prior"
        case KernelConfig():
            return "kernel"
        case PromptConfig():
            return "prompt"
    return "encoder"


def _needed(config: TrainConfig) -> list[TrainConfig]:
    """The runs that must stand before this one: the members of an ensemble, or its source."""
    if isinstance(config.model, EnsembleConfig):
        return [run for member in config.model.members.values() for run in _members(config, member)]
    teacher = [_of_source(config, config.distill.teacher)] if config.distill is not None else []
    return [*_sources(config), *teacher]


def _what_made(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of a run that another one needs, and of those that it needs itself: what its numbers depend on."""
    about = {key: run[key] for key in ("name", "seed", "data", "code", "versions", "machine")}
    return [about, *run.get("made_from", [])]


def _checkpoint(config: TrainConfig) -> Path:
    return run_folder(config.outputs, config.name, config.seed) / "checkpoint"


def _members(config: TrainConfig, model: ModelConfig) -> list[TrainConfig]:
    """The runs that one member of an ensemble is the mean of: one, or for an encoder as many as there are seeds."""
    assert isinstance(config.model, EnsembleConfig)
    name = config.name.removesuffix(config.model.name) + model.name
    encoder = isinstance(model, EncoderConfig)
    run = replace(config, name=name, model=model, source=config.source if encoder else None, overwrite=False)
    if not encoder:
        return [run]
    number = config.model.seeds
    return [replace(run, seed=seed) for seed in range(config.seed * number, (config.seed + 1) * number)]


def _sources(config: TrainConfig) -> list[TrainConfig]:
    """The runs that come first: that of ``source``, and of the others of a mean."""
    return [_of_source(config, source) for source in config.sources()]


def _of_source(config: TrainConfig, source: SourceConfig) -> TrainConfig:
    """The run that comes first."""
    return TrainConfig(
        name=source.name,
        seed=config.seed,
        data=source.data,
        split=source.split,
        auxiliary=source.auxiliary,
        model=source.model,
        trainer=source.trainer,
        prompt=config.prompt,
        bootstrap=config.bootstrap,
        outputs=config.outputs,
    )


def _write_model_card(
    checkpoint: Path,
    run: Mapping[str, Any],
    metrics: Mapping[str, Any],
    classifier: Any,  # noqa: ANN401 - StanceClassifier, imported late
    train: Sequence[Example],
) -> None:
    from stance.modelcard import model_card

    size = {"rows": len(train), "documents": len({example.document for example in train})}
    card = classifier.card
    text = model_card(run, metrics, kind=card.kind, train=size, input_format=card.input_format)
    with write_beside(checkpoint / "README.md") as temporary:
        temporary.write_text(text, encoding="utf-8")


def scale_of(predictor: Predictor) -> float:
    """The factor that a model's logits or decision values are multiplied by; 1 where there is none."""
    from stance.encoder import EncoderModel
    from stance.kernel import KernelModel
    from stance.linear import LinearModel
    from stance.onnx_model import OnnxModel
    from stance.prompting.model import PromptModel

    scaled = EncoderModel | LinearModel | KernelModel | OnnxModel | PromptModel
    return predictor.scale if isinstance(predictor, scaled) else 1.0


def _calibration(
    predictor: Predictor, examples: Sequence[Example], predictions: Sequence[Prediction], samples: int
) -> dict[str, Any]:
    """How well calibrated the probabilities are, before and after the scale that was fitted on validation."""
    scale = scale_of(predictor)
    probabilities = to_probabilities(predictions, "model")
    before = measure_calibration(examples, rescale(probabilities, 1 / scale), samples=samples)
    after = measure_calibration(examples, probabilities, samples=samples)
    del before["reliability"]
    return {"scale": scale, "before": before, "after": after}


def _headlines(report: Mapping[str, Any]) -> dict[str, Any]:
    """What of a report goes into the checkpoint's card."""
    return {key: report[key] for key in ("n", "documents", "headline", "measures", "best_prior", "gain")}


def code_state() -> dict[str, Any]:
    """Commit of this checkout and whether what makes results was changed since; None outside a checkout."""
    project = Path(__file__).resolve().parents[2]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(project), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != project:
            return {"commit": None, "dirty": None}
        changed = git("status", "--porcelain", "--", "src", "conf", "scripts", "seeds", "constraints.txt")
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(changed)}
    except (FileNotFoundError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


def about_part(config: EvaluateConfig, record: DatasetRecord) -> dict[str, Any]:
    """What a report says of itself: of which checkpoint or file, on which part of which data."""
    data = {"name": record.name, "fingerprint": record.fingerprint}
    return {"of": config.predictions or config.checkpoint, "part": config.part, "data": data}


def predict_part(
    config: EvaluateConfig,
) -> tuple[Splits, DatasetRecord, list[Prediction], Any]:
    """The dataset, what is said of each row of the part, in their order, and the classifier that said it.

    The last is a :class:`stance.classifier.StanceClassifier`, or None where the predictions are from a file.

    Raises:
        StanceError: Neither or both are given, an unknown part, ids that do not fit, a faulty file or checkpoint.
    """
    if (config.checkpoint is None) == (config.predictions is None):
        raise StanceError("give either checkpoint=DIR or predictions=FILE")
    splits, record = load_part(config.outputs, config.data, config.split, config.part)
    examples = splits[config.part]
    if config.predictions is not None:
        predictions = read_predictions(config.predictions, config.labels.map(), config.prefix)
        join(examples, predictions, config.predictions, splits)
        return splits, record, [predictions[example.id] for example in examples], None
    from stance.classifier import StanceClassifier, checkpoint_folder
    from stance.reading import say_of

    classifier = StanceClassifier.from_pretrained(str(config.checkpoint))
    warn_of_learnt(checkpoint_folder(str(config.checkpoint)), classifier.card.data, record, examples)
    say_of(classifier.predictor, examples, log)
    return splits, record, predict_examples(classifier.predictor, examples), classifier
