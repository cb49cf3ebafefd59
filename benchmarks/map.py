"""How good the map is, from document to position: python benchmarks/map.py choose, then python benchmarks/map.py judge.

choose: on the validation parts of the bundled corpus, from which nearness and likeness on a sentence is asked about a
proposal, and how certain a position must be; writes experiments/map/chosen.json. The three numbers are copied into
src/stance/map/config.py, and a test holds that they are the same.
judge: on documents of the test parts, with the actors of each and the proposals of all given: precision, recall and F1
of (actor, proposal, pole), and where errors arise; writes experiments/map/scores.json and README.md. --news N: so many
documents of news.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reports import ERRORS, POLES, ask, counts, errors, examples, on_others, pairs_of, positions, reports, scores
from stance.base.annotations import Example
from stance.base.files import read_json, write_json, write_text
from stance.base.markdown import markdown_table
from stance.cli.config import PROJECT, plain_messages
from stance.evaluation.metrics import in_words
from stance.evaluation.shares import Errors, read_validation
from stance.map.config import ALIKE, CERTAIN, NEAR
from stance.map.positions import Judge
from stance.map.proposals import SentenceEncoder
from stance.models.classifier import StanceClassifier, checkpoint_folder
from stance.training.machine import code_state, machine, versions

FOLDER = PROJECT / "experiments" / "map"

PAGE = """# From document to position

`{command}`, with {checkpoint}. Each document of the test parts of the bundled corpus goes in as plain text, with its
holders as actors (aliases: the name without article, and its last word where no other actor has it). The proposals
are the targets of all {all} documents, {proposals:,} in all, as on a map of many negotiations. A position is right if
actor, proposal and pole are those of most of the document's rows. A position on a proposal of another document is
wrong. Of a document's own proposals only the pairs of actor and proposal that the corpus asks about are counted:
{not_judged:,} positions on others were told, which may be right or wrong. {questions:,} questions were asked.
Intervals are 95% and resample documents.

{rows}

Without the positions on proposals of other documents, which a map of a single negotiation cannot have:

{own}

## Where errors arise

{wrong}

## What was chosen on validation

`python benchmarks/map.py choose`. A sentence is asked about a proposal from a nearness of **{chosen[near]:g}** on, if
its document is at least **{chosen[alike]:g}** times as like the proposal as the likest one. So are
{chosen[recall]:.1%} of the {chosen[pairs]:,} pairs of a validation sentence and a proposal on which somebody there
has a stance, and besides {chosen[others]:.1f} of {chosen[proposals]:,} proposals a sentence, of other documents. By
nearness alone these would be {chosen[others_by_nearness]:.1f} for the same share of pairs. Chosen are the numbers
with the fewest of these at a share of {chosen[least_recall]:.0%} or more.

A position must be **{chosen[certain]:g}** certain: the lowest of these levels at which precision is
{chosen[precision]:.2f} or more on {chosen[documents]:,} validation documents (where none is, that of the highest
precision), positions on proposals of other documents left out. The last column counts these as wrong.

