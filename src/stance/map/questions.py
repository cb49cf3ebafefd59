"""From a document to what the model is asked: a sentence, an actor that it is about, a proposal that it touches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stance.base.files import digest
from stance.base.predictions import DECIMALS, Prediction
from stance.base.questions import Question
from stance.data.imports.text import sentences as bounds_of
from stance.map.actors import Finder
from stance.map.pronouns import Subject, by_title, is_place, resolve
from stance.map.proposals import Touching, on_the_table
from stance.map.types import Document, Evidence, Proposal

#: Sentences before one that the model is shown, if it reads any.
BEFORE = 2


@dataclass(frozen=True, slots=True)
class Sentence:
    """``text[start:end]`` of the document, without white space at its ends."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """An actor that a sentence is about.

    Attributes:
        actor: By name.
        mention: As it is named, here or (a pronoun) in the sentence before.
        start: Offset of the mention in the document; -1 where it was resolved.
        end: Likewise.
        holder: As the model is asked: as the sentence names the actor; by name where a pronoun stands for it.
    """

    actor: str
    mention: str
    start: int
    end: int
    holder: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that is about an actor."""

    sentence: Sentence
    context: str
    named: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the model is asked, and of whom and what."""

    document: Document
    candidate: Candidate
    named: Named
    proposal: Proposal
    similarity: float
    reversed: bool

    @property
    def read(self) -> Question:
        """The target as the model sees it."""
        target = self.proposal.reverse if self.reversed else self.proposal.proposal
        return Question(self.candidate.sentence.text, target, self.named.holder, self.candidate.context)


def sentences(text: str) -> list[Sentence]:
    """The sentences in order; a line break ends one only where the line before is empty.

    Source: sentencex, of the Wikimedia Foundation.
    """
    found = []
    for start, end in bounds_of(text):
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        if piece := piece.strip():
            found.append(Sentence(start, start + len(piece), piece))
    return found


def before(found: list[Sentence], number: int) -> str:
    """The sentences before one, as the model is shown them."""
    return " ".join(sentence.text for sentence in found[max(0, number - BEFORE) : number])


def candidates(document: Document, finder: Finder, kinds: Mapping[str, str]) -> tuple[list[Candidate], int]:
    """The sentences of a document that are about an actor, and how many sentences it has.

    Args:
        document: Whose sentences they are.
        finder: Of the actors.
        kinds: Of the actors by name (:func:`stance.map.pronouns.kind_of`).
    """
    found = sentences(document.text)
    chosen: list[Candidate] = []
    last: dict[str, Subject] = {}
    titled = by_title(finder.owners, kinds)
    for number, sentence in enumerate(found):
        mentions = [each for each in finder.find(sentence.text) if not is_place(sentence.text, each, kinds[each.actor])]
        meant, last = resolve(sentence.text, mentions, kinds, last, titled)
        named: dict[str, Named] = {}
        for each in mentions:
            text = sentence.text[each.start : each.end]
            here = Named(each.actor, text, sentence.start + each.start, sentence.start + each.end, text)
            named.setdefault(each.actor, here)
        for subject in meant.values():
            named.setdefault(subject.actor, Named(subject.actor, subject.mention, -1, -1, subject.actor))
        if named:
            chosen.append(Candidate(sentence, before(found, number), tuple(named.values())))
    return chosen, len(found)


def questions(
    document: Document, asked: Sequence[Candidate], proposals: Sequence[Proposal], touching: Touching
) -> Iterator[Asked]:
    """Every question about a document: each candidate, proposal on the table that it touches, and actor."""
    open_ones = [(column, each) for column, each in enumerate(proposals) if on_the_table(each, document.date)]
    for row, candidate in enumerate(asked):
        for column, proposal in open_ones:
            if touching.touches[row, column]:
                likeness, turned = float(touching.similarity[row, column]), bool(touching.reversed[row, column])
                for named in candidate.named:
                    yield Asked(document, candidate, named, proposal, likeness, turned)


def answered(question: Asked, prediction: Prediction) -> Evidence:
    """The answer as a row of evidence; one about the reverse course is turned: against it is for the proposal."""
    document, sentence, named = question.document, question.candidate.sentence, question.named
    against, neutral, favor = (round(prediction.scores[name], DECIMALS) for name in ("against", "neutral", "favor"))
    label: str = prediction.label
    if question.reversed:
        against, favor = favor, against
        label = {"against": "favor", "favor": "against"}.get(label, label)
    return Evidence(
        id=digest([document.id, sentence.start, named.actor, question.proposal.proposal])[:16],
        document=document.id,
        date=document.date,
        source=document.source,
        title=document.title,
        link=document.link,
        sentence=sentence.text,
        context=question.candidate.context,
        start=sentence.start,
        end=sentence.end,
        actor=named.actor,
        mention=named.mention,
        mention_start=named.start,
        mention_end=named.end,
        proposal=question.proposal.proposal,
        similarity=round(question.similarity, 4),
        label=label,
        against=against,
        neutral=neutral,
        favor=favor,
    )
