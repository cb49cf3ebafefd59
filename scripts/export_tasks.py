"""Choose rows to code: python scripts/export_tasks.py 'input=[SCORED.csv]' output=tasks.json to=label-studio n=50"""

from stance.cli.export_tasks import main

if __name__ == "__main__":
    main()
