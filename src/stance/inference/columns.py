"""The columns of a file that is scored: which are read, which are added, and which rows are bad."""

import itertools
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stance.base.errors import StanceError, input_error
from stance.base.labels import LABELS
from stance.base.lines import Row, ScannedRow
from stance.base.predictions import ABSTAIN, Prediction, flat
from stance.base.questions import Question
from stance.base.words import visible
from stance.data.columns import QUESTION, Gaps
from stance.inference.config import PredictConfig
from stance.models.reading import Reading

log = logging.getLogger(__name__)

#: Columns that scoring adds, in this order, after those of the input; the last ones on demand.
ADDED = ("label", *LABELS)

DETAILS = ("text_cut", "holder_mentioned")


def added(config: PredictConfig) -> dict[str, str]:
    """The columns that are added, with their types in parquet."""
    types = dict.fromkeys(ADDED, "double") | {"label": "string"}
    types |= dict.fromkeys(DETAILS if config.details else (), "bool")
    return {config.prefix + name: kind for name, kind in types.items()}


def sort_rows(
    chunk: Sequence[ScannedRow], config: PredictConfig, gaps: Gaps, *, begun: bool
) -> tuple[list[tuple[Row, Question]], list[dict[str, Any]]]:
    """The good rows of a chunk, each with what the model reads of it, and the records of the bad ones.

    Until there is a good row, the first that can be read stands for the file: what its columns lack is an error.
    """
    first = None if begun else next((row for row in chunk if not isinstance(row.values, StanceError)), None)
    if first is not None:
        _check_columns(_values(first), first.place, config)
        if config.columns.holder not in _values(first) and config.holder is None:
            log.info("no column %r: the stance is that of the author of the text", config.columns.holder)
    configured = {"target": config.target, "holder": config.holder}
    told = {name: visible(value) for name, value in configured.items() if value is not None}
    asked = [name for name in QUESTION if name not in told]
    complete: set[tuple[str, ...]] = set()
    good, bad = [], []
    for row in chunk:
        try:
            values = _values(row)
            if (columns := tuple(values)) not in complete:
                _check_columns(values, row.place, config)
                complete.add(columns)
            good.append((values, Question(**config.columns.cells(values, row.place, asked), **told)))
            gaps.note(values, row.place)
        except StanceError as error:
            if config.strict:
                raise
            reason = str(error).removeprefix(f"{row.place}: ")
            raw = json.dumps(row.values, ensure_ascii=False, default=str) if row.raw is None else row.raw
            bad.append({"line": row.number, "reason": reason, "raw": raw})
    return good, bad


def _values(row: ScannedRow) -> Row:
    """The values of a row; what is wrong with it is raised."""
    if isinstance(row.values, StanceError):
        raise row.values
    return row.values


def _check_columns(values: Row, place: str, config: PredictConfig) -> None:
    """Raise StanceError unless a row has the columns that it should have, and none of those that are added."""
    for name in QUESTION:
        column = getattr(config.columns, name)
        if name in ("target", "holder") and getattr(config, name) is not None:
            if column in values:
                problem = f"{name}=... is given and there is a column {column!r}"
                raise input_error(place, problem, allowed=f"either {name}=... or the column")
        elif column not in values and (name in ("text", "target") or column != name):
            allowed = f"a column {column!r}, or columns.{name}=NAME" + (", or target=..." if name == "target" else "")
            raise input_error(place, f"no column {column!r}", found=list(values), allowed=allowed)
    if taken := [name for name in added(config) if name in values]:
        prefixes = itertools.chain(["predicted_"], (f"predicted{number}_" for number in itertools.count(2)))
        free = next(prefix for prefix in prefixes if not values.keys() & added(replace(config, prefix=prefix)))
        allowed = f"a prefix for the added columns, e.g. prefix={free}"
        raise input_error(place, "the input already has the column", found=taken, allowed=allowed)


def cells_of(config: PredictConfig, lowest: float, prediction: Prediction, reading: Reading | None) -> Row:
    """What is added to a row: the label, or that there is none, the probabilities, and how it was read if asked for."""
    cells = flat(prediction)
    if max(prediction.scores.values()) <= lowest:
        cells["label"] = ABSTAIN
    if config.details and reading is not None:
        cells |= {name: getattr(reading, name) for name in DETAILS}
    return {config.prefix + name: value for name, value in cells.items()}
