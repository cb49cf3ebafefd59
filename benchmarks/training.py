"""Time and macro-F1 of fine-tuning: python benchmarks/training.py --seeds 0,1 --epochs 8.

The literary part of the bundled corpus is learnt by the plain loop of the transformers library's run_classification
example and by this toolkit, with the same rows, epochs, batch size and learning rate, one after the other in turn. Each
finished training is a file under OUTPUTS/benchmarks/training; the same command goes on where it was killed, and a
command with other seeds or systems adds to it, also one that runs at the same time. Writes training.json and its table,
training.md.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from datasets import Dataset
from hydra import compose, initialize_config_dir
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    default_data_collator,
    set_seed,
)

from stance.base.annotations import Example
from stance.base.errors import StanceError, input_error
from stance.base.files import digest, read_json, write_json, write_text
from stance.base.labels import ID2LABEL, LABEL2ID, LABELS
from stance.base.measures import macro_f1
from stance.base.questions import questions_of
from stance.cli.config import PROJECT, plain_messages, register, typed
from stance.data.build import build_dataset
from stance.evaluation.metrics import (
    confusion,
    document_weights,
    grouped_confusions,
    in_words,
    measure,
    over_trainings,
    with_interval,
)
from stance.models.encoder import EncoderModel
from stance.models.input_format import InputFormat
from stance.models.pretrained import encoder_location
from stance.training import finetune as training
from stance.training.config import TrainConfig
from stance.training.machine import code_state, machine, versions

log = logging.getLogger("stance.benchmarks")

#: What is compared; the second is the first in a kinder form.
SYSTEMS = {
    "stock": "the example's loop: whole encoder, 32 bits, rows padded to 128 tokens",
    "stock_dynamic": "the example's loop, rows padded to the longest of their batch",
    "default": "model=minilm trainer=default",
    "fast": "model=minilm trainer=fast",
}

#: Of the toolkit's trainer options those that a stock loop has as well; the rest of it is the library's default.
SHARED = ("per_device_train_batch_size", "learning_rate", "warmup_steps", "weight_decay")

#: What is timed as what; the rest of a training is the optimizer, making batches and bookkeeping.
PHASES = (
    (EncoderModel, "new", "loading"),
    (training, "_tokenized", "tokenizing"),
    (Trainer, "training_step", "forward and backward"),
    (Trainer, "evaluate", "evaluation"),
    (EncoderModel, "logits", "evaluation"),
    (Trainer, "_save_checkpoint", "checkpoints"),
)

#: Seconds that the processor gave to a training: the measure where other programs run beside it.
TOTAL_CPU = "total of the processor"

SAMPLES = 1000


class Clock:
    """Wall seconds by phase of what runs inside :meth:`running`; the macro-F1 of each evaluation beside them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.macro_f1: list[float] = []

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the block's time to a phase."""
        begin = time.perf_counter()
        yield
        self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - begin

    def _wrapped(self, function: Callable[..., Any], phase: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            with self.timed(phase):
                result = function(*args, **kwargs)
            if function.__name__ == "evaluate":
                self.macro_f1.append(result["eval_macro_f1"])
            return result

        return call

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time the block as ``total``, and everything in ``PHASES`` that is called in it."""
        with ExitStack() as stack:
            for owner, name, phase in PHASES:
                stack.enter_context(patch.object(owner, name, self._wrapped(getattr(owner, name), phase)))
            begin, cpu = time.perf_counter(), time.process_time()
            yield
            self.seconds["total"] = time.perf_counter() - begin
            self.seconds[TOTAL_CPU] = time.process_time() - cpu
        parts = {phase for _, _, phase in PHASES}
        self.seconds["optimizer and rest"] = self.seconds["total"] - sum(self.seconds.get(part, 0) for part in parts)


def configuration(trainer: str, seed: int, epochs: int | None) -> TrainConfig:
    """``conf/train.yaml`` with the literary part, the packaged encoder and a trainer; None keeps its epochs."""
    register()
    said = [f"trainer={trainer}", f"seed={seed}", *([] if epochs is None else [f"trainer.num_train_epochs={epochs}"])]
    with initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
        config: TrainConfig = typed(compose("train", overrides=said))
    return config


def stock_dataset(tokenizer: Any, rows: Sequence[Example], *, pad: bool) -> Dataset:  # noqa: ANN401
    """Tokenized as in the example: both sequences cut at 128 tokens together, padded to them or not."""
    pairs = [InputFormat().pair(question) for question in questions_of(rows)]
    columns = {"first": [a for a, _ in pairs], "second": [b for _, b in pairs]}
    dataset = Dataset.from_dict({**columns, "label": [LABEL2ID[row.label] for row in rows]})

    def tokenized(batch: Mapping[str, Any]) -> Any:  # noqa: ANN401
        padding = "max_length" if pad else False
        return tokenizer(batch["first"], batch["second"], padding=padding, max_length=128, truncation=True)

    return dataset.map(tokenized, batched=True, remove_columns=["first", "second"])


def stock_model(seed: int) -> Any:  # noqa: ANN401
    """The packaged encoder with a new head, as the example makes it."""
    set_seed(seed)
    return AutoModelForSequenceClassification.from_pretrained(
        encoder_location("all-MiniLM-L6-v2"), num_labels=len(LABELS), id2label=ID2LABEL, label2id=LABEL2ID
    )


def stock(
    config: TrainConfig, train: Sequence[Example], validation: Sequence[Example], work: Path, clock: Clock, *, pad: bool
) -> list[str]:
    """The plain loop; the label of each validation row by the model of the last epoch."""
    with clock.running():
        with clock.timed("loading"):
            tokenizer = AutoTokenizer.from_pretrained(encoder_location("all-MiniLM-L6-v2"))
            model = stock_model(config.seed)
        with clock.timed("tokenizing"):
            parts = [stock_dataset(tokenizer, rows, pad=pad) for rows in (train, validation)]
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=str(work),
                seed=config.seed,
                num_train_epochs=config.trainer["num_train_epochs"],
                eval_strategy="epoch",
                report_to="none",
                disable_tqdm=True,
                **{name: config.trainer[name] for name in SHARED},
            ),
            train_dataset=parts[0],
            eval_dataset=parts[1],
            processing_class=tokenizer,
            data_collator=default_data_collator if pad else DataCollatorWithPadding(tokenizer),
            compute_metrics=training._validation_metrics,
        )
        trainer.train()
    logits = trainer.predict(parts[1]).predictions
    return [LABELS[i] for i in logits.argmax(axis=1)]


def ours(
    config: TrainConfig, train: Sequence[Example], validation: Sequence[Example], work: Path, clock: Clock
) -> list[str]:
    """The toolkit's loop; the label of each validation row by the model of the best epoch."""
    options = {**config.trainer, "disable_tqdm": True}
    with clock.running():
        model = training.fine_tune(config.model, train, validation, seed=config.seed, options=options, work=work)
    probabilities = model.predict_proba(questions_of(validation))
    return [LABELS[i] for i in probabilities.argmax(axis=1)]


def run(
    system: str, config: TrainConfig, train: list[Example], validation: list[Example], work: Path
) -> dict[str, Any]:
    """One training from nothing: seconds, macro-F1 by epoch and of the model that is left, its labels."""
    shutil.rmtree(work, ignore_errors=True)
    clock = Clock()
    if system.startswith("stock"):
        labels = stock(config, train, validation, work, clock, pad=system == "stock")
    else:
        labels = ours(config, train, validation, work, clock)
    shutil.rmtree(work, ignore_errors=True)
    return {
        "system": system,
        "seed": config.seed,
        "seconds": {phase: round(seconds, 2) for phase, seconds in clock.seconds.items()},
        "macro_f1": float(macro_f1(confusion([row.label for row in validation], labels))),
        "macro_f1_by_epoch": clock.macro_f1,
        "labels": labels,
        "options": config.trainer,
        "machine": machine(),
        "versions": versions(),
        "code": code_state(),
    }


def summarize(runs: Sequence[Mapping[str, Any]], validation: Sequence[Example]) -> dict[str, Any]:
    """By system: seconds by phase (mean of the seeds), their ratio to the first system's, macro-F1 with its interval.

    The interval resamples documents and seeds. Differences from the first system and ratios are over the seeds that
    both were trained with.
    """
    gold, documents, targets = ([getattr(row, name) for row in validation] for name in ("label", "document", "target"))
    weights = document_weights(len(set(documents)), SAMPLES, seed=0)
    measured = {
        (run["system"], run["seed"]): measure(
            "macro_f1", weights, *grouped_confusions(gold, run["labels"], documents, targets)
        )
        for run in runs
    }

    def interval(values: list[np.ndarray], lowest: float) -> dict[str, float]:
        return with_interval(over_trainings(np.stack(values), np.random.default_rng(0)), len(set(documents)), lowest)

    first = next(system for system in SYSTEMS if any(run["system"] == system for run in runs))
    by = {(run["system"], run["seed"]): run for run in runs}

    def mean_seconds(system: str, seeds: list[int], phase: str) -> float:
        return float(np.mean([by[system, seed]["seconds"].get(phase, 0.0) for seed in seeds]))

    found = {}
    for system in [system for system in SYSTEMS if any(run["system"] == system for run in runs)]:
        seeds = sorted(seed for name, seed in by if name == system)
        both = [seed for seed in seeds if (first, seed) in by]
        phases = by[system, seeds[0]]["seconds"]
        found[system] = {
            "what": SYSTEMS[system],
            "seeds": seeds,
            "seconds": {phase: round(mean_seconds(system, seeds, phase), 2) for phase in phases},
            "macro_f1": interval([measured[system, seed] for seed in seeds], 0.0),
        }
        if system != first and both:
            found[system] |= {
                "of": first,
                "share": {
                    total: round(mean_seconds(system, both, total) / mean_seconds(first, both, total), 3)
                    for total in ("total", TOTAL_CPU)
                },
                "difference": interval([measured[system, seed] - measured[first, seed] for seed in both], -1.0),
            }
    return found


def page(record: Mapping[str, Any]) -> str:
    """The table of the record, as markdown."""
    runs, systems = record["runs"], record["systems"]
    machine = runs[0]["machine"]
    phases = [phase for phase in runs[0]["seconds"] if not phase.startswith("total")]
    lines = [
        "# Training speed",
        "",
        f"The packaged encoder on the literary part (`data=negotiation`), {record['rows']} training rows and "
        f"{record['validation_rows']} of validation, {record['epochs']} epoch(s); seconds are means over seeds, on "
        f"{machine['processor']}, {machine['threads']} thread(s), {machine['device']}. Macro-F1 on validation "
        "is of the "
        "model that is left at the end: of the stock loop the last epoch's, of the toolkit the best one's. Intervals "
        "(95%) resample documents and seeds. Shares of time and differences are to the first line.",
        "",
        "| system | | seeds | seconds | share | of the processor | share | macro-F1 | difference |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in systems.items():
        seconds, share = found["seconds"], found.get("share", {"total": "", TOTAL_CPU: ""})
        difference = in_words(found["difference"], "+") if "of" in found else ""
        lines.append(
            f"| {name} | {found['what']} | {', '.join(map(str, found['seeds']))} | {seconds['total']:.0f} "
            f"| {share['total']} | {seconds[TOTAL_CPU]:.0f} | {share[TOTAL_CPU]} "
            f"| {in_words(found['macro_f1'])} | {difference} |"
        )
    lines += ["", "Seconds by phase:", "", f"| system | {' | '.join(phases)} |", "|---" * (len(phases) + 1) + "|"]
    for name, found in systems.items():
        seconds = [f"{found['seconds'].get(phase, 0):.1f}" for phase in phases]
        lines.append(f"| {name} | {' | '.join(seconds)} |")
    lines += ["", "Macro-F1 after each epoch:", "", "| system | seed | |", "|---|---|---|"]
    for one in runs:
        by_epoch = ", ".join(f"{value:.3f}" for value in one["macro_f1_by_epoch"])
        lines.append(f"| {one['system']} | {one['seed']} | {by_epoch} |")
    return "\n".join([*lines, "", f"`{record['command']}`", ""])


def numbers(text: str) -> list[int]:
    """``0,1`` as [0, 1]."""
    return [int(part) for part in text.split(",")]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=numbers, default=[0, 1], help="of the trainings, e.g. 0,1")
    parser.add_argument("--epochs", type=int, help="of every system; else those of conf/trainer/default.yaml")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help=f"of {', '.join(SYSTEMS)}")
    parser.add_argument("--rows", type=int, help="only so many rows of each part, to try the command")
    parser.add_argument("--outputs", default="outputs", help="folder of datasets and finished trainings")
    parser.add_argument("--out", default=str(Path(__file__).parent), help="folder for training.json and training.md")
    return parser.parse_args()


