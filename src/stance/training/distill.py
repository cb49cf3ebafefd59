"""Questions that nobody judged, and a larger model's answers to them: what a small model learns from besides gold rows.

Source: Hinton, Vinyals and Dean (2015), Distilling the Knowledge in a Neural Network.
"""

import logging
import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stance.base.annotations import Example
from stance.base.errors import input_error
from stance.base.files import digest, write_beside
from stance.base.labels import LABEL2ID, LABELS
from stance.base.predictions import Predictor, Probabilities
from stance.base.questions import questions_of
from stance.base.words import words
from stance.data.duplicates import normalized
from stance.data.unlabelled import Negotiation, read

log = logging.getLogger(__name__)

#: Rows that a teacher answers between two files: what a killed run loses at most.
CHUNK = 4096

#: Words that begin with a capital letter, as names do: the first of a sentence aside.
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+){0,2}")


@dataclass(frozen=True, slots=True)
class _Material:
    """What questions are made of: the training rows, and what they name."""

    rows: Sequence[Example]
    holders: dict[str, list[str]]
    targets: dict[str, list[str]]
    texts: dict[str, list[str]]
    names: list[str]


def questions(train: Sequence[Example], number: int, seed: int) -> list[Example]:
    """New rows about the texts of a training part, each unlike every training row; their label is yet to be asked.

    Five kinds, drawn in turn: another holder or target of the same document; a target of another document; the name of
    a bystander as holder; the actors renamed; two sentences of the document joined. Fewer come back where the part is
    too small for so many.

    Args:
        train: The training rows; nothing of another part is ever in a question.
        number: Of questions wanted.
        seed: Of the drawing.
    """
    known = {(row.text, row.holder, row.target) for row in train}
    kinds = (_crossed, _renamed, _crossed, _joined, _crossed, _bystander, _elsewhere)
    made = _drawn(train, _material(train), number, known, random.Random(seed), kinds)
    return [replace(row, id=f"question-{n}") for n, row in enumerate(made)]


def unlabelled(path: str, splits: Mapping[str, Sequence[Example]]) -> list[Negotiation]:
    """The negotiations of a file or folder; none of an empty path.

    Raises:
        StanceError: One of their texts is in a part that is not learnt from.
    """
    found = read(path) if path else []
    kept_apart = {normalized(row.text): part for part, rows in splits.items() if part != "train" for row in rows}
    for one in found:
        for text in one.texts:
            if part := kept_apart.get(normalized(text)):
                place = f"{path}, document {one.document}"
                raise input_error(place, f"a text of part {part}, which is not learnt from", found=text)
    return found


def questions_about(
    negotiations: Sequence[Negotiation], train: Sequence[Example], each: int, seed: int
) -> list[Example]:
    """New rows about unlabelled texts, their label yet to be asked: mostly about actors that the text names.

    What is drawn for a negotiation does not depend on the others, so that answers are kept while more are written.

    Args:
        negotiations: The texts.
        train: Gives the names that actors are renamed to, and the targets of other documents.
        each: Questions wanted about each text, on average.
        seed: Of the drawing.
    """
    material = _material(train)
    kinds = (_as_it_is, _renamed, _as_it_is, _joined, _crossed, _bystander, _elsewhere)
    made = []
    for one in negotiations:
        holders, targets, texts = ({one.document: [*values]} for values in (one.holders, one.targets, one.texts))
        here = replace(material, holders=holders, targets=targets, texts=texts)
        named = [(text, holder) for text in one.texts for holder in _named(text, one.holders)]
        asked = [_asked(one.document, *who, target) for who, target in product(named, one.targets)]
        generator = random.Random(f"{seed} {one.document}")
        drawn = _drawn(asked, here, each * len(one.texts), set(), generator, kinds) if asked else []
        made += [replace(row, id=f"{one.document}-{n}") for n, row in enumerate(drawn)]
    return made


def _asked(document: str, text: str, holder: str, target: str) -> Example:
    return Example(document, text, holder, target, "neutral", document, "", "", (), (0, 0, 0))


def _named(text: str, holders: Sequence[str]) -> list[str]:
    """The holders of whom a text has one of the longer words, or the last word."""
    # data.corpora.silver takes words of three letters too, and no last word. On 55 of 3,864 texts the two rules differ;
    # each is kept, since the rows and questions that recorded runs learnt from hang on it.
    found = {*words(text.lower())}
    by_words = [(holder, words(holder.lower())) for holder in holders]
    return [holder for holder, said in by_words if any(w in found for w in said if len(w) > 3 or w == said[-1])]


