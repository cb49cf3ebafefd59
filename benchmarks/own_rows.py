"""What a few rows of one's own are worth: python benchmarks/own_rows.py seesaw gwsd mpqa

Fine-tunes on 20, 50, 100 and 300 rows of a corpus that stance-small never saw, once from stance-small and once from the
encoder that it was made from, and scores both on the same test rows; with 0 rows stance-small answers as it is. No row
beside these is looked at: the number of epochs is fixed, and the best on these rows themselves is taken. Macro-F1,
means over seeds, 95% intervals over documents and seeds. Writes experiments/own_rows/scores.json and README.md; what is
there already is left alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from coding import splits_of
from stance.base.annotations import Example
from stance.base.files import write_json
from stance.base.markdown import markdown_table
from stance.base.measures import Array
from stance.cli.config import PROJECT
from stance.evaluation import metrics
from stance.evaluation.evaluate import predict_examples
from stance.models.classifier import StanceClassifier
from stance.models.config import EncoderConfig
from stance.training.finetune import fine_tune

#: Rows of one's own, and for how many epochs they are learnt.
SIZES = {20: 12, 50: 10, 100: 8, 300: 5}
TEST, SAMPLES = 500, 1000
STARTS = ("stance-small", "all-MiniLM-L6-v2")
FOLDER = PROJECT / "experiments" / "own_rows"


def parts_of(name: str) -> tuple[list[Example], list[Example]]:
    """The training rows, and test rows drawn once by whole documents."""
    splits = splits_of(name, "auto")
    test: list[Example] = []
    documents = sorted({row.document for row in splits["test"]})
    for number in np.random.default_rng(0).permutation(len(documents)):
        if len(test) >= TEST:
            break
        test += [row for row in splits["test"] if row.document == documents[number]]
    return list(splits["train"]), test


def answers(start: str, train: list[Example], test: list[Example], seed: int) -> list[str]:
    """What a model says of the test rows that goes on from ``start``, or is it where there is nothing to learn from."""
    if not train:
        return [said.label for said in predict_examples(StanceClassifier.from_pretrained(start).predictor, test)]
    config = EncoderConfig(name="own", encoder=start, mark="¤")
    options = {
        "num_train_epochs": SIZES[len(train)],
        "learning_rate": 5e-5 if start == STARTS[0] else 1e-4,
        "per_device_train_batch_size": 16,
        "bf16": True,
        "disable_tqdm": True,
    }
    with tempfile.TemporaryDirectory() as work:
        # Validation is the training rows themselves: nothing else is known of one's own material.
        tuned = fine_tune(config, train, train, seed=seed, options=options, work=Path(work))
    return [said.label for said in predict_examples(tuned, test)]


def scored(test: list[Example], trainings: list[list[str]]) -> Array:
    """Macro-F1 over seeds under each resampling of documents, shape (samples + 1,)."""
    gold, documents, targets = zip(*((row.label, row.document, row.target) for row in test), strict=True)
    weights = metrics.document_weights(len(set(documents)), SAMPLES, 0)
    confusions = [metrics.grouped_confusions(gold, labels, documents, targets) for labels in trainings]
    values = np.stack([metrics.measure("macro_f1", weights, *found) for found in confusions])
    return metrics.over_trainings(values, np.random.default_rng(1))


def measured(name: str, seeds: int) -> dict[str, Any]:
    """Scores by number of rows and start, and what is gained over the other start and over stance-small as it is."""
    train, test = parts_of(name)
    documents = len({row.document for row in test})

    def told(values: Array, lowest: float = 0.0) -> dict[str, float]:
        return metrics.with_interval(values, documents, lowest)

    as_it_is = scored(test, [answers(STARTS[0], [], test, 0)] * seeds)
    found: dict[str, Any] = {
        "n": len(test),
        "documents": documents,
        "seeds": seeds,
        "as_it_is": told(as_it_is),
        "rows": {},
    }
    for size in SIZES:
        said: dict[str, list[list[str]]] = {start: [] for start in STARTS}
        for seed in range(seeds):
            drawn = np.random.default_rng(seed).permutation(len(train))[:size]
            for start in STARTS:
                said[start].append(answers(start, [train[i] for i in drawn], test, seed))
        small, other = (scored(test, said[start]) for start in STARTS)
        found["rows"][str(size)] = {
            STARTS[0]: told(small),
            STARTS[1]: told(other),
            "gain_over_encoder": told(small - other, -1.0),
            "gain_over_as_it_is": told(small - as_it_is, -1.0),
        }
        print(name, size, {key: metrics.in_words(value) for key, value in found["rows"][str(size)].items()}, flush=True)
    return found


def page(record: dict[str, Any]) -> str:
    """The numbers as a page."""
    rows = []
    for name, found in record.items():
        rows.append([name, 0, metrics.in_words(found["as_it_is"]), "", "", "", f"{found['n']} ({found['documents']})"])
        for size, cell in found["rows"].items():
            gains = [metrics.in_words(cell[key], "+") for key in ("gain_over_encoder", "gain_over_as_it_is")]
            rows.append([name, size, *(metrics.in_words(cell[start]) for start in STARTS), *gains, ""])
    head = ["corpus", "own rows", *STARTS, "gain over the encoder", "gain over stance-small as it is", "n (documents)"]
    seeds = ", ".join(sorted({str(found["seeds"]) for found in record.values()}))
    few = [
        f"{name} ({found['documents']})" for name, found in record.items() if found["documents"] < metrics.FEW_DOCUMENTS
    ]
    cautions = [f"Of so few documents intervals are too narrow: {', '.join(few)}.\n"] if few else []
    if "seesaw" in record:
        cautions.append("No row of seesaw is neutral, so that its macro-F1 cannot exceed two thirds.\n")
    return (
        "# What a few rows of one's own are worth\n\n"
        "Macro-F1 on test rows of corpora that stance-small never saw, after fine-tuning on some rows of the same\n"
        "corpus, from stance-small and from the encoder that it was made from.\n"
        "The number of epochs was fixed beforehand.\n"
        f"Means over {seeds} seeds, which also draw the rows; 95% intervals over documents and seeds.\n"
        f"{''.join(cautions)}"
        f"Written by `python benchmarks/own_rows.py {' '.join(record)}`.\n\n{markdown_table(head, rows)}\n"
    )


def main() -> None:
    """Measure each corpus that is not measured yet, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="CORPUS")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    path = FOLDER / "scores.json"
    record = json.loads(path.read_text()) if path.exists() else {}
    for name in arguments.names:
        if name not in record:
            record[name] = measured(name, arguments.seeds)
            write_json(path, record)
            (FOLDER / "README.md").write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    main()
