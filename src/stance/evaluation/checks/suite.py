"""Suites of behaviour tests: templates in YAML, checked strictly; :mod:`stance.evaluation.checks.cases` fills them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import yaml

from stance.base.errors import StanceError, input_error, line_of
from stance.base.labels import LABELS, Label
from stance.base.names import must_exist
from stance.evaluation.checks.edits import EDITS

KINDS = ("MFT", "INV", "DIR")

#: Of one test, unless it says otherwise.
CASES = 24

#: The suite that comes with the toolkit.
BUNDLED = Path(str(files("stance.evaluation.checks"))) / "suites" / "negotiation.yaml"

SUITE_KEYS = ("version", "name", "about", "slots", "tests")
TEST_KEYS = ("name", "kind", "about", "cases", "slots", "templates")
TEMPLATE_KEYS = ("text", "holder", "target", "label", "then", "edit", "replace")
ROW_KEYS = ("text", "holder", "target", "label")

#: ``{slot}``, ``{slot.form}``; a digit after the slot stands for a further draw: ``{slot2.form}``.
PLACEHOLDER = re.compile(r"\{([a-z_]+)(\d?)(?:\.([a-z]+\d?))?\}")

#: A slot's fillers: texts, or the forms of each by name.
Slots = Mapping[str, Sequence[str | Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Template:
    """Texts with placeholders.

    Attributes:
        first: Text, holder and target.
        then: Those of the row after the change; None in an MFT.
        labels: Of the row, and after the change.
        edit: Name of the edit that makes the changed text.
    """

    first: Mapping[str, str]
    then: Mapping[str, str] | None
    labels: tuple[Label | None, Label | None]
    edit: str | None


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """One test of a suite; ``docs/behaviour.md`` says more of each field. ``place`` is for messages."""

    place: str
    name: str
    kind: str
    about: str
    cases: int
    slots: Slots
    templates: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite as read from its file."""

    name: str
    tests: tuple[SuiteTest, ...]


def read_suite(path: str | Path = BUNDLED) -> Suite:
    """A suite from its file, checked.

    Raises:
        StanceError: Names file, test, template, key, what was found and what is allowed.
    """
    place = str(path)
    content = _mapping(_load(must_exist(path)), SUITE_KEYS, ("version", "name", "tests"), place)
    if content["version"] != 1:
        raise input_error(place, "suite of another version", found=content["version"], allowed="1")
    slots = _slots(content.get("slots", {}), f"{place}, slots")
    tests: list[SuiteTest] = []
    for number, given in enumerate(_items(content["tests"], f"{place}, tests"), start=1):
        test = _test(given, slots, place, number)
        if any(test.name == other.name for other in tests):
            raise input_error(place, "two tests of one name", found=test.name)
        tests.append(test)
    return Suite(_text(content["name"], f"{place}, name"), tuple(tests))


