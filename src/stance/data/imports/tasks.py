"""Tasks for annotation tools: rows to be coded, as Label Studio, doccano and Prodigy read them, or as a sheet.

Beside the tasks goes a mapping, by which ``data=import`` reads what the tool gives back.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stance.base.errors import input_error
from stance.base.files import write_beside, write_json, write_jsonl, write_text
from stance.base.labels import LABELS
from stance.base.names import beside
from stance.base.tables import write_table
from stance.base.words import composed
from stance.data.imports.pieces import pieces_of
from stance.data.imports.record import Options
from stance.data.imports.sheets import sheet_rows

#: Text, holder and target of a row.
Question = tuple[str, str, str]

#: Name of the question in a tool.
QUESTION = "stance"

#: What may be written, and the suffixes of its file.
KINDS: Mapping[str, tuple[str, ...]] = {
    "label-studio": (".json",),
    "doccano": (".jsonl",),
    "prodigy": (".jsonl",),
    "sheet": (".xlsx", ".csv"),
}

#: What a coder is asked, in the order of the buttons.
ASKED = tuple(reversed(LABELS))

#: The interface of Label Studio.
INTERFACE = """<View>
  <Header value="$question"/>
  <Text name="context" value="$context"/>
  <Text name="text" value="$text"/>
  <Choices name="stance" toName="text" choice="single" showInline="true">
    <Choice value="favor" hotkey="1"/>
    <Choice value="neutral" hotkey="2"/>
    <Choice value="against" hotkey="3"/>
  </Choices>
</View>
"""


@dataclass(frozen=True, slots=True)
class Task:
    """A row to be coded.

    Attributes:
        fields: ``id``, ``text``, ``holder``, ``target``, ``context``, ``document``, ``date``; other columns under
            their own names.
        scores: Probability by label of a model; empty where it was not asked.
    """

    fields: Mapping[str, str]
    scores: Mapping[str, float]

    @property
    def predicted(self) -> str:
        """The label that the model thinks most probable; empty without one."""
        return max(self.scores, key=lambda label: self.scores[label]) if self.scores else ""

    @property
    def question(self) -> str:
        """What the coder is asked."""
        return f"Where does {self.fields['holder'] or 'the author'} stand on: {self.fields['target']}?"


def check_kind(kind: str, output: str | Path) -> None:
    """Raise StanceError unless a file of this name can hold such tasks."""
    if kind not in KINDS:
        raise input_error("to", "unknown kind of tasks", found=kind, allowed=KINDS)
    if Path(output).suffix.lower() not in KINDS[kind]:
        raise input_error("output", f"not a name for {kind}", found=str(output), allowed=KINDS[kind])


def write_tasks(
    path: str | Path, kind: str, tasks: Sequence[Task], *, annotators: Sequence[str] = (), model: str = ""
) -> Path:
    """Write the tasks, the mapping that reads them back, for Label Studio the interface; gives the mapping's path."""
    check_kind(kind, path)
    taken = {name for task in tasks for name in task.fields}
    twice = [name for name, n in Counter(annotators).items() if n > 1 or name in taken]
    if kind == "sheet" and twice:
        raise input_error("annotators", "a column that is there already", found=twice, allowed="one of a name")
    if kind == "label-studio":
        write_json(path, [_label_studio(task, model) for task in tasks])
        write_text(beside(path, ".interface.xml"), INTERFACE)
    elif kind == "sheet":
        _write_sheet(Path(path), tasks, annotators)
    else:
        made = _doccano if kind == "doccano" else _prodigy
        write_jsonl(path, (made(task) for task in tasks))
    mapping = beside(path, ".mapping.yaml")
    said = yaml.safe_dump(_mapping(kind, annotators), sort_keys=False, allow_unicode=True)
    write_text(mapping, f"# Reads what the tool gives back: data=import data.mapping={mapping.name}\n{said}")
    return mapping


