"""Both parts of the bundled corpus as one: literary (version 1.0, :mod:`~stance.data.corpora.negotiation`) and news.

Source: ``seeds/`` of this project. Each part keeps its own division: train is both train parts, validation both
validation parts, ``test`` the test part of news. The literary test part is a part of its own, ``literary``, beside its
``challenge``, so that its numbers can be compared with older ones.
"""

from dataclasses import replace
from pathlib import Path

from stance.base.annotations import Corpus
from stance.data.corpora import negotiation, news
from stance.data.corpora.negotiation import ADJUDICATOR
from stance.data.info import CorpusInfo

#: Whose judgements count in each part.
LITERARY = ("judge-1", "judge-2", ADJUDICATOR)
NEWS = ("writer", "judge", ADJUDICATOR)

#: Tag of the rows of version 1.0, and name of its test part.
LITERARY_TAG = "literary"


def read(folder: str | Path) -> Corpus:
    """The judgements of both parts.

    Raises:
        StanceError: Names file, line, value and what is allowed: see the two readers.
    """
    folder = Path(folder)
    old, new = negotiation.read(folder, LITERARY), news.read(folder / "news", NEWS)
    parts = {row: LITERARY_TAG if part == "test" else part for row, part in (old.parts or {}).items()}
    return Corpus(
        (*(replace(row, tags=(LITERARY_TAG, *row.tags)) for row in old.annotations), *new.annotations),
        parts | dict(new.parts or {}),
        {**old.files, **{f"news/{name}": digest for name, digest in new.files.items()}},
        ADJUDICATOR,
    )


CORPUS = CorpusInfo(
    name="bundled",
    read=read,
    parts=("train", "validation", "test", "literary", "challenge"),
    licence="CC BY 4.0",
)
