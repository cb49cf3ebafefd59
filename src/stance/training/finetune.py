"""Fine-tuning with ``transformers.Trainer``, resumable."""

import json
import logging
import math
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from transformers import (
    DataCollatorWithPadding,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from stance.base.annotations import Example
from stance.base.errors import StanceError, input_error
from stance.base.files import writing
from stance.base.labels import LABEL2ID, LABELS
from stance.base.measures import macro_f1
from stance.base.questions import questions_of
from stance.evaluation.metrics import confusion
from stance.models.averaging import scaled_on
from stance.models.card import CARD, read_card
from stance.models.config import EncoderConfig
from stance.models.encoder import EncoderModel
from stance.models.encoding import encode
from stance.models.fitting import Setup
from stance.models.input_format import InputFormat
from stance.models.pretrained import encoder_location
from stance.models.reading import say_of
from stance.training import distributed as processes

log = logging.getLogger(__name__)

#: TrainingArguments that this module sets itself: best epoch by validation macro-F1, a checkpoint an epoch to resume.
FIXED: Mapping[str, Any] = {
    "eval_strategy": "epoch",
    "save_strategy": "epoch",
    "logging_strategy": "epoch",
    "load_best_model_at_end": True,
    "metric_for_best_model": "macro_f1",
    "greater_is_better": True,
    "save_total_limit": 1,
    "average_tokens_across_devices": False,
    "report_to": "none",
    "dataloader_pin_memory": torch.cuda.is_available(),
}

#: Others that nobody configures. dataloader_drop_last: of validation too; label_smoothing_factor: of the Trainer's own
#: loss, which is not ours; the last four: then not every epoch has a macro-F1 on validation.
RESERVED = {
    *("output_dir", "seed", "data_seed", "save_only_model", "dataloader_drop_last", "label_smoothing_factor"),
    *("prediction_loss_only", "label_names", "batch_eval_metrics", "eval_delay"),
}


def fit(config: EncoderConfig, train: Sequence[Example], validation: Sequence[Example], setup: Setup) -> EncoderModel:
    """The fine-tuned encoder of a configuration; see :func:`fine_tune`."""
    return fine_tune(
        config, train, validation, seed=setup.seed, options=setup.trainer, work=setup.work, soft=setup.soft
    )


def fine_tune(
    config: EncoderConfig,
    train: Sequence[Example],
    validation: Sequence[Example],
    *,
    seed: int,
    options: Mapping[str, Any],
    work: Path,
    on_epoch: Callable[[int, float], None] | None = None,
    soft: NDArray[np.float64] | None = None,
) -> EncoderModel:
    """The encoder of the epoch with the best macro-F1 on validation, its probabilities scaled on validation.

    With several processes (see :mod:`stance.training.distributed`) each takes its share of every batch, and the first
    one's encoder is scaled; the files in ``work`` are on a disk that all of them see.

    The loss is cross-entropy, with rows weighted by the inverse frequency of their label if so configured. Killed at
    any moment and called again with the same ``work`` it goes on from the last whole epoch, to the same final model.

    With ``soft`` the loss is the cross-entropy to these probabilities, rows unweighted.

    ``on_epoch`` is told number and macro-F1 on validation after each epoch; an error that it raises ends the training.

    Source: best epoch and resuming by ``transformers.Trainer``; the gradient does not depend on how a batch is divided
    into accumulation steps of one size (transformers issue 47688 is kept off by ``loss_is_scaled_for_ga``).
    """
    arguments, encoder = training_arguments(options, seed, work), new_encoder(config, seed)
    resume = last_whole_checkpoint(work)
    weigh = config.class_weight and soft is None
    processes.invite(config, train, validation, seed=seed, options=options, work=work, soft=soft)
    encoder.model.accepts_loss_kwargs = False
    trainer = Trainer(
        model=encoder.model,
        args=arguments,
        train_dataset=_tokenized(encoder, train, soft),
        eval_dataset=_tokenized(encoder, validation),
        data_collator=DataCollatorWithPadding(encoder.tokenizer),
        processing_class=encoder.tokenizer,
        compute_loss_func=_loss(class_weights(train) if weigh else np.ones(len(LABELS))),
        compute_metrics=_validation_metrics,
        callbacks=[EpochLines(on_epoch)],
    )
    trainer.loss_is_scaled_for_ga = False
    trainer.remove_callback(PrinterCallback)
    progress = trainer.pop_callback(ProgressCallback)
    if progress is not None and not arguments.disable_tqdm:
        trainer.add_callback(QuietProgress())
    if resume is not None:
        log.info("going on from %s", resume.name)
    with writing(work), encoder.dropping(config.dropout):
        trainer.train(resume_from_checkpoint=None if resume is None else str(resume))
    best = trainer.state.best_model_checkpoint
    if best is None or not Path(best).is_dir():
        raise StanceError(f"{work}: the best epoch's checkpoint is gone ({best}); remove {work} and train again")
    processes.wait_for_all()
    if not processes.leads():
        return encoder
    # Trained in half precision, the model would go on to answer in it: otherwise than its checkpoint, loaded, does.
    trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    return scaled_on(encoder, validation)


def new_encoder(config: EncoderConfig, seed: int) -> EncoderModel:
    """The encoder that a training starts from, with a new head.

    Raises:
        StanceError: It does not load, or cannot be trained as configured.
    """
    set_seed(seed)
    input_format = InputFormat(**{field.name: getattr(config, field.name) for field in fields(InputFormat)})
    _same_format(config.encoder, input_format)
    encoder = EncoderModel.new(config.encoder, input_format)
    encoder.freeze(config.frozen_layers)
    return encoder


def _same_format(encoder: str, input_format: InputFormat) -> None:
    """Refuse to go on from a checkpoint of this toolkit with rows written otherwise than it knows them."""
    card = Path(encoder_location(encoder)) / CARD
    if not card.exists():
        return
    before = read_card(card.parent).input_format
    for name in ("first", "second", "author", "mark"):
        if getattr(before, name) != getattr(input_format, name):
            found, allowed = getattr(input_format, name), f"{getattr(before, name)!r}, as {encoder} was trained"
            raise input_error(f"model.{name}", "another input than the encoder knows", found=found, allowed=allowed)


def half_precision(options: Mapping[str, Any]) -> AbstractContextManager[None]:
    """In the block a model answers in bfloat16 where it was trained so (``bf16``): several times as fast."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    enabled = _in_bfloat16(options, on_cpu=device == "cpu")
    context: AbstractContextManager[None] = torch.autocast(device, torch.bfloat16, enabled=enabled)
    return context


def _in_bfloat16(options: Mapping[str, Any], *, on_cpu: bool) -> bool:
    """Whether bfloat16 is configured and need not be imitated."""
    return bool(options.get("bf16")) and (not on_cpu or has_bfloat16())


def has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16; one that has to imitate it takes some thirteen times as long.

    Source: on x86 its own flags; elsewhere what ``torch.compile`` asks before it leaves a product to oneDNN.
    """
    if platform.machine() in ("x86_64", "AMD64"):
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def class_weights(train: Sequence[Example]) -> np.ndarray:
    """Weight of each label, inverse to its frequency, so that the mean over the training rows is 1; shape (3,).

    A label that does not occur has weight 0. Source: King and Zeng (2001), as scikit-learn's ``balanced``.
    """
    counts = np.bincount([LABEL2ID[example.label] for example in train], minlength=len(LABELS))
    present = counts > 0
    return np.asarray(np.divide(len(train), counts * present.sum(), out=np.zeros(len(LABELS)), where=present))


def last_whole_checkpoint(work: Path) -> Path | None:
    """The checkpoint of the latest epoch that was written to its end, or None; half-written ones are removed.

    The Trainer writes ``trainer_state.json`` last, so a folder in which it can be read was written whole; that every
    file is there says that it was not half deleted either. Each of several processes writes its random state itself.
    """
    several = processes.number() > 1
    states = [f"rng_state_{i}.pth" for i in range(processes.number())] if several else ["rng_state.pth"]
    whole = None
    by_step = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    for folder in by_step:
        try:
            json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
            for name in ("config.json", "model.safetensors", "optimizer.pt", "scheduler.pt", *states):
                next(folder.glob(name))
            whole = folder
        except (OSError, ValueError, StopIteration):
            shutil.rmtree(folder)
    return whole


def training_arguments(options: Mapping[str, Any], seed: int, work: Path) -> TrainingArguments:
    """What ``transformers.Trainer`` is told, from the keywords that are configured. Nothing is written.

    Raises:
        StanceError: A keyword that there is not, that the toolkit sets itself, or of a refused value.
    """
    reserved = sorted(set(options) & (set(FIXED) | RESERVED))
    if reserved:
        raise StanceError(f"trainer: {', '.join(reserved)} is set by the toolkit and cannot be configured")
    here: dict[str, Any] = {}
    if torch.cuda.is_available() and torch.cuda.is_bf16_supported() and not {"bf16", "fp16", "use_cpu"} & set(options):
        here["bf16"] = True
    on_cpu = bool(options.get("use_cpu")) or not torch.accelerator.is_available()
    if options.get("bf16") and not _in_bfloat16(options, on_cpu=on_cpu):
        log.info("this processor has no bfloat16: float32 in its place, with which the last digits are others")
        options = {**options, "bf16": False}
    if not torch.accelerator.is_available() and (options.get("bf16") or processes.number() > 1):
        here["use_cpu"] = True  # or half precision is refused, and each process trains by itself
    if processes.number() > 1:
        here["ddp_find_unused_parameters"] = False
    try:
        arguments = TrainingArguments(output_dir=str(work), seed=seed, data_seed=seed, **FIXED, **{**here, **options})
    except (TypeError, ValueError) as error:
        reason = str(error).replace("TrainingArguments.__init__() ", "")
        raise StanceError(f"trainer: {reason}; allowed: keywords of transformers.TrainingArguments") from None
    if arguments.n_gpu > 1:
        log.info(
            "%d GPUs, of which a single process uses one: torchrun starts several (docs/scaling.md)", arguments.n_gpu
        )
        arguments._n_gpu = 1  # else the Trainer learns from as many batches at once
    if arguments.world_size != processes.number():
        raise StanceError(f"trainer: {processes.number()} processes, but {arguments.world_size} would train together")
    return arguments


def _tokenized(encoder: EncoderModel, examples: Sequence[Example], soft: NDArray[np.float64] | None = None) -> Dataset:
    say_of(encoder, examples, log)
    encoded = encode(encoder.tokenizer, encoder.input_format, questions_of(examples))
    hard = [LABEL2ID[example.label] for example in examples]
    return Dataset.from_dict({**encoded, "labels": hard if soft is None else soft.astype(np.float32).tolist()})


def _loss(weights: np.ndarray) -> Any:  # noqa: ANN401 - the Trainer's own protocol
    """Weighted cross-entropy, averaged over rows (not over weights), so that batches add up to their union."""

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:  # noqa: ANN401
        if labels.is_floating_point():
            labels = labels.to(outputs.logits.dtype)
        weight = torch.tensor(weights, dtype=outputs.logits.dtype, device=outputs.logits.device)
        return torch.nn.functional.cross_entropy(outputs.logits, labels, weight=weight, reduction="none").mean()

    return loss


def _validation_metrics(prediction: EvalPrediction) -> dict[str, float]:
    labels = [LABELS[i] for i in np.argmax(prediction.predictions, axis=-1)]
    gold = [LABELS[int(i)] for i in prediction.label_ids]
    return {"macro_f1": float(macro_f1(confusion(gold, labels)))}


class QuietProgress(ProgressCallback):
    """The Trainer's progress bar without its dictionaries of numbers; :class:`EpochLines` says what matters."""

    def on_log(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Say nothing."""


class EpochLines(TrainerCallback):
    """One line an epoch: training loss and macro-F1 on validation."""

    def __init__(self, on_epoch: Callable[[int, float], None] | None = None) -> None:
        self.on_epoch = on_epoch

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Log the line."""
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        log.info(
            "epoch %d of %d: loss %.3f, validation macro-F1 %.3f",
            math.ceil(state.epoch or 0),
            math.ceil(args.num_train_epochs),
            losses[-1] if losses else float("nan"),
            kwargs["metrics"]["eval_macro_f1"],
        )
        if self.on_epoch is not None:
            self.on_epoch(round(state.epoch or 0), kwargs["metrics"]["eval_macro_f1"])
