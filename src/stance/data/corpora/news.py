"""The news part of the bundled corpus: sentences in the prose of news, with the judgements of each row.

Source: ``seeds/news/`` of this project; ``seeds/README.md`` is its data statement, ``seeds/GUIDELINES.md`` the
codebook. Licence CC BY 4.0.

``sentences/<writer>.jsonl`` holds one sentence a line: ``id``, ``document`` (a negotiation), ``text``, the ``context``
before it and the ``genre`` if there are any, and ``rows``, each a holder and a target. The id of a row is that of its
sentence and its number, from 1. ``judgements/<annotator>.jsonl`` holds one ``{"id", "label"}`` a line, with a ``note``
where the annotator gave a reason; the adjudicator judges the rows on which the others differ. ``areas.json`` says what
each negotiation is about, ``parts.json`` which areas are train, validation and test.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stance.base.annotations import Corpus
from stance.base.errors import input_error, line_of
from stance.base.files import file_digest, read_json
from stance.base.names import must_exist
from stance.base.rows import read_rows
from stance.data.columns import text_of
from stance.data.corpora.negotiation import ADJUDICATOR, read_annotators, read_parts
from stance.data.info import CorpusInfo

#: Tag of every row, so that scores can be told from those of the literary part.
TAG = "news"


def read(folder: str | Path, annotators: Sequence[str]) -> Corpus:
    """The judgements of the named annotators.

    A row on which the annotators differ and that no adjudicator settled has no label: it is listed as a tie.

    Args:
        folder: Laid out as above.
        annotators: Names of the files in ``judgements/``; ``adjudicator``, if among them, settles and has no vote.

    Raises:
        StanceError: Names file, line, value and what is allowed.
    """
    folder = must_exist(Path(folder), "folder")
    files: dict[str, str] = {}
    part_of = _parts(folder, files)
    rows: dict[str, dict[str, Any]] = {}
    paths = sorted((folder / "sentences").glob("*.jsonl"))
    if not paths:
        raise input_error(str(folder / "sentences"), "no sentences", allowed="one .jsonl file for each writer")
    for path in paths:
        files[f"sentences/{path.name}"] = file_digest(path)
        for line, sentence in read_rows(path):
            place = line_of(path, line)
            if sentence.get("document") not in part_of:
                raise input_error(
                    place, "a document without area", found=sentence.get("document"), allowed="areas.json"
                )
            for row_id, row in _rows_of(sentence, place).items():
                if row_id in rows:
                    raise input_error(place, "a row id occurs twice", found=row_id)
                rows[row_id] = row
    annotations, judged = read_annotators(folder, annotators, rows)
    parts = {row_id: part_of[row["document"]] for row_id, row in rows.items()}
    return Corpus(tuple(annotations), parts, files | judged, ADJUDICATOR if ADJUDICATOR in annotators else "")


def _parts(folder: Path, files: dict[str, str]) -> dict[str, str]:
    """Part by document."""
    files |= {name: file_digest(folder / name) for name in ("areas.json", "parts.json")}
    part_of_area = read_parts(folder / "parts.json", "an area")
    part_of: dict[str, str] = {}
    for area, documents in read_json(folder / "areas.json").items():
        if area not in part_of_area:
            raise input_error(str(folder / "parts.json"), "no part for an area", found=area, allowed=part_of_area)
        for document in documents:
            if document in part_of:
                raise input_error(str(folder / "areas.json"), "a document is in two areas", found=document)
            part_of[document] = part_of_area[area]
    return part_of


def _rows_of(sentence: Mapping[str, Any], place: str) -> dict[str, dict[str, Any]]:
    """The annotation fields of each row of a sentence but label and annotator, by row id."""
    sentence_id = text_of(sentence.get("id"), "id", place, may_be_empty=False)
    text = text_of(sentence.get("text"), "text", place, may_be_empty=False)
    genre = text_of(sentence.get("genre"), "genre", place, may_be_empty=True)
    found = {}
    for number, row in enumerate(sentence.get("rows") or (), start=1):
        found[f"{sentence_id}-{number}"] = {
            "text": text,
            "holder": text_of(row.get("holder"), "holder", place, may_be_empty=True),
            "target": text_of(row.get("target"), "target", place, may_be_empty=False),
            "document": sentence["document"],
            "context": text_of(sentence.get("context"), "context", place, may_be_empty=True),
            "tags": (TAG, genre) if genre else (TAG,),
        }
    if not found:
        raise input_error(place, "a sentence without rows", found=sentence_id)
    return found


CORPUS = CorpusInfo(
    name="news",
    read=read,
    parts=("train", "validation", "test"),
    licence="CC BY 4.0",
)
