"""The stance part of TweetEval: SemEval-2016 task A in TweetEval's own layout.

Source: Barbieri, Camacho-Collados, Espinosa Anke and Neves (2020), TweetEval: Unified Benchmark and Comparative
Evaluation for Tweet Classification, Findings of EMNLP. Licence: TweetEval adds no restriction to those of the task.

One folder for each of five targets with ``{train,val,test}_text.txt`` and ``..._labels.txt``, one tweet or one integer
a line, and ``mapping.txt`` beside them (0 none, 1 against, 2 favor): the file's order is read from it and mapped by
name, never taken as ours. 2,620 / 294 / 1,249 tweets. TweetEval's own measure is the mean over targets of the
favor/against F1.

Quirks handled: user handles are masked as ``@user``; the marker #SemST is removed; after masking, 13 train tweets are
duplicates and two are also in val, two in test: the leakage check reports them. No row ids in the files: part, target
and line number are the id.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error, line_of
from stance.base.files import file_digest
from stance.base.labels import parse_label
from stance.base.lines import read_lines
from stance.base.names import must_exist
from stance.data.corpora.checksums import verified, with_parts
from stance.data.corpora.semeval2016 import text_of_tweet
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"none": "neutral", "against": "against", "favor": "favor"}

#: Folder -> the target's name in the task.
TARGETS: Mapping[str, str] = {
    "abortion": "Legalization of Abortion",
    "atheism": "Atheism",
    "climate": "Climate Change is a Real Concern",
    "feminist": "Feminist Movement",
    "hillary": "Hillary Clinton",
}

PARTS: Mapping[str, str] = {"train": "train", "val": "validation", "test": "test"}

MAPPING_SHA256 = "0f8a803dc1773c84279506f25d54b5a9eec7edfc277b41eb75076744dc89b26f"

#: Tweets in each part, all targets together.
COUNTS: Mapping[str, int] = {"train": 2620, "validation": 294, "test": 1249}


def read(folder: str | Path, *, verify: bool = True) -> Corpus:
    """The tweets of all five targets with their official parts.

    Raises:
        StanceError: Names file, line and value: a missing file, another number of texts than labels, an unknown
            label, and, with ``verify``, another label mapping or other counts than the published ones.
    """
    folder = must_exist(folder, "folder")
    files = {"mapping.txt": verified(folder / "mapping.txt", MAPPING_SHA256, verify)}
    label_map = _mapping(folder / "mapping.txt")
    rows: list[tuple[Annotation, str]] = []
    for (name, target), (stem, part) in product(TARGETS.items(), PARTS.items()):
        texts, labels = folder / name / f"{stem}_text.txt", folder / name / f"{stem}_labels.txt"
        files |= {f"{name}/{path.name}": file_digest(path) for path in (texts, labels)}
        rows += [(tweet, part) for tweet in _tweets(texts, labels, target, f"{stem}-{name}", label_map)]
    found = Counter(part for _, part in rows)
    for part, expected in COUNTS.items():
        if verify and found[part] != expected:
            raise input_error(str(folder), f"{found[part]} rows in {part}", allowed=f"{expected}, or data.verify=false")
    return with_parts(rows, files)


def _mapping(path: Path) -> dict[str, str]:
    """Integer as written -> our label, by the names in ``mapping.txt``."""
    label_map: dict[str, str] = {}
    for number, line in read_lines(path):
        if line.strip():
            integer, _, name = line.partition("\t")
            label_map[integer.strip()] = parse_label(name.strip(), LABEL_MAP, line_of(path, number))
    return label_map


def _tweets(texts: Path, labels: Path, target: str, prefix: str, label_map: Mapping[str, str]) -> Iterator[Annotation]:
    tweets, integers = list(read_lines(texts)), list(read_lines(labels))
    if len(tweets) != len(integers):
        raise input_error(str(labels), f"{len(integers)} labels for {len(tweets)} texts in {texts.name}")
    for (number, tweet), (_, integer) in zip(tweets, integers, strict=True):
        text, row_id = text_of_tweet(tweet, line_of(texts, number)), f"{prefix}-{number}"
        label = parse_label(integer.strip(), label_map, line_of(labels, number))
        yield Annotation(row_id, text, "", target, label, annotator="semeval2016", document=row_id)


CORPUS = CorpusInfo(
    name="tweeteval",
    read=read,
    folder="tweeteval-stance",
    files="`mapping.txt`, `<target>/{train,val,test}_{text,labels}.txt` of five targets",
    origin="cardiffnlp/tweeteval, `datasets/stance`",
    parts=("train", "validation", "test"),
    headline="favor_against_f1_mean_over_targets",
    licence="those of SemEval-2016",
)
