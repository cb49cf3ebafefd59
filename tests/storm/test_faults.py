"""Faults of the machine: a full disk, folders that are only read, files that shrink, two at once, clocks, no memory.

python -m pytest -m slow tests/storm/test_faults.py
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from forked import run
from made import checkpoints  # noqa: F401
from test_kills import DATA, files_of, home, place, trained  # noqa: F401

pytestmark = pytest.mark.slow


def said(checkpoints, output="out.csv", *more):  # noqa: F811
    return f"checkpoint={checkpoints['tfidf']}", "input=in.jsonl", f"output={output}", "chunk=100", *more


def in_words(done, *words):
    """It ended with one message: no traceback, exit code 2."""
    assert done.code == 2, done
    assert "Traceback" not in done.told, done.told
    for word in words:
        assert word in done.told, done.told


@pytest.fixture
def little_disk(tmp_path):
    """A disk of one MiB: a tmpfs, or where nothing can be mounted, a limit of the size of each file."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "storm", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode == 0:
        yield folder, None
        subprocess.run(["umount", "-l", str(folder)], check=False)
    else:
        yield folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


@pytest.mark.parametrize("sink", ["csv", "jsonl", "parquet"])
def test_a_full_disk_while_scoring(place, checkpoints, little_disk, sink):  # noqa: F811
    folder, ready = place
    ready()
    disk, limit = little_disk
    done = run("predict", *said(checkpoints, f"{disk}/out.{sink}"), cwd=folder, before=limit)
    in_words(done, "No space left on device" if limit is None else "File too large", str(disk))
    assert not (disk / f"out.{sink}").exists()
    shutil.rmtree(disk / f"out.{sink}.partial", ignore_errors=True)
    again = run("predict", *said(checkpoints, f"out.{sink}"), cwd=folder)
    assert again.code == 0, again.told


@pytest.mark.parametrize("name", ["build_dataset", "train", "summarize"])
def test_a_full_disk_while_writing(trained, tmp_path, little_disk, name):  # noqa: F811
    folder = tmp_path / "home"
    shutil.copytree(trained, folder)
    disk, limit = little_disk
    if limit is None:
        (disk / "filler").write_bytes(b"x" * 399 * 1024)
    arguments = {
        "build_dataset": (*DATA, f"outputs={disk}"),
        "train": ("model=tfidf", *DATA, "seed=5", f"outputs={disk}"),
        "summarize": ("experiment=mine-tfidf", f"folder={disk}"),
    }[name]
    tight = limit if limit is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    done = run(name, *arguments, cwd=folder, before=tight)
    in_words(done, str(disk))


def as_anybody():
    """In the child: root gives up its capabilities, so that modes count for it as for anybody."""
    if os.getuid() == 0:
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        nothing = (ctypes.c_uint32 * 6)()
        assert ctypes.CDLL(None, use_errno=True).capset(header, nothing) == 0