{levels}
"""


#: Least share of the pairs of a sentence with a stance and its proposal that must be asked about, and what is tried.
LEAST_RECALL = 0.93
NEARNESSES = (0.1, 0.15, 0.18, 0.2, 0.22, 0.24, 0.26)
LIKENESSES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)

#: Precision that a position is to have on validation, and the levels that are tried.
PRECISION = 0.75
LEVELS = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def choose(news: int) -> None:
    """Choose nearness, likeness and certainty on validation and write them down."""
    rows, encoder = examples("validation"), SentenceEncoder()
    relevance = _relevance(rows, encoder)
    found, classifier = reports(rows, news), StanceClassifier.from_pretrained("stance-small", "auto")
    asked = ask(found, encoder, classifier, relevance["near"], relevance["alike"])
    known = Errors.of(read_validation(checkpoint_folder("stance-small")), 200, seed=0)
    levels = []
    for level in LEVELS:
        judge = Judge(known, level)
        said = [positions(report, judge) for report in found]
        alone = scores([counts(*pair, elsewhere=False) for pair in zip(found, said, strict=True)])
        of_many = scores([counts(*pair) for pair in zip(found, said, strict=True)])
        levels.append({"certain": level, **alone, "of_many": of_many})
    fit = [each["certain"] for each in levels if each["precision"]["value"] >= PRECISION]
    certain = min(fit) if fit else max(levels, key=lambda each: each["precision"]["value"])["certain"]
    chosen = relevance | {
        "certain": certain,
        "precision": PRECISION,
        "documents": len(found),
        "questions": asked,
        "levels": levels,
        "code": code_state(),
    }
    write_json(FOLDER / "chosen.json", chosen)
    print(f"near={chosen['near']} alike={chosen['alike']} certain={certain}")


def _relevance(rows: Sequence[Example], encoder: SentenceEncoder) -> dict[str, Any]:
    """Nearness and likeness with the fewest proposals of other documents, and how many these are."""
    pairs = pairs_of([row for row in rows if row.holder], encoder)
    tried = {(near, alike): pairs.asked(near, alike) for near in NEARNESSES for alike in LIKENESSES}
    near, alike = min(
        (pair for pair, (recall, _) in tried.items() if recall >= LEAST_RECALL), key=lambda p: tried[p][1]
    )
    recall, others = tried[near, alike]
    by_nearness = pairs.asked(float(np.quantile(pairs.near[pairs.pole], 1 - recall)), 0)
    return {
        "near": near,
        "alike": alike,
        "least_recall": LEAST_RECALL,
        "recall": round(recall, 4),
        "others": round(others, 2),
        "others_by_nearness": round(by_nearness[1], 2),
        "pairs": int(pairs.pole.sum()),
        "proposals": len(pairs.near) // pairs.sentences,
    }


def judge(news: int) -> None:
    """Measure on the test parts, and write the numbers and their page."""
    found = reports([*examples("literary"), *examples("test")], news)
    classifier = StanceClassifier.from_pretrained("stance-small", "auto")
    asked = ask(found, SentenceEncoder(), classifier, NEAR, ALIKE)
    judged = Judge(Errors.of(read_validation(checkpoint_folder("stance-small")), 200, seed=0), CERTAIN)
    said = [positions(report, judged) for report in found]
    table = [counts(*pair) for pair in zip(found, said, strict=True)]
    alone = [counts(*pair, elsewhere=False) for pair in zip(found, said, strict=True)]
    wrong = sum((errors(*pair) for pair in zip(found, said, strict=True)), Counter[str]())
    literary = [number for number, report in enumerate(found) if "literary" in report.rows[0].tags]
    other = [number for number in range(len(found)) if number not in literary]
    groups = {"all": range(len(found)), "literary": literary, "news": other}
    result = {
        "version": 1,
        "command": f"python benchmarks/map.py judge --news {news}",
        "checkpoint": "stance-small",
        "near": NEAR,
        "alike": ALIKE,
        "certain": CERTAIN,
        "questions": asked,
        "not_judged": sum(
            pole in POLES
            for report, each in zip(found, said, strict=True)
            for pole in (each[key] for key in each.keys() - report.gold().keys() - {*on_others(report, each)})
        ),
        "all": len(found),
        "proposals": len({each.proposal for report in found for each in report.proposals}),
        "groups": _by_group(groups, table),
        "alone": _by_group(groups, alone),
        "errors": {name: wrong[name] for name in ERRORS},
        "code": code_state(),
        "machine": machine(),
        "versions": versions(),
    }
    write_json(FOLDER / "scores.json", result)
    page = readme(result, read_json(FOLDER / "chosen.json"))
    write_text(FOLDER / "README.md", page)
    print(page)


def _by_group(groups: Mapping[str, Sequence[int]], table: Sequence[Sequence[float]]) -> dict[str, Any]:
    return {
        name: {
            "documents": len(chosen),
            "positions": int(sum(table[n][2] for n in chosen)),
            "told": int(sum(table[n][1] for n in chosen)),
        }
        | scores([table[n] for n in chosen])
        for name, chosen in groups.items()
        if len(chosen)
    }


def readme(result: Mapping[str, Any], chosen: Mapping[str, Any]) -> str:
    """The page of the numbers."""
    measures = ("precision", "recall", "f1")
    rows, alone = (
        [
            [name, *(in_words(each[key]) for key in measures), each["positions"], each["told"], each["documents"]]
            for name, each in result[groups].items()
        ]
        for groups in ("groups", "alone")
    )
    heads = ["documents of", "precision", "recall", "F1", "positions", "told", "documents"]
    levels = [
        [f"{each['certain']:g}", *(in_words(each[key]) for key in measures), in_words(each["of_many"]["precision"])]
        for each in chosen["levels"]
    ]
    wrong = [[name, result["errors"][name], ERRORS[name]] for name in ERRORS]
    return PAGE.format(
        rows=markdown_table(heads, rows),
        own=markdown_table(heads, alone),
        wrong=markdown_table(["error", "cells", "what it means"], wrong),
        levels=markdown_table(["certain", "precision", "recall", "F1", "precision on a map of all"], levels),
        chosen=chosen,
        **result,
    )


def main() -> None:
    """One of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("choose", "judge"))
    parser.add_argument("--news", type=int, default=40)
    arguments = parser.parse_args()
    with plain_messages():
        {"choose": choose, "judge": judge}[arguments.action](arguments.news)


if __name__ == "__main__":
    main()
