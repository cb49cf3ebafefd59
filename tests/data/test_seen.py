"""Which rows a checkpoint learnt from, whatever becomes of the corpus's name and division."""

from __future__ import annotations

import pytest

from conftest import example
from stance.base.errors import StanceError
from stance.data.dataset import DatasetRecord
from stance.data.seen import FILE, count_learnt, read_learnt, warn_of_learnt, write_learnt

ROWS = [example(number) for number in range(8)]


def record(name: str, fingerprint: str) -> DatasetRecord:
    empty = dict.fromkeys(DatasetRecord.__dataclass_fields__)
    return DatasetRecord(**{**empty, "name": name, "fingerprint": fingerprint})


def test_a_text_is_known_again_in_another_spelling_of_it(tmp_path):
    write_learnt(tmp_path, [row.text for row in ROWS[:3]], [])
    loud = example(1, text=ROWS[1].text.upper().replace(" ", "  "), holder="another")
    assert count_learnt(tmp_path, [loud, *ROWS[3:]]) == 1
    assert count_learnt(tmp_path, ROWS) == 3
    assert ROWS[0].text.encode() not in (tmp_path / FILE).read_bytes()


def test_a_text_is_known_in_both_spellings_and_a_vowel_sign_tells_texts_apart(tmp_path):
    write_learnt(tmp_path, ["de\u0301le\u0301gue\u0301", "वह मानेगा"], [])
    assert count_learnt(tmp_path, [example(3, text="d\u00e9l\u00e9gu\u00e9"), example(4, text="वह मानेगी")]) == 1


def test_what_its_members_learnt_from_counts_and_what_they_do_not_know_is_not_known(tmp_path):
    first, second, whole = (tmp_path / name for name in ("first", "second", "whole"))
    write_learnt(first, [row.text for row in ROWS[:3]], [])
    write_learnt(second, [row.text for row in ROWS[2:5]], [])
    write_learnt(whole, [], [first, second])
    assert count_learnt(whole, ROWS) == 5
    (second / FILE).unlink()
    (whole / FILE).unlink()
    write_learnt(whole, [], [first, second])
    assert count_learnt(whole, ROWS) is None


def test_the_warning_counts_or_says_that_it_cannot(tmp_path, caplog):
    data = {"name": "mine", "fingerprint": "a"}
    assert warn_of_learnt(tmp_path, data, record("mine", "a"), ROWS) is None
    assert not caplog.messages
    assert warn_of_learnt(tmp_path, data, record("mine", "b"), ROWS) is None
    assert caplog.messages == ["the checkpoint was trained on another division of mine: rows may have been seen"]
    caplog.clear()
    write_learnt(tmp_path, [row.text for row in ROWS[:3]], [])
    assert warn_of_learnt(tmp_path, data, record("mine", "b"), ROWS[3:]) == 0
    assert not caplog.messages
    assert warn_of_learnt(tmp_path, data, record("other", "b"), ROWS) == 3
    assert caplog.messages[0].startswith("3 of 8 rows have a text that the checkpoint learnt from")


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / FILE).write_bytes(b"cut")
    with pytest.raises(StanceError, match=rf"{FILE}: damaged"):
        read_learnt(tmp_path)
