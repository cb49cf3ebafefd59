"""Whether recorded results come out again, and whether every number that is shown was recorded."""

from __future__ import annotations

import logging
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scipy.stats import t as student

from stance.config import training_arguments
from stance.errors import StanceError, input_error
from stance.files import read_json
from stance.results import experiment_readme, summarize, table_page
from stance.runsets import collect, read_results

log = logging.getLogger(__name__)

#: Numbers that differ by less are the same where versions and machine are: sums in another order.
IDENTICAL = 1e-9

#: What must be alike for numbers to be identical.
ALIKE = ("versions", "machine")

#: A score as pages write it.
SCORE = re.compile(r"(?<![\w.])[+-]?\d\.\d{3}(?![\d.])")


@dataclass(frozen=True, slots=True)
class Limit:
    """How far a number may be from the recorded one.

    Attributes:
        tolerance: For any number.
        seeds: How many seeds are recorded.
    """

    tolerance: float
    seeds: int

    def of(self, sd: float, runs: int) -> float:
        """For a mean of ``runs`` seeds whose deviation over the recorded ones is ``sd``.

        The training of an encoder amplifies the last digits, so elsewhere it is another draw, as another seed is. Two
        means of so many draws differ by no more than this in 95 of 100 cases (two-sided t, equal variances).
        """
        if self.seeds < 2:
            return self.tolerance
        return max(self.tolerance, float(student.ppf(0.975, self.seeds - 1)) * sd * math.sqrt(2 / runs))


def reproduce(
    project: Path,
    name: str,
    *,
    seeds: Sequence[int] | None = None,
    tolerance: float = 0.02,
    outputs: str | Path | None = None,
) -> list[tuple[bool, str]]:
    """Run the recorded commands of an experiment again, from raw data.

    Args:
        project: The checkout, with ``experiments/<name>/results.json``.
        name: Of the experiment.
        seeds: Only these of the recorded ones; None = all, and then the summary is compared too.
        tolerance: Largest difference that still counts as the same where versions or machine differ, or, if that is
            more, the one that another seed makes (:meth:`Limit.of`); where they are alike every number must be
            identical.
        outputs: Where the runs are kept, and gone on with after a kill; None = a folder that is thrown away.

    Returns:
        For each thing compared whether it came out the same, and a line that says so.

    Raises:
        StanceError: Nothing is recorded under this name, or a command fails.
    """
    recorded = read_recorded(project, name)
    runs = [run for run in recorded["runs"] if seeds is None or run["seed"] in seeds]
    if not runs:
        raise input_error(name, "no such seed", found=seeds, allowed=[str(run["seed"]) for run in recorded["runs"]])
    with nullcontext(Path(outputs).resolve()) if outputs else tempfile.TemporaryDirectory() as folder:
        for run in runs:
            log.info("%s", run["command"])
            _again(project, run["command"], Path(folder))
        found = collect(folder, name)
        again = [run for run in found.runs if run["seed"] in {before["seed"] for before in runs}]
        result = summarize(replace(found, runs=tuple(again)))
    alike = all(a[key] == b[key] for a, b in zip(runs, again, strict=True) for key in ALIKE)
    limit = Limit(IDENTICAL, 1) if alike else Limit(tolerance, len(recorded["runs"]))
    lines = [_same("data fingerprint", recorded["data"]["fingerprint"], result["data"]["fingerprint"])]
    lines += list(_changed_settings(recorded["config"], result["config"]))
    for before, after in zip(runs, again, strict=True):
        for measure, value in before["test"].items():
            far = limit.of(recorded["measures"][measure]["sd"], 1)
            lines.append(_number(f"seed {before['seed']} {measure}", value, after["test"].get(measure), far))
        for part, labels in before.get("labels", {}).items():
            lines.append(_answers(f"seed {before['seed']} {part}", labels, after["labels"].get(part, ""), alike))
    if len(runs) == len(recorded["runs"]):
        headline = recorded["headline"]
        for part in ("measures", "gain", "challenge", "tags"):
            if part in recorded:
                sd = recorded[part].get("measures", recorded["measures"])[headline]["sd"]
                lines += list(_summary(part, recorded[part], result[part], limit, sd, len(runs)))
    return lines


def read_recorded(project: Path, name: str) -> dict[str, Any]:
    """The content of ``experiments/<name>/results.json``.

    Raises:
        StanceError: It is not there; the message lists those that are.
    """
    folder = project / "experiments"
    known = sorted(path.parent.name for path in folder.glob("*/results.json"))
    if name not in known:
        raise input_error(str(folder / name / "results.json"), "no such experiment", found=name, allowed=known)
    return read_results(folder / name)


def _again(project: Path, command: str, outputs: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(project / "scripts/train.py"), *training_arguments(command), f"outputs={outputs}"],
        cwd=project,
        stderr=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise StanceError(f"{command} failed: {done.stderr.strip().splitlines()[-1:]}")


