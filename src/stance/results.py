"""Several runs as one result: all seeds of an experiment, its table, and one system compared with another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.annotations import Example, label_counts
from stance.dataset import load_splits
from stance.errors import StanceError, input_error
from stance.evaluation import evaluate, join, over_seeds, prior_labels
from stance.figures import learning_curve
from stance.files import digest, read_json, write_beside, write_json
from stance.metrics import ALL_MEASURES, MEAN_OVER_TARGETS
from stance.predictions import read_predictions
from stance.settings import SummarizeConfig
from stance.splits import some_documents


@dataclass(frozen=True, slots=True)
class RunSet:
    """The finished runs of one name, one for each seed, on one dataset.

    Attributes:
        name: Of the runs.
        runs: Content of each ``run.json``, by ascending seed.
        metrics: Content of each ``metrics.json``.
        splits: The dataset.
        predicted: By part, the labels of each run in the order of the part's rows.
    """

    name: str
    runs: tuple[dict[str, Any], ...]
    metrics: tuple[dict[str, Any], ...]
    splits: Mapping[str, Sequence[Example]]
    predicted: Mapping[str, Sequence[Sequence[str]]]

    @property
    def train(self) -> dict[str, int]:
        """Documents and rows learnt from; over seeds that learnt from other documents, the mean number of rows."""
        share = self.runs[0]["config"]["train_share"]
        learnt = [some_documents(self.splits["train"], share, run["seed"]) for run in self.runs]
        documents = {example.document for example in learnt[0]}
        return {"documents": len(documents), "rows": round(sum(map(len, learnt)) / len(learnt))}

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
    metrics = tuple(read_json(path.parent / "metrics.json") for path in paths)
    predicted = {}
    for part in metrics[0]:
        files = [path.parent / f"predictions.{part}.jsonl" for path in paths]
        predicted[part] = [join(splits[part], read_predictions(file), str(file)) for file in files]
    return RunSet(name, tuple(runs), metrics, splits, predicted)


def summarize(found: RunSet, samples: int = 1000) -> dict[str, Any]:
    """All seeds of an experiment as one result, ready for ``results.json``.

    Besides the measures on test: those on the challenge part, if there is one, and the accuracy on the test rows with
    each tag, each with n, documents and interval.
    """
    first, examples = found.runs[0], found.splits["test"]
    report = evaluate(examples, found.predicted["test"][0], found.splits["train"], headline=found.headline)
    best = report["best_prior"]
    result = {
        "version": 1,
        "name": found.name,
        "headline": found.headline,
        "part": "test",
        "seeds": [run["seed"] for run in found.runs],
        "train": found.train,
        **_over_seeds(found, "test", best, ALL_MEASURES, samples),
        "best_prior": {"name": best, "value": report["priors"][best]},
    }
    if "challenge" in found.predicted:
        result["challenge"] = _over_seeds(found, "challenge", best, ("macro_f1", "accuracy"), samples)
    tags = sorted({tag for example in examples for tag in example.tags})
    result["tags"] = {tag: _over_seeds(found, "test", best, ("accuracy",), samples, tag) for tag in tags}
    runs = [
        {
            "seed": run["seed"],
            "command": run["command"],
            **run["code"],
            **{key: run[key] for key in ("versions", "machine", "seconds", "resumed")},
            "validation": metrics["validation"]["measures"][found.headline]["value"],
            "test": {name: metrics["test"]["measures"][name]["value"] for name in ALL_MEASURES},
        }
        for run, metrics in zip(found.runs, found.metrics, strict=True)
    ]
    config = {key: value for key, value in first["config"].items() if key != "seed"}
    return {**result, "data": first["data"], "config": config, "runs": runs}


def _over_seeds(
    found: RunSet, part: str, prior: str, names: Sequence[str], samples: int, tag: str = ""
) -> dict[str, Any]:
    """n, documents, label counts, measures and gain over a prior, on the rows of a part, or on those with a tag."""
    chosen = [i for i, example in enumerate(found.splits[part]) if not tag or tag in example.tags]
    examples = [found.splits[part][i] for i in chosen]
    scores = over_seeds(
        examples,
        [[labels[i] for i in chosen] for labels in found.predicted[part]],
        prior_labels(found.splits["train"], examples)[prior],
        names=names,
        headline=names[0] if tag else found.headline,
        samples=samples,
    )
    return {
        "n": len(examples),
        "documents": len({example.document for example in examples}),
        "gold": label_counts(example.label for example in examples),
        "measures": {name: scores[name] for name in names},
        "gain": scores["gain"],
    }


def difference(system: RunSet, other: RunSet, samples: int = 1000) -> dict[str, Any]:
    """Headline measure of one system minus that of another on the same rows, with a paired 95% interval.

    Raises:
        StanceError: They were not tested on the same data.
    """
    if system.runs[0]["data"] != other.runs[0]["data"]:
        raise StanceError(f"{system.name} and {other.name} were not tested on the same data")
    scores = over_seeds(
        system.splits["test"],
        system.predicted["test"],
        other.predicted["test"],
        names=(),
        headline=system.headline,
        samples=samples,
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
    differences = [difference(last, other, config.bootstrap) for other in same]
    if config.table is not None:
        lines = [results_table(results), "", *(f"- {difference_line(found)}" for found in differences)]
        if config.curve:
            learning_curve(results, Path(config.folder) / f"{config.table}.svg")
            lines = [f"![Score by number of training documents]({config.table}.svg)", "", *lines]
        with write_beside(Path(config.folder) / f"{config.table}.md") as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return results, differences


def experiment_readme(result: Mapping[str, Any]) -> str:
    """The page of one experiment, in Markdown."""
    config, prior = result["config"], result["best_prior"]
    lines = [
        f"# {result['name']}",
        "",
        f"{config['model']['name']} on {result['data']['name']}, split by {config['split']['by']}, test part.",
        "Written by `scripts/summarize.py`; `results.json` has every number, seed, version and second.",
        "",
        results_table([result]),
        "",
        f"The gain is in {result['headline']}; the best prior is {prior['name']}, {prior['value']:.3f}.",
    ]
    if "challenge" in result:
        hard = result["challenge"]
        lines.append(
            f"On the challenge part (n = {hard['n']} in {hard['documents']} documents): "
            f"macro-F1 {_cell(hard['measures']['macro_f1'])}, accuracy {_cell(hard['measures']['accuracy'])}."
        )
    if result["tags"]:
        lines += [
            "",
            "| rows with the tag | n (documents) | against, neutral, favor | accuracy | always the commonest label |",
            "|---|---|---|---|---|",
        ]
        by_accuracy = sorted(result["tags"].items(), key=lambda item: item[1]["measures"]["accuracy"]["value"])
        for tag, scores in by_accuracy:
            counts = scores["gold"].values()
            cells = [tag, f"{scores['n']} ({scores['documents']})", ", ".join(map(str, counts))]
            cells += [_cell(scores["measures"]["accuracy"]), f"{max(counts) / scores['n']:.3f}"]
            lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "```", *(run["command"] for run in result["runs"]), "```"]
    return "\n".join(lines) + "\n"
