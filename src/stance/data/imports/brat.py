"""brat standoff: an ``.ann`` beside each ``.txt``, in a folder or zip.

A record is a span, an event or a relation; its layer is ``span``, ``event`` or ``relation``. Fields: ``type``;
``label`` (the same; often the mapping names an attribute instead); each attribute under its name (``yes`` where none);
``span``, ``sentence``, ``before``; ``linked.ROLE`` of an event, ``linked.TYPE`` of what a span is related to, under the
other span's type and the relation's; of a relation ``from``, ``from.label``, ``to``, ``to.label``; ``note``.

The annotator is the folder of the file: each has a copy of the collection, and a folder of another name. Positions
count characters, CRLF as two; a span may have parts. Without a ``.txt`` the words are those of the ``.ann``. Spans of
length 0 are no judgements, nor those whose words are others in the text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from stance.base.errors import input_error, line_of
from stance.data.imports.pieces import Piece
from stance.data.imports.readings import OTHER_WORDS
from stance.data.imports.record import Opened, Record, linked, numbered
from stance.data.imports.text import around, lines_of, text_of_piece, tidy

DEFAULTS = {"id": "id", "text": "sentence", "label": "label", "annotator": "annotator", "document": "document"}


@dataclass
class Marked:
    """A span, event or relation as the file has it.

    Attributes:
        kind: span, event or relation.
        type: As annotated.
        line: Of the file.
        words: Third column of a span.
        parts: Start and end of each part of a span.
        ends: Role -> id, of an event and a relation; the trigger of an event is ``""``.
        attributes: By name.
    """

    kind: str
    type: str
    line: int
    words: str = ""
    parts: list[tuple[int, int]] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


def records(opened: Opened) -> Iterator[Record]:
    """What is marked in every ``.ann``.

    Raises:
        StanceError: A line that is none of brat's, or names what is not there; two documents of one name in folders of
            one name.
    """
    seen = dict[tuple[str, str], str]()
    texts = {piece.name: piece for piece in opened.pieces if piece.suffix == ".txt"}
    for piece in opened.pieces:
        if piece.suffix == ".ann":
            if (first := seen.setdefault((piece.folder, piece.stem), piece.name)) != piece.name:
                what = f"a second {piece.stem} of annotator {piece.folder!r}, who is known by the folder"
                allowed = "a folder for each annotator, under a name of its own"
                raise input_error(piece.place, what, found=[first, piece.name], allowed=allowed)
            beside = texts.get(str(PurePosixPath(piece.name).with_suffix(".txt")))
            found = _marked(piece, opened.options.encoding)
            text = None if beside is None else _as_brat_read_it(text_of_piece(beside, opened.options.encoding), found)
            for key, mark in found.items():
                yield _record(piece, text, found, key, mark)


def _marked(piece: Piece, encoding: str) -> dict[str, Marked]:
    """Spans, events and relations by id, with their attributes and notes."""
    piece.check_size()
    found: dict[str, Marked] = {}
    later: list[tuple[int, list[str]]] = []
    for number, line in lines_of(piece, encoding):
        cells = line.rstrip("\r\n").split("\t")
        if len(cells) < 2 or not cells[0]:
            if line.strip():
                raise input_error(line_of(piece.place, number), "no line of brat", found=line.strip())
            continue
        if cells[0][0] == "T":
            found[cells[0]] = _span(cells, piece, number)
        elif cells[0][0] in "ER":
            kind = "event" if cells[0][0] == "E" else "relation"
            head, *roles = [item.partition(":") for item in cells[1].split()]
            first = [("", head[2])] if kind == "event" else []
            ends = numbered([*first, *((role, key) for role, _, key in roles)])
            found[cells[0]] = Marked(kind, head[0], number, ends=ends)
        elif cells[0][0] in "AM#":
            later.append((number, cells))
    for number, cells in later:
        words = cells[1].split(" ", 2)
        if len(words) < 2 or words[1] not in found:
            if cells[0][0] == "#":  # a note may be on an attribute
                continue
            raise input_error(line_of(piece.place, number), "about what is not there", found=cells[1])
        if cells[0][0] == "#":
            found[words[1]].attributes["note"] = tidy(" ".join(cells[2:]))
        else:
            value = words[2] if len(words) > 2 else "yes"
            if found[words[1]].attributes.setdefault(words[0], value) != value:
                both = [found[words[1]].attributes[words[0]], value]
                raise input_error(line_of(piece.place, number), f"two values of {words[0]} for {words[1]}", found=both)
    return found


def _span(cells: Sequence[str], piece: Piece, number: int) -> Marked:
    kind, _, offsets = cells[1].partition(" ")
    try:
        parts = [(int(start), int(end)) for start, end in (part.split() for part in offsets.split(";"))]
    except ValueError:
        raise input_error(line_of(piece.place, number), "no positions", found=offsets, allowed="4 9;14 20") from None
    return Marked("span", kind, number, cells[2] if len(cells) > 2 else "", parts)


def _as_brat_read_it(text: str, found: Mapping[str, Marked]) -> str:
    """The text in which the marked words stand at their places: with its byte order mark, or with single line ends."""
    spans = [mark for mark in found.values() if mark.words][:50]
    for candidate in (text, "\ufeff" + text, text.replace("\r\n", "\n"), "\ufeff" + text.replace("\r\n", "\n")):
        if all(_fits(candidate, mark) for mark in spans):
            return candidate
    return text


def _fits(text: str, mark: Marked) -> bool:
    return tidy(" ".join(text[start:end] for start, end in mark.parts)) == tidy(mark.words)


def _record(piece: Piece, text: str | None, found: Mapping[str, Marked], key: str, mark: Marked) -> Record:
    document = PurePosixPath(piece.name).with_suffix("").name
    values = {"type": mark.type, "label": mark.type, "annotator": piece.folder, "document": document}
    place = f"{line_of(piece.place, mark.line)}, {key}"
    reason = ""
    ends = {}
    for role, other in mark.ends.items():
        if other not in found:
            raise input_error(place, "names what is not there", found=other)
        ends[role] = _base(found, other)
    at = mark if mark.kind == "span" else next(iter(ends.values()), None)
    if at is not None and at.parts:
        start, end = at.parts[0][0], at.parts[-1][1]
        values["id"] = f"{document}@{start}-{end}"
        if start == end:
            reason = "empty span"
        elif text is not None and not _fits(text, at):
            reason = OTHER_WORDS
        if text is not None and not reason:
            values |= around(text, start, end)
        values["span"] = tidy(at.words)
        values.setdefault("sentence", values["span"])
    if mark.kind == "event":
        values |= linked((role, other.words) for role, other in ends.items() if role)
    elif mark.kind == "span":
        values |= linked(_related(found, key))
    elif len(ends) > 1:
        one, two = list(ends.values())[:2]
        values |= {"from": tidy(one.words), "from.label": one.type, "to": tidy(two.words), "to.label": two.type}
        values["id"] += f">{two.parts[0][0]}-{two.parts[-1][1]}" if two.parts else ""
    return Record(place, {**mark.attributes, **values}, mark.kind, reason)


def _base(found: Mapping[str, Marked], key: str) -> Marked:
    """The span with this id, or the trigger of the event."""
    mark = found[key]
    return found.get(mark.ends.get("", ""), mark)


def _related(found: Mapping[str, Marked], key: str) -> Iterator[tuple[str, str]]:
    """Names and words of what a span is related to."""
    for mark in found.values():
        if mark.kind == "relation" and key in mark.ends.values():
            for other in mark.ends.values():
                if other != key and other in found:
                    words = tidy(_base(found, other).words)
                    yield from ((name, words) for name in (found[other].type, mark.type))
