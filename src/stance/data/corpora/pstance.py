"""P-Stance: tweets on three US politicians, for or against them.

Source: Li, Sosea, Sawant, Nair, Inkpen and Caragea (2021), P-Stance: A Large Dataset for Stance Detection in Political
Domain, Findings of ACL. Licence: the authors' code is MIT, the data is given on request; Twitter's terms apply.
Research use; nothing of it is part of this project.

``raw_{train,val,test}_all.csv`` with columns Tweet, Target, Stance: 17,224 / 2,193 / 2,157 tweets. Two labels only: no
row is neutral, and macro-F1 over three labels cannot pass 2/3; the published figures are favor/against F1.

Quirks handled: no ids in the files: part and line number are the id. Three train tweets are duplicates, one of them
with both labels; four stand in train and test, one in train and val, one in val and test: the leakage check reports
them. The stance is the author's: holder is empty.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation
from stance.base.errors import line_of
from stance.base.labels import parse_label
from stance.base.rows import read_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import reader_of
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"AGAINST": "against", "FAVOR": "favor"}

#: File -> part and SHA-256 of the bytes that the published results are about.
FILES: Mapping[str, tuple[str, str]] = {
    "raw_train_all.csv": ("train", "1c60fb6ad3739270186ef898b04a2b70fa3a86da859d80baa61f393dce18c2ca"),
    "raw_val_all.csv": ("validation", "0c9998ec9ba4089df175ec9007b7bb73e609f08ffd8be7b5b23954d327d9c6c8"),
    "raw_test_all.csv": ("test", "6234fbaa73f3a083d552fc0f9a778bd2ea0eda5fce6e2d7591125a325aa84a75"),
}


def _tweets(path: Path, part: str) -> Iterator[Annotation]:
    for line, row in read_rows(path):
        place = line_of(path, line)
        row_id = f"{part}-{line}"
        text, target = (text_of(row.get(column), column, place, may_be_empty=False) for column in ("Tweet", "Target"))
        label = parse_label(row.get("Stance"), LABEL_MAP, place)
        yield Annotation(row_id, text, "", target, label, annotator="pstance", document=row_id)


read = reader_of(FILES, _tweets)

CORPUS = CorpusInfo(
    name="pstance",
    read=read,
    folder="pstance",
    files="`raw_{train,val,test}_all.csv`",
    origin="on request from chuchun8/PStance; a copy in kayzhou/PStance",
    labels="2",
    parts=("train", "validation", "test"),
    headline="favor_against_f1",
    licence="on request",
)
