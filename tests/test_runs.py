"""What a run leaves behind, in the process itself; tests/test_scripts.py runs it as a user does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stance.annotations import write_annotations
from stance.errors import StanceError
from stance.runs import train_run
from stance.settings import DataConfig, EncoderConfig, SplitConfig, TrainConfig


def test_a_refused_configuration_leaves_no_run_behind(tmp_path, readable_annotations, tiny_encoder):
    """Mended, it runs in the same folder; a run that did train is not touched by another configuration."""
    write_annotations(tmp_path / "votes.jsonl", readable_annotations)
    model = EncoderConfig(name="tiny", encoder=str(tiny_encoder), max_length=64, frozen_layers=3)
    config = TrainConfig(
        name="mine",
        data=DataConfig(name="mine", reader="annotations", root=str(tmp_path), path="votes.jsonl"),
        split=SplitConfig(by="document", validation=0.2, test=0.25),
        model=model,
        trainer={"num_train_epochs": 1, "disable_tqdm": True},
        bootstrap=10,
        outputs=str(tmp_path / "outputs"),
    )
    with pytest.raises(StanceError, match=r"model\.frozen_layers: too many; found 3; allowed: 0 to 2"):
        train_run(config, "refused")
    mended = replace(config, model=replace(model, frozen_layers=1))
    run = train_run(mended, "mended")
    assert (run["command"], run["resumed"]) == ("mended", False)
    assert run["config"]["model"]["frozen_layers"] == 1
    with pytest.raises(StanceError, match="a run of another configuration or other data is there"):
        train_run(config, "refused")
