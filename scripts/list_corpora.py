"""Write the table of corpora anew from what each says of itself: python scripts/list_corpora.py

It stands in docs/corpora.md.
"""

import argparse

from stance.cli.config import PROJECT, plain_messages


def main() -> None:
    """Put the table into its page, and say whether that changed it."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    from stance.data.listing import write_listing

    with plain_messages():
        changed = write_listing(PROJECT / "docs" / "corpora.md")
        print("docs/corpora.md:", "written anew" if changed else "up to date")


if __name__ == "__main__":
    main()
