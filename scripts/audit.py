"""What a corpus gives away without reading: python scripts/audit.py data=semeval2016 split=official"""

from stance.cli.audit import main

if __name__ == "__main__":
    main()
