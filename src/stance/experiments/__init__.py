"""Recorded results: tables, comparisons, and running recorded experiments again."""
