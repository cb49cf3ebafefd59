"""The table of docs/corpora.md: which corpora there are, where to get them, and what they have."""

from pathlib import Path

from stance.base.errors import input_error
from stance.base.files import write_text
from stance.base.markdown import markdown_table
from stance.data.info import CorpusInfo, known, module_of

#: The table is between these on the page.
MARKS = ("<!-- corpora -->", "<!-- /corpora -->")

HEADS = ("`data=`", "folder", "files", "from (GitHub)", "labels", "parts of its own", "led by", "licence")


def corpora_table() -> str:
    """A row for each corpus that somebody must fetch, by name, with a link to its reader."""
    published = sorted((info for info in known() if info.folder), key=lambda info: info.name)
    return markdown_table(HEADS, map(_row, published))


def _row(info: CorpusInfo) -> tuple[str, ...]:
    reader = f"../src/stance/data/{module_of(info.reader or info.name).replace('.', '/')}.py"
    parts = ", ".join(info.parts) or "none"
    named = f"[`{info.name}`]({reader})"
    return (named, f"`{info.folder}`", info.files, info.origin, info.labels, parts, info.headline, info.licence)


def write_listing(page: str | Path) -> bool:
    """Put the table into the page, between its marks.

    Returns:
        Whether that changed anything.

    Raises:
        StanceError: The page has no marks.
    """
    before = Path(page).read_text(encoding="utf-8")
    try:
        head, rest = before.split(MARKS[0])
        tail = rest.split(MARKS[1])[1]
    except (ValueError, IndexError):
        raise input_error(str(page), "no place for the table", allowed=" ... ".join(MARKS)) from None
    after = f"{head}{MARKS[0]}\n{corpora_table()}\n{MARKS[1]}{tail}"
    if after != before:
        write_text(page, after)
    return after != before
