"""Datasets on disk: features, fingerprint, standing and rebuilding."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from datasets import load_from_disk

from conftest import annotation, example, write_lines
from stance.base.annotations import Corpus, write_annotations
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.data import build
from stance.data.build import build_dataset, dataset_folder, describe, divide
from stance.data.config import AuxiliaryConfig, DataConfig, SplitConfig
from stance.data.dataset import RECORD, features, fingerprint, load_splits, read_record, to_dataset, to_examples


def test_the_label_feature_has_our_order():
    feature = features()["label"]
    assert tuple(feature.names) == LABELS
    assert [feature.str2int(label) for label in LABELS] == [0, 1, 2]


def test_examples_survive_the_dataset():
    splits = {
        "train": [example(1, tags=("plain",), context="Before."), example(2, "against", holder="")],
        "validation": [example(3, "neutral")],
        "test": [example(4)],
    }
    dataset = to_dataset(splits)
    assert {part: to_examples(rows) for part, rows in dataset.items()} == splits
    assert dataset["train"].features == dataset["validation"].features


def test_the_fingerprint_sees_labels_order_and_parts():
    first, second = example(1), example(2)
    base = fingerprint({"train": [first, second], "test": []})
    assert base == fingerprint({"train": [first, second], "test": []})
    assert base != fingerprint({"train": [second, first], "test": []})
    assert base != fingerprint({"train": [first], "test": [second]})
    assert base != fingerprint({"train": [example(1, "against"), second], "test": []})


@pytest.fixture
def own(tmp_path, readable_annotations):
    """A file of one's own judgements and its configuration."""
    write_annotations(tmp_path / "mine.jsonl", readable_annotations)
    return DataConfig(name="mine", reader="annotations", root=str(tmp_path), path="mine.jsonl")


def test_a_dataset_is_built_once_and_again_when_the_file_changes(tmp_path, own, readable_annotations):
    split = SplitConfig(by="target", validation=0.2, test=0.25)
    splits, record, built = build_dataset(tmp_path / "out", own, split)
    assert built
    again, same, built_again = build_dataset(tmp_path / "out", own, split)
    assert (again, same, built_again) == (splits, record, False)
    write_annotations(tmp_path / "mine.jsonl", readable_annotations[:-1])
    _, changed, built = build_dataset(tmp_path / "out", own, split)
    assert built
    assert changed.fingerprint != record.fingerprint
    loaded = load_from_disk(str(dataset_folder(tmp_path / "out", own, split)))
    assert set(loaded) == {"train", "validation", "test"}


def test_what_other_code_has_read_is_read_again(tmp_path, own, monkeypatch):
    split = SplitConfig(by="document", validation=0.2, test=0.25)
    assert build_dataset(tmp_path / "out", own, split)[2]
    monkeypatch.setattr(build, "_code", lambda: "of another day")
    assert build_dataset(tmp_path / "out", own, split)[2]
    assert not build_dataset(tmp_path / "out", own, split)[2]


def test_statistics_and_their_table(tmp_path, own):
    splits, record, _ = build_dataset(tmp_path, own, SplitConfig(by="document", validation=0.2, test=0.25))
    assert sum(record.statistics[part]["rows"] for part in splits) == 72
    for part, rows in splits.items():
        counts = record.statistics[part]["labels"]
        assert list(counts) == list(LABELS)
        assert sum(counts.values()) == len(rows)
    assert record.agreement is None
    assert record.fingerprint[:16] in describe(record)


def test_a_corpus_without_judgements_is_not_one_of_ties(own):
    tied = (annotation(1, "favor"), annotation(1, "against", "two"))
    for judged, told in ((tied, "every row is tied"), ((), "no judgements in the files, 3 left out")):
        with pytest.raises(StanceError, match=f"mine.jsonl: {told}; no example has a label"):
            divide(Corpus(judged, None, {}, left_out={"?": 3}), own, SplitConfig(by="document"))


def test_ties_and_agreement_are_in_the_record(tmp_path, own, readable_annotations):
    other = {"favor": "against", "against": "favor", "neutral": "neutral"}
    second = [
        annotation(0, other[a.label] if i < 2 else a.label, "two", id=a.id, text=a.text, holder=a.holder,
                   target=a.target, document=a.document)
        for i, a in enumerate(readable_annotations)
    ]  # fmt: skip
    write_annotations(tmp_path / "mine.jsonl", [*readable_annotations, *second])
    _, record, _ = build_dataset(tmp_path, own, SplitConfig(by="document", validation=0.2, test=0.25))
    tied = [a.id for a in readable_annotations[:2] if a.label != "neutral"]
    assert list(record.ties) == tied
    assert record.agreement["rows"] == 72
    assert 0.9 < record.agreement["alpha"] < 1
    text = describe(record)
    assert "ties: " in text
    assert "alpha" in text
    assert "no two differ" not in text


