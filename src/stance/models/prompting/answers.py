"""What an answer says: strictly parsed, with probabilities, and what cannot be read kept apart from any label."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stance.base.labels import LABELS, Label

#: Why a question has no label: the model refused, said nothing, was cut at max_tokens, or said what is no label.
PROBLEMS = ("refused", "empty", "cut", "unreadable")

#: The least probability of a label by log-probabilities: servers name the likeliest tokens only.
FLOOR = 1e-6

#: Some servers leave out the mark that begins it.
_THOUGHT = re.compile(r"\A.*</think>|<think>.*\Z", re.DOTALL)
_PLAIN = re.compile(r"\W*(?:(?:label|answer|stance)\W+)?(against|neutral|favou?r)\W*", re.IGNORECASE)
_LINE = re.compile(r"(?im)^\W*(\d+)\W+(against|neutral|favou?r)\W*$")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came.

    Attributes:
        text: What the model wrote.
        finish: Why it ended: stop, length, content_filter.
        refusal: What the server gave as a refusal, if it did.
        tokens: Each token of the text with the log-probabilities of the likeliest at its place; empty if not given.
        read: Tokens of the prompt, as the server counted them.
        written: Tokens of the answer.
    """

    text: str
    finish: str = "stop"
    refusal: str = ""
    tokens: tuple[tuple[str, Mapping[str, float]], ...] = ()
    read: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What a reply says of one question: a label, with probabilities where there are any, or a problem.

    Attributes:
        label: Empty if there is none.
        probabilities: Of the three labels, shape (3,); None where the server gave no log-probabilities.
        problem: One of ``PROBLEMS`` if there is no label.
    """

    label: Label | str
    probabilities: NDArray[np.float64] | None = None
    problem: str = ""


def read_reply(reply: Reply, names: Sequence[str]) -> list[Said]:
    """What a reply says of each question.

    Only a label by itself counts, or JSON with one for the question's name: "I would not say favor" is unreadable. So
    is a reply that has several labels for one name, such as one that repeats how to answer.

    Args:
        reply: As it came.
        names: Of the questions in the answer's JSON: ``label``, or ``1``, ``2`` and on.
    """
    if reply.refusal or reply.finish == "content_filter":
        return [Said("", problem="refused")] * len(names)
    text = _THOUGHT.sub(lambda found: " " * len(found[0]), reply.text)
    if not text.strip():
        return [Said("", problem="cut" if reply.finish == "length" else "empty")] * len(names)
    found = _labels(text, names)
    missing = Said("", problem="cut" if reply.finish == "length" else "unreadable")
    said = {name: Said(label, _probabilities(reply, place, label)) for name, (label, place) in found.items()}
    return [said.get(name, missing) for name in names]


def _labels(text: str, names: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Label and its place in the text by name of the question; of a name with several labels nothing."""
    found = []
    for match in re.finditer(r"\{[^{}]*\}", text):
        try:
            pairs = json.loads(match[0], object_pairs_hook=list)
        except ValueError:
            continue
        said = [(name, _spelled(value)) for name, value in pairs if name in names]
        found += [(name, label, _place(text, match.start(), name, label)) for name, label in said if label]
    if "{" not in text:
        if list(names) == ["label"] and (plain := _PLAIN.fullmatch(text)):
            return {"label": (_spelled(plain[1]), plain.start(1))}
        found = [(match[1], _spelled(match[2]), match.start(2)) for match in _LINE.finditer(text) if match[1] in names]
    several = {name for name in names if len({label for of, label, _ in found if of == name}) > 1}
    return {name: (label, place) for name, label, place in found if name not in several}


def _spelled(value: Any) -> str:  # noqa: ANN401 - JSON is what it is
    """The label that a value spells, or nothing; British spelling and capitals are the same word."""
    word = value.strip().lower().replace("favour", "favor") if isinstance(value, str) else ""
    return word if word in LABELS else ""


def _place(text: str, start: int, name: str, label: str) -> int:
    """Where in the text the value of a name begins."""
    match = re.compile(rf'"{re.escape(name)}"\s*:\s*"\s*').search(text, start)
    return match.end() if match else text.lower().find(label, start)


def _probabilities(reply: Reply, place: int, label: str) -> NDArray[np.float64] | None:
    """Probability of each label from the tokens that could stand where the label begins, shape (3,), summing to 1.

    A token counts for the label that it begins. A label that is not among them gets what is left over, at most as much
    as the least likely of them.
    """
    joined = "".join(token for token, _ in reply.tokens)
    place = joined.rfind(reply.text[place:].strip())  # servers may strip the text, or end it with a token of their own
    end = 0
    for token, likeliest in reply.tokens:
        start, end = end, end + len(token)
        if end > place >= 0 and likeliest:
            break
    else:
        return None
    ahead = token[: place - start]
    mass = np.zeros(len(LABELS))
    for alternative, logarithm in likeliest.items():
        if not alternative.startswith(ahead):
            continue
        word = alternative[len(ahead) :].strip(' "').lower().replace("favour", "favor")
        if word:
            mass += [math.exp(logarithm) * (each.startswith(word) or word.startswith(each)) for each in LABELS]
    if not mass[LABELS.index(label)]:
        return None
    lacking = mass == 0
    if lacking.any():
        least = math.exp(min(likeliest.values()))
        mass[lacking] = min(least, max(0.0, 1 - sum(map(math.exp, likeliest.values()))) / lacking.sum())
    mass = np.maximum(mass / mass.sum(), FLOOR)
    return np.asarray(mass / mass.sum())


def from_samples(labels: Sequence[str]) -> NDArray[np.float64]:
    """Probabilities from several answers to one question, shape (3,): shares, with one imagined answer besides.

    Half of that answer is for the first label, which is that of temperature 0, and a quarter for each other: no label
    has probability 0, and ties go to the first answer.

    Args:
        labels: One or more.
    """
    counts = np.array([float(labels.count(label)) for label in LABELS])
    imagined = [0.5 if label == labels[0] else 0.25 for label in LABELS]
    return np.asarray((counts + imagined) / (len(labels) + 1))
