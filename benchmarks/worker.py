"""One measurement in a process of its own: python benchmarks/worker.py JOB.json (throughput.py starts it).

The job says what is measured; the result goes into the file that it names.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from flops import Batches, encoder_flops
from stance.base.errors import StanceError
from stance.base.files import read_json, write_json
from stance.base.questions import Question

#: Text, target, holder.
Row = tuple[str, str, str]

#: Rows to labels.
Ask = Callable[[Sequence[Row]], list[str]]

#: Sizes of the square matrix products.
SQUARES = (1024, 1536, 2048)

#: Rows that are asked before the clock starts.
WARM = 64


def _pipeline(folder: Path, *, batch: int) -> Ask:
    from transformers import pipeline

    from stance.models.card import read_card

    form = read_card(folder).input_format
    plain = pipeline("text-classification", model=str(folder), device="cpu")

    def ask(rows: Sequence[Row]) -> list[str]:
        pairs = [form.pair(Question(*row)) for row in rows]
        inputs = [{"text": first, "text_pair": second} for first, second in pairs]
        found = plain(inputs, batch_size=batch, truncation="only_first", max_length=form.max_length)
        return [each["label"] for each in found]

    return ask


def _cross_encoder(folder: Path) -> Ask:
    from sentence_transformers import CrossEncoder

    from stance.base.labels import LABELS
    from stance.models.card import read_card

    form = read_card(folder).input_format
    model = CrossEncoder(str(folder), max_length=form.max_length, device="cpu", local_files_only=True)

    def ask(rows: Sequence[Row]) -> list[str]:
        scores = model.predict([form.pair(Question(*row)) for row in rows], batch_size=32, show_progress_bar=False)
        return [LABELS[int(index)] for index in np.argmax(scores, axis=1)]

    return ask


def _ours(folder: Path, *, runtime: str = "torch") -> Ask:
    """A checkpoint through the toolkit's own door."""
    from stance.models.classifier import StanceClassifier

    classifier = StanceClassifier.from_pretrained(folder, runtime)

    def ask(rows: Sequence[Row]) -> list[str]:
        texts, targets, holders = (list(column) for column in zip(*rows, strict=True))
        return [prediction.label for prediction in classifier.predict(texts, targets, holders)]

    return ask


@dataclass(frozen=True, slots=True)
class System:
    """One way from rows to labels.

    Attributes:
        says: What it is, for the page.
        load: Makes it ready from a checkpoint folder.
        checkpoint: The option of the command that names the folder.
        share: Of the rows that it is timed on, a random sample: below 1 for what would take too long.
    """

    says: str
    load: Callable[[Path], Ask]
    checkpoint: str = "checkpoint"
    share: float = 1.0


SYSTEMS: dict[str, System] = {
    "pipeline-1": System("`transformers.pipeline`, a row at a time", partial(_pipeline, batch=1), share=0.1),
    "pipeline-32": System("`transformers.pipeline`, `batch_size=32`", partial(_pipeline, batch=32)),
    "cross-encoder": System("`sentence_transformers.CrossEncoder`, `batch_size=32`", _cross_encoder, share=0.2),
    "embedding": System("`SentenceTransformer.encode` + logistic regression", _ours, "embedding", share=0.2),
    "torch": System("the toolkit, torch", partial(_ours, runtime="torch")),
    "onnx": System("the toolkit, ONNX Runtime fp32", partial(_ours, runtime="onnx")),
    "onnx-int8": System("the toolkit, ONNX Runtime int8", partial(_ours, runtime="onnx-int8")),
    "cascade": System("the toolkit, cascade", partial(_ours, runtime="auto"), "cascade"),
    "cascade-int8": System("the toolkit, cascade, its encoder in int8", partial(_ours, runtime="onnx-int8"), "cascade"),
}  # fmt: skip


def measure_system(job: dict[str, Any]) -> dict[str, Any]:
    """Start-up, peak memory, rows per second, latency of one row, and the work that the encoder did for it."""
    rows: list[Row] = [tuple(row) for row in read_json(job["rows"])]
    batches = Batches()
    ask = SYSTEMS[job["system"]].load(Path(job["checkpoint"]))
    ask(rows[:1])
    start = time.time() - job["spawned"]
    batches.watch()
    ask(rows[-WARM:])
    latency = []
    for call in range(job["calls"]):
        began = time.perf_counter()
        ask([rows[call % len(rows)]])
        latency.append(1000 * (time.perf_counter() - began))
    batches.clear()
    began = time.perf_counter()
    labels = ask(rows)
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "start_seconds": start,
        "peak_mb": peak_mb(),
        "latency_ms": latency,
        "labels": labels,
        **_work(batches, Path(job["checkpoint"])),
    }


