"""Find labels to check again: python scripts/suspects.py data=gwsd"""

from stance.cli.suspects import main

if __name__ == "__main__":
    main()
