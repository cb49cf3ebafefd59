"""Show what is in an export of an annotation tool: python scripts/inspect_import.py FILE_OR_FOLDER"""

from stance.cli.inspect_import import main

if __name__ == "__main__":
    main()
