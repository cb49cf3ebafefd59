"""The fine-tuned encoder on ONNX Runtime: the files of ``scripts/export.py``, asked in the place of the weights."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from stance.base.errors import StanceError, first_line, input_error
from stance.base.extras import install
from stance.base.files import file_digest, read_json
from stance.base.predictions import Probabilities
from stance.base.questions import Question
from stance.models.encoding import load_tokenizer, reader_of, run_in_batches
from stance.models.input_format import InputFormat
from stance.models.pretrained import WEIGHTS
from stance.models.scaling import scaled_softmax
from stance.models.windows import Reader

#: What was measured of the exported files, and of which weights they are.
REPORT = "onnx.json"
REPORT_VERSION = 1

#: The file of each runtime, beside the weights.
FILES = {"onnx": "model.onnx", "onnx-int8": "model.int8.onnx"}

#: How to have what running and writing such files needs.
INSTALL = install("onnx")


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A session of ONNX Runtime with its tokenizer and the format of its input.

    Attributes:
        session: Of one of ``FILES``, on the processor.
        tokenizer: Of the checkpoint.
        input_format: How rows become sequences.
        folder: The checkpoint.
        runtime: Which of ``FILES``.
        scale: Of the logits (see :class:`stance.models.encoder.EncoderModel`).
        batch_tokens: Tokens at a time, padding included.
    """

    session: Any
    tokenizer: PreTrainedTokenizerBase
    input_format: InputFormat
    folder: Path
    runtime: str
    scale: float = 1.0
    batch_tokens: int = 2048

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`."""
        return scaled_softmax(self.logits(questions), self.scale)

    def logits(self, questions: Sequence[Question]) -> NDArray[np.float64]:
        """The model's outputs, shape (rows, 3). Rows are batched by length and come back in their own order."""
        names = [each.name for each in self.session.get_inputs()]

        def run(inputs: dict[str, NDArray[np.int64]]) -> NDArray[np.float32]:
            return np.asarray(self.session.run(["logits"], {name: inputs[name] for name in names})[0])

        return run_in_batches(run, self.tokenizer, self.input_format, questions, tokens=self.batch_tokens)

    def reader(self) -> Reader:
        """How much of a text it reads."""
        return reader_of(self.tokenizer, self.input_format)

    def save(self, folder: Path) -> None:
        """Copy the checkpoint, with its weights and its exported files."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)

    @classmethod
    def load(cls, folder: Path, input_format: InputFormat, scale: float = 1.0, *, runtime: str = "onnx") -> OnnxModel:
        """Open what ``scripts/export.py`` wrote, on as many threads as torch has.

        Raises:
            StanceError: ONNX Runtime is not installed; there is no such file; it is not the one that was checked, or
                the weights are no longer those that it was exported from.
        """
        path = _checked_file(folder, runtime)
        return cls(open_session(path), load_tokenizer(folder), input_format, folder, runtime, scale)


def open_session(path: Path) -> Any:  # noqa: ANN401 - InferenceSession of an optional library
    """A session on the processor, with as many threads as torch has (so that OMP_NUM_THREADS counts).

    Raises:
        StanceError: ONNX Runtime is not installed or does not read the file.
    """
    import torch

    try:
        import onnxruntime
    except ImportError:
        raise input_error("runtime", "ONNX Runtime is not installed", allowed=f"torch, or {INSTALL} first") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no common class
        raise StanceError(f"{path}: ONNX Runtime does not read it: {first_line(error)}") from None


def _checked_file(folder: Path, runtime: str) -> Path:
    """The file of a runtime, if it is the one that was checked against the very weights that are there."""
    path, report = folder / FILES[runtime], folder / REPORT
    command = shlex.join(["python", "scripts/export.py", f"checkpoint={folder}"])
    if not report.exists():
        raise input_error(str(folder), f"no {report.name} for runtime {runtime}", allowed=f"torch, or {command} first")
    found = read_json(report)
    if not isinstance(found, dict) or found.get("version") != REPORT_VERSION or "models" not in found:
        raise input_error(str(report), "no report on an export, or one of another version", allowed=f"{command} again")
    measured = found["models"][runtime]
    if not measured["accepted"]:
        raise input_error(str(report), f"no file for runtime {runtime} was kept: {'; '.join(measured['reasons'])}")
    if file_digest(folder / WEIGHTS) != found["weights"]:
        problem = f"exported from other weights than those of {folder}/{WEIGHTS}"
        raise input_error(str(path), problem, allowed=f"{command} again")
    if not path.exists() or file_digest(path) != measured["sha256"]:
        raise input_error(str(path), "missing, or not the file that was checked", allowed=f"{command} again")
    return path
