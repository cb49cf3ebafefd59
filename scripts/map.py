"""Map who is for or against what: python scripts/map.py documents=DIR proposals=FILE actors=FILE output=DIR"""

from stance.cli.map import main

if __name__ == "__main__":
    main()
