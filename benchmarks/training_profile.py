"""Where the time of fine-tuning goes: python benchmarks/training_profile.py --steps 30.

Steps of the stock loop and of this toolkit's, and of what was tried besides, are run in turn on real batches; then each
of the main ones once under torch.profiler. Run it with OMP_NUM_THREADS=1: seconds are the processor's, so that other
programs on the machine hardly count. Writes training_profile.json and, from it, docs/training_speed.md and its picture;
--render only writes the page again.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from torch.profiler import ProfilerActivity, profile
from transformers import DataCollatorWithPadding, default_data_collator, set_seed
from transformers.trainer_pt_utils import LengthGroupedSampler

from stance.base.annotations import Example
from stance.base.errors import input_error
from stance.base.files import read_json, write_beside, write_json, write_text
from stance.cli.config import PROJECT, plain_messages
from stance.data.build import build_dataset
from stance.models.encoder import EncoderModel
from stance.models.input_format import InputFormat
from stance.reporting.figures import INK
from stance.training import finetune as training
from stance.training.machine import code_state, machine, versions
from training import configuration, stock_dataset, stock_model

log = logging.getLogger("stance.benchmarks")

#: What a step can be made of; each changes one thing of the line above it, the tried ones one of ``fast``.
VARIANTS = {
    "stock": "the example's loop: rows in any order, padded to 128 tokens",
    "stock_dynamic": "padded to the longest row of the batch",
    "grouped": "rows of like length together",
    "default": "embeddings and lower three layers frozen (`trainer=default`)",
    "fast": "bfloat16 (`trainer=fast`)",
    "fast_still": "`fast`, tried: no dropout in the frozen layers",
    "fast_upper": "`fast`, tried: the upper layers alone, as if the output of the frozen ones were stored",
    "fast_compiled": "`fast`, tried: torch.compile with dynamic shapes, without its first step",
}
PROFILED = ("stock", "stock_dynamic", "default", "fast")

#: By the beginning of an operation's name without ``aten::``; the first that fits.
KINDS = {
    "attention": ("_scaled_dot_product", "_softmax"),
    "matrix products": ("mm", "addmm", "bmm", "baddbmm", "mkldnn", "linear", "_mkldnn"),
    "dropout": ("native_dropout", "bernoulli", "dropout"),
    "GELU and layer norm": ("gelu", "native_layer_norm", "layer_norm"),
    "optimizer": ("_fused_adam", "_foreach", "linalg_vector_norm"),
    "embeddings": ("embedding", "index"),
}
EXTRA = ("other operations", "evaluation", "checkpoint", "tokenizing")
COLOURS = dict(
    zip(
        (*KINDS, *EXTRA),
        ("#e69f00", "#1f5f99", "#56b4e9", "#009e73", "#cc79a7", "#d5c711", "#999999", "#6a3d9a", "#d55e00", "#000000"),
        strict=True,
    )
)

WHAT_FAST_IS = """## What `trainer=fast` is

`conf/trainer/fast.yaml` is the default with bfloat16, on a GPU or on a processor that multiplies bfloat16 (AVX512-BF16,
AMX). The default adds to stock: rows of similar length together, in training and in evaluation, so that almost nothing
is padding; embeddings and lower half frozen (`conf/model/minilm.yaml`), which saves their backward pass and most
of the optimizer; evaluation in batches of 64. The fused optimizer is the library's own default.

