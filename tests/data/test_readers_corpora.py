"""Readers of the field's corpora: rows composed in each format, what is refused, and the real files where they are."""

from __future__ import annotations

import json
import zipfile
from collections import Counter

import pytest

from conftest import write_lines
from stance.base.errors import StanceError
from stance.base.files import digest
from stance.data.agreement import aggregate
from stance.data.corpora import gwsd, newsmtsc, pstance, seesaw, vast
from stance.data.splits import find_leaks, split_examples


def labels_by_part(corpus):
    examples = aggregate(corpus.annotations, corpus.adjudicator).examples
    return Counter((corpus.parts[example.id], example.label) for example in examples)


def write_pstance(folder, last="The dam is theirs,Ms Vale,FAVOR"):
    for name in pstance.FILES:
        (folder / name).write_text(f'Tweet,Target,Stance\n"Never, ever",Ms Vale,AGAINST\n{last}\n', encoding="utf-8")


def test_pstance(tmp_path):
    write_pstance(tmp_path)
    corpus = pstance.read(tmp_path, verify=False)
    assert [(a.text, a.target, a.label) for a in corpus.annotations[:2]] == [
        ("Never, ever", "Ms Vale", "against"),
        ("The dam is theirs", "Ms Vale", "favor"),
    ]
    assert Counter(corpus.parts.values()) == {"train": 2, "validation": 2, "test": 2}
    with pytest.raises(StanceError, match="not the file that the published results are about"):
        pstance.read(tmp_path)
    for last, message in (
        ("So what,Ms Vale,NONE", "unknown label; found 'NONE'"),
        (",Ms Vale,FAVOR", "'Tweet' is empty"),
    ):
        write_pstance(tmp_path, last)
        with pytest.raises(StanceError, match=f"raw_train_all.csv, line 3: .*{message}"):
            pstance.read(tmp_path, verify=False)


def sentence(**changes):
    target = {"Input.gid": "wire_1_2_7_Vale_4_8", "from": 4, "to": 8, "mention": "Vale", "polarity": 2.0}
    return {"sentence_normalized": "Ms. Vale lost.", "targets": [target | changes]}


def write_newsmtsc(folder, row):
    for number, name in enumerate(newsmtsc.FILES):
        target = row["targets"][0]
        named = target | {"Input.gid": target.get("Input.gid", "").replace("_7_", f"_{number}_")}
        write_lines(folder / name, [row | {"targets": [named] if target else []}])


def test_newsmtsc(tmp_path):
    write_newsmtsc(tmp_path, sentence())
    corpus = newsmtsc.read(tmp_path, verify=False)
    assert [(a.text, a.target, a.label, a.document) for a in corpus.annotations[:1]] == [
        ("Ms. Vale lost.", "Vale", "against", "wire_1_2")
    ]
    assert list(corpus.parts.values()) == ["train", "validation", "test"]
    for changes, message in (
        ({"to": 7}, "the mention is not where the file says; found 'Val'; allowed: Vale"),
        ({"polarity": 3.0}, "unknown label; found '3.0'; allowed: 2.0, 4.0, 6.0"),
    ):
        write_newsmtsc(tmp_path, sentence(**changes))
        with pytest.raises(StanceError, match=f"train.jsonl, line 1: {message}"):
            newsmtsc.read(tmp_path, verify=False)
    write_newsmtsc(tmp_path, sentence())
    again = (tmp_path / "train.jsonl").read_text(encoding="utf-8")
    (tmp_path / "devtest_rw.jsonl").write_text(again, encoding="utf-8")
    with pytest.raises(
        StanceError, match="test, id 'wire_1_2_0_Vale_4_8': it occurs before with another part; found 'test'"
    ):
        newsmtsc.read(tmp_path, verify=False)
    write_lines(
        tmp_path / "train.jsonl", [{"sentence_normalized": "Ms. Vale lost.", "targets": [{"from": 4, "to": 8}]}]
    )
    with pytest.raises(StanceError, match="a key of a target is missing"):
        newsmtsc.read(tmp_path, verify=False)
    write_lines(tmp_path / "train.jsonl", [{"sentence_normalized": "Ms. Vale lost.", "targets": []}])
    with pytest.raises(StanceError, match="no sentence or no targets"):
        newsmtsc.read(tmp_path, verify=False)


