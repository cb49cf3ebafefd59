"""Scripts as forks of this process, which imports all once: fifty kills do not cost fifty starts."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from conftest import PROJECT

#: Seconds of patience with a script.
HANGS = 300


class Outcome(NamedTuple):
    """How a script ended.

    Attributes:
        code: As the shell has it; negative: the signal that ended it.
        told: What it wrote to both outputs.
        seconds: How long it took.
        peak: Bytes of memory that it had at most, what it was forked with among them.
    """

    code: int
    told: str
    seconds: float
    peak: int


def warm() -> None:
    """Import what the scripts import late. Nothing is run: threads would not survive the fork."""
    import datasets  # noqa: F401
    import hydra  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sentence_transformers  # noqa: F401
    import sklearn.svm  # noqa: F401
    import transformers.trainer  # noqa: F401

    import stance.experiments.results
    import stance.inference.predict_file
    import stance.models.classifier
    import stance.training.finetune  # noqa: F401


def run(
    name: str,
    *arguments: str,
    cwd: Path,
    kill_after: float | None = None,
    before: Callable[[], object] | None = None,
    patience: float = HANGS,
    watch: Callable[[int], bool] | None = None,
) -> Outcome:
    """Run a script in a child of this process, in another folder.

    Args:
        name: Of the script.
        arguments: Of its command line.
        cwd: Where it runs.
        kill_after: Seconds after which it gets SIGKILL.
        before: Called in the child first: limits, another user, another clock.
        patience: Seconds after which a script that still runs hangs.
        watch: Looks at the child, by its number, twice a second; True ends it.
    """
    log = cwd / ".told"
    log.write_bytes(b"")  # it may be killed before it can say anything
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(name, arguments, cwd, log, before)
    deadline = begun + (patience if kill_after is None else kill_after)
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() >= deadline or (watch is not None and watch(child)):
            os.kill(child, signal.SIGKILL)
            deadline, watch = float("inf"), None
        time.sleep(0.002 if watch is None else 0.5)
    seconds = time.monotonic() - begun
    if kill_after is None:
        assert seconds < patience, f"{name} hangs"
    return Outcome(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"), seconds, usage.ru_maxrss * 1024)


def _become(name: str, arguments: tuple[str, ...], cwd: Path, log: Path, before: Callable[[], object] | None) -> None:
    import logging
    import runpy

    code = 1
    try:
        sink = os.open(log, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        logging.getLogger().handlers[:] = []
        os.chdir(cwd)
        script = str(PROJECT / "scripts" / f"{name}.py")
        sys.argv = [script, *arguments]
        if before is not None:
            before()
        runpy.run_path(script, run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def moments(kills: int, seed: int = 0) -> list[float]:
    """So many random moments as parts of a run, spread over all of it, in random order."""
    draw = random.Random(seed)
    found = [(number + draw.random()) / kills for number in range(kills)]
    draw.shuffle(found)
    return found
