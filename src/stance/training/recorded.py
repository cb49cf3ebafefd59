"""What a run is, typed as it was configured: written into its record, read again, and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from stance.base.files import digest, quick_digest
from stance.base.settings import as_values, differing, from_values
from stance.data.unlabelled import read
from stance.models.config import AS_IT_IS, EncoderConfig, EnsembleConfig, PromptConfig
from stance.models.prompting.template import prompt_of
from stance.training.config import AsItIsConfig, TrainConfig
from stance.training.plan import taken_checkpoint


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run as its record has it.

    Attributes:
        config: What was trained on what; folders, and where a language model is asked, are those of this machine.
        fingerprint: Of the dataset.
        contents: Digests of what the configuration only names: ``checkpoint`` that is taken as it is, ``prompt``,
            ``unlabelled``.
    """

    config: TrainConfig
    fingerprint: str
    contents: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: TrainConfig, fingerprint: str) -> Recorded:
        """A run that is to be made, without what its model does not use."""
        if not isinstance(config.model, EncoderConfig | EnsembleConfig):
            config = replace(config, trainer={})
        return cls(config, fingerprint, _contents(config))

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Recorded:
        """A run from ``run.json``, or what runs have in common from ``results.json``.

        Raises:
            StanceError: Settings that there are not, or that are refused.
        """
        values, contents = record["config"], record.get("contents")
        if contents is None:
            values, contents = _as_they_were(values)
        return cls(_typed(values), record["data"]["fingerprint"], contents)

    def record(self) -> dict[str, Any]:
        """What of it goes into ``run.json``."""
        return {"config": as_values(self.config), "contents": dict(self.contents)}

    def decides(self) -> dict[str, Any]:
        """All that decides what the run says: of its settings those that differ from the default."""
        config = _typed(as_values(self.config))  # without folders of this machine
        return {"settings": differing(config), "data": self.fingerprint, "contents": dict(self.contents)}


def _typed(values: Mapping[str, Any]) -> TrainConfig:
    """Settings from a record, which does not say where a language model was asked."""
    return from_values(TrainConfig, {**values, "prompt": {"endpoint": "http://unrecorded"}}, "config")


def _contents(config: TrainConfig) -> dict[str, str]:
    contents = {}
    if isinstance(config.model, AsItIsConfig) and config.model.checkpoint:
        folder = taken_checkpoint(config.model)
        files = {str(path.relative_to(folder)): quick_digest(path) for path in sorted(folder.rglob("*.safetensors"))}
        contents["checkpoint"] = digest(files)
    taught = {"unlabelled": config.distill, **{f"unlabelled of {one.name}": one.distill for one in config.sources()}}
    for name, distill in taught.items():
        if distill is not None and distill.unlabelled:
            contents[name] = digest([asdict(one) for one in read(distill.unlabelled)])
    first = [*config.sources(), *([config.distill.teacher] if config.distill is not None else [])]
    for model in [config.model, *(source.model for source in first)]:
        for one in [model, *(model.members.values() if isinstance(model, EnsembleConfig) else ())]:
            if isinstance(one, PromptConfig):
                contents["prompt" if one is config.model else f"prompt of {one.name}"] = prompt_of(one).digest
    return contents


def _as_they_were(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings and contents of runs made before there was ``contents``: these stood among the model's settings."""
    model = dict(config["model"])
    contents = {name: model.pop(key) for key, name in (("digest", "checkpoint"), ("prompt", "prompt")) if key in model}
    if model["name"] == AS_IT_IS:
        model.setdefault("checkpoint", "")
    return {**config, "model": model}, contents
