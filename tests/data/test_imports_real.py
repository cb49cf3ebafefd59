"""Exports as the tools wrote them: the number of judgements that a correct reading gives, where the files are there."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
import yaml

from conftest import PROJECT
from stance.base.errors import StanceError
from stance.data import imported
from stance.data.imports.tools import open_export, records_of

NAMED = Path(os.environ.get("STANCE_DATA", "data"))
FOLDER = (NAMED if NAMED.is_absolute() else PROJECT / NAMED) / "annotation-exports"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no exports in {FOLDER}: set STANCE_DATA")

RECORDS = [
    ("label-studio/leoka-three-annotators-excerpt.json", "label-studio", "Category", 113),
    ("label-studio/leoka-three-annotators-excerpt.json", "label-studio", "label", 216),
    ("label-studio/csv_test_history.json", "label-studio", "sentiment", 1),
    ("label-studio/csv_test_colliding_keys_mixed.json", "label-studio", "text", 1),
    ("doccano/spans-bad-utf8-admin.jsonl", "doccano", "span", 131),
    ("doccano/relations-with-meta-all.jsonl", "doccano", "span", 1),
    ("doccano/old-two-users.jsonl", "doccano", "span", 16),
    ("prodigy/textcat-binary.jsonl", "prodigy", "binary", 786),
    ("prodigy/ner-manual-spans.jsonl", "prodigy", "span", 303),
    ("prodigy/several-annotators-excerpt.jsonl", "prodigy", "binary", 416),
    ("brat", "brat", "event", 79),
    ("brat/elecdeb-1960_07Oct_1.ann", "brat", "relation", 27),
    ("inception/tsv33-two-annotators", "inception", "custom.Span", 159 + 157),
    ("inception/xmi11-echr", "inception", "webanno.custom.LegalArgumentation", 7),
    ("inception/emoji", "inception", "uima.tcas.Annotation", 9 + 9),
    ("argilla", "argilla", "preference_selection", 34),
    ("refi-qda/atlasti8-Project.qde", "refi-qda", None, 9),
    ("refi-qda/atlasti8-TestProject.qdpx", "refi-qda", None, 9),
    ("refi-qda/maxqda-segments-with-author.xlsx", "table", "", 1496),
    ("refi-qda/maxqda-segments.xlsx", "table", "", 54),
    ("mturk/batch-results-excerpt.csv", "mturk", "", 44),
    ("wide-table/annotations_stances_1_gold.csv", "table", "", 200),
    ("../dna-sample/sample.dna", "dna", "DNA Statement", 40),
]


@pytest.mark.parametrize(("path", "tool", "layer", "n"), RECORDS)
def test_the_tool_is_known_and_the_records_are_counted(path, tool, layer, n):
    opened = open_export(FOLDER / path)
    assert opened.tool == tool
    found = [r for r in records_of(opened) if not r.reason and layer in (None, r.layer)]
    assert len(found) == n


STANCES = {
    "text": {"field": "text", "remove": "**"},
    "context": "before",
    "holder": {
        "first": [
            {"field": "unit_id", "find": r"-\d+-(.*)$", "words": {"Overig": ""}},
            {"field": "text", "find": r"\*\*(.+?)\*\*"},
        ]
    },
    "annotators": ["NR", "JF", "WvA"],
    "target": {"field": "(cell)", "before": " : "},
    "label": {"field": "(cell)", "after": " : "},
    "document": {"field": "unit_id", "find": "^([0-9a-f]+)-"},
    "id": "unit_id",
    "labels": {"favor": "Voor", "against": "Tegen", "neutral": "Neutraal"},
    "leave_out": ["Geen onderwerp", "Ander/geen onderwerp"],
}
PARTIES = [
    {"target": {"value": "Republican party"}, "label": "Answer.q1"}
    | {"labels": {"favor": "> 0", "neutral": 0, "against": "< 0"}},
    {"target": {"value": "Democratic party"}, "label": "Answer.q2"}
    | {"labels": {"against": "> 0", "neutral": 0, "favor": "< 0"}},
]
BINARY = {"target": "class", "labels": {"favor": "accept", "against": "reject"}}
NOREC = {
    "layer": "event",
    "label": "Polarity",
    "labels": {"favor": "Positive", "against": "Negative"},
    "holder": "linked.Source",
    "target": {"first": ["linked.Target", {"value": "the reviewed thing"}]},
}

CORPORA = [
    ("wide-table/annotations_stances_1_gold.csv", STANCES, (99, 94, 287), 231, 3),
    (
        "wide-table/en_tiebreak_100.csv",
        {"text": {"field": "full_text", "html": True}, "id": "id", "target": {"value": "it"}}
        | {"annotators": ["annotator_1", "annotator_2", "annotator_3"], "leave_out": ["x", "X"]}
        | {"labels": {"favor": 1, "neutral": 0, "against": -1}},
        (66, 82, 130),
        97,  # of 100: three were called x by two of three
        3,
    ),
    (
        "mturk/batch-results-excerpt.csv",
        {"text": ["Input.snippet1", "Input.snippet2", "Input.snippet3"], "id": "Input.docid"}
        | {"document": "Input.docid", "questions": PARTIES},
        (21, 56, 11),
        44,
        9,
    ),
    (
        "mturk/pilot-annotations-sheet.csv",
        {"fill_down": "docid", "id": "docid", "annotator": "WorkerId", "text": "docid", "leave_out": [""]}
        | {"target": {"value": "it"}, "label": "bias"}
        | {"labels": {"against": "Left", "neutral": "Center", "favor": "Right"}},
        (24, 28, 28),
        16,
        None,
    ),
    ("prodigy/textcat-binary.jsonl", BINARY, (525, 0, 261), 786, 1),
    ("prodigy/several-annotators-excerpt.jsonl", BINARY, (177, 0, 227), 11, 42),
    ("brat/norec-000335.ann", NOREC, (26, 0, 16), None, 1),
    ("brat/norec-000227_curation.ann", NOREC, (7, 0, 30), None, 1),
    (
        "brat/elecdeb-1960_07Oct_1.ann",
        {"layer": "relation", "text": "from", "target": "to", "leave_out": "Equivalent"}
        | {"labels": {"favor": "Support", "against": "Attack"}},
        (5, 0, 17),
        22,
        1,
    ),
    (
        "inception/xmi11-echr",
        {"layer": "LegalArgumentation", "holder": "Akteur", "label": "ArgType", "target": {"value": "it"}}
        | {"labels": {"favor": "Subsumtion", "neutral": "Entscheidung des EGMR"}, "leave_out": "*"},
        (0, 2, 4),
        6,
        1,
    ),
    (
        "argilla",
        {"layer": "preference_selection", "text": "fields.prompt", "target": {"value": "it"}}
        | {"labels": {"favor": "resp_0_better", "against": "resp_1_better", "neutral": "equal"}},
        (7, 16, 11),
        17,
        2,
    ),
    ("../dna-sample/sample.dna", {"layer": "DNA Statement", "labels": {"favor": 1, "against": 0}}, (11, 0, 29), 40, 1),
]


@pytest.mark.parametrize(("path", "said", "labels", "rows", "annotators"), CORPORA, ids=[case[0] for case in CORPORA])
def test_judgements_by_label(tmp_path, path, said, labels, rows, annotators):
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(yaml.safe_dump(said), encoding="utf-8")
    corpus = imported.read(FOLDER / path, mapping, part_map={})
    found = Counter(annotation.label for annotation in corpus.annotations)
    assert (found["against"], found["neutral"], found["favor"]) == labels
    assert rows in (None, len({annotation.id for annotation in corpus.annotations}))
    assert annotators in (None, len({annotation.annotator for annotation in corpus.annotations}))


def test_holders_and_targets_of_norec(tmp_path):
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(yaml.safe_dump(NOREC), encoding="utf-8")
    annotations = imported.read(FOLDER / "brat/norec-000227_curation.ann", mapping, part_map={}).annotations
    assert sum(bool(a.holder) for a in annotations) == 7
    assert sum(a.target != "the reviewed thing" for a in annotations) == 31


def test_words_at_offsets_after_emoji():
    spans = [r.values["span"] for r in records_of(open_export(FOLDER / "inception/emoji"))]
    assert spans.count("test") == 2 and spans.count("This") == 2


def test_words_of_label_studio_are_those_that_it_wrote():
    opened = open_export(FOLDER / "label-studio/leoka-three-annotators-excerpt.json")
    spans = [r.values for r in records_of(opened) if r.layer == "label" and not r.reason]
    assert all(values["span"] in " ".join(values["text"].split()) for values in spans)


def test_workbooks_without_text_are_refused(tmp_path):
    mapping = tmp_path / "mapping.yaml"
    said = {"files": "Coder*.xlsx", "sheet": "Kodierung", "id": "id", "annotator": "(file)", "label": "Code"}
    said |= {"target": {"value": "it"}, "labels": {"favor": "Sehr positiv"}, "leave_out": "*", "text": "text"}
    mapping.write_text(yaml.safe_dump(said), encoding="utf-8")
    with pytest.raises(StanceError, match=r"no record of .* has a field 'text'"):
        imported.read(FOLDER / "wide-table", mapping, part_map={})


@pytest.mark.parametrize(("path", "tool"), [("lighttag", "LightTag"), ("tagtog", "tagtog"), ("catma", "CATMA")])
def test_tools_that_are_not_read_are_named(path, tool):
    with pytest.raises(StanceError, match=f"an export of {tool}, which is not read"):
        open_export(FOLDER / path)
