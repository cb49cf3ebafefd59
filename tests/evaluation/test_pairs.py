"""Pairs are found where they are, and both halves count."""

from __future__ import annotations

import json

import pytest

from conftest import PROJECT, example
from stance.data.agreement import aggregate
from stance.data.corpora.negotiation import read
from stance.evaluation.checks.pairs import minimal_pairs, pair_scores
from stance.evaluation.checks.report import Pairs


def test_pair_accuracy_counts_both_halves():
    pairs = [(example(i, "favor"), example(i + 50, "against")) for i in range(4)]
    said = ["favor", "against", "favor", "favor", "against", "against", "neutral", "neutral"]
    found = pair_scores(pairs, said, samples=100, seed=0)
    assert (found.n, found.documents) == (4, 2)
    assert [getattr(found.scores, key).value for key in ("both", "first", "second")] == [0.25, 0.5, 0.5]
    assert found.scores.differ.n == 4
    assert found.scores.both.low <= 0.25 <= found.scores.both.high
    assert pair_scores([], [], samples=10, seed=0) == Pairs(n=0, documents=0)


@pytest.fixture(scope="module")
def negotiation():
    """The corpus by part, as ``parts.json`` has it."""
    corpus = read(PROJECT / "seeds", ["judge-1", "judge-2", "adjudicator"])
    parts = {}
    for row in aggregate(corpus.annotations, corpus.adjudicator).examples:
        parts.setdefault(corpus.parts[row.id], []).append(row)
    return parts


def test_minimal_pairs_of_the_corpus_are_found_across_parts(negotiation):
    """Every variant has its own row; the variants of test rows are in the challenge part."""
    everything = [row for rows in negotiation.values() for row in rows]
    pairs = minimal_pairs(everything)
    content = {
        variant["id"]: variant["row"]
        for path in (PROJECT / "seeds" / "documents").glob("*.json")
        for variant in json.loads(path.read_text(encoding="utf-8")).get("variants", ())
    }
    assert {variant.id: row.id for row, variant in pairs} == content
    assert len(pairs) == len(content) > 250
    assert all(row.text != variant.text and row.document == variant.document for row, variant in pairs)
    test = minimal_pairs(negotiation["test"], negotiation["challenge"])
    assert len(test) == 87
    assert {row.id for row, _ in test} <= {row.id for row in negotiation["test"]}
    assert minimal_pairs(negotiation["test"]) == []
