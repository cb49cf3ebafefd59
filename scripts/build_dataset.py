"""Build a dataset from annotations: python scripts/build_dataset.py data=negotiation"""

from stance.cli.build_dataset import main

if __name__ == "__main__":
    main()