def write_gwsd(folder, *rows):
    header = ["", "round", "batch", "sent_id", "sentence", *gwsd.WORKERS]
    header += ["disagree", "agree", "neutral", "guid", "in_held_out_test"]
    (folder / "GWSD.tsv").write_text("\n".join("\t".join(row) for row in (header, *rows)) + "\n", encoding="utf-8")


def clause(guid, text, votes, probabilities, test="False"):
    return [guid, "1", "0", "t1", text, *votes, *probabilities, guid, test]


def test_gwsd(tmp_path):
    votes = ["agrees"] * 3 + ["neutral"] * 5
    good = clause("a", 'The sea is "rising', votes, ("0.1", "0.5", "0.4"), "True")
    write_gwsd(tmp_path, clause("s0", "A screening clause.", votes, ("", "", "")), good)
    corpus = gwsd.read(tmp_path, verify=False)
    (example,) = aggregate(corpus.annotations, corpus.adjudicator).examples
    assert (example.text, example.label, example.votes) == ('The sea is "rising', "favor", (0, 5, 3))
    assert corpus.parts == {"a": "test"}
    for row, message in (
        (clause("a", "x", ["agreed", *votes[1:]], ("0", "1", "0")), "unknown label; found 'agreed'"),
        (clause("a", "x", votes, ("many", "1", "0")), "not three probabilities"),
        (clause("a", "x", votes, ("nan", "nan", "nan")), "not three probabilities; .*; allowed: numbers from 0 to 1"),
        (clause("a", "x", votes, ("10", "50", "40")), "not three probabilities"),
        (clause("a", "x", votes, ("0", "1", "0"), "yes"), "in_held_out_test; found 'yes'; allowed: True, False"),
        (good[:-1], "17 cells; allowed: 18"),
    ):
        write_gwsd(tmp_path, row)
        with pytest.raises(StanceError, match=f"GWSD.tsv, line 2: .*{message}"):
            gwsd.read(tmp_path, verify=False)
    (tmp_path / "GWSD.tsv").write_text("sentence\tguid\n")
    with pytest.raises(StanceError, match="line 1: columns are missing"):
        gwsd.read(tmp_path, verify=False)


FULL = ("post", "topic_str", "label", "type_idx", "seen?")
REDUCED = ("Tweet", "Target 1", "Stance 1", "seen?")


def csv_of(header, *rows):
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in (header, *rows)) + "\n"


def write_vast(folder, train=(("A post.", "toll", "0", "1", "1"), ("A post.", "moon", "2", "4", "1"))):
    with zipfile.ZipFile(folder / "vast_train.zip", "w") as archive:
        archive.writestr("vast_train.csv", csv_of(FULL, *train))
    (folder / "reduced_columns").mkdir(exist_ok=True)
    for part in ("dev", "test"):
        rows = (
            ("Other post.", "dam", "FAVOR", "0"),
            ("Other post.", "sun", "NONE", "0"),
            ("More.", "toll", "NONE", "1"),
        )
        (folder / "reduced_columns" / f"vast_{part}.csv").write_text(csv_of(REDUCED, *rows))
        full = (("Other post.", "dam", "1", "1", "0"), ("Other post.", "sun", "2", "4", "0"))
        (folder / f"vast_{part}_zero.csv").write_text(csv_of(FULL, *full))


