"""What Hydra and OmegaConf refuse, as the one message that this toolkit has for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, get_args, get_origin

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from stance.base.errors import StanceError, first_line, input_error, setting
from stance.cli.arguments import kind_at
from stance.training.config import SweepConfig, TrainConfig

#: A group of files that is no field: what each says is in the others.
_EXPERIMENT: dict[Any, list[str]] = {TrainConfig: ["experiment"], SweepConfig: ["experiment"]}

_IN_WORDS = {int: "a whole number in digits", float: "a number", bool: "true or false", str: "a text"}


@contextmanager
def in_our_words(arguments: Sequence[str], schema: type) -> Iterator[None]:
    """In the block what Hydra refuses is told with key, value and what is allowed.

    Args:
        arguments: As they were typed.
        schema: The dataclass of the whole configuration.

    Raises:
        StanceError: That message.
    """
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise _refusal(error, arguments, schema) from None


def _refusal(error: Exception, arguments: Sequence[str], schema: type) -> StanceError:
    cause = error.__cause__
    if isinstance(error, MissingConfigException) and error.options:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        return input_error(group, "no such name", found=name, allowed=_nearest(name, error.options))
    if isinstance(error, OverrideParseException):
        return input_error(error.override, "not to be read", allowed="KEY=VALUE")
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        return _no_such_key(str(cause.full_key), cause.object_type, [*map(str, cause.parent_node or ())])
    if isinstance(cause, OmegaConfBaseException) and cause.full_key:
        key = str(cause.full_key)
        typed = {name.lstrip("+"): value for name, _, value in (each.partition("=") for each in arguments)}
        if said := next((name for name in typed if f"{name}.".startswith(f"{key}.")), ""):
            allowed = _in_words(kind_at(schema, key.split(".")), key, [typed[said]])
            return input_error(said, "a value of another type", found=typed[said], allowed=allowed)
        return StanceError(f"configuration, {key}: {first_line(cause)}")
    if several := re.search(r"(?:argument|parameters) '(.*?)=(.*?)'", str(error)):
        key, value = several.groups()
        kind = kind_at(schema, key.split("."))
        allowed = _in_words(kind, key, value.split(",")) if get_origin(kind) is list else "one; with -m each is run"
        return input_error(key, "several values", found=value, allowed=allowed)
    return StanceError(f"configuration: {first_line(error)}")


def _in_words(kind: Any, key: str, typed: Sequence[str]) -> str:  # noqa: ANN401 - a type
    """What a value of this type looks like."""
    if isinstance(kind, UnionType):
        return f"{_in_words(get_args(kind)[0], key, typed)}, or null"
    if get_origin(kind) is list:
        return f"a list, as in {setting(key, typed or ['a', 'b'])}"
    if is_dataclass(kind):
        return ", ".join(f"{key}.{each.name}=..." for each in fields(kind))
    return _IN_WORDS.get(kind, f"{key}.NAME=...")


def check_keys(config: DictConfig, at: str = "") -> None:
    """Raise StanceError about a key that no dataclass of the configuration has: ``+modle=tfidf`` adds one."""
    kind = OmegaConf.get_type(config)
    for name in map(str, config):
        if is_dataclass(kind) and name not in {each.name for each in fields(kind)}:
            raise _no_such_key(f"{at}{name}", kind)
        if OmegaConf.is_interpolation(config, name):
            if isinstance(node := config._get_node(name), DictConfig):
                found, allowed = node._value(), f"{at}{name}.KEY=..."
                raise input_error(f"{at}{name}", "a reference in place of settings", found=found, allowed=allowed)
        elif not OmegaConf.is_missing(config, name) and isinstance(value := config[name], DictConfig):
            check_keys(value, f"{at}{name}.")


def _no_such_key(key: str, kind: Any, beside: Collection[str] = ()) -> StanceError:  # noqa: ANN401 - a type
    """``beside`` are the keys that are there, of settings that no dataclass has."""
    name = key.rpartition(".")[2]
    if is_dataclass(kind):
        return input_error(key, "no such key", allowed=_nearest(name, keys_of(kind)))
    there = f"; there are {_nearest(name, beside)}" if beside else ""
    return input_error(key, "no such key", allowed=f"one that is there; +{key}=VALUE adds another{there}")


def keys_of(schema: Any) -> list[str]:  # noqa: ANN401 - a type
    """What can be set of a configuration: its fields, and groups of files that are none."""
    return [each.name for each in fields(schema)] + _EXPERIMENT.get(schema, [])


def _nearest(name: str, known: Collection[str]) -> str:
    """All names but those of schemas, and the one that may be meant."""
    names = [each for each in known if not each.endswith("_schema")]
    like = get_close_matches(name, names, n=1) or [each for each in names if each.endswith(f"_{name}")]
    return ", ".join(names) + (f"; did you mean {like[0]}?" if like else "")
