"""Several runs as one result: all seeds of an experiment, its table, and one system compared with another."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stance.annotations import Example, label_counts
from stance.build import build_dataset
from stance.config import training_of
from stance.dataset import load_splits
from stance.errors import StanceError, input_error
from stance.evaluation import join, over_seeds, prior_labels
from stance.figures import learning_curve
from stance.files import digest, read_json, write_beside, write_json
from stance.labels import LABELS
from stance.metrics import ALL_MEASURES, TITLES, in_words
from stance.predictions import read_predictions
from stance.settings import SummarizeConfig
from stance.splits import some_documents
from stance.tables import markdown_table

log = logging.getLogger(__name__)

#: A label by its first letter, as recorded answers spell it.
LETTERS = {label[0]: label for label in LABELS}

#: What is said of a published figure; ``parts``: whether it was measured on the same parts as ours.
PUBLISHED = ("corpus", "system", "size", "measure", "value", "parts", "source")


@dataclass(frozen=True, slots=True)
class RunSet:
    """The runs of one name, one for each seed, on one dataset.

    Attributes:
        name: Of the runs.
        config: Of all of them, without the seed.
        data: Name, fingerprint and folder of the dataset.
        runs: What ``results.json`` says of each, by ascending seed; ``labels`` is the answer to every row of each part
            but train, in their order, a letter a row.
        splits: The dataset.
    """

    name: str
    config: Mapping[str, Any]
    data: Mapping[str, str]
    runs: tuple[Mapping[str, Any], ...]
    splits: Mapping[str, Sequence[Example]]

    @property
    def headline(self) -> str:
        """The measure that results are led by."""
        return str(self.config["data"]["headline"])

    @property
    def identity(self) -> str:
        """What runs of one name have in common: all but the seed. Data are told by fingerprint, not by folder."""
        return digest({"config": {**self.config, "seed": None}, "data": self.data["fingerprint"]})

    def learnt(self) -> list[Sequence[Example]]:
        """The training rows of each run."""
        return [some_documents(self.splits["train"], self.config["train_share"], run["seed"]) for run in self.runs]

    def answers(self, part: str) -> list[dict[str, str]]:
        """What each run said of a part: labels by id."""
        ids = [example.id for example in self.splits[part]]
        return [{i: LETTERS[letter] for i, letter in zip(ids, run["labels"][part], strict=True)} for run in self.runs]

    def labels(self, part: str, examples: Sequence[Example]) -> list[list[str]]:
        """What each run said of examples of a part, in their order."""
        return [[said[example.id] for example in examples] for said in self.answers(part)]

    def with_seeds_of(self, other: RunSet) -> RunSet:
        """These runs, and those of the other of further seeds; both are of one identity."""
        here = {run["seed"] for run in self.runs}
        further = [run for run in other.runs if run["seed"] not in here]
        return replace(self, runs=tuple(sorted([*self.runs, *further], key=lambda run: run["seed"])))


def collect(outputs: str | Path, name: str, seed: int | None = None) -> RunSet:
    """The finished runs of a name, of all seeds or of one.

    Raises:
        StanceError: There are none, they differ in more than the seed, or their dataset is gone or another.
    """
    folder = Path(outputs) / "runs" / name
    paths = sorted(
        folder.glob(f"seed-{'*' if seed is None else seed}/run.json"),
        key=lambda path: int(path.parent.name.removeprefix("seed-")),
    )
    if not paths:
        known = sorted(path.name for path in (Path(outputs) / "runs").glob("*"))
        raise input_error(
            str(folder), "no finished runs", allowed=known or "python scripts/train.py experiment=NAME first"
        )
    first = read_json(paths[0])
    splits, record = load_splits(Path(outputs) / "data" / first["data"]["folder"])
    sets = [_of_run(path, name, splits) for path in paths]
    for path, found in zip(paths, sets, strict=True):
        if found.identity != sets[0].identity:
            raise StanceError(f"{path}: differs from {paths[0]} in more than the seed; train again with overwrite=true")
    if record.fingerprint != first["data"]["fingerprint"]:
        raise StanceError(f"{folder}: the runs were made on other data than what now stands; train with overwrite=true")
    return replace(sets[0], runs=tuple(run for found in sets for run in found.runs))


def _of_run(path: Path, name: str, splits: Mapping[str, Sequence[Example]]) -> RunSet:
    run, metrics = read_json(path), read_json(path.parent / "metrics.json")
    config = {key: value for key, value in run["config"].items() if key != "seed"}
    entry = {
        "seed": run["seed"],
        "command": run["command"],
        **run["code"],
        **{key: run[key] for key in ("versions", "machine", "seconds", "resumed")},
        "validation": metrics["validation"]["measures"][config["data"]["headline"]]["value"],
        "test": {measure: metrics["test"]["measures"][measure]["value"] for measure in ALL_MEASURES},
        "labels": {},
    }
    for part in [part for part in splits if part != "train"]:
        file = path.parent / f"predictions.{part}.jsonl"
        entry["labels"][part] = "".join(label[0] for label in join(splits[part], read_predictions(file), str(file)))
    return RunSet(name, config, run["data"], (entry,), splits)


def collect_recorded(outputs: str | Path, folder: str | Path) -> RunSet:
    """The runs that the ``results.json`` in a folder has recorded, with their answers; nothing is trained.

    Args:
        outputs: Where the dataset stands, or is built from raw data as the recorded command says.
        folder: Of the experiment, e.g. ``experiments/minilm``.

    Raises:
        StanceError: There is no record, it is without answers, or the data are others now.
    """
    path = Path(folder) / "results.json"
    if not path.exists():
        raise input_error(str(path), "nothing is recorded", allowed="python scripts/summarize.py experiment=NAME first")
    recorded = read_json(path)
    if not answered(recorded):
        raise StanceError(f"{path}: recorded without the answer to each row; train it again")
    config = training_of(recorded["runs"][0]["command"])
    splits, record, _ = build_dataset(outputs, config.data, config.split, config.auxiliary)
    if record.fingerprint != recorded["data"]["fingerprint"]:
        raise input_error(
            str(path), "made on other data", found=record.fingerprint, allowed=recorded["data"]["fingerprint"]
        )
    return RunSet(recorded["name"], recorded["config"], recorded["data"], tuple(recorded["runs"]), splits)


def answered(recorded: Mapping[str, Any]) -> bool:
    """Whether a recorded result has the answer of every run to every row, as those before version 3 have not."""
    return all("labels" in run for run in recorded["runs"])


def summarize(found: RunSet, samples: int = 1000) -> dict[str, Any]:
    """All seeds of an experiment as one result, ready for ``results.json``.

    Besides the measures on test: those on the challenge part, if there is one, and the accuracy on the rows with each
    tag, in test with what only the challenge part has, and in validation. Each has n, documents and interval.
    """
    learnt = found.learnt()
    result = {
        "version": 3,
        "name": found.name,
        "headline": found.headline,
        "part": "test",
        "seeds": [run["seed"] for run in found.runs],
        "train": {
            "documents": len({example.document for example in learnt[0]}),
            "rows": round(sum(map(len, learnt)) / len(learnt)),
        },
        **_scores(found, "test", found.splits["test"], ALL_MEASURES, samples),
    }
    challenge = list(found.splits.get("challenge", ()))
    if challenge:
        result["challenge"] = _scores(found, "challenge", challenge, ("macro_f1", "accuracy"), samples)
    result["tags"] = _by_tag(found, ("test", "challenge"), samples)
    result["validation_tags"] = _by_tag(found, ("validation",), samples)
    return {**result, "data": dict(found.data), "config": dict(found.config), "runs": list(found.runs)}


def _scores(
    found: RunSet, part: str, examples: Sequence[Example], names: Sequence[str], samples: int
) -> dict[str, Any]:
    """n, measures, and the gain over the prior that is best on these very rows, learnt from what the runs learnt from.

    Where the runs learnt from different shares of train, a prior has a fit for each, and its scores are averaged.
    """
    learnt = {tuple(sorted({example.document for example in rows})): rows for rows in found.learnt()}
    priors: dict[str, list[list[str]]] = {}
    for rows in learnt.values():
        for name, draws in prior_labels(rows, examples).items():
            priors.setdefault(name, []).extend(draws)
    headline = found.headline
    values = {
        name: over_seeds(examples, draws, names=(), headline=headline, samples=1)[headline]["value"]
        for name, draws in priors.items()
    }
    best = max(values, key=lambda name: float(values[name]))
    labels = found.labels(part, examples)
    scores = over_seeds(examples, labels, priors[best], names=names, headline=headline, samples=samples)
    return {
        **_size(examples),
        "measures": {name: scores[name] for name in names},
        "best_prior": {"name": best, "value": values[best]},
        "gain": scores["gain"],
    }


def _by_tag(found: RunSet, parts: Sequence[str], samples: int) -> dict[str, Any]:
    """Accuracy on the rows with each tag; a row that stands in two parts counts once."""
    rows: dict[str, tuple[str, Example]] = {}
    for part in parts:
        for example in found.splits.get(part, ()):
            rows.setdefault(example.id, (part, example))
    said = {part: found.answers(part) for part, _ in rows.values()}
    scores = {}
    for tag in sorted({tag for _, example in rows.values() for tag in example.tags}):
        chosen = [(part, example) for part, example in rows.values() if tag in example.tags]
        examples = [example for _, example in chosen]
        labels = [[said[part][i][e.id] for part, e in chosen] for i in range(len(found.runs))]
        accuracy = over_seeds(examples, labels, names=(), headline="accuracy", samples=samples)["accuracy"]
        scores[tag] = {**_size(examples), "accuracy": accuracy}
    return scores


def _size(examples: Sequence[Example]) -> dict[str, Any]:
    return {
        "n": len(examples),
        "documents": len({example.document for example in examples}),
        "gold": label_counts(example.label for example in examples),
    }


def difference(system: RunSet, other: RunSet, samples: int = 1000) -> dict[str, Any]:
    """Headline measure of one system minus that of another on the same rows, with a paired 95% interval.

    Returns:
        Names, measure, ``seeds`` of each, value, low, high; without the last four if they were not tested on the same
        data.
    """
    names = {"system": system.name, "minus": other.name}
    if system.splits["test"] != other.splits["test"]:
        return names
    examples = system.splits["test"]
    scores = over_seeds(
        examples,
        system.labels("test", examples),
        other.labels("test", examples),
        names=(),
        headline=system.headline,
        samples=samples,
    )
    seeds = [len(system.runs), len(other.runs)]
    return {**names, "measure": system.headline, "seeds": seeds, **scores["gain"]}


def results_table(results: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table, one system a row, with intervals.

    A headline measure of a corpus's own has its own column, filled for that corpus, and so has the corpus where there
    are several.
    """
    headlines = list(dict.fromkeys(result["headline"] for result in results))
    corpora = list(dict.fromkeys(result["data"]["name"] for result in results))
    always = ["macro_f1", "favor_against_f1"]
    columns = [*always, *(name for name in headlines if name not in always)]
    heads = [
        "system",
        *(["corpus"] if len(corpora) > 1 else []),
        *(TITLES[name] for name in columns),
        "gain over the best prior" + (f" ({TITLES[headlines[0]]})" if len(headlines) == 1 else ""),
        "seeds (deviation)",
        "n (documents)",
    ]
    rows = []
    for result in results:
        measure = f" ({TITLES[result['headline']]})" if len(headlines) > 1 else ""
        rows.append(
            [
                result["name"],
                *([result["data"]["name"]] if len(corpora) > 1 else []),
                *(
                    in_words(result["measures"][name]) if name in (*always, result["headline"]) else ""
                    for name in columns
                ),
                in_words(result["gain"], sign="+") + measure,
                _seeds(result),
                f"{result['n']:,} ({result['documents']:,})",
            ]
        )
    return markdown_table(heads, rows)


