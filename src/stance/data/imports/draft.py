"""A first mapping for an export: what is known is filled in, the rest is left open for the coder."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from stance.base.errors import setting
from stance.data.imports.source import OPEN
from stance.data.imports.survey import FEW, Survey
from stance.data.imports.table import SEGMENTS
from stance.data.imports.tools import TOOLS

#: Beginnings of the names of columns that hold an answer on which annotators agreed, and no annotator's own.
SETTLED = ("label", "gold", "final", "agree", "consensus", "majority")

#: Names of columns that hold the text, beside those of :data:`stance.data.imports.table.SEGMENTS`.
TEXTS = ("text", "full_text", "sentence", "tweet", "content", "quote", "headline", "body", "data.text", "data.sentence")

#: Likewise of columns that hold the name of the document.
DOCUMENTS = ("document", "document_id", "doc_id", "report")


def first_mapping(found: Survey, path: str | Path) -> str:
    """A mapping to be completed: what is known is filled in, ``???`` stands where the coder must say something."""
    fields, tool = found.fields, found.opened.tool
    known = TOOLS[tool].defaults
    columns = _columns_of_annotators(fields) if tool == "table" else []
    label = known.get("label") or _named(fields, SEGMENTS["label"]) or OPEN
    values = _values(found, columns, label)
    lines = [
        f"# What is what in {_quoted(Path(path).name)}. Say something wherever {OPEN} stands; see docs/annotate.md.",
        f"tool: {tool}",
        *_which(found),
        f"text: {_text(fields, known)}",
        f'holder: {_quoted(known.get("holder", ""))}  # a field, or {{value: words}}; "" = the author of the text',
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
        annotator = _named(fields, SEGMENTS["annotator"])
        lines += [f"annotator: {_quoted(annotator)}"] if annotator and not columns else []
        document = _named(fields, (*DOCUMENTS, *SEGMENTS["document"]))
        lines.append(_or_open("document", document, "the column of it, since rows of one document stay in one part"))
        lines.append(_or_open("id", _named(fields, ("id",)), "the column that names a row; else its number does"))
    lines += ["labels:"]
    lines += [f"  {label}: [{label if label in values else ''}]" for label in ("favor", "neutral", "against")]
    lines += ['leave_out: []  # labels that are no judgement, or "*" for all that are not above']
    lines += [f"# {n:,} {_quoted(value)}" for value, n in values.most_common(FEW) if any(values)]
    return "\n".join(lines) + "\n"


def next_command(path: str | Path, mapping: str | Path) -> str:
    """What trains on the export once the mapping is complete."""
    given = [setting("data.path", str(path)), setting("data.mapping", str(mapping))]
    return " ".join(["python scripts/train.py data=import", *given, "data.name=NAME split=document model=tfidf"])


def _values(found: Survey, columns: list[str], label: str) -> Counter[str]:
    """How often each spelling of a label stands: in the annotators' columns, in that of labels, or in the layer."""
    values: Counter[str] = Counter()
    if columns:
        values = sum((found.fields[column] for column in columns), values)
    elif found.opened.tool == "table":
        values = found.fields.get(label, values)
    return values or (found.layers[found.main].labels if found.main in found.layers else values)


def _which(found: Survey) -> list[str]:
    """The lines that say which sheet and which layer, where there is a choice."""
    sheet, others = found.opened.options.sheet, [_quoted(name) for name in found.layers if name != found.main]
    lines = [f"sheet: {_quoted(sheet)}"] if sheet else []
    if found.main:
        lines.append(f"layer: {_quoted(found.main)}" + (f"  # or {', '.join(others[:10])}" if others else ""))
    return lines


def _text(fields: Mapping[str, Counter[str]], known: Mapping[str, str]) -> str:
    if "sentence" in fields:
        return "sentence  # the sentence round the span; or span"
    default = known.get("text", "")
    return _quoted((default if default in fields else "") or _named(fields, (*TEXTS, *SEGMENTS["text"])) or OPEN)


def _or_open(name: str, column: str, what: str) -> str:
    """The line of a key that may be missing: with its column, or as a comment to be completed."""
    return f"{name}: {_quoted(column)}" if column else f"# {name}: {OPEN}  # {what}"


def _named(fields: Mapping[str, Counter[str]], names: tuple[str, ...]) -> str:
    small = {name.lower(): name for name in fields}
    return next((small[name.lower()] for name in names if name.lower() in small), "")


def _columns_of_annotators(fields: Mapping[str, Counter[str]]) -> list[str]:
    """Two columns or more with much the same few words in them; numbers of rows and the like, ``(row)``, are none."""
    few = {name: _after(counts) if _is_parted(counts) else counts for name, counts in fields.items()}
    few = {
        name: counts for name, counts in few.items() if 1 < len(counts) <= FEW and not name.startswith((*SETTLED, "("))
    }
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
    return words if safe else json.dumps(words, ensure_ascii=not words.isprintable())
