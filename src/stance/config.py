"""The one door between Hydra and the library.

A script composes its configuration with Hydra, :func:`script` turns it into the dataclasses of ``stance.settings``, and
nothing beneath knows of Hydra. Values that the schema does not have, or of another type, are refused before anything
runs.
"""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from stance import settings
from stance.errors import StanceError, input_error

#: The toolkit keeps its own run folders: Hydra logs nothing of its own, does not change folder, and writes nothing but
#: the configuration of a multirun.
HYDRA_PLAIN = {
    "defaults": [{"override /hydra/job_logging": "none"}, {"override /hydra/hydra_logging": "none"}],
    "hydra": {"run": {"dir": "."}, "sweep": {"dir": "outputs/.sweep", "subdir": "."}, "output_subdir": None},
}


def register() -> None:
    """Make the schemas known to Hydra; called once when a script is imported."""
    store = ConfigStore.instance()
    for name, node in {
        "annotate_schema": settings.AnnotateConfig,
        "audit_schema": settings.AuditConfig,
        "build_schema": settings.BuildConfig,
        "cascade_schema": settings.CascadeConfig,
        "check_schema": settings.CheckConfig,
        "train_schema": settings.TrainConfig,
        "evaluate_schema": settings.EvaluateConfig,
        "report_schema": settings.ReportConfig,
        "compare_schema": settings.CompareConfig,
        "probe_schema": settings.ProbeConfig,
        "behaviour_schema": settings.BehaviourConfig,
        "export_schema": settings.ExportConfig,
        "tasks_schema": settings.TasksConfig,
        "predict_schema": settings.PredictConfig,
        "ship_schema": settings.ShipConfig,
        "shares_schema": settings.SharesConfig,
        "summarize_schema": settings.SummarizeConfig,
        "suspects_schema": settings.SuspectsConfig,
        "sweep_schema": settings.SweepConfig,
    }.items():
        store.store(name=name, node=node)
    store.store(name="hydra_plain", package="_global_", node=HYDRA_PLAIN)
    store.store(group="data", name="data_schema", node=settings.DataConfig)
    for name, model in {
        "prior": settings.PriorConfig,
        "linear": settings.LinearConfig,
        "kernel": settings.KernelConfig,
        "encoder": settings.EncoderConfig,
        "prompt": settings.PromptConfig,
        "as_it_is": settings.AsItIsConfig,
        "ensemble": settings.EnsembleConfig,
    }.items():
        store.store(group="model", name=f"{name}_schema", node=model)
    if not OmegaConf.has_resolver("project"):
        OmegaConf.register_new_resolver("project", lambda: str(PROJECT))


#: The checkout that holds ``conf/`` and ``seeds/``; used by scripts, never by an installed library.
PROJECT = Path(__file__).resolve().parents[2]


def typed(config: DictConfig) -> Any:  # noqa: ANN401 - the dataclass of the composed schema
    """The composed configuration as its dataclass, resolved and checked.

    Raises:
        StanceError: A value is missing, of the wrong type, or refused by a ``__post_init__``.
    """
    try:
        return OmegaConf.to_object(config)
    except OmegaConfBaseException as error:
        reason = str(error).strip().splitlines()[0]
        key = getattr(error, "full_key", None)
        raise StanceError(f"configuration, {key or 'value'}: {reason}") from None


def command() -> str:
    """The command line that gives the running job again, wherever it writes to; in a multirun, that of this one job."""
    said = [part for part in HydraConfig.get().overrides.task if not part.startswith(("overwrite=", "outputs="))]
    name = HydraConfig.get().job.config_name  # not of the program, which for a launcher's job is the launcher's
    return shlex.join(["python", f"scripts/{name}.py", *said])


def training_arguments(recorded: str) -> list[str]:
    """What a recorded command says to ``scripts/train.py``.

    Raises:
        StanceError: It is no command of ``scripts/train.py``.
    """
    words = shlex.split(recorded)
    if words[:2] != ["python", "scripts/train.py"]:
        raise input_error("command", "not one that trains", found=recorded, allowed="python scripts/train.py ...")
    return words[2:]


def training_of(recorded: str) -> settings.TrainConfig:
    """The configuration that a recorded command trains.

    Raises:
        StanceError: It is no command of ``scripts/train.py``, or composes no more.
    """
    arguments = training_arguments(recorded)
    register()
    GlobalHydra.instance().clear()  # of the script that asks, whose own configuration is composed already
    try:
        with hydra.initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
            return cast(settings.TrainConfig, typed(hydra.compose("train", overrides=arguments)))
    except HydraException as error:
        raise StanceError(f"{recorded}: {str(error).strip().splitlines()[0]}") from None


@contextmanager
def plain_messages() -> Iterator[None]:
    """The library's log on the output, and errors as one message without traceback.

    A StanceError or OSError ends the program with exit code 2; an interruption says how to go on, exit code 130.
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stdout)
    logging.getLogger("stance").setLevel(logging.INFO)
    try:
        yield
    except (StanceError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; no result is half-written, and the same command runs again", file=sys.stderr)
        sys.exit(130)


def script(name: str) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Turn a function of a typed configuration into a command line program.

    ``conf/<name>.yaml`` is composed with the command line's overrides; see :func:`plain_messages` for how it ends.
    """

    def decorate(main: Callable[[Any], None]) -> Callable[[], None]:
        def composed(config: DictConfig) -> None:
            register()  # once more, since a launcher's job is another process
            with plain_messages():
                main(typed(config))

        register()
        # A script without configuration groups has a folder of its own, where its keys clash with no group's name.
        folder = str(PROJECT / "conf" / name if (PROJECT / "conf" / name).is_dir() else PROJECT / "conf")
        return cast(Callable[[], None], hydra.main(version_base="1.3", config_path=folder, config_name=name)(composed))

    return decorate
