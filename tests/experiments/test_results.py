"""What is recorded of an experiment is enough to count it again, to compare with it, and to add seeds to it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from conftest import PROJECT
from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.files import write_json
from stance.base.settings import as_values
from stance.data.config import DataConfig, SplitConfig
from stance.experiments.compare import compare_systems
from stance.experiments.config import CompareConfig, SummarizeConfig
from stance.experiments.pages import difference_line, same_but_for_share
from stance.experiments.records import collect, collect_recorded, fine_tuned, read_all, read_results, recorded_in
from stance.experiments.results import summarize_all
from stance.models.config import EncoderConfig, EnsembleConfig, LinearConfig, PriorConfig
from stance.training.config import AsItIsConfig, SourceConfig, TrainConfig
from stance.training.run import train_run


@pytest.fixture
def train(tmp_path, readable_annotations, monkeypatch):
    """Train a prior with a seed, in a folder of outputs, and give the settings that summarize it."""
    write_annotations(tmp_path / "votes.jsonl", readable_annotations)
    monkeypatch.chdir(tmp_path)

    def trained(name="guess", *, model="prior_stratified", seed=0, outputs="outputs"):
        config = TrainConfig(
            name=name,
            seed=seed,
            data=DataConfig(name="annotations", reader="annotations", path="votes.jsonl"),
            split=SplitConfig(by="document", validation=0.2, test=0.25),
            model=PriorConfig(name=model, prior=model.removeprefix("prior_")),
            bootstrap=10,
            outputs=str(tmp_path / outputs),
        )
        train_run(config, f"python scripts/train.py name={name} model={model} seed={seed}")

    return trained


@pytest.fixture
def settings(tmp_path):
    def made(*names, outputs="outputs", **others):
        paths = {"outputs": str(tmp_path / outputs), "folder": str(tmp_path / "experiments")}
        return SummarizeConfig(experiment=list(names), **paths, bootstrap=10, **others)

    return made


def record(tmp_path, name="guess"):
    return tmp_path / "experiments" / "annotations" / name / "results.json"


def test_a_record_gives_the_same_numbers_without_the_runs(train, settings, tmp_path):
    train(seed=0)
    train(seed=1)
    summarize_all(settings("guess"))
    before = record(tmp_path).read_text()
    finished = collect(tmp_path / "outputs", "guess")
    shutil.rmtree(tmp_path / "outputs")
    again = collect_recorded(tmp_path / "outputs", tmp_path / "experiments" / "annotations" / "guess")
    assert again.labels("test", again.splits["test"]) == finished.labels("test", finished.splits["test"])
    summarize_all(settings("guess", recorded=True))
    assert record(tmp_path).read_text() == before
    with pytest.raises(StanceError, match="no finished runs"):
        summarize_all(settings("guess"))


def test_seeds_of_another_day_are_added_to_those_recorded(train, settings, tmp_path):
    for seed in (0, 2):
        train(seed=seed)
    summarize_all(settings("guess"))
    train(seed=1, outputs="later")
    summarize_all(settings("guess", outputs="later"))
    assert json.loads(record(tmp_path).read_text())["seeds"] == [1], "only what stands, unless told otherwise"
    summarize_all(settings("guess"))
    (result,), _ = summarize_all(settings("guess", outputs="later", recorded=True))
    assert result.seeds == (0, 1, 2)
    train(seed=1)
    (whole,), _ = summarize_all(settings("guess"))
    assert result.scores.measures == whole.scores.measures


def test_recorded_seeds_are_not_lost_in_silence(train, settings, tmp_path, caplog):
    """Runs of another configuration are not mixed in, and do not take the place of those that are recorded."""
    train(seed=0)
    summarize_all(settings("guess"))
    before = record(tmp_path).read_text()
    train(model="majority", seed=1, outputs="later")
    with pytest.raises(
        StanceError,
        match=r"recorded seeds that cannot be added to; found \[0\]; .*model.name: DIFFERENT, recorded prior_str",
    ):
        summarize_all(settings("guess", outputs="later", recorded=True))
    assert record(tmp_path).read_text() == before
    (result,), _ = summarize_all(settings("guess", outputs="later"))
    assert result.seeds == (1,)
    assert "seeds [0] were recorded there and have no run here" in caplog.text


def test_ones_own_run_is_compared_with_a_recorded_one(train, settings, tmp_path):
    train("theirs")
    summarize_all(settings("theirs"))
    shutil.rmtree(tmp_path / "outputs")
    train("mine", model="majority")
    config = CompareConfig(
        a=str(tmp_path / "experiments" / "annotations" / "theirs"),
        b="mine",
        outputs=str(tmp_path / "outputs"),
        bootstrap=10,
    )
    (result,), _ = compare_systems(config)
    assert (result.system, result.minus) == ("mine", config.a)
    recorded = json.loads(record(tmp_path, "theirs").read_text())["measures"]["macro_f1"]["value"]
    assert result.values[1] == pytest.approx(recorded)


def test_what_was_recorded_without_answers_stays_in_the_table(train, settings, tmp_path):
    """Its row and, unless the other system is another one now, its comparison; it cannot be counted again."""
    for name, model in (("old", "prior_stratified"), ("new", "majority"), ("newer", "majority")):
        train(name, model=model)
    _, first = summarize_all(settings("old", "new", "newer", table="all"))
    content = json.loads(record(tmp_path, "old").read_text())
    for run in content["runs"]:
        del run["labels"]
    record(tmp_path, "old").write_text(json.dumps(content))
    shutil.rmtree(tmp_path / "outputs" / "runs" / "old")
    old = collect_recorded(tmp_path / "outputs", tmp_path / "experiments" / "annotations" / "old")
    with pytest.raises(StanceError, match=r"old: recorded without the answer to each row; train it again: python scr"):
        old.answers("test")
    results, lines = summarize_all(settings("old", "new", "newer", table="all", recorded=True))
    assert [result.name for result in results] == ["old", "new", "newer"]
    assert lines == first
    train("newer", model="majority", seed=1)
    _, lines = summarize_all(settings("old", "new", "newer", table="all", recorded=True))
    pairs = [line.partition(":")[0] for line in lines]
    assert pairs == ["newer minus new"], "compared with runs that it never met"
    told = json.loads((tmp_path / "experiments" / "all.json").read_text())["differences"]
    assert lines == [difference_line(entry) for entry in told]


def test_a_difference_is_not_kept_of_runs_that_are_recorded_anew(train, settings, tmp_path):
    """Nor where the new runs of one were recorded before the table was made again."""
    for name, model in (("old", "prior_stratified"), ("new", "prior_stratified")):
        train(name, model=model)
    _, lines = summarize_all(settings("old", "new", table="all"))
    assert len(lines) == 1
    content = json.loads(record(tmp_path, "old").read_text())
    for run in content["runs"]:
        del run["labels"]
    record(tmp_path, "old").write_text(json.dumps(content))
    shutil.rmtree(tmp_path / "outputs")
    train("new", seed=3)
    summarize_all(settings("new"))
    _, lines = summarize_all(settings("old", "new", table="all", recorded=True))
    assert lines == []


def test_a_copy_of_a_run_is_not_another_seed(train, settings, tmp_path, caplog):
    train(seed=0)
    runs = tmp_path / "outputs" / "runs" / "guess"
    for copy in ("seed-0-before", "seed-00"):
        shutil.copytree(runs / "seed-0", runs / copy)
    assert [run.seed for run in collect(tmp_path / "outputs", "guess").runs] == [0]
    assert "no run of a seed, and not counted: seed-0-before, seed-00" in caplog.text


def test_runs_of_one_name_that_differ_say_in_what(train, settings, tmp_path):
    train(seed=0)
    train(seed=1, model="prior_target")
    with pytest.raises(
        StanceError,
        match=r"in more than the seed: setting model.name: DIFFERENT, recorded prior_str.*; setting model.prior",
    ):
        collect(tmp_path / "outputs", "guess")


def test_runs_that_have_what_an_older_one_lacks_are_compared_too(train, settings, tmp_path):
    for seed in (0, 1, 2):
        train(seed=seed)
        path = tmp_path / "outputs" / "runs" / "guess" / f"seed-{seed}" / "run.json"
        run = json.loads(path.read_text())
        path.write_text(json.dumps({**run, "contents": {"encoder mine": str(seed)} if seed else {}}))
    with pytest.raises(StanceError, match=r"seed-2/run.json: differs from .*seed-1/.*contents encoder mine: DIFFERENT"):
        collect(tmp_path / "outputs", "guess")


def test_a_learning_curve_is_one_model_trained_in_one_way():
    """But for the number of epochs: so is every curve that is recorded here."""
    tables = {path: json.loads(path.read_text()) for path in (PROJECT / "experiments").glob("*.json")}
    curves = [
        content["experiments"] for content in tables.values() if isinstance(content, dict) and content.get("curve")
    ]
    assert curves
    for names in curves:
        folders = [recorded_in(PROJECT / "experiments", name) for name in names]
        points = [read_results(folder) for folder in folders if folder is not None]
        assert len(points) == len(names)
        same_but_for_share(points)
        other = json.loads(json.dumps(points[-1].config))
        other["trainer"]["learning_rate"] = 1.0
        with pytest.raises(
            StanceError, match=r"differ: setting trainer\.learning_rate: DIFFERENT, .* now 1\.0; a learn"
        ):
            same_but_for_share([*points, replace(points[-1], config=other)])


def test_a_difference_names_whose_seeds_its_interval_does_not_hold():
    entry = {
        "system": "a",
        "minus": "b",
        "measure": "macro_f1",
        "seeds": [3, 1],
        "value": 0.1,
        "low": 0.05,
        "high": 0.2,
    }
    assert difference_line(entry | {"once": []}) == "a minus b: +0.100 [+0.050, +0.200] macro-F1, distinguishable"
    few = difference_line(entry | {"once": [], "documents": 3})
    assert few.endswith("no verdict from 3 documents, with which the interval is too narrow")
    around = {"low": -0.1, "once": [], "documents": 3}
    assert difference_line(entry | around).endswith("macro-F1, not distinguishable")
    assert difference_line(entry | {"once": ["b"]}).endswith(
        "distinguishable (one training of b, so that the interval holds no variance of its seeds)"
    )


def test_what_another_seed_would_change_is_a_trained_encoder():
    data = DataConfig(name="mine", reader="table", path="rows.csv")
    linear = LinearConfig(name="embedding", features="embedding", classifier="svm")
    encoder = EncoderConfig(name="minilm")
    both = EnsembleConfig(name="ensemble", members={"a": linear, "b": encoder})
    for model, trained in ((linear, False), (encoder, True), (both, True)):
        source = SourceConfig(name="first", data=data, model=model)
        assert fine_tuned(TrainConfig(name="mine", data=data, model=model)) is trained
        assert fine_tuned(TrainConfig(name="mine", data=data, model=AsItIsConfig(), source=source)) is trained
    mean = AsItIsConfig(others={"more": SourceConfig(name="more", data=data, model=encoder)})
    source = SourceConfig(name="first", data=data, model=linear)
    assert fine_tuned(TrainConfig(name="mine", data=data, model=mean, source=source))


def test_a_record_of_other_data_or_of_none_is_refused(train, settings, tmp_path):
    train()
    summarize_all(settings("guess"))
    content = json.loads(record(tmp_path).read_text())
    content["data"]["fingerprint"] = "0" * 64
    record(tmp_path).write_text(json.dumps(content))
    with pytest.raises(StanceError, match=r"recorded on other data than what is there now; found .*; allowed: .* 000"):
        collect_recorded(tmp_path / "outputs", tmp_path / "experiments" / "annotations" / "guess")
    content["name"] = "another"
    record(tmp_path).write_text(json.dumps(content))
    with pytest.raises(StanceError, match="of another name than its folder; found 'another'"):
        collect_recorded(tmp_path / "outputs", tmp_path / "experiments" / "annotations" / "guess")
    with pytest.raises(StanceError, match="nothing is recorded"):
        collect_recorded(tmp_path / "outputs", tmp_path / "experiments" / "annotations" / "none")


def test_every_record_of_this_project_is_read_and_written_again_byte_for_byte(tmp_path):
    corpora = {path.parents[1] for path in (PROJECT / "experiments").glob("*/*/results.json")}
    results = [(corpus / result.name / "results.json", result) for corpus in corpora for result in read_all(corpus)]
    assert len(results) > 90
    for path, result in results:
        write_json(tmp_path / "again.json", as_values(result))
        assert (tmp_path / "again.json").read_bytes() == path.read_bytes(), path


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (lambda r: r.update(sampels=10), r": no such keys; found \['sampels'\]; allowed: .*samples"),
        (lambda r: r.pop("seeds"), r": keys are missing: seeds"),
        (lambda r: r["runs"][0].update(label={}), r"\.runs\.0: .*found \['label'\]; allowed: command, "),
        (lambda r: r["runs"][0].pop("machine"), r"\.runs\.0: keys are missing: machine"),
        (lambda r: r["measures"]["accuracy"].pop("sd"), r"\.measures\.accuracy: keys are missing: sd"),
        (lambda r: r.update(literary={"n": 1}), r"\.literary: keys are missing: best_prior, "),
        (lambda r: r.update(runs=5), r"\.runs: not a list; found 5"),
        (lambda r: r["runs"].append(5), r"\.runs\.1: not an object of JSON; found 5"),
    ],
)
def test_a_record_with_a_wrong_key_is_refused_with_its_place(tmp_path, edit, place):
    content = json.loads((PROJECT / "experiments" / "negotiation" / "negotiation-tfidf" / "results.json").read_text())
    edit(content)
    path = tmp_path / "negotiation-tfidf" / "results.json"
    write_json(path, content)
    with pytest.raises(StanceError, match=rf"negotiation-tfidf/results\.json{place}"):
        read_results(path.parent)
