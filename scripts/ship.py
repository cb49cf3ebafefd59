"""Copy a fine-tuned encoder in half precision: python scripts/ship.py checkpoint=DIR [output=DIR]"""

from stance.cli.ship import main

if __name__ == "__main__":
    main()
