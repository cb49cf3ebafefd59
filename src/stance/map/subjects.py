"""Which proposals a document may be about: those whose words it has."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from stance.base.home import PROJECT
from stance.base.words import composed
from stance.data.unlabelled import read


class Subjects:
    """Words of proposals, weighted by how rare they are in news.

    Embeddings of sentences tell one negotiation from another badly: a strike here is like a strike there. Names and
    things that a proposal and a document share do it well. Four letters of a word at a time are compared, so that the
    forms of a word are alike; what is rare is known from the first silver sentences of this project.

    Source: ``sklearn.feature_extraction.text.TfidfVectorizer``.
    """

    def __init__(self, wordings: Sequence[str], owners: Sequence[int]) -> None:
        """Args: all wordings of the proposals, and of which proposal, from 0, each is one."""
        news = [" ".join(one.texts) for one in read(PROJECT / "seeds" / "silver" / "train" / "first.jsonl")]
        wordings = [*map(composed, wordings)]
        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4), sublinear_tf=True, dtype=np.float32)
        self._vectorizer.fit([*news, *wordings])
        self._wordings = self._vectorizer.transform(wordings).T.tocsr()
        self._owners = np.asarray(owners)

    def likeness(self, text: str) -> NDArray[np.float32]:
        """Cosine of a document and the nearest wording of each proposal, shape (proposals,)."""
        cosines = (self._vectorizer.transform([composed(text)]) @ self._wordings).toarray()[0]
        best = np.zeros(self._owners.max() + 1, dtype=np.float32)
        np.maximum.at(best, self._owners, cosines)
        return best

    def of(self, text: str, alike: float) -> NDArray[np.bool_]:
        """Which proposals a document may be about: those at least ``alike`` times as like it as the likest.

        All of them, where it has no word of any, as a document in another language.
        """
        likeness = self.likeness(text)
        return np.asarray(likeness >= alike * likeness.max())
