"""Scoring a file of any length with a checkpoint, in flat memory."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from tqdm.auto import tqdm

from stance.annotations import text_of
from stance.classifier import StanceClassifier
from stance.errors import input_error
from stance.labels import LABELS
from stance.predictions import flat
from stance.settings import PredictConfig
from stance.tables import Row, parquet_schema, read_chunks, write_chunks

log = logging.getLogger(__name__)

#: Columns that scoring adds, in this order, after those of the input.
ADDED = ("label", *LABELS)


def predict_file(classifier: StanceClassifier, config: PredictConfig) -> int:
    """Write every input row, in order, with ``label`` and a probability for each label added.

    Args:
        classifier: Any checkpoint.
        config: Files, column names, rows in memory at a time.

    Returns:
        Number of rows.

    Raises:
        StanceError: Names file, line, value and what is allowed: a missing column, an empty text or target, a column
            that would be overwritten, a file without rows. No output is left then.
    """
    added = [config.prefix + name for name in ADDED]
    schema = parquet_schema(config.input)
    if schema is not None:
        types = [pa.string(), *[pa.float64()] * len(LABELS)]
        for name, kind in zip(added, types, strict=True):
            if name not in schema.names:
                schema = schema.append(pa.field(name, kind))
    rows = 0
    with write_chunks(config.output, schema) as output, tqdm(unit="row", desc=Path(config.input).name) as bar:
        for chunk in read_chunks(config.input, config.chunk, config.encoding):
            columns = [_column(chunk, config, name) for name in ("text", "target", "holder", "context")]
            for place, row in chunk:
                if taken := [name for name in added if name in row]:
                    allowed = "a prefix for the added columns, e.g. prefix=predicted_"
                    raise input_error(place, "the input already has the column", found=taken, allowed=allowed)
            if not rows and config.holder is None and not any(config.columns.holder in row for _, row in chunk):
                log.info("no column %r: the stance asked is that of the author of the text", config.columns.holder)
            predictions = classifier.predict(*columns)
            output.write(
                [
                    row | dict(zip(added, flat(prediction).values(), strict=True))
                    for (_, row), prediction in zip(chunk, predictions, strict=True)
                ]
            )
            rows += len(chunk)
            bar.update(len(chunk))
        if not rows:
            raise input_error(config.input, "no rows in the file")
    return rows


def _column(chunk: Sequence[tuple[str, Row]], config: PredictConfig, name: str) -> list[str]:
    """The values of text, target, holder or context in a chunk."""
    constant = {"target": config.target, "holder": config.holder}.get(name)
    column = getattr(config.columns, name)
    required = name in ("text", "target") or column != name
    values = []
    for place, row in chunk:
        if constant is not None:
            if column in row:
                allowed = f"either {name}=... or the column"
                raise input_error(place, f"{name}=... is given and there is a column {column!r}", allowed=allowed)
            values.append(constant)
            continue
        if required and column not in row:
            allowed = f"a column {column!r}, or columns.{name}=NAME" + (", or target=..." if name == "target" else "")
            raise input_error(place, f"no column {column!r}", found=list(row), allowed=allowed)
        values.append(text_of(row.get(column), column, place, may_be_empty=name in ("holder", "context")))
    return values
