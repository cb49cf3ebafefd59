"""Which other runs a run needs first (members, sources, teachers), and in which folder each is."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.models.config import EnsembleConfig, ModelConfig
from stance.training.config import AsItIsConfig, SourceConfig, TrainConfig


def run_folder(outputs: str | Path, name: str, seed: int) -> Path:
    """Where a run's files are."""
    return Path(outputs) / "runs" / name / f"seed-{seed}"


def taken_checkpoint(model: AsItIsConfig) -> Path:
    """The folder of the checkpoint that is taken as it is."""
    from stance.models.classifier import checkpoint_folder

    return checkpoint_folder(model.checkpoint)


def runs_needed(config: TrainConfig) -> list[TrainConfig]:
    """The runs that this one is made from: the members of an ensemble; or its sources, and its teacher."""
    if isinstance(config.model, EnsembleConfig):
        return [run for member in config.model.members.values() for run in members_of(config, member)]
    return [of_source(config, source) for source in config.first()]


def runs_in_turn(config: TrainConfig) -> list[TrainConfig]:
    """The run after all that must exist before it, those too that these need themselves; each of them once."""
    turn: list[TrainConfig] = []
    for needed in runs_needed(config):
        turn += [run for run in runs_in_turn(needed) if run not in turn]
    return [*turn, config]


def what_made(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of a run that another one needs, and of those that it needs itself: what its numbers depend on."""
    about = {key: run[key] for key in ("name", "seed", "data", "code", "versions", "machine")}
    return [about, *run.get("made_from", [])]


def checkpoint_of(config: TrainConfig) -> Path:
    """The folder of a run's checkpoint."""
    return run_folder(config.outputs, config.name, config.seed) / "checkpoint"


def members_of(config: TrainConfig, model: ModelConfig) -> list[TrainConfig]:
    """The runs that one member of an ensemble is the mean of: one, or for an encoder as many as there are seeds."""
    assert isinstance(config.model, EnsembleConfig)
    name = config.name.removesuffix(config.model.name) + model.name
    source = config.source if model.fine_tuned else None
    run = replace(config, name=name, model=model, source=source, overwrite=False)
    if not model.fine_tuned:
        return [run]
    number = config.model.seeds
    return [replace(run, seed=seed) for seed in range(config.seed * number, (config.seed + 1) * number)]


def of_source(config: TrainConfig, source: SourceConfig) -> TrainConfig:
    """The run that comes first."""
    shared = {name: getattr(config, name) for name in ("seed", "prompt", "bootstrap", "outputs")}
    return TrainConfig(**vars(source), **shared)
