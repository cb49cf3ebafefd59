"""Load: files, targets, documents and reports far larger than anybody's; memory is flat and time linear.

python -m pytest -m slow tests/storm/test_load.py      STORM_ROWS=100000,200000,400000 (or 10000000) are scored
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter

import numpy as np
import pytest
from forked import run, warm
from made import checkpoints  # noqa: F401
from odd import within

from conftest import example
from stance.base.labels import LABELS
from stance.base.predictions import Prediction
from stance.data.splits import find_leaks, split_examples
from stance.evaluation.evaluate import evaluate

pytestmark = pytest.mark.slow

#: Rows of the files that are scored, the smaller first.
ROWS = [int(number) for number in os.environ.get("STORM_ROWS", "100000,200000,400000").split(",")]

#: MiB that the largest file may take more than the smallest.
MORE = 100


def large(number: int, targets: int, per_document: int):
    """A row with words of its own."""
    draw = np.random.default_rng(number)
    words = " ".join(f"w{word}" for word in draw.integers(0, 50_000, 12))
    target, document = number % targets, number // per_document
    values = {"target": f"sign accord {target}", "document": f"d{document}", "text": f"{words} on accord {target}."}
    return example(number, LABELS[int(draw.integers(0, 3))], **values)


def test_memory_is_flat_and_time_linear(checkpoints, tmp_path, capsys):  # noqa: F811
    warm()
    seen = []
    for rows in ROWS:
        with (tmp_path / "in.jsonl").open("w") as lines:
            for number in range(rows):
                text = f"In session {number % 99991} the elders of place {number % 7919} accepted draft {number}."
                row = {"text": text, "target": f"open crossing {number % 1009}", "holder": f"place {number % 7919}"}
                lines.write(json.dumps(row) + "\n")
        done = run(
            "predict",
            *(f"checkpoint={checkpoints['tfidf']}", "input=in.jsonl", "output=out.csv"),
            cwd=tmp_path,
            patience=36_000,
        )
        assert done.code == 0, done.told
        with (tmp_path / "out.csv").open("rb") as lines:
            assert sum(1 for _ in lines) == rows + 1
        (tmp_path / "out.csv").unlink()
        seen.append((rows, done.seconds, done.peak / 2**20))
        with capsys.disabled():
            print(f"\n{rows:,} rows: {done.seconds:.0f} s, {rows / done.seconds:,.0f} rows/s, {seen[-1][2]:,.0f} MiB")
    assert seen[-1][2] - seen[0][2] < MORE, seen
    if len(seen) > 1:
        speeds = [rows / seconds for rows, seconds, _ in seen]
        assert min(speeds) > 0.5 * max(speeds), seen


@pytest.mark.parametrize(
    ("rows", "targets", "per_document", "by"), [(20_000, 10_000, 2, "target"), (60_000, 300, 1, "document")]
)
def test_many_targets_and_documents(rows, targets, per_document, by):
    """10,000 targets and 50,000 documents and more: divided, looked through for leaks and evaluated."""
    examples = [large(number, targets, per_document) for number in range(rows)]
    begun = time.monotonic()
    with within(600):
        splits = split_examples(examples, by, validation=0.1, test=0.2, seed=0)
        assert sum(map(len, splits.values())) == rows
        leaks = Counter(leak.kind for leak in find_leaks(splits, by))
        assert not leaks, leaks
        test = splits["test"]
        said = evaluate(test, [row.label for row in test], splits["train"], samples=20)
    assert said.n == len(test)
    print(f"{rows:,} rows, {targets:,} targets: {time.monotonic() - begun:.0f} s")


def test_a_report_of_100_000_rows(tmp_path):
    """The page stays one that a browser opens, and says what it leaves out."""
    from test_report import report_of

    from stance.reporting.page import MOST_ROWS, page, page_rows

    few = [large(number, 50, 20) for number in range(400)]
    rows = [large(number, 50, 20) for number in range(100_000)]
    predictions = [Prediction(row.label, dict.fromkeys(LABELS, 0.2) | {row.label: 0.6}) for row in rows]
    report = report_of(few, predictions[:400])
    with within(120):
        html = page(report, page_rows(rows, predictions))
    assert html.count('<tr id="row-') == MOST_ROWS
    assert f"{100_000:,}" in html
    assert len(html) < 20 * 2**20
