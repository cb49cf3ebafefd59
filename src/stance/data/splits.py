"""Dividing examples into train, validation and test so that a score on test means something."""

import logging
import math
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from stance.base.annotations import Example
from stance.base.errors import StanceError, input_error
from stance.base.labels import LABEL2ID
from stance.base.words import composed
from stance.data.duplicates import near_duplicates, normalized

log = logging.getLogger(__name__)

Splits = dict[str, list[Example]]


PARTS = ("train", "validation", "test")

#: What must not be shared between two parts, for each way of splitting.
KEPT_APART: dict[str, tuple[str, ...]] = {
    "target": ("document", "target", "text"),
    "document": ("document", "text"),
    "sentence": ("text",),
    "official": ("document", "text"),
}

#: What a group has in common, from the coarsest way of splitting to the finest.
HELD_BY = {"target": "target", "document": "document", "sentence": "text"}

#: A part is far from its share where it is so many times smaller or larger.
FAR, FAR_ABOVE = 2.0, 1.5

#: Leaks that are listed; the record has the number of all.
SHOWN = 10


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
        rows = f"{self.earlier[0]} {self.earlier[1]} and {self.later[0]} {self.later[1]}"
        return f"{self.kind}: {rows} share {_shown(self.value)}"


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
    documents do, and with every way rows whose texts are duplicates or near-duplicates. Groups are drawn so that the
    label shares are alike (scikit-learn's StratifiedGroupKFold); the same seed gives the same split.

    Args:
        examples: With distinct ids.
        by: target, document or sentence; ``official`` takes the parts that the corpus comes with and draws only what
            they lack, a validation part from train, by document; ``auto`` is official where there are such parts, else
            target.
        validation: Share of all rows (official: of the train rows) wanted for validation, above 0 to 0.5.
        test: Share wanted for test, above 0 to 0.5; not used when official.
        seed: Of the split; other than the seeds of training.
        parts: Official part by id.

    Raises:
        StanceError: Too few groups, an empty part, a label absent from train, or official parts that are not there.
    """
    by = resolve(by, parts)
    if by == "official":
        splits = _official(examples, parts, validation, seed)
    else:
        if not 0 < test <= 0.5 or not 0 < validation <= 0.5 or test + validation >= 1:
            allowed = "two numbers above 0, at most 0.5, together below 1"
            raise input_error("split", "shares of validation and test", found=[validation, test], allowed=allowed)
        rest, held_out = _draw(examples, by, test, seed, "test")
        train, valid = _draw(rest, by, validation / (1 - test), seed, "validation")
        splits = {"train": train, "validation": valid, "test": held_out}
        _tell_sizes(splits, by, {"train": 1 - validation - test, "validation": validation, "test": test})
    check_parts(splits, by)
    return splits


def resolve(by: str, parts: Mapping[str, str] | None) -> str:
    """What ``auto`` means for a corpus with or without official parts; any other way as it is."""
    if by == "auto":
        return "target" if parts is None else "official"
    return by


def check_parts(splits: Mapping[str, Sequence[Example]], by: str) -> None:
    """Raise StanceError if a part is empty, or train lacks a label that other parts have."""
    rows = sum(map(len, splits.values()))
    for part in PARTS:
        if not splits.get(part):
            raise StanceError(f"split by {by}: the {part} part is empty ({rows} rows in all)")
    needed = {example.label for examples in splits.values() for example in examples}
    absent = sorted(needed - {example.label for example in splits["train"]})
    if absent:
        raise StanceError(
            f"split by {by}: no row of train has the label {', '.join(absent)}{_hint(splits, absent, by)}"
        )


def _hint(splits: Mapping[str, Sequence[Example]], absent: Sequence[str], by: str) -> str:
    """What helps where train lacks labels: no seed does if their rows stay together in a large group."""
    draws = "another split.seed or smaller shares for validation and test, or "
    name = HELD_BY.get(by.split()[0], "")
    rows = [example for examples in splits.values() for example in examples]
    lost = [example for example in rows if name and example.label in absent]
    values = {_value(example, name): getattr(example, name) for example in lost}
    if len(values) != 1:
        return f"; try {draws}{_instead(by)}"
    (value,) = values
    if 4 * sum(_value(example, name) == value for example in rows) > len(rows):
        draws = ""
    return f", all of whose rows have the {name} {_shown(values[value])}; try {draws}{_instead(by)}"


def _instead(by: str) -> str:
    """What else there is where groups are too large or too few for a way of splitting."""
    ways = [*HELD_BY]
    finer = ways[ways.index(by) + 1 :] if by in ways else []
    return " or ".join([*(f"split={way}" for way in finer), "parts of your own in a column (data=table)"])


def _tell_sizes(splits: Mapping[str, Sequence[Example]], by: str, wanted: Mapping[str, float]) -> None:
    """Warn of parts that are far from the shares wanted, and name the group that is larger than one of them."""
    rows = sum(map(len, splits.values()))
    shares = {part: len(splits[part]) / rows for part in wanted}
    far = [part for part, share in wanted.items() if not share / FAR <= shares[part] <= share * FAR_ABOVE]
    if not far:
        return
    sizes = ", ".join(f"{len(splits[part])} in {part} ({shares[part]:.0%} for {wanted[part]:.0%})" for part in wanted)
    examples = [example for part in wanted for example in splits[part]]
    group, n = Counter(groups := _groups(examples, KEPT_APART[by])).most_common(1)[0]
    told = f"split by {by}: parts of other sizes than wanted: {sizes}"
    if n > min(wanted.values()) * rows:
        names = (getattr(example, HELD_BY[by]) for example, each in zip(examples, groups, strict=True) if each == group)
        told += f"; {n} rows stay together, most with the {HELD_BY[by]} {_shown(Counter(names).most_common(1)[0][0])}"
    log.warning("%s; other sizes by %s", told, _instead(by))


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:57] + "...")


def some_documents(train: Sequence[Example], share: float, seed: int) -> list[Example]:
    """The rows of a share of the documents, at least one; larger shares of one seed hold the smaller ones."""
    documents = sorted({example.document for example in train})
    order = np.random.default_rng(seed).permutation(len(documents))
    kept = {documents[i] for i in order[: math.ceil(share * len(documents))]}
    return [example for example in train if example.document in kept]


def learnt_share(train: Sequence[Example], share: float, seed: int) -> list[Example]:
    """:func:`some_documents` to learn from; a warning names the labels that they lack and the whole of train has."""
    kept = some_documents(train, share, seed)
    if lost := sorted({example.label for example in train} - {example.label for example in kept}):
        told = "train_share=%s: no row of these %d of %d training documents has the label %s, which is not learnt"
        documents = [len({example.document for example in rows}) for rows in (kept, train)]
        log.warning(told, share, *documents, ", ".join(lost))
    return kept


def _official(examples: Sequence[Example], parts: Mapping[str, str] | None, validation: float, seed: int) -> Splits:
    if parts is None:
        raise StanceError("this corpus has no official split; allowed for split.by: target, document, sentence")
    splits: Splits = defaultdict(list)
    for example in examples:
        splits[parts[example.id]].append(example)
    if "validation" not in splits:
        splits["train"], splits["validation"] = _draw(splits["train"], "document", validation, seed, "validation")
        drawn = {part: splits[part] for part in ("train", "validation")}
        _tell_sizes(drawn, "document", {"train": 1 - validation, "validation": validation})
    return {part: splits[part] for part in (*PARTS, *sorted(set(splits) - set(PARTS)))}


def _draw(
    examples: Sequence[Example], by: str, share: float, seed: int, part: str
) -> tuple[list[Example], list[Example]]:
    """(the rest, about ``share`` of the rows in whole groups): m of k stratified folds, m / k being near the share."""
    if not 0 < share <= 0.5:
        raise input_error("split", f"share of {part}", found=round(share, 3), allowed="above 0, at most 0.5")
    groups = _groups(examples, KEPT_APART[by])
    most = min(20, len(set(groups)), max(Counter(example.label for example in examples).values(), default=0))
    folds = Fraction(share).limit_denominator(max(most, 1))
    if folds.numerator == 0 or folds.denominator < 2:
        finer = {"document": "sentence", "sentence": ""}.get(by, "document or sentence")
        instead = f"split by {finer}, or give more documents" if finer else "give more rows"
        raise StanceError(
            f"split by {by}: {len(examples)} row(s) in {len(set(groups))} group(s) that must stay together are too few "
            f"for a {part} part of {share:.0%}; {instead}"
        )
    labels = [LABEL2ID[example.label] for example in examples]
    folder = StratifiedGroupKFold(n_splits=folds.denominator, shuffle=True, random_state=seed)
    drawn: set[int] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a label rarer than the folds: checked for by the caller
        for _, fold in list(folder.split(np.zeros(len(labels)), labels, groups))[: folds.numerator]:
            drawn.update(int(index) for index in fold)
    return (
        [example for index, example in enumerate(examples) if index not in drawn],
        [example for index, example in enumerate(examples) if index in drawn],
    )


def _value(example: Example, name: str) -> str:
    """What two rows must not share: texts and targets in normal form, documents in Unicode's composed form."""
    return composed(example.document) if name == "document" else normalized(getattr(example, name))


def _groups(examples: Sequence[Example], kept: Iterable[str]) -> list[int]:
    """A group number for each example: rows that share any of the kept values are in one group (union-find)."""
    parent = list(range(len(examples)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    seen: dict[tuple[str, str], int] = {}
    for name in kept:
        for index, example in enumerate(examples):
            first = seen.setdefault((name, _value(example, name)), index)
            parent[root(index)] = root(first)
    texts = {text: index for (name, text), index in seen.items() if name == "text"}
    for text, others in near_duplicates(texts, texts).items():
        for other in others:
            parent[root(texts[other])] = root(texts[text])
    return [root(index) for index in range(len(examples))]


def find_leaks(splits: Mapping[str, Sequence[Example]], by: str, names: Sequence[str] | None = None) -> list[Leak]:
    """Every row of a later part that shares a document, target or text with a row of an earlier part.

    Texts count as shared when their normal form is the same (duplicate) or when the character 5-grams of their normal
    forms have a Jaccard similarity of 0.8 or more (near-duplicate; candidates by MinHash, which misses some, then
    measured exactly: see :func:`stance.data.duplicates.near_duplicates`). One leak is reported for each later row, kind
    and earlier part. ``names`` are what is looked at, all that is kept apart unless given.
    """
    leaks: list[Leak] = []
    names = KEPT_APART[by] if names is None else names
    values = {
        part: {name: [_value(example, name) for example in examples] for name in names}
        for part, examples in splits.items()
    }
    pairs = _pairs_of_parts(splits)
    texts = {part: set(values[part].get("text", ())) for part in values}
    later_texts = set().union(*(texts[later] for _, later in pairs))
    near = near_duplicates(later_texts, set().union(*texts.values()))
    for earlier, later in pairs:
        for name in names:
            first = dict(zip(reversed(values[earlier][name]), (e.id for e in reversed(splits[earlier])), strict=True))
            for example, value in zip(splits[later], values[later][name], strict=True):
                place = (later, example.id)
                if value in first:
                    kind = "duplicate" if name == "text" else name
                    leaks.append(Leak(kind, (earlier, first[value]), place, getattr(example, name)))
                elif name == "text" and (close := [other for other in near[value] if other in first]):
                    leaks.append(Leak("near-duplicate", (earlier, first[close[0]]), place, example.text))
    return leaks


def drop_leaks(splits: Mapping[str, Sequence[Example]], by: str) -> Splits:
    """The splits without the rows of earlier parts that share anything with a later part; the later parts stay whole.

    Raises:
        StanceError: Nothing of a part is left, or train has lost a label.
    """
    kept = {part: list(examples) for part, examples in splits.items()}
    for earlier, later in _pairs_of_parts(splits):
        kept[earlier] = unshared(kept[earlier], splits[later], by)
    check_parts(kept, f"{by} without leaks")
    return kept


def unshared(rows: Sequence[Example], later: Sequence[Example], by: str) -> list[Example]:
    """The rows that share nothing with any of ``later``; see :func:`find_leaks` for what counts as shared."""
    kept = list(rows)
    for name in KEPT_APART[by]:
        shared = {_value(example, name) for example in later}
        values = {_value(example, name) for example in kept}
        if name == "text":
            shared |= {text for text, others in near_duplicates(values - shared, shared).items() if others}
        kept = [example for example in kept if _value(example, name) not in shared]
    return kept


def _pairs_of_parts(splits: Mapping[str, Sequence[Example]]) -> list[tuple[str, str]]:
    """(earlier, later) for each part that a model is fitted or chosen on and each part after it."""
    order = [part for part in (*PARTS, *sorted(set(splits) - set(PARTS))) if part in splits]
    learnt = ("train", "validation")
    return [(earlier, later) for i, later in enumerate(order) for earlier in order[:i] if earlier in learnt]


def refuse_leaks(leaks: Sequence[Leak]) -> None:
    """Raise StanceError that lists the rows, unless there are no leaks."""
    if not leaks:
        return
    lines = [f"  {leak}" for leak in leaks[:SHOWN]]
    if len(leaks) > SHOWN:
        lines.append(f"  and {len(leaks) - SHOWN} more")
    raise StanceError(
        f"the parts are not independent: {len(leaks)} leak(s)\n"
        + "\n".join(lines)
        + "\n  mend the annotations, or set split.leaks=drop (removes the earlier rows) or split.leaks=report"
    )
