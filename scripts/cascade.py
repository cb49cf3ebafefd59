"""A cheap model where it is sure, a dear one else: python scripts/cascade.py cheap=DIR checkpoint=DIR output=DIR"""

from stance.cli.cascade import main

if __name__ == "__main__":
    main()
