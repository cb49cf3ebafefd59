"""Audit a corpus for leaks and easy guesses: python scripts/audit.py data=semeval2016 split=official"""

from stance.cli.audit import main

if __name__ == "__main__":
    main()
