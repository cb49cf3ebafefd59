"""Several runs as one result: all seeds of an experiment, its table, and one system compared with another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.annotations import Example
from stance.dataset import load_splits
from stance.errors import StanceError, input_error
from stance.evaluation import evaluate, join, over_seeds, prior_labels
from stance.files import digest, read_json, write_beside, write_json
from stance.metrics import ALL_MEASURES, MEAN_OVER_TARGETS
from stance.predictions import read_predictions
from stance.settings import SummarizeConfig


@dataclass(frozen=True, slots=True)
class RunSet:
    """The finished runs of one name, one for each seed, on one dataset.

    Attributes:
        name: Of the runs.
        runs: Content of each ``run.json``, by ascending seed.
        examples: The test rows.
        train: What the priors are fitted on.
        predicted: Test labels of each run, in the order of the examples.
        metrics: Content of each ``metrics.json``.
    """

    name: str
    runs: tuple[dict[str, Any], ...]
    examples: tuple[Example, ...]
    train: tuple[Example, ...]
    predicted: tuple[tuple[str, ...], ...]
    metrics: tuple[dict[str, Any], ...]

    @property
    def headline(self) -> str:
        """The measure that results are led by."""
        return str(self.runs[0]["config"]["data"]["headline"])


def collect(outputs: str | Path, name: str) -> RunSet:
    """The finished runs of a name.

    Raises:
        StanceError: There are none, they differ in more than the seed, or their dataset is gone or another.
    """
    folder = Path(outputs) / "runs" / name
    paths = sorted(folder.glob("seed-*/run.json"), key=lambda path: int(path.parent.name.removeprefix("seed-")))
    if not paths:
        known = sorted(path.name for path in (Path(outputs) / "runs").glob("*"))
        raise input_error(
            str(folder), "no finished runs", allowed=known or "python scripts/train.py experiment=NAME first"
        )
    runs = [read_json(path) for path in paths]
    kept = [digest({"config": {**run["config"], "seed": None}, "data": run["data"]}) for run in runs]
    for path, identity in zip(paths, kept, strict=True):
        if identity != kept[0]:
            raise StanceError(f"{path}: differs from {paths[0]} in more than the seed; train again with overwrite=true")
    splits, record = load_splits(Path(outputs) / "data" / runs[0]["data"]["folder"])
    if record.fingerprint != runs[0]["data"]["fingerprint"]:
        raise StanceError(f"{folder}: the runs were made on other data than what now stands; train with overwrite=true")
    predicted = []
    for path in paths:
        file = path.parent / "predictions.test.jsonl"
        predicted.append(tuple(join(splits["test"], read_predictions(file), str(file))))
    metrics = tuple(read_json(path.parent / "metrics.json") for path in paths)
    return RunSet(name, tuple(runs), tuple(splits["test"]), tuple(splits["train"]), tuple(predicted), metrics)


def summarize(found: RunSet, samples: int = 1000) -> dict[str, Any]:
    """All seeds of an experiment as one result, ready for ``results.json``."""
    report = evaluate(found.examples, found.predicted[0], found.train, headline=found.headline, samples=samples)
    best = report["best_prior"]
    scores = over_seeds(
        found.examples,
        found.predicted,
        prior_labels(found.train, found.examples)[best],
        names=ALL_MEASURES,
        headline=found.headline,
        samples=samples,
    )
    first = found.runs[0]
    return {
        "version": 1,
        "name": found.name,
        "headline": found.headline,
        "part": "test",
        "n": len(found.examples),
        "documents": len({example.document for example in found.examples}),
        "seeds": [run["seed"] for run in found.runs],
        "measures": {name: scores[name] for name in ALL_MEASURES},
        "best_prior": {"name": best, "value": report["priors"][best]},
        "gain": scores["gain"],
        "data": first["data"],
        "config": {key: value for key, value in first["config"].items() if key != "seed"},
        "runs": [
            {
                "seed": run["seed"],
                "command": run["command"],
                **run["code"],
                "versions": run["versions"],
                "machine": run["machine"],
                "seconds": run["seconds"],
                "resumed": run["resumed"],
                "validation": metrics["validation"]["measures"][found.headline]["value"],
                "test": {name: metrics["test"]["measures"][name]["value"] for name in ALL_MEASURES},
                "tags": {tag: {k: s[k] for k in ("n", "macro_f1")} for tag, s in metrics["test"]["tags"].items()},
            }
            for run, metrics in zip(found.runs, found.metrics, strict=True)
        ],
    }


def difference(system: RunSet, other: RunSet, samples: int = 1000) -> dict[str, Any]:
    """Headline measure of one system minus that of another on the same rows, with a paired 95% interval.

    Raises:
        StanceError: They were not tested on the same data.
    """
    if system.runs[0]["data"] != other.runs[0]["data"]:
        raise StanceError(f"{system.name} and {other.name} were not tested on the same data")
    scores = over_seeds(
        system.examples, system.predicted, other.predicted, names=(), headline=system.headline, samples=samples
    )
    return {"system": system.name, "minus": other.name, "measure": system.headline, **scores["gain"]}


def results_table(results: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table, one system a row, with intervals; a headline measure of a corpus's own has its own column."""
    columns = ["macro_f1", "favor_against_f1"]
    columns += [name for name in dict.fromkeys(result["headline"] for result in results) if name not in columns]
    titles = {"macro_f1": "macro-F1", "favor_against_f1": "favor/against F1", MEAN_OVER_TARGETS: "mean over targets"}
    heads = [
        "system",
        *(titles.get(name, name) for name in columns),
        "gain over the best prior",
        "seeds",
        "n (documents)",
    ]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for result in results:
        cells = [
            result["name"],
            *(_cell(result["measures"][name]) for name in columns),
            _cell(result["gain"], sign="+"),
        ]
        cells += [str(len(result["seeds"])), f"{result['n']:,} ({result['documents']:,})"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(score: Mapping[str, float], sign: str = "") -> str:
    return f"{score['value']:{sign}.3f} [{score['low']:{sign}.3f}, {score['high']:{sign}.3f}]"


def difference_line(found: Mapping[str, Any]) -> str:
    """The difference in words: distinguishable or not."""
    verdict = "not distinguishable" if found["low"] <= 0 <= found["high"] else "distinguishable"
    return f"{found['system']} minus {found['minus']}: {_cell(found, sign='+')} {found['measure']}, {verdict}"


def summarize_all(config: SummarizeConfig) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Write ``results.json`` and ``README.md`` of each named experiment; compare the last one with each other one.

    Args:
        config: Names and folders.

    Returns:
        The results in the order named, and the differences of the last experiment to the others on the same data.

    Raises:
        StanceError: See :func:`collect`.
    """
    found = [collect(config.outputs, name) for name in config.experiment]
    results = [summarize(runs, config.bootstrap) for runs in found]
    for result in results:
        folder = Path(config.folder) / result["name"]
        write_json(folder / "results.json", result)
        with write_beside(folder / "README.md") as temporary:
            temporary.write_text(experiment_readme(result), encoding="utf-8")
    last = found[-1]
    same = [other for other in found[:-1] if other.runs[0]["data"] == last.runs[0]["data"]]
    return results, [difference(last, other, config.bootstrap) for other in same]


def experiment_readme(result: Mapping[str, Any]) -> str:
    """The page of one experiment, in Markdown."""
    config, prior = result["config"], result["best_prior"]
    commands = "\n".join(run["command"] for run in result["runs"])
    return f"""# {result["name"]}

{config["model"]["name"]} on {result["data"]["name"]}, split by {config["split"]["by"]}, test part.
Written by `scripts/summarize.py`; `results.json` has every number, seed, version and second.

{results_table([result])}

The gain is in {result["headline"]}; the best prior is {prior["name"]}, {prior["value"]:.3f}.

```
{commands}
```
"""
