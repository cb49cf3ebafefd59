"""What is in an export, before anything is decided: layers, labels, annotators, fields, and what would be left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stance.errors import StanceError
from stance.imports.mapping import OPEN
from stance.imports.pieces import Piece
from stance.imports.record import Opened, Options, Record
from stance.imports.sheets import sheet_names, sheet_rows
from stance.imports.table import SEGMENTS
from stance.imports.text import tidy
from stance.imports.tools import TOOLS, open_export, records_of

#: Different values of a field that are counted; more are many.
MANY = 1000

#: Different labels that people choose from; a column with more is no label's.
FEW = 40

#: Beginnings of the names of columns that hold an answer on which annotators agreed, and no annotator's own.
SETTLED = ("label", "gold", "final", "agree", "consensus", "majority")

#: Names of columns that hold the text, beside those of :data:`stance.imports.table.SEGMENTS`.
TEXTS = ("text", "full_text", "sentence", "tweet", "content", "quote", "headline", "body", "data.text", "data.sentence")


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
        annotators: Records of each.
        fields: Name -> how often each value stands; no more than ``MANY`` values are kept.
        left_out: Records that are no judgements, by reason.
        examples: The first records of the commonest layer.
    """

    opened: Opened
    layers: dict[str, Layer] = field(default_factory=dict)
    annotators: Counter[str] = field(default_factory=Counter)
    fields: dict[str, Counter[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Record]] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """The layer with most records."""
        return max(self.layers, key=lambda name: self.layers[name].records, default="")


def survey(path: str | Path, tool: str = "") -> Survey:
    """Go through an export once.

    Args:
        path: A file, folder or zip.
        tool: Which wrote it; empty = as its content says.

    Raises:
        StanceError: It cannot be read.
    """
    opened = open_export(path, tool=tool)
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
        _count(found.annotators, record.values.get(defaults.get("annotator", "annotator"), ""))
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
    for piece in pieces:
        if piece.suffix in (".xlsx", ".xlsm") and len(names := sheet_names(piece)) > 1:
            widths = {name: _width(piece, name) for name in names}
            return Options(sheet=max(names, key=lambda name: widths[name]))
    return Options()


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
        yield f"sheet {found.opened.options.sheet!r}"
    for name, layer in sorted(found.layers.items(), key=lambda item: -item[1].records):
        yield f"layer {name or '(one)'}: {layer.records:,} record(s)" + _listed(layer.labels, "labels")
    people = [f"{_shortened(name)} {n:,}" for name, n in found.annotators.most_common(8) if name]
    number = len(found.annotators) - ("" in found.annotators)
    if number:
        yield f"annotators: {number:,} ({', '.join(people)}{', ...' if number > 8 else ''})"
    else:
        yield "annotators: not named"
    yield "fields:"
    for name, counts in found.fields.items():
        many = f"{MANY:,} or more" if len(counts) >= MANY else f"{len(counts):,}"
        few = 1 < len(counts) <= min(FEW, counts.total() / 2) and _short(counts)
        yield f"  {name}: {many} different" + (_listed(counts) if few else "")
    for reason, n in found.left_out.most_common():
        yield f"left out: {n:,} {reason}"
    person = TOOLS[found.opened.tool].defaults.get("annotator", "annotator")
    for number, record in enumerate(found.examples.get(found.main, []), start=1):
        yield f"example {number}: {record.place}"
        for name, words in record.values.items():
            if words:
                yield f"  {name}: {_shortened(words) if name == person else _cut(words)}"


def _short(counts: Counter[str]) -> bool:
    return all(len(words) <= 60 for words in counts)


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


