"""Composes a command's configuration with Hydra and turns it into dataclasses.

A script composes its configuration with Hydra, :func:`script` turns it into the dataclasses of their rooms, and
nothing beneath knows of Hydra. Values that the schema does not have, or of another type, are refused before anything
runs.
"""

import getpass
import logging
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import GrammarParseError, InterpolationResolutionError, OmegaConfBaseException

from stance.base.errors import StanceError, first_line, input_error, lacks_memory, quoted, setting
from stance.base.extras import from_extras
from stance.base.home import PROJECT, checkout
from stance.cli.output import Log, may_end_early, told
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


def register() -> None:
    """Make the schemas known to Hydra; called once when a script is imported.

    ``NameConfig`` checks the file of ``conf/`` whose defaults begin with ``name_schema``; those of corpora and models
    are in the groups ``data`` and ``model``.
    """
    store = ConfigStore.instance()
    for room in ROOMS:
        for name, kind in vars(import_module(f"stance.{room}.config")).items():
            if isinstance(kind, type) and is_dataclass(kind) and name.endswith("Config"):
                group = "data" if kind is DataConfig else "model" if issubclass(kind, ModelConfig) else None
                store.store(group=group, name=f"{name.removesuffix('Config').lower()}_schema", node=kind)
    store.store(name="hydra_plain", package="_global_", node=HYDRA_PLAIN)
    if not OmegaConf.has_resolver("project"):
        OmegaConf.register_new_resolver("project", lambda: str(PROJECT))
        OmegaConf.register_new_resolver("checkout", lambda: str(checkout()))
        OmegaConf.register_new_resolver("sweep_folder", _sweep_folder)


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
    try:
        return OmegaConf.to_object(config)
    except OmegaConfBaseException as error:
        reason = str(error).strip().splitlines()[0]
        if said := reason.partition("StanceError raised while resolving interpolation: ")[2]:
            raise StanceError(said) from None
        key = getattr(error, "full_key", None)
        hint = "; allowed: \\${ for ${ as text" if isinstance(error, InterpolationResolutionError) else ""
        raise StanceError(f"configuration, {key or 'value'}: {reason}{hint}") from None


#: Text between quotes, as Hydra reads it whatever is in it.
_QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""

_TEXT = (str, str | None)
_TEXTS = (list[str], list[str | None])


def as_typed(arguments: Sequence[str], schema: type) -> list[str]:
    """The arguments of a script, quoted so that Hydra's grammar takes nothing from a text and adds nothing to it.

    What the schema has as text, or as a list of texts, stands for itself: ``input=votes (1).csv``, ``target=1e3``. Text
    between quotes is what is between them, ``${...}`` another value, ``null`` none where there may be none. With ``-m``
    a comma goes on separating values. Numbers and names of groups are left to Hydra.

    Raises:
        StanceError: ``null`` where there must be a text.
    """
    several = bool({"-m", "--multirun"} & {*arguments})
    return [
        _as_typed(argument, schema, several=several) if re.match(r"(?![-~])[^=]+=", argument) else argument
        for argument in arguments
    ]


def _as_typed(argument: str, schema: type, *, several: bool) -> str:
    key, _, value = argument.partition("=")
    kind, override = _kind(schema, key.lstrip("+").split(".")), _parsed(value)
    if several and (override.is_sweep_override() if override else kind in _TEXT):
        sweep = ChoiceSweep(simple_form=True) if override is None else override.value()
        simple = isinstance(sweep, ChoiceSweep) and sweep.simple_form
        return f"{key}={','.join(_elements(value, key, kind))}" if simple and kind in _TEXT else argument
    return f"{key}={_value(value, key, kind)}"


def _kind(schema: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - a type, or an alternative of types
    """The type of the field at a path of the configuration; ``Any`` where the schema does not say."""
    for name in path:
        if isinstance(schema, UnionType):
            schema = get_args(schema)[0]
        if is_dataclass(schema):
            kinds = [get_type_hints(each) for each in (schema, *cast(type, schema).__subclasses__())]
            schema = next((fields[name] for fields in kinds if name in fields), Any)
        else:
            schema = get_args(schema)[1] if get_origin(schema) is dict else Any
    return schema


def _value(value: str, key: str, kind: Any) -> str:  # noqa: ANN401
    """A value as Hydra is to be given it, by the type of the field."""
    if kind in _TEXT:
        return _text(value, key, kind)
    inner = value[1:-1]
    if kind in _TEXTS and value == f"[{inner}]":
        return f"[{','.join(_elements(inner, key))}]"
    if is_dataclass(kind) and value == f"{{{inner}}}":
        fields = get_type_hints(kind)
        before, *pairs = re.split(rf"(?:^|,)\s*({'|'.join(fields)})\s*:", inner)
        said = [
            f"{name}: {_value(each.strip(), f'{key}.{name}', fields[name])}"
            for name, each in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        return value if before.strip() else f"{{{', '.join(said)}}}"
    return value if _parsed(value) else quoted(value)


def _elements(values: str, key: str, kind: Any = None) -> list[str]:  # noqa: ANN401
    """Texts between commas, each as :func:`_text` gives it."""
    found = re.findall(rf"\s*({_QUOTED}|[^,]*?)\s*(?:,|\Z)", values, re.DOTALL)
    return [_text(value, key, kind) for value in found[:-1]]


def _text(value: str, key: str, kind: Any) -> str:  # noqa: ANN401
    if value.strip("\"'") == "???":
        raise input_error(key, "??? stands for a value that is missing", found=value, allowed="another text")
    if value == "null" and kind is str:
        raise input_error(key, "null where there must be a text", allowed=f"{setting(key, 'null')} for the word")
    if re.fullmatch(_QUOTED, value, re.DOTALL) or (value == "null" and kind in _TEXT):
        return value
    try:
        OmegaConf.create([value])
    except GrammarParseError:
        value = value.replace("${", "\\${")  # one that is never closed
    override = _parsed(value)
    bare = override and value and "\\" not in value and override.value() == value
    return value if bare else quoted(value)


def _parsed(value: str) -> Override | None:
    """What Hydra's grammar makes of a value; None if nothing."""
    try:
        return OverridesParser.create().parse_override(f"key={value}")
    except HydraException:
        return None


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
        run = cast(Callable[[], None], hydra.main(version_base="1.3", config_path=folder, config_name=name)(composed))

        def program() -> None:
            with may_end_early():
                if {"--help", "-h"} & {*sys.argv[1:]}:
                    print(sys.modules[main.__module__].__doc__)
                with plain_messages():
                    sys.argv[1:] = as_typed(sys.argv[1:], get_type_hints(main)["config"])
                run()

        return program

    return decorate
