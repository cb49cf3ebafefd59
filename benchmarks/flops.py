"""Floating-point operations of an encoder for the batches that went through it, and a record of those batches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.base.errors import input_error

#: Architectures whose layers are those that :func:`encoder_flops` counts.
COUNTED = ("bert", "roberta", "xlm-roberta", "camembert", "mpnet")


def encoder_flops(config: Mapping[str, Any], tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """Floating-point operations of one row of each length: those of its matrix products, two per multiply-add.

    A layer has four products of the width by itself (query, key, value, output), two of the tokens by the tokens
    (attention), and two of the width by the inner width. On top there are a square product for the first token and one
    for the labels. Norms, softmax and activations are left out: they are no matrix products.

    Args:
        config: Of the encoder, as its ``config.json`` has it.
        tokens: Lengths of rows, any shape.

    Raises:
        StanceError: It is an encoder of another architecture.
    """
    if config["model_type"] not in COUNTED:
        raise input_error("config.json", "layers that are not counted", found=config["model_type"], allowed=COUNTED)
    width, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    length = np.asarray(tokens, dtype=np.float64)
    layer = length * (8 * width * width + 4 * width * inner) + length * length * 4 * width
    return layers * layer + 2 * width * (width + 3)


@dataclass
class Batches:
    """The batches that encoders have run while it watched, in torch or ONNX Runtime, whoever called them.

    Attributes:
        width: Tokens of each row with padding, a value a row.
        tokens: Without padding, likewise.
        batches: How many there were.
    """

    width: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    batches: int = 0

    def note(self, inputs: Mapping[str, Any]) -> None:
        """Record one batch by its ``input_ids`` and ``attention_mask``, each (rows, tokens)."""
        ids, mask = inputs["input_ids"], inputs.get("attention_mask")
        rows, width = ids.shape
        self.batches += 1
        self.width += [int(width)] * int(rows)
        self.tokens += [int(width)] * int(rows) if mask is None else [int(n) for n in mask.sum(1)]

    def clear(self) -> None:
        """Forget them."""
        self.width, self.tokens, self.batches = [], [], 0

    def watch(self) -> None:
        """Record what goes through the libraries that this process has loaded, from now on; it loads none itself."""
        if "transformers.modeling_utils" in sys.modules:
            self._watch_torch()
        if "onnxruntime" in sys.modules:
            self._watch_onnx()

    def _watch_torch(self) -> None:
        """Every outermost call of a transformers model."""
        from transformers import PreTrainedModel

        inner, depth = PreTrainedModel.__call__, 0

        @wraps(inner)
        def call(model: PreTrainedModel, *arguments: Any, **inputs: Any) -> Any:  # noqa: ANN401 - passed through
            nonlocal depth
            if not depth:
                self.note({"input_ids": arguments[0], **inputs} if arguments else inputs)
            depth += 1
            try:
                return inner(model, *arguments, **inputs)
            finally:
                depth -= 1

        PreTrainedModel.__call__ = call

    def _watch_onnx(self) -> None:
        """Every run of a session that is given token ids."""
        from onnxruntime import InferenceSession

        inner: Callable[..., Any] = InferenceSession.run

        @wraps(inner)
        def run(session: Any, names: Any, inputs: Mapping[str, Any], *more: Any) -> Any:  # noqa: ANN401
            if "input_ids" in inputs:
                self.note(inputs)
            return inner(session, names, inputs, *more)

        InferenceSession.run = run
