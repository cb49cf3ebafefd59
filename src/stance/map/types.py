"""What travels on the way from documents to the map; everything is plain values, so that it can be written as JSON."""

from dataclasses import dataclass

from stance.base.labels import LABELS

#: What an actor's position on a proposal can be: a label, or that the evidence does not carry one.
NOT_ENOUGH = "not enough"
POSITIONS = (*LABELS, NOT_ENOUGH)


@dataclass(frozen=True, slots=True)
class Document:
    """One report.

    Attributes:
        id: Unique among the documents, e.g. the file's path below the folder, or the row's id in a table.
        text: As read; offsets count its characters.
        date: ISO, to the day, the month or the year (``2024-05-17``, ``2024-05``, ``2024``); empty if unknown.
        source: Newspaper, agency, speaker's office; empty if unknown.
        title: Empty if unknown.
        link: Where the document can be opened, an URL or a relative path; empty if unknown.
    """

    id: str
    text: str
    date: str = ""
    source: str = ""
    title: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody whose position is asked: name, other names, and the body that it speaks for (another actor's name)."""

    name: str
    aliases: tuple[str, ...] = ()
    member_of: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A course of action: as put to the model, other wordings, the negative course, and when it was on the table."""

    proposal: str
    variants: tuple[str, ...] = ()
    reverse: str = ""
    begins: str = ""
    ends: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One answer: what one sentence says of one actor's position on one proposal.

    Attributes:
        id: Unique; the same for the same question in another run.
        document: Its id.
        date: Of the document.
        source: Of the document.
        title: Of the document.
        link: Of the document.
        sentence: Verbatim: ``text[start:end]`` of the document.
        context: The sentences before it that the model was shown.
        start: Offset of the sentence in the document, in characters.
        end: Offset after its last character.
        actor: Name of the actor, as in the actors' file.
        mention: As the sentence (or, for a pronoun, the sentence before) names the actor.
        mention_start: Offset of the mention in the document, in characters; -1 where it was resolved from elsewhere.
        mention_end: Offset after it; -1 likewise.
        proposal: As in the proposals' file.
        similarity: Cosine of sentence and proposal, the nearest wording taken.
        label: The most probable one.
        against: Its probability, calibrated; the three add up to 1.
        neutral: Likewise.
        favor: Likewise.
    """

    id: str
    document: str
    date: str
    source: str
    title: str
    link: str
    sentence: str
    context: str
    start: int
    end: int
    actor: str
    mention: str
    mention_start: int
    mention_end: int
    proposal: str
    similarity: float
    label: str
    against: float
    neutral: float
    favor: float


@dataclass(frozen=True, slots=True)
class Share:
    """A share of an actor's statements with its interval (95%, documents resampled), from 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Month:
    """What was counted of one actor and proposal in one month (``2024-05``), by label."""

    month: str
    against: int
    neutral: int
    favor: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change of position that is more than noise.

    From which date, between which positions, the permutation test's p, and ids of evidence for the position before and
    after (the clearest sentences first).
    """

    date: str
    before: str
    after: str
    p_value: float
    evidence_before: tuple[str, ...]
    evidence_after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one actor stands on one proposal.

    Attributes:
        actor: By name.
        proposal: As in the file.
        statements: How many answers it rests on (rolled up: those of its members too), one a sentence.
        documents: How many documents these are from; copies of one are one.
        against: Share, corrected for the classifier's confusion, with its interval.
        neutral: Likewise.
        favor: Likewise.
        position: One of ``POSITIONS``.
        rolled_up: Whether statements of members are counted in it.
        members: The members whose statements are counted, by name.
        months: By month, those without a statement left out; undated statements are in no month.
        changes: Changes of position, the earliest first.
        evidence: Ids, the clearest first.
    """

    actor: str
    proposal: str
    statements: int
    documents: int
    against: Share
    neutral: Share
    favor: Share
    position: str
    rolled_up: bool
    members: tuple[str, ...]
    months: tuple[Month, ...]
    changes: tuple[Change, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StanceMap:
    """Everything that the page and the exports show.

    Attributes:
        title: Of the page.
        made: When, ISO.
        model: Name of the classifier, and what was measured of it (macro-F1 on news test with its interval, as text).
        actors: In the order of the file.
        proposals: In the order of the file.
        cells: Of each actor and proposal with at least one answer.
        evidence: All answers that touch a proposal.
        documents: Of those documents: id to title, date, source, link, text.
        notes: What the reader must know: what was set aside and why, counted; thresholds; how positions are decided.
    """

    title: str
    made: str
    model: str
    actors: tuple[Actor, ...]
    proposals: tuple[Proposal, ...]
    cells: tuple[Cell, ...]
    evidence: tuple[Evidence, ...]
    documents: tuple[Document, ...]
    notes: tuple[str, ...]
