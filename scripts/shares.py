"""Shares of the labels in a scored file: python scripts/shares.py predictions=FILE checkpoint=DIR"""

from stance.cli.shares import main

if __name__ == "__main__":
    main()
