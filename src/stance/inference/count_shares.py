"""Shares of favor, neutral and against by target in a scored file, counted and corrected."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from stance.base.errors import input_error, line_of
from stance.base.files import write_json
from stance.base.labels import LABEL2ID, spelled
from stance.base.lines import Manner
from stance.base.names import beside
from stance.base.predictions import Contradictions, Prediction, parse_prediction, to_probabilities
from stance.base.rows import read_rows
from stance.base.words import one_spelling
from stance.data.columns import Columns, Gaps, document_of_text
from stance.evaluation.metrics import numbered
from stance.evaluation.shares import Errors, Scored, measure_by_target, measure_shares, read_validation
from stance.inference.columns import ADDED
from stance.inference.config import SharesConfig
from stance.models.classifier import checkpoint_folder

log = logging.getLogger(__name__)


def count_file(config: SharesConfig) -> tuple[dict[str, Any], Path]:
    """Shares of the labels in a scored file, in all and by target, and where they were written.

    Raises:
        StanceError: A column is missing, a row has no label or no probabilities, or too many labels are contradicted by
            them; a checkpoint that does not know how it did on validation.
    """
    validation = read_validation(checkpoint_folder(config.checkpoint))
    predictions, documents, targets = _read(config)
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
    path = Path(config.output) if config.output else beside(config.predictions, ".shares.json")
    write_json(path, report)
    return report, path


def _read(config: SharesConfig) -> tuple[list[Prediction], list[str], list[str]]:
    """Prediction, document and target of each row; documents and targets in one spelling each."""
    predictions: list[Prediction] = []
    documents: list[str] = []
    targets: list[str] = []
    document_spelled, target_spelled, document_of = one_spelling(), one_spelling(), document_of_text()
    contradictions = Contradictions(config.predictions)
    gaps = Gaps(config.predictions, vars(config.columns), {"document": Gaps.MEANING["document"]})
    manner = Manner(quoted=config.quoting != "none", wanted=(config.prefix + "label",))
    for line, row in read_rows(config.predictions, config.encoding, manner):
        place = line_of(config.predictions, line)
        gaps.note(row, place)
        scored = {name: row.get(config.prefix + name) for name in ADDED}
        if missing := [config.prefix + name for name, value in scored.items() if value in (None, "")]:
            raise input_error(place, "not scored", found=missing, allowed="what scripts/predict.py wrote; prefix=...")
        predictions.append(parse_prediction(scored, place))
        contradictions.note(predictions[-1], place)
        document = spelled(row.get(config.columns.document))
        text = spelled(row.get(config.columns.text)) or place
        documents.append(document_spelled(document or document_of(text, place)))
        targets.append(target_spelled(spelled(row.get(config.columns.target))))
    gaps.tell("fill_down", "scored again with ")
    if not predictions:
        raise input_error(config.predictions, "no rows in the file")
    contradictions.tell()
    for field, column in vars(config.columns).items():
        if column not in gaps.names and column != getattr(Columns, field):
            allowed = f"columns.{field}=NAME"
            raise input_error(config.predictions, f"no column {column!r}", found=sorted(gaps.names), allowed=allowed)
    if len(set(documents)) == len(documents):
        log.info("every row counts as a document of its own (column %r)", config.columns.document)
    return predictions, documents, targets
