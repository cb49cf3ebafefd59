"""Estimate the shares of the labels in a labelled file: python scripts/shares.py predictions=FILE checkpoint=DIR"""

from stance.cli.shares import main

if __name__ == "__main__":
    main()
