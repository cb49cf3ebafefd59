"""The text in one file of each kind: txt, md, html, docx, rtf, pdf. What reads them is the extra ``map``."""

import codecs
import logging
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, first_line, input_error
from stance.base.extras import from_extras
from stance.base.lines import is_utf8
from stance.base.zips import check_archive
from stance.map.press import export_in_html
from stance.map.webpage import read_page

#: The reason for a document that holds pictures of its text.
SCAN = "no text in it: a scan? Recognise the text first (e.g. by ocrmypdf)"

#: Bytes that a docx may hold, packed tightly.
UNPACKED = 500_000_000

#: By the byte order mark at the beginning of a file what it is encoded in.
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

#: Underscores around words of Markdown, which would be parts of these.
_EMPHASIS = re.compile(r"(?<!\w)_{1,3}(?=\w)|(?<=[^\W_])_{1,3}(?!\w)")

#: In an rtf the beginning of a group whose rest is deleted by a tracked change, or hidden.
_GONE = re.compile(r"(\{(?!\\rtf)[^{}]*?)(?=\\(?:deleted|v)(?![a-z0-9-])(?:(?!\\(?:deleted|v)0|\\plain)[^{}])*\})")


class Unreadable(Exception):
    """This file cannot be read, and why; the others can: it is set aside."""


def decoded(data: bytes, encoding: str) -> str:
    """The text in bytes; a byte order mark, which says more than any setting, is obeyed and dropped.

    Bytes beyond ASCII that are whole UTF-8 are taken for it, whichever encoding is set: in a folder of several it is
    that of the others, and does not garble these in silence.

    Raises:
        Unreadable: They are not in the encoding.
    """
    marked = next((codec for mark, codec in _MARKS.items() if data.startswith(mark)), None)
    if marked is not None:
        encoding = marked
    elif not data.isascii() and is_utf8(data):
        encoding = "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        found = data[max(0, error.start - 10) : error.start + 10]
        hint = "encoding=NAME, e.g. encoding=cp1252, says in what the files are that are not UTF-8"
        raise Unreadable(f"not in {encoding}: byte {error.start + 1} of {found!r}; {hint}") from None
    except LookupError:
        raise input_error("encoding", "unknown encoding", found=encoding, allowed="a codec of Python") from None
    if "\0" in text:
        raise Unreadable("no text: it holds null characters")
    return text


def _plain(file: Path, encoding: str) -> dict[str, str]:
    return {"text": decoded(file.read_bytes(), encoding)}


def _markdown(file: Path, encoding: str) -> dict[str, str]:
    text = _EMPHASIS.sub("", decoded(file.read_bytes(), encoding))
    first = text.lstrip().partition("\n")[0]
    return {"text": text, "title": first.lstrip("#").strip() if first.startswith("#") else ""}


def _html(file: Path, encoding: str) -> dict[str, str]:
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # a page without text is told by us
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    page = file.read_bytes()  # bytes, since a page says itself what it is encoded in
    try:
        if text := export_in_html(page):
            return {"text": text}
        return read_page(page) | {"why": "no text found in the page"}
    except StanceError:
        raise
    except Exception as error:  # of lxml and others, which have no common class
        raise Unreadable(f"not to be read as HTML: {first_line(error)}") from None


def _docx(file: Path, encoding: str) -> dict[str, str]:
    with from_extras():
        import docx
    try:
        with zipfile.ZipFile(file) as archive:
            check_archive(archive, str(file), UNPACKED)
        document = docx.Document(str(file))
        _accept_changes(document.element.body)
        text = "\n\n".join(part for part in _blocks(document, set()) if part.strip())
    except StanceError as error:
        raise Unreadable(str(error).removeprefix(f"{file}: ")) from None
    except Exception as error:  # a broken zip or XML comes up as any of a dozen kinds
        raise Unreadable(f"not a docx file: {first_line(error)}") from None
    return {"text": text, "title": document.core_properties.title or ""}


def _accept_changes(body: Any) -> None:  # noqa: ANN401 - an element of lxml, which names no types
    """Drop what tracked changes delete, and leave away what stands around a text: insertions, controls, smart tags."""
    from docx.oxml.ns import qn
    from lxml import etree

    gone = ("w:del", "w:moveFrom", "w:sdtPr", "w:sdtEndPr", "w:smartTagPr", "w:customXmlPr")
    around = ("w:ins", "w:moveTo", "w:sdt", "w:sdtContent", "w:smartTag", "w:customXml", "w:fldSimple")
    etree.strip_elements(body, *map(qn, gone), with_tail=False)
    etree.strip_tags(body, *map(qn, around))


def _blocks(container: Any, seen: set[Any]) -> Iterator[str]:  # noqa: ANN401 - a document or a cell of python-docx
    """Paragraphs and rows of tables; a cell that spans several is in the first, and tables in cells are in theirs."""
    for block in container.iter_inner_content():
        if not hasattr(block, "rows"):
            yield block.text
            continue
        for row in block.rows:
            cells = {cell._tc: cell for cell in row.cells if cell._tc not in seen}
            seen.update(cells)
            yield "\t".join("\n".join(_blocks(cell, seen)) for cell in cells.values())


def _rtf(file: Path, encoding: str) -> dict[str, str]:
    with from_extras():
        from striprtf.striprtf import rtf_to_text
    data = file.read_bytes()
    if not data.lstrip().startswith(b"{\\rtf"):
        raise Unreadable("not an rtf file")
    try:  # what is not ASCII in it is written with its number, or in the code page that it names
        marked = _GONE.sub(r"\1\\*", data.decode("cp1252", "replace"))  # a mark of what is passed over
        text = rtf_to_text(marked, errors="replace")
    except Exception as error:  # likewise
        raise Unreadable(f"not an rtf file: {first_line(error)}") from None
    return {"text": re.sub(r"\n+", "\n\n", text)}  # a line is a paragraph


def _pdf(file: Path, encoding: str) -> dict[str, str]:
    with from_extras():
        import pypdf
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = pypdf.PdfReader(str(file))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("locked by a password")
        texts = [page.extract_text() for page in reader.pages]
        text = "\n".join(texts)
        scans = [n for n, said in enumerate(texts) if not said.strip() and _has_pictures(reader.pages[n])]
        title = str(reader.metadata.get("/Title") or "") if reader.metadata else ""
    except Unreadable:
        raise
    except Exception as error:  # likewise
        raise Unreadable(f"not a pdf file: {first_line(error)}") from None
    told = f"{len(scans)} of {len(texts)} pages without text, the first page {scans[0] + 1}: scans?" if scans else ""
    return {"text": text.replace("\0", ""), "title": title, "why": SCAN, "told": told}


def _has_pictures(page: Any) -> bool:  # noqa: ANN401 - a page of pypdf
    try:
        return bool(page.images.keys())
    except Exception:  # they are damaged, and the other pages may be read
        return True


#: By the end of a file's name: text, and title, date, source, link where the file says so; why, if it has no text.
READERS: Mapping[str, Callable[[Path, str], dict[str, str]]] = {
    ".txt": _plain,
    ".md": _markdown,
    ".html": _html,
    ".htm": _html,
    ".docx": _docx,
    ".rtf": _rtf,
    ".pdf": _pdf,
}
