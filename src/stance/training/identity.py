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
from stance.training.recorded import Recorded, differences, told_apart

log = logging.getLogger(__name__)


def learns_nothing(model: ModelConfig) -> bool:
    """Whether a model is taken or asked as it is: a prompted one without examples learns shares of labels alone."""
    return isinstance(model, AsItIsConfig) or (isinstance(model, PromptConfig) and not model.shots)


def _together(model: ModelConfig) -> int:
    """How many processes train the model: the batch that it learns from grows with them."""
    return processes.number() if isinstance(model, EncoderConfig | EnsembleConfig) else 1


def _begun(folder: Path) -> bool:
    """Whether anything was trained there: nothing was if, e.g., the configuration was refused."""
    return folder.exists() and any(path.name != "started.json" for path in folder.iterdir())


def begin_record(started: Path, run: Recorded, name: str, command: str, *, resumed: bool) -> dict[str, Any]:
    """What a run says of its beginning. One that other code, versions or machine began is of neither: ``dirty``."""
    now = {"code": code_state(), "versions": versions(), "machine": machine()}
    if not resumed:
        data, number = {"name": name, "fingerprint": run.fingerprint}, _together(run.config.model)
        made = {"report": REPORT_VERSION, **({"processes": number} if number > 1 else {})}
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
    unlike = _unlike(folder, run)
    if unlike and not overwrite:
        raise input_error(
            str(folder),
            f"a run of another configuration or other data is there: {'; '.join(unlike)}",
            allowed="another name=..., another outputs=..., or overwrite=true in the command of this very run",
        )
    return finished.exists() and not overwrite


def _unlike(folder: Path, run: Recorded) -> list[str]:
    """What makes the finished or unfinished run in the folder another one than this; nothing if it is this one."""
    paths = [path for name in ("run.json", "started.json") if (path := folder / name).exists()]
    if not paths:
        return ["no record of it"]
    record = read_json(paths[0])
    if "data" not in record:
        return [f"{paths[0].name} does not say of which data"]
    try:
        stood = Recorded.read(record)
    except StanceError as error:  # of settings that there are no more
        return [str(error)]
    further = [
        ("report version", record.get("report", 1), REPORT_VERSION),
        ("processes", record.get("processes", 1), _together(run.config.model)),
    ]
    return [*differences(stood, run), *(told_apart(*one) for one in further if one[1] != one[2])]


def clear_folder(folder: Path, run: Recorded, overwrite: bool) -> bool:
    """Whether a run that was begun there is gone on with; one that is to be overwritten is moved or removed.

    An unfinished run of the same configuration is gone on with, overwrite or not: the command that was killed is the
    command that goes on.
    """
    if not _begun(folder):
        return False
    finished = (folder / "run.json").exists()
    if overwrite and (finished or _unlike(folder, run)):
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
