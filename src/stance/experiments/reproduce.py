"""Runs recorded experiments again and compares; checks that every number shown was recorded."""

import logging
import math
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

from scipy.stats import t as student

from stance.base.errors import StanceError, input_error
from stance.base.files import read_json
from stance.base.settings import as_values
from stance.experiments.pages import corpus_page, table_page
from stance.experiments.records import collect, fine_tuned, read_all, read_results, recorded_in
from stance.experiments.results import IDENTICAL, still_holds, summarize
from stance.experiments.types import Result, Run
from stance.models.config import PromptConfig
from stance.training.config import TrainConfig
from stance.training.machine import code_state
from stance.training.plan import run_folder, runs_in_turn
from stance.training.recorded import differences, told_apart
from stance.training.run import train_run

log = logging.getLogger(__name__)

#: What of a record is no result, or is compared by itself.
NOT_COMPARED = ("version", "name", "samples", "seeds", "data", "config", "contents", "runs")

#: Seeds that must be recorded for their deviation to say how far another draw may go.
ENOUGH = 3

#: A score as pages write it, and one with its interval.
SCORE = re.compile(r"(?<![\w.])[+-]?\d\.\d{3}(?!\d|\.\d)")
INTERVAL = re.compile(r"[+-]?\d\.\d{3}\s\[[+-]?\d\.\d{3}, [+-]?\d\.\d{3}\]")


def reproduce(
    project: Path,
    name: str,
    *,
    seeds: Sequence[int] | None = None,
    tolerance: float = 0.02,
    outputs: str | Path | None = None,
) -> list[tuple[bool, str]]:
    """Train what is recorded of an experiment again, from raw data.

    Where versions and machine are alike, of the run and of what it was made from, every number must be identical.
    Elsewhere a number may differ by ``tolerance``; but the same seed of a fine-tuned encoder is another draw there, as
    another seed is (training amplifies the last digits), so then only the mean of the headline measure is judged, by
    how far apart two such means may be (:func:`reach`).

    Args:
        project: The checkout, with ``experiments/<corpus>/<name>/results.json``.
        name: Of the experiment.
        seeds: Only these of the recorded ones; None = all, and then the summary is compared too.
        tolerance: See above.
        outputs: Where the runs are kept, and gone on with after a kill; None = a folder that is thrown away.

    Returns:
        For each thing compared whether it came out the same, and a line that says so.

    Raises:
        StanceError: Nothing is recorded under this name or for a seed, a training fails, a language model is asked,
            or ``outputs`` has a run of other code than this checkout's.
    """
    recorded = read_recorded(project, name)
    known = [run.seed for run in recorded.runs]
    if seeds is not None and not set(seeds) <= set(known):
        raise input_error(
            name, "no such seed", found=[seed for seed in seeds if seed not in known], allowed=map(str, known)
        )
    runs = [run for run in recorded.runs if seeds is None or run.seed in seeds]
    whole, made = len(runs) == len(known), recorded.made()
    with nullcontext(Path(outputs).resolve()) if outputs else tempfile.TemporaryDirectory() as folder:
        stood = [run.seed for run in runs if _stands(run_folder(folder, name, run.seed))]
        for run in runs:
            log.info("%s, seed %d", name, run.seed)
            _again(replace(made.config, seed=run.seed, outputs=str(folder)), run.command)
            _stands(run_folder(folder, name, run.seed))  # its members may have stood
        found = collect(folder, name)
        again = [run for run in found.runs if run.seed in {before.seed for before in runs}]
        result = summarize(replace(found, runs=tuple(again)), recorded.samples or 1000) if whole else None
    lines = [_same("data fingerprint", made.fingerprint, found.made.fingerprint)]
    alike = (replace(each, fingerprint="", config=replace(each.config, seed=0)) for each in (made, found.made))
    lines += [(False, line) for line in differences(*alike)]
    lines += [(True, f"seed {seed}: stood in {outputs}, not trained again now") for seed in stood]
    pairs = list(zip(runs, again, strict=True))
    limits = [IDENTICAL if _alike(*pair) else None if fine_tuned(made.config) else tolerance for pair in pairs]
    for (before, after), limit in zip(pairs, limits, strict=True):
        lines += _numbers(f"seed {before.seed}", before.test, after.test, limit)
        for part, labels in (before.labels or {}).items():
            lines.append(_answers(f"seed {before.seed} {part}", labels, (after.labels or {}).get(part, ""), limit))
    if None in limits:
        lines.append(_means(recorded, pairs, tolerance))
    if result is not None:
        limit = None if None in limits else max(limit for limit in limits if limit is not None)
        now = as_values(result)
        for key, value in as_values(recorded).items():
            if key not in NOT_COMPARED:
                lines += _numbers(key, value, now.get(key), limit)
    return lines


