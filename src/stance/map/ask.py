"""Labels all sentences of the documents with a classifier, in flat memory; an interrupted run continues."""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import islice

import numpy as np
import pyarrow as pa
from tqdm.auto import tqdm

from stance.base.errors import input_error
from stance.base.parquet import Encoder as ParquetEncoder
from stance.base.predictions import probabilities_of, to_predictions
from stance.base.tables import RowEncoder
from stance.inference.journal import Journal
from stance.inference.repeats import REMEMBERED, Repeats
from stance.map.actors import Finder
from stance.map.config import MapConfig
from stance.map.documents import SetAside, read_documents
from stance.map.pronouns import kind_of
from stance.map.proposals import Encoder, Wordings
from stance.map.questions import Asked, Candidate, answered, candidates, questions
from stance.map.types import Actor, Document, Evidence, Proposal
from stance.models.classifier import StanceClassifier

log = logging.getLogger(__name__)

#: Files of the journal.
ROWS, TABLE, SEPARATED = "rows", "evidence.parquet", "evidence.csv"
SET_ASIDE, DOCUMENTS, _REPEATS = "set-aside.jsonl", "documents", "repeats"

#: What differs between two documents that are set aside for one reason; the 8 of UTF-8 does not.
_NUMBER = re.compile(r"(?<![\w=-])\d(?:[\d,]*\d)?")

_TYPES: dict[object, pa.DataType] = {str: pa.string(), int: pa.int64(), float: pa.float64()}
SCHEMA = pa.schema([(each.name, _TYPES[each.type]) for each in fields(Evidence)])


@dataclass(slots=True)
class Tally:
    """What became of the documents.

    Attributes:
        documents: Read.
        set_aside: Not read, by reason.
        undated: Of the read ones, without a date.
        sentences: In the documents read.
        about: Sentences that are about an actor.
        resolved: Of the questions those about an actor that a pronoun or title stands for.
        questions: Asked; every one has a row of evidence.
        scored: Of them those that the model was asked for; the others were repeats.
        kept: Documents with evidence.
        common: Hits of aliases that are common words.
    """

    documents: int = 0
    set_aside: dict[str, int] = field(default_factory=dict)
    undated: int = 0
    sentences: int = 0
    about: int = 0
    resolved: int = 0
    questions: int = 0
    scored: int = 0
    kept: int = 0
    common: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Documents that were read or set aside."""
        return self.documents + sum(self.set_aside.values())


def ask_all(
    config: MapConfig,
    actors: Sequence[Actor],
    proposals: Sequence[Proposal],
    classifier: StanceClassifier,
    encoder: Encoder,
    journal: Journal,
    tally: Tally,
) -> None:
    """Bring the evidence of all documents that the journal does not have yet into its files, and count on.

    Raises:
        StanceError: No document could be read, or there is none; see also :func:`stance.map.documents.read_documents`.
    """
    repeats, table = Repeats(REMEMBERED), ParquetEncoder(TABLE, SCHEMA)
    if journal.path(ROWS).exists():
        table.go_on(journal.path(ROWS))
    if journal.path(_REPEATS).exists():
        repeats.recall(journal.path(_REPEATS))
    if tally.done:
        log.info("going on after document %s, where a run was stopped", f"{tally.done:,}")
    finder, wordings = Finder(actors), Wordings(proposals, encoder)
    finder.hits.update(tally.common)
    kinds = {actor.name: kind_of(actor, actors) for actor in actors}
    found = documents_of(config, skip=tally.done)
    with tqdm(desc="documents", initial=tally.done, unit="", smoothing=0) as bar:
        while chunk := list(islice(found, config.chunk)):
            read = _sort(chunk, journal, tally)
            asked = list(_questions(config, read, finder, kinds, wordings, encoder, tally))
            tally.common = dict(finder.hits)
            _ask(classifier, asked, journal, repeats, table, tally)
            journal.commit(asdict(tally))
            bar.set_postfix_str(f"{tally.questions:,} questions", refresh=False)
            bar.update(len(chunk))
    if not tally.documents:
        reasons = ", ".join(f"{reason} ({number:,})" for reason, number in tally.set_aside.items())
        raise input_error(config.documents, f"no document could be read: {reasons}")


def documents_of(config: MapConfig, skip: int = 0) -> Iterator[Document | SetAside]:
    """The documents as configured, but for the first so many; none is of what the map itself writes."""
    return read_documents(
        config.documents,
        config.columns,
        encoding=config.encoding,
        largest=config.largest,
        skip=skip,
        without=config.folders,
    )


def _sort(chunk: Sequence[Document | SetAside], journal: Journal, tally: Tally) -> list[Document]:
    """The documents of a chunk; what is set aside is noted with its reason."""
    read, reasons = [], Counter(tally.set_aside)
    for each in chunk:
        if isinstance(each, Document):
            read.append(each)
            tally.undated += not each.date
        else:
            reasons[re.split(r"[:;]", _NUMBER.sub("N", each.reason))[0][:60]] += 1
            journal.append(SET_ASIDE, _line(each._asdict()))
    tally.documents += len(read)
    tally.set_aside = dict(reasons)
    return read


def _questions(
    config: MapConfig,
    documents: Sequence[Document],
    finder: Finder,
    kinds: dict[str, str],
    wordings: Wordings,
    encoder: Encoder,
    tally: Tally,
) -> Iterator[Asked]:
    """The questions about a chunk of documents; their sentences are embedded together."""
    found: list[tuple[Document, list[Candidate]]] = []
    for document in documents:
        asked, total = candidates(document, finder, kinds)
        tally.sentences += total
        tally.about += len(asked)
        found.append((document, asked))
    vectors = encoder.encode([each.sentence.text for _, asked in found for each in asked])
    ends = np.cumsum([len(asked) for _, asked in found])
    for (document, asked), end in zip(found, ends, strict=True):
        touching = wordings.touching(vectors[end - len(asked) : end], config.near, document.text, config.alike)
        yield from questions(document, asked, wordings.proposals, touching)


def _ask(
    classifier: StanceClassifier,
    asked: Sequence[Asked],
    journal: Journal,
    repeats: Repeats,
    table: RowEncoder,
    tally: Tally,
) -> None:
    """Answer the questions of a chunk and add them to the files."""
    if not asked:
        return
    plan = repeats.plan([question.read for question in asked])
    scores, record = plan.settle(probabilities_of(classifier.predictor, plan.new))
    evidence = [answered(*pair) for pair in zip(asked, to_predictions(scores), strict=True)]
    journal.append(ROWS, table.encode([asdict(row) for row in evidence]))
    journal.append(_REPEATS, record)
    kept = {question.document.id: question.document for question in asked}
    journal.append(DOCUMENTS, b"".join(_line(asdict(document)) for document in kept.values()))
    tally.questions += len(asked)
    tally.scored += len(plan.new)
    tally.resolved += sum(row.mention_start < 0 for row in evidence)
    tally.kept += len(kept)


def _line(row: dict[str, object]) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
