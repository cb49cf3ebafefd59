"""Record all seeds of an experiment as one result: python scripts/summarize.py experiment=negotiation-minilm"""

from stance.cli.summarize import main

if __name__ == "__main__":
    main()
