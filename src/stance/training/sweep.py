"""Searching learning rate, epochs and template of a fine-tuned encoder by its macro-F1 on validation alone."""

import logging
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, input_error, quoted
from stance.base.extras import from_extras
from stance.base.files import alone_at, digest, remove_folder, write_json
from stance.data.build import build_dataset
from stance.data.splits import learnt_share
from stance.models.config import EncoderConfig
from stance.training import distributed as processes
from stance.training.config import SweepConfig
from stance.training.recorded import encoder_contents

log = logging.getLogger(__name__)

#: What a trial draws, by the key that sets it.
KEYS = ("trainer.learning_rate", "trainer.num_train_epochs", "model.second")


def run_sweep(config: SweepConfig, command: str) -> dict[str, Any]:
    """Train until so many trials are finished, and say which was the best on validation.

    Nothing but train and validation is looked at: a trial predicts no test row and writes no run. All is in
    ``<outputs>/sweeps/<name>/``; a sweep that was killed goes on to the same trials, since what a trial draws depends
    on the seed and the finished trials alone; the one under way begins anew.

    Returns:
        What ``<outputs>/sweeps/<name>.json`` holds: the trials with what they drew, their macro-F1 by epoch and at the
        best; the best trial; and the command that trains it.

    Raises:
        StanceError: Optuna is not installed; several processes; a faulty template; another sweep of this name.

    Source: the tree-structured Parzen estimator of Bergstra et al. (2011) and median pruning, by Optuna (Akiba et al.
    2019).
    """
    if processes.number() > 1:
        raise StanceError("a sweep is one process; train its best with torchrun")
    with from_extras():
        import optuna
    from stance.models.input_format import InputFormat

    assert isinstance(config.model, EncoderConfig)
    for template in config.search.templates:
        InputFormat(config.model.first, template)  # refuses a faulty one
    folder = Path(config.outputs) / "sweeps" / config.name
    splits, record, _ = build_dataset(config.outputs, config.data, config.split, config.auxiliary)
    splits["train"] = learnt_share(splits["train"], config.train_share, config.seed)
    settings = {"model": asdict(config.model), "trainer": config.trainer, "search": asdict(config.search)}
    del settings["search"]["trials"]
    encoder = encoder_contents(config.model)
    identity = digest([settings, config.train_share, config.seed, record.fingerprint, *([encoder] if encoder else [])])
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with alone_at(folder):
        study = _study(optuna, folder, identity, overwrite=config.overwrite)
        while len(done := _finished(study)) < config.search.trials:
            study.sampler = optuna.samplers.TPESampler(seed=config.seed + len(done))
            study.optimize(lambda trial: _try(optuna, config, splits, trial, folder), n_trials=1)
        trials = [_report(trial) for trial in done]
        best = max((trial for trial in trials if not trial["pruned"]), key=lambda trial: trial["macro_f1"])
        report = {
            "version": 1,
            "command": command,
            "data": {"name": record.name, "fingerprint": record.fingerprint},
            "seed": config.seed,
            "settings": settings,
            "trials": trials,
            "best": best,
            "train": train_command(command, best["drew"], f"{config.name}-best"),
        }
        write_json(folder.with_name(folder.name + ".json"), report)
    return report


def train_command(command: str, drew: Mapping[str, Any], name: str) -> str:
    """The command line that trains with what a trial drew, from that of the sweep."""
    keys = [(part.lstrip("+~").split("=")[0], part) for part in shlex.split(command)[2:]]
    said = [part for key, part in keys if key not in (*KEYS, "name") and key.split(".")[0] != "search"]
    drawn = [f"{key}={quoted(value) if isinstance(value, str) else value}" for key, value in drew.items()]
    return shlex.join(["python", "scripts/train.py", *said, *drawn, f"name={name}"])


def _study(optuna: Any, folder: Path, identity: str, *, overwrite: bool) -> Any:  # noqa: ANN401 - optuna's own types
    """The study in the folder, or a new one; trials that a kill left under way are given up."""
    storage = f"sqlite:///{folder / 'study.db'}"
    folder.mkdir(parents=True, exist_ok=True)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)
    study = optuna.create_study(
        storage=storage, study_name="sweep", direction="maximize", pruner=pruner, load_if_exists=True
    )
    if study.user_attrs.get("identity", identity) != identity:
        if not overwrite:
            allowed = "another name=..., or overwrite=true"
            raise input_error(str(folder), "a sweep with other settings or data is there", allowed=allowed)
        remove_folder(folder)
        return _study(optuna, folder, identity, overwrite=False)
    study.set_user_attr("identity", identity)
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    if done := len(_finished(study)):
        log.info("%d trials exist", done)
    return study


def _finished(study: Any) -> list[Any]:  # noqa: ANN401 - optuna's own types
    return [trial for trial in study.trials if trial.state.name in ("COMPLETE", "PRUNED")]


def _try(optuna: Any, config: SweepConfig, splits: Mapping[str, Any], trial: Any, folder: Path) -> float:  # noqa: ANN401
    """The best macro-F1 on validation of one training; nothing of it is kept."""
    from stance.training.finetune import fine_tune

    search, model = config.search, config.model
    rate = trial.suggest_float(KEYS[0], *search.learning_rate, log=True)
    epochs = trial.suggest_int(KEYS[1], *search.epochs)
    second = trial.suggest_categorical(KEYS[2], search.templates)
    log.info("trial %d: learning rate %.2g, %d epochs, %r", trial.number, rate, epochs, second)
    scores: list[float] = []

    def on_epoch(epoch: int, score: float) -> None:
        scores.append(score)
        trial.report(score, epoch)
        if trial.should_prune():
            log.info("trial %d is below the median and ends", trial.number)
            raise optuna.TrialPruned

    work = folder / f"trial-{trial.number}"
    assert isinstance(model, EncoderConfig)
    try:
        fine_tune(
            replace(model, second=second),
            splits["train"],
            splits["validation"],
            seed=config.seed,
            options=config.trainer | {"learning_rate": rate, "num_train_epochs": epochs},
            work=work,
            on_epoch=on_epoch,
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return max(scores)


def _report(trial: Any) -> dict[str, Any]:  # noqa: ANN401 - optuna's own types
    by_epoch = [score for _, score in sorted(trial.intermediate_values.items())]
    return {
        "trial": trial.number,
        "drew": trial.params,
        "macro_f1": max(by_epoch),
        "by_epoch": by_epoch,
        "pruned": trial.state.name == "PRUNED",
        "seconds": round(trial.duration.total_seconds(), 1),
    }
