"""How far annotators agree, and a model beside one of them: python scripts/annotators.py data=gwsd"""

from stance.cli.annotators import main

if __name__ == "__main__":
    main()
