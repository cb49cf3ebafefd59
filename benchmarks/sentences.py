"""The sentences that are timed: of a corpus, one row a sentence, those that training never saw first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from hydra import compose, initialize_config_dir

from stance.cli.config import PROJECT, register, typed
from stance.data.build import build_dataset
from stance.data.config import BuildConfig
from worker import Row

#: News in its natural mixture of lengths; the parts that ``experiment=newsmtsc_apart`` is trained on and scored on.
NEWS = ("data=newsmtsc", "split=official", "split.leaks=drop")

#: Where that corpus is not at hand.
BUNDLED = ("data=negotiation",)


@dataclass(frozen=True, slots=True)
class Sentences:
    """What is timed.

    Attributes:
        corpus: Its name.
        fingerprint: Of the dataset.
        rows: One a sentence, so that nobody gains from repeats; test and validation first, each in its own order.
        gold: The label of each row of test and validation; one per row from the front, shorter than ``rows``.
        made: How many rows at the end are no rows of the corpus (see :func:`more_rows`).
    """

    corpus: str
    fingerprint: str
    rows: tuple[Row, ...]
    gold: tuple[str, ...]
    made: int = 0


def read_sentences(number: int, overrides: Sequence[str], outputs: str) -> Sentences:
    """So many sentences of a corpus of the configuration; built into ``outputs`` unless the dataset stands there.

    Args:
        number: Of rows.
        overrides: What ``scripts/build_dataset.py`` would be given.
        outputs: Folder for datasets.

    Raises:
        StanceError: The corpus is not there or faulty.
    """
    config = dataset_config(overrides)
    splits, record, _ = build_dataset(outputs, config.data, config.split)
    seen: set[str] = set()
    rows: list[Row] = []
    gold: list[str] = []
    for part in ("test", "validation", "train"):
        for example in splits[part]:
            if example.text not in seen and len(rows) < number:
                seen.add(example.text)
                rows.append((example.text, example.target, example.holder))
                if part != "train":
                    gold.append(example.label)
    made = number - len(rows)
    return Sentences(record.name, record.fingerprint, tuple(more_rows(rows, number)), tuple(gold), made)


def dataset_config(overrides: Sequence[str]) -> BuildConfig:
    """The configuration of a dataset, from ``conf/``."""
    register()
    with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
        config: BuildConfig = typed(compose("build_dataset", overrides=list(overrides)))
    return config


def more_rows(rows: Sequence[Row], number: int) -> list[Row]:
    """So many distinct rows: the rows given, then their sentences with the target and holder of another row.

    The sentences stay real and none of the rows is a repeat that could be scored once; what is asked of them is made.
    Where there are too few pairs, the targets are numbered too.
    """
    found = list(dict.fromkeys(rows[:number]))
    seen = set(found)
    for step in count(1):
        for index, (text, _, _) in enumerate(rows):
            if len(found) >= number:
                return found
            _, target, holder = rows[(index + step) % len(rows)]
            row = (text, target if step < len(rows) else f"{target} {step // len(rows)}", holder)
            if row not in seen:
                seen.add(row)
                found.append(row)
    raise AssertionError("count() has no end")


def chosen(number: int, share: float) -> list[int]:
    """Row numbers of a random sample without replacement, in their order; all of them for a share of 1."""
    generator = np.random.default_rng(0)
    return sorted(int(index) for index in generator.permutation(number)[: max(1, round(share * number))])
