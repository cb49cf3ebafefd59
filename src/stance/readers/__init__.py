"""Readers: each takes files in somebody's own format, as they are, into one :class:`~stance.annotations.Corpus`."""

from __future__ import annotations

from dataclasses import asdict

from stance.annotations import Corpus, read_annotations
from stance.errors import input_error
from stance.files import file_digest
from stance.readers import negotiation, semeval2016, tweeteval
from stance.settings import DataConfig


def read_corpus(data: DataConfig) -> Corpus:
    """The corpus that the configuration names.

    Raises:
        StanceError: The files are not there or not of their format.
    """
    if not data.location.exists():
        allowed = "data.path=..., and for the field's corpora the folder that STANCE_DATA or data.root names"
        raise input_error(str(data.location.absolute()), "no such file or folder", allowed=allowed)
    if data.reader == "negotiation":
        return negotiation.read(data.location, data.annotators)
    if data.reader == "semeval2016":
        return semeval2016.read(data.location, data.task, verify=data.verify)
    if data.reader == "tweeteval":
        return tweeteval.read(data.location, verify=data.verify)
    annotations = read_annotations(
        data.location, label_map=data.labels.map(), columns=asdict(data.columns), encoding=data.encoding
    )
    names = {annotation.annotator for annotation in annotations}
    for name in (*data.annotators, *filter(None, [data.adjudicator])):
        if name not in names:
            raise input_error(str(data.location), "no such annotator", found=name, allowed=sorted(names))
    chosen = {*data.annotators, data.adjudicator} if data.annotators else names
    files = {data.location.name: file_digest(data.location)}
    return Corpus(tuple(a for a in annotations if a.annotator in chosen), None, files, data.adjudicator)
