"""What is in an export, before anything is decided: layers, labels, annotators, fields, and what would be left out."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from stance.base.errors import StanceError, content
from stance.data.imports.pieces import Piece
from stance.data.imports.record import Opened, Options, Record
from stance.data.imports.sheets import sheet_names, sheet_rows
from stance.data.imports.table import SEGMENTS
from stance.data.imports.text import tidy
from stance.data.imports.tools import TOOLS, open_export, records_of

#: Different values of a field that are counted; more are many.
MANY = 1000

#: Different labels that people choose from; a column with more is no label's.
FEW = 40


@dataclass
class Layer:
    """The records of one layer.

    Attributes:
        records: How many there are.
        labels: How often each stands, as spelled.
    """

    records: int = 0
    labels: Counter[str] = field(default_factory=Counter)


@dataclass
class Survey:
    """What was found.

    Attributes:
        opened: The export.
        layers: By name.
        fields: Name -> how often each value stands; no more than ``MANY`` values are kept.
        left_out: Records that are no judgements, by reason.
        examples: The first records of the commonest layer.
    """

    opened: Opened
    layers: dict[str, Layer] = field(default_factory=dict)
    fields: dict[str, Counter[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Record]] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """The layer with most records."""
        return max(self.layers, key=lambda name: self.layers[name].records, default="")

    @property
    def person(self) -> str:
        """The field that says who judged."""
        names = (TOOLS[self.opened.tool].defaults.get("annotator", "annotator"), *SEGMENTS["annotator"])
        return next((name for name in names if name in self.fields), names[0])


def survey(path: str | Path, tool: str = "") -> Survey:
    """Go through an export once.

    Raises:
        StanceError: It cannot be read.
    """
    opened = open_export(path, tool=tool)
    with content(str(path), "not to be read as a workbook"):
        opened = replace(opened, options=_sheet(opened.pieces))
    defaults = TOOLS[opened.tool].defaults
    found = Survey(opened)
    for record in records_of(opened):
        if record.reason:
            found.left_out[record.reason] += 1
            continue
        layer = found.layers.setdefault(record.layer, Layer())
        layer.records += 1
        _count(layer.labels, record.values.get(defaults.get("label", "label"), ""))
        for name, words in record.values.items():
            _count(found.fields.setdefault(name, Counter()), words)
        examples = found.examples.setdefault(record.layer, [])
        if len(examples) < 3:
            examples.append(record)
    return found


def _count(counts: Counter[str], words: str) -> None:
    words = tidy(words[:200])
    if words in counts or len(counts) < MANY:
        counts[words] += 1


def _sheet(pieces: tuple[Piece, ...]) -> Options:
    """Of a workbook with several sheets the one with the widest header: instructions stand in one column."""
    for piece, names in _of_several(pieces):
        widths = {name: _width(piece, name) for name in names}
        return Options(sheet=max(names, key=lambda name: widths[name]))
    return Options()


def _of_several(pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, list[str]]]:
    """The workbooks that have several sheets, and these."""
    for piece in pieces:
        if piece.suffix in (".xlsx", ".xlsm") and len(names := sheet_names(piece)) > 1:
            yield piece, names


def _width(piece: Piece, sheet: str) -> int:
    try:
        row = next(sheet_rows(piece, Options(sheet=sheet)), None)
    except StanceError:
        return 0
    return 0 if row is None else sum(bool(words) for words in row[1].values())


def described(found: Survey) -> Iterator[str]:
    """Lines that say what is in the export; names of annotators are shortened where they lead to people."""
    pieces = found.opened.pieces
    yield f"written by {found.opened.tool}, {len(pieces)} file(s)"
    if found.opened.options.sheet:
        _, names = next(_of_several(pieces))
        others = [repr(name) for name in names if name != found.opened.options.sheet]
        yield f"sheet {found.opened.options.sheet!r}, and not {', '.join(others)}: a mapping reads one sheet"
    for name, layer in sorted(found.layers.items(), key=lambda item: -item[1].records):
        yield f"layer {name or '(one)'}: {layer.records:,} record(s)" + _listed(layer.labels, "labels")
    annotators = found.fields.get(found.person, Counter())
    people = [f"{_shortened(name)} {n:,}" for name, n in annotators.most_common(8) if name]
    number = len(annotators) - ("" in annotators)
    if number:
        yield f"annotators: {number:,} ({', '.join(people)}{', ...' if number > 8 else ''})"
    else:
        yield "annotators: not named"
    yield "fields:"
    for name, counts in found.fields.items():
        many = f"{MANY:,} or more" if len(counts) >= MANY else f"{len(counts):,}"
        few = 1 < len(counts) <= min(FEW, counts.total() / 2) and max(map(len, counts)) <= 60
        yield f"  {name}: {many} different" + (_listed(counts) if few and name != found.person else "")
    for reason, n in found.left_out.most_common():
        yield f"left out: {n:,} {reason}"
    for number, record in enumerate(found.examples.get(found.main, []), start=1):
        yield f"example {number}: {record.place}"
        for name, words in record.values.items():
            if words:
                yield f"  {name}: {_shortened(words) if name == found.person else _cut(words)}"


def _listed(counts: Counter[str], what: str = "") -> str:
    if not counts or not any(counts):
        return ""
    shown = ", ".join(f"{words!r} {n:,}" for words, n in counts.most_common(12))
    return f"; {what} {shown}".replace(";  ", "; ") + (", ..." if len(counts) > 12 else "")


def _cut(words: str, length: int = 100) -> str:
    words = tidy(words[: 4 * length])
    return words if len(words) <= length else words[: length - 3] + "..."


def _shortened(name: str) -> str:
    """An address or a long id without what leads to a person."""
    return f"{name[:3]}..." if "@" in name or len(name) > 12 else name
