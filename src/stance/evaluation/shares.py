"""How many are for and against in a scored corpus (quantification): counting labels, and correcting the count.

Counting predicted labels is biased whenever the model errs and the corpus's shares are not those of validation: errors
of a frequent label outweigh those of a rare one. The corrections assume that the model treats the texts of each gold
label as it did on validation (label shift: only the shares differ).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.optimize import nnls
from scipy.special import softmax

from stance.base.annotations import Example
from stance.base.errors import content, input_error
from stance.base.files import write_beside
from stance.base.labels import LABEL2ID, LABELS
from stance.base.markdown import markdown_table
from stance.base.measures import Array
from stance.base.predictions import DECIMALS, Probabilities
from stance.evaluation import metrics

#: In a checkpoint: gold labels and probabilities of the validation rows.
FILE = "validation.safetensors"

METHODS = ("counted", "adjusted", "em")

#: Numbers in the largest array that one block of bootstrap samples needs: some 25 MB.
BLOCK = 3_000_000


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows that a model has scored.

    Attributes:
        documents: Number of each row's document, from 0 without gaps; shape (rows,).
        labels: Id of the gold label (validation) or of the predicted one (a corpus); shape (rows,).
        probabilities: Shape (rows, 3).
    """

    documents: NDArray[np.int64]
    labels: NDArray[np.int64]
    probabilities: Probabilities

    @classmethod
    def of(cls, examples: Sequence[Example], probabilities: Probabilities) -> Scored:
        """Examples with their gold labels and a model's probabilities."""
        labels = np.array([LABEL2ID[example.label] for example in examples], dtype=np.int64)
        return cls(metrics.numbered([example.document for example in examples]), labels, probabilities)

    def rows(self, chosen: NDArray[np.bool_]) -> Scored:
        """Some of the rows, documents numbered anew."""
        documents = np.unique(self.documents[chosen], return_inverse=True)[1]
        return Scored(documents.astype(np.int64), self.labels[chosen], self.probabilities[chosen])


def write_validation(folder: Path, validation: Scored) -> None:
    """Write the validation rows' labels and probabilities into the checkpoint: no text, no id."""
    arrays = {"documents": validation.documents, "gold": validation.labels, "probabilities": validation.probabilities}
    with write_beside(folder / FILE) as temporary:
        save_file(arrays, temporary)


def read_validation(folder: Path) -> Scored:
    """What :func:`write_validation` wrote.

    Raises:
        StanceError: It is not there or damaged, or a label has no row: its errors are not known then.
    """
    path = folder / FILE
    if not path.exists():
        raise input_error(str(folder), f"no {FILE}", allowed="a checkpoint from scripts/train.py")
    with content(str(path), "damaged"):
        arrays = load_file(path)
        validation = Scored(arrays["documents"], arrays["gold"], arrays["probabilities"])
        rows, shape = len(validation.labels), validation.probabilities.shape
        if shape != (rows, len(LABELS)) or validation.documents.shape != (rows,) or validation.labels.ndim != 1:
            raise ValueError(f"{rows} labels, probabilities of shape {shape}")
        if not (np.isfinite(validation.probabilities).all() and np.isin(validation.labels, range(len(LABELS))).all()):
            raise ValueError("labels or probabilities that are none")
    if absent := [label for number, label in enumerate(LABELS) if number not in validation.labels]:
        raise input_error(str(path), "labels without a validation row", found=absent, allowed="each label")
    return validation


def adjust(counted: Array, confusion: Array) -> Array:
    """Adjusted count (Forman 2008): the shares under which the model's errors would give what was counted.

    Args:
        counted: Shares of the predicted labels, shape (3,).
        confusion: Rows of each gold label by predicted label, shape (3, 3), no row empty.

    Returns:
        Shape (3,): by least squares among shares that are not negative and sum to 1 (for several labels as in Hopkins
        and King 2010, American Journal of Political Science 54(1)).
    """
    rates = confusion / confusion.sum(axis=1, keepdims=True)
    firmly = 1e4  # how much the sum counts beside the three equations
    found, _ = nnls(np.vstack([rates.T, np.full(len(LABELS), firmly)]), np.append(counted, firmly))
    return np.asarray(found / found.sum())


