"""Measure how well annotators agree, and score a model beside them: python scripts/annotators.py data=gwsd"""

from stance.cli.annotators import main

if __name__ == "__main__":
    main()
