"""The audit counts what is planted, and its page holds every corpus."""

from __future__ import annotations

import json

import pytest

from conftest import PROJECT, example, run_here, write_lines
from stance.base.labels import LABELS
from stance.data import duplicates
from stance.data.config import DataConfig, SplitConfig
from stance.evaluation.audit import audit, audit_corpus, audit_page
from stance.evaluation.config import AuditConfig

WORDS = ("mill", "road", "port", "well", "dike", "barn", "quay", "lock", "ford", "weir", "kiln", "loom")


def row(number, **changes):
    """Unlike sentences, one document each, six targets."""
    text = f"The {WORDS[number % 12]} of {number * 7919} {WORDS[number // 12 % 12]}s stood by {WORDS[number % 7]}."
    values = {"text": text, "document": f"d{number}", "target": f"t{number % 6}", "holder": f"h{number}"}
    return example(number, **({"label": LABELS[number % 3]} | values | changes))


@pytest.fixture
def splits():
    train = [row(i) for i in range(60)]
    train.append(row(100, text=train[0].text.upper(), target="t0", holder="h0"))  # repeats, with another label
    train.append(row(101, text=train[1].text, target="t1", holder="h1", label=train[1].label))
    validation = [row(i) for i in range(60, 75)]
    test = [row(i, target="new") for i in range(75, 90)]
    test += [row(102, document="d3", target="t4"), row(103, text=train[5].text, target="new")]
    return {"train": train, "validation": validation, "test": test}


def test_what_repeats_conflicts_and_is_shared(splits):
    found = audit(splits, samples=20)
    train = found["parts"]["train"]
    assert (train["rows"], train["repeat"], train["conflict"]) == (62, 2, 1)
    assert found["parts"]["validation"]["repeat"] == 0
    assert found["shared"] == {"document": 1, "target": 1, "duplicate": 1}
    assert train["near_duplicates"] == 0


def test_a_text_that_tells_the_label_is_found_out_and_a_target_prior_too():
    """Labels follow the target alone: a prior by target is perfect, and the text says nothing."""
    parts = {"train": range(60), "validation": range(60, 72), "test": range(72, 90)}
    splits = {
        part: [row(i, label=LABELS[i % 3], target=f"t{i % 3}", text=f"Number {i * 31} spoke.") for i in numbers]
        for part, numbers in parts.items()
    }
    found = audit(splits, samples=20)
    assert found["priors"]["target"] == 1
    assert found["priors"]["majority"] < 0.4
    assert found["text_only"]["value"] < 0.8


def test_the_page_holds_every_corpus_that_was_audited(tmp_path, readable_annotations, caplog):
    rows = [
        {"text": a.text, "label": a.label, "target": a.target, "document": a.document, "holder": a.holder}
        for a in readable_annotations
    ]
    write_lines(tmp_path / "mine.jsonl", rows)
    command = ("audit", "data=table", "data.path=mine.jsonl", "split=document", "folder=audit", "bootstrap=20")
    done = run_here(*command, "name=two", cwd=tmp_path)
    assert "numbers: audit/two.json   page: audit.md" in done.stdout
    data = DataConfig(name="table", reader="table", root=str(tmp_path), path="mine.jsonl")
    split = SplitConfig(by="document", seed=1)
    (tmp_path / "audit" / "said.metrics.json").write_text('{"name": "said"}')
    (tmp_path / "audit" / "torn.json").write_text("{")
    audit_corpus(AuditConfig(name="one", data=data, split=split, folder=str(tmp_path / "audit"), bootstrap=20))
    assert "no audits, and not on the page: said.metrics.json, torn.json" in caplog.text
    page = (tmp_path / "audit.md").read_text().splitlines()
    assert [line.split(" | ")[0] for line in page if line.startswith(("| one", "| two"))] == ["| one", "| two"] * 2
    found = json.loads((tmp_path / "audit" / "one.json").read_text())
    assert found["parts"]["train"]["repeat"] == 0
    assert set(found["priors"]) == {"majority", "stratified", "target", "holder", "holder_target"}


def test_the_share_of_near_duplicates_that_is_missed_is_told():
    bands, values = duplicates._bands()
    missed = [(1 - similarity**values) ** bands for similarity in (0.8, 0.85, 0.9)]
    told = "{:.0%} of the pairs at 0.80, {:.1%} at 0.85, {:.1%} at 0.90".format(*missed)
    for page in ((PROJECT / "docs/audit.md").read_text(encoding="utf-8"), audit_page([])):
        assert f"MinHash looks for these, and misses {told}." in " ".join(page.split())
