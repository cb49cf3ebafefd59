"""WebAnno TSV 3: a token a line, a column a feature; spans of several tokens are known by their numbers.

A relation says at which tokens its ends are, and in its header of which layer they are: ``BT_LAYER``. A layer that has
no columns is that of the tokens themselves.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from stance.base.errors import input_error, line_of
from stance.data.imports.pieces import Piece
from stance.data.imports.readings import letters
from stance.data.imports.record import Record, labelled, linked
from stance.data.imports.text import Units, around, lines_of

#: Layer of a column, its features, and for relations what they join.
HEADS = {"#T_SP=": "span", "#T_RL=": "relation", "#T_CH=": "chain"}


@dataclass
class _Layer:
    kind: str
    name: str
    features: list[str]
    first: int = 0  # its first column


@dataclass
class _Span:
    line: int
    start: int
    end: int
    values: dict[str, str] = field(default_factory=dict)


#: The spans of a document by layer and token, which has the span's number behind it if the span has one: ``1-2[4]``.
Ends = dict[tuple[str, str], _Span]

#: Before the name of the layer that a relation joins, in its header.
BASE = "BT_"


def read_tsv(piece: Piece, encoding: str = "") -> Iterator[Record]:
    """The spans and relations of a document, without its name and annotator.

    Raises:
        StanceError: Another format, a line with too few columns, a token whose words are others in the text, or a
            relation to a span that is not there.
    """
    piece.check_size()
    layers: list[_Layer] = []
    texts: list[tuple[str, int, str]] = []
    waiting: list[str] = []
    sentence = Units("")
    spans: dict[tuple[str, str], _Span] = {}
    ends: Ends = {}
    relations: list[tuple[_Layer, _Span, str, str]] = []
    for number, raw in lines_of(piece, encoding):
        line = raw.rstrip("\r\n")
        if number == 1 and not line.startswith("#FORMAT=WebAnno TSV 3"):
            raise input_error(line_of(piece.place, 1), "not WebAnno TSV 3", found=line)
        if line[:6] in HEADS:
            name, *features = line[6:].split("|")
            if line.startswith("#T_RL=") and not "".join(features[-1:]).startswith(BASE):
                place = line_of(piece.place, number)
                raise input_error(
                    place, "a relation that does not say what it joins", found=line, allowed="...|BT_LAYER"
                )
            width = sum(max(1, len(layer.features)) for layer in layers)
            layers.append(_Layer(HEADS[line[:6]], name, features, 3 + width))
        elif line.startswith("#Text="):
            waiting.append(_unescaped(line[6:]))
        elif not line:  # a sentence of blanks has no tokens
            waiting = []
        elif not line.startswith("#"):
            cells = line.split("\t")
            place = line_of(piece.place, number)
            if len(cells) < 3 or not re.fullmatch(r"\d+-\d+", cells[1]):
                raise input_error(place, "no token of WebAnno TSV", found=line)
            start, end = map(int, cells[1].split("-"))
            if waiting:
                sentence = Units("\n".join(waiting))
                before = sentence.text[: max(0, sentence.text.find(_unescaped(cells[2])))]  # blanks have no token
                texts.append((place, start - len(before.encode("utf-16-le", "surrogatepass")) // 2, sentence.text))
                waiting = []
            there = sentence.words(start - texts[-1][1], end - texts[-1][1]) if texts else None
            if cells[2] != there and letters(_unescaped(cells[2])) != letters(there or ""):
                problem = "a token whose words are others in #Text= (positions count UTF-16 units)"
                raise input_error(place, problem, found=cells[2], allowed=there or "a position within the sentence")
            ends["", cells[0]] = _Span(number, start, end)
            for layer in layers:
                if len(cells) < layer.first + max(1, len(layer.features)):
                    raise input_error(place, "too few columns", found=len(cells))
                token = _Span(number, start, end)
                relations += _read(layer, cells, token, spans, ends)
    yield from _records(piece, texts, spans, [_joined(piece, layers, ends, *each) for each in relations])


def _read(
    layer: _Layer, cells: list[str], token: _Span, spans: dict[tuple[str, str], _Span], ends: Ends
) -> Iterator[tuple[_Layer, _Span, str, str]]:
    """Add a token's annotations of a layer to the spans; give its relations with the ends that they name."""
    columns = [cells[layer.first + index] for index in range(max(1, len(layer.features)))]
    stacks = [re.split(r"(?<!\\)\|", column) for column in columns]
    for position in range(max(len(stack) for stack in stacks)):
        found = [stack[position] if position < len(stack) else "_" for stack in stacks]
        if all(value == "_" for value in found):
            continue
        names = layer.features or [""]
        if layer.kind == "relation":
            values = {name: _value(value)[0] for name, value in zip(names[:-1], found[:-1], strict=False)}
            yield layer, _Span(token.line, token.start, token.end, values), found[-1], cells[0]
            continue
        number = next(filter(None, (_value(value)[1] for value in found)), "")
        key = (layer.name, number or f"{cells[0]}.{position}")
        span = spans.setdefault(key, _Span(token.line, token.start, token.end))
        span.start, span.end = min(span.start, token.start), max(span.end, token.end)
        for name, value in zip(names, found, strict=False):
            words = _value(value)[0]
            if words or name not in span.values:
                span.values[name] = words
        ends.setdefault((layer.name, f"{cells[0]}[{number}]" if number else cells[0]), span)


