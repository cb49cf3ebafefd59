"""From raw measurements to the numbers that the page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sentences import Sentences, chosen
from stance.base.measures import macro_f1
from stance.evaluation.metrics import confusion
from worker import SYSTEMS


def summarize(about: Mapping[str, Any], sentences: Sentences, results: Mapping[str, Any]) -> dict[str, Any]:
    """Medians over the repeats, with the repeats themselves.

    Args:
        about: Settings and checkpoints of the run.
        sentences: What was timed, with the labels of the rows that training never saw.
        results: By measurement and repeat, as the worker gave them.

    Returns:
        ``peak`` (GFLOP/s of matrix products), ``systems`` by name, ``by_rows`` and ``by_length``.
    """
    repeats = range(about["settings"]["repeats"])
    rounds = [results[f"peak/{repeat}"]["gflops"] for repeat in repeats]
    peak = {
        **spread([max(found.values()) for found in rounds]),
        "by_product": {name: float(np.median([found[name] for found in rounds])) for name in rounds[0]},
        "rounds": rounds,
    }
    systems: dict[str, Any] = {}
    for name in about["settings"]["systems"]:
        first = results[f"{name}/0"]
        if "left_out" in first:
            systems[name] = first
            continue
        raw = [results[f"{name}/{repeat}"] for repeat in repeats]
        systems[name] = _system(raw, peak["median"]) | _quality(about, name, sentences, results)
    return {
        "peak": peak,
        "systems": systems,
        "by_rows": {name.removeprefix("file "): result for name, result in results.items() if name.startswith("file ")},
        "by_length": {
            name.removeprefix("lengths "): result["lengths"]
            for name, result in results.items()
            if name.startswith("lengths ")
        },
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {"median": float(np.median(values)), "low": float(min(values)), "high": float(max(values))}


def _system(raw: Sequence[Mapping[str, Any]], peak: float) -> dict[str, Any]:
    rows = len(raw[0]["labels"])
    latency = np.concatenate([each["latency_ms"] for each in raw])
    found = {
        "rows": rows,
        "rows_per_second": spread([rows / each["seconds"] for each in raw]),
        "start_seconds": spread([each["start_seconds"] for each in raw]),
        "peak_mb": spread([each["peak_mb"] for each in raw]),
        "latency_ms": {
            "calls": len(latency),
            "median": float(np.median(latency)),
            "p99": float(np.quantile(latency, 0.99)),
        },
        "encoder_rows": raw[0]["encoder_rows"],
        "raw": [{key: value for key, value in each.items() if key != "labels"} for each in raw],
    }
    if raw[0]["encoder_rows"] == rows:  # all of it, and nothing but it
        useful = spread([each["useful_flops"] / each["seconds"] / 1e9 for each in raw])
        found |= {
            "gflops": useful,
            "share_of_peak": useful["median"] / peak,
            "padding": raw[0]["padded_flops"] / raw[0]["useful_flops"] - 1,
            "tokens": raw[0]["tokens"],
        }
    return found


def _quality(
    about: Mapping[str, Any], name: str, sentences: Sentences, results: Mapping[str, Any]
) -> dict[str, float | int]:
    """Agreement with the torch path on the same rows, and macro-F1 on those that training never saw.

    Agreement is that of checkpoints of the same training data; macro-F1 is of systems that were asked for all rows.
    """
    checkpoints, system = about["checkpoints"], SYSTEMS[name]
    labels, found = results[f"{name}/0"]["labels"], {}
    trained_on = checkpoints[system.checkpoint]["data"].get("fingerprint")
    torch = results.get("torch/0", {}).get("labels")
    if torch is not None and trained_on == checkpoints["checkpoint"]["data"].get("fingerprint"):
        numbers = chosen(len(sentences.rows), system.share)
        same = [label == torch[number] for number, label in zip(numbers, labels, strict=True)]
        found["agreement"] = float(np.mean(same))
    held_out = len(sentences.gold)
    if trained_on == sentences.fingerprint and system.share == 1 and held_out:
        found["macro_f1"] = float(macro_f1(confusion(sentences.gold, labels[:held_out])))
        found["scored"] = held_out
    return found
