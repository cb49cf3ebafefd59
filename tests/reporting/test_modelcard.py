"""The model card says what the run recorded, in metadata that the hub reads; see also tests/training/test_runs.py."""

from __future__ import annotations

import pytest
from huggingface_hub import ModelCard

from conftest import example
from stance.base.labels import LABELS
from stance.evaluation.evaluate import evaluate
from stance.models.input_format import InputFormat
from stance.reporting.modelcard import model_card

ROWS = [example(number, LABELS[number % 3]) for number in range(12)]
METRICS = {part: evaluate(ROWS, [row.label for row in ROWS[::-1]], ROWS, samples=10) for part in ("validation", "test")}


def written(kind="tfidf", corpora=None, own_rows=True, encoder="all-MiniLM-L6-v2", before=None, **settings):
    config = {"data": {"name": "mine"}, "split": {"by": "target"}, "model": {"name": "mine", "encoder": encoder}}
    if corpora:
        named = {name: {"name": name} for name in corpora}
        config["auxiliary"] = {"corpora": named, "rows": 0, "own_rows": own_rows}
    config |= before or {}
    run = {
        "name": "mine-model",
        "seed": 3,
        "command": "python scripts/train.py",
        "data": {"name": "mine", "fingerprint": "f" * 64},
        "config": config,
    }
    train = {"rows": 1234, "documents": 56}
    return model_card(run, METRICS, kind=kind, train=train, input_format=InputFormat(**settings))


def test_the_metadata_have_data_measures_and_no_invented_licence():
    card = ModelCard(written())
    data = card.data
    assert (data.pipeline_tag, data.library_name, data.datasets) == ("text-classification", "stance", ["mine"])
    assert data.license is None
    assert data.base_model is None
    assert "stance-detection" in data.tags
    found = {(result.dataset_split, result.metric_name): result.metric_value for result in data.eval_results}
    assert len(found) == 6
    assert data.model_name == "mine-model"
    for part, report in METRICS.items():
        assert found[part, "macro-F1"] == pytest.approx(report.measures["macro_f1"].value, abs=1e-4)
        assert found[part, "accuracy"] == pytest.approx(report.measures["accuracy"].value, abs=1e-4)


def test_the_page_says_what_was_learnt_how_good_it_is_and_what_it_is_not_for():
    text = written()
    assert "1,234 rows in 56 documents of mine; split by target; seed 3" in text
    gain, test = METRICS["test"].gain, METRICS["test"]
    assert f"| {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] |" in text
    assert f"| {test.best_prior} {test.priors[test.best_prior]:.3f} |" in text
    assert "judgements of what a text says of one holder toward one target" in text
    assert "written by a language model" not in text
    assert "written by a language model" in written(corpora=["negotiation"])


def test_who_taught_it_is_named_and_of_what_rows_it_went_on():
    taught = {"teacher": {"name": "large", "data": {"name": "mine"}}, "questions": 3000, "unlabelled": "more.jsonl"}
    first = {"name": "small", "data": {"name": "mine"}, "model": {"name": "m", "encoder": "e"}, "distill": taught}
    said = "the answers of large to these rows, to 3,000 new questions about their texts and about the sentences of "
    assert f"1,234 rows in 56 documents of mine, and {said}more.jsonl (seed 3)" in written(before={"distill": taught})
    text = written(corpora=["silver"], before={"source": first})
    assert f"After the run small, on mine, and {said}more.jsonl: 1,234 rows in 56 documents of mine, silver" in text
    assert "written by a language model" in text


def test_learnt_from_other_corpora_alone_names_these():
    assert ModelCard(written(corpora=["a", "b"])).data.datasets == ["mine", "a", "b"]
    assert ModelCard(written(corpora=["a", "b"], own_rows=False)).data.datasets == ["a", "b"]


def test_an_encoder_names_its_base_unless_that_is_a_folder(tmp_path):
    card = ModelCard(written("encoder", second="{holder} on {target}", context_words=9))
    assert card.data.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert card.data.library_name == "transformers"
    assert '"text_pair": "the union on accept the offer"' in card.text
    assert "the last 9 words of its context" in card.text
    assert 'classifier([row], truncation="only_first", max_length=128)' in card.text  # cut as the toolkit cuts
    marked = written("encoder", mark="¤")
    assert '"text": "The ¤ union ¤ accepted the offer on Monday."' in marked
    assert "stands between `¤` and `¤`" in marked and "stands between `¤`" not in card.text
    assert ModelCard(written("encoder", encoder="some/encoder")).data.base_model == "some/encoder"
    assert str(tmp_path) not in written("encoder", encoder=str(tmp_path))
