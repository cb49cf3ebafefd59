"""Checksums of published corpora: files that differ from those that published scores are about are refused."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error
from stance.base.files import file_digest


def verified(path: Path, sha256: str, verify: bool, what: str = "the published results are about") -> str:
    """SHA-256 of the file's bytes.

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


def with_parts(rows: Iterable[tuple[Annotation, str]], files: Mapping[str, str], adjudicator: str = "") -> Corpus:
    """The corpus of annotations that come each with its official part; ``files`` may be filled while they come.

    Raises:
        StanceError: An id occurs again with another text, holder, target, document or part.
    """
    annotations: list[Annotation] = []
    first: dict[str, dict[str, str]] = {}
    for annotation, part in rows:
        row = {name: getattr(annotation, name) for name in ("text", "holder", "target", "document")} | {"part": part}
        before = first.setdefault(annotation.id, row)
        if other := [name for name in row if row[name] != before[name]]:
            place, problem = f"{part}, id {annotation.id!r}", f"it occurs before with another {other[0]}"
            raise input_error(place, problem, found=row[other[0]], allowed=f"one {other[0]} for one id")
        annotations.append(annotation)
    parts = {row_id: row["part"] for row_id, row in first.items()}
    return Corpus(tuple(annotations), parts, files, adjudicator)


def reader_of(
    files: Mapping[str, tuple[str, str]], read_file: Callable[[Path, str], Iterable[Annotation]]
) -> Callable[..., Corpus]:
    """``read`` of a corpus whose every file is of one official part.

    Args:
        files: File -> part and SHA-256 of the bytes that the published results are about.
        read_file: The annotations of a file, from its path and part. It raises a StanceError that names file, line and
            value: an empty cell, an unknown label and the like.
    """

    def read(folder: str | Path, *, verify: bool = True) -> Corpus:
        """The annotations with their official parts; see :func:`verified`."""
        digests = {name: verified(Path(folder) / name, sha256, verify) for name, (_, sha256) in files.items()}
        rows = ((each, part) for name, (part, _) in files.items() for each in read_file(Path(folder) / name, part))
        return with_parts(rows, digests)

    return read
