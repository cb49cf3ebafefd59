"""Every file in conf/ is composed and converted; what is wrong is refused before anything runs."""

from __future__ import annotations

import shlex
import tempfile

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from conftest import PROJECT, run_here
from stance.base.errors import StanceError, content, listed, setting
from stance.cli.arguments import as_typed
from stance.cli.config import plain_messages, register, typed
from stance.cli.refusals import in_our_words
from stance.cli.suspects import SuspectsConfig
from stance.data.config import DataConfig, LabelSpellings, SplitConfig
from stance.evaluation.config import ProbeConfig
from stance.inference.config import ExportConfig, PredictConfig, RayConfig
from stance.models.config import (
    KINDS,
    EncoderConfig,
    KernelConfig,
    LinearConfig,
    PromptConfig,
)
from stance.training.config import SourceConfig, SweepConfig, TrainConfig
from stance.training.plan import of_source

CONF = PROJECT / "conf"
DATA = DataConfig(name="mine", reader="table", root="", path="a.csv")


def names(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def composed(primary: str, *overrides: str, folder=CONF):
    register()
    with initialize_config_dir(version_base="1.3", config_dir=str(folder)):
        return typed(compose(primary, list(overrides)))


@pytest.mark.parametrize("experiment", names("experiment"))
def test_every_experiment_composes_and_is_named_after_its_file(experiment):
    asked = {"taught_by_prompt": "distill.teacher.model.language_model=m", "prompted": "model.language_model=m"}
    config = composed("train", f"experiment={experiment}", *filter(None, [asked.get(experiment)]))
    assert isinstance(config, TrainConfig)
    assert config.name == experiment or (
        config.name.startswith(f"{experiment}-") and config.name.endswith(config.model.name)
    )


@pytest.mark.parametrize("source", sorted({*names("source")} & {*names("experiment")}))
def test_a_source_is_the_run_of_its_experiment(source):
    config = composed("train", "data=gwsd", "split=official", "model=as_it_is", f"+source={source}")
    assert config.source is not None
    alone = composed("train", f"experiment={source}", f"model={config.source.model.name}")
    assert of_source(config, config.source) == alone


def test_no_reference_stands_for_a_group_of_settings():
    with pytest.raises(StanceError, match=r"columns: a reference in place of settings; found '\${oc.env:HOME}'"):
        composed("predict", "input=a.csv", "output=b.csv", "columns=${oc.env:HOME}")


@pytest.mark.parametrize("model", [name for name in names("model") if name not in ("as_it_is", "prompt")])
def test_every_model_composes_to_its_own_schema(model):
    config = composed("train", f"model={model}")
    assert config.model.name == model
    assert config.name == f"negotiation-{model}"
    assert config.model.kind in KINDS


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


#: By default each corpus in one of the scripts, by turns: they share its schema, and composing takes time.
CORPORA_IN_SCRIPTS = [
    pytest.param(primary, data, marks=[] if number % 4 == turn else pytest.mark.slow)
    for turn, primary in enumerate(("build_dataset", "train", "evaluate", "probe"))
    for number, data in enumerate(names("data"))
]


@pytest.mark.parametrize(("primary", "data"), CORPORA_IN_SCRIPTS)
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
    from stance.training.finetune import training_arguments

    for name in names(group):
        config = composed("train", f"{group}={name}")
        assert training_arguments(config.trainer, 0, tmp_path).num_train_epochs == config.trainer["num_train_epochs"]


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
        ("data.reader=word", "data.reader: unknown value; found 'word'; allowed: annotations, bundled"),
        ("data.headline=f1", "data.headline: unknown value; found 'f1'"),
        ("split.by=luck", "split.by: unknown value"),
        ("split.leaks=ignore", "split.leaks: unknown value"),
        ("data=annotations", r"data\.path: a value is missing; allowed: data\.path=\.\.\."),
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
    with pytest.raises(StanceError, match=r"data.leave_out: not read with data.reader=gwsd; found \['neutral'\]"):
        composed("train", "data=gwsd", "data.leave_out=[neutral]")


PLAIN = (
    "votes (1).csv", "a=b.csv", "R&D,final.csv", "données/голоса.csv", "投票.csv", "O'Brien", "the people's assembly",
    "1e3", "007", "1_000", "+1", "TRUE", "no", "NaN", "Null", "[a]", "{a: b}", "a: b", "range(1,3)", "50% off #1; no!",
    "~/x", "C:\\votes\\", "\\", '"Yes" and "no"', "'twas", '"', "${x", "tax of $5", " and, so", "two\nlines", "",
)  # fmt: skip


def read_back(argument: str, schema: type) -> object:
    """The value that Hydra makes of an argument of a script."""
    (override,) = OverridesParser.create().parse_overrides(as_typed([argument], schema))
    return OmegaConf.to_container(OmegaConf.create([override.value()]), resolve=True)[0]


def test_a_text_stands_for_itself():
    for text in PLAIN:
        assert read_back(f"input={text}", PredictConfig) == read_back(f"target={text}", PredictConfig) == text
        assert read_back(f"data.leave_out={listed(['x', text, 'y'])}", TrainConfig) == ["x", text, "y"]
        if text.strip() == text and "," not in text:
            assert read_back(f"data.leave_out=[x, {text}]", TrainConfig) == ["x", text]
            labels = read_back(f"data.labels={{favor: [{text}, x], against: [y]}}", TrainConfig)
            assert labels == {"favor": [text, "x"], "against": ["y"]}
    said = as_typed(["checkpoint=c", "input=a=b (1).csv", "output=é.csv", "target=1e3", "holder=TRUE"], PredictConfig)
    config = composed("predict", *said)
    assert (config.input, config.output, config.target, config.holder) == ("a=b (1).csv", "é.csv", "1e3", "TRUE")


def test_what_hydra_knows_it_still_knows():
    def said(*arguments, schema=TrainConfig):
        return as_typed(arguments, schema)

    untouched = (
        "experiment=vast", "seed=0", "model.C=1e-3", "trainer.learning_rate=1e-4", "~trainer", "+trainer={a:1}",
        "hydra/launcher=here", "hydra.launcher.n_jobs=2", "data=table", "~source", "data.path=${oc.env:HOME}/a.csv",
        'data.target="a, b"', 'data.leave_out=["",UNCLEAR]', "name=mine", "--cfg=job", "data.annotators=[]",
    )  # fmt: skip
    assert said(*untouched) == list(untouched)
    assert said("source.data.path=a(b", "auxiliary.corpora.x.path=a(b", "distill.teacher.data.name=1e3") == [
        'source.data.path="a(b"',
        'auxiliary.corpora.x.path="a(b"',
        'distill.teacher.data.name="1e3"',
    ]
    assert said("model.second={holder}: {target}") == ['model.second="{holder}: {target}"']
    assert said('search.templates=[{target}, "{target}, {holder}"]', schema=SweepConfig) == [
        'search.templates=["{target}","{target}, {holder}"]'
    ]
    assert said("target=null", schema=PredictConfig) == ["target=null"]
    with pytest.raises(StanceError, match=r"columns\.text: null where there must be a text; allowed: ") as error:
        said("columns.text=null", schema=PredictConfig)
    (hint,) = shlex.split(str(error.value).partition("allowed: ")[2].removesuffix(" for the word"))
    assert read_back(hint, PredictConfig) == "null"


def test_in_a_multirun_a_comma_separates():
    def said(argument):
        return as_typed(["-m", argument], TrainConfig)[1]

    for untouched in ("experiment=vast,seesaw", "seed=range(0,3)", "data.path=a.csv,b.csv", "data.path=choice(a,b)"):
        assert said(untouched) == untouched
    assert said("data.path=votes (1).csv,R&D.csv") == 'data.path="votes (1).csv","R&D.csv"'
    assert said('data.target=1e3,"a, b"') == 'data.target="1e3","a, b"'


@pytest.mark.parametrize(
    "settings", [("input=jan.csv,feb.csv", "output=a.csv,b.csv"), ("target=x,y", "input=i.csv", "output=a.csv")]
)
def test_jobs_that_would_write_over_each_other_are_refused(settings):
    with pytest.raises(StanceError, match=r"output: a file to which several jobs would write, .*; found '?a\.csv"):
        as_typed(["-m", *settings], PredictConfig)
    for apart in (("input=jan.csv,feb.csv", "output=scored-${input}"), ("input=jan.csv", "output=a.csv,b.csv")):
        as_typed(["-m", *apart], PredictConfig)


def test_a_multirun_leaves_its_configuration_where_the_outputs_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def folder(primary, *overrides):
        register()
        with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
            return compose(primary, list(overrides), return_hydra_config=True).hydra.sweep.dir

    assert folder("train", f"outputs={tmp_path}/there") == f"{tmp_path}/there/.sweep"
    assert folder("audit", "name=x", "folder=there").startswith(tempfile.gettempdir())
    (tmp_path / "file").touch()
    assert folder("train", "outputs=file/there").startswith(tempfile.gettempdir())
    assert {path.name for path in tmp_path.iterdir()} == {"file", "there"}


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_proposal_for_all_rows_is_some_text(blank):
    with pytest.raises(StanceError, match=r"target: empty; found ' *'; allowed: the proposal"):
        PredictConfig(input="a.csv", output="b.csv", target=blank)
    if blank:
        with pytest.raises(StanceError, match=r"data\.target: empty"):
            DataConfig(name="mine", reader="table", root="", path="a.csv", target=blank)


UNFIT = {
    "seed=-1": "seed: not a seed; found -1; allowed: 0 to 4294967295",
    "seed=4294967296": "seed: not a seed",
    "split.seed=-1": r"split\.seed: not a seed; found -1",
    "model=tfidf model.C=0": r"model\.C: too small; found 0.0; allowed: above 0",
    "model.frozen_layers=-1": r"model\.frozen_layers: too small; found -1; allowed: 0 or more",
    "model.dropout=1": r"model\.dropout: not a share; found 1\.0; allowed: 0 or more and below 1",
    "model.max_length=0": r"model\.max_length: too small",
    "model.first=text": r"model: templates: neither has \{text\}; found \['text', '\{holder\}: \{target\}'\]",
    "model.mark=H1": "model: mark: a text may have it; found 'H1'",
    "trainer.per_device_train_batch_size=0": (
        r"trainer\.per_device_train_batch_size: not to be trained with; found 0; allowed: a whole number, 1 or more"
    ),
    "+source=vast source.trainer.learning_rate=-1": r"source\.trainer\.learning_rate: .*; found -1",
}


@pytest.mark.parametrize("overrides", UNFIT)
def test_a_number_that_no_work_can_be_done_with_is_refused_first(overrides):
    with pytest.raises(StanceError, match=UNFIT[overrides]):
        composed("train", *overrides.split())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("per_device_eval_batch_size", 0.5),
        ("gradient_accumulation_steps", 0),
        ("dataloader_num_workers", -1),
        ("num_train_epochs", 0),
        ("num_train_epochs", "three"),
        ("learning_rate", -1e-4),
        ("learning_rate", True),
        ("weight_decay", float("nan")),
        ("warmup_steps", -1),
        ("max_grad_norm", "abc"),
        ("adam_beta1", 1),
    ],
)
def test_so_it_is_of_every_keyword_of_the_trainer(name, value):
    with pytest.raises(StanceError, match=rf"trainer\.{name}: not to be trained with; found .*; allowed: a "):
        TrainConfig(name="x", data=DATA, model=EncoderConfig(name="tiny"), trainer={name: value})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("chunk", 10**20, "chunk: too large; found 1000.*; allowed: 1 to 10,000,000"),
        ("chunk", 0, "chunk: too small; found 0; allowed: 1 to 10,000,000"),
        ("show", 10**20, "show: too large"),
    ],
)
def test_a_number_that_no_memory_holds_is_refused_first(key, value, message):
    with pytest.raises(StanceError, match=message):
        PredictConfig(input="a.csv", output="b.csv", **{key: value})
    with pytest.raises(StanceError, match="bootstrap: too large; found 1000000000; allowed: 10 to 100,000"):
        ProbeConfig(data=DATA, checkpoint="c", bootstrap=10**9)


