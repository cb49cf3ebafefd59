"""What linear models and the kernel machine see of a row: n-grams, embeddings of a frozen encoder or its words, both.

Stored as arrays and JSON, never pickled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from stance.base.annotations import Example
from stance.base.cache import cached
from stance.base.errors import StanceError, input_error
from stance.base.files import digest, read_json, write_json
from stance.base.names import must_exist
from stance.base.words import composed, has_unspaced, words
from stance.models.config import LinearConfig
from stance.models.windows import Reader

if TYPE_CHECKING:
    import scipy.sparse as sp
    from sentence_transformers import SentenceTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer


class Features(Protocol):
    """Rows to a matrix (rows, columns), dense or sparse."""

    def transform(self, texts: Sequence[str], targets: Sequence[str], holders: Sequence[str]) -> Any:  # noqa: ANN401
        """One line of features a row."""
        ...

    def save(self, folder: Path) -> None:
        """Write all that :meth:`transform` needs."""
        ...


class TfidfFeatures:
    """TF-IDF of word 1-2-grams and character 2-5-grams of the text, and of the words of target and holder.

    Strings are composed (NFC) first, and words are those of :func:`stance.base.words.words`, single letters aside.
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

    def transform(self, texts: Sequence[str], targets: Sequence[str], holders: Sequence[str]) -> sp.csr_matrix:
        """Sparse, one block a vectorizer, each block's rows of Euclidean length 1 or 0."""
        import scipy.sparse as sp

        fields = {"text": texts, "target": targets, "holder": holders}
        blocks = [
            _by_word(vectorizer, fields[self.PARAMS[name][0]])
            if vectorizer.analyzer == "char_wb"
            else vectorizer.transform(fields[self.PARAMS[name][0]])
            for name, vectorizer in self.vectorizers.items()
        ]
        return sp.hstack(blocks, format="csr")

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
        from sklearn.feature_extraction.text import TfidfVectorizer

        params: dict[str, Any] = dict(cls.PARAMS[name][1])
        if about == cls.ABOUT:
            params["preprocessor"] = _prepared
            if params["analyzer"] == "word":
                params |= {"tokenizer": _tokens, "token_pattern": None}
        return TfidfVectorizer(**params, **learnt)


def _prepared(text: str) -> str:
    return composed(text).lower()


def _tokens(text: str) -> list[str]:
    return [word for word in words(text) if len(word) > 1 or has_unspaced(word)]


def _by_word(vectorizer: TfidfVectorizer, texts: Sequence[str]) -> sp.csr_matrix:
    """What ``vectorizer.transform(texts)`` gives for ``char_wb`` and ``sublinear_tf``, some six times as fast.

    No such n-gram crosses the edge of a word, so that each distinct word is taken apart once, and what a text holds is
    the sum over its words.
    """
    import scipy.sparse as sp
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

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


class CachedEncoder:
    """A frozen encoder for training: what it said of the same texts before is read from a file, to the last bit.

    The file is named by the digest of the encoder's files, the versions of what runs it, and the texts in their order
    (an embedding depends, in its last digits, on the batch it was in). An encoder in a folder is then not even loaded.
    """

    def __init__(self, name: str, cache: Path) -> None:
        """The encoder by name, as of :func:`encoding.load_encoder`; ``cache`` is a folder, made when needed."""
        from stance.models.encoding import encoder_digests
        from stance.models.pretrained import encoder_location

        self.name = name
        self.cache = cache
        if not Path(encoder_location(name)).is_dir():
            self.loaded  # noqa: B018 - a hub id is fetched first, so that the digest is that of the copy in use
        self.files = encoder_digests(name)
        self.versions = {package: version(package) for package in ("sentence-transformers", "transformers", "torch")}

    @cached_property
    def loaded(self) -> SentenceTransformer:
        """The encoder itself."""
        return EmbeddingFeatures.load_encoder(self.name).encoder

    def encode(self, texts: list[str], **options: Any) -> NDArray[np.float32]:  # noqa: ANN401 - of any encoder
        """As ``SentenceTransformer.encode``: one row a text."""
        if self.files is None:
            return np.asarray(self.loaded.encode(texts, **options))
        shown = {name: value for name, value in options.items() if name != "show_progress_bar"}
        key = digest({"encoder": self.files, "versions": self.versions, "options": shown, "texts": texts})
        path = self.cache / "embeddings" / f"{key}.safetensors"
        return cached(path, lambda: self.loaded.encode(texts, **options))

    def save(self, path: str, **options: Any) -> None:  # noqa: ANN401
        """As ``SentenceTransformer.save``."""
        self.loaded.save(path, **options)


