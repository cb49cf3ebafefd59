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
    if not isinstance(values, Mapping):
        raise input_error(key, "not an object of JSON", found=values, allowed="{...}")
    kinds = [kind, *kind.__subclasses__()]
    fitting = [each for each in kinds if _names(each, needed=True) <= values.keys() <= _names(each)]
    if not fitting:
        nearest = max(kinds, key=lambda each: len(_names(each) & values.keys()))
        if wrong := sorted(values.keys() - _names(nearest)):
            raise input_error(key, "no such keys", found=wrong, allowed=sorted(_names(nearest)))
        raise input_error(key, f"keys are missing: {', '.join(sorted(_names(nearest, needed=True) - values.keys()))}")
    chosen: Any = min(fitting, key=lambda each: len(_names(each)))
    hints, made_of = _hints(chosen), dict(values)
    for each in fields(chosen):
        if inner := _merged(chosen, each):
            inside = {name: made_of.pop(name) for name in values if name not in hints or name == each.name}
            if inside or each.default is MISSING:
                made_of[each.name] = from_values(inner, inside, key)
    made: Settings = chosen(**{name: _typed(hints[name], one, f"{key}.{name}") for name, one in made_of.items()})
    return made


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


def _merged(kind: type, each: Field[Any]) -> type | None:
    """The class of a field whose keys stand among those of its own class; None of any other field."""
    if not each.metadata.get("merged"):
        return None
    hint = _hints(kind)[each.name]
    found: type = get_args(hint)[0] if isinstance(hint, UnionType) else hint
    return found


def _names(kind: type, *, needed: bool = False) -> set[str]:
    """Of the keys that may stand in JSON, or of those that must."""
    names: set[str] = set()
    for each in fields(kind):
        if not needed or each.default is each.default_factory is MISSING:
            inner = _merged(kind, each)
            names |= _names(inner, needed=needed) if inner else {each.name}
    return names


def _typed(hint: Any, value: Any, key: str) -> Any:  # noqa: ANN401
    """A value with the dataclasses that its type wants."""
    if isinstance(hint, UnionType):
        if value is None:
            return None
        hint = get_args(hint)[0]
    if isinstance(hint, type) and is_dataclass(hint):
        return value if isinstance(value, hint) else from_values(hint, value, key)
    if get_origin(hint) is dict:
        if not isinstance(value, Mapping):
            raise input_error(key, "not an object of JSON", found=value, allowed="{...}")
        return {name: _typed(get_args(hint)[1], one, f"{key}.{name}") for name, one in value.items()}
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise input_error(key, "not a list", found=value, allowed="[...]")
        return tuple(_typed(get_args(hint)[0], one, f"{key}.{number}") for number, one in enumerate(value))
    return value
