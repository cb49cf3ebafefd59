"""The ways in which a tool may have counted in a text; the words that it wrote beside a span tell which it did."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from html.parser import HTMLParser

from stance.data.imports.text import Units

#: Why a span is no judgement whose words stand elsewhere in its text.
OTHER_WORDS = "the text has other words there"

#: A span as a tool wrote it: start, end and words, which may be missing.
Told = tuple[int, int, str]

#: Elements of HTML in which a sentence goes on.
INLINE = {"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label"}
INLINE |= {"mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}


def readings(text: str, characters: bool = False) -> Iterator[Units]:
    """The ways in which a tool may have counted in a text, the usual one first.

    As it stands, with each line end as one or as two, with a byte order mark; of these each in UTF-16 units and then in
    characters, or in characters first.
    """
    lines = text.replace("\r\n", "\n")
    for each in dict.fromkeys((text, lines, "\ufeff" + text, "\ufeff" + lines, lines.replace("\n", "\r\n"))):
        usual, other = Units(each, characters), Units(each, not characters)
        yield usual
        if usual.wide or other.wide:
            yield other


def best_first(ways: Iterable[Units], spans: Sequence[Told], has: Callable[[Units, Told], bool]) -> list[Units]:
    """The ways to count, first that in which most of the spans have their words; it alone if all have them there."""
    found: list[tuple[int, Units]] = []
    for way in ways:
        n = sum(has(way, span) for span in spans)
        if n == len(spans):
            return [way]
        found.append((n, way))
    return [way for _, way in sorted(found, key=lambda one: -one[0])]


def letters(text: str) -> str:
    """What two spellings of the same words share: all but white space, line ends that are spelled out, and case."""
    return "".join(text.replace("\\n", " ").casefold().split())


@lru_cache(maxsize=16)
def stripped(html: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The text of HTML as a browser counts it, and where in it blocks begin and end; of its body, and of the whole."""
    if "<" not in html and "&" not in html:
        return ()
    lines = html.replace("\r\n", "\n")
    body = re.split(r"<body\b[^>]*>", lines, maxsplit=1, flags=re.IGNORECASE)[-1]
    return tuple(_Nodes(source).found() for source in (body, lines))


class _Nodes(HTMLParser):
    """The text nodes of HTML, one after the other."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.nodes: list[str] = []
        self.marks: list[int] = []
        self.length = 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in INLINE:
            self.marks.append(self.length)

    def handle_endtag(self, tag: str) -> None:
        self.handle_starttag(tag, ())

    def handle_data(self, data: str) -> None:
        self.nodes.append(data)
        self.length += len(data)

    def found(self) -> tuple[str, tuple[int, ...]]:
        """The text, and where a block begins or ends in it."""
        return "".join(self.nodes), tuple(mark for mark in dict.fromkeys(self.marks) if 0 < mark < self.length)
