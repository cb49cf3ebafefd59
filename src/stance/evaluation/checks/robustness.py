"""How much of the score is left when the texts are edited without a change of stance.

After Schiller, Daxenberger and Gurevych 2021 (Stance Detection Benchmark: How Robust is Your Stance Detection?,
KI 35), with resilience after Thorne et al. 2019 (Evaluating adversarial attacks against multiple fact verification
systems, EMNLP).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from stance.base.annotations import Example
from stance.base.predictions import Predictor
from stance.evaluation import metrics
from stance.evaluation.checks.edits import EDITS
from stance.evaluation.checks.report import Attack, Edited, Robustness
from stance.evaluation.evaluate import predict_examples
from stance.evaluation.metrics import Score

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
) -> Robustness:
    """The score on edited texts, the relative loss, and the resilience.

    With f the headline measure on the rows that an edit changes, f' that on the edited rows: relative loss is
    (f - f') / f, and resilience the mean of f' over the edits, which is that of Thorne et al., the sum of c f' over the
    sum of c, with every correctness rate c, the share of edited rows whose label still holds, taken to be 1.
    """
    attacks = {
        attack: _attack(predictor, examples, plain, edited(examples, edit, seed), (headline, samples, seed))
        for attack, edit in ATTACKS.items()
    }
    scores = [found.scores.edited.value for found in attacks.values() if found.scores is not None]
    return Robustness(attacks, sum(scores) / len(scores) if scores else None)


def _attack(
    predictor: Predictor,
    examples: Sequence[Example],
    plain: Sequence[str],
    others: Sequence[Example],
    settings: tuple[str, int, int],
) -> Attack:
    changed = [index for index, row in enumerate(examples) if others[index].text != row.text]
    rows = [examples[index] for index in changed]
    if not rows:
        return Attack(0, 0)
    said = [prediction.label for prediction in predict_examples(predictor, [others[index] for index in changed])]
    before, after, difference, share = compare(rows, [plain[index] for index in changed], said, *settings)
    loss = (0 - difference.value) / before.value if before.value else None
    return Attack(len(rows), metrics.count_documents(rows), Edited(before, after, difference, share, loss))


def compare(
    examples: Sequence[Example], before: Sequence[str], after: Sequence[str], headline: str, samples: int, seed: int
) -> tuple[Score, Score, Score, float]:
    """The measure of two sets of labels of the same rows, and how they differ.

    Returns:
        The scores before and after; after minus before, with a paired interval over documents; and the share of rows
        with another label.
    """
    documents = metrics.count_documents(examples)
    weights = metrics.document_weights(documents, samples, seed)
    first, other = (metrics.sampled(headline, examples, said, weights) for said in (before, after))
    return (
        metrics.score(first, documents),
        metrics.score(other, documents),
        metrics.score(other - first, documents, lowest=-1.0),
        sum(a != b for a, b in zip(before, after, strict=True)) / len(examples),
    )
