"""What a run leaves behind, in the process itself; tests/cli/test_scripts.py runs it as a user does."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.files import write_json
from stance.base.predictions import read_predictions
from stance.data import unlabelled
from stance.data.build import dataset_folder
from stance.data.config import AuxiliaryConfig, DataConfig, SplitConfig
from stance.models import fitting
from stance.models.classifier import StanceClassifier
from stance.models.config import EncoderConfig, EnsembleConfig, LinearConfig, PriorConfig
from stance.models.encoder import EncoderModel
from stance.models.input_format import InputFormat
from stance.training import distill, finetune, identity, recorded
from stance.training import run as runs
from stance.training.config import AsItIsConfig, DistillConfig, SourceConfig, TrainConfig
from stance.training.machine import machine
from stance.training.plan import run_folder
from stance.training.recorded import Recorded
from stance.training.run import train_run


def configured(folder, annotations, model) -> TrainConfig:
    write_annotations(folder / "votes.jsonl", annotations)
    return TrainConfig(
        name=f"mine-{model.name}",
        data=DataConfig(name="mine", reader="annotations", root=str(folder), path="votes.jsonl"),
        split=SplitConfig(by="document", validation=0.2, test=0.25),
        model=model,
        trainer={"num_train_epochs": 1, "disable_tqdm": True},
        bootstrap=10,
        outputs=str(folder / "outputs"),
    )


def test_a_refused_configuration_leaves_no_run_behind(tmp_path, readable_annotations, tiny_encoder):
    """Mended, it runs in the same folder; a run that did train is not touched by another configuration."""
    model = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64, frozen_layers=3)
    config = configured(tmp_path, readable_annotations, model)
    with pytest.raises(StanceError, match=r"model\.frozen_layers: too many; found 3; allowed: 0 to 2"):
        train_run(config, "refused")
    mended = replace(config, model=replace(model, frozen_layers=1))
    run = train_run(mended, "mended")
    assert (run["command"], run["resumed"]) == ("mended", False)
    assert run["config"]["model"]["frozen_layers"] == 1
    with pytest.raises(StanceError, match="a run of another configuration or other data is there"):
        train_run(config, "refused")
    checkpoint = tmp_path / "outputs" / "runs" / "mine-tiny" / "seed-0" / "checkpoint"
    card = StanceClassifier.from_pretrained(checkpoint).card
    validation = run["metrics"]["validation"]
    assert card.thresholds[-1].rows == validation.n
    assert 1 - card.thresholds[-1].errors / validation.n == pytest.approx(validation.measures["accuracy"].value)
    assert {"marginal", "by_label"} <= set(run["metrics"]["test"].conformal)
    for part in ("validation", "test"):
        calibration = run["metrics"][part].calibration
        assert calibration.scale == card.scale != 1
        assert calibration.before.log_loss != calibration.after.log_loss
    calibration = validation.calibration
    assert calibration.after.log_loss.value < calibration.before.log_loss.value
    toolkit, plain = answers_of_the_card(checkpoint)
    assert toolkit[0].label == plain[0][0]["label"]  # the first of the pipeline's is the most probable


def test_a_finished_run_is_kept_until_the_one_that_overwrites_it_is_finished(
    tmp_path, readable_annotations, monkeypatch
):
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    config = configured(tmp_path, readable_annotations, tfidf)
    train_run(config, "first")
    folder = run_folder(config.outputs, config.name, 0)
    anew = replace(config, model=replace(tfidf, C=3.0), overwrite=True)

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(runs, "predict_examples", killed)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                train_run(anew, "anew")
    before = folder.with_name(".seed-0.before")
    assert json.loads((before / "run.json").read_text())["command"] == "first"
    assert not (folder / "run.json").exists()
    run = train_run(anew, "anew")
    assert (run["resumed"], run["config"]["model"]["C"]) == (True, 3.0)
    assert not before.exists()


def answers_of_the_card(checkpoint):
    """What the last line of each example in the model card gives, once the checkpoint is named."""
    text = (checkpoint / "README.md").read_text(encoding="utf-8").replace("FOLDER OR HUB ID", str(checkpoint))
    answers = []
    for code in re.findall(r"```python\n(.*?)```", text, re.S):
        *lines, last = code.strip().splitlines()
        names: dict = {}
        exec("\n".join(lines), names)
        answers.append(eval(last, names))
    return answers


def test_a_run_from_before_there_was_a_setting_is_the_same_run(tmp_path, readable_annotations, monkeypatch):
    """And so is one that is recorded as runs once were: contents among the settings, some defaults left out."""
    config = configured(tmp_path, readable_annotations, LinearConfig(name="tfidf", features="tfidf", classifier="svm"))
    train_run(config, "first")
    path = run_folder(config.outputs, config.name, 0) / "run.json"
    record = json.loads(path.read_text())
    for where, key in ((record, "contents"), (record["config"], "source"), (record["config"]["data"], "quoting")):
        del where[key]
    path.write_text(json.dumps(record))
    monkeypatch.setattr(runs, "_trained", None)
    assert train_run(config, "second")["command"] == "first"
    for changed, told in (
        (replace(config, train_share=0.5), r"setting train_share: DIFFERENT, recorded 1\.0, now 0\.5;"),
        (
            replace(config, data=replace(config.data, headline="accuracy")),
            r"setting data\.headline: DIFFERENT, recorded",
        ),
    ):
        with pytest.raises(StanceError, match=f"a run of another configuration or other data is there: {told}"):
            train_run(changed, "third")


def test_rows_that_are_left_out_are_told_whether_the_dataset_is_built_or_exists(tmp_path, readable_annotations, caplog):
    first, *others = readable_annotations
    tied = [replace(first, label="favor"), replace(first, label="against", annotator="two")]
    prior = PriorConfig(name="target", prior="target")
    config = configured(tmp_path, [*tied, *others], prior)
    caplog.set_level("INFO", logger="stance")
    for state, name in (("built", "one"), ("exists", "other")):
        caplog.clear()
        train_run(replace(config, name=name), "told")
        told = [record.getMessage() for record in caplog.records]
        assert f"dataset {dataset_folder(config.outputs, config.data, config.split)} {state}" in told
        assert f"ties: 1 row(s) without a majority are in no part ({first.id}, ...)" in told


def test_an_encoder_of_another_number_of_processes_is_another_run(tmp_path, readable_annotations, monkeypatch):
    """Its batch was another; the message says so. A model that one process fits is the same run."""
    tiny = EncoderConfig(name="tiny")
    for model, number in ((tiny, 2), (LinearConfig(name="tfidf", features="tfidf", classifier="svm"), 1)):
        run = Recorded.of(configured(tmp_path, readable_annotations, model), "fingerprint", [])
        folder = tmp_path / model.name
        with monkeypatch.context() as patch:
            patch.setattr(identity.processes, "number", lambda: 2)
            begun = identity.begin_record(folder / "started.json", run, "mine", "command", resumed=False)
        assert begun.get("processes", 1) == number
        write_json(folder / "run.json", begun)
        if number == 1:
            assert identity.stands_already(folder, run, overwrite=False)
            continue
        with pytest.raises(StanceError, match="data is there: processes: DIFFERENT, recorded 2, now 1; allowed"):
            identity.stands_already(folder, run, overwrite=False)


def test_an_ensemble_is_the_mean_of_runs_that_stand_or_are_made(tmp_path, readable_annotations):
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    single = configured(tmp_path, readable_annotations, tfidf)
    first = train_run(single, "first")
    prior = PriorConfig(name="target", prior="target")
    both = EnsembleConfig(name="both", members={"words": tfidf, "target": prior})
    run = train_run(configured(tmp_path, readable_annotations, both), "both")
    folders = {name: run_folder(single.outputs, f"mine-{name}", 0) for name in ("tfidf", "target", "both")}
    assert train_run(single, "again")["command"] == first["command"] == "first"
    assert set(run["config"]["model"]["members"]) == {"words", "target"}
    assert [(made["name"], made["code"]) for made in run["made_from"]] == [
        (f"mine-{name}", run["code"]) for name in ("tfidf", "target")
    ]
    said = {name: read_predictions(folder / "predictions.test.jsonl") for name, folder in folders.items()}
    for row, prediction in said["both"].items():
        mean = {k: (v + said["target"][row].scores[k]) / 2 for k, v in said["tfidf"][row].scores.items()}
        assert prediction.scores == pytest.approx(mean, abs=1e-4)
    loaded = StanceClassifier.from_pretrained(folders["both"] / "checkpoint")
    for folder in folders.values():
        ((prediction,),) = answers_of_the_card(folder / "checkpoint")
        assert prediction.label in prediction.scores
    assert loaded.card.kind == "ensemble"
    row = ["The council of Arno accepted the plan to open the crossing."]
    members = [StanceClassifier.from_pretrained(folders[name] / "checkpoint") for name in ("tfidf", "target")]
    expected = [p.scores.values() for m in members for p in m.predict(row, ["open the crossing"])]
    (found,) = loaded.predict(row, ["open the crossing"])
    assert list(found.scores.values()) == pytest.approx([sum(pair) / 2 for pair in zip(*expected, strict=True)])


def test_an_ensemble_of_one_or_of_no_seed_is_refused():
    with pytest.raises(StanceError, match=r"model\.members: too small; found 1; allowed: 2 or more"):
        EnsembleConfig(name="one", members={"only": PriorConfig(name="target", prior="target")})
    two = {prior: PriorConfig(name=prior, prior=prior) for prior in ("target", "holder")}
    with pytest.raises(StanceError, match=r"model\.seeds: too small; found 0; allowed: 1 or more"):
        EnsembleConfig(name="none", members=two, seeds=0)


def test_what_a_later_member_cannot_be_trained_with_is_told_before_the_first_is(
    tmp_path, readable_annotations, tiny_encoder
):
    tiny = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64)
    with pytest.raises(StanceError, match=r"template 'second': unknown field; found '\{whom\}'"):
        replace(tiny, second="{holder} and {whom}")
    first, last = replace(tiny, name="first", second="{target}"), replace(tiny, frozen_layers=3)
    both = EnsembleConfig(name="both", members={"first": first, "tiny": last})
    with pytest.raises(StanceError, match=r"model\.frozen_layers: too many; found 3"):
        train_run(configured(tmp_path, readable_annotations, both), "both")
    assert not list((tmp_path / "outputs" / "runs").glob("*/*/*"))


def test_an_encoder_that_several_runs_train_is_loaded_once_to_be_checked(
    tmp_path, readable_annotations, tiny_encoder, monkeypatch
):
    """Those of a teacher of a source are checked too, and none of a run that is finished."""
    tiny = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64)
    config = sourced(tmp_path, readable_annotations, tiny, tiny)
    large = replace(config.source, name="large", model=replace(tiny, name="large", frozen_layers=3))
    taught = replace(config.source, distill=DistillConfig(teacher=large))
    loaded = []

    def new(name, input_format):
        loaded.append(name)
        return EncoderModel.new(name, input_format)

    monkeypatch.setattr(finetune, "EncoderModel", SimpleNamespace(new=new))
    runs._refuse_early(config)
    assert loaded == [str(tiny_encoder)]
    with pytest.raises(StanceError, match=r"model\.frozen_layers: too many; found 3"):
        train_run(replace(config, source=taught), "second")
    assert not list((tmp_path / "outputs" / "runs").glob("*/*/*"))
    write_json(run_folder(config.outputs, "large", 0) / "run.json", {})
    runs._refuse_early(replace(config, source=taught))


def test_sentences_that_nobody_labelled_are_read_once(tmp_path, readable_annotations, tiny_encoder, monkeypatch):
    tiny = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64)
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    config = replace(sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf), model=tiny, source=None)
    teacher = replace(sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf).source, name="teacher")
    line = {
        "document": "ferry",
        "holders": ["Harborne"],
        "targets": ["the deal"],
        "texts": ["Harborne backs the deal."],
    }
    (tmp_path / "more.jsonl").write_text(json.dumps(line), encoding="utf-8")
    more = DistillConfig(teacher=teacher, questions=4, unlabelled=str(tmp_path / "more.jsonl"), each=2)
    read = []
    for module in (distill, recorded):
        monkeypatch.setattr(module, "read", lambda path: read.append(path) or unlabelled.read(path))
    run = train_run(replace(config, distill=more), "taught")
    assert read == [str(tmp_path / "more.jsonl")]
    assert "unlabelled" in run["contents"]


def test_a_killed_run_does_not_learn_what_another_teacher_said(
    tmp_path, readable_annotations, tiny_encoder, monkeypatch
):
    """The teacher was trained anew between the kill and the going on, on the same data."""
    tiny = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64)
    prior = PriorConfig(name="target", prior="target")
    teacher = replace(sourced(tmp_path, readable_annotations, AsItIsConfig(), prior).source, name="teacher")
    config = configured(tmp_path, readable_annotations, tiny)
    config = replace(config, distill=DistillConfig(teacher=teacher, questions=4, weight=1.0))
    fit, told = fitting.fit, []

    def killed(model, train, validation, setup):
        if model.name != "tiny":
            return fit(model, train, validation, setup)
        told.append(setup.soft)
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "fit", killed)
    for overall in ([0.0, 1.0, 0.0], [1.0, 0.0, 0.0]):
        with pytest.raises(KeyboardInterrupt):
            train_run(config, "taught")
        path = run_folder(config.outputs, "teacher", 0) / "checkpoint" / "prior.json"
        write_json(path, {**json.loads(path.read_text()), "shares": [], "overall": overall})
    with pytest.raises(KeyboardInterrupt):
        train_run(config, "taught")
    assert (told[1][0].tolist(), told[2][0].tolist()) == ([0.0, 1.0, 0.0], [1.0, 0.0, 0.0])


def test_an_encoder_of_several_seeds_counts_as_one_member(tmp_path, readable_annotations, tiny_encoder):
    prior = PriorConfig(name="target", prior="target")
    tiny = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64, mark="¤")
    deep = EnsembleConfig(name="deep", members={"target": prior, "tiny": tiny}, seeds=2)
    config = replace(configured(tmp_path, readable_annotations, deep), seed=1)
    run = train_run(config, "deep")
    assert sorted((tmp_path / "outputs" / "runs").glob("*/seed-*")) == [
        run_folder(config.outputs, name, seed)
        for name, seed in (("mine-deep", 1), ("mine-target", 1), ("mine-tiny", 2), ("mine-tiny", 3))
    ]
    assert run["config"]["model"]["seeds"] == 2
    row = ["The council of Arno accepted the plan to open the crossing."], ["open the crossing"]

    def scores(name, seed):
        (said,) = StanceClassifier.from_pretrained(run_folder(config.outputs, name, seed) / "checkpoint").predict(*row)
        return np.array(list(said.scores.values()))

    second, third = scores("mine-tiny", 2), scores("mine-tiny", 3)
    assert np.abs(second - third).max() > 1e-4
    expected = (scores("mine-target", 1) + (second + third) / 2) / 2
    assert scores("mine-deep", 1) == pytest.approx(expected, abs=1e-5)
    loaded = StanceClassifier.from_pretrained(run_folder(config.outputs, "mine-deep", 1) / "checkpoint")
    assert loaded.runtime == "torch+torch"
    trained = StanceClassifier.from_pretrained(run_folder(config.outputs, "mine-tiny", 2) / "checkpoint")
    assert trained.card.input_format == InputFormat(max_length=64, mark="¤")


def sourced(folder, annotations, model, source_model) -> TrainConfig:
    """A run on half of the documents, after one on the other half."""
    config = configured(folder, [a for a in annotations if a.document < "G"], source_model)
    write_annotations(folder / "others.jsonl", [a for a in annotations if a.document >= "G"])
    source = SourceConfig(
        name="first",
        data=replace(config.data, name="others", path="others.jsonl"),
        split=config.split,
        model=source_model,
        trainer=config.trainer,
    )
    return replace(config, name=f"mine-{model.name}", model=model, source=source)


def test_a_source_is_a_run_of_its_own_and_its_model_may_be_taken_as_it_is(tmp_path, readable_annotations):
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    config = sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf)
    run = train_run(config, "second")
    first, second = (run_folder(config.outputs, name, 0) for name in ("first", "mine-as_it_is"))
    assert run["config"]["source"]["data"]["name"] == "others"
    assert "root" not in run["config"]["source"]["data"]
    row = ["The council of Arno accepted the plan to open the crossing."], ["open the crossing"]
    loaded = [StanceClassifier.from_pretrained(folder / "checkpoint") for folder in (first, second)]
    assert loaded[0].predict(*row) == loaded[1].predict(*row)
    assert loaded[1].card.data["name"] == "others"
    assert loaded[1].card.metrics["test"]["n"] == run["metrics"]["test"].n
    card = (second / "checkpoint" / "README.md").read_text(encoding="utf-8")
    assert "It is the model of the run first, on others, as it is" in card
    made = (first / "run.json").stat().st_mtime_ns
    train_run(replace(config, overwrite=True), "again")
    assert (first / "run.json").stat().st_mtime_ns == made


def test_several_sources_as_they_are_are_their_mean(tmp_path, readable_annotations):
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    single = sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf)
    prior = replace(single.source, name="more", model=PriorConfig(name="target", prior="target"))
    config = replace(single, name="mean", model=AsItIsConfig(others={"further": prior}))
    run = train_run(config, "mean")
    assert [made["name"] for made in run["made_from"]] == ["first", "more"]
    assert "root" not in run["config"]["model"]["others"]["further"]["data"]
    alone = {"name": "as_it_is", "checkpoint": "", "others": {}, "weights": False}
    assert train_run(single, "single")["config"]["model"] == alone
    row = ["The council of Arno accepted the plan to open the crossing."], ["open the crossing"]
    checkpoints = [run_folder(config.outputs, name, 0) / "checkpoint" for name in ("first", "more", "mean")]
    one, other, both = (list(StanceClassifier.from_pretrained(c).predict(*row)[0].scores.values()) for c in checkpoints)
    assert both == pytest.approx([(a + b) / 2 for a, b in zip(one, other, strict=True)])
    card = (checkpoints[2] / "README.md").read_text(encoding="utf-8")
    assert "the mean of the models of the run first, on others; of the run more, on others" in card


def test_a_run_gone_on_with_by_other_code_is_of_neither(tmp_path, readable_annotations, monkeypatch, caplog):
    config = configured(tmp_path, readable_annotations, LinearConfig(name="tfidf", features="tfidf", classifier="svm"))
    for commit, stopped in (("first", "predict_examples"), ("second", "write_validation")):
        with monkeypatch.context() as patch:
            patch.setattr(identity, "code_state", lambda commit=commit: {"commit": commit, "dirty": False})
            patch.setattr(runs, stopped, None)
            with pytest.raises(TypeError):
                train_run(config, "killed")
    assert "begun by other code or versions" in caplog.text
    monkeypatch.setattr(identity, "code_state", lambda: {"commit": "second", "dirty": False})
    run = train_run(config, "done")
    assert (run["code"], run["resumed"]) == ({"commit": "second", "dirty": True}, True)


def test_a_run_that_learnt_nothing_yet_is_of_the_code_that_trains_it(tmp_path, readable_annotations, monkeypatch):
    config = configured(tmp_path, readable_annotations, LinearConfig(name="tfidf", features="tfidf", classifier="svm"))
    with monkeypatch.context() as patch:
        patch.setattr(identity, "code_state", lambda: {"commit": "with a bug", "dirty": False})
        patch.setattr(runs, "_trained", None)
        with pytest.raises(TypeError):
            train_run(config, "failed")
    run = train_run(config, "mended")
    assert (run["code"], run["command"], run["resumed"]) == (identity.code_state(), "mended", False)


def test_a_source_that_is_refused_costs_no_finished_run(tmp_path, readable_annotations):
    """Overwriting begins once all that the run needs stands."""
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    config = sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf)
    run = train_run(config, "first")
    other = replace(config, overwrite=True, source=replace(config.source, model=replace(tfidf, C=3.0)))
    with pytest.raises(
        StanceError, match=r"first/seed-0: a run of another .* overwrite=true in the command of this very"
    ):
        train_run(other, "second")
    assert train_run(config, "again")["command"] == run["command"]


def test_other_data_of_a_source_make_another_run(tmp_path, readable_annotations, monkeypatch):
    """Also of a source's source. A run recorded before they were compared is the same run, as is one without them."""
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    config = sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf)
    between = replace(config.source, name="between", data=config.data, model=AsItIsConfig(), source=config.source)
    config = replace(config, source=between)
    train_run(config, "first")
    monkeypatch.setattr(runs, "_trained", None)
    assert train_run(config, "same")["command"] == "first"
    others = [replace(a, text=a.text.upper()) for a in readable_annotations if a.document >= "G"]
    write_annotations(tmp_path / "others.jsonl", others)
    with pytest.raises(StanceError, match=r"contents data of first: DIFFERENT, recorded [0-9a-f]{64}, now "):
        train_run(config, "other")
    path = run_folder(config.outputs, config.name, 0) / "run.json"
    record = json.loads(path.read_text())
    assert list(record["contents"]) == ["data of first"]
    path.write_text(json.dumps({**record, "contents": {}}))
    assert train_run(config, "before")["command"] == "first"
    path.write_text(json.dumps(record))
    (tmp_path / "others.jsonl").unlink()
    assert train_run(config, "gone")["command"] == "first"


