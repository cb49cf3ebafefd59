"""Prove the numbers of the bundled corpus: python scripts/check_corpus.py

Measures the files in seeds/, compares with seeds/statistics.json, and says promise by promise whether it is kept.
After a change that is meant: write=true.
"""

import sys

from stance.config import script
from stance.settings import CheckConfig


@script("check_corpus")
def main(config: CheckConfig) -> None:
    """Measure and compare; exit code 1 if a promise is broken or a number is not the recorded one."""
    from stance.datasheet import PROMISES, changed, measure_corpus
    from stance.files import write_json

    measured = measure_corpus(config.folder)
    kept = {promise: keeps(measured) for promise, keeps in PROMISES.items()}
    for promise, is_kept in kept.items():
        print(f"{'kept  ' if is_kept else 'BROKEN'}  {promise}")
    record = f"{config.folder}/statistics.json"
    if config.write:
        write_json(record, measured)
    different = changed(measured, record)
    for line in different:
        print(f"CHANGED {line}")
    print(f"{measured['rows']:,} rows in {measured['documents']} documents; {record}")
    sys.exit(bool(different) or not all(kept.values()))


if __name__ == "__main__":
    main()
