"""The map's files for other programs, each read back."""

from __future__ import annotations

import csv
import hashlib
import sqlite3
from base64 import b64decode
from contextlib import closing
from dataclasses import replace

import networkx as nx
import pytest
from composed_map import HOSTILE, MINES, TALKS, cell_of, document_of, evidence_of, map_of, small_map

from stance.base.tables import inert
from stance.data import dna
from stance.data.columns import Columns
from stance.data.imports.tools import open_export, records_of
from stance.map.dna_database import PASSWORD, write_database
from stance.map.drawings import _drawn
from stance.map.events import CAMEO, event_of
from stance.map.exports import DNA_COLUMNS, write_exports
from stance.map.networks import actor_network, near_and_far, two_columns, two_mode
from stance.map.types import Actor


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    names = [path.name for path in write_exports(small_map(), folder)]
    assert sorted(names) == sorted(path.name for path in folder.iterdir())
    return folder


def table(path, delimiter=","):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines, delimiter=delimiter))


def as_dna(text: str) -> str:
    return text.replace(";", ",").replace('"', "'")


def test_statements_are_read_back_by_the_importer(folder):
    opened = open_export(folder / "statements.csv")
    assert opened.tool == "dna"
    rows = [row for row in small_map().evidence if row.label != "neutral"]
    for record, row in zip(records_of(opened), rows, strict=True):
        said = record.values
        assert (said["text"].strip(), said["organization"].strip()) == (as_dna(row.sentence), row.actor)
        assert (said["concept"], said["agreement"]) == (as_dna(row.proposal), str(int(row.label == "favor")))
        text = next(document.text for document in small_map().documents if document.id == row.document)
        start, stop = int(said["start_position"]), int(said["stop_position"])
        assert text.encode("utf-16-le")[2 * start : 2 * stop].decode("utf-16-le") == row.sentence


def test_statements_are_read_back_by_the_reader(folder):
    columns = Columns(
        id="statement_id", holder="organization", target="concept", label="agreement", annotator="coder",
        document="document_title", date="time",
    )  # fmt: skip
    corpus = dna.read(folder / "statements.csv", columns, label_map={"1": "favor", "0": "against"})
    rows = [row for row in small_map().evidence if row.label != "neutral"]
    assert [(row.holder, row.label, row.text) for row in corpus.annotations] == [
        (row.actor, row.label, as_dna(row.sentence)) for row in rows
    ]
    dates = ["2024-01-10 00:00:00", "2024-01-10 00:00:00", "2024-05-01 00:00:00", "", ""]
    assert [row.date for row in corpus.annotations] == dates


def test_the_header_is_that_of_dna_3(folder):
    assert table(folder / "statements.csv", ";")[0] == list(DNA_COLUMNS)
    assert (folder / "statements.csv").read_text(encoding="utf-8").startswith('"statement_id";"time";"person"')


@pytest.mark.parametrize(("kind", "read"), [("graphml", nx.read_graphml), ("gexf", nx.read_gexf)])
def test_networks_are_read_back(folder, kind, read):
    graph = read(folder / f"two_mode.{kind}")
    edges = {(graph.nodes[a]["label"], graph.nodes[b]["label"]): d["position"] for a, b, d in graph.edges(data=True)}
    assert edges == {
        ("Guild", TALKS): "favor",
        ("Guild", MINES): "favor",
        ("@Crown", TALKS): "against",
        ("@Crown", MINES): "neutral",
    }
    assert graph.nodes["a2"]["label"] == "نقابة" and not graph["a2"]  # not enough is no edge
    (edge,) = [values for *_, values in read(folder / f"actors.{kind}").edges(data=True)]
    assert (edge["agree"], edge["disagree"], edge["sign"], edge["proposals_disagree"]) == (0, 1, -1, TALKS)


def test_what_xml_cannot_hold_is_replaced(tmp_path):
    stance_map = replace(small_map(), actors=(Actor("Guild"), Actor("@Crown"), Actor("نقابة"), Actor("bell\x07\ud83d")))
    write_exports(stance_map, tmp_path)
    assert nx.read_graphml(tmp_path / "two_mode.graphml").nodes["a3"]["label"] == "bell\ufffd\ufffd"


