"""The bundled corpus's documents as somebody would give them to scripts/map.py, and what is right and wrong of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from stance.base.annotations import Example, in_one_spelling
from stance.base.files import digest, read_json
from stance.cli.config import PROJECT
from stance.data.agreement import aggregate
from stance.data.corpora import bundled
from stance.evaluation.metrics import document_weights, with_interval
from stance.map.actors import Finder, normalised
from stance.map.positions import Judge
from stance.map.pronouns import kind_of
from stance.map.proposals import SentenceEncoder, Wordings, nearness
from stance.map.questions import answered, candidates, questions
from stance.map.types import NOT_ENOUGH, Actor, Document, Evidence, Proposal
from stance.models.classifier import StanceClassifier

SAMPLES = 1000

POLES = ("favor", "against")

#: What can go wrong, in the order in which it is looked for.
ERRORS = {
    "actor not found": "no sentence with the stance names the actor as the finder and the rule for pronouns see it",
    "not near": "the actor is found there, but the sentence is not asked about the proposal",
    "answer": "it is asked, and the model does not answer with the pole",
    "not enough": "it is answered with the pole, but the answers do not carry a position",
    "wrong pole": "a position of the other pole",
    "wrong holder": "a position where there is none; another actor of the document has this pole on the proposal",
    "wrong proposal": "a position where there is none; the actor has this pole on another proposal of the document",
    "invented": "a position where there is none, otherwise",
    "other negotiation": "a position on a proposal of another document",
}


@dataclass
class Report:
    """A document of the corpus with what is asked about it and what is known of it."""

    document: Document
    actors: tuple[Actor, ...]
    proposals: tuple[Proposal, ...]
    rows: list[Example]
    evidence: list[Evidence] = field(default_factory=list)
    named: set[tuple[str, str]] = field(default_factory=set)

    def gold(self) -> dict[tuple[str, str], str]:
        """By actor and proposal the pole of most rows; ``not enough`` where none has one or they are equal."""
        votes: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for row in self.rows:
            votes[row.holder, row.target][row.label] += 1
        found = {}
        for key, counts in votes.items():
            favor, against = counts["favor"], counts["against"]
            found[key] = "favor" if favor > against else "against" if against > favor else NOT_ENOUGH
        return found


def examples(part: str) -> list[Example]:
    """The rows of a part of the bundled corpus, variants aside."""
    corpus = in_one_spelling(bundled.read(PROJECT / "seeds"))
    rows = aggregate(corpus.annotations, corpus.adjudicator).examples
    parts = corpus.parts or {}
    return [row for row in rows if parts.get(row.id) == part and "minimal_pair" not in row.tags[:1]]


def reports(rows: Sequence[Example], news: int) -> list[Report]:
    """The documents of literary rows, with all their sentences, and some of news, with those that have rows."""
    by_document: defaultdict[str, list[Example]] = defaultdict(list)
    for row in rows:
        if row.holder:
            by_document[row.document].append(row)
    literary = [name for name, found in by_document.items() if "literary" in found[0].tags]
    of_news = sorted(set(by_document) - set(literary), key=digest)[:news]
    return [_report(name, by_document[name]) for name in (*sorted(literary), *of_news)]


def _report(name: str, rows: list[Example]) -> Report:
    path = PROJECT / "seeds" / "documents" / f"{name}.json"
    sentences = read_json(path)["sentences"] if path.exists() else list(dict.fromkeys(row.text for row in rows))
    holders = list(dict.fromkeys(row.holder for row in rows))
    taken = Counter(form for holder in holders for form in {normalised(each)[0] for each in (holder, *_short(holder))})
    actors = tuple(
        Actor(holder, tuple(alias for alias in _short(holder) if taken[normalised(alias)[0]] == 1))
        for holder in holders
    )
    proposals = tuple(Proposal(target) for target in dict.fromkeys(row.target for row in rows))
    joined = " ".join(sentences) if path.exists() else "\n\n".join(sentences)
    return Report(Document(name, joined), actors, proposals, rows)


def _short(holder: str) -> list[str]:
    """Aliases that whoever writes the file would give: without the article; of a name the last word."""
    bare = holder.removeprefix("the ").removeprefix("The ")
    words = bare.split()
    last = [words[-1]] if len(words) > 1 and all(word[:1].isupper() for word in words) else []
    return [alias for alias in (bare, *last) if alias != holder]


def ask(
    found: Sequence[Report], encoder: SentenceEncoder, classifier: StanceClassifier, near: float, alike: float
) -> int:
    """Fill in the evidence of each report on the proposals of all of them; how many questions that took."""
    asked, owners = [], []
    wordings = Wordings(tuple(dict.fromkeys(each for report in found for each in report.proposals)), encoder)
    for report in found:
        kinds = {actor.name: kind_of(actor, report.actors) for actor in report.actors}
        chosen, _ = candidates(report.document, Finder(report.actors), kinds)
        report.named = {(named.actor, each.sentence.text) for each in chosen for named in each.named}
        vectors = encoder.encode([each.sentence.text for each in chosen])
        touching = wordings.touching(vectors, near, report.document.text, alike)
        for question in questions(report.document, chosen, wordings.proposals, touching):
            asked.append(question)
            owners.append(report)
    read = [question.read for question in asked]
    said = classifier.predict(
        texts=[one.text for one in read],
        targets=[one.target for one in read],
        holders=[one.holder for one in read],
        contexts=[one.context for one in read],
    )
    for report, question, prediction in zip(owners, asked, said, strict=True):
        report.evidence.append(answered(question, prediction))
    return len(asked)


def cells_of(report: Report) -> dict[tuple[str, str], list[Evidence]]:
    """The evidence by actor and proposal."""
    found: defaultdict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for row in report.evidence:
        found[row.actor, row.proposal].append(row)
    return found


def positions(report: Report, judge: Judge) -> dict[tuple[str, str], str]:
    """The positions of a report's cells."""
    return {key: judge.position(rows) for key, rows in cells_of(report).items()}


