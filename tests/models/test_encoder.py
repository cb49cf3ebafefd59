"""The fine-tuned encoder: how rows are batched changes neither order nor answers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPT2Config,
    GPT2Model,
    RobertaConfig,
    RobertaModel,
    set_seed,
)

from conftest import questions
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.models import encoding
from stance.models.encoder import EncoderModel
from stance.models.features import EmbeddingFeatures
from stance.models.input_format import InputFormat


@pytest.mark.parametrize("names", [("entailment", "neutral", "contradiction"), ("no", "yes"), LABELS])
def test_only_a_head_for_our_labels_is_kept(tiny_encoder, tmp_path, names):
    """A model of inference pairs has three labels too, and its third is not our third; its body is what is wanted."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    set_seed(1)
    labels = dict(enumerate(names))
    made = AutoModelForSequenceClassification.from_pretrained(tiny_encoder, num_labels=len(names), id2label=labels)
    made.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    set_seed(0)
    found = EncoderModel.new(str(tmp_path), InputFormat(max_length=64)).model
    assert list(found.config.id2label.values()) == list(LABELS)
    assert found.classifier.weight.shape == (3, 32)
    same = found.classifier.weight.shape == made.classifier.weight.shape and bool(
        (found.classifier.weight == made.classifier.weight).all()
    )
    assert same == (names == LABELS)
    for name, weight in made.bert.state_dict().items():
        assert (found.bert.state_dict()[name] == weight).all()


def without_tokenizer(folder):
    """What is left is what the library makes a vocabulary of five words for."""
    for name in ("tokenizer.json", "vocab.txt"):
        (folder / name).unlink(missing_ok=True)


def with_few_words(folder):
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    words = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {word: number for word, number in words.items() if number < len(words) // 2}
    path.write_text(json.dumps(tokenizer), encoding="utf-8")


def with_more_words(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["brexit"])
    tokenizer.save_pretrained(folder)


def with_numbers_beyond(folder):
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    words = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = words | {word: 40_000 + number for word, number in words.items() if number > 30_000}
    path.write_text(json.dumps(tokenizer), encoding="utf-8")


LOADERS = {
    "fine-tuned": lambda folder: EncoderModel.new(folder, InputFormat()),
    "frozen": EmbeddingFeatures.load_encoder,
    "static": lambda folder: EmbeddingFeatures.static(folder, []),
}


@pytest.mark.parametrize("change", [without_tokenizer, with_few_words, with_more_words, with_numbers_beyond])
@pytest.mark.parametrize("kind", LOADERS)
def test_a_vocabulary_that_is_not_the_encoders_is_refused(tiny_encoder, tmp_path, kind, change):
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    change(folder)
    message = r"encoder: the vocabulary does not fit the embedding matrix; found '[\d,]+ entries for 30,522 rows'"
    with pytest.raises(StanceError, match=message):
        LOADERS[kind](str(folder))


@pytest.mark.parametrize("content", ["{}", "[]", '{"version": "1.0", "model": 3}', '{"model'])
@pytest.mark.parametrize("kind", LOADERS)
def test_a_damaged_tokenizer_is_told(tiny_encoder, tmp_path, kind, content):
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(StanceError, match=r"encoder' \(a folder\) does not load: .*; allowed: "):
        LOADERS[kind](str(folder))


def test_so_it_is_in_a_checkpoint(tiny_encoder, tmp_path):
    set_seed(0)
    EncoderModel.new(str(tiny_encoder), InputFormat(max_length=64)).save(tmp_path)
    EncoderModel.load(tmp_path, InputFormat(max_length=64))
    with_few_words(tmp_path)
    with pytest.raises(StanceError, match="does not fit the embedding matrix"):
        EncoderModel.load(tmp_path, InputFormat(max_length=64))


@pytest.mark.parametrize("kind", ["fine-tuned", "static"])
def test_weights_that_the_library_would_draw_at_random_are_refused(tiny_encoder, tmp_path, kind):
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "layer.1.output.dense" not in name}
    assert len(kept) == len(weights) - 2
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(StanceError, match=r"encoder: missing weights; found \['.*layer\.1\.output\.dense\.bias"):
        LOADERS[kind](str(folder))


