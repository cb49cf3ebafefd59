"""Shares of favor, neutral and against by target in a scored file, counted and corrected."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from stance.base.errors import StanceError, input_error, line_of
from stance.base.files import write_json
from stance.base.labels import LABEL2ID, spelled
from stance.base.lines import Manner
from stance.base.names import beside
from stance.base.predictions import Contradictions, Prediction, parse_prediction, probabilities_of, to_probabilities
from stance.base.questions import Question
from stance.base.rows import read_rows
from stance.base.words import one_spelling
from stance.data.columns import QUESTION, Columns, Gaps, document_of_text
from stance.evaluation.metrics import FEW_DOCUMENTS, numbered
from stance.evaluation.shares import Errors, Scored, measure_by_target, measure_shares, read_validation
from stance.inference.columns import ADDED
from stance.inference.config import SharesConfig
from stance.models.classifier import StanceClassifier, checkpoint_folder
from stance.models.reading import readers, windowed

log = logging.getLogger(__name__)

#: How many rows the checkpoint is asked about again.
ASKED = 20

#: Differences of probabilities that another checkpoint makes, but no other runtime; and those that rounding does not.
FAR, NEAR = 0.05, 0.01


def count_file(config: SharesConfig) -> tuple[dict[str, Any], Path]:
    """Shares of the labels in a scored file, in all and by target, and where they were written.

    Raises:
        StanceError: A column is missing, a row has no label or no probabilities, or too many labels are contradicted by
            them; a checkpoint that does not know how it did on validation, or that answers otherwise than the file.
    """
    validation = read_validation(checkpoint_folder(config.checkpoint))
    predictions, documents, targets = _read(config)
    labels = np.array([LABEL2ID[prediction.label] for prediction in predictions], dtype=np.int64)
    corpus = Scored(numbered(documents), labels, to_probabilities(predictions, config.predictions))
    errors = Errors.of(validation, config.bootstrap, seed=0)
    if errors.documents < FEW_DOCUMENTS:
        log.warning(
            "%s: its validation part has %d documents: how it errs is hardly known, and the intervals of adjusted and "
            "em are too narrow",
            config.checkpoint,
            errors.documents,
        )
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


def _check_scored_by(config: SharesConfig, rows: Mapping[Question, Prediction], *, with_holder: bool) -> None:
    """Ask the checkpoint about some rows again: if it answers otherwise, its errors on validation are not the file's.

    Texts may have been read in windows, and another runtime answers a little differently.

    Raises:
        StanceError: It does on most rows. That is a warning where the file does not say whose stance was asked.
    """
    if (classifier := _asked_again(config, rows)) is None:
        return
    said, questions = to_probabilities([*rows.values()], config.predictions), [*rows]
    off = np.abs(probabilities_of(classifier.predictor, questions) - said).max(axis=1)
    if (off > NEAR).any() and readers(classifier.predictor):
        in_windows = np.abs(probabilities_of(windowed(classifier).predictor, questions) - said).max(axis=1)
        off = min(off, in_windows, key=np.median)
    if (far := int((off > FAR).sum())) > len(rows) / 2:
        told = f"{far} of {len(rows)} rows have other probabilities than {config.checkpoint} gives them"
        allowed = "the checkpoint that scored the file; columns.text=NAME and so on as it was told then"
        if with_holder:
            raise input_error(config.predictions, told, allowed=allowed)
        log.warning("%s: %s, unless it was told a holder; allowed: %s", config.predictions, told, allowed)
    elif (off > NEAR).sum() > len(rows) / 2:
        told = (
            "%s: most of %d rows have a little other probabilities than %s gives them, by up to %.3f: was it another?"
        )
        log.warning(told, config.predictions, len(rows), config.checkpoint, off.max())


def _asked_again(config: SharesConfig, rows: Mapping[Question, Prediction]) -> StanceClassifier | None:
    """The checkpoint; None, and a line that says why, if it is not asked again."""
    unchecked = f"it is not checked whether {config.checkpoint} scored {config.predictions}"
    if not rows:
        log.info("%s: no row with %r and %r", unchecked, config.columns.text, config.columns.target)
        return None
    try:
        classifier = StanceClassifier.from_pretrained(config.checkpoint, "auto")
    except StanceError as error:
        log.warning("%s: %s", unchecked, error)
        return None
    from stance.models.prompting.model import language_models  # here, since it takes a while to load

    if language_models(classifier.predictor):
        log.info("%s: a language model is not asked again", unchecked)
        return None
    return classifier


def _read(config: SharesConfig) -> tuple[list[Prediction], list[str], list[str]]:
    """Prediction, document and target of each row; documents and targets in one spelling each.

    The checkpoint is asked about the first rows again: see :func:`_check_scored_by`.
    """
    asked: dict[Question, Prediction] = {}
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
        if len(asked) < ASKED:
            with suppress(StanceError):  # without text or target, it is counted and cannot be asked about
                asked[Question(**config.columns.cells(row, place, QUESTION))] = predictions[-1]
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
    _check_scored_by(config, asked, with_holder=config.columns.holder in gaps.names)
    if len(set(documents)) == len(documents):
        log.info("every row counts as a document of its own (column %r)", config.columns.document)
    return predictions, documents, targets
