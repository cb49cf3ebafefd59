"""Text of pieces: lines of any encoding, JSON of any length, spans, sentences and their offsets."""

import codecs
import html
import io
import json
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import lru_cache, partial
from typing import Any

from stance.base.errors import first_line, input_error, line_of
from stance.base.rows import CONSTANT
from stance.data.imports.pieces import Piece

log = logging.getLogger(__name__)

_from_json = partial(json.loads, parse_constant=CONSTANT)

#: Bytes of a line; beyond, it is no line of an export.
LONGEST_LINE = 256 * 2**20

#: The end of what is taken for a sentence and is none: titles that sentencex does not know.
_TITLE = re.compile(r"\b(?:Ms|Mx|Amb|Atty)\.\s*$")


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """What stands for bytes that are not UTF-8."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("cp1252-where-not", _as_cp1252)


def lines_of(piece: Piece, encoding: str = "") -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line, with its end; a byte order mark is dropped.

    Args:
        piece: The file.
        encoding: Decoded strictly; empty = UTF-8 (or UTF-16 with its mark), but bytes that are none are read as
            cp1252, or U+FFFD where this lacks them; a warning says in how many lines, and which was the first.

    Raises:
        StanceError: A line is not in the encoding that was told, or endless.
    """
    codec = encoding or ("utf-16" if piece.head(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "")
    other: list[int] = []
    if codec.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        try:
            text = piece.read().decode(codec)
        except (UnicodeDecodeError, LookupError) as error:
            raise input_error(piece.place, f"not {codec}: {first_line(error)}") from None
        # Not splitlines(), which also parts at characters that a text may hold: a vertical tab, U+2028, ...
        yield from enumerate(io.StringIO(text.removeprefix("\ufeff"), newline=""), start=1)
        return
    with closing(piece.open()) as stream:
        number = 0
        while raw := stream.readline(LONGEST_LINE):
            number += 1
            if len(raw) == LONGEST_LINE:
                raise input_error(line_of(piece.place, number), "the line does not end within 256 MB")
            if number == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            try:
                yield number, raw.decode(codec or "utf-8")
            except LookupError:
                raise input_error(piece.place, "unknown encoding", found=codec) from None
            except UnicodeDecodeError as error:
                if codec:
                    problem = f"byte {error.start + 1} of the line is not {codec}"
                    raise input_error(line_of(piece.place, number), problem, allowed="encoding: cp1252") from None
                other.append(number)
                yield number, raw.decode("utf-8", "cp1252-where-not")
    if other:
        log.warning(
            "%s: %d line(s) hold bytes that are not UTF-8, read as cp1252; the first is line %d; another encoding is "
            "told by 'encoding:' in the mapping",
            piece.place,
            len(other),
            other[0],
        )


def text_of_piece(piece: Piece, encoding: str = "") -> str:
    """All its text as it stands, without byte order mark; line ends are kept.

    Raises:
        StanceError: It is too large to be in memory, or see :func:`lines_of`.
    """
    piece.check_size()
    return "".join(text for _, text in lines_of(piece, encoding))


def json_lines(piece: Piece, encoding: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Place and object of each line of a JSONL file; empty lines are passed over.

    A missing number, which Python writes as ``NaN``, is null.

    Raises:
        StanceError: A line is no JSON object.
    """
    for number, line in lines_of(piece, encoding):
        if not line.strip():
            continue
        place = line_of(piece.place, number)
        try:
            value = _from_json(line)
        except (ValueError, RecursionError) as error:
            raise input_error(place, f"malformed JSON: {first_line(error)}") from None
        if not isinstance(value, dict):
            raise input_error(place, "not a JSON object", found=value)
        yield place, value


def json_items(piece: Piece) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place and object of each item of a JSON list, one in memory at a time.

    Raises:
        StanceError: It is no JSON, no list, or not one of objects.
    """
    import ijson  # here, since few tools need it

    head = piece.head()
    if not head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
        raise input_error(piece.place, "not a JSON list", allowed="[{...}, {...}]")
    with closing(piece.open()) as stream:
        number = 0
        if head.startswith(codecs.BOM_UTF8):
            stream.read(len(codecs.BOM_UTF8))
        try:
            for item in ijson.items(stream, "item", use_float=True):
                number += 1
                place = f"{piece.place}, record {number}"
                if not isinstance(item, dict):
                    raise input_error(place, "not a JSON object", found=item)
                yield place, item
        except (ijson.JSONError, UnicodeDecodeError, RecursionError) as error:
            raise input_error(f"{piece.place}, after record {number}", f"malformed JSON: {first_line(error)}") from None


def whole_json(piece: Piece) -> Any:  # noqa: ANN401 - JSON is what it is
    """The value in a small JSON file.

    Raises:
        StanceError: It is none, or too large.
    """
    try:
        return _from_json(piece.read())
    except (ValueError, RecursionError) as error:
        raise input_error(piece.place, f"malformed JSON: {first_line(error)}") from None


class Units:
    """A text whose positions count UTF-16 units, as in everything that runs in a browser or on Java; or characters."""

    def __init__(self, text: str, characters: bool = False) -> None:
        self.text = text
        self.wide = not characters and not text.isascii() and any(ord(letter) > 0xFFFF for letter in text)
        self.units = text.encode("utf-16-le", "surrogatepass") if self.wide else b""

    def __len__(self) -> int:
        return len(self.units) // 2 if self.wide else len(self.text)

    def character(self, position: int) -> int:
        """The position in characters."""
        return len(self.units[: 2 * position].decode("utf-16-le", "replace")) if self.wide else position

    def span(self, start: int, end: int, place: str) -> tuple[int, int]:
        """The same in characters.

        Raises:
            StanceError: Not within the text.
        """
        if not 0 <= start <= end <= len(self):
            raise input_error(place, "not within its document", found=[start, end], allowed=f"0 to {len(self)}")
        return self.character(start), self.character(end)

    def words(self, start: int, end: int) -> str | None:
        """What stands there; None if that is not within the text."""
        if not 0 <= start <= end <= len(self):
            return None
        return self.units[2 * start : 2 * end].decode("utf-16-le", "replace") if self.wide else self.text[start:end]


def around(text: str, start: int, end: int, bounds: Sequence[tuple[int, int]] | None = None) -> dict[str, str]:
    """What is at a span, by name: ``span`` its words, ``sentence`` the sentences it touches, ``before`` two before.

    White space within is one blank. ``bounds`` are start and end of the sentences, where the tool knows them.
    """
    bounds = bounds or sentences(text)
    first = next((i for i, (_, stop) in enumerate(bounds) if start < stop), len(bounds) - 1)
    last = next((i for i, (_, stop) in enumerate(bounds) if end <= stop), len(bounds) - 1)
    found = {"span": tidy(text[start:end]), "start": str(start), "end": str(end)}
    if bounds:
        found["sentence"] = tidy(text[bounds[first][0] : bounds[last][1]])
        found["before"] = tidy(text[bounds[max(0, first - 2)][0] : bounds[first][0]])
    return found


@lru_cache(maxsize=16)
def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Start and end of each sentence; a line break ends one only where the line before is empty."""
    from sentencex import get_sentence_boundaries  # here, since few tools need it

    found: list[tuple[int, int]] = []
    for each in get_sentence_boundaries("en", text):
        start, end = each["start_index"], each["end_index"]
        if found and _TITLE.search(text, *found[-1]):
            start = found.pop()[0]
        found.append((start, end))
    return tuple(found)


def tidy(text: str) -> str:
    """With one blank for each stretch of white space, and none at the ends."""
    return " ".join(text.split())


def without_markup(text: str) -> str:
    """Text of HTML: tags are blanks, entities their characters."""
    return tidy(html.unescape(re.sub(r"<[^<>]{0,2000}>", " ", text)))
