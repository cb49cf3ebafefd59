"""What the order of coding gains: python benchmarks/coding.py vast semeval2016

Plays the loop of docs/annotate.md on corpora whose labels are known: 50 rows are coded, a model is trained, it chooses
the next 50 of a pool. The model is a logistic regression over a frozen encoder. Macro-F1 on the test part after each
round, mean over seeds, with the gain over random order and its 95% interval over seeds. Writes benchmarks/coding.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import hydra
import numpy as np
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.labels import LABEL2ID
from stance.base.questions import questions_of
from stance.cli.config import PROJECT, register, typed
from stance.data.build import divide
from stance.data.read import read_corpus
from stance.data.splits import Splits
from stance.data.teaching import CANDIDATES, most_first, narrowness, one_of_each
from stance.models.features import EmbeddingFeatures

ROUND, ROUNDS = 50, 8
POOL, TEST = 1200, 800
#: Features, embeddings of the texts alone, and labels.
Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]

ORDERS = ("random", "margin", "margin, one of each cluster")


def splits_of(name: str, split: str) -> Splits:
    """The parts of a corpus by its configuration, leaks left in."""
    register()
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
        config = typed(
            hydra.compose("build_dataset", overrides=[f"data={name}", f"split={split}", "split.leaks=report"])
        )
    return divide(read_corpus(config.data), config.data, config.split)[0]


def parts_of(name: str, split: str) -> list[list[Example]]:
    """Pool and test rows of a corpus, drawn once."""
    splits = splits_of(name, split)
    draw = np.random.default_rng(0)
    return [
        [rows[i] for i in sorted(draw.permutation(len(rows))[:most])]
        for rows, most in ((splits["train"], POOL), (splits["test"], TEST))
    ]


def arrays(features: EmbeddingFeatures, rows: list[Example]) -> Arrays:
    """Features, embeddings of the texts alone, and labels."""
    x = features.transform(questions_of(rows))
    return x, x[:, : x.shape[1] // 5], np.array([LABEL2ID[r.label] for r in rows])


def curve(order: str, seed: int, pool: Arrays, test: Arrays) -> list[float]:
    """Macro-F1 after each round."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score

    (x, vectors, y), (x_test, _, y_test) = pool, test
    draw = np.random.default_rng(seed)
    known = draw.permutation(len(y))[:ROUND]
    scores = []
    for number in range(ROUNDS):
        model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=300).fit(x[known], y[known])
        scores.append(
            float(f1_score(y_test, model.predict(x_test), average="macro", labels=[0, 1, 2], zero_division=0))
        )
        left = np.setdiff1d(np.arange(len(y)), known)
        if order == "random":
            chosen = draw.permutation(left)[:ROUND]
        else:
            useful = narrowness(model.predict_proba(x[left]))
            best = most_first(useful, ROUND if order == "margin" else CANDIDATES * ROUND)
            if order != "margin":
                best = best[one_of_each(vectors[left[best]], useful[best], ROUND, seed * 100 + number)]
            chosen = left[best]
        known = np.concatenate([known, chosen])
    return scores


def measured(name: str, split: str, seeds: int, features: EmbeddingFeatures) -> dict:
    """Means by order and round, and the gain over random order of the same seed's first rows."""
    pool, test = (arrays(features, rows) for rows in parts_of(name, split))
    runs = {order: np.array([curve(order, seed, pool, test) for seed in range(seeds)]) for order in ORDERS}
    found = {
        "pool": len(pool[2]),
        "test": len(test[2]),
        "seeds": seeds,
        "rows": [ROUND * (n + 1) for n in range(ROUNDS)],
    }
    for order, scores in runs.items():
        gain = (scores - runs["random"])[:, 1:].mean(axis=1)  # of all rounds after the first, which is the same
        half = 1.96 * gain.std(ddof=1) / np.sqrt(seeds)
        found[order] = {
            "macro_f1": scores.mean(axis=0).round(4).tolist(),
            "gain": [round(float(value), 4) for value in (gain.mean(), gain.mean() - half, gain.mean() + half)],
        }
    return found


def main() -> None:
    """Measure each corpus and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="CORPUS")
    parser.add_argument("--split", default="official")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    features = EmbeddingFeatures.load_encoder("all-MiniLM-L6-v2")
    path = Path(__file__).with_suffix(".json")
    record = json.loads(path.read_text()) if path.exists() else {}
    for name in arguments.names:
        record[name] = measured(name, arguments.split, arguments.seeds, features)
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        print(name, json.dumps(record[name]), file=sys.stdout, flush=True)


if __name__ == "__main__":
    main()
