"""Rewrite the table of corpora.

    stance list-corpora

The table is in docs/corpora.md.
"""

import argparse

from stance.base.home import checkout
from stance.base.markdown import put_table
from stance.cli.config import plain_messages

GROUP = "results"


def main() -> None:
    """Put the table into its page, and say whether that changed it."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with plain_messages():
        from stance.data.listing import MARKS, corpora_table

        changed = put_table(checkout() / "docs" / "corpora.md", MARKS, corpora_table())
        print("docs/corpora.md:", "written anew" if changed else "up to date")
