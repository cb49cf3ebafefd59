"""How each corpus is declared: a :class:`CorpusInfo` after the ``read`` in its own file.

Adding a file to ``corpora/`` is all that makes a reader known: nothing lists them elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

from stance.base.annotations import Corpus
from stance.base.errors import input_error
from stance.data import corpora

#: Readers of the user's own files, each with its module. The others are modules of ``corpora``, called as they are.
OWN_FILES: Mapping[str, str] = {"annotations": "table", "table": "table", "import": "imported", "dna": "dna"}


@dataclass(frozen=True, kw_only=True)
class CorpusInfo:
    """A corpus, or a kind of file of the user's own.

    Attributes:
        name: As ``data=NAME`` has it, and ``data.reader`` too if ``reader`` is empty.
        read: From the file or folder to its judgements. Its other arguments are the options.
        options: The fields of ``DataConfig`` that ``read`` uses; the others are refused, so that none is passed over
            in silence.
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


def info_of(reader: str) -> CorpusInfo:
    """The corpus of a reader; no other's module is loaded.

    Raises:
        StanceError: There is no such reader; the message has all.
    """
    if reader in OWN_FILES or reader in _modules():
        for info in _infos(OWN_FILES.get(reader, f"corpora.{reader}")):
            if info.name == reader:
                return info
    allowed = sorted({info.reader or info.name for info in known()})
    raise input_error("data.reader", "unknown value", found=reader, allowed=allowed)


def known() -> list[CorpusInfo]:
    """Every corpus and kind of file, those of the user's own first, then by name."""
    own = [info for module in dict.fromkeys(OWN_FILES.values()) for info in _infos(module)]
    return own + [info for module in _modules() for info in _infos(f"corpora.{module}")]


def _modules() -> list[str]:
    return sorted(module.name for module in iter_modules(corpora.__path__))


def _infos(module: str) -> list[CorpusInfo]:
    return [value for value in vars(import_module(f"stance.data.{module}")).values() if isinstance(value, CorpusInfo)]
