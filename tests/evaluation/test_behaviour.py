"""Every kind of test catches what it should and passes what it should: predictors whose behaviour is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from conftest import PROJECT, example, run_here
from stance.base.files import read_json, write_json
from stance.base.labels import LABEL2ID
from stance.base.settings import as_values, from_values
from stance.evaluation.checks.behaviour import MARGIN, behaviour_table, run_suite
from stance.evaluation.checks.report import BehaviourReport, KindResult
from stance.evaluation.checks.suite import read_suite
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.priors import Prior

SUITE = """
version: 1
name: small
slots:
  who: [the guild, the crown, the ferry board, the abbey]
  day: [on Monday, on Tuesday, on Friday]
tests:
  - {name: accepts, kind: MFT, cases: 8, holder: '{who}', target: sign, label: favor,
     templates: ['{who} accepted it {day}.', 'It was {day} that {who} accepted it.']}
  - {name: refuses, kind: MFT, cases: 8, holder: '{who}', target: sign, label: against,
     templates: ['{who} refused {day}.', '{who} did not accept {day}.']}
  - {name: another holder, kind: INV, cases: 8, holder: '{who}', target: sign, replace: {who: who2},
     templates: ['{who} accepted it {day}.']}
  - {name: negation, kind: DIR, cases: 8, holder: '{who}', target: sign, label: favor, then: {label: against},
     templates: [{text: '{who} accepted {day}.', then: {text: '{who} never accepted {day}.'}}]}
  - {name: holder swap, kind: DIR, cases: 8, label: favor, target: sign, then: {label: against},
     templates: [{text: '{who} accepted {day} what {who2} refused.', holder: '{who}', then: {holder: '{who2}'}}]}
