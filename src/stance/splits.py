"""Dividing examples into train, validation and test so that a score on test means something."""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from datasketch import MinHash, MinHashLSH
from sklearn.model_selection import StratifiedGroupKFold

from stance.annotations import Example
from stance.errors import StanceError, input_error
from stance.labels import LABEL2ID

Splits = dict[str, list[Example]]


PARTS = ("train", "validation", "test")

#: What must not be shared between two parts, for each way of splitting.
KEPT_APART: dict[str, tuple[str, ...]] = {
    "target": ("document", "target", "text"),
    "document": ("document", "text"),
    "sentence": ("text",),
    "official": ("document", "text"),
}

#: Sentences count as near-duplicates from this Jaccard similarity of their sets of character 5-grams on.
NEAR_DUPLICATE = 0.8


@dataclass(frozen=True, slots=True)
class Leak:
    """A row of one part and a row of another that share what they must not.

    Attributes:
        kind: document, target, duplicate or near-duplicate.
        earlier: Part and id of the row that a model would learn from.
        later: Part and id of the row that it would be tested on.
        value: What they share.
    """

    kind: str
    earlier: tuple[str, str]
    later: tuple[str, str]
    value: str

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 60 else self.value[:57] + "..."
        return f"{self.kind}: {self.earlier[0]} {self.earlier[1]} and {self.later[0]} {self.later[1]} share {shown!r}"


def split_examples(
    examples: Sequence[Example],
    by: str,
    *,
    validation: float,
    test: float,
    seed: int,
    parts: Mapping[str, str] | None = None,
) -> Splits:
    """Train, validation and test, each example in one of them, in the order given.

    Rows that share a target (``by="target"``), a document, or a sentence stay together; with ``target`` also the
    documents do, with every way also rows of one and the same text. Groups are drawn so that the label shares are
    alike (scikit-learn's StratifiedGroupKFold); the same seed gives the same split.

    Args:
        examples: With distinct ids.
        by: ``official`` takes the parts that the corpus comes with and draws only what they lack: a validation part
            from train, by sentence.
        validation: Share of all rows (official: of the train rows) wanted for validation, 0 to 0.5.
        test: Share wanted for test, above 0 to 0.5; not used when official.
        seed: Of the split; other than the seeds of training.
        parts: Official part by id.

    Raises:
        StanceError: Too few groups, an empty part, a label absent from train, or official parts that are not there.
    """
    if by == "official":
        splits = _official(examples, parts, validation, seed)
    else:
        rest, held_out = _draw(examples, by, test, seed, "test")
        train, valid = _draw(rest, by, validation / (1 - test), seed, "validation")
        splits = {"train": train, "validation": valid, "test": held_out}
    for part in PARTS:
        if not splits.get(part):
            raise StanceError(f"split by {by}: the {part} part is empty ({len(examples)} rows in all)")
    absent = sorted(set(LABEL2ID) - {example.label for example in splits["train"]})
    needed = {example.label for example in examples}
    if needed & set(absent):
        raise StanceError(
            f"split by {by}: no row of train has the label {', '.join(sorted(needed & set(absent)))}; "
            "try another split.seed or smaller shares for validation and test"
        )
    return splits


def _official(examples: Sequence[Example], parts: Mapping[str, str] | None, validation: float, seed: int) -> Splits:
    if parts is None:
        raise StanceError("this corpus has no official split; allowed for split.by: target, document, sentence")
    splits: Splits = defaultdict(list)
    for example in examples:
        splits[parts[example.id]].append(example)
    if "validation" not in splits:
        splits["train"], splits["validation"] = _draw(splits["train"], "sentence", validation, seed, "validation")
    return {part: splits[part] for part in (*PARTS, *sorted(set(splits) - set(PARTS)))}


def _draw(
    examples: Sequence[Example], by: str, share: float, seed: int, part: str
) -> tuple[list[Example], list[Example]]:
    """(the rest, about ``share`` of the rows in whole groups)."""
    if not 0 < share <= 0.5:
        raise input_error("split", f"share of {part}", found=share, allowed="above 0, at most 0.5")
    groups = _groups(examples, KEPT_APART[by])
    folds = max(2, round(1 / share))
    if len(set(groups)) < folds:
        raise StanceError(
            f"split by {by}: {len(set(groups))} group(s) of rows that must stay together, and {folds} are needed "
            f"for a {part} part of {share:.0%}; split by document or sentence, or give more documents"
        )
    labels = [LABEL2ID[example.label] for example in examples]
    folder = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a label rarer than the folds: checked for by the caller
        rest, drawn = next(iter(folder.split(np.zeros(len(labels)), labels, groups)))
    return [examples[i] for i in rest], [examples[i] for i in drawn]


