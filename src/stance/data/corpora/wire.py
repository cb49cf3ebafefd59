"""Newswire of 1987 as validation and test of models that learnt from the bundled corpus.

Source: stories of Reuters-21578, distribution 1.0 (David D. Lewis 1997; the texts are Reuters'), which is not part of
this project: ``texts`` is the user's own copy of its files ``reut2-000.sgm`` to ``reut2-013.sgm``, known by checksum.
The questions and judgements are this project's, in ``seeds/wire/``, licence CC BY 4.0.

``rows.jsonl`` holds one question a line: ``id``, ``story`` (its NEWID), ``start`` and ``end`` of the sentence in the
story's body with all white space made single blanks, ``holder`` and ``target``. ``judgements/<reader>.jsonl`` and
``parts.json`` (validation or test by story) are as in the other parts of the corpus. Rows on which the two readers
differ are ties, which no part has. The context is the body up to the sentence. Train is that of the bundled corpus: no
row of the wire is learnt from.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stance.base.annotations import Corpus
from stance.base.errors import input_error, line_of
from stance.base.files import file_digest, read_json
from stance.base.names import must_exist
from stance.base.rows import read_rows
from stance.data.columns import text_of
from stance.data.corpora import bundled
from stance.data.corpora.checksums import verified
from stance.data.corpora.negotiation import read_annotators, read_parts
from stance.data.info import CorpusInfo

#: Who judged; the two were blind to each other.
READERS = ("reader-1", "reader-2")

#: Part of every document's name, and the tag of every row.
NAME = "wire"

#: Of a row.
KEYS = ("id", "story", "start", "end", "holder", "target")

_STORY = re.compile(r'<REUTERS [^>]*NEWID="(\d+)".*?</REUTERS>', re.DOTALL)
_BODY = re.compile(r"<BODY>(.*?)</BODY>", re.DOTALL)


def read(folder: str | Path, texts: str | Path, *, verify: bool = True) -> Corpus:
    """The train part of the bundled corpus, and the wire as validation and test.

    Args:
        folder: ``seeds/``.
        texts: Folder with the collection's files.
        verify: Refuse other files than the ones that were annotated.

    Raises:
        StanceError: Names file, line, value and what is allowed: the collection is missing or another, a story or
            sentence is not where a row says.
    """
    folder = Path(folder)
    learnt = bundled.read(folder)
    rows_path, parts_path = folder / NAME / "rows.jsonl", folder / NAME / "parts.json"
    checksums = folder / NAME / "files.json"
    stories, read_texts = _bodies(must_exist(texts, "folder with Reuters-21578"), checksums, verify=verify)
    part_of = read_parts(parts_path, "a story", ("validation", "test"))
    rows: dict[str, dict[str, Any]] = {}
    parts: dict[str, str] = {}
    for line, row in read_rows(rows_path):
        place = line_of(rows_path, line)
        missing = [key for key in KEYS if key not in row]
        if missing:
            raise input_error(place, "keys are missing", found=missing, allowed=KEYS)
        if row["id"] in rows:
            raise input_error(place, "a row id occurs twice", found=row["id"])
        if row["story"] not in part_of:
            raise input_error(place, "a story without part", found=row["story"], allowed=parts_path.name)
        rows[row["id"]] = _fields(row, stories, place)
        parts[row["id"]] = part_of[row["story"]]
    judged, files = read_annotators(folder / NAME, READERS, rows)
    files |= {path.name: file_digest(path) for path in (rows_path, parts_path)}
    train = {row: part for row, part in (learnt.parts or {}).items() if part == "train"}
    return replace(
        learnt,
        annotations=(*(a for a in learnt.annotations if a.id in train), *judged),
        parts=train | parts,
        files={**learnt.files, **{f"{NAME}/{name}": digest for name, digest in files.items()}, **read_texts},
    )


def _bodies(texts: Path, checksums: Path, *, verify: bool) -> tuple[dict[int, str], dict[str, str]]:
    """The body of each story, white space made single blanks, by its number; and the SHA-256 of each file."""
    bodies, files = {}, {}
    for name, wanted in read_json(checksums).items():
        path = texts / name
        files[name] = verified(path, wanted, verify, "was annotated")
        for story in _STORY.finditer(path.read_text(encoding="latin-1")):
            if body := _BODY.search(story.group()):
                unescaped = html.unescape(body.group(1)).replace("\x03", " ")
                bodies[int(story.group(1))] = " ".join(unescaped.split())
    return bodies, files


def _fields(row: Mapping[str, Any], stories: Mapping[int, str], place: str) -> dict[str, Any]:
    """The annotation fields of a row but label and annotator."""
    story, start, end = row["story"], row["start"], row["end"]
    if story not in stories:
        raise input_error(place, "no such story in the collection", found=story)
    if not (type(start) is type(end) is int and 0 <= start < end <= len(stories[story])):
        raise input_error(place, "no such sentence", found=[start, end], allowed=f"0 to {len(stories[story])}")
    return {
        "text": stories[story][start:end].strip(),
        "holder": text_of(row["holder"], "holder", place, may_be_empty=True),
        "target": text_of(row["target"], "target", place, may_be_empty=False),
        "document": f"{NAME}-{story}",
        "context": stories[story][:start].strip(),
        "tags": (NAME,),
    }


CORPUS = CorpusInfo(
    name="wire",
    read=read,
    folder="reuters21578",
    files="`reut2-000.sgm` to `reut2-013.sgm` of distribution 1.0",
    origin="David D. Lewis's collection; the questions and labels are bundled ([seeds/](../seeds/README.md))",
    parts=("train", "validation", "test"),
    licence="research use; the texts are Reuters'",
)
