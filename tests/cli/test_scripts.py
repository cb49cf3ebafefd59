"""The scripts as a user runs them: from another folder, on files of their own, with mistakes, and killed."""

from __future__ import annotations

import csv
import json
import multiprocessing
import shlex
import subprocess
import sys
import time
from dataclasses import asdict

import pytest

from conftest import PROJECT, example, run_here, run_script, write_lines
from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.measures import TITLES
from stance.experiments.pages import PUBLISHED, read_published
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.priors import Prior
from stance.reporting.figures import learning_curve

SPLIT = ("split=document", "split.validation=0.2", "split.test=0.25")


@pytest.fixture(scope="module")
def home(tmp_path_factory, readable_annotations):
    """A folder far from the checkout with a file of judgements in somebody else's spelling."""
    folder = tmp_path_factory.mktemp("home")
    write_annotations(folder / "votes.jsonl", readable_annotations)
    text = (folder / "votes.jsonl").read_text(encoding="utf-8")
    text = text.replace('"favor"', '"PRO"').replace('"against"', '"CON"').replace('"neutral"', '"NONE"')
    (folder / "votes.jsonl").write_text(text.replace('"text"', '"sentence"'), encoding="utf-8")
    return folder


DATA = (
    "data=annotations",
    "data.name=mine",
    "data.path=votes.jsonl",
    "data.labels={favor: [PRO], against: [CON], neutral: [NONE]}",
    "data.columns.text=sentence",
    *SPLIT,
)


@pytest.fixture(scope="module")
def trained(home):
    """TF-IDF on that file."""
    done = run_here("train", "model=tfidf", *DATA, cwd=home)
    return home / "outputs" / "runs" / "mine-tfidf" / "seed-0", done


def test_from_annotations_to_a_dataset(home):
    done = run_here("build_dataset", *DATA, cwd=home)
    assert "dataset outputs/data/mine-document-0-" in done.stdout
    assert "fingerprint" in done.stdout
    assert "exists" in run_here("build_dataset", *DATA, cwd=home).stdout


def test_a_run_keeps_everything(trained):
    folder, done = trained
    assert {path.name for path in folder.iterdir()} == {
        "checkpoint",
        "metrics.json",
        "predictions.test.jsonl",
        "predictions.validation.jsonl",
        "run.json",
        "started.json",
    }
    run = json.loads((folder / "run.json").read_text())
    assert run["command"].startswith("python scripts/train.py model=tfidf data=annotations")
    assert run["config"]["model"]["name"] == "tfidf"
    assert run["versions"]["scikit-learn"]
    assert set(run["code"]) == {"commit", "dirty"}
    assert len(run["data"]["fingerprint"]) == 64
    assert str(folder.parents[3]) not in json.dumps(run)
    card = json.loads((folder / "checkpoint" / "stance.json").read_text())
    assert card["metrics"]["test"]["n"] == sum(1 for _ in (folder / "predictions.test.jsonl").open())
    assert "test macro_f1" in done.stdout


def test_a_finished_run_is_not_done_again_and_another_is_refused(home, trained):
    folder, _ = trained
    before = (folder / "run.json").stat().st_mtime_ns
    assert "exists" in run_here("train", "model=tfidf", *DATA, cwd=home).stdout
    assert (folder / "run.json").stat().st_mtime_ns == before
    done = run_here("train", "model=tfidf", "model.C=5", *DATA, cwd=home, check=False)
    assert done.returncode == 2
    assert "a run of another configuration or other data is there" in done.stderr
    assert (folder / "run.json").stat().st_mtime_ns == before
    (folder / ".checkpoint.partialabc").mkdir()
    again = run_here("train", "model=tfidf", "overwrite=true", *DATA, cwd=home)
    assert "fitting tfidf" in again.stdout
    assert (folder / "run.json").stat().st_mtime_ns > before
    assert not (folder / ".checkpoint.partialabc").exists()
    assert "overwrite" not in json.loads((folder / "run.json").read_text())["command"]


def test_a_checkpoint_and_its_predictions_score_alike(home, trained):
    folder, _ = trained
    checkpoint = f"checkpoint={folder / 'checkpoint'}"
    done = run_here("evaluate", checkpoint, *DATA, "output=a.json", cwd=home)
    predictions = f"predictions={folder / 'predictions.test.jsonl'}"
    run_here("evaluate", predictions, *DATA, "output=b.json", cwd=home)
    first, second = (json.loads((home / name).read_text()) for name in ("a.json", "b.json"))
    assert first.pop("of") != second.pop("of")
    assert first.pop("model") and not second.pop("model")
    assert (first.pop("learnt"), second.pop("learnt")) == (0, None)
    assert second.pop("probes") is second.pop("behaviour") is None  # there is no model to ask
    assert first.pop("probes")["probes"]["text_hidden"]["n"] == first["n"]
    assert first.pop("behaviour")["kinds"]
    recorded = json.loads((folder / "metrics.json").read_text())["test"]
    assert first["calibration"].pop("scale") == recorded["calibration"]["scale"] != 1
    before = first["calibration"].pop("before")  # the scale of the checkpoint, which a file of predictions has not
    assert before["log_loss"]["value"] == pytest.approx(recorded["calibration"]["before"]["log_loss"]["value"])
    assert first == second
    for name in ("a.html", "b.html"):
        page = (home / name).read_text(encoding="utf-8")
        assert page.count('<tr id="row-') == first["n"]
    assert first["measures"] == recorded["measures"]
    assert "gain over the prior" in done.stdout


