"""RUW: tweets on the war in Ukraine, each with a stance to Russia and one to Ukraine.

Source: RUW: A Multi-Target Stance Detection Approach on the Russian-Ukrainian Issue (named under review in the
repository multi-target/RUW). Licence: none is stated; Twitter's terms apply. Research use; nothing of it is part of
this project.

``raw_{train,val,test}_Russia_Ukraine.csv`` with columns Tweet, Target 1, Stance 1, Target 2, Stance 2: 4,200 / 600 /
1,200 tweets, two rows each: 8,400 / 1,200 / 2,400. FAVOR / AGAINST / NONE is favor / against / neutral. The stance is
the author's: holder is empty. A tweet is a document, so that its two rows stay together.

Quirks handled: the files are in GB18030, decoded strictly; a tweet's part stands in a column too (Train, Dev, Test) and
must be that of its file. No ids in the files: part, line number and 1 or 2 for the target are the id. The two labels
mirror each other (three tweets in five are against the one and for the other), so that the two rows of a tweet are
hardly two observations: intervals resample tweets. 102 of the train tweets repeat an earlier one, in 12 cases with
another label for a target, and a few tweets are in two parts: the leakage check reports them.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation
from stance.base.errors import input_error, line_of
from stance.base.labels import parse_label
from stance.base.rows import read_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import reader_of
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"AGAINST": "against", "NONE": "neutral", "FAVOR": "favor"}

ENCODING = "gb18030"

#: What the column of parts says in the file of each part.
SPELLED: Mapping[str, str] = {"train": "Train", "validation": "Dev", "test": "Test"}

#: File -> part and SHA-256 of the bytes that the published results are about.
FILES: Mapping[str, tuple[str, str]] = {
    "raw_train_Russia_Ukraine.csv": ("train", "e63c65afc3491a51fabec0709b559004ee03453aa392f5b3fac005a55a6372c2"),
    "raw_val_Russia_Ukraine.csv": ("validation", "3c13e456bc4b830370a15ebd888de428d1b3a929ad14d1220cc3b0e4a5b50ff0"),
    "raw_test_Russia_Ukraine.csv": ("test", "92f4f6817e20c65969b4215770d3253ef8d7b03d89972050b769a730bf1c85af"),
}


def _tweets(path: Path, part: str) -> Iterator[Annotation]:
    for line, row in read_rows(path, ENCODING):
        place = line_of(path, line)
        if row.get("Test/Train/Dev") != SPELLED[part]:
            found = row.get("Test/Train/Dev")
            raise input_error(place, "a tweet of another part", found=found, allowed=SPELLED[part])
        document = f"{part}-{line}"
        text = text_of(row.get("Tweet"), "Tweet", place, may_be_empty=False)
        for number in ("1", "2"):
            target = text_of(row.get(f"Target {number}"), f"Target {number}", place, may_be_empty=False)
            label = parse_label(row.get(f"Stance {number}"), LABEL_MAP, place)
            yield Annotation(f"{document}-{number}", text, "", target, label, annotator="ruw", document=document)


read = reader_of(FILES, _tweets)

CORPUS = CorpusInfo(
    name="ruw",
    read=read,
    folder="ruw",
    files="`raw_{train,val,test}_Russia_Ukraine.csv`",
    origin="multi-target/RUW",
    parts=("train", "validation", "test"),
)
