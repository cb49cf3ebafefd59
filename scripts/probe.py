"""Test whether a checkpoint reads, and how robust it is: python scripts/probe.py checkpoint=DIR data=negotiation"""

from stance.cli.probe import main

if __name__ == "__main__":
    main()
