"""Files that only grow: what was not committed does not count, and what was is delivered once."""

from __future__ import annotations

import sys

import pytest

from stance.errors import StanceError
from stance.journal import Journal


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
