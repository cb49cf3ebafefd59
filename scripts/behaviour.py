"""Test a checkpoint on a suite of composed cases: python scripts/behaviour.py checkpoint=DIR"""

from stance.cli.behaviour import main

if __name__ == "__main__":
    main()
