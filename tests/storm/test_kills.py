"""Kills: SIGKILL at random moments of every command; then the same command again, and nothing is lost or doubled.

STORM_KILLS=50 python -m pytest -m slow tests/storm/test_kills.py
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL

import pytest
from bounds import KILLS, in_time, share  # noqa: F401
from forked import Outcome, moments, run, warm
from made import checkpoints  # noqa: F401

from conftest import write_lines
from stance.base.annotations import write_annotations

pytestmark = pytest.mark.slow

SPLIT = ("split=document", "split.validation=0.2", "split.test=0.25")
DATA = ("data=annotations", "data.name=mine", "data.path=votes.jsonl", *SPLIT)
TINY = ("model=minilm", "model.max_length=64", "model.frozen_layers=1", "trainer.num_train_epochs=3")

#: Parts of run.json that say when and how long, and whether it was killed.
MOMENTS = ("seconds", "started", "finished", "resumed", "peak_memory", "made_of", "cost", "date", "time")


@pytest.fixture(scope="module")
def home(tmp_path_factory, readable_annotations):
    """A folder with judgements and a table to score: 72 rows in 40 copies that differ, some bad rows among them."""
    warm()
    folder = tmp_path_factory.mktemp("home")
    write_annotations(folder / "votes.jsonl", readable_annotations)
    rows = [
        {"text": f"{row.text} {turn}", "target": row.target, "holder": row.holder, "n": turn}
        for turn in range(40)
        for row in readable_annotations
    ]
    for row in rows[100::500]:
        row["text"] = " "
    write_lines(folder / "in.jsonl", rows)
    _write_reports(folder, readable_annotations)
    return folder


def _write_reports(folder, annotations):
    """A document of each place, with a date, those who speak in it and the proposals."""
    texts = {row.document: [] for row in annotations}
    for row in annotations:
        texts[row.document].append(f"{row.holder} met. {row.text}")
    (folder / "reports").mkdir()
    for month, (name, said) in enumerate(texts.items(), start=1):
        (folder / "reports" / f"2024-{month:02}-01 {name}.txt").write_text(" ".join(said), encoding="utf-8")
    (folder / "actors.csv").write_text("\n".join(["name", *texts]) + "\n", encoding="utf-8")
    proposals = dict.fromkeys(row.target for row in annotations)
    (folder / "proposals.csv").write_text("\n".join(["proposal", *proposals]) + "\n", encoding="utf-8")


def files_of(place: Path) -> dict[str, bytes]:
    """Every file by its path; what is only a moment's, or whose it is, is left out."""
    found = {}
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if path.is_file() and not name.endswith(".lock") and path.name not in (".told",):
            content = path.read_bytes()
            if path.name in (
                "run.json",
                "started.json",
                "record.json",
                "results.json",
                "dataset_info.json",
                "state.json",
            ):
                content = json.dumps(timeless(json.loads(content)), sort_keys=True).encode()
            found[name] = b"" if path.name in ("README.md", "onnx.json") else content
    return found


def timeless(value):
    """Without what differs between two runs of one command."""
    if isinstance(value, dict):
        return {key: timeless(inner) for key, inner in value.items() if not any(word in key for word in MOMENTS)}
    return [timeless(inner) for inner in value] if isinstance(value, list) else value


