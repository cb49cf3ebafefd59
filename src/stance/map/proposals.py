"""What the positions are about: the file of proposals, and which documents and sentences touch which."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d
from sklearn.feature_extraction.text import TfidfVectorizer

from stance.base.errors import input_error, line_of
from stance.base.home import PROJECT
from stance.base.labels import spelled
from stance.base.words import composed
from stance.data import unlabelled
from stance.map.actors import normalised, rows_in, tell_passed_over, text_of, texts_of
from stance.map.dates import parse_date
from stance.map.types import Proposal
from stance.models.pretrained import SMALL_ENCODER

Vectors = NDArray[np.float32]

#: Sentences before and after one whose likeness to a proposal counts for it too.
AROUND = 10


class Encoder(Protocol):
    """Sentences to vectors of length 1."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, dimensions)."""
        ...


class SentenceEncoder:
    """The frozen sentence encoder that comes with the toolkit (all-MiniLM-L6-v2)."""

    def __init__(self) -> None:
        from stance.models.features import EmbeddingFeatures

        self._encoder = EmbeddingFeatures.load_encoder(SMALL_ENCODER).encoder

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See :class:`Encoder`."""
        if not texts:
            return self.encode(["-"])[:0]
        found = self._encoder.encode([*map(composed, texts)], batch_size=64, normalize_embeddings=True)
        return np.asarray(found, dtype=np.float32)


def read_proposals(path: str | Path, encoding: str = "utf-8") -> tuple[Proposal, ...]:
    """The proposals of a csv (or tsv, jsonl, xlsx): proposal, variants (``a|b``, or a list), reverse, from, until.

    Only the first column must be there. The dates, to the day, month or year, say when it was on the table.

    Args:
        path: The file.
        encoding: Of one that is not UTF-8.

    Raises:
        StanceError: No proposal, one that is no text, one twice (or as the reverse of itself), a date that is none, one
            that ends before it begins; names file and line.
    """
    found: dict[str, Proposal] = {}
    for line, row in rows_in(path, encoding):
        place = line_of(path, line)
        if "proposal" not in row:
            allowed = "proposal, variants, reverse, from, until"
            raise input_error(place, "no column 'proposal'", found=list(row), allowed=allowed)
        name, reverse = (text_of(row, column, place) for column in ("proposal", "reverse"))
        if not name:
            raise input_error(place, "no proposal", found=row)
        form = normalised(name)[0]
        if form in found:
            raise input_error(
                place, "a proposal occurs twice", found=name, allowed=f"once; see {found[form].proposal!r}"
            )
        variants = tuple(dict.fromkeys(texts_of(row, "variants", place)))
        if normalised(reverse)[0] in {normalised(said)[0] for said in (name, *variants)}:
            raise input_error(place, "a proposal is its own reverse", found=reverse, allowed="the negative course")
        if not found:
            tell_passed_over(place, row, ("proposal", "variants", "reverse", "from", "until"))
        begins, ends = (_date(row.get(column), column, place) for column in ("from", "until"))
        if begins and ends and ends < begins[: len(ends)]:
            raise input_error(place, "until is before from", found=f"{begins} to {ends}")
        found[form] = Proposal(name, variants, reverse, begins, ends)
    if not found:
        raise input_error(str(path), "no proposals in the file")
    return tuple(found.values())


def _date(value: object, column: str, place: str) -> str:
    found = parse_date(value)
    if spelled(value) and not found:
        raise input_error(place, f"{column} is no date", found=value, allowed="2024-05-17, 2024-05 or 2024")
    return found


def on_the_table(proposal: Proposal, date: str) -> bool:
    """Whether a document of this date may speak of the proposal; one without date, or to the month alone, may."""
    begins, ends = proposal.begins, proposal.ends
    after = not begins or not date or date[: len(begins)] >= begins[: len(date)]
    return after and (not ends or not date or date[: len(ends)] <= ends[: len(date)])


@dataclass(frozen=True, slots=True)
class Touching:
    """How near the sentences of one document are to the proposals; all of shape (sentences, proposals).

    Attributes:
        touches: Whether a sentence is near enough to be asked about a proposal.
        similarity: Cosine of the sentence and the nearest wording.
        reversed: Whether that wording is the reverse course.
    """

    touches: NDArray[np.bool_]
    similarity: Vectors
    reversed: NDArray[np.bool_]


class Subjects:
    """Words of proposals, weighted by how rare they are in news.

    Embeddings of sentences tell one negotiation from another badly: a strike here is like a strike there. Names and
    things that a proposal and a document share do it well. Four letters of a word at a time are compared, so that the
    forms of a word are alike; what is rare is known from the first silver sentences of this project.

    Source: ``sklearn.feature_extraction.text.TfidfVectorizer``.
    """

    def __init__(self, wordings: Sequence[str], owners: Sequence[int]) -> None:
        """Args: all wordings of the proposals, and of which proposal, from 0, each is one."""
        news = [" ".join(one.texts) for one in unlabelled.read(PROJECT / "seeds" / "silver" / "train" / "first.jsonl")]
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


class Wordings:
    """All wordings of the proposals as vectors: the proposal itself, its variants, its reverse."""

    def __init__(self, proposals: Sequence[Proposal], encoder: Encoder) -> None:
        self.proposals = proposals
        texts, owners, reverse = [], [], []
        for number, proposal in enumerate(proposals):
            said = [(proposal.proposal, False), *((variant, False) for variant in proposal.variants)]
            for text, is_reverse in [*said, *([(proposal.reverse, True)] if proposal.reverse else [])]:
                texts.append(text)
                owners.append(number)
                reverse.append(is_reverse)
        self._vectors = encoder.encode(texts)
        self._owners, self._reverse = np.array(owners), np.array(reverse)
        self.subjects = Subjects(texts, owners)

    def touching(self, sentences: Vectors, threshold: float, text: str, alike: float) -> Touching:
        """Which sentences of one document touch which proposals: see :func:`nearness` and :class:`Subjects`.

        Args:
            sentences: Of one document, those that may be asked about, shape (sentences, dimensions).
            threshold: Of the nearness.
            text: The whole document.
            alike: How like it a proposal must be, as a share of the likest.
        """
        similarity, is_reverse = self.nearest(sentences)
        touches = (nearness(similarity) >= threshold) & self.subjects.of(text, alike)
        return Touching(touches, similarity, is_reverse)

    def nearest(self, sentences: Vectors) -> tuple[Vectors, NDArray[np.bool_]]:
        """Cosine of each sentence and the nearest wording of each proposal, and whether that is the reverse course."""
        cosines = sentences @ self._vectors.T
        shape = (len(sentences), len(self.proposals))
        best, is_reverse = np.full(shape, -1, dtype=np.float32), np.zeros(shape, dtype=bool)
        for column, (owner, turned) in enumerate(zip(self._owners, self._reverse, strict=True)):
            nearer = cosines[:, column] > best[:, owner]
            best[nearer, owner] = cosines[nearer, column]
            is_reverse[nearer, owner] = turned
        return best, is_reverse


def nearness(similarity: Vectors) -> Vectors:
    """How near each sentence of a document is to a proposal: the mean of its own cosine and the highest around it.

    A sentence that goes on about a proposal ("A day later the ministry ruled it out") is not like its wording; but it
    stands among sentences of which some is.

    Args:
        similarity: Of one document's sentences in their order, shape (sentences, proposals).
    """
    if not len(similarity):
        return similarity
    around = maximum_filter1d(similarity, size=2 * AROUND + 1, axis=0, mode="nearest")
    return np.asarray((similarity + around) / 2, dtype=np.float32)