def test_so_it_is_in_the_other_configurations():
    model = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
    for wrong in ({"folds": 2}, {"seed": -1}):
        with pytest.raises(StanceError, match=next(iter(wrong))):
            SuspectsConfig(data=DATA, model=model, **wrong)
    with pytest.raises(StanceError, match="seed: not a seed"):
        ProbeConfig(data=DATA, checkpoint="c", seed=-1)
    with pytest.raises(StanceError, match=r"model\.gamma: no number; found inf; allowed: above 0"):
        KernelConfig(name="kernel", gamma=float("inf"))
    with pytest.raises(StanceError, match=r"split\.seed"):
        SplitConfig(seed=2**32)
    with pytest.raises(StanceError, match=r"ray\.workers: too small"):
        RayConfig(workers=0)
    with pytest.raises(StanceError, match=r"source\.name: no name of a folder"):
        SourceConfig(name="../x", data=DATA, model=model)
    with pytest.raises(StanceError, match="speed: not a factor; found -1"):
        ExportConfig(data=DATA, checkpoint="c", speed=-1)


@pytest.mark.parametrize(
    ("primary", "settings"),
    [
        ("suspects", ["data=table", "data.name=mine", "data.path=a.csv", "output=./a.csv"]),
        ("evaluate", ["data=import", "data.name=mine", "data.path=a.json", "data.mapping=m", "output=a.json"]),
        ("annotate", ["input=a.csv", "output=o.jsonl", "annotator=m", "checkpoint=c", "label_studio=a.csv"]),
        ("annotate", ["input=a.csv", "output=o.jsonl", "annotator=m", "checkpoint=c", "label_studio=o.jsonl"]),
        ("behaviour", ["checkpoint=c", "suite=a.yaml", "output=a.yaml"]),
        ("export_tasks", ["input=[a.csv]", "given=[b.csv]", "output=b.csv"]),
    ],
)
def test_what_is_read_is_not_replaced(primary, settings):
    with pytest.raises(StanceError, match=r"the same file as the input; found '.*'; allowed: another file"):
        composed(primary, *settings)


