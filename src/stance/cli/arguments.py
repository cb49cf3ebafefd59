"""The words of a command line, quoted so that Hydra takes them as they are typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import is_dataclass
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError

from stance.base.errors import input_error, quoted, setting
from stance.base.home import PROJECT

#: Text between quotes, as Hydra reads it whatever is in it.
_QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""

#: For several jobs; the options that no value follows.
SEVERAL = {"-m", "--multirun"}

_TEXT = (str, str | None)
_TEXTS = (list[str], list[str | None])


def as_typed(arguments: Sequence[str], schema: type) -> list[str]:
    """The arguments of a script, quoted so that Hydra's grammar takes nothing from a text and adds nothing to it.

    What the schema has as text, or as a list of texts, stands for itself: ``input=votes (1).csv``, ``target=1e3``. Text
    between quotes is what is between them, ``${...}`` another value, ``null`` none where there may be none. With ``-m``
    a comma goes on separating values. Numbers and names of groups are left to Hydra.

    Raises:
        StanceError: A word that is neither an option nor ``KEY=VALUE``; ``null`` where there must be a text, or a
            number where there must be a name; several jobs with one output.
    """
    several = bool(SEVERAL & {*arguments})
    typed: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        of_option = before.startswith("-") and before not in SEVERAL and "=" not in argument
        as_it_is = of_option or argument[:1] in ("-", "~")
        typed.append(argument if as_it_is else _as_typed(argument, schema, several=several))
    if several:
        _check_outputs(typed)
    return typed


def _check_outputs(typed: Sequence[str]) -> None:
    """Refuse jobs that would write to one file: Hydra takes each value of one key with each of another."""
    values = dict(argument.split("=", 1) for argument in typed if "=" in argument)
    swept = [key for key, value in values.items() if (found := _parsed(value)) and found.is_sweep_override()]
    differ = [key for key in swept if key != "output"]
    if differ and "${" not in values.get("output", "${"):
        problem = "a file to which several jobs would write, each over the one before"
        raise input_error("output", problem, found=values["output"], allowed=f"a name with ${{{differ[0]}}} in it")


def as_text(argument: str) -> str:
    """The setting whose value is the text that this one has, whatever Hydra would make of it; as a shell reads it."""
    key, _, value = argument.partition("=")
    override = _parsed(value)
    return setting(key, str(override.value()) if override else value)


def _as_typed(argument: str, schema: type, *, several: bool) -> str:
    key, equals, value = argument.partition("=")
    if not key.strip("+ ") or not equals:
        raise input_error(argument, "not a setting", allowed="KEY=VALUE; one with blanks between quotes, 'KEY=a value'")
    kind, override = kind_at(schema, key.lstrip("+").split(".")), _parsed(value)
    if several and (override.is_sweep_override() if override else kind in _TEXT):
        sweep = ChoiceSweep(simple_form=True) if override is None else override.value()
        simple = isinstance(sweep, ChoiceSweep) and sweep.simple_form
        return f"{key}={','.join(_elements(value, key, kind))}" if simple and kind in _TEXT else argument
    if kind is Any and key in get_type_hints(schema):  # a field that takes names itself, whatever groups there are
        return f"{key}={value if override else quoted(value)}"
    return f"{key}={_value(value, key, kind)}"


def kind_at(schema: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - a type, or an alternative of types
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
    override = _parsed(value)
    group = key.lstrip("+")
    if override and not isinstance(override.value(), str) and (PROJECT / "conf" / group).is_dir():
        _check_name(override.value(), group, kind)
    return value if override else quoted(value)


def _check_name(value: object, key: str, kind: Any) -> None:  # noqa: ANN401
    """Refuse what is no name and no settings, for what is named by a file of ``conf/``."""
    names = isinstance(value, list) and value and all(isinstance(each, str) for each in value)
    if not isinstance(value, dict) and not names:
        none = f"; for none leave it out, or ~{key} where an experiment has one" if isinstance(kind, UnionType) else ""
        settings = f", or {key}.KEY=VALUE" if is_dataclass(kind) else none
        raise input_error(key, "not a name", found=value, allowed=f"a file of conf/{key} by name{settings}")


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