def fit_bias(probabilities: Probabilities, gold: NDArray[np.int64], weights: Array) -> Array:
    """Scale of the log-probabilities and a bias for each label but the first, of the lowest log loss; (samples, 3).

    After it the mean probability of each label is its share of the validation rows, which one scale alone does not give
    when training weighs labels (bias-corrected temperature scaling; Alexandari, Kundaje and Shrikumar 2020, ICML). By
    Newton's method, with a penalty that matters for perfectly separated rows alone.

    Args:
        probabilities: Shape (rows, 3).
        gold: Shape (rows,).
        weights: Shape (samples, rows).
    """
    features = _features(probabilities)
    truth = np.eye(len(LABELS))[gold]
    start = np.array([1.0, 0, 0])
    total = weights.sum(axis=1)
    penalty = 1e-4
    found = np.tile(start, (len(weights), 1))
    for _ in range(50):
        p = softmax(np.einsum("nkf,sf->snk", features, found), axis=2)
        gradient = np.einsum("sn,snk,nkf->sf", weights, p - truth, features, optimize=True) / total[:, None]
        gradient += penalty * (found - start)
        mean = np.einsum("snk,nkf->snf", p, features)
        second = np.einsum("sn,snk,nkf,nkg->sfg", weights, p, features, features, optimize=True)
        second -= np.einsum("sn,snf,sng->sfg", weights, mean, mean, optimize=True)
        hessian = second / total[:, None, None] + penalty * np.eye(3)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        step /= np.maximum(1, np.abs(step).max(axis=1, keepdims=True))
        found = found - step
        if np.abs(step).max() < 1e-8:
            break
    return found


def _features(probabilities: Probabilities) -> Array:
    """Shape (rows, 3, 3): for each label its log-probability, and which label it is (the first is the reference)."""
    logs = np.log(np.maximum(probabilities, 10.0**-DECIMALS))
    which = np.broadcast_to(np.eye(3)[:, 1:], (len(logs), 3, 2))
    return np.concatenate([logs[:, :, None], which], axis=2)


def apply_bias(probabilities: Probabilities, bias: Array) -> Array:
    """Probabilities with the scale and biases of :func:`fit_bias`, shape (samples, rows, 3)."""
    return np.asarray(softmax(np.einsum("nkf,sf->snk", _features(probabilities), bias), axis=2))


def expectation_maximization(probabilities: Array, prior: Array, weights: Array) -> Array:
    """The most likely shares (Saerens, Latinne and Decaestecker 2002, Neural Computation 14(1)).

    Args:
        probabilities: Calibrated, shape (samples, rows, 3).
        prior: Label shares that they are calibrated to, shape (samples, 3), none 0.
        weights: How often each row occurs in each sample, shape (samples, rows).

    Returns:
        Shape (samples, 3). Every third step is extrapolated (SQUAREM; Varadhan and Roland 2008, Scandinavian Journal of
        Statistics 35(2)), since plain steps take thousands when labels are hard to tell apart. Of a sample whose shares
        it would make less likely than plain steps do it is not taken, and it brings no share near 0 at once: from there
        a step is so short that the end would seem to be reached.
    """
    ratio = probabilities / prior[:, None, :]
    shared = weights / weights.sum(axis=1, keepdims=True)

    def step(shares: Array) -> tuple[Array, Array]:
        """The next shares (samples, 3), and the mean log-likelihood of these (samples, 1)."""
        density = np.einsum("snk,sk->sn", ratio, shares)
        likelihood = np.einsum("sn,sn->s", shared, np.log(density))[:, None]
        return np.asarray(shares * np.einsum("sn,snk->sk", shared / density, ratio)), likelihood

    shares = prior
    for _ in range(300):
        once, _unused = step(shares)
        twice, _unused = step(once)
        first, second = once - shares, twice - 2 * once + shares
        if np.abs(first).max() < 1e-7:
            return once
        size = np.linalg.norm(first, axis=1, keepdims=True) / np.maximum(np.linalg.norm(second, axis=1), 1e-12)[:, None]
        size = np.clip(size, 1, 100)
        leap = np.maximum(shares + 2 * size * first + size**2 * second, twice / 10)
        plain, of_plain = step(twice)
        leapt, of_leap = step(leap / leap.sum(axis=1, keepdims=True))
        shares = np.where(of_leap >= of_plain, leapt, plain)
    return shares


