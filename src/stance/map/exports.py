"""The map for other programs: Discourse Network Analyzer, Gephi and visone, R, and tools for event data.

What each file holds, and what it leaves out:

- ``statements.dna``: the statements as a database of Discourse Network Analyzer 3: see :mod:`stance.map.dna_database`.
- ``statements.csv``: the same as DNA 3 exports its list of events (``eventCSV`` of ``export/Exporter.java``,
  github.com/leifeld/dna), for R and others; DNA itself reads no csv. The actor is the ``organization``, the proposal
  the ``concept``, favor is ``agreement`` 1, against 0. Neutral answers are left out, for DNA knows none.
- ``two_mode`` and ``actors``, each as ``.graphml`` and ``.gexf``: see :mod:`stance.map.networks`.
- ``positions.csv``: a row for each cell of the page, of actor and proposal: its position, each label's share and the
  bounds of its interval from 0 to 1, statements and documents, members counted; no row where nothing was said.
- ``matrix.csv``: actors by proposals, favor's share less against's, from -1 to 1, members counted as on the page; empty
  where nothing was said or the evidence is not enough. In R:
  ``as.matrix(read.csv("matrix.csv", row.names = 1, check.names = FALSE))``.
- ``counts.csv``: actors by proposal and label, how many statements of its own each has, those of copies of a document
  once; never empty, so that quanteda takes it: ``quanteda::as.dfm`` of the same matrix.
- ``events.csv``: see :mod:`stance.map.events`.

In every csv a space stands before a cell of text that a spreadsheet would compute; see :mod:`stance.base.tables`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import networkx as nx

from stance.base.files import write_beside
from stance.base.labels import LABELS
from stance.base.tables import write_table
from stance.map import events
from stance.map.copies import places
from stance.map.dates import first_day
from stance.map.dna_database import statements, write_database
from stance.map.networks import SIGNS, actor_network, two_mode
from stance.map.types import Cell, Evidence, StanceMap

#: The header of the event list that DNA 3 exports.
DNA_COLUMNS = (
    *("statement_id", "time", "person", "organization", "concept", "agreement", "start_position", "stop_position"),
    *("text", "coder", "document_id", "document_title", "document_author", "document_source", "document_section"),
    "document_type",
)

#: As DNA itself writes them, so that no cell holds the marks of the table.
_DNA_SIGNS = str.maketrans({";": ",", '"': "'"})

#: Characters that XML cannot hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_exports(stance_map: StanceMap, folder: Path) -> list[Path]:
    """Write all files into the folder, each beside and renamed; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.csv" for name in ("statements", "matrix", "counts", "events", "positions")]
    write_table(paths[0], DNA_COLUMNS, _statements(stance_map), delimiter=";", all_quoted=True)
    write_table(paths[1], *_matrix(stance_map))
    write_table(paths[2], *_counts(stance_map))
    write_table(paths[3], events.COLUMNS, events.event_rows(stance_map))
    write_table(paths[4], *_positions(stance_map))
    paths.append(write_database(stance_map, folder / "statements.dna"))
    for name, graph in (("two_mode", two_mode(stance_map)), ("actors", actor_network(stance_map))):
        clean = _for_xml(graph)
        paths.append(_write_graph(clean, folder / f"{name}.graphml", nx.write_graphml_xml))
        paths.append(_write_graph(clean, folder / f"{name}.gexf", nx.write_gexf))
    return paths


def _statements(stance_map: StanceMap) -> Iterator[list[object]]:
    for number, (row, document, start, stop) in enumerate(statements(stance_map), start=1):
        asked = ("", _in_dna(row.actor), _in_dna(row.proposal), int(row.label == "favor"))
        place = (document, _in_dna(row.title or row.document), "", _in_dna(row.source), "", "")
        yield [number, _time(row), *asked, start, stop, _in_dna(row.sentence), 1, *place]


def _in_dna(text: str) -> str:
    return text.translate(_DNA_SIGNS)


def _time(row: Evidence) -> str:
    """As DNA writes it; a month or a year begins with its first day. Empty if unknown."""
    return f"{first_day(row.date)} 00:00:00" if row.date else ""


def _matrix(stance_map: StanceMap) -> tuple[list[str], Iterator[list[object]]]:
    cells = {(cell.actor, cell.proposal): cell for cell in stance_map.cells if cell.position in SIGNS}
    proposals = [row.proposal for row in stance_map.proposals]

    def value(actor: str, proposal: str) -> object:
        cell = cells.get((actor, proposal))
        return "" if cell is None else round(cell.favor.value - cell.against.value, 4)

    rows = ([actor.name, *(value(actor.name, proposal) for proposal in proposals)] for actor in stance_map.actors)
    return ["actor", *proposals], rows


def _counts(stance_map: StanceMap) -> tuple[list[str], Iterator[list[object]]]:
    where = places(stance_map.evidence, stance_map.documents)
    said = zip(reversed(stance_map.evidence), reversed(where), strict=True)  # of copies the first one stays
    once = {(row.actor, row.proposal, place): row.label for row, place in said}
    counted = Counter((actor, proposal, label) for (actor, proposal, _), label in once.items())
    features = [(row.proposal, label) for row in stance_map.proposals for label in LABELS]
    rows = ([actor.name, *(counted[actor.name, *feature] for feature in features)] for actor in stance_map.actors)
    return ["actor", *(f"{proposal}: {label}" for proposal, label in features)], rows


def _positions(stance_map: StanceMap) -> tuple[list[str], Iterator[list[object]]]:
    def shares(cell: Cell) -> list[float]:
        found = (getattr(cell, label) for label in LABELS)
        return [round(number, 4) for share in found for number in (share.value, share.low, share.high)]

    columns = [name for label in LABELS for name in (label, f"{label}_low", f"{label}_high")]
    rows = (
        [cell.actor, cell.proposal, cell.position, *shares(cell), cell.statements, cell.documents]
        for cell in stance_map.cells
    )
    return ["actor", "proposal", "position", *columns, "statements", "documents"], rows


def _for_xml(graph: nx.Graph) -> nx.Graph:
    """A copy in which texts have no character that XML cannot hold; ``\ufffd`` stands for each."""

    def cleaned(values: dict[str, object]) -> dict[str, object]:
        return {name: _NOT_XML.sub("\ufffd", said) if isinstance(said, str) else said for name, said in values.items()}

    clean = nx.Graph(**cleaned(graph.graph))
    clean.add_nodes_from((node, cleaned(values)) for node, values in graph.nodes(data=True))
    clean.add_edges_from((one, other, cleaned(values)) for one, other, values in graph.edges(data=True))
    return clean


def _write_graph(graph: nx.Graph, path: Path, write: Callable[..., object]) -> Path:
    with write_beside(path) as temporary:
        write(graph, temporary)
    return path
