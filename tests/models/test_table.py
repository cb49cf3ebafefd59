"""The table of models: each row names a module that can do what the row promises."""

from __future__ import annotations

import inspect

import pytest

from conftest import PROJECT, example
from stance.base.errors import StanceError
from stance.models.card import Card, FineTuned
from stance.models.config import (
    KINDS,
    EncoderConfig,
    EnsembleConfig,
    LinearConfig,
    ModelConfig,
    PriorConfig,
)
from stance.models.fitting import Setup, fit
from stance.training.config import AsItIsConfig

TFIDF = LinearConfig(name="tfidf", features="tfidf", classifier="svm")
ENCODER = EncoderConfig(name="minilm")


@pytest.mark.parametrize("kind", KINDS)
def test_the_module_of_each_kind_loads_and_fits_it(kind):
    row = KINDS[kind]
    assert list(inspect.signature(row.home().load).parameters) == ["folder", "card", "runtime"]
    if row.config not in (None, EnsembleConfig):
        assert list(inspect.signature(row.home(fitting=True).fit).parameters) == [
            "config",
            "train",
            "validation",
            "setup",
        ]


def test_each_configuration_is_of_one_kind_and_in_the_table():
    assert set(ModelConfig.__subclasses__()) - {row.config for row in KINDS.values()} == {AsItIsConfig}
    assert (TFIDF.kind, ENCODER.kind, AsItIsConfig(checkpoint="stance-small").kind) == ("tfidf", "encoder", "")
    used = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "conf" / "model").glob("*.yaml"))
    assert all(
        f"- {row.config.__name__.removesuffix('Config').lower()}_schema" in used for row in KINDS.values() if row.config
    )


def test_an_ensemble_is_fine_tuned_if_a_member_is():
    prior = PriorConfig(name="target", prior="target")
    assert not EnsembleConfig(name="both", members={"a": TFIDF, "b": prior}).fine_tuned
    assert EnsembleConfig(name="both", members={"a": TFIDF, "b": ENCODER}).fine_tuned


def test_the_card_of_a_model_that_is_not_fine_tuned_leaves_scale_and_format_to_the_model():
    rows = [example(n, label) for n, label in enumerate(["favor", "against", "neutral"] * 4)]
    model = fit(TFIDF, rows, rows, Setup())
    assert model.scale != 1 and not isinstance(model, FineTuned)
    assert Card.of("tfidf", model, {}) == Card("tfidf")
    with pytest.raises(StanceError, match="model configuration of another kind: AsItIsConfig"):
        fit(AsItIsConfig(checkpoint="stance-small"), rows, rows, Setup())
