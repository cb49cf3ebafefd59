"""The bundled corpus keeps its promises, and its data statement says what the files say."""

from __future__ import annotations

import json
import shutil

import pytest
from hydra import compose, initialize_config_dir

from conftest import PROJECT
from stance.agreement import aggregate
from stance.config import register, typed
from stance.datasheet import PROMISES, changed, measure_corpus, prose
from stance.errors import StanceError
from stance.readers import negotiation

JUDGES = ["judge-1", "judge-2", "adjudicator"]


def challenge_tags() -> set[str]:
    register()
    with initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
        return set(typed(compose("build_dataset")).split.challenge)


def rows_of_test():
    corpus = negotiation.read(PROJECT / "seeds", JUDGES)
    examples = aggregate(corpus.annotations, corpus.adjudicator).examples
    return [example for example in examples if corpus.parts[example.id] == "test"]


@pytest.fixture(scope="module")
def measured():
    return json.loads(json.dumps(measure_corpus(PROJECT / "seeds")))


def test_the_corpus_keeps_its_promises(measured):
    assert [promise for promise, keeps in PROMISES.items() if not keeps(measured)] == []


def test_a_broken_promise_is_noticed(measured):
    assert not PROMISES["at least 3,000 judged rows"](measured | {"rows": 2999})
    assert not PROMISES["at least 60 rows for each phenomenon"](measured | {"phenomena": {"plain": 900}})
    assert not PROMISES["best prior below 0.45 macro-F1 on test"](measured | {"priors": {"holder": 0.46}})
    assert not PROMISES["no duplicates or near-duplicates between documents"](
        measured | {"prose": measured["prose"] | {"duplicates": 1}}
    )
    assert not PROMISES["every row judged by two blind judges"](measured | {"agreement": {"pairs": []}})


def test_the_data_statements_numbers_are_those_of_the_files(measured):
    assert changed(measured, PROJECT / "seeds" / "statistics.json") == []
    statement = (PROJECT / "seeds" / "README.md").read_text()
    counts, parts, pairs = measured["labels"], measured["parts"], measured["pairs"]
    (agreed,) = {p["agreed"] for p in measured["agreement"]["pairs"] if "reader" in (p["first"], p["second"])}
    hard = challenge_tags()
    challenge = parts["challenge"]["rows"] + sum(bool(hard & set(row.tags)) for row in rows_of_test())
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
    assert [text for text in expected if text not in statement] == []


def test_agreement_by_phenomenon_is_as_the_data_statement_says(measured):
    by_tag = measured["agreement"]["alpha_by_tag"]
    assert {by_tag[tag] for tag in negotiation.PHENOMENA} == {1.0, None}
    assert by_tag["modal"] < 1


def test_the_weakness_that_the_data_statement_names_is_the_one_that_was_measured():
    text_only = json.loads((PROJECT / "docs" / "audit" / "negotiation.json").read_text())["text_only"]
    shown = f"{text_only['value']:.3f} [{text_only['low']:.3f}, {text_only['high']:.3f}]"
    assert shown in (PROJECT / "seeds" / "README.md").read_text()


def test_a_changed_number_is_named(measured, tmp_path):
    record = tmp_path / "statistics.json"
    record.write_text(json.dumps(measured | {"rows": 1}))
    assert changed(measured, record) == [f"rows: recorded 1, now {measured['rows']}"]


@pytest.fixture
def seeds(tmp_path):
    """A copy of the corpus that can be spoilt."""
    for name in ("documents", "judgements"):
        shutil.copytree(PROJECT / "seeds" / name, tmp_path / name)
    for name in ("parts.json", "GUIDELINES.md"):
        shutil.copy(PROJECT / "seeds" / name, tmp_path / name)
    return tmp_path


def test_a_row_that_nobody_adjudicated_is_refused(seeds):
    path = seeds / "judgements" / "adjudicator.jsonl"
    differing = "otjivande-fuel-bank-v4"
    lines = [line for line in path.read_text().splitlines(keepends=True) if differing not in line]
    path.write_text("".join(lines))
    with pytest.raises(StanceError, match=f"1 rows are tied; found .*{differing}"):
        measure_corpus(seeds)


def test_a_sentence_that_stands_in_two_documents_is_counted(seeds):
    first, second = sorted((seeds / "documents").glob("*.json"))[:2]
    content = json.loads(second.read_text())
    content["sentences"].append(json.loads(first.read_text())["sentences"][0])
    second.write_text(json.dumps(content))
    documents, _ = negotiation.read_documents(seeds)
    assert prose(documents)["duplicates"] == 1