def storm(place: Path, name: str, *arguments: str, ready: Callable[[], object]) -> None:
    """Run a command whole; then kill it at random moments, each time run it again to its end, and compare all files.

    Args:
        place: The folder that it runs in and writes to.
        name: Of the script.
        arguments: Of its command line.
        ready: Brings the folder into the state before the command.
    """
    expected: dict[str, bytes] = {}

    def right(outcome: Outcome, where: str) -> None:
        assert outcome.code == 0, f"{where}: {outcome.told}"
        found = files_of(place)
        expected.update({} if expected else found)
        assert found.keys() == expected.keys(), f"{where}: {found.keys() ^ expected.keys()}"
        other = [file for file in expected if found[file] != expected[file]]
        assert not other, f"{where}: other bytes in {other}"

    parts, whole = moments(KILLS), 0.0
    for number in in_time(KILLS, "kills"):
        while True:
            if number % 10 == 0 or not whole:  # now and then, since others use the machine too
                ready()
                undisturbed = run(name, *arguments, cwd=place)
                right(undisturbed, "undisturbed")
                whole = undisturbed.seconds
            ready()
            killed = run(name, *arguments, cwd=place, kill_after=parts[number] * whole)
            if killed.code == -SIGKILL:
                break
            right(killed, "undisturbed")  # faster than before: that was no kill
            whole = killed.seconds
        where = f"kill {number} after {killed.seconds:.3f} of {whole:.3f} s"
        right(run(name, *arguments, cwd=place), where)


def emptied(place: Path, keep: Path):
    """The folder holds a copy of another one, and nothing else."""

    def ready():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(keep, place)

    return ready


@pytest.fixture
def place(tmp_path, home):
    """A copy of the home for each command; and how it is made anew."""
    folder = tmp_path / "home"
    return folder, emptied(folder, home)


def test_build(place):
    folder, ready = place
    storm(folder, "build_dataset", *DATA, ready=ready)


@pytest.mark.parametrize("model", ["tfidf", "encoder"])
def test_train(place, model, tiny_encoder):
    folder, ready = place
    said = ("model=tfidf",) if model == "tfidf" else (*TINY, f"model.encoder={tiny_encoder}")
    storm(folder, "train", *said, *DATA, ready=ready)


@pytest.mark.parametrize("sink", ["csv", "csv.gz", "jsonl", "jsonl.zst", "parquet"])
@pytest.mark.parametrize("kind", ["tfidf", "encoder"])
def test_predict(place, checkpoints, sink, kind):  # noqa: F811
    if kind == "encoder" and sink != "csv":
        pytest.skip("the model does not matter to the format")
    folder, ready = place
    said = (f"checkpoint={checkpoints[kind]}", "input=in.jsonl", f"output=out.{sink}", "chunk=100", "runtime=torch")
    storm(folder, "predict", *said, ready=ready)


def test_predict_with_ray(place, checkpoints):  # noqa: F811
    pytest.importorskip("ray")
    folder, ready = place
    said = (f"checkpoint={checkpoints['tfidf']}", "input=in.jsonl", "output=out.csv", "chunk=100", "engine=ray")
    storm(folder, "predict", *said, "ray.workers=1", ready=ready)


@pytest.fixture(scope="module")
def trained(home, tmp_path_factory):
    """The home, with two runs that are to be summarized."""
    folder = tmp_path_factory.mktemp("trained") / "home"
    shutil.copytree(home, folder)
    for seed in (0, 1):
        done = run("train", "model=tfidf", *DATA, f"seed={seed}", cwd=folder)
        assert done.code == 0, done.told
    return folder


def test_summarize(trained, tmp_path):
    folder = tmp_path / "home"
    said = ("experiment=mine-tfidf", "folder=results")
    storm(folder, "summarize", *said, ready=emptied(folder, trained))


def test_export(home, checkpoints, tmp_path):  # noqa: F811
    pytest.importorskip("onnxscript")
    folder, keep = tmp_path / "home", tmp_path / "keep"
    shutil.copytree(home, keep)
    shutil.copytree(checkpoints["encoder"], keep / "checkpoint")
    said = ("checkpoint=checkpoint", *DATA, "loss=1", "agreement=0", "agreement_int8=0", "speed=0")
    storm(folder, "export", *said, ready=emptied(folder, keep))


def test_map(place, checkpoints):  # noqa: F811
    folder, ready = place
    said = ("documents=reports", "actors=actors.csv", "proposals=proposals.csv", "output=map", "chunk=4", "near=0.1")
    storm(folder, "map", *said, f"checkpoint={checkpoints['tfidf']}", ready=ready)
    assert (folder / "map" / "evidence.csv").read_text(encoding="utf-8").count("\n") > 20
