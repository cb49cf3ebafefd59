"""Prodigy: ``prodigy db-out``, a line an answer.

A record is a line of a binary task (``label`` = accept or reject, ``class`` what was asked), a chosen option, a span or
a relation of an accepted line. Its layer is ``binary``, ``choice``, ``span`` or ``relation``. Fields: ``text``,
``label``, ``answer``, ``view``, ``annotator`` and everything in ``meta`` as ``meta.NAME``; of a span ``span``,
``sentence``, ``before``, ``linked.LABEL``; of a relation ``from``, ``from.label``, ``to``, ``to.label``.

``reject`` is a judgement in binary tasks and none elsewhere (the task was bad); ``ignore`` never is one. Of two answers
of one annotator to one task the later counts, also where it is none or has other spans; lines are in the order of time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from stance.data.imports.record import Opened, Record, flat, linked, plain
from stance.data.imports.text import Units, around, json_lines, tidy

DEFAULTS = {"id": "id", "text": "text", "label": "label", "annotator": "annotator", "document": "document"}

#: The keys of a line that hold answers, and their layers.
ANSWERS = {"accept": "choice", "spans": "span", "relations": "relation"}


def records(opened: Opened) -> Iterator[Record]:
    """The answers of every line, and those that are none, with the reason.

    Raises:
        StanceError: Not JSONL, or a span that is not within its text.
    """
    for piece in opened.pieces:
        if piece.suffix == ".jsonl":
            for number, (place, line) in enumerate(json_lines(piece, opened.options.encoding), start=1):
                for record in _line(line, place, f"{number:012d}", piece.stem):
                    yield replace(record, unit=f"{piece.place}: {plain(line.get('_task_hash')) or number}")


def _line(line: Mapping[str, Any], place: str, when: str, file: str) -> Iterator[Record]:
    meta = dict(flat(line.get("meta") or {}, "meta"))
    text, answer = plain(line.get("text")), plain(line.get("answer"))
    task = plain(line.get("_task_hash"))
    values = {
        **meta,
        "id": task or f"{file}:{int(when)}",
        "text": text,
        "answer": answer,
        "view": plain(line.get("_view_id")),
        "annotator": plain(line.get("_annotator_id") or line.get("_session_id")),
        "document": meta.get("meta.url") or meta.get("meta.source") or plain(line.get("_input_hash")),
        "class": plain(line.get("label")),
        "(file)": file,
    }
    binary = "label" in line and not line.get("options")
    # One without annotator may be anyone's: only where it is known can a later answer take an earlier one's place.
    when = when if values["annotator"] else ""
    if answer == "ignore" or not answer:
        yield Record(place, values, "binary" if binary else "", "ignored" if answer else "without an answer", when)
    elif binary:
        yield Record(place, {**values, "label": answer}, "binary", when=when)
    elif answer == "reject":
        yield Record(place, values, reason="rejected: the task was bad", when=when)
    else:
        yield from _accepted(line, values, text, place, when)


def _accepted(line: Mapping[str, Any], values: Mapping[str, str], text: str, place: str, when: str) -> Iterator[Record]:
    """The options and spans of an accepted line."""
    words = {plain(option.get("id")): plain(option.get("text")) for option in line.get("options") or []}
    for option in line.get("accept") or []:
        chosen = plain(option)
        yield Record(place, {**values, "label": chosen, "option": words.get(chosen, chosen)}, "choice", when=when)
    units = Units(text, characters=True)
    ends = [_Relation(item, units, place) for item in line.get("relations") or []]
    for span in line.get("spans") or []:
        at = f"{place}, characters {span.get('start')}-{span.get('end')}"
        start, end = units.span(int(span["start"]), int(span["end"]), at)
        ties = [tie for one in ends for tie in one.ties((start, end))]
        key = {"id": f"{values['id']}@{start}-{end}", "label": plain(span.get("label"))}
        yield Record(at, {**values, **around(text, start, end), **linked(ties), **key}, "span", when=when)
    for one in ends:
        yield Record(place, {**values, **one.values(values["id"])}, "relation", when=when)
    # A question that is left empty beside others withdraws what was said to it before, and to it alone.
    empty = [layer for key, layer in ANSWERS.items() if key in line and not line[key]]
    for layer in empty if any(line.get(key) for key in ANSWERS) else [""]:
        yield Record(place, values, layer, "accepted with nothing marked", when)


class _Relation:
    """A relation between two spans of a text."""

    def __init__(self, item: Mapping[str, Any], units: Units, place: str) -> None:
        self.label = plain(item.get("label"))
        self.spans, self.labels, self.words = [], [], []
        for end in ("head_span", "child_span"):
            span = item.get(end) or {}
            start, stop = units.span(int(span.get("start", 0)), int(span.get("end", 0)), place)
            self.spans.append((start, stop))
            self.labels.append(plain(span.get("label")))
            self.words.append(tidy(units.text[start:stop]))

    def ties(self, span: tuple[int, int]) -> list[tuple[str, str]]:
        """What a span is tied to by it."""
        other = {self.spans[0]: 1, self.spans[1]: 0}.get(span)
        names = [] if other is None else [self.labels[other], self.label]
        return [(name, self.words[other]) for name in names if name and other is not None]

    def values(self, unit: str) -> dict[str, str]:
        """Its fields."""
        key = "{}-{}>{}-{}".format(*self.spans[0], *self.spans[1])
        ends = {"from": self.words[0], "from.label": self.labels[0], "to": self.words[1], "to.label": self.labels[1]}
        return {"id": f"{unit}@{key}", "label": self.label, **ends}
