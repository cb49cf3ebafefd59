"""annotators, suspects and mistakes as a user runs them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from conftest import run_here
from stance.base.annotations import write_annotations
from stance.base.labels import LABELS
from stance.base.predictions import Prediction, write_predictions
from stance.data.agreement import aggregate
from stance.data.build import divide
from stance.data.config import DataConfig, SplitConfig
from stance.data.read import read_corpus
from stance.evaluation.metrics import in_words


@pytest.fixture(scope="module")
def home(tmp_path_factory, readable_annotations):
    """A folder with the judgements of three who err at random, and a model's predictions of the train part."""
    folder = tmp_path_factory.mktemp("home")
    generator = np.random.default_rng(0)
    votes = [
        replace(row, annotator=name, label=LABELS[(LABELS.index(row.label) + int(generator.random() < 0.2)) % 3])
        for row in readable_annotations
        for name in ("ann", "ben", "cy")
    ]
    write_annotations(folder / "votes.jsonl", votes)
    data = DataConfig(name="annotations", reader="annotations", root=str(folder), path="votes.jsonl")
    train = divide(read_corpus(data), data, SplitConfig(by="document"))[0]["train"]
    sure = [Prediction(e.label, {name: float(name == e.label) for name in LABELS}) for e in train]
    sure[0] = Prediction(LABELS[LABELS.index(train[0].label) - 1], {"against": 0.4, "neutral": 0.3, "favor": 0.3})
    write_predictions(folder / "said.jsonl", [e.id for e in train], sure)
    file = ("data=annotations", "data.path=votes.jsonl")
    part = ("split=document", "part=train", "predictions=said.jsonl", "bootstrap=50")
    scripts = {"annotators": part, "suspects": ("folds=3",), "mistakes": part}
    printed = [run_here(name, *file, *said, cwd=folder).stdout for name, said in scripts.items()]
    return folder, "".join(printed), votes, train


def test_annotators_puts_a_model_beside_one_of_them(home):
    folder, printed, _, train = home
    found = json.loads((folder / "outputs" / "annotators" / "annotations.json").read_text())
    assert (found["of"], found["part"], len(found["data"]["fingerprint"])) == ("said.jsonl", "train", 64)
    for level in ("nominal", "ordinal"):
        assert found["alpha"][level]["low"] < found["alpha"][level]["value"] < found["alpha"][level]["high"]
    best = found["ceiling"]
    assert best["judgements"] + best["ties"] == 3 * len(train)
    scores = f"| accuracy | {in_words(best['annotator']['accuracy'])} | {in_words(best['model']['accuracy'])} |"
    assert scores in printed
    assert f"model minus annotator: {in_words(best['difference'], sign='+')} macro_f1" in printed


def test_suspects_are_in_a_file_to_look_at(home):
    folder, printed, votes, _ = home
    with (folder / "outputs" / "suspects" / "annotations.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert rows
    by_id = {example.id: example for example in aggregate(votes).examples}
    assert f"{len(rows)} of {len(by_id)} rows; outputs/suspects/annotations.csv" in printed
    assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        example = by_id[row["id"]]
        assert (row["text"], row["holder"], row["label"]) == (example.text, example.holder, example.label)
        assert row["suggested"] != row["label"]
        assert float(row["confidence"]) <= float(row["suggested_confidence"])
        assert tuple(int(row[label]) for label in LABELS) == example.votes
        lines = [n for n, vote in enumerate(votes, start=1) if vote.id == row["id"]]
        assert row["place"] == "; ".join(f"votes.jsonl, line {n}" for n in lines)


def test_mistakes_have_a_page_and_its_numbers(home):
    folder, printed, _, train = home
    found = json.loads((folder / "outputs" / "mistakes" / "annotations.train.json").read_text())
    assert (found["n"], found["wrong"]) == (len(train), 1)
    assert found["confident"][0]["id"] == train[0].id
    page = (folder / "outputs" / "mistakes" / "annotations.train.md").read_text()
    assert page.startswith("# Mistakes on annotations, train\n\n1 of ")
    assert page.partition("\n\n")[2] in printed
