"""Answers that a reader of the page judged, as rows that ``data=annotations`` reads: the next training learns them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stance.base.errors import input_error
from stance.base.labels import check_label_map
from stance.base.spreadsheet import write_table
from stance.map.types import Evidence, StanceMap

#: The columns of ``corrections.csv``; the page takes them from here.
COLUMNS = ("id", "text", "holder", "target", "label", "annotator", "document", "context")

#: Who judged, where the reader of the page gives no name.
ANNOTATOR = "reader"


def correction(evidence: Evidence, label: str, annotator: str) -> tuple[str, ...]:
    """The row of one answer with the label that is right, in the order of ``COLUMNS``."""
    known = (evidence.id, evidence.sentence, evidence.actor, evidence.proposal)
    return (*known, label, annotator, evidence.document, evidence.context)


def write_corrections(stance_map: StanceMap, labels: Mapping[str, str], path: Path, annotator: str = ANNOTATOR) -> None:
    """Write what the page's button downloads.

    Args:
        stance_map: The map that was looked at.
        labels: The right label by the id of the evidence, for those that were judged.
        path: The csv.
        annotator: Who judged.

    Raises:
        StanceError: A label that there is not, or an id of no evidence of the map.
    """
    check_label_map(labels, str(path))
    if unknown := sorted(labels.keys() - {row.id for row in stance_map.evidence}):
        raise input_error(str(path), "corrections of what is not in the map", found=unknown)
    chosen = [row for row in stance_map.evidence if row.id in labels]
    write_table(path, COLUMNS, (correction(row, labels[row.id], annotator) for row in chosen))