def test_vast_keeps_or_leaves_out_synthetic_neutrals(tmp_path):
    write_vast(tmp_path)
    corpus = vast.read(tmp_path, verify=False)
    test = [a for a in corpus.annotations if corpus.parts[a.id] == "test"]
    assert [(a.target, a.label, a.document, a.tags) for a in test] == [
        ("dam", "favor", "test-post-1", ("zero_shot",)),
        ("sun", "neutral", "test-post-1", ("zero_shot", "synthetic_neutral")),
        ("toll", "neutral", "test-post-2", ("few_shot",)),
    ]
    kept = vast.read(tmp_path, derived_neutrals=False, verify=False)
    left_out = [a for a in corpus.annotations if a.id not in kept.parts]
    assert [(a.target, corpus.parts[a.id]) for a in left_out] == [
        ("moon", "train"),
        *((target, part) for part in ("validation", "test") for target in ("sun", "toll")),
    ], "few-shot neutrals, which cannot be told, go with the synthetic ones"
    write_vast(tmp_path, train=(("A post.", "toll", "3", "1", "1"),))
    with pytest.raises(StanceError, match=r"vast_train.zip, line 2: unknown label; found '3'"):
        vast.read(tmp_path, verify=False)
    write_vast(tmp_path, train=(("A post.", "toll", "1", "1", "no"),))
    with pytest.raises(StanceError, match=r"line 2: seen.; found 'no'; allowed: 0, 1"):
        vast.read(tmp_path, verify=False)
    with zipfile.ZipFile(tmp_path / "vast_train.zip", "w") as archive:
        archive.writestr("other.csv", "")
    with pytest.raises(StanceError, match=r"no vast_train.csv inside"):
        vast.read(tmp_path, verify=False)


def write_seesaw(folder, triples, part="train", story="TRIPLET_001"):
    for name in ("annotations", "articles", "meta"):
        (folder / name).mkdir(exist_ok=True)
    file = f"{story}_DOCUMENT_0.json"
    content = {"title": "Vale wins", "sentence-level stances": {"1": triples}}
    (folder / "annotations" / file).write_text(json.dumps(content))
    text = [{"id": 0, "text": "It rained."}, {"id": 1, "text": "Vale thanked Moss, not Reed."}]
    (folder / "articles" / file).write_text(json.dumps({"text": text}))
    (folder / "meta" / f"{story}.json").write_text(json.dumps({"Split": part, "story_time": "2020-01-02"}))


def triple(number, subject, sentiment, target, annotators=("E",)):
    return {"id": number, "subject": subject, "sentiment": sentiment, "object": target, "annotators": list(annotators)}


def test_seesaw(tmp_path, monkeypatch):
    triples = [
        triple(0, "Vale", "POS", "Moss", ("E", "F")),
        triple(1, "None", "NEG", "Vale"),
        triple(2, "Not in the list", "NEG", "Vale"),
    ]
    write_seesaw(tmp_path, triples)
    write_seesaw(tmp_path, triples, part="valid", story="TRIPLET_002")
    corpus = seesaw.read(tmp_path, verify=False)
    first = [a for a in corpus.annotations if a.document == "TRIPLET_001"]
    assert [(a.holder, a.target, a.label, a.annotator) for a in first] == [
        ("Vale", "Moss", "favor", "E"),
        ("Vale", "Moss", "favor", "F"),
        ("", "Vale", "against", "E"),
    ]
    assert (first[0].context, first[0].date) == ("Vale wins It rained.", "2020-01-02")
    assert set(corpus.parts.values()) == {"train", "test"}
    derived = seesaw.read(tmp_path, derived_neutrals=True, verify=False)
    added = [a for a in derived.annotations if a.annotator == "derived" and a.document == "TRIPLET_001"]
    assert [(a.holder, a.target, a.label) for a in added] == [("Moss", "Vale", "neutral")]
    write_seesaw(tmp_path, triples, part="test", story="TRIPLET_003")
    assert set(seesaw.read(tmp_path, verify=False).parts.values()) == {"train", "validation", "test"}
    with pytest.raises(StanceError, match="other files than the known ones; found '3 articles'"):
        seesaw.read(tmp_path)
    learnt = {name: held for name, held in seesaw.read(tmp_path, verify=False).files.items() if "_003" not in name}
    monkeypatch.setattr(seesaw, "SHA256", digest(learnt))
    assert len(seesaw.read(tmp_path).files) == 9, "the stories marked test come with the full release"
    write_seesaw(tmp_path, [triple(0, "Vale", "MIXED", "Moss")])
    with pytest.raises(StanceError, match="sentence 1: unknown label; found 'MIXED'; allowed: NEG, POS"):
        seesaw.read(tmp_path, verify=False)
    write_seesaw(tmp_path, [{"id": 0}])
    with pytest.raises(StanceError, match=r"TRIPLET_001_DOCUMENT_0\.json: not of SEESAW's format: KeyError"):
        seesaw.read(tmp_path, verify=False)
    (tmp_path / "annotations" / "TRIPLET_001_DOCUMENT_0.json").write_text('{"sentence-level stances": []}')
    with pytest.raises(StanceError, match="not of SEESAW's format: AttributeError"):
        seesaw.read(tmp_path, verify=False)
    write_seesaw(tmp_path, triples, part="held out")
    with pytest.raises(StanceError, match="unknown part in 'Split'; found 'held out'"):
        seesaw.read(tmp_path, verify=False)


