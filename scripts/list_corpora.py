"""Write the table of corpora anew from what each says of itself: python scripts/list_corpora.py"""

from stance.cli.list_corpora import main

if __name__ == "__main__":
    main()
