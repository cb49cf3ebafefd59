"""IAM, stance classification: claims from web articles on 96 questions.

Source: Cheng, Bing, He, Yu, Zhang and Si (2022), IAM: A Comprehensive and Large-Scale Dataset for Integrated Argument
Mining Tasks, ACL, anthology 2022.acl-long.162. Licence: none is stated. Research use; nothing of it is part of this
project.

``stance/{train,dev,test}.txt``, tab-separated without header and without quoting: C (a claim, on every row), question,
claim, article, stance; 3,871 / 492 / 527 rows. The target is the question, most often "Should we ...": favor (1,
support) is what argues for yes, against (-1, contest) what argues for no; seven questions begin with "Shouldn't", and
are judged as if they began with "Should" (one of them, with a single claim, cannot be told). Two labels only. Holder is
empty. The Chinese corpus beside (``stance_Chinese``, of a shared task, with three labels) is not read.

The article is the document; each is about one question. The official parts were drawn by article, so that none is in
two parts, but they share the questions: all 53 of validation and 54 of the 55 of test are in train. ``split=target``
divides by question.

Quirks handled: a byte order mark within four claims is removed.

Quirks that stay: 57 rows repeat the claim and question of another, one of them with the other label; 16 test rows have
a claim that is also in train, 11 of them with its question (validation: 11 and 10): the leakage check reports them, and
``split.leaks=drop`` leaves those rows out of train.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from stance.base.annotations import Annotation
from stance.base.errors import line_of
from stance.base.separated import separated_rows
from stance.data.columns import text_of
from stance.data.corpora.checksums import reader_of
from stance.data.corpora.debates import argument
from stance.data.info import CorpusInfo

LABEL_MAP: Mapping[str, str] = {"-1": "against", "1": "favor"}

#: File -> part and SHA-256 of the bytes that the published results are about.
FILES: Mapping[str, tuple[str, str]] = {
    "stance/train.txt": ("train", "2d3f4e0237a855832d9822cb053dc77a2e562336f754aa193435e7ee4745b601"),
    "stance/dev.txt": ("validation", "0ad1cad5726b75d9cd47589e1e9bee2e09cfafc9c1d30daba0d3cc75d49e8e30"),
    "stance/test.txt": ("test", "e92150b502135dda93eb9a67082d99f0d28feb13411f6ff44487c96c91af2540"),
}

HEADER = ("kind", "question", "claim", "article", "stance")


def _claims(path: Path, part: str) -> Iterator[Annotation]:
    for line, row in separated_rows(path, "\t", header=HEADER, quoted=False):
        place = line_of(path, line)
        yield argument(
            row,
            ("claim", "question", "stance"),
            LABEL_MAP,
            place,
            row_id=f"{part}-{line}",
            annotator="iam",
            document=text_of(row["article"], "article", place, may_be_empty=False),
        )


read = reader_of(FILES, _claims)

CORPUS = CorpusInfo(
    name="iam",
    read=read,
    folder="iam-stance",
    files="`stance/{train,dev,test}.txt`",
    origin="LiyingCheng95/IAM",
    labels="2",
    parts=("train", "validation", "test"),
    headline="favor_against_f1",
)
