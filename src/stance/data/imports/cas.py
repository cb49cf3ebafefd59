"""UIMA's XMI and CAS JSON, by dkpro-cassis, which turns UTF-16 positions into characters."""

import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

from stance.base.errors import first_line, input_error
from stance.base.extras import from_extras
from stance.base.zips import check_prolog
from stance.data.imports.pieces import Piece
from stance.data.imports.record import Record, labelled, linked, plain
from stance.data.imports.text import around, tidy

log = logging.getLogger(__name__)

#: Types that make up a document and are nobody's judgement; and INCEpTION's notes on its own layers.
STRUCTURE = (
    *("Token", "Sentence", "DocumentAnnotation", "DocumentMetaData", "Heading", "Paragraph", "Div", "Sofa"),
    *("LayerDefinition", "FeatureDefinition", "TagsetDescription", "TagDescription", "CASMetadata"),
)

#: Features that hold the ends of a relation.
ENDS = (("Governor", "Dependent"), ("source", "target"))


def read_cas(piece: Piece, types: Piece | None = None) -> Iterator[Record]:
    """The annotations of a document.

    An XMI needs its type system; XML says its encoding, JSON is UTF-8.

    Raises:
        StanceError: dkpro-cassis is not installed, no type system, not of its format, or XML with entities.
    """
    cas = _loaded(piece, types)
    text = cas.sofa_string or ""
    every = sorted(cas.select_all_fs(), key=lambda item: (getattr(item, "begin", None) or 0, item.xmiID or 0))
    found = [item for item in every if _short(item.type.name) not in STRUCTURE]
    sentences = [(item.begin, item.end) for item in every if _short(item.type.name) == "Sentence"]
    meta = next((item for item in every if _short(item.type.name) == "DocumentMetaData"), None)
    about = {"document": plain(getattr(meta, "documentTitle", None)) or piece.stem}
    about["annotator"] = plain(getattr(meta, "documentId", None))
    ties: dict[int, list[tuple[str, str]]] = {}
    for item in found:
        ends = _ends(item)
        if ends is not None:
            for one, other in (ends, ends[::-1]):
                names = [*_features(other).values(), *_features(item).values()]
                ties.setdefault(id(one), []).extend((name, _words(other, text)) for name in names if name)
    for item in found:
        yield _record(item, text, sentences, about, ties.get(id(item), []), piece)


def _loaded(piece: Piece, types: Piece | None) -> Any:  # noqa: ANN401 - the library's own
    with from_extras():
        from cassis import load_cas_from_json, load_cas_from_xmi, load_typesystem
    data = piece.read()
    if piece.suffix == ".xmi" and types is None:
        raise input_error(piece.place, "no TypeSystem.xml beside it, which XMI needs", allowed="the folder or zip")
    for part in (data, types.read() if types is not None else b""):
        check_prolog(io.BytesIO(part), piece.place)
    try:
        if piece.suffix == ".json":
            return load_cas_from_json(io.BytesIO(data))
        assert types is not None
        system = load_typesystem(io.BytesIO(types.read()))
        with warnings.catch_warnings(record=True) as unknown:
            warnings.simplefilter("always")
            cas = load_cas_from_xmi(io.BytesIO(data), typesystem=system, lenient=True)
        for problem in dict.fromkeys(str(each.message) for each in unknown):
            log.warning(
                "%s: %s; such annotations are not read: is %s that of another export?",
                piece.place,
                problem,
                types.place,
            )
        return cas
    except Exception as error:
        raise input_error(piece.place, f"not to be read as a CAS: {first_line(error)}") from None


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _features(item: Any) -> dict[str, str]:  # noqa: ANN401 - the library's own
    """Features with a plain value, by name."""
    values = {feature.name: getattr(item, feature.name, None) for feature in item.type.all_features}
    return {
        name: plain(value)
        for name, value in values.items()
        if name not in ("begin", "end", "sofa") and (value is None or isinstance(value, str | int | float | bool))
    }


def _ends(item: Any) -> tuple[Any, Any] | None:  # noqa: ANN401 - the library's own
    for one, other in ENDS:
        ends = getattr(item, one, None), getattr(item, other, None)
        if all(hasattr(end, "begin") for end in ends):
            return ends[0], ends[1]
    return None


def _words(item: Any, text: str) -> str:  # noqa: ANN401 - the library's own
    return tidy(text[item.begin : item.end])


def _record(
    item: Any,  # noqa: ANN401 - the library's own
    text: str,
    sentences: list[tuple[int, int]],
    about: dict[str, str],
    ties: list[tuple[str, str]],
    piece: Piece,
) -> Record:
    values = {**labelled(_features(item)), **about}
    links = list(ties)
    for feature in item.type.all_features:
        value = getattr(item, feature.name, None)
        if hasattr(value, "begin") and feature.name not in ("sofa", *(name for pair in ENDS for name in pair)):
            links.append((feature.name, _words(value, text)))
        for link in _elements(value):  # slots of INCEpTION: a role and the annotation that fills it
            target = getattr(link, "target", None)
            if hasattr(target, "begin"):
                links.append((plain(getattr(link, "role", "")) or feature.name, _words(target, text)))
    start, end = getattr(item, "begin", None), getattr(item, "end", None)
    if start is None or end is None:
        values |= {"span": "", "sentence": tidy(text), "before": "", "id": "document"}
    else:
        values |= around(text, start, end, sentences)
        values["id"] = f"{start}-{end}"
    ends = _ends(item)
    if ends is not None:
        values |= {"from": _words(ends[0], text), "to": _words(ends[1], text)}
        values["id"] += f">{ends[1].begin}-{ends[1].end}"
    place = f"{piece.place}, {_short(item.type.name)} {values['id']}"
    return Record(place, {**values, **linked(links)}, item.type.name)


def _elements(value: Any) -> list[Any]:  # noqa: ANN401 - the library's own
    if isinstance(value, list):
        return value
    inner = getattr(value, "elements", None)
    return inner if isinstance(inner, list) else []
