"""Compare systems on the same rows: python scripts/compare.py a=RUN b=RUN"""

from stance.cli.compare import main

if __name__ == "__main__":
    main()
