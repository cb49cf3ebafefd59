"""How each corpus is declared: a :class:`CorpusInfo` after the ``read`` in its own file.

Adding a file to ``corpora/`` is all that makes a reader known: nothing lists them elsewhere.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature
from pathlib import Path
from pkgutil import iter_modules

from stance.base.annotations import Corpus
from stance.base.errors import input_error
from stance.base.home import PROJECT
from stance.data import corpora

#: Readers of the user's own files, each with its module. The others are modules of ``corpora``, called as they are.
OWN_FILES: Mapping[str, str] = {"annotations": "table", "table": "table", "import": "imported", "dna": "dna"}

#: Arguments of readers that are made of options called otherwise.
MADE_OF: Mapping[str, tuple[str, ...]] = {
    "label_map": ("labels",),
    "part_map": ("parts",),
    "manner": ("quoting", "fill_down"),
}


@dataclass(frozen=True, kw_only=True)
class CorpusInfo:
    """A corpus, or a kind of file of the user's own.

    Attributes:
        name: As ``data=NAME`` has it, and ``data.reader`` too if ``reader`` is empty.
        read: From the file or folder to its judgements. Its other arguments are the options.
        options: The fields of ``DataConfig`` that ``read`` uses; the others are refused, so that none is passed over
            in silence. Left out, they are what the arguments of ``read`` are called.
        instead: For a field that is not read: where the user says it instead.
        reader: One of several published files that one reader reads: the reader.
        folder: Below the user's folder of corpora; empty = nothing has to be fetched.
        files: In that folder, as Markdown.
        origin: Where the files are from, as Markdown; mostly a repository of GitHub.
        labels: Which of the labels it has, in words.
        parts: Its own; empty = none.
        headline: The measure that its results are led by, as in its yaml.
        licence: As far as it is stated with the files.
        divided_by: How it is divided when its train part is learnt from beside another corpus: see
            ``SplitConfig.by``.
    """

    name: str
    read: Callable[..., Corpus]
    options: frozenset[str] = frozenset()
    instead: Mapping[str, str] = field(default_factory=dict)
    reader: str = ""
    folder: str = ""
    files: str = ""
    origin: str = ""
    labels: str = "3"
    parts: tuple[str, ...] = ()
    headline: str = "macro_f1"
    licence: str = "none stated"
    divided_by: str = "auto"

    def __post_init__(self) -> None:
        if not self.options:
            _, *arguments = signature(self.read).parameters
            named = frozenset(option for argument in arguments for option in MADE_OF.get(argument, (argument,)))
            object.__setattr__(self, "options", named)


def module_of(reader: str) -> str:
    """The module of a reader, below ``stance.data``."""
    return OWN_FILES.get(reader, f"corpora.{reader}")


def info_of(reader: str) -> CorpusInfo:
    """The corpus of a reader; no other's module is loaded.

    Raises:
        StanceError: There is no such reader; the message has all.
    """
    if reader in OWN_FILES or reader in _modules():
        for info in _infos(module_of(reader)):
            if info.name == reader:
                return info
    allowed = sorted({info.reader or info.name for info in known()})
    raise input_error("data.reader", "unknown value", found=reader, allowed=allowed)


def known() -> list[CorpusInfo]:
    """Every corpus and kind of file, those of the user's own first, then by name."""
    own = [info for module in dict.fromkeys(OWN_FILES.values()) for info in _infos(module)]
    return own + [info for module in _modules() for info in _infos(f"corpora.{module}")]


def root_of(reader: str, *, verify: bool) -> Path:
    """The folder on this machine, which no record names, that the path of a corpus begins in.

    Args:
        reader: See :class:`stance.data.config.DataConfig`; the user's own files begin where a command runs.
        verify: Whether it is a published corpus. A file of Discourse Network Analyzer may be, or the user's own.
    """
    if reader in OWN_FILES:
        return published() if reader == "dna" and verify else Path()
    info = info_of(reader)
    return published() if info.folder and "texts" not in info.options else PROJECT


def published() -> Path:
    """Where the corpora are that others published: the folder that STANCE_DATA names, or ``data``."""
    return Path(os.environ.get("STANCE_DATA", "data"))


def _modules() -> list[str]:
    return sorted(module.name for module in iter_modules(corpora.__path__))


def _infos(module: str) -> list[CorpusInfo]:
    return [value for value in vars(import_module(f"stance.data.{module}")).values() if isinstance(value, CorpusInfo)]