def test_the_real_files_have_the_published_counts(corpora):
    vast_rows = vast.read(corpora / "vast")
    assert labels_by_part(vast_rows) == {
        ("train", "against"): 5595, ("train", "neutral"): 2555, ("train", "favor"): 5327,
        ("validation", "against"): 684, ("validation", "neutral"): 697, ("validation", "favor"): 681,
        ("test", "against"): 1018, ("test", "neutral"): 1044, ("test", "favor"): 944,
    }  # fmt: skip
    assert len({a.target for a in vast_rows.annotations}) == 5630
    assert sum("synthetic_neutral" in a.tags for a in vast_rows.annotations if a.id.startswith("train")) == 2313
    assert labels_by_part(pstance.read(corpora / "pstance")) == {
        ("train", "against"): 8877, ("train", "favor"): 8347, ("validation", "against"): 1141,
        ("validation", "favor"): 1052, ("test", "against"): 1125, ("test", "favor"): 1032,
    }  # fmt: skip
    assert labels_by_part(gwsd.read(corpora / "gwsd")) == {
        ("train", "against"): 361, ("train", "neutral"): 788, ("train", "favor"): 701,
        ("test", "against"): 39, ("test", "neutral"): 85, ("test", "favor"): 76,
    }  # fmt: skip
    assert labels_by_part(newsmtsc.read(corpora / "newsmtsc")) == {
        ("train", "against"): 3316, ("train", "neutral"): 3028, ("train", "favor"): 2395,
        ("validation", "against"): 482, ("validation", "neutral"): 748, ("validation", "favor"): 246,
        ("test", "against"): 429, ("test", "neutral"): 455, ("test", "favor"): 262,
    }  # fmt: skip


def test_the_real_seesaw_files_split_by_story(corpora):
    corpus = seesaw.read(corpora / "seesaw", derived_neutrals=True)
    assert labels_by_part(corpus) == {
        ("train", "against"): 3093, ("train", "neutral"): 7627, ("train", "favor"): 2061,
        ("test", "against"): 1287, ("test", "neutral"): 2957, ("test", "favor"): 701,
    }  # fmt: skip
    examples = aggregate(seesaw.read(corpora / "seesaw").annotations).examples
    splits = split_examples(examples, "official", validation=0.1, test=0, seed=0, parts=corpus.parts)
    assert find_leaks(splits, "document") == []
    assert 0.05 < len(splits["validation"]) / len(splits["train"]) < 0.15


def test_a_validation_part_drawn_from_an_official_train_part_keeps_articles_apart(corpora):
    corpus = gwsd.read(corpora / "gwsd")
    examples = aggregate(corpus.annotations, corpus.adjudicator).examples
    splits = split_examples(examples, "official", validation=0.1, test=0, seed=0, parts=corpus.parts)
    assert {leak.later[0] for leak in find_leaks(splits, "official")} == {"test"}
