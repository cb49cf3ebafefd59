"""Reads any corpus: ``read_corpus`` takes a ``DataConfig``, calls the right reader and returns a ``Corpus``."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from stance.base.annotations import Corpus, in_one_spelling
from stance.base.errors import content, input_error
from stance.base.hub import fetch
from stance.data.config import DataConfig
from stance.data.info import info_of


def read_corpus(data: DataConfig) -> Corpus:
    """The corpus that the configuration names, in one spelling (:func:`stance.base.annotations.in_one_spelling`).

    Raises:
        StanceError: The files are not there or not of their format.
    """
    if data.hub:
        what, patterns = f"dataset {data.hub!r} at {data.revision!r}:", [data.path, f"{data.path.rstrip('/')}/*"]
        data = replace(data, root=str(fetch(data.hub, patterns, what, kind="dataset", revision=data.revision)))
    if not data.location.exists():
        allowed = "data.path=..., and for the field's corpora the folder that STANCE_DATA or data.root names"
        raise input_error(str(data.location.absolute()), "no such file or folder", allowed=allowed)
    info = info_of(data.reader)
    with content(str(data.location), f"not of the format that {data.reader} is in"):
        return in_one_spelling(info.read(data.location, **_arguments(data, info.options)))


def _arguments(data: DataConfig, options: Collection[str]) -> dict[str, Any]:
    """The options as a reader takes them: plain values by name, but for spellings and what a file is read like."""
    given = {name: getattr(data, name) for name in options}
    for name, argument in (("labels", "label_map"), ("parts", "part_map")):
        if name in given:
            given[argument] = given.pop(name).map()
    if "texts" in given:
        given["texts"] = data.texts_folder
    if "quoting" in given:
        del given["quoting"], given["fill_down"]
        given["manner"] = data.manner
    return given