def test_how_a_tokenizer_was_loaded_here_is_not_written(tiny_encoder, tmp_path):
    EncoderModel.new(str(tiny_encoder), InputFormat()).save(tmp_path / "new")
    EncoderModel.load(tmp_path / "new", InputFormat()).save(tmp_path / "loaded")
    for name in ("new", "loaded"):
        assert not json.loads((tmp_path / name / "tokenizer_config.json").read_text())["local_files_only"]


def test_a_mark_that_the_tokenizer_does_not_know_is_refused(tiny_encoder):
    with pytest.raises(StanceError, match="the tokenizer does not know the mark; found '☂'"):
        EncoderModel.new(str(tiny_encoder), InputFormat(mark="☂"))


@pytest.fixture(scope="module")
def model(tiny_encoder):
    set_seed(0)
    return EncoderModel.new(str(tiny_encoder), InputFormat(max_length=64))


def test_batches_hold_so_many_tokens_and_every_row_once(model, monkeypatch):
    monkeypatch.setattr(encoding, "WINDOW", 25)
    shapes = []
    model.model.register_forward_pre_hook(
        lambda _, __, inputs: shapes.append(tuple(inputs["input_ids"].shape)), with_kwargs=True
    )
    texts = ["word " * (1 + 7 * i % 80) for i in range(40)]
    asked = questions(texts, ["sign"] * 40)
    alone = replace(model, batch_tokens=1).logits(asked)
    assert [rows for rows, _ in shapes] == [1] * 40
    shapes.clear()
    together = replace(model, batch_tokens=200).logits(asked)
    assert np.abs(together - alone).max() < 1e-6
    assert np.ptp(alone, axis=0).min() > 50 * 1e-6  # so that rows in another order would be seen
    assert sum(rows for rows, _ in shapes) == 40
    assert all(rows * length <= 200 for rows, length in shapes)
    assert max(rows for rows, _ in shapes) > 3


def test_a_tokenizer_without_a_padding_token_is_refused_with_what_mends_it(tiny_encoder, tmp_path):
    folder = tmp_path / "bare"
    shutil.copytree(tiny_encoder, folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer | {"padding": None}), encoding="utf-8")
    plain = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(plain))
    (folder / "special_tokens_map.json").unlink(missing_ok=True)
    message = (
        r"encoder '.*bare': the tokenizer has no padding token; allowed: .*pad_token in its tokenizer_config\.json"
    )
    with pytest.raises(StanceError, match=message):
        EncoderModel.new(str(folder), InputFormat(max_length=64))
    (folder / "tokenizer_config.json").write_text(json.dumps(plain | {"pad_token": "[PAD]"}))
    model = EncoderModel.new(str(folder), InputFormat(max_length=64))
    assert model.predict_proba(questions(["They signed.", "No."], ["sign it"] * 2)).shape == (2, 3)


def test_a_model_that_does_not_know_the_padding_token_is_told(tiny_encoder, tmp_path):
    """As GPT's configurations do not, whose classifier is then asked for one row at a time only."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    GPT2Model(GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=32, n_layer=1, n_head=2)).save_pretrained(
        tmp_path
    )
    tokenizer.save_pretrained(tmp_path)
    model = EncoderModel.new(str(tmp_path), InputFormat(max_length=64))
    assert model.predict_proba(questions(["They signed.", "No."], ["sign it"] * 2)).shape == (2, 3)


def test_no_more_tokens_than_there_are_positions(tiny_encoder, tmp_path):
    """RoBERTa counts positions from the padding's number on: of 66 two are no position of a token."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    config = RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=66, type_vocab_size=2, **sizes)
    RobertaModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(StanceError, match="max_length; found 66; allowed: at most 64"):
        EncoderModel.new(str(tmp_path), InputFormat(max_length=66))
    model = EncoderModel.new(str(tmp_path), InputFormat(max_length=64))
    assert model.predict_proba(questions(["word " * 80], ["sign it"])).shape == (1, 3)
