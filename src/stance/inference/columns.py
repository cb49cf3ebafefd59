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
    if first is not None and config.columns.holder not in _check_columns(first, config) and config.holder is None:
        log.info("no column %r: the stance is that of the author of the text", config.columns.holder)
    good, bad = [], []
    for row in chunk:
        try:
            values = _check_columns(row, config)
            good.append((values, _read(row, values, config)))
            gaps.note(values, row.place)
        except StanceError as error:
            if config.strict:
                raise
            reason = str(error).removeprefix(f"{row.place}: ")
            raw = json.dumps(row.values, ensure_ascii=False, default=str) if row.raw is None else row.raw
            bad.append({"line": row.number, "reason": reason, "raw": raw})
    return good, bad


def _check_columns(row: ScannedRow, config: PredictConfig) -> Row:
    """The values of a row that can be read and has the columns that it should have, and no other of the kind."""
    values = row.values
    if isinstance(values, StanceError):
        raise values
    for name in QUESTION:
        column = getattr(config.columns, name)
        if name in ("target", "holder") and getattr(config, name) is not None:
            if column in values:
                problem = f"{name}=... is given and there is a column {column!r}"
                raise input_error(row.place, problem, allowed=f"either {name}=... or the column")
        elif column not in values and (name in ("text", "target") or column != name):
            allowed = f"a column {column!r}, or columns.{name}=NAME" + (", or target=..." if name == "target" else "")
            raise input_error(row.place, f"no column {column!r}", found=list(values), allowed=allowed)
    if taken := [name for name in added(config) if name in values]:
        prefixes = itertools.chain(["predicted_"], (f"predicted{number}_" for number in itertools.count(2)))
        free = next(prefix for prefix in prefixes if not values.keys() & added(replace(config, prefix=prefix)))
        allowed = f"a prefix for the added columns, e.g. prefix={free}"
        raise input_error(row.place, "the input already has the column", found=taken, allowed=allowed)
    return values


def _read(row: ScannedRow, values: Row, config: PredictConfig) -> Question:
    """What the model is asked about a row."""
    configured = {"target": config.target, "holder": config.holder}
    told = {name: value.strip() for name, value in configured.items() if value is not None}
    return Question(**config.columns.cells(values, row.place, [name for name in QUESTION if name not in told]), **told)


def cells_of(config: PredictConfig, lowest: float, prediction: Prediction, reading: Reading | None) -> Row:
    """What is added to a row: the label, or that there is none, the probabilities, and how it was read if asked for."""
    cells = flat(prediction)
    if max(prediction.scores.values()) <= lowest:
        cells["label"] = ABSTAIN
    if config.details and reading is not None:
        cells |= {name: getattr(reading, name) for name in DETAILS}
    return {config.prefix + name: value for name, value in cells.items()}
