"""The numbers of the bundled corpus's data statement, measured from its files."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import cohen_kappa_score

from stance.agreement import aggregate, alpha_interval, by_row
from stance.annotations import Annotation, label_counts
from stance.files import read_json
from stance.readers import negotiation


def measure_corpus(folder: str | Path) -> dict[str, Any]:
    """Counts, balance, sentence lengths and agreement of the corpus in a folder laid out as ``seeds/``.

    Returns:
        ``documents``, ``rows``, ``sentences``; counts by area, basis, label and phenomenon; ``words`` a sentence
        (quartiles); ``agreement``: Krippendorff's alpha of the two judges with interval, and for each pair of
        annotators the rows that both judged, the share they agree on, Cohen's kappa.
    """
    folder = Path(folder)
    documents = [read_json(path) for path in sorted((folder / "documents").glob("*.json"))]
    annotators = sorted(path.stem for path in (folder / "judgements").glob("*.jsonl"))
    judges = [name for name in annotators if name.startswith("judge-")]
    corpus = negotiation.read(folder, [*judges, negotiation.ADJUDICATOR])
    voters = [*judges, *(name for name in annotators if name not in (*judges, negotiation.ADJUDICATOR))]
    rows, _ = negotiation.read_rows_of_documents(folder)
    everyone = [
        a for name in voters for a in negotiation.read_judgements(folder / "judgements" / f"{name}.jsonl", rows)
    ]
    examples = aggregate(corpus.annotations, corpus.adjudicator).examples
    judged = [a for a in corpus.annotations if a.annotator in judges]
    words = [len(sentence.split()) for document in documents for sentence in document["sentences"]]
    return {
        "documents": len(documents),
        "negotiations": len({document["negotiation"] for document in documents}),
        "sentences": len(words),
        "rows": len(examples),
        "targets": len({example.target for example in examples}),
        "holders": len({example.holder for example in examples}),
        "labels": label_counts(example.label for example in examples),
        "areas": _counted(document["area"] for document in documents),
        "basis": _counted(document["basis"] for document in documents),
        "words": dict(zip(("q1", "median", "q3"), statistics.quantiles(words, n=4), strict=True)),
        "phenomena": _counted(tag for example in examples for tag in example.tags),
        "agreement": {
            "alpha": _alpha(judged),
            "pairs": _pairs(everyone, voters),
        },
    }


def _counted(values: Any) -> dict[str, int]:  # noqa: ANN401 - an iterator of strings
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _alpha(annotations: Sequence[Annotation]) -> dict[str, float]:
    alpha, low, high = alpha_interval(annotations)
    rounded = {"value": round(alpha, 4), "low": round(low, 4), "high": round(high, 4)}
    return rounded | {"rows": len({annotation.id for annotation in annotations})}


def _pairs(annotations: Sequence[Annotation], names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows judged by both, share agreed and kappa, for each pair that shares rows."""
    labels = [{a.annotator: a.label for a in judgements} for judgements in by_row(annotations).values()]
    found = []
    for position, first in enumerate(names):
        for second in names[position + 1 :]:
            both = [(row[first], row[second]) for row in labels if first in row and second in row]
            if len({label for pair in both for label in pair}) < 2:
                continue
            kappa = cohen_kappa_score(*zip(*both, strict=True))
            agreed = float(np.mean([a == b for a, b in both]))
            pair = {"first": first, "second": second, "rows": len(both)}
            found.append(pair | {"agreed": round(agreed, 4), "kappa": round(float(kappa), 4)})
    return found
