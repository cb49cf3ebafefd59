"""All trainings of one name, finished or recorded, with what each said."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stance.base.annotations import Example
from stance.base.errors import StanceError, input_error
from stance.base.files import read_json
from stance.base.labels import LABELS
from stance.base.predictions import read_predictions
from stance.base.settings import from_values
from stance.data.build import build_dataset
from stance.data.dataset import load_splits
from stance.data.splits import some_documents
from stance.evaluation.evaluate import matched
from stance.evaluation.report import read_metrics
from stance.experiments.types import Result, Run
from stance.training.config import AsItIsConfig, TrainConfig
from stance.training.recorded import Recorded, differences

log = logging.getLogger(__name__)

#: A label by its first letter, as recorded answers spell it.
LETTERS = {label[0]: label for label in LABELS}


@dataclass(frozen=True, slots=True)
class RunSet:
    """The runs of one name, one for each seed, on one dataset.

    Attributes:
        name: Of the runs.
        made: What all of them are, but for the seed.
        data: Name, fingerprint and folder of the dataset.
        runs: By ascending seed.
        splits: The dataset.
    """

    name: str
    made: Recorded
    data: Mapping[str, str]
    runs: tuple[Run, ...]
    splits: Mapping[str, Sequence[Example]]

    @property
    def headline(self) -> str:
        """The measure that results are led by."""
        return self.made.config.data.headline

    @property
    def answered(self) -> bool:
        """Whether each run's label of each row is recorded."""
        return all(run.labels is not None for run in self.runs)

    def learnt(self) -> list[Sequence[Example]]:
        """The training rows of each run."""
        share = self.made.config.train_share
        return [some_documents(self.splits["train"], share, run.seed) for run in self.runs]

    def answers(self, part: str) -> list[dict[str, str]]:
        """Each run's labels of a part, by id.

        Raises:
            StanceError: The runs are recorded without answers.
        """
        if not self.answered:
            commands = "; ".join(run.command for run in self.runs)
            raise StanceError(f"{self.name}: recorded without the answer to each row; train it again: {commands}")
        ids = [example.id for example in self.splits[part]]
        said = [run.labels[part] for run in self.runs if run.labels is not None]
        return [{i: LETTERS[letter] for i, letter in zip(ids, letters, strict=True)} for letters in said]

    def labels(self, part: str, examples: Sequence[Example]) -> list[list[str]]:
        """Each run's labels of examples of a part, in their order."""
        return [[said[example.id] for example in examples] for said in self.answers(part)]

    def with_seeds_of(self, other: RunSet) -> RunSet:
        """These runs, and those of the other of further seeds; both are of one identity."""
        here = {run.seed for run in self.runs}
        further = [run for run in other.runs if run.seed not in here]
        return replace(self, runs=tuple(sorted([*self.runs, *further], key=lambda run: run.seed)))


def fine_tuned(config: TrainConfig) -> bool:
    """Whether an encoder is trained: what another seed changes, and another processor too."""
    if isinstance(config.model, AsItIsConfig):
        return any(source.model.fine_tuned for source in config.sources())
    return config.model.fine_tuned


def without_seed(made: Recorded) -> dict[str, Any]:
    """What runs of several seeds have in common, as ``results.json`` has it."""
    record = made.record()
    del record["config"]["seed"]
    return record


def what_differs(one: Recorded, other: Recorded) -> str:
    """All that makes runs of one name unlike but the seed, in words; empty if nothing does."""
    alike = (replace(made, config=replace(made.config, seed=0, bootstrap=1000)) for made in (one, other))
    return "; ".join(differences(*alike))  # how often a score is resampled decides nothing either


def seed_of(folder: Path) -> int | None:
    """The seed whose run is in a folder, by its name; None of another folder, such as a copy of one."""
    named = re.fullmatch(r"seed-(0|[1-9][0-9]*)", folder.name)
    return int(named[1]) if named else None