def first_mapping(found: Survey, path: str | Path) -> str:
    """A mapping to be completed: what is known is filled in, ``???`` stands where the coder must say something."""
    fields, tool = found.fields, found.opened.tool
    layer = found.main
    known = TOOLS[tool].defaults
    columns = _columns_of_annotators(fields) if tool == "table" else []
    label = known.get("label") or _named(fields, SEGMENTS["label"]) or OPEN
    values = _cells(fields, columns) if columns else fields.get(label, Counter()) if tool == "table" else Counter()
    values = values or (found.layers[layer].labels if layer in found.layers else Counter())
    lines = [
        f"# What is what in {Path(path).name}. Say something wherever {OPEN} stands; see docs/annotate.md.",
        f"tool: {tool}",
        *([f"sheet: {_quoted(found.opened.options.sheet)}"] if found.opened.options.sheet else []),
        *([f"layer: {_quoted(layer)}" + _others(found)] if layer else []),
        f"text: {_text(fields, known)}",
        'holder: ""  # a field, or {value: words}; "" = the author of the text',
    ]
    parted = _is_parted(values)
    if columns:
        lines.append(f"annotators: [{', '.join(_quoted(column) for column in columns)}]")
    if parted:
        lines += ['target: {field: (cell), before: " : "}', 'label: {field: (cell), after: " : "}']
        values = _after(values)
    else:
        lines.append(f"target: {_quoted(known['target']) if 'target' in known else '{value: ' + _quoted(OPEN) + '}'}")
        lines += [] if columns else [f"label: {_quoted(label)}"]
    if tool == "table":
        for name in ("annotator", "document"):
            column = _named(fields, SEGMENTS[name])
            lines += [f"{name}: {_quoted(column)}"] if column and not columns else []
        lines += ["id: id"] if "id" in fields else []
    lines += ["labels:"]
    lines += [f"  {label}: [{label if label in values else ''}]" for label in ("favor", "neutral", "against")]
    lines += ['leave_out: []  # labels that are no judgement, or "*" for all that are not above']
    lines += [f"# {n:,} {_quoted(value)}" for value, n in values.most_common(FEW) if any(values)]
    return "\n".join(lines) + "\n"


def _others(found: Survey) -> str:
    others = [name for name in found.layers if name != found.main]
    return f"  # or {', '.join(others[:10])}" if others else ""


def _text(fields: Mapping[str, Counter[str]], known: Mapping[str, str]) -> str:
    if "sentence" in fields:
        return "sentence  # the sentence round the span; or span"
    default = known.get("text", "")
    return _quoted((default if default in fields else "") or _named(fields, (*TEXTS, *SEGMENTS["text"])) or OPEN)


def _named(fields: Mapping[str, Counter[str]], names: tuple[str, ...]) -> str:
    small = {name.lower(): name for name in fields}
    return next((small[name.lower()] for name in names if name.lower() in small), "")


def _columns_of_annotators(fields: Mapping[str, Counter[str]]) -> list[str]:
    """Two columns or more with much the same few words in them."""
    few = {name: _after(counts) if _is_parted(counts) else counts for name, counts in fields.items()}
    few = {name: counts for name, counts in few.items() if 1 < len(counts) <= FEW and not name.startswith(SETTLED)}
    best: list[str] = []
    for name, counts in few.items():
        alike = [other for other, words in few.items() if _alike(counts, words)]
        if len(alike) > len(best) and name in alike:
            best = alike
    return best if len(best) > 1 else []


def _alike(one: Counter[str], other: Counter[str]) -> bool:
    """Whether two columns draw on one list of words, by how much of their cells they share."""
    shared = set(one) & set(other) - {""}
    return all(sum(counts[word] for word in shared) >= 0.7 * (counts.total() - counts[""]) for counts in (one, other))


def _cells(fields: Mapping[str, Counter[str]], columns: list[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for column in columns:
        total += fields[column]
    return total


def _is_parted(values: Counter[str]) -> bool:
    """Whether most cells are ``target : label``."""
    return bool(values) and sum(" : " in value for value in values) > len(values) / 2


def _after(values: Counter[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for value, n in values.items():
        total[value.partition(" : ")[2] or value] += n
    return total


def _quoted(words: str) -> str:
    """As YAML; plain where that is safe."""
    plain = words.replace(" ", "").replace("_", "").replace(".", "").isalpha() and words == words.strip()
    safe = plain and words.lower() not in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
    return words if safe else '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'
