"""Load: files, targets, documents and reports far larger than anybody's; memory is flat and time linear.

STORM_ROWS=10000000 python -m pytest -m slow tests/storm/test_load.py
"""

from __future__ import annotations

import json
import resource
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from bounds import ROWS, seconds_left, share  # noqa: F401
from forked import run, warm
from made import checkpoints  # noqa: F401
from odd import within

from browser import in_browser
from conftest import example
from stance.base.labels import LABELS
from stance.base.predictions import Prediction
from stance.data.splits import find_leaks, split_examples
from stance.evaluation.evaluate import evaluate

pytestmark = pytest.mark.slow

#: MiB that the process may grow by after a tenth of the rows.
MORE = 100


def large(number: int, targets: int, per_document: int):
    """A row with words of its own."""
    draw = np.random.default_rng(number)
    words = " ".join(f"w{word}" for word in draw.integers(0, 50_000, 12))
    target, document = number % targets, number // per_document
    values = {"target": f"sign accord {target}", "document": f"d{document}", "text": f"{words} on accord {target}."}
    return example(number, LABELS[int(draw.integers(0, 3))], **values)


def write_rows(path: Path, rows: int) -> None:
    """Rows of which no two are alike."""
    with path.open("w", encoding="utf-8") as lines:
        lines.write("text,target,holder,id\n")
        for number in range(rows):
            place, target = number % 7919, number % 1009
            said = f"In session {number % 99991} the elders of place {place} accepted draft {number}."
            lines.write(f"{said},open crossing {target},place {place},{number}\n")


def test_memory_is_flat_and_time_linear(checkpoints, tmp_path, capsys):  # noqa: F811
    """Where the time of the test ends first, of the rows that were scored."""
    warm()
    write_rows(tmp_path / "in.csv", ROWS)
    progress = tmp_path / "out.csv.partial" / "progress.json"
    begun, seen, end = time.monotonic(), [], seconds_left()

    def watch(child: int) -> bool:
        if progress.exists():
            rows = json.loads(progress.read_text())["state"].get("rows", 0)
            if rows >= ROWS * (len(seen) + 1) // 20:
                memory = int(Path(f"/proc/{child}/statm").read_text().split()[1]) * resource.getpagesize()
                seen.append((rows, time.monotonic() - begun, memory / 2**20))
        return time.monotonic() - begun > end

    said = (f"checkpoint={checkpoints['tfidf']}", "input=in.csv", "output=out.csv")
    done = run("predict", *said, cwd=tmp_path, patience=float("inf"), watch=watch)
    if time.monotonic() - begun <= end:
        assert done.code == 0, done.told
        with (tmp_path / "out.csv").open("rb") as lines:
            assert sum(1 for _ in lines) == ROWS + 1
    else:
        warnings.warn(f"STORM_MINUTES were over after some {seen[-1][0]:,} of {ROWS:,} rows", stacklevel=1)
    for path in (tmp_path / "in.csv", tmp_path / "out.csv"):
        path.unlink(missing_ok=True)
    with capsys.disabled():
        print(f"\n{done.seconds:.0f} s, {done.peak / 2**20:,.0f} MiB at most")
        for rows, seconds, memory in seen:
            print(f"{rows:,} rows: {seconds:.0f} s, {rows / seconds:,.0f} rows/s, {memory:,.0f} MiB")
    tenth, half, last = seen[1], seen[len(seen) // 2], seen[-1]
    assert last[2] - tenth[2] < MORE, seen
    speeds = [(after[0] - before[0]) / (after[1] - before[1]) for before, after in ((tenth, half), (half, last))]
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


#: What a page of many rows does: how long it takes to be there, and to narrow its rows to a few.
PROBE = """
const trouble = [];
for (const kind of ["error", "unhandledrejection", "securitypolicyviolation"])
  window.addEventListener(kind, (event) => trouble.push(`${kind}: ${event.message ?? event.violatedDirective}`));
window.addEventListener("load", () => {
  const form = document.getElementById("filters"), body = document.getElementById("rows-table").tBodies[0];
  const ready = performance.now();
  form.elements.search.value = "accord 49";
  form.elements.search.dispatchEvent(new Event("input", { bubbles: true }));
  const found = { rows: body.rows.length, narrowed: [...body.rows].filter((row) => !row.hidden).length, trouble };
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify({ ...found, ready, searched: performance.now() - ready });
  document.body.append(result);
});
"""


def test_a_report_of_100_000_rows(tmp_path):
    """The page stays one that a browser opens, and says what it leaves out."""
    from test_report import report_of

    from stance.reporting.page import MOST_ROWS, page, page_rows

    rows = [large(number, 50, 20) for number in range(100_000)]
    predictions = [Prediction(row.label, dict.fromkeys(LABELS, 0.2) | {row.label: 0.6}) for row in rows]
    begun = time.monotonic()
    with within(600):
        html = page(report_of(rows, predictions), page_rows(rows, predictions))
    made = time.monotonic() - begun
    assert html.count('<tr id="row-') == MOST_ROWS
    assert f"{100_000:,}" in html
    assert len(html) < 20 * 2**20
    begun = time.monotonic()
    found = in_browser(html, PROBE, tmp_path)
    print(f"{len(html.encode()):,} bytes made in {made:.0f} s; a browser took {time.monotonic() - begun:.1f} s", found)
    assert not found["trouble"]
    assert found["rows"] == MOST_ROWS
    assert 0 < found["narrowed"] < MOST_ROWS
