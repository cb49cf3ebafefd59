"""Readers: rows composed in each format, the message for what is not, and the real files where they are."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import pytest

from conftest import PROJECT
from stance.base.errors import StanceError
from stance.data.agreement import aggregate
from stance.data.corpora import negotiation, semeval2016, tweeteval
from stance.data.splits import find_leaks, split_examples

JUDGES = ["judge-1", "judge-2", "adjudicator"]


@pytest.fixture
def seeds(tmp_path):
    """A corpus of one document in the format of ``seeds/``."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "judgements").mkdir()
    document = {
        "id": "mill",
        "title": "The mill",
        "area": "labour",
        "negotiation": "mill",
        "region": "nowhere",
        "basis": "fictional",
        "genre": "report",
        "date": None,
        "targets": ["stop the wheel", "pay the weavers"],
        "sentences": ["The weavers walked in.", "They want the wheel stopped."],
        "rows": [
            {"id": "mill-01", "sentence": 2, "holder": "the weavers", "target": 1, "phenomena": ["coreference"]},
            {"id": "mill-02", "sentence": 1, "holder": "", "target": 2, "phenomena": ["procedure"]},
        ],
    }
    write_document(tmp_path, document)
    for judge, labels in {"judge-1": ("favor", "neutral"), "judge-2": ("favor", "favor")}.items():
        write_judgements(tmp_path, judge, [{"id": f"mill-0{i + 1}", "label": label} for i, label in enumerate(labels)])
    write_judgements(tmp_path, "adjudicator", [{"id": "mill-02", "label": "neutral", "note": "procedure"}])
    return tmp_path, document


def write_document(folder, document):
    (folder / "documents" / "mill.json").write_text(json.dumps(document))


