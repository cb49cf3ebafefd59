"""From annotations to a dataset on disk: read, aggregate, split, check, write."""

import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from stance.base.annotations import Corpus
from stance.base.errors import StanceError, input_error
from stance.base.files import alone_at, digest, file_digest
from stance.base.settings import differing
from stance.data.agreement import aggregate, alpha_interval, by_row
from stance.data.config import AuxiliaryConfig, BuildConfig, DataConfig, SplitConfig
from stance.data.dataset import RECORD, DatasetRecord, fingerprint, load_splits, read_record, save_dataset, statistics
from stance.data.info import info_of
from stance.data.read import read_corpus
from stance.data.splits import (
    KEPT_APART,
    SHOWN,
    Leak,
    Splits,
    check_parts,
    drop_leaks,
    find_leaks,
    refuse_leaks,
    resolve,
    some_documents,
    split_examples,
    unshared,
)

log = logging.getLogger(__name__)

#: The rooms whose code decides which rows come of a file.
DECIDING = ("base", "data")


def dataset_folder(
    outputs: str | Path, data: DataConfig, split: SplitConfig, auxiliary: AuxiliaryConfig | None = None
) -> Path:
    """The folder of this configuration's dataset: its name ends in a digest, so that two never share a folder."""
    made = digest(_settings(data, split, auxiliary))
    return Path(outputs) / "data" / f"{data.name}-{split.by}-{split.seed}-{made[:8]}"


def _settings(data: DataConfig, split: SplitConfig, auxiliary: AuxiliaryConfig | None) -> dict[str, Any]:
    others = auxiliary if auxiliary is not None and auxiliary.corpora else AuxiliaryConfig()
    return differing(BuildConfig(data=data, split=split, auxiliary=others))


@cache
def _code() -> str:
    """Digest of the code that reads and divides."""
    here = Path(__file__).parents[1]
    files = [path for room in DECIDING for path in sorted((here / room).rglob("*.py"))]
    return digest({str(path.relative_to(here)): file_digest(path) for path in files})


def build_dataset(
    outputs: str | Path, data: DataConfig, split: SplitConfig, auxiliary: AuxiliaryConfig | None = None
) -> tuple[Splits, DatasetRecord, bool]:
    """The examples by part and the record; built and written unless it exists.

    A dataset stands for as long as neither its configuration nor a byte of its files changes, nor the code that reads
    and divides them; one that cannot be read any more is built again. Of two processes that want the same one at once,
    one builds it.

    Returns:
        The parts, the record, and whether the dataset had to be built.

    Raises:
        StanceError: The annotations are faulty, a part would be empty, or the parts are not independent.
    """
    folder = dataset_folder(outputs, data, split, auxiliary)
    corpora = {} if auxiliary is None else auxiliary.corpora
    others = {name: build_dataset(outputs, other, split_beside(other))[:2] for name, other in corpora.items()}
    corpus = read_corpus(data)
    source = {**_settings(data, split, auxiliary), "files": dict(corpus.files), "code": _code()}
    if others:
        source["others"] = {name: record.fingerprint for name, (_, record) in others.items()}
    with alone_at(folder):
        standing = _standing(folder, digest(source))
        if standing is not None:
            return *standing, False
        splits, record = divide(corpus, data, split, digest(source))
        if auxiliary is not None and others:
            splits, taken = with_auxiliary(splits, others, auxiliary, split.seed, resolve(split.by, corpus.parts))
            check_parts(splits, "auxiliary")
            record = replace(record, fingerprint=fingerprint(splits), statistics=statistics(splits), auxiliary=taken)
        save_dataset(folder, splits, record)
        return splits, record, True


def split_beside(other: DataConfig) -> SplitConfig:
    """How a corpus is divided whose train part is learnt from beside another corpus."""
    return SplitConfig(by=info_of(other.reader).divided_by, leaks="report")


def load_part(outputs: str | Path, data: DataConfig, split: SplitConfig, part: str) -> tuple[Splits, DatasetRecord]:
    """The dataset, built if need be, that has a part of this name.

    Raises:
        StanceError: It has not, or see :func:`build_dataset`.
    """
    splits, record, _ = build_dataset(outputs, data, split)
    if part not in splits:
        raise input_error("part", "no such part", found=part, allowed=splits)
    return splits, record


def with_auxiliary(
    splits: Splits,
    others: Mapping[str, tuple[Splits, DatasetRecord]],
    auxiliary: AuxiliaryConfig,
    seed: int,
    by: str,
) -> tuple[Splits, dict[str, Any]]:
    """The parts with rows of other corpora's train parts in train, and what was taken of each.

    Only train parts are taken: nothing that a benchmark calls validation or test. A row whose text is a duplicate or
    near-duplicate of one in this corpus's other parts is dropped. One that shares a target or the name of a document
    with them, if the split (``by``) keeps these apart, is kept, and a warning counts.
    """
    train = list(splits["train"]) if auxiliary.own_rows else []
    parts_held_out = {part: rows for part, rows in splits.items() if part != "train"}
    held_out = [row for rows in parts_held_out.values() for row in rows]
    names = [name for name in KEPT_APART[by] if name != "text"]
    taken: dict[str, Any] = {}
    for name, (parts, record) in others.items():
        chosen = parts["train"]
        if auxiliary.rows and len(chosen) > auxiliary.rows:
            chosen = some_documents(chosen, auxiliary.rows / len(chosen), seed)
        kept = unshared(chosen, held_out, "sentence")
        train += [replace(row, id=f"{name}/{row.id}", document=f"{name}/{row.document}") for row in kept]
        taken[name] = {
            "fingerprint": record.fingerprint,
            "rows": len(kept),
            "dropped": len(chosen) - len(kept),
        }
        found = find_leaks({"train": kept, **parts_held_out}, by, names)
        if leaks := [leak for leak in found if leak.earlier[0] == "train"]:
            kinds = taken[name]["leaks"] = dict(Counter(leak.kind for leak in leaks))
            told = "auxiliary.corpora.%s: its rows share with rows of other parts what split.by=%s keeps apart: %s"
            log.warning(told, name, by, ", ".join(f"{n} {kind}(s)" for kind, n in kinds.items()))
            _tell_leaks(leaks, "kept")
    return {**splits, "train": train}, taken


