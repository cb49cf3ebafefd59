"""Whether two runs are the same, and what to do with a run folder that already exists."""

import logging
import shutil
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, input_error
from stance.base.files import read_json, remove_folder, sweep_beside, sweep_partials
from stance.evaluation.evaluate import REPORT_VERSION
from stance.models.config import EncoderConfig, EnsembleConfig, ModelConfig, PromptConfig
from stance.training import distributed as processes
from stance.training.config import AsItIsConfig
from stance.training.machine import code_state, machine, versions
from stance.training.recorded import Recorded

log = logging.getLogger(__name__)


def learns_nothing(model: ModelConfig) -> bool:
    """Whether a model is taken or asked as it is: a prompted one without examples learns shares of labels alone."""
    return isinstance(model, AsItIsConfig) or (isinstance(model, PromptConfig) and not model.shots)


def identity_of(run: Recorded) -> dict[str, Any]:
    """What a run must have in common with one that was stopped. The batch that is learnt from grows with processes."""
    what = {**run.decides(), "report": REPORT_VERSION}
    if processes.number() > 1 and isinstance(run.config.model, EncoderConfig | EnsembleConfig):
        what["processes"] = processes.number()
    return what


def _begun(folder: Path) -> bool:
    """Whether anything was trained there: nothing was if, e.g., the configuration was refused."""
    return folder.exists() and any(path.name != "started.json" for path in folder.iterdir())


def begin_record(started: Path, run: Recorded, name: str, command: str, *, resumed: bool) -> dict[str, Any]:
    """What a run says of its beginning. One that other code, versions or machine began is of neither: ``dirty``."""
    now = {"code": code_state(), "versions": versions(), "machine": machine()}
    if not resumed:
        made = {key: value for key, value in identity_of(run).items() if key in ("report", "processes")}
        data = {"name": name, "fingerprint": run.fingerprint}
        return {**run.record(), "data": data, **made, "command": command, **now}
    before: dict[str, Any] = read_json(started)
    if all(before.get(key) == value for key, value in now.items()):
        return before
    told = "%s: begun by other code or versions, or elsewhere; it is recorded as made from changed files"
    log.warning(told, started.parent)
    return {**before, **now, "code": {**now["code"], "dirty": True}}


def stands_already(folder: Path, run: Recorded, overwrite: bool) -> bool:
    """Whether the same run is finished there, and is to stay. Leftovers of a kill are swept.

    Raises:
        StanceError: A foreign run is there, and is not to be overwritten.
    """
    finished = folder / "run.json"
    if not folder.exists():
        return False
    sweep_partials(folder)
    sweep_partials(folder / "checkpoint")
    if finished.exists():
        tidy_up(folder)
    if not _begun(folder):
        return False
    if not _same(folder, run) and not overwrite:
        raise input_error(
            str(folder),
            "a run of another configuration or other data is there",
            allowed="another name=..., another outputs=..., or overwrite=true in the command of this very run",
        )
    return finished.exists() and not overwrite


def _same(folder: Path, run: Recorded) -> bool:
    """Whether the finished or unfinished run in the folder is this one."""
    paths = [path for name in ("run.json", "started.json") if (path := folder / name).exists()]
    if not paths:
        return False
    record = read_json(paths[0])
    if "data" not in record:
        return False
    further = {key: record[key] for key in ("processes",) if key in record}
    try:  # counted anew, so that settings which came later change nothing
        stood = {**Recorded.read(record).decides(), "report": record.get("report", 1), **further}
        return stood == identity_of(run)
    except StanceError:  # of settings that there are no more
        return False


def clear_folder(folder: Path, run: Recorded, overwrite: bool) -> bool:
    """Whether a run that was begun there is gone on with; one that is to be overwritten is moved or removed.

    An unfinished run of the same configuration is gone on with, overwrite or not: the command that was killed is the
    command that goes on.
    """
    if not _begun(folder):
        return False
    finished = (folder / "run.json").exists()
    if overwrite and (finished or not _same(folder, run)):
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
    sweep_beside(_before(folder))
