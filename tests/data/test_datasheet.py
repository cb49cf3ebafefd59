"""The bundled corpus keeps its promises, and its data statement says what the files say."""

from __future__ import annotations

import json
import shutil

import pytest
from hydra import compose, initialize_config_dir

import datasheet
from conftest import PROJECT, example, run_here, write_lines
from datasheet import changed, literary, news, promises, record_numbers, silver, together, wire
from datasheet.counts import leaks, prose, shape
from stance.base.errors import StanceError
from stance.cli.config import register, typed
from stance.data.agreement import aggregate
from stance.data.corpora import negotiation

SEEDS = PROJECT / "seeds"

JUDGES = ["judge-1", "judge-2", "adjudicator"]

#: What the statement and the page of the literary part say is held against.
RECORD = json.loads((SEEDS / "statistics.json").read_text(encoding="utf-8"))


def challenge_tags() -> set[str]:
    register()
    with initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
        return set(typed(compose("build_dataset")).split.challenge)


def rows_of_test():
    corpus = negotiation.read(SEEDS, JUDGES)
    examples = aggregate(corpus.annotations, corpus.adjudicator).examples
    return [example for example in examples if corpus.parts[example.id] == "test"]


def page(name) -> str:
    """A page of the corpus, each paragraph on one line."""
    return " ".join((SEEDS / name).read_text(encoding="utf-8").split())


def absent(expected, name) -> list[str]:
    """What a page of the corpus should say and does not."""
    return [text for text in expected if " ".join(text.split()) not in page(name)]


def comma(*numbers) -> str:
    return ", ".join(f"{number:,.0f}" for number in numbers)


def score(found) -> str:
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def row(document, text, holder, target, label):
    return example(0, label, document=document, text=text, holder=holder, target=target)


@pytest.mark.parametrize(
    ("section", "measure"),
    [
        ("literary", lambda: literary.measure(SEEDS)),
        ("bundled", lambda: together.measure(SEEDS)),
        pytest.param("news", lambda: news.measure(SEEDS / "news"), marks=pytest.mark.slow),
        pytest.param("silver", lambda: silver.measure(SEEDS), marks=pytest.mark.slow),
        pytest.param("shortcuts", lambda: together.shortcuts(SEEDS / "news"), marks=pytest.mark.slow),
    ],
)
def test_the_record_is_that_of_the_files(section, measure):
    assert changed({section: measure()}, SEEDS / "statistics.json") == []


def test_the_record_of_the_wire_is_that_of_the_files(corpora):
    texts = corpora / "reuters21578"
    if not texts.is_dir():
        pytest.skip(f"no Reuters-21578 in {texts}")
    assert changed({"wire": wire.measure(SEEDS, texts)}, SEEDS / "statistics.json") == []


def test_the_corpus_keeps_its_promises():
    kept = promises(RECORD)
    assert [promise for promise, is_kept in kept.items() if not is_kept] == []
    assert {promise.split(":")[0] for promise in kept} == set(RECORD)


@pytest.mark.parametrize(
    ("section", "changes", "promise"),
    [
        ("literary", {"rows": 2999}, "at least 3,000 judged rows"),
        ("literary", {"phenomena": {"plain": 900}}, "at least 60 rows for each phenomenon"),
        ("literary", {"priors": {"holder": 0.46}}, "best prior below 0.45 macro-F1 on test"),
        ("literary", {"agreement": {"pairs": []}}, "every row judged by two blind judges"),
        ("news", {"rows": 11_999}, "at least 12,000 judged rows"),
        ("news", {"leaks": {"near-duplicate": 1}}, "no document, target or sentence, nor a nearly equal one"),
        ("news", {"labels": {"against": 1, "neutral": 2, "favor": 3}}, "no label above 45% or below 22%"),
        ("bundled", {"areas_learnt": {"news test": ["debt"]}}, "no test part has an area that is learnt from"),
        ("shortcuts", {"target": {"value": 0.45}}, "n-grams of the target alone below 0.45 macro-F1"),
        ("wire", {"leaks": {"document": 1}}, "no story or sentence"),
        ("wire", {"rows": 499}, "at least 500 rows"),
        ("silver", {"leaks": {"near-duplicate": 1}}, "no document, target or sentence, nor a nearly equal one"),
        ("silver", {"wire_targets": ["the tariff"]}, "no target of the wire"),
        ("silver", {"kept_apart": ["debt"]}, "no area of validation or test of news"),
    ],
)
def test_a_broken_promise_is_noticed(section, changes, promise):
    kept = promises({section: RECORD[section] | changes})
    assert any(name.startswith(f"{section}: {promise}") for name, is_kept in kept.items() if not is_kept)