def test_matrix_and_counts(folder):
    head, *rows = table(folder / "matrix.csv")
    assert head == ["actor", TALKS, MINES]
    assert rows == [["Guild", "1.0", "1.0"], [" @Crown", "-1.0", "0.0"], ["نقابة", "", ""]]
    head, *rows = table(folder / "counts.csv")
    assert head[:2] == ["actor", f"{TALKS}: against"] and len(head) == 7
    assert [row[1:] for row in rows] == [
        ["0", "0", "2", "0", "0", "1"],
        ["1", "0", "0", "0", "1", "0"],
        ["1", *"00000"],
    ]


def test_positions_are_those_of_the_page(folder):
    head, *rows = table(folder / "positions.csv")
    shares = [f"{label}{bound}" for label in ("against", "neutral", "favor") for bound in ("", "_low", "_high")]
    assert head == ["actor", "proposal", "position", *shares, "statements", "documents"]
    assert [row[:3] for row in rows] == [
        ["Guild", TALKS, "favor"],
        [" @Crown", TALKS, "against"],
        [" @Crown", MINES, "neutral"],
        ["نقابة", TALKS, "not enough"],
        ["Guild", MINES, "favor"],
    ]
    assert rows[0][3:] == ["0.0", "0.0", "1.0", "0.0", "0.0", "1.0", "1.0", "0.6", "1.0", "2", "1"]


def test_a_statement_of_copied_documents_is_counted_once(tmp_path):
    made = small_map()
    first = made.evidence[0]
    document = next(each for each in made.documents if each.id == first.document)
    copy = replace(document, id="copy"), replace(first, id="copied", document="copy")
    twice = replace(made, documents=(*made.documents, copy[0]), evidence=(*made.evidence, copy[1]))
    for name, each in (("once", made), ("twice", twice)):
        write_exports(each, tmp_path / name)
    assert table(tmp_path / "twice" / "counts.csv") == table(tmp_path / "once" / "counts.csv")


def test_no_cell_of_a_table_is_computed(folder):
    for path in folder.glob("*.csv"):
        for row in table(path, ";" if path.stem == "statements" else ","):
            assert not [
                cell for cell in row if cell[:1] in ("=", "+", "@", "\t") or (cell.startswith("-") and cell != "-1.0")
            ]
    assert [inert(cell) for cell in ("=1+1", "-a", "+a", "@a", "＝a", "a=1", "-0.5", "+1e3", -0.5, "")] == [
        *(" =1+1", " -a", " +a", " @a", " ＝a", "a=1", "-0.5", "+1e3", -0.5, "")
    ]


@pytest.mark.parametrize(
    ("proposal", "label", "sentence", "event", "cameo"),
    [
        ("hold peace talks", "against", "It refused.", "reject", "125"),
        ("accept mediation", "against", "It refused.", "reject", "126"),
        ("sign the treaty", "against", "It refused.", "reject", "127"),
        ("reopen the crossing", "against", "It refused.", "reject", "120"),
        ("hold peace talks", "favor", "It accepted.", "agree", "036"),
        ("hold peace talks", "favor", "It urged both to talk.", "propose", "026"),
        ("accept mediation", "favor", "It calls on both to accept.", "propose", "028"),
        ("mediate between the two", "favor", "It offered to.", "mediate", "039"),
        ("hold peace talks", "favor", "It offered to meet.", "agree", "036"),
        ("hold peace talks", "favor", "It demanded that both talk.", "demand", "106"),
        ("accept mediation", "favor", "It insisted that they accept.", "demand", "108"),
        ("sign the treaty", "favor", "It demanded a signature.", "demand", "107"),
        ("reopen the crossing", "favor", "It demanded that it open.", "demand", "100"),
        ("host the talks", "favor", "It would.", "mediate", "039"),
        ("sign the treaty", "favor", "It signed.", "agree", "037"),
    ],
)
def test_events(proposal, label, sentence, event, cameo):
    row = replace(small_map().evidence[0], proposal=proposal, label=label, sentence=sentence)
    found, about, rule = event_of(row)
    assert (found, CAMEO[found, about][0]) == (event, cameo)
    assert rule.startswith(label)


def test_neutral_implies_no_event(folder):
    head, *rows = table(folder / "events.csv")
    assert event_of(replace(small_map().evidence[0], label="neutral")) == ("", "", "")
    assert [row[head.index("event_id")] for row in rows] == ["e0-0", "e0-1", "e1-0", "e2-0", "e2-1"]
    assert [row[head.index("plover")] for row in rows] == ["", "AGREE", "REJECT", "REJECT", "AGREE"]