def _same(what: str, before: object, after: object) -> tuple[bool, str]:
    same = before == after
    return same, f"{what}: same" if same else f"{what}: DIFFERENT, recorded {before}, now {after}"


def _answers(what: str, before: str, after: str, alike: bool) -> tuple[bool, str]:
    """How many rows have another label; where machine or versions differ that is told and not judged."""
    changed = sum(a != b for a, b in zip(before, after, strict=False)) + abs(len(before) - len(after))
    same = not (alike and changed)
    return same, f"{what}: {'' if same else 'DIFFERENT, '}{changed} of {len(before)} rows have another label"


def _changed_settings(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[bool, str]]:
    """A line for each setting that both have and that differs; settings that came later are no difference."""
    for key in before:
        if key not in after:
            yield False, f"setting {path}{key}: DIFFERENT, recorded {before[key]}, now none"
        elif isinstance(before[key], dict) and isinstance(after[key], dict):
            yield from _changed_settings(before[key], after[key], f"{path}{key}.")
        elif before[key] != after[key]:
            yield False, f"setting {path}{key}: DIFFERENT, recorded {before[key]}, now {after[key]}"


def _summary(
    what: str,
    before: Any,  # noqa: ANN401 - JSON
    after: Any,  # noqa: ANN401 - JSON
    limit: Limit,
    sd: float,
    runs: int,
) -> Iterator[tuple[bool, str]]:
    """A line for each number below ``before``; ``sd`` is the deviation over seeds where none is given beside it."""
    if isinstance(before, dict):
        sd = before.get("sd", 0.0 if "name" in before else sd)  # what has a name is a prior, which learns alike always
        for key, value in before.items():
            yield from _summary(f"{what} {key}", value, (after or {}).get(key), limit, sd, runs)
    elif isinstance(before, float) and isinstance(after, float):
        yield _number(what, before, after, limit.of(sd, runs))
    else:
        yield _same(what, before, after)


def _number(what: str, before: float, after: float | None, far: float) -> tuple[bool, str]:
    if after is None:
        return _same(what, before, after)
    same = abs(before - after) <= far
    said = "identical" if far == IDENTICAL else f"within {far:.3f}"
    return same, f"{what}: " + (
        f"same ({said})" if same else f"DIFFERENT, recorded {before:.4f}, now {after:.4f}, not {said}"
    )


def check(project: Path) -> list[str]:
    """What is wrong with the recorded results; nothing is run.

    Every ``results.json`` must have its configuration, data fingerprint, and commits that are in the history and were
    clean; every page must be the one that its numbers give; and every score in ``README.md`` and in
    ``experiments/README.md`` must stand in one of these pages, in the data statement or in the audit.
    """
    wrong: list[str] = []
    folder = project / "experiments"
    results = {path.parent.name: read_json(path) for path in sorted(folder.glob("*/results.json"))}
    pages = []
    for name, result in results.items():
        wrong += [f"experiments/{name}/results.json: {problem}" for problem in _unrecorded(project, result)]
        if result.get("config"):
            pages.append((folder / name / "README.md", experiment_readme(result)))
    for path in sorted(folder.glob("*.json")):
        content = read_json(path)
        missing = [name for name in content["experiments"] if name not in results]
        if missing:
            wrong.append(f"experiments/{path.name}: no results of {', '.join(missing)}")
        else:
            named = [results[name] for name in content["experiments"]]
            pages.append((path.with_suffix(".md"), table_page(path.stem, content, named)))
    for path, text in pages:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            wrong.append(f"{path.relative_to(project)}: not the page that its numbers give; run scripts/summarize.py")
    shown = {score for _, text in pages for score in SCORE.findall(text)}
    for path in (project / "docs" / "audit.md", project / "seeds" / "README.md"):
        shown |= set(SCORE.findall(path.read_text(encoding="utf-8"))) if path.exists() else set()
    for name in ("README.md", "experiments/README.md"):
        text = (project / name).read_text(encoding="utf-8") if (project / name).exists() else ""
        for number, line in enumerate(text.splitlines(), start=1):
            unknown = [score for score in SCORE.findall(line) if score not in shown]
            wrong += [f"{name}, line {number}: {score} is in no recorded result" for score in unknown]
    return wrong


def _unrecorded(project: Path, result: Mapping[str, Any]) -> Iterator[str]:
    if not result.get("config"):
        yield "no configuration"
    if not re.fullmatch(r"[0-9a-f]{64}", result.get("data", {}).get("fingerprint", "")):
        yield "no data fingerprint"
    for run in result["runs"]:
        commit = run.get("commit") or ""
        known = (
            re.fullmatch(r"[0-9a-f]{40}", commit)
            and not subprocess.run(
                ["git", "-C", str(project), "merge-base", "--is-ancestor", commit, "HEAD"], capture_output=True
            ).returncode
        )
        if not known:
            yield f"seed {run['seed']}: commit {commit or 'none'} is not in the history"
        elif run.get("dirty"):
            yield f"seed {run['seed']}: made from changed files, not from commit {commit}"