def test_the_statement_says_what_was_measured_of_all_three_parts():
    old, new, real = RECORD["literary"], RECORD["news"], RECORD["wire"]
    labels = [comma(*part["labels"].values()) for part in (old, new, real)]
    expected = [
        f"| documents | {old['documents']}, a negotiation each | {new['negotiations']} negotiations "
        f"| {real['stories']} stories |",
        f"| sentences | {old['sentences']:,} | {new['sentences']:,} | {real['sentences']:,} |",
        f"| rows judged | {old['rows']:,} | {new['rows']:,} | {real['questions']:,} |",
        f"| with a label | {old['rows']:,} | {sum(new['labels'].values()):,} | {real['rows']:,} |",
        f"| against, neutral, favor | {' | '.join(labels)} |",
        "| different targets, holders | "
        + " | ".join(comma(part["targets"], part["holders"]) for part in (old, new, real)),
        "| words a sentence (quartiles) | "
        + " | ".join(comma(*part["words"].values()) for part in (old, new, real))
        + " |",
    ]
    assert absent(expected, "README.md") == []


def test_the_statement_says_what_was_measured_of_the_parts():
    together, rows = RECORD["bundled"], {name: part["rows"] for name, part in RECORD["literary"]["parts"].items()}
    assert not any(together["leaks"].values())
    assert {part for part, areas in together["areas_learnt"].items() if areas} == {"literary validation"}
    expected = [
        *(
            f"| news, {name} | {', '.join(part['areas'])} | {part['documents']} "
            f"| {part['rows']:,} ({comma(*part['labels'].values())}) |"
            for name, part in RECORD["news"]["parts"].items()
        ),
        *(
            f"| wire, {name} | by story | {part['documents']} | {part['rows']} ({comma(*part['labels'].values())}) |"
            for name, part in RECORD["wire"]["parts"].items()
        ),
        "has train {train:,}, validation {validation}, test {test} and challenge {challenge}".format(**rows),
        "train is {train:,} rows, validation {validation:,}, test that of news".format(**together["rows"]),
        f"by way of news: {', '.join(together['areas_learnt']['literary validation'])}.",
        f"{RECORD['wire']['leaks']['target']} rows of its test part ask about a target",
    ]
    assert absent(expected, "README.md") == []


def test_the_statement_says_what_was_measured_of_the_news():
    found, given = RECORD["news"], RECORD["news"]["shape"]
    share = {name: f"{given[name] / given['sentences']:.0%}" for name in given}
    genres = dict(found["genres"])
    unnoted = genres.pop("")
    said = list(found["saying"].items())
    poles = given["opposite_pole"] + given["same_pole"]
    later = found["briefs"]["d"]["shape"]
    assert given["sentences"] == found["sentences"]
    assert not found["prose"]["duplicates"] and not found["prose"]["near_duplicates"]
    expected = [
        f"covers {len(found['areas'])} areas; a row may have an empty holder, the author ({found['author_rows']} rows)",
        f"as context ({found['context_rows']} rows)",
        f"In {share['unlike_holders']} of the sentences two holders of one target have different labels",
        f"in {share['favor_beside_against']} favor and against stand side by side",
        f"{share['quartets']} ask about two holders and two targets; in {share['background']} all rows are neutral",
        f"for {unnoted:,} sentences none is noted",
        ", ".join(f"{n} sentences {g}" if g == "wire" else f"{n} {g}" for g, n in genres.items()),
        f"in more than {found['prose']['commonest_opening']:.1%} of sentences",
        f"{found['prose']['distinct_trigrams']:.0%} of word trigrams are distinct",
        ", ".join(f"{word} ({n})" for word, n in said[:5]),
        f"in {said[0][1] / found['sentences']:.0%} and {said[1][1] / found['sentences']:.0%} of sentences",
        f"opposite in {given['opposite_pole'] / poles:.0%} of {poles:,} cases",
        f"side by side in {later['favor_beside_against'] / later['sentences']:.0%} of their sentences",
        f"in {found['old_wire']['d2']} and {found['old_wire']['d5']} sentences)",
        f"which the test parts have {found['parts']['test']['documents']} (news) and "
        f"{RECORD['wire']['parts']['test']['documents']} (wire)",
    ]
    assert absent(expected, "README.md") == []
    assert set(found["old_wire"]) == {"d2", "d5"}


