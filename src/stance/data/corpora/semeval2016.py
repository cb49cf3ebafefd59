"""SemEval-2016 Task 6, Detecting Stance in Tweets, in the organisers' own files.

Source: Mohammad, Kiritchenko, Sobhani, Zhu and Cherry (2016), SemEval-2016 Task 6: Detecting Stance in Tweets, ACL
anthology S16-1003; Mohammad, Sobhani and Kiritchenko (2017), Stance and Sentiment in Tweets, ACM TOIT 17(3).
Licence: none is stated with the files; later terms of the same authors forbid redistribution, and those of Twitter
apply. Research use; nothing of it is part of this project.

Task A: train is the trial and the training file (100 + 2,814 tweets on five targets), test is ``testdata-taskA``
(1,249). Task B: one unseen target (Donald Trump), ``testdata-taskB`` (707); train is that of task A. There is no
official validation part.

Quirks handled: tab-separated with quoting off (tweets hold bare double quotes); CRLF; latin-1, since the training file
is not UTF-8 (two tweets hold broken bytes and stay broken); the marker #SemST at the end of every tweet is removed;
the label NONE, which table readers take for a missing value, is neutral. The stance is the author's: holder is empty.
One training tweet is also in test A: the leakage check reports it.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error, line_of
from stance.base.labels import parse_label
from stance.base.lines import read_lines
from stance.data.corpora.checksums import reader_of
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"AGAINST": "against", "NONE": "neutral", "FAVOR": "favor"}

HEADER = ("ID", "Target", "Tweet", "Stance")

#: Of both tasks; file -> part and SHA-256 of the bytes that the published results are about.
TRAIN: Mapping[str, tuple[str, str]] = {
    "trialdata-all-annotations.txt": ("train", "1073bd6de5edfa0072a5e595ae5f58582fd461a5a7afcc620a6f9244f25074c1"),
    "trainingdata-all-annotations.txt": ("train", "0d0d15631457b21be65a0bc6902f633a962ba8c1ad030ab9b634bcb4fad3ef16"),
}

#: File and SHA-256 of the test part of each task.
TEST: Mapping[str, tuple[str, str]] = {
    "a": ("testdata-taskA-all-annotations.txt", "4c3dd19b0a4916afabd74061f96eacc6e4da9735e42ee6511959b10d82179121"),
    "b": ("testdata-taskB-all-annotations.txt", "3a90c579d053288f1fcf6ae4fcfd28e6cd6ee2fd00bd19cffb55119478679e2e"),
}


def read(folder: str | Path, task: str, *, verify: bool = True) -> Corpus:
    """The tweets of task ``a`` or ``b`` with their official parts.

    Args:
        folder: With the ``*-all-annotations.txt`` files.
        task: ``a`` or ``b``.
        verify: Refuse files that are not byte for byte those that published results are about.

    Raises:
        StanceError: Names file, line and value: a missing or changed file, a row without four cells, an unknown label.
    """
    if task not in TEST:
        raise input_error("semeval2016", "unknown task", found=task, allowed=TEST)
    name, sha256 = TEST[task]
    return reader_of({**TRAIN, name: ("test", sha256)}, _tweets)(folder, verify=verify)


def _tweets(path: Path, part: str) -> Iterator[Annotation]:
    source = path.name.removesuffix("-all-annotations.txt")
    for number, line in read_lines(path, "latin-1"):
        cells = line.split("\t")
        place = line_of(path, number)
        if number == 1:
            if tuple(cells[:4]) != HEADER:
                raise input_error(place, "not the header of the task's files", found=cells, allowed=HEADER)
            continue
        if not line:
            continue
        if len(cells) < 4:
            raise input_error(place, f"{len(cells)} cells", found=line, allowed="at least " + ", ".join(HEADER))
        row_id, target, tweet, stance = cells[:4]
        text, document = text_of_tweet(tweet, place), f"{source}-{row_id}"
        label = parse_label(stance, LABEL_MAP, place)
        yield Annotation(document, text, "", target, label, annotator="semeval2016", document=document)


def text_of_tweet(tweet: str, place: str) -> str:
    """A tweet without the marker #SemST.

    Raises:
        StanceError: It says nothing else.
    """
    text = re.sub(r"\s*#SemST\s*$", "", tweet).strip()
    if not text:
        raise input_error(place, "the tweet is empty", found=tweet)
    return text


CORPUS = CorpusInfo(
    name="semeval2016",
    read=read,
    folder="semeval2016-t6",
    files="`{trial,training}data-all-annotations.txt`, `testdata-task{A,B}-all-annotations.txt`",
    origin="the organisers' page of the task; a copy in emsrc/SemEval2016_T6_Stance_Detection",
    parts=("train", "test"),
    headline="favor_against_f1",
    licence="none stated; not to be redistributed",
)
