"""doccano in its three generations: JSONL and CSV, alone or in the zip that it gives.

A record is a label of a row, a span or a relation; its layer is ``class``, ``span`` or ``relation``. Fields: ``text``,
``label``, the imported columns under their names, ``meta.NAME``, ``(file)``; of a span ``span``, ``sentence``,
``before``, ``linked.LABEL``; ``document``, the row, if no column of that name was imported; of a relation ``from``,
``from.label``, ``to``, ``to.label``.

The annotator is the ``user`` of an annotation, an imported column ``annotator``, or the name of the file: projects that
do not share annotations give a file for each member, with every row of the project, so that a row without label is left
out. Positions count characters. Labels of the oldest files are numbers.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stance.base.errors import input_error
from stance.data.imports.record import Opened, Record, flat, linked, plain
from stance.data.imports.sheets import sheet_rows
from stance.data.imports.text import Units, around, json_items, json_lines, tidy

DEFAULTS = {"id": "id", "text": "text", "label": "label", "annotator": "annotator", "document": "document"}

#: doccano's own keys; others are columns that were imported.
OWN = ("text", "data", "label", "labels", "annotations", "cats", "Comments", "relations", "entities")

#: Name of the file in which all share their annotations.
SHARED = "all"


def records(opened: Opened) -> Iterator[Record]:
    """The labels, spans and relations of every row, and rows without any.

    Raises:
        StanceError: Not JSON, or a span that is not within its text.
    """
    for piece in opened.pieces:
        if piece.suffix == ".jsonl":
            rows: Iterator[tuple[str, dict[str, Any]]] = json_lines(piece, opened.options.encoding)
        elif piece.suffix == ".json":
            rows = json_items(piece)
        elif piece.suffix == ".csv":
            rows = (
                (place, {**row, "label": [*filter(None, row.get("label", "").split("#"))]})  # several are joined so
                for place, row in sheet_rows(piece, opened.options)
            )
        else:
            continue
        for number, (place, row) in enumerate(rows, start=1):
            yield from _row(row, place, piece.stem, number)


def _row(row: Mapping[str, Any], place: str, file: str, number: int) -> Iterator[Record]:
    text = plain(row.get("text") if row.get("text") is not None else row.get("data"))
    members = "" if file == SHARED else file
    kept = {key: value for key, value in row.items() if key not in OWN}
    if not _spans_of(row.get("entities")):
        kept |= {"entities": row["entities"]} if "entities" in row else {}
    values = dict(flat(kept))
    values |= {"text": text, "(file)": file}
    values["id"] = plain(row.get("id") or row.get("doc_id")) or f"{file}:{number}"
    values["document"] = values.get("document") or values["id"]
    known = plain(row.get("username") or row.get("annotation_approver"))
    values["annotator"] = known or values.get("annotator") or members
    spans, ids = [], dict[str, tuple[int, int, str]]()
    found = False
    for item in _items(row):
        if isinstance(item, Mapping) and "start_offset" not in item:
            found = True
            yield Record(place, _of(values, item) | {"label": plain(item.get("label"))}, "class")
        elif isinstance(item, Mapping | list):
            spans.append(_span(item, text, place))
            ids[spans[-1][4]] = spans[-1][:3]
        elif item:
            found = True
            yield Record(place, {**values, "label": plain(item)}, "class")
    relations = [item for item in _list(row.get("relations")) if isinstance(item, Mapping) and "from_id" in item]
    ties = _ties(relations, ids, text)
    for start, end, label, user, key in spans:
        unit = {"id": f"{values['id']}@{start}-{end}", "label": label, "annotator": user or values["annotator"]}
        at = f"{place}, characters {start}-{end}"
        yield Record(at, {**values, **around(text, start, end), **linked(ties.get(key, [])), **unit}, "span")
    for item in relations:
        yield Record(place, values | _ends(item, ids, text, values["id"], place), "relation")
    if not (found or spans or relations):
        yield Record(place, values, reason="no label: none applies, or not done")


def _items(row: Mapping[str, Any]) -> Iterator[Any]:
    """Labels and spans, wherever the generation keeps them."""
    for key in ("annotations", "labels", "label", "cats", "entities"):
        value = row.get(key)
        if key == "entities":
            yield from _spans_of(value)
        elif isinstance(value, list):
            yield from value
        elif value is not None and not isinstance(value, Mapping):
            yield plain(value)


def _spans_of(value: object) -> list[Any]:
    """The spans in a key ``entities``; an imported column of that name has others."""
    return [
        item
        for item in _list(value)
        if (isinstance(item, Mapping) and "start_offset" in item)
        or (isinstance(item, list) and len(item) == 3 and isinstance(item[0], int))
    ]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _of(values: Mapping[str, str], item: Mapping[str, Any]) -> dict[str, str]:
    user = plain(item.get("user"))
    return {**values, "annotator": f"user {user}"} if user else dict(values)


def _span(item: Any, text: str, place: str) -> tuple[int, int, str, str, str]:  # noqa: ANN401 - of either generation
    """Start, end, label, user and id of a span."""
    if isinstance(item, list):
        if len(item) != 3:
            raise input_error(place, "not a span", found=item, allowed="[start, end, label]")
        start, end, label, user, key = item[0], item[1], item[2], "", ""
    else:
        start, end, label = item.get("start_offset"), item.get("end_offset"), item.get("label")
        user, key = plain(item.get("user")), plain(item.get("id"))
    if not isinstance(start, int) or not isinstance(end, int):
        raise input_error(place, "not a span", found=item, allowed="positions that are numbers")
    start, end = Units(text, characters=True).span(start, end, place)
    return start, end, plain(label), f"user {user}" if user else "", key


def _ties(
    relations: list[Mapping[str, Any]], ids: Mapping[str, tuple[int, int, str]], text: str
) -> dict[str, list[tuple[str, str]]]:
    ties: dict[str, list[tuple[str, str]]] = {}
    for item in relations:
        ends = plain(item.get("from_id")), plain(item.get("to_id"))
        for one, other in (ends, ends[::-1]):
            if other in ids:
                start, end, label = ids[other]
                names = [label, plain(item.get("type"))]
                ties.setdefault(one, []).extend((name, tidy(text[start:end])) for name in names)
    return ties


def _ends(
    item: Mapping[str, Any], ids: Mapping[str, tuple[int, int, str]], text: str, unit: str, place: str
) -> dict[str, str]:
    keys = plain(item.get("from_id")), plain(item.get("to_id"))
    if not all(key in ids for key in keys):
        raise input_error(place, "a relation to a span that is not there", found=keys)
    (start, end, label), (start2, end2, label2) = ids[keys[0]], ids[keys[1]]
    return {
        **around(text, min(start, start2), max(end, end2)),
        "id": f"{unit}@{start}-{end}>{start2}-{end2}",
        "label": plain(item.get("type")),
        "from": tidy(text[start:end]),
        "from.label": label,
        "to": tidy(text[start2:end2]),
        "to.label": label2,
    }
