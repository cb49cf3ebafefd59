"""What annotation tools write, as it is: sheets, Label Studio, REFI-QDA, DNA, INCEpTION, doccano, Prodigy, brat, ...

``python scripts/inspect_import.py FILE`` says what is in a file and writes a first mapping, in which a coder says what
is holder, target and label; then ``data=import data.path=FILE data.mapping=MAPPING.yaml``. See docs/annotate.md.
"""

import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stance.base.annotations import Corpus
from stance.base.errors import input_error
from stance.base.files import file_digest
from stance.data.columns import Columns
from stance.data.imports.judge import MAY_BE_EMPTY, rows_of
from stance.data.imports.mapping import ImportMapping, read_mapping
from stance.data.imports.record import Opened
from stance.data.imports.tools import TOOLS, open_export, records_of
from stance.data.info import CorpusInfo
from stance.data.table import corpus_of_rows, of_annotators, repeated, tell_repeated

log = logging.getLogger(__name__)


def read(
    path: str | Path,
    mapping: str | Path,
    *,
    tool: str = "",
    part_map: Mapping[str, str],
    annotators: Sequence[str] = (),
    adjudicator: str = "",
) -> Corpus:
    """The judgements of an export; with ``part`` in the mapping also the parts.

    Args:
        path: A file, folder or zip.
        mapping: The file that says what is what.
        tool: Which tool wrote it; empty = as the mapping or else its content says.
        part_map: What each spelling of a part means.
        annotators: Whose judgements count; empty = all.
        adjudicator: Who settles; empty = nobody.

    Raises:
        StanceError: No mapping, no judgements, or faulty ones: told together, each with file, record and offset.
    """
    if not mapping:
        command = shlex.join(["python", "scripts/inspect_import.py", str(path)])
        allowed = f"data.mapping=FILE; {command} writes a first one"
        raise input_error(str(path), "nothing says what is holder, target and label", allowed=allowed)
    opened, said = opened_with(path, mapping, tool)
    log.info("%s: an export of %s, %d file(s)", path, opened.tool, len(opened.pieces))
    found = rows_of(records_of(opened), said, str(path))
    if not found.rows:
        left_out = ", ".join(f"{reason} ({n})" for reason, n in found.left_out.most_common())
        raise input_error(str(path), "no judgements", found=left_out or "no records", allowed="see the mapping")
    for name, rows in found.empty.items():
        if rows < len(found.rows):
            told = "%s: %d of %d judgements name no %s: %s; if a cell should go on from above, fill_down in the mapping"
            log.warning(told, path, rows, len(found.rows), name, MAY_BE_EMPTY[name])
    for (name, word), rows in found.missing.items():
        told = '%s: %s is %r in %d of %d judgements; it is read as a name: where there is none, say words: {%s: ""}'
        log.warning(told, path, name, word, rows, len(found.rows), word)
    with_part = any("part" in row for _, row in found.rows)
    corpus = corpus_of_rows(
        path if Path(path).is_file() else mapping,
        found.rows,
        Columns(),
        label_map={},
        part_map=part_map if with_part else None,
    )
    tell_repeated(path, repeated(corpus.annotations))
    files = _digests(Path(path), Path(mapping), opened, said)
    corpus = replace(corpus, files=files, left_out=found.left_out, unsure=tuple(found.unsure))
    return of_annotators(path, corpus, annotators, adjudicator)


def opened_with(path: str | Path, mapping: str | Path, tool: str = "") -> tuple[Opened, ImportMapping]:
    """The export, and the mapping with the defaults of its tool.

    Raises:
        StanceError: See :func:`read`.
    """
    opened = open_export(path, read_mapping(mapping), tool)
    said = read_mapping(mapping, TOOLS[opened.tool].defaults)
    return replace(opened, options=said.options), said


def _digests(path: Path, mapping: Path, opened: Opened, said: ImportMapping) -> dict[str, str]:
    """SHA-256 of every file that decides the rows."""
    files = [path / piece.name for piece in opened.pieces] if path.is_dir() else [path]
    digests = {file.relative_to(path).as_posix() if file != path else file.name: file_digest(file) for file in files}
    digests[mapping.name] = file_digest(mapping)
    if said.texts:
        texts = said.texts.found_beside(mapping)
        others = sorted(file for file in texts.rglob("*") if file.is_file()) if texts.is_dir() else [texts]
        digests |= {f"texts/{file.name}": file_digest(file) for file in others}
    return digests


IMPORT = CorpusInfo(
    name="import",
    read=read,
    instead={
        name: f"{name} in the file data.mapping"
        for name in ("labels", "leave_out", "columns", "target", "encoding", "fill_down")
    },
)