def _seeds(result: Mapping[str, Any]) -> str:
    """How many trainings, and how far apart they are in the headline measure."""
    number, deviation = len(result["seeds"]), result["measures"][result["headline"]]["sd"]
    return f"{number} ({deviation:.3f})" if number > 1 else str(number)


def difference_line(found: Mapping[str, Any]) -> str:
    """The difference in words: distinguishable or not, and what the interval does not hold."""
    if "value" not in found:
        return f"{found['system']} and {found['minus']}: not compared, since they were not tested on the same data"
    verdict = "not distinguishable" if found["low"] <= 0 <= found["high"] else "distinguishable"
    single = " (one training, so that the interval holds no variance of seeds)" if max(found["seeds"]) == 1 else ""
    measure = TITLES[found["measure"]]
    return f"{found['system']} minus {found['minus']}: {in_words(found, sign='+')} {measure}, {verdict}{single}"


def summarize_all(config: SummarizeConfig) -> tuple[list[dict[str, Any]], list[str]]:
    """Write ``results.json`` and ``README.md`` of each named experiment, and compare systems on the same test rows.

    Args:
        config: Names and folders.

    Returns:
        The results in the order named, and a line for each comparison: of those with the same test rows, the last one
        named with each other one.

    Raises:
        StanceError: See :func:`collect`; a learning curve of different models or data.
    """
    found = {name: _found(config, name) for name in config.experiment}
    standing = _standing_differences(config, found)
    results = []
    for name, system in found.items():
        folder = Path(config.folder) / name
        if system is None:
            results.append(read_json(folder / "results.json"))
        else:
            results.append(summarize(system, config.bootstrap))
            write_json(folder / "results.json", results[-1])
        with write_beside(folder / "README.md") as temporary:
            temporary.write_text(experiment_readme(results[-1]), encoding="utf-8")
    differences = standing + _differences([runs for runs in found.values() if runs is not None], config.bootstrap)
    if config.table is not None:
        folder = Path(config.folder)
        if config.curve:
            _same_but_for_share(results)
            learning_curve(results, folder / f"{config.table}.svg")
        names = [result["name"] for result in results]
        content = {"version": 1, "experiments": names, "differences": differences, "curve": config.curve}
        if config.published is not None:
            content["published"] = read_published(config.published, {result["data"]["name"] for result in results})
        write_json(folder / f"{config.table}.json", content)
        with write_beside(folder / f"{config.table}.md") as temporary:
            temporary.write_text(table_page(config.table, content, results), encoding="utf-8")
    return results, [difference_line(difference) for difference in differences]