@pytest.mark.parametrize("primary", ["evaluate", "mistakes", "annotators"])
def test_a_page_does_not_replace_its_numbers(primary):
    with pytest.raises(StanceError, match=r"output: another kind of file; found 'r\.md'; allowed: a name that ends"):
        composed(primary, "checkpoint=c", "output=r.md")


REFUSED = {
    "seed=1e3": "seed: a value of another type; found '1e3'; allowed: a whole number in digits",
    "split.test=20%": "split.test: a value of another type; found '20%'; allowed: a number",
    "model.dropout=half": "model.dropout: a value of another type; found 'half'; allowed: a number, or null",
    "overwrite=ja": "overwrite: a value of another type; found 'ja'; allowed: true or false",
    "data.columns.text.x=1": "data.columns.text.x: a value of another type; found '1'; allowed: a text",
    "data.columns=text": "data.columns: a value of another type; found 'text'; allowed: data.columns.id=..., ",
    "seed=1,2": "seed: several values; found '1,2'; allowed: one; with -m each is run",
    "split=luck": "split: no such name; found 'luck'; allowed: auto, document, official, sentence, target",
    "experimnt=vast": "did you mean experiment?",
    "+data.pth=a.csv": "data.pth: no such key; allowed: name, reader, ",
    "data.labels={pro: [x]}": "data.labels.pro: no such key; allowed: against, neutral, favor",
    "trainer.lerning_rate=1": "allowed: one that is there; +trainer.lerning_rate=VALUE adds another",
    "trainer.epochs=1": "adds another; there are num_train_epochs, per_device_train_batch_size, ",
    "trainer.epochs=2": ", train_sampling_strategy; did you mean num_train_epochs?",
    "~luck": "configuration: Could not delete from config. 'luck' does not exist.",
    "data=null": "data: not a name; found None; allowed: a file of conf/data by name",
    "source=null": "source: not a name; found None; allowed: a file of conf/source by name; for none leave it out, or ",
    "model=[1,null]": "model: not a name; found [1, None]; allowed: a file of conf/model by name, or model.KEY=VALUE",
    "trainer=3": "trainer: not a name; found 3; allowed: a file of conf/trainer by name",
    "seed": "seed: not a setting; allowed: KEY=VALUE",
    "seed 1": "seed 1: not a setting; allowed: KEY=VALUE",
}