def test_rows_that_were_learnt_from_are_counted_whatever_the_corpus_is_called(home, trained):
    checkpoint = f"checkpoint={trained[0] / 'checkpoint'}"
    others = (*DATA, "data.name=other", "split.seed=5", "output=c.json", "bootstrap=10", "probes=false")
    done = run_here("evaluate", checkpoint, *others, cwd=home)
    report = json.loads((home / "c.json").read_text())
    assert 0 < report["learnt"] < report["n"]
    assert f"{report['learnt']} of {report['n']} rows have a text that the checkpoint learnt from" in done.stdout
    assert f"{report['learnt']} of these rows have a text" in (home / "c.html").read_text(encoding="utf-8")
    assert "on the test part of other" in done.stdout


def test_ones_own_sentences_are_scored(home, trained):
    folder, _ = trained
    (home / "mine.csv").write_text("key,text,target,holder\n7,They accepted it.,open the gate,them\n", encoding="utf-8")
    done = run_here("predict", f"checkpoint={folder / 'checkpoint'}", "input=mine.csv", "output=scored.csv", cwd=home)
    assert "1 rows -> scored.csv" in done.stdout
    with (home / "scored.csv").open() as lines:
        (row,) = csv.DictReader(lines)
    assert (row["key"], row["label"]) == ("7", "favor")


def test_experiments_become_results_and_one_table(home, trained):
    run_here("train", "-m", "model=majority,prior_stratified", *DATA, cwd=home)
    names = "experiment=[mine-majority,mine-prior_stratified,mine-tfidf]"
    done = run_here("summarize", names, cwd=home)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| system | macro-F1 | favor/against F1 | gain")
    systems = [line.split(" | ")[0] for line in lines[2:5]]
    assert systems == ["| mine-majority", "| mine-prior_stratified", "| mine-tfidf"]
    assert "mine-tfidf minus mine-majority: +" in done.stdout
    result = json.loads((home / "experiments" / "mine" / "mine-tfidf" / "results.json").read_text())
    report = json.loads((trained[0] / "metrics.json").read_text())["test"]
    assert result["measures"]["macro_f1"]["value"] == pytest.approx(report["measures"]["macro_f1"]["value"])
    assert result["n"] == report["n"]
    assert result["seeds"] == [0]
    assert lines[4] in (home / "experiments" / "mine" / "README.md").read_text()


def test_what_is_recorded_serves_where_nothing_was_trained(home, trained):
    run_here("summarize", "experiment=mine-tfidf", "folder=kept", cwd=home)
    before = (home / "kept" / "mine" / "mine-tfidf" / "results.json").read_text()
    run_here("summarize", "experiment=mine-tfidf", "folder=kept", "recorded=true", "outputs=elsewhere", cwd=home)
    assert (home / "kept" / "mine" / "mine-tfidf" / "results.json").read_text() == before
    done = run_here("compare", "a=kept/mine/mine-tfidf", "b=mine-tfidf", cwd=home)
    assert "mine-tfidf minus kept/mine/mine-tfidf: +0.000 [+0.000, +0.000]" in done.stdout
    for name in ("kept/mine/mine-tfdif", "kept"):
        done = run_here("compare", f"a={name}", "b=mine-tfidf", cwd=home, check=False)
        assert done.returncode == 2
        assert f"{name}: neither runs nor a recorded experiment" in done.stderr


def test_a_published_figure_says_where_it_is_from(tmp_path):
    (tmp_path / "figures.json").write_text('[{"corpus": "mine", "value": 0.5}]')
    with pytest.raises(
        StanceError, match=r"figures.json, entry 1: keys; found .*; allowed: corpus, system, .*, source"
    ):
        read_published(tmp_path / "figures.json", {"mine"})


def test_every_figure_of_others_is_of_a_known_measure_between_0_and_1():
    kept = PROJECT / "docs" / "published.json"
    figures = read_published(kept, {entry["corpus"] for entry in json.loads(kept.read_text(encoding="utf-8"))})
    assert len({(figure["corpus"], figure["system"], figure["source"]) for figure in figures}) == len(figures)
    for figure in figures:
        assert figure["measure"] in TITLES
        assert 0 < figure["value"] < 1


