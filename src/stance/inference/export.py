"""Exports a fine-tuned encoder to ONNX, beside its weights; a file is kept only if it agrees with torch."""

import copy
import importlib
import io
import logging
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from stance.base.annotations import Example
from stance.base.errors import StanceError, first_line, input_error
from stance.base.extras import from_extras
from stance.base.files import file_digest, folder_beside, sweep_partials, write_json
from stance.base.labels import LABELS
from stance.base.measures import macro_f1
from stance.base.names import must_exist
from stance.base.questions import Question, questions_of
from stance.data.build import load_part
from stance.data.seen import warn_of_learnt
from stance.evaluation.metrics import confusion
from stance.inference.config import ExportConfig, ShipConfig
from stance.models.card import CARD, check_replaceable, read_card
from stance.models.classifier import StanceClassifier, checkpoint_folder
from stance.models.encoder import EncoderModel
from stance.models.encoding import encode
from stance.models.onnx import FILES, REPORT, REPORT_VERSION, OnnxModel, open_session
from stance.models.pretrained import WEIGHTS, named_checkpoint
from stance.training.machine import processor

log = logging.getLogger(__name__)

#: How far a logit of the fp32 model may be from torch's.
TOLERANCE = 1e-3

#: Rows that speed is measured on, and how often; the best turn counts.
TIMED_ROWS, TURNS = 200, 3

#: Of the extra ``onnx``.
LIBRARIES = ("onnx", "onnxscript", "onnxruntime")

#: What one ONNX file can hold.
LARGEST = 2**31

Logits = NDArray[np.float64]


def export_checkpoint(config: ExportConfig) -> dict[Path, dict[str, Any]]:
    """Write ONNX files beside the weights of every fine-tuned encoder in a checkpoint, and a report on them.

    An encoder's folder gets ``model.onnx`` (fp32) and ``model.int8.onnx``, each only if it passes the gate
    (:func:`measure`), and ``onnx.json``, which says what was measured and why one was not kept. Files of an earlier
    export are replaced or removed.

    Returns:
        The report of each encoder, by its folder: the checkpoint itself, or its members.

    Raises:
        StanceError: No such folder, no fine-tuned encoder in it, a library is missing, the model does not convert.
    """
    folder = must_exist(named_checkpoint(config.checkpoint) or config.checkpoint, "folder")
    with from_extras():
        for name in LIBRARIES:
            importlib.import_module(name)
    kind = read_card(folder).kind
    encoders = [path.parent for path in sorted(folder.rglob(CARD)) if read_card(path.parent).kind == "encoder"]
    if not encoders:
        raise input_error(str(folder), "no fine-tuned encoder in it", found=kind, allowed="encoder, or what holds one")
    splits, record = load_part(config.outputs, config.data, config.split, config.part)
    reports = {}
    for encoder in encoders:
        classifier = StanceClassifier.from_pretrained(encoder)
        warn_of_learnt(encoder, classifier.card.data, record, splits[config.part])
        assert isinstance(classifier.predictor, EncoderModel)
        log.info("exporting %s; %d rows to compare", encoder, len(splits[config.part]))
        about = {"data": {"name": record.name, "fingerprint": record.fingerprint}, "part": config.part}
        reports[encoder] = about | export_encoder(encoder, classifier.predictor, splits[config.part], config)
        write_json(encoder / REPORT, reports[encoder])
    return reports


