"""Composes a command's configuration with Hydra and turns it into dataclasses.

A script composes its configuration with Hydra, :func:`script` turns it into the dataclasses of their rooms, and
nothing beneath knows of Hydra. Values that the schema does not have, or of another type, are refused before anything
runs.
"""

import functools
import getpass
import logging
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast, get_type_hints

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue, OmegaConfBaseException

from stance.base.errors import StanceError, first_line, input_error, lacks_memory
from stance.base.extras import from_extras
from stance.base.home import PROJECT, checkout
from stance.cli.arguments import SEVERAL, as_text, as_typed
from stance.cli.output import Log, may_end_early, told
from stance.cli.refusals import check_keys, in_our_words, keys_of
from stance.data.config import DataConfig
from stance.models.config import ModelConfig

#: The toolkit keeps its own run folders: Hydra logs nothing of its own, does not change folder, and writes nothing but
#: the configuration of a multirun.
HYDRA_PLAIN = {
    "defaults": [{"override /hydra/job_logging": "none"}, {"override /hydra/hydra_logging": "none"}],
    "hydra": {
        "run": {"dir": "."},
        "sweep": {"dir": "${sweep_folder:}", "subdir": "."},
        "output_subdir": None,
    },
}


#: Rooms that have something to configure, in their module ``config``.
ROOMS = ("data", "models", "evaluation", "training", "experiments", "inference", "map")


def register(*own: type) -> None:
    """Make the schemas known to Hydra, each once in a process.

    ``NameConfig`` checks the file of ``conf/`` whose defaults begin with ``name_schema``; those of corpora and models
    are in the groups ``data`` and ``model``.

    Args:
        own: What is in no room: the dataclass of a command, in its own file.
    """
    for kind in (*(kind for room in ROOMS for kind in vars(import_module(f"stance.{room}.config")).values()), *own):
        if isinstance(kind, type) and is_dataclass(kind) and kind.__name__.endswith("Config"):
            _store(kind)
    ConfigStore.instance().store(name="hydra_plain", package="_global_", node=HYDRA_PLAIN)
    if not OmegaConf.has_resolver("project"):
        OmegaConf.register_new_resolver("project", lambda: str(PROJECT))
        OmegaConf.register_new_resolver("checkout", lambda: str(checkout()))
        OmegaConf.register_new_resolver("sweep_folder", _sweep_folder)


@functools.cache  # Hydra takes a fifth of a second for all of them
def _store(schema: type) -> None:
    group = "data" if schema is DataConfig else "model" if issubclass(schema, ModelConfig) else None
    name = f"{schema.__name__.removesuffix('Config').lower()}_schema"
    ConfigStore.instance().store(group=group, name=name, node=schema)


def _sweep_folder(*, _root_: DictConfig) -> str:
    """Where Hydra puts a multirun's configuration: into outputs; where there are none to write to, out of the way."""
    if outputs := OmegaConf.select(_root_, "outputs"):
        with suppress(OSError):
            Path(outputs).mkdir(parents=True, exist_ok=True)
        if os.access(outputs, os.W_OK):
            return f"{outputs}/.sweep"
    return f"{tempfile.gettempdir()}/stance-{getpass.getuser()}/.sweep"


def typed(config: DictConfig) -> Any:  # noqa: ANN401 - the dataclass of the composed schema
    """The composed configuration as its dataclass, resolved and checked.

    Raises:
        StanceError: A value is missing, of the wrong type, or refused by a ``__post_init__``.
    """
    check_keys(config)
    try:
        return OmegaConf.to_object(config)
    except OmegaConfBaseException as error:
        reason = str(error).strip().splitlines()[0]
        if told_so := reason.partition("StanceError raised while resolving interpolation: ")[2]:
            raise StanceError(told_so) from None
        key = getattr(error, "full_key", None)
        if isinstance(error, MissingMandatoryValue):
            raise input_error(str(key), "a value is missing", allowed=f"{key}=...") from None
        said: Any = OmegaConf.to_container(HydraConfig.get().overrides.task) if HydraConfig.initialized() else []
        texts = " ".join(as_text(str(argument)) for argument in said if "${" in str(argument))
        hint = f"; allowed: {texts} for the text" if texts and isinstance(error, InterpolationResolutionError) else ""
        raise StanceError(f"configuration, {key or 'value'}: {reason}{hint}") from None


