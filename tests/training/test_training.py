"""Fine-tuning: the gradient, the best epoch, and going on after a kill."""

from __future__ import annotations

import logging
import shutil

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from transformers import AutoConfig, AutoModel, Trainer

from conftest import PROJECT, example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.measures import macro_f1
from stance.base.questions import questions_of
from stance.cli.config import register, typed
from stance.data.agreement import aggregate
from stance.data.splits import split_examples
from stance.evaluation.metrics import confusion
from stance.models.config import EncoderConfig
from stance.models.encoder import EncoderModel
from stance.models.input_format import InputFormat
from stance.training import finetune
from stance.training.finetune import class_weights, fine_tune, has_bfloat16, last_whole_checkpoint

OPTIONS = {
    "num_train_epochs": 3,
    "per_device_train_batch_size": 16,
    "learning_rate": 3e-3,
    "disable_tqdm": True,
    "train_sampling_strategy": "group_by_length",
}


@pytest.fixture(scope="module")
def parts(readable_annotations):
    examples = aggregate(readable_annotations).examples
    return split_examples(examples, "document", validation=0.25, test=0.25, seed=0)


@pytest.fixture(scope="module")
def config(tiny_encoder):
    return EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64)


def tune(config, parts, work, **changes):
    seed = changes.pop("seed", 0)
    return fine_tune(config, parts["train"], parts["validation"], seed=seed, options=OPTIONS | changes, work=work)


def weights(encoder) -> np.ndarray:
    return torch.cat([p.detach().flatten() for p in encoder.model.parameters()]).numpy()


@pytest.fixture(scope="module")
def whole(config, parts, tmp_path_factory):
    """The folder of a training that nothing stopped, and the weights that it gave."""
    work = tmp_path_factory.mktemp("whole") / "work"
    return work, weights(tune(config, parts, work))


def test_one_seed_gives_one_model_and_another_seed_another(config, parts, tmp_path, whole):
    assert np.array_equal(whole[1], weights(tune(config, parts, tmp_path / "b")))
    assert not np.array_equal(whole[1], weights(tune(config, parts, tmp_path / "c", seed=1)))


class Stop(Exception):
    """A kill, as far as the Trainer can tell."""


@pytest.mark.parametrize("step", [1, 4, 5, 8])
def test_killed_at_any_step_it_goes_on_to_the_same_model(config, parts, tmp_path, monkeypatch, whole, step):
    """Steps in the first, second and third epoch; three steps make an epoch."""
    original = Trainer.training_step
    seen = []

    def dying(self, *args, **kwargs):
        seen.append(1)
        if len(seen) == step:
            raise Stop
        return original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "training_step", dying)
        with pytest.raises(Stop):
            tune(config, parts, tmp_path / "killed")
    assert np.array_equal(whole[1], weights(tune(config, parts, tmp_path / "killed")))


def test_a_half_written_checkpoint_is_passed_over(config, parts, tmp_path, whole):
    shutil.copytree(whole[0], tmp_path / "work")
    newest = last_whole_checkpoint(tmp_path / "work")
    shutil.copytree(newest, tmp_path / "work" / "checkpoint-999")
    (tmp_path / "work" / "checkpoint-999" / "trainer_state.json").write_text('{"global_step": 9')
    shutil.copytree(newest, tmp_path / "work" / "checkpoint-998")
    (tmp_path / "work" / "checkpoint-998" / "optimizer.pt").unlink()
    assert last_whole_checkpoint(tmp_path / "work") == newest
    assert sorted(path.name for path in (tmp_path / "work").glob("checkpoint-99*")) == []
    assert np.array_equal(whole[1], weights(tune(config, parts, tmp_path / "work")))


def test_no_checkpoint_to_go_on_from(tmp_path):
    assert last_whole_checkpoint(tmp_path / "nowhere") is None


def test_the_best_epoch_by_validation_is_kept(config, parts, tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="stance"):
        encoder = tune(config, parts, tmp_path / "work", num_train_epochs=4)
    lines = [record.message for record in caplog.records if record.message.startswith("epoch")]
    assert [line.split(":")[0] for line in lines] == [f"epoch {n} of 4" for n in (1, 2, 3, 4)]
    rows = parts["validation"]
    found = [LABELS[i] for i in encoder.predict_proba(questions_of(rows)).argmax(axis=1)]
    best = max(float(line.rpartition(" ")[2]) for line in lines)
    assert macro_f1(confusion([e.label for e in rows], found)) == pytest.approx(best, abs=6e-4)


