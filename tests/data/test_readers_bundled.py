"""The bundled corpus read as one, and as the train part of the wire: its counts, its parts, and what is refused."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from conftest import PROJECT, QUAY, write_lines
from stance.base.errors import StanceError
from stance.base.files import file_digest
from stance.data.agreement import aggregate
from stance.data.corpora import bundled, negotiation, news, wire
from stance.data.duplicates import normalized

SEEDS = PROJECT / "seeds"

#: Rows of each part that are against, neutral, favor.
NEWS_TRAIN = [2966, 4454, 3259]
NEWS_VALIDATION = [456, 624, 488]
NEWS_TEST = [626, 938, 662]
WIRE = {"validation": [153, 273, 178], "test": [175, 255, 183]}


@pytest.fixture(scope="module")
def together():
    return bundled.read(SEEDS)


@pytest.fixture(scope="module")
def newswire(corpora):
    texts = corpora / "reuters21578"
    if not texts.is_dir():
        pytest.skip(f"no Reuters-21578 in {texts}")
    return wire.read(SEEDS, texts)


def labels_by_part(corpus):
    """Rows of each part by label, and the rows without one."""
    found = aggregate(corpus.annotations, corpus.adjudicator)
    counts: dict[str, list[int]] = {}
    for (part, label), rows in Counter((corpus.parts[row.id], row.label) for row in found.examples).items():
        counts.setdefault(part, [0, 0, 0])[["against", "neutral", "favor"].index(label)] = rows
    return counts, list(found.ties)


def shared(corpus, name) -> list:
    """What is in two parts, in normal form; the challenge part's sentences are variants of those of literary."""
    parts: dict[str, set[str]] = {}
    for row in corpus.annotations:
        part = corpus.parts[row.id].replace("challenge", bundled.LITERARY_TAG)
        parts.setdefault(normalized(getattr(row, name)), set()).add(part)
    return [value for value, found in parts.items() if len(found) > 1]


def test_the_news_part():
    corpus = news.read(SEEDS / "news", bundled.NEWS)
    counts, ties = labels_by_part(corpus)
    assert counts == {"train": NEWS_TRAIN, "validation": NEWS_VALIDATION, "test": NEWS_TEST}
    assert ties == ["c2-021-06-4", "d2-010-06-2"]
    rows = {row.id: row for row in corpus.annotations}
    assert len(rows) == 14_475
    assert len({row.document for row in rows.values()}) == 688
    assert len({(row.document, row.text) for row in rows.values()}) == 4_206
    assert {row.tags[0] for row in rows.values()} == {"news"}
    by_annotator = Counter(row.annotator for row in corpus.annotations)
    assert by_annotator == {"writer": 14_475, "judge": 14_475, "adjudicator": 122}


def test_both_parts_as_one(together):
    counts, _ = labels_by_part(together)
    old, _ = labels_by_part(negotiation.read(SEEDS, bundled.LITERARY))
    own, _ = labels_by_part(news.read(SEEDS / "news", bundled.NEWS))
    for part in ("train", "validation"):
        assert counts[part] == [a + b for a, b in zip(old[part], own[part], strict=True)]
    assert (counts["test"], counts["literary"], counts["challenge"]) == (own["test"], old["test"], old["challenge"])
    tagged = Counter(bundled.LITERARY_TAG in row.tags for row in together.annotations if row.annotator == "judge-1")
    assert tagged == {True: 3_430}
    assert {"parts.json", "news/parts.json", "news/judgements/writer.jsonl"} <= set(together.files)


def test_no_two_parts_share_a_document_or_a_text(together):
    assert shared(together, "document") == shared(together, "text") == []


def test_the_wire_is_validation_and_test_of_what_the_bundled_corpus_teaches(newswire, together):
    counts, ties = labels_by_part(newswire)
    assert counts["train"] == labels_by_part(together)[0]["train"]
    assert {part: counts[part] for part in ("validation", "test")} == WIRE
    assert len([row for row in ties if row.startswith("wire")]) == 4
    rows = {row.id: row for row in newswire.annotations if row.annotator in wire.READERS}
    assert (len(rows), len({row.document for row in rows.values()})) == (1_221, 154)
    assert shared(newswire, "document") == shared(newswire, "text") == []
    assert all(row.text[0] not in ". " for row in rows.values())


