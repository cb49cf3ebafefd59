"""Examples as a Hugging Face ``DatasetDict`` with fixed features, on disk with its statistics and fingerprint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stance.base.annotations import Example, label_counts
from stance.base.errors import StanceError, input_error
from stance.base.files import digest, folder_beside, read_json, write_json
from stance.base.labels import LABELS
from stance.base.names import must_exist
from stance.base.words import count_words

if TYPE_CHECKING:
    from datasets import DatasetDict, Features

#: Beside the dataset in its folder: what it was built from, its fingerprint and its statistics.
RECORD = "stance_dataset.json"


def features() -> Features:
    """The columns of every dataset; ``label`` is a ``ClassLabel`` in the order against, neutral, favor."""
    from datasets import ClassLabel, Features, List, Value

    text = Value("string")
    others = {
        "label": ClassLabel(names=list(LABELS)),
        "tags": List(text),
        "votes": List(Value("int64"), length=len(LABELS)),
    }
    return Features({each.name: others.get(each.name, text) for each in fields(Example)})


def to_dataset(splits: Mapping[str, Sequence[Example]]) -> DatasetDict:
    """A ``DatasetDict`` with a dataset for each part, rows in the order given."""
    from datasets import Dataset, DatasetDict

    parts = {}
    for part, examples in splits.items():
        rows = [asdict(example) for example in examples]
        parts[part] = Dataset.from_list(rows, features=features(), split=part)
    return DatasetDict(parts)


def to_examples(dataset: Any) -> list[Example]:  # noqa: ANN401 - datasets.Dataset, imported late
    """The rows of one part as examples; the inverse of :func:`to_dataset`."""
    return [
        Example(**{**row, "label": LABELS[row["label"]], "tags": tuple(row["tags"]), "votes": tuple(row["votes"])})
        for row in dataset
    ]


def fingerprint(splits: Mapping[str, Sequence[Example]]) -> str:
    """SHA-256 over parts, rows and their order: two datasets with one fingerprint hold the same rows."""
    return digest({part: [asdict(example) for example in examples] for part, examples in splits.items()})


def statistics(splits: Mapping[str, Sequence[Example]]) -> dict[str, Any]:
    """For each part: rows, documents, targets, holders, label counts, words a text (median), rows with several votes.

    These are ``judged_by_several``, even where one annotator gave two votes; ``unanimous`` are those of one label.
    """
    table: dict[str, Any] = {}
    for part, examples in splits.items():
        words = sorted(count_words(example.text) for example in examples)
        judged_twice = [example for example in examples if sum(example.votes) > 1]
        table[part] = {
            "rows": len(examples),
            "documents": len({example.document for example in examples}),
            "targets": len({example.target for example in examples}),
            "holders": len({example.holder for example in examples}),
            "labels": label_counts(example.label for example in examples),
            "median_words": words[len(words) // 2],
            "judged_by_several": len(judged_twice),
            "unanimous": sum(max(example.votes) == sum(example.votes) for example in judged_twice),
            "tags": dict(sorted(Counter(tag for example in examples for tag in example.tags).items())),
        }
    return table


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """The record beside a dataset on disk.

    Attributes:
        name: Of the corpus.
        source: Digest of the configuration, the files and the code it was built from: the same source need not be built
            again.
        fingerprint: Of the rows; what a run and a checkpoint name as their data.
        split: How it was split: by, shares, seed, what was done with leaks.
        files: SHA-256 by name of the files read.
        statistics: See :func:`statistics`.
        left_out: Judgements that ``data.leave_out`` or the reader left out, by how their label is spelled.
        ties: Rows left out because the annotators' votes were tied, with the votes.
        leaks: Number of leaks found by kind, before anything was dropped.
        agreement: Krippendorff's alpha with interval, or None when no row was judged twice.
        auxiliary: Of each other corpus whose rows are in train: its fingerprint, rows taken, rows dropped since the
            other parts have their text, and leaks where others share a target or document that the split keeps apart.
    """

    name: str
    source: str
    fingerprint: str
    split: dict[str, Any]
    files: dict[str, str]
    statistics: dict[str, Any]
    ties: dict[str, list[int]]
    leaks: dict[str, int]
    agreement: dict[str, Any] | None
    auxiliary: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


def save_dataset(folder: str | Path, splits: Mapping[str, Sequence[Example]], record: DatasetRecord) -> None:
    """Write the dataset and its record; an older one at that place is replaced once the new one is whole."""
    from datasets import disable_progress_bars

    disable_progress_bars()
    with folder_beside(folder) as temporary:
        to_dataset(splits).save_to_disk(str(temporary))
        write_json(temporary / RECORD, asdict(record))


def read_record(folder: str | Path) -> DatasetRecord:
    """The record of the dataset in a folder.

    Raises:
        StanceError: No dataset is there, or the record is of another version.
    """
    path = must_exist(Path(folder) / RECORD, "dataset")
    try:
        return DatasetRecord(**read_json(path))
    except TypeError as error:
        raise StanceError(f"{path}: not a dataset record of this version ({error}); build the dataset again") from None


def load_splits(folder: str | Path) -> tuple[dict[str, list[Example]], DatasetRecord]:
    """Examples by part and the record of a dataset folder, checked against its fingerprint.

    Raises:
        StanceError: No dataset is there, it is damaged, or its rows are not those that were written.
    """
    from datasets import load_from_disk

    record = read_record(folder)
    try:
        splits = {part: to_examples(rows) for part, rows in load_from_disk(str(folder)).items()}
    except (OSError, ValueError) as error:
        raise StanceError(f"{folder}: the dataset does not load: {error}") from None
    if fingerprint(splits) != record.fingerprint:
        raise input_error(str(folder), "the rows are not those that the record names; build the dataset again")
    return splits, record