def only_read(folder: Path):
    """Nobody may write there."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.mark.parametrize("name", ["predict", "build_dataset", "train", "summarize", "evaluate"])
def test_a_folder_that_is_only_read(trained, tmp_path, checkpoints, name):  # noqa: F811
    folder = tmp_path / "home"
    shutil.copytree(trained, folder)
    shutil.copytree(checkpoints["tfidf"], folder / "checkpoint")
    arguments = {
        "predict": ("checkpoint=checkpoint", "input=in.jsonl", "output=out.csv"),
        "build_dataset": (*DATA, "split.seed=7"),
        "train": ("model=tfidf", *DATA, "seed=5"),
        "summarize": ("experiment=mine-tfidf", "folder=results"),
        "evaluate": ("checkpoint=checkpoint", *DATA, "output=report.json", "bootstrap=10"),
    }[name]
    before = files_of(folder)
    (folder / ".told").write_text("")
    only_read(folder)
    (folder / ".told").chmod(0o666)
    done = run(name, *arguments, cwd=folder, before=as_anybody)
    in_words(done, "Permission denied")
    assert files_of(folder) == before


@pytest.mark.parametrize("kind", ["csv", "jsonl", "jsonl.gz", "parquet", "xlsx"])
def test_a_file_that_shrinks_while_it_is_read(place, checkpoints, tmp_path, kind):  # noqa: F811
    """It is cut to half when the first rows were scored: told in words, or the rows that were there are there."""
    from stance.base.parquet import to_parquet
    from stance.base.tables import encoder_for

    folder, ready = place
    ready()
    rows = [json.loads(line) for line in (folder / "in.jsonl").read_text(encoding="utf-8").splitlines()]
    source = folder / f"mine.{kind}"
    if kind == "xlsx":
        from openpyxl import Workbook

        book = Workbook()
        for row in [list(rows[0]), *(list(row.values()) for row in rows)]:
            book.active.append(row)
        book.save(source)
    else:
        source.write_bytes(encoder_for(source).encode(rows))
        if kind == "parquet":
            (folder / "streams").write_bytes(source.read_bytes())
            to_parquet(folder / "streams", source)
    arguments = (f"checkpoint={checkpoints['tfidf']}", f"input=mine.{kind}", "output=out.jsonl", "chunk=50")
    whole = run("predict", *arguments, cwd=folder)
    assert whole.code == 0, whole.told
    expected = (folder / "out.jsonl").read_bytes()
    (folder / "out.jsonl").unlink()
    stop = threading.Event()

    def cut():
        progress = folder / "out.jsonl.partial" / "progress.json"
        while not stop.is_set() and not progress.exists():
            time.sleep(0.001)
        os.truncate(source, source.stat().st_size // 2)

    watcher = threading.Thread(target=cut)
    watcher.start()
    done = run("predict", *arguments, cwd=folder)
    stop.set()
    watcher.join()
    assert "Traceback" not in done.told, done.told
    assert done.code in (0, 2), done
    if done.code == 0:
        found = (folder / "out.jsonl").read_bytes()
        assert expected.startswith(found[: found.rfind(b"\n", 0, -1) + 1])
    else:
        assert not (folder / "out.jsonl").exists()


def test_two_on_one_output(place, checkpoints):  # noqa: F811
    """Of two at once one writes and the other is refused, or comes after; the file is right, and nothing else left."""
    folder, ready = place
    ready()
    done = run("predict", *said(checkpoints), cwd=folder)
    assert done.code == 0, done.told
    expected = files_of(folder)
    for turn in range(10):
        ready()
        outcomes = []
        one = threading.Thread(target=lambda: outcomes.append(run("predict", *said(checkpoints), cwd=folder)))  # noqa: B023
        one.start()
        time.sleep(0.05 * turn)
        outcomes.append(run("predict", *said(checkpoints), cwd=folder))
        one.join()
        told = [outcome.told for outcome in outcomes]
        assert 0 in [outcome.code for outcome in outcomes], told
        assert all(outcome.code == 0 or outcome.code == 2 for outcome in outcomes), told
        assert not any("Traceback" in each or "No such file" in each for each in told), told
        assert files_of(folder) == expected


def test_two_that_train_one_run(place):  # noqa: F811
    folder, ready = place
    ready()
    outcomes = []
    arguments = ("model=tfidf", *DATA)
    one = threading.Thread(target=lambda: outcomes.append(run("train", *arguments, cwd=folder)))
    one.start()
    outcomes.append(run("train", *arguments, cwd=folder))
    one.join()
    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
    assert (folder / "outputs/runs/mine-tfidf/seed-0/run.json").exists()


@pytest.mark.parametrize("name", ["predict", "train"])
def test_a_clock_that_jumps(place, checkpoints, name):  # noqa: F811
    """Back by days and forward by years, at each look."""
    folder, ready = place
    ready()

    def before():
        import random

        true = time.time

        def jumping():
            return true() + random.choice([-1e6, 0, 1e8])

        time.time = jumping

    arguments = said(checkpoints) if name == "predict" else ("model=tfidf", *DATA)
    assert run(name, *arguments, cwd=folder).code == 0
    expected = files_of(folder)
    ready()
    done = run(name, *arguments, cwd=folder, before=before)
    assert done.code == 0, done.told
    assert files_of(folder) == expected


@pytest.mark.parametrize("room", [30, 60, 120, 200, 300])
@pytest.mark.parametrize("kind", ["tfidf", "encoder"])
def test_out_of_memory(place, checkpoints, kind, room):  # noqa: F811
    """So many MiB more than the libraries take: it works, or says so in words, and what stands goes on with enough."""
    folder, ready = place
    ready()
    arguments = (f"checkpoint={checkpoints[kind]}", "input=in.jsonl", "output=out.csv", "chunk=3000", "runtime=torch")

    def before():
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + room * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    done = run("predict", *arguments, cwd=folder, before=before)
    assert done.code in (0, 2) and "Traceback" not in done.told, done
    if done.code:
        assert "memory" in done.told.lower(), done.told
    again = run("predict", *arguments, cwd=folder)
    assert again.code == 0, again.told
