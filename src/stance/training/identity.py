"""What makes a run this run, and what is done with what stands in its folder."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stance.base.errors import input_error
from stance.base.files import (
    digest,
    quick_digest,
    read_json,
    remove_folder,
    sweep_partials,
)
from stance.data.dataset import DatasetRecord
from stance.evaluation.evaluate import REPORT_VERSION
from stance.models.config import (
    EncoderConfig,
    EnsembleConfig,
    ModelConfig,
    PromptConfig,
    sources_of,
)
from stance.models.prompting.template import recorded
from stance.training import distributed as processes
from stance.training.config import AsItIsConfig, TrainConfig
from stance.training.machine import machine, versions
from stance.training.plan import taken_checkpoint
from stance.training.provenance import code_state

log = logging.getLogger(__name__)


#: How a table is read unless something is said; older runs say nothing of it.
USUAL_OF_TABLES: Mapping[str, Any] = {"leave_out": [], "tool": "", "mapping": "", "fill_down": [], "quoting": "double"}

#: Settings that say where and not what: two runs that differ in them alone are the same run.
NOT_IDENTITY = ("outputs", "overwrite", "prompt")


def learns_nothing(model: ModelConfig) -> bool:
    """Whether a model is taken or asked as it is: a prompted one without examples learns shares of labels alone."""
    return isinstance(model, AsItIsConfig) or (isinstance(model, PromptConfig) and not model.shots)


def settings_of(config: TrainConfig) -> dict[str, Any]:
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
        folder = taken_checkpoint(config.model)
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


def run_identity(model: ModelConfig, settings: Mapping[str, Any], record: DatasetRecord) -> str:
    """What a run must have in common with one that was stopped. The batch that is learnt from grows with processes."""
    what = {"settings": settings, "data": record.fingerprint, "report": REPORT_VERSION}
    if processes.number() > 1 and isinstance(model, EncoderConfig | EnsembleConfig):
        what["processes"] = processes.number()
    return digest(what)


def _begun(folder: Path) -> bool:
    """Whether anything was trained there: nothing was if, e.g., the configuration was refused."""
    return folder.exists() and any(path.name != "started.json" for path in folder.iterdir())


def begin_record(
    started: Path, identity: str, settings: Mapping[str, Any], command: str, *, resumed: bool
) -> dict[str, Any]:
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


def stands_already(folder: Path, identity: str, overwrite: bool) -> bool:
    """Whether the same run is finished there, and is to stay. Leftovers of a kill are swept.

    Raises:
        StanceError: A foreign run is there, and is not to be overwritten.
    """
    finished = folder / "run.json"
    if not folder.exists():
        return False
    sweep_partials(folder)
    if finished.exists():
        tidy_up(folder)
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


def clear_folder(folder: Path, identity: str, overwrite: bool) -> bool:
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


def tidy_up(folder: Path) -> None:
    """Remove what a run has no use for once it is finished."""
    shutil.rmtree(folder / "work", ignore_errors=True)
    remove_folder(_before(folder))
