"""Which rows teach a model most when they are coded next: pure functions of probabilities and embeddings.

Margin: Scheffer, Decomain and Wrobel (2001), Active Hidden Markov Models for Information Extraction, IDA. Disagreement:
McCallum and Nigam (1998), Employing EM and Pool-Based Active Learning for Text Classification, ICML, as the
Jensen-Shannon divergence of the members. One of each cluster: Zhdanov (2019), Diverse mini-batch Active Learning.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from stance.base.errors import input_error

#: Of so many times the rows that are wanted, the most uncertain, one of each cluster is taken.
CANDIDATES = 10


def narrowness(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """One minus the margin between the two most probable labels: 1 where they are equal, 0 where one is certain.

    Args:
        probabilities: Shape (rows, labels).
    """
    best = np.sort(probabilities, axis=1)
    return np.asarray(1 - (best[:, -1] - best[:, -2]))


def disagreement(members: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence of several models' probabilities, in nats: 0 where they say the same.

    Args:
        members: Of each model, shape (rows, labels).

    Raises:
        StanceError: Fewer than two models.
    """
    if len(members) < 2:
        raise input_error("order", "one model cannot disagree", found="disagreement", allowed="two files in input")
    said = np.stack(members)
    return np.asarray(entr(said.mean(axis=0)).sum(axis=-1) - entr(said).sum(axis=-1).mean(axis=0))


def most_first(usefulness: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """Numbers of the n most useful rows, the first first; of equal ones the earlier."""
    return np.argsort(-usefulness, kind="stable")[:n]


def one_of_each(vectors: NDArray[np.float32], usefulness: NDArray[np.float64], n: int, seed: int) -> NDArray[np.int64]:
    """Numbers of n rows, the most useful of each of n clusters, the most useful first.

    Args:
        vectors: Shape (rows, dimensions): of the candidates.
        usefulness: Of each; where all are equal the row nearest to its cluster's centre is taken.
        n: How many are wanted, at most as many as there are rows.
        seed: Of the clusters' beginnings.
    """
    from sklearn.cluster import KMeans

    if n >= len(vectors):
        return most_first(usefulness, n)
    means = KMeans(n_clusters=n, n_init=1, random_state=seed).fit(vectors)
    away = means.transform(vectors)[np.arange(len(vectors)), means.labels_]
    order = np.lexsort((away, -usefulness))
    _, first = np.unique(means.labels_[order], return_index=True)
    chosen = order[np.sort(first)]
    if len(chosen) < n:  # vectors that are the same made fewer clusters
        others = np.setdiff1d(order, chosen, assume_unique=True)
        chosen = np.concatenate([chosen, others[np.argsort(-usefulness[others], kind="stable")][: n - len(chosen)]])
    return np.asarray(chosen, dtype=np.int64)
