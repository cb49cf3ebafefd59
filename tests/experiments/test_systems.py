"""Systems by the name of a run or a file, compared as a user does."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from pyarrow.json import read_json

from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.settings import as_values
from stance.data.config import DataConfig, SplitConfig
from stance.experiments.compare import compare_systems
from stance.experiments.config import CompareConfig
from stance.models.config import LinearConfig, PriorConfig
from stance.training.config import TrainConfig
from stance.training.run import train_run


@pytest.fixture(scope="module")
def home(tmp_path_factory, readable_annotations):
    """Two seeds of n-grams and one of a prior, on one small corpus."""
    folder = tmp_path_factory.mktemp("home")
    write_annotations(folder / "votes.jsonl", readable_annotations)
    config = TrainConfig(
        name="tfidf",
        data=DataConfig(name="mine", reader="annotations", root=str(folder), path="votes.jsonl"),
        split=SplitConfig(by="document", validation=0.2, test=0.25),
        model=LinearConfig(name="tfidf", features="tfidf", classifier="svm"),
        bootstrap=10,
        outputs=str(folder / "outputs"),
    )
    for seed in (0, 1):
        train_run(replace(config, seed=seed), "")
    train_run(replace(config, name="majority", model=PriorConfig(name="majority", prior="majority")), "")
    return folder, config


def settings(home, *runs, **changes):
    return CompareConfig(runs=list(runs), bootstrap=50, outputs=str(home[0] / "outputs"), **changes)


def test_names_folders_and_files_are_the_same_system(home):
    folder, config = home
    runs = folder / "outputs" / "runs"
    by_name, _ = compare_systems(settings(home, "majority", "tfidf"))
    assert by_name[0].seeds == [2, 1]
    single, at = compare_systems(settings(home, str(runs / "majority" / "seed-0"), str(runs / "tfidf" / "seed-0")))
    assert (single[0].system, single[0].minus) == ("tfidf/seed-0", "majority/seed-0")
    files = [str(runs / name / "seed-0" / "predictions.test.jsonl") for name in ("majority", "tfidf")]
    of_files, _ = compare_systems(settings(home, *files, data=config.data, split=config.split))
    mixed, _ = compare_systems(settings(home, files[0], str(runs / "tfidf" / "seed-0")))
    pq.write_table(read_json(files[0]), folder / "majority.parquet")
    of_table, _ = compare_systems(settings(home, str(folder / "majority.parquet"), str(runs / "tfidf" / "seed-0")))
    for key in ("values", "difference", "p", "mcnemar", "labels", "targets", "rows"):
        theirs = [getattr(found[0], key) for found in (of_files, mixed, of_table)]
        assert theirs == [getattr(single[0], key)] * 3
    rows = [json.loads(line) for line in (at / "tfidf-seed-0.rows.jsonl").read_text().splitlines()]
    assert len(rows) == single[0].rows > 0
    assert json.loads((at / "comparison.json").read_text())["comparisons"] == [as_values(one) for one in single]


def test_files_of_any_name_are_compared(home, tmp_path):
    """Compressed ones, two that differ in the suffix alone, and many whose names are longer than that of a folder."""
    folder, config = home
    lines = (folder / "outputs" / "runs" / "tfidf" / "seed-0" / "predictions.test.jsonl").read_text()
    (tmp_path / "said.jsonl").write_text(lines)
    (tmp_path / "said.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    pq.write_table(read_json(tmp_path / "said.jsonl"), tmp_path / "said.parquet")
    names = ["said.jsonl", "said.jsonl.gz", "said.parquet"]
    found, at = compare_systems(settings(home, *(str(tmp_path / name) for name in names), "majority"))
    here = str(tmp_path).strip("/")
    assert [one.system for one in found] == [f"{here}/said.jsonl.gz", f"{here}/said.parquet", "majority"]
    assert found[0].minus == f"{here}/said.jsonl"
    assert len([*at.glob("*.rows.jsonl")]) == 3
    with pytest.raises(StanceError, match="systems: one occurs twice"):
        compare_systems(settings(home, *[str(tmp_path / "said.jsonl")] * 2, data=config.data, split=config.split))
    long = [tmp_path / f"{'long-' * 40}{number}.jsonl" for number in range(3)]
    for path in long:
        path.write_text(lines)
    found, at = compare_systems(settings(home, "majority", *map(str, long)))
    assert len([*at.glob("*.rows.jsonl")]) == len(found) == 3


def test_names_that_meet_and_another_part(home, tmp_path, monkeypatch):
    folder = home[0]
    lines = (folder / "outputs" / "runs" / "tfidf" / "seed-0" / "predictions.test.jsonl").read_text()
    (tmp_path / "here" / "x").mkdir(parents=True)
    for name in ("said.jsonl", "here/said.jsonl", "here/x/one.jsonl", "here/x-one.jsonl"):
        (tmp_path / name).write_text(lines)
    monkeypatch.chdir(tmp_path / "here")
    found, at = compare_systems(settings(home, "majority", "../said.jsonl", "said.jsonl"))
    assert [one.system for one in found] == ["../said.jsonl", "said.jsonl"]
    assert len([*at.glob("*.jsonl")]) == 2
    with pytest.raises(StanceError, match=r"one occurs twice; found .*; allowed: systems whose names differ"):
        compare_systems(settings(home, "majority", "x/one.jsonl", "x-one.jsonl"))
    _, test = compare_systems(settings(home, "majority", "tfidf"))
    _, validation = compare_systems(settings(home, "majority", "tfidf", part="validation"))
    assert validation.name == f"{test.name}-validation"
    shutil.copytree(folder / "outputs" / "runs" / "tfidf" / "seed-0", tmp_path / "runs" / "tfidf" / "seed-0-before")
    with pytest.raises(StanceError, match="no run of a seed; found 'seed-0-before'; allowed: seed-0, seed-1"):
        compare_systems(settings(home, "majority", str(tmp_path / "runs" / "tfidf" / "seed-0-before")))


def test_what_does_not_fit_is_refused(home, tmp_path, monkeypatch):
    folder, config = home
    file = folder / "outputs" / "runs" / "tfidf" / "seed-0" / "predictions.test.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    (tmp_path / "short.jsonl").write_text("".join(lines[1:]))
    (tmp_path / "long.jsonl").write_text("".join([*lines, '{"id": "zz", "label": "favor"}\n']))
    for name, message in (("short", "1 of .* rows have no prediction"), ("long", r"found \['zz'\]")):
        with pytest.raises(StanceError, match=message):
            compare_systems(settings(home, "majority", str(tmp_path / f"{name}.jsonl")))
    with pytest.raises(StanceError, match="data: predictions files without the data they are of"):
        compare_systems(settings(home, str(file), str(file)))
    with pytest.raises(StanceError, match="systems: one occurs twice"):
        compare_systems(settings(home, "tfidf", "tfidf"))
    with pytest.raises(StanceError, match=r"no finished runs; allowed: majority, tfidf"):
        compare_systems(settings(home, "tfidf", "nothing"))
    (folder / "outputs" / "runs" / "begun" / "seed-0").mkdir(parents=True)
    for name in ("stance_small", "other"):
        (tmp_path / "experiments" / "bundled" / name).mkdir(parents=True)
        (tmp_path / "experiments" / "bundled" / name / "results.json").touch()
    monkeypatch.chdir(tmp_path)
    said = r"no finished runs; allowed: majority, tfidf; recorded is experiments/bundled/stance_small$"
    with pytest.raises(StanceError, match=said):
        compare_systems(settings(home, "stance-small", "tfidf"))
    with pytest.raises(StanceError, match="part: no such part; found 'train'; allowed: validation, test"):
        compare_systems(settings(home, "majority", "tfidf", part="train"))
    with pytest.raises(StanceError, match="/: neither runs nor a recorded experiment"):
        compare_systems(settings(home, "tfidf", "/"))
    with pytest.raises(StanceError, match="tfidf: made on other data"):
        other = replace(config.split, seed=1)
        compare_systems(settings(home, "tfidf", "majority", data=config.data, split=other))


def test_fewer_than_two_systems_are_refused():
    for given in ({}, {"a": "x"}, {"runs": ["x"]}, {"a": "x", "b": "y", "runs": ["x", "y"]}):
        with pytest.raises(StanceError, match=r"systems: not two or more.*a=RUN b=RUN, or runs=\[a,b,c\]"):
            CompareConfig(**given)