def test_a_body_and_its_members_are_no_pair():
    document = document_of(0)
    first = evidence_of(document, 0)[0]
    rows = [replace(first, id=name, actor=name) for name in ("State", "Office", "Speaker", "Union")]
    cells = [
        cell_of([rows[0]], "favor", members=("Office", "Speaker"), rolled_up=True),
        *(cell_of([row], "favor") for row in rows[1:]),
    ]
    actors = (Actor("State"), Actor("Office", (), "State"), Actor("Speaker", (), "Office"), Actor("Union"))
    graph = actor_network(map_of([document], rows, cells, actors=actors))
    assert {frozenset(pair) for pair in graph.edges} == {
        frozenset(pair) for pair in (("a0", "a3"), ("a1", "a3"), ("a2", "a3"))
    }


def test_whoever_speaks_for_a_body_at_any_distance_is_no_pair_with_it():
    """The ministry has its one statement from its spokesman alone: nothing of it is said by the state itself."""
    rows = [replace(small_map().evidence[0], actor=name) for name in ("State", "Office", "Speaker")]
    members = ((0, ("Speaker",)), (1, ("Speaker",)), (2, ()))
    cells = [cell_of([rows[i]], "favor", members=said, rolled_up=bool(said)) for i, said in members]
    actors = (Actor("State"), Actor("Office", (), "State"), Actor("Desk", (), "Office"), Actor("Speaker", (), "Desk"))
    assert not actor_network(map_of(small_map().documents, rows, cells, actors=actors)).edges


def test_layouts_are_the_same_each_time_and_apart():
    graph = two_mode(small_map())
    places, rows = two_columns(graph)
    assert rows == 3 and {place[0] for node, place in places.items() if node[0] == "p"} == {1.0}
    assert len(set(places.values())) == len(graph)
    network = actor_network(small_map())
    assert near_and_far(network) == near_and_far(network)
    assert len(set(near_and_far(network).values())) == 3
    assert HOSTILE in graph.nodes["p0"]["label"]


def test_the_part_that_is_drawn_is_in_the_order_of_the_map():
    rows = small_map().evidence
    names = [f"Actor {number}" for number in range(30)]
    cells = [cell_of([replace(rows[0], actor=name)], "favor") for name in names[::3]]
    stance_map = map_of(small_map().documents, rows, cells, actors=tuple(map(Actor, names)))
    drawn, left_out = _drawn(two_mode(stance_map), stance_map)
    assert [drawn.nodes[node]["label"] for node in drawn if node[0] == "a"] == names[::3]
    assert left_out == 0


def test_the_database_is_read_back(folder):
    rows = [row for row in small_map().evidence if row.label != "neutral"]
    opened = open_export(folder / "statements.dna")
    assert opened.tool == "dna"
    said = sorted((each.values for each in records_of(opened)), key=lambda values: int(values["statement_id"]))
    assert [(each["text"], each["organization"], each["concept"], each["agreement"]) for each in said] == [
        (row.sentence, row.actor, row.proposal, str(int(row.label == "favor"))) for row in rows
    ]
    dates = ["2024-01-10", "2024-01-10", "2024-05-01", "1970-01-01", "1970-01-01"]
    assert [each["time"] for each in said] == dates


def test_the_database_has_the_tables_and_columns_of_dna(folder, corpora):
    assert columns_of(folder / "statements.dna") == columns_of(corpora / "dna-sample" / "sample.dna")


def columns_of(path):
    """Names and types by table."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [row[1:3] for row in database.execute(f"PRAGMA table_info({name})")] for name in tables}


def test_the_password_is_hashed_as_dna_compares_it(folder):
    with closing(sqlite3.connect(folder / "statements.dna")) as database:
        (kept,) = database.execute("SELECT Password FROM CODERS").fetchone()
    salt, digest = b64decode(kept)[:16], b64decode(kept)[16:]
    found = salt + PASSWORD.encode()
    for _ in range(100_000):
        found = hashlib.sha256(found).digest()
    assert found == digest


def test_names_too_long_for_dna_are_cut_and_stay_different(tmp_path):
    long = "n" * 300
    actors = (Actor(long), Actor(f"{long} too"), *small_map().actors)
    path = write_database(replace(small_map(), actors=actors), tmp_path / "a.dna")
    with closing(sqlite3.connect(path)) as database:
        names = [name for (name,) in database.execute("SELECT Value FROM ENTITIES WHERE VariableId = 2")]
    assert max(map(len, names)) < 191
    assert len(set(names)) == len(actors) + 1  # and the empty one
