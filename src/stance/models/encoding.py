"""Tokenization: how text, holder and target become tokens; no other module does this."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from numpy.typing import NDArray
from tqdm.auto import tqdm
from transformers import AutoTokenizer, BatchEncoding, PreTrainedTokenizerBase

from stance.base.errors import StanceError, first_line, input_error, lacks_memory
from stance.base.files import file_digest, read_json
from stance.base.labels import LABELS
from stance.base.questions import Question
from stance.models.input_format import InputFormat
from stance.models.pretrained import ENCODERS, encoder_location, how_to_have
from stance.models.windows import Reader

#: Rows that are sorted by length together before they are cut into batches.
WINDOW = 4096

#: Weights, configuration and tokenizer, without which a fine-tuned encoder does not load.
ENCODER_FILES = ("config.json", "model.safetensors", "tokenizer.json")

#: Entries of a vocabulary for each row of the embedding matrix, which some encoders have padded.
FEWEST_ENTRIES = 0.95

#: Suffixes of what is not documentation in an encoder's folder.
_DECISIVE = (".bin", ".json", ".model", ".safetensors", ".txt")

T = TypeVar("T")

log = logging.getLogger(__name__)


def encode(
    tokenizer: PreTrainedTokenizerBase,
    input_format: InputFormat,
    questions: Sequence[Question],
) -> BatchEncoding:
    """Token ids of each question (lists, not padded), cut at the format's maximum length."""
    if input_format.context_words:
        bare = [input_format.pair(replace(question, context="")) for question in questions]
        used = tokenizer([first for first, _ in bare], [second for _, second in bare], verbose=False)["input_ids"]
        questions = [
            replace(question, context=_last_tokens(tokenizer, question.context, input_format.max_length - len(ids)))
            for question, ids in zip(questions, used, strict=True)
        ]
    pairs = [input_format.pair(question) for question in questions]
    seconds = tokenizer([second for _, second in pairs], add_special_tokens=False, verbose=False)["input_ids"]
    long = [len(ids) > input_format.max_length // 2 for ids in seconds]
    if any(long):
        log.warning(
            "%d of %d rows: holder and target fill more than half the input and may be cut", sum(long), len(long)
        )
    columns: dict[str, list[Any]] = {}
    for strategy, chosen in (("only_first", False), ("longest_first", True)):
        rows = [index for index, is_long in enumerate(long) if is_long is chosen]
        if rows:
            first, second = zip(*(pairs[index] for index in rows), strict=True)
            encoded = tokenizer(list(first), list(second), truncation=strategy, max_length=input_format.max_length)
            for name, values in encoded.items():
                column = columns.setdefault(name, [None] * len(pairs))
                for index, value in zip(rows, values, strict=True):
                    column[index] = value
    return BatchEncoding(columns)


def _last_tokens(tokenizer: PreTrainedTokenizerBase, text: str, room: int) -> str:
    """The end of a text, as much of it as fits into ``room`` tokens, less two for how it joins what follows."""
    room -= 2
    if room <= 0 or not text:
        return ""
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    return text if len(offsets) <= room else text[offsets[-room][0] :]


def reader_of(tokenizer: PreTrainedTokenizerBase, input_format: InputFormat) -> Reader:
    """How much of a text a fine-tuned encoder reads."""

    def shown(question: Question) -> tuple[str, str]:
        return input_format.pair(replace(question, context=""))

    return Reader(tokenizer, input_format.max_length, shown, input_format.mark)


def run_in_batches(
    run: Callable[[dict[str, NDArray[np.int64]]], NDArray[np.floating[Any]]],
    tokenizer: PreTrainedTokenizerBase,
    input_format: InputFormat,
    questions: Sequence[Question],
    *,
    tokens: int,
) -> NDArray[np.float64]:
    """What ``run`` makes of each row, shape (rows, 3): batched by length, given back in the order of the rows.

    Args:
        run: From a batch's padded inputs by name, each of shape (batch, length), to its logits, shape (batch, 3).
        tokenizer: Of the model.
        input_format: How rows become sequences.
        questions: The rows.
        tokens: In a batch at most, padding included; a longer row is a batch of its own.
    """
    logits = np.zeros((len(questions), len(LABELS)))
    with tqdm(total=len(questions), unit="row", leave=False, disable=len(questions) < 500) as bar:
        for start in range(0, len(questions), WINDOW):
            encoded = encode(tokenizer, input_format, questions[start : start + WINDOW])
            for batch in _batches([len(ids) for ids in encoded["input_ids"]], tokens):
                rows = {name: [values[i] for i in batch] for name, values in encoded.items()}
                logits[start + batch] = run(dict(tokenizer.pad(rows, return_tensors="np")))
                bar.update(len(batch))
    return logits


def _batches(lengths: Sequence[int], tokens: int) -> Iterator[NDArray[np.int64]]:
    """Row numbers, the longest rows first, in batches that with padding have at most so many tokens (or one row)."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    start = 0
    while start < len(order):
        rows = max(1, tokens // lengths[order[start]])
        yield order[start : start + rows]
        start += rows


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a checkpoint folder that holds a whole fine-tuned encoder.

    Raises:
        StanceError: One of ``ENCODER_FILES`` is missing, or the tokenizer does not load, is another model's or has no
            padding token.
    """
    for name in ENCODER_FILES:
        if not (folder / name).exists():
            found = sorted(path.name for path in folder.iterdir())
            raise input_error(str(folder), f"no {name}", found=found, allowed="a whole checkpoint")
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
    except Exception as error:  # files of another form come up as any of a dozen kinds
        if lacks_memory(error):
            raise
        raise StanceError(f"{folder}: does not load: {first_line(error)}") from None
    config = read_json(folder / "config.json")
    vocabulary = tokenizer.get_vocab()
    check_vocabulary(vocabulary, config.get("vocab_size") if isinstance(config, dict) else None, str(folder))
    _check_padding(tokenizer, str(folder))
    return tokenizer


def check_vocabulary(vocabulary: Mapping[str, int], rows: object, place: str) -> None:
    """Refuse a tokenizer that is not that of the encoder, such as the one that is made up where its files are missing.

    Args:
        vocabulary: Of the tokenizer: the number of each entry.
        rows: Of the encoder's embedding matrix, some of which may be padding; no number = it has no such matrix.
        place: The encoder, for the message.

    Raises:
        StanceError: An entry beyond the rows, or far fewer entries.
    """
    entries = max(len(vocabulary), 1 + max(vocabulary.values(), default=0))
    if isinstance(rows, int) and not FEWEST_ENTRIES * rows <= len(vocabulary) <= entries <= rows:
        found = f"{entries:,} entries for {rows:,} rows"
        allowed = "the tokenizer's files (tokenizer.json, vocab.txt or the like) that the encoder was trained with"
        raise input_error(place, "the vocabulary does not fit the embedding matrix", found=found, allowed=allowed)


def load_weights(load: Callable[..., Any], name: str, **options: Any) -> Any:  # noqa: ANN401 - of any encoder
    """A pretrained model whose weights are all from its file, but for a head or pooler, which training makes.

    Arguments are as of :func:`load_encoder`.

    Raises:
        StanceError: It does not load, or the file lacks weights, which the library would draw at random.
    """
    model, report = load_encoder(load, name, output_loading_info=True, **options)
    body = "" if model.base_model is model else f"{model.base_model_prefix}."
    missing = sorted(key for key in report["missing_keys"] if key.startswith(body) and ".pooler." not in f".{key}")
    if missing:
        raise input_error(name, "missing weights", found=missing, allowed=how_to_have(name))
    return model


def _check_padding(loaded: object, place: str) -> None:
    """Raise StanceError about a tokenizer, or what has one, that could not fill up the shorter rows of a batch."""
    tokenizer = getattr(loaded, "tokenizer", loaded)  # a SentenceTransformer has one
    if isinstance(tokenizer, PreTrainedTokenizerBase) and tokenizer.pad_token_id is None:
        allowed = "an encoder whose tokenizer has one: pad_token in its tokenizer_config.json"
        raise input_error(place, "the tokenizer has no padding token", allowed=allowed)


def encoder_digests(name: str) -> dict[str, str] | None:
    """SHA-256 of each file that decides what an encoder computes (weights, configuration, vocabulary), by its path.

    Args:
        name: As of :func:`load_encoder`; of a hub id it is the copy in the hub's cache, so load it first.

    Returns:
        None for a hub id that is not in the cache under that name.
    """
    folder = Path(encoder_location(name))
    if not folder.is_dir():
        try:
            folder = Path(snapshot_download(name, local_files_only=True))
        except (HFValidationError, LocalEntryNotFoundError, OSError):
            return None
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in _DECISIVE and path.is_file()]
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def load_encoder(load: Callable[..., T], name: str, **options: Any) -> T:  # noqa: ANN401 - options of any loader
    """``load(location, ...)`` of an encoder by name, never running code that the encoder carries.

    Args:
        load: E.g. ``AutoTokenizer.from_pretrained`` or the class ``SentenceTransformer``.
        name: As of :func:`stance.models.pretrained.encoder_location`.
        options: Passed on to ``load``.

    Raises:
        StanceError: It is neither packaged, nor a folder, nor on the hub or in its cache; its tokenizer has no padding
            token.
    """
    location = encoder_location(name)
    if name in ENCODERS and not Path(location).exists():
        options["revision"] = ENCODERS[name].revision
    try:
        loaded = load(location, trust_remote_code=False, **options)
    except Exception as error:  # files of another form come up as any of a dozen kinds
        if lacks_memory(error):
            raise
        where = "a folder" if Path(location).exists() else "no folder, and not to be had from the hub"
        raise StanceError(
            f"encoder {name!r} ({where}) does not load: {first_line(error)}; allowed: {how_to_have(name)}"
        ) from None
    _check_padding(loaded, f"encoder {name!r}")
    return loaded
