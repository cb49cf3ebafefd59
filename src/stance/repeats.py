"""Rows that a model has scored before need not be scored again."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from stance.labels import LABELS
from stance.predictions import Probabilities

#: Text, target, holder, context: all that a model reads of a row.
Read = tuple[str, str, str, str]

_KEY = 16
_RECORD = _KEY + 8 * len(LABELS)


class Repeats:
    """The probabilities of the rows that were asked for last, by digest (BLAKE2b, 128 bits) of what the model reads.

    Args:
        size: Rows that are remembered; one takes about 300 bytes. The one not asked for longest is forgotten first.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.known: OrderedDict[bytes, bytes] = OrderedDict()

    def score(
        self, rows: Sequence[Read], score: Callable[[Sequence[Read]], Probabilities]
    ) -> tuple[Probabilities, int, bytes]:
        """Probabilities of the rows in their order, asking for each distinct unknown row once.

        Args:
            rows: Any number.
            score: Gives the probabilities, shape (n, 3), of n rows.

        Returns:
            Shape (rows, 3); how many were asked for; and a record of the rows, from which :meth:`recall` learns again.
        """
        keys = [hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=_KEY).digest() for row in rows]
        new = {key: row for key, row in zip(keys, rows, strict=True) if key not in self.known}
        fresh = {}
        if new:
            scores = np.ascontiguousarray(score(list(new.values())), dtype=np.float64)
            fresh = {key: each.tobytes() for key, each in zip(new, scores, strict=True)}
        cells = [fresh[key] if key in fresh else self.known[key] for key in keys]
        for key, cell in zip(keys, cells, strict=True):
            self._remember(key, cell)
        record = b"".join(key + cell for key, cell in zip(keys, cells, strict=True))
        return np.frombuffer(b"".join(cells)).reshape(-1, len(LABELS)), len(new), record

    def recall(self, path: Path) -> None:
        """Remember what stands in the records in a file, just as if those rows had been scored here."""
        last: dict[bytes, bytes] = {}
        with path.open("rb") as records:
            for start in range(path.stat().st_size - _RECORD, -1, -_RECORD):
                records.seek(start)
                record = records.read(_RECORD)
                last.setdefault(record[:_KEY], record[_KEY:])
                if len(last) == self.size:
                    break
        for key, cell in reversed(last.items()):
            self._remember(key, cell)

    def _remember(self, key: bytes, cell: bytes) -> None:
        self.known[key] = cell
        self.known.move_to_end(key)
        if len(self.known) > self.size:
            self.known.popitem(last=False)
