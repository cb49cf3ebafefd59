"""Recorded results: tables, comparisons, and whether they come out again."""
