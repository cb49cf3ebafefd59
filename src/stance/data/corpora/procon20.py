"""Procon20: what procon.org quotes for and against 419 questions of US public debate.

Source: Hosseinia, Dragut and Mukherjee (2020), Stance Prediction for Contemporary Issues: Data and Experiments,
SocialNLP, ACL anthology 2020.socialnlp-1.5. Licence: MIT for the authors' repository; procon.org has rights in the
texts. Research use; nothing of it is part of this project.

``{train,dev,test}.tsv``, without a header: label, question, argument; 4,265 / 610 / 1,219 rows of about 125 words. The
target is the question, and favor (``01``, pro) is what argues for yes, against (``10``, con) what argues for no. Two
labels only. The site names whom it quotes, the files do not: holder is empty, the author of the text. The question is
the document: the page that its arguments are from, pro and con.

Quirks handled: quoted as csv is, so that the three or more quotes around most texts are one pair of the text's own.

Quirks that stay: the official parts were drawn by row and share nearly every question, and 164 of the test rows are
also in train word for word (validation: 83): the leakage check reports them, and ``split=target`` divides by question.
625 rows of 6,094 repeat the text and question of another; 15 texts are pro one question and con another. Some 690
quotations have lost their first words. 85 questions have words of the page's title after them, 44 of these the site's
verdict, which tells something (YES: 103 pro, 36 con; NO: 8 pro, 22 con). The authors' own reader passes over the first
row of each file; this one does not.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation
from stance.base.errors import line_of
from stance.base.separated import separated_rows
from stance.data.corpora.checksums import reader_of
from stance.data.corpora.debates import argument
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"10": "against", "01": "favor"}

#: File -> part and SHA-256 of the bytes that the published results are about.
FILES: Mapping[str, tuple[str, str]] = {
    "train.tsv": ("train", "004a916e1eacc43c249ad5a000a7a45388ad0dc18ba39505a60ae0528cd9ed68"),
    "dev.tsv": ("validation", "75c2fcaa8ed93fca91993cc318c4ae953c756e154824075bfe4877737bb66fac"),
    "test.tsv": ("test", "26b3672dbc3f751abe72dd59f182a193af6ee43a6e829414f6c92da92aff78e1"),
}


def _arguments(path: Path, part: str) -> Iterator[Annotation]:
    for line, row in separated_rows(path, "\t", header=("label", "question", "argument")):
        columns = ("argument", "question", "label")
        yield argument(row, columns, LABEL_MAP, line_of(path, line), row_id=f"{part}-{line}", annotator="procon20")


read = reader_of(FILES, _arguments)

CORPUS = CorpusInfo(
    name="procon20",
    read=read,
    folder="procon20",
    files="`{train,dev,test}.tsv`",
    origin="marjanhs/procon20, `data/ProconDual`",
    labels="2",
    parts=("train", "validation", "test"),
    headline="favor_against_f1",
    licence="MIT for the repository",
)
