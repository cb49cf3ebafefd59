"""Files that only grow: what was not committed does not count, and what was is delivered once."""

from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path

import pytest

from stance.base.errors import StanceError
from stance.base.files import folder_beside, write_json, writing
from stance.inference.journal import Journal


def test_what_came_after_the_last_commit_is_gone(tmp_path):
    folder = tmp_path / "a.partial"
    journal = Journal(folder, {"n": 1})
    journal.append("rows", b"one")
    journal.commit({"done": 1})
    journal.append("rows", b"two")
    journal.append("rejects", b"bad")
    journal.close()
    again = Journal(folder, {"n": 1})
    assert (again.state, again.whole) == ({"done": 1}, False)
    again.append("rows", b"2")
    (tmp_path / "old").write_bytes(b"of an earlier run")
    again.deliver({"rows": tmp_path / "out", "rejects": tmp_path / "old"})
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_bytes() == b"one2"


def test_a_delivery_that_was_cut_off_is_finished(tmp_path):
    journal = Journal(tmp_path / "a.partial", {})
    for name in ("rows", "rejects"):
        journal.append(name, name.encode())
    journal.commit({"done": 2}, whole=True)
    journal.close()
    journal.path("rows").replace(tmp_path / "out")
    again = Journal(tmp_path / "a.partial", {})
    assert (again.whole, again.state) == (True, {"done": 2})
    again.deliver({"rows": tmp_path / "out", "rejects": tmp_path / "bad"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"out": b"rows", "bad": b"rejects"}


def test_others_and_damage_are_refused_unless_overwritten(tmp_path):
    folder = tmp_path / "a.partial"
    journal = Journal(folder, {"chunk": 1, "holder": None})
    journal.append("rows", b"one")
    journal.commit({"done": 1})
    if sys.platform != "win32":
        with pytest.raises(StanceError, match=r"a\.partial: another process is writing there"):
            Journal(folder, {"chunk": 1, "holder": None})
    journal.close()
    with pytest.raises(StanceError, match=r"unfinished run with another chunk \(1, now 2\), holder \(None, now 'x'\);"):
        Journal(folder, {"chunk": 2, "holder": "x"})
    journal.path("rows").write_bytes(b"on")
    with pytest.raises(StanceError, match=r"rows: shorter than the journal says; allowed: .*overwrite=true"):
        Journal(folder, {"chunk": 1, "holder": None})
    journal = Journal(tmp_path / "b.partial", {})
    journal.append("rows", b"one")
    journal.commit({"done": 1}, whole=True)
    journal.close()
    journal.path("rows").write_bytes(b"on")
    with pytest.raises(StanceError, match="rows: shorter than the journal says"):
        Journal(tmp_path / "b.partial", {})
    anew = Journal(folder, {"chunk": 2, "holder": "x"}, overwrite=True)
    assert anew.state == {}
    assert not anew.path("rows").exists()
    anew.discard()
    assert not folder.exists()


@pytest.fixture
def little_room():
    """Files of 4 KiB at most: the system says that of each as it says of a disk that it is full, without a name."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_names_the_file(tmp_path, little_room):
    with pytest.raises(OSError, match=r"File too large: .*/big\.json'"):
        write_json(tmp_path / "big.json", "x" * 10_000)
    journal = Journal(tmp_path / "a.partial", {})
    journal.append("rows", b"one")
    journal.commit({"done": 1})
    journal.append("rows", b"x" * 5000)
    with pytest.raises(OSError, match=r"File too large: .*/a\.partial/rows'"):
        journal.commit({"done": 2})
    with pytest.raises(OSError, match=r"File too large: .*/a\.partial/rows'"):
        journal.close()
    assert Journal(tmp_path / "a.partial", {}).state == {"done": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.partial"]


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),  # of safetensors
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),  # of torch
        OSError("[Errno 28] Error writing bytes to file. Detail: No space left on device"),  # of Arrow
    ],
)
def test_so_it_is_where_a_library_writes(tmp_path, error):
    with (
        pytest.raises(OSError, match=r"No space left on device: '.*/model'") as told,
        folder_beside(tmp_path / "model"),
    ):
        raise error
    assert (told.value.errno, told.value.__cause__) == (errno.ENOSPC, error)
    assert not list(tmp_path.iterdir())
    for other in (StanceError("No space left on device"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "there")):
        with pytest.raises(type(other)) as kept, writing("here"):
            raise other
        assert kept.value is other


@pytest.mark.parametrize("page", ["{", "[]", '{"version": 1}', '{"version": 1, "identity": [], "state": {}}'])
def test_a_damaged_journal_is_refused_and_overwritten_if_asked(tmp_path, page):
    folder = tmp_path / "a.partial"
    folder.mkdir()
    (folder / "progress.json").write_text(page)
    with pytest.raises(StanceError, match=r"progress\.json is damaged; allowed: .*overwrite=true"):
        Journal(folder, {})
    Journal(folder, {}, overwrite=True).discard()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_goes_while_it_is_made_is_made_again(tmp_path, monkeypatch):
    mkdir, calls = Path.mkdir, []

    def late(path, *arguments, **named):
        calls.append(path)
        if len(calls) == 1:  # mkdir found a folder; asked whether it is one, it was removed
            raise FileExistsError(17, "File exists")
        mkdir(path, *arguments, **named)

    monkeypatch.setattr(Path, "mkdir", late)
    Journal(tmp_path / "a.partial", {}).close()
    assert len(calls) == 2
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "file", {})


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not locked there")
def test_two_that_come_at_once_are_one_after_the_other_or_refused(tmp_path):
    faults = []

    def work(number):
        for turn in range(40):
            try:
                journal = Journal(tmp_path / "a.partial", {})
                journal.append("rows", f"{number} {turn}".encode())
                journal.deliver({"rows": tmp_path / "out"})
            except StanceError as error:
                assert "another process is writing there" in str(error)
            except Exception as error:
                faults.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
