"""The reader of MPQA 2.0: composed sentences in its format, what is refused, and the real files where they are."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from stance.base.errors import StanceError
from stance.data.agreement import aggregate
from stance.data.build import divide, split_beside
from stance.data.config import DataConfig, SplitConfig
from stance.data.corpora import mpqa
from stance.data.corpora.treebank import joined
from stance.data.read import read_corpus
from stance.data.splits import find_leaks, split_examples


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("He ca n't say `` yes , '' she said .", 'He can\'t say "yes," she said.'),
        ("The dam -LRB- and the toll -RRB- is Reed 's -- not ours !", "The dam (and the toll) is Reed's -- not ours!"),
        (
            "` No ' : the unions ' reply -LSB- sic -RSB- ; we 'll see ...",
            "'No': the unions' reply [sic]; we'll see ...",
        ),
        (
            "US$ 1 .5 million , 9 ,427 tons , 30 % of $ 4 and $ for $ ?",
            "US$1.5 million, 9,427 tons, 30% of $4 and $ for $?",
        ),
        ("Call -LRB-317-RRB-\u00a0634 . They do n`t .", "Call (317) 634. They don't."),
        ("", ""),
    ],
)
def test_treebank_tokens_become_print(tokens, text):
    whole = joined(tokens.split(" ") if tokens else [])
    assert whole.text == text
    for token, (start, end) in zip(tokens.split(" "), whole.spans, strict=False):
        if token.isalpha():
            assert whole.text[start:end] == token


def attitude(kind, *targets, **flags):
    """An attitude toward targets that are given as words and the number of the first of them."""
    return {
        "attitudes_types": kind,
        "targets_tokenized": [words.split() for words, _ in targets],
        "targets_indices": [list(range(at, at + len(words.split()))) for words, at in targets],
        **{f"attitudes_{name}": flags.get(name, "no") for name in ("inferred", "sarcastic", "uncertain")},
    }


def subjective(holder, *attitudes):
    holders = [] if holder is None else [holder]
    return {
        "ds_implicit": holder is None,
        "holders_tokenized": [words.split() for words, _ in holders],
        "holders_indices": [list(range(at, at + len(words.split()))) for words, at in holders],
        "att_num": len(attitudes),
        **{f"att{number}": found for number, found in enumerate(attitudes)},
    }


def sentence(text, *subjectives):
    return {"sentence_tokenized": text.split(), "dss_ids": [], **{f"ds{n}": ds for n, ds in enumerate(subjectives)}}


def write_mpqa(folder, *sentences, path="database.mpqa.2.0/docs/20020304/one"):
    """The sentences as the one document of the first file; the others have a document each without any attitude."""
    numbered = {f"sentence{number}": found for number, found in enumerate(sentences)}
    first = {"document_path": path, "sentences_num": len(sentences), **dict(sorted(numbered.items(), reverse=True))}
    for name in mpqa.FILES:
        other = {"document_path": name, "sentences_num": 1, "sentence0": sentence("Rain fell .")}
        content = {"document0": first if name == "dev.json" else other, "documents_num": 1}
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


#       0    1   2        3  4   5   6       7   8    9     10 11 12
TEXT = "Reed 's cabinet , it says , rejects the dam ; Moss agreed ."
DAM, MOSS = ("the dam", 8), ("Moss", 11)
CABINET, IT = ("Reed 's cabinet", 0), ("it", 4)


def told(annotations):
    return [(a.holder, a.target, a.label, a.tags) for a in annotations]


def test_a_pole_between_holder_and_target_makes_a_row(tmp_path):
    write_mpqa(
        tmp_path,
        sentence("The talks stalled ."),
        sentence(
            TEXT,
            subjective(CABINET, attitude("agree-neg", DAM), attitude("sentiment-neg", DAM, uncertain="very-uncertain")),
            subjective(IT, attitude("intention-pos", MOSS, sarcastic="20rate"), attitude("speculation", DAM)),
        ),
    )
    corpus = mpqa.read(tmp_path, verify=False)
    assert told(corpus.annotations) == [
        ("Reed's cabinet", "the dam", "against", ("agree", "sentiment", "uncertain")),
        ("it", "Moss", "favor", ("intention",)),
    ]
    row = corpus.annotations[0]
    assert row.text == "Reed's cabinet, it says, rejects the dam; Moss agreed."
    assert (row.id, row.document) == ("20020304/one-1-0:2>8:9", "database.mpqa.2.0/docs/20020304/one")
    assert (row.annotator, row.context) == ("mpqa", "The talks stalled.")
    assert corpus.parts is None
    assert set(corpus.files) == set(mpqa.FILES)
    assert not corpus.left_out


def test_poles_that_disagree_and_holders_that_are_elsewhere_are_counted(tmp_path):
    against = subjective(IT, attitude("sentiment-neg", DAM), attitude("intention-pos", DAM, MOSS))
    nobody = subjective(None, attitude("sentiment-pos", DAM), attitude("sentiment-neg", DAM), attitude("none", MOSS))
    write_mpqa(tmp_path, sentence(TEXT, against, nobody))
    corpus = mpqa.read(tmp_path, verify=False)
    assert told(corpus.annotations) == [("it", "Moss", "favor", ("intention",))]
    assert corpus.left_out == {mpqa.BOTH: 1, mpqa.NOBODY: 1}


def test_mentions_in_the_same_words_are_one(tmp_path):
    text = "They said they back the dam and the dam only ."
    back = subjective(("they", 2), attitude("sentiment-pos", ("the dam", 4)), attitude("agree-pos", ("the dam", 7)))
    write_mpqa(tmp_path, sentence(text, subjective(("They", 0), attitude("arguing-pos", ("they", 2))), back))
    corpus = mpqa.read(tmp_path, derived_neutrals=True, verify=False)
    assert told(corpus.annotations) == [
        ("They", "they", "favor", ("arguing",)),
        ("they", "the dam", "favor", ("agree", "sentiment")),
        ("They", "the dam", "neutral", (mpqa.DERIVED,)),
        ("they", "they", "neutral", (mpqa.DERIVED,)),
    ]


def test_derived_neutrals_are_asked_for_and_told(tmp_path):
    idle = subjective(MOSS, attitude("other-attitude", IT))
    write_mpqa(tmp_path, sentence(TEXT, subjective(CABINET, attitude("agree-neg", DAM)), idle))
    assert [a.label for a in mpqa.read(tmp_path, verify=False).annotations] == ["against"]
    data = DataConfig(name="m", reader="mpqa", root=str(tmp_path), path=".", derived_neutrals=True, verify=False)
    judged, derived = read_corpus(data).annotations
    assert (judged.label, judged.annotator) == ("against", "mpqa")
    assert (derived.holder, derived.target, derived.label) == ("Moss", "the dam", "neutral")
    assert (derived.annotator, derived.tags) == ("derived", ("derived_neutral",))


def test_context_is_five_sentences_in_the_order_of_the_text(tmp_path):
    last = sentence(TEXT, subjective(IT, attitude("agree-neg", DAM)))
    write_mpqa(tmp_path, *(sentence(f"Day {number} .") for number in range(11)), last)
    (row,) = mpqa.read(tmp_path, verify=False).annotations
    assert row.context == "Day 6. Day 7. Day 8. Day 9. Day 10."


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (subjective(IT, attitude("praise", DAM)), "unknown type of attitude; found 'praise'; allowed: sentiment-pos"),
        (subjective(IT, attitude("agree-neg", ("the dam", 7))), "targets_tokenized are not where targets_indices say"),
        (subjective(("it says", 5), attitude("agree-neg", DAM)), "holders_tokenized are not where holders_indices say"),
        (subjective(IT, {"attitudes_types": "agree-neg"}), r"not of MPQA's format; found \"KeyError\('attitudes_inf"),
    ],
)
def test_what_is_not_of_the_format_is_refused(tmp_path, found, message):
    write_mpqa(tmp_path, sentence("Rain ."), sentence(TEXT, found))
    with pytest.raises(StanceError, match=f"dev.json, document0, sentence1: {message}"):
        mpqa.read(tmp_path, verify=False)


def test_other_files_and_repeated_documents_are_refused(tmp_path):
    write_mpqa(tmp_path, sentence("Rain ."), path="test_fold_2.json")
    with pytest.raises(StanceError, match="not the file that the published results are about"):
        mpqa.read(tmp_path)
    with pytest.raises(StanceError, match=r"test_fold_2.json: a document that stands in dev.json already"):
        mpqa.read(tmp_path, verify=False)
    (tmp_path / "dev.json").write_text("[]")
    with pytest.raises(StanceError, match=r"dev.json: not of MPQA's format"):
        mpqa.read(tmp_path, verify=False)
    (tmp_path / "dev.json").unlink()
    with pytest.raises(StanceError, match=r"dev.json: no such file"):
        mpqa.read(tmp_path, verify=False)


def test_beside_another_corpus_it_is_divided_by_document_since_its_targets_tie_the_documents(tmp_path):
    write_mpqa(tmp_path)
    documents = {}
    for number, words in enumerate(("Old Reed", "The mayor", "Vale", "A clerk", "Moss", "She", "They", "My aunt") * 3):
        kind = ("sentiment-pos", "sentiment-neg")[number % 2]
        text = f"{words} of ward {number} spoke about the dam in week {'x' * number} ."
        found = subjective((words, 0), attitude(kind, ("the dam", len(words.split()) + 5)))
        documents[f"document{number}"] = {"document_path": f"d{number}", "sentence0": sentence(text, found)}
    (tmp_path / "dev.json").write_text(json.dumps(documents), encoding="utf-8")
    other = DataConfig(name="mpqa", reader="mpqa", root="", path=str(tmp_path), verify=False)
    corpus = read_corpus(other)
    with pytest.raises(StanceError, match="split by target: 24 row"):
        divide(corpus, other, SplitConfig())
    splits, record = divide(corpus, other, split_beside(other))
    assert record.split["by"] == "document" and record.split["leaks"] == "report"
    assert len(splits["train"]) > 12 and {row.target for rows in splits.values() for row in rows} == {"the dam"}


@pytest.fixture(scope="module")
def folder(corpora):
    """Where the known files are."""
    if not (corpora / "mpqa2").is_dir():
        pytest.skip(f"not in {corpora}: mpqa2")
    return corpora / "mpqa2"


@pytest.fixture(scope="module")
def real(folder):
    """The known files, read once, with derived neutrals."""
    return mpqa.read(folder, derived_neutrals=True)


def test_the_real_files_have_the_known_counts(folder):
    documents = [sentences for name in mpqa.FILES for sentences in mpqa.documents(folder / name)]
    assert len({sentences[0].document for sentences in documents}) == len(documents) == 480
    assert sum(map(len, documents)) == 8781
    pairs = [mpqa.with_poles(sentence) for sentences in documents for sentence in sentences]
    assert sum(any(holder is not None for holder, _ in found) for found in pairs) == 2704
    texts = [sentence.text for sentences in documents for sentence in sentences]
    assert not any(mark in text for text in texts for mark in ("-LRB-", "-RRB-", "``", "''", " n't", " ,", " 're"))
    assert max(len(text.split()) for text in texts) == 2106


def test_the_real_rows_have_the_known_counts(real):
    assert Counter(a.label for a in real.annotations) == {"favor": 2465, "against": 1517, "neutral": 2512}
    assert real.left_out == {mpqa.BOTH: 202, mpqa.NOBODY: 775}
    assert all(a.holder and a.holder in a.text and a.target in a.text for a in real.annotations)
    assert len({a.id for a in real.annotations}) == len(real.annotations)
    assert sum(a.holder == a.target for a in real.annotations if a.label == "neutral") == 170
    assert Counter(tag for a in real.annotations for tag in a.tags) == {
        "sentiment": 2424, "arguing": 1058, "intention": 354, "agree": 261,
        "uncertain": 268, "inferred": 114, "sarcastic": 1, mpqa.DERIVED: 2512,
    }  # fmt: skip


def test_the_real_holders_of_a_sentence_differ(real):
    poles = {}
    for a in real.annotations:
        if a.label != "neutral":
            poles.setdefault((a.document, a.id.rpartition("-")[0]), set()).add((a.holder, a.label))
    assert len(poles) == 2600
    unlike = [
        found
        for found in poles.values()
        if any(one[0] != other[0] and one[1] != other[1] for one in found for other in found)
    ]
    assert len(unlike) == 278


def test_the_real_documents_stay_whole(real):
    examples = [row for row in aggregate(real.annotations).examples if row.label != "neutral"]
    splits = split_examples(examples, "document", validation=0.15, test=0.25, seed=0)
    assert find_leaks(splits, "document") == []
    for part, share in (("train", 0.6), ("validation", 0.15), ("test", 0.25)):
        assert share - 0.03 < len(splits[part]) / 3982 < share + 0.03
        assert {example.label for example in splits[part]} == {"against", "favor"}


@pytest.mark.parametrize("name", mpqa.FILES)
def test_a_changed_real_file_is_refused(folder, tmp_path, name):
    for file in mpqa.FILES:
        (tmp_path / file).write_bytes((folder / file).read_bytes() + (b"\n" if file == name else b""))
    with pytest.raises(StanceError, match=f"{name}: not the file that the published results are about"):
        mpqa.read(tmp_path)
