"""Names of files: of which kind, where what belongs to one goes, and whether it is there."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from stance.base.errors import input_error

#: Columns of separated files by suffix; ``None`` stands for one JSON object a line.
DELIMITERS: dict[str, str | None] = {".csv": ",", ".tsv": "\t", ".jsonl": None}

#: A workbook of Excel; it is read, not written.
WORKBOOK = ".xlsx"

#: What may follow such a suffix: the text is compressed.
COMPRESSIONS = (".gz", ".zst")


#: Bytes of a name to which suffixes may still be added; a file system takes 255.
LONGEST = 200

#: Suffixes of tables that are written, and of those that are read.
SUFFIXES = (*DELIMITERS, ".parquet")

READABLE = (*SUFFIXES, WORKBOOK)


def table_kind(path: str | Path) -> tuple[str, str]:
    """What a file is and how it is compressed, by its name: ``(".csv", ".gz")``, ``(".csv", "")``."""
    path = Path(path)
    packed = path.suffix.lower()
    return (Path(path.stem).suffix.lower(), packed) if packed in COMPRESSIONS else (packed, "")


def is_parquet(path: str | Path) -> bool:
    """Whether a file is parquet, by its name."""
    return table_kind(path) == (".parquet", "")


def check_kind(path: str | Path, suffixes: Sequence[str] = SUFFIXES) -> None:
    """Raise StanceError if the name of a table ends in none of the suffixes, compressed or not if it is text."""
    kind, packed = table_kind(path)
    if kind not in suffixes or (packed and kind not in DELIMITERS):
        allowed = f"{', '.join(suffixes)}; the first three also with {' or '.join(COMPRESSIONS)} after it"
        raise input_error(str(path), "unknown kind of file", found=kind + packed, allowed=allowed)


def beside(path: str | Path, suffix: str) -> Path:
    """The path with another end in the place of ``.csv``, ``.csv.gz`` and the like."""
    path = Path(path)
    if not path.name:
        raise input_error(str(path), "no name of a file", found=str(path), allowed="the path of a file")
    return path.with_name(path.name[: len(path.name) - len("".join(table_kind(path)))] + suffix)


def as_name(path: str | Path) -> str:
    """A path as a single name, its folders joined by hyphens; one too long for a file ends in a digest of all of it."""
    name = str(path).strip("/").replace("/", "-")
    if len(name.encode()) <= LONGEST:
        return name
    return f"{name.encode()[: LONGEST - 17].decode(errors='ignore')}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def must_exist(path: str | Path, what: str = "file") -> Path:
    """The path, if it is there.

    Raises:
        StanceError: It is not; the message names the absolute path.
    """
    path = Path(path)
    if not path.exists():
        raise input_error(str(path), f"no such {what} (looked for {path.absolute()})")
    return path
