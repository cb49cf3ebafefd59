"""Several runs as one result: all seeds of an experiment, its table, and one system compared with another."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from stance.base.annotations import Example, label_counts
from stance.base.errors import input_error
from stance.base.files import read_json, write_json, write_text
from stance.base.measures import ALL_MEASURES
from stance.base.settings import as_values
from stance.evaluation.evaluate import over_seeds, prior_labels
from stance.evaluation.metrics import FEW_DOCUMENTS, Score, SeedScore, count_documents
from stance.experiments.config import SummarizeConfig
from stance.experiments.pages import (
    BESIDE,
    corpus_page,
    difference_line,
    read_published,
    same_but_for_share,
    table_page,
)
from stance.experiments.records import (
    RunSet,
    collect,
    collect_recorded,
    fine_tuned,
    read_all,
    read_results,
    recorded_in,
    what_differs,
    without_seed,
)
from stance.experiments.types import BestPrior, PartScores, Result, Run, TagScores, TrainSize
from stance.reporting.figures import learning_curve

log = logging.getLogger(__name__)


#: Numbers that differ by less are the same: sums in another order.
IDENTICAL = 1e-9


def summarize(found: RunSet, samples: int = 1000) -> Result:
    """All seeds of an experiment as one result.

    Besides the measures on test: those on each part of ``BESIDE`` that there is, and the accuracy on the rows with each
    tag, in test with what only those parts have, and in validation. Each has n, documents and interval.
    """
    learnt = found.learnt()

    def beside(part: str) -> PartScores | None:
        return _scores(found, learnt, part, ("macro_f1", "accuracy"), samples) if found.splits.get(part) else None

    return Result(
        version=3,
        name=found.name,
        samples=samples,
        headline=found.headline,
        part="test",
        seeds=tuple(run.seed for run in found.runs),
        train=TrainSize(
            documents=count_documents(learnt[0]),
            rows=round(sum(map(len, learnt)) / len(learnt)),
        ),
        scores=_scores(found, learnt, "test", ALL_MEASURES, samples),
        challenge=beside("challenge"),
        literary=beside("literary"),
        tags=_by_tag(found, ("test", *BESIDE), samples),
        validation_tags=_by_tag(found, ("validation",), samples),
        data=dict(found.data),
        **without_seed(found.made),
        runs=found.runs,
    )


def _scores(
    found: RunSet, learnt: Sequence[Sequence[Example]], part: str, names: Sequence[str], samples: int
) -> PartScores:
    """n, measures, and the gain over the prior that is best on these very rows, learnt from what the runs learnt from.

    Where the runs learnt from different shares of train, a prior has a fit for each, and its scores are averaged.
    """
    examples = found.splits[part]
    shares = {tuple(sorted({example.document for example in rows})): rows for rows in learnt}
    priors: dict[str, list[list[str]]] = {}
    for rows in shares.values():
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
    return PartScores(
        **_size(examples),
        measures={name: SeedScore(**scores[name]) for name in names},
        best_prior=BestPrior(best, values[best]),
        gain=Score(**scores["gain"]),
    )


def _by_tag(found: RunSet, parts: Sequence[str], samples: int) -> dict[str, TagScores]:
    """Accuracy on the rows with each tag; a row that is in two parts counts once."""
    rows: dict[str, tuple[str, Example]] = {}
    for part in parts:
        for example in found.splits.get(part, ()):
            rows.setdefault(example.id, (part, example))
    said = {part: found.answers(part) for part in {part for part, _ in rows.values()}}
    scores = {}
    for tag in sorted({tag for _, example in rows.values() for tag in example.tags}):
        chosen = [(part, example) for part, example in rows.values() if tag in example.tags]
        examples = [example for _, example in chosen]
        labels = [[said[part][i][e.id] for part, e in chosen] for i in range(len(found.runs))]
        accuracy = over_seeds(examples, labels, names=(), headline="accuracy", samples=samples)["accuracy"]
        scores[tag] = TagScores(**_size(examples), accuracy=SeedScore(**accuracy))
    return scores


def _size(examples: Sequence[Example]) -> dict[str, Any]:
    return {
        "n": len(examples),
        "documents": count_documents(examples),
        "gold": label_counts(example.label for example in examples),
    }


def difference(system: RunSet, other: RunSet, samples: int = 1000) -> dict[str, Any]:
    """Headline measure of one system minus that of another on the same rows, with a paired 95% interval.

    Returns:
        Names, measure, ``seeds`` of each, ``once`` and perhaps ``documents`` (see :func:`difference_line`), value, low,
        high; the names alone if they were not tested on the same data.
    """
    names = {"system": system.name, "minus": other.name}
    if system.splits["test"] != other.splits["test"]:
        return names
    examples = system.splits["test"]
    ours, theirs = (each.labels("test", examples) for each in (system, other))
    scores = over_seeds(examples, ours, theirs, names=(), headline=system.headline, samples=samples)
    seeds = [len(system.runs), len(other.runs)]
    documents = count_documents(examples)
    return {
        **names,
        "measure": system.headline,
        "seeds": seeds,
        "once": _trained_once(system, other),
        **({"documents": documents} if documents < FEW_DOCUMENTS else {}),
        **scores["gain"],
    }


def _trained_once(*systems: RunSet) -> list[str]:
    """Those whose training another seed would change, and that have one seed."""
    return [system.name for system in systems if len(system.runs) == 1 and fine_tuned(system.made.config)]


def summarize_all(config: SummarizeConfig) -> tuple[list[Result], list[str]]:
    """Write ``results.json`` of each named experiment and the page of its corpus; compare systems on the same rows.

    Returns:
        The results in the order named, and a line for each comparison: of those with the same test rows, the last one
        named with each other one.

    Raises:
        StanceError: See :func:`collect`; a learning curve of different models or data.
    """
    found = [_found(config, name) for name in config.experiment]
    results = [
        summarize(system, config.bootstrap) if system.answered else read_results(_folder(config, system))
        for system in found
    ]
    if config.curve:
        same_but_for_share(results)
    differences = _differences(found, config)
    for system, result in zip(found, results, strict=True):
        if system.answered:
            write_json(_folder(config, system) / "results.json", as_values(result))
    for folder in sorted({_folder(config, system).parent for system in found}):
        write_text(folder / "README.md", corpus_page(folder.name, read_all(folder)))
    if config.table is not None:
        folder = Path(config.folder)
        if config.curve:
            learning_curve([as_values(result) for result in results], folder / f"{config.table}.svg")
        names = [result.name for result in results]
        content = {"version": 1, "experiments": names, "differences": differences, "curve": config.curve}
        if config.published is not None:
            content["published"] = read_published(config.published, {result.data["name"] for result in results})
        write_json(folder / f"{config.table}.json", content)
        write_text(folder / f"{config.table}.md", table_page(config.table, content, results))
    return results, [difference_line(difference) for difference in differences]


def _folder(config: SummarizeConfig, system: RunSet) -> Path:
    """Where an experiment is recorded: below its corpus."""
    return Path(config.folder) / system.data["name"] / system.name


def _found(config: SummarizeConfig, name: str) -> RunSet:
    """The finished runs of a name, with further seeds that are recorded if so configured; else those are named.

    Raises:
        StanceError: Recorded seeds cannot be counted together with the finished runs.
    """
    finished = any((Path(config.outputs) / "runs" / name).glob("seed-*/run.json"))
    if not finished and config.recorded and (recorded := recorded_in(config.folder, name)):
        return collect_recorded(config.outputs, recorded)
    system = collect(config.outputs, name)
    folder = _folder(config, system)
    if not (folder / "results.json").exists():
        return system
    lost = sorted({run.seed for run in read_results(folder).runs} - {run.seed for run in system.runs})
    if not lost:
        return system
    if not config.recorded:
        log.warning("%s: seeds %s were recorded there and have no run here; recorded=true keeps them", folder, lost)
        return system
    before = collect_recorded(config.outputs, folder)
    unlike = what_differs(before.made, system.made)
    if before.answered and not unlike:
        return system.with_seeds_of(before)
    reason = unlike or "no answer to each row"
    allowed = f"train these seeds again, or recorded=false, which drops them; recorded with: {reason}"
    raise input_error(str(folder), "recorded seeds that cannot be added to", found=lost, allowed=allowed)


def _differences(found: Sequence[RunSet], config: SummarizeConfig) -> list[dict[str, Any]]:
    """Of the systems tested on the same rows, the last one minus each other one.

    Where one is recorded without answers, the difference that this table had stays, if it is that of these runs.
    """
    groups: list[list[RunSet]] = []
    for system in found:
        same = [group for group in groups if group[0].splits["test"] == system.splits["test"]]
        if same:
            same[0].append(system)
        else:
            groups.append([system])
    page = Path(config.folder) / f"{config.table}.json"
    entries = read_json(page)["differences"] if config.table is not None and page.exists() else []
    before = {(entry["system"], entry["minus"]): entry for entry in entries}
    differences = []
    for system, other in [(group[-1], other) for group in groups for other in group[:-1]]:
        names = (system.name, other.name)
        if system.answered and other.answered:
            differences.append(difference(system, other, config.bootstrap))
        elif names in before and still_holds(before[names], system.runs, other.runs):
            differences.append(before[names] | {"once": _trained_once(system, other)})
        else:
            log.warning("%s and %s: not compared, one is recorded without the answer to each row", *names)
    return differences


def still_holds(entry: Mapping[str, Any], runs: Sequence[Run], others: Sequence[Run]) -> bool:
    """Whether a recorded difference is that of these runs: of as many seeds, and their mean less the other's mean."""
    if "value" not in entry or entry["seeds"] != [len(runs), len(others)]:
        return False
    one, another = (mean(run.test[entry["measure"]] for run in of_one) for of_one in (runs, others))
    return bool(abs(entry["value"] - (one - another)) <= IDENTICAL)
