"""Any table of judgements, one a row, with its columns, labels and parts named in the configuration: no code needed.

csv, tsv, jsonl, parquet or a sheet of a workbook (xlsx). There are two ways to read one:

- ``data=table``: a column of text and one of the label must be there, and a target, as a column or one for all rows.
  The others may be missing, if the configuration does not name them: without ids a row is called by its number, without
  documents each text is its own, without annotators the file is one, without holders the holder is the author.
- ``data=annotations``, strictly: every row must have all of id, text, holder, target, label, annotator and document,
  and none but the holder may be empty. This is what :func:`stance.base.annotations.write_annotations` writes.

Rows with one id are judgements of one example.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from stance.base.annotations import OPTIONAL, REQUIRED, Annotation, Corpus, check_annotations
from stance.base.errors import Faults, input_error, setting
from stance.base.files import file_digest
from stance.base.labels import check_label_map, known_as, nearest, spelled
from stance.base.lines import PLAIN, Manner, Row
from stance.base.rows import read_rows
from stance.base.words import composed
from stance.data.columns import GAP, Columns, Gaps, cell_of, document_of_text, label_of, left_out_here, tags_of
from stance.data.info import CorpusInfo

log = logging.getLogger(__name__)

#: Whoever judged, where the table does not say.
NOBODY = "table"

#: What is asked of a row, and where.
ASKED = ("text", "holder", "target", "document", "context")

#: What an empty cell comes to in a strict table.
REFUSED = dict.fromkeys(REQUIRED, "such a row is refused") | {"holder": Gaps.MEANING["holder"]}


def read_annotations(
    path: str | Path,
    *,
    label_map: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    leave_out: Collection[str | None] = (),
    encoding: str = "utf-8",
) -> list[Annotation]:
    """The judgements in a file of which every row has all fields; :func:`read` with ``strict``.

    Args:
        path: jsonl, csv, tsv, parquet or xlsx.
        label_map: What each spelling of a label means; without it only against, neutral, favor are read.
        columns: Our name -> the file's name, for the fields that are called otherwise there.
        leave_out: Spellings of labels whose judgements are not read; ``""`` where there is none.
        encoding: Of the file, decoded strictly.

    Raises:
        StanceError: See :func:`read`.
    """
    if unknown := sorted(set(columns or {}) - {*REQUIRED, *OPTIONAL}):
        raise input_error(str(path), "no such field in columns", found=unknown, allowed=REQUIRED + OPTIONAL)
    named = Columns(**(columns or {}))
    return list(
        read(path, named, label_map=label_map or {}, leave_out=leave_out, encoding=encoding, strict=True).annotations
    )


def read(
    path: str | Path,
    columns: Columns,
    *,
    label_map: Mapping[str, str],
    part_map: Mapping[str, str] | None = None,
    target: str = "",
    leave_out: Collection[str | None] = (),
    encoding: str = "utf-8",
    manner: Manner = PLAIN,
    annotators: Sequence[str] = (),
    adjudicator: str = "",
    strict: bool = False,
) -> Corpus:
    """The rows of the table; with a column of parts, also those.

    Args:
        path: The table.
        columns: What each field is called there.
        label_map: What each spelling of a label means; empty = the three names themselves.
        part_map: Likewise for train, validation and test; without it a column of parts is not read.
        target: One target for every row, instead of a column.
        leave_out: Spellings of labels that are no judgement, ``""`` where there is none; see :func:`of_annotators`.
        encoding: Of a csv, tsv or jsonl file.
        manner: What else the file does not say of itself; which sheet of a workbook is known by the columns.
        annotators: Whose judgements count; empty = all.
        adjudicator: Who settles; empty = nobody.
        strict: Refuse a row that lacks a field of ``REQUIRED``.

    Raises:
        StanceError: Names file, row, value and what is allowed: a column that is not there, an empty cell, an unknown
            label or part, an id whose text, holder, target or document changes, two labels by one annotator; several
            annotators of the same row, and no ids that say so; no annotator of a name. Faulty rows are told together.
    """
    check_label_map(label_map, str(path))
    wanted = REQUIRED if strict else ("text", "label", *([] if target else ["target"]))
    manner = manner._replace(wanted=tuple(getattr(columns, field) for field in wanted))
    gaps = Gaps(path, asdict(columns), REFUSED if strict else Gaps.MEANING)
    corpus = corpus_of_rows(
        path,
        gaps.noted(read_rows(path, encoding, manner)),
        columns,
        label_map=label_map,
        part_map=part_map,
        target=target,
        leave_out=leave_out,
        strict=strict,
    )
    absent = {field: column for field, column in asdict(columns).items() if column not in gaps.names}
    for field, column in absent.items():
        if column != getattr(Columns, field) and not (field == "target" and target):
            raise input_error(
                str(path), f"no column {column!r}", found=sorted(gaps.names), allowed=f"data.columns.{field}=NAME"
            )
    _check_repeated(path, corpus.annotations, named="id" not in absent)
    if part_map is None and "part" not in absent:
        log.warning("%s: its column %r is not read here; data=table takes parts from a column", path, columns.part)
    if "holder" in absent:
        log.info("no column %r: the stance is that of the author of the text", columns.holder)
    if "document" in absent:
        log.info("no column %r: every row is a document of its own, with others of its text", columns.document)
    return of_annotators(path, corpus, annotators, adjudicator)


def of_annotators(path: str | Path, corpus: Corpus, annotators: Sequence[str], adjudicator: str) -> Corpus:
    """The judgements of those annotators who are asked for, none = all, and of the adjudicator.

    A row is left out, and a warning counts, where the adjudicator's judgement was one that is left out, or those of
    more of the others than gave any one label. Where as many gave a label it stays.

    Raises:
        StanceError: There is no annotator of that name, or no row is left.
    """
    names = {annotation.annotator for annotation in corpus.annotations} | {name for _, name in corpus.unsure}
    for name in (*annotators, *filter(None, [adjudicator])):
        if name not in names:
            raise input_error(str(path), "no such annotator", found=name, allowed=sorted(names))
    chosen = {*annotators, adjudicator} if annotators else names
    annotations = tuple(a for a in corpus.annotations if a.annotator in chosen)
    unsure = [(row, name) for row, name in corpus.unsure if name in chosen]
    if dropped := _without_label(annotations, unsure, adjudicator):
        annotations = tuple(a for a in annotations if composed(a.id) not in dropped)
        told = "%s: %d row(s) are left out: the adjudicator, or more annotators than gave any one label, gave one that "
        log.warning(told + "is left out: %s", path, len(dropped), ", ".join(list(dropped)[:3]))
        if not annotations:
            raise input_error(str(path), "no rows in the file but those left out")
    return replace(corpus, annotations=annotations, adjudicator=adjudicator)


def _without_label(
    annotations: Iterable[Annotation], unsure: Iterable[tuple[str, str]], adjudicator: str
) -> dict[str, None]:
    """The rows, in composed spelling, that were judged to be none of the three."""
    said: dict[str, dict[str, str]] = {}
    for annotation in annotations:
        said.setdefault(composed(annotation.id), {})[composed(annotation.annotator)] = annotation.label
    left: dict[str, set[str]] = {}
    for row, name in unsure:
        if composed(name) not in said.get(composed(row), {composed(name): ""}):  # a label beside it counts
            left.setdefault(composed(row), set()).add(composed(name))
    judge = composed(adjudicator)
    found: dict[str, None] = {}
    for row, names in left.items():
        votes = Counter(label for name, label in said[row].items() if name != judge)
        if judge in names or (judge not in said[row] and len(names) > max(votes.values(), default=0)):
            found[row] = None
    return found


def _check_repeated(path: str | Path, annotations: Sequence[Annotation], *, named: bool) -> None:
    """Refuse rows that several people judged under an id each, no id being that of a row; warn of other repeats.

    Without ids (``named``) a second judgement of a row cannot be told from another row, whatever its document.
    """
    fields = ASKED if named else ASKED[:3]
    by: dict[str, str] = {}
    alone = all(by.setdefault(composed(a.id), composed(a.annotator)) == composed(a.annotator) for a in annotations)
    several = repeated(annotations, fields)
    few = named and 10 * sum(map(len, several)) < len(annotations)  # texts that came twice, as retweets do
    for first, *others in several if alone and not few else ():
        for other in others:
            if composed(first.annotator) != composed(other.annotator):
                both = f"{first.annotator!r} ({first.id}) and {other.annotator!r} ({other.id})"
                raise input_error(
                    str(path),
                    f"{'an id for each judgement' if named else 'no ids'}, and one row was judged by {both}",
                    found=first.text,
                    allowed="a column that is the same for all judgements of a row, data.columns.id=NAME",
                )
    tell_repeated(path, several, fields)


def repeated(annotations: Iterable[Annotation], fields: Sequence[str] = ASKED) -> list[list[Annotation]]:
    """Rows that are alike in these fields under several ids: the first judgement of each id."""
    rows: dict[tuple[str, ...], dict[str, Annotation]] = {}
    for annotation in annotations:
        asked = tuple(composed(getattr(annotation, name)) for name in fields)
        rows.setdefault(asked, {}).setdefault(composed(annotation.id), annotation)
    return [list(same.values()) for same in rows.values() if len(same) > 1]


def tell_repeated(path: str | Path, several: Sequence[Sequence[Annotation]], fields: Sequence[str] = ASKED) -> None:
    """Warn of rows that are :func:`repeated`, and count those that got several labels."""
    if several:
        (first, second, *_), repeats = several[0], sum(len(same) - 1 for same in several)
        conflicts = sum(len({annotation.label for annotation in same}) > 1 for same in several)
        told = "%s: %d rows repeat the %s of an earlier one, such as %r and %r; of %d rows that are repeated %d have "
        hint = "several labels; each counts as a row of its own: judgements of one row need one id"
        log.warning(told + hint, path, repeats, ", ".join(fields), first.id, second.id, len(several), conflicts)


def corpus_of_rows(
    path: str | Path,
    rows: Iterable[tuple[str, Row]],
    columns: Columns,
    *,
    label_map: Mapping[str, str],
    part_map: Mapping[str, str] | None = None,
    target: str = "",
    leave_out: Collection[str | None] = (),
    strict: bool = False,
) -> Corpus:
    """The same of rows that were read from the file in another way, each with its place for messages.

    Raises:
        StanceError: See :func:`read`.
    """
    annotations: list[Annotation] = []
    places: list[str] = []
    parts: dict[str, str] = {}
    faults = Faults(path)
    left_out: Counter[str] = Counter()
    unsure: list[tuple[str, str]] = []
    document_of = document_of_text()
    for number, (place, row) in enumerate(rows, 1):
        if number == 1 and not strict:
            _check_columns(row, columns, target, place)
        if (columns.label in row or not strict) and left_out_here(row.get(columns.label), leave_out, left_out):
            if spelled(row.get(columns.label)) not in GAP:
                row_id = spelled(row.get(columns.id)) or f"row-{number}"
                unsure.append((row_id, spelled(row.get(columns.annotator)) or NOBODY))
            continue
        with faults.noted(place):
            if strict:
                _check_fields(row, columns, place)
            annotation = _annotation(row, columns, label_map, leave_out, target, place, number, strict=strict)
            if not annotation.document:
                annotation = replace(annotation, document=document_of(annotation.text, annotation.id))
            if part_map is not None and columns.part in row:
                part = _part(row[columns.part], part_map, place)
                if parts.setdefault(annotation.id, part) != part:
                    raise input_error(place, f"id {annotation.id!r} is in two parts", found=part)
            annotations.append(annotation)
            places.append(place)
    faults.tell()
    if not annotations:
        raise input_error(str(path), "no rows in the file" + (" but those left out" if left_out else ""))
    for annotation, place in zip(annotations, places, strict=True):
        if parts and annotation.id not in parts:
            with faults.noted(place):
                raise input_error(place, f"no part, which other rows have in a column {columns.part!r}")
    faults.tell()
    check_annotations(path, annotations, places)
    files = {Path(path).name: file_digest(path)}
    return Corpus(tuple(annotations), parts or None, files, left_out=left_out, unsure=tuple(unsure))


def _check_columns(row: Mapping[str, Any], columns: Columns, target: str, place: str) -> None:
    needed = {"text": columns.text, "label": columns.label, **({} if target else {"target": columns.target})}
    for field, column in needed.items():
        if column not in row:
            hint = f"data.columns.{field}=NAME" + (", or data.target for all rows" if field == "target" else "")
            raise input_error(place, f"no column {column!r}", found=sorted(row), allowed=hint)
    if target and columns.target in row:
        raise input_error(
            place, f"data.target is given, and there is a column {columns.target!r}", allowed="one of them"
        )


def _check_fields(row: Mapping[str, Any], columns: Columns, place: str) -> None:
    for field in REQUIRED:
        if (column := getattr(columns, field)) not in row:
            allowed = f"a field {column!r}, or data.columns.{field}=NAME; data=table needs text, target and label alone"
            raise input_error(place, f"field {column!r} is missing", found=sorted(row), allowed=allowed)


def _annotation(
    row: Mapping[str, Any],
    columns: Columns,
    label_map: Mapping[str, str],
    leave_out: Collection[str | None],
    target: str,
    place: str,
    number: int,
    *,
    strict: bool,
) -> Annotation:
    needed = [field for field in REQUIRED if field != "holder"] if strict else ["text", "target"]

    def cell(field: str, default: str = "") -> str:
        """A field's text; an empty or missing one gives the default, unless it is needed."""
        column = getattr(columns, field)
        return cell_of(row.get(column), column, place, may_be_empty=field not in needed) or default

    return Annotation(
        id=cell("id", f"row-{number}"),
        text=cell("text"),
        holder=cell("holder"),
        target=target or cell("target"),
        label=label_of(row.get(columns.label), label_map, place, leave_out),
        annotator=cell("annotator", NOBODY),
        document=cell("document"),
        context=cell("context"),
        date=cell("date"),
        tags=tags_of(row.get(columns.tags), columns.tags, place),
        place=place,
    )


def _part(value: object, part_map: Mapping[str, str], place: str) -> str:
    spelling = known_as(value, part_map)
    if spelling is None:
        part = part_map.get(nearest(str(value), part_map, ""), "validation")
        those = [spelling for spelling, meant in part_map.items() if meant == part]
        hint = setting(f"data.parts.{part}", [*those, str(value)])
        allowed = f"{', '.join(part_map)}; others: say what each means, e.g. {hint}"
        raise input_error(place, "unknown part", found=value, allowed=allowed)
    return part_map[spelling]


_OPTIONS = frozenset(
    ("columns", "labels", "leave_out", "encoding", "quoting", "fill_down", "annotators", "adjudicator")
)

ANNOTATIONS = CorpusInfo(name="annotations", read=partial(read, strict=True), options=_OPTIONS)
TABLE = CorpusInfo(name="table", read=read, options=_OPTIONS | {"parts", "target"})
