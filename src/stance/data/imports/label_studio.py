"""Label Studio: JSON (a list of tasks), also of before 1.0. JSON_MIN and CSV are flat and read here too.

A record is a chosen value, a taxonomy path, a span, a rating or a relation. Its layer is the question (``from_name``)
or ``relation``. Fields: those of the task's data as ``data.NAME``; ``label``; of a path ``parent`` and ``path``; of a
span ``span``, ``sentence``, ``before``, ``start``, ``end``, and ``linked.LABEL``, the words at the other end of each
relation, under that span's label and under the relation's; of a relation ``from``, ``from.label``, ``to``,
``to.label``; where its arrow was turned round (``direction: left``) from its other end. A choice made for one region
has the region's fields and is linked likewise.

No judgements: cancelled and skipped annotations, drafts, predictions, history, annotations without an answer, spans
whose words stand elsewhere in the text, results of another type, and of regions of a dialogue, picture or sound. Of two
annotations of one annotator in one task the later counts.

Positions count UTF-16 units or, of newer versions, characters; of HTML without its tags; CRLF as two or one. The way is
taken in which the spans have the words that Label Studio wrote.
"""

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any, NamedTuple

from stance.data.imports.pieces import Piece
from stance.data.imports.readings import OTHER_WORDS, Told, best_first, letters, readings, stripped
from stance.data.imports.record import Opened, Record, flat, linked, plain
from stance.data.imports.sheets import sheet_rows
from stance.data.imports.text import Units, around, json_items, tidy

log = logging.getLogger(__name__)

DEFAULTS = {"id": "id", "label": "label", "annotator": "annotator", "document": "task"}

#: Types of result that are answers, and the key of their value; numbers and texts are answers of other questions.
ANSWERS = {"choices": "choices", "labels": "labels", "hypertextlabels": "hypertextlabels", "taxonomy": "taxonomy"}
ANSWERS |= {"rating": "rating", "number": "number", "textarea": "text", "pairwise": "selected"}


#: Keys that say where in a dialogue, picture or sound a region is.
PLACED = {"startOffset", "x", "points", "rle", "sequence"}


def records(opened: Opened) -> Iterator[Record]:
    """The results of every task, and what is none, with the reason.

    Raises:
        StanceError: Not JSON, or a span that is not within its text.
    """
    for piece in opened.pieces:
        unsure: list[str] = []
        if piece.suffix == ".json":
            for place, task in json_items(piece):
                if "annotations" in task or "completions" in task:
                    yield from _task(task, place, piece, unsure)
                else:
                    yield from _flat(task, place, piece)
        elif piece.suffix in (".csv", ".tsv"):
            for place, row in sheet_rows(piece, opened.options):
                yield from _flat(row, place, piece)
        if unsure:
            log.warning(
                "%s: %d span(s) are without their words, in texts with emoji or CRLF; read as UTF-16 units and CRLF as "
                "two, but Label Studio may have counted otherwise; the first is %s",
                piece.place,
                len(unsure),
                unsure[0],
            )


def _flat(row: Mapping[str, Any], place: str, piece: Piece) -> Iterator[Record]:
    """A row of JSON_MIN or CSV: its questions are fields, the mapping says which is the label."""
    values = {("task" if name == "id" else name): words for name, words in flat(row)}
    values["id"] = values.get("task", "")
    unanswered = "without an annotation" if not values.get("annotation_id") else ""
    unit = f"{piece.place}: {values['id']}"
    yield Record(place, values, reason=unanswered, when=values.get("updated_at", ""), unit=unit)


def _task(task: Mapping[str, Any], place: str, piece: Piece, unsure: list[str]) -> Iterator[Record]:
    place = f"{place} (task {plain(task.get('id'))})"
    data = dict(flat(task.get("data") or {}, "data"))
    data |= dict(flat(task.get("meta") or {}, "meta"))
    data["task"] = plain(task.get("id"))
    annotations = task.get("annotations") or task.get("completions") or []
    if not annotations:
        yield Record(place, data, reason="task without annotation")
    for annotation in annotations:
        if isinstance(annotation, Mapping):
            for record in _annotation(annotation, data, task.get("data") or {}, place, unsure):
                yield replace(record, unit=f"{piece.place}: {data['task'] or place}")
    for kind, reason in (("drafts", "draft"), ("predictions", "a model's prediction")):
        for item in task.get(kind) or []:
            for result in (item.get("result") or [{}]) if isinstance(item, Mapping) else [{}]:
                layer = plain(result.get("from_name")) if isinstance(result, Mapping) else ""
                yield Record(place, data, layer=layer, reason=reason)


