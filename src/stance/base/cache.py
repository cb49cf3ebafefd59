"""A cache of computed arrays on disk: a file each, named by the fingerprint of everything that it depends on."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from stance.base.errors import first_line
from stance.base.files import write_beside

log = logging.getLogger(__name__)


def cached(path: Path, compute: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
    """The array that the file holds, bit for bit as it was computed, or else computed and written there.

    A damaged file is said in a warning and written anew; so is a disk that takes no file, and then nothing is kept.
    """
    if path.exists():
        try:
            return _read(path)
        except (SafetensorError, OSError, ValueError) as error:
            log.warning("%s: damaged, computed again: %s", path, first_line(error))
    array = np.ascontiguousarray(compute())
    try:
        with write_beside(path) as temporary:
            save_file({"array": array}, temporary, metadata={"sha256": _sha256(array)})
    except OSError as error:  # a full disk, or another process that is writing the same array
        log.warning("%s: not kept: %s", path, first_line(error))
    return array


def _read(path: Path) -> NDArray[np.float32]:
    with safe_open(path, framework="numpy") as file:
        array: NDArray[np.float32] = file.get_tensor("array")
        if (file.metadata() or {}).get("sha256") != _sha256(array):
            raise ValueError("its content is not what was written")
    return array


def _sha256(array: NDArray[np.float32]) -> str:
    return hashlib.sha256(array.data).hexdigest()
