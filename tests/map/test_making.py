"""From a folder to the map: what comes out, what a killed run leaves, and the report that the project grew from."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from test_proposals import Words

from conftest import PROJECT, run_here
from stance.base.errors import StanceError
from stance.base.files import read_json
from stance.map.config import ALIKE, CERTAIN, NEAR, MapConfig
from stance.map.make import make_map
from stance.models.classifier import StanceClassifier

LABELS_BY_WORD = {"refused": "against", "asked": "favor"}


class Reads:
    """A classifier that knows two words; ``dies`` is after how many calls it is killed."""

    runtime = "torch"
    card = SimpleNamespace(metrics={}, data={})

    def __init__(self, dies: int = 99):
        self.calls, self.dies, self.asked = 0, dies, []

    def digest(self):
        return "0" * 16

    @property
    def predictor(self):
        return self

    def predict_proba(self, questions):
        self.calls += 1
        if self.calls > self.dies:
            raise KeyboardInterrupt
        self.asked += [(question.text, question.holder) for question in questions]
        found = []
        for question in questions:
            label = next((LABELS_BY_WORD[word] for word in LABELS_BY_WORD if word in question.text), "neutral")
            found.append([0.9 if name == label else 0.05 for name in ("against", "neutral", "favor")])
        return np.array(found)


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    for number in range(6):
        said = f"The port refused talks {number} times. Joren Vik asked for talks. It rained in Tollby."
        (folder / f"2024-0{1 + number}-01.txt").write_text(said, encoding="utf-8")
    (folder / "empty.txt").write_text("", encoding="utf-8")
    (tmp_path / "actors.csv").write_text("name,aliases,member_of\nJoren Vik,,the port\nthe port,,\nTollby,,\n")
    (tmp_path / "proposals.csv").write_text("proposal\nhold talks\n")
    return tmp_path


def config(home, **changes):
    files = {name: str(home / f"{name}.csv") for name in ("actors", "proposals")}
    settings = {"documents": str(home / "reports"), "output": str(home / "out"), "bootstrap": 20, "chunk": 2}
    return MapConfig(**{**files, **settings, **changes})


@pytest.fixture
def made(home, monkeypatch):
    def make(reads, **changes):
        monkeypatch.setattr(StanceClassifier, "from_pretrained", lambda *_: reads)
        return make_map(config(home, **changes), Words())

    return make


def test_an_article_of_an_export_is_linked_to_its_file(home, made):
    article = (
        "A port refuses\nThe Quay\nMarch 5, 2024\nLength: 5 words\nBody\nThe port refused talks.\nEnd of Document\n"
    )
    (home / "reports" / "Files #2 (1).txt").write_text(2 * article, encoding="utf-8")
    links = {document.id: document.link for document in made(Reads()).documents}
    assert links["Files #2 (1).txt#2"] == links["Files #2 (1).txt#1"] == "../reports/Files%20%232%20%281%29.txt"
    assert links["2024-01-01.txt"] == "../reports/2024-01-01.txt"


def test_a_folder_of_any_name_is_linked(home, made):
    (home / "reports").rename(home / "draft #2? 50%")
    found = made(Reads(), documents=str(home / "draft #2? 50%"))
    assert found.documents[0].link == "../draft%20%232%3F%2050%25/2024-01-01.txt"


def test_the_output_may_be_within_the_documents(home, made):
    nested = str(home / "reports" / "map")
    first = made(Reads(), output=nested)
    assert made(Reads(), output=nested).notes == first.notes
    other = made(Reads(), output=str(home / "reports" / "other"))
    assert "2 documents set aside (set-aside.jsonl): empty (1), a folder that a map was written to (1)" in " ".join(
        other.notes
    )
    with pytest.raises(KeyboardInterrupt):
        made(Reads(dies=1), output=nested)
    again = made(Reads(), output=nested)
    assert [row.id for row in again.evidence] == [row.id for row in first.evidence]


def test_the_output_may_be_the_folder_that_one_is_in(home, made, monkeypatch):
    (home / "here").mkdir()
    monkeypatch.chdir(home / "here")
    assert made(Reads(), output=".").evidence
    assert (home / "here" / "map.json").exists()
    assert not (home / "here.partial").exists()


def test_everything_comes_out(home, made):
    found = made(Reads())
    assert {cell.actor: (cell.position, cell.statements) for cell in found.cells} == {
        "Joren Vik": ("favor", 6),
        "the port": ("not enough", 12),  # Vik is its member, and for it
    }
    assert [month.month for month in found.cells[0].months] == [f"2024-0{n}" for n in range(1, 7)]
    out = home / "out"
    assert {path.name for path in out.iterdir()} == {"map.json", "evidence.csv", "evidence.parquet", "set-aside.jsonl"}
    table = pq.read_table(out / "evidence.parquet").to_pylist()
    assert [row["id"] for row in table] == [row.id for row in found.evidence]
    assert len({row["id"] for row in table}) == 12
    with (out / "evidence.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["sentence"] for row in csv.DictReader(stream)] == [row["sentence"] for row in table]
    assert json.loads((out / "set-aside.jsonl").read_text()) == {"document": "empty.txt", "reason": "empty"}
    written = read_json(out / "map.json")
    assert written["cells"][0]["position"] == "favor"
    texts = {document["id"]: document["text"] for document in written["documents"]}
    assert all(texts[row["document"]][row["start"] : row["end"]] == row["sentence"] for row in written["evidence"])
    notes = " ".join(found.notes)
    assert "1 documents set aside (set-aside.jsonl): empty (1)" in notes
    assert "'the port' is a common word; it was found 6 times" in notes
    assert "Of fewer than 20 documents they are too narrow." in notes


def test_that_one_proposal_is_asked_of_every_document_is_told(home, made, caplog):
    told = "With one proposal every document is asked about it"
    assert told in " ".join(made(Reads()).notes) and told in caplog.text
    caplog.clear()
    (home / "proposals.csv").write_text("proposal\nhold talks\nshare the fish\n")
    assert told not in " ".join(made(Reads(), output=str(home / "two")).notes) + caplog.text


def test_a_killed_run_goes_on_and_ends_with_the_same(home, made):
    whole = made(Reads(), output=str(home / "whole"))
    with pytest.raises(KeyboardInterrupt):
        made(Reads(dies=1))
    assert not (home / "out" / "map.json").exists()
    with pytest.raises(StanceError, match="unfinished run with another near"):
        made(Reads(), near=0.1)
    again = Reads()
    found = made(again)
    assert len({text for text, _ in again.asked if "port" in text}) == 4  # of six, two were answered before
    assert found.evidence == whole.evidence
    assert found.cells == whole.cells
    for name in ("evidence.csv", "set-aside.jsonl"):
        assert (home / "out" / name).read_bytes() == (home / "whole" / name).read_bytes()
    assert not (home / "out.partial").exists()


def test_a_state_that_the_map_does_not_know_is_refused(home, made):
    with pytest.raises(KeyboardInterrupt):
        made(Reads(dies=1))
    page = home / "out.partial" / "progress.json"
    state = read_json(page)
    for wrong in ({"rows": 3}, {"set_aside": 3}, {"common": {"the port": -1}}):
        page.write_text(json.dumps(state | {"state": state["state"] | wrong}))
        with pytest.raises(StanceError, match=r"out\.partial: no state that this command wrote; .*overwrite=true"):
            made(Reads())
    assert made(Reads(), overwrite=True).evidence


def test_what_is_asked_twice_is_scored_once(home, made):
    for number in range(3):
        (home / "reports" / f"wire {number}.txt").write_text("The port refused talks.", encoding="utf-8")
    reads = Reads()
    found = made(reads)
    assert [text for text, _ in reads.asked].count("The port refused talks.") == 1
    assert sum(row.sentence == "The port refused talks." for row in found.evidence) == 3


def test_copies_of_a_report_are_counted_aloud_and_once(home, made):
    for number in range(9):
        (home / "reports" / f"wire {number}.txt").write_text("Joren Vik asked for talks.", encoding="utf-8")
    found = made(Reads())
    assert "8 of these have the text of another" in " ".join(found.notes)
    assert (found.cells[0].actor, found.cells[0].statements, found.cells[0].documents) == ("Joren Vik", 7, 7)
    assert sum(row.document.startswith("wire") for row in found.evidence) == 9


def test_documents_of_a_mere_year_are_told(home, made):
    (home / "reports" / "17-05-2024 wire.txt").write_text("Joren Vik asked for talks.", encoding="utf-8")
    notes = " ".join(made(Reads()).notes)
    assert "1 documents with such a sentence are dated to a year alone: their statements are in no month" in notes


def test_no_document_to_read_is_an_error_and_leaves_nothing(home, made):
    for path in (home / "reports").glob("2024*"):
        path.write_text(" ", encoding="utf-8")
    with pytest.raises(StanceError, match=r"no document could be read: empty \(7\)"):
        made(Reads())
    assert not (home / "out.partial").exists()


def test_documents_in_which_no_actor_is_named_make_an_empty_map(home, made):
    (home / "actors.csv").write_text("name\nNobody Known\n")
    found = made(Reads())
    assert (found.cells, found.evidence) == ((), ())
    assert pq.read_table(home / "out" / "evidence.parquet").num_rows == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"near": 2.0}, "near: no cosine"),
        ({"certain": 0.5}, "certain: no majority"),
        ({"proposals": ""}, "proposals: missing"),
        ({"chunk": 0}, "chunk: too small"),
        ({"output": ""}, "output: no folder of its own"),
        ({"output": "/"}, "output: no folder of its own"),
        ({"documents": "out", "output": "./out"}, "output: the documents are there"),
        ({"documents": ".", "output": "."}, "output: the documents are there"),
    ],
)
def test_settings_that_mean_nothing_are_refused(home, changes, said):
    with pytest.raises(StanceError, match=said):
        config(home, **changes)


def test_actors_are_suggested_by_the_script(home):
    done = run_here("map", "documents=reports", "output=out", cwd=home)
    assert "candidates -> out/actors.csv" in done.stdout
    found = home / "out" / "actors.csv"
    assert "Joren Vik" in found.read_text()
    found.write_text("name\nedited\n")
    again = run_here("map", "documents=reports", "output=out", cwd=home, check=False)
    assert "a file of actors is there already; allowed: actors=out/actors.csv to use it" in again.stderr
    assert found.read_text() == "name\nedited\n"


def test_the_script_makes_a_page_and_says_where_everything_is(home, monkeypatch):
    pytest.importorskip("stance.map.page")
    pytest.importorskip("stance.map.exports")
    monkeypatch.setattr(StanceClassifier, "from_pretrained", lambda *_: Reads())
    monkeypatch.setattr("stance.map.make.SentenceEncoder", Words)
    files = ("documents=reports", "actors=actors.csv", "proposals=proposals.csv", "output=out", "bootstrap=20")
    done = run_here("map", *files, cwd=home)
    assert "favor    Joren Vik: hold talks    6 (6)" in done.stdout
    assert "12 answers -> out/evidence.csv, .parquet" in done.stdout
    assert "Joren Vik" in (home / "out" / "map.html").read_text(encoding="utf-8")
    assert list((home / "out" / "exports").iterdir())


def test_what_was_chosen_on_validation_is_the_default():
    chosen = read_json(PROJECT / "experiments" / "map" / "chosen.json")
    assert (chosen["near"], chosen["alike"], chosen["certain"]) == (NEAR, ALIKE, CERTAIN)


@pytest.fixture(scope="module")
def khost(tmp_path_factory):
    """The example, by stance-small as it is."""
    seeds, output = PROJECT / "seeds" / "map", tmp_path_factory.mktemp("khost")
    files = {name: str(seeds / f"{name}.csv") for name in ("actors", "proposals")}
    return make_map(MapConfig(documents=str(seeds / "documents"), output=str(output), runtime="torch", **files))


def positions(khost):
    talks = khost.proposals[0].proposal
    return {cell.actor: cell.position for cell in khost.cells if cell.proposal == talks}


def test_the_khost_report_all_are_found(khost):
    found = positions(khost)
    assert set(found) == {actor.name for actor in khost.actors}
    said = {(row.actor, row.mention_start < 0) for row in khost.evidence if row.sentence.startswith("He is the first")}
    assert said == {("Muhammad Nabi Omari", True), ("Afghan Taliban", False)}
    assert {found[name] for name in ("Tehreek-e-Taliban Pakistan", "Waqar Ahmad")} == {"not enough"}
    assert found["Foreign Office"] != "favor"
    assert found["Muhammad Nabi Omari"] != "against"


def test_the_khost_report_who_stands_where(khost):
    assert positions(khost) == {
        "Foreign Office": "against",
        "Mumtaz Zahra Baloch": "against",
        "Pakistan": "against",  # it has the Foreign Office's position
        "Muhammad Nabi Omari": "favor",
        "Afghan Taliban": "favor",
        "Tehreek-e-Taliban Pakistan": "not enough",
        "Waqar Ahmad": "not enough",
        "National Security Division": "not enough",
    }