def _annotation(
    annotation: Mapping[str, Any], data: Mapping[str, str], raw: Mapping[str, Any], place: str, unsure: list[str]
) -> Iterator[Record]:
    place = f"{place}, annotation {plain(annotation.get('id'))}"
    who = annotation.get("completed_by")
    values = {
        **data,
        "annotator": plain(who.get("email") or who.get("id")) if isinstance(who, Mapping) else plain(who),
        "ground_truth": plain(annotation.get("ground_truth")),
        "created_at": plain(annotation.get("created_at")),
    }
    # One without annotator may be anyone's: only where it is known can a later answer take an earlier one's place.
    when = (plain(annotation.get("updated_at")) or values["created_at"]) if values["annotator"] else ""
    results = [item for item in annotation.get("result") or [] if isinstance(item, Mapping)]
    if annotation.get("was_cancelled") or annotation.get("skipped"):
        yield Record(place, values, reason="cancelled", when=when)
    elif not results:
        yield Record(place, values, reason="submitted without an answer", when=when)
    else:
        for record in _results(results, values, raw, place, unsure):
            yield replace(record, when=when)


def _results(
    results: list[Mapping[str, Any]], values: Mapping[str, str], raw: Mapping[str, Any], place: str, unsure: list[str]
) -> Iterator[Record]:
    """The results of one annotation; regions know what they are related to."""
    keys = [plain(item.get("id")) or f"(result {number})" for number, item in enumerate(results)]
    spots: dict[str, _Spot] = {}
    labels: dict[str, str] = {}
    for key, item in zip(keys, results, strict=True):
        spot = _spot(item)
        if spot and not (key in spots and spots[key].told[2]):
            spots[key] = spot
        labels[key] = labels.get(key, "") or _spans_label(item)
    regions = _regions(spots, raw, place, unsure)
    for key, region in regions.items():
        region.values["labels"] = labels[key]
    ties: dict[str, list[tuple[str, str]]] = {}
    for item in (item for item in results if item.get("type") == "relation"):
        ends = plain(item.get("from_id")), plain(item.get("to_id"))
        for one, other in (ends, ends[::-1]):
            region = regions.get(other, NOWHERE)
            names = [region.values.get("labels", ""), *map(plain, item.get("labels") or [])]
            ties.setdefault(one, []).extend((name, region.values.get("span", "")) for name in names if name)
    for key, item in zip(keys, results, strict=True):
        kind = plain(item.get("type"))
        if kind == "relation":
            one, other = plain(item.get("from_id")), plain(item.get("to_id"))
            if item.get("direction") == "left":  # the arrow was turned round after it was drawn
                one, other = other, one
            region, end = regions.get(one, NOWHERE), regions.get(other, NOWHERE)
            found = _relation(item, values["task"], region.values, end.values)
            yield Record(f"{place}, relation {one} to {other}", {**values, **found}, "relation", region.reason)
        elif kind in ANSWERS:
            (fields, reason), layer = regions.get(key, NOWHERE), plain(item.get("from_name"))
            if not fields and PLACED & (item.get("value") or {}).keys():
                reason = "of a region that is not one of a text"
            at = f"{fields['start']}-{fields['end']}" if fields else ""
            unit = f"{values['task']}@{at}" if at else values["task"]
            own = {**values, **fields, **linked(ties.get(key, [])), "id": unit}
            chosen = (item.get("value") or {}).get(ANSWERS[kind])
            for value in chosen if isinstance(chosen, list) else [chosen]:
                path = [plain(part) for part in value] if isinstance(value, list) else [plain(value)]
                label = {"label": path[-1], "parent": path[-2] if len(path) > 1 else "", "path": " > ".join(path)}
                yield Record(f"{place}, {layer}" + (f", {at}" if at else ""), own | label, layer, reason)
        else:
            yield Record(place, values, plain(item.get("from_name")), f"of a type that is not read ({kind})")


def _spans_label(item: Mapping[str, Any]) -> str:
    value = item.get("value") or {}
    return plain((value.get("labels") or value.get("hypertextlabels") or [""])[0])


