"""Systems as a user names them (a run folder, the name of runs, a predictions file), side by side on the same rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stance.base.errors import StanceError, input_error
from stance.base.files import write_json, write_jsonl
from stance.base.names import READABLE, as_name, beside, must_exist, table_kind
from stance.base.predictions import read_predictions
from stance.base.settings import as_values
from stance.data.build import build_dataset
from stance.data.splits import Splits
from stance.evaluation.comparison import Comparison, compare, differing_rows
from stance.evaluation.evaluate import matched
from stance.experiments.config import CompareConfig
from stance.experiments.records import RunSet, collect, collect_recorded, seed_of


def find(outputs: str | Path, name: str) -> RunSet | Path:
    """The finished runs, or the predictions file, that a name stands for.

    Args:
        outputs: Where the runs are that are named without a folder.
        name: A run folder (``.../runs/NAME/seed-0``), the folder of all its seeds, a NAME, the folder of a recorded
            experiment (``experiments/CORPUS/NAME``), or a file.

    Raises:
        StanceError: There is nothing of that name, or see :func:`stance.experiments.records.collect` and
        ``collect_recorded``.
    """
    path = Path(name)
    if table_kind(path)[0] in READABLE:
        return must_exist(path)
    if not path.is_dir() and len(path.parts) == 1:
        try:
            return collect(outputs, name)
        except StanceError as error:
            folders = sorted(record.parent for record in Path("experiments").glob("*/*/results.json"))
            meant = [str(each) for each in folders if each.name.replace("-", "_") == name.replace("-", "_")]
            raise StanceError(f"{error}; recorded is {', '.join(meant)}") if meant else error from None
    if (path / "results.json").exists():
        return replace(collect_recorded(outputs, path), name=name.rstrip("/"))
    folder = path.resolve()
    if not path.is_dir() or "runs" not in [parent.name for parent in folder.parents][:2]:
        allowed = "outputs/runs/NAME, outputs/runs/NAME/seed-0, or experiments/CORPUS/NAME"
        raise input_error(str(path), "neither runs nor a recorded experiment", allowed=allowed)
    if folder.name.startswith("seed-"):
        if (seed := seed_of(folder)) is None:
            raise input_error(str(path), "no run of a seed", found=folder.name, allowed="seed-0, seed-1, ...")
        return collect(folder.parents[2], folder.parent.name, seed)
    return collect(folder.parents[1], folder.name)


def compare_systems(config: CompareConfig) -> tuple[list[Comparison], Path]:
    """Compare every further system with the first, and write what came out.

    Returns:
        The comparisons; and the folder with ``comparison.json`` and, for each comparison, the
        rows in which the two differ.

    Raises:
        StanceError: A system is not there, was made on other data, or lacks a row; predictions without ``data=``.
    """
    names = config.names()
    found = [find(config.outputs, name) for name in names]
    runs = [system for system in found if isinstance(system, RunSet)]
    if config.data is not None:
        splits, record, _ = build_dataset(config.outputs, config.data, config.split)
        headline, data = config.data.headline, {"name": record.name, "fingerprint": record.fingerprint}
    elif runs:
        splits, headline = {part: list(rows) for part, rows in runs[0].splits.items()}, runs[0].headline
        data = {key: runs[0].data[key] for key in ("name", "fingerprint")}
    else:
        raise input_error(
            "data", "predictions files without the data they are of", allowed="data=NAME, e.g. negotiation"
        )
    if config.part not in splits or config.part == "train":
        allowed = [part for part in splits if part != "train"]
        raise input_error("part", "no such part", found=config.part, allowed=allowed)
    examples = splits[config.part]
    called = _called(names, found)
    if len(set(map(as_name, called))) < len(names):
        raise input_error("systems", "one occurs twice", found=names, allowed="systems whose names differ")
    systems = {
        short: _labels(name, system, splits, config, data["fingerprint"])
        for short, name, system in zip(called, names, found, strict=True)
    }
    results = compare(examples, systems, headline=headline, samples=config.bootstrap)
    part = [] if config.part == "test" else [config.part]
    folder = Path(config.outputs) / "comparisons" / as_name("-".join([*map(as_name, systems), *part]))
    first = next(iter(systems))
    for result in results:
        rows = differing_rows(examples, systems[first], systems[result.system])
        write_jsonl(folder / f"{as_name(result.system)}.rows.jsonl", rows)
    comparisons = [as_values(result) for result in results]
    write_json(
        folder / "comparison.json", {"version": 1, "data": data, "part": config.part, "comparisons": comparisons}
    )
    return results, folder


def _called(names: Sequence[str], found: Sequence[RunSet | Path]) -> list[str]:
    """What pages call each system; a file with its suffix where another system has the same name without."""
    short = [_short(name, system) for name, system in zip(names, found, strict=True)]
    shared = {name for name, number in Counter(short).items() if number > 1}
    return [
        str(system).strip("/") if name in shared and isinstance(system, Path) else name
        for name, system in zip(short, found, strict=True)
    ]


def _short(name: str, system: RunSet | Path) -> str:
    """What pages call a system: NAME of all its runs, NAME/seed-0 of one; of a record or a file its path."""
    if isinstance(system, RunSet):
        return f"{system.name}/{Path(name).name}" if Path(name).name.startswith("seed-") else system.name
    return str(beside(system, "")).strip("./")


def _labels(
    name: str, system: RunSet | Path, splits: Splits, config: CompareConfig, fingerprint: str
) -> list[list[str]]:
    examples = splits[config.part]
    if isinstance(system, Path):
        said = read_predictions(system, config.labels.map(), config.prefix, config.manner)
        return [[prediction.label for prediction in matched(examples, said, name, splits)]]
    if system.data["fingerprint"] != fingerprint:
        allowed = "runs on one dataset; of other runs compare predictions files of the same rows, with data=NAME"
        raise input_error(name, "made on other data", allowed=allowed)
    return system.labels(config.part, examples)
