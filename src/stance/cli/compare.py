"""Compare systems on the same rows.

    stance compare a=RUN b=RUN

RUN is a run folder (outputs/runs/NAME/seed-0), a NAME (all its seeds), the folder of a recorded experiment
(experiments/CORPUS/NAME), or with data=... a predictions file.
Prints differences with intervals and p-values; writes the rows that differ. See docs/evaluation.md.
More than two, each compared with the first: runs=[a,b,c]
"""

from stance.cli.config import script
from stance.experiments.config import CompareConfig

GROUP = "evaluate"


@script("compare")
def main(config: CompareConfig) -> None:
    """Print the differences; write them, and the rows that differ."""
    from stance.evaluation.comparison import in_words
    from stance.experiments.compare import compare_systems

    results, folder = compare_systems(config)
    print(*(in_words(result, len(results)) for result in results), sep="\n")
    print(f"by label and target, and the rows that differ: {folder}")
