"""INCEpTION and WebAnno: WebAnno TSV 3, XMI and CAS JSON, alone, in a folder or in the zip of a project.

A record is an annotation; its layer is the name of the annotation's layer (the last part of it will do where it is the
only one of that name). Fields: each feature under its name; ``label``, else the first that has a value; ``span``,
``sentence``, ``before``; ``linked.NAME``, the words of what it is related to, under the values of that one's features,
the relation's and the role's; of a relation ``from``, ``to``; ``annotator`` (name of the file, or of the zip's), and
``document`` (name of its folder).

No judgements: what a curator agreed on, where there are annotators beside; take it with ``take: [curated version]``.
Positions count UTF-16 units. Labels of whole documents are not in TSV. XMI and CAS JSON are read by dkpro-cassis:
``pip install 'stance[inception]'``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from stance.base.errors import input_error
from stance.data.imports.cas import read_cas
from stance.data.imports.pieces import Piece, zipped
from stance.data.imports.record import Opened, Record
from stance.data.imports.webanno import read_tsv

DEFAULTS = {"id": "id", "text": "sentence", "label": "label", "annotator": "annotator", "document": "document"}

#: Names that are not an annotator's.
CURATOR, NOBODY = "CURATION_USER", "INITIAL_CAS"

#: Files that hold annotations.
KINDS = (".tsv", ".xmi", ".json")


@dataclass(frozen=True)
class Part:
    """One document of one annotator; ``types`` is the type system of an XMI."""

    piece: Piece
    document: str
    annotator: str
    types: Piece | None = None


def records(opened: Opened) -> Iterator[Record]:
    """The annotations of every document and annotator.

    Raises:
        StanceError: Nothing that could be annotations, or see the modules that read them.
    """
    parts = list(_parts(opened.pieces))
    if not parts:
        found = [piece.name for piece in opened.pieces[:5]]
        raise input_error(opened.pieces[0].place, "no annotations among the files", found=found, allowed=KINDS)
    people = {part.annotator for part in parts} - {CURATOR}
    for part in parts:
        piece = part.piece
        read = read_tsv(piece, opened.options.encoding) if piece.suffix == ".tsv" else read_cas(piece, part.types)
        own = {"document": part.document, "annotator": part.annotator}
        known = {key: value for key, value in own.items() if value}
        reason = "curated version" if part.annotator == CURATOR and people else ""
        for record in read:
            values = {**record.values, **known}
            values["id"] = f"{values['document']}@{record.values['id']}"
            yield replace(record, values=values, reason=record.reason or reason)


def _parts(pieces: tuple[Piece, ...]) -> Iterator[Part]:
    """The documents of a project's ``annotation`` and ``curation`` folders, or of any other folder."""
    project = any(piece.name.endswith("exportedproject.json") for piece in pieces)
    systems = {PurePosixPath(piece.name).parent: piece for piece in pieces if _is_types(piece)}
    for piece in pieces:
        folders = PurePosixPath(piece.name).parts[:-1]
        if project and not {"annotation", "curation"} & set(folders):
            continue
        if piece.name.endswith("exportedproject.json") or piece.stem == NOBODY:
            continue
        document = piece.folder if folders else ""
        annotator = piece.stem if folders or piece.suffix == ".tsv" else ""
        if piece.suffix == ".zip" and folders:
            inner = zipped(piece.read(), piece.place)
            inner_types = next((one for one in inner if _is_types(one)), None)
            for one in inner:
                if one.suffix in KINDS and one.stem != NOBODY:
                    yield Part(one, document, annotator, inner_types)
        elif piece.suffix in KINDS and not _is_types(piece):
            if not folders and piece.suffix == ".tsv":
                document = piece.stem
            beside = systems.get(PurePosixPath(piece.name).parent)
            yield Part(piece, document, annotator, beside or next(iter(systems.values()), None))


def _is_types(piece: Piece) -> bool:
    return piece.suffix == ".xml" and b"typeSystemDescription" in piece.head()
