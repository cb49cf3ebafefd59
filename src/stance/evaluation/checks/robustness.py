"""How much of the score is left when the texts are edited without a change of stance.

After Schiller, Daxenberger and Gurevych 2021 (Stance Detection Benchmark: How Robust is Your Stance Detection?,
KI 35), with resilience after Thorne et al. 2019 (Evaluating adversarial attacks against multiple fact verification
systems, EMNLP).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stance.base.annotations import Example
from stance.base.predictions import Predictor
from stance.evaluation.checks.edits import EDITS
from stance.evaluation.evaluate import over_seeds, predict_examples
from stance.evaluation.metrics import interval_of

#: The attacks of Schiller et al. and the edit that each is here.
ATTACKS: Mapping[str, str] = {"negation": "tautology", "spelling": "spelling", "paraphrase": "paraphrase"}


def edited(examples: Sequence[Example], edit: str, seed: int = 0) -> list[Example]:
    """The examples with edited texts, in their order; holder, target and label stay.

    The draw of a row depends on the seed and on its id alone, not on the rows beside it.
    """
    return [
        replace(example, text=EDITS[edit](example.text, random.Random(f"{seed}: {example.id}"))) for example in examples
    ]


def robustness(
    predictor: Predictor,
    examples: Sequence[Example],
    plain: Sequence[str],
    *,
    headline: str = "macro_f1",
    samples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """The score on edited texts, the relative loss, and the resilience.

    With f the headline measure on the rows that an edit changes, f' that on the edited rows: relative loss is
    (f - f') / f, and resilience the mean of f' over the edits, which is that of Thorne et al., the sum of c f' over the
    sum of c, with every correctness rate c, the share of edited rows whose label still holds, taken to be 1.

    Returns:
        ``attacks``: of each, ``n`` rows that the edit changes, in ``documents``; and if any: ``plain`` and ``edited``
        score on them, ``difference`` (edited - plain) with interval, ``changed``, the share of other labels, and
        ``relative_loss`` (None where f is 0). ``resilience``: None if no edit changes any row.
    """
    attacks: dict[str, dict[str, Any]] = {}
    for attack, edit in ATTACKS.items():
        changed = [
            (example, other, label)
            for example, other, label in zip(examples, edited(examples, edit, seed), plain, strict=True)
            if other.text != example.text
        ]
        attacks[attack] = {"n": len(changed), "documents": len({example.document for example, _, _ in changed})}
        if changed:
            before = [label for _, _, label in changed]
            after = [prediction.label for prediction in predict_examples(predictor, [other for _, other, _ in changed])]
            attacks[attack] |= compare([e for e, _, _ in changed], before, after, "edited", headline, samples, seed)
            loss, f = 0 - attacks[attack]["difference"]["value"], attacks[attack]["plain"]["value"]
            attacks[attack]["relative_loss"] = loss / f if f else None
    scores = [found["edited"]["value"] for found in attacks.values() if found["n"]]
    return {"attacks": attacks, "resilience": sum(scores) / len(scores) if scores else None}


def compare(
    examples: Sequence[Example],
    before: Sequence[str],
    after: Sequence[str],
    name: str,
    headline: str,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """The measure of two sets of labels of the same rows, and how they differ.

    Returns:
        ``plain`` and, under ``name``, the other score, ``difference`` (the other minus plain) with a paired interval
        over documents, and ``changed``, the share of rows with another label.
    """
    first = over_seeds(examples, [before], names=(), headline=headline, samples=samples, seed=seed)
    other = over_seeds(examples, [after], [before], names=(), headline=headline, samples=samples, seed=seed)
    return {
        "plain": interval_of(first[headline]),
        name: interval_of(other[headline]),
        "difference": interval_of(other["gain"]),
        "changed": sum(a != b for a, b in zip(before, after, strict=True)) / len(examples),
    }