def export_encoder(
    folder: Path, model: EncoderModel, examples: Sequence[Example], config: ExportConfig
) -> dict[str, Any]:
    """Write both files, measure them on the examples, keep what passes, and say what was measured.

    An earlier report is removed first: without one nobody uses a file that is half replaced.
    """
    if (folder / WEIGHTS).stat().st_size >= LARGEST:
        raise input_error(str(folder / WEIGHTS), "2 GB or more", allowed="what one ONNX file can hold")
    sweep_partials(folder)
    gold, questions = [example.label for example in examples], questions_of(examples)
    with tempfile.TemporaryDirectory(prefix=".onnx.partial", dir=folder) as work:
        paths = {runtime: Path(work) / name for runtime, name in FILES.items()}
        _write_models(model, paths["onnx"], paths["onnx-int8"])
        exported = {
            runtime: OnnxModel(open_session(path), model.tokenizer, model.input_format, folder, runtime)
            for runtime, path in paths.items()
        }
        reference = model.logits(questions)
        speeds = _speeds({"torch": model, **exported}, questions)
        models = {}
        for runtime, path in paths.items():
            measured = compare_logits(reference, exported[runtime].logits(questions), gold)
            measured |= {"rows_per_second": speeds[runtime], "bytes": path.stat().st_size, "sha256": file_digest(path)}
            reasons = refusals(measured, speeds[runtime] / speeds["onnx"], config, int8=runtime == "onnx-int8")
            models[runtime] = {"accepted": not reasons, "reasons": reasons, "file": FILES[runtime], **measured}
        (folder / REPORT).unlink(missing_ok=True)
        for runtime, path in paths.items():
            if models[runtime]["accepted"]:
                path.replace(folder / FILES[runtime])
            else:
                (folder / FILES[runtime]).unlink(missing_ok=True)
    return {
        "version": REPORT_VERSION,
        "weights": file_digest(folder / WEIGHTS),
        "rows": len(examples),
        "allowed": {"loss": config.loss, "agreement": config.agreement, "agreement_int8": config.agreement_int8}
        | {"logit_difference": TOLERANCE, "speed_int8": config.speed},
        "torch": {"macro_f1": _macro_f1(gold, reference), "rows_per_second": speeds["torch"]},
        "models": models,
        "threads": torch.get_num_threads(),
        **processor(),
        "versions": {name: version(name) for name in ("torch", "transformers", *LIBRARIES)},
    }


def ship(config: ShipConfig) -> dict[str, Any]:
    """Write a copy of a fine-tuned encoder with weights in half precision, half as large, and say what that changes.

    Returns:
        See :func:`compare_logits`; ``bytes`` are those of the weights.

    Raises:
        StanceError: The checkpoint is no fine-tuned encoder, or the copy gives too many other labels: none is left.
    """
    check_replaceable(config.output)
    folder = checkpoint_folder(config.checkpoint)
    classifier = StanceClassifier.from_pretrained(folder)
    model, card = classifier.predictor, classifier.card
    if not isinstance(model, EncoderModel):
        raise input_error(str(folder), "not a fine-tuned encoder", found=card.kind, allowed="encoder")
    splits, _ = load_part(config.outputs, config.data, config.split, config.part)
    examples = splits[config.part]
    with folder_beside(config.output) as temporary:
        for path in folder.iterdir():
            if path.is_file() and path.name not in (WEIGHTS, REPORT, *FILES.values()):
                shutil.copyfile(path, temporary / path.name)
        halved = {name: tensor.half() for name, tensor in load_file(folder / WEIGHTS).items()}
        save_file(halved, temporary / WEIGHTS, metadata={"format": "pt"})
        copied = EncoderModel.load(temporary, card.input_format, card.scale)
        asked = questions_of(examples)
        measured = compare_logits(model.logits(asked), copied.logits(asked), [row.label for row in examples])
        if measured["agreement"]["share"] < config.agreement:
            raise input_error(str(folder), "other labels in half precision", found=measured["agreement"])
    return measured | {"bytes": (Path(config.output) / WEIGHTS).stat().st_size}


def compare_logits(reference: Logits, logits: Logits, gold: Sequence[str]) -> dict[str, Any]:
    """How far logits are from torch's, both of shape (rows, 3), and what that does to labels and macro-F1."""
    same = int((reference.argmax(axis=1) == logits.argmax(axis=1)).sum())
    score = _macro_f1(gold, logits)
    return {
        "logit_difference": float(np.abs(reference - logits).max()),
        "agreement": {"same": same, "of": len(gold), "share": same / len(gold)},
        "macro_f1": score,
        "loss": _macro_f1(gold, reference) - score,
    }


