"""Rewrite the table of commands: python scripts/list_commands.py"""

from stance.cli.list_commands import main

if __name__ == "__main__":
    main()
