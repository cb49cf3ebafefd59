"""Sentences with the actors and proposals that they can be asked about; labels, if there are any, are not read.

A model learns from a larger one's answers to questions about them (:mod:`stance.training.distill`). A line of JSON is a
negotiation: ``document``, a name that stands once; ``holders``, ``targets`` and ``texts``, each a list; other keys are
not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.base.errors import input_error, line_of
from stance.base.home import PROJECT
from stance.base.names import must_exist
from stance.base.rows import read_rows
from stance.data.columns import text_of


@dataclass(frozen=True, slots=True)
class Negotiation:
    """Sentences about one negotiation, and its actors and proposals.

    Attributes:
        document: Its name.
        holders: Actors that its texts name.
        targets: The proposal, rival and reverse ones.
        texts: Sentences, each to be understood by itself.
    """

    document: str
    holders: tuple[str, ...]
    targets: tuple[str, ...]
    texts: tuple[str, ...]


def read(path: str | Path) -> list[Negotiation]:
    """The negotiations of a ``.jsonl`` file, or of all of a folder in the order of their names.

    A path that is not in the folder where a command runs is one of the project, as ``seeds/silver/train`` is.

    Raises:
        StanceError: Names file, line, value and what is allowed.
    """
    path = must_exist(Path(path) if Path(path).exists() or not (PROJECT / path).exists() else PROJECT / path)
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise input_error(str(path), "no sentences", allowed="files .jsonl")
    found: dict[str, Negotiation] = {}
    for file in files:
        for line, row in read_rows(file):
            place = line_of(file, line)
            one = negotiation_of(row, place)
            if one.document in found:
                raise input_error(place, "a document occurs twice", found=one.document)
            found[one.document] = one
    return list(found.values())


def negotiation_of(row: Mapping[str, Any], place: str) -> Negotiation:
    """The negotiation of a line.

    Raises:
        StanceError: Names place, value and what is allowed.
    """
    document = text_of(row.get("document"), "document", place, may_be_empty=False)
    return Negotiation(document, **{name: _texts(row, name, place) for name in ("holders", "targets", "texts")})


def _texts(row: Mapping[str, Any], name: str, place: str) -> tuple[str, ...]:
    values = row.get(name)
    if not isinstance(values, list) or not values:
        raise input_error(f"{place}, {name}", "not a list of texts", found=values, allowed='["...", "..."]')
    return tuple(text_of(value, name, place, may_be_empty=False) for value in values)
