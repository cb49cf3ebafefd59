"""Two processes train as one does on the same batch, and write everything once."""

from __future__ import annotations

import atexit
import json
import logging
import multiprocessing
import os
import runpy
import shutil
import socket
import subprocess
import sys
from contextlib import redirect_stdout

import numpy as np
import pytest
from safetensors.numpy import load_file
from transformers import AutoConfig

from conftest import PROJECT
from stance.base.annotations import write_annotations
from stance.base.predictions import read_predictions
from stance.data.config import DataConfig, SplitConfig
from stance.models.config import EncoderConfig
from stance.training import distributed as processes
from stance.training.config import TrainConfig
from stance.training.finetune import last_whole_checkpoint
from stance.training.plan import run_folder
from stance.training.run import train_run

TRAINER = {
    "num_train_epochs": 3,
    "learning_rate": 3e-3,
    "disable_tqdm": True,
    "per_device_eval_batch_size": 5,
}

#: Runs a script and writes, as the last that is done, which threads of gloo are left; a file for each process.
WATCHED = """
import atexit, os, runpy, sys
from pathlib import Path

def watch(file=Path(f"left.{os.environ['RANK']}").resolve()):
    names = [(task / "comm").read_text() for task in Path("/proc/self/task").glob("*")]
    file.write_text("".join(name for name in names if "gloo" in name))

atexit.register(watch)  # the first to be registered is the last to be called
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def by_torchrun(folder, *arguments):
    """What the two processes print and how they end, as ``torchrun`` starts them."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"]
    command += [str(folder / "watched.py"), str(PROJECT / "scripts" / "train.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=500)
    return done.stdout + (done.stderr if done.returncode else ""), [done.returncode]


def by_fork(folder, *arguments):
    """The same of two forks of this process, which have all that takes long to import, in the same environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}

    def one(rank):
        os.environ.update(place, RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2")
        os.chdir(folder)
        atexit._clear()  # what this process has still to do is not theirs
        sys.argv = ["watched.py", str(PROJECT / "scripts" / "train.py"), *arguments]
        with (folder / f"said.{rank}").open("w") as said, redirect_stdout(said):
            logging.getLogger().handlers.clear()
            runpy.run_path("watched.py")
        atexit._run_exitfuncs()

    forks = [multiprocessing.get_context("fork").Process(target=one, args=(rank,)) for rank in (0, 1)]
    for fork in forks:
        fork.start()
    for fork in forks:
        fork.join(200)
        fork.kill()
        fork.join()
    return "".join((folder / f"said.{rank}").read_text() for rank in (0, 1)), [fork.exitcode for fork in forks]


@pytest.fixture(scope="module")
def still(tiny_encoder, tmp_path_factory):
    """The tiny encoder without dropout, whose draws are each process's own."""
    folder = tmp_path_factory.mktemp("still") / "encoder"
    shutil.copytree(tiny_encoder, folder)
    off = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    AutoConfig.from_pretrained(tiny_encoder, **off).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("begin", [by_fork, pytest.param(by_torchrun, marks=pytest.mark.slow)])
def test_two_processes_learn_what_one_does_with_the_same_batch(still, readable_annotations, tmp_path, caplog, begin):
    """8 rows each of two, 16 of one; 12 rows of validation, which two times 5 do not divide."""
    write_annotations(tmp_path / "votes.jsonl", readable_annotations)
    config = TrainConfig(
        name="one",
        data=DataConfig(name="mine", reader="annotations", root=str(tmp_path), path="votes.jsonl"),
        split=SplitConfig(by="document", validation=0.15, test=0.15),
        model=EncoderConfig(name="still", encoder=str(still), max_length=64),
        trainer=TRAINER | {"per_device_train_batch_size": 16},
        bootstrap=10,
        outputs=str(tmp_path / "outputs"),
    )
    with caplog.at_level("INFO", logger="stance"):
        one = train_run(config, "one")
    trainer = TRAINER | {"per_device_train_batch_size": 8}
    (tmp_path / "watched.py").write_text(WATCHED)
    said, codes = begin(
        tmp_path,
        "name=two", "data=annotations", "data.name=mine",
        f"data.path={tmp_path / 'votes.jsonl'}", "split=document", "split.validation=0.15", "split.test=0.15",
        f"model.encoder={still}", "model.max_length=64", "model.frozen_layers=0",
        "~trainer", f"+trainer={json.dumps(trainer).replace(' ', '').replace(chr(34), '')}",
        "bootstrap=10", f"outputs={tmp_path / 'outputs'}",
    )  # fmt: skip
    assert set(codes) == {0}, said[-3000:]
    # One that is left aborts its process now and then, when the machine is busy.
    assert [(tmp_path / f"left.{rank}").read_text() for rank in (0, 1)] == ["", ""]
    folders = [run_folder(config.outputs, name, 0) for name in ("one", "two")]
    kept = [sorted(path.name for path in folder.iterdir()) for folder in folders]
    assert kept[0] == kept[1]
    two = json.loads((folders[1] / "run.json").read_text())
    assert (two["machine"]["processes"], "processes" in one["machine"]) == (2, False)
    epochs = [line for line in caplog.messages if line.startswith("epoch")]
    assert [line for line in said.splitlines() if line.startswith("epoch")] == epochs
    assert len(epochs) == 3
    assert said.count("two seed 0: test") == 1
    first, second = (load_file(folder / "checkpoint" / "model.safetensors") for folder in folders)
    furthest = max(float(np.abs(first[name] - second[name]).max()) for name in first)
    assert furthest < 1e-3
    predicted = [read_predictions(folder / "predictions.test.jsonl") for folder in folders]
    for row, prediction in predicted[0].items():
        assert predicted[1][row].scores == pytest.approx(prediction.scores, abs=1e-3)


def test_the_checkpoint_of_several_processes_has_the_random_state_of_each(tmp_path, monkeypatch):
    folder = tmp_path / "checkpoint-3"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state_0.pth"):
        (folder / name).touch()
    (folder / "trainer_state.json").write_text("{}")
    monkeypatch.setenv("WORLD_SIZE", "2")
    (folder / "rng_state_1.pth").touch()
    assert last_whole_checkpoint(tmp_path) == folder
    (folder / "rng_state_1.pth").unlink()
    assert last_whole_checkpoint(tmp_path) is None


def test_alone_there_is_nobody_to_tell():
    assert (processes.number(), processes.leads()) == (1, True)
    with processes.leading():
        processes.invite("anything")
        processes.wait_for_all()
    processes.follow(print)


def test_the_others_do_what_the_first_invites_to_until_it_is_done(monkeypatch, caplog):
    """Two processes in one: what the first tells is kept, and then told to the second, in order."""
    messages: list[object] = []

    def broadcast(said, **_):
        if processes.leads():
            messages.append(said[0])
        else:
            said[0] = messages.pop(0)

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(processes, "_group", lambda: "group")
    monkeypatch.setattr("torch.distributed.broadcast_object_list", broadcast)
    waited = []
    monkeypatch.setattr("torch.distributed.barrier", waited.append)
    with processes.leading():
        processes.invite("data", seed=3)
        processes.invite("more", seed=4)
        processes.wait_for_all()
    monkeypatch.setenv("RANK", "1")
    processes.invite("nothing, since another leads")
    done = []
    with caplog.at_level("INFO", logger="stance"):  # which is put back: those that follow say little
        processes.follow(lambda *said, **named: done.append((said, named)))
    assert done == [(("data",), {"seed": 3}), (("more",), {"seed": 4})]
    assert messages == [] and waited == ["group"]