def test_a_checkpoint_with_other_settings_makes_another_run(tmp_path, readable_annotations, monkeypatch):
    """Its weights are the same, or there are none. Scores, the README and an export change no answer."""
    prior = configured(tmp_path, readable_annotations, PriorConfig(name="target", prior="target"))
    train_run(prior, "prior")
    checkpoint = run_folder(prior.outputs, prior.name, 0) / "checkpoint"
    config = configured(tmp_path, readable_annotations, AsItIsConfig(checkpoint=str(checkpoint)))
    train_run(config, "first")
    monkeypatch.setattr(runs, "_trained", None)
    card, saved = (json.loads((checkpoint / name).read_text()) for name in ("stance.json", "prior.json"))
    write_json(checkpoint / "stance.json", {**card, "metrics": {}, "thresholds": []})
    write_json(checkpoint / "onnx.json", {})
    (checkpoint / "README.md").unlink()
    assert train_run(config, "same")["command"] == "first"
    for name, changed in (("prior.json", {**saved, "overall": [1.0, 0.0, 0.0]}), ("stance.json", {**card, "scale": 2})):
        before = (checkpoint / name).read_text()
        write_json(checkpoint / name, changed)
        with pytest.raises(StanceError, match="contents checkpoint settings: DIFFERENT, recorded"):
            train_run(config, "other")
        (checkpoint / name).write_text(before)


