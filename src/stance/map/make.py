"""Makes the map: reads documents, labels sentences, computes positions, writes the files."""

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq

from stance.base.errors import StanceError, input_error
from stance.base.files import file_digest, write_json
from stance.base.parquet import to_parquet
from stance.base.rows import read_rows
from stance.base.tables import write_table
from stance.evaluation.metrics import FEW_DOCUMENTS, in_words
from stance.evaluation.shares import Errors, read_validation
from stance.inference.journal import Journal
from stance.map import ask
from stance.map.actors import read_actors
from stance.map.ask import Tally, ask_all, documents_of
from stance.map.changes import ALPHA
from stance.map.config import MapConfig
from stance.map.copies import first_copies
from stance.map.documents import SetAside, documents_digest
from stance.map.positions import ENOUGH, FEW, Judge, cells
from stance.map.proposals import Encoder, SentenceEncoder, read_proposals
from stance.map.suggest import entities_of, subjects_in, write_suggestions
from stance.map.types import Document, Evidence, Proposal, StanceMap
from stance.models.classifier import StanceClassifier, checkpoint_folder

log = logging.getLogger(__name__)

#: Files of the output.
MAP, PAGE, EXPORTS, ACTORS = "map.json", "map.html", "exports", "actors.csv"

#: What a map of one proposal says, which has none that a document could be liker to.
ONE_PROPOSAL = (
    "With one proposal every document is asked about it, those on other negotiations too: set these aside, or list "
    "their proposals as well."
)

#: Settings that the answers do not depend on, or that are known by content.
_NOT_IDENTITY = (
    *("documents", "proposals", "actors", "entities", "output", "title", "checkpoint", "runtime", "certain"),
    *("bootstrap", "overwrite"),
)


def suggest_actors(config: MapConfig) -> tuple[int, Path]:
    """Write candidates for actors that the documents name; how many they are, and where.

    Raises:
        StanceError: The file is there, and may have been edited; spaCy's pipeline (``entities``) is not.
    """
    path = Path(config.output) / ACTORS
    if path.exists() and not config.overwrite:
        allowed = f"actors={path} to use it, or overwrite=true to write it anew"
        raise input_error(str(path), "a file of actors is there already", allowed=allowed)
    names = entities_of(config.entities) if config.entities else subjects_in
    aside: list[SetAside] = []
    number = write_suggestions(path, _read(config, aside), names)
    if aside:
        log.warning("%s documents were set aside, the first: %s", f"{len(aside):,}", ": ".join(aside[0]))
    return number, path


def _read(config: MapConfig, aside: list[SetAside]) -> Iterator[Document]:
    """The documents; what is set aside goes to ``aside``."""
    for each in documents_of(config):
        if isinstance(each, Document):
            yield each
        else:
            aside.append(each)


def make_map(config: MapConfig, encoder: Encoder | None = None) -> StanceMap:
    """Ask about every document and put it all together; the files of the output but page and exports are written.

    While it runs, the answers are in the folder ``OUTPUT.partial``; a run that was killed goes on after its last whole
    chunk. The answers are streamed; the map itself, with all evidence, is in memory in the end.

    Args:
        config: Files and settings.
        encoder: Of sentences; None = the packaged one.

    Raises:
        StanceError: A file is not as it should be (names file and line), no document can be read, an unfinished run
            with other settings is in the way.
    """
    actors, proposals = read_actors(config.actors, config.encoding), read_proposals(config.proposals, config.encoding)
    if len(proposals) == 1:
        log.warning(ONE_PROPOSAL)
    classifier = StanceClassifier.from_pretrained(config.checkpoint, config.runtime)
    output, partial = config.folders
    output.mkdir(parents=True, exist_ok=True)
    journal = Journal(partial, _identity(config, classifier), overwrite=config.overwrite)
    tally = journal.tally(Tally)
    try:
        if not journal.whole:
            ask_all(config, actors, proposals, classifier, encoder or SentenceEncoder(), journal, tally)
            _tables(journal)
        evidence = [Evidence(**row) for _, row in read_rows(_where(journal, output, ask.TABLE))]
        documents = _documents(journal.path(ask.DOCUMENTS), config)
        judge = Judge(_errors(config), config.certain, config.bootstrap)
        made = StanceMap(
            title=config.title,
            made=datetime.now(UTC).date().isoformat(),
            model=_model(config.checkpoint, classifier),
            actors=actors,
            proposals=proposals,
            cells=cells(evidence, actors, proposals, judge, documents),
            evidence=tuple(evidence),
            documents=tuple(documents),
            notes=tuple(_notes(config, tally, judge, documents, proposals)),
        )
        write_json(output / MAP, asdict(made))
        places = (ask.TABLE, ask.SEPARATED, ask.SET_ASIDE)
        journal.deliver({name: output / name for name in places})
    except StanceError:
        if not journal.state.get("questions"):
            journal.discard()
        raise
    finally:
        journal.close()
    return made


def write_pages(made: StanceMap, config: MapConfig) -> list[Path]:
    """Write the page and the exports; where they are."""
    from stance.map.exports import write_exports
    from stance.map.page import write_page

    page = Path(config.output) / PAGE
    write_page(made, page)
    return [page, *write_exports(made, Path(config.output) / EXPORTS)]