def _found(config: SummarizeConfig, name: str) -> RunSet | None:
    """The runs of a name, finished and, if so configured, recorded; None: recorded without the answer to each row."""
    folder = Path(config.folder) / name
    finished = any((Path(config.outputs) / "runs" / name).glob("seed-*/run.json"))
    if not config.recorded or (finished and not (folder / "results.json").exists()):
        return collect(config.outputs, name)
    record = folder / "results.json"
    if not finished and record.exists() and not answered(read_json(record)):
        log.info("%s: recorded without the answer to each row; it stays as it is", record)
        return None
    if not finished:
        return collect_recorded(config.outputs, folder)
    system = collect(config.outputs, name)
    recorded = collect_recorded(config.outputs, folder) if answered(read_json(record)) else None
    if recorded is None or recorded.identity != system.identity:
        log.info("%s: of other settings or data, or without the answer to each row; replaced", record)
        return system
    return system.with_seeds_of(recorded)


def _standing_differences(config: SummarizeConfig, found: Mapping[str, RunSet | None]) -> list[dict[str, Any]]:
    """Of this table as it stands: what cannot be computed again, of systems that are what they were."""
    page = Path(config.folder) / f"{config.table}.json"
    if None not in found.values() or not page.exists():
        return []

    def stands(name: str) -> bool:
        system, record = found.get(name), Path(config.folder) / name / "results.json"
        return name in found and (system is None or list(system.runs) == read_json(record)["runs"])

    return [
        entry
        for entry in read_json(page)["differences"]
        if None in (found.get(entry["system"]), found.get(entry["minus"]))
        and stands(entry["system"])
        and stands(entry["minus"])
    ]