def _work(batches: Batches, checkpoint: Path) -> dict[str, Any]:
    """What went through the encoder, if anything did that was seen."""
    if not batches.batches:
        return {"encoder_rows": 0}
    config = read_json(next(p for p in sorted(checkpoint.rglob("config.json")) if "hidden_size" in read_json(p)))
    tokens, width = np.array(batches.tokens), np.array(batches.width)
    return {
        "encoder_rows": len(tokens),
        "batches": batches.batches,
        "useful_flops": float(encoder_flops(config, tokens).sum()),
        "padded_flops": float(encoder_flops(config, width).sum()),
        "tokens": {"mean": float(tokens.mean())}
        | {name: int(np.quantile(tokens, q)) for name, q in (("p5", 0.05), ("p50", 0.5), ("p95", 0.95), ("max", 1))},
    }


def measure_peak(job: dict[str, Any]) -> dict[str, Any]:
    """GFLOP/s of fp32 matrix products, square ones and those of the encoder's layers: the best of several, by name."""
    import torch

    shapes = [(size, size, size) for size in SQUARES]
    width, inner = job["encoder"]["hidden_size"], job["encoder"]["intermediate_size"]
    shapes += [(4096, width, width), (4096, width, inner), (4096, inner, width)]
    found = {}
    generator = torch.Generator().manual_seed(0)
    for rows, inner, columns in shapes:
        a, b = torch.randn(rows, inner, generator=generator), torch.randn(inner, columns, generator=generator)
        out = torch.empty(rows, columns)
        for library, product in (
            ("torch", partial(torch.mm, a, b, out=out)),
            ("numpy", partial(np.matmul, a.numpy(), b.numpy(), out=out.numpy())),
        ):
            product()
            best = min(_seconds(product) for _ in range(job["tries"]))
            found[f"{library} {rows}x{inner}x{columns}"] = 2e-9 * rows * inner * columns / best
    return {"gflops": found}


def measure_file(job: dict[str, Any]) -> dict[str, Any]:
    """Seconds and peak memory of scoring a file with :func:`stance.inference.predict_file`; loading is not counted."""
    from stance.inference.config import PredictConfig
    from stance.inference.predict_file import predict_file
    from stance.models.classifier import StanceClassifier

    classifier = StanceClassifier.from_pretrained(job["checkpoint"])
    config = PredictConfig(checkpoint=job["checkpoint"], input=job["input"], output=job["output"])
    began = time.perf_counter()
    tally = predict_file(classifier, config)
    return {"seconds": time.perf_counter() - began, "rows": tally.rows, "scored": tally.scored, "peak_mb": peak_mb()}


def measure_lengths(job: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds a row by its length in tokens, the median of three passes over rows cut to it."""
    rows: list[Row] = [tuple(row) for row in read_json(job["rows"])]
    ask = SYSTEMS[job["system"]].load(Path(job["checkpoint"]))
    batches = Batches()
    batches.watch()
    found = []
    for length in job["lengths"]:
        cut = _cut(Path(job["checkpoint"]), rows, length, job["number"])
        ask(cut[:8])
        batches.clear()
        seconds = [_seconds(partial(ask, cut)) for _ in range(3)]
        found.append(
            {"tokens": float(np.mean(batches.tokens)), "ms_a_row": 1000 * float(np.median(seconds)) / len(cut)}
        )
    return {"lengths": found}


def _cut(checkpoint: Path, rows: Sequence[Row], length: int, number: int) -> list[Row]:
    """Rows of so many tokens: neighbouring sentences put together and cut, all with one short target."""
    from transformers import AutoTokenizer

    from stance.models.card import read_card

    tokenizer = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
    form = read_card(checkpoint).input_format
    around = len(tokenizer(*form.pair(Question("", "talks")))["input_ids"])
    found: list[Row] = []
    for first in range(number):
        text, ends = "", []
        for step in count(first):
            text = f"{text} {rows[step % len(rows)][0]}".strip()
            ends = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False).offset_mapping
            if len(ends) >= length - around:
                break
        found.append((text[: ends[max(1, length - around) - 1][1]], "talks", ""))
    return found


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def peak_mb() -> float:
    """The most memory that this process has had, in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage gives on Linux may be the parent's
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


MEASURES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "system": measure_system,
    "peak": measure_peak,
    "file": measure_file,
    "lengths": measure_lengths,
}


def main() -> None:
    """Run the job; what a user could mend is its result, anything else ends the program."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        result = MEASURES[job["measure"]](job)
    except StanceError as error:
        result = {"left_out": str(error).replace(job["checkpoint"], "DIR")}  # no folders of one machine
    write_json(job["result"], result)


if __name__ == "__main__":
    main()
