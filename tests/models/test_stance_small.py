"""stance-small, as it is there after installation: right on plain sentences, and where one's own training begins."""

from __future__ import annotations

import csv

import pytest

from conftest import PROJECT, run_here
from stance import StanceClassifier
from stance.base.errors import StanceError
from stance.models.config import EncoderConfig
from stance.models.pretrained import SMALL, named_checkpoint
from stance.training.finetune import fine_tune

NEWS = (
    "The Taliban minister called on Pakistan to open talks with the TTP; "
    "the Foreign Office in Islamabad ruled them out."
)
WAGES = "The union asked for talks on wages, and the port authority refused."

PLAIN = [
    (NEWS, "talks between Pakistan and the TTP", "the Taliban minister", "favor"),
    (NEWS, "talks between Pakistan and the TTP", "the Foreign Office", "against"),
    (NEWS, "talks between Pakistan and the TTP", "Pakistan", "neutral"),
    (WAGES, "open wage talks", "the union", "favor"),
    (WAGES, "open wage talks", "the port authority", "against"),
    ("The border police will publish new figures.", "open wage talks", "the border police", "neutral"),
]


@pytest.fixture(scope="module")
def small():
    return StanceClassifier.from_pretrained(SMALL)


def test_it_is_right_on_plain_sentences_with_unlike_holders(small):
    texts, targets, holders, labels = (list(column) for column in zip(*PLAIN, strict=True))
    assert [p.label for p in small.predict(texts, targets, holders)] == labels


def test_it_is_one_file_of_weights_of_at_most_48_megabytes():
    weights = named_checkpoint(SMALL) / "model.safetensors"
    assert weights.stat().st_size <= 48e6


def test_it_says_what_it_learnt_from_and_how_good_it_is(small):
    assert small.card.data["name"] == "bundled"
    assert {"validation", "test", "literary"} <= set(small.card.metrics)
    assert small.card.scale != 1.0
    folder = named_checkpoint(SMALL)
    assert "language model" in (folder / "README.md").read_text(encoding="utf-8")
    assert (folder / "learnt.safetensors").exists()


def test_a_file_is_scored_without_naming_a_checkpoint(tmp_path):
    done = run_here("predict", f"input={PROJECT / 'seeds' / 'report.csv'}", "output=out.csv", "show=2", cwd=tmp_path)
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 and {row["label"] for row in rows} == {"against", "neutral", "favor"}
    shown = [line for line in done.stdout.splitlines() if rows[0]["target"] in line]
    assert len(shown) == 2 and shown[0].startswith(rows[0]["label"])


def test_training_goes_on_only_from_rows_written_as_it_knows_them(tmp_path):
    config = EncoderConfig(name="mine", encoder=SMALL, mark="")
    with pytest.raises(StanceError, match="another input than the encoder knows"):
        fine_tune(config, [], [], seed=0, options={}, work=tmp_path)