def reach(deviation: float, recorded: int, runs: int) -> float:
    """How far the mean of ``runs`` seeds may be from that of the same seeds elsewhere, in 95 of 100 cases.

    Args:
        deviation: Of the recorded seeds.
        recorded: How many these are, at least 3: of fewer the deviation says next to nothing.
        runs: In each of the two means; they are taken as so many independent draws of equal variance (two-sided t).
    """
    return float(student.ppf(0.975, recorded - 1)) * deviation * math.sqrt(2 / runs)


def _means(recorded: Result, pairs: Sequence[tuple[Run, Run]], tolerance: float) -> tuple[bool, str]:
    """The one number of a fine-tuned encoder that is judged elsewhere."""
    measure, seeds = recorded.headline, len(recorded.runs)
    before, after = (mean(run.test[measure] for run in runs) for runs in zip(*pairs, strict=True))
    limit, why = tolerance, f"{seeds} recorded seed(s) do not say how far another draw may go"
    if seeds >= ENOUGH:
        limit = max(tolerance, reach(recorded.lead.sd, seeds, len(pairs)))
        why = "as far as another draw of the seeds goes"
    same = abs(before - after) <= limit
    verdict = "same" if same else "DIFFERENT"
    return same, (
        f"mean {measure} of {len(pairs)} seed(s), elsewhere: {verdict}, recorded {before:.4f}, now {after:.4f}, "
        f"allowed {limit:.3f} ({why})"
    )


def _alike(before: Run, after: Run) -> bool:
    """Whether two runs, and what they were made from, have machine and versions in common."""

    def made(run: Run) -> list[Any]:
        return [(run.versions, run.machine), *((one["versions"], one["machine"]) for one in run.made_from or ())]

    return made(before) == made(after)


def _stands(folder: Path) -> bool:
    """Whether a finished run is there.

    Raises:
        StanceError: It, what it was made from, or what was begun there, is of other code than this checkout's: what
            came out would not be of this code.
    """
    finished = folder / "run.json"
    path = finished if finished.exists() else folder / "started.json"
    if not path.exists():
        return False
    run, now = read_json(path), code_state()
    for made in (run, *run.get("made_from", ())):
        if made["code"] != now:
            allowed = f"{now}; another DIR"
            raise input_error(str(path), "made by other code than this checkout's", found=made["code"], allowed=allowed)
    return finished.exists()


def read_recorded(project: Path, name: str) -> Result:
    """The content of the ``results.json`` of an experiment.

    Raises:
        StanceError: It is not there; the message lists those that are.
    """
    folder = project / "experiments"
    if (found := recorded_in(folder, name)) is None:
        known = sorted(path.parent.name for path in folder.glob("*/*/results.json"))
        raise input_error(str(folder), "no such experiment", found=name, allowed=known)
    return read_results(found)


def _again(config: TrainConfig, command: str) -> None:
    """Train what a record says, if nobody need be asked."""
    for run in runs_in_turn(config):
        if isinstance(run.model, PromptConfig):
            allowed = f"the recorded command, which names the server: {command}"
            raise input_error(config.name, "a language model is asked", found=run.model.language_model, allowed=allowed)
    train_run(config, command)


def _same(what: str, before: object, after: object) -> tuple[bool, str]:
    same = before == after
    return same, f"{what}: same" if same else told_apart(what, before, after)


def _answers(what: str, before: str, after: str, limit: float | None) -> tuple[bool, str]:
    """How many rows have another label; where machine or versions differ that is told and not judged."""
    changed = sum(a != b for a, b in zip(before, after, strict=False)) + abs(len(before) - len(after))
    same = not (limit == IDENTICAL and changed)
    return same, f"{what}: {'' if same else 'DIFFERENT, '}{changed} of {len(before)} rows have another label"


