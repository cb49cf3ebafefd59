"""What a run is, typed as it was configured: written into its record, read again, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from stance.base.errors import StanceError, content
from stance.base.files import digest, file_digest, quick_digest, read_json
from stance.base.settings import as_values, from_values
from stance.data import seen
from stance.data.build import build_dataset
from stance.data.unlabelled import Negotiation, read
from stance.evaluation import shares
from stance.models.card import CARD
from stance.models.config import AS_IT_IS, EncoderConfig, EnsembleConfig, ModelConfig, PromptConfig
from stance.models.pretrained import changing_folder
from stance.models.prompting.local import digest_of_files
from stance.models.prompting.template import prompt_of
from stance.training.config import AsItIsConfig, TrainConfig
from stance.training.plan import runs_in_turn, taken_checkpoint

#: Files of a checkpoint that an encoder does not begin with; ``onnx.json`` is the report of an export.
_OURS = {CARD, seen.FILE, shares.FILE, "onnx.json"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run as its record has it.

    Attributes:
        config: What was trained on what; folders, and where a language model is asked, are those of this machine.
        fingerprint: Of the dataset.
        contents: Digests of what the configuration only names: ``checkpoint`` that is taken as it is (its weights) and
            ``checkpoint settings`` (what else decides its answers), ``prompt``, ``unlabelled``, ``encoder NAME`` whose
            files may become others (a folder, or one of our own classifiers); ``data of RUN``, the fingerprint of other
            data that a run learns from which comes first.
    """

    config: TrainConfig
    fingerprint: str
    contents: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: TrainConfig, fingerprint: str, further: Sequence[Negotiation]) -> Recorded:
        """A run that is to be made, without what its model does not use.

        ``further`` is what ``distill.unlabelled`` names, read.
        """
        if not isinstance(config.model, EncoderConfig | EnsembleConfig):
            config = replace(config, trainer={})
        return cls(config, fingerprint, _contents(config, further))

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


def differences(before: Recorded, after: Recorded) -> list[str]:
    """A line for each thing that makes two runs unlike: a setting, the data, a file that a setting only names.

    Settings that came after a record was made are at their defaults in it. Folders of a machine are no settings. Which
    digests there are follows from the settings; one that an older record lacks is not compared.
    """
    lines = list(_changed(as_values(before.config), as_values(after.config), "setting "))
    lines += _changed({"fingerprint": before.fingerprint}, {"fingerprint": after.fingerprint}, "data ")
    both = before.contents.keys() & after.contents.keys()
    one, other = ({key: made.contents[key] for key in made.contents if key in both} for made in (before, after))
    return [*lines, *_changed(one, other, "contents ")]


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[str]:
    for key in {**before, **after}:
        one, other = before.get(key), after.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _changed(one, other, f"{path}{key}.")
        elif one != other:
            yield told_apart(f"{path}{key}", one, other)


def told_apart(what: str, before: object, after: object) -> str:
    """A line that says of something that it was recorded otherwise than it is now."""
    said = ("none" if value is None else value for value in (before, after))
    return "{}: DIFFERENT, recorded {}, now {}".format(what, *said)


def _typed(values: Mapping[str, Any]) -> TrainConfig:
    """Settings from a record, which does not say where a language model was asked."""
    return from_values(TrainConfig, {**values, "prompt": {"endpoint": "http://unrecorded"}}, "config")


def _contents(config: TrainConfig, further: Sequence[Negotiation]) -> dict[str, str]:
    contents = {}
    if isinstance(config.model, AsItIsConfig) and config.model.checkpoint:
        folder = taken_checkpoint(config.model)
        files = {str(path.relative_to(folder)): quick_digest(path) for path in sorted(folder.rglob("*.safetensors"))}
        contents["checkpoint"] = digest(files)
        contents["checkpoint settings"] = digest(_settings(folder))
    if config.distill is not None and config.distill.unlabelled:
        contents["unlabelled"] = digest([asdict(one) for one in further])
    for source in config.sources():
        if source.distill is not None and source.distill.unlabelled:
            contents[f"unlabelled of {source.name}"] = digest([asdict(one) for one in read(source.distill.unlabelled)])
    for model in [config.model, *(source.model for source in config.first())]:
        for one in [model, *(model.members.values() if isinstance(model, EnsembleConfig) else ())]:
            if isinstance(one, PromptConfig):
                contents["prompt" if one is config.model else f"prompt of {one.name}"] = prompt_of(one).digest
                if config.prompt.endpoint is None and (held := digest_of_files(one.language_model)) is not None:
                    contents[f"language model {one.language_model}"] = held
        contents |= encoder_contents(model)
    return contents | _data_contents(config)


def _settings(folder: Path) -> dict[str, Any]:
    """Of each JSON file of a checkpoint what decides its answers: of a card neither scores nor data."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*.json")):
        name = str(path.relative_to(folder))
        if path.name == CARD:
            card = read_json(path)
            with content(str(path), "damaged checkpoint"):
                found[name] = {key: card.get(key) for key in ("kind", "input_format", "scale")}
        elif path.name not in _OURS:
            found[name] = file_digest(path)
    return found


def _data_contents(config: TrainConfig) -> dict[str, str]:
    """Fingerprints of the datasets of the runs that come first, those that cannot be read any more left out."""
    contents: dict[str, str] = {}
    for run in runs_in_turn(config)[:-1]:
        made_of = (run.data, run.split, run.auxiliary)
        if made_of == (config.data, config.split, config.auxiliary) or f"data of {run.name}" in contents:
            continue
        try:
            _, record, _ = build_dataset(run.outputs, *made_of)
        except StanceError:  # a training says so itself; a run that is finished needs none
            continue
        contents[f"data of {run.name}"] = record.fingerprint
    return contents


def encoder_contents(model: ModelConfig) -> dict[str, str]:
    """Digests of the encoders that a model begins with, those that are no longer there left out.

    Of weights, configuration and vocabulary: what this toolkit and its exports put beside them in a checkpoint makes no
    other encoder.
    """
    contents = {}
    for name in model.encoders:
        try:
            folder = changing_folder(name)
        except StanceError:  # a training says so itself; a run that is finished needs none
            continue
        if folder is not None:
            from stance.models.encoding import encoder_digests  # here, since it loads transformers

            files = encoder_digests(name) or {}
            contents[f"encoder {name}"] = digest({path: files[path] for path in files.keys() - _OURS})
    return contents


def _as_they_were(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings and contents of runs made before there was ``contents``: these stood among the model's settings."""
    model = dict(config["model"])
    contents = {name: model.pop(key) for key, name in (("digest", "checkpoint"), ("prompt", "prompt")) if key in model}
    if model["name"] == AS_IT_IS:
        model.setdefault("checkpoint", "")
    return {**config, "model": model}, contents