def _differences(found: Sequence[RunSet], samples: int) -> list[dict[str, Any]]:
    """Of the systems tested on the same rows, the last one minus each other one."""
    groups: list[list[RunSet]] = []
    for system in found:
        same = [group for group in groups if group[0].splits["test"] == system.splits["test"]]
        if same:
            same[0].append(system)
        else:
            groups.append([system])
    return [difference(group[-1], other, samples) for group in groups for other in group[:-1]]


def read_published(path: str | Path, corpora: Collection[str]) -> list[dict[str, Any]]:
    """Other people's figures for these corpora.

    Raises:
        StanceError: The file is not there, or an entry lacks one of ``PUBLISHED``.
    """
    entries: list[dict[str, Any]] = read_json(path)
    for number, entry in enumerate(entries, start=1):
        if set(entry) != set(PUBLISHED):
            raise input_error(f"{path}, entry {number}", "keys", found=sorted(entry), allowed=PUBLISHED)
    return [entry for entry in entries if entry["corpus"] in corpora]


def table_page(name: str, content: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> str:
    """The page of several experiments, in Markdown, from ``<name>.json`` and the results that it names."""
    lines = [f"![Score by number of training documents]({name}.svg)", ""] if content["curve"] else []
    lines += [results_table(results), "", *(f"- {difference_line(found)}" for found in content["differences"])]
    if content.get("published"):
        rows = [
            [
                e["system"],
                e["corpus"],
                e["size"],
                f"{e['value']:.3f} {TITLES.get(e['measure'], e['measure'])}",
                e["parts"],
                e["source"],
            ]
            for e in content["published"]
        ]
        lines += ["", "Published by others, not measured here:", ""]
        lines += [markdown_table(["system", "corpus", "parameters", "score", "parts", "source"], rows)]
    return "\n".join(lines) + "\n"


def _same_but_for_share(results: Sequence[Mapping[str, Any]]) -> None:
    for result in results[1:]:
        if any(result[key] != results[0][key] for key in ("data", "headline")) or (
            result["config"]["model"] != results[0]["config"]["model"]
        ):
            raise StanceError(
                f"curve: {result['name']} and {results[0]['name']} differ in data or model; "
                "a learning curve is one model on shares of one training part (train_share=...)"
            )


def experiment_readme(result: Mapping[str, Any]) -> str:
    """The page of one experiment, in Markdown."""
    config, prior = result["config"], result["best_prior"]
    lines = [
        f"# {result['name']}",
        "",
        f"{config['model']['name']} on {result['data']['name']}, split by {config['split']['by']}, test part; "
        f"learnt from {result['train']['rows']:,} rows in {result['train']['documents']:,} documents.",
        "Written by `scripts/summarize.py`; `results.json` has every number, seed, version and second.",
        "",
        results_table([result]),
        "",
        f"The best prior is {prior['name']}, {prior['value']:.3f}.",
    ]
    if "challenge" in result:
        hard = result["challenge"]
        lines.append(
            f"On the challenge part (n = {hard['n']} in {hard['documents']} documents): "
            f"macro-F1 {in_words(hard['measures']['macro_f1'])}, accuracy {in_words(hard['measures']['accuracy'])}; "
            f"gain over {hard['best_prior']['name']} {in_words(hard['gain'], sign='+')}."
        )
    if result["tags"]:
        heads = [
            "rows with the tag",
            "n (documents)",
            "against, neutral, favor",
            "accuracy",
            "always the commonest label",
        ]
        rows = []
        for tag, scores in sorted(result["tags"].items(), key=lambda item: item[1]["accuracy"]["value"]):
            counts = scores["gold"].values()
            size, commonest = f"{scores['n']} ({scores['documents']})", f"{max(counts) / scores['n']:.3f}"
            rows.append([tag, size, ", ".join(map(str, counts)), in_words(scores["accuracy"]), commonest])
        lines += ["", markdown_table(heads, rows)]
    lines += ["", "```", *(run["command"] for run in result["runs"]), "```"]
    return "\n".join(lines) + "\n"