def counts(report: Report, said: Mapping[tuple[str, str], str], *, elsewhere: bool = True) -> list[float]:
    """Right positions, positions told, positions there are: of the cells that the corpus asks about.

    Those on proposals of other documents are told too, and wrong, unless ``elsewhere`` is False.
    """
    gold = report.gold()
    told = {key: said.get(key, NOT_ENOUGH) for key in gold}
    right = sum(told[key] == pole for key, pole in gold.items() if pole in POLES)
    further = len(on_others(report, said)) if elsewhere else 0
    return [right, sum(pole in POLES for pole in told.values()) + further, sum(pole in POLES for pole in gold.values())]


def on_others(report: Report, said: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
    """The cells with a position on a proposal of another document."""
    own = {each.proposal for each in report.proposals}
    return [key for key, pole in said.items() if pole in POLES and key[1] not in own]


def scores(table: Any) -> dict[str, Any]:  # noqa: ANN401 - an array
    """Precision, recall and F1 with intervals that resample documents; from (documents, 3)."""
    sums = document_weights(len(table), SAMPLES, 0) @ np.asarray(table, dtype=float)
    right, told, there = sums.T
    found = {"precision": right / np.maximum(told, 1), "recall": right / np.maximum(there, 1)}
    found["f1"] = 2 * right / np.maximum(told + there, 1)
    return {name: with_interval(values, len(table)) for name, values in found.items()}


def errors(report: Report, said: Mapping[tuple[str, str], str]) -> Counter[str]:
    """What went wrong with each cell that the corpus asks about, by ``ERRORS``."""
    gold, cells, found = report.gold(), cells_of(report), Counter[str]()
    poles = {key: pole for key, pole in gold.items() if pole in POLES}
    found.update("other negotiation" for _ in on_others(report, said))
    for (actor, proposal), pole in gold.items():
        told = said.get((actor, proposal), NOT_ENOUGH)
        if pole in POLES and told in POLES:
            found["wrong pole"] += told != pole
        elif pole in POLES:
            found[_missed(report, cells[actor, proposal], actor, proposal, pole)] += 1
        elif told in POLES:
            others = any(p == proposal and told == each for (_, p), each in poles.items())
            elsewhere = any(a == actor and told == each for (a, _), each in poles.items())
            found["wrong holder" if others else "wrong proposal" if elsewhere else "invented"] += 1
    return found


def _missed(report: Report, cell: Sequence[Evidence], actor: str, proposal: str, pole: str) -> str:
    texts = {row.text for row in report.rows if (row.holder, row.target, row.label) == (actor, proposal, pole)}

    def within(sentence: str) -> bool:
        """Whether a sentence is one of these, or where sentences were parted elsewhere has to do with one."""
        return any(sentence in text or text in sentence for text in texts)

    if not any(named == actor and within(sentence) for named, sentence in report.named):
        return "actor not found"
    answers = [row.label for row in cell if within(row.sentence)]
    if not answers:
        return "not near"
    return "not enough" if pole in answers else "answer"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Sentences and proposals of a part, each sentence with the proposals of all documents; arrays of one length.

    Attributes:
        near: Nearness of sentence and proposal.
        alike: Likeness of its document and the proposal, as a share of the likest one's.
        pole: Whether somebody has a pole on the proposal there.
        own: Whether it is a proposal of the document.
        sentences: How many sentences there are.
    """

    near: Any
    alike: Any
    pole: Any
    own: Any
    sentences: int

    def asked(self, near: float, alike: float) -> tuple[float, float]:
        """Share of the pairs with a pole that are asked, and proposals of other documents asked a sentence."""
        chosen = (self.near >= near) & (self.alike >= alike)
        return float(chosen[self.pole].mean()), float(chosen[~self.own].sum() / self.sentences)


def pairs_of(rows: Sequence[Example], encoder: SentenceEncoder) -> Pairs:
    """The pairs of a part; variants of a sentence and rows without holder are in no report."""
    documents: defaultdict[str, list[str]] = defaultdict(list)
    targets: defaultdict[str, set[str]] = defaultdict(set)
    poles = {(row.text, row.target) for row in rows if row.label in POLES}
    for row in rows:
        targets[row.target].add(row.document)
        if row.text not in documents[row.document]:
            documents[row.document].append(row.text)
    wordings = Wordings([Proposal(name) for name in targets], encoder)
    found: list[tuple[Any, ...]] = []
    for document, texts in documents.items():
        similarity, _ = wordings.nearest(encoder.encode(texts))
        likeness = wordings.subjects.likeness(" ".join(texts))
        shape = similarity.shape
        alike = np.broadcast_to(likeness / likeness.max(), shape)
        own = np.broadcast_to([document in of for of in targets.values()], shape)
        pole = np.array([[(text, name) in poles for name in targets] for text in texts])
        found.append((nearness(similarity), alike, pole, own))
    near, alike, pole, own = (np.concatenate([part.ravel() for part in parts]) for parts in zip(*found, strict=True))
    return Pairs(near, alike, pole, own, sum(map(len, documents.values())))
