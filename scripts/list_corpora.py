"""Rewrite the table of corpora: python scripts/list_corpora.py"""

from stance.cli.list_corpora import main

if __name__ == "__main__":
    main()
