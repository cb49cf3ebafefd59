"""Readers: each takes files in somebody's own format, as they are, into one :class:`~stance.annotations.Corpus`."""

from __future__ import annotations

from dataclasses import asdict, replace

from stance.annotations import Corpus, read_annotations
from stance.errors import input_error
from stance.files import file_digest
from stance.readers import (
    conflict_bias,
    dna,
    gwsd,
    iam,
    ibm_claim_stance,
    ibm_kpa,
    negotiation,
    newsmtsc,
    nli,
    perspectrum,
    procon20,
    pstance,
    ruw,
    seesaw,
    semeval2016,
    table,
    tweeteval,
    unsc,
    vast,
)
from stance.readers.hub import download
from stance.settings import DataConfig


def read_corpus(data: DataConfig) -> Corpus:
    """The corpus that the configuration names.

    Raises:
        StanceError: The files are not there or not of their format.
    """
    if data.hub:
        data = replace(data, root=download(data.hub, data.revision, data.path))
    if not data.location.exists():
        allowed = "data.path=..., and for the field's corpora the folder that STANCE_DATA or data.root names"
        raise input_error(str(data.location.absolute()), "no such file or folder", allowed=allowed)
    path, verify = data.location, data.verify
    match data.reader:
        case "negotiation":
            return negotiation.read(path, data.annotators)
        case "semeval2016":
            return semeval2016.read(path, data.task, verify=verify)
        case "tweeteval":
            return tweeteval.read(path, verify=verify)
        case "vast":
            return vast.read(path, derived_neutrals=data.derived_neutrals, verify=verify)
        case "seesaw":
            return seesaw.read(path, derived_neutrals=data.derived_neutrals, verify=verify)
        case "newsmtsc":
            return newsmtsc.read(path, verify=verify)
        case "gwsd":
            return gwsd.read(path, verify=verify)
        case "pstance":
            return pstance.read(path, verify=verify)
        case "procon20":
            return procon20.read(path, verify=verify)
        case "perspectrum":
            return perspectrum.read(path, verify=verify)
        case "iam":
            return iam.read(path, verify=verify)
        case "ibm_claim_stance":
            return ibm_claim_stance.read(path, verify=verify)
        case "ibm_kpa":
            return ibm_kpa.read(path, verify=verify)
        case "ruw":
            return ruw.read(path, verify=verify)
        case "conflict_bias":
            return conflict_bias.read(path, verify=verify)
        case "unsc":
            return unsc.read(path, derived_neutrals=data.derived_neutrals, verify=verify)
        case "nli":
            return nli.read(path, verify=verify)
        case "dna":
            return dna.read(path, data.columns, label_map=data.labels.map(), encoding=data.encoding, verify=verify)
        case "table":
            return table.read(
                path,
                data.columns,
                label_map=data.labels.map(),
                part_map=data.parts.map(),
                target=data.target,
                encoding=data.encoding,
            )
    return _annotations(data)


def _annotations(data: DataConfig) -> Corpus:
    """The judgements in a file of annotations, of those annotators who are asked for."""
    columns = asdict(data.columns)
    del columns["part"]
    annotations = read_annotations(data.location, label_map=data.labels.map(), columns=columns, encoding=data.encoding)
    names = {annotation.annotator for annotation in annotations}
    for name in (*data.annotators, *filter(None, [data.adjudicator])):
        if name not in names:
            raise input_error(str(data.location), "no such annotator", found=name, allowed=sorted(names))
    chosen = {*data.annotators, data.adjudicator} if data.annotators else names
    files = {data.location.name: file_digest(data.location)}
    return Corpus(tuple(a for a in annotations if a.annotator in chosen), None, files, data.adjudicator)
