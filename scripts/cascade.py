"""Put a cheap model before a slow one: python scripts/cascade.py cheap=DIR checkpoint=DIR output=DIR"""

from stance.cli.cascade import main

if __name__ == "__main__":
    main()
