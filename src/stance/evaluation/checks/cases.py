"""The cases of a suite's tests: templates filled by a seeded draw."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stance.base.errors import input_error
from stance.base.labels import Label
from stance.evaluation.checks.edits import EDITS
from stance.evaluation.checks.suite import PLACEHOLDER, ROW_KEYS, Slots, SuiteTest, Template


@dataclass(frozen=True, slots=True)
class Row:
    """One question to a model, and the codebook's answer; the label of a row of an invariance test is empty."""

    text: str
    holder: str
    target: str
    label: Label | None


@dataclass(frozen=True, slots=True)
class Case:
    """One filled template: a row, and but for an MFT what it becomes."""

    template: int
    first: Row
    then: Row | None = None

    @property
    def rows(self) -> list[Row]:
        """The one or the two."""
        return [self.first] if self.then is None else [self.first, self.then]


def cases_of(test: SuiteTest, seed: int = 0) -> list[Case]:
    """The test's cases: as many of each template as of any other, all different, always the same for one seed.

    Raises:
        StanceError: A template has too few fillers for so many different cases, or a change that changes nothing.
    """
    found: dict[tuple[Row, Row | None], Case] = {}
    for number, template in enumerate(test.templates):
        place = f"{test.place}, template {number + 1}"
        draw = random.Random(f"{seed}: {test.name}: {number}")
        wanted = len(found) + test.cases // len(test.templates) + (number < test.cases % len(test.templates))
        for _ in range(100 * test.cases):
            if len(found) == wanted:
                break
            case = _filled(template, number, test.slots, draw, place)
            if case.then is not None and replace(case.then, label=case.first.label) == case.first:
                raise input_error(place, "the change changes nothing", found=case.first.text, allowed="a change")
            found.setdefault((case.first, case.then), case)
        if len(found) < wanted:
            raise input_error(
                place, "too few different cases", found=template.first["text"], allowed="fewer cases, or more fillers"
            )
    return list(found.values())


def _filled(template: Template, number: int, slots: Slots, draw: random.Random, place: str) -> Case:
    then = template.then or {}
    drawn = _drawn((*template.first.values(), *then.values()), slots, draw, place)
    first = _row(template.first, drawn, template.labels[0])
    if not then:
        return Case(number, first)
    changed = _row(then, drawn, template.labels[1])
    if template.edit is not None:
        changed = replace(changed, text=EDITS[template.edit](first.text, draw))
    return Case(number, first, changed)


#: What was drawn for each slot and digit.
Drawn = Mapping[tuple[str, str], str | Mapping[str, str]]


def _drawn(texts: Sequence[str], slots: Slots, draw: random.Random, place: str) -> Drawn:
    """A filler for each slot and digit that the texts name; those of one slot are different."""
    named = list(dict.fromkeys((slot, digit) for text in texts for slot, digit, _ in PLACEHOLDER.findall(text)))
    drawn: dict[tuple[str, str], str | Mapping[str, str]] = {}
    for slot in dict.fromkeys(slot for slot, _ in named):
        keys = [key for key in named if key[0] == slot]
        if len(keys) > len(slots[slot]):
            raise input_error(place, f"{len(keys)} different fillers of slot {slot!r}", found=slots[slot])
        drawn |= zip(keys, draw.sample(list(slots[slot]), len(keys)), strict=True)
    return drawn


def _row(fields: Mapping[str, str], drawn: Drawn, label: Label | None) -> Row:
    def filler(match: re.Match[str]) -> str:
        value = drawn[match[1], match[2]]
        return value if isinstance(value, str) else value[match[3]]

    text, holder, target = (PLACEHOLDER.sub(filler, fields[key]) for key in ROW_KEYS[:3])
    # a capital at the beginning, in a quotation that opens the text too, and after a full stop
    text = re.sub(r'(^|[.!?]["”]? )(["“]?)([a-z])', lambda match: match[1] + match[2] + match[3].upper(), text)
    return Row(text, holder, target, label)
