"""Test a checkpoint on a suite of composed cases.

    stance behaviour checkpoint=DIR

suite=FILE.yaml for one of your own (docs/behaviour.md describes the format); output=FILE
"""

from stance.cli.config import script
from stance.evaluation.config import BehaviourConfig

GROUP = "evaluate"


@script("behaviour")
def main(config: BehaviourConfig) -> None:
    """Run every test of the suite; write the report and print the failure rates."""
    from stance.evaluation.checks.behaviour import behave, behaviour_table

    report, path = behave(config)
    print(behaviour_table(report.result))
    print(f"suite {report.result.suite}: {len(report.result.tests)} tests; {path}")
