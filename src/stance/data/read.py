"""Readers: each takes files in somebody's own format, as they are, into one ``Corpus``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace

from stance.base.annotations import Corpus, in_one_spelling
from stance.base.errors import input_error
from stance.base.files import file_digest
from stance.base.hub import fetch
from stance.data import dna, imported, table
from stance.data.annotation_files import read_corpus_file
from stance.data.config import DataConfig
from stance.data.corpora import (
    bundled,
    conflict_bias,
    gwsd,
    iam,
    ibm_claim_stance,
    ibm_kpa,
    mpqa,
    negotiation,
    news,
    newsmtsc,
    nli,
    perspectrum,
    procon20,
    pstance,
    ruw,
    seesaw,
    semeval2016,
    tweeteval,
    unsc,
    vast,
    wire,
)

#: Readers of published corpora that there is nothing to tell but where, and whether to refuse other files.
PUBLISHED: Mapping[str, Callable[..., Corpus]] = {
    "tweeteval": tweeteval.read,
    "newsmtsc": newsmtsc.read,
    "gwsd": gwsd.read,
    "pstance": pstance.read,
    "procon20": procon20.read,
    "perspectrum": perspectrum.read,
    "iam": iam.read,
    "ibm_claim_stance": ibm_claim_stance.read,
    "ibm_kpa": ibm_kpa.read,
    "ruw": ruw.read,
    "conflict_bias": conflict_bias.read,
    "nli": nli.read,
}


def read_corpus(data: DataConfig) -> Corpus:
    """The corpus that the configuration names, in one spelling (:func:`stance.base.annotations.in_one_spelling`).

    Raises:
        StanceError: The files are not there or not of their format.
    """
    return in_one_spelling(_read(data))


def _read(data: DataConfig) -> Corpus:
    if data.hub:
        what, patterns = f"dataset {data.hub!r} at {data.revision!r}:", [data.path, f"{data.path.rstrip('/')}/*"]
        data = replace(data, root=str(fetch(data.hub, patterns, what, kind="dataset", revision=data.revision)))
    if not data.location.exists():
        allowed = "data.path=..., and for the field's corpora the folder that STANCE_DATA or data.root names"
        raise input_error(str(data.location.absolute()), "no such file or folder", allowed=allowed)
    path, verify = data.location, data.verify
    if data.reader in PUBLISHED:
        return PUBLISHED[data.reader](path, verify=verify)
    match data.reader:
        case "negotiation":
            return negotiation.read(path, data.annotators)
        case "news":
            return news.read(path, data.annotators)
        case "bundled":
            return bundled.read(path)
        case "wire":
            return wire.read(path, data.wire, verify=verify)
        case "semeval2016":
            return semeval2016.read(path, data.task, verify=verify)
        case "vast":
            return vast.read(path, derived_neutrals=data.derived_neutrals, verify=verify)
        case "seesaw":
            return seesaw.read(path, derived_neutrals=data.derived_neutrals, verify=verify)
        case "unsc":
            return unsc.read(path, derived_neutrals=data.derived_neutrals, verify=verify)
        case "mpqa":
            return mpqa.read(path, derived_neutrals=data.derived_neutrals, verify=verify)
        case "dna":
            return dna.read(
                path,
                data.columns,
                label_map=data.labels.map(),
                leave_out=data.leave_out,
                encoding=data.encoding,
                manner=data.manner,
                verify=verify,
            )
        case "import":
            return _of_annotators(data, imported.read(path, data.mapping, tool=data.tool, part_map=data.parts.map()))
        case "table":
            return table.read(
                path,
                data.columns,
                label_map=data.labels.map(),
                part_map=data.parts.map(),
                target=data.target,
                leave_out=data.leave_out,
                encoding=data.encoding,
                manner=data.manner,
            )
    return _annotations(data)


def _annotations(data: DataConfig) -> Corpus:
    """The judgements in a file of annotations, of those annotators who are asked for."""
    columns = asdict(data.columns)
    del columns["part"]
    corpus = read_corpus_file(
        data.location,
        label_map=data.labels.map(),
        columns=columns,
        leave_out=data.leave_out,
        encoding=data.encoding,
        manner=data.manner,
    )
    return _of_annotators(data, replace(corpus, files={data.location.name: file_digest(data.location)}))


def _of_annotators(data: DataConfig, corpus: Corpus) -> Corpus:
    """The judgements of those annotators who are asked for.

    Raises:
        StanceError: There is no annotator of that name.
    """
    names = {annotation.annotator for annotation in corpus.annotations}
    for name in (*data.annotators, *filter(None, [data.adjudicator])):
        if name not in names:
            raise input_error(str(data.location), "no such annotator", found=name, allowed=sorted(names))
    chosen = {*data.annotators, data.adjudicator} if data.annotators else names
    annotations = tuple(a for a in corpus.annotations if a.annotator in chosen)
    return replace(corpus, annotations=annotations, adjudicator=data.adjudicator)
