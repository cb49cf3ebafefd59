"""Results as pages: tables, differences, other people's figures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, input_error
from stance.base.files import read_json
from stance.base.markdown import markdown_table
from stance.base.measures import TITLES
from stance.evaluation.metrics import in_words
from stance.experiments.records import what_differs
from stance.experiments.types import Result, TagScores
from stance.training.config import AsItIsConfig
from stance.training.recorded import Recorded

#: Parts that are reported beside test where a corpus has them: hard rows, and the test part of an older version.
BESIDE: Mapping[str, str] = {"challenge": "challenge part", "literary": "literary part"}

#: Remarks on a published figure; ``parts``: whether it was measured on the same parts as ours.
PUBLISHED = ("corpus", "system", "size", "measure", "value", "parts", "source")


def results_table(results: Sequence[Result]) -> str:
    """A Markdown table, one system a row, with intervals.

    A headline measure of a corpus's own has its own column, filled for that corpus, and so has the corpus where there
    are several.
    """
    headlines = list(dict.fromkeys(result.headline for result in results))
    corpora = list(dict.fromkeys(result.data["name"] for result in results))
    literary = any(result.literary for result in results)
    always = ["macro_f1", "favor_against_f1"]
    columns = [*always, *(name for name in headlines if name not in always)]
    heads = [
        "system",
        *(["corpus"] if len(corpora) > 1 else []),
        *(TITLES[name] for name in columns),
        *(["literary part, macro-F1"] if literary else []),
        "gain over the best prior" + (f" ({TITLES[headlines[0]]})" if len(headlines) == 1 else ""),
        "seeds (deviation)",
        "n (documents)",
    ]
    rows = []
    for result in results:
        measure = f" ({TITLES[result.headline]})" if len(headlines) > 1 else ""
        scores, beside = result.scores, result.literary
        rows.append(
            [
                result.name,
                *([result.data["name"]] if len(corpora) > 1 else []),
                *(in_words(scores.measures[name]) if name in (*always, result.headline) else "" for name in columns),
                *([in_words(beside.measures["macro_f1"]) if beside else ""] if literary else []),
                in_words(scores.gain, sign="+") + measure,
                f"{len(result.seeds)} ({result.lead.sd:.3f})" if len(result.seeds) > 1 else "1",
                f"{scores.n:,} ({scores.documents:,})",
            ]
        )
    return markdown_table(heads, rows)


def difference_line(found: Mapping[str, Any]) -> str:
    """The difference in words: distinguishable or not, and whose seeds the interval does not hold.

    ``once`` of the difference names the systems that have one training of an encoder, which another seed would change.
    ``documents`` is their number where there are fewer than ``FEW_DOCUMENTS``.
    """
    if "value" not in found:
        return f"{found['system']} and {found['minus']}: not compared, since they were not tested on the same data"
    verdict = "not distinguishable" if found["low"] <= 0 <= found["high"] else "distinguishable"
    if "documents" in found and verdict == "distinguishable":
        verdict = f"no verdict from {found['documents']} documents, with which the interval is too narrow"
    once = " and ".join(found["once"])
    single = f" (one training of {once}, so that the interval holds no variance of its seeds)" if once else ""
    measure = TITLES[found["measure"]]
    return f"{found['system']} minus {found['minus']}: {in_words(found, sign='+')} {measure}, {verdict}{single}"


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


def table_page(name: str, content: Mapping[str, Any], results: Sequence[Result]) -> str:
    """The page of several experiments, in Markdown, from ``<name>.json`` and the results that it names."""
    lines = [f"![Score by number of training documents]({name}.svg)", ""] if content["curve"] else []
    lines += [results_table(results), "", *(f"- {difference_line(found)}" for found in content["differences"])]
    if content.get("published"):
        rows = []
        for e in content["published"]:
            score = f"{e['value']:.3f} {TITLES.get(e['measure'], e['measure'])}"
            rows.append([e["system"], e["corpus"], e["size"], score, e["parts"], e["source"]])
        lines += ["", "Published by others, not measured here:", ""]
        lines += [markdown_table(["system", "corpus", "parameters", "score", "parts", "source"], rows)]
    return "\n".join(lines) + "\n"


def same_but_for_share(results: Sequence[Result]) -> None:
    """Raise StanceError if results differ in more than name, share of the training documents and number of epochs.

    Epochs may differ, so that a training on a small share is not short of steps.
    """

    def point(result: Result) -> Recorded:
        made = result.made()
        trainer = {key: value for key, value in made.config.trainer.items() if key != "num_train_epochs"}
        return replace(made, config=replace(made.config, name="point", train_share=1.0, trainer=trainer))

    for result in results[1:]:
        if what := what_differs(point(results[0]), point(result)):
            raise StanceError(
                f"curve: {result.name} and {results[0].name} differ: {what}; "
                "a learning curve is one model on shares of one training part (train_share=...)"
            )


def corpus_page(corpus: str, results: Sequence[Result]) -> str:
    """The page of all that is recorded on a corpus, in Markdown: one table, and what is particular to each."""
    lines = [
        f"# {corpus}",
        "",
        "The test part, by `scripts/summarize.py`; `NAME/results.json` has every number, setting, version and second.",
        "",
        results_table(results),
    ]
    for result in results:
        lines += ["", f"## {result.name}", "", *_about(result)]
    return "\n".join(lines) + "\n"


def _about(result: Result) -> list[str]:
    """What the table does not say of one experiment."""
    config, prior = result.made().config, result.scores.best_prior
    train = f"{result.train.rows:,} rows in {result.train.documents:,} documents"
    learnt = f"learnt from {train}"
    if isinstance(config.model, AsItIsConfig):
        sources = ", ".join(dict.fromkeys(source.data.name for source in config.sources()))
        sources = sources or f"what {config.model.checkpoint} learnt from"
        learnt = f"learnt from {sources} and from nothing here, while the priors know the train part, {train}"
    lines = [
        f"{config.model.name}, split by {config.split.by}; {learnt}. The best prior is {prior.name}, {prior.value:.3f}."
    ]
    of = "" if result.headline == "macro_f1" else f" {TITLES[result.headline]}"
    for part, found in result.beside.items():
        lines.append(
            f"On the {BESIDE[part]} (n = {found.n} in {found.documents} documents): macro-F1 "
            f"{in_words(found.measures['macro_f1'])}, accuracy {in_words(found.measures['accuracy'])}; "
            f"gain over {found.best_prior.name} {in_words(found.gain, sign='+')}{of}."
        )
    lines += _tags(result.tags)
    return [*lines, "", "```", *(run.command for run in result.runs), "```"]


def _tags(tags: Mapping[str, TagScores]) -> list[str]:
    """A table of the rows with each tag, the hardest first; nothing where there are no tags."""
    if not tags:
        return []
    heads = ["rows with the tag", "n (documents)", "against, neutral, favor", "accuracy", "always the commonest label"]
    rows = []
    for tag, scores in sorted(tags.items(), key=lambda item: item[1].accuracy.value):
        counts = scores.gold.values()
        size, commonest = f"{scores.n} ({scores.documents})", f"{max(counts) / scores.n:.3f}"
        rows.append([tag, size, ", ".join(map(str, counts)), in_words(scores.accuracy), commonest])
    return ["", markdown_table(heads, rows)]
