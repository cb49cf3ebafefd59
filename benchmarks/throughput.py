"""Speed and memory: python benchmarks/throughput.py --checkpoint DIR [--cascade DIR] [--embedding DIR] [--linear DIR]

Every measurement is a process of its own, on every core and on the CPU alone; the systems take turns, so that what else
the machine does hits all alike. Writes throughput.json and, beside it, README.md and throughput.svg. A run that was
killed goes on: what was measured is in throughput.json.partial. --render only writes the page again.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from joblib import cpu_count

from page import render, write_costs
from sentences import BUNDLED, NEWS, Sentences, chosen, dataset_config, more_rows, read_sentences
from stance.base.errors import StanceError, input_error
from stance.base.files import digest, quick_digest, read_json, write_json, write_jsonl
from stance.base.names import must_exist
from stance.cli.config import plain_messages
from stance.models.card import CARD, read_card
from stance.training.machine import code_state, processor, versions
from summary import summarize
from worker import SYSTEMS, Row

HERE = Path(__file__).resolve().parent

log = logging.getLogger("stance.benchmarks")

#: Rows of a file by checkpoint for the cost against rows: a hundred thousand with an encoder would take half an hour.
FILES = {"linear": (1_000, 10_000, 100_000), "checkpoint": (1_000, 5_000)}
LENGTHS = (8, 16, 32, 64, 128)

#: Systems whose cost against length is measured.
BY_LENGTH = ("torch", "onnx")

#: Sentences that are asked for one by one, over all repeats together.
CALLS = 200

#: Options that are recorded.
SETTINGS = ("dataset", "rows", "repeats", "calls", "length_rows", "quick", "systems")


class Bench:
    """Runs jobs in processes of their own and remembers their results, also over a kill."""

    def __init__(self, partial: Path, identity: str, folder: Path) -> None:
        self.partial, self.folder = partial, folder
        before = read_json(partial) if partial.exists() else {}
        self.results: dict[str, Any] = before.get("results", {}) if before.get("identity") == identity else {}
        self.identity = identity
        if self.results:
            log.info("going on: %d measurements stand", len(self.results))

    def run(self, name: str, job: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a job, measured unless it stands.

        Raises:
            StanceError: The process ended with an error that a user cannot mend.
        """
        if name not in self.results:
            file, result = self.folder / "job.json", self.folder / "result.json"
            write_json(file, {**job, "result": str(result), "spawned": time.time()})
            command = [sys.executable, str(HERE / "worker.py"), str(file)]
            done = subprocess.run(command, env=environment(), capture_output=True, text=True)
            if done.returncode:
                raise StanceError(f"{name}: {done.stderr.strip() or f'exit code {done.returncode}'}")
            self.results[name] = read_json(result)
            write_json(self.partial, {"identity": self.identity, "results": self.results})
            log.info("%s: %s", name, _short(self.results[name], job))
        found: dict[str, Any] = self.results[name]
        return found


def _short(result: Mapping[str, Any], job: Mapping[str, Any]) -> str:
    if "left_out" in result:
        return f"left out: {result['left_out']}"
    if "labels" in result:
        return f"{len(result['labels']) / result['seconds']:,.1f} rows/s, {result['peak_mb']:,.0f} MB"
    if job["measure"] == "file":
        return f"{result['rows'] / result['seconds']:,.1f} rows/s, {result['peak_mb']:,.0f} MB"
    return f"{max(result['gflops'].values()):,.0f} GFLOP/s" if "gflops" in result else "measured"


def environment() -> dict[str, str]:
    """The same for every system: all cores that this process may use, no GPU, no network."""
    cores = str(cpu_count())
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), cores)
    return {
        **os.environ,
        **threads,
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "true",
    }


