"""Everything about a predictions file on one part, as JSON and page; of a checkpoint in tests/cli/test_scripts.py."""

from __future__ import annotations

import json

import pytest

from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.files import write_json
from stance.base.labels import LABELS
from stance.base.predictions import Prediction, write_predictions
from stance.base.settings import as_values
from stance.base.tables import write_table
from stance.data.build import build_dataset
from stance.data.config import DataConfig, SplitConfig
from stance.evaluation.config import ReportConfig
from stance.experiments.evaluate_part import evaluate_part


@pytest.fixture
def settings(tmp_path, readable_annotations):
    """A corpus, and a file of right and sure predictions of its test part."""
    write_annotations(tmp_path / "votes.jsonl", readable_annotations)
    data = DataConfig(name="mine", reader="annotations", root=str(tmp_path), path="votes.jsonl")
    split = SplitConfig(by="document", validation=0.2, test=0.25)
    rows = build_dataset(tmp_path / "outputs", data, split)[0]["test"]
    said = [Prediction(row.label, {name: float(name == row.label) for name in LABELS}) for row in rows]
    write_predictions(tmp_path / "said.jsonl", [row.id for row in rows], said)
    return {
        "data": data,
        "split": split,
        "predictions": str(tmp_path / "said.jsonl"),
        "bootstrap": 10,
        "outputs": str(tmp_path / "outputs"),
    }


def test_numbers_and_page_stand_beside_the_predictions(tmp_path, settings):
    rate = {"value": 0.25, "low": 0.1, "high": 0.6}
    counts = {"n": 4, "failed": 1, "rate": rate}
    test = {"name": "only", "kind": "MFT", "about": "", **counts, "templates": [], "failures": []}
    kinds = {"MFT": {"tests": 1, **counts}}
    behaviour = {"of": "m", "version": 1, "suite": "bakers", "seed": 0, "kinds": kinds, "tests": [test]}
    write_json(tmp_path / "behaviour.json", behaviour)
    report, path = evaluate_part(ReportConfig(**settings, behaviour=str(tmp_path / "behaviour.json")))
    assert path == tmp_path / "said.metrics.json"
    assert json.loads(path.read_text()) == as_values(report)
    assert (report.of, report.part, report.model) == (settings["predictions"], "test", False)
    assert (report.probes, as_values(report)["behaviour"]) == (None, behaviour)
    assert report.scores.measures["macro_f1"].value == 1
    assert report.calibration.brier.value == 0
    page = path.with_suffix(".html").read_text(encoding="utf-8")
    assert "Suite bakers" in page
    assert page.count('<tr id="row-') == report.scores.n


def test_files_that_differ_in_their_suffix_do_not_share_a_report(tmp_path, settings):
    told = [json.loads(line) for line in (tmp_path / "said.jsonl").read_text().splitlines()]
    write_table(tmp_path / "said.csv", list(told[0]), [row.values() for row in told])
    others = settings | {"predictions": str(tmp_path / "said.csv")}
    for _ in range(2):
        paths = [evaluate_part(ReportConfig(**each))[1].name for each in (settings, others)]
        assert paths == ["said.metrics.json", "said.csv.metrics.json"]
    assert json.loads((tmp_path / "said.metrics.json").read_text())["of"] == settings["predictions"]
    (tmp_path / "said.metrics.json").rename(tmp_path / "said.csv.metrics.json")
    write_json(tmp_path / "said.metrics.json", {"of": "said.parquet"})
    with pytest.raises(
        StanceError, match=r"said\.csv: reports on other files have its names; found .*output=NAME\.json"
    ):
        evaluate_part(ReportConfig(**others))


def test_what_is_no_report_on_behaviour_is_refused(tmp_path, settings):
    write_json(tmp_path / "other.json", {"version": 1, "measures": {}})
    with pytest.raises(
        StanceError, match=r"not a report on behaviour; allowed: a file that scripts/behaviour\.py wrote"
    ):
        evaluate_part(ReportConfig(**settings, behaviour=str(tmp_path / "other.json")))
    assert not (tmp_path / "said.metrics.json").exists()


def test_a_file_cannot_be_probed_and_numbers_go_into_json(settings):
    with pytest.raises(StanceError, match="probes: there is no model to ask"):
        ReportConfig(**settings, probes=True)
    with pytest.raises(StanceError, match=r"output: another kind of file; found 'a.html'; allowed: .*\.json"):
        ReportConfig(**settings, output="a.html")
