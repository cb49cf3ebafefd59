"""Evaluate a checkpoint or a predictions file: python scripts/evaluate.py checkpoint=DIR data=negotiation"""

from stance.cli.evaluate import main

if __name__ == "__main__":
    main()