def test_accumulation_does_not_change_the_gradient(tiny_encoder, parts, tmp_path):
    """4 steps of 8 rows equal one of 32, with weighted classes: the known fault of the Trainer is kept off."""
    still = tmp_path / "still"
    shutil.copytree(tiny_encoder, still)
    without_dropout = AutoConfig.from_pretrained(
        tiny_encoder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    without_dropout.save_pretrained(still)
    config = EncoderConfig(name="still", encoder=str(still), max_length=64)
    rows = parts["train"][:32]
    assert len({e.label for e in rows}) == 3
    same = {"train": rows, "validation": parts["validation"]}
    options = {"num_train_epochs": 1, "optim": "sgd", "lr_scheduler_type": "constant", "max_grad_norm": 0}

    def after_one_step(work, rate, **batch):
        return weights(tune(config, same, tmp_path / work, learning_rate=rate, **options, **batch))

    start = after_one_step("start", 0.0, per_device_train_batch_size=32)
    moved = after_one_step("one", 1.0, per_device_train_batch_size=32) - start
    summed = after_one_step("four", 1.0, per_device_train_batch_size=8, gradient_accumulation_steps=4) - start
    assert np.abs(moved).max() > 1e-4
    assert np.abs(moved - summed).max() < 1e-3 * np.abs(moved).max()


def test_frozen_layers_stay_as_they_were_pretrained(tiny_encoder, parts, tmp_path):
    config = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64, frozen_layers=1)
    tuned = tune(config, parts, tmp_path / "work", num_train_epochs=1, learning_rate=1e-2).model.state_dict()
    before = AutoModel.from_pretrained(tiny_encoder).state_dict()
    same = {name for name, value in before.items() if np.array_equal(value, tuned[f"bert.{name}"])}
    frozen = {name for name in before if name.startswith(("embeddings.", "encoder.layer.0."))}
    assert frozen <= same
    assert not {name for name in same if name.startswith("encoder.layer.1.") and name.endswith("weight")}


def test_without_dropout_training_sees_what_answering_sees(tiny_encoder):
    encoder = EncoderModel.new(str(tiny_encoder), InputFormat(max_length=64))
    tokens = encoder.tokenizer(["The union accepts the offer."], return_tensors="pt")
    usual = encoder.model.config._attn_implementation

    def said():
        encoder.model.train()
        return encoder.model(**tokens).logits.tolist()

    with encoder.dropping(0.0):
        assert said() == said()
    with encoder.dropping(None):
        assert said() != said()
    assert encoder.model.config._attn_implementation == usual


@pytest.mark.parametrize("has", [True, False])
def test_half_precision_is_not_imitated(tmp_path, monkeypatch, caplog, has):
    """A processor without bfloat16 would take fifteen times as long: it computes in float32, and says so."""
    monkeypatch.setattr(finetune, "has_bfloat16", lambda: has)
    options = {"bf16": True, "use_cpu": True}
    with caplog.at_level("INFO", logger="stance"):
        arguments = finetune.training_arguments(options, 0, tmp_path / "work")
    assert arguments.bf16 is has
    assert ("float32 in its place" in caplog.text) is not has
    with finetune.half_precision(options):
        assert torch.is_autocast_enabled("cpu") is has or torch.cuda.is_available()


def test_class_weights_have_mean_one_over_the_rows():
    rows = [example(i, "favor") for i in range(8)] + [example(9, "against"), example(10, "against")]
    weight = class_weights(rows)
    assert weight.tolist() == [2.5, 0, 0.625]
    assert (8 * weight[2] + 2 * weight[0]) / 10 == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rte": 1}, "unexpected keyword argument 'learning_rte'"),
        ({"output_dir": "x"}, "output_dir is set by the toolkit"),
        ({"eval_strategy": "no"}, "eval_strategy is set by the toolkit"),
        ({"label_smoothing_factor": 0.1}, "label_smoothing_factor is set by the toolkit"),
        ({"prediction_loss_only": True}, "prediction_loss_only is set by the toolkit"),
        ({"batch_eval_metrics": True, "label_names": ["x"]}, "batch_eval_metrics, label_names is set by the toolkit"),
        ({"eval_delay": 5}, "eval_delay is set by the toolkit"),
        ({"lr_scheduler_type": "sometimes"}, "sometimes"),
    ],
)
def test_a_faulty_trainer_keyword_is_refused_before_anything_loads(config, parts, tmp_path, options, message):
    with pytest.raises(StanceError, match=message):
        tune(config, parts, tmp_path / "work", **options)


def test_a_format_longer_than_the_encoder_reads_is_refused(tiny_encoder, parts, tmp_path):
    config = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=512)
    with pytest.raises(StanceError, match="max_length; found 512; allowed: at most 128"):
        tune(config, parts, tmp_path)


def test_the_fast_trainer_composes_and_trains(config, parts, tmp_path):
    """Half precision changes the weights, but in their last digits only: they stay 32 bits wide. None, none."""
    register()
    with initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
        default, fast = (typed(compose("train", overrides=[f"trainer={name}"])).trainer for name in ("default", "fast"))
    assert fast == default | {"bf16": True}
    still = {"num_train_epochs": 1, "disable_tqdm": True}
    first, second = (
        fine_tune(config, parts["train"], parts["validation"], seed=0, options=options | still, work=tmp_path / name)
        for name, options in (("default", default), ("fast", fast))
    )
    assert second.model.dtype == torch.float32
    difference = np.abs(weights(first) - weights(second))
    assert difference.max() < 2e-3
    assert (difference.max() > 0) == has_bfloat16()
    second.save(tmp_path / "saved")
    rows = questions_of(parts["validation"])
    loaded = EncoderModel.load(tmp_path / "saved", second.input_format)
    assert (second.logits(rows) == loaded.logits(rows)).all(), "answers otherwise than its checkpoint"
