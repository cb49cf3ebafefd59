"""Check the numbers of the bundled corpus.

    stance check-corpus

Measures the files in seeds/, compares with seeds/statistics.json, and says promise by promise whether it is kept.
After a change that is meant: write=true. The wire is measured where the folder texts= holds Reuters-21578.
"""

import sys
from dataclasses import dataclass

from stance.base.home import checkout
from stance.cli.config import script

GROUP = "results"


@dataclass(kw_only=True)
class CheckConfig:
    """Configuration of ``scripts/check_corpus.py``.

    Attributes:
        folder: Laid out as ``seeds/``.
        texts: The user's copy of Reuters-21578; where there is none, the wire is not measured.
        write: Record the numbers measured, instead of comparing with those recorded.
    """

    folder: str
    texts: str
    write: bool = False


@script("check_corpus")
def main(config: CheckConfig) -> None:
    """Measure and compare; exit code 1 if a promise is broken or a number is not the recorded one."""
    sys.path.insert(0, str(checkout() / "seeds"))
    from datasheet import changed, measure_corpus, promises, record_numbers

    measured = measure_corpus(config.folder, config.texts)
    kept = promises(measured)
    for promise, is_kept in kept.items():
        print(f"{'kept  ' if is_kept else 'BROKEN'}  {promise}")
    record = f"{config.folder}/statistics.json"
    if config.write:
        record_numbers(measured, record)
    different = changed(measured, record)
    for line in different:
        print(f"CHANGED {line}")
    rows = ", ".join(f"{section}: {found['rows']:,} rows" for section, found in measured.items() if "labels" in found)
    print(f"{rows}; {record}")
    sys.exit(bool(different) or not all(kept.values()))
