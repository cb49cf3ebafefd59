"""Exports of news databases: many articles in one file, as Nexis Uni, LexisNexis (until 2019) and Factiva deliver them.

A text is such an export if two lines of the database stand in it, each alone: the one that parts its articles and the
one that says how long an article is.

=========== ============================ ==============================
database    parts articles               says the length
=========== ============================ ==============================
Nexis Uni   ``End of Document``          ``Length: 355 words``
LexisNexis  ``2 of 10 DOCUMENTS``        ``LENGTH: 355 words``
Factiva     ``Document ABCD00002024...`` ``355 words`` (or its code, WC)
=========== ============================ ==============================

Nothing else is guessed: what has no body where the database writes it is no article, and said so. Dates are read in
English; those of another language are left empty.

Source of the shapes: the documentation and code of the R packages LexisNexisTools (J. B. Gruber), tm.plugin.lexisnexis,
tm.plugin.factiva (M. Bouchet-Valat) and newspapers (K. Watanabe), and of nexis-analysis (Leiden University Libraries).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

_LENGTH_WORDS = r"\d[\d.,]* (?:words|Wörter|mots|palabras|parole|palavras)"

#: Of each database the line that parts its articles, whether it stands before or after one, and the line of the length.
_NEXIS, _LEXIS, _FACTIVA = "Nexis Uni", "LexisNexis", "Factiva"
_MARKS = {
    _NEXIS: (re.compile(r"End of Document", re.I), False, re.compile(r"Length: *\d.*")),
    _LEXIS: (re.compile(r"\d+ of \d+ DOCUMENTS?"), True, re.compile(r"LENGTH: *\d.*")),
    _FACTIVA: (
        re.compile(r"(?:AN[\s|]+)?(?:Document|Dokument|Documento) [A-Z]\w{14,}\|?"),
        False,
        re.compile(rf"(?:WC[\s|]+)?{_LENGTH_WORDS}\|?"),
    ),
}

#: Nexis Uni's first page, which lists the articles, says how many they are.
_COVER = re.compile(r"Documents? \((\d+)\)")

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)[a-z]*"
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_DATE = re.compile(
    rf"(?:{_WEEKDAY},? )?(?:(?P<m>{_MONTH}) (?:(?P<d>\d\d?),? )?|(?P<d2>\d\d?) (?P<m2>{_MONTH}) )(?P<y>(?:19|20)\d\d)"
    rf"(?:,? {_WEEKDAY})?(?:,? \d\d?:\d\d.*)?",
    re.I,
)

_TAIL_OF_NEXIS = re.compile(r"Classification|Graphic|Load-Date: .*")
_TAIL_OF_LEXIS = re.compile(
    r"(?:LOAD-DATE|LANGUAGE|PUBLICATION-TYPE|JOURNAL-CODE|GRAPHIC|SUBJECT): .*|Copyright \d{4}\b.*"
)
_LABEL = re.compile(r"[A-Z][A-Z-]+: .*")
#: The labels between LENGTH and the text; other words in capitals are its dateline (ISLAMABAD: The ministry said).
_ABOVE_TEXT = re.compile(
    r"(?:BYLINE|CORRECTION|CORRECTION-DATE|DATELINE|EDITION|GRAPHIC|HIGHLIGHT|SECTION|SERIES|TYPE):.*"
)
_CODE = re.compile(
    "(SE|HD|BY|CR|WC|PD|ET|SN|SC|ED|PG|VOL|LA|CY|CX|LP|TD|CT|RF|ART|CLM|CO|IN|NS|RE|IPC|IPD|PUB|AN)"
    r"(?: {2,}|\s*[|\t]|$)(.*)"
)
_LENGTH_OF_FACTIVA = re.compile(_LENGTH_WORDS)
_RIGHTS = re.compile(r"(?:Copyright\b|©|\(c\)).*", re.I)
_CLOCK = re.compile(r"\d\d?:\d\d.*")


class Article(NamedTuple):
    """One article; what is not known is empty. ``why`` says what is missing where the text is."""

    text: str
    title: str = ""
    source: str = ""
    date: str = ""
    why: str = ""


class Export(NamedTuple):
    """The articles of a file, in its order, and how many its first page announces (0 = it does not say)."""

    database: str
    articles: tuple[Article, ...]
    announced: int


def export_in(text: str) -> Export | None:
    """The articles in a text that a news database exported; None = it is another text."""
    lines = [line.strip() for line in text.splitlines()]
    for database, (parts, before, length) in _MARKS.items():
        marks = [number for number, line in enumerate(lines) if line and parts.fullmatch(line)]
        if marks and any(line and length.fullmatch(line) for line in lines):
            pieces = _pieces(lines, marks, before)
            cover = next((found for line in lines[: marks[0]] if (found := _COVER.fullmatch(line))), None)
            read = _READERS[database]
            return Export(database, tuple(map(read, pieces)), int(cover[1]) if cover and database == _NEXIS else 0)
    return None


def _pieces(lines: Sequence[str], marks: Sequence[int], before: bool) -> Iterator[list[str]]:
    """The lines of each article; what is left at the end of the file counts as one, if there is any."""
    bounds = [*marks, len(lines)] if before else [-1, *marks, len(lines)]
    for here, there in pairwise(bounds):
        if any(piece := list(lines[here + 1 : there])):
            yield piece


def _nexis(lines: Sequence[str]) -> Article:
    """Headline, source, date, then lines with labels, ``Body``, the text, and what describes it."""
    body = next((number for number, line in enumerate(lines) if line == "Body"), None)
    if body is None:
        return Article("", _first(lines), why="no line 'Body' in it")
    tail = next((number for number in range(body, len(lines)) if _TAIL_OF_NEXIS.fullmatch(lines[number])), len(lines))
    dates = [number for number, line in enumerate(lines[:body]) if line and _DATE.fullmatch(line)]
    head = [line for line in lines[: dates[-1] if dates else body] if line]
    covered = any(map(_COVER.fullmatch, head))
    title = (head[-2:-1] if covered else head[:-1]) if dates else [] if covered else head[:1]
    source = head[-1] if dates and head else ""
    return _article(lines[body + 1 : tail], " ".join(title), source, lines[dates[-1]] if dates else "")


def _lexis(lines: Sequence[str]) -> Article:
    """Source, date with edition, headline, lines with labels, of which LENGTH is the last, the text."""
    length = next((number for number, line in enumerate(lines) if line.startswith("LENGTH:")), None)
    if length is None:
        return Article("", _first(lines), why="no line 'LENGTH:' in it")
    tail = next((number for number in range(length, len(lines)) if _TAIL_OF_LEXIS.fullmatch(lines[number])), len(lines))
    date = next((number for number, line in enumerate(lines[:length]) if line and _DATE.fullmatch(line)), None)
    after = 0 if date is None else date
    while after < length and lines[after]:  # the edition stands below the date without a line between
        after += 1
    title = [line for line in lines[after:length] if line]
    labels = [number for number, line in enumerate(title) if _LABEL.fullmatch(line)]
    text = list(lines[length + 1 : tail])
    while text and (not text[0] or _ABOVE_TEXT.fullmatch(text[0])):
        del text[0]
    if text:
        text[0] = text[0].removeprefix("BODY:").lstrip()
    title = title[: labels[0]] if labels else title
    return _article(text, " ".join(title), _first(lines), lines[date] if date is not None else "")


def _factiva(lines: Sequence[str]) -> Article:
    """With field codes, by them; else headline, author, length, date, time, source, and the text after the rights."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        if found := _CODE.fullmatch(line):
            name, line = found[1], found[2]
        fields.setdefault(name, []).append(line.strip("| \t"))
    if "PD" in fields:
        said = {code: " ".join(filter(None, values)) for code, values in fields.items()}
        text = [*fields.get("LP", []), "", *fields.get("TD", [])]
        return _article(text, said.get("HD", "").removeprefix("HD\t"), said.get("SN", ""), said["PD"])
    length = next((number for number, line in enumerate(lines) if _LENGTH_OF_FACTIVA.fullmatch(line)), None)
    if length is None:
        return Article("", _first(lines), why="no line with its number of words in it")
    told = [number for number in range(length + 1, len(lines)) if lines[number]][:12]
    rights = next((number for number in told if _RIGHTS.fullmatch(lines[number])), None)
    if rights is None or len(told) < 3:
        return Article("", _first(lines), why="no line 'Copyright' or '(c)' below its date and source")
    source = told[2] if _CLOCK.fullmatch(lines[told[1]]) else told[1]
    above = [line for line in lines[:length] if line and not re.match(r"by\b", line, re.I)]
    headline = next((line[2:].strip() for line in above if line.startswith("HD\t")), max(above, key=len, default=""))
    return _article(lines[rights + 1 :], headline, lines[source], lines[told[0]])


