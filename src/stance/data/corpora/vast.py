"""VAST, Varied Stance Topics: reader comments on 5,630 topics, most of test on topics that training never saw.

Source: Allaway and McKeown (2020), Zero-Shot Stance Detection: A Dataset and Model using Generalized Topic
Representations, EMNLP; texts from the ARC corpus (Habernal et al. 2018). Licence: none is stated with the files.
Research use; nothing of it is part of this project.

``vast_train.zip`` holds the official training file (13,477 rows); ``reduced_columns/vast_{dev,test}.csv`` hold all
2,062 and 3,006 rows of validation and test with four columns (Tweet, Target 1, Stance 1, seen?). Rows are tagged
``zero_shot`` or ``few_shot`` (the topic is in train).

Quirks handled: the target is ``topic_str``, lemmatised as it is, since ``new_topic`` is not what was labelled for
synthetic neutrals, and since validation and test have nothing else. Synthetic neutrals (type 4: a topic drawn from
another comment, 2,313 of 2,555 train neutrals) can be left out. In validation and test they can be told only among the
zero-shot rows, from the full-column files beside (four test rows and three of validation lost letters and are not found
there): 487 of 519 neutrals of test. The few-shot neutrals, 525 of test, must be synthetic to nine in ten as well, so
all of them are left out too, which makes a test of two labels, but for 32 rows. No ids of posts in the reduced files: a
post is the document, numbered by part.
1,705 train rows repeat a post and topic, 467 pairs of them with another label: the audit reports them. Holder is empty.
"""

import io
import itertools
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error, line_of
from stance.base.labels import parse_label
from stance.base.lines import Line, Row
from stance.base.rows import read_rows
from stance.base.separated import separated_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import verified, with_parts
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {
    "0": "against", "1": "favor", "2": "neutral", "AGAINST": "against", "FAVOR": "favor", "NONE": "neutral",
}  # fmt: skip

#: File -> SHA-256 of the bytes that the published results are about.
SHA256: Mapping[str, str] = {
    "vast_train.zip": "e8e3639ae80728bf6f14819a0427375a4051356e5163ce1406560b767a35e433",
    "reduced_columns/vast_dev.csv": "cc0c61219ca7eeb3a039f7083efe2bc9196821b1475e7d2d29c31de6d4c75bbf",
    "reduced_columns/vast_test.csv": "24d5dec89ee16c776caded5e107bdafd599a0e96b9823306c8a18b3c27a65d83",
    "vast_dev_zero.csv": "aaf1d29017a54d5d32ee6355ac2540c7acb91475ecb128fc6c0e36e237d6b5a0",
    "vast_test_zero.csv": "c369e494da857cc611db584dbdf0d20fc9958e256b8fc26bdea51ca0a2a06a1d",
}

#: Part -> file, the file that tells its synthetic neutrals, and the columns of text, target and label.
PARTS: Mapping[str, tuple[str, str, tuple[str, str, str]]] = {
    "train": ("vast_train.zip", "vast_train.zip", ("post", "topic_str", "label")),
    "validation": ("reduced_columns/vast_dev.csv", "vast_dev_zero.csv", ("Tweet", "Target 1", "Stance 1")),
    "test": ("reduced_columns/vast_test.csv", "vast_test_zero.csv", ("Tweet", "Target 1", "Stance 1")),
}

#: ``type_idx`` of a neutral row that no annotator judged.
SYNTHETIC = "4"


def read(folder: str | Path, *, derived_neutrals: bool = True, verify: bool = True) -> Corpus:
    """The comments with their official parts.

    Args:
        folder: With the files above.
        derived_neutrals: Keep the synthetic neutrals, and those that may be, as the published results do.
        verify: Refuse files that are not byte for byte those that published results are about.

    Raises:
        StanceError: Names file, line and value: a missing or changed file, an empty cell, an unknown label.
    """
    folder = Path(folder)
    files = {name: verified(folder / name, sha256, verify) for name, sha256 in SHA256.items()}
    return with_parts(_comments(folder, derived_neutrals), files)


def _comments(folder: Path, derived_neutrals: bool) -> Iterator[tuple[Annotation, str]]:
    for part, (name, typed, columns) in PARTS.items():
        synthetic = {
            (row["post"], row["topic_str"]) for _, row in _rows(folder / typed) if row["type_idx"] == SYNTHETIC
        }
        posts: dict[str, int] = {}
        for line, row in _rows(folder / name):
            place = line_of(folder / name, line)
            text, target, label = (text_of(row.get(column), column, place, may_be_empty=False) for column in columns)
            neutral = LABEL_MAP.get(label) == "neutral"
            is_synthetic = neutral and (row[columns[0]], row[columns[1]]) in synthetic
            untold = neutral and part != "train" and row.get("seen?") == "1"
            if (is_synthetic or untold) and not derived_neutrals:
                continue
            comment = Annotation(
                id=f"{part}-{line}",
                text=text,
                holder="",
                target=target,
                label=parse_label(label, LABEL_MAP, place),
                annotator="derived" if is_synthetic else "vast",
                document=f"{part}-post-{posts.setdefault(text, len(posts) + 1)}",
                tags=(_shots(row, part, place), *(["synthetic_neutral"] if is_synthetic else [])),
            )
            yield comment, part


def _shots(row: Mapping[str, str], part: str, place: str) -> str:
    shots = {"0": "zero_shot", "1": "few_shot"}
    if row.get("seen?") not in shots:
        raise input_error(place, "seen?", found=row.get("seen?"), allowed="0, 1")
    return shots[row["seen?"]] if part != "train" else "train"


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Line number and named values of each row of a csv file, or of the one inside a zip archive."""
    if path.suffix != ".zip":
        yield from read_rows(path)
        return
    inside = path.with_suffix(".csv").name
    with zipfile.ZipFile(path) as archive:
        if inside not in archive.namelist():
            raise input_error(str(path), f"no {inside} inside", found=archive.namelist())
        with archive.open(inside) as raw:
            texts = io.TextIOWrapper(raw, encoding="utf-8", newline="")
            yield from separated_rows(path, ",", lines=itertools.starmap(Line, enumerate(texts, start=1)))


CORPUS = CorpusInfo(
    name="vast",
    read=read,
    folder="vast",
    files="`vast_train.zip`, `vast_{dev,test}_zero.csv`, `reduced_columns/vast_{dev,test}.csv`",
    origin="xhz0809/OpenStance, HITSZ-HLT/JointCL, PQH-hub/GLMCL_stance_detection; the authors: "
    "emilyallaway/zero-shot-stance",
    parts=("train", "validation", "test"),
)
