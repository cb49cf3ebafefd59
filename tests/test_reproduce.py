"""A recorded result comes out again, a planted change does not, and nothing that is shown is unrecorded."""

from __future__ import annotations

import json
import subprocess

import pytest

from conftest import PROJECT, run_script
from stance.annotations import write_annotations
from stance.errors import StanceError
from stance.reproduce import check, reproduce


def git(project, *arguments):
    identity = ("-c", "user.name=tests", "-c", "user.email=tests@example.org")
    command = ["git", "-C", str(project), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, readable_annotations):
    """A project of its own, with one experiment of one seed, recorded at its one commit."""
    project = tmp_path_factory.mktemp("project")
    (project / "scripts").symlink_to(PROJECT / "scripts")
    write_annotations(project / "votes.jsonl", readable_annotations)
    data = ("data=annotations", "data.path=votes.jsonl", "split=document", "split.validation=0.2", "split.test=0.25")
    run_script("train", "model=tfidf", "name=tiny", *data, cwd=project)
    run_script("summarize", "experiment=tiny", "table=all", cwd=project)
    git(project, "init", "-q")
    git(project, "commit", "-q", "--allow-empty", "-m", "all there is")
    change(project, lambda result: result["runs"][0].update(commit=git(project, "rev-parse", "HEAD"), dirty=False))
    (project / "README.md").write_text((project / "experiments" / "all.md").read_text())
    return project


def change(project, edit):
    path = project / "experiments" / "tiny" / "results.json"
    result = json.loads(path.read_text())
    edit(result)
    path.write_text(json.dumps(result))


@pytest.fixture
def project(recorded):
    """The same, put back after each test."""
    files = [path for path in (recorded / "experiments").rglob("*") if path.is_file()] + [recorded / "README.md"]
    before = {path: path.read_bytes() for path in files}
    yield recorded
    for path, content in before.items():
        path.write_bytes(content)


def test_the_same_comes_out_and_a_planted_change_is_found(project):
    def planted(result):
        result["measures"]["macro_f1"]["value"] -= 0.001
        result["runs"][0]["test"]["accuracy"] = 0.123
        result["config"]["model"]["C"] = 7.0
        said = result["runs"][0]["labels"]["test"]
        result["runs"][0]["labels"]["test"] = ("n" if said[0] != "n" else "a") + said[1:]

    change(project, planted)
    lines = reproduce(project, "tiny")
    different = [line.partition(",")[0] for same, line in lines if not same]
    assert different == [
        "setting model.C: DIFFERENT",
        "seed 0 accuracy: DIFFERENT",
        "seed 0 test: DIFFERENT",
        "measures macro_f1 value: DIFFERENT",
    ]
    came_out = [line for same, line in lines if same]
    assert "data fingerprint: same" in came_out
    assert "measures accuracy value: same (identical)" in came_out
    assert "seed 0 macro_f1: same (identical)" in came_out
    assert len(came_out) > 15


def test_what_cannot_be_run_again_is_said(project):
    with pytest.raises(StanceError, match="no such experiment; found 'none'; allowed: tiny"):
        reproduce(project, "none")
    with pytest.raises(StanceError, match="no such seed"):
        reproduce(project, "tiny", seeds=[5])
    change(project, lambda result: result["runs"][0].update(command="rm -rf x"))
    with pytest.raises(StanceError, match="a command that is not run; found 'rm -rf x'"):
        reproduce(project, "tiny")
    change(project, lambda result: result["runs"][0].update(command="python scripts/train.py model=none"))
    with pytest.raises(StanceError, match="failed"):
        reproduce(project, "tiny")


def test_whatever_is_shown_is_recorded(project):
    assert check(project) == []
    (project / "README.md").write_text("We reach 0.999 on test.\n")
    assert check(project) == ["README.md, line 1: 0.999 is in no recorded result"]


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda r: r.update(config={}), "no configuration"),
        (lambda r: r["data"].update(fingerprint="?"), "no data fingerprint"),
        (lambda r: r["runs"][0].update(commit="0" * 40), "is not in the history"),
        (lambda r: r["runs"][0].update(dirty=True), "made from changed files"),
        (lambda r: r["measures"]["macro_f1"].update(value=0.5), "tiny/README.md: not the page that its numbers give"),
        (lambda r: r["measures"]["macro_f1"].update(value=0.5), "all.md: not the page that its numbers give"),
    ],
)
def test_what_is_wrong_with_a_record_is_named(project, edit, problem):
    change(project, edit)
    assert any(problem in line for line in check(project))


@pytest.mark.parametrize("page", ["negotiation", "holder", "recipe", "transfer"])
def test_the_readme_shows_the_committed_tables_whole(page):
    shown = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()
    written = (PROJECT / "experiments" / f"{page}.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in written if line.startswith("|")]
    assert len(rows) > 3
    assert [line for line in rows if line not in shown] == []


def test_this_projects_own_numbers_are_recorded():
    """Commits aside: a copy without history has none."""
    assert [line for line in check(PROJECT) if "commit" not in line] == []