def machine() -> dict[str, Any]:
    """Processor, cores, the flags that matter, memory."""
    return {
        **processor(),
        "cores": cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def measure(arguments: argparse.Namespace, sentences: Sentences, bench: Bench) -> None:
    """All measurements; they are in ``bench.results`` afterwards, by name and repeat."""
    folders = {option: getattr(arguments, option) for option in ("checkpoint", "cascade", "embedding", "linear")}
    files = {share: bench.folder / f"rows-{share}.json" for share in {s.share for s in SYSTEMS.values()}}
    for share, path in files.items():
        write_json(path, [sentences.rows[index] for index in chosen(len(sentences.rows), share)])
    encoder = Path(folders["checkpoint"]) / "config.json"
    for repeat in range(arguments.repeats):
        job = {"measure": "peak", "encoder": read_json(encoder), "tries": 10}
        bench.run(f"peak/{repeat}", job)
        for place in range(len(arguments.systems)):
            name = arguments.systems[(place + repeat) % len(arguments.systems)]
            option = SYSTEMS[name].checkpoint
            if folders[option] is None:
                bench.results[f"{name}/{repeat}"] = {"left_out": f"no --{option}"}
                continue
            if "left_out" in bench.results.get(f"{name}/0", {}):
                continue
            job = {"measure": "system", "system": name, "checkpoint": folders[option], "calls": arguments.calls}
            bench.run(f"{name}/{repeat}", {**job, "rows": str(files[SYSTEMS[name].share])})
    for name in [name for name in arguments.systems if name in BY_LENGTH]:
        job = {"measure": "lengths", "system": name, "checkpoint": folders["checkpoint"], "lengths": LENGTHS}
        if "left_out" not in bench.results[f"{name}/0"]:
            bench.run(f"lengths {name}", {**job, "rows": str(files[1.0]), "number": arguments.length_rows})
    for option, sizes in FILES.items():
        for size in sizes[: 2 if arguments.quick else None]:
            if folders[option] is not None:
                measure_file(bench, option, folders[option], sentences.rows, size // 10 if arguments.quick else size)


def measure_file(bench: Bench, option: str, checkpoint: str, rows: Sequence[Row], size: int) -> None:
    """Score a file of so many rows."""
    source = bench.folder / "rows.jsonl"
    fields = ("text", "target", "holder")
    write_jsonl(source, (dict(zip(fields, row, strict=True)) for row in more_rows(rows, size)))
    output = bench.folder / f"scored-{option}-{size}.jsonl"
    job = {"measure": "file", "checkpoint": checkpoint, "input": str(source), "output": str(output)}
    bench.run(f"file {option} {size}", job)


def about_checkpoint(folder: str) -> dict[str, Any]:
    """Kind, training data and digest of a checkpoint, without the folders of one machine."""
    path = Path(folder)
    card = read_card(path)
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name not in ("README.md", CARD))
    content = {str(file.relative_to(path)): quick_digest(file) for file in files}
    return {"kind": card.kind, "data": card.data, "digest": digest(content)[:16]}


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="a fine-tuned encoder; model.onnx in it by scripts/export.py")
    parser.add_argument("--cascade", help="a cascade that ends in the same encoder")
    parser.add_argument("--embedding", help="a checkpoint of model=embedding")
    parser.add_argument("--linear", help="a checkpoint of model=tfidf, for the cost against rows")
    parser.add_argument("--dataset", nargs="+", metavar="OVERRIDE", help=f"of build_dataset.py ({' '.join(NEWS)})")
    parser.add_argument("--outputs", default="outputs", help="where datasets are")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="300 rows, 1 repeat, short curves: does it run")
    parser.add_argument("--out", type=Path, default=HERE / "throughput.json")
    parser.add_argument("--render", action="store_true", help="only write the page of the recorded numbers again")
    arguments = parser.parse_args()
    if not arguments.render and arguments.checkpoint is None:
        parser.error("--checkpoint DIR, or --render")
    if arguments.quick:
        arguments.rows, arguments.repeats = 300, 1
    arguments.calls = -(-CALLS // arguments.repeats)
    arguments.length_rows = 16 if arguments.quick else 256
    return arguments


def run(arguments: argparse.Namespace) -> None:
    """Measure what is not measured yet, and write the JSON."""
    for option in ("checkpoint", "cascade", "embedding", "linear"):
        if getattr(arguments, option) is not None:
            must_exist(getattr(arguments, option), "folder")
    if not (Path(arguments.checkpoint) / "config.json").exists():
        raise input_error(arguments.checkpoint, "no fine-tuned encoder", allowed="a checkpoint of one")
    if arguments.dataset is None:
        arguments.dataset = list(NEWS if dataset_config(NEWS).data.location.exists() else BUNDLED)
    sentences = read_sentences(arguments.rows, arguments.dataset, arguments.outputs)
    options = ("checkpoint", "cascade", "embedding", "linear")
    checkpoints = {o: about_checkpoint(getattr(arguments, o)) for o in options if getattr(arguments, o) is not None}
    about = {
        "version": 1,
        "settings": {key: getattr(arguments, key) for key in SETTINGS},
        "machine": machine(),
        "code": code_state(),
        "versions": versions(*_extras()),
        "checkpoints": checkpoints,
        "rows": {k: v for k, v in asdict(sentences).items() if k not in ("rows", "gold")}
        | {"number": len(sentences.rows), "held_out": len(sentences.gold)},
    }
    partial = arguments.out.with_name(arguments.out.name + ".partial")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(partial, digest(about), Path(folder))
        measure(arguments, sentences, bench)
    about["date"] = datetime.now(UTC).date().isoformat()
    write_json(arguments.out, about | summarize(about, sentences, bench.results))
    partial.unlink(missing_ok=True)


def _extras() -> list[str]:
    installed = {each.metadata["Name"] for each in importlib.metadata.distributions()}
    return [name for name in ("onnxruntime", "tokenizers") if name in installed]


def main() -> None:
    """Measure, unless only the page is asked for; then write the page."""
    arguments = parse()
    with plain_messages():
        if not arguments.render:
            run(arguments)
        record = json.loads(must_exist(arguments.out).read_text(encoding="utf-8"))
        page = render(record, arguments.out.parent)
        if arguments.out.resolve().parent == HERE.resolve():
            write_costs(record, HERE.parent / "docs" / "scaling.md")
        print(f"{arguments.out} -> {page}")


if __name__ == "__main__":
    main()
