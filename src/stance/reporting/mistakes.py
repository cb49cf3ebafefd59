"""What a model gets wrong: its most confident mistakes, where they are, and the slices it is significantly worse on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stance.base.annotations import Example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.markdown import markdown_table
from stance.base.predictions import Prediction
from stance.evaluation import metrics
from stance.evaluation.slices import LEAST_DOCUMENTS, LEAST_ROWS, LEVEL, Mask, Rows, Slices, by_kind, find_weak_slices

#: Rows of a table on the page, and mistakes that are shown; the tables of the report have all.
SHOWN = 15


@dataclass(frozen=True)
class Mistake:
    """A row with another label than its gold one, and the probabilities of both."""

    id: str
    document: str
    holder: str
    target: str
    text: str
    tags: tuple[str, ...]
    gold: str
    predicted: str
    confidence: float
    gold_probability: float


@dataclass(frozen=True)
class Group:
    """Rows with something in common, and how many of them are wrong."""

    name: str
    n: int
    wrong: int
    accuracy: float


@dataclass(frozen=True)
class Cell:
    """Rows of one gold label that were given another one."""

    gold: str
    predicted: str
    n: int


@dataclass(frozen=True)
class Groups:
    """Where the mistakes are: by target, holder, third of length in words, tag, and cell off the diagonal."""

    target: tuple[Group, ...]
    holder: tuple[Group, ...]
    length: tuple[Group, ...]
    tag: tuple[Group, ...]
    confusion: tuple[Cell, ...]


@dataclass(frozen=True)
class Mistakes:
    """What a model gets wrong on one part; see :func:`report_mistakes`."""

    version: int
    n: int
    documents: int
    wrong: int
    accuracy: float
    confident: tuple[Mistake, ...]
    groups: Groups
    slices: Slices


def report_mistakes(examples: Sequence[Example], predictions: Sequence[Prediction], *, samples: int = 1000) -> Mistakes:
    """Everything that this module finds.

    Raises:
        StanceError: No rows, or predictions without probabilities.
    """
    if not examples:
        raise StanceError("mistakes: there are no rows")
    wrong = sum(e.label != p.label for e, p in zip(examples, predictions, strict=True))
    return Mistakes(
        version=1,
        n=len(examples),
        documents=metrics.count_documents(examples),
        wrong=wrong,
        accuracy=1 - wrong / len(examples),
        confident=tuple(confident_mistakes(examples, predictions)),
        groups=grouped(examples, predictions),
        slices=find_weak_slices(examples, predictions, samples=samples),
    )


def confident_mistakes(examples: Sequence[Example], predictions: Sequence[Prediction], most: int = 50) -> list[Mistake]:
    """The mistakes with the highest probability of the wrong label, the most confident first, at most ``most``.

    Raises:
        StanceError: The predictions have no probabilities.
    """
    if any(not prediction.scores for prediction in predictions):
        raise StanceError("mistakes: the predictions have no probabilities: columns against, neutral, favor are wanted")
    found = [
        Mistake(
            id=example.id,
            document=example.document,
            holder=example.holder,
            target=example.target,
            text=example.text,
            tags=example.tags,
            gold=example.label,
            predicted=prediction.label,
            confidence=prediction.scores[prediction.label],
            gold_probability=prediction.scores[example.label],
        )
        for example, prediction in zip(examples, predictions, strict=True)
        if example.label != prediction.label
    ]
    return sorted(found, key=lambda mistake: -mistake.confidence)[:most]


def grouped(examples: Sequence[Example], predictions: Sequence[Prediction]) -> Groups:
    """Mistakes by group, the one with most of them first; a row counts for each of its tags."""
    correct = np.array([e.label == p.label for e, p in zip(examples, predictions, strict=True)])
    matrix = metrics.confusion([e.label for e in examples], [p.label for p in predictions])
    cells = [
        Cell(gold, said, int(matrix[i, j])) for i, gold in enumerate(LABELS) for j, said in enumerate(LABELS) if i != j
    ]
    of = {kind: _groups(named, correct) for kind, named in by_kind(examples).items()}
    ordered = tuple(sorted(cells, key=lambda cell: -cell.n))
    return Groups(of["target"], of["holder"], of["length"], of["tag"], ordered)


def _groups(named: Mapping[str, Rows], correct: Mask) -> tuple[Group, ...]:
    found = []
    for name, rows in named.items():
        n, right = len(rows), int(correct[rows].sum())
        found.append(Group(name, n, n - right, right / n))
    return tuple(sorted(found, key=lambda group: (-group.wrong, -group.n)))


def mistakes_page(found: Mistakes) -> str:
    """Markdown of what :func:`report_mistakes` gives."""
    tested, weak = found.slices.tested, found.slices.weak
    heads = ["slice", "n (documents)", "accuracy", "on the rest", "difference", "p (Holm)"]
    slices: list[list[object]] = []
    for row in weak or tested[:5]:
        scores = (f"{row.accuracy:.3f}", f"{row.rest:.3f}", metrics.in_words(row.difference, sign="+"))
        slices.append([row.name, f"{row.n:,} ({row.documents:,})", *scores, f"{row.p_holm:.4f}"])
    lines = [
        f"{found.wrong:,} of {found.n:,} rows in {found.documents:,} documents are wrong "
        f"(accuracy {found.accuracy:.3f}).",
        "",
        "## Weak slices",
        "",
        f"{len(weak)} of {len(tested)} slices tested are significantly worse than the rest (documents permuted, Holm's "
        f"correction, {LEVEL:.0%}); {found.slices.too_small:,} were too small to test "
        f"({LEAST_ROWS} rows, {LEAST_DOCUMENTS} documents)." + ("" if weak else " The worst:"),
        "",
        markdown_table(heads, slices),
        "",
        "## Where the mistakes are",
    ]
    for kind in ("target", "holder", "length", "tag"):
        groups: tuple[Group, ...] = getattr(found.groups, kind)
        rows = [[g.name, g.wrong, g.n, f"{g.accuracy:.3f}"] for g in groups[:SHOWN]]
        more = [f"\nand {len(groups) - SHOWN:,} more"] if len(groups) > SHOWN else []
        lines += ["", markdown_table([kind, "wrong", "n", "accuracy"], rows), *more] if rows else []
    cells = [[cell.gold, cell.predicted, cell.n] for cell in found.groups.confusion]
    lines += ["", markdown_table(["gold", "predicted", "n"], cells), "", "## The most confident mistakes", ""]
    rows = [
        [f"{m.confidence:.3f}", m.predicted, m.gold, m.holder, m.target, m.text, m.id] for m in found.confident[:SHOWN]
    ]
    lines.append(markdown_table(["confidence", "predicted", "gold", "holder", "target", "text", "id"], rows))
    return "\n".join(lines) + "\n"
