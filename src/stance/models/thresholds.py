"""Answering above a confidence alone: what a threshold let through on validation, and what stands for no answer."""

from __future__ import annotations

from typing import NamedTuple


class Threshold(NamedTuple):
    """What happened on validation above one confidence: ``rows`` were answered, of them ``errors`` wrongly."""

    confidence: float
    rows: int
    errors: int
