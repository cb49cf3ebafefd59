"""Show what is in an export of an annotation tool.

    stance inspect-import FILE_OR_FOLDER

Prints layers, labels, annotators, fields, three examples and what would be left out, and writes a first mapping to be
completed by hand. With --mapping it says instead what becomes of the export by that mapping. See docs/annotate.md.
"""

import argparse
from collections import Counter
from pathlib import Path

from stance.base.checks import another_file
from stance.cli.config import plain_messages
from stance.cli.output import told

GROUP = "annotations"


def main() -> None:
    """Print what is there; write NAME.mapping.yaml in this folder unless it exists."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="FILE_OR_FOLDER")
    parser.add_argument("--tool", default="", help="which wrote it, if its content does not say")
    parser.add_argument("--mapping", metavar="FILE", help="say what rows it makes")
    parser.add_argument("--output", metavar="FILE", help="the first mapping; with --mapping the rows, as jsonl")
    arguments = parser.parse_args()
    with plain_messages():
        another_file("--output", arguments.output, arguments.path, arguments.mapping)
        from stance.base.files import write_jsonl, write_text
        from stance.data.imported import opened_with
        from stance.data.imports.draft import first_mapping, next_command
        from stance.data.imports.judge import rows_of
        from stance.data.imports.survey import described, survey
        from stance.data.imports.tools import records_of

        if arguments.mapping:
            opened, mapping = opened_with(arguments.path, arguments.mapping, arguments.tool)
            found = rows_of(records_of(opened), mapping, arguments.path)
            print(f"{len(found.rows):,} judgement(s):", dict(Counter(row["label"] for _, row in found.rows)))
            print(*(f"left out: {n:,} {reason}" for reason, n in found.left_out.most_common()), sep="\n")
            if arguments.output:
                write_jsonl(arguments.output, ({**row, "place": place} for place, row in found.rows))
            return
        seen = survey(arguments.path, arguments.tool)
        print(*described(seen), sep="\n")
        output = Path(arguments.output or f"{Path(arguments.path).stem}.mapping.yaml")
        if output.exists():
            print(f"{output} exists and was left as it is")
            return
        write_text(output, first_mapping(seen, arguments.path))
        print(told(f"a first mapping: {output}; complete it, then:\n  {next_command(arguments.path, output)}"))
