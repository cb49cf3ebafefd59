"""Conflict-Bias-Eval: which side of the Israel-Palestine conflict a Reddit comment takes.

Source: Social media polarization during conflict: Insights from an ideological stance dataset on Israel-Palestine
Reddit comments (repository jami78/Conflict-Bias-Eval). Licence: none is stated; Reddit's terms apply. Research use;
nothing of it is part of this project.

One question is asked of every comment, so that there is one target: Pro-Israel is favor, Pro-Palestine against, Neutral
neutral. That is taking sides rather than a stance to a proposal. The stance is the author's: holder is empty. The files
do not say which thread a comment is from: every comment is its own document; its day and hour are its date.

``val_data.csv`` (1,495) and ``test_data.csv`` (1,496) are read. The authors' train part (6,978 of 9,969 comments) is in
no copy that is known here and is not read: the comments of ``val_data.csv`` are train, those of ``test_data.csv`` are
test as published, and a validation part is drawn from train. Scores on test are on the published rows, but of models
that learnt from about a fifth of what the authors' learnt from.

Quirks handled: the bytes of a UTF-8 text were once decoded as Latin-1 (three comments in ten, at apostrophes above
all); every such run of characters is whole and is decoded again. The column of row numbers has no name in one file and
is called Index in the other: file and line number are the id. Four comments repeat another one, one of them across the
parts: the leakage check reports it (split=official keeps it, split.leaks=drop removes it from train).
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation
from stance.base.errors import line_of
from stance.base.labels import parse_label
from stance.base.rows import read_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import reader_of
from stance.data.info import CorpusInfo

TARGET = "Israel's side in the Israel-Palestine conflict"

LABEL_MAP: Mapping[str, str] = {"Pro-Palestine": "against", "Neutral": "neutral", "Pro-Israel": "favor"}

#: File -> part and SHA-256 of the bytes that the published results are about.
FILES: Mapping[str, tuple[str, str]] = {
    "val_data.csv": ("train", "47209b9f7148295e15406a80a73dc9384cda003f53bec6c7346dc3b7a99b3042"),
    "test_data.csv": ("test", "0eb0d382b3eb5f07bf473f4e3aafc9785ac12ec0261a5f48e6778743ae5c6ef7"),
}


def _comments(path: Path, part: str) -> Iterator[Annotation]:
    for line, row in read_rows(path):
        place = line_of(path, line)
        row_id = f"{path.stem.removesuffix('_data')}-{line}"
        # before space is cut off, since a byte of a last character may look like space
        text = text_of(decoded_again(row.get("self_text") or ""), "self_text", place, may_be_empty=False)
        date = text_of(row.get("created_time"), "created_time", place, may_be_empty=True)
        label = parse_label(row.get("Sentiment"), LABEL_MAP, place)
        yield Annotation(row_id, text, "", TARGET, label, annotator="conflict_bias", document=row_id, date=date)


def decoded_again(text: str) -> str:
    """The text with each run of Latin-1 characters that are the bytes of UTF-8 decoded; other runs stay."""
    return re.sub(r"[\x80-\xff]+", _run, text)


def _run(match: re.Match[str]) -> str:
    try:
        return match[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return match[0]


read = reader_of(FILES, _comments)

CORPUS = CorpusInfo(
    name="conflict_bias",
    read=read,
    folder="conflict-bias-eval",
    files="`{val,test}_data.csv`",
    origin="jami78/Conflict-Bias-Eval",
    labels="3, sides",
    parts=("train", "test"),
)
