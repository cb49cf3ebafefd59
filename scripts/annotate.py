"""Annotate rows with a model: python scripts/annotate.py input=FILE output=FILE annotator=NAME checkpoint=DIR"""

from stance.cli.annotate import main

if __name__ == "__main__":
    main()
