"""Sentences in news prose that one judge labelled, to learn from: every actor of a negotiation toward every proposal.

Source: ``seeds/silver/`` of this project; ``seeds/README.md`` is its data statement, ``seeds/GUIDELINES.md`` the
codebook. Licence CC BY 4.0.

``train/<writer>.jsonl`` holds a negotiation a line: ``document``, ``area``, ``holders``, ``targets``, ``texts``, and
``labels``, a list of ``[text, holder, target, label]``, the first three by their number from 0. A pair that is not
listed is neutral; one of label ``unclear`` is left out. In ``validation/`` and ``test/`` the same with ``second``, the
labels of another judge who saw none of the first one's: what they differ on is in no part.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from stance.base.annotations import Annotation, Corpus
from stance.base.errors import input_error, line_of
from stance.base.files import file_digest
from stance.base.labels import LABELS
from stance.base.names import must_exist
from stance.base.rows import read_rows
from stance.base.words import words
from stance.data.info import CorpusInfo
from stance.data.unlabelled import Negotiation, negotiation_of

#: Parts, each a folder, and in which the judgements of a second judge stand.
PARTS = {"train": ("labels",), "validation": ("labels", "second"), "test": ("labels", "second")}

#: What a judge calls a pair that could be judged in two ways.
UNCLEAR = "unclear"

#: Number of a text, a holder and a target.
Pair = tuple[int, int, int]


def read(folder: str | Path) -> Corpus:
    """The judgements of the judges.

    Every pair with a position is a row, and of each text as many neutral pairs, one where it has no position. Half of
    them ask a named actor about a proposal on which the text has another one's position, where there are so many.

    Raises:
        StanceError: Names file, line, value and what is allowed.
    """
    folder = must_exist(Path(folder), "folder")
    files: dict[str, str] = {}
    parts: dict[str, str] = {}
    annotations: list[Annotation] = []
    for part, judges in PARTS.items():
        paths = sorted((folder / part).glob("*.jsonl"))
        if not paths:
            raise input_error(str(folder / part), "no sentences", allowed="one .jsonl file for each writer")
        for path in paths:
            files[f"{part}/{path.name}"] = file_digest(path)
            for line, row in read_rows(path):
                found = list(_judged(row, judges, line_of(path, line)))
                if not parts.keys().isdisjoint(one.id for one in found):
                    raise input_error(line_of(path, line), "a document occurs twice", found=row["document"])
                annotations += found
                parts |= {one.id: part for one in found}
    return Corpus(tuple(annotations), parts, files)


def _judged(row: Mapping[str, Any], judges: Sequence[str], place: str) -> Iterator[Annotation]:
    """The judgements of one negotiation; none of a pair that a judge found unclear."""
    negotiation = negotiation_of(row, place)
    said = {judge: _labels(row, judge, negotiation, place) for judge in judges}
    listed = {pair for labels in said.values() for pair in labels}
    unclear = {pair for labels in said.values() for pair, label in labels.items() if label == UNCLEAR}
    for pair in [*sorted(listed - unclear), *_neutral(negotiation, listed - unclear, unclear)]:
        labels = {judge: said[judge].get(pair, "neutral") for judge in judges}
        text, holder, target = pair
        for judge, label in labels.items():
            yield Annotation(
                id=f"{negotiation.document}-{text}-{holder}-{target}",
                text=negotiation.texts[text],
                holder=negotiation.holders[holder],
                target=negotiation.targets[target],
                label=label,
                annotator=judge,
                document=negotiation.document,
                place=place,
            )


def _labels(row: Mapping[str, Any], judge: str, negotiation: Negotiation, place: str) -> dict[Pair, Any]:
    """What a judge says of the pairs that are not neutral."""
    said: dict[Pair, Any] = {}
    sizes = (len(negotiation.texts), len(negotiation.holders), len(negotiation.targets))
    known = {*LABELS, UNCLEAR} - {"neutral"}
    if not isinstance(row.get(judge), list):
        allowed = "a list of judgements; an empty one if all is neutral"
        raise input_error(f"{place}, {judge}", "no judgements", found=row.get(judge), allowed=allowed)
    for entry in row[judge]:
        numbers = entry[:3] if isinstance(entry, list) and len(entry) == 4 else ()
        whole = [number for number in numbers if isinstance(number, int) and not isinstance(number, bool)]
        if len(whole) < 3 or not all(0 <= n < size for n, size in zip(whole, sizes, strict=True)):
            expected = f"[text, holder, target, label], numbers below {', '.join(map(str, sizes))}"
            raise input_error(f"{place}, {judge}", "not a judgement", found=entry, allowed=expected)
        pair: Pair = (whole[0], whole[1], whole[2])
        if entry[3] not in known or pair in said:
            wrong = "a pair twice" if pair in said else "unknown label"
            raise input_error(f"{place}, {judge}", wrong, found=entry, allowed=sorted(known))
        said[pair] = entry[3]
    return said


def _neutral(negotiation: Negotiation, positions: set[Pair], unclear: set[Pair]) -> Iterator[Pair]:
    """Pairs that no judge listed: of each text as many as have a position, or one; half of them near to a position."""
    everyone, everything = range(len(negotiation.holders)), range(len(negotiation.targets))
    names = [{word for word in words(holder.casefold()) if len(word) > 2} for holder in negotiation.holders]
    for number, text in enumerate(negotiation.texts):
        here = {(holder, target) for of, holder, target in positions if of == number}
        touched, wanted = {target for _, target in here}, len(here) or 1
        said = {*words(text.casefold())} - {"the", "and"}
        named = {holder for holder in everyone if names[holder] & said}
        left = [
            (holder, target)
            for holder, target in product(everyone, everything)
            if (holder, target) not in here and (number, holder, target) not in unclear
        ]
        Random(f"{negotiation.document} {number}").shuffle(left)
        near = [pair for pair in left if pair[0] in named and pair[1] in touched][: (wanted + 1) // 2]
        others = sorted((pair for pair in left if pair not in near), key=lambda pair: pair[0] not in named)
        yield from ((number, *pair) for pair in [*near, *others][:wanted])


CORPUS = CorpusInfo(
    name="silver",
    read=read,
    parts=tuple(PARTS),
    licence="CC BY 4.0",
)
