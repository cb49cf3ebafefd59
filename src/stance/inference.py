"""Scoring a file of any length with a checkpoint, in flat memory; and the shares of labels in a scored file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tqdm.auto import tqdm

from stance.annotations import text_of
from stance.classifier import StanceClassifier, checkpoint_folder
from stance.errors import input_error
from stance.files import write_json
from stance.labels import LABEL2ID, LABELS
from stance.metrics import numbered
from stance.predictions import Prediction, flat, parse_prediction, to_probabilities
from stance.selective import ABSTAIN, threshold_for
from stance.settings import PredictConfig, SharesConfig
from stance.shares import Errors, Scored, measure_by_target, measure_shares, read_validation
from stance.tables import Row, parquet_schema, read_chunks, write_chunks

log = logging.getLogger(__name__)

#: Rows of a scored file that are read at a time.
CHUNK = 4096

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
            that would be overwritten, a file without rows; a risk that is not to be reached. No output is left then.
    """
    lowest = _threshold(classifier, config)
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
                    row | dict(zip(added, _cells(prediction, lowest), strict=True))
                    for (_, row), prediction in zip(chunk, predictions, strict=True)
                ]
            )
            rows += len(chunk)
            bar.update(len(chunk))
        if not rows:
            raise input_error(config.input, "no rows in the file")
    return rows


def count_file(config: SharesConfig) -> tuple[dict[str, Any], Path]:
    """Shares of the labels in a scored file, in all and by target, and where they were written.

    Raises:
        StanceError: A column is missing, a row has no label or no probabilities; a checkpoint that does not know how it
            did on validation.
    """
    validation = read_validation(checkpoint_folder(config.checkpoint))
    predictions: list[Prediction] = []
    documents: list[str] = []
    targets: list[str] = []
    for chunk in read_chunks(config.predictions, CHUNK, config.encoding):
        for place, row in chunk:
            scored = {name: row.get(config.prefix + name) for name in ADDED}
            if missing := [config.prefix + name for name, value in scored.items() if value in (None, "")]:
                raise input_error(
                    place, "not scored", found=missing, allowed="what scripts/predict.py wrote; prefix=..."
                )
            if scored["label"] == ABSTAIN:
                raise input_error(
                    place, "a row without label", found=ABSTAIN, allowed="a file scored without abstain.risk"
                )
            predictions.append(parse_prediction(scored, place))
            documents.append(str(row.get(config.columns.document, place)))
            targets.append(str(row.get(config.columns.target, "")))
    if not predictions:
        raise input_error(config.predictions, "no rows in the file")
    if len(set(documents)) == len(documents):
        log.info("every row counts as a document of its own (column %r)", config.columns.document)
    labels = np.array([LABEL2ID[prediction.label] for prediction in predictions], dtype=np.int64)
    corpus = Scored(numbered(documents), labels, to_probabilities(predictions, config.predictions))
    errors = Errors.of(validation, config.bootstrap, seed=0)
    report = {
        "version": 1,
        "of": config.predictions,
        "checkpoint": config.checkpoint,
        "validation_rows": len(validation.labels),
        "all": measure_shares(errors, corpus),
    }
    if len(set(targets)) > 1:
        report["targets"] = measure_by_target(errors, corpus, targets)
    path = Path(config.output) if config.output else Path(config.predictions).with_suffix(".shares.json")
    write_json(path, report)
    return report, path


def _threshold(classifier: StanceClassifier, config: PredictConfig) -> float:
    """The confidence above which a row is answered; below 0 if every row is."""
    if config.abstain.risk is None:
        return -1.0
    rows = classifier.card.thresholds
    chosen, bound = threshold_for(rows, config.abstain.risk, config.abstain.delta, config.checkpoint)
    log.info(
        "answering above confidence %.3f: on validation %.0f%% of the rows, %.1f%% of them wrong; in truth, with "
        "probability %g, at most %.1f%%, for rows like those of validation (docs/evaluation.md says what that means)",
        *(chosen.confidence, 100 * chosen.rows / rows[-1].rows, 100 * chosen.errors / chosen.rows),
        *(1 - config.abstain.delta, 100 * bound),
    )
    return chosen.confidence


def _cells(prediction: Prediction, lowest: float) -> list[str | float]:
    """What is added to a row: the label, or that there is none, and the probabilities."""
    label, *scores = flat(prediction).values()
    return [label if max(prediction.scores.values()) > lowest else ABSTAIN, *scores]


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
