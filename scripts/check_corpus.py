"""Check the numbers of the bundled corpus: python scripts/check_corpus.py"""

from stance.cli.check_corpus import main

if __name__ == "__main__":
    main()
