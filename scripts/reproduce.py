"""Run recorded experiments again and compare: python scripts/reproduce.py negotiation-tfidf"""

from stance.cli.reproduce import main

if __name__ == "__main__":
    main()
