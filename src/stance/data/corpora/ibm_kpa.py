"""ArgKP, of the 2021 shared task on key points: arguments by crowd workers for and against 31 motions.

Source: Bar-Haim, Eden, Friedman, Kantor, Lahav and Slonim (2020), From Arguments to Key Points: Towards Automatic
Argument Summarization, ACL; test: Friedman, Dankin, Hou, Aharonov, Katz and Slonim (2021), Overview of the 2021 Key
Point Analysis Shared Task, ArgMining. Licence: Community Data License Agreement, Sharing 1.0, (c) IBM. Nothing of it is
part of this project.

``kpm_data/arguments_{train,dev}.csv`` and ``test_data/arguments_test.csv``: arg_id, argument, topic, stance; 5,583 /
932 / 723 rows on 24 / 4 / 3 motions, none in two parts. The target is the motion as it is worded, and favor (1) is pro,
against (-1) con. Two labels only. Holder is empty. Every argument has a stance, also the three in ten that match no key
point; the key points and which argument matches which are another task and are not read.

The motion is the document, so that both its sides stay together: test has three, and an interval that resamples three
documents says little. ``split=target`` divides all 31 anew.

Quirks handled: ids are unique within a part only, where the part is put before them; a line end within one argument,
and zero-width spaces. Three rows repeat another's argument.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation
from stance.base.errors import line_of
from stance.base.rows import read_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import reader_of
from stance.data.corpora.debates import argument
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"-1": "against", "1": "favor"}

#: File -> part and SHA-256 of the bytes that the published results are about.
FILES: Mapping[str, tuple[str, str]] = {
    "kpm_data/arguments_train.csv": ("train", "aa7eaa6b399bdc1b2b679e23185591c5bd59264234b1cba87a3c1df534db6235"),
    "kpm_data/arguments_dev.csv": ("validation", "e06b763c41606c3290ddfa414109b3d3d47331ddd322ff5e4dfa0079ec9afb1c"),
    "test_data/arguments_test.csv": ("test", "0e24e1733b15647d7e967970b8c887bcf6e17cd95e1bb80f65164b543ddaa573"),
}


def _arguments(path: Path, part: str) -> Iterator[Annotation]:
    for line, row in read_rows(path):
        place = line_of(path, line)
        row_id = f"{part}-{text_of(row.get('arg_id'), 'arg_id', place, may_be_empty=False)}"
        columns = ("argument", "topic", "stance")
        yield argument(row, columns, LABEL_MAP, place, row_id=row_id, annotator="ibm_kpa")


read = reader_of(FILES, _arguments)

CORPUS = CorpusInfo(
    name="ibm_kpa",
    read=read,
    folder="ibm-kpa2021",
    files="`kpm_data/arguments_{train,dev}.csv`, `test_data/arguments_test.csv`",
    origin="IBM/KPA_2021_shared_task",
    labels="2",
    parts=("train", "validation", "test"),
    headline="favor_against_f1",
    licence="CDLA Sharing 1.0",
)
