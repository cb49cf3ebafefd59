"""A planted weak slice is found, and chance alone gives no alarm beyond its due."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conftest import PLACES, answers, example
from stance.base.labels import LABELS
from stance.evaluation.slices import find_weak_slices, named_slices, permutation_p

TAGS = ("negated", "quoted", "figurative")


def rows(number: int, documents: int, tags_by_document: bool = False):
    """Rows of several targets, holders, lengths and tags; a document has as many rows as any other."""
    generator = np.random.default_rng(1)
    found = []
    for index in range(number):
        document = index % documents
        tag = TAGS[document % 3] if tags_by_document else TAGS[int(generator.integers(3))]
        holder = PLACES[int(generator.integers(4))]
        words = "and so on " * int(generator.integers(1, 5))
        text = f"{'No one' if generator.random() < 0.2 else holder} of row {index} spoke {words}."
        changes = {"target": f"t{document % 4}", "holder": holder, "tags": (tag,), "document": f"d{document}"}
        found.append(example(index, LABELS[index % 3], text=text, **changes))
    return found


def test_a_planted_weak_slice_is_found_and_named_and_no_other():
    examples = rows(400, documents=80)
    generator = np.random.default_rng(0)
    right = [generator.random() < (0.45 if "quoted" in row.tags else 0.8) for row in examples]
    found = find_weak_slices(examples, answers(examples, right), samples=100)
    assert [one.name for one in found.weak] == ["tag: quoted"]
    p_values = np.array([one.p for one in found.tested])
    holm = np.minimum(np.maximum.accumulate(p_values * np.arange(len(p_values), 0, -1)), 1)
    assert [one.p_holm for one in found.tested] == pytest.approx(holm.tolist())
    first = found.tested[0]
    assert first.n == sum("quoted" in row.tags for row in examples)
    assert first.difference.value == pytest.approx(first.accuracy - first.rest)
    assert first.difference.low < 0.45 - 0.8 < first.difference.high < 0


def false_alarms(examples, correct):
    """In how many simulations any slice is called weak."""
    found = (
        find_weak_slices(examples, answers(examples, right), permutations=499, samples=10, seed=number)
        for number, right in enumerate(correct)
    )
    return sum(bool(of.weak) for of in found)


def test_chance_alone_raises_no_more_alarms_than_the_level_says():
    examples = rows(240, documents=60)
    generator = np.random.default_rng(3)
    assert len(find_weak_slices(examples, answers(examples, [True, False] * 120), permutations=20).tested) > 12
    alarms = false_alarms(examples, (generator.random(240) < 0.7 for _ in range(100)))
    assert alarms <= 5 + 3 * np.sqrt(100 * 0.05 * 0.95)


def test_mistakes_that_come_in_documents_raise_no_alarm_and_would_if_rows_were_taken_as_independent():
    examples = rows(300, documents=30, tags_by_document=True)
    generator = np.random.default_rng(4)
    correct = [(generator.random(30) < 0.7)[np.arange(300) % 30] for _ in range(40)]
    assert false_alarms(examples, correct) <= 6
    apart = [replace(row, document=row.id) for row in examples]
    assert false_alarms(apart, correct) >= 20


def test_the_p_value_is_that_of_chance_where_every_row_is_a_document():
    """A slice of 30 of 60 rows with 20 of the 30 mistakes: the chance of as many is hypergeometric."""
    from scipy.stats import hypergeom

    correct = np.ones(60)
    correct[:20] = correct[50:] = 0
    member = (np.arange(60) < 30)[:, None]
    p = permutation_p(correct, np.hstack([member, ~member]), np.arange(60), permutations=4000)
    assert p[0] == pytest.approx(hypergeom.sf(19, 60, 30, 30), abs=0.006)
    assert p[1] > 0.95


def test_a_slice_within_documents_is_compared_with_its_own_document():
    """Every document has one row of the slice, wrong, and three right ones: nothing between documents differs."""
    correct = np.tile([0.0, 1, 1, 1], 12)
    member = np.tile([True, False, False, False], 12)[:, None]
    assert permutation_p(correct, member, np.repeat(np.arange(12), 4), permutations=999)[0] == pytest.approx(0.001)


def test_slices_are_what_their_names_say():
    texts = {
        "No, said Ada, we never open the gate.": ("Ada", "open the gate"),
        "Ada doesn’t care.": ("the council", "open the gate"),
        "They said “not now” and left the gate.": ("", "open the gate"),
        "A word about nothing much at all, of many words indeed.": ("Ben", "leave"),
    }
    examples = [
        example(i, text=text, holder=holder, target=target, document="d", tags=("odd",) * (i == 1))
        for i, (text, (holder, target)) in enumerate(texts.items())
    ]
    examples.append(example(4, text=next(iter(texts)), holder="Ben", target="open the gate", document="d"))
    rows_of = {part: of.tolist() for name, of in named_slices(examples).items() for part in name.split("; ")}
    assert rows_of["the holder is not named in the text"] == [1, 3, 4]
    assert rows_of["the target's words are all in the text"] == [0, 4]
    assert rows_of["the text begins with a negation"] == [0, 4]
    assert rows_of["a quotation in the text"] == [2]
    assert rows_of["several holders asked of the text"] == [0, 4]
    assert "several targets asked of the text" not in rows_of
    assert "a negation in the text" not in rows_of  # all five
    calm = [*examples, example(5, text="They left, and that was all.", document="d")]
    (with_negation,) = (of for name, of in named_slices(calm).items() if "a negation in the text" in name)
    assert with_negation.tolist() == [0, 1, 2, 3, 4]
    assert rows_of["holder: (the author)"] == [2]
    assert rows_of["tag: odd"] == [1]
    assert rows_of["length: up to 8 words"] == [0, 1, 2, 4]
    assert rows_of["length: over 8 words"] == [3]


def test_lengths_are_in_thirds():
    examples = [example(i, text="word " * (i + 1)) for i in range(9)]
    names = ("length: up to 3 words", "length: 4 to 6 words", "length: over 6 words")
    found = named_slices(examples)
    assert [found[name].tolist() for name in names] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_a_slice_of_few_rows_or_documents_is_not_tested():
    examples = rows(120, documents=4)
    found = find_weak_slices(examples, answers(examples, [True] * 60 + [False] * 60), samples=10)
    assert found.tested == ()
    assert found.too_small > 10


def test_a_holder_in_each_row_takes_memory_by_the_row():
    examples = [example(i, holder=f"holder {i}", document=f"d{i}") for i in range(1000)]
    assert sum(rows.nbytes for rows in named_slices(examples).values()) < 100_000, "a mask each: a million bytes"


def test_a_holder_is_named_and_a_text_long_in_every_script():
    texts = ["习近平宣布停火协定", "普京宣布停火", "राम ने कहा", "रामा ने कहा"]
    holders = ["习近平", "习近平", "राम", "राम"]
    examples = [
        example(i, text=text, holder=holder) for i, (text, holder) in enumerate(zip(texts, holders, strict=True))
    ]
    found = named_slices(examples)
    unnamed = next(of for name, of in found.items() if "the holder is not named in the text" in name)
    assert unnamed.tolist() == [1, 3]
    assert any("length: over 6 words" in name for name in found)
