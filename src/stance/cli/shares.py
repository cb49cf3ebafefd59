"""Estimate the shares of the labels in a labelled file.

    stance shares predictions=FILE checkpoint=DIR

FILE is what stance predict wrote with that checkpoint; columns target and document are used if they are there.
The shares are corrected for the classifier's mistakes: docs/evaluation.md.
"""

from stance.cli.config import script
from stance.inference.config import SharesConfig

GROUP = "label"


@script("shares")
def main(config: SharesConfig) -> None:
    """Print the shares, counted and corrected; those of each target by the last method."""
    from stance.evaluation.shares import shares_table
    from stance.inference.count_shares import count_file

    report, path = count_file(config)
    print(shares_table(report))
    print(f"numbers, of every method and target: {path}")