def refusals(measured: Mapping[str, Any], speed: float, config: ExportConfig, *, int8: bool) -> list[str]:
    """Why an exported model is not kept; empty if it is.

    Args:
        measured: As :func:`compare_logits` gives it.
        speed: Rows per second, as a multiple of the fp32 model's.
        config: What is allowed.
        int8: Whether it is the quantized one: agreement has a bound of its own, logits none, and it must be faster.
    """
    agreement, allowed = measured["agreement"], config.agreement_int8 if int8 else config.agreement
    reasons = []
    if not np.isfinite(measured["logit_difference"]):
        reasons.append("logits that are no finite numbers")
    if agreement["share"] < allowed:
        reasons.append(f"the label of torch for {agreement['same']} of {agreement['of']} rows; allowed: {allowed:.1%}")
    if measured["loss"] > config.loss:
        reasons.append(f"macro-F1 {measured['loss']:.4f} below torch's; allowed: {config.loss:g}")
    if not int8 and measured["logit_difference"] > TOLERANCE:
        reasons.append(f"logits {measured['logit_difference']:.2g} from torch's; allowed: {TOLERANCE:g}")
    if int8 and speed < config.speed:
        reasons.append(f"{speed:.2f} times as fast as fp32 on this processor; allowed: {config.speed:g} or more")
    return reasons


def summary(report: Mapping[str, Any]) -> str:
    """A report in words: one line for torch, one for each exported model."""
    torch_speed = report["torch"]["rows_per_second"]
    lines = [f"{'torch':<11}macro-F1 {report['torch']['macro_f1']:.4f}   {torch_speed:,.0f} rows/s"]
    for runtime, found in report["models"].items():
        agreement = found["agreement"]
        lines.append(
            f"{runtime:<11}macro-F1 {found['macro_f1']:.4f}   {found['rows_per_second']:,.0f} rows/s   "
            f"the label of torch for {agreement['same']} of {agreement['of']} ({agreement['share']:.2%})   "
            + (f"-> {found['file']}" if found["accepted"] else f"not kept: {'; '.join(found['reasons'])}")
        )
    return "\n".join(lines)


def _macro_f1(gold: Sequence[str], logits: Logits) -> float:
    return float(macro_f1(confusion(gold, [LABELS[label] for label in logits.argmax(axis=1)])))


def _speeds(models: Mapping[str, EncoderModel | OnnxModel], questions: Sequence[Question]) -> dict[str, float]:
    """Rows per second of each, on rows drawn evenly, in turns; the best turn of each, which others disturbed least."""
    rows = questions[:: max(1, len(questions) // TIMED_ROWS)]
    best = dict.fromkeys(models, np.inf)
    for _ in range(TURNS):
        for name, model in models.items():
            start = time.perf_counter()
            model.logits(rows)
            best[name] = min(best[name], time.perf_counter() - start)
    return {name: len(rows) / seconds for name, seconds in best.items()}


def _write_models(model: EncoderModel, fp32: Path, int8: Path) -> None:
    """Convert and write both models.

    Each comes from the way of writing attention that ONNX Runtime does best on. Plain attention is fused, with its
    projections, into one operator of fp32, which the quantizer passes over; from torch's own fused attention the
    projections stay matrix products of constants, which it takes. Weights have seven bits, since files go to other
    machines: with eight, products overflow on processors without VNNI, where a base-size encoder kept 46% of its
    labels for 95%.
    """
    import onnx
    import onnx_ir
    from onnxruntime.quantization import QuantType, quantize_dynamic

    try:
        with _quietly():
            onnx_ir.save(_convert(model, "eager"), fp32)
            onnx_ir.save(_convert(model, "sdpa"), int8)
            unquantized = onnx.load(int8)
            del unquantized.graph.value_info[:]  # shapes that quantizing makes wrong
            quantize_dynamic(
                unquantized,
                int8,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
                extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
            )
    except Exception as error:  # of any of four libraries
        raise StanceError(f"{model.model.name_or_path}: does not convert to ONNX: {first_line(error)}") from error


def _convert(model: EncoderModel, attention: str) -> Any:  # noqa: ANN401 - onnx_ir.Model
    """The model as a graph of any batch and length, with ONNX Runtime's own operators for norms, GELU and attention."""
    from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter

    encoded = encode(model.tokenizer, model.input_format, [Question("one", "three"), Question("or two", "four")])
    sample = dict(model.tokenizer.pad(encoded, return_tensors="pt"))
    network = copy.deepcopy(model.model).to("cpu").eval()
    network.set_attn_implementation(attention)
    return OnnxExporter().export(network, sample, config=OnnxConfig(dynamic=True, ort_fusions="cpu")).program


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what the exporter prints, logs and warns of on the way."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
