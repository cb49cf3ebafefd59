"""The settings of ``scripts/map.py``."""

from dataclasses import dataclass, field
from pathlib import Path

from stance.base.checks import at_least, one_of
from stance.base.errors import input_error
from stance.models.config import RUNTIMES

#: ``actors=suggest`` writes candidates and stops.
SUGGEST = "suggest"

#: What ``near``, ``alike`` and ``certain`` are unless told: chosen by ``benchmarks/map.py choose`` on the validation
#: parts of the bundled corpus, experiments/map/chosen.json (a test holds that these are they).
NEAR, ALIKE, CERTAIN = 0.2, 0.35, 0.65


@dataclass(kw_only=True)
class DocumentColumns:
    """What the columns of a table of documents are called, by field of a document; all but ``text`` may be missing."""

    text: str = "text"
    id: str = "id"
    date: str = "date"
    source: str = "source"
    title: str = "title"
    link: str = "link"


@dataclass(kw_only=True)
class MapConfig:
    """Configuration of ``scripts/map.py``.

    Attributes:
        documents: A folder of txt, md, html, docx, rtf and pdf files, or a table (csv, tsv, jsonl, parquet, xlsx).
        proposals: A csv with ``proposal``, and where there are any ``variants``, ``reverse``, ``from``, ``until``.
        actors: A csv with ``name``, ``aliases``, ``member_of``; or ``suggest``.
        entities: Of ``actors=suggest``: a pipeline of spaCy (name or folder) whose entities are the candidates; empty =
            capitalised subjects of verbs of saying and acting.
        output: A folder for all that comes out.
        title: Of the page.
        checkpoint: stance-small (which comes with the package), stance-base, a checkpoint folder or hub id.
        runtime: Of a fine-tuned encoder, one of ``RUNTIMES``.
        columns: Of a table of documents.
        encoding: Of a table of documents; and of those text files, actors and proposals that are not UTF-8.
        largest: Characters of a text, or bytes of a file, beyond which a document is set aside.
        near: How near a sentence must be to a proposal to be asked about it, from -1 to 1.
        alike: How like a document a proposal must be to be asked about in it, as a share of how like the likest
            proposal is, from 0 (all are) to 1.
        certain: In what share of draws the statements of one pole must outnumber those of the other for a position.
        bootstrap: Draws, for positions and intervals.
        chunk: Documents at a time, and between two entries of the journal.
        overwrite: Begin anew where an unfinished run with other settings or documents is in the way.
    """

    documents: str
    output: str
    proposals: str = ""
    actors: str = SUGGEST
    entities: str = ""
    title: str = "Who stands where"
    checkpoint: str = "stance-small"
    runtime: str = "auto"
    columns: DocumentColumns = field(default_factory=DocumentColumns)
    encoding: str = "utf-8"
    largest: int = 20_000_000
    near: float = NEAR
    alike: float = ALIKE
    certain: float = CERTAIN
    bootstrap: int = 200
    chunk: int = 64
    overwrite: bool = False

    def __post_init__(self) -> None:
        for name, least in (("largest", 1), ("bootstrap", 10), ("chunk", 1)):
            at_least(name, getattr(self, name), least)
        if not -1 <= self.near <= 1:
            raise input_error("near", "no cosine", found=self.near, allowed="-1 to 1")
        if not 0 <= self.alike <= 1:
            raise input_error("alike", "not a share", found=self.alike, allowed="0 to 1")
        if not 0.5 < self.certain <= 1:
            raise input_error("certain", "no majority", found=self.certain, allowed="above 0.5, up to 1")
        one_of("runtime", self.runtime, RUNTIMES)
        if Path(self.output).is_file():
            raise input_error("output", "a file is there", found=self.output, allowed="a folder")
        if not self.output or not Path(self.output).resolve().name:
            raise input_error("output", "no folder of its own", found=self.output, allowed="a folder with a name")
        if Path(self.documents).resolve() in (path.resolve() for path in self.folders):
            allowed = "another folder; it may be within that of the documents"
            raise input_error("output", "the documents are there", found=self.output, allowed=allowed)
        if self.actors != SUGGEST and self.entities:
            allowed = "only with actors=suggest"
            raise input_error("entities", "no candidates are looked for", found=self.entities, allowed=allowed)
        if self.actors != SUGGEST and not self.proposals:
            raise input_error("proposals", "missing", allowed="a csv with a column 'proposal'")

    @property
    def folders(self) -> tuple[Path, Path]:
        """The output, and beside it where an unfinished run keeps its answers."""
        output = Path(self.output)
        named = output if output.name not in ("", "..") else output.resolve()
        return output, named.with_name(named.name + ".partial")
