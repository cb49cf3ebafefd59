"""Dataclasses of configurations and reports as JSON, read again, and what in settings differs from the default."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from stance.base.errors import input_error

Settings = TypeVar("Settings")

#: Metadata of a field that says where and not what: no record has it, and two runs that differ in it are the same run.
WHERE: Mapping[str, bool] = {"where": True}

#: Metadata of a file: of an absolute path the name alone is recorded, so that records name no machine's folders.
FILE: Mapping[str, bool] = {"file": True}

#: Metadata of a field that is left out while it is None.
ABSENT: Mapping[str, bool] = {"absent": True}

#: Metadata of a field, one of a class at most, whose own keys stand among those of its class; none while it is None.
MERGED: Mapping[str, bool] = {"merged": True}


def as_values(settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """Every setting, as JSON knows it; see ``WHERE``, ``FILE``, ``ABSENT`` and ``MERGED`` for what stands elsewhere."""
    values: dict[str, Any] = {}
    for each in _recorded(settings):
        value = _plain(getattr(settings, each.name), as_values)
        if each.metadata.get("file") and value and Path(value).is_absolute():
            value = Path(value).name
        if each.metadata.get("merged"):
            values |= value or {}
        elif value is not None or not each.metadata.get("absent"):
            values[each.name] = value
    return values


def differing(settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """What is set otherwise than by default, and of which class it is.

    A setting that comes later is at its default in all that was made before, and so changes nothing here.
    """
    found = {"class": type(settings).__name__}
    for each in _recorded(settings):
        value = _plain(getattr(settings, each.name), differing)
        if value != _default(each):
            found[each.name] = value
    return found


def from_values(kind: type[Settings], values: Mapping[str, Any], key: str) -> Settings:
    """The dataclass that :func:`as_values` wrote, checked as any configuration is.

    Of a class with subclasses it is the one that has these settings. What is missing came later, and is at its default.

    Raises:
        StanceError: A setting that there is not, one that must be there and is not, or a value that is refused.
    """
    values = _parted(kind, values)
    kinds = [kind, *kind.__subclasses__()]
    fitting = [each for each in kinds if _needed(each) <= values.keys() <= _names(each)]
    if not fitting:
        nearest = max(kinds, key=lambda each: len(_names(each) & values.keys()))
        wrong = sorted(values.keys() - _names(nearest)) or sorted(_needed(nearest) - values.keys())
        raise input_error(key, "no such settings, or missing ones", found=wrong, allowed=sorted(_names(nearest)))
    chosen: Any = min(fitting, key=lambda each: len(_names(each)))
    hints = _hints(chosen)
    made: Settings = chosen(**{name: _typed(hints[name], value, f"{key}.{name}") for name, value in values.items()})
    return made


def _parted(kind: type, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values, those of a merged field in a mapping of their own."""
    own = _names(kind)
    for each in fields(kind):
        if each.metadata.get("merged"):
            inner = {name: value for name, value in values.items() if name not in own}
            outer = {name: value for name, value in values.items() if name in own}
            return outer | {each.name: inner} if inner or each.default is MISSING else outer
    return values


def _recorded(settings: Any) -> list[Field[Any]]:  # noqa: ANN401
    return [each for each in fields(settings) if not each.metadata.get("where")]


def _plain(value: Any, inner: Callable[[Any], dict[str, Any]]) -> Any:  # noqa: ANN401
    """A value in its place in JSON, each dataclass in it by ``inner``."""
    if is_dataclass(value):
        return inner(value)
    if isinstance(value, Mapping):
        return {name: _plain(one, inner) for name, one in value.items()}
    return [_plain(one, inner) for one in value] if isinstance(value, tuple | list) else value


def _default(each: Field[Any]) -> Any:  # noqa: ANN401
    """The default as :func:`differing` has it; MISSING, which equals nothing, where there must be a value."""
    made = each.default if each.default_factory is MISSING else each.default_factory()
    return _plain(made, differing)


_hints = cache(get_type_hints)


def _names(kind: type) -> set[str]:
    return {each.name for each in fields(kind)}


def _needed(kind: type) -> set[str]:
    return {each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING}


def _typed(hint: Any, value: Any, key: str) -> Any:  # noqa: ANN401
    """A value with the dataclasses that its type wants."""
    if isinstance(hint, UnionType) and value is not None:
        hint = get_args(hint)[0]
    if isinstance(value, Mapping):
        if isinstance(hint, type) and is_dataclass(hint):
            return from_values(hint, value, key)
        if get_origin(hint) is dict:
            return {name: _typed(get_args(hint)[1], one, f"{key}.{name}") for name, one in value.items()}
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_typed(get_args(hint)[0], one, f"{key}.{number}") for number, one in enumerate(value))
    return value
