"""WebAnno TSV 3: a token a line, a column a feature; spans of several tokens are known by their numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from stance.base.errors import input_error, line_of
from stance.data.imports.pieces import Piece
from stance.data.imports.record import Record, linked
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


def read_tsv(piece: Piece, encoding: str = "", types: Piece | None = None) -> Iterator[Record]:
    """The spans and relations of a document, without its name and annotator.

    Raises:
        StanceError: Another format, or a line with too few columns.
    """
    piece.check_size()
    layers: list[_Layer] = []
    texts: list[tuple[int, str]] = []
    waiting: list[str] = []
    spans: dict[tuple[str, str], _Span] = {}
    relations: list[tuple[_Layer, _Span, str, str]] = []
    for number, raw in lines_of(piece, encoding):
        line = raw.rstrip("\r\n")
        if number == 1 and not line.startswith("#FORMAT=WebAnno TSV 3"):
            raise input_error(line_of(piece.place, 1), "not WebAnno TSV 3", found=line)
        if line[:6] in HEADS:
            name, *features = line[6:].split("|")
            width = sum(max(1, len(layer.features)) for layer in layers)
            layers.append(_Layer(HEADS[line[:6]], name, features, 3 + width))
        elif line.startswith("#Text="):
            waiting.append(_unescaped(line[6:]))
        elif line and not line.startswith("#"):
            cells = line.split("\t")
            place = line_of(piece.place, number)
            if len(cells) < 3 or not re.fullmatch(r"\d+-\d+", cells[1]):
                raise input_error(place, "no token of WebAnno TSV", found=line)
            start, end = map(int, cells[1].split("-"))
            if waiting:
                texts.append((start, "\n".join(waiting)))
                waiting = []
            for layer in layers:
                if len(cells) < layer.first + max(1, len(layer.features)):
                    raise input_error(place, "too few columns", found=len(cells))
                token = _Span(number, start, end)
                relations += _read(layer, cells, token, spans)
    yield from _records(piece, texts, spans, relations)


def _read(
    layer: _Layer, cells: list[str], token: _Span, spans: dict[tuple[str, str], _Span]
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
        spans.setdefault(("", f"{cells[0]}[{number}]" if number else cells[0]), span)


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
    texts: list[tuple[int, str]],
    spans: dict[tuple[str, str], _Span],
    relations: list[tuple[_Layer, _Span, str, str]],
) -> Iterator[Record]:
    text, bounds = _document(texts)
    units = Units(text)

    def words(span: _Span) -> dict[str, str]:
        place = f"{line_of(piece.place, span.line)}, {span.start}-{span.end}"
        start, end = units.span(span.start, span.end, place)
        return around(text, start, end, bounds)

    ties: dict[int, list[tuple[str, str]]] = {}
    found = []
    for layer, own, cell, here in relations:
        source, _, numbers = cell.partition("[")
        one, other = [*filter(None, numbers.rstrip("]").split("_")), "0", "0"][:2]
        ends = [
            spans.get(("", f"{token}[{number}]" if number != "0" else token))
            for token, number in ((source, one), (here, other))
        ]
        if ends[0] is not None and ends[1] is not None:
            found.append((layer, own, ends[0], ends[1]))
            for this, that in ((ends[0], ends[1]), (ends[1], ends[0])):
                names = filter(None, [*that.values.values(), *own.values.values()])
                ties.setdefault(id(this), []).extend((name, words(that)["span"]) for name in names)
    for (name, _), span in spans.items():
        if name:
            values = {**span.values, **words(span), **linked(ties.get(id(span), []))}
            values |= {"id": f"{span.start}-{span.end}", "label": next(filter(None, span.values.values()), "")}
            yield Record(f"{line_of(piece.place, span.line)}, {span.start}-{span.end}", values, name)
    for layer, own, source_span, target_span in found:
        values = {**own.values, **words(source_span), "from": words(source_span)["span"]}
        values |= {"to": words(target_span)["span"], "label": next(filter(None, own.values.values()), "")}
        values["id"] = f"{source_span.start}-{source_span.end}>{target_span.start}-{target_span.end}"
        yield Record(f"{line_of(piece.place, own.line)}, {layer.name}", values, layer.name)


def _document(texts: list[tuple[int, str]]) -> tuple[str, list[tuple[int, int]]]:
    """The document's text with each sentence at its place, and where the sentences are, in characters."""
    text, bounds, length = "", [], 0
    for begin, sentence in texts:
        text += " " * max(0, begin - length)
        length = max(length, begin)
        bounds.append((len(text), len(text) + len(sentence)))
        text += sentence
        length += len(sentence.encode("utf-16-le")) // 2
    return text, bounds
