"""Dates as people write them, to the day, month or year; what is none, or may be read two ways, is left empty."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime

from stance.base.labels import spelled

#: In a file's name: a day, or a month or year that stands alone.
_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:([-_.]?)(0[1-9]|1[0-2])(?:\2(0[1-9]|[12]\d|3[01]))?)?(?!\d)")

_MONTH_OR_YEAR = re.compile(r"(?:1[5-9]|2\d)\d\d(?:-(?:0[1-9]|1[0-2]))?")

#: A day as ISO has it, alone or before a time.
_DAY = re.compile(r"(\d{4}-\d\d-\d\d|\d{4}-W\d\d-\d|\d{8}|\d{4}W\d{3})(?:[Tt_ ].*)?")

_SPELLED = ("%d %B %Y", "%B %d, %Y", "%d %b %Y", "%b %d, %Y", "%Y/%m/%d")

#: Digits alone, as a number of a table may be written.
_DIGITS = re.compile(r"(\d+)(?:\.0+)?")

#: Seconds since 1970 that are taken for a time, from 2001-09-09 on; ten digits that begin with a year are no seconds.
_EPOCH = range(10**9, 19 * 10**8)


def parse_date(value: object) -> str:
    """A date as ISO to the day, month or year; empty where it is none or may be read two ways (05/06/2024).

    Of digits alone four are a year, six a month (202405), eight a day; ten are seconds and thirteen milliseconds since
    1970, as pandas writes them, of which the day is that in UTC. Others are no date.
    """
    text = spelled(value)
    if digits := _DIGITS.fullmatch(text):
        return _of_digits(digits[1])
    if _MONTH_OR_YEAR.fullmatch(text):
        return text
    if told := _DAY.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(told[1]).isoformat()
    for shape in _SPELLED:
        with suppress(ValueError):
            return datetime.strptime(text, shape).date().isoformat()
    return ""


def _of_digits(digits: str) -> str:
    if len(digits) == 4 and _MONTH_OR_YEAR.fullmatch(digits):
        return digits
    if len(digits) == 6 and digits[:2] in ("19", "20") and 1 <= int(digits[4:]) <= 12:
        return f"{digits[:4]}-{digits[4:]}"
    if len(digits) == 8 and _MONTH_OR_YEAR.fullmatch(digits[:4]):
        with suppress(ValueError):
            return date.fromisoformat(digits).isoformat()
    if len(digits) in (10, 13) and (seconds := int(digits[:10])) in _EPOCH:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    return ""


def first_day(date: str) -> str:
    """Of a date to the day, month or year its first day: 2024-05-01 of 2024-05."""
    return date + "-01-01"[len(date) - len("2024") :]


def date_in_name(name: str) -> str:
    """The date in a file's name (``2024-05-17 Dawn.txt``, ``20240517_a.html``, ``2024-05``); empty if there is none.

    A mere year that is to come is none (``S-RES-2085``).
    """
    this = str(datetime.now(UTC).year)
    parts = ((year, month, day) for year, _, month, day in _IN_NAME.findall(name) if month or year <= this)
    found = ("-".join(filter(None, each)) for each in parts)
    return max(map(parse_date, found), key=len, default="")  # the first of the most exact