class EmbeddingFeatures:
    """Sentence embeddings of text, target and holder from a frozen encoder, and how text and target relate."""

    def __init__(self, encoder: SentenceTransformer | CachedEncoder, *, bar: bool = True) -> None:
        """``bar``: show progress where there are many rows; static embeddings take a moment."""
        self.encoder = encoder
        self.bar = bar

    @classmethod
    def load_encoder(cls, name: str) -> EmbeddingFeatures:
        """The features of an encoder by name (see :func:`stance.models.encoding.load_encoder`)."""
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding, Transformer

        from stance.models.encoding import check_vocabulary, load_encoder

        encoder = load_encoder(SentenceTransformer, name)
        first = encoder[0]
        if isinstance(first, StaticEmbedding):
            check_vocabulary(first.tokenizer.get_vocab(), first.embedding.num_embeddings, name)
        elif isinstance(first, Transformer):
            check_vocabulary(first.tokenizer, getattr(first.config, "vocab_size", None), name)
        return cls(encoder, bar=len(encoder) > 1)

    @classmethod
    def static(cls, name: str, train: Sequence[Example]) -> EmbeddingFeatures:
        """Means of the encoder's input word embeddings, without running the encoder: tens of times as fast.

        The embeddings are centred and weighted by the inverse document frequency of their token in the training texts,
        after Arora, Liang and Ma (2017), A Simple but Tough-to-Beat Baseline for Sentence Embeddings, ICLR.

        Args:
            name: Of the encoder (see :func:`stance.models.encoding.load_encoder`).
            train: The training rows.
        """
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding
        from transformers import AutoModel, AutoTokenizer

        from stance.models.encoding import check_vocabulary, load_encoder, load_weights

        tokenizer = load_encoder(AutoTokenizer.from_pretrained, name).backend_tokenizer
        weights = load_weights(AutoModel.from_pretrained, name).get_input_embeddings().weight.numpy(force=True)
        check_vocabulary(tokenizer.get_vocab(), len(weights), name)
        encoded = tokenizer.encode_batch([example.text for example in train], add_special_tokens=False)
        within = np.bincount([i for one in encoded for i in set(one.ids)], minlength=len(weights))
        idf = np.log((1 + len(train)) / (1 + within)) + 1
        words = ((weights - weights.mean(axis=0)) * idf[:, None]).astype(np.float32)
        module = StaticEmbedding(tokenizer, embedding_weights=words)
        return cls(SentenceTransformer(modules=[module], device="cpu"), bar=False)

    @classmethod
    def for_training(cls, name: str, cache: Path | None) -> EmbeddingFeatures:
        """The features of an encoder by name; with a folder to keep embeddings in, see :class:`CachedEncoder`."""
        return cls.load_encoder(name) if cache is None else cls(CachedEncoder(name, cache))

    def embed(
        self, texts: Sequence[str], targets: Sequence[str], holders: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Embeddings of the distinct strings, of length 1; numbers of each row's text, target and holder, (rows, 3)."""
        texts, targets, holders = (list(map(composed, values)) for values in (texts, targets, holders))
        distinct = list(dict.fromkeys([*texts, *targets, *holders]))
        number = {value: index for index, value in enumerate(distinct)}
        bar = self.bar and len(distinct) > 500
        vectors = self.encoder.encode(distinct, batch_size=64, normalize_embeddings=True, show_progress_bar=bar)
        rows = [[number[value] for value in row] for row in zip(texts, targets, holders, strict=True)]
        return np.asarray(vectors), np.array(rows, dtype=np.int64).reshape(-1, 3)

    def transform(self, texts: Sequence[str], targets: Sequence[str], holders: Sequence[str]) -> NDArray[np.float32]:
        """Dense, (rows, 5 x dimensions): text, target, holder, and the products of text with target and with holder."""
        vectors, rows = self.embed(texts, targets, holders)
        text, target, holder = (vectors[rows[:, field]] for field in range(3))
        scale = np.float32(np.sqrt(vectors.shape[1]))
        return np.hstack([text, target, holder, text * target * scale, text * holder * scale])

    def reader(self) -> Reader | None:
        """How much of a text the encoder reads; None if all of it."""
        from sentence_transformers.sentence_transformer.modules import Transformer

        first = (self.encoder.loaded if isinstance(self.encoder, CachedEncoder) else self.encoder)[0]
        if not isinstance(first, Transformer) or first.max_seq_length is None:
            return None
        return Reader(first.tokenizer, first.max_seq_length, lambda text, *_: (text,))

    def save(self, folder: Path) -> None:
        """Write the whole encoder into ``encoder/`` (safetensors)."""
        self.encoder.save(str(folder / "encoder"), create_model_card=False)

    @classmethod
    def load(cls, folder: Path) -> EmbeddingFeatures:
        """Read what :meth:`save` wrote.

        Raises:
            StanceError: The folder holds anything but JSON, text and safetensors, or names a class of somebody else's.
        """
        encoder = folder / "encoder"
        for path in must_exist(encoder, "folder").rglob("*"):
            if path.is_file() and path.suffix not in (".json", ".safetensors", ".txt", ".model", ".md"):
                raise input_error(
                    str(path), "a file that a checkpoint does not hold", allowed="json, safetensors, text"
                )
        for module in read_json(encoder / "modules.json"):
            if not str(module.get("type")).startswith("sentence_transformers."):
                allowed = "classes of sentence_transformers"
                raise input_error(
                    str(encoder / "modules.json"), "foreign class", found=module.get("type"), allowed=allowed
                )
        return cls.load_encoder(str(encoder))


class CombinedFeatures:
    """N-grams and embeddings side by side: what words say exactly, and what they are like."""

    def __init__(self, tfidf: TfidfFeatures, embedding: EmbeddingFeatures) -> None:
        self.tfidf = tfidf
        self.embedding = embedding

    def transform(self, texts: Sequence[str], targets: Sequence[str], holders: Sequence[str]) -> sp.csr_matrix:
        """Sparse: the columns of the n-grams, then those of the embeddings."""
        import scipy.sparse as sp

        blocks = [features.transform(texts, targets, holders) for features in (self.tfidf, self.embedding)]
        return sp.hstack([blocks[0], sp.csr_matrix(blocks[1])], format="csr")

    def save(self, folder: Path) -> None:
        """Write what both write."""
        self.tfidf.save(folder)
        self.embedding.save(folder)

    @classmethod
    def load(cls, folder: Path) -> CombinedFeatures:
        """Read what :meth:`save` wrote; errors as of :meth:`EmbeddingFeatures.load`."""
        return cls(TfidfFeatures.load(folder), EmbeddingFeatures.load(folder))


def fit_features(config: LinearConfig, train: Sequence[Example], cache: Path | None) -> Features:
    """The features of a configuration, those that learn from the rows fitted; ``cache`` is a folder for embeddings."""
    if config.features == "tfidf":
        return TfidfFeatures.fit(train)
    if config.features == "static":
        return EmbeddingFeatures.static(config.encoder, train)
    embedding = EmbeddingFeatures.for_training(config.encoder, cache)
    return embedding if config.features == "embedding" else CombinedFeatures(TfidfFeatures.fit(train), embedding)