def command() -> str:
    """The command line that gives the running job again, wherever it writes to; in a multirun, that of this one job."""
    said = [part for part in HydraConfig.get().overrides.task if not part.startswith(("overwrite=", "outputs="))]
    name = HydraConfig.get().job.config_name  # not of the program, which for a launcher's job is the launcher's
    return shlex.join(["python", f"scripts/{name}.py", *said])


_LESS_MEMORY = (
    "no result is half-written, and the same command goes on; a smaller chunk=..., where there is one, takes less"
)


@contextmanager
def plain_messages() -> Iterator[None]:
    """The library's log on the output, and errors as one message without traceback.

    A StanceError or OSError, and memory that is not to be had, end the program with exit code 2; an interruption says
    how to go on, exit code 130.
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING, handlers=[Log(sys.stdout)])
    logging.getLogger("stance").setLevel(logging.INFO)
    try:
        with may_end_early(), from_extras():
            yield
    except (StanceError, OSError) as error:
        print(f"error: {told(error)}", file=sys.stderr)
        sys.exit(2)
    except (MemoryError, RuntimeError) as error:
        if not lacks_memory(error):
            raise
        print(f"error: out of memory ({first_line(error)}); {_LESS_MEMORY}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; no result is half-written, and the same command runs again", file=sys.stderr)
        sys.exit(130)


#: What asks for help. Hydra's own says what groups all commands have, and takes seconds to find out.
_HELP = {"--help", "-h"}


def _choices(primary: Path, schema: type) -> Iterator[str]:
    """A line for each group that the command takes, with its files but those that others begin with (``_NAME``).

    One that the command's own file has not is added by ``+``.
    """
    defaults = OmegaConf.to_container(OmegaConf.load(primary).defaults)
    there = {group for entry in cast(list[Any], defaults) if isinstance(entry, dict) for group in entry}
    for group in sorted(each for each in keys_of(schema) if (primary.parent / each).is_dir()):
        names = ", ".join(sorted(path.stem for path in (primary.parent / group).glob("[!_]*.yaml")))
        yield f"{'' if group in there else '+'}{group}=NAME: {names}\n"


def script(name: str) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Turn a function of a typed configuration into a command line program.

    ``conf/<name>.yaml`` is composed with the command line's overrides and becomes the dataclass that the function takes
    as ``config``; see :func:`plain_messages` for how it ends.
    """

    def decorate(main: Callable[[Any], None]) -> Callable[[], None]:
        schema = get_type_hints(main)["config"]

        def composed(config: DictConfig) -> None:
            register(schema)  # once more, since a launcher's job is another process
            with plain_messages():
                main(typed(config))

        register(schema)
        # Where a key is also the name of a group, the script has a folder of its own.
        folder = PROJECT / "conf" / name if (PROJECT / "conf" / name).is_dir() else PROJECT / "conf"
        hydrated = hydra.main(version_base="1.3", config_path=str(folder), config_name=name)
        run = cast(Callable[[], None], hydrated(composed))

        def program() -> None:
            with may_end_early():
                if _HELP & {*sys.argv[1:]}:
                    print(sys.modules[main.__module__].__doc__)
                    for line in _choices(folder / f"{name}.yaml", schema):
                        print(line)
                    print("every key, ??? where a value must be given:\n")
                    sys.argv[1:] = [word for word in sys.argv[1:] if word not in _HELP | SEVERAL] + ["--cfg=job"]
                with plain_messages(), in_our_words(sys.argv[1:], schema):
                    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that what it refuses comes up to here
                    sys.argv[1:] = as_typed(sys.argv[1:], schema)
                    run()

        return program

    return decorate