def refused(*arguments: str) -> str:
    """What is said of these arguments of ``train``."""
    with pytest.raises(StanceError) as error, in_our_words(arguments, TrainConfig):
        composed("train", *as_typed(arguments, TrainConfig))
    return str(error.value)


@pytest.mark.parametrize("argument", REFUSED)
def test_what_hydra_refuses_is_told_in_one_line_with_what_is_allowed(argument):
    assert REFUSED[argument] in (told := refused(argument))
    assert "\n" not in told


def test_what_looks_like_another_value_is_told_how_to_be_a_text(tmp_path):
    said = ["input=${x}.csv", "output=o.csv", "checkpoint=${oc.env:NOT_SET}"]
    done = run_here("predict", *said, cwd=tmp_path, check=False)
    assert done.returncode == 2
    hints = shlex.split(done.stderr.partition("allowed: ")[2].partition(" for the text")[0])
    assert [read_back(hint, PredictConfig) for hint in hints] == ["${x}.csv", "${oc.env:NOT_SET}"]


@pytest.mark.parametrize("argument", ["data.annotators=Ada", "data.leave_out={a: 1}"])
def test_how_a_list_is_written_is_said_so_that_it_can_be_typed(argument):
    key, value = argument.split("=")
    (hint,) = shlex.split(refused(argument).partition("as in ")[2])
    assert read_back(hint, TrainConfig) == [value]
    assert hint.startswith(f"{key}=")


def test_what_follows_an_option_is_no_setting():
    words = ["--config-dir", "mine", "seed=1", "-m"]
    assert as_typed(words, TrainConfig) == words
    with pytest.raises(StanceError, match="name: not a setting"):
        as_typed(["-m", "name"], TrainConfig)


def test_a_setting_in_a_message_is_what_a_shell_and_hydra_read_back():
    for text in (*PLAIN[:-1], "don't", 'a"b\\"', "['favor', 'against']"):
        (said,) = shlex.split(setting("data.leave_out", [text, "x"]))
        assert read_back(said, TrainConfig) == [text, "x"]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("could not create a primitive"),
    ],
)
def test_memory_that_is_not_to_be_had_is_told(error, capsys):
    with pytest.raises(SystemExit, match="2"), plain_messages():
        raise error
    assert "out of memory" in capsys.readouterr().err
    with pytest.raises(type(error)), content("a", "damaged"):
        raise error
    with pytest.raises(RuntimeError, match="other"), plain_messages():
        raise RuntimeError("other")


def test_question_marks_as_a_text_are_refused_in_words():
    with pytest.raises(StanceError, match=r"target: \?\?\? stands for a value that is missing"):
        as_typed(["target=???"], PredictConfig)
