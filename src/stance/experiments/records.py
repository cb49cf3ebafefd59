"""All trainings of one name, as finished runs or as ``results.json`` has recorded them, with what each said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stance.base.annotations import Example
from stance.base.errors import StanceError, input_error
from stance.base.files import digest, read_json
from stance.base.labels import LABELS
from stance.base.predictions import read_predictions
from stance.cli.config import training_of
from stance.data.build import build_dataset
from stance.data.config import AuxiliaryConfig, DataConfig, SplitConfig
from stance.data.dataset import load_splits
from stance.data.splits import some_documents
from stance.evaluation.evaluate import join
from stance.evaluation.metrics import ALL_MEASURES
from stance.models.config import AS_IT_IS, sources_of
from stance.training.config import TrainConfig

#: A label by its first letter, as recorded answers spell it.
LETTERS = {label[0]: label for label in LABELS}


@dataclass(frozen=True, slots=True)
class RunSet:
    """The runs of one name, one for each seed, on one dataset.

    Attributes:
        name: Of the runs.
        config: Of all of them, without the seed.
        data: Name, fingerprint and folder of the dataset.
        runs: What ``results.json`` says of each, by ascending seed; ``labels`` is the answer to every row of each part
            but train, in their order, a letter a row. Records before version 3 have none.
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
        """What runs of one name have in common: all that decides what they say but the seed."""
        return _identity(self.config, self.data)

    @property
    def answered(self) -> bool:
        """Whether it is known what each run said of each row."""
        return all("labels" in run for run in self.runs)

    def learnt(self) -> list[Sequence[Example]]:
        """The training rows of each run."""
        return [some_documents(self.splits["train"], self.config["train_share"], run["seed"]) for run in self.runs]

    def answers(self, part: str) -> list[dict[str, str]]:
        """What each run said of a part: labels by id.

        Raises:
            StanceError: The runs are recorded without answers.
        """
        if not self.answered:
            commands = "; ".join(run["command"] for run in self.runs)
            raise StanceError(f"{self.name}: recorded without the answer to each row; train it again: {commands}")
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


def fine_tuned(config: Mapping[str, Any]) -> bool:
    """Whether an encoder is trained: what another seed changes, and another processor too."""
    model = config["model"]
    if "members" in model:
        return any("frozen_layers" in member for member in model["members"].values())
    if model["name"] == AS_IT_IS:
        return any(fine_tuned(source) for source in sources_of(config))
    return "frozen_layers" in model