def _groups(examples: Sequence[Example], kept: Iterable[str]) -> list[int]:
    """A group number for each example: rows that share any of the kept values are in one group (union-find)."""
    parent = list(range(len(examples)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    seen: dict[tuple[str, str], int] = {}
    for index, example in enumerate(examples):
        for name in kept:
            value = normalized(example.text) if name == "text" else getattr(example, name)
            first = seen.setdefault((name, value), index)
            parent[root(index)] = root(first)
    return [root(index) for index in range(len(examples))]


def normalized(text: str) -> str:
    """Lower case, letters and digits only, single spaces: two texts with one normal form are duplicates."""
    return " ".join(re.findall(r"\w+", re.sub(r"https?://\S+", " ", text.lower())))


def find_leaks(splits: Mapping[str, Sequence[Example]], by: str) -> list[Leak]:
    """Every row of a later part that shares a document, target or text with a row of an earlier part.

    Texts count as shared when their normal form is the same (duplicate) or when the character 5-grams of their normal
    forms have a Jaccard similarity of 0.8 or more (near-duplicate; candidates by MinHash, then measured exactly). One
    leak is reported for each later row, kind and earlier part.
    """
    leaks: list[Leak] = []
    order = [part for part in (*PARTS, *sorted(set(splits) - set(PARTS))) if part in splits]
    for position, later in enumerate(order):
        for earlier in order[:position]:
            for name in KEPT_APART[by]:
                if name == "text":
                    leaks += _shared_texts(earlier, splits[earlier], later, splits[later])
                else:
                    first = {getattr(example, name): example.id for example in reversed(splits[earlier])}
                    leaks += [
                        Leak(name, (earlier, first[value]), (later, example.id), value)
                        for example in splits[later]
                        if (value := getattr(example, name)) in first
                    ]
    return leaks


def _shared_texts(earlier: str, before: Sequence[Example], later: str, after: Sequence[Example]) -> list[Leak]:
    first: dict[str, str] = {}
    for example in before:
        first.setdefault(normalized(example.text), example.id)
    index = MinHashLSH(threshold=NEAR_DUPLICATE - 0.1, num_perm=128)
    for text in first:
        index.insert(text, _minhash(text))
    leaks = []
    for example in after:
        text = normalized(example.text)
        if text in first:
            leaks.append(Leak("duplicate", (earlier, first[text]), (later, example.id), example.text))
            continue
        near = [other for other in index.query(_minhash(text)) if _jaccard(text, other) >= NEAR_DUPLICATE]
        if near:
            closest = max(near, key=lambda other: _jaccard(text, other))
            leaks.append(Leak("near-duplicate", (earlier, first[closest]), (later, example.id), example.text))
    return leaks


def _shingles(text: str) -> set[str]:
    return {text[i : i + 5] for i in range(max(1, len(text) - 4))}


def _jaccard(first: str, second: str) -> float:
    a, b = _shingles(first), _shingles(second)
    return len(a & b) / len(a | b)


def _minhash(text: str) -> MinHash:
    sketch = MinHash(num_perm=128, seed=1)
    sketch.update_batch([shingle.encode("utf-8") for shingle in _shingles(text)])
    return sketch


def refuse_leaks(leaks: Sequence[Leak], shown: int = 10) -> None:
    """Raise StanceError that lists the rows, unless there are no leaks."""
    if not leaks:
        return
    lines = [f"  {leak}" for leak in leaks[:shown]]
    if len(leaks) > shown:
        lines.append(f"  and {len(leaks) - shown} more")
    raise StanceError(
        f"the parts are not independent: {len(leaks)} leak(s)\n"
        + "\n".join(lines)
        + "\n  mend the annotations, or set split.leaks=drop (removes the earlier rows) or split.leaks=report"
    )


def drop_leaks(splits: Splits, leaks: Iterable[Leak], by: str) -> Splits:
    """The splits without the earlier-part rows that leak into a later part; the later parts stay whole.

    Rows are removed until no leak is left: an earlier row that shares with the same later row but was not the one
    reported goes too.
    """
    splits = {part: list(examples) for part, examples in splits.items()}
    found = list(leaks)
    while found:
        gone = {leak.earlier for leak in found}
        splits = {part: [e for e in rows if (part, e.id) not in gone] for part, rows in splits.items()}
        found = find_leaks(splits, by)
    return splits