def test_the_statement_says_what_was_measured_of_the_briefs():
    for brief in RECORD["news"]["briefs"].values():
        sentences = brief["shape"]["sentences"]
        columns = [
            f"{brief['sentences']:,}",
            f"{brief['rows']:,}",
            comma(*brief["words"].values()),
            f"{brief['neutral']:.0%}",
            f"{brief['said']:.0%}, {brief['told']:.0%}",
            f"{brief['shape']['quartets'] / sentences:.0%}",
            f"{brief['shape']['favor_beside_against'] / sentences:.0%}",
        ]
        assert absent([f"| {' | '.join(columns)} |"], "README.md") == []


def test_the_statement_says_what_was_measured_of_the_judgements():
    judged, agreed = RECORD["news"]["judgement"], RECORD["news"]["agreement"]
    (pair,), (readers,) = agreed["pairs"], RECORD["wire"]["agreement"]["pairs"]
    wire_judged = RECORD["wire"]["judgement"]
    between = judged["labels"]
    assert judged["settled"]["neither"] == judged["doubts"]["writer"] == 0
    assert sum(judged["settled"].values()) == judged["adjudicated"]
    assert judged["adjudicated"] + judged["left_out"] == judged["differ"] == pair["rows"] - pair["agreed"]
    assert pair["rows"] == RECORD["news"]["rows"]
    expected = [
        f"noted a doubt on {judged['doubts']['judge']} rows",
        f"differ on {judged['differ']} of {pair['rows']:,} rows (agreed {pair['share']:.2%}, Cohen's kappa "
        f"{pair['kappa']:.3f}, Krippendorff's alpha {score(agreed['alpha'])})",
        f"on {between['against / neutral']} between against and neutral, on {between['neutral / favor']} between "
        f"neutral and favor, on {between['against / favor']} between the poles",
        f"settled {judged['adjudicated']} with a reason, {judged['settled']['judge']} as the judge and "
        f"{judged['settled']['writer']} as the writer; {judged['left_out']} are left open",
        f"differ on {wire_judged['differ']} of {readers['rows']:,} rows (agreed {readers['share']:.2%}, Cohen's kappa "
        f"{readers['kappa']:.3f}, alpha {score(RECORD['wire']['agreement']['alpha'])})",
        "noted doubts on {reader-1} and {reader-2}".format(**wire_judged["doubts"]),
    ]
    assert absent(expected, "README.md") == []


def test_the_statement_says_what_was_measured_of_the_silver_rows():
    found = RECORD["silver"]
    train, judged = found["rows"]["train"], found["agreement"]
    expected = [
        f"{found['sentences']:,} sentences about {found['negotiations']:,} negotiations",
        f"{found['holders']:,} holders and {found['targets']:,} targets",
        f"{sum(train.values()):,} rows in train ({comma(*train.values())} against, neutral, favor)",
        f"{found['unclear']:,} pairs as unclear",
        f"the same label to {judged['same']:.1%} of {judged['rows']:,} rows",
        f"alpha {score(judged['alpha'])}",
        f"{comma(*found['words'].values())} words (quartiles)",
        f"in {len(found['areas'])} areas",
        f"{found['prose']['distinct_trigrams']:.0%} of their word trigrams are distinct",
    ]
    assert absent(expected, "README.md") == []
    assert found["prose"]["near_duplicates"] == 0


