"""A published number is about certain bytes: refusing others."""

from __future__ import annotations

from pathlib import Path

from stance.errors import input_error
from stance.files import file_digest


def verified(path: Path, sha256: str, verify: bool) -> str:
    """SHA-256 of the file's bytes.

    Raises:
        StanceError: It is not there, or ``verify`` is set and it has another digest.
    """
    found = file_digest(path)
    if verify and found != sha256:
        raise input_error(
            str(path),
            "not the file that the published results are about",
            found=f"sha256 {found}",
            allowed=f"sha256 {sha256}, or data.verify=false to read it all the same",
        )
    return found
