"""N-grams of a row, weighted by how rare they are: what linear models see of it that need no encoder.

Stored as arrays and JSON, never pickled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import normalize

from stance.base.annotations import Example
from stance.base.errors import StanceError
from stance.base.files import read_json, write_json
from stance.base.questions import Question
from stance.base.words import composed, words


class TfidfFeatures:
    """TF-IDF of word 1-2-grams and character 2-5-grams of the text, and of the words of target and holder.

    Strings are composed (NFC) first, and words are those of :func:`stance.base.words.words`, single letters of scripts
    with case aside.
    Models that older versions saved have scikit-learn's words, which end at each vowel sign of Hindi, and answer as
    they did.
    """

    PARAMS: ClassVar[dict[str, tuple[str, dict[str, Any]]]] = {
        "text_words": ("text", {"analyzer": "word", "ngram_range": (1, 2), "sublinear_tf": True, "min_df": 2}),
        "text_characters": ("text", {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True, "min_df": 2}),
        "target_words": ("target", {"analyzer": "word", "ngram_range": (1, 1)}),
        "holder_words": ("holder", {"analyzer": "word", "ngram_range": (1, 1)}),
    }

    #: What ``idf.safetensors`` says of itself; older files say nothing.
    ABOUT: ClassVar[Mapping[str, str]] = {"words": "unicode"}

    def __init__(self, vectorizers: dict[str, TfidfVectorizer], about: Mapping[str, str] = ABOUT) -> None:
        self.vectorizers = vectorizers
        self.about = about

    @classmethod
    def fit(cls, train: Sequence[Example]) -> TfidfFeatures:
        """Vocabulary and document frequencies of the training rows; a field without words (an empty holder) has none.

        Raises:
            StanceError: No field has any.
        """
        vectorizers = {}
        for name, (field, _) in cls.PARAMS.items():
            vectorizer = cls._vectorizer(name, cls.ABOUT)
            try:
                vectorizers[name] = vectorizer.fit([getattr(example, field) for example in train])
            except ValueError:  # scikit-learn's: empty vocabulary
                continue
        if not vectorizers:
            raise StanceError("tfidf: the training rows hold no words")
        return cls(vectorizers)

    def transform(self, questions: Sequence[Question]) -> sp.csr_matrix:
        """Sparse, one block a vectorizer, each block's rows of Euclidean length 1 or 0."""
        blocks = []
        for name, vectorizer in self.vectorizers.items():
            values = [getattr(question, self.PARAMS[name][0]) for question in questions]
            transform = _by_word if vectorizer.analyzer == "char_wb" else TfidfVectorizer.transform
            blocks.append(transform(vectorizer, values))
        return sp.hstack(blocks, format="csr")

    def reader(self) -> None:
        """N-grams see the whole text."""

    def save(self, folder: Path) -> None:
        """Write ``vocabulary.json`` and ``idf.safetensors``."""
        vocabulary = {name: v.get_feature_names_out().tolist() for name, v in self.vectorizers.items()}
        write_json(folder / "vocabulary.json", vocabulary)
        idf = {name: v.idf_ for name, v in self.vectorizers.items()}
        save_file(idf, folder / "idf.safetensors", metadata=dict(self.about))

    @classmethod
    def load(cls, folder: Path) -> TfidfFeatures:
        """Read what :meth:`save` wrote."""
        vectorizers = {}
        with safe_open(folder / "idf.safetensors", framework="numpy") as idf:
            about = idf.metadata() or {}
            for name, vocabulary in read_json(folder / "vocabulary.json").items():
                vectorizers[name] = cls._vectorizer(name, about, vocabulary=vocabulary)
                vectorizers[name].idf_ = idf.get_tensor(name)
        return cls(vectorizers, about)

    @classmethod
    def _vectorizer(cls, name: str, about: Mapping[str, str], **learnt: Any) -> TfidfVectorizer:  # noqa: ANN401
        params: dict[str, Any] = dict(cls.PARAMS[name][1])
        if about == cls.ABOUT:
            params["preprocessor"] = _prepared
            if params["analyzer"] == "word":
                params |= {"tokenizer": _tokens, "token_pattern": None}
        return TfidfVectorizer(**params, **learnt)


def _prepared(text: str) -> str:
    return composed(text).lower()


def _tokens(text: str) -> list[str]:
    """The words, but those of one letter only in scripts without case: there it may be the word for not."""
    return [word for word in words(text) if len(word) > 1 or (word.isalpha() and word.lower() == word.upper())]


def _by_word(vectorizer: TfidfVectorizer, texts: Sequence[str]) -> sp.csr_matrix:
    """What ``vectorizer.transform(texts)`` gives for ``char_wb`` and ``sublinear_tf``, some six times as fast.

    No such n-gram crosses the edge of a word, so that each distinct word is taken apart once, and what a text holds is
    the sum over its words.
    """
    prepare = vectorizer.build_preprocessor()
    numbers: dict[str, int] = {}
    words: list[int] = []
    ends = [0]
    for text in texts:
        words.extend(numbers.setdefault(word, len(numbers)) for word in prepare(text).split())
        ends.append(len(words))
    words_of_texts = sp.csr_matrix((np.ones(len(words)), words, ends), shape=(len(texts), len(numbers)))
    counts = words_of_texts @ CountVectorizer.transform(vectorizer, numbers)
    counts.sort_indices()
    counts.data = (np.log(counts.data) + 1) * vectorizer.idf_[counts.indices]
    return normalize(counts, copy=False)
