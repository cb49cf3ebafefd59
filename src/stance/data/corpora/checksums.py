"""Checksums of published corpora: files that differ from those that published scores are about are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error
from stance.base.files import file_digest


def verified(path: Path, sha256: str, verify: bool, what: str = "the published results are about") -> str:
    """SHA-256 of the file's bytes.

    Args:
        path: The file.
        sha256: Of the bytes that it should have.
        verify: Refuse others.
        what: Of the file with these bytes, for the message.

    Raises:
        StanceError: It is not there, or ``verify`` is set and it has another digest.
    """
    found = file_digest(path)
    if verify and found != sha256:
        raise input_error(
            str(path),
            f"not the file that {what}",
            found=f"sha256 {found}",
            allowed=f"sha256 {sha256}, or data.verify=false to read it all the same",
        )
    return found


def corpus_of_files(
    folder: str | Path,
    files: Mapping[str, tuple[str, str]],
    read_file: Callable[[Path, str], Iterable[Annotation]],
    *,
    verify: bool,
) -> Corpus:
    """A corpus whose every file is of one official part.

    Args:
        folder: With the files.
        files: File -> part and SHA-256 of the bytes that the published results are about.
        read_file: The annotations of a file, from its path and part.
        verify: See :func:`verified`.

    Raises:
        StanceError: See :func:`verified` and ``read_file``.
    """
    annotations: list[Annotation] = []
    parts: dict[str, str] = {}
    digests: dict[str, str] = {}
    for name, (part, sha256) in files.items():
        path = Path(folder) / name
        digests[name] = verified(path, sha256, verify)
        for annotation in read_file(path, part):
            annotations.append(annotation)
            parts[annotation.id] = part
    return Corpus(tuple(annotations), parts, digests)
