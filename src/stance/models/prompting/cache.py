"""Answers on disk: a line each, appended as they come, so that a killed run has paid for nothing twice."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, line_of
from stance.base.files import alone_at, digest
from stance.models.prompting.answers import Reply
from stance.models.prompting.client import Dialect, Request

log = logging.getLogger(__name__)


class Answers:
    """Replies of one model by the digest of what was asked; in memory, and in a file if there is one.

    The file is JSONL: ``{"key": DIGEST, "reply": {...}}``. A last line without its end, as a kill
    leaves it, is cut off.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.known: dict[str, Reply] = {}
        self._lock = threading.Lock()
        self._read_to = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """No two processes ask the same model at once: the second waits, and then knows what the first was told."""
        if self.path is None:
            yield
            return
        with alone_at(self.path):
            self._read()
            yield

    def get(self, key: str) -> Reply | None:
        """The reply that is kept, or None."""
        return self.known.get(key)

    def put(self, key: str, reply: Reply) -> None:
        """Keep a reply; it is on the disk when this returns."""
        line = json.dumps({"key": key, "reply": asdict(reply)}, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self.known[key] = reply
            if self.path is not None:
                with self.path.open("ab") as file:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
                    self._read_to = file.tell()

    def _read(self) -> None:
        if self.path is None or not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            log.info("%s: the last answer was not written whole; it is asked again", self.path)
            os.truncate(self.path, whole)
        if self._read_to == whole:
            return
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                entry = json.loads(line)
                self.known[entry["key"]] = _reply(entry["reply"])
            except (ValueError, KeyError, TypeError) as error:
                raise StanceError(f"{line_of(self.path, number)}: damaged ({error}); remove the line") from None
        self._read_to = whole


def key_of(model: str, dialect: Dialect, request: Request) -> str:
    """What a reply is kept under: the digest of model, prompt, row and manner of asking. Not of the address."""
    return digest([model, asdict(dialect), asdict(request)])


def _reply(saved: dict[str, Any]) -> Reply:
    tokens = tuple((str(token), dict(likeliest)) for token, likeliest in saved["tokens"])
    return Reply(**{**saved, "tokens": tokens})