def _article(lines: Sequence[str], title: str, source: str, date: str) -> Article:
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return Article(text, title, source, _day(date), "" if text else "no text in it")


def _first(lines: Sequence[str]) -> str:
    return next((line for line in lines if line), "")


def _day(line: str) -> str:
    """A line with a date, in whichever order, as ISO to the day or month; empty if it is none."""
    found = _DATE.match(line)
    if not found:
        return ""
    month, day = found["m"] or found["m2"], found["d"] or found["d2"]
    try:
        date = datetime.strptime(f"{day or 1} {month[:3]} {found['y']}", "%d %b %Y").date().isoformat()
    except ValueError:
        return ""
    return date if day else date[:7]


_READERS: dict[str, Callable[[Sequence[str]], Article]] = {_NEXIS: _nexis, _LEXIS: _lexis, _FACTIVA: _factiva}


def export_in_html(page: bytes) -> str:
    """The text of a page that a news database exported, a paragraph a line; empty if it is another page.

    Factiva marks its headlines by their class; they come with its code (HD), and so do cells, which are parted by tabs.
    """
    import lxml.html

    if not re.search(rb"articleParagraph|\d of \d+ DOCUMENTS|End of Document", page):
        return ""
    tree = lxml.html.fromstring(page)
    for element in list(tree.iter("script", "style")):
        element.drop_tree()
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        head = "HD\t" if "Headline" in (element.get("class") or "") and element.tag != "td" else ""
        around = _AROUND.get(element.tag, "")
        element.text = around.strip("\t") + head + re.sub(r"\s+", " ", element.text or "")
        element.tail = around + re.sub(r"\s+", " ", element.tail or "")
    text = tree.text_content()
    return text if export_in(text) else ""


_AROUND = dict.fromkeys(("p", "div", "tr", "h1", "h2", "h3", "li", "table"), "\n\n") | {"br": "\n", "td": "\t"}
