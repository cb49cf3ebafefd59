"""A record: one judgement as an annotation tool holds it, with everything that stands beside it, by name.

What is holder, target, text and label is not decided here: that says the mapping.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from stance.base.labels import is_missing
from stance.data.imports.pieces import Piece


@dataclass(frozen=True, slots=True)
class Record:
    """One choice, span, relation, code or row of a table.

    Attributes:
        place: File, record and offset, for messages.
        values: Text by name: ``id``, ``text``, ``label``, ``annotator``, ``document`` as far as the tool knows them,
            and whatever else stands there.
        layer: Of several questions, layers or groups of codes: which.
        reason: Why it is no judgement (skipped, draft, a model's, ...); empty if it is one.
        when: When it was made, in a form that sorts; of two answers of one annotator to one row the later counts.
            Empty where the tool does not say: then two answers are a fault.
        table: The table that it is a row of, whose rows all have the same fields; empty of what is no row.
        project: The file, where another file may be that of another project, with numbers of its own for tasks
            (``task``) and for people.
        unit: What was answered as a whole (the task); empty = ``id``. Of the answers of one annotator to one unit, the
            records of the last count, of each layer; one that is no judgement, of no layer, withdraws all before.
    """

    place: str
    values: Mapping[str, str]
    layer: str = ""
    reason: str = ""
    when: str = ""
    table: str = ""
    project: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What the reading of a tool's files may be told.

    Attributes:
        encoding: Of text; empty = UTF-8, and lines that are not are read as cp1252 with a warning.
        sheet: Of a workbook; empty = its only one.
        header: Numbers of the rows that are the header of a table, from 1; names in several rows are joined.
        fill_down: Columns whose empty cells hold what stands above them, as merged cells do.
        quoting: Of separated text: double, or none where quotation marks are text.
        looked_at: Fields that the mapping uses: a cell in error in one of these is refused, in others it is passed.
    """

    encoding: str = ""
    sheet: str = ""
    header: tuple[int, ...] = (1,)
    fill_down: tuple[str, ...] = ()
    quoting: str = "double"
    looked_at: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Opened:
    """The files of one export and how to go through their records, as often as wanted."""

    tool: str
    pieces: tuple[Piece, ...]
    options: Options = field(default_factory=Options)


def flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Name and text of everything in a JSON value: ``meta.source``; a list of plain values is one text.

    >>> dict(flat({"a": 1, "b": {"c": True, "d": ["x", "y"]}, "e": None}))
    {'a': '1', 'b.c': 'true', 'b.d': 'x; y', 'e': ''}
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, inner in enumerate(value):
            yield from flat(inner, f"{name}.{number}" if name else str(number))
    elif isinstance(value, list):
        yield name, "; ".join(plain(item) for item in value)
    else:
        yield name, plain(value)


def plain(value: object) -> str:
    """A number, text or truth value as text; nothing, also NaN, is the empty text."""
    if is_missing(value):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def labelled(features: Mapping[str, str]) -> dict[str, str]:
    """The features and ``label``: the one of that name, else the first that has a value."""
    return {"label": next(filter(None, features.values()), ""), **features}


def linked(others: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Words by ``linked.NAME`` of what a judgement is tied to; a second of a name gets a number.

    >>> linked([("Holder", "the union"), ("Target", "the talks"), ("Target", "the draft")])
    {'linked.Holder': 'the union', 'linked.Target': 'the talks', 'linked.Target2': 'the draft'}
    """
    return {f"linked.{name}": words for name, words in numbered(others).items()}


def numbered(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Name and value; a second of a name gets a number: ``Target``, ``Target2``."""
    found: dict[str, str] = {}
    for name, value in pairs:
        number, key = 1, name
        while key in found:
            number += 1
            key = f"{name}{number}"
        found[key] = value
    return found
