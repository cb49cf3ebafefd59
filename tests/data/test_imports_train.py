"""From an export to a score, as a coder does it: inspect, complete the mapping that was written, train."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from conftest import PROJECT, run_here
from stance.data.imports.tools import open_export, records_of

NAMED = Path(os.environ.get("STANCE_DATA", "data"))
FOLDER = (NAMED if NAMED.is_absolute() else PROJECT / NAMED) / "annotation-exports"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no exports in {FOLDER}: set STANCE_DATA")

IT = {"target": {"value": "it"}}
BINARY = {"target": "class", "labels": {"favor": "accept", "against": "reject"}}
NOREC = {"layer": "event", "label": "Polarity", "labels": {"favor": "Positive", "against": "Negative"}}
NOREC |= {"target": {"first": ["linked.Target", {"value": "the reviewed thing"}]}}
QDA = {
    "labels": {
        "favor": ["cornflakes", "bacon and eggs", "happiness"],
        "against": ["waste of time", "Feelings", "diet Coke"],
    }
}

#: By name: the export, what a coder adds to the mapping, how it is divided, and how many rows that is, ties
#: with them. Where an
#: export holds no stance, two of its codes stand for labels; where it has one code alone, another of its columns.
CASES = {
    "wide": (
        "wide-table/annotations_stances_1_gold.csv",
        {"id": "unit_id", "leave_out": ["Geen onderwerp", "Ander/geen onderwerp"]}
        | {"labels": {"favor": "Voor", "against": "Tegen", "neutral": "Neutraal"}},
        "document",
        231,
    ),
    "tweets": (
        "wide-table/en_tiebreak_100.csv",
        IT | {"leave_out": ["x", "X"], "labels": {"favor": 1, "neutral": 0, "against": -1}},
        "document",
        97,
    ),
    "mturk": (
        "mturk/batch-results-excerpt.csv",
        {"text": ["Input.snippet1", "Input.snippet2"], "label": "Answer.q1", "target": {"value": "the party"}}
        | {"labels": {"favor": "> 0", "neutral": 0, "against": "< 0"}},
        "document",
        22,
    ),
    "label_studio": (
        "label-studio/leoka-three-annotators-excerpt.json",
        IT | {"labels": {"favor": "Firearm", "neutral": "Department", "against": "Drugs"}, "leave_out": "*"},
        "document",
        56,
    ),
    "atlasti": ("refi-qda/atlasti8-TestProject.qdpx", IT | QDA | {"leave_out": "*"}, "sentence", 7),
    "atlasti_qde": ("refi-qda/atlasti8-Project.qde", IT | QDA | {"leave_out": "*"}, "sentence", 7),
    "maxqda": (
        "refi-qda/maxqda-segments.xlsx",
        IT
        | {"label": {"field": "Fragment", "find": r"\b1[678]"}}
        | {"labels": {"favor": 17, "against": 18, "neutral": 16}, "leave_out": "*"},
        "document",
        54,
    ),
    "maxqda_author": (
        "refi-qda/maxqda-segments-with-author.xlsx",
        IT | {"id": ["Nazwa dokumentu", "(row)"], "label": "Objętość", "labels": {"favor": "> 12", "against": "<= 12"}},
        "document",
        1496,
    ),
    "dna": ("../dna-sample/sample.dna", {"labels": {"favor": 1, "against": 0}}, "document", 40),
    "hansard": (
        "../dna-labour-hansard/MANUALLY_ANNOTATED_DATA.xlsx",
        {"labels": {"favor": 1, "against": 0}, "document": "document_title"},
        "sentence",
        862,
    ),
    "webanno": (
        "inception/tsv33-two-annotators",
        IT | {"labels": {"favor": "Direct Quote", "against": "Metalinguistic Cue"}, "leave_out": "*"},
        "sentence",
        68,
    ),
    "inception": (
        "inception/xmi11-echr",
        IT
        | {"layer": "webanno.custom.LegalArgumentation", "holder": "Akteur", "label": "ArgType", "leave_out": "*"}
        | {"labels": {"favor": "Subsumtion", "neutral": "Entscheidung des EGMR"}},
        "sentence",
        6,
    ),
    "doccano": (
        "doccano/spans-bad-utf8-admin.jsonl",
        IT
        | {
            "labels": {
                "favor": ["Positivo", "Muy postivo"],
                "neutral": "Neutro",
                "against": ["Negativo", "Muy negativo"],
            }
        },
        "document",
        131,
    ),
    "doccano_old": (
        "doccano/old-two-users.jsonl",
        IT | {"text": "span", "labels": {"favor": 12, "against": 13}, "leave_out": 14},
        "sentence",
        10,
    ),
    "prodigy": ("prodigy/textcat-binary.jsonl", BINARY, "document", 786),
    "prodigy_many": ("prodigy/several-annotators-excerpt.jsonl", BINARY, "document", 11),
    "brat": ("brat/norec-000335.ann", NOREC | {"holder": "linked.Source"}, "sentence", 42),
    "brat_speech": (
        "brat/elecdeb-1960_07Oct_1.ann",
        {"layer": "relation", "text": "from", "target": "to", "leave_out": "Equivalent"}
        | {"labels": {"favor": "Support", "against": "Attack"}},
        "sentence",
        22,
    ),
    "argilla": (
        "argilla",
        IT
        | {"text": "fields.prompt"}
        | {"labels": {"favor": "resp_0_better", "against": "resp_1_better", "neutral": "equal"}},
        "document",
        17,
    ),
}

#: One of each tool; the others are slow.
ONE_EACH = ("tweets", "label_studio", "atlasti", "dna", "inception", "doccano", "prodigy_many", "brat", "argilla")


def completed(folder, path, edits):
    """The mapping that ``inspect_import.py`` wrote, with what a coder adds."""
    run_here("inspect_import", str(path), "--output", "mapping.yaml", cwd=folder)
    said = yaml.safe_load((folder / "mapping.yaml").read_text(encoding="utf-8")) | edits
    (folder / "mapping.yaml").write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")


def trained(folder, path, split):
    """The record of the dataset, and what the model reached on test."""
    given = ["data=import", f"data.path={path}", "data.mapping=mapping.yaml", "data.name=mine", f"split={split}"]
    run_here("train", *given, "model=tfidf", "bootstrap=20", cwd=folder)
    (record,) = (folder / "outputs/data").glob("*/stance_dataset.json")
    metrics = json.loads((folder / "outputs/runs/mine-tfidf/seed-0/metrics.json").read_text())
    return json.loads(record.read_text()), metrics["test"]


@pytest.mark.parametrize(
    "name", [name if name in ONE_EACH else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_an_export_trains_a_model_without_editing_it(tmp_path, name):
    path, edits, split, rows = CASES[name]
    completed(tmp_path, FOLDER / path, edits)
    record, test = trained(tmp_path, FOLDER / path, split)
    assert test["n"] > 0 and 0 <= test["measures"]["macro_f1"]["value"] <= 1
    assert sum(part["rows"] for part in record["statistics"].values()) + len(record["ties"]) == rows


def test_coders_with_a_workbook_each_and_texts_in_a_folder(tmp_path):
    """The texts are not with the workbooks; here composed ones stand for them."""
    (tmp_path / "texts").mkdir()
    edits = {"files": "Coder*.xlsx", "sheet": "Kodierung", "id": "id", "annotator": "(file)", "document": "id"} | IT
    edits |= {"text": "text", "label": "Code", "texts": {"path": str(tmp_path / "texts"), "by": "id"}}
    edits |= {"labels": {"favor": ["Sehr positiv", "Positiv", "Eher positiv"], "neutral": "Neutral"}}
    edits["labels"]["against"] = ["Sehr negativ", "Negativ", "Eher negativ"]
    completed(tmp_path, FOLDER / "wide-table/Coder1.xlsx", edits)
    from stance.data.imports.mapping import read_mapping

    said = read_mapping(tmp_path / "mapping.yaml")
    opened = open_export(FOLDER / "wide-table", said)
    for number, record in enumerate(records_of(opened)):
        words = f"Report {number} of {record.values['id']} says {record.values['Code']} things."
        (tmp_path / "texts" / f"{record.values['id']}.txt").write_text(words)
    _, test = trained(tmp_path, FOLDER / "wide-table", "document")
    assert test["n"] > 0
