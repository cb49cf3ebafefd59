"""The tools whose exports are read, how each is known by its content, and opening one."""

import codecs
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from stance.base.errors import StanceError, content, input_error
from stance.data.imports import argilla, brat, dna, doccano, inception, label_studio, prodigy, refi_qda, table
from stance.data.imports.mapping import ImportMapping
from stance.data.imports.pieces import Piece, pieces_of
from stance.data.imports.record import Opened, Options, Record
from stance.data.imports.sheets import TABLES, first_cells
from stance.data.imports.text import json_items, json_lines

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tool:
    """A tool: how its records are read, where a field is by default, and its files' suffixes; none = any."""

    read: Callable[[Opened], Iterator[Record]]
    defaults: Mapping[str, str]
    suffixes: tuple[str, ...] = ()


def _by_file(read: Callable[[Opened], Iterator[Record]]) -> Callable[[Opened], Iterator[Record]]:
    """The same, of each file alone; records have ``(file)`` and ``(folder)``, and several files may be of projects."""

    def records(opened: Opened) -> Iterator[Record]:
        for piece in opened.pieces:
            named = {"(file)": piece.stem, "(folder)": piece.folder}
            project = piece.place if len(opened.pieces) > 1 else ""
            for record in read(replace(opened, pieces=(piece,))):
                yield replace(record, values={**record.values, **named}, project=project)

    return records


TOOLS: Mapping[str, Tool] = {
    "table": Tool(table.records, table.DEFAULTS, TABLES),
    "mturk": Tool(table.records, table.MTURK, TABLES),
    "label-studio": Tool(_by_file(label_studio.records), label_studio.DEFAULTS, (".json", ".csv", ".tsv")),
    "refi-qda": Tool(refi_qda.records, refi_qda.DEFAULTS),
    "dna": Tool(dna.records, dna.DEFAULTS),
    "inception": Tool(inception.records, inception.DEFAULTS),
    "doccano": Tool(doccano.records, doccano.DEFAULTS, (".jsonl", ".json", ".csv")),
    "prodigy": Tool(prodigy.records, prodigy.DEFAULTS, (".jsonl",)),
    "brat": Tool(brat.records, brat.DEFAULTS),
    "argilla": Tool(argilla.records, argilla.DEFAULTS),
}

#: Exports that are known and not read: what to do instead.
UNREAD = {
    "LightTag": (b'"annotators_per_example"', b'"tagged_token_id"', b'"example_id"'),
    "tagtog": (b'"annotatable"', b'"anncomplete"'),
    "CATMA": (b'"userDefinedPropertyDefinitions"', b'"catma_markupauthor"'),
}


def open_export(path: str | Path, mapping: ImportMapping | None = None, tool: str = "") -> Opened:
    """The export at a path, and which tool wrote it.

    Raises:
        StanceError: Not there, of no tool that is known, or a name of none.
    """
    pieces = pieces_of(path)
    if mapping and mapping.files:
        pieces = tuple(piece for piece in pieces if fnmatch(piece.name, mapping.files))
    if not pieces and mapping:
        raise input_error(mapping.place, f"no file of {path} is named so", found=mapping.files)
    tool = tool or (mapping.tool if mapping else "")
    if tool and tool not in TOOLS:
        raise input_error("data.tool", "unknown tool", found=tool, allowed=TOOLS)
    with content(str(path), "not to be read as an export"):
        return Opened(tool or recognised(pieces, str(path)), pieces, mapping.options if mapping else Options())


def records_of(opened: Opened) -> Iterator[Record]:
    """The records of an export.

    Raises:
        StanceError: See the tool's own module; besides, of a file that the tool cannot have written so, which.
    """
    files = ", ".join(piece.place for piece in opened.pieces[:3]) + (", ..." if len(opened.pieces) > 3 else "")
    suffixes = TOOLS[opened.tool].suffixes
    if passed := [piece.place for piece in opened.pieces if suffixes and piece.suffix not in suffixes]:
        told = "%d file(s) are not read, as %s writes none such (but %s): %s"
        log.warning(told, len(passed), opened.tool, ", ".join(suffixes), ", ".join(passed[:3]))
    last = ""
    records = TOOLS[opened.tool].read(opened)
    while True:
        with content(files, f"not as {opened.tool} writes it{last}"):
            try:
                record = next(records)
            except StopIteration:
                return
        yield record
        last = f", after {record.place}"


def recognised(pieces: tuple[Piece, ...], place: str) -> str:
    """The tool that wrote these files, by what stands in them.

    Raises:
        StanceError: None that is known.
    """
    others = [piece for piece in pieces if piece.suffix not in TABLES]
    tables = [piece for piece in pieces if piece.suffix in TABLES]
    for piece in (*others[:50], *tables[:50]):
        if tool := _tool_of(piece):
            return tool
    if tables:
        return "table"
    raise input_error(
        place,
        "no export of a known tool",
        found=[piece.name for piece in pieces[:5]],
        allowed=f"data.tool=NAME, one of {', '.join(TOOLS)}",
    )


def _tool_of(piece: Piece) -> str:
    head = piece.head().removeprefix(codecs.BOM_UTF8)
    for name, marks in UNREAD.items():
        if any(mark in head for mark in marks):
            raise input_error(
                piece.place, f"an export of {name}, which is not read", allowed="a table or another tool's"
            )
    if piece.suffix == ".ann":
        return "brat"
    if b"urn:QDA-XML:project" in head:
        return "refi-qda"
    if head.startswith(b"SQLite format 3") or piece.suffix == ".dna":
        return "dna"
    if b"#FORMAT=WebAnno TSV" in head[:40] or b"<xmi:XMI" in head or b'"%TYPES"' in head or b'"%FEATURE_STRU' in head:
        return "inception"
    if piece.name.endswith("exportedproject.json"):
        return "inception"
    if piece.suffix == ".jsonl" or (piece.suffix == ".json" and head.lstrip()[:1] in (b"[", b"{")):
        return _of_json(piece)
    return _of_sheet(_header(piece))


def _of_json(piece: Piece) -> str:
    """By the keys of the first object."""
    keys = _first_keys(piece)
    if {"_task_hash", "_input_hash"} & keys:
        return "prodigy"
    if {"responses", "fields"} <= keys:
        return "argilla"
    if ("data" in keys and {"annotations", "completions"} & keys and piece.suffix == ".json") or {
        "annotation_id",
        "lead_time",
    } <= keys:
        return "label-studio"
    if {"text", "data"} & keys and {"label", "labels", "annotations", "entities", "cats"} & keys:
        return "doccano"
    return ""


def _first_keys(piece: Piece) -> set[str]:
    items = json_lines(piece) if piece.suffix == ".jsonl" else json_items(piece)
    try:
        return set(next((row for _, row in items), {}))
    except StanceError:
        return set()


def _header(piece: Piece) -> set[str]:
    """Names of the columns of separated text, or of a workbook of one sheet; none where they cannot be read."""
    if piece.suffix not in (".csv", ".tsv", ".xlsx", ".xlsm"):
        return set()
    try:
        return {*first_cells(piece, Options())}
    except StanceError:
        return set()


def _of_sheet(header: set[str]) -> str:
    if {"HITId", "WorkerId"} <= header:
        return "mturk"
    if {"statement_id", "start_position", "stop_position"} <= header:
        return "dna"
    return "label-studio" if {"annotation_id", "lead_time"} <= header else ""
