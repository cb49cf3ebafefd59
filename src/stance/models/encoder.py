"""The fine-tuned encoder: a cross-encoder over (text, holder, target) with a classification head."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar, get_verbosity, set_verbosity, set_verbosity_error

from stance.base.errors import StanceError, first_line, input_error
from stance.base.labels import ID2LABEL, LABEL2ID, LABELS, check_label_order
from stance.base.predictions import Probabilities
from stance.base.questions import Question
from stance.models.card import Card
from stance.models.encoding import (
    check_vocabulary,
    load_encoder,
    load_tokenizer,
    load_weights,
    reader_of,
    run_in_batches,
)
from stance.models.input_format import InputFormat
from stance.models.onnx import FILES, OnnxModel
from stance.models.scaling import scaled_softmax
from stance.models.windows import Reader

log = logging.getLogger(__name__)

disable_progress_bar()  # of reading and writing weights, which takes a second


@contextmanager
def _expecting_a_new_head() -> Iterator[None]:
    """Keep back the library's warning that the classification head is not in the pretrained weights."""
    before = get_verbosity()
    set_verbosity_error()
    try:
        yield
    finally:
        set_verbosity(before)


def _positions(model: PreTrainedModel) -> int | None:
    """How many tokens a model can read, by its learnt positions; None where it has none."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            # RoBERTa and MPNet count from the padding's number on
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    longest: int | None = getattr(model.config, "max_position_embeddings", None)
    return longest


@dataclass(frozen=True, slots=True)
class EncoderModel:
    """A Hugging Face sequence classifier with its tokenizer and the format of its input.

    Attributes:
        model: With three outputs.
        tokenizer: Of the model.
        input_format: How rows become sequences.
        scale: Of the logits, fitted on validation (temperature scaling, Guo et al. 2017); it never changes a label. A
            plain pipeline on the checkpoint does not know of it: same labels, uncalibrated probabilities.
        batch_tokens: Tokens at a time, padding included. On a processor small batches pay: what they hold stays in its
            cache (docs/inference.md).
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    input_format: InputFormat
    scale: float = 1.0
    batch_tokens: int = 2048
    runtime: ClassVar[str] = "torch"

    @classmethod
    def new(cls, name: str, input_format: InputFormat) -> EncoderModel:
        """A pretrained encoder with a new, random head; set the seed before. Only a head for our labels is kept.

        Raises:
            StanceError: The encoder does not load or is not whole, its tokenizer is another's or does not know the
                format's mark, or it reads fewer tokens than the format's maximum length.
        """
        tokenizer = load_encoder(AutoTokenizer.from_pretrained, name)
        config = load_encoder(AutoConfig.from_pretrained, name)
        check_vocabulary(tokenizer.get_vocab(), getattr(config, "vocab_size", None), name)
        if tokenizer.unk_token_id in tokenizer(input_format.mark, add_special_tokens=False)["input_ids"]:
            problem, allowed = "the tokenizer does not know the mark", "model.mark=... that is in its vocabulary"
            raise input_error(name, problem, found=input_format.mark, allowed=allowed)
        headed = any(kind.endswith("ForSequenceClassification") for kind in config.architectures or ())
        foreign = headed and [config.id2label.get(i) for i in range(config.num_labels)] != list(LABELS)
        labels = {"num_labels": len(LABELS), "id2label": ID2LABEL, "label2id": LABEL2ID}
        weights = {"use_safetensors": True, "dtype": torch.float32}
        with _expecting_a_new_head():
            if foreign:  # e.g. for inference pairs: its third label is not our third
                model = AutoModelForSequenceClassification.from_config(
                    load_encoder(AutoConfig.from_pretrained, name, **labels)
                )
                body = load_weights(AutoModel.from_pretrained, name, **weights)
                model.base_model.load_state_dict(body.state_dict(), strict=False)
            else:
                load = AutoModelForSequenceClassification.from_pretrained
                model = load_weights(load, name, **labels, **weights)
        longest = _positions(model)
        if longest is not None and input_format.max_length > longest:
            raise input_error(name, "max_length", found=input_format.max_length, allowed=f"at most {longest}")
        if getattr(model.config, "pad_token_id", None) is None:  # by it GPT and the like find the last token of a row
            model.config.pad_token_id = tokenizer.pad_token_id
        model.config.problem_type = "single_label_classification"
        return cls(model, tokenizer, input_format)

    def freeze(self, layers: int) -> None:
        """Exclude the embeddings and the lowest ``layers`` layers from training; 0 excludes nothing.

        Raises:
            StanceError: The encoder has fewer layers, or none can be told.
        """
        if layers == 0:
            return
        base, depth = self.model.base_model, self.model.config.num_hidden_layers
        stacks = [m for m in base.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == depth]
        if not stacks or not 0 < layers <= depth:
            raise input_error("model.frozen_layers", "too many", found=layers, allowed=f"0 to {depth if stacks else 0}")
        embeddings = getattr(base, "embeddings", base.get_input_embeddings())
        for module in (embeddings, *stacks[0][:layers]):
            module.requires_grad_(False)

    @contextmanager
    def dropping(self, share: float | None) -> Iterator[None]:
        """In the block training drops this share of values in place of the pretrained one; None changes nothing."""
        if share is None:
            yield
            return
        layers = [module for module in self.model.modules() if isinstance(module, torch.nn.Dropout)]
        before, attention = [layer.p for layer in layers], self.model.config._attn_implementation
        for layer in layers:
            layer.p = share
        if not torch.accelerator.is_available():  # a processor goes back through the fused attention more slowly
            self.model.set_attn_implementation("eager")
        try:
            yield
        finally:
            for layer, usual in zip(layers, before, strict=True):
                layer.p = usual
            self.model.set_attn_implementation(attention)

    def predict_proba(self, questions: Sequence[Question]) -> Probabilities:
        """See :class:`stance.base.predictions.Predictor`."""
        return scaled_softmax(self.logits(questions), self.scale)

    def logits(self, questions: Sequence[Question]) -> NDArray[np.float64]:
        """The model's outputs, shape (rows, 3). Rows are batched by length and come back in their own order."""
        self.model.eval()

        def run(inputs: dict[str, NDArray[np.int64]]) -> NDArray[np.float64]:
            tensors = {name: torch.from_numpy(values).to(self.model.device) for name, values in inputs.items()}
            return np.asarray(self.model(**tensors).logits.cpu().double())

        with torch.inference_mode():
            return run_in_batches(run, self.tokenizer, self.input_format, questions, tokens=self.batch_tokens)

    def reader(self) -> Reader:
        """How much of a text it reads."""
        return reader_of(self.tokenizer, self.input_format)

    def save(self, folder: Path) -> None:
        """Write weights (safetensors), config with label names, and tokenizer: a folder that plain pipelines load."""
        self.model.save_pretrained(folder)
        self.tokenizer.init_kwargs["local_files_only"] = False  # as it was loaded here, which would be written
        self.tokenizer.save_pretrained(folder)

    @classmethod
    def load(cls, folder: Path, input_format: InputFormat, scale: float = 1.0) -> EncoderModel:
        """Read what :meth:`save` wrote, onto the GPU if there is one.

        Raises:
            StanceError: Weights (safetensors) or tokenizer are missing or incomplete, or the labels are others or in
                another order.
        """
        tokenizer = load_tokenizer(folder)
        options = {"trust_remote_code": False, "local_files_only": True}
        try:
            model, report = AutoModelForSequenceClassification.from_pretrained(
                folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **options
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise StanceError(f"{folder}: does not load: {first_line(error)}") from None
        if report["missing_keys"]:
            raise input_error(
                str(folder / "model.safetensors"), "missing weights", found=sorted(report["missing_keys"])
            )
        names = [model.config.id2label[i] for i in range(model.config.num_labels)]
        check_label_order(names, str(folder / "config.json"))
        return cls(model.to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer, input_format, scale)


def load(folder: Path, card: Card, runtime: str) -> EncoderModel | OnnxModel:
    """The encoder on the given runtime; ``auto`` is ONNX Runtime without a GPU, if its file is there, fits and runs.

    Raises:
        StanceError: See :meth:`EncoderModel.load` and :meth:`stance.models.onnx.OnnxModel.load`.
    """
    if runtime in FILES:
        return OnnxModel.load(folder, card.input_format, card.scale, runtime=runtime)
    if runtime == "auto" and (folder / FILES["onnx"]).exists() and not torch.cuda.is_available():
        try:
            return OnnxModel.load(folder, card.input_format, card.scale)
        except StanceError as error:
            log.warning("%s; it runs on torch", error)
    return EncoderModel.load(folder, card.input_format, card.scale)
