"""Rows that a model has scored before need not be scored again."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stance.base.labels import LABELS
from stance.base.predictions import Probabilities
from stance.base.questions import Question
from stance.base.words import composed

#: Scored rows that are remembered for their repeats, some 20 MB.
REMEMBERED = 2**16

_KEY = 16
_RECORD = _KEY + 8 * len(LABELS)


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows whose probabilities are on their way.

    Attributes:
        new: The distinct rows that have to be asked for, in order.
    """

    new: list[Question]
    _fresh: list[bytearray]
    _keys: list[bytes]
    _cells: list[bytearray]

    def settle(self, scores: Probabilities) -> tuple[Probabilities, bytes]:
        """Probabilities of all the rows in their order, once those of the new ones and of the plans before are there.

        Args:
            scores: Of the new rows, shape (new, 3).

        Returns:
            Shape (rows, 3); and a record of the rows, from which :meth:`Repeats.recall` learns again.
        """
        for cell, each in zip(self._fresh, np.ascontiguousarray(scores, dtype=np.float64), strict=True):
            cell[:] = each.tobytes()
        record = b"".join(key + cell for key, cell in zip(self._keys, self._cells, strict=True))
        return np.frombuffer(b"".join(self._cells)).reshape(-1, len(LABELS)), record


class Repeats:
    """The probabilities of the rows that were asked for last, by digest (BLAKE2b, 128 bits) of what the model reads.

    Args:
        size: Rows that are remembered; one takes about 300 bytes. The one not asked for longest is forgotten first.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.known: OrderedDict[bytes, bytearray] = OrderedDict()

    def plan(self, rows: Sequence[Question]) -> Plan:
        """What is to be asked for these rows; from now on they count as known, whoever plans next.

        Args:
            rows: Any number; those that differ in how their characters are composed are one row.
        """
        rows = [Question(*map(composed, (row.text, row.target, row.holder, row.context))) for row in rows]
        keys = [_key(row) for row in rows]
        new = {key: row for key, row in zip(keys, rows, strict=True) if key not in self.known}
        fresh = {key: bytearray(_RECORD - _KEY) for key in new}
        cells = [fresh[key] if key in fresh else self.known[key] for key in keys]
        for key, cell in zip(keys, cells, strict=True):
            self._remember(key, cell)
        return Plan(list(new.values()), list(fresh.values()), keys, cells)

    def recall(self, path: Path) -> None:
        """Remember the rows of the records in a file, as if they had been scored here."""
        last: dict[bytes, bytearray] = {}
        with path.open("rb") as records:
            for start in range(path.stat().st_size - _RECORD, -1, -_RECORD):
                records.seek(start)
                record = records.read(_RECORD)
                last.setdefault(record[:_KEY], bytearray(record[_KEY:]))
                if len(last) == self.size:
                    break
        for key, cell in reversed(last.items()):
            self._remember(key, cell)

    def _remember(self, key: bytes, cell: bytearray) -> None:
        self.known[key] = cell
        self.known.move_to_end(key)
        if len(self.known) > self.size:
            self.known.popitem(last=False)


def _key(row: Question) -> bytes:
    read = repr((row.text, row.target, row.holder, row.context))
    return hashlib.blake2b(read.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()