def _identity(config: MapConfig, classifier: StanceClassifier) -> dict[str, Any]:
    """What a run must have in common with one that was stopped, to go on from there."""
    settings = {name: value for name, value in asdict(config).items() if name not in _NOT_IDENTITY}
    return settings | {
        "documents": documents_digest(config.documents, config.folders),
        "actors": file_digest(config.actors),
        "proposals": file_digest(config.proposals),
        "checkpoint": classifier.digest(),
        "runtime": classifier.runtime,
    }


def _tables(journal: Journal) -> None:
    """The evidence as parquet and as csv, from the rows that grew; with no answer both have a header alone."""
    rows, table = journal.path(ask.ROWS), journal.path(ask.TABLE)
    if rows.exists() and rows.stat().st_size:
        to_parquet(rows, table)
    else:
        pq.write_table(ask.SCHEMA.empty_table(), table)
    write_table(journal.path(ask.SEPARATED), ask.SCHEMA.names, (row.values() for _, row in read_rows(table)))


def _where(journal: Journal, output: Path, name: str) -> Path:
    """A file that may be delivered already, by a run that was killed just then."""
    return journal.path(name) if journal.path(name).exists() else output / name


def _documents(path: Path, config: MapConfig) -> list[Document]:
    """The documents that were asked about; those of a folder are linked to their file, as seen from the page."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as lines:
        documents = [Document(**json.loads(line)) for line in lines]
    if not Path(config.documents).is_dir():
        return documents
    here = Path(os.path.relpath(config.documents, config.output)).as_posix()
    own = (one.link == one.id or one.id.startswith(f"{one.link}#") for one in documents)
    pairs = zip(documents, own, strict=True)
    return [replace(one, link=quote(f"{here}/{one.link}")) if is_file else one for one, is_file in pairs]


def _errors(config: MapConfig) -> Errors | None:
    try:
        validation = read_validation(checkpoint_folder(config.checkpoint))
    except StanceError as error:
        log.warning("%s: shares and positions are not corrected for the model's errors", error)
        return None
    return Errors.of(validation, config.bootstrap, seed=0)


def _model(name: str, classifier: StanceClassifier) -> str:
    """Name of the classifier, and what was measured of it on the test part that it was trained beside."""
    measured = classifier.card.metrics.get("test", {})
    score = measured.get("measures", measured).get("macro_f1")
    if not isinstance(score, Mapping):
        return name
    data = classifier.card.data.get("name", "")
    return f"{name}: macro-F1 {in_words(score)} on the test part of {data or 'its corpus'}"


def _notes(
    config: MapConfig, tally: Tally, judge: Judge, documents: Sequence[Document], proposals: Sequence[Proposal]
) -> Iterable[str]:
    """What the reader must know."""
    yield f"{tally.documents:,} documents read, of which {tally.kept:,} have a sentence that was asked about."
    if repeats := len(documents) - len({*first_copies(documents).values()}):
        yield f"{repeats:,} of these have the text of another: what copies of one text say is counted once."
    if tally.set_aside:
        reasons = ", ".join(f"{reason} ({number:,})" for reason, number in tally.set_aside.items())
        yield f"{sum(tally.set_aside.values()):,} documents set aside ({ask.SET_ASIDE}): {reasons}."
    if tally.undated:
        yield f"{tally.undated:,} documents have no date: their statements are in no month and in no change."
    if years := sum(len(document.date) == len("2024") for document in documents):
        told = f"{years:,} documents with such a sentence are dated to a year alone"
        yield f"{told}: their statements are in no month and in no change."
    yield (
        f"{tally.about:,} of {tally.sentences:,} sentences are about an actor; {tally.questions:,} questions were "
        f"asked about them, {tally.resolved:,} of an actor that a pronoun or title stands for (the last subject of "
        "fitting kind, in the sentence or the one before)."
    )
    yield (
        f"A sentence is asked about a proposal from a nearness of {config.near:g} on: the mean of its own likeness "
        "(cosine of embeddings, the nearest wording taken) and the highest of the sentences around it; and if its "
        f"document has at least {config.alike:g} times as many of the proposal's words as of the likest one's."
    )
    if len(proposals) == 1:
        yield ONE_PROPOSAL
    yield (
        f"A position is favor or against where its statements outnumber the other pole's in {judge.certain:.0%} of "
        f"{judge.draws:,} draws of documents, of the model's errors and of each statement's label; neutral with "
        f"{ENOUGH} documents or more where likewise at most {FEW:.0%} of statements have a pole; else there is not "
        "enough evidence. Shares are corrected for the model's confusion; intervals are 95% and resample documents. Of "
        f"fewer than {FEW_DOCUMENTS} documents they are too narrow."
    )
    if judge.errors is None:
        yield "The model's errors are not known: shares and positions are not corrected for them."
    yield f"A change of position has p of at most {ALPHA:g} in a permutation test of documents, for one cell each."
    for alias, hits in tally.common.items():
        yield f"The alias {alias!r} is a common word; it was found {hits:,} times: look at its sentences first."
