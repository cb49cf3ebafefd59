"""Rows to be coded next: read from scored files, chosen by what they teach, written as tasks of a tool."""

import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stance.base.errors import Faults, StanceError, input_error, line_of
from stance.base.labels import LABELS, spelled
from stance.base.lines import Row
from stance.base.predictions import Contradictions, Prediction, scores_of, to_probabilities
from stance.base.rows import read_rows
from stance.base.words import composed
from stance.data.columns import cell_of
from stance.data.config import TasksConfig
from stance.data.imports.tasks import Question, Task, check_kind, question_of, rows_in, write_tasks
from stance.data.teaching import CANDIDATES, disagreement, most_first, narrowness, one_of_each

log = logging.getLogger(__name__)

#: Texts -> a vector each.
Embed = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True)
class Exported:
    """What was done: tasks written, rows that could be coded, rows left out since they were given before."""

    tasks: int
    rows: int
    given: int
    mapping: Path


def export_tasks(config: TasksConfig, embed: Embed) -> Exported:
    """Choose rows and write them.

    Raises:
        StanceError: A file that is none of rows, files of several models that are not of the same rows, no rows left.
    """
    check_kind(config.to, config.output)
    given: set[str | Question] = set()
    for path in config.given:
        given |= rows_in(path)
    tasks, members, skipped = _read(config, given)
    usefulness = _usefulness(config, tasks, members)
    n = min(config.n, len(tasks))
    if config.clusters and config.order in ("margin", "disagreement") and n < len(tasks):
        candidates = most_first(usefulness, CANDIDATES * n)
        vectors = embed([tasks[index].fields["text"] for index in candidates])
        chosen = candidates[one_of_each(vectors, usefulness[candidates], n, config.seed)]
    else:
        chosen = most_first(usefulness, n)
    rows = [tasks[index] for index in chosen]
    mapping = write_tasks(config.output, config.to, rows, annotators=config.annotators, model=config.input[0])
    return Exported(len(rows), len(tasks), skipped, mapping)


def _read(config: TasksConfig, given: set[str | Question]) -> tuple[list[Task], list[NDArray[np.float64]], int]:
    """The rows of the first file that may be coded, the probabilities of each file, and how many were given before.

    Rows are known by their ids. Those that have none are called by their number, which another row of another file has
    too: they are known by what is asked of them.
    """
    tasks: list[Task] = []
    seen: dict[tuple[str, str, str], int] = {}
    kept: list[bool] = []
    skipped = 0
    members: list[NDArray[np.float64]] = []
    for number, path in enumerate(config.input):
        found, known = _rows(path, config)
        if number == 0:
            for task, name in zip(found, known, strict=True):
                key = task.fields["text"], task.fields["holder"], task.fields["target"]
                before = name in given
                skipped += before
                kept.append(not before and seen.setdefault(key, len(kept)) == len(kept))
            first = known
            tasks = list(itertools.compress(found, kept))
        elif known != first:
            allowed = "the same ids in the same order; without ids the same texts, holders and targets"
            raise input_error(path, f"other rows than {config.input[0]}", allowed=allowed)
        scored = list(itertools.compress(found, kept))
        if scored and all(task.scores for task in scored):
            said = [Prediction("neutral", task.scores) for task in scored]
            members.append(to_probabilities(said, path))
    if not tasks:
        raise input_error(config.input[0], "no rows to be coded", found=f"{skipped} given before")
    return tasks, members, skipped


def _rows(path: str, config: TasksConfig) -> tuple[list[Task], list[str | Question]]:
    """The rows, and what each is known by."""
    tasks: list[Task] = []
    known: list[str | Question] = []
    faults, contradictions = Faults(path), Contradictions(path)
    for number, (line, row) in enumerate(read_rows(path), start=1):
        place = line_of(path, line)
        with faults.noted(place):
            row_id = cell_of(row.get("id"), "id", place, may_be_empty=True)
            task = _task(row, config, place, row_id or f"row-{number}")
            tasks.append(task)
            if task.scores and (label := spelled(row.get(config.prefix + "label"))) in LABELS:  # not "abstain"
                contradictions.note(Prediction(label, task.scores), place)
            known.append(composed(row_id) or question_of(task.fields))
    faults.tell()
    contradictions.tell()
    ids = [task.fields["id"] for task in tasks]
    if len(set(ids)) < len(ids):
        raise input_error(path, "an id occurs twice", found=next(i for i in ids if ids.count(i) > 1))
    return tasks, known


def _task(row: Row, config: TasksConfig, place: str, row_id: str) -> Task:
    fields = {"id": row_id}
    fields |= config.columns.cells(row, place, ("text", "holder", "target", "context"))
    for name in ("document", "date"):
        fields[name] = cell_of(row.get(name), name, place, may_be_empty=True)
    scored: Row = {name: row.get(config.prefix + name) for name in LABELS}
    if all(scored[label] in (None, "") for label in LABELS):
        return Task(fields, {})
    return Task(fields, scores_of(scored, place))


def _usefulness(
    config: TasksConfig, tasks: Sequence[Task], members: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """What each row teaches; by ``file`` the earlier the more, at ``random`` drawn by the seed."""
    if config.order == "file":
        return -np.arange(len(tasks), dtype=np.float64)
    if config.order == "random":
        return np.random.default_rng(config.seed).random(len(tasks))
    if not members:
        log.info("%s: no probabilities; one row of each cluster is taken", config.input[0])
        return np.zeros(len(tasks))
    if len(members) < len(config.input):
        raise StanceError(f"{', '.join(config.input)}: one of the files has no probabilities")
    return disagreement(members) if config.order == "disagreement" else narrowness(np.mean(members, axis=0))