class _Spot(NamedTuple):
    """Where a region is, as the tool wrote it: start, end and words; the object it is in; whether that may be HTML."""

    told: Told
    within: str
    markup: bool


class _Region(NamedTuple):
    """The fields of a region, and why it is no judgement."""

    values: dict[str, str]
    reason: str


NOWHERE = _Region({}, "")


def _spot(item: Mapping[str, Any]) -> _Spot | None:
    """None where the result is about the whole task. The text of a text area is an answer, no words of the task."""
    value = item.get("value") or {}
    offsets = value.get("globalOffsets") or value
    if not isinstance(offsets.get("start"), int) or not isinstance(offsets.get("end"), int):
        return None
    words = value.get("text") if item.get("type") != "textarea" else ""
    told = offsets["start"], offsets["end"], words if isinstance(words, str) else ""
    markup = isinstance(value.get("start"), str) or "hypertextlabels" in value
    return _Spot(told, plain(item.get("to_name")), markup)


def _regions(spots: Mapping[str, _Spot], raw: Mapping[str, Any], place: str, unsure: list[str]) -> dict[str, _Region]:
    """Words and sentence of every region: of all ways to count, that in which most of an object's regions fit."""
    regions = {}
    for within, markup in dict.fromkeys((spot.within, spot.markup) for spot in spots.values()):
        here = {key: spot.told for key, spot in spots.items() if (spot.within, spot.markup) == (within, markup)}
        named = raw.get(within)
        texts = [named] if isinstance(named, str) else []
        texts += [text for text in raw.values() if isinstance(text, str) and text is not named]
        cuts = dict(found for text in texts for found in stripped(text)) if markup else {}
        counted = [way for words in cuts for way in (Units(words), Units(words, characters=True))]
        ways = best_first(chain(counted, *map(readings, texts)), [*here.values()], _has)
        is_text = any(
            words and _has(way, (start, end, words)) for way in ways[:1] for start, end, words in here.values()
        )
        for key, told in here.items():
            way = next((way for way in ways if _has(way, told)), None)
            regions[key] = _region(told, way, cuts, texts, is_text)
            if way is not None and _may_differ(way.text, told) and not any(words for *_, words in here.values()):
                unsure.append(f"{place}, region {key}")
    return regions


def _may_differ(text: str, told: Told) -> bool:
    """Whether other words stand there if characters are counted, or each line end as one."""
    lines = text.replace("\r\n", "\n")
    ways = [Units(each, characters) for each in (text, lines) for characters in (False, True)]
    return len({letters(way.words(*told[:2]) or "") for way in ways}) > 1


def _has(way: Units, told: Told) -> bool:
    """Whether these words stand there; where the tool wrote none, whether anything can."""
    start, end, words = told
    there = way.words(start, end)
    return there is not None and (not words or letters(there) == letters(words))


def _region(
    told: Told, way: Units | None, cuts: Mapping[str, Sequence[int]], texts: Sequence[str], is_text: bool
) -> _Region:
    """``is_text``: whether the text of the region is in the task, as other regions tell."""
    start, end, words = told
    if way is None:  # what the tool wrote is all there is
        own = {"span": tidy(words), "start": plain(start), "end": plain(end)}
        elsewhere = is_text or (words and any(letters(words) in letters(text) for text in (*texts, *cuts)))
        return _Region(own | ({"sentence": own["span"]} if elsewhere else {}), OTHER_WORDS if elsewhere else "")
    start, end = way.span(start, end, "")
    text, marks = way.text, cuts.get(way.text, ())
    if marks:
        text = "\n\n".join(text[one:other] for one, other in pairwise((0, *marks, len(text))))
        start, end = start + 2 * bisect_right(marks, start), end + 2 * bisect_left(marks, end)
    return _Region({"text": text, **around(text, start, end)}, "")


def _relation(item: Mapping[str, Any], task: str, one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """The fields of a relation between two regions."""
    spans = [f"{region.get('start', '')}-{region.get('end', '')}" for region in (one, other)]
    ends = {"from": one.get("span", ""), "from.label": one.get("labels", "")}
    ends |= {"to": other.get("span", ""), "to.label": other.get("labels", "")}
    label = "; ".join(plain(label) for label in item.get("labels") or [])
    return {**one, **ends, "id": f"{task}@{'>'.join(spans)}", "label": label}