def main() -> None:
    """Train what is not there yet, then summarize all that is there with the same rows and epochs."""
    said = arguments()
    chosen = said.systems.split(",")
    if unknown := sorted(set(chosen) - set(SYSTEMS)):
        raise input_error("--systems", "unknown", found=unknown, allowed=SYSTEMS)
    config = configuration("default", 0, said.epochs)
    splits, data, _ = build_dataset(said.outputs, config.data, config.split, config.auxiliary)
    train, validation = splits["train"][: said.rows], splits["validation"][: said.rows]
    epochs = config.trainer["num_train_epochs"]
    identity = digest({"data": data.fingerprint, "epochs": epochs, "rows": len(train)})
    folder = Path(said.outputs) / "benchmarks" / "training" / identity[:8]
    for seed in said.seeds:
        for system in chosen:
            path = folder / f"{system}-{seed}.json"
            if path.exists():
                log.info("%s, seed %d stands", system, seed)
                continue
            config = configuration("fast" if system == "fast" else "default", seed, epochs)
            found = run(system, config, train, validation, folder / f"work-{system}-{seed}")
            write_json(path, found)
            log.info("%s, seed %d: %.0f s, macro-F1 %.3f", system, seed, found["seconds"]["total"], found["macro_f1"])
    runs = [read_json(path) for path in sorted(folder.glob("*.json"))]
    if not runs:
        raise StanceError("nothing was trained")
    runs.sort(key=lambda one: (list(SYSTEMS).index(one["system"]), one["seed"]))
    seeds = sorted({one["seed"] for one in runs})
    done = [system for system in SYSTEMS if any(one["system"] == system for one in runs)]
    command = f"python benchmarks/training.py --seeds {','.join(map(str, seeds))} --epochs {epochs}"
    if done != list(SYSTEMS):
        command += f" --systems {','.join(done)}"
    record = {
        "version": 1,
        "command": command + (f" --rows {said.rows}" if said.rows else ""),
        "data": {"name": data.name, "fingerprint": data.fingerprint},
        "rows": len(train),
        "validation_rows": len(validation),
        "epochs": epochs,
        "systems": summarize(runs, validation),
        "runs": [{key: value for key, value in one.items() if key != "labels"} for one in runs],
    }
    write_json(Path(said.out) / "training.json", record)
    write_text(Path(said.out) / "training.md", page(record))
    log.info("%s", Path(said.out) / "training.md")


if __name__ == "__main__":
    with plain_messages():
        main()
