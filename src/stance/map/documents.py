"""Documents as people have them: a folder of reports or a table, one at a time; what cannot be read is set aside."""

import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from stance.base.errors import StanceError, first_line, input_error
from stance.base.files import digest, quick_digest
from stance.base.labels import spelled
from stance.base.names import READABLE, must_exist, table_kind
from stance.base.rows import scan_rows
from stance.map.config import DocumentColumns
from stance.map.dates import date_in_name, parse_date
from stance.map.formats import READERS, Unreadable
from stance.map.press import Export, export_in
from stance.map.types import Document

log = logging.getLogger(__name__)

#: Rows of a parquet file that are in memory at a time.
CHUNK = 64


class SetAside(NamedTuple):
    """A document that was not read, and why."""

    document: str
    reason: str


def read_documents(
    path: str | Path,
    columns: DocumentColumns | None = None,
    *,
    encoding: str = "utf-8",
    largest: int = 20_000_000,
    skip: int = 0,
    without: Collection[Path] = (),
) -> Iterator[Document | SetAside]:
    """The documents of a folder (by name, with its folders) or of a table (in order); one is in memory at a time.

    Files whose name begins with a dot are passed over. A document that is empty, too large, damaged, in another
    encoding or a scan without text comes as :class:`SetAside`, and so does one with the id of an earlier one. A file
    that a news database exported gives a document for each of its articles, ``FILE#1`` and so on. The source of a file
    that does not say it is the folder within ``path`` in which it lies (but for years).

    Args:
        path: A folder of txt, md, html, docx, rtf and pdf files; or a csv, tsv, jsonl, parquet or xlsx table.
        columns: Of a table; None = all are called like the field.
        encoding: Of text files and tables.
        largest: Characters of a text, or bytes of a file, beyond which a document is set aside.
        skip: So many, read or set aside, are passed over at the beginning.
        without: Folders within it that are passed over. One that holds another map is set aside.

    Raises:
        StanceError: Nothing there, a folder without files, a table of another kind or without the columns; a package of
            the extra ``map`` is missing.
    """
    path = must_exist(path, "file or folder")
    if path.is_dir():
        found = _from_folder(path, encoding, largest, without)
    else:
        found = _from_table(path, vars(columns or DocumentColumns()), encoding, largest)
    yield from islice(found, skip, None)


def documents_digest(path: str | Path, without: Collection[Path] = ()) -> str:
    """What tells documents from others, by sizes and the first and last MiB: of each file in a folder, or of the table.

    So reports are read whole, and a change in the middle of a larger file that keeps its size is not seen.
    """
    path = must_exist(path, "file or folder")
    if not path.is_dir():
        return quick_digest(path)
    found = [[str(file.relative_to(path)), _told(file)] for file in _files(path, without)]
    return f"{len(found)} files, {digest(found)[:16]}"


def _told(file: Path) -> str:
    try:
        return quick_digest(file)
    except OSError:  # a folder of a map, or a file that may not be read: it will be set aside
        return f"{file.stat().st_size} bytes"


def _files(folder: Path, without: Collection[Path]) -> Iterator[Path]:
    """Every file, by ascending path, and every folder of a map; names only are in memory, a folder's at a time."""
    passed = {path.resolve() for path in without}
    entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if path.resolve() not in passed:
                yield from [path] if _is_map(path) else _files(path, passed)
        elif entry.is_file():
            yield path


def _is_map(folder: Path) -> bool:
    """Whether a map was written to the folder."""
    return (folder / "map.json").exists() and (folder / "evidence.parquet").exists()


def _from_folder(folder: Path, encoding: str, largest: int, without: Collection[Path]) -> Iterator[Document | SetAside]:
    found = False
    for file in _files(folder, without):
        for each in _from_file(file, file.relative_to(folder).as_posix(), encoding, largest):
            found = True
            yield each
    if not found:
        raise input_error(str(folder), "no files in the folder", allowed=", ".join(READERS))


def _from_file(file: Path, name: str, encoding: str, largest: int) -> Iterator[Document | SetAside]:
    found = _read(file, encoding, largest)
    if isinstance(found, str):
        yield SetAside(name, found)
    elif export := export_in(found["text"]):
        yield from _articles(export, name, file.suffix.lower(), largest)
    elif why := _too_long(found["text"], largest):
        yield SetAside(name, why)
    else:
        if told := found.get("told"):
            yield SetAside(name, f"{told} The others are read; recognise the text of these first (e.g. by ocrmypdf)")
        yield Document(
            id=name,
            text=found["text"],
            date=_dated(date_in_name(file.name), parse_date(found.get("date"))),
            source=found.get("source", "") or _folder(name),
            title=found.get("title", ""),
            link=found.get("link", "") or name,
        )


