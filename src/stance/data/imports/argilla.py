"""Argilla 2: a folder written by ``Dataset.to_disk`` (``records.json``).

A record is a response of one user to one question, which is its layer. Fields: ``label`` (the option's value; several
of a multi-label question are several records), ``shown`` (what the annotator saw, if ``settings.json`` is there),
``fields.NAME``, ``metadata.NAME``, ``status``, ``annotator`` (an id; names are not exported).

No judgements: suggestions, which are a model's, and the responses of records that are not completed: ``records.json``
does not say which responses are drafts or discarded. ``take: [record not completed]`` reads these too. Nor are
answers to span questions: they are about words of the record, not about it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stance.data.imports.record import Opened, Record, flat, plain
from stance.data.imports.text import json_items, whole_json

DEFAULTS = {"id": "id", "label": "label", "annotator": "annotator", "document": "id"}


def records(opened: Opened) -> Iterator[Record]:
    """The responses of every record, and those that are no judgements.

    Raises:
        StanceError: Not JSON.
    """
    shown: dict[tuple[str, str], str] = {}
    for piece in opened.pieces:
        if piece.name.endswith("settings.json"):
            shown = _options(whole_json(piece))
    for piece in opened.pieces:
        if piece.suffix == ".json" and not piece.name.endswith(("settings.json", "dataset.json")):
            for place, record in json_items(piece):
                yield from _record(record, place, shown)


def _options(settings: Any) -> dict[tuple[str, str], str]:  # noqa: ANN401 - JSON
    """What annotators saw: question and value -> text."""
    found = {}
    for question in settings.get("questions") or [] if isinstance(settings, Mapping) else []:
        for option in (question.get("settings") or {}).get("options") or []:
            found[plain(question.get("name")), plain(option.get("value"))] = plain(option.get("text"))
    return found


def _record(record: Mapping[str, Any], place: str, shown: Mapping[tuple[str, str], str]) -> Iterator[Record]:
    values = dict(flat(record.get("fields") or {}, "fields")) | dict(flat(record.get("metadata") or {}, "metadata"))
    values |= {"id": plain(record.get("id")), "status": plain(record.get("status"))}
    place = f"{place} ({values['id']})"
    pending = "" if values["status"] == "completed" else "record not completed"
    responses = record.get("responses") or {}
    for question, answers in responses.items():
        for answer in answers or []:
            status = plain(answer.get("status"))
            reason = f"{status} response" if status in ("draft", "discarded") else pending
            value = answer.get("value")
            if value == []:
                reason = reason or "response without an answer"
            for one in value or [None] if isinstance(value, list) else [value]:
                label = plain(one.get("value") or one.get("label")) if isinstance(one, Mapping) else plain(one)
                marked = isinstance(one, Mapping) and "start" in one
                own = {"label": label, "shown": shown.get((question, label), label)}
                own["annotator"] = plain(answer.get("user_id"))
                yield Record(
                    f"{place}, {question}", values | own, question, reason or ("span of a record" if marked else "")
                )
    for question in record.get("suggestions") or {}:
        yield Record(f"{place}, {question}", values, question, "a model's suggestion")
    if not responses:
        yield Record(place, values, reason="record without response")
