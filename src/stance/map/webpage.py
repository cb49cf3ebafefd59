"""A page of the web: its text, a paragraph for each block, and what it says of itself. Its text is no metadata."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Any

from stance.base.extras import from_extras
from stance.map.dates import parse_date

#: Elements of the text that trafilatura finds which stand apart; in the last two lines are as they were typed.
_BLOCKS = frozenset(("p", "div", "head", "list", "item", "table", "row", "code", "quote"))
_TYPED = ("code", "quote")
_OF_SENTENCES = ("p", "head", "item", "cell")
#: The number of a note, which stands right behind a word (TTP¹); what is struck out is left out with it.
_NOTE = re.compile(r"[\[(]?\d{1,3}[\])]?")
_BLANKS = re.compile(r"[ \t\r\n\f]+")

#: A day as a part of an address, or as three.
_IN_ADDRESS = re.compile(r"/(199\d|20\d\d)([/_-])(\d\d?)\2(\d\d?)(?=[/_-]|$)")

#: How meta elements, properties and classes are called that have the date of publication; of a change; and what a
#: paragraph is called that tells who wrote when.
_PUBLISHED = re.compile(
    r"^(?!.*(?:(?:publisher|creator)(?!.*date)|[._:-](?:id|by|number)$))"  # who published it, and numbers, are no date
    r"(?:.*(?:publi|pub-?date|creat|issued|posted|post_?date|(?:entry|display|release|article|citation)[._-]?date)"
    r"|(?:date|ptime|pdate|timestamp)$|dc(?:terms)?[.:]date|sailthru\.date$)",
    re.I,
)
_CHANGED = re.compile(r"modif|update|last-?mod|last-?date|^utime$", re.I)
_BYLINE = re.compile(r"byline|meta|date|time|info|author|publi|posted", re.I)

_IN_JSON = r'"date%s"\s*:\s*"([^"]+)"'

#: Numbers of which each may be the month.
_TWO_WAYS = re.compile(r"(?<![\d./-])(?:0?[1-9]|1[0-2])([./-])(?:0?[1-9]|1[0-2])\1(?:\d\d){1,2}(?!\d)")

#: No page of the web is older.
_FIRST = "1995"


def read_page(page: bytes) -> dict[str, str]:
    """Text, title, date, source and link of a page, each empty where there is none.

    Raises:
        Exception: It cannot be read; lxml and others have no common class of errors.
    """
    with from_extras():
        import trafilatura
    fast = {"extensive_search": False}  # what it finds is not used: it looks for dates in the text too
    tree = trafilatura.load_html(page)
    if tree is None:
        return {"text": ""}
    for element in list(tree.iter("s", "strike", "del", "sup")):
        if element.tag != "sup" or _NOTE.fullmatch(element.text_content().strip()):
            element.drop_tree()
    found: Any = trafilatura.bare_extraction(
        tree, with_metadata=True, include_comments=False, date_extraction_params=fast
    )
    if found is None:
        return {"text": ""}
    said = {"text": _text(found.body), "title": found.title, "source": found.sitename, "link": found.url}
    said["date"] = page_date(trafilatura.load_html(page), found.url or "")
    return {name: value or "" for name, value in said.items()}


def _text(body: Any) -> str:  # noqa: ANN401 - an element of lxml, which names no types
    """The blocks of a text, an empty line between them; line breaks within one end no sentence."""
    from lxml.etree import iterwalk

    parts, typed = [""], 0
    for event, element in iterwalk(body, events=("start", "end")):
        starts = event == "start"
        # A quotation or code within a paragraph is a part of its sentence; a blank after it is lost before here.
        within = element.tag in _TYPED and next(element.iterancestors(*_OF_SENTENCES), None) is not None
        typed += (1 if starts else -1) * (element.tag in _TYPED and not within)
        if element.tag in _BLOCKS and not within:
            parts.append("")
        elif starts and element.tag in ("lb", "cell"):
            parts[-1] += "\n" if element.tag == "lb" else "\t"
        text = (element.text if starts else element.tail if element is not body else "") or ""
        if within and parts[-1][-1:].isalnum() and text[:1].isalnum():
            parts[-1] += " "
        parts[-1] += text if typed else _BLANKS.sub(" ", text)
    return "\n\n".join(part for part in map(str.strip, parts) if part)


def page_date(tree: Any, address: str) -> str:  # noqa: ANN401 - likewise
    """When a page was published, as its address, meta elements, JSON-LD, properties or time elements say; else empty.

    In this order; where none of them says it, when it was changed last.
    """
    if told := _IN_ADDRESS.search(address):
        with suppress(ValueError):
            return date(int(told[1]), int(told[3]), int(told[4])).isoformat()
    return next(filter(None, map(_day, _said(tree))), "")


def _said(tree: Any) -> Iterator[str]:  # noqa: ANN401 - likewise
    """Values that may be the date, the best first."""
    metas = [
        (next((name for key in ("property", "name", "itemprop", "http-equiv") if (name := meta.get(key))), ""), meta)
        for meta in tree.iter("meta")
    ]
    changed = [_value(meta) for name, meta in metas if _CHANGED.search(name)]
    yield from (_value(meta) for name, meta in metas if _PUBLISHED.search(name) and not _CHANGED.search(name))
    scripts = [each.text or "" for each in tree.iter("script") if "ld+json" in (each.get("type") or "")]
    for kind in ("Published", "Created"):
        yield from (value for text in scripts for value in re.findall(_IN_JSON % kind, text))
    parts = [each for each in tree.iterfind(".//*[@itemprop]") if _PUBLISHED.search(each.get("itemprop"))]
    yield from map(_value, parts)
    yield from _times(tree)
    yield from changed
    yield from (value for text in scripts for value in re.findall(_IN_JSON % "Modified", text))


def _times(tree: Any) -> Iterator[str]:  # noqa: ANN401 - likewise
    """Time elements that are marked as the date; without any, those outside of the text, if they are of one day."""
    named = [(f"{each.get('class', '')} {each.get('pubdate') and 'pubdate'}", each) for each in tree.iter("time")]
    yield from (_value(each) for name, each in named if _PUBLISHED.search(name) and not _CHANGED.search(name))
    others = {_day(_value(each)) for name, each in named if not _CHANGED.search(name) and not _in_text(each)} - {""}
    if len(others) == 1:
        yield others.pop()


def _in_text(element: Any) -> bool:  # noqa: ANN401 - likewise
    """Whether an element stands in a paragraph, an item or a cell that is no byline."""
    around = next(element.iterancestors("p", "li", "td", "blockquote", "header"), None)
    return around is not None and around.tag != "header" and not _BYLINE.search(around.get("class") or "")


def _value(element: Any) -> str:  # noqa: ANN401 - likewise
    return str(element.get("content") or element.get("datetime") or element.text_content()).strip()


def _day(value: str) -> str:
    """The date in a value of the page; empty if it is none, may be read two ways, or is of no page that there is."""
    from htmldate import find_date  # here, since it takes a moment to load

    if _TWO_WAYS.search(value):
        return ""
    if told := parse_date(value):
        return told if _FIRST <= told <= (datetime.now(UTC) + timedelta(days=1)).date().isoformat() else ""
    alone = f'<html><head><meta name="date" content="{escape(value)}"></head><body></body></html>'
    return find_date(alone, original_date=True, extensive_search=False) or "" if value else ""
