"""How good the map is, from document to position: python benchmarks/map.py choose, then python benchmarks/map.py judge.

choose: on the validation parts of the bundled corpus, from which nearness on a sentence is asked about a proposal, and
how certain a position must be; writes experiments/map/chosen.json. The two numbers are copied into
src/stance/map/config.py, and a test holds that they are the same.
judge: on documents of the test parts, with actors and proposals given: precision, recall and F1 of (actor, proposal,
pole), and where errors arise; writes experiments/map/scores.json and README.md. --news N: so many documents of news.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from reports import ERRORS, POLES, ask, counts, errors, examples, nearness_of, positions, reports, scores
from stance.base.files import read_json, write_beside, write_json
from stance.base.markdown import markdown_table
from stance.cli.config import PROJECT, plain_messages
from stance.evaluation.metrics import in_words
from stance.evaluation.shares import Errors, read_validation
from stance.map.config import CERTAIN, NEAR
from stance.map.positions import Judge
from stance.map.proposals import PackagedEncoder
from stance.models.classifier import StanceClassifier, checkpoint_folder
from stance.training.machine import code_state, machine, versions

FOLDER = PROJECT / "experiments" / "map"

PAGE = """# From document to position

`{command}`, with {checkpoint}. Each document of the test parts of the bundled corpus goes in as plain text, with its
holders as actors (aliases: the name without article, and its last word where no other actor has it) and its targets as
proposals. A position is right if actor, proposal and pole are those of most of the document's rows. Only pairs of actor
and proposal that the corpus asks about are counted: {not_judged:,} positions on others were told, which may be right or
wrong. {questions:,} questions were asked. Intervals are 95% and resample documents.

{rows}

## Where errors arise

{wrong}

## What was chosen on validation

`python benchmarks/map.py choose`. A sentence is asked about a proposal from a nearness of **{chosen[near]:g}** on: so
are {chosen[recall]:.0%} of the {chosen[sentences]:,} pairs of a validation sentence and a proposal on which it has a
stance, and {chosen[asked_of_other_documents]:.1%} of the pairs with a proposal of another document. A position must be
**{chosen[certain]:g}** certain: the lowest of these levels at which precision is {chosen[precision]:.2f} or more on
{chosen[documents]:,} validation documents (where none is, that of the highest precision).

{levels}
"""


#: Share of the validation sentences with a stance that must be asked about its proposal.
RECALL = 0.95

#: Precision that a position is to have on validation, and the levels that are tried.
PRECISION = 0.75
LEVELS = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def choose(news: int) -> None:
    """Choose the nearness and the certainty on validation and write them down."""
    rows, encoder = examples("validation"), PackagedEncoder()
    of_poles, of_others = nearness_of(rows, encoder)
    near = round(float(np.quantile(of_poles, 1 - RECALL)), 3)
    found, classifier = reports(rows, news), StanceClassifier.from_pretrained("stance-small", "auto")
    asked = ask(found, encoder, classifier, near)
    known = Errors.of(read_validation(checkpoint_folder("stance-small")), 200, seed=0)
    levels = []
    for level in LEVELS:
        judge = Judge(known, level)
        told = scores([counts(report, positions(report, judge)) for report in found])
        levels.append({"certain": level} | told)
    fit = [each["certain"] for each in levels if each["precision"]["value"] >= PRECISION]
    certain = min(fit) if fit else max(levels, key=lambda each: each["precision"]["value"])["certain"]
    write_json(
        FOLDER / "chosen.json",
        {
            "near": near,
            "certain": certain,
            "recall": RECALL,
            "precision": PRECISION,
            "sentences": len(of_poles),
            "asked_of_other_documents": round(float((of_others >= near).mean()), 3),
            "documents": len(found),
            "questions": asked,
            "levels": levels,
            "code": code_state(),
        },
    )
    print(f"near={near} certain={certain}")


def judge(news: int) -> None:
    """Measure on the test parts, and write the numbers and their page."""
    found = reports([*examples("literary"), *examples("test")], news)
    classifier = StanceClassifier.from_pretrained("stance-small", "auto")
    asked = ask(found, PackagedEncoder(), classifier, NEAR)
    judged = Judge(Errors.of(read_validation(checkpoint_folder("stance-small")), 200, seed=0), CERTAIN)
    said = [positions(report, judged) for report in found]
    table = [counts(*pair) for pair in zip(found, said, strict=True)]
    wrong = sum((errors(*pair) for pair in zip(found, said, strict=True)), Counter[str]())
    literary = [number for number, report in enumerate(found) if "literary" in report.rows[0].tags]
    other = [number for number in range(len(found)) if number not in literary]
    groups = {"all": range(len(found)), "literary": literary, "news": other}
    result = {
        "version": 1,
        "command": f"python benchmarks/map.py judge --news {news}",
        "checkpoint": "stance-small",
        "near": NEAR,
        "certain": CERTAIN,
        "questions": asked,
        "not_judged": sum(
            pole in POLES
            for report, each in zip(found, said, strict=True)
            for pole in (each[key] for key in each.keys() - report.gold().keys())
        ),
        "groups": {
            name: {
                "documents": len(chosen),
                "positions": int(sum(table[n][2] for n in chosen)),
                "told": int(sum(table[n][1] for n in chosen)),
            }
            | scores([table[n] for n in chosen])
            for name, chosen in groups.items()
            if len(chosen)
        },
        "errors": {name: wrong[name] for name in ERRORS},
        "code": code_state(),
        "machine": machine(),
        "versions": versions(),
    }
    write_json(FOLDER / "scores.json", result)
    page = readme(result, read_json(FOLDER / "chosen.json"))
    with write_beside(FOLDER / "README.md") as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(page)


def readme(result: Mapping[str, Any], chosen: Mapping[str, Any]) -> str:
    """The page of the numbers."""
    rows = [
        [name, *(in_words(each[key]) for key in ("precision", "recall", "f1")), each["positions"], each["told"],
         each["documents"]]
        for name, each in result["groups"].items()
    ]  # fmt: skip
    heads = ["documents of", "precision", "recall", "F1", "positions", "told", "documents"]
    levels = [
        [f"{each['certain']:g}", *(in_words(each[key]) for key in ("precision", "recall", "f1"))]
        for each in chosen["levels"]
    ]
    wrong = [[name, result["errors"][name], ERRORS[name]] for name in ERRORS]
    return PAGE.format(
        rows=markdown_table(heads, rows),
        wrong=markdown_table(["error", "cells", "what it means"], wrong),
        levels=markdown_table(["certain", "precision", "recall", "F1"], levels),
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