class _Loader(yaml.SafeLoader):
    """YAML in which a key that occurs twice is an error, and a plain word is never a truth value or a date."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:null")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _once(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} occurs twice", key.start_mark)
        seen.add(str(key.value))
    return cast(dict[Any, Any], loader.construct_mapping(node, deep=True))


_Loader.add_constructor("tag:yaml.org,2002:map", _once)


def _load(path: Path) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise StanceError(f"{line_of(path, line)}: malformed YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StanceError(f"{path}: malformed YAML: {error}") from None


def _mapping(value: object, allowed: Sequence[str], needed: Sequence[str], place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise input_error(place, "not a mapping", found=value, allowed=allowed)
    for key in value:
        if key not in allowed:
            raise input_error(place, "unknown key", found=key, allowed=allowed)
    for key in needed:
        if key not in value:
            raise input_error(place, f"no {key!r}", found=list(value), allowed=allowed)
    return cast(dict[str, Any], value)


def _items(value: object, place: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise input_error(place, "no list, or an empty one", found=value, allowed="a list")
    return value


def _text(value: object, place: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or not (value.strip() or may_be_empty):
        raise input_error(place, "not text" if not isinstance(value, str) else "empty", found=value, allowed="text")
    return value


def _slots(value: object, place: str) -> Slots:
    if not isinstance(value, dict):
        raise input_error(place, "not a mapping", found=value, allowed="slot: [filler, ...]")
    for name, fillers in value.items():
        here = f"{place}, {name}"
        if not re.fullmatch(r"[a-z_]+", str(name)):
            raise input_error(here, "not the name of a slot", found=name, allowed="small letters and _")
        for filler in _items(fillers, here):
            for form, text in filler.items() if isinstance(filler, dict) else [("form", filler)]:
                _text(text, here)
                if not re.fullmatch(r"[a-z]+\d?", str(form)):
                    raise input_error(here, "not the name of a form", found=form, allowed="small letters, one digit")
        forms = [sorted(filler) if isinstance(filler, dict) else None for filler in fillers]
        for filler, form in zip(fillers, forms, strict=True):
            if form != forms[0]:
                raise input_error(here, "fillers of unlike forms", found=filler, allowed=forms[0] or "texts alone")
        if len({str(filler) for filler in fillers}) < len(fillers):
            raise input_error(here, "a filler occurs twice", found=fillers)
    return value


def _test(given: object, slots: Slots, path: str, number: int) -> SuiteTest:
    place = f"{path}, test {number}"
    values = _mapping(given, (*TEST_KEYS, *TEMPLATE_KEYS[1:]), ("name", "kind", "templates"), place)
    name = _text(values["name"], f"{place}, name")
    place = f"{path}, test {name!r}"
    if values["kind"] not in KINDS:
        raise input_error(f"{place}, kind", "unknown kind", found=values["kind"], allowed=KINDS)
    cases = values.get("cases", CASES)
    if type(cases) is not int or cases < 1:
        raise input_error(f"{place}, cases", "not a number of cases", found=cases, allowed="1 or more")
    own = _slots(values.get("slots", {}), f"{place}, slots")
    if again := sorted(set(own) & set(slots)):
        raise input_error(f"{place}, slots", "also a slot of the suite", found=again, allowed="another name")
    common = {key: values[key] for key in TEMPLATE_KEYS if key in values}
    templates = [
        _template(template, common, values["kind"], {**slots, **own}, f"{place}, template {index}")
        for index, template in enumerate(_items(values["templates"], f"{place}, templates"), start=1)
    ]
    return SuiteTest(
        place, name, values["kind"], str(values.get("about", "")), cases, {**slots, **own}, tuple(templates)
    )


def _template(given: object, common: Mapping[str, Any], kind: str, slots: Slots, place: str) -> Template:
    """A template with what the test says for all of its templates; a ``then`` of both is joined."""
    own = {"text": given} if isinstance(given, str) else _mapping(given, TEMPLATE_KEYS, ("text",), place)
    then_of_test = _mapping(common.get("then", {}), ROW_KEYS, (), f"{place}, then")
    then = then_of_test | _mapping(own.get("then", {}), ROW_KEYS, (), f"{place}, then")
    values = {**common, **own}
    for key in ("holder", "target"):
        if key not in values:
            raise input_error(place, f"no {key!r}, here or in the test", found=sorted(values), allowed=TEMPLATE_KEYS)
    first = {key: _text(values[key], f"{place}, {key}", may_be_empty=key == "holder") for key in ROW_KEYS[:3]}
    changed = {key: _text(then[key], f"{place}, then, {key}", may_be_empty=key == "holder") for key in then}
    changed.pop("label", None)
    edit, exchange = values.get("edit"), values.get("replace", {})
    if edit is not None and edit not in list(EDITS):
        raise input_error(f"{place}, edit", "unknown edit", found=edit, allowed=EDITS)
    if not isinstance(exchange, dict):
        raise input_error(f"{place}, replace", "not a mapping", found=exchange, allowed="slot: slot2")
    changes = [name for name, value in (("then", changed), ("edit", edit), ("replace", exchange)) if value]
    if len(changes) != (kind != "MFT"):
        allowed = "none of then, edit, replace" if kind == "MFT" else "one of then, edit, replace"
        raise input_error(place, f"{kind} test with {len(changes)} changes", found=changes, allowed=allowed)
    for old, new in exchange.items():
        _check_placeholders(f"{{{old}}}{{{new}}}", slots, f"{place}, replace", whole_slots=True)
    if exchange:
        changed = {key: _replaced(text, exchange) for key, text in first.items()}
    for text in (*first.values(), *changed.values()):
        _check_placeholders(text, slots, place)
    labels = (_label(values, kind != "INV", kind, place), _label(then, kind == "DIR", kind, f"{place}, then"))
    if kind == "DIR" and labels[0] == labels[1]:
        raise input_error(place, "the same label before and after the change", found=labels[0], allowed="two labels")
    return Template(first, {**first, **changed} if kind != "MFT" else None, labels, edit)


def _replaced(text: str, exchange: Mapping[str, str]) -> str:
    """The text with some placeholders in place of others, all at once: a slot in all of its forms, or one form."""

    def other(match: re.Match[str]) -> str:
        whole, slot = match[0][1:-1], match[1] + match[2]
        return f"{{{exchange[whole] if whole in exchange else exchange.get(slot, slot) + whole[len(slot) :]}}}"

    return PLACEHOLDER.sub(other, text)


def _label(values: Mapping[str, Any], wanted: bool, kind: str, place: str) -> Label | None:
    label = values.get("label")
    if not wanted and label is not None:
        raise input_error(f"{place}, label", f"a label that a test of kind {kind} does not have", found=label)
    if wanted and label not in LABELS:
        raise input_error(f"{place}, label", "no label, or another", found=label, allowed=LABELS)
    return cast(Label | None, label)


def _check_placeholders(text: str, slots: Slots, place: str, *, whole_slots: bool = False) -> None:
    """Every brace belongs to a placeholder of a slot and form that there is."""
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        raise input_error(place, "a brace outside a placeholder", found=text, allowed="{slot}, {slot2} or {slot.form}")
    for slot, _, form in PLACEHOLDER.findall(text):
        if slot not in slots:
            raise input_error(place, "unknown slot", found=slot, allowed=sorted(slots))
        fillers = slots[slot]
        forms = sorted(fillers[0]) if isinstance(fillers[0], Mapping) else []
        if form not in (forms or [""]) and not (whole_slots and not form):
            raise input_error(place, f"no such form of slot {slot!r}", found=form, allowed=forms or "no form")
