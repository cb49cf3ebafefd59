"""Prove the numbers of the bundled corpus: python scripts/check_corpus.py

Measures the files in seeds/, writes seeds/statistics.json, and says promise by promise whether it is kept.
"""

import sys

from stance.config import script
from stance.settings import CheckConfig


@script("check_corpus")
def main(config: CheckConfig) -> None:
    """Measure, write, compare; exit code 1 if a promise is broken."""
    from stance.datasheet import PROMISES, measure_corpus
    from stance.files import write_json

    measured = measure_corpus(config.folder)
    write_json(f"{config.folder}/statistics.json", measured)
    kept = {promise: keeps(measured) for promise, keeps in PROMISES.items()}
    for promise, is_kept in kept.items():
        print(f"{'kept  ' if is_kept else 'BROKEN'}  {promise}")
    print(f"{measured['rows']:,} rows in {measured['documents']} documents; {config.folder}/statistics.json")
    sys.exit(not all(kept.values()))


if __name__ == "__main__":
    main()
