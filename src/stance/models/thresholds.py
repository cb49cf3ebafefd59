"""What a threshold of confidence let through on validation."""

from __future__ import annotations

from typing import NamedTuple


class Threshold(NamedTuple):
    """What happened on validation above one confidence: ``rows`` were answered, of them ``errors`` wrongly."""

    confidence: float
    rows: int
    errors: int