def test_a_source_may_learn_from_other_corpora(tmp_path, readable_annotations):
    """And from these alone: then its card names them, and not the corpus that chose among them."""
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    config = sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf)
    others = replace(config.source, data=config.data, auxiliary=AuxiliaryConfig(corpora={"more": config.source.data}))
    alone = replace(others, auxiliary=replace(others.auxiliary, own_rows=False))
    for name, source, corpora in (("both", others, "mine, others"), ("alone", alone, "others")):
        run = train_run(replace(config, name=name, source=replace(source, name=f"first-{name}")), "second")
        first = run_folder(config.outputs, f"first-{name}", 0)
        assert "root" not in run["config"]["source"]["auxiliary"]["corpora"]["more"]
        card = (run_folder(config.outputs, name, 0) / "checkpoint" / "README.md").read_text(encoding="utf-8")
        assert f"It is the model of the run first-{name}, on {corpora}, as it is" in card
        assert f"documents of {corpora}" in (first / "checkpoint" / "README.md").read_text(encoding="utf-8")


def test_an_encoder_goes_on_from_its_source(tmp_path, readable_annotations, tiny_encoder):
    """With a learning rate of nothing, the weights are the source's to the last one, the head too."""
    model = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64)
    config = sourced(tmp_path, readable_annotations, model, model)
    run = train_run(replace(config, trainer={**config.trainer, "learning_rate": 0.0, "weight_decay": 0.0}), "second")
    first, second = (run_folder(config.outputs, name, 0) / "checkpoint" for name in ("first", "mine-tiny"))
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()
    assert run["config"]["model"]["encoder"] == str(tiny_encoder)
    assert "After the run first, on others: " in (second / "README.md").read_text(encoding="utf-8")