def test_the_statement_says_what_reads_too_little():
    found = RECORD["shortcuts"]
    expected = [
        f"the text alone {score(found['text'])}, the target alone {score(found['target'])}, the holder alone "
        f"{score(found['holder'])}, all three {score(found['all'])}; the best of five guesses that read nothing "
        f"{found['best_prior']['value']:.3f}",
    ]
    assert absent(expected, "README.md") == []


def test_the_page_of_the_literary_part_says_what_was_measured():
    measured = RECORD["literary"]
    counts, parts, pairs = measured["labels"], measured["parts"], measured["pairs"]
    (agreed,) = {p["agreed"] for p in measured["agreement"]["pairs"] if "reader" in (p["first"], p["second"])}
    hard = challenge_tags()
    challenge = parts["challenge"]["rows"] + sum(bool(hard & set(found.tags)) for found in rows_of_test())
    expected = [
        f"{measured['documents']} documents, {measured['sentences']:,} sentences, {measured['rows']:,} judged rows",
        f"{measured['rows']:,}: " + ", ".join(f"{counts[label]:,} {label}" for label in counts),
        f"({measured['basis']['real']} on real public events, {measured['basis']['fictional']} fictional)",
        f"{measured['targets']} and {measured['holders']:,}",
        f"{pairs['negation']} by a negation and {pairs['modal']} by a modal",
        f"{pairs['holder']} by the holder asked and {pairs['target']} by the target asked",
        f"distinct word trigrams are {measured['prose']['distinct_trigrams']:.1%} of all",
        f"reaches {max(measured['priors'].values()):.3f} macro-F1",
        f"reach {measured['bag_of_words']['macro_f1']:.3f} on validation",
        *(f"| `{tag}` | {rows} |" for tag, rows in measured["phenomena"].items()),
        *(f" | {parts[part]['documents']} | {parts[part]['rows']:,} |" for part in parts),
        f"agreed with the judges on {agreed}",
        f"did not all agree ({measured['agreement']['adjudicated']} rows)",
        f"({challenge} rows with them)",
        *(
            f"| {p['first']}, {p['second']} | {p['rows']:,} | {p['share']:.2%} | {p['kappa']:.3f} |"
            for p in measured["agreement"]["pairs"]
            if "reader" not in (p["first"], p["second"]) or p["first"] == "judge-1"
        ),
    ]
    assert absent(expected, "literary.md") == []


def test_agreement_by_phenomenon_is_as_the_page_says():
    by_tag = RECORD["literary"]["agreement"]["alpha_by_tag"]
    assert {by_tag[tag] for tag in negotiation.PHENOMENA} == {1.0, None}
    assert by_tag["modal"] < 1


def test_the_weakness_that_the_page_names_is_the_one_that_was_measured():
    text_only = json.loads((PROJECT / "docs" / "audit" / "negotiation.json").read_text())["text_only"]
    assert absent([score(text_only)], "literary.md") == []


def test_a_changed_number_is_named_with_its_place(tmp_path):
    record = tmp_path / "statistics.json"
    record.write_text(json.dumps({"news": {"rows": 1, "labels": {"favor": 2}}, "wire": {"rows": 5}}))
    now = {"news": {"rows": 1, "labels": {"favor": 3}, "words": 4}}
    assert changed(now, record) == [
        "news.labels.favor: recorded 2, now 3",
        "news.words: recorded None, now 4",
    ]
    record_numbers(now, record)
    assert changed(now, record) == []
    assert json.loads(record.read_text()) == now | {"wire": {"rows": 5}}


def test_without_the_collection_the_wire_is_not_measured_and_the_command_says_so(tmp_path, monkeypatch):
    sections = ("literary", "news", "bundled", "shortcuts", "silver")
    found = {name: {"rows": number} for number, name in enumerate(sections)}
    modules = {"literary": literary, "news": news, "bundled": together, "silver": silver}
    for name, module in modules.items():
        monkeypatch.setattr(module, "measure", lambda *_, name=name: found[name])
    monkeypatch.setattr(together, "shortcuts", lambda _: found["shortcuts"])
    monkeypatch.setattr(datasheet, "PROMISES", {name: {} for name in (*found, "wire")})
    record = tmp_path / "statistics.json"
    record.write_text(json.dumps({"documents": 1, "news": {"rows": 0}, "wire": {"rows": 7}}))
    said = run_here("check_corpus", f"folder={tmp_path}", f"texts={tmp_path / 'none'}", cwd=tmp_path, check=False)
    assert said.returncode == 1
    assert f"wire: not measured, for there is no Reuters-21578 in {tmp_path / 'none'}" in said.stdout
    assert "CHANGED news.rows: recorded 0, now 1" in said.stdout
    run_here("check_corpus", f"folder={tmp_path}", f"texts={tmp_path / 'none'}", "write=true", cwd=tmp_path)
    assert json.loads(record.read_text()) == found | {"wire": {"rows": 7}}


