"""Label Studio: JSON (a list of tasks), also of before 1.0. JSON_MIN and CSV are flat and read here too.

A record is a chosen value, a taxonomy path, a span, a rating or a relation. Its layer is the question (``from_name``)
or ``relation``. Fields: those of the task's data as ``data.NAME``; ``label``; of a path ``parent`` and ``path``; of a
span ``span``, ``sentence``, ``before``, ``start``, ``end``, and ``linked.LABEL``, the words at the other end of each
relation, under that span's label and under the relation's; of a relation ``from``, ``from.label``, ``to``,
``to.label``. A choice made for one region has the region's fields and is linked likewise.

No judgements: cancelled and skipped annotations, drafts, predictions, history, annotations without an answer.
Positions count UTF-16 units.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stance.data.imports.pieces import Piece
from stance.data.imports.record import Opened, Record, flat, linked, plain
from stance.data.imports.sheets import sheet_rows
from stance.data.imports.text import Units, around, json_items, tidy

DEFAULTS = {"id": "id", "label": "label", "annotator": "annotator", "document": "task"}

#: Types of result that are answers, and the key of their value; numbers and texts are answers of other questions.
ANSWERS = {"choices": "choices", "labels": "labels", "hypertextlabels": "hypertextlabels", "taxonomy": "taxonomy"}
ANSWERS |= {"rating": "rating", "number": "number", "textarea": "text", "pairwise": "selected"}


def records(opened: Opened) -> Iterator[Record]:
    """The results of every task, and what is none, with the reason.

    Raises:
        StanceError: Not JSON, or a span that is not within its text.
    """
    for piece in opened.pieces:
        if piece.suffix == ".json":
            for place, task in json_items(piece):
                if "annotations" in task or "completions" in task:
                    yield from _task(task, place)
                else:
                    yield from _flat(dict(task), place)
        elif piece.suffix in (".csv", ".tsv"):
            yield from _table(piece, opened)


def _table(piece: Piece, opened: Opened) -> Iterator[Record]:
    for place, row in sheet_rows(piece, opened.options):
        yield from _flat(dict(row), place)


def _flat(row: dict[str, Any], place: str) -> Iterator[Record]:
    """A row of JSON_MIN or CSV: its questions are fields, the mapping says which is the label."""
    values = {("task" if name == "id" else name): words for name, words in flat(row)}
    values["id"] = values.get("task", "")
    unanswered = "without an annotation" if not values.get("annotation_id") else ""
    yield Record(place, values, reason=unanswered, when=values.get("updated_at", ""))


def _task(task: Mapping[str, Any], place: str) -> Iterator[Record]:
    place = f"{place} (task {plain(task.get('id'))})"
    data = dict(flat(task.get("data") or {}, "data"))
    data |= dict(flat(task.get("meta") or {}, "meta"))
    data["task"] = plain(task.get("id"))
    annotations = task.get("annotations") or task.get("completions") or []
    if not annotations:
        yield Record(place, data, reason="task without annotation")
    for annotation in annotations:
        if isinstance(annotation, Mapping):
            yield from _annotation(annotation, data, task.get("data") or {}, place)
    for kind, reason in (("drafts", "draft"), ("predictions", "a model's prediction")):
        for item in task.get(kind) or []:
            for result in (item.get("result") or [{}]) if isinstance(item, Mapping) else [{}]:
                layer = plain(result.get("from_name")) if isinstance(result, Mapping) else ""
                yield Record(place, data, layer=layer, reason=reason)


def _annotation(
    annotation: Mapping[str, Any], data: Mapping[str, str], raw: Mapping[str, Any], place: str
) -> Iterator[Record]:
    place = f"{place}, annotation {plain(annotation.get('id'))}"
    who = annotation.get("completed_by")
    values = {
        **data,
        "annotator": plain(who.get("email") or who.get("id")) if isinstance(who, Mapping) else plain(who),
        "ground_truth": plain(annotation.get("ground_truth")),
        "created_at": plain(annotation.get("created_at")),
    }
    when = plain(annotation.get("updated_at")) or values["created_at"]
    results = [item for item in annotation.get("result") or [] if isinstance(item, Mapping)]
    if annotation.get("was_cancelled") or annotation.get("skipped"):
        yield Record(place, values, reason="cancelled")
    elif not results:
        yield Record(place, values, reason="submitted without an answer")
    else:
        yield from _results(results, values, raw, place, when)


def _results(
    results: list[Mapping[str, Any]], values: Mapping[str, str], raw: Mapping[str, Any], place: str, when: str
) -> Iterator[Record]:
    """The results of one annotation; regions know what they are related to."""
    regions: dict[str, dict[str, str]] = {}
    for item in results:
        key = plain(item.get("id"))
        region = _region(item, raw, f"{place}, region {key}")
        if region:
            regions.setdefault(key, {}).update(
                {**region, "labels": regions.get(key, {}).get("labels", "") or _spans_label(item)}
            )
    ties: dict[str, list[tuple[str, str]]] = {}
    for item in (item for item in results if item.get("type") == "relation"):
        ends = plain(item.get("from_id")), plain(item.get("to_id"))
        for one, other in (ends, ends[::-1]):
            words = regions.get(other, {}).get("span", "")
            names = [regions.get(other, {}).get("labels", ""), *map(plain, item.get("labels") or [])]
            ties.setdefault(one, []).extend((name, words) for name in names if name)
    for item in results:
        kind, key = plain(item.get("type")), plain(item.get("id"))
        if kind == "relation":
            one, other = plain(item.get("from_id")), plain(item.get("to_id"))
            found = _relation(item, values["task"], regions.get(one, {}), regions.get(other, {}))
            yield Record(f"{place}, relation {one} to {other}", {**values, **found}, layer="relation", when=when)
        elif kind in ANSWERS:
            region, layer = regions.get(key, {}), plain(item.get("from_name"))
            at = f"{region['start']}-{region['end']}" if region else ""
            unit = f"{values['task']}@{at}" if at else values["task"]
            own = {**values, **region, **linked(ties.get(key, [])), "id": unit}
            chosen = (item.get("value") or {}).get(ANSWERS[kind])
            for value in chosen if isinstance(chosen, list) else [chosen]:
                path = [plain(part) for part in value] if isinstance(value, list) else [plain(value)]
                label = {"label": path[-1], "parent": path[-2] if len(path) > 1 else "", "path": " > ".join(path)}
                yield Record(f"{place}, {layer}" + (f", {at}" if at else ""), own | label, layer=layer, when=when)


def _spans_label(item: Mapping[str, Any]) -> str:
    value = item.get("value") or {}
    return plain((value.get("labels") or value.get("hypertextlabels") or [""])[0])


def _region(item: Mapping[str, Any], raw: Mapping[str, Any], place: str) -> dict[str, str]:
    """Words and sentence of a span; empty where the result is about the whole task."""
    value = item.get("value") or {}
    offsets = value.get("globalOffsets") or value
    if not isinstance(offsets.get("start"), int) or not isinstance(offsets.get("end"), int):
        return {}
    text = _shown(raw, item, plain(value.get("text")), offsets)
    if text is None:  # none of the task's texts has these words there: what the tool wrote is all there is
        return {"span": tidy(plain(value.get("text"))), "start": plain(offsets["start"]), "end": plain(offsets["end"])}
    units = Units(text)
    start, end = units.span(offsets["start"], offsets["end"], place)
    return {"text": text, **around(text, start, end)}


def _shown(raw: Mapping[str, Any], item: Mapping[str, Any], words: str, offsets: Mapping[str, Any]) -> str | None:
    """The task's text that the span is in: the one that ``to_name`` names, or in which the words stand at its place."""
    named = raw.get(plain(item.get("to_name")))
    candidates = [named] if isinstance(named, str) else []
    candidates += [text for text in raw.values() if isinstance(text, str) and text is not named]
    for text in candidates:
        units = Units(text)
        if 0 <= offsets["start"] <= offsets["end"] <= len(units):
            start, end = units.span(offsets["start"], offsets["end"], "")
            if not words or tidy(text[start:end]) == tidy(words):
                return text
    return candidates[0] if candidates and len(Units(candidates[0])) >= offsets["end"] else None


def _relation(item: Mapping[str, Any], task: str, one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """The fields of a relation between two regions."""
    spans = [f"{region.get('start', '')}-{region.get('end', '')}" for region in (one, other)]
    ends = {"from": one.get("span", ""), "from.label": one.get("labels", "")}
    ends |= {"to": other.get("span", ""), "to.label": other.get("labels", "")}
    label = "; ".join(plain(label) for label in item.get("labels") or [])
    return {**one, **ends, "id": f"{task}@{'>'.join(spans)}", "label": label}