def test_of_an_ensemble_the_encoder_goes_on_from_the_source(tmp_path, readable_annotations, tiny_encoder):
    """The other members learn from the corpus itself alone."""
    tiny = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64)
    both = EnsembleConfig(name="both", members={"tiny": tiny, "target": PriorConfig(name="target", prior="target")})
    run = train_run(replace(sourced(tmp_path, readable_annotations, both, tiny), name="mine-both"), "both")
    assert [made["name"] for made in run["made_from"]] == ["mine-tiny", "first", "mine-target"]
    kept = {
        name: (tmp_path / "outputs" / "runs" / name / "seed-0" / "run.json") for name in ("mine-tiny", "mine-target")
    }
    settings = {name: json.loads(path.read_text())["config"] for name, path in kept.items()}
    assert settings["mine-tiny"]["source"]["name"] == "first"
    assert settings["mine-target"]["source"] is None


def test_a_source_without_use_and_a_use_without_source_are_refused(tmp_path, readable_annotations):
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    with pytest.raises(StanceError, match=r"source: of no use to this model; found 'tfidf'"):
        sourced(tmp_path, readable_annotations, tfidf, tfidf)
    taken = sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf)
    itself = replace(taken.source, name=taken.name)
    for before in (itself, replace(taken.source, model=AsItIsConfig(), source=itself)):
        with pytest.raises(StanceError, match=r"source\.name: that of the run itself; found 'mine-as_it_is'"):
            replace(taken, source=before)
    with pytest.raises(StanceError, match="source: with model=as_it_is either"):
        configured(tmp_path, readable_annotations, AsItIsConfig())
    tiny, other = EncoderConfig(name="tiny", encoder="tiny"), EncoderConfig(name="tiny", encoder="other")
    prior = PriorConfig(name="target", prior="target")
    both = EnsembleConfig(name="both", members={"a": tfidf, "b": prior})
    for model, source, message in (
        (both, tiny, r"source: of no use to this model; found 'both'"),
        (tiny, tfidf, r"source\.model: not an encoder; found 'tfidf'"),
        (tiny, other, r"model\.encoder: not that of the source; found \['tiny'\]; allowed: .* same, here other"),
        (replace(both, members={"a": tiny, "b": prior}), other, r"model\.encoder: not that of the source"),
    ):
        with pytest.raises(StanceError, match=message):
            sourced(tmp_path, readable_annotations, model, source)
    with pytest.raises(StanceError, match=r"source\.name: that of the run itself; found 'first'"):
        replace(sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf), name="first")
    with pytest.raises(StanceError, match=r"model\.name: unknown value; found 'mine'; allowed: as_it_is"):
        AsItIsConfig(name="mine")


