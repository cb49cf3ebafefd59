"""The benchmark of training speed, on a few rows and a tiny encoder: what it records, and that it goes on."""

from __future__ import annotations

import runpy
import sys

import pytest

from conftest import PROJECT, example
from stance.base.files import read_json
from stance.base.labels import LABELS

FOLDER = PROJECT / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name):
        return runpy.run_path(str(FOLDER / f"{name}.py"))

    return load


def test_the_summary_compares_with_the_first_system_over_the_seeds_of_both(benchmark):
    training = benchmark("training")
    rows = [example(number, LABELS[number % 3]) for number in range(12)]
    gold = [row.label for row in rows]
    wrong = [LABELS[(LABELS.index(label) + 1) % 3] for label in gold]

    def run(system, seed, seconds, labels):
        times = {"total": seconds, training["TOTAL_CPU"]: seconds / 2, "loading": 1.0}
        return {"system": system, "seed": seed, "seconds": times, "labels": labels}

    runs = [
        run("stock", 0, 100.0, gold),
        run("fast", 0, 20.0, gold),
        run("fast", 1, 30.0, wrong),
    ]
    found = training["summarize"](runs, rows)
    assert list(found) == ["stock", "fast"]
    assert found["stock"]["macro_f1"] == {"value": 1.0, "low": pytest.approx(0.67, abs=0.35), "high": 1.0}
    assert found["fast"]["seconds"]["total"] == 25.0
    assert found["fast"]["macro_f1"]["value"] == 0.5
    assert found["fast"]["share"] == {"total": 0.2, training["TOTAL_CPU"]: 0.2}
    assert found["fast"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert "share" not in found["stock"]


def test_a_training_is_measured_once_and_the_table_shows_it(benchmark, tmp_path, tiny_encoder, monkeypatch):
    training = benchmark("training")
    inside = training["main"].__globals__
    monkeypatch.setitem(inside, "encoder_location", lambda name: str(tiny_encoder))
    monkeypatch.setattr("stance.models.encoding.encoder_location", lambda name: str(tiny_encoder))
    original = inside["configuration"]

    def tiny(*args):
        config = original(*args)
        config.model.frozen_layers = 1
        return config

    monkeypatch.setitem(inside, "configuration", tiny)
    said = f"--seeds 0 --epochs 1 --rows 24 --systems stock_dynamic,fast --outputs {tmp_path} --out {tmp_path}"
    monkeypatch.setattr(sys, "argv", ["training.py", *said.split()])
    training["main"]()
    record = read_json(tmp_path / "training.json")
    assert list(record["systems"]) == ["stock_dynamic", "fast"]
    for run in record["runs"]:
        parts = [value for name, value in run["seconds"].items() if not name.startswith("total")]
        assert sum(parts) == pytest.approx(run["seconds"]["total"], abs=0.1)
        assert min(parts) >= 0
        assert len(run["macro_f1_by_epoch"]) == 1
    assert record["runs"][1]["options"]["bf16"] is True
    assert record["runs"][1]["macro_f1"] == pytest.approx(record["runs"][1]["macro_f1_by_epoch"][0], abs=0.1)
    assert "| fast | model=minilm trainer=fast | 0 |" in (tmp_path / "training.md").read_text()

    def never(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setitem(inside, "run", never)
    training["main"]()
    assert read_json(tmp_path / "training.json")["runs"] == record["runs"]


def test_the_page_of_the_profile_says_what_was_measured(benchmark, tmp_path):
    profile = benchmark("training_profile")
    kinds = dict.fromkeys((*profile["KINDS"], "other operations"), 1 / (len(profile["KINDS"]) + 1))
    variants = {
        name: {"first_step": 40.0, "step": 8.0 / 2**number, "padding": 0.5}
        | {"batches": 10, "kinds": kinds, "evaluation": 4.0, "checkpoint": 1.0, "tokenizing": 0.8}
        for number, name in enumerate(profile["VARIANTS"])
    }
    record = {
        "command": "python benchmarks/training_profile.py",
        "rows": 160,
        "validation_rows": 40,
        "steps": 3,
        "epochs": 8,
        "batch_seconds": 0.002,
        "variants": variants,
        "machine": {"processor": "a processor", "threads": 1},
    }
    assert sum(profile["epoch"](record, "stock").values()) == pytest.approx(10 * 8.0 + 4 + 1 + 0.1)
    text = profile["page"](record)
    assert "| fast | bfloat16 (`trainer=fast`) | 0.500 | 16.0 | 50.0% |" in text
    assert "a step is 8.00 times as fast, after a first one of 40 s" in text
    profile["draw"](record, tmp_path / "a.svg")
    profile["draw"](record, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "85 s" in (tmp_path / "a.svg").read_text()
