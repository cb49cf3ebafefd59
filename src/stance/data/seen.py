"""Digests of the texts that a checkpoint was trained on, so that an evaluation can count the rows it has seen."""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from stance.base.annotations import Example
from stance.base.errors import StanceError, first_line
from stance.base.files import write_beside
from stance.data.dataset import DatasetRecord
from stance.data.duplicates import normalized

log = logging.getLogger(__name__)

#: In a checkpoint.
FILE = "learnt.safetensors"


def digests(texts: Iterable[str]) -> NDArray[np.uint64]:
    """The first eight bytes of the SHA-256 of each text, normalized (:func:`stance.data.duplicates.normalized`)."""
    found = (hashlib.sha256(normalized(text).encode("utf-8")).digest()[:8] for text in texts)
    return np.frombuffer(b"".join(found), dtype="<u8").astype(np.uint64)


def write_learnt(folder: Path, texts: Iterable[str], made_from: Iterable[Path]) -> None:
    """Put the digests of what was learnt from into a checkpoint: no text, but a text that one has can be looked up.

    Args:
        folder: The checkpoint.
        texts: What it learnt from itself.
        made_from: The checkpoints that it was made from; where one does not know its texts, neither does this.
    """
    known = [digests(texts), *map(read_learnt, made_from)]
    arrays = [array for array in known if array is not None]
    if len(arrays) == len(known):
        with write_beside(folder / FILE) as temporary:
            save_file({"texts": np.unique(np.concatenate(arrays))}, temporary)


def read_learnt(folder: Path) -> NDArray[np.uint64] | None:
    """What :func:`write_learnt` wrote; None where it wrote nothing, as versions before it did.

    Raises:
        StanceError: The file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return np.asarray(load_file(path)["texts"], dtype=np.uint64)
    except (SafetensorError, KeyError, OSError) as error:
        raise StanceError(f"{path}: damaged: {first_line(error)}") from None


def warn_of_learnt(
    folder: Path, data: Mapping[str, str], record: DatasetRecord, examples: Sequence[Example]
) -> int | None:
    """Log a warning if a checkpoint learnt from texts of the rows that it is to be scored on, or may have.

    Returns:
        See :func:`count_learnt`. Of a checkpoint that does not know it is a warning that its corpus had the same name
        and was divided in another way.
    """
    learnt = count_learnt(folder, examples)
    if learnt:
        told = "%d of %d rows have a text that the checkpoint learnt from: on these the score is none on new ones"
        log.warning(told, learnt, len(examples))
    if learnt is None and data.get("name") == record.name and data.get("fingerprint") != record.fingerprint:
        log.warning("the checkpoint was trained on another division of %s: rows may have been seen", record.name)
    return learnt


def count_learnt(folder: Path, examples: Sequence[Example]) -> int | None:
    """How many of the rows have a text that the checkpoint learnt from; None where it does not know."""
    learnt = read_learnt(folder)
    return None if learnt is None else int(np.isin(digests(example.text for example in examples), learnt).sum())
