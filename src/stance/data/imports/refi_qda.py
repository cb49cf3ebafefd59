"""REFI-QDA projects, as MAXQDA, NVivo, ATLAS.ti and others exchange them: ``.qdpx``, or the ``project.qde`` alone.

A record is a coding; its layer is the parent of its code. Fields: ``label`` (the code; codes are a tree), ``parent``,
``path``, ``span``, ``sentence``, ``before``, ``annotator`` (who coded), ``document`` (the source), ``case``, ``date``,
``linked.PARENT``, the other codes on the same selection under their parents (``linked.codes`` where they have none),
and ``linked.CODE``, which is ``yes``. A code ``Group::name``, as ATLAS.ti writes it, has that group as its parent.

No judgements: codings of pictures, sounds, films and areas of a PDF, which have no text; and selections whose name is
words that stand elsewhere in the source. Where the sources are not in the export, the words are the selection's name,
which some programs cut. A name that stands nowhere in the source is a title. Positions are characters, of NVivo UTF-16
units, CRLF as two, without byte order mark; where the selections' names say otherwise, the other way is taken.
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from stance.base.errors import first_line, input_error
from stance.data.imports.pieces import Piece
from stance.data.imports.readings import OTHER_WORDS, Told, best_first, letters, readings
from stance.data.imports.record import Opened, Record, linked
from stance.data.imports.text import Units, around, text_of_piece, tidy

log = logging.getLogger(__name__)

DEFAULTS = {"id": "id", "text": "sentence", "label": "label", "annotator": "annotator", "document": "document"}

#: Between a group and a code in ATLAS.ti, and between codes in sheets.
GROUPED = "::"

#: Most letters of a title. A longer name that stands in the source is words of it, a shorter one if it is as the span.
TITLE = 16


class _Project:
    """What stands before the sources: users, codes and cases by id; and how the program counts."""

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        self.files = {PurePosixPath(piece.name).name.lower(): piece for piece in pieces}
        self.users: dict[str, str] = {}
        self.codes: dict[str, tuple[str, ...]] = {}
        self.cases: dict[str, str] = {}
        self.units = False
        self.cut = 0

    def learn_codes(self, element: Element, above: tuple[str, ...] = ()) -> None:
        for child in element:
            if _name(child) == "Code":
                path = (*above, *child.get("name", "").split(GROUPED))
                self.codes[child.get("guid", "")] = path
                self.learn_codes(child, path)
            elif _name(child) == "Codes":
                self.learn_codes(child, above)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def records(opened: Opened) -> Iterator[Record]:
    """The codings of every source, one source in memory at a time.

    Raises:
        StanceError: No project, malformed XML, or XML with entities, which no program writes.
    """
    projects = [piece for piece in opened.pieces if piece.suffix == ".qde"]
    if not projects:
        raise input_error(opened.pieces[0].place, "no project.qde among the files")
    for piece in projects:
        project = _Project(opened.pieces)
        try:
            with closing(piece.open()) as stream:
                yield from _parsed(iterparse(stream, events=("start", "end")), project, piece)
        except (ParseError, DefusedXmlException) as error:
            raise input_error(piece.place, f"malformed XML: {first_line(error)}") from None
        if project.cut:
            log.warning(
                "%s: the words of %d coding(s) were cut by the program; export with sources to have them whole",
                piece.place,
                project.cut,
            )


def _parsed(events: Any, project: _Project, piece: Piece) -> Iterator[Record]:  # noqa: ANN401 - no types
    stack: list[Element] = []
    for event, element in events:
        if event == "start":
            stack.append(element)
            if _name(element) == "Project":
                project.units = "nvivo" in element.get("origin", "").lower()
            continue
        stack.pop()
        name, parent = _name(element), _name(stack[-1]) if stack else ""
        if name == "User":
            project.users[element.get("guid", "")] = element.get("name", "")
        elif name == "CodeBook":
            project.learn_codes(element)
        elif name == "Case":
            for reference in element.iter():
                if _name(reference) == "SourceRef":
                    project.cases[reference.get("targetGUID", "")] = element.get("name", "")
        elif parent == "Sources":
            yield from _source(element, project, piece)
            element.clear()


def _source(source: Element, project: _Project, piece: Piece) -> Iterator[Record]:
    """The codings of a source; those of its transcript or text are in an element of their own."""
    title = source.get("name", "")
    values = {"document": title, "case": project.cases.get(source.get("guid", ""), "")}
    texts: dict[int, _Text | None] = {}
    for part in source.iter():
        if _name(part) in ("TextSource", "Representation", "Transcript"):
            words = _text(part, project)
            text = None if words is None else _Text(words, [*part.iter()], project.units)
            texts |= {id(selection): text for selection in part.iter()}
    for selection in source.iter():
        codings = [child for child in selection if _name(child) == "Coding"]
        place = f"{piece.place}, {title}, {_name(selection)} {selection.get('guid', '')}"
        for coding in codings:
            found, reason = _selected(selection, texts.get(id(selection)), project, place)
            for key in _codes([coding]):
                path = project.codes.get(key)
                if path is None:
                    raise input_error(place, "a code that is not in the code book", found=key)
                others = _beside(coding, path, codings, project)
                own = _coding(coding, path, others, project)
                own["id"] = f"{title}@{found.get('start', selection.get('guid', ''))}-{found.get('end', '')}"
                yield Record(place, {**values, **found, **own}, own["parent"], reason)


def _beside(coding: Element, path: tuple[str, ...], codings: list[Element], project: _Project) -> list[tuple[str, ...]]:
    """The other codes on the selection, those of who coded first; of others none under a parent of these."""
    own, others = [path], list[tuple[str, ...]]()
    for each in codings:
        mine = each.get("creatingUser") == coding.get("creatingUser")
        (own if mine else others).extend(project.codes.get(key, ()) for key in _codes([each]))
    parents = {code[-2] for code in own if len(code) > 1}
    found = own + [code for code in others if len(code) < 2 or code[-2] not in parents]
    return [code for code in found if code and code != path]


def _codes(codings: list[Element]) -> list[str]:
    return [ref.get("targetGUID", "") for coding in codings for ref in coding if _name(ref) == "CodeRef"]


def _coding(coding: Element, path: tuple[str, ...], others: list[tuple[str, ...]], project: _Project) -> dict[str, str]:
    user = coding.get("creatingUser", "")
    found = linked((other[-2] if len(other) > 1 else "codes", other[-1]) for other in others)
    found |= {f"linked.{other[-1]}": "yes" for other in others if f"linked.{other[-1]}" not in found}
    return found | {
        "label": path[-1],
        "parent": path[-2] if len(path) > 1 else "",
        "path": " > ".join(path),
        "annotator": project.users.get(user, user),
        "date": coding.get("creationDateTime", ""),
    }


def _text(part: Element, project: _Project) -> str | None:
    """The text of a source: in a file of the export, or in the element itself."""
    for child in part:
        if _name(child) == "PlainTextContent":
            return child.text or ""
    path = part.get("plainTextPath", "")
    file = project.files.get(PurePosixPath(path.partition("://")[2] or path).name.lower())
    return None if file is None or not path else text_of_piece(file)


class _Text:
    """A source and the ways in which the program may have counted in it, as the names of its selections tell."""

    def __init__(self, text: str, parts: list[Element], units: bool) -> None:
        self.text = text
        spans = [told for part in parts if _name(part) == "PlainTextSelection" and (told := _told(part)) and told[2]]
        ways = best_first(readings(text, characters=not units), spans, _has)
        fits = sum(_has(ways[0], told) for told in spans)
        self.usual = ways[0] if 2 * fits > len(spans) else next(readings(text, characters=not units))
        self.ways = [self.usual, *ways]

    @cached_property
    def letters(self) -> str:
        return letters(self.text)

    def place(self, told: Told, place: str) -> tuple[str, int, int, str]:
        """The text as the program read it, start and end in characters, and why it is no judgement.

        Raises:
            StanceError: Not within the text.
        """
        start, end, words = told
        way = next((way for way in self.ways if words and _has(way, told)), self.usual)
        first, last = way.span(start, end, place)
        there = letters(way.text[first:last])
        quoted = len(words) > TITLE or len(words) <= end - start <= 1.4 * len(words) + 2  # with white space
        strange = quoted and words not in there and words in self.letters
        return way.text, first, last, OTHER_WORDS if strange else ""


def _told(selection: Element) -> Told | None:
    """Start, end and name of a selection, the last without what the program cut; None without positions."""
    start, end = selection.get("startPosition", ""), selection.get("endPosition", "")
    if not (start.isdigit() and end.isdigit()):
        return None
    return int(start), int(end), letters(selection.get("name", "").strip().removesuffix("…").removesuffix("..."))


def _has(way: Units, told: Told) -> bool:
    """Whether the name stands there, or what there stands begins with it."""
    start, end, words = told
    there = way.words(start, end) or ""
    begins = len(words) >= 4 and letters(there).startswith(words) and not there[0].isspace()
    return begins or letters(there) == words


def _selected(selection: Element, text: _Text | None, project: _Project, place: str) -> tuple[dict[str, str], str]:
    """Words, sentence and position of a selection; and why it is no judgement."""
    kind, name = _name(selection), selection.get("name", "")
    if kind == "PlainTextSelection":
        told = _told(selection)
        if told is None:
            found = [selection.get("startPosition", ""), selection.get("endPosition", "")]
            raise input_error(place, "no positions", found=found)
        reason = "" if name else "the sources are not in the export"
        if text is not None:
            read, first, last, reason = text.place(told, place)
            if not reason:
                return around(read, first, last), ""
        else:
            project.cut += name.endswith("…")
        words = {"span": tidy(name), "sentence": tidy(name), "before": "", "start": str(told[0]), "end": str(told[1])}
        return words, reason
    if kind in ("TextSource", "Transcript"):
        whole = tidy(text.text if text is not None else "")
        return {"span": whole, "sentence": whole, "before": ""}, "" if whole else "the sources are not in the export"
    return {}, "not on text: " + kind.removesuffix("Selection").removesuffix("Source")