def test_seeds_of_one_member_learn_from_the_same_documents(tmp_path, readable_annotations):
    members = {"a": EncoderConfig(name="tiny"), "b": PriorConfig(name="target", prior="target")}
    deep = EnsembleConfig(name="deep", members=members, seeds=2)
    config = configured(tmp_path, readable_annotations, deep)
    with pytest.raises(StanceError, match=r"train_share: each seed would learn from other documents; .*seeds=1"):
        replace(config, train_share=0.5)
    with pytest.raises(StanceError, match=r"model\.name: that of a member; found 'tiny'"):
        replace(config, model=replace(deep, name="tiny"))


def test_a_run_that_goes_on_elsewhere_is_of_neither_machine(tmp_path, readable_annotations, monkeypatch):
    config = configured(tmp_path, readable_annotations, LinearConfig(name="tfidf", features="tfidf", classifier="svm"))
    with monkeypatch.context() as patch:
        patch.setattr(runs, "predict_examples", None)
        patch.setattr(identity, "machine", lambda: {"processor": "another"})
        with pytest.raises(TypeError):
            train_run(config, "killed")
    run = train_run(config, "done")
    assert (run["machine"], run["code"]["dirty"]) == (machine(), True)


def test_rows_that_a_source_learnt_from_are_counted(tmp_path, readable_annotations, caplog):
    """The same corpus, divided in another way."""
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    config = sourced(tmp_path, readable_annotations, AsItIsConfig(), tfidf)
    other = replace(config.source, name="mixed", data=config.data, split=replace(config.split, seed=5))
    assert train_run(config, "first")["learnt"] == {"validation": 0, "test": 0}
    run = train_run(replace(config, name="second", source=other), "second")
    assert run["learnt"]["test"] > 0
    assert f"{run['learnt']['test']} of 12 rows of test have a text that was learnt from" in caplog.text


