"""From records to rows: what the mapping says of each, what is left out and why."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stance.base.annotations import warn_of_alike, warn_of_shortened
from stance.base.errors import Faults, input_error
from stance.base.labels import parse_label
from stance.base.lines import is_utf8
from stance.base.words import composed
from stance.data.columns import GAP, MISSING_WORDS, Gaps, document_of_text
from stance.data.imports.mapping import ImportMapping, Question, Texts
from stance.data.imports.pieces import Piece, pieces_of
from stance.data.imports.record import Options, Record
from stance.data.imports.sheets import sheet_rows
from stance.data.imports.source import same
from stance.data.imports.text import text_of_piece, tidy

log = logging.getLogger(__name__)

#: Between the unit, the holder and the target in the id of a row.
PARTED = " | "

#: What is the same in all judgements of a row.
OF_A_ROW = ("text", "holder", "target")

#: Fields that may be empty, and what that comes to.
MAY_BE_EMPTY = {name: Gaps.MEANING[name] for name in ("holder", "document", "annotator")}

#: Whoever judged, where the tool does not say.
SOMEBODY = "somebody"


@dataclass
class Rows:
    """The rows of an export.

    Attributes:
        rows: Place and values of each, named as :class:`stance.base.annotations.Annotation` is.
        left_out: How many records are no judgements, by reason.
        unsure: Row id and annotator of judgements whose label the mapping leaves out by name, and which are no gap.
        empty: How many rows have nothing in a field of ``MAY_BE_EMPTY`` that the mapping names.
        missing: By field of ``MAY_BE_EMPTY`` and word the rows where a word for a missing value stands there.
        second: By field of words that a judgement is linked to, the rows that have a second of its name, not read.
        units: What the rows are of: their ids without holder and target.
        document_of: From its text and unit the document of a row that names none.
    """

    rows: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unsure: list[tuple[str, str]] = field(default_factory=list)
    empty: Counter[str] = field(default_factory=Counter)
    missing: Counter[tuple[str, str]] = field(default_factory=Counter)
    second: Counter[str] = field(default_factory=Counter)
    units: dict[str, None] = field(default_factory=dict)
    document_of: Callable[[str, str], str] = field(default_factory=document_of_text)


def rows_of(records: Iterable[Record], mapping: ImportMapping, place: str) -> Rows:
    """The judgements among the records, as rows.

    Several answers of one annotator to one unit, where the tool says when each was given: of a layer the last counts,
    and none where that was to skip it. Several judgements of one row without time: the same twice counts once;
    otherwise both stay, and are a fault that the check of the corpus tells. So do judgements of another text, holder or
    target. A warning counts answers of one annotator in two files, who may be two people.

    Raises:
        StanceError: About all faulty records: an unknown label, no text or target, a field that no record has.
    """
    found = Rows()
    kept: dict[tuple[str, str], list[Kept]] = {}
    last: dict[tuple[int, str, str, str], str] = {}
    files = _Files()
    faults = Faults(place)
    texts = Joined(mapping.texts, mapping) if mapping.texts else None
    added = texts.columns if texts else ()
    names: dict[str, set[str]] = {"": {*added}}
    asked = {name for question in mapping.questions for name in question.names()}
    for record in records:
        there = names.setdefault(record.table, {*added})
        there.update(record.values)
        if record.reason and record.reason not in mapping.take:
            if mapping.asks(record.layer):
                found.left_out[record.reason] += 1
            for number, question in enumerate(mapping.questions):
                _note(record, record.values, number, question, last)
            continue
        with faults.noted(record.place):
            values = texts.add(record.values, record.place) if texts else record.values
            there.update(values)
            for number, question in enumerate(mapping.questions):
                if not _is_asked(record, values, question, found.left_out):
                    continue
                answer = _note(record, values, number, question, last)
                for row in _judgements(record, values, question, found):
                    if len(mapping.questions) > 1 and question.fields["target"].is_constant():
                        row["id"] += PARTED + row["target"]
                    if "label" not in row:
                        found.unsure.append((row["id"], row["annotator"]))
                        continue
                    found.second.update(
                        name
                        for name in question.names()
                        if name.startswith("linked.") and values.get(f"{name}2") and f"{name}2" not in asked
                    )
                    again = kept.setdefault((row["id"], row["annotator"]), [])
                    this = Kept(record.when, record.place, answer, row, _file_of(record))
                    files.look(record, this, again)
                    _keep(again, this, found.left_out)
    _check_names(mapping, names, place)
    faults.tell()
    files.tell(place)
    for name, n in found.second.items():
        told = (
            "%s: %d judgement(s) are linked to a second %s, which is not read; 'questions' in the mapping read it too: "
        )
        log.warning(told + '%s2, with leave_out for ""', place, n, name, name)
    if found.units.keys() - {row_id for row_id, _ in kept}:  # else the check of the corpus tells
        warn_of_alike(place, found.units, "units")
        warn_of_shortened(place, "id", found.units)
    for several in kept.values():
        for one in several:
            if one.when and one.when < max(last.get(one.answer, ""), last.get((*one.answer[:3], ""), "")):
                found.left_out["an earlier answer of the same annotator"] += 1
            else:
                found.rows.append((one.place, one.row))
    return found


class Kept(NamedTuple):
    """A judgement: when and where it was made, what it answers (question, unit, annotator, layer), in which file."""

    when: str
    place: str
    answer: tuple[int, str, str, str]
    row: dict[str, str]
    file: str


def _file_of(record: Record) -> str:
    """What tells its file from others, as far as its tool has a file for each annotator or project."""
    return record.table or record.project or record.values.get("(file)", "")


class _Files:
    """Looks for answers of one annotator to one row, or to one task of projects, in two files: two people may be one.

    Attributes:
        tasks: The first answer to each task of a project by each annotator.
        in_two: By row or task and annotator the places of two answers.
    """

    def __init__(self) -> None:
        self.tasks: dict[tuple[str, str], Kept] = {}
        self.in_two: dict[tuple[str, str], tuple[str, str]] = {}

    def look(self, record: Record, this: Kept, again: Sequence[Kept]) -> None:
        """Look at an answer, and those before to the same row; one that two exports hold is known by its time."""
        key = record.values.get("task", "") if record.project else this.row["id"], this.row["annotator"]
        first = self.tasks.setdefault(key, this) if record.project else next(iter(again), this)
        if first.file != this.file and not (this.when and this.when == first.when):
            self.in_two.setdefault(key, (first.place, this.place))

    def tell(self, place: str) -> None:
        """Warn of what was found."""
        if self.in_two:
            told = "%s: %d times one annotator answers one task in two files, such as %s and %s; one answer to a row "
            hint = "counts; if these are two people, make (file) a part of annotator, and of id if their tasks differ"
            log.warning(told + hint, place, len(self.in_two), *next(iter(self.in_two.values())))


def _note(
    record: Record,
    values: Mapping[str, str],
    number: int,
    question: Question,
    last: dict[tuple[int, str, str, str], str],
) -> tuple[int, str, str, str]:
    """What a record answers; if it says when, and who that was is known, note it where it is the last answer."""
    who = question.fields["annotator"].of(values) if "annotator" in question.fields else ""
    answer = number, record.unit or values.get("id", ""), who, record.layer
    if who and record.when > last.get(answer, ""):
        last[answer] = record.when
    return answer


def _keep(again: list[Kept], this: Kept, left_out: Counter[str]) -> None:
    """Put a judgement beside earlier ones of the same row and annotator, or in their place."""
    for index, other in enumerate(again):
        if any(composed(other.row.get(name, "")) != composed(this.row.get(name, "")) for name in OF_A_ROW):
            continue
        if other.when and this.when and other.when != this.when:
            left_out["an earlier answer of the same annotator"] += 1
            if this.when > other.when:
                again[index] = this
            return
        if other.row["label"] == this.row["label"]:
            left_out["the same answer twice"] += 1
            return
    again.append(this)


def _is_asked(record: Record, values: Mapping[str, str], question: Question, left_out: Counter[str]) -> bool:
    """Whether a question is about a record of this layer and with these values."""
    if not question.is_about(record.layer):
        left_out[f"of another layer ({record.layer})"] += 1
        return False
    for name, allowed in question.where.items():
        if same(tidy(values.get(name, ""))) not in allowed:
            left_out[f"{name} is {values.get(name, '')[:40]!r}"] += 1
            return False
    return True


def _judgements(record: Record, values: Mapping[str, str], question: Question, found: Rows) -> Iterator[dict[str, str]]:
    """The rows that a question makes of a record: one, or one for each column of an annotator."""
    if not question.annotators:
        yield from _row(record, values, question, found)
    for column, annotator in question.annotators.items():
        cell = {"(cell)": values.get(column, ""), "(annotator)": annotator}
        yield from _row(record, {**values, **cell}, question, found)


def _row(record: Record, values: Mapping[str, str], question: Question, found: Rows) -> Iterator[dict[str, str]]:
    """One row, or none where its label is left out; without the label where that is an answer left out by name."""
    left_out = found.left_out
    row = {name: source.of(values) for name, source in question.fields.items()}
    spelling = tidy(row.get("label", ""))
    if question.is_left_out(same(spelling)):
        left_out[f"label {spelling[:40]!r}"] += 1
        if same(spelling) in question.leave_out - GAP and row.get("target"):
            row.pop("label")
            yield _named(row, record, question)
        return
    if "target" in row and same(row["target"]) in question.leave_out:
        left_out[f"target {row['target'][:40]!r}"] += 1
        return
    for name in ("text", "target"):
        if name not in row:
            names = ", ".join([*values][:30]) + (f" and {len(values) - 30} more" if len(values) > 30 else "")
            raise input_error(record.place, f"the mapping says no {name}", allowed=f"{name}: FIELD, of {names}")
        if not row[name]:
            hint = "'texts:' in the mapping, if they are in another file" if name == "text" else "a value or leave_out"
            raise input_error(record.place, f"no {name}", found=row[name], allowed=hint)
    row["text"] = tidy(row["text"])
    row["label"] = question.label_of(same(spelling)) or parse_label(spelling, question.labels, record.place)
    unit = row.get("id") or record.place
    _named(row, record, question)
    found.units[unit] = None
    found.empty.update(name for name in MAY_BE_EMPTY if name in row and not row[name])
    found.missing.update((name, row[name]) for name in MAY_BE_EMPTY if row.get(name) in MISSING_WORDS)
    row["document"] = row.get("document") or found.document_of(row["text"], unit)
    yield row


def _named(row: dict[str, str], record: Record, question: Question) -> dict[str, str]:
    """The row with its id, and with somebody as its annotator where it names none."""
    parts = [row[name] for name in ("holder", "target") if name in row and not question.fields[name].is_constant()]
    row["id"] = composed(PARTED.join([row.get("id") or record.place, *filter(None, parts)]))
    row["annotator"] = row.get("annotator") or SOMEBODY
    return row


def _check_names(mapping: ImportMapping, names: Mapping[str, set[str]], place: str) -> None:
    """Refuse a mapping that looks at a field which no record has: it is misspelt, and would be empty everywhere.

    So is one that a whole table lacks, as those of two people may be called otherwise.

    Args:
        mapping: It.
        names: The fields of each table, and of what is in none under ``""``.
        place: Of the export.
    """
    everywhere = set().union(*names.values())
    for question in mapping.questions:
        of_columns = {"(cell)", "(annotator)"} if question.annotators else set()
        for name in sorted(question.unknown(everywhere | of_columns)):
            found = sorted(everywhere)
            raise input_error(mapping.place, f"no record of {place} has a field {name!r}", allowed=found[:60])
        for table, there in names.items():
            for name in sorted(question.lacks(there | of_columns)) if table else ():
                first = "" if name in question.where else f'{{first: [{name}, {{value: ""}}]}}, or '
                hint = f"; if it lacks that, {first}'files' to choose others"
                allowed = ", ".join(sorted(there)[:60]) + hint
                raise input_error(mapping.place, f"no record of {table} has a field {name!r}", allowed=allowed)


class Joined:
    """Columns of another table, or texts of a folder, by an id."""

    def __init__(self, texts: Texts, mapping: ImportMapping) -> None:
        path = texts.found_beside(mapping.place)
        self.texts, self.pieces = texts, pieces_of(path)
        self.folder = path.is_dir()
        self.place = str(path)
        self.known: dict[str, list[Piece]] = {}
        for piece in self.pieces if self.folder else ():
            self.known.setdefault(composed(piece.stem), []).append(piece)
        self.encoding = mapping.options.encoding
        options = Options(mapping.options.encoding, looked_at=mapping.options.looked_at)
        self.rows = {} if self.folder else self._table(options)
        self.columns = ("text",) if self.folder else tuple(next(iter(self.rows.values()), {}))

    def _table(self, options: Options) -> dict[str, dict[str, str]]:
        key = self.texts.key or self.texts.by
        rows: dict[str, dict[str, str]] = {}
        for place, row in sheet_rows(self.pieces[0], options):
            if key not in row:
                raise input_error(place, f"no column {key!r}", allowed=list(row))
            if row[key] in rows and rows[row[key]] != row:
                raise input_error(place, f"two rows with one {key}", found=row[key])
            rows[row[key]] = row
        return rows

    def add(self, values: Mapping[str, str], place: str) -> dict[str, str]:
        """The record's values and those of the other file; where both have a name, the record's counts.

        Raises:
            StanceError: There is nothing of this id, or more than one.
        """
        wanted = values.get(self.texts.by, "")
        if self.folder:
            return {"text": self._text(composed(wanted), place), **values}
        if wanted not in self.rows:
            raise input_error(place, f"no such {self.texts.by} in {self.place}", found=wanted)
        return {**self.rows[wanted], **values}

    def _text(self, name: str, place: str) -> str:
        """The text in the file of this name; of several the one that ends with ``.txt``."""
        found = self.known.get(name, [])
        found = [piece for piece in found if piece.suffix == ".txt"] or found
        if not found:
            raise input_error(place, f"no file {name!r} in {self.place}", allowed=f"the {self.texts.by} as name")
        if len(found) > 1:
            names = [piece.name for piece in found]
            raise input_error(
                place, f"{len(found)} files are called {name!r} in {self.place}", found=names, allowed="one"
            )
        told, data = self.encoding, found[0].read() if self.encoding else b""
        return text_of_piece(found[0], "" if not data.isascii() and is_utf8(data) else told)
