"""Every file in conf/ is composed and converted; what is wrong is refused before anything runs."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir

from conftest import PROJECT
from stance.config import register, typed
from stance.errors import StanceError
from stance.settings import (
    EncoderConfig,
    EnsembleConfig,
    KernelConfig,
    LabelSpellings,
    LinearConfig,
    PriorConfig,
    PromptConfig,
    TrainConfig,
)

CONF = PROJECT / "conf"


def names(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def composed(primary: str, *overrides: str, folder=CONF):
    register()
    with initialize_config_dir(version_base="1.3", config_dir=str(folder)):
        return typed(compose(primary, list(overrides)))


@pytest.mark.parametrize("experiment", names("experiment"))
def test_every_experiment_composes_and_is_named_after_its_file(experiment):
    named = ["distill.teacher.model.language_model=m"] if experiment == "taught_by_prompt" else []
    config = composed("train", f"experiment={experiment}", *named)
    assert isinstance(config, TrainConfig)
    assert config.name == experiment or (
        config.name.startswith(f"{experiment}-") and config.name.endswith(config.model.name)
    )


@pytest.mark.parametrize("model", [name for name in names("model") if name not in ("as_it_is", "prompt")])
def test_every_model_composes_to_its_own_schema(model):
    config = composed("train", f"model={model}")
    assert config.model.name == model
    assert config.name == f"negotiation-{model}"
    assert isinstance(config.model, PriorConfig | LinearConfig | KernelConfig | EncoderConfig | EnsembleConfig)


def test_a_prompted_model_composes_with_its_name_and_says_what_is_missing():
    config = composed("train", "model=prompt", "model.language_model=m", "prompt.endpoint=http://127.0.0.1:8000/v1")
    assert isinstance(config.model, PromptConfig) and config.name == "negotiation-prompt"
    assert config.model.guidelines == str(PROJECT / "seeds" / "GUIDELINES.md")
    annotate = composed(
        "annotate", "input=i.csv", "output=o.jsonl", "annotator=m", "model=prompt", "model.language_model=m"
    )
    assert isinstance(annotate.model, PromptConfig) and annotate.prompt.endpoint is None
    for wrong in (["model=prompt"], ["model=prompt", "model.language_model=m", "model.questions=3"]):
        with pytest.raises(StanceError, match=r"model\.(language_model|questions)"):
            composed("train", *wrong)
    with pytest.raises(StanceError, match="either checkpoint=DIR or model=prompt"):
        composed("annotate", "input=i.csv", "output=o.jsonl", "annotator=m")


@pytest.mark.parametrize("data", names("data"))
@pytest.mark.parametrize("primary", ["build_dataset", "train", "evaluate", "probe"])
def test_every_corpus_composes_in_every_script(primary, data):
    extra = ["data.path=mine.csv"] if data in ("annotations", "table", "dna", "import") else []
    extra += ["checkpoint=c"] if primary == "probe" else []
    config = composed(primary, f"data={data}", *extra)
    assert data.startswith(config.data.reader)


@pytest.mark.parametrize("split", names("split"))
def test_every_split_composes(split):
    assert composed("build_dataset", f"split={split}").split.by == split


@pytest.mark.parametrize("group", ["trainer"])
def test_every_trainer_holds_keywords_of_training_arguments(group, tmp_path):
    from stance.training import _arguments

    for name in names(group):
        config = composed("train", f"{group}={name}")
        assert _arguments(config.trainer, 0, tmp_path).num_train_epochs == config.trainer["num_train_epochs"]


def test_the_scripts_without_groups_compose():
    predict = composed("predict", "checkpoint=c", "input=i.csv", "output=o.csv", "columns.text=sentence")
    assert (predict.columns.text, predict.columns.target, predict.prefix) == ("sentence", "target", "")
    assert predict.runtime == "auto"
    assert composed("shares", "predictions=p", "checkpoint=c", "columns.target=proposal").columns.target == "proposal"
    assert composed("behaviour", "checkpoint=c").suite is None
    assert composed("export", "checkpoint=c", "data=vast", "split=official").part == "validation"
    summarize = composed("summarize", "experiment=[a,b]", folder=CONF / "summarize")
    assert summarize.experiment == ["a", "b"]


def test_a_comparison_knows_its_data_only_if_told():
    assert composed("compare", "a=x", "b=y").data is None
    config = composed("compare", "runs=[x.jsonl,y.jsonl,z.jsonl]", "data=semeval2016", "split=official")
    assert (config.data.reader, config.split.by, config.names()[0]) == ("semeval2016", "official", "x.jsonl")


def test_the_corpora_folder_is_the_users(monkeypatch):
    monkeypatch.delenv("STANCE_DATA", raising=False)
    assert str(composed("build_dataset", "data=semeval2016").data.location) == "data/semeval2016-t6"
    monkeypatch.setenv("STANCE_DATA", "/corpora")
    assert str(composed("build_dataset", "data=semeval2016").data.location) == "/corpora/semeval2016-t6"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.reader=word", "data.reader: unknown value; found 'word'; allowed: negotiation, news"),
        ("data.headline=f1", "data.headline: unknown value; found 'f1'"),
        ("split.by=luck", "split.by: unknown value"),
        ("split.leaks=ignore", "split.leaks: unknown value"),
        ("data=annotations", "configuration, data.path: .*missing"),
    ],
)
def test_a_wrong_value_is_refused(override, message):
    with pytest.raises(StanceError, match=message):
        composed("train", override)


@pytest.mark.parametrize("override", ["model=prior_target model.prior=text", "model=tfidf model.features=bag"])
def test_a_wrong_model_value_is_refused(override):
    with pytest.raises(StanceError, match="unknown value"):
        composed("train", *override.split())


@pytest.mark.parametrize("primary", ["annotators", "mistakes", "suspects"])
def test_what_is_said_of_annotators_labels_and_mistakes_composes(primary):
    assert composed(primary, "data=gwsd").data.reader == "gwsd"


def test_suspects_are_found_by_linear_models_alone():
    assert composed("suspects", "model=embedding").model.features == "embedding"
    with pytest.raises(StanceError, match="model: not a linear model; found 'minilm'; allowed: tfidf, embedding"):
        composed("suspects", "model=minilm")


def test_label_spellings_become_a_map_and_never_overlap():
    config = composed("train", "data=annotations", "data.path=a.csv", "data.labels={favor: [PRO, 2], against: [CON]}")
    assert config.data.labels.map() == {"CON": "against", "PRO": "favor", "2": "favor"}
    with pytest.raises(StanceError, match="labels: spelled alike: against and favor; found 'x'"):
        LabelSpellings(against=["x"], favor=["x"]).map()
    assert LabelSpellings().map() == {}


def test_labels_that_are_left_out_have_no_meaning_and_are_those_of_ones_own_file():
    config = composed("train", "data=table", "data.path=a.csv", 'data.leave_out=["", UNCLEAR, 9]')
    assert config.data.leave_out == ["", "UNCLEAR", "9"]
    with pytest.raises(StanceError, match=r"data.leave_out: it has a meaning in data.labels too; found 'PRO'"):
        composed("train", "data=table", "data.path=a.csv", "data.leave_out=[PRO]", "data.labels.favor=[PRO]")
    with pytest.raises(StanceError, match=r"data.leave_out: not read of a published corpus"):
        composed("train", "data=gwsd", "data.leave_out=[neutral]")