def write_judgements(folder, judge, rows):
    (folder / "judgements" / f"{judge}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_document_with_its_judgements(seeds):
    folder, _ = seeds
    corpus = negotiation.read(folder, JUDGES)
    first = next(a for a in corpus.annotations if a.id == "mill-01")
    assert (first.text, first.context) == ("They want the wheel stopped.", "The weavers walked in.")
    assert (first.target, first.tags) == ("stop the wheel", ("coreference",))
    labels = {e.id: (e.label, e.votes) for e in aggregate(corpus.annotations, corpus.adjudicator).examples}
    assert labels == {"mill-01": ("favor", (0, 0, 2)), "mill-02": ("neutral", (0, 1, 1))}
    assert set(corpus.files) == {"documents/mill.json", *(f"judgements/{judge}.jsonl" for judge in JUDGES)}


def test_a_variant_stands_in_the_place_of_its_rows_sentence(seeds):
    folder, document = seeds
    variant = {"id": "mill-v1", "row": "mill-01", "text": "They do not want the wheel stopped.", "change": "negation"}
    write_document(folder, document | {"variants": [variant]})
    (read,), _ = negotiation.read_documents(folder)
    assert read.variants == {"mill-v1": "mill-01"}
    assert read.rows["mill-v1"] == read.rows["mill-01"] | {
        "text": variant["text"],
        "tags": ("minimal_pair", "negation"),
    }
    assert read.rows["mill-01"]["tags"] == ("coreference", "minimal_pair")
    with pytest.raises(StanceError, match=r"judge-1\.jsonl: 1 of 3 rows are not judged; found \['mill-v1'\]"):
        negotiation.read(folder, JUDGES)
    for changes, message in (
        ({"row": "mill-09"}, "variant 1: no such row in this document"),
        ({"change": "spelling"}, "variant 1: unknown change; found 'spelling'; allowed: negation, modal"),
        ({"text": "They want the wheel stopped."}, "variant 1: no changed sentence"),
        ({"id": "mill-01"}, "variant 1: a row id occurs twice"),
    ):
        write_document(folder, document | {"variants": [variant | changes]})
        with pytest.raises(StanceError, match=message):
            negotiation.read(folder, JUDGES)
    write_document(folder, document | {"variants": [{"id": "x"}]})
    with pytest.raises(StanceError, match="variant 1: a key is missing"):
        negotiation.read(folder, JUDGES)


def test_parts_are_given_by_area(seeds):
    folder, document = seeds
    variant = {"id": "mill-v1", "row": "mill-01", "text": "They may want the wheel stopped.", "change": "modal"}
    write_document(folder, document | {"variants": [variant]})
    for judge in ("judge-1", "judge-2"):
        write_judgements(folder, judge, [{"id": i, "label": "neutral"} for i in ("mill-01", "mill-02", "mill-v1")])
    for parts, expected in (
        ({"test": ["labour"]}, ["test", "test", "challenge"]),
        ({"train": ["labour"], "test": ["sport"]}, ["train", "train", "train"]),
    ):
        (folder / "parts.json").write_text(json.dumps(parts))
        found = negotiation.read(folder, JUDGES).parts
        assert [found[i] for i in ("mill-01", "mill-02", "mill-v1")] == expected
    for parts, message in (
        ({"dev": ["labour"]}, "unknown part; found 'dev'"),
        ({"train": ["labour"], "test": ["labour"]}, "an area is in two parts; found 'labour'"),
        ({"train": ["sport"]}, "no part for the area of mill; found 'labour'; allowed: sport"),
    ):
        (folder / "parts.json").write_text(json.dumps(parts))
        with pytest.raises(StanceError, match=message):
            negotiation.read(folder, JUDGES)


BAD_DOCUMENTS = {
    "no targets": (lambda d: d | {"targets": []}, "mill.json: 'targets' is missing or empty"),
    "another id": (lambda d: d | {"id": "barn"}, "the id is not the name of the file; found 'barn'; allowed: mill"),
    "basis": (lambda d: d | {"basis": "true"}, "unknown basis; found 'true'; allowed: real, fictional"),
    "a list": (lambda d: [d], "not a JSON object"),
    "sentence": (lambda d: with_row(d, sentence=3), "row 1: no such sentence; found 3; allowed: 1 to 2"),
    "target": (lambda d: with_row(d, target=0), "row 1: no such target; found 0; allowed: 1 to 2"),
    "phenomena": (lambda d: with_row(d, phenomena=["odd"]), r"row 1: unknown or no phenomena; found \['odd'\]"),
    "key": (lambda d: d | {"rows": [{"id": "mill-01"}]}, "row 1: a key is missing"),
    "no holder": (lambda d: with_row(d, holder=None), "row 1: id or holder is not text"),
    "a number with a point": (lambda d: with_row(d, sentence=1.0), "row 1: no such sentence; found 1.0"),
    "twice": (lambda d: with_row(d, id="mill-02"), "row 2: a row id occurs twice; found 'mill-02'"),
}


def with_row(document, **changes):
    return document | {"rows": [document["rows"][0] | changes, *document["rows"][1:]]}


@pytest.mark.parametrize("case", BAD_DOCUMENTS)
def test_a_faulty_document_is_refused_with_its_place(seeds, case):
    folder, document = seeds
    change, message = BAD_DOCUMENTS[case]
    write_document(folder, change(document))
    with pytest.raises(StanceError, match=message):
        negotiation.read(folder, JUDGES)


def test_faulty_judgements_are_refused_with_their_line(seeds):
    folder, _ = seeds
    with pytest.raises(StanceError, match="no such annotator; found 'judge-9'; allowed: adjudicator, judge-1, judge-2"):
        negotiation.read(folder, ["judge-9"])
    write_judgements(folder, "judge-3", [{"id": "mill-02", "label": "favor"}])
    with pytest.raises(StanceError, match=r"judge-3\.jsonl: 1 of 2 rows are not judged; found \['mill-01'\]"):
        negotiation.read(folder, ["judge-1", "judge-3"])
    for rows, message in (
        ([{"id": "mill-09", "label": "favor"}], "line 1: no row with this id"),
        ([{"id": "mill-01", "label": "pro"}], "line 1: unknown label; found 'pro'"),
        ([{"id": "mill-01", "label": "favor"}] * 2, "line 2: a row is judged twice"),
    ):
        write_judgements(folder, "judge-1", rows)
        with pytest.raises(StanceError, match=message):
            negotiation.read(folder, JUDGES)
    (folder / "documents" / "mill.json").unlink()
    with pytest.raises(StanceError, match="no documents"):
        negotiation.read(folder, JUDGES)


def test_the_bundled_corpus_has_fixed_parts_that_do_not_leak():
    corpus = negotiation.read(PROJECT / "seeds", JUDGES)
    examples = aggregate(corpus.annotations, corpus.adjudicator).examples
    splits = split_examples(examples, "auto", validation=0.15, test=0.25, seed=0, parts=corpus.parts)
    assert list(splits) == ["train", "validation", "test", "challenge"]
    assert find_leaks(splits, "target") == []
    assert {tag for example in splits["challenge"] for tag in example.tags} == {"minimal_pair", "negation", "modal"}


def write_semeval(folder, train_rows, test_rows):
    header = "ID\tTarget\tTweet\tStance\tOpinion towards\tSentiment\r\n"
    names = ("trialdata-all-annotations.txt", "trainingdata-all-annotations.txt", "testdata-taskA-all-annotations.txt")
    for name, rows in zip(names, (train_rows[:1], train_rows[1:], test_rows), strict=True):
        (folder / name).write_bytes((header + "".join(row + "\r\n" for row in rows)).encode("latin-1"))


def test_semeval_rows_with_bare_quotes_and_odd_bytes(tmp_path):
    write_semeval(
        tmp_path,
        [
            '1\tToll\tThey call it "fair #SemST\tNONE\tx\ty',
            "2\tToll\tCaf\xe9 owners cheer #SemST\tFAVOR\tx\ty",
        ],
        ["1\tToll\tNever again #SemST\tAGAINST\tx\ty"],
    )
    corpus = semeval2016.read(tmp_path, "a", verify=False)
    assert [(a.text, a.label, a.holder) for a in corpus.annotations] == [
        ('They call it "fair', "neutral", ""),
        ("Caf\xe9 owners cheer", "favor", ""),
        ("Never again", "against", ""),
    ]
    assert list(corpus.parts.values()) == ["train", "train", "test"]
    assert len({a.id for a in corpus.annotations}) == 3


def test_semeval_refuses_other_bytes_and_bad_rows(tmp_path):
    good = ["1\tT\tOne #SemST\tNONE\tx\ty", "2\tT\tTwo #SemST\tFAVOR\tx\ty"]
    write_semeval(tmp_path, good, good)
    with pytest.raises(StanceError, match=r"not the file that the published results are about.*data.verify=false"):
        semeval2016.read(tmp_path, "a")
    with pytest.raises(StanceError, match="unknown task; found 'c'; allowed: a, b"):
        semeval2016.read(tmp_path, "c")
    for row, message in (
        ("3\tT\tThree #SemST\tPRO\tx\ty", "line 2: unknown label; found 'PRO'; allowed: AGAINST, NONE, FAVOR"),
        ("3\tT\tThree", "line 2: 3 cells"),
        ("3\tT\t #SemST\tNONE\tx\ty", "line 2: the tweet is empty"),
    ):
        write_semeval(tmp_path, good, [row])
        with pytest.raises(StanceError, match=message):
            semeval2016.read(tmp_path, "a", verify=False)
    (tmp_path / "trialdata-all-annotations.txt").write_text("a\tb\n")
    with pytest.raises(StanceError, match="line 1: not the header"):
        semeval2016.read(tmp_path, "a", verify=False)


def write_tweeteval(folder, labels="1\n2\n", mapping="0\tnone\n1\tagainst\n2\tfavor\n"):
    (folder / "mapping.txt").write_text(mapping)
    for target in tweeteval.TARGETS:
        (folder / target).mkdir(exist_ok=True)
        for part in tweeteval.PARTS:
            (folder / target / f"{part}_text.txt").write_text(f"{target} {part} one #SemST\n@user two\n")
            (folder / target / f"{part}_labels.txt").write_text(labels)


def test_tweeteval_maps_by_name_and_not_by_number(tmp_path):
    write_tweeteval(tmp_path)
    corpus = tweeteval.read(tmp_path, verify=False)
    assert [(a.text, a.label) for a in corpus.annotations[:2]] == [
        ("abortion train one", "against"),
        ("@user two", "favor"),
    ]
    write_tweeteval(tmp_path, mapping="0\tfavor\n1\tnone\n2\tagainst\n")
    assert [a.label for a in tweeteval.read(tmp_path, verify=False).annotations[:2]] == ["neutral", "against"]
    assert Counter(corpus.parts.values()) == {"train": 10, "validation": 10, "test": 10}


def test_tweeteval_refuses_what_does_not_fit(tmp_path):
    write_tweeteval(tmp_path, labels="1\n")
    with pytest.raises(StanceError, match=r"train_labels\.txt: 1 labels for 2 texts"):
        tweeteval.read(tmp_path, verify=False)
    write_tweeteval(tmp_path, labels="1\n7\n")
    with pytest.raises(StanceError, match="line 2: unknown label; found '7'; allowed: 0, 1, 2"):
        tweeteval.read(tmp_path, verify=False)
    write_tweeteval(tmp_path, mapping="0\tfavor\n1\tnone\n2\tagainst\n")
    with pytest.raises(StanceError, match=r"mapping\.txt: not the file"):
        tweeteval.read(tmp_path)


def test_the_real_semeval_files(corpora):
    a = semeval2016.read(corpora / "semeval2016-t6", "a")
    counts = Counter((a.parts[row.id], row.label) for row in a.annotations)
    assert counts == {
        ("train", "against"): 1395,
        ("train", "neutral"): 766,
        ("train", "favor"): 753,
        ("test", "against"): 715,
        ("test", "favor"): 304,
        ("test", "neutral"): 230,
    }
    b = semeval2016.read(corpora / "semeval2016-t6", "b")
    test = [row for row in b.annotations if b.parts[row.id] == "test"]
    assert Counter(row.label for row in test) == {"against": 299, "neutral": 260, "favor": 148}
    assert {row.target for row in test} == {"Donald Trump"}
    splits = split_examples(
        aggregate(a.annotations).examples, "official", validation=0.1, test=0, seed=0, parts=a.parts
    )
    assert "duplicate" in {leak.kind for leak in find_leaks(splits, "official") if leak.later[0] == "test"}


def test_the_real_tweeteval_files_are_the_same_tweets(corpora):
    tweets = tweeteval.read(corpora / "tweeteval-stance")
    assert Counter(tweets.parts.values()) == tweeteval.COUNTS
    semeval = semeval2016.read(corpora / "semeval2016-t6", "a")
    for part in ("train", "test"):
        theirs = Counter((t.target, t.label) for t in tweets.annotations if tweets.parts[t.id] in (part, "validation"))
        if part == "test":
            theirs = Counter((t.target, t.label) for t in tweets.annotations if tweets.parts[t.id] == "test")
        ours = Counter((t.target, t.label) for t in semeval.annotations if semeval.parts[t.id] == part)
        assert theirs == ours


def test_a_changed_real_file_is_refused(corpora, tmp_path):
    for name in (*semeval2016.TRAIN, semeval2016.TEST["a"][0]):
        shutil.copy(corpora / "semeval2016-t6" / name, tmp_path / name)
        (tmp_path / name).chmod(0o644)
    path = tmp_path / "testdata-taskA-all-annotations.txt"
    path.write_bytes(path.read_bytes().replace(b"AGAINST", b"FAVOR", 1))
    with pytest.raises(StanceError, match="testdata-taskA-all-annotations"):
        semeval2016.read(tmp_path, "a")
    assert len(semeval2016.read(tmp_path, "a", verify=False).annotations) == 4163