"""


class Keywords:
    """Favor by a word of acceptance, against by a word of refusal; what else it does is set.

    Attributes:
        negation: Whether ``not`` and ``never`` turn acceptance into refusal.
        holders: Whether it looks whose word it is: the verb behind the holder's name decides.
        afraid: A name that makes it say neutral.
        strength: Probability of the label said beyond a third.
    """

    def __init__(self, *, negation=False, holders=False, afraid=None, strength=2 / 3):
        self.negation, self.holders, self.afraid, self.strength = negation, holders, afraid, strength

    def label(self, text, holder):
        text = text.lower()
        if self.afraid is not None and self.afraid in text:
            return "neutral"
        if self.holders:
            text = text.partition(holder)[2]
        words = text.replace(".", "").split()
        verbs = [word for word in words if word in ("accepted", "accept", "refused")]
        if not verbs:
            return "neutral"
        turned = self.negation and {"not", "never"} & set(words)
        return "against" if verbs[0] == "refused" or turned else "favor"

    def predict_proba(self, questions):
        found = np.full((len(questions), 3), (1 - self.strength) / 3)
        for row, question in enumerate(questions):
            found[row, LABEL2ID[self.label(question.text, question.holder)]] += self.strength
        return found


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    path = tmp_path_factory.mktemp("suite") / "small.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return read_suite(path)


def failed(predictor, suite):
    return {test.name: test.failed for test in run_suite(predictor, suite).tests}


def test_a_reader_passes_everything(suite):
    report = run_suite(Keywords(negation=True, holders=True), suite)
    assert {test.name: test.failed for test in report.tests} == {
        "accepts": 0, "refuses": 0, "another holder": 0, "negation": 0, "holder swap": 0,
    }  # fmt: skip
    assert all(test.both_right == 1 for test in report.tests if test.kind == "DIR")
    assert not any(test.failures for test in report.tests)


def test_one_that_passes_over_negation_is_caught_by_mft_and_dir(suite):
    assert failed(Keywords(holders=True), suite) == {
        "accepts": 0, "refuses": 4, "another holder": 0, "negation": 8, "holder swap": 0,
    }  # fmt: skip


def test_one_that_does_not_look_whose_word_it_is_is_caught_by_the_swap(suite):
    assert failed(Keywords(negation=True), suite)["holder swap"] == 8


def test_one_that_minds_a_name_is_caught_by_invariance(suite):
    report = run_suite(Keywords(negation=True, holders=True, afraid="the guild"), suite)
    (test,) = (test for test in report.tests if test.name == "another holder")
    assert 0 < test.failed < 8
    for first, then in test.failures:
        assert {first.predicted, then.predicted} == {"favor", "neutral"}
        assert ("the guild" in first.text.lower()) == (first.predicted == "neutral")
        assert "label" not in as_values(first)


def test_a_prior_passes_every_invariance_and_no_direction(suite):
    prior = Prior.fit("majority", [example(0, "favor"), example(1, "favor"), example(2, "against")])
    assert failed(prior, suite) == {
        "accepts": 0, "refuses": 8, "another holder": 0, "negation": 8, "holder swap": 8,
    }  # fmt: skip


def test_a_direction_needs_a_margin_unless_both_labels_are_right(suite):
    class Leans:
        """Neutral on everything, but less for it where ``never`` stands."""

        def __init__(self, by):
            self.by = by

        def predict_proba(self, questions):
            never = [0.2, 0.6 + self.by, 0.2 - self.by]
            return np.array([never if "never" in question.text else [0.2, 0.6, 0.2] for question in questions])

    assert failed(Leans(MARGIN + 0.01), suite)["negation"] == 0
    assert failed(Leans(MARGIN - 0.01), suite)["negation"] == 8
    assert failed(Keywords(negation=True, holders=True, strength=0.04), suite)["negation"] == 0


def test_the_report_adds_up(suite):
    report = run_suite(Keywords(holders=True), suite)
    for test in report.tests:
        assert sum(template.failed for template in test.templates) == test.failed == test.rate.value * 8
        assert sum(template.n for template in test.templates) == test.n == 8
        assert test.rate.low <= test.rate.value <= test.rate.high
    assert report.kinds["MFT"] == KindResult(tests=2, n=16, failed=4, rate=report.kinds["MFT"].rate)
    refuses = report.tests[1]
    assert [template.failed for template in refuses.templates] == [0, 4]
    assert all(row.label == "against" and row.predicted == "favor" for (row,) in refuses.failures)
    # Wilson 1927 for 4 of 8, from its formula
    assert refuses.rate.low == pytest.approx(0.2152, abs=1e-4)
    lines = behaviour_table(report).splitlines()
    assert lines[3].startswith("| refuses | MFT | 8 | 0.500 [0.215, 0.785]")
    assert lines[-1].startswith("| all 2 of DIR | DIR | 16 | 0.500")


def test_the_bundled_suite_runs_on_a_prior(readable_annotations):
    prior = Prior.fit("majority", [example(0, "neutral")])
    report = run_suite(prior, read_suite())
    rates = {kind: sums.rate.value for kind, sums in report.kinds.items()}
    assert rates["INV"] == 0
    assert rates["DIR"] == 1
    assert 0.5 < rates["MFT"] < 0.8


def test_the_script_writes_the_report_and_prints_the_table(tmp_path):
    prior = Prior.fit("majority", [example(0, "favor")])
    StanceClassifier(prior, Card("prior")).save_pretrained(tmp_path / "checkpoint")
    (tmp_path / "own.yaml").write_text(SUITE, encoding="utf-8")
    printed = run_here("behaviour", "checkpoint=checkpoint", "suite=own.yaml", cwd=tmp_path).stdout
    report = json.loads((tmp_path / "outputs" / "behaviour" / "checkpoint.own.json").read_text())
    assert behaviour_table(from_values(BehaviourReport, report, "report.json").result) in printed
    assert report["of"] == "checkpoint"
    assert len(report["tests"][1]["failures"]) == 5


def test_a_recorded_report_is_read_and_written_as_it_stands(tmp_path):
    path = PROJECT / "experiments" / "negotiation" / "negotiation-minilm" / "behaviour.json"
    report = from_values(BehaviourReport, read_json(path), str(path))
    write_json(tmp_path / "again.json", as_values(report))
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
