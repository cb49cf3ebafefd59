"""A recorded result comes out again, a planted change does not, and nothing that is shown is unrecorded."""

from __future__ import annotations

import json
import subprocess

import pytest

from conftest import PROJECT, run_script
from stance.annotations import write_annotations
from stance.errors import StanceError
from stance.reproduce import Limit, check, reproduce


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


def test_elsewhere_another_draw_is_the_same_and_what_is_beyond_it_is_not(project, tmp_path):
    """With three seeds, of deviation 0.01, a score may differ by 0.061; without a deviation by the tolerance."""

    def elsewhere(result):
        first = result["runs"][0]
        first["machine"]["processor"] = "another"
        first["test"]["accuracy"] += 0.05
        first["test"]["macro_f1"] += 0.07
        first["test"]["favor_against_f1"] += 0.03
        result["runs"] += [first | {"seed": 1}, first | {"seed": 2}]
        for measure in ("accuracy", "macro_f1"):
            result["measures"][measure]["sd"] = 0.01

    change(project, elsewhere)
    lines = reproduce(project, "tiny", seeds=[0], outputs=tmp_path)
    assert [line.partition(",")[0] for same, line in lines if not same] == [
        "seed 0 macro_f1: DIFFERENT",
        "seed 0 favor_against_f1: DIFFERENT",
    ]
    said = [line for _, line in lines]
    assert "seed 0 accuracy: same (within 0.061)" in said
    assert "seed 0 favor_against_f1_mean_over_targets: same (within 0.020)" in said
    kept = tmp_path / "runs" / "tiny" / "seed-0" / "run.json"
    made = kept.stat().st_mtime_ns
    assert reproduce(project, "tiny", seeds=[0], outputs=tmp_path) == lines
    assert kept.stat().st_mtime_ns == made


def test_a_mean_of_more_seeds_may_differ_less_and_a_prior_not_at_all_more():
    limit = Limit(0.02, 5)
    assert limit.of(0.0, 1) == 0.02
    assert limit.of(0.01, 1) == pytest.approx(2.776 * 0.01 * 2**0.5, abs=1e-5)
    assert limit.of(0.02, 5) == pytest.approx(2.776 * 0.02 * 0.4**0.5, abs=1e-5)
    assert Limit(0.02, 1).of(0.5, 1) == 0.02


def test_what_cannot_be_run_again_is_said(project):
    with pytest.raises(StanceError, match="no such experiment; found 'none'; allowed: tiny"):
        reproduce(project, "none")
    with pytest.raises(StanceError, match="no such seed"):
        reproduce(project, "tiny", seeds=[5])
    change(project, lambda result: result["runs"][0].update(command="rm -rf x"))
    with pytest.raises(StanceError, match="not one that trains; found 'rm -rf x'"):
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