def _joined(
    piece: Piece, layers: list[_Layer], ends: Ends, layer: _Layer, own: _Span, cell: str, here: str
) -> tuple[_Layer, _Span, _Span, _Span]:
    """A relation with the spans that it joins: from the one that its cell names to the one at its token."""
    base = layer.features[-1].removeprefix(BASE)
    if base not in {each.name for each in layers}:
        base = ""
    source, _, numbers = cell.partition("[")
    one, other = [*filter(None, numbers.rstrip("]").split("_")), "0", "0"][:2]
    found = []
    for token, number in ((source, one), (here, other)):
        key = token if number == "0" or not base else f"{token}[{number}]"
        spans = [ends[base, key]] if (base, key) in ends else []
        if not spans and number == "0":  # a number that only one can have may be left out
            spans = [span for (name, at), span in ends.items() if name == base and at.startswith(f"{token}[")]
        if len(spans) != 1:
            place = f"{line_of(piece.place, own.line)}, {layer.name}"
            raise input_error(place, "a relation to a span that is not there", found=key, allowed=f"one of {base}")
        found += spans
    return layer, own, found[0], found[1]


def _value(cell: str) -> tuple[str, str]:
    """The value of a cell and the number of its span: ``Legal Source[18]``."""
    words, number = cell, ""
    if found := re.fullmatch(r"(.*?)(?<!\\)\[(\d+)\]", cell, re.DOTALL):
        words, number = found[1], found[2]
    return "" if words in ("_", "*") else _unescaped(words), number


def _unescaped(text: str) -> str:
    r"""``\t``, ``\n`` and ``\r`` are those characters, any other after a backslash is itself."""
    return re.sub(r"\\(.)", lambda found: {"t": "\t", "n": "\n", "r": "\r"}.get(found[1], found[1]), text)


def _records(
    piece: Piece,
    texts: list[tuple[str, int, str]],
    spans: dict[tuple[str, str], _Span],
    relations: list[tuple[_Layer, _Span, _Span, _Span]],
) -> Iterator[Record]:
    text, bounds = _document(texts)
    units = Units(text)

    def words(span: _Span) -> dict[str, str]:
        place = f"{line_of(piece.place, span.line)}, {span.start}-{span.end}"
        start, end = units.span(span.start, span.end, place)
        return around(text, start, end, bounds)

    ties: dict[int, list[tuple[str, str]]] = {}
    for _, own, *ends in relations:
        for this, that in (ends, ends[::-1]):
            names = filter(None, [*that.values.values(), *own.values.values()])
            ties.setdefault(id(this), []).extend((name, words(that)["span"]) for name in names)
    for (name, _), span in spans.items():
        values = {**labelled(span.values), **words(span), **linked(ties.get(id(span), []))}
        values["id"] = f"{span.start}-{span.end}"
        yield Record(f"{line_of(piece.place, span.line)}, {span.start}-{span.end}", values, name)
    for layer, own, source_span, target_span in relations:
        values = {**labelled(own.values), **words(source_span), "from": words(source_span)["span"]}
        values["to"] = words(target_span)["span"]
        values["id"] = f"{source_span.start}-{source_span.end}>{target_span.start}-{target_span.end}"
        yield Record(f"{line_of(piece.place, own.line)}, {layer.name}", values, layer.name)


def _document(texts: list[tuple[str, int, str]]) -> tuple[str, list[tuple[int, int]]]:
    """The document's text with each sentence at its place, and where the sentences are, in characters."""
    text, bounds, length = "", list[tuple[int, int]](), 0
    for place, begin, sentence in texts:
        if over := max(0, length - begin):  # blanks may be told twice, at the end and at the beginning
            if begin < 0 or text[-over:].strip():
                raise input_error(place, "a sentence that begins within another", found=begin, allowed=f"from {length}")
            text, length = text[:-over], begin
            bounds[-1] = min(bounds[-1][0], len(text)), len(text)
        text += " " * max(0, begin - length)
        length = max(length, begin)
        bounds.append((len(text), len(text) + len(sentence)))
        text += sentence
        length += len(sentence.encode("utf-16-le")) // 2
    return text, bounds
