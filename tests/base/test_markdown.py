"""Markdown tables."""

from __future__ import annotations

from stance.base.markdown import markdown_table


def test_a_name_breaks_no_table():
    table = markdown_table(["target", "n"], [["raise pay | cut hours", 1234], ["a\nb", "c"]])
    assert table.splitlines() == ["| target | n |", "|---|---|", "| raise pay \\| cut hours | 1,234 |", "| a b | c |"]