def test_what_a_sentence_asks_is_counted():
    rows = [
        row("a", "Both spoke.", "north", "talks", "favor"),
        row("a", "Both spoke.", "north", "strikes", "against"),
        row("a", "Both spoke.", "south", "talks", "against"),
        row("b", "Both spoke.", "north", "talks", "favor"),
        row("b", "Both spoke.", "north", "a truce", "favor"),
        row("c", "It rained.", "south", "talks", "neutral"),
    ]
    assert shape(rows) == {
        "sentences": 3,
        "unlike_holders": 1,
        "favor_beside_against": 1,
        "unlike_targets": 1,
        "quartets": 1,
        "background": 1,
        "opposite_pole": 1,
        "same_pole": 1,
    }


def test_rows_that_a_later_part_shares_are_counted_by_kind():
    learnt = [row("a", "The north welcomed the talks on the bridge.", "north", "talks", "favor")]
    later = [
        row("a", "It rained all day.", "north", "truce", "neutral"),
        row("b", "The north welcomed the talks on the bridges.", "north", "talks", "favor"),
    ]
    found = leaks({"train": learnt, "test": later})
    assert found == {"document": 1, "target": 1, "duplicate": 0, "near-duplicate": 1}


def test_how_the_rows_of_news_were_settled_is_counted(quay):
    judged = [{"id": name, "label": "neutral"} for name in ("q-01-1", "q-01-2", "q-02-1", "q-03-1")]
    write_lines(quay / "judgements" / "judge.jsonl", [judged[0] | {"note": "in doubt"}, *judged[1:]])
    found = news.measure(quay)
    assert found["judgement"] == {
        "doubts": {"writer": 0, "judge": 1},
        "differ": 1,
        "differ_by_brief": {"q": 1},
        "labels": {"neutral / favor": 1},
        "adjudicated": 1,
        "settled": {"writer": 1, "judge": 0, "neither": 0},
        "left_out": 0,
    }
    assert (found["rows"], found["sentences"], found["author_rows"], found["context_rows"]) == (4, 3, 1, 1)
    assert found["areas"]["sport"] == {
        "part": "test",
        "documents": 1,
        "rows": 1,
        "labels": {"against": 0, "neutral": 1, "favor": 0},
    }
    assert (found["genres"], found["saying"]) == ({"": 2, "wire": 1}, {"asked": 1})


@pytest.fixture
def seeds(tmp_path):
    """A copy of the corpus that can be spoilt."""
    for name in ("documents", "judgements"):
        shutil.copytree(SEEDS / name, tmp_path / name)
    for name in ("parts.json", "GUIDELINES.md"):
        shutil.copy(SEEDS / name, tmp_path / name)
    return tmp_path


def test_a_row_that_nobody_adjudicated_is_refused(seeds):
    path = seeds / "judgements" / "adjudicator.jsonl"
    differing = "otjivande-fuel-bank-v4"
    lines = [line for line in path.read_text().splitlines(keepends=True) if differing not in line]
    path.write_text("".join(lines))
    with pytest.raises(StanceError, match=f"1 rows are tied; found .*{differing}"):
        literary.measure(seeds)


def test_a_sentence_that_stands_in_two_documents_is_counted():
    sentences = [("The north welcomed the talks.", "a"), ("It rained all day.", "a"), ("it rained all day", "b")]
    found = prose(sentences)
    assert (found["duplicates"], found["near_duplicates"]) == (1, 0)
    assert (found["opening"], found["commonest_opening"]) == ("it rained all", 0.6667)
