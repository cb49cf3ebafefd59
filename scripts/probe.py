"""Does a checkpoint read, and is it robust: python scripts/probe.py checkpoint=DIR data=negotiation"""

from stance.cli.probe import main

if __name__ == "__main__":
    main()
