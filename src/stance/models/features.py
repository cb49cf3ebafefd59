"""What linear models and the kernel machine see of a row: n-grams, embeddings of a frozen encoder or its words, both.

Stored as arrays and JSON, never pickled.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.cache import cached
from stance.base.errors import input_error
from stance.base.files import digest, read_json
from stance.base.names import must_exist
from stance.base.questions import Question
from stance.base.words import composed
from stance.models.config import LinearConfig
from stance.models.ngrams import TfidfFeatures
from stance.models.windows import Reader

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class CachedEncoder:
    """A frozen encoder for training: embeddings of texts that it has seen are read from a file, to the last bit.

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
        from stance.models.pretrained import ENCODERS

        encoder = load_encoder(SentenceTransformer, name)
        first = encoder[0]
        if isinstance(first, Transformer) and name not in ENCODERS:  # of those the checksum is known
            _refuse_missing_weights(name)
        if isinstance(first, StaticEmbedding):
            check_vocabulary(first.tokenizer.get_vocab(), first.embedding.num_embeddings, name)
        elif isinstance(first, Transformer):
            check_vocabulary(first.tokenizer.get_vocab(), getattr(first.config, "vocab_size", None), name)
        return cls(encoder, bar=len(encoder) > 1)

    @classmethod
    def static(cls, name: str, train: Sequence[Example]) -> EmbeddingFeatures:
        """Means of the encoder's input word embeddings, without running the encoder: tens of times as fast.

        The embeddings are centred and weighted by the inverse document frequency of their token in the training texts,
        after Arora, Liang and Ma (2017), A Simple but Tough-to-Beat Baseline for Sentence Embeddings, ICLR.
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

    def embed(self, questions: Sequence[Question]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Embeddings of the distinct strings, of length 1; numbers of each row's text, target and holder, (rows, 3)."""
        columns = [[composed(getattr(q, name)) for q in questions] for name in ("text", "target", "holder")]
        distinct = list(dict.fromkeys(itertools.chain(*columns)))
        number = {value: index for index, value in enumerate(distinct)}
        bar = self.bar and len(distinct) > 500
        vectors = self.encoder.encode(distinct, batch_size=64, normalize_embeddings=True, show_progress_bar=bar)
        rows = [[number[value] for value in row] for row in zip(*columns, strict=True)]
        return np.asarray(vectors), np.array(rows, dtype=np.int64).reshape(-1, 3)

    def transform(self, questions: Sequence[Question]) -> NDArray[np.float32]:
        """Dense, (rows, 5 x dimensions): text, target, holder, and the products of text with target and with holder."""
        vectors, rows = self.embed(questions)
        text, target, holder = (vectors[rows[:, field]] for field in range(3))
        scale = np.float32(np.sqrt(vectors.shape[1]))
        return np.hstack([text, target, holder, text * target * scale, text * holder * scale])

    def reader(self) -> Reader | None:
        """How much of a text the encoder reads; None if all of it."""
        from sentence_transformers.sentence_transformer.modules import Transformer

        first = (self.encoder.loaded if isinstance(self.encoder, CachedEncoder) else self.encoder)[0]
        if not isinstance(first, Transformer) or first.max_seq_length is None:
            return None
        return Reader(first.tokenizer, first.max_seq_length, lambda question: (question.text,))

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


def _refuse_missing_weights(name: str) -> None:
    """Load the transformer of a sentence encoder by itself, which tells what its file lacks and is drawn at random."""
    from transformers import AutoModel

    from stance.models.encoding import load_weights
    from stance.models.pretrained import encoder_location

    folder = Path(encoder_location(name))
    modules = folder / "modules.json"
    inner = folder / read_json(modules)[0].get("path", "") if modules.exists() else folder
    load_weights(AutoModel.from_pretrained, str(inner) if inner.is_dir() else name)


class CombinedFeatures:
    """N-grams and embeddings side by side: what words say exactly, and what they are like."""

    def __init__(self, tfidf: TfidfFeatures, embedding: EmbeddingFeatures) -> None:
        self.tfidf = tfidf
        self.embedding = embedding

    def transform(self, questions: Sequence[Question]) -> sp.csr_matrix:
        """Sparse: the columns of the n-grams, then those of the embeddings."""
        blocks = [features.transform(questions) for features in (self.tfidf, self.embedding)]
        return sp.hstack([blocks[0], sp.csr_matrix(blocks[1])], format="csr")

    def reader(self) -> Reader | None:
        """How much of a text the encoder reads; None if all of it."""
        return self.embedding.reader()

    def save(self, folder: Path) -> None:
        """Write what both write."""
        self.tfidf.save(folder)
        self.embedding.save(folder)


#: Rows to a matrix (rows, columns), dense or sparse.
Features = TfidfFeatures | EmbeddingFeatures | CombinedFeatures


def fit_features(config: LinearConfig, train: Sequence[Example], cache: Path | None) -> Features:
    """The features of a configuration, those that learn from the rows fitted; ``cache`` is a folder for embeddings."""
    if config.features == "tfidf":
        return TfidfFeatures.fit(train)
    if config.features == "static":
        return EmbeddingFeatures.static(config.encoder, train)
    embedding = EmbeddingFeatures.for_training(config.encoder, cache)
    return embedding if config.features == "embedding" else CombinedFeatures(TfidfFeatures.fit(train), embedding)


def load_features(kind: str, folder: Path) -> Features:
    """The features of a checkpoint whose kind they give the name; errors as of :meth:`EmbeddingFeatures.load`."""
    if kind == "tfidf":
        return TfidfFeatures.load(folder)
    embedding = EmbeddingFeatures.load(folder)
    return embedding if kind != "combined" else CombinedFeatures(TfidfFeatures.load(folder), embedding)