def test_an_encoder_whose_files_changed_makes_another_run(tmp_path, readable_annotations, tiny_encoder, monkeypatch):
    """A run recorded before encoders were digested is still the same run, and so is one whose encoder is gone."""
    encoder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, encoder)
    tiny = EncoderConfig(name="tiny", encoder=str(encoder), max_length=64)
    config = configured(tmp_path, readable_annotations, tiny)
    train_run(config, "first")
    (encoder / "onnx.json").write_text("{}")
    monkeypatch.setattr(runs, "_trained", None)
    assert train_run(config, "same")["command"] == "first"
    weights = load_file(encoder / "model.safetensors")
    save_file({name: values + 1 for name, values in weights.items()}, encoder / "model.safetensors", {"format": "pt"})
    with pytest.raises(StanceError, match=r"contents encoder .*encoder: DIFFERENT, recorded [0-9a-f]{64}, now "):
        train_run(config, "other")
    static = LinearConfig(name="static", features="static", classifier="svm", encoder=str(encoder))
    both = EnsembleConfig(name="both", members={"a": tiny, "b": static})
    assert list(Recorded.of(replace(config, model=both), "", []).contents) == [f"encoder {encoder}"]
    path = run_folder(config.outputs, config.name, 0) / "run.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "contents": {}}))
    assert train_run(config, "before")["command"] == "first"
    path.write_text(json.dumps(record))
    shutil.rmtree(encoder)
    assert train_run(config, "gone")["command"] == "first"


def test_rows_that_an_encoder_learnt_from_are_counted(tmp_path, readable_annotations, tiny_encoder):
    """The encoder is a checkpoint of the same corpus divided in another way: of a run, of a member, of a frozen one."""
    tiny = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64)
    first = configured(tmp_path, readable_annotations, tiny)
    first = replace(first, name="first", split=replace(first.split, seed=5))
    assert train_run(first, "first")["learnt"] == {"validation": 0, "test": 0}
    checkpoint = str(run_folder(first.outputs, "first", 0) / "checkpoint")
    on = replace(tiny, encoder=checkpoint)
    expected = train_run(configured(tmp_path, readable_annotations, on), "on")["learnt"]
    assert expected["test"] > 0
    static = LinearConfig(name="static", features="static", classifier="svm", encoder=checkpoint)
    both = EnsembleConfig(name="both", members={"a": on, "b": static})
    for model in (static, both):
        assert train_run(configured(tmp_path, readable_annotations, model), "further")["learnt"] == expected
    tfidf = LinearConfig(name="tfidf", features="tfidf", classifier="svm", encoder=checkpoint)
    assert train_run(configured(tmp_path, readable_annotations, tfidf), "none")["learnt"]["test"] == 0