def test_a_learning_curve_is_drawn_and_every_point_can_be_compared(home, trained):
    run_here("train", "model=tfidf", *DATA, "name=mine-tfidf_50", "train_share=0.5", cwd=home)
    names = "experiment=[mine-tfidf_50,mine-tfidf]"
    figures = [dict.fromkeys(PUBLISHED, "theirs") | {"corpus": c, "value": 0.5} for c in ("mine", "another's")]
    (home / "published.json").write_text(json.dumps(figures))
    done = run_here("summarize", names, "table=curve", "curve=true", "published=published.json", cwd=home)
    folder = home / "experiments"
    half, whole = (
        json.loads((folder / "mine" / n / "results.json").read_text()) for n in ("mine-tfidf_50", "mine-tfidf")
    )
    assert half["train"]["documents"] == -(-whole["train"]["documents"] // 2)
    assert half["train"]["rows"] < whole["train"]["rows"]
    page = (folder / "curve.md").read_text()
    assert page.startswith("![Score by number of training documents](curve.svg)")
    assert f"- {done.stdout.splitlines()[4]}" in page
    assert "| theirs | mine | theirs | 0.500 theirs |" in page
    assert "another's" not in page
    picture = (folder / "curve.svg").read_text()
    for result in (half, whole):
        assert f">{result['measures']['macro_f1']['value']:.3f}<" in picture
    learning_curve([whole, half], folder / "again.svg")
    assert (folder / "again.svg").read_text() == picture


TRY = PROJECT / "seeds" / "try.csv"

MISTAKES = {
    "a typo in a key": ("train", ["modle=tfidf"], 2, "modle: no such key; allowed: name, .*; did you mean model?"),
    "a typo that is added": (
        "train",
        ["+modle=tfidf"],
        2,
        "modle: no such key; allowed: name, .*; did you mean model?",
    ),
    "another type": ("train", ["seed=1e3"], 2, "seed: a value of another type; found '1e3'; allowed: a whole number"),
    "an unknown model": ("train", ["model=bert"], 2, "model: no such name; found 'bert'; allowed: as_it_is, combined"),
    "an unknown reader": ("build_dataset", ["data.reader=word"], 2, "allowed: annotations, bundled"),
    "a missing value": ("probe", [], 2, "checkpoint"),
    "no such file": ("build_dataset", ["data=annotations", "data.path=no.csv"], 2, "no such file or folder"),
    "no such checkpoint": ("predict", ["checkpoint=no/c", f"input={TRY}", "output=b.csv"], 2, "no/c: no such folder"),
    "nothing to evaluate": ("evaluate", [], 2, "give either checkpoint=DIR or predictions=FILE"),
    "no runs": ("summarize", ["experiment=none"], 2, "no finished runs"),
    "nothing to compare with": ("compare", ["a=x"], 2, "systems: not two or more"),
    "no experiment": ("summarize", ["experiment=[]"], 2, "experiment: no name"),
    "a picture without a page": ("summarize", ["experiment=x", "curve=true"], 2, "curve: a picture without a page"),
    "no resamples": ("train", ["bootstrap=0"], 2, "bootstrap: too small; found 0; allowed: 10 to 100,000"),
    "a trainer typo": ("train", ["+trainer.lerning_rate=1", "outputs=typo"], 2, "unexpected keyword .*lerning_rate"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_gets_one_message_and_no_traceback(tmp_path, case):
    import re

    name, arguments, code, message = MISTAKES[case]
    done = run_here(name, *arguments, cwd=tmp_path, check=False)
    assert done.returncode == code
    assert re.search(message, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.strip()
    assert not (tmp_path / "b.csv").exists()


def test_a_multirun_from_a_folder_that_is_only_read(home, tmp_path):
    """Outputs are elsewhere, the file is called as files are; the recorded command gives the run again."""
    (tmp_path / "here").mkdir()
    path = tmp_path / "R&D (1), l'été = final.jsonl"
    path.write_bytes((home / "votes.jsonl").read_bytes())
    said = [*DATA, f"outputs={tmp_path}/there", f'data.path="{path}"', "data.columns.context=1e3", "bootstrap=10"]
    refused = run_here("train", "-m", "model=majority", *said, cwd=tmp_path / "here", check=False)
    assert "no column '1e3'" in refused.stderr
    said.remove("data.columns.context=1e3")
    run_here("train", "-m", "model=majority,prior_target", *said, cwd=tmp_path / "here")
    assert not list((tmp_path / "here").iterdir())
    assert (tmp_path / "there" / ".sweep" / "multirun.yaml").exists()
    run = json.loads((tmp_path / "there" / "runs" / "mine-prior_target" / "seed-0" / "run.json").read_text())
    arguments = shlex.split(run["command"])[2:]
    again = run_here("train", *arguments, f"outputs={tmp_path}/there", cwd=tmp_path / "here")
    assert "mine-prior_target/seed-0 exists" in again.stdout


def tried(message: str, start: str) -> list[str]:
    """The settings of a message that begin so, as a shell splits them."""
    return [word for word in shlex.split(message) if word.startswith(start)]


ODD_LABELS = ["don't know", 'n/a, "mixed"', "favour", "${x", "null", "a\\", ["favor", "against"]]


@pytest.mark.parametrize("label", ODD_LABELS, ids=str)
def test_what_a_message_proposes_for_a_label_works_in_a_shell(tmp_path, readable_annotations, label):
    rows = [asdict(annotation) for annotation in readable_annotations]
    rows[0]["label"] = label
    rows.append(rows[1] | {"id": "other", "label": "unclear", "text": "The ferry was late again."})
    write_lines(tmp_path / "votes (1).jsonl", rows)
    base = ["data=annotations", "data.name=mine", "data.path=votes (1).jsonl", *SPLIT]
    refused = run_here("build_dataset", *base, "data.leave_out=[unclear]", cwd=tmp_path, check=False)
    assert refused.returncode == 2
    (hint,) = tried(refused.stderr.partition("left out by ")[2], "data.leave_out=")
    built = run_here("build_dataset", *base, hint, cwd=tmp_path)
    assert f"left out: 1 {str(label)!r}, 1 'unclear'" in built.stdout
    spelled = tried(refused.stderr.partition("e.g. ")[2].partition("; such rows")[0], "data.labels.")
    if not isinstance(label, str):
        assert spelled == []
        return
    built = run_here("build_dataset", *base, *spelled, "data.leave_out=[unclear]", "outputs=b", cwd=tmp_path)
    assert "left out: 1 'unclear'\n" in built.stdout


def test_help_needs_no_heavy_import(tmp_path):
    """What a script imports at its top is light."""
    paths = sorted(str(path) for path in (PROJECT / "scripts").glob("*.py"))
    code = (
        "import runpy, sys\n"
        "for path in sys.argv[1:]:\n"
        "    runpy.run_path(path, run_name='other')\n"
        "    assert not {'torch', 'transformers', 'datasets', 'sklearn', 'numpy'} & set(sys.modules), path"
    )
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "\nsplit=NAME: " in run_script("train", "--help", cwd=tmp_path).stdout


def fine_tune(home, tiny_encoder, outputs):
    run_here(
        "train", "model=minilm", f"model.encoder={tiny_encoder}", "model.max_length=64", "model.frozen_layers=1",
        *DATA, "trainer.num_train_epochs=8", "trainer.learning_rate=3e-3", f"outputs={outputs}", cwd=home,
    )  # fmt: skip


def test_killed_and_run_again_a_fine_tuning_gives_the_same_numbers(home, tiny_encoder):
    """SIGKILL at whatever moment the first and the third checkpoint happen to appear, then to the end."""
    fine_tune(home, tiny_encoder, "whole")
    for checkpoints in (1, 3):
        process = multiprocessing.get_context("fork").Process(target=fine_tune, args=(home, tiny_encoder, "killed"))
        process.start()
        work = home / "killed" / "runs" / "mine-minilm" / "seed-0" / "work"
        deadline = time.monotonic() + 120
        while process.is_alive() and time.monotonic() < deadline:
            steps = [int(path.name.rpartition("-")[2]) for path in work.glob("checkpoint-*")]
            if max(steps, default=0) >= 3 * checkpoints:
                break
            time.sleep(0.01)
        assert process.is_alive(), "it ended before it could be killed"
        process.kill()
        process.join()
    fine_tune(home, tiny_encoder, "killed")
    runs = [home / outputs / "runs" / "mine-minilm" / "seed-0" for outputs in ("whole", "killed")]
    for name in ("metrics.json", "predictions.test.jsonl", "predictions.validation.jsonl"):
        first, second = ((run / name).read_text() for run in runs)
        assert first == second
    assert json.loads((runs[1] / "run.json").read_text())["resumed"]
    assert not (runs[1] / "work").exists()


def test_excel_safe_is_an_option_of_the_command(tmp_path):
    write_lines(tmp_path / "in.jsonl", [{"text": "=1+1", "target": "talk"}])
    StanceClassifier(Prior.fit("target", [example(1)]), Card("prior")).save_pretrained(tmp_path / "prior")
    said = ("checkpoint=prior", "input=in.jsonl", "output=out.csv", "excel_safe=true")
    run_here("predict", *said, cwd=tmp_path)
    assert "\n =1+1,talk," in (tmp_path / "out.csv").read_text()