def changed_settings(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """A line for each setting that both have and that differs, or that the second has lost.

    Settings that came later are no difference.
    """
    for key in before:
        if key not in after:
            yield f"setting {path}{key}: DIFFERENT, recorded {before[key]}, now none"
        elif isinstance(before[key], Mapping) and isinstance(after[key], Mapping):
            yield from changed_settings(before[key], after[key], f"{path}{key}.")
        elif before[key] != after[key]:
            yield f"setting {path}{key}: DIFFERENT, recorded {before[key]}, now {after[key]}"


def what_differs(
    config: Mapping[str, Any], data: Mapping[str, str], other_config: Mapping[str, Any], other_data: Mapping[str, str]
) -> str:
    """All that makes runs of one name unlike but the seed, in words; empty if nothing does."""
    one, other = ({**both, "seed": None, "bootstrap": None} for both in (config, other_config))
    lines = list(changed_settings(one, other))
    fingerprints = data["fingerprint"], other_data["fingerprint"]
    if fingerprints[0] != fingerprints[1]:
        lines.append("data fingerprint: DIFFERENT, recorded {}, now {}".format(*fingerprints))
    if not lines and _identity(config, data) != _identity(other_config, other_data):
        lines.append("a setting that one of them does not know yet")
    return "; ".join(lines)


def _identity(config: Mapping[str, Any], data: Mapping[str, str]) -> str:
    """Data are told by fingerprint, not by folder; how often a score is resampled decides nothing."""
    return digest({"config": {**config, "seed": None, "bootstrap": None}, "data": data["fingerprint"]})


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
    runs = [read_json(path) for path in paths]
    identity = _identity(runs[0]["config"], runs[0]["data"])
    for path, run in zip(paths, runs, strict=True):
        if _identity(run["config"], run["data"]) != identity:
            what = what_differs(runs[0]["config"], runs[0]["data"], run["config"], run["data"])
            problem = f"differs from {paths[0]} in more than the seed: {what}"
            raise input_error(str(path), problem, allowed="overwrite=true trains anew")
    splits, record = load_splits(Path(outputs) / "data" / runs[0]["data"]["folder"])
    if record.fingerprint != runs[0]["data"]["fingerprint"]:
        raise StanceError(f"{folder}: the runs were made on other data than what now stands; train with overwrite=true")
    config = {key: value for key, value in runs[0]["config"].items() if key != "seed"}
    entries = [_entry(run, path.parent, splits) for path, run in zip(paths, runs, strict=True)]
    return RunSet(name, config, runs[0]["data"], tuple(entries), splits)


def _entry(run: Mapping[str, Any], folder: Path, splits: Mapping[str, Sequence[Example]]) -> dict[str, Any]:
    """What ``results.json`` keeps of a finished run."""
    metrics = read_json(folder / "metrics.json")
    labels = {}
    for part in [part for part in splits if part != "train"]:
        file = folder / f"predictions.{part}.jsonl"
        labels[part] = "".join(label[0] for label in join(splits[part], read_predictions(file), str(file)))
    return {
        "seed": run["seed"],
        "command": run["command"],
        **run["code"],
        **{key: run[key] for key in ("versions", "machine", "seconds", "resumed", "made_from") if key in run},
        "validation": metrics["validation"]["measures"][run["config"]["data"]["headline"]]["value"],
        "test": {measure: metrics["test"]["measures"][measure]["value"] for measure in ALL_MEASURES},
        "labels": labels,
    }


def read_results(folder: str | Path) -> dict[str, Any]:
    """The content of the ``results.json`` of an experiment's folder.

    Raises:
        StanceError: There is none, or it is of an experiment of another name.
    """
    path = Path(folder) / "results.json"
    if not path.exists():
        raise input_error(str(path), "nothing is recorded", allowed="python scripts/summarize.py experiment=NAME first")
    recorded: dict[str, Any] = read_json(path)
    if recorded["name"] != path.resolve().parent.name:
        raise input_error(str(path), "of another name than its folder", found=recorded["name"])
    return recorded


def collect_recorded(outputs: str | Path, folder: str | Path) -> RunSet:
    """The runs that are recorded in an experiment's folder; nothing is trained.

    Args:
        outputs: Where the dataset stands, or is built from raw data as the recorded command says.
        folder: Of the experiment, e.g. ``experiments/minilm``.

    Raises:
        StanceError: There is no record, or the raw data are not there, or others now.
    """
    recorded = read_results(folder)
    wanted = recorded["data"]
    built = []
    for command in dict.fromkeys(run["command"] for run in recorded["runs"]):
        for data, split, auxiliary in _datasets(training_of(command)):
            if data.name != wanted["name"]:
                continue
            splits, record, _ = build_dataset(outputs, data, split, auxiliary)
            if record.fingerprint == wanted["fingerprint"]:
                return RunSet(recorded["name"], recorded["config"], wanted, tuple(recorded["runs"]), splits)
            built.append(record.fingerprint)
    remedy = f"the data that were recorded, {wanted['fingerprint']}; or train again: {recorded['runs'][0]['command']}"
    raise input_error(str(folder), "recorded on other data than what now stands", found=built, allowed=remedy)


def _datasets(config: TrainConfig) -> Iterator[tuple[DataConfig, SplitConfig, AuxiliaryConfig]]:
    """What a command trains on, and what it trains on first: the command of a source's run is that of what needs it."""
    yield config.data, config.split, config.auxiliary
    for source in config.sources():
        yield source.data, source.split, source.auxiliary
