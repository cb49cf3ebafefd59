"""Splits keep apart what must be kept apart, and the leakage check finds what is planted."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.data.duplicates import normalized
from stance.data.splits import PARTS, drop_leaks, find_leaks, learnt_share, refuse_leaks, some_documents, split_examples


def corpus(rows: int = 120):
    words = ("mill", "road", "port", "well", "dike", "barn", "quay", "lock", "ford", "weir", "kiln", "loom")
    return [
        example(
            i,
            LABELS[i % 3],
            text=f"{words[i % 12]} {words[i // 12 % 12]} number {i * 7919} was {words[i % 7]} and {words[i % 5]}.",
            document=f"d{i // 4}",
            target=f"t{i // 8}",
        )
        for i in range(rows)
    ]


@pytest.mark.parametrize("by", ["target", "document", "sentence"])
def test_every_row_is_in_one_part_and_groups_stay_whole(by):
    rows = corpus()
    splits = split_examples(rows, by, validation=0.15, test=0.25, seed=0)
    ids = [row.id for part in PARTS for row in splits[part]]
    assert sorted(ids) == sorted(row.id for row in rows)
    if by != "sentence":
        for name in {"target": ("target", "document"), "document": ("document",)}[by]:
            for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
                assert not {getattr(r, name) for r in splits[first]} & {getattr(r, name) for r in splits[second]}
    assert 0.15 < len(splits["test"]) / len(rows) < 0.35


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_seed_gives_one_split_and_stratified_labels(seed):
    rows = corpus()
    splits = split_examples(rows, "document", validation=0.15, test=0.25, seed=seed)
    assert splits == split_examples(rows, "document", validation=0.15, test=0.25, seed=seed)
    for label in LABELS:
        assert abs(sum(r.label == label for r in splits["test"]) / len(splits["test"]) - 1 / 3) < 0.1


def test_shares_of_the_training_documents_are_whole_and_nested():
    rows = corpus()
    tenth, half, whole = (some_documents(rows, share, seed=3) for share in (0.1, 0.5, 1.0))
    assert whole == rows
    assert {r.id for r in tenth} < {r.id for r in half} < {r.id for r in whole}
    assert len({r.document for r in half}) == 15
    kept = {r.document for r in tenth}
    assert tenth == [r for r in rows if r.document in kept]
    assert len(some_documents(rows, 0.0001, seed=3)) == 4
    assert some_documents(rows, 0.5, seed=4) != half


def skewed():
    """A target with 60 of 100 rows, and all that are neutral."""
    rows = [example(i, "neutral", target="A", document=f"a{i}", text=f"unlike {i * 7919} {i}") for i in range(60)]
    more = [example(i, LABELS[i % 2 * 2], target=f"t{i // 4}", text=f"other {i * 31} {i}") for i in range(60, 100)]
    return rows + more


def test_a_group_larger_than_its_share_is_named(caplog):
    rows = [replace(row, label="favor") if row.label == "neutral" else row for i, row in enumerate(skewed())]
    splits = split_examples(rows, "target", validation=0.15, test=0.25, seed=0)
    assert len(splits["test"]) == 68
    assert "68 in test (68% for 25%); 60 rows stay together, most with the target 'A'; other sizes by " in caplog.text
    assert caplog.text.strip().endswith(
        "split=document or split=sentence or parts of your own in a column (data=table)"
    )
    caplog.clear()
    split_examples(rows, "document", validation=0.15, test=0.25, seed=0)
    assert not caplog.messages
    told = r"no row of train has the label neutral, all of whose rows have the target 'A'; try split=document or"
    with pytest.raises(StanceError, match=told):
        split_examples(skewed(), "target", validation=0.15, test=0.25, seed=0)


def test_a_label_that_a_share_of_train_lacks_is_named(caplog):
    rows = [example(i, "neutral" if i < 2 else LABELS[i % 2 * 2]) for i in range(20)]
    told = []
    for seed in range(10):
        caplog.clear()
        kept = learnt_share(rows, 0.2, seed)
        assert kept == some_documents(rows, 0.2, seed)
        told.append(caplog.messages)
        assert bool(caplog.messages) == ({row.label for row in kept} != {*LABELS})
    one = ["train_share=0.2: no row of these 2 of 10 training documents has the label neutral, which is not learnt"]
    assert one in told and [] in told
    caplog.clear()
    assert learnt_share(rows, 1.0, 0) == rows and not caplog.messages


def test_seeds_differ():
    splits = [split_examples(corpus(), "target", validation=0.15, test=0.25, seed=seed) for seed in (0, 1)]
    assert {row.id for row in splits[0]["test"]} != {row.id for row in splits[1]["test"]}


def test_one_document_cannot_be_split():
    rows = [example(i, LABELS[i % 3], document="only", target=f"t{i}") for i in range(20)]
    with pytest.raises(StanceError, match=r"split by target: 20 row\(s\) in 1 group\(s\)"):
        split_examples(rows, "target", validation=0.15, test=0.25, seed=0)


def test_a_label_absent_from_train_is_named():
    rows = [example(i, "favor", text=f"unlike {i * 37}", document=f"d{i}", target=f"t{i}") for i in range(40)]
    rows[7] = example(7, "against", text="the one", document="d7", target="t7")
    held_out = None
    for seed in range(50):
        try:
            split_examples(rows, "document", validation=0.15, test=0.25, seed=seed)
        except StanceError as error:
            held_out = str(error)
            break
    assert held_out is not None
    assert "no row of train has the label against" in held_out


@pytest.mark.parametrize("share", [0.0, 0.7])
def test_shares_out_of_range(share):
    with pytest.raises(StanceError, match="shares of validation and test"):
        split_examples(corpus(), "document", validation=0.1, test=share, seed=0)


def test_official_parts_are_taken_and_validation_is_drawn_from_train():
    rows = corpus()
    parts = {row.id: "test" if i >= 90 else "train" for i, row in enumerate(rows)}
    splits = split_examples(rows, "official", validation=0.1, test=0, seed=0, parts=parts)
    assert [row.id for row in splits["test"]] == [row.id for row in rows[90:]]
    assert len(splits["train"]) + len(splits["validation"]) == 90
    assert 5 <= len(splits["validation"]) <= 13


def test_official_without_official_parts():
    with pytest.raises(StanceError, match=r"no official split; allowed for split\.by: target, document, sentence"):
        split_examples(corpus(), "official", validation=0.1, test=0, seed=0)


def test_official_without_a_test_part():
    rows = corpus()
    with pytest.raises(StanceError, match="the test part is empty"):
        split_examples(rows, "official", validation=0.1, test=0, seed=0, parts={row.id: "train" for row in rows})


LONG = "The envoys of the upper villages asked the lower ones to share the water of the old canal until spring."


def planted():
    return {
        "train": [
            example(1, document="a", target="x", text=LONG),
            example(2, document="b", target="y", text="Something else entirely was decided."),
        ],
        "validation": [example(3, document="c", target="z", text="Nobody came.")],
        "test": [
            example(4, document="d", target="y", text="A fourth and unlike sentence stands here."),
            example(5, document="a", target="v", text="A fifth one, in a document of train."),
            example(6, document="e", target="u", text=LONG.upper().replace(".", " !")),
            example(7, document="f", target="s", text=LONG.replace("spring", "summer")),
        ],
    }


def test_each_kind_of_leak_is_found_with_its_rows():
    found = {(leak.kind, leak.earlier, leak.later) for leak in find_leaks(planted(), "target")}
    assert found == {
        ("target", ("train", "r2"), ("test", "r4")),
        ("document", ("train", "r1"), ("test", "r5")),
        ("duplicate", ("train", "r1"), ("test", "r6")),
        ("near-duplicate", ("train", "r1"), ("test", "r7")),
    }


def test_targets_may_be_shared_when_splitting_by_document():
    assert {leak.kind for leak in find_leaks(planted(), "document")} == {"document", "duplicate", "near-duplicate"}


def test_leaks_are_refused_by_name_or_dropped():
    leaks = find_leaks(planted(), "target")
    with pytest.raises(StanceError) as caught:
        refuse_leaks(leaks)
    for part in ("4 leak(s)", "near-duplicate: train r1 and test r7", "split.leaks=drop"):
        assert part in str(caught.value)
    with pytest.raises(StanceError, match="split by target without leaks: the train part is empty"):
        drop_leaks(planted(), "target")
    more = planted()
    more["train"].append(example(8, document="g", target="r", text="This row shares nothing with anybody at all."))
    clean = drop_leaks(more, "target")
    assert not find_leaks(clean, "target")
    assert [row.id for row in clean["train"]] == ["r8"]
    assert clean["test"] == more["test"]
    refuse_leaks([])


def test_targets_that_differ_in_case_and_stop_only_are_one_target():
    splits = {
        "train": [example(1, target="Open talks", document="a", text="One thing was said.")],
        "validation": [],
        "test": [example(2, target="open talks.", document="b", text="Quite another matter came up.")],
    }
    assert [leak.kind for leak in find_leaks(splits, "target")] == ["target"]


def test_normal_form():
    assert normalized("See HTTPS://x.org/y: «Yes», they said!") == "see yes they said"
    assert normalized("👍") != normalized("👎")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("बैठक में वह मानेगा", "बैठक में वह मानेगी", False),
        ("அவர் மறுத்தார்", "அவர் மறுத்தார", False),
        ("ผู้นำไม่ยอมรับ", "ผู้นำ ไม่ยอมรับ!", True),
        ("习近平宣布停火。", "习近平宣布 停火", True),
        ("北约NATO停火", "北约 NATO 停火", True),
        ("Il a re\u0301pondu", "il a r\u00e9pondu.", True),
        ("한국은 서명했다", unicodedata.normalize("NFD", "한국은 서명했다"), True),
    ],
)
def test_the_normal_form_keeps_what_decides_in_any_script(first, second, same):
    assert (normalized(first) == normalized(second)) is same


def test_near_duplicates_are_measured_in_characters_as_readers_see_them():
    """Code points would let a vowel sign weigh a fifth of what an English letter does."""
    words = "बैठक में किसानों ने कहा कि वे इस संधि को पूरी तरह"
    first, second = f"{words} मानेंगे", f"{words} ठुकराएंगे"
    splits = {"train": [example(1, text=first)], "validation": [], "test": [example(9, text=second)]}
    assert not find_leaks(splits, "sentence")


@pytest.mark.parametrize("name", ["document", "target", "text"])
def test_two_spellings_are_one_leak(name):
    value = "Le délégué 234 écrivit à côté de la préfète."
    rows = [example(i, text=f"Quite unlike the others: {i * 7919}.") for i in (1, 9)]
    forms = [unicodedata.normalize(form, value) for form in ("NFC", "NFD")]
    first, second = (replace(row, **{name: form}) for row, form in zip(rows, forms, strict=True))
    leaks = find_leaks({"train": [first], "validation": [], "test": [second]}, "target")
    assert [leak.kind for leak in leaks] == ["duplicate" if name == "text" else name]
    drawn = [*corpus(), replace(first, id="x"), replace(second, id="y")]
    splits = split_examples(drawn, "target", validation=0.2, test=0.2, seed=0)
    assert len({part for part, rows in splits.items() if {row.id for row in rows} & {"x", "y"}}) == 1


def test_own_splits_keep_duplicates_and_near_duplicates_together():
    rows = corpus()
    copy = LONG.replace("spring", "summer")
    for index, text in ((3, LONG), (50, LONG), (90, copy), (111, copy + "!")):
        rows[index] = replace(rows[index], text=text)
    for seed in range(5):
        splits = split_examples(rows, "target", validation=0.15, test=0.25, seed=seed)
        assert find_leaks(splits, "target") == []
        homes = {part for part, held in splits.items() for row in held if row.id in ("r3", "r50", "r90", "r111")}
        assert len(homes) == 1


@pytest.mark.parametrize("test", [0.1, 0.2, 0.25, 0.35, 0.4, 0.45, 0.5])
def test_the_test_share_is_what_was_asked_for(test):
    rows = corpus(600)
    splits = split_examples(rows, "document", validation=0.2, test=test, seed=0)
    assert len(splits["test"]) / 600 == pytest.approx(test, abs=0.03)
    assert len(splits["validation"]) / 600 == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("rows", [1, 2, 3, 6, 9])
def test_a_corpus_too_small_to_split_is_refused_in_words(rows):
    few = [example(i, LABELS[i % 3], text=f"unlike {i * 37} {LABELS[i % 3]}", document=f"d{i}") for i in range(rows)]
    try:
        splits = split_examples(few, "document", validation=0.15, test=0.25, seed=0)
    except StanceError as error:
        assert "split by document" in str(error) and "split by document or" not in str(error)
    else:
        assert all(splits.values())
