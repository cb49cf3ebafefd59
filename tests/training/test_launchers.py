"""Jobs side by side: the launchers compose, a job runs in another process, and two that want the same make it once."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import threading
import time

import pytest
from hydra import compose, initialize_config_dir
from submitit.core.submission import process_job
from submitit.local.local import start_controller

from conftest import PROJECT, begin_anew, run_here
from stance.base.annotations import write_annotations
from stance.base.files import alone_at, folder_beside, remove_folder
from stance.cli.config import register
from stance.data.build import build_dataset
from stance.data.config import DataConfig, SplitConfig


@pytest.mark.parametrize(
    ("name", "target", "overrides", "expected"),
    [
        ("here", "JoblibLauncher", ["hydra.launcher.n_jobs=4"], {"n_jobs": 4}),
        ("slurm", "SlurmLauncher", ["hydra.launcher.partition=gpu"], {"partition": "gpu", "gpus_per_node": 1}),
    ],
)
def test_the_launchers_compose(name, target, overrides, expected):
    register()
    with initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
        config = compose("train", [f"hydra/launcher={name}", *overrides], return_hydra_config=True)
    assert config.hydra.launcher._target_.endswith(target)
    assert {key: config.hydra.launcher[key] for key in expected} == expected


def by_fork(folder, **_):
    """What submitit starts for a job, as a fork of this process."""

    def work():
        numbers = {"NTASKS": 1, "JOB_NUM_NODES": 1, "NODEID": 0, "GLOBALID": 0, "LOCALID": 0, "JOB_ID": os.getpid()}
        os.environ.update({f"SUBMITIT_LOCAL_{name}": str(number) for name, number in numbers.items()})
        os.environ["SUBMITIT_EXECUTOR"] = "local"
        begin_anew()
        process_job(folder)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.poll = lambda: process.exitcode
    return process


@pytest.mark.parametrize("start", [by_fork, pytest.param(start_controller, marks=pytest.mark.slow)])
def test_a_job_runs_as_submitit_runs_it(tmp_path, readable_annotations, monkeypatch, start):
    """In a process of its own, which is given everything through a file."""
    monkeypatch.setattr("submitit.local.local.start_controller", start)
    write_annotations(tmp_path / "votes.jsonl", readable_annotations)
    data = ["data=annotations", "data.name=mine", "data.path=votes.jsonl", "split=document", "bootstrap=10"]
    run_here("train", "-m", "hydra/launcher=submitit_local", "model=majority", *data, cwd=tmp_path)
    run = json.loads((tmp_path / "outputs" / "runs" / "mine-majority" / "seed-0" / "run.json").read_text())
    assert run["command"] == "python scripts/train.py model=majority " + " ".join(data)


def test_the_second_waits_and_says_so(tmp_path, caplog):
    order = []

    def second():
        with alone_at(tmp_path / "a"):
            order.append("second")

    thread = threading.Thread(target=second)
    with caplog.at_level("INFO", logger="stance"), alone_at(tmp_path / "a"):
        thread.start()
        deadline = time.monotonic() + 20
        while not caplog.messages and time.monotonic() < deadline:
            time.sleep(0.01)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert caplog.messages == [f"waiting for another process that is at work on {tmp_path / 'a'}"]


def test_two_that_want_the_same_dataset_build_it_once(tmp_path, readable_annotations):
    write_annotations(tmp_path / "votes.jsonl", readable_annotations)
    data = DataConfig(name="mine", reader="annotations", root=str(tmp_path), path="votes.jsonl")
    built = []

    def build():
        built.append(build_dataset(tmp_path / "outputs", data, SplitConfig(by="document"))[2])

    threads = [threading.Thread(target=build) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(built) == [False, False, True]


@pytest.mark.parametrize("what", [folder_beside, remove_folder])
def test_what_a_killed_process_left_of_a_folder_is_swept_by_the_next_one(tmp_path, what):
    """And nothing of others, who may be at work."""
    place, others = tmp_path / "a[1]", [tmp_path / ".a[1]b.partial12345678", tmp_path / ".b.partial12345678"]
    for folder in (place, *others):
        folder.mkdir()
    child = os.fork()
    if child == 0:  # ends as if killed where half is done
        shutil.rmtree = lambda _: os._exit(0)
        if what is remove_folder:
            remove_folder(place)
        with folder_beside(place) as temporary:
            (temporary / "half").write_text("")
            os._exit(0)
    os.waitpid(child, 0)
    assert len(list(tmp_path.iterdir())) == 3 + (what is folder_beside)
    with alone_at(place):
        assert not {*tmp_path.glob(".*.partial*")} - {*others}
    assert all(folder.exists() for folder in others)
