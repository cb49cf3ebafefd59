"""The prompt: the codebook, judged examples, and the question, as one message.

A template is plain text with placeholders in braces. ``{codebook}``, ``{examples}``, ``{text}``, ``{context}`` and
``{format}`` (the sentence that says how to answer) may stand anywhere; the question is ``{holder}`` and ``{target}``
or, where several questions of one text are asked in one request, ``{questions}``, a numbered list of both. Other braces
are text, also those of the rows themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stance.base.errors import input_error
from stance.base.files import digest
from stance.base.labels import LABELS
from stance.base.names import must_exist
from stance.base.questions import Question
from stance.models.config import PromptConfig

#: Sections of the codebook by length; None = all of them.
LENGTHS: Mapping[str, int | None] = {"definitions": 2, "decisions": 3, "cases": None}

#: What a holder is called that is not named, and a context that is not given.
AUTHOR, NO_CONTEXT = "the author or speaker of the text", "(none given)"

_HEAD = """{codebook}

# Your task

Judge by this codebook, from the sentence. The context says only who and what is meant.
{examples}"""

BUNDLED = (
    _HEAD
    + """
Context: {context}
Sentence: {text}
Holder: {holder}
Target: {target}

{format}
"""
)

BUNDLED_SEVERAL = (
    _HEAD
    + """
Context: {context}
Sentence: {text}

Judge it for each of these:
{questions}

{format}
"""
)

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_KNOWN = ("codebook", "examples", "context", "text", "holder", "target", "questions", "format")


@dataclass(frozen=True, slots=True)
class JudgedQuestion(Question):
    """A question with its answer, as examples are shown."""

    label: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What every question of a model has in common.

    Attributes:
        template: Text with placeholders.
        codebook: What stands for ``{codebook}``.
        several: Whether the template is one for several questions of a text.
    """

    template: str
    codebook: str
    several: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of all that is the same in every message but the examples."""
        return digest([self.template, self.codebook, self.several, _format(1, self.several)])

    def message(self, questions: Sequence[Question], examples: Sequence[JudgedQuestion] = ()) -> str:
        """The whole prompt for questions that have text and context in common."""
        first = questions[0]
        values = {
            "codebook": self.codebook,
            "examples": self._examples(examples),
            "context": first.context or NO_CONTEXT,
            "text": first.text,
            "holder": first.holder or AUTHOR,
            "target": first.target,
            "questions": _numbered(questions),
            "format": _format(len(questions), self.several),
        }
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self.template)

    def _examples(self, examples: Sequence[JudgedQuestion]) -> str:
        if not examples:
            return ""
        shown = []
        for one in examples:
            head = f"Context: {one.context or NO_CONTEXT}\nSentence: {one.text}\n"
            asked = _numbered([one]) if self.several else f"Holder: {one.holder or AUTHOR}\nTarget: {one.target}"
            answer = json.dumps({"1" if self.several else "label": one.label})
            shown.append(f"{head}{asked}\nAnswer: {answer}\n")
        return "\n" + "\n".join(["Judged examples:\n", *shown, "Now the one to judge:\n"])


def prompt_of(config: PromptConfig) -> Prompt:
    """The prompt that the configuration describes.

    Raises:
        StanceError: A file that is not there, a template without a question or with an unknown placeholder, a codebook
            with fewer sections than asked for.
    """
    several = config.questions > 1
    template = BUNDLED_SEVERAL if several else BUNDLED
    if config.template is not None:
        template = _checked(must_exist(config.template, "template"), several=several)
    codebook = cut_codebook(config.guidelines, config.codebook) if "{codebook}" in template else ""
    return Prompt(template, codebook, several)


def cut_codebook(path: str | Path, length: str) -> str:
    """So much of a Markdown codebook as one of ``LENGTHS`` says, counted in sections that begin with ``##``.

    Raises:
        StanceError: There is no such file, or it has fewer sections.
    """
    text = must_exist(path, "codebook").read_text(encoding="utf-8").strip()
    sections, wanted = re.split(r"(?m)^(?=## )", text), LENGTHS[length]
    if wanted is None:
        return text
    if len(sections) - 1 < wanted:
        found, allowed = f"{len(sections) - 1} sections", f"{wanted} sections or more that begin with '## '"
        raise input_error(str(path), f"too short for model.codebook={length}", found=found, allowed=allowed)
    return "".join(sections[: wanted + 1]).strip()


def schema(questions: int, several: bool) -> dict[str, Any]:
    """The JSON schema of the answer to so many questions."""
    names = [str(number + 1) for number in range(questions)] if several else ["label"]
    properties = {name: {"type": "string", "enum": list(LABELS)} for name in names}
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def _format(questions: int, several: bool) -> str:
    if several:
        wanted = ", ".join(f'"{number + 1}": ...' for number in range(questions))
        return f"Answer with JSON alone, {{{wanted}}}, where each value is one of {', '.join(LABELS)}."
    return "Answer with JSON alone: " + " or ".join(json.dumps({"label": label}) for label in LABELS) + "."


def _numbered(questions: Sequence[Question]) -> str:
    return "\n".join(f"{n}. Holder: {q.holder or AUTHOR}; target: {q.target}" for n, q in enumerate(questions, 1))


def _checked(path: Path, *, several: bool) -> str:
    template = path.read_text(encoding="utf-8")
    found = _PLACEHOLDER.findall(template)
    needed = ("text", "questions" if several else "target")
    for name in needed:
        if name not in found:
            allowed = f"a template with {' and '.join(f'{{{each}}}' for each in needed)}"
            raise input_error(str(path), f"a template without {{{name}}}", found=sorted(set(found)), allowed=allowed)
    if unknown := sorted(set(found) - set(_KNOWN)):
        raise input_error(str(path), "unknown placeholder", found=unknown, allowed=_KNOWN)
    return template
