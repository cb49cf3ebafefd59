"""Search learning rate, epochs and template on validation alone: python scripts/sweep.py model=minilm"""

from stance.cli.sweep import main

if __name__ == "__main__":
    main()
