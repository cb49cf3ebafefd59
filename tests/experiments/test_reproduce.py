"""A recorded result comes out again, a planted change does not, and nothing that is shown is unrecorded."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import chdir

import pytest

from conftest import PROJECT
from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.settings import as_values
from stance.data.config import DataConfig, SplitConfig
from stance.experiments.config import SummarizeConfig
from stance.experiments.reproduce import check, reach, reproduce
from stance.experiments.results import summarize_all
from stance.models.config import EncoderConfig, LinearConfig, PromptConfig
from stance.training.config import TrainConfig
from stance.training.run import train_run

#: A run that another was made from, by code that is in no history.
MEMBER = {"name": "member", "seed": 2, "code": {"commit": None, "dirty": None}}


def git(project, *arguments):
    identity = ("-c", "user.name=tests", "-c", "user.email=tests@example.org")
    command = ["git", "-C", str(project), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, readable_annotations):
    """A project of its own, with one experiment of one seed, recorded at its one commit."""
    project = tmp_path_factory.mktemp("project")
    write_annotations(project / "votes.jsonl", readable_annotations)
    config = TrainConfig(
        name="tiny",
        data=DataConfig(name="mine", reader="annotations", path="votes.jsonl"),
        split=SplitConfig(by="document", validation=0.2, test=0.25),
        model=LinearConfig(name="tfidf", features="tfidf", classifier="svm", C=0.1),
        outputs=str(project / "outputs"),
    )
    with chdir(project):
        train_run(config, "python scripts/train.py model=tfidf name=tiny")
    folders = {"outputs": config.outputs, "folder": str(project / "experiments")}
    summarize_all(SummarizeConfig(experiment=["tiny"], table="all", **folders))
    git(project, "init", "-q")
    git(project, "commit", "-q", "--allow-empty", "-m", "all there is")
    change(project, lambda result: result["runs"][0].update(commit=git(project, "rev-parse", "HEAD"), dirty=False))
    (project / "README.md").write_text((project / "experiments" / "all.md").read_text())
    return project


def change(project, edit):
    path = project / "experiments" / "mine" / "tiny" / "results.json"
    result = json.loads(path.read_text())
    edit(result)
    path.write_text(json.dumps(result))


@pytest.fixture
def project(recorded):
    """The same, put back after each test."""
    files = [path for path in (recorded / "experiments").rglob("*") if path.is_file()] + [recorded / "README.md"]
    before = {path: path.read_bytes() for path in files}
    with chdir(recorded):  # where its data are
        yield recorded
    for path, content in before.items():
        path.write_bytes(content)


def test_the_same_comes_out_and_a_planted_change_is_found(project):
    def planted(result):
        result["measures"]["macro_f1"]["value"] -= 0.001
        result["runs"][0]["test"]["accuracy"] = 0.123
        said = result["runs"][0]["labels"]["test"]
        result["runs"][0]["labels"]["test"] = ("n" if said[0] != "n" else "a") + said[1:]

    change(project, planted)
    lines = reproduce(project, "tiny")
    different = [line.partition(",")[0] for same, line in lines if not same]
    assert different == [
        "seed 0 accuracy: DIFFERENT",
        "seed 0 test: DIFFERENT",
        "measures macro_f1 value: DIFFERENT",
    ]
    came_out = [line for same, line in lines if same]
    assert "data fingerprint: same" in came_out
    assert "measures accuracy value: same (identical)" in came_out
    assert "seed 0 macro_f1: same (identical)" in came_out
    assert len(came_out) > 15


@pytest.fixture(scope="module")
def kept(recorded, tmp_path_factory):
    """Where the run was made again, once for all tests that need no more than that."""
    outputs = tmp_path_factory.mktemp("kept")
    with chdir(recorded):
        assert all(same for same, _ in reproduce(recorded, "tiny", outputs=outputs))
    return outputs


@pytest.fixture
def made_again(kept, monkeypatch):
    """The same, and nothing is trained any more."""
    monkeypatch.setattr("stance.experiments.reproduce._again", lambda *_: None)
    return kept


def test_a_kept_run_is_gone_on_with_by_the_same_code_only(project, kept, monkeypatch):
    made = (kept / "runs" / "tiny" / "seed-0" / "run.json").stat().st_mtime_ns
    lines = reproduce(project, "tiny", outputs=kept)
    assert (True, f"seed 0: stood in {kept}, not trained again now") in lines
    assert (kept / "runs" / "tiny" / "seed-0" / "run.json").stat().st_mtime_ns == made
    monkeypatch.setattr("stance.experiments.reproduce.code_state", lambda: {"commit": "another", "dirty": False})
    with pytest.raises(StanceError, match=r"run\.json: made by other code than this checkout's; .* another DIR"):
        reproduce(project, "tiny", outputs=kept)


def test_what_a_kept_run_was_made_from_and_what_was_begun_must_be_of_this_code_too(project, kept, tmp_path):
    shutil.copytree(kept, tmp_path / "kept")
    kept = tmp_path / "kept"
    folder = kept / "runs" / "tiny" / "seed-0"
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(run | {"made_from": [MEMBER]}))
    with pytest.raises(StanceError, match=r"run\.json: made by other code than this checkout's; found {'commit': None"):
        reproduce(project, "tiny", outputs=kept)
    (folder / "run.json").unlink()
    begun = json.loads((folder / "started.json").read_text())
    (folder / "started.json").write_text(json.dumps(begun | {"code": MEMBER["code"]}))
    with pytest.raises(StanceError, match=r"started\.json: made by other code"):
        reproduce(project, "tiny", outputs=kept)


def test_what_was_trained_by_other_settings_is_told(project, made_again):
    change(project, lambda result: result["config"]["model"].update(C=7.0))
    different = [line for same, line in reproduce(project, "tiny", outputs=made_again) if not same]
    assert different == ["setting model.C: DIFFERENT, recorded 7.0, now 0.1"]


def test_elsewhere_a_number_may_differ_by_the_tolerance(project, made_again):
    def elsewhere(result):
        first = result["runs"][0]
        first["machine"]["processor"] = "another"
        first["test"]["accuracy"] += 0.01
        first["test"]["macro_f1"] += 0.03

    change(project, elsewhere)
    lines = reproduce(project, "tiny", outputs=made_again)
    assert [line.partition(",")[0] for same, line in lines if not same] == ["seed 0 macro_f1: DIFFERENT"]
    assert (True, "seed 0 accuracy: same (within 0.02)") in lines


@pytest.mark.parametrize(("seeds", "further", "same"), [(3, 0.05, True), (3, 0.07, False), (2, 0.03, False)])
def test_elsewhere_the_mean_of_an_encoder_is_judged_by_the_recorded_seeds(project, made_again, seeds, further, same):
    """With three seeds of deviation 0.01 one other draw may be off by 0.061; with two nothing is known of it."""

    def elsewhere(result):
        first = result["runs"][0]
        first["machine"]["processor"] = "another"
        first["test"]["accuracy"] = 0.0
        first["test"]["macro_f1"] += further
        result["runs"] += [first | {"seed": seed} for seed in range(1, seeds)]
        result["measures"]["macro_f1"]["sd"] = 0.01
        result["config"]["model"] = as_values(EncoderConfig(name="tfidf"))

    change(project, elsewhere)
    lines = reproduce(project, "tiny", seeds=[0], outputs=made_again)
    assert (False, "setting model.frozen_layers: DIFFERENT, recorded 0, now none") in lines
    lines = [line for line in lines if not line[1].startswith("setting model.")]
    (judged,) = [line for line in lines if line[1].startswith("mean macro_f1 of 1 seed(s), elsewhere: ")]
    assert judged[0] is same
    assert ("allowed 0.061" if seeds == 3 else "allowed 0.020 (2 recorded seed(s) do not say") in judged[1]
    assert all(alright for alright, line in lines if line != judged[1]), "all else is told and not judged"
    assert any(line.startswith("seed 0 accuracy: recorded 0.0000, now 0.") for _, line in lines)


def test_what_a_run_was_made_from_must_be_alike_too(project, made_again):
    """Otherwise its numbers need not be identical, though the machine that put them together is the same."""

    def made(result):
        run = result["runs"][0]
        run["made_from"] = [{key: run[key] for key in ("machine", "versions")}]
        run["test"]["accuracy"] += 0.01

    change(project, made)
    assert (True, "seed 0 accuracy: same (within 0.02)") in reproduce(project, "tiny", outputs=made_again)


def test_a_mean_of_more_seeds_reaches_less_far():
    assert reach(0.01, 5, 1) == pytest.approx(2.776 * 0.01 * 2**0.5, abs=1e-5)
    assert reach(0.02, 5, 5) == pytest.approx(2.776 * 0.02 * 0.4**0.5, abs=1e-5)


def test_what_cannot_be_run_again_is_said(project):
    with pytest.raises(StanceError, match="no such experiment; found 'none'; allowed: tiny"):
        reproduce(project, "none")
    with pytest.raises(StanceError, match=r"no such seed; found \[5\]; allowed: 0"):
        reproduce(project, "tiny", seeds=[0, 5])
    prompt = PromptConfig(name="prompt", language_model="some-model", guidelines="GUIDELINES.md")
    change(project, lambda result: result["config"].update(model=as_values(prompt)))
    with pytest.raises(StanceError, match="a language model is asked; found 'some-model'; allowed: the recorded comm"):
        reproduce(project, "tiny")
    change(project, lambda result: result["config"]["model"].update(nothing=1))
    with pytest.raises(StanceError, match=r"config.model: no such keys; found \['nothing'\]"):
        reproduce(project, "tiny")


def test_whatever_is_shown_is_recorded(project):
    assert check(project) == []
    (project / "README.md").write_text("We reach 0.999 on test.\n")
    assert check(project) == ["README.md, line 1: 0.999 is in no recorded result"]
    (project / "README.md").write_text("\nWe reach 0.999. It is much.\n")
    assert check(project) == ["README.md, line 2: 0.999 is in no recorded result"]


def test_a_score_has_the_interval_that_it_was_recorded_with(project):
    measures = json.loads((project / "experiments" / "mine" / "tiny" / "results.json").read_text())["measures"]
    one, other = (
        "{value:.3f} [{low:.3f}, {high:.3f}]".format(**measures[name]) for name in ("macro_f1", "favor_against_f1")
    )
    (project / "README.md").write_text(f"We reach {one}, and {other.replace(' ', chr(10), 1)}.\n")
    assert check(project) == []
    mixed = "{high:.3f} [{value:.3f}, {low:.3f}]".format(**measures["macro_f1"])
    (project / "README.md").write_text(f"We reach {mixed}.\n")
    assert check(project) == [f"README.md, line 1: {mixed} is in no recorded result"]


def test_a_difference_of_other_runs_is_found(project):
    entry = {"system": "tiny", "minus": "tiny", "measure": "macro_f1", "seeds": [1, 1], "once": []}
    path = project / "experiments" / "all.json"
    content = json.loads(path.read_text())
    for value, wrong in ((0.0, False), (0.2, True)):
        content["differences"] = [entry | {"value": value, "low": -0.1, "high": 0.3}]
        path.write_text(json.dumps(content))
        said = "experiments/all.json: tiny minus tiny is not of the recorded runs"
        assert (said in check(project)) == wrong


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda r: r.update(config={}), "no configuration"),
        (lambda r: r["config"]["model"].update(nothing=1), "config.model: no such keys"),
        (lambda r: r["data"].update(fingerprint="?"), "no data fingerprint"),
        (lambda r: r["runs"][0].update(commit="0" * 40), "is not in the history"),
        (lambda r: r["runs"][0].update(dirty=True), "made from changed files"),
        (lambda r: r["runs"][0].update(made_from=[MEMBER]), "seed 0, of member, seed 2: commit none is not in the"),
        (lambda r: r["measures"]["macro_f1"].update(value=0.5), "mine/README.md: not the page that its numbers give"),
        (lambda r: r["measures"]["macro_f1"].update(value=0.5), "all.md: not the page that its numbers give"),
    ],
)
def test_what_is_wrong_with_a_record_is_named(project, edit, problem):
    change(project, edit)
    assert any(problem in line for line in check(project))


@pytest.mark.parametrize("page", ["bundled", "wire"])
def test_the_readme_shows_the_committed_tables_whole(page):
    shown = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()
    written = (PROJECT / "experiments" / f"{page}.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in written if line.startswith("|")]
    assert len(rows) > 3
    assert [line for line in rows if line not in shown] == []


def test_this_projects_own_numbers_are_recorded():
    """History aside: a copy may have none."""
    assert [line for line in check(PROJECT) if "is not in the history" not in line] == []
