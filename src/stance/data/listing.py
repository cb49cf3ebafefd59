"""The table of docs/corpora.md: which corpora there are, where to get them, and what they have."""

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