def _dated(named: str, said: str) -> str:
    """The date in a file's name, unless that is but a year (Budget 2023) and the page says its day itself."""
    return said if len(named) == len("2024") < len(said) else named or said


def _too_long(text: str, largest: int) -> str:
    """Why a text is set aside for its length; empty if it is not."""
    return f"{len(text):,} characters, above largest={largest}" if len(text) > largest else ""


def _folder(name: str) -> str:
    """The innermost folder of a file that is not called after a year or day."""
    return next((part for part in reversed(Path(name).parent.parts) if not date_in_name(part)), "")


def _read(file: Path, encoding: str, largest: int) -> dict[str, str] | str:
    """What is in a file, or why it cannot be read."""
    if file.is_dir():
        return "a folder that a map was written to"
    reader: Callable[[Path, str], dict[str, str]] | None = READERS.get(file.suffix.lower())
    if reader is None:
        if file.suffix.lower() in READABLE or table_kind(file)[1]:
            return "a table among the documents: give it as documents=FILE"
        return f"unknown kind of file {file.suffix!r}; read are {', '.join(READERS)}"
    try:
        if (size := file.stat().st_size) > largest:
            return f"{size:,} bytes, above largest={largest}: split it, or make a table of its documents"
        found = reader(file, encoding)
    except (Unreadable, OSError) as error:
        return first_line(error)
    return found if found["text"].strip() else found.get("why") or "empty"


def _articles(export: Export, name: str, suffix: str, largest: int) -> Iterator[Document | SetAside]:
    """The articles of an export; the date in its file's name is that of the export, and theirs are in them."""
    found = export.articles
    if suffix == ".pdf" and len(found) > 1:
        yield SetAside(name, f"{len(found)} articles of {export.database} as pdf: export them as docx or rtf")
        return
    log.info("%s is an export of %s with %s articles", name, export.database, f"{len(found):,}")
    if export.announced not in (0, len(found)):
        told = f"its first page announces {export.announced:,} articles of {export.database}"
        yield SetAside(name, f"{told}, in it are {len(found):,}: these are read, export the others again")
    for number, article in enumerate(found, start=1):
        each = f"{name}#{number}"
        if article.why:
            yield SetAside(each, f"an article of {export.database} with {article.why}: {article.title[:80]!r}")
        elif why := _too_long(article.text, largest):
            yield SetAside(each, why)
        else:
            yield Document(each, article.text, article.date, article.source, article.title, link=name)


def _from_table(path: Path, names: Mapping[str, str], encoding: str, largest: int) -> Iterator[Document | SetAside]:
    seen: set[bytes] = set()
    found = checked = False
    for row in scan_rows(path, encoding, size=CHUNK):
        found, values = True, row.values
        if isinstance(values, StanceError):
            yield SetAside(row.place, str(values).removeprefix(f"{row.place}: "))
            continue
        if not checked:
            _check_columns(values, names, row.place)
            checked = True
        made = _from_row(values, names, row.place, largest)
        if isinstance(made, Document):
            key = blake2b(made.id.encode(), digest_size=16).digest()
            if key in seen:
                made = SetAside(row.place, f"the id {made.id!r} occurs twice")
            seen.add(key)
        yield made
    if not found:
        raise input_error(str(path), "no rows in the file")


def _check_columns(values: Mapping[str, Any], names: Mapping[str, str], place: str) -> None:
    for name, column in names.items():
        if column not in values and (name == "text" or column != name):
            allowed = f"a column {column!r}, or columns.{name}=NAME"
            raise input_error(place, f"no column {column!r}", found=list(values), allowed=allowed)


def _from_row(values: Mapping[str, Any], names: Mapping[str, str], place: str, largest: int) -> Document | SetAside:
    cells = {name: values.get(column) for name, column in names.items()}
    text = cells["text"]
    if not isinstance(text, str):
        return SetAside(place, "no text" if text is None else f"the text is no text but {type(text).__name__}")
    if not text.strip():
        return SetAside(place, "empty")
    if why := _too_long(text, largest):
        return SetAside(place, why)
    said = {name: spelled(cells[name]) for name in ("source", "title", "link")}
    name = spelled(cells["id"]) or place.rpartition(", ")[2]
    return Document(id=name, text=text, date=parse_date(cells["date"]), **said)
