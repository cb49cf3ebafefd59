"""Test whether a checkpoint reads, and how robust it is.

    stance probe checkpoint=DIR data=negotiation

Text, target or holder are hidden, swapped or edited: docs/behaviour.md.
split=auto part=test seed=0 output=FILE
"""

from stance.cli.config import script
from stance.evaluation.config import ProbeConfig

GROUP = "evaluate"


@script("probe")
def main(config: ProbeConfig) -> None:
    """Hide, mask, swap and edit the rows of one part; write the report and print its tables."""
    from stance.evaluation.checks.probes import probe_part, probe_table

    report, path = probe_part(config)
    print(probe_table(report))
    print(f"n = {report.n} in {report.documents} documents; {path}")