def write_json(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")


def write_judgements(folder, name, judged):
    rows = [{"id": row_id, "label": label} for row_id, label in judged]
    write_lines(folder / "judgements" / f"{name}.jsonl", rows)


def test_a_sentence_of_news_with_its_judgements(quay):
    corpus = news.read(quay, bundled.NEWS)
    first, _, third, _ = aggregate(corpus.annotations, corpus.adjudicator).examples
    assert (first.label, first.votes, first.tags) == ("favor", (0, 1, 1), ("news", "wire"))
    assert (third.holder, third.context, third.tags) == ("", "The two clubs met.", ("news",))
    assert corpus.parts == {"q-01-1": "train", "q-01-2": "train", "q-02-1": "test", "q-03-1": "validation"}
    assert list(aggregate(news.read(quay, bundled.NEWS[:2]).annotations).ties) == ["q-01-1"]


def sentence(**changes):
    return [QUAY[0] | changes]


BAD_SENTENCES = {
    "a document without area": (sentence(document="z"), "line 1: a document without area; found 'z'; allowed: areas"),
    "a row id twice": (sentence() * 2, "line 2: a row id occurs twice; found 'q-01-1'"),
    "no rows": (sentence(rows=[]), "line 1: a sentence without rows; found 'q-01'"),
    "no text": (sentence(text=" "), "line 1: field 'text' is empty"),
    "no id": (sentence(id=None), "line 1: field 'id' is empty"),
    "no target": (sentence(rows=[{"holder": "x"}]), "line 1: field 'target' is empty"),
}


@pytest.mark.parametrize("case", BAD_SENTENCES)
def test_a_faulty_sentence_of_news_is_refused_with_its_line(quay, case):
    rows, message = BAD_SENTENCES[case]
    write_lines(quay / "sentences" / "q.jsonl", rows)
    with pytest.raises(StanceError, match=rf"q\.jsonl, {message}"):
        news.read(quay, bundled.NEWS)


BAD_JUDGEMENTS = {
    "a row judged twice": ([("q-01-1", "favor")] * 2, ", line 2: a row is judged twice; found 'q-01-1'"),
    "a missing judgement": (
        [("q-01-1", "favor")],
        r": 3 of 4 rows are not judged; found \['q-01-2', 'q-02-1', 'q-03-1'\]",
    ),
    "another row": ([("q-01-9", "favor")], ", line 1: no row with this id; found 'q-01-9'"),
    "another label": ([("q-01-1", "pro")], ", line 1: unknown label; found 'pro'"),
}


@pytest.mark.parametrize("case", BAD_JUDGEMENTS)
def test_faulty_judgements_of_news_are_refused(quay, case):
    judged, message = BAD_JUDGEMENTS[case]
    write_judgements(quay, "judge", judged)
    with pytest.raises(StanceError, match=rf"judge\.jsonl{message}"):
        news.read(quay, bundled.NEWS)


BAD_PARTS = {
    "an area without part": (
        "parts.json",
        {"train": ["labour"]},
        "no part for an area; found 'sport'; allowed: labour",
    ),
    "another part": ("parts.json", {"dev": ["labour"]}, "unknown part; found 'dev'; allowed: train, validation, test"),
    "an area twice": ("parts.json", {"train": ["labour", "sport"], "test": ["sport"]}, "an area is in two parts"),
    "a document twice": (
        "areas.json",
        {"labour": ["q"], "sport": ["r", "q"]},
        "a document is in two areas; found 'q'",
    ),
}


@pytest.mark.parametrize("case", BAD_PARTS)
def test_parts_of_news_that_contradict_themselves_are_refused(quay, case):
    name, content, message = BAD_PARTS[case]
    write_json(quay / name, content)
    with pytest.raises(StanceError, match=message):
        news.read(quay, bundled.NEWS)


STORY = (
    '<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN" OLDID="{old}" NEWID="{new}">\n<TITLE>{title}</TITLE>\n{body}</REUTERS>\n'
)

#: What the stories say: white space as the collection has it, an entity, and the sign that ends a story.
BODY = (
    "<DATELINE>    QUAYTOWN, March 1 - </DATELINE><BODY>The ferrymen &lt;FRY>\nasked   for talks.\n"
    "    The port said no.\n REUTER\n&#3;</BODY>"
)

WIRE_ROWS = [
    {"id": "wire-7-01", "story": 7, "start": 0, "end": 35, "holder": "the ferrymen", "target": "hold talks"},
    {"id": "wire-7-02", "story": 7, "start": 36, "end": 53, "holder": "the port", "target": "hold talks"},
    {"id": "wire-9-01", "story": 9, "start": 36, "end": 53, "holder": "the port", "target": "hold talks"},
]


@pytest.fixture
def composed(tmp_path, monkeypatch):
    """A collection of four stories, one without body, and questions on two of them; train is empty."""
    texts, folder = tmp_path / "texts", tmp_path / "seeds"
    (folder / "wire" / "judgements").mkdir(parents=True)
    texts.mkdir()
    stories = [(1, "A", BODY), (7, "B", BODY), (8, "C", ""), (9, "D", BODY)]
    told = "".join(STORY.format(old=new + 5000, new=new, title=title, body=body) for new, title, body in stories)
    (texts / "reut2-000.sgm").write_text(f"<!DOCTYPE lewis>\n{told}", encoding="latin-1")
    write_json(folder / "wire" / "files.json", {"reut2-000.sgm": file_digest(texts / "reut2-000.sgm")})
    write_json(folder / "wire" / "parts.json", {"validation": [7], "test": [9]})
    write_lines(folder / "wire" / "rows.jsonl", WIRE_ROWS)
    for name, labels in {"reader-1": "favor against against", "reader-2": "favor against neutral"}.items():
        write_judgements(folder / "wire", name, zip([row["id"] for row in WIRE_ROWS], labels.split(), strict=True))
    monkeypatch.setattr(bundled, "read", lambda _: bundled.Corpus((), {}, {}, "adjudicator"))
    return folder, texts


def test_a_question_on_the_wire_takes_its_sentence_from_the_users_own_copy(composed):
    corpus = wire.read(*composed)
    first, second = aggregate(corpus.annotations, corpus.adjudicator).examples
    assert (first.text, first.context) == ("The ferrymen <FRY> asked for talks.", "")
    assert (second.text, second.context) == ("The port said no.", "The ferrymen <FRY> asked for talks.")
    assert (second.document, second.tags, second.label, second.votes) == ("wire-7", ("wire",), "against", (2, 0, 0))
    assert corpus.parts == {"wire-7-01": "validation", "wire-7-02": "validation", "wire-9-01": "test"}
    assert "wire-9-01" in aggregate(corpus.annotations, corpus.adjudicator).ties
    assert {"wire/rows.jsonl", "wire/parts.json", "wire/judgements/reader-1.jsonl"} <= set(corpus.files)


BAD_QUESTIONS = {
    "a story that is not there": ({"story": 10}, "no such story in the collection; found 10"),
    "a story without text": ({"story": 8}, "no such story in the collection; found 8"),
    "a story without part": ({"story": 1}, r"a story without part; found 1; allowed: parts\.json"),
    "offsets outside": ({"end": 600}, r"no such sentence; found \[0, 600\]; allowed: 0 to 60"),
    "no sentence at all": ({"end": 0}, r"no such sentence; found \[0, 0\]"),
    "offsets that are no numbers": ({"start": "0"}, r"no such sentence; found \['0', 35\]"),
    "an id twice": ({"id": "wire-7-02"}, "a row id occurs twice; found 'wire-7-02'"),
    "no target": ({"target": ""}, "field 'target' is empty"),
}


@pytest.mark.parametrize("case", BAD_QUESTIONS)
def test_a_faulty_question_on_the_wire_is_refused_with_its_line(composed, case):
    folder, texts = composed
    changes, message = BAD_QUESTIONS[case]
    write_json(folder / "wire" / "parts.json", {"validation": [7, 8, 10], "test": [9]})
    write_lines(folder / "wire" / "rows.jsonl", [*WIRE_ROWS[1:], WIRE_ROWS[0] | changes])
    with pytest.raises(StanceError, match=rf"rows\.jsonl, line 3: {message}"):
        wire.read(folder, texts)


def test_a_question_on_the_wire_without_a_key_or_a_judgement_is_refused(composed):
    folder, texts = composed
    write_judgements(folder / "wire", "reader-2", [("wire-7-01", "favor"), ("wire-7-02", "against")])
    with pytest.raises(StanceError, match=r"reader-2\.jsonl: 1 of 3 rows are not judged; found \['wire-9-01'\]"):
        wire.read(folder, texts)
    write_lines(folder / "wire" / "rows.jsonl", [{"id": "wire-7-01", "story": 7, "holder": "", "target": "x"}])
    with pytest.raises(StanceError, match=r"line 1: keys are missing; found \['start', 'end'\]"):
        wire.read(folder, texts)


def test_no_story_of_the_wire_is_learnt_from(composed):
    folder, texts = composed
    write_json(folder / "wire" / "parts.json", {"train": [7], "test": [9]})
    with pytest.raises(StanceError, match=r"unknown part; found 'train'; allowed: validation, test"):
        wire.read(folder, texts)


def test_another_collection_is_refused_by_checksum(composed):
    folder, texts = composed
    known = wire.read(folder, texts).files
    with (texts / "reut2-000.sgm").open("a", encoding="latin-1") as file:
        file.write("\n")
    with pytest.raises(StanceError, match=r"reut2-000\.sgm: not the file that was annotated; found"):
        wire.read(folder, texts)
    other = wire.read(folder, texts, verify=False).files
    assert {name for name in known if known[name] != other[name]} == {"reut2-000.sgm"}, "another text, another dataset"
    (texts / "reut2-000.sgm").unlink()
    with pytest.raises(StanceError, match=r"reut2-000\.sgm: no such file"):
        wire.read(folder, texts)
    with pytest.raises(StanceError, match="no such folder with Reuters-21578"):
        wire.read(folder, texts / "none")
