"""Zips, as which workbooks and exports come: what no program writes is refused before anything is unpacked."""

import zipfile
from typing import IO
from xml.parsers import expat

from stance.base.errors import input_error

#: Files of a folder or zip.
MOST_FILES = 100_000

#: Bytes of all files of a zip, unpacked, and how many times as much as packed: beyond, it is a bomb.
LARGEST_ZIP = 8 * 2**30
DENSEST = 1000


def check_members(members: list[zipfile.ZipInfo], place: str, most: int = LARGEST_ZIP) -> None:
    """Refuse a zip that no program writes, or of more bytes, before anything in it is unpacked.

    Raises:
        StanceError: A file without a name, paths that lead out of it, a password, too many files, or far more in them
            than their size says.
    """
    if len(members) > MOST_FILES:
        raise input_error(place, "too many files in the zip", found=len(members), allowed=f"{MOST_FILES:,} at most")
    unpacked = 0
    for member in members:
        if not member.filename:
            raise input_error(place, "a file without a name in the zip")
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
            raise input_error(place, "a path that leads out of the zip", found=member.filename)
        if member.flag_bits & 1:
            raise input_error(place, "the zip has a password", found=member.filename)
        unpacked += member.file_size
        if member.file_size > 2**20 and member.file_size > DENSEST * max(1, member.compress_size):
            raise input_error(
                place, "a zip bomb: a file that unpacks to over 1,000 times its size", found=member.filename
            )
    if unpacked > most:
        raise input_error(place, "it unpacks to too many bytes", found=f"{unpacked:,}", allowed=f"{most:,} at most")


def check_archive(archive: zipfile.ZipFile, place: str, most: int = LARGEST_ZIP) -> None:
    """The same of a workbook or document, and no part of it declares a document type, in which entities would stand.

    Raises:
        StanceError: See :func:`check_members`; XML with a document type.
    """
    check_members(archive.infolist(), place, most)
    for name in archive.namelist():
        if name.lower().endswith((".xml", ".rels")):
            with archive.open(name) as part:
                check_prolog(part, f"{place}: {name}")


def check_prolog(part: IO[bytes], place: str) -> None:
    """Refuse XML with a document type, whatever its encoding; what comes after its first element is not looked at.

    Raises:
        StanceError: It has one.
    """
    seen: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: seen.append("type")
    parser.StartElementHandler = lambda *_: seen.append("element")
    try:
        while not seen and (some := part.read(4096)):
            parser.Parse(some)
    except expat.ExpatError:
        pass  # whoever reads it says what is wrong
    if seen[:1] == ["type"]:
        raise input_error(place, "XML with a document type or entities, which no program writes there")
