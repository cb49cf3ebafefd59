"""The three labels and their order, and turning other people's spellings into them."""

import re
import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Literal, cast

from stance.base.errors import input_error, listed

Label = Literal["against", "neutral", "favor"]

#: The label names; the position is the id, in every array, file and checkpoint.
LABELS: tuple[Label, ...] = ("against", "neutral", "favor")

ID2LABEL: dict[int, str] = dict(enumerate(LABELS))
LABEL2ID: dict[str, int] = {label: index for index, label in ID2LABEL.items()}

#: Characters of a spelling of which a message says what to do with it; what is longer is no label.
LONGEST = 80

#: Characters of the longest number that is compared by its value.
DIGITS = 28


def is_missing(value: object) -> bool:
    """Whether a cell of a file holds nothing: None or NaN, which alone is unlike itself."""
    return value is None or value != value


def spelled(value: object) -> str:
    """A label as a file has it, as text without surrounding space; empty where there is none."""
    return "" if is_missing(value) else str(value).strip()


def alike(spelling: object) -> str:
    """A spelling by which those are told apart that mean different things, however YAML or a spreadsheet wrote them.

    Equal numbers are alike (``+1``, ``1``, ``1.0``), and so are the words that YAML takes for a value and writes anew:
    ``TRUE`` and ``True``, ``NaN`` and ``nan``, ``null`` and None.
    """
    text = "null" if spelling is None else str(spelling).strip()
    word = text.casefold()
    if word in ("true", "false", "null", "nan", "inf", "-inf"):
        return word
    try:
        return str(Decimal(text).normalize() + 0) if len(text) <= DIGITS else text  # + 0 since -0 is 0
    except ArithmeticError:  # no number, or one without end
        return text


def known_as(value: object, spellings: Iterable[str | None]) -> str | None:
    """Which of these spellings a value of a file has, None if none of them; a missing value has ``""`` or ``null``."""
    text, given = spelled(value), ["null" if spelling is None else spelling for spelling in spellings]
    return text if text in given else next((each for each in given if alike(each) == alike(value)), None)


def parse_label(spelling: object, label_map: Mapping[str, str] | None, place: str, key: str = "") -> Label:
    """The label that a spelling stands for.

    Without a map, or with an empty one, only the three names themselves are read; with a map only its keys are. Nothing
    is guessed, since a guessed order is how 90% accuracy becomes 4%.

    Args:
        spelling: As found in the file; see :func:`alike` for when it is that of the map.
        label_map: From spelling to one of the three names.
        place: For the message, e.g. ``votes.csv, line 3``.
        key: Likewise: where the configuration says what a spelling means; empty where it does not.

    Raises:
        StanceError: The spelling is not known; the message lists those that are.
    """
    known: Mapping[str, str] = label_map or {label: label for label in LABELS}
    name = known_as(spelling, known)
    if name is None:
        text, hint = spelled(spelling), ""
        if key and not label_map and isinstance(spelling, str | int | float) and 0 < len(text) <= LONGEST:
            meanings: dict[str, list[str]] = {label: [label] for label in reversed(LABELS)}
            seems = nearest(text, meanings, "")
            meanings[seems or "favor"].append(text)
            said = " ".join(f"{key}.{label}={shlex.quote(listed(names))}" for label, names in meanings.items())
            guess = "" if seems else ", here as if this one meant favor"
            hint = f"; or others, if it is said what each means{guess}, e.g. {said}"
        raise input_error(place, "unknown label", found=spelling, allowed=", ".join(known) + hint)
    return cast(Label, known[name])


def spellings_to_state(key: str, spellings: Iterable[str]) -> str:
    """The setting that says what all labels of a file mean, as it is typed into a shell.

    Each stands under the name that it nearly is; of the others, which are not guessed, it says that they are to be put.
    """
    meanings: dict[str, list[str]] = {label: [] for label in (*LABELS, "")}
    for spelling in spellings:
        meanings[nearest(spelling, LABELS, "")].append(spelling)
    rest = meanings.pop("")
    form = ", ".join(f"{label}: {listed(names)}" for label, names in meanings.items())
    return shlex.quote(f"{key}={{{form}}}") + (f", with {listed(rest)[1:-1]} put where it belongs" if rest else "")


def nearest(spelling: str, names: Iterable[str], otherwise: str) -> str:
    """The name that a spelling is but for a letter, case, width and characters without any; ``otherwise`` if none."""
    bare = re.sub("[\xad\u200b-\u200f\u2060\ufeff]", "", unicodedata.normalize("NFKC", spelling)).strip().casefold()
    known = {name.casefold(): name for name in names}
    return next((known[like] for like in get_close_matches(bare, known, n=1, cutoff=0.8)), otherwise)


def check_label_map(label_map: Mapping[str, str], place: str) -> None:
    """Raise StanceError unless every value of the map is one of the three labels."""
    for spelling, label in label_map.items():
        if label not in LABELS:
            raise input_error(place, f"label map sends {spelling!r} to something else", found=label, allowed=LABELS)


def check_label_order(names: Sequence[str], place: str) -> None:
    """Raise StanceError unless ``names`` are the three labels in our order."""
    if tuple(names) != LABELS:
        raise input_error(
            place, "labels in another order or of another kind", found=list(names), allowed=f"exactly {list(LABELS)}"
        )
