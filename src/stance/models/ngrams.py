"""N-grams of a row, weighted by how rare they are: what linear models see of it that need no encoder.

Stored as arrays and JSON, never pickled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from stance.base.annotations import Example
from stance.base.errors import StanceError
from stance.base.files import read_json, write_json
from stance.base.questions import Question
from stance.base.words import composed, words

Integers = NDArray[np.int64]


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
        self._blocks = {name: _Block(vectorizer) for name, vectorizer in vectorizers.items()}

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
        blocks = [
            block.transform([getattr(question, self.PARAMS[name][0]) for question in questions])
            for name, block in self._blocks.items()
        ]
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


class _Block:
    """What a fitted vectorizer gives for texts, to the last digit, in a fraction of the time.

    Each distinct text, or word where no n-gram crosses its edges, is taken apart once.
    """

    def __init__(self, vectorizer: TfidfVectorizer) -> None:
        self.vectorizer = vectorizer
        self.by_word = vectorizer.analyzer == "char_wb"
        terms = vectorizer.get_feature_names_out().tolist()
        self.ngrams = _Ngrams(terms if self.by_word else [term.split(" ") for term in terms])

    def transform(self, texts: Sequence[str]) -> sp.csr_matrix:
        """Shape (texts, n-grams), each row of Euclidean length 1 or 0."""
        prepare, tokenize = self.vectorizer.build_preprocessor(), self.vectorizer.build_tokenizer()
        numbers: dict[str, int] = {}
        parts: list[int] = []
        ends = [0]
        for text in texts:
            of_text = prepare(text).split() if self.by_word else [text]
            parts.extend([numbers.setdefault(part, len(numbers)) for part in of_text])
            ends.append(len(parts))
        parts_of_texts = sp.csr_matrix((np.ones(len(parts)), parts, ends), shape=(len(texts), len(numbers)))
        prepared = map(prepare, numbers)  # words a second time, as the weights were learnt: it may compose them anew
        sequences = [f" {word} " for word in prepared] if self.by_word else list(map(tokenize, prepared))
        counts = parts_of_texts @ self.ngrams.count(sequences)
        counts.sort_indices()
        if self.vectorizer.sublinear_tf:
            counts.data = np.log(counts.data) + 1
        counts.data *= self.vectorizer.idf_[counts.indices]
        return normalize(counts, copy=False)


class _Ngrams:
    """The n-grams of a vocabulary, looked for in many sequences at once.

    A trie with a sorted array for each length: an n-gram stands there as one number, made of the place of the n-gram
    that it lengthens and of its last symbol.

    Args:
        vocabulary: The n-grams, each a sequence of symbols (characters or words), in the order of their columns.
    """

    def __init__(self, vocabulary: Sequence[Sequence[str]]) -> None:
        self.size = len(vocabulary)
        known = dict.fromkeys(chain.from_iterable(vocabulary))
        self.codes = {symbol: code for code, symbol in enumerate(known, start=1)}  # 0 is any other symbol
        self.levels: list[tuple[Integers, Integers]] = []
        lengths = np.array([len(ngram) for ngram in vocabulary])
        _, symbols = self._read(vocabulary)
        starts = np.flatnonzero(symbols == 0) - lengths
        places = np.zeros(self.size, np.int64)
        for length in range(1, lengths.max() + 1):
            long = lengths >= length
            keys, places[long] = np.unique(
                self._keys(places[long], symbols[starts[long] + length - 1]), return_inverse=True
            )
            columns = np.full(len(keys), -1)  # of what only begins an n-gram of the vocabulary
            ending = lengths == length
            columns[places[ending]] = np.flatnonzero(ending)
            self.levels.append((keys, columns))

    def count(self, sequences: Sequence[Sequence[str]]) -> sp.csr_matrix:
        """How often each sequence has each n-gram, shape (sequences, n-grams)."""
        sequence_of, symbols = self._read(sequences)
        starts = np.flatnonzero(symbols)
        places = np.zeros_like(starts)
        found: list[tuple[Integers, Integers]] = []
        for length, (keys, columns) in enumerate(self.levels):
            wanted = self._keys(places, symbols[starts + length])
            places = np.searchsorted(keys, wanted)
            known = keys.take(places, mode="clip") == wanted
            starts, places = starts[known], places[known]
            whole = columns[places] >= 0
            found.append((sequence_of[starts[whole]], columns[places[whole]]))
        at = np.hstack(found)
        return sp.csr_matrix((np.ones(at.shape[1]), tuple(at)), shape=(len(sequences), self.size))

    def _read(self, sequences: Sequence[Sequence[str]]) -> tuple[Integers, Integers]:
        """Of each symbol, and of an end after each sequence, which no n-gram crosses: number of the sequence, code."""
        lengths = np.array([len(sequence) + 1 for sequence in sequences], dtype=np.int64)
        sequence_of = np.repeat(np.arange(len(sequences)), lengths)
        inside = np.ones(len(sequence_of), bool)
        inside[lengths.cumsum() - 1] = False
        symbols = np.zeros(len(sequence_of), np.int64)
        symbols[inside] = [self.codes.get(symbol, 0) for symbol in chain.from_iterable(sequences)]
        return sequence_of, symbols

    def _keys(self, places: Integers, symbols: Integers) -> Integers:
        return places * (len(self.codes) + 1) + symbols
