"""Run recorded experiments again and compare.

    stance reproduce negotiation-tfidf

Trains what is recorded of each named experiment anew. --check runs nothing: it finds a score in README.md or
experiments/README.md that is on no recorded page (those in docs/ are not checked), and a record without configuration,
data or commit.
"""

import argparse
import sys

from stance.base.home import checkout
from stance.cli.config import plain_messages

GROUP = "results"


def main() -> None:
    """Print what is the same and what is different; exit code 1 if anything is different, 2 if it cannot be told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a recorded experiment")
    parser.add_argument("--check", action="store_true", help="run nothing, check what is recorded and shown")
    parser.add_argument("--seeds", type=int, nargs="+", help="only these of the recorded seeds")
    parser.add_argument("--tolerance", type=float, default=0.02, help="where versions or machine differ (default 0.02)")
    parser.add_argument("--outputs", metavar="DIR", help="keep the runs there; after a kill the same command goes on")
    arguments = parser.parse_args()
    if arguments.check == bool(arguments.names):
        parser.error("give either names of experiments or --check")
    with plain_messages():
        from stance.experiments.reproduce import check, reproduce

        project = checkout()
        if arguments.check:
            wrong = check(project)
            print(*wrong, "every number shown is recorded" if not wrong else f"{len(wrong)} problem(s)", sep="\n")
            sys.exit(bool(wrong))
        different = 0
        for name in arguments.names:
            lines = reproduce(
                project, name, seeds=arguments.seeds, tolerance=arguments.tolerance, outputs=arguments.outputs
            )
            different += sum(not same for same, _ in lines)
            print(*(f"{name}: {line}" for _, line in lines), sep="\n")
        print("all the same" if not different else f"{different} different")
        sys.exit(bool(different))