def _label_studio(task: Task, model: str) -> dict[str, Any]:
    row: dict[str, Any] = {"data": {**task.fields, "question": task.question}}
    if task.scores:
        choice = {"from_name": QUESTION, "to_name": "text", "type": "choices", "value": {"choices": [task.predicted]}}
        scored = {"model_version": model, "score": task.scores[task.predicted], "result": [choice]}
        row["predictions"] = [scored]
    return row


def _doccano(task: Task) -> dict[str, Any]:
    """Without a label: doccano would take a predicted one for a coder's."""
    return {**task.fields, "question": task.question, "label": []}


def _prodigy(task: Task) -> dict[str, Any]:
    meta = {name: words for name, words in task.fields.items() if name != "text" and words}
    options = [{"id": label, "text": label} for label in ASKED]
    return {"text": task.fields["text"], "options": options, "meta": {"question": task.question, **meta}}


def _write_sheet(path: Path, tasks: Sequence[Task], annotators: Sequence[str]) -> None:
    names = list(dict.fromkeys(name for task in tasks for name in task.fields))
    rows = [[task.fields.get(name, "") for name in names] + [""] * len(annotators) for task in tasks]
    if path.suffix.lower() == ".csv":
        write_table(path, [*names, *annotators], rows, encoding="utf-8-sig")  # the mark is for Excel
    else:
        with write_beside(path) as temporary:
            _write_workbook(temporary, [[*names, *annotators], *rows], len(names))


def _write_workbook(path: Path, rows: list[list[str]], before: int) -> None:
    """A workbook whose cells of coders offer the three labels; text that begins with ``=`` stays text."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    for number, row in enumerate(rows, start=1):
        for column, words in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            if words:
                cell.value = "".join(letter for letter in words if letter >= " " or letter in "\n\t")  # as it can hold
                cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=number > 1 and column <= before, vertical="top")
    offered = DataValidation(type="list", formula1=f'"{",".join(ASKED)}"', allow_blank=True)
    first, last = get_column_letter(before + 1), get_column_letter(max(len(rows[0]), before + 1))
    offered.add(f"{first}2:{last}{len(rows) + 1}")
    sheet.add_data_validation(offered)
    sheet.freeze_panes = "A2"
    book.save(path)


def _mapping(kind: str, annotators: Sequence[str]) -> dict[str, Any]:
    """What is what in the file that comes back."""
    prefix = {"label-studio": "data.", "prodigy": "meta."}.get(kind, "")
    fields = {name: f"{prefix}{name}" for name in ("id", "text", "holder", "target", "document")}
    if kind == "prodigy":
        fields |= {"text": "text"}
    said: dict[str, Any] = {"tool": "table" if kind == "sheet" else kind}
    layers = {"label-studio": QUESTION, "doccano": "class", "prodigy": "choice"}
    said |= {"layer": layers[kind]} if kind in layers else {}
    said |= fields
    if kind == "sheet":
        said |= {"annotators": list(annotators)}
    return said | {"labels": {label: [label] for label in ASKED}, "leave_out": [""] if kind == "sheet" else []}


def question_of(fields: Mapping[str, str], prefix: str = "") -> Question:
    """Text, holder and target of a row, as they are compared: tools change blanks and control characters."""
    text, holder, target = (
        re.sub(r"[\s\x00-\x1f]+", "", composed(fields.get(prefix + name) or fields.get(name) or ""))
        for name in ("text", "holder", "target")
    )
    return text, holder, target


def rows_in(path: str | Path) -> set[str | Question]:
    """The ids of the rows in a file of tasks, or in what a tool gave back, and what is asked of them.

    Raises:
        StanceError: It holds no ids.
    """
    known: set[str | Question] = set()
    for piece in pieces_of(path):
        if piece.suffix not in (".json", ".jsonl", ".csv", ".tsv", ".xlsx"):
            continue
        for _, row in sheet_rows(piece, Options()):
            column = next((name for name in ("data.id", "meta.id", "id") if row.get(name)), "")
            if column:
                known |= {composed(row[column]), question_of(row, column.removesuffix("id"))}
    if not known:
        raise input_error(
            str(path), "no ids of rows in it", allowed="a file that export_tasks wrote, or what came back"
        )
    return known
