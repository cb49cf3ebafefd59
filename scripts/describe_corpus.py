"""Measure the bundled corpus for its data statement: python scripts/describe_corpus.py

Writes seeds/statistics.json; a test compares it with the files.
"""

from stance.config import script
from stance.settings import DescribeConfig


@script("describe_corpus")
def main(config: DescribeConfig) -> None:
    """Measure, write, say where."""
    from stance.datasheet import measure_corpus
    from stance.files import write_json

    write_json(f"{config.folder}/statistics.json", measure_corpus(config.folder))
    print(f"{config.folder}/statistics.json")


if __name__ == "__main__":
    main()