`model=embedding` and `model=combined` train on a frozen encoder. The embeddings of the rows are kept
in `outputs/cache/embeddings/`, named by the digest of encoder, versions and texts, so that a second training on the
same rows computes none of them. Predicting keeps nothing.
"""


class Stepper:
    """One variant: a model, its optimizer, its batches."""

    def __init__(self, name: str, train: Sequence[Example], validation: Sequence[Example], seed: int = 0) -> None:
        self.name = name
        self.config = configuration("fast" if name.startswith("fast") else "default", seed, None)
        options = self.config.trainer
        self.size = options["per_device_train_batch_size"]
        set_seed(seed)
        self.encoder = EncoderModel.new(self.config.model.encoder, InputFormat())
        tokenizer = self.encoder.tokenizer
        self.stock = name.startswith("stock")
        self.evaluated_at = 8 if self.stock else options["per_device_eval_batch_size"]
        begin = time.process_time()
        if self.stock:
            self.model = stock_model(seed)
            parts = [stock_dataset(tokenizer, rows, pad=name == "stock") for rows in (train, validation)]
        else:
            self.model = self.encoder.model
            parts = [training._tokenized(self.encoder, rows) for rows in (train, validation)]
            self.encoder.freeze(0 if name == "grouped" else self.config.model.frozen_layers)
        self.tokenizing = time.process_time() - begin
        self.rows, self.validation = ([dict(row) for row in part] for part in parts)
        self.collate = default_data_collator if name == "stock" else DataCollatorWithPadding(tokenizer)
        self.order = self._order([sum(row["attention_mask"]) for row in self.rows], seed)
        self.model.train()
        self.frozen = [self.model.bert.embeddings, *self.model.bert.encoder.layer[: self.config.model.frozen_layers]]
        if name == "fast_still":
            for module in self.frozen:
                module.eval()
        if name == "fast_upper":
            self.model.bert.encoder.layer = self.model.bert.encoder.layer[self.config.model.frozen_layers :]
        self.call = torch.compile(self.model, dynamic=True) if name == "fast_compiled" else self.model
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=1e-5, weight_decay=options["weight_decay"], fused=True)
        self.amp = training.half_precision(options)

    def _order(self, lengths: list[int], seed: int) -> list[int]:
        generator = torch.Generator().manual_seed(seed)
        if self.stock:
            return torch.randperm(len(lengths), generator=generator).tolist()
        return list(LengthGroupedSampler(self.size, lengths=lengths, generator=generator))

    def batch(self, number: int) -> dict[str, torch.Tensor]:
        """The batch of that number in the epoch."""
        chosen = self.order[number * self.size : (number + 1) * self.size]
        return dict(self.collate([self.rows[row] for row in chosen]))

    @property
    def batches(self) -> int:
        """How many an epoch has."""
        return -(-len(self.rows) // self.size)

    def padding(self) -> float:
        """The share of padding among the tokens of an epoch."""
        masks = [self.batch(number)["attention_mask"] for number in range(self.batches)]
        return 1 - sum(int(mask.sum()) for mask in masks) / sum(mask.numel() for mask in masks)

    def step(self, number: int) -> None:
        """Forward, backward, clipping, update."""
        inputs = self.batch(number)
        labels = inputs.pop("labels")
        if self.name == "fast_upper":  # numbers of that shape; what they are takes no time
            inputs["inputs_embeds"] = torch.zeros(*inputs.pop("input_ids").shape, self.model.config.hidden_size)
        with self.amp:
            logits = self.call(**inputs).logits
        torch.nn.functional.cross_entropy(logits.float(), labels).backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def evaluate(self) -> None:
        """The validation part once, as the Trainer does it: of the stock loop in its order, else grouped by length."""
        lengths = [sum(row["attention_mask"]) for row in self.validation]
        order = list(range(len(lengths)))
        if not self.stock:
            order = list(LengthGroupedSampler(self.evaluated_at, lengths=lengths, generator=torch.Generator()))
        self.model.eval()
        with torch.no_grad(), self.amp:
            for start in range(0, len(order), self.evaluated_at):
                rows = [self.validation[row] for row in order[start : start + self.evaluated_at]]
                self.model(**self.collate(rows))
        self.model.train()

    def checkpoint(self) -> None:
        """Weights and optimizer on disk."""
        with tempfile.TemporaryDirectory() as folder:
            self.model.save_pretrained(folder)
            torch.save(self.optimizer.state_dict(), Path(folder) / "optimizer.pt")


def timed(action: Callable[[], Any]) -> float:
    """Seconds of the processor."""
    begin = time.process_time()
    action()
    return time.process_time() - begin


def kinds_of_operations(stepper: Stepper, numbers: Sequence[int]) -> dict[str, float]:
    """The share of each kind in the time of those steps."""
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for number in numbers:
            stepper.step(number)
    seconds = dict.fromkeys((*KINDS, "other operations"), 0.0)
    for event in profiler.key_averages():
        name = event.key.removeprefix("aten::")
        kind = next((kind for kind, begins in KINDS.items() if name.startswith(begins)), "other operations")
        seconds[kind] += event.self_cpu_time_total
    total = sum(seconds.values())
    return {kind: round(value / total, 4) for kind, value in seconds.items()}


def measure(steps: int, outputs: str, variants: Sequence[str]) -> dict[str, Any]:
    """Everything that the page shows."""
    config = configuration("default", 0, None)
    splits, data, _ = build_dataset(outputs, config.data, config.split, config.auxiliary)
    parts = splits["train"], splits["validation"]
    steppers = [Stepper(name, *parts) for name in variants]
    numbers = np.linspace(1, steppers[0].batches - 2, steps).astype(int)
    first = {stepper.name: timed(lambda stepper=stepper: stepper.step(0)) for stepper in steppers}
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for count, number in enumerate(numbers, start=1):
        for stepper in steppers:
            seconds[stepper.name].append(timed(lambda stepper=stepper, number=number: stepper.step(number)))
        log.info("step %d of %d", count, steps)
    found: dict[str, Any] = {}
    for stepper in steppers:
        found[stepper.name] = {
            "first_step": round(first[stepper.name], 2),
            "step": round(float(np.mean(seconds[stepper.name])), 4),
            "padding": round(stepper.padding(), 4),
        }
        if stepper.name in PROFILED:
            log.info("profile of %s", stepper.name)
            found[stepper.name] |= {
                "batches": stepper.batches,
                "kinds": kinds_of_operations(stepper, numbers),
                "evaluation": round(timed(stepper.evaluate), 2),
                "checkpoint": round(timed(stepper.checkpoint), 2),
                "tokenizing": round(stepper.tokenizing, 2),
            }
    command = f"OMP_NUM_THREADS={torch.get_num_threads()} python benchmarks/training_profile.py --steps {steps}"
    return {
        "version": 1,
        "command": command + ("" if set(variants) == set(VARIANTS) else f" --variants {','.join(variants)}"),
        "data": {"name": data.name, "fingerprint": data.fingerprint},
        "rows": len(parts[0]),
        "validation_rows": len(parts[1]),
        "steps": steps,
        "epochs": config.trainer["num_train_epochs"],
        "batch_seconds": timed(lambda: [steppers[-1].batch(number) for number in numbers]) / steps,
        "variants": found,
        "machine": machine(),
        "versions": versions(),
        "code": code_state(),
    }


def epoch(record: Mapping[str, Any], name: str) -> dict[str, float]:
    """Seconds of an epoch of a profiled variant by what they go to; tokenizing is shared out among the epochs."""
    found = record["variants"][name]
    steps = found["batches"] * found["step"]
    parts = {kind: share * steps for kind, share in found["kinds"].items()}
    return parts | {
        "evaluation": found["evaluation"],
        "checkpoint": found["checkpoint"],
        "tokenizing": found["tokenizing"] / record["epochs"],
    }


def draw(record: Mapping[str, Any], path: Path) -> None:
    """A bar for each profiled variant: seconds of an epoch by what they go to. The same record gives the same bytes."""
    names = [name for name in PROFILED if name in record["variants"]]
    with mpl.rc_context({"svg.hashsalt": "stance", "font.size": 10, "svg.fonttype": "none"}):
        figure = Figure(figsize=(7.6, 3.4), layout="constrained")
        axes = figure.add_subplot()
        for row, name in enumerate(names):
            left = 0.0
            for part, seconds in epoch(record, name).items():
                axes.barh(row, seconds, left=left, color=COLOURS[part], label=part if row == 0 else None)
                left += seconds
            axes.annotate(f"{left:.0f} s", (left, row), (4, 0), textcoords="offset points", va="center", color=INK)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel("processor seconds of an epoch")
        axes.margins(x=0.1)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside right center", frameon=False, fontsize=8)
        with write_beside(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})


def page(record: Mapping[str, Any]) -> str:
    """``docs/training_speed.md``."""
    variants, machine = record["variants"], record["machine"]
    epochs = {name: epoch(record, name) for name in PROFILED}
    total = {name: sum(parts.values()) for name, parts in epochs.items()}
    speed = {name: variants["stock"]["step"] / found["step"] for name, found in variants.items()}
    lines = [
        "# Where the time of fine-tuning goes",
        "",
        "After this page you know what a fine-tuning step spends its time on, and which settings make it faster.",
        "",
        f"Written from `benchmarks/training_profile.json` by `{record['command']}`.",
        f"The packaged encoder on the literary part (`data=negotiation`), {record['rows']:,} training rows and "
        f"{record['validation_rows']} of validation,",
        f"on {machine['processor']}, {machine['threads']} thread(s). Seconds are the processor's, means over "
        f"{record['steps']} steps in turn.",
        "Whole trainings, their wall time and their macro-F1: `python benchmarks/training.py` writes them to",
        "`benchmarks/training.md`.",
        "",
        "![Seconds of an epoch by what they go to](training_speed.svg)",
        "",
        "`stock` is the plain loop of the transformers library's `run_classification` example. An epoch of "
        "`fast` takes",
        f"{total['fast'] / total['stock']:.2f} of its time, and {total['fast'] / total['stock_dynamic']:.2f} of "
        "the time of "
        "the same loop with rows padded to the longest of their batch.",
        "",
        "| step | each changes one thing of the line above it | seconds | times as fast as stock | padding |",
        "|---|---|---|---|---|",
    ]
    for name, found in variants.items():
        lines.append(
            f"| {name} | {VARIANTS[name]} | {found['step']:.3f} | {speed[name]:.1f} | {found['padding']:.1%} |"
        )
    lines += ["", "Seconds of an epoch, and their share of it:", "", f"| | {' | '.join(epochs)} |"]
    lines.append("|---" * (len(epochs) + 1) + "|")
    for part in epochs["stock"]:
        cells = [f"{parts[part]:.1f} ({parts[part] / total[name]:.1%})" for name, parts in epochs.items()]
        lines.append(f"| {part} | {' | '.join(cells)} |")
    lines.append(f"| all | {' | '.join(f'{seconds:.1f}' for seconds in total.values())} |")
    return "\n".join([*lines, "", WHAT_FAST_IS, *left_out(record, epochs["fast"])]) + "\n"


def left_out(record: Mapping[str, Any], fast: Mapping[str, float]) -> list[str]:
    """The section on what was tried and is not in ``fast``: lines with what each would save."""
    variants = record["variants"]
    step, total = variants["fast"]["step"], sum(fast.values())
    still, upper = (step / variants[name]["step"] for name in ("fast_still", "fast_upper"))
    lines = [
        "## What was left out",
        "",
        f"- **Keeping tokens**: tokenizing is {variants['fast']['tokenizing']:.1f} s of a whole training, "
        f"{fast['tokenizing'] / total:.2%} of it.",
        f"- **Batches by a budget of tokens**: grouped by length, {variants['grouped']['padding']:.1%} of the "
        "tokens are "
        "padding; there is no more to gain.",
        f"- **No dropout in the frozen layers**: a step is {still:.2f} times as fast, in a training that is no "
        "longer the",
        "  same.",
        "- **Keeping the output of the frozen layers**: a step of the upper layers alone, which is all that would",
        f"  be left, is {upper:.2f} times as fast. It changes the training as well (no dropout below), needs "
        "code for each",
        f"  architecture, and {75e-6 * record['rows']:.2f} GB of memory for these rows.",
        f"- **Fewer evaluations**: {fast['evaluation'] / total:.1%} of the time is evaluation, and the best "
        "epoch is chosen "
        "by it.",
        f"- **Fewer checkpoints**: {fast['checkpoint'] / total:.1%} of the time. A killed training continues from "
        "the last "
        "epoch.",
        "- **Processes that make batches** (`dataloader_num_workers`): making one takes "
        f"{record['batch_seconds'] * 1000:.1f} ms of {step * 1000:.0f} ms.",
    ]
    if "fast_compiled" in variants:
        found = variants["fast_compiled"]
        lines.append(
            f"- **torch.compile** with dynamic shapes: a step is {step / found['step']:.2f} times as fast, "
            "after a first "
            f"one of {found['first_step']:.0f} s that compiles; it needs a C++ compiler."
        )
    return lines


def main() -> None:
    """Measure, write the record, the picture and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=30, help="of each variant")
    parser.add_argument("--variants", default=",".join(VARIANTS), help="leave out fast_compiled without a C++ compiler")
    parser.add_argument("--outputs", default="outputs", help="folder of datasets")
    parser.add_argument("--out", default=str(Path(__file__).parent), help="folder for training_profile.json")
    parser.add_argument("--docs", default=str(PROJECT / "docs"), help="folder for the page and its picture")
    parser.add_argument("--render", action="store_true", help="write the page from what was measured before")
    said = parser.parse_args()
    path = Path(said.out) / "training_profile.json"
    if not said.render:
        variants = said.variants.split(",")
        if wrong := set(VARIANTS) ^ {*variants, "fast_compiled"}:
            allowed = f"{','.join(VARIANTS)}; fast_compiled may be left out"
            raise input_error("--variants", "missing or unknown", found=sorted(wrong), allowed=allowed)
        write_json(path, measure(said.steps, said.outputs, variants))
    record = read_json(path)
    draw(record, Path(said.docs) / "training_speed.svg")
    write_text(Path(said.docs) / "training_speed.md", page(record))
    log.info("%s", Path(said.docs) / "training_speed.md")


if __name__ == "__main__":
    with plain_messages():
        main()
