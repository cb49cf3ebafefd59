"""The files of an export, whether they lie alone, in a folder or in a zip: nothing is ever unpacked to the disk."""

import io
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from stance.base.errors import content, input_error
from stance.base.names import must_exist
from stance.base.zips import MOST_FILES, check_members

#: Bytes that a file may have if it must be in memory as a whole (XMI, a zip in a zip, a document).
LARGEST = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Piece:
    """One file.

    Attributes:
        name: Its path in the folder or zip, with ``/``; of a file alone its name.
        place: For messages.
        size: In bytes, unpacked.
        open: Gives a stream of its bytes, to be closed.
    """

    name: str
    place: str
    size: int
    open: Callable[[], BinaryIO]

    @property
    def suffix(self) -> str:
        """Of the name, in small letters."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        """The name without folders and suffix."""
        return PurePosixPath(self.name).stem

    @property
    def folder(self) -> str:
        """Name of the folder that it is in; empty if there is none."""
        return PurePosixPath(self.name).parent.name

    def head(self, size: int = 4096) -> bytes:
        """Its first bytes."""
        with closing(self.open()) as stream:
            return stream.read(size)

    def check_size(self, of: str = "this kind of file is read as a whole; export fewer documents at once") -> None:
        """Refuse a file that must be in memory as a whole and is larger than that should hold.

        Raises:
            StanceError: Says what ``of`` says.
        """
        if self.size > LARGEST:
            allowed = f"{LARGEST >> 20} MB, as {of}"
            raise input_error(self.place, "too large", found=f"{self.size >> 20} MB", allowed=allowed)

    def read(self) -> bytes:
        """All its bytes.

        Raises:
            StanceError: They are more than memory should hold.
        """
        self.check_size()
        with closing(self.open()) as stream:
            return stream.read()


def pieces_of(path: str | Path) -> tuple[Piece, ...]:
    """The files of an export in the order of their names; hidden ones of a folder only where tools write them.

    Raises:
        StanceError: It is not there, or a zip that is damaged, encrypted, a bomb, or with paths that lead out of it.
    """
    path = must_exist(path, "file or folder")
    if path.is_dir():
        return _folder(path)
    with path.open("rb") as stream:
        packed = stream.read(4) == b"PK\x03\x04"
    if packed and path.suffix.lower() not in (".xlsx", ".xlsm", ".docx"):  # which are zips too
        return zipped(path, str(path))
    return (_on_disk(path, path.name),)


def _on_disk(file: Path, name: str) -> Piece:
    return Piece(name, str(file), file.stat().st_size, lambda: file.open("rb"))


def _folder(path: Path) -> tuple[Piece, ...]:
    files = []
    for file in path.rglob("*"):
        inner = file.relative_to(path)
        if file.is_file() and not any(part.startswith(".") and part != ".argilla" for part in inner.parts):
            files.append(file)
        if len(files) > MOST_FILES:
            raise input_error(str(path), "too many files in the folder", allowed=f"{MOST_FILES:,} at most")
    if not files:
        raise input_error(str(path), "no files in the folder")
    return tuple(_on_disk(file, file.relative_to(path).as_posix()) for file in sorted(files))


def zipped(source: Path | bytes, place: str) -> tuple[Piece, ...]:
    """The files of a zip, or of one inside a zip by its bytes.

    Raises:
        StanceError: See :func:`pieces_of`.
    """
    with content(place, "not a readable zip"):
        archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    check_members(archive.infolist(), place)
    members = [member for member in archive.infolist() if not member.is_dir()]
    shown = [m for m in members if not PurePosixPath(m.filename).name.startswith((".", "__MACOSX"))]
    # The pieces share the archive, whose list of thousands of files is thus read once; it closes with the last.
    return tuple(
        Piece(
            member.filename,
            f"{place}: {member.filename}",
            member.file_size,
            cast(Callable[[], BinaryIO], partial(archive.open, member)),
        )
        for member in sorted(shown, key=lambda member: member.filename)
        if not member.filename.startswith("__MACOSX/")
    )