def _drawn(
    rows: Sequence[Example],
    material: _Material,
    number: int,
    known: set[tuple[str, str, str]],
    generator: random.Random,
    kinds: Sequence[Callable[[Example, _Material, random.Random], Example]],
) -> list[Example]:
    """So many rows made of these, none known; fewer where that many are not found in ten times as many attempts."""
    made: list[Example] = []
    for attempt in range(10 * number):
        if len(made) == number:
            break
        row = kinds[attempt % len(kinds)](generator.choice(rows), material, generator)
        asked = (row.text, row.holder, row.target)
        if asked not in known:
            known.add(asked)
            made.append(replace(row, label="neutral", votes=(0, 0, 0), tags=()))
    return made


def _material(train: Sequence[Example]) -> _Material:
    by_document: tuple[dict[str, dict[str, None]], ...] = (defaultdict(dict), defaultdict(dict), defaultdict(dict))
    for row in train:
        for known, value in zip(by_document, (row.holder, row.target, row.text), strict=True):
            known[row.document][value] = None
    holders, targets, texts = ({name: list(values) for name, values in known.items()} for known in by_document)
    names = sorted({row.holder for row in train if row.holder[:1].isupper() and len(row.holder.split()) <= 3})
    return _Material(train, holders, targets, texts, names)


def _as_it_is(row: Example, material: _Material, generator: random.Random) -> Example:
    return row


def _crossed(row: Example, material: _Material, generator: random.Random) -> Example:
    holder = generator.choice(material.holders[row.document])
    return replace(row, holder=holder, target=generator.choice(material.targets[row.document]))


def _elsewhere(row: Example, material: _Material, generator: random.Random) -> Example:
    return replace(row, target=generator.choice(material.rows).target)


def _bystander(row: Example, material: _Material, generator: random.Random) -> Example:
    found = _NAME.findall(row.text)
    return replace(row, holder=generator.choice(found)) if found else row


def _joined(row: Example, material: _Material, generator: random.Random) -> Example:
    other = generator.choice(material.texts[row.document])
    if other == row.text:
        return row
    return replace(row, text=f"{other} {row.text}" if generator.random() < 0.5 else f"{row.text} {other}")


def _renamed(row: Example, material: _Material, generator: random.Random) -> Example:
    """The row with each actor that the text names called otherwise, in text, holder, target and context alike."""
    here = [name for name in material.holders[row.document] if name[:1].isupper() and name in row.text]
    if not material.names:
        return row
    new = {name: generator.choice(material.names) for name in here if len(name.split()) <= 3}
    if not new:
        return row
    pattern = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(new, key=len, reverse=True)))

    def renamed(text: str) -> str:
        return pattern.sub(lambda match: new[match.group()], text)

    return replace(
        row,
        text=renamed(row.text),
        holder=renamed(row.holder),
        target=renamed(row.target),
        context=renamed(row.context),
    )


def answers(teacher: Predictor, rows: Sequence[Example], work: Path) -> Probabilities:
    """What a teacher says of each row, shape (rows, 3); asked in pieces that are kept, so that a killed run goes on."""
    work.mkdir(parents=True, exist_ok=True)
    pieces = []
    for start in range(0, len(rows), CHUNK):
        piece = rows[start : start + CHUNK]
        asked = questions_of(piece)
        path = work / f"teacher-{digest([[q.text, q.target, q.holder, q.context] for q in asked])[:16]}.npy"
        if not path.exists():
            log.info("asking the teacher: %d of %d rows", start, len(rows))
            said = teacher.predict_proba(asked)
            with write_beside(path) as temporary, temporary.open("wb") as file:
                np.save(file, said)
        pieces.append(np.load(path))
    return np.concatenate(pieces) if pieces else np.zeros((0, len(LABELS)))


def soft_labels(train: Sequence[Example], said: Probabilities, weight: float) -> NDArray[np.float64]:
    """The probabilities that a student learns: gold label and teacher's probabilities, shape (rows, 3).

    The weight is that of the teacher, from 0 to 1.
    """
    gold = np.eye(len(LABELS))[[LABEL2ID[row.label] for row in train]]
    return np.asarray((1 - weight) * gold + weight * said)


def answered(rows: Sequence[Example], said: Probabilities) -> list[Example]:
    """The rows with the teacher's most probable label, so that they can be counted like others."""
    return [replace(row, label=LABELS[int(p.argmax())]) for row, p in zip(rows, said, strict=True)]
