"""A cascade: who answers which row, the threshold that keeps to its loss, and the way through the script."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import f1_score

from conftest import example, questions, run_here
from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.questions import Question
from stance.data.build import build_dataset
from stance.data.config import DataConfig, SplitConfig
from stance.data.seen import FILE, write_learnt
from stance.evaluation.evaluate import predict_examples
from stance.evaluation.metrics import document_weights
from stance.evaluation.shares import read_validation
from stance.inference.cascade import choose_threshold, losses, time_both
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.combined import Cascade
from stance.models.linear import ngram_svm
from stance.models.priors import Prior


class Says:
    """Always the same label, with a confidence that stands in the text; remembers what it was asked."""

    def __init__(self, label):
        self.label = LABELS.index(label)
        self.asked = []

    def predict_proba(self, questions):
        self.asked.append(list(questions))
        confidence = np.array([float(question.text) for question in questions])[:, None]
        return np.where(np.arange(3) == self.label, confidence, (1 - confidence) / 2)


def cascade_of(threshold):
    return Cascade(Says("favor"), Says("against"), threshold, {})


def test_each_row_is_answered_by_whom_it_should_be():
    """From the threshold on, itself included, the cheap one; the dear one is asked once, for the rest alone."""
    cascade = cascade_of(0.7)
    texts = ["0.5", "0.7", "0.9", "0.699999", "0.7"]
    asked = questions(texts, *([f"{name}{n}" for n in range(5)] for name in ("t", "h", "c")))
    probabilities = cascade.predict_proba(asked)
    assert [LABELS[i] for i in probabilities.argmax(axis=1)] == ["against", "favor", "favor", "against", "favor"]
    assert probabilities.max(axis=1) == pytest.approx([float(text) for text in texts])
    assert cascade.cheap.asked == [asked]
    assert cascade.dear.asked == [[asked[0], asked[3]]]
    assert cascade.answered == {"cheap": 3, "dear": 2}
    cascade.predict_proba(questions(["0.8"], ["t"]))
    assert len(cascade.dear.asked) == 1
    assert cascade.answered == {"cheap": 4, "dear": 2}


@pytest.mark.parametrize("kind", ["series", "array", "tuple", "generator", "arrow", "chunked arrow"])
def test_columns_of_a_table_are_lists_at_the_door(kind):
    """A column that was filtered or sorted knows its rows by another number than their place."""
    texts = ["0.5", "0.7", "0.9", "0.6"]
    make = {
        "series": lambda values: pd.Series(["x", *values[::-1]])[:0:-1],
        "array": np.array,
        "tuple": tuple,
        "generator": iter,
        "arrow": pa.array,
        "chunked arrow": lambda values: pa.chunked_array([values[:1], values[1:]]),
    }[kind]
    classifier = StanceClassifier(cascade_of(0.7), Card("cascade"))
    columns = texts, [f"t{n}" for n in range(4)], [f"h{n}" for n in range(4)], [f"c{n}" for n in range(4)]
    said = classifier.predict(*map(make, columns))
    assert [prediction.label for prediction in said] == ["against", "favor", "favor", "against"]
    dear = classifier.predictor.dear
    assert dear.asked == [[Question("0.5", "t0", "h0", "c0"), Question("0.6", "t3", "h3", "c3")]]
    for several in ({"a"}, {"a": "b"}, pd.DataFrame({"text": texts}), np.array([texts]), np.array("a"), 7):
        with pytest.raises(StanceError, match="texts: not one column; found "):
            classifier.predict(several, ["b"])


def test_what_is_no_probability_is_left_to_the_other():
    cascade = cascade_of(0.0)
    assert cascade.predict_proba(questions(["nan"], ["t"])).shape == (1, 3)
    assert cascade.answered == {"cheap": 0, "dear": 1}


@pytest.fixture(scope="module")
def drawn():
    """400 rows: gold labels, a cheap model that is right where it is sure, and a better one; many confidences tie."""
    generator = np.random.default_rng(5)
    gold = generator.integers(3, size=400)

    def model(accuracy):
        confidence = np.round(generator.uniform(0.4, 1, size=400), 2)
        right = generator.random(400) < accuracy(confidence)
        said = np.where(right, gold, (gold + 1) % 3)
        return np.where(np.arange(3) == said[:, None], confidence[:, None], (1 - confidence[:, None]) / 2)

    return gold, model(lambda confidence: confidence), model(lambda confidence: 0.85)


def macro_f1(gold, probabilities):
    return f1_score(gold, probabilities.argmax(axis=1), labels=[0, 1, 2], average="macro", zero_division=0)


def test_losses_are_those_of_the_cascades(drawn):
    gold, cheap, dear = drawn
    documents = np.arange(400) // 4
    confidences, lost = losses(gold, cheap, dear, documents, 10)
    assert np.array_equal(confidences, np.unique(cheap.max(axis=1))[::-1])
    times = document_weights(100, 10, 0)[7].astype(int)[documents]
    resampled = [np.repeat(of_rows, times, axis=0) for of_rows in (gold, cheap, dear)]
    for threshold, loss, in_seventh in zip(confidences, lost[0], lost[7], strict=True):
        g, c, d = resampled
        mixed = np.where(c.max(axis=1)[:, None] >= threshold, c, d)
        assert in_seventh == pytest.approx(macro_f1(g, d) - macro_f1(g, mixed))
        mixed = np.where(cheap.max(axis=1)[:, None] >= threshold, cheap, dear)
        assert loss == pytest.approx(macro_f1(gold, dear) - macro_f1(gold, mixed))


@pytest.mark.parametrize(("loss", "certainty"), [(0.0, 0.0), (0.002, 0.0), (0.002, 0.8), (0.02, 0.8), (0.9, 0.8)])
def test_the_threshold_is_the_lowest_that_loses_no_more_like_all_above_it(drawn, loss, certainty):
    confidences, lost = losses(*drawn, np.arange(400), 50)
    threshold = choose_threshold(confidences, lost, loss, certainty)
    answered = confidences >= threshold
    assert lost[0, answered].max() <= loss
    assert (lost[1:, answered] <= loss).mean(axis=0).min() >= certainty
    below = lost[:, ~answered][:, :1]
    assert loss == 0.9 or below[0] > loss or (below[1:] <= loss).mean() <= certainty
    assert threshold not in confidences  # between two of them: the last digit of a score decides nothing


def test_who_must_be_surer_answers_less(drawn):
    costs = losses(*drawn, np.arange(400), 50)
    asked = [choose_threshold(*costs, 0.01, certainty) for certainty in (0.0, 0.5, 0.9)]
    assert asked == sorted(asked)
    assert asked[0] < asked[-1]


def test_a_lucky_row_further_down_is_not_believed():
    """The whole list loses nothing, since the errors at its top and the gains at its end cancel out."""
    gold = np.array([0, 1, 2] * 4)
    confidence = np.linspace(0.9, 0.4, 12)
    cheap, dear = gold.copy(), gold.copy()
    cheap[3:6] = (gold[3:6] + 1) % 3
    dear[9:12] = (gold[9:12] + 1) % 3
    said = [np.where(np.arange(3) == labels[:, None], confidence[:, None], 0.05) for labels in (cheap, dear)]
    confidences, lost = losses(gold, *said, np.arange(12), 10)
    assert lost[0, -1] == pytest.approx(0)
    assert (confidence >= choose_threshold(confidences, lost, 0.002, 0.0)).sum() == 3


def test_a_hopeless_cheap_model_gets_no_threshold(drawn):
    gold, cheap, dear = drawn
    costs = losses(gold, np.roll(cheap, 1, axis=1), dear, np.arange(400), 10)
    assert choose_threshold(*costs, 0.002, 0.8) is None


@pytest.fixture(scope="module")
def made(tmp_path_factory, readable_annotations):
    """A corpus, and checkpoints trained on it: n-grams of half the rows and of all, a prior, a stranger."""
    folder = tmp_path_factory.mktemp("home")
    write_annotations(folder / "votes.jsonl", readable_annotations)
    data = DataConfig(name="mine", reader="annotations", root=str(folder), path="votes.jsonl")
    splits, record, _ = build_dataset(folder / "outputs", data, SplitConfig(by="document"))
    about = {"name": record.name, "fingerprint": record.fingerprint}
    train, validation = splits["train"], splits["validation"]
    ngrams = ngram_svm(train, validation)
    models = {"cheap": ngram_svm(train[::2], validation), "dear": ngrams, "prior": Prior.fit("majority", train)}
    for name, model in models.items():
        kind = "prior" if name == "prior" else "tfidf"
        StanceClassifier(model, Card(kind, about)).save_pretrained(folder / name)
    StanceClassifier(ngrams, Card("tfidf", about | {"fingerprint": "another"})).save_pretrained(folder / "other")
    return folder, splits


@pytest.fixture
def home(made, monkeypatch):
    """The folder to work in and the parts of its corpus."""
    monkeypatch.chdir(made[0])
    return made


DATA = ("data=annotations", "data.name=mine", "data.root=.", "data.path=votes.jsonl", "split=document", "bootstrap=20")


def clock(monkeypatch, cascade, dear):
    """Every turn of the cascade takes so many seconds, and every turn of the dear model."""
    ticks = itertools.accumulate(itertools.cycle([0, cascade, 0, dear]))
    monkeypatch.setattr("stance.inference.cascade.time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))


def test_from_the_script_to_a_scored_file(home, monkeypatch):
    folder, splits = home
    clock(monkeypatch, cascade=1, dear=3)
    arguments = ("cheap=cheap", "checkpoint=dear", "output=both", "loss=0.2", "certainty=0.5", *DATA)
    printed = run_here("cascade", *arguments, cwd=folder).stdout
    report = json.loads((folder / "both" / "report.json").read_text())
    assert report["saving"]["ratio"] == 3
    assert "speed: 3.00 times that of dear alone" in printed
    assert report["parts"]["validation"]["lost"]["value"] <= 0.2
    assert 0 < report["parts"]["validation"]["share"] < 1

    whole = StanceClassifier.from_pretrained("both")
    test = splits["test"]
    cheap, dear, both = (
        predict_examples(model.predictor, test)
        for model in (*map(StanceClassifier.from_pretrained, ("cheap", "dear")), whole)
    )
    sure = [max(said.scores.values()) >= report["threshold"] for said in cheap]
    assert both == [c if s else d for c, d, s in zip(cheap, dear, sure, strict=True)]
    found = report["parts"]["test"]
    assert (found["n"], found["share"]) == (len(test), pytest.approx(np.mean(sure)))
    assert found["lost"]["value"] == pytest.approx(found["macro_f1"]["dear"] - found["macro_f1"]["cascade"])
    gold = [LABELS.index(row.label) for row in test]
    for name, said in (("cheap", cheap), ("dear", dear), ("cascade", both)):
        labels = [LABELS.index(p.label) for p in said]
        expected = f1_score(gold, labels, labels=[0, 1, 2], average="macro", zero_division=0)
        assert found["macro_f1"][name] == pytest.approx(expected)
    assert whole.card.thresholds[-1].rows == len(read_validation(folder / "both").labels) == len(splits["validation"])

    (folder / "in.csv").write_text("text,target\n" + "".join(f'"{row.text}","{row.target}"\n' for row in test))
    printed = run_here("predict", "checkpoint=both", "input=in.csv", "output=out.csv", cwd=folder).stdout
    assert f"of {len(test)} rows scored just now answered by the cheap model alone" in printed


def test_it_is_told_that_a_member_learnt_from_the_rows_that_it_is_measured_on(home, monkeypatch):
    folder, splits = home
    clock(monkeypatch, cascade=1, dear=3)
    write_learnt(folder / "dear", [row.text for row in splits["test"]], [])
    done = run_here(
        "cascade", "cheap=cheap", "checkpoint=dear", "output=seen", "loss=0.2", "certainty=0.5", *DATA, cwd=folder
    )
    (folder / "dear" / FILE).unlink()
    assert "rows have a text that the checkpoint learnt from" in done.stdout


REFUSED = {
    "hopeless": (("cheap=prior", "loss=0"), "prior: no threshold: even where it is surest it loses more"),
    "slow": (
        ("cheap=cheap", "loss=0.2", "certainty=0.5", "rows=5"),
        "a cascade with it takes 2.00 times as long as dear alone",
    ),
    "other data": (("cheap=other",), "other: trained on other data, or on another division of it"),
    "in the way": (("cheap=cheap", "output=dear"), "dear: something else is there"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_without_use_nothing_is_written(home, monkeypatch, case):
    folder, _ = home
    arguments, message = REFUSED[case]
    clock(monkeypatch, cascade=2, dear=1)
    before = (folder / "dear" / "stance.json").read_bytes()
    done = run_here("cascade", "checkpoint=dear", "output=none", *DATA, *arguments, cwd=folder, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (folder / "none").exists()
    assert (folder / "dear" / "stance.json").read_bytes() == before


def test_both_are_timed_on_the_same_rows_in_turn(monkeypatch):
    cascade = cascade_of(0.7)
    clock(monkeypatch, cascade=1, dear=4)
    rows = [example(number, text=f"0.{number + 4}5") for number in range(6)]
    saving = time_both(cascade, rows, rows=4, repeats=3)
    assert (saving["rows"], saving["repeats"], saving["ratio"]) == (4, 3, 4.0)
    asked = cascade.cheap.asked
    assert len(asked) == 3
    assert asked[0] == asked[1] == asked[2]
    alone = [rows for rows in cascade.dear.asked if len(rows) == 4]
    assert alone == asked
    assert saving["share"] == pytest.approx(np.mean([float(question.text) >= 0.7 for question in asked[0]]))
