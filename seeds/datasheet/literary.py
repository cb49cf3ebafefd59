"""The numbers of the literary part, version 1.0 of the bundled corpus, and the promises that they must keep."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasheet.counts import agreement, counted, prose, rounded_alpha, split, unlike, words_of
from stance.base.annotations import Annotation, Example, label_counts
from stance.base.errors import input_error
from stance.data.agreement import aggregate
from stance.data.corpora import negotiation
from stance.evaluation.evaluate import evaluate, predict_examples
from stance.models.linear import ngram_svm


def measure(folder: Path) -> dict[str, Any]:
    """Everything that the data statement says of this part in numbers.

    Args:
        folder: Laid out as ``seeds/``.

    Returns:
        Sizes; counts by area, basis, label and phenomenon; ``words`` a sentence (quartiles); ``pairs`` of rows that
        differ in one thing and in their label; ``prose``: how varied the sentences are; ``parts``; ``priors`` and
        ``bag_of_words``: macro-F1 on the test and validation part; ``agreement``.

    Raises:
        StanceError: The files are not of the format, or a row has no label yet.
    """
    documents, _ = negotiation.read_documents(folder)
    annotators = sorted(path.stem for path in (folder / "judgements").glob("*.jsonl"))
    judges = [name for name in annotators if name.startswith("judge-")]
    corpus = negotiation.read(folder, [*judges, negotiation.ADJUDICATOR])
    aggregation = aggregate(corpus.annotations, corpus.adjudicator)
    if aggregation.ties:
        raise input_error(str(folder), f"{len(aggregation.ties)} rows are tied", found=list(aggregation.ties)[:5])
    examples = aggregation.examples
    sentences = [sentence for document in documents for sentence in document.sentences]
    splits = split(corpus)
    priors = evaluate(splits["test"], ["neutral"] * len(splits["test"]), splits["train"], samples=10).priors
    bag = _bag_of_words(splits["train"], splits["validation"])
    codebook = (folder / "GUIDELINES.md").read_text(encoding="utf-8")
    return {
        "documents": len(documents),
        "negotiations": len({document.negotiation for document in documents}),
        "sentences": len(sentences),
        "sentences_a_document": [f(len(d.sentences) for d in documents) for f in (min, max)],
        "rows": len(examples),
        "targets": len({example.target for example in examples}),
        "holders": len({example.holder for example in examples}),
        "labels": label_counts(example.label for example in examples),
        "areas": counted(document.area for document in documents),
        "basis": counted(document.basis for document in documents),
        "words": words_of(sentences),
        "phenomena": counted(t for e in examples for t in e.tags if t in negotiation.PHENOMENA),
        "pairs": _minimal_pairs(documents, examples),
        "prose": prose((sentence, d.id) for d in documents for sentence in d.sentences),
        "parts": {part: _part(documents, rows) for part, rows in splits.items()},
        "priors": {name: round(value, 4) for name, value in priors.items()},
        "bag_of_words": {"part": "validation", "macro_f1": round(bag, 4)},
        "agreement": _agreement(folder, corpus.annotations, judges, annotators, documents),
        "worked_cases": len(re.findall(r"^\d+\. .*→ \*\*", codebook, re.MULTILINE)),
    }


#: What this part promises: a name, and whether the measured numbers keep it.
PROMISES: dict[str, Any] = {
    "at least 120 documents": lambda m: m["documents"] >= 120,
    "6 to 14 sentences a document": lambda m: m["sentences_a_document"][0] >= 6 and m["sentences_a_document"][1] <= 14,
    "at least 3,000 judged rows": lambda m: m["rows"] >= 3000,
    "over 60 negotiations": lambda m: m["negotiations"] > 60,
    "at least 12 areas": lambda m: len(m["areas"]) >= 12,
    "median sentence of 20 to 24 words": lambda m: 20 <= m["words"]["median"] <= 24,
    "at least 60 rows for each phenomenon": lambda m: (
        min(m["phenomena"].get(name, 0) for name in negotiation.PHENOMENA) >= 60
    ),
    "at least 150 minimal pairs by a word": lambda m: m["pairs"]["negation"] + m["pairs"]["modal"] >= 150,
    "at least 150 minimal pairs by holder or target": lambda m: m["pairs"]["holder"] + m["pairs"]["target"] >= 150,
    "no label above 45% or below 22%": lambda m: (
        max(m["labels"].values()) <= 0.45 * m["rows"] and min(m["labels"].values()) >= 0.22 * m["rows"]
    ),
    "best prior below 0.45 macro-F1 on test": lambda m: max(m["priors"].values()) < 0.45,
    "every row judged by two blind judges": lambda m: any(
        {p["first"], p["second"]} == {"judge-1", "judge-2"} and p["rows"] == m["rows"] for p in m["agreement"]["pairs"]
    ),
    "40 worked cases in the codebook": lambda m: m["worked_cases"] >= 40,
    "no duplicates or near-duplicates between documents": lambda m: (
        m["prose"]["duplicates"] == m["prose"]["near_duplicates"] == 0
    ),
    "distinct word trigrams are nine in ten of all": lambda m: m["prose"]["distinct_trigrams"] >= 0.9,
    "no opening of three words in more than 1% of sentences": lambda m: m["prose"]["commonest_opening"] <= 0.01,
    "a bag of words stays below 0.55 macro-F1 on validation": lambda m: m["bag_of_words"]["macro_f1"] < 0.55,
}


def _part(documents: Sequence[negotiation.Document], rows: Sequence[Example]) -> dict[str, Any]:
    area = {document.id: document.area for document in documents}
    held = {example.document for example in rows}
    return {"rows": len(rows), "documents": len(held), "areas": sorted({area[document] for document in held})}


def _minimal_pairs(documents: Sequence[negotiation.Document], examples: Sequence[Example]) -> dict[str, int]:
    """Pairs of rows with different labels that differ in one thing: a negation, a modal, the holder, or the target."""
    label = {example.id: example.label for example in examples}
    pairs: Counter[str] = Counter(dict.fromkeys(("negation", "modal", "holder", "target"), 0))
    for document in documents:
        for variant, base in document.variants.items():
            if label[variant] != label[base]:
                pairs[document.rows[variant]["tags"][1]] += 1
        own = {row_id: row for row_id, row in document.rows.items() if row_id not in document.variants}
        for (first, a), (second, b) in itertools.combinations(own.items(), 2):
            differ = [name for name in ("text", "holder", "target") if a[name] != b[name]]
            if differ in (["holder"], ["target"]) and label[first] != label[second]:
                pairs[differ[0]] += 1
    return dict(pairs)


def _bag_of_words(train: Sequence[Example], examples: Sequence[Example]) -> float:
    """Macro-F1 of word and character n-grams of text, holder and target with a linear SVM."""
    labels = [prediction.label for prediction in predict_examples(ngram_svm(train, examples), examples)]
    return float(evaluate(examples, labels, train, samples=10).measures["macro_f1"].value)


def _agreement(
    folder: Path,
    judged: Sequence[Annotation],
    judges: Sequence[str],
    annotators: Sequence[str],
    documents: Sequence[negotiation.Document],
) -> dict[str, Any]:
    """Alpha of the judges, over all and for each phenomenon, and every pair of annotators who judged the same rows."""
    voters = [*judges, *(name for name in annotators if name not in (*judges, negotiation.ADJUDICATOR))]
    rows = {row_id: row for document in documents for row_id, row in document.rows.items()}
    files = [folder / "judgements" / f"{name}.jsonl" for name in voters]
    everyone = [annotation for file in files for annotation in negotiation.read_judgements(file, rows)]
    votes = [a for a in judged if a.annotator in judges]
    tags = sorted({tag for annotation in votes for tag in annotation.tags})
    by_tag = {tag: rounded_alpha([a for a in votes if tag in a.tags]) for tag in tags}
    differing = [row[0] for row in unlike(votes)]
    return agreement(votes, everyone, voters) | {
        "alpha_by_tag": by_tag,
        "adjudicated": sum(a.annotator == negotiation.ADJUDICATOR for a in judged),
        "disagreements": {"rows": len(differing), "tags": counted(tag for row in differing for tag in row.tags)},
    }
