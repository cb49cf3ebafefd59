"""Output that grows in chunks, with a journal, so that an interrupted job continues after its last whole chunk."""

import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from stance.base.errors import StanceError, input_error
from stance.base.files import read_json, write_beside, writing

if sys.platform != "win32":
    import fcntl

_PAGE = "progress.json"
_VERSION = 1

Tally = TypeVar("Tally")


class Journal:
    """A folder of unfinished files.

    Its ``progress.json`` says what the job is, how long each file was when all of them were last whole, and what the
    job wanted to remember. It is replaced only after the files have reached the disk.

    Attributes:
        folder: Where they are.
        state: What was last remembered; empty at the beginning.
        whole: All is written, only not all of it delivered.
    """

    def __init__(self, folder: str | Path, identity: Mapping[str, Any], *, overwrite: bool = False) -> None:
        """Go on with what is in the folder, or begin.

        Args:
            folder: It is made, and removed in the end.
            identity: What must be the same for a job to go on, by name, as JSON knows it.
            overwrite: Begin anew where the folder holds another job.

        Raises:
            StanceError: The folder holds another job (the message says what differs) or less than it says, or another
                process is writing to it.
        """
        self.folder = Path(folder)
        self.identity = dict(identity)
        self.state: dict[str, Any] = {}
        self.whole = False
        self._overwrite = overwrite
        self._files: dict[str, BinaryIO] = {}
        self._lock()
        if (self.folder / _PAGE).exists():
            page = self._page()
            problem = self._problem(page)
            if not problem:
                self.state, self.whole = page["state"], page["whole"]
                self._clear(page["lengths"])
                return
            if not overwrite:
                self._unlock()
                allowed = "the same input and settings, or overwrite=true to begin anew"
                raise input_error(str(self.folder), problem, allowed=allowed)
        self._clear({})

    def path(self, name: str) -> Path:
        """Where a file is while it grows."""
        return self.folder / name

    def tally(self, kind: Callable[..., Tally]) -> Tally:
        """The state as the dataclass of counts that was committed; its fields are numbers, or numbers by name.

        Raises:
            StanceError: The state cannot be that of such a job; the folder stays as it is.
        """
        fresh: Any = kind()
        if not _counted(self.state, asdict(fresh)):
            if not self._overwrite:
                self.close()
                allowed = "overwrite=true begins anew"
                raise input_error(
                    str(self.folder), "no state that this command wrote", found=self.state, allowed=allowed
                )
            self._clear({})
            self.state, self.whole = {}, False
        return kind(**self.state)

    def append(self, name: str, data: bytes) -> None:
        """Add to a file; it counts from the next :meth:`commit` on."""
        if name not in self._files:
            self._files[name] = self.path(name).open("ab")
        with writing(self.path(name)):
            self._files[name].write(data)

    def commit(self, state: Mapping[str, Any], *, whole: bool = False) -> None:
        """All files are whole now, and this is to be remembered."""
        for name, file in self._files.items():
            with writing(self.path(name)):
                file.flush()
                os.fsync(file.fileno())
        self.state, self.whole = dict(state), whole
        page = {"version": _VERSION, "identity": self.identity, "state": self.state, "whole": whole}
        page["lengths"] = {path.name: path.stat().st_size for path in self._grown()}
        with write_beside(self.folder / _PAGE) as temporary, temporary.open("w", encoding="utf-8") as stream:
            json.dump(page, stream, indent=2)
            stream.flush()
            os.fsync(stream.fileno())

    def deliver(self, places: Mapping[str, Path]) -> None:
        """Put files where they belong and remove the folder; a file that did not grow removes what is at its place."""
        if not self.whole:
            for path in self._grown():  # also what was written at once
                with path.open("rb") as file:
                    os.fsync(file.fileno())
            self.commit(self.state, whole=True)
        self._close_files()
        sizes = read_json(self.folder / _PAGE)["lengths"]
        for name, place in places.items():
            if self.path(name).exists():
                self.path(name).replace(place)
            elif name not in sizes:
                place.unlink(missing_ok=True)
        self._remove()

    def discard(self) -> None:
        """Remove the folder and all that is in it."""
        try:
            self._close_files()
        finally:
            self._remove()

    def close(self) -> None:
        """Let go of the files; what was committed is there for the next time."""
        try:
            self._close_files()
        finally:
            self._unlock()

    def _remove(self) -> None:
        """The folder goes at once, and only then the lock, so that nobody begins in a folder that is on its way out."""
        aside = self.folder.with_name(f".{self.folder.name}.done")
        shutil.rmtree(aside, ignore_errors=True)  # of one that was killed here
        if sys.platform == "win32":  # which does not move what is open
            self._unlock()
        try:
            self.folder.rename(aside)
        except OSError:
            aside = self.folder
        shutil.rmtree(aside, ignore_errors=aside is not self.folder)  # another one may be at it too
        self._unlock()

    def _close_files(self) -> None:
        with ExitStack() as last:  # each is closed, though the disk may be too full for what one has not written yet
            for name, file in self._files.items():
                last.enter_context(writing(self.path(name)))
                last.callback(file.close)
            self._files.clear()

    def _grown(self) -> list[Path]:
        return sorted(
            path for path in self.folder.iterdir() if path.name not in (_PAGE, "lock") and path.name[0] != "."
        )

    def _clear(self, lengths: Mapping[str, int]) -> None:
        """Cut off what came after the last commit."""
        for path in self._grown():
            if path.name in lengths:
                os.truncate(path, lengths[path.name])
            else:
                path.unlink()
        if not lengths:
            (self.folder / _PAGE).unlink(missing_ok=True)

    def _page(self) -> dict[str, Any]:
        """What the journal says; nothing if it cannot be what :meth:`commit` wrote."""
        kinds = {"version": int, "identity": dict, "state": dict, "whole": bool, "lengths": dict}
        try:
            page = read_json(self.folder / _PAGE)
        except StanceError:
            return {}
        if not isinstance(page, dict) or any(type(page.get(name)) is not kind for name, kind in kinds.items()):
            return {}
        return page if all(type(size) is int and size >= 0 for size in page["lengths"].values()) else {}

    def _problem(self, page: Mapping[str, Any]) -> str:
        if not page:
            return f"{_PAGE} is damaged"
        if page.get("version") != _VERSION:
            return f"holds an unfinished run of another version ({page.get('version')}, now {_VERSION})"
        names = sorted({*page["identity"], *self.identity})
        before, now = ([each.get(name) for name in names] for each in (page["identity"], self.identity))
        other = [f"{name} ({b!r}, now {n!r})" for name, b, n in zip(names, before, now, strict=True) if b != n]
        if other:
            return f"holds an unfinished run with another {', '.join(other)}"
        sizes = {path.name: path.stat().st_size for path in self._grown()}
        gone = math.inf if page["whole"] else 0  # what is delivered is there no more
        short = [name for name, length in page["lengths"].items() if sizes.get(name, gone) < length]
        return f"{', '.join(short)}: shorter than the journal says" if short else ""

    def _lock(self) -> None:
        """Make the folder and take its lock; if its owner removes it just then, once more."""
        lock = self.folder / "lock"
        while True:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._guard = lock.open("w")
            except FileNotFoundError:
                continue
            except FileExistsError:  # a file; or a folder that was there and, when mkdir looked again, was not
                if self.folder.exists() and not self.folder.is_dir():
                    raise
                continue
            if sys.platform == "win32":
                return
            try:
                fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._unlock()
                allowed = "one at a time"
                raise input_error(str(self.folder), "another process is writing there", allowed=allowed) from None
            with suppress(FileNotFoundError):
                if os.path.samestat(lock.stat(), os.fstat(self._guard.fileno())):
                    return
            self._unlock()

    def _unlock(self) -> None:
        self._guard.close()


def _counted(state: Mapping[str, Any], kinds: Mapping[str, Any]) -> bool:
    """Whether a state has counts alone, under known names and each of the kind that it has there."""
    counts = [count for value in state.values() for count in (value.values() if isinstance(value, dict) else [value])]
    known = all(name in kinds and type(value) is type(kinds[name]) for name, value in state.items())
    return known and all(type(count) is int and count >= 0 for count in counts)
