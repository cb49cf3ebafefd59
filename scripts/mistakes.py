"""List where a model is wrong: python scripts/mistakes.py data=negotiation checkpoint=DIR"""

from stance.cli.mistakes import main

if __name__ == "__main__":
    main()
