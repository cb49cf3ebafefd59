"""Rewrite the table of commands.

    stance list-commands

The table is in docs/commands.md. A row is made of the top of the command's file: what it does, how it is typed, and
the pages of docs/ that are named there.
"""

import argparse
import re
from itertools import groupby

from stance.base.home import checkout
from stance.base.markdown import markdown_table, put_table
from stance.cli.config import plain_messages
from stance.cli.main import Command, commands

GROUP = "results"


def main() -> None:
    """Put the table into its page, and say whether that changed it."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with plain_messages():
        changed = put_table(checkout() / "docs" / "commands.md", commands_table())
        print("docs/commands.md:", "written anew" if changed else "up to date")


def commands_table() -> str:
    """A table for each group, with a row for each command."""
    groups = groupby(commands(), lambda command: command.group)
    return "\n\n".join(markdown_table((group, "", "more"), map(_row, listed)) for group, listed in groups)


def _row(command: Command) -> tuple[str, ...]:
    pages = dict.fromkeys(re.findall(r"docs/(\w+\.md)", command.help))
    return (f"`{command.usage}`", command.does, ", ".join(f"[{page}]({page})" for page in pages))