def _numbers(what: str, before: Any, after: Any, limit: float | None) -> Iterator[tuple[bool, str]]:  # noqa: ANN401 - JSON
    """A line for each value below ``before``; without a limit numbers are told and not judged."""
    if isinstance(before, dict):
        for key, value in before.items():
            yield from _numbers(f"{what} {key}", value, (after or {}).get(key), limit)
    elif isinstance(before, float) and isinstance(after, float):
        told = f"recorded {before:.4f}, now {after:.4f}"
        said = "identical" if limit == IDENTICAL else f"within {limit}"
        if limit is None:
            yield True, f"{what}: {told}"
        else:
            same = abs(before - after) <= limit
            yield same, f"{what}: " + (f"same ({said})" if same else f"DIFFERENT, {told}")
    else:
        yield _same(what, before, after)


def check(project: Path) -> list[str]:
    """What is wrong with the recorded results; nothing is run.

    Every ``results.json`` must have its configuration, data fingerprint, and commits that are in the history and were
    clean; every difference must be that of the recorded runs; every page must be the one that its numbers give; and
    every score in ``README.md`` and in ``experiments/README.md``, with its interval if it has one, must be on one of
    these pages, in the data statement or in the audit. (A score without interval may so be that of another system.)

    Raises:
        StanceError: See :func:`read_results`.
    """
    wrong: list[str] = []
    folder = project / "experiments"
    corpora = {
        path: read_all(path) for path in sorted({record.parents[1] for record in folder.glob("*/*/results.json")})
    }
    results = {result.name: result for recorded in corpora.values() for result in recorded}
    pages = []
    for path, recorded in corpora.items():
        problems = [f"{result.name}: {each}" for result in recorded for each in _unrecorded(project, result)]
        wrong += [f"experiments/{path.name}/{problem}" for problem in problems]
        wrong += [
            f"experiments/{path.name}/{result.name}: of the corpus {result.data['name']}"
            for result in recorded
            if result.data["name"] != path.name
        ]
        if not any(map(_unreadable, recorded)):
            pages.append((path / "README.md", corpus_page(path.name, recorded)))
    for path in sorted(folder.glob("*.json")):
        content = read_json(path)
        missing = [name for name in content["experiments"] if name not in results]
        if missing:
            wrong.append(f"experiments/{path.name}: no results of {', '.join(missing)}")
        else:
            named = [results[name] for name in content["experiments"]]
            wrong += [
                f"experiments/{path.name}: {entry['system']} minus {entry['minus']} is not of the recorded runs"
                for entry in content["differences"]
                if not still_holds(entry, *(results[entry[key]].runs for key in ("system", "minus")))
            ]
            pages.append((path.with_suffix(".md"), table_page(path.stem, content, named)))
    for path, text in pages:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            wrong.append(f"{path.relative_to(project)}: not the page that its numbers give; run scripts/summarize.py")
    others = (project / "docs" / "audit.md", project / "seeds" / "README.md")
    texts = [text for _, text in pages] + [path.read_text(encoding="utf-8") for path in others if path.exists()]
    shown = {found for text in texts for form in (SCORE, INTERVAL) for found in form.findall(text)}
    for name in ("README.md", "experiments/README.md"):
        text = (project / name).read_text(encoding="utf-8") if (project / name).exists() else ""
        for form in (SCORE, INTERVAL):
            for found in form.finditer(text):
                score, line = " ".join(found[0].split()), text.count("\n", 0, found.start()) + 1
                if score not in shown:
                    wrong.append(f"{name}, line {line}: {score} is in no recorded result")
    return wrong


def _unrecorded(project: Path, result: Result) -> Iterator[str]:
    if problem := _unreadable(result):
        yield problem
    if not re.fullmatch(r"[0-9a-f]{64}", result.data.get("fingerprint", "")):
        yield "no data fingerprint"
    for run in result.runs:
        made = {f"seed {run.seed}": (run.commit, run.dirty)}
        for one in run.made_from or ():
            code = one["code"]
            made[f"seed {run.seed}, of {one['name']}, seed {one['seed']}"] = (code["commit"], code["dirty"])
        for what, (commit, dirty) in made.items():
            if not _in_history(project, commit or ""):
                yield f"{what}: commit {commit or 'none'} is not in the history"
            elif dirty:
                yield f"{what}: made from changed files, not from commit {commit}"


def _unreadable(result: Result) -> str:
    """What is wrong with a recorded configuration; empty if nothing is."""
    if not result.config:
        return "no configuration"
    try:
        result.made()
    except StanceError as error:
        return str(error)
    return ""


@cache
def _in_history(project: Path, commit: str) -> bool:
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        return False
    command = ["git", "-C", str(project), "merge-base", "--is-ancestor", commit, "HEAD"]
    return subprocess.run(command, capture_output=True).returncode == 0
