"""Where the files of a corpus are on this machine, which no record says."""

from __future__ import annotations

import os
from pathlib import Path

from stance.base.home import PROJECT
from stance.data.info import OWN_FILES, info_of


def root_of(reader: str, *, verify: bool) -> Path:
    """The folder that the path of a corpus begins in; of the user's own files the one that a command runs in.

    Args:
        reader: See :class:`stance.data.config.DataConfig`.
        verify: Whether it is a published corpus. A file of Discourse Network Analyzer may be, or the user's own.
    """
    if reader in OWN_FILES:
        return published() if reader == "dna" and verify else Path()
    info = info_of(reader)
    return published() if info.folder and "texts" not in info.options else PROJECT


def published() -> Path:
    """Where the corpora are that others published: the folder that STANCE_DATA names, or ``data``."""
    return Path(os.environ.get("STANCE_DATA", "data"))
