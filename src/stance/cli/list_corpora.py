"""Rewrite the table of corpora.

    stance list-corpora

The table is in docs/corpora.md.
"""

import argparse

from stance.base.home import checkout
from stance.base.markdown import markdown_table, put_table
from stance.cli.config import plain_messages
from stance.data.info import CorpusInfo, known, module_of

GROUP = "results"

HEADS = ("`data=`", "folder", "files", "from (GitHub)", "labels", "parts of its own", "led by", "licence")


def main() -> None:
    """Put the table into its page, and say whether that changed it."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with plain_messages():
        changed = put_table(checkout() / "docs" / "corpora.md", corpora_table())
        print("docs/corpora.md:", "written anew" if changed else "up to date")


def corpora_table() -> str:
    """A row for each corpus that somebody must fetch, by name, with a link to its reader."""
    published = sorted((info for info in known() if info.folder), key=lambda info: info.name)
    return markdown_table(HEADS, map(_row, published))


def _row(info: CorpusInfo) -> tuple[str, ...]:
    reader = f"../src/stance/data/{module_of(info.reader or info.name).replace('.', '/')}.py"
    parts = ", ".join(info.parts) or "none"
    named = f"[`{info.name}`]({reader})"
    return (named, f"`{info.folder}`", info.files, info.origin, info.labels, parts, info.headline, info.licence)