def test_a_judgement_given_twice_is_no_agreement_and_full_agreement_is_told(own):
    rows = [annotation(i, "favor" if i % 4 < 2 else "against", document=f"d{i}") for i in range(12)]
    parts = {row.id: ("train", "validation", "test")[i // 4] for i, row in enumerate(rows)}
    again = [replace(row, annotator="two") for row in rows[:6]] + rows[6:]
    _, record = divide(Corpus((*rows, *again), parts, {}), own, SplitConfig(by="official", leaks="report"))
    assert record.agreement == {"rows": 6, "alpha": 1, "low": 1, "high": 1}
    assert "no two differ: where a file keeps only what was agreed on" in describe(record)


def test_what_is_left_out_is_in_the_record(tmp_path, own, readable_annotations):
    rows = [asdict(a) | {"label": "unclear" if i < 3 else a.label} for i, a in enumerate(readable_annotations)]
    write_lines(tmp_path / "mine.jsonl", rows)
    splits, record, _ = build_dataset(tmp_path, replace(own, leave_out=["unclear"]), SplitConfig(by="document"))
    assert record.left_out == {"unclear": 3}
    assert "left out: 3 'unclear'" in describe(record).splitlines()
    assert sum(map(len, splits.values())) == 69


def test_two_divisions_of_one_corpus_do_not_share_a_folder(tmp_path, own):
    first = dataset_folder(tmp_path, own, SplitConfig(by="document", test=0.25))
    assert first != dataset_folder(tmp_path, own, SplitConfig(by="document", test=0.3))


def test_an_unknown_annotator_or_adjudicator_is_refused(tmp_path, own):
    for changes in ({"adjudicator": "jduge"}, {"annotators": ["jduge"]}):
        with pytest.raises(StanceError, match="no such annotator; found 'jduge'; allowed: one"):
            build_dataset(tmp_path, replace(own, **changes), SplitConfig(by="document"))
    splits, *_ = build_dataset(tmp_path, replace(own, annotators=["one"]), SplitConfig(by="document"))
    assert sum(map(len, splits.values())) == 72


def test_what_leaks_is_refused_dropped_or_reported(tmp_path, readable_annotations):
    (tmp_path / "semeval2016-t6").mkdir()
    header = "ID\tTarget\tTweet\tStance\n"
    rows = [f"{i}\tT\t{a.text}\t{ {'favor': 'FAVOR', 'against': 'AGAINST', 'neutral': 'NONE'}[a.label] }\n"
            for i, a in enumerate(readable_annotations)]  # fmt: skip
    files = {"trialdata": rows[:2], "trainingdata": rows[2:60], "testdata-taskA": [rows[5], *rows[60:]]}
    for name, lines in files.items():
        (tmp_path / "semeval2016-t6" / f"{name}-all-annotations.txt").write_text(header + "".join(lines))
    data = DataConfig(name="s", reader="semeval2016", root=str(tmp_path), path="semeval2016-t6", verify=False)
    with pytest.raises(StanceError, match=r"1 leak\(s\)\n  duplicate: train trainingdata-5 and test testdata-taskA-5"):
        build_dataset(tmp_path, data, SplitConfig(by="official", leaks="refuse"))
    kept, record, _ = build_dataset(tmp_path, data, SplitConfig(by="official", leaks="report"))
    assert record.leaks == {"duplicate": 1}
    dropped, record, _ = build_dataset(tmp_path, data, SplitConfig(by="official", leaks="drop"))
    assert record.leaks == {"duplicate": 1}
    assert len(dropped["train"]) == len(kept["train"]) - 1
    assert dropped["test"] == kept["test"]


def test_a_changed_dataset_is_noticed_and_built_again(tmp_path, own):
    split = SplitConfig(by="document", validation=0.2, test=0.25)
    splits, *_ = build_dataset(tmp_path, own, split)
    folder = dataset_folder(tmp_path, own, split)
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps(record | {"fingerprint": "0" * 64}))
    with pytest.raises(StanceError, match="the rows are not those that the record names"):
        load_splits(folder)
    assert build_dataset(tmp_path, own, split)[::2] == (splits, True)
    next(folder.glob("test/*.arrow")).unlink()
    with pytest.raises(StanceError, match="the dataset does not load"):
        load_splits(folder)
    assert build_dataset(tmp_path, own, split)[::2] == (splits, True)
    (folder / RECORD).write_text(json.dumps({"name": "x"}))
    with pytest.raises(StanceError, match="not a dataset record of this version"):
        read_record(folder)
    with pytest.raises(StanceError, match="no such dataset"):
        read_record(tmp_path / "nowhere")


def test_a_missing_source_says_where_it_looked(tmp_path):
    data = DataConfig(name="x", reader="semeval2016", root=str(tmp_path), path="semeval2016-t6")
    with pytest.raises(StanceError, match="STANCE_DATA"):
        build_dataset(tmp_path, data, SplitConfig(by="official"))


def test_other_corpora_that_share_what_the_split_keeps_apart_are_told(tmp_path, own, caplog, monkeypatch):
    split = SplitConfig(by="target", validation=0.2, test=0.25)
    plain, _, _ = build_dataset(tmp_path / "out", own, split)
    held = plain["test"][0]
    others = [annotation(n, LABELS[n % 3], target=held.target.upper()) for n in range(40)]
    write_annotations(tmp_path / "other.jsonl", others)
    other = DataConfig(name="other", reader="annotations", root=str(tmp_path), path="other.jsonl")
    auxiliary = AuxiliaryConfig(corpora={"more": other})
    told = "auxiliary.corpora.more: its rows share with rows of other parts what split.by=target keeps apart: "
    monkeypatch.setattr(build, "split_beside", lambda _: SplitConfig(by="document", leaks="report"))
    _, record, _ = build_dataset(tmp_path / "out", own, split, auxiliary)
    n = sum(row.target == held.target for row in plain["test"])
    assert told + f"{n} target(s)" in caplog.text
    assert record.auxiliary["more"]["leaks"] == {"target": n}
    assert f"leaks: {n} target(s) of more, kept" in describe(record)
    caplog.clear()
    build_dataset(tmp_path / "out", own, SplitConfig(by="document", validation=0.2, test=0.25), auxiliary)
    assert "keeps apart" not in caplog.text


def test_other_corpora_give_their_train_rows_and_none_that_is_held_out(tmp_path, own, readable_annotations):
    """The other corpus has the same ids, and one training row with the text of a test row of this one."""
    split = SplitConfig(by="document", validation=0.2, test=0.25)
    plain, record, _ = build_dataset(tmp_path / "out", own, split)
    others = [annotation(n, LABELS[n % 3], id=f"Arno-{n}") for n in range(60)]
    path = tmp_path / "other.jsonl"
    write_annotations(path, others)
    other = DataConfig(name="other", reader="annotations", root=str(tmp_path), path="other.jsonl")
    taken, _, _ = build_dataset(tmp_path / "out", other, SplitConfig(leaks="report"))
    leaking = taken["train"][0].id
    write_annotations(path, [replace(a, text=plain["test"][0].text.upper()) if a.id == leaking else a for a in others])
    taken, _, _ = build_dataset(tmp_path / "out", other, SplitConfig(leaks="report"))

    auxiliary = AuxiliaryConfig(corpora={"more": other})
    mixed, about, built = build_dataset(tmp_path / "out", own, split, auxiliary)
    assert built
    assert mixed["train"][: len(plain["train"])] == plain["train"]
    assert (mixed["validation"], mixed["test"]) == (plain["validation"], plain["test"])
    added = {row.id.removeprefix("more/") for row in mixed["train"][len(plain["train"]) :]}
    assert added == {row.id for row in taken["train"]} - {leaking}
    assert about.auxiliary["more"]["rows"] == len(added)
    assert about.auxiliary["more"]["dropped"] == 1
    assert about.fingerprint != record.fingerprint
    assert "1 dropped, their text is held out" in describe(about)
    assert not build_dataset(tmp_path / "out", own, split, auxiliary)[2]

    few = replace(auxiliary, rows=10, own_rows=False)
    alone, _, _ = build_dataset(tmp_path / "out", own, split, few)
    assert {row.document.partition("/")[0] for row in alone["train"]} == {"more"}
    assert 8 <= len(alone["train"]) <= 11
    write_annotations(path, [a for a in others if a.label != "neutral"])
    with pytest.raises(StanceError, match="no row of train has the label neutral"):
        build_dataset(tmp_path / "out", own, split, replace(auxiliary, own_rows=False))


def test_to_learn_from_nothing_is_refused():
    with pytest.raises(StanceError, match=r"auxiliary\.own_rows: nothing to learn from"):
        AuxiliaryConfig(own_rows=False)
