"""Leaks and easy guesses of a corpus: repeated rows, rows in two parts, and scores without reading the row."""

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from stance.base.annotations import Example, label_counts
from stance.base.errors import StanceError
from stance.base.files import read_json, write_json, write_text
from stance.base.labels import LABELS
from stance.base.markdown import markdown_table
from stance.data.build import divide
from stance.data.duplicates import near_duplicates, normalized
from stance.data.read import read_corpus
from stance.data.splits import find_leaks
from stance.evaluation.config import AuditConfig
from stance.evaluation.evaluate import evaluate, predict_examples
from stance.evaluation.metrics import count_documents, in_words
from stance.models.config import PRIORS
from stance.models.linear import ngram_svm

log = logging.getLogger(__name__)

PARTS_COLUMNS = (
    "corpus",
    "split",
    "train / validation / test",
    "against, neutral, favor in test",
    "repeats",
    "conflicts",
    "near-duplicate texts in train",
    "shared document",
    "shared target",
    "shared text",
    "near",
)


#: What an audit has that is on the page.
_KEYS = {"name", "split", "parts", "shared", "measure", "priors", "text_only"}

SCORES_COLUMNS = ("corpus", "measure", "majority", "stratified", "target", "holder", "holder and target", "text only")


def audit(splits: Mapping[str, Sequence[Example]], headline: str = "macro_f1", samples: int = 1000) -> dict[str, Any]:
    """Repeated rows within parts, what parts share, label counts, and scores that need no reading of the whole row.

    Returns:
        ``parts``: of each, rows, documents, targets, holders, label counts, rows that ``repeat`` an earlier one's text,
        holder and target, how many of these ``conflict`` with its label, and texts with a near-duplicate; ``shared``:
        how many test rows have a document, target, duplicate or near-duplicate text in train; ``priors``: the measure
        of each on test; ``text_only``: that of n-grams of the text with a linear SVM that is shown neither holder nor
        target.
    """
    test = splits["test"]
    leaks = find_leaks({"train": splits["train"], "test": test}, "target")
    blind = {part: [replace(example, holder="", target="") for example in rows] for part, rows in splits.items()}
    model = ngram_svm(blind["train"], blind["validation"])
    said = [prediction.label for prediction in predict_examples(model, blind["test"])]
    report = evaluate(test, said, splits["train"], headline=headline, samples=samples)
    return {
        "parts": {part: _part(rows) for part, rows in splits.items()},
        "shared": dict(Counter(leak.kind for leak in leaks)),
        "measure": headline,
        "priors": report.priors,
        "text_only": asdict(report.lead),
    }


def _part(examples: Sequence[Example]) -> dict[str, Any]:
    texts = {normalized(example.text) for example in examples}
    labels: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for example in examples:
        labels[tuple(normalized(getattr(example, name)) for name in ("text", "holder", "target"))].append(example.label)
    return {
        "rows": len(examples),
        "documents": count_documents(examples),
        "targets": len({example.target for example in examples}),
        "holders": len({example.holder for example in examples}),
        "labels": label_counts(example.label for example in examples),
        "repeat": sum(len(same) - 1 for same in labels.values()),
        "conflict": sum(label != same[0] for same in labels.values() for label in same),
        "near_duplicates": sum(bool(others) for others in near_duplicates(texts, texts).values()),
    }


def audit_corpus(config: AuditConfig) -> tuple[dict[str, Any], Path]:
    """Audit one corpus, keep the numbers in ``<folder>/<name>.json``, and write the page of all that are kept there.

    Returns:
        The audit, and the page.

    Raises:
        StanceError: The corpus is not there or faulty, or cannot be divided.
    """
    split = replace(config.split, leaks="report") if config.split.leaks == "refuse" else config.split
    splits, record = divide(read_corpus(config.data), config.data, split)
    parts = {part: splits[part] for part in ("train", "validation", "test")}
    found = {
        "name": config.name,
        "split": config.split.by,
        "fingerprint": record.fingerprint,
        "agreement": record.agreement,
        "ties": len(record.ties),
        **audit(parts, config.data.headline, config.bootstrap),
    }
    folder = Path(config.folder)
    write_json(folder / f"{config.name}.json", found)
    page = folder.with_suffix(".md")
    write_text(page, audit_page(_kept(folder)))
    return found, page


def _kept(folder: Path) -> list[dict[str, Any]]:
    """The audits in a folder, by name; of another file of JSON it is said that the page passes it over."""
    kept, others = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            found = read_json(path)
        except StanceError:
            found = None
        if isinstance(found, dict) and found.keys() >= _KEYS:
            kept.append(found)
        else:
            others.append(path.name)
    if others:
        log.warning("%s: no audits, and not on the page: %s", folder, ", ".join(others))
    return kept


def audit_page(audits: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: the leaks and easy guesses of each corpus, a row each."""
    scores = []
    for found in audits:
        priors = [f"{found['priors'][name]:.3f}" for name in PRIORS]
        scores.append([found["name"], found["measure"], *priors, in_words(found["text_only"])])
    lines = [
        "# Leaks and easy guesses of the corpora",
        "",
        "After this page you know what a score on a corpus is worth: how much train and test share, and what a guess",
        "without the whole row reaches. `scripts/audit.py` writes it; the numbers are in `audit/`.",
        "For a corpus of your own set `folder=outputs/audit`.",
        "",
        "- **Shared**: test rows whose document, target or text (normalized) is also in train; near: texts with a",
        "  Jaccard similarity of character 5-grams of 0.8 or more. MinHash looks for these, and misses 13% of the",
        "  pairs at 0.80, 2.5% at 0.85, 0.1% at 0.90.",
        "- **Repeats**: rows with text, holder and target of an earlier row of their part, all parts together.",
        "  **Conflicts**: those with another label.",
        "- **Names**: `_target` and `_document` are corpora split that way; `_apart` drops training rows that test",
        "  shares (`split.leaks=drop`); `_derived` has neutral rows that nobody judged, `_judged` leaves them out.",
        "",
        markdown_table(PARTS_COLUMNS, map(_parts_row, audits)),
        "",
        "Scores on test without reading the whole row: five priors fitted on train (the most frequent label; labels",
        "drawn by their shares, mean of 50 draws; the most frequent of the target, of the holder, of both), and",
        "n-grams of the text with a linear SVM that sees neither holder nor target (95% interval by document).",
        "",
        markdown_table(SCORES_COLUMNS, scores),
    ]
    return "\n".join(lines) + "\n"


def _parts_row(found: Mapping[str, Any]) -> list[object]:
    parts, test = found["parts"], found["parts"]["test"]
    rows = " / ".join(f"{part['rows']:,}" for part in parts.values())
    shares = ", ".join(f"{test['labels'][label] / test['rows']:.0%}" for label in LABELS)
    sums = [sum(part[key] for part in parts.values()) for key in ("repeat", "conflict")]
    shared = [found["shared"].get(kind, 0) for kind in ("document", "target", "duplicate", "near-duplicate")]
    return [found["name"], found["split"], rows, shares, *sums, parts["train"]["near_duplicates"], *shared]
