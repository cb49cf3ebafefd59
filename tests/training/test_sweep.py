"""A sweep looks at validation alone, goes on where it was stopped, and says how its best is trained."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
from hydra import compose, initialize_config_dir

from conftest import PROJECT
from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.questions import Question
from stance.cli.config import register, typed
from stance.data.config import DataConfig, SplitConfig
from stance.models.config import EncoderConfig, LinearConfig
from stance.models.input_format import InputFormat
from stance.training import finetune as training
from stance.training.config import DistillConfig, SearchConfig, SourceConfig, SweepConfig
from stance.training.sweep import run_sweep, train_command

COMMAND = "python scripts/sweep.py model=minilm seed=3 search.trials=9 trainer.learning_rate=1 name=mine"


@pytest.fixture
def config(tmp_path, readable_annotations, tiny_encoder):
    write_annotations(tmp_path / "votes.jsonl", readable_annotations)
    return SweepConfig(
        name="mine",
        data=DataConfig(name="mine", reader="annotations", root=str(tmp_path), path="votes.jsonl"),
        split=SplitConfig(by="document", validation=0.2, test=0.25),
        model=EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64),
        trainer={"disable_tqdm": True},
        outputs=str(tmp_path / "outputs"),
        search=SearchConfig(
            trials=1, learning_rate=[1e-4, 1e-2], epochs=[1, 2], templates=["{holder}: {target}", "'{target}'"]
        ),
    )


def test_a_stopped_sweep_goes_on_to_the_same_trials(config, tmp_path, monkeypatch):
    whole = run_sweep(replace(config, search=replace(config.search, trials=2), name="whole"), COMMAND)
    assert run_sweep(config, COMMAND)["trials"][0]["drew"] == whole["trials"][0]["drew"]
    original = training.fine_tune

    def killed(*arguments, **named):
        named["on_epoch"](1, 0.99)
        raise KeyboardInterrupt

    more = replace(config, search=replace(config.search, trials=2))
    monkeypatch.setattr(training, "fine_tune", killed)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(more, COMMAND)
    monkeypatch.setattr(training, "fine_tune", original)
    report = run_sweep(more, COMMAND)
    for trials in (report["trials"], whole["trials"]):
        for trial in trials:
            del trial["seconds"], trial["trial"]
    assert report["trials"] == whole["trials"]
    assert len(report["trials"]) == 2
    assert report["best"]["macro_f1"] == max(trial["macro_f1"] for trial in report["trials"])
    for trial in report["trials"]:
        assert trial["macro_f1"] == max(trial["by_epoch"])
        assert len(trial["by_epoch"]) == trial["drew"]["trainer.num_train_epochs"]
    outputs = tmp_path / "outputs"
    assert json.loads((outputs / "sweeps" / "mine.json").read_text())["train"] == report["train"]
    assert [path.name for path in (outputs / "sweeps" / "mine").iterdir()] == ["study.db"]
    assert not (outputs / "runs").exists()
    with pytest.raises(StanceError, match="a sweep with other settings or data is there"):
        run_sweep(replace(config, seed=1), COMMAND)


def composed(primary, overrides):
    register()
    with initialize_config_dir(version_base="1.3", config_dir=str(PROJECT / "conf")):
        return typed(compose(primary, overrides))


def test_every_template_that_is_tried_by_default_is_one():
    config = composed("sweep", ["model=minilm"])
    assert config.name == "negotiation-minilm"
    for template in config.search.templates:
        assert "the port" in InputFormat(config.model.first, template).pair(Question("a", "the port", "b"))[1]


def test_the_command_of_the_best_is_one_that_the_train_script_takes():
    drew = {"trainer.learning_rate": 2e-5, "trainer.num_train_epochs": 4, "model.second": "it's {holder}: {target}"}
    python, script, *overrides = shlex.split(train_command(COMMAND, drew, "mine-best"))
    assert (python, script) == ("python", "scripts/train.py")
    config = composed("train", overrides)
    assert (config.name, config.seed, config.model.second) == ("mine-best", 3, "it's {holder}: {target}")
    assert (config.trainer["learning_rate"], config.trainer["num_train_epochs"]) == (2e-5, 4)


def test_the_command_of_the_best_has_nothing_of_the_search_however_it_was_set():
    command = f"{COMMAND} 'search={{trials: 2, epochs: [1, 2]}}' ++search.trials=3"
    assert train_command(command, {}, "best") == train_command(COMMAND, {}, "best")
    groups = "'trainer={learning_rate: 1, warmup_steps: 5}' 'model={second: a}'"
    drew = {"trainer.learning_rate": 2e-5, "model.second": "{target}"}
    config = composed("train", shlex.split(train_command(f"{COMMAND} {groups}", drew, "best"))[2:])
    assert config.trainer["learning_rate"] == 2e-5  # what is drawn stands after the groups
    assert (config.trainer["warmup_steps"], config.model.second) == (5, "{target}")


def test_what_cannot_be_searched_is_refused(config):
    with pytest.raises(StanceError, match=r"search\.epochs: not a range; found \[3, 1\]"):
        SearchConfig(epochs=[3, 1])
    with pytest.raises(StanceError, match="model: not a fine-tuned encoder; found 'tfidf'"):
        replace(config, model=LinearConfig(name="tfidf", features="tfidf", classifier="svm"))
    with pytest.raises(
        StanceError, match="source: of no use to a sweep; found 'first'; allowed: none; ~source where an"
    ):
        replace(config, source=SourceConfig(name="first", data=config.data, model=config.model))
    teacher = SourceConfig(name="teacher", data=config.data, model=config.model)
    with pytest.raises(StanceError, match="distill: of no use to a sweep; found 'teacher'; allowed: none; ~distill"):
        replace(config, distill=DistillConfig(teacher=teacher))
    faulty = replace(config, search=replace(config.search, templates=["{target}", "{proposal}"]))
    with pytest.raises(StanceError, match=r"template 'second': unknown field; found '\{proposal\}'"):
        run_sweep(faulty, COMMAND)