@dataclass(frozen=True, slots=True)
class Errors:
    """How a model errs, as validation shows it, in the whole and in each bootstrap sample of its documents.

    Attributes:
        confusion: Gold by predicted label, shape (samples, 3, 3).
        bias: See :func:`fit_bias`; shape (samples, 3).
        prior: Label shares of validation, shape (samples, 3).
        documents: Of validation.
    """

    confusion: Array
    bias: Array
    prior: Array
    documents: int

    @classmethod
    def of(cls, validation: Scored, samples: int, seed: int) -> Errors:
        """Measured on validation.

        In a sample that lacks a label, its errors are those of the whole, and so are the bias and the shares of all
        labels, which cannot be told without it.
        """
        documents = int(validation.documents.max()) + 1
        weights = metrics.document_weights(documents, samples, seed)
        gold = np.eye(len(LABELS))[validation.labels]
        said = np.eye(len(LABELS))[validation.probabilities.argmax(axis=1)]
        pairs = metrics.by_document((gold[:, :, None] * said[:, None, :]).reshape(-1, 9), validation.documents)
        confusion = (weights @ pairs).reshape(-1, 3, 3)
        confusion = np.where(confusion.sum(axis=2, keepdims=True) > 0, confusion, gold.T @ said)
        bias = np.concatenate(
            [
                fit_bias(validation.probabilities, validation.labels, block[:, validation.documents])
                for block in _blocks(weights, validation)
            ]
        )
        counts = weights @ metrics.by_document(gold, validation.documents)
        lacking = (counts == 0).any(axis=1, keepdims=True)
        bias, counts = np.where(lacking, bias[0], bias), np.where(lacking, counts[0], counts)
        return cls(confusion, bias, counts / counts.sum(axis=1, keepdims=True), documents)


def _blocks(weights: Array, scored: Scored) -> list[Array]:
    """The samples in blocks of a bounded size: three numbers for each row and sample."""
    return np.array_split(weights, -(-weights.shape[0] * 3 * len(scored.labels) // BLOCK))


def measure_shares(errors: Errors, corpus: Scored, *, seed: int = 1) -> dict[str, Any]:
    """Shares of the labels in a corpus, with intervals that hold both sources of variance.

    Each bootstrap sample draws documents of the corpus and, independently, documents of validation. Where either has
    one document, the interval of a correction is all that is possible, and that of the count where the corpus has. So
    is that of the adjusted count where the errors do not tell the labels apart, as of a model that never gives one:
    then several shares would give what was counted, and the value is one of them.

    Returns:
        ``n``, ``documents``; by method and label: value, low, high (95%).
    """
    documents = int(corpus.documents.max()) + 1
    weights = metrics.document_weights(documents, len(errors.bias) - 1, seed)
    counted = weights @ metrics.by_document(np.eye(len(LABELS))[corpus.labels], corpus.documents)
    counted /= counted.sum(axis=1, keepdims=True)
    found = {
        "counted": counted,
        "adjusted": np.array([adjust(q, matrix) for q, matrix in zip(counted, errors.confusion, strict=True)]),
    }
    parts, start = [], 0
    for block in _blocks(weights, corpus):
        here = slice(start, start + len(block))
        probabilities = apply_bias(corpus.probabilities, errors.bias[here])
        parts.append(expectation_maximization(probabilities, errors.prior[here], block[:, corpus.documents]))
        start += len(block)
    found["em"] = np.concatenate(parts)
    report: dict[str, Any] = {"n": len(corpus.labels), "documents": documents}
    told_apart = np.linalg.matrix_rank(errors.confusion[0]) == len(LABELS)
    for method in METHODS:
        drawn_from = documents if method == "counted" else min(documents, errors.documents)
        drawn_from = 1 if method == "adjusted" and not told_apart else drawn_from
        report[method] = {
            label: metrics.with_interval(found[method][:, number], drawn_from) for number, label in enumerate(LABELS)
        }
    return report


def measure_by_target(errors: Errors, corpus: Scored, targets: Sequence[str]) -> dict[str, dict[str, Any]]:
    """:func:`measure_shares` of the rows of each target, most rows first; errors are taken to be alike on all."""
    numbers = metrics.numbered(targets)
    names = list(dict.fromkeys(targets))
    order = np.argsort(-np.bincount(numbers), kind="stable")
    return {names[i]: measure_shares(errors, corpus.rows(numbers == i)) for i in order}


def shares_table(report: Mapping[str, Any]) -> str:
    """The shares in all by each method, and of each target by the last, as a Markdown table."""

    def cells(name: str, found: Mapping[str, Any], method: str) -> list[str]:
        size = f"{found['n']:,} ({found['documents']:,})"
        return [name, method, *(metrics.in_words(found[method][label]) for label in LABELS), size]

    rows = [cells("all", report["all"], method) for method in METHODS]
    rows += [cells(target, found, METHODS[-1]) for target, found in report.get("targets", {}).items()]
    return markdown_table(["target", "method", *LABELS, "n (documents)"], rows)
