"""Arrays that are computed once."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from stance.base.cache import cached

ARRAY = np.linspace(0, 1, 600, dtype=np.float32).reshape(3, 200)


def never():
    raise AssertionError("computed again")


def test_what_was_computed_is_read_the_next_time(tmp_path):
    path = tmp_path / "made" / "a.safetensors"
    assert np.array_equal(cached(path, lambda: ARRAY[:, ::2]), ARRAY[:, ::2])
    again = cached(path, never)
    assert again.dtype == np.float32
    assert np.array_equal(again, ARRAY[:, ::2])
    assert [found.name for found in path.parent.iterdir()] == ["a.safetensors"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_file_is_said_and_computed_again(tmp_path, caplog, damage):
    path = tmp_path / "a.safetensors"
    cached(path, lambda: ARRAY)
    whole = path.read_bytes()
    flipped = bytes([*whole[:-100], whole[-100] ^ 1, *whole[-99:]])
    path.write_bytes({"cut": whole[:-10], "flipped": flipped, "empty": b"", "foreign": b"x" * 3000}[damage])
    with caplog.at_level(logging.WARNING, logger="stance"):
        assert np.array_equal(cached(path, lambda: ARRAY), ARRAY)
    assert "a.safetensors: damaged, computed again" in caplog.text
    assert path.read_bytes() == whole
    assert np.array_equal(cached(path, never), ARRAY)


def test_a_disk_that_takes_no_file_costs_only_the_keeping(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way of a folder")
    with caplog.at_level(logging.WARNING, logger="stance"):
        assert np.array_equal(cached(tmp_path / "file" / "a.safetensors", lambda: ARRAY), ARRAY)
    assert "not kept" in caplog.text