def _standing(folder: Path, source: str) -> tuple[Splits, DatasetRecord] | None:
    """The dataset in a folder, if it is whole and of this source."""
    if not (folder / RECORD).exists():
        return None
    try:
        return load_splits(folder) if read_record(folder).source == source else None
    except StanceError as error:
        log.warning("%s; building it again", error)
        return None


def divide(corpus: Corpus, data: DataConfig, split: SplitConfig, source: str = "") -> tuple[Splits, DatasetRecord]:
    """The examples of a corpus by part, and the record that goes with them; nothing is written.

    Raises:
        StanceError: See :func:`build_dataset`.
    """
    aggregation = aggregate(corpus.annotations, corpus.adjudicator)
    if not corpus.annotations:
        left_out = sum(corpus.left_out.values())
        raise StanceError(f"{data.location}: no judgements in the files, {left_out} left out; no example has a label")
    if not aggregation.examples:
        raise StanceError(f"{data.location}: every row is tied; no example has a label")
    splits = split_examples(
        aggregation.examples,
        split.by,
        validation=split.validation,
        test=split.test,
        seed=split.seed,
        parts=corpus.parts,
    )
    by = resolve(split.by, corpus.parts)
    for spelling, n in corpus.left_out.items():
        log.info("left out: %d judgement(s): %r", n, spelling)
    leaks = find_leaks(splits, by)
    if split.leaks == "refuse":
        refuse_leaks(leaks)
    elif split.leaks == "drop":
        splits = drop_leaks(splits, by)
    _tell_leaks(leaks, "dropped" if split.leaks == "drop" else "kept")
    hard = [example for example in splits["test"] if set(example.tags) & set(split.challenge)]
    if hard or "challenge" in splits:
        splits["challenge"] = [*splits.get("challenge", ()), *hard]
    record = DatasetRecord(
        name=data.name,
        source=source,
        fingerprint=fingerprint(splits),
        split=asdict(split),
        files=dict(corpus.files),
        statistics=statistics(splits),
        ties={row: list(votes) for row, votes in aggregation.ties.items()},
        leaks=dict(Counter(leak.kind for leak in leaks)),
        agreement=_agreement(corpus),
        left_out=dict(corpus.left_out),
    )
    return splits, record


def _tell_leaks(leaks: Sequence[Leak], done: str) -> None:
    for leak in leaks[:SHOWN]:
        log.info("%s: %s", done, leak)
    if len(leaks) > SHOWN:
        log.info("and %d more that parts share", len(leaks) - SHOWN)


def _agreement(corpus: Corpus) -> dict[str, float | int] | None:
    """Alpha of the annotators who vote; None when no two judged a row (or all rows got one label).

    A judgement that a file gives twice counts once.
    """
    voting = {(a.id, a.annotator): a for a in corpus.annotations if a.annotator != corpus.adjudicator}.values()
    twice = sum(len(judgements) > 1 for judgements in by_row(voting).values())
    if not twice:
        return None
    alpha, low, high = alpha_interval(voting)
    if math.isnan(alpha):
        return None
    return {"rows": twice, "alpha": alpha, "low": low, "high": high}


def describe(record: DatasetRecord) -> str:
    """A table of the parts, and what was tied or leaked, as lines of text."""
    lines = [f"{'part':<12}{'rows':>6}{'docs':>6}{'targets':>9}{'holders':>9}{'against':>9}{'neutral':>9}{'favor':>7}"]
    for part, s in record.statistics.items():
        counts = s["labels"]
        lines.append(
            f"{part:<12}{s['rows']:>6}{s['documents']:>6}{s['targets']:>9}{s['holders']:>9}"
            f"{counts['against']:>9}{counts['neutral']:>9}{counts['favor']:>7}"
        )
    if record.agreement:
        a = record.agreement
        lines.append(
            f"agreement: Krippendorff's alpha {a['alpha']:.3f} [{a['low']:.3f}, {a['high']:.3f}], {a['rows']} rows"
        )
        if a["alpha"] == 1:
            lines.append("no two differ: where a file keeps only what was agreed on, that says nothing about agreement")
    lines += left_out(record)
    lines.append(f"fingerprint {record.fingerprint[:16]}")
    return "\n".join(lines)


def left_out(record: DatasetRecord) -> list[str]:
    """Lines that say what other corpora gave, and what was left out, tied or leaked; none if nothing was."""
    lines = []
    for name, taken in record.auxiliary.items():
        lines.append(f"from {name}: {taken['rows']} rows in train; {taken['dropped']} dropped, their text is held out")
        lines += [f"leaks: {n} {kind}(s) of {name}, kept" for kind, n in taken.get("leaks", {}).items()]
    if record.left_out:
        spelled = ", ".join(f"{n} {spelling!r}" for spelling, n in record.left_out.items())
        lines.append(f"left out: {spelled}")
    if record.ties:
        shown = ", ".join(list(record.ties)[:5])
        lines.append(f"ties: {len(record.ties)} row(s) without a majority are in no part ({shown}, ...)")
    for kind, n in record.leaks.items():
        lines.append(f"leaks: {n} {kind}(s) between parts, split.leaks={record.split['leaks']}")
    return lines
