"""Where the files of a corpus are on this machine, which no record says."""

from __future__ import annotations

import os
from pathlib import Path

#: The checkout, whose ``seeds/`` is the bundled corpus.
CHECKOUT = Path(__file__).resolve().parents[3]

#: Readers of ``seeds/``.
BUNDLED = ("negotiation", "news", "bundled", "wire")

#: Readers of the user's own files, which are named from the folder that a command runs in.
OWN = ("annotations", "table", "import")


def root_of(reader: str, *, verify: bool) -> Path:
    """The folder that the path of a corpus begins in.

    Args:
        reader: See :class:`stance.data.config.DataConfig`.
        verify: Whether it is a published corpus. A file of Discourse Network Analyzer may be, or the user's own.
    """
    if reader in BUNDLED:
        return CHECKOUT
    return Path() if reader in OWN or (reader == "dna" and not verify) else published()


def published() -> Path:
    """Where the corpora are that others published: the folder that STANCE_DATA names, or ``data``."""
    return Path(os.environ.get("STANCE_DATA", "data"))