def collect(outputs: str | Path, name: str, seed: int | None = None) -> RunSet:
    """The finished runs of a name, of all seeds or of one.

    Raises:
        StanceError: There are none, they differ in more than the seed, or their dataset is gone or another.
    """
    folder = Path(outputs) / "runs" / name
    folders = [path.parent for path in folder.glob("seed-*/run.json")]
    if others := sorted(each.name for each in folders if seed_of(each) is None):
        log.warning("%s: no run of a seed, and not counted: %s", folder, ", ".join(others))
    found = {number: each / "run.json" for each in folders if (number := seed_of(each)) is not None}
    paths = [found[number] for number in sorted(found) if seed in (None, number)]
    if not paths:
        known = sorted({path.parts[-3] for path in (Path(outputs) / "runs").glob("*/seed-*/run.json")})
        raise input_error(
            str(folder), "no finished runs", allowed=known or "python scripts/train.py experiment=NAME first"
        )
    runs = [read_json(path) for path in paths]
    all_made = [Recorded.read(run) for run in runs]
    # each with each: of two that an older record is alike, both may have what it lacks
    for (before, one), (path, other) in itertools.combinations(zip(paths, all_made, strict=True), 2):
        if what := what_differs(one, other):
            problem = f"differs from {before} in more than the seed: {what}"
            raise input_error(str(path), problem, allowed="overwrite=true trains anew")
    splits, record = load_splits(Path(outputs) / "data" / runs[0]["data"]["folder"])
    if record.fingerprint != runs[0]["data"]["fingerprint"]:
        raise StanceError(f"{folder}: the data have changed since the runs were made; train with overwrite=true")
    finished = [_finished(run, path.parent, splits) for path, run in zip(paths, runs, strict=True)]
    return RunSet(name, all_made[0], runs[0]["data"], tuple(finished), splits)


def _finished(run: Mapping[str, Any], folder: Path, splits: Mapping[str, Sequence[Example]]) -> Run:
    """What ``results.json`` keeps of a finished run."""
    metrics = read_metrics(folder)
    labels = {}
    for part in [part for part in splits if part != "train"]:
        file = folder / f"predictions.{part}.jsonl"
        said = matched(splits[part], read_predictions(file), str(file))
        labels[part] = "".join(prediction.label[0] for prediction in said)
    return Run(
        seed=run["seed"],
        command=run["command"],
        commit=run["code"]["commit"],
        dirty=run["code"]["dirty"],
        versions=run["versions"],
        machine=run["machine"],
        seconds=run["seconds"],
        resumed=run["resumed"],
        made_from=run.get("made_from"),
        validation=metrics["validation"].measures[run["config"]["data"]["headline"]].value,
        test={name: score.value for name, score in metrics["test"].measures.items()},
        labels=labels,
    )


def recorded_in(folder: str | Path, name: str) -> Path | None:
    """The folder of a recorded experiment below that of its corpus; None if there is none.

    Raises:
        StanceError: There are experiments of this name on several corpora.
    """
    found = sorted(path.parent for path in Path(folder).glob(f"*/{name}/results.json"))
    if len(found) > 1:
        raise input_error(name, "recorded on several corpora", found=[str(path) for path in found], allowed="one")
    return found[0] if found else None


def read_all(folder: str | Path) -> list[Result]:
    """All that is recorded in the folder of a corpus, by name."""
    return [read_results(path.parent) for path in sorted(Path(folder).glob("*/results.json"))]


def read_results(folder: str | Path) -> Result:
    """The content of the ``results.json`` of an experiment's folder.

    Raises:
        StanceError: There is none, it is of an experiment of another name, or it has not the keys of a record.
    """
    path = Path(folder) / "results.json"
    if not path.exists():
        raise input_error(str(path), "nothing is recorded", allowed="python scripts/summarize.py experiment=NAME first")
    recorded = from_values(Result, read_json(path), str(path))
    if recorded.name != path.resolve().parent.name:
        raise input_error(str(path), "of another name than its folder", found=recorded.name)
    return recorded


def collect_recorded(outputs: str | Path, folder: str | Path) -> RunSet:
    """The runs that are recorded in an experiment's folder; nothing is trained.

    The dataset is in ``outputs``, or is built there from raw data as it is configured.

    Raises:
        StanceError: There is no record, or the raw data are not there, or others now.
    """
    recorded = read_results(folder)
    made = recorded.made()
    config = made.config
    splits, record, _ = build_dataset(outputs, config.data, config.split, config.auxiliary)
    if record.fingerprint == made.fingerprint:
        return RunSet(recorded.name, made, recorded.data, recorded.runs, splits)
    remedy = f"the data that were recorded, {made.fingerprint}; or train again: {recorded.runs[0].command}"
    raise input_error(
        str(folder), "recorded on other data than what is there now", found=record.fingerprint, allowed=remedy
    )
