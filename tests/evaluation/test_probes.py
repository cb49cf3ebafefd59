"""Every probe shows what it should, on models that read a known part of the row."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from conftest import PROJECT, example, run_here
from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.files import read_json, write_json
from stance.base.labels import LABEL2ID, LABELS
from stance.base.settings import as_values, from_values
from stance.evaluation.checks.pairs import HOLDER_ASIDE, pairs_in
from stance.evaluation.checks.probes import HIDDEN, MASKED, PROBES, in_sentences, name_masked, probe, probe_table
from stance.evaluation.checks.report import Pairs, Probe, Probed, ProbeReport
from stance.evaluation.checks.robustness import ATTACKS
from stance.evaluation.evaluate import predict_examples
from stance.evaluation.metrics import Score
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.linear import ngram_svm
from stance.models.priors import Prior


def probed(model, rows, **settings):
    """The probes of a model on rows that it has answered as they are."""
    return probe(model, rows, [prediction.label for prediction in predict_examples(model, rows)], **settings)


FIELDS = ("text", "target", "holder")


class Reads:
    """Says the label whose name stands first in one field of the row, and neutral where none does."""

    def __init__(self, field):
        self.field = field

    def predict_proba(self, questions):
        found = np.zeros((len(questions), 3))
        for row, question in enumerate(questions):
            value = getattr(question, self.field)
            named = sorted((value.find(label), label) for label in LABELS if label in value)
            found[row, LABEL2ID[named[0][1] if named else "neutral"]] = 1
        return found


def rows_that_tell(field):
    """Six documents of six rows, whose label one field names; a document's rows have one text but for ``text``."""
    rows = []
    for number in range(36):
        label = LABELS[(number + number // 6) % 3]
        values = {name: f"{name} {number}" for name in FIELDS} | {field: f"{label} {number}"}
        rows.append(example(number, label, document=f"d{number // 6}", **values))
    return rows


@pytest.mark.parametrize("field", FIELDS)
def test_a_model_depends_on_what_it_reads_and_on_nothing_else(field):
    found = probed(Reads(field), rows_that_tell(field), samples=50)
    assert found.probes["text_hidden"].scores.plain.value == 1
    for line, part in zip(found.words, FIELDS, strict=True):
        hidden = found.probes[f"{part}_hidden"].scores
        assert found.probes[f"{part}_hidden"].n == 36
        if part == field:
            assert hidden.difference.high < -0.5
            assert hidden.changed == 2 / 3
            assert line.startswith(f"the score depends on the {part}: hiding it costs +0.8")
        else:
            assert hidden.difference == Score(0, 0, 0)
            assert hidden.changed == 0
            assert line.startswith(f"the score does not depend on the {part}: hiding it costs +0.000")


def test_no_dependence_is_claimed_from_rows_too_few_to_show_it():
    class Sometimes(Reads):
        """Lost on two rows of one document where no target is given."""

        def predict_proba(self, questions):
            found = super().predict_proba(questions)
            lost = [q.target == HIDDEN and q.text.endswith((" 0", " 1")) for q in questions]
            found[lost] = np.roll(found[lost], 1, axis=1)
            return found

    words = probed(Sometimes("text"), rows_that_tell("text"), samples=200).words
    assert words[1].startswith("the score does not depend on the target as far as these rows can show: hiding it costs")


@pytest.mark.parametrize(
    ("low", "value", "high", "said"),
    [
        (-0.01, 0.0, 0.01, "does not depend on the text: hiding it costs"),
        (-0.23, 0.01, 0.25, "does not depend on the text as far as these rows can show: hiding it costs"),
        (0.01, 0.15, 0.3, "depends on the text: hiding it costs +0.150"),
        (-0.2, -0.15, -0.1, "is better without the text: hiding it costs -0.150"),
    ],
)
@pytest.mark.parametrize("documents", [3, 20])
def test_the_sentence_says_what_the_interval_of_the_drop_shows(low, value, high, said, documents):
    hidden = Probe(90, documents, Probed(Score(0, 0, 1), Score(0, 0, 1), Score(-value, -high, -low), 0.5))
    words = in_sentences({f"{part}_hidden": hidden for part in ("text", "target", "holder")})
    assert words[0].startswith(f"the score {said}")
    assert words[0].endswith("too narrow to go by" if documents == 3 else "n = 90 in 20 documents")


@pytest.mark.parametrize("name", ["majority", "target", "holder", "holder_target"])
def test_a_prior_shows_no_change_whatever_becomes_of_the_text(name):
    rows = rows_that_tell("text")
    found = probed(Prior.fit(name, rows), rows, samples=20)
    assert found.probes["text_hidden"].scores.changed == 0
    assert found.probes["text_hidden"].scores.difference.value == 0
    assert found.words[0].startswith("the score does not depend on the text")
    assert (found.probes["target_hidden"].scores.changed > 0) == (name in ("target", "holder_target"))


def test_n_grams_depend_on_the_text(readable_annotations):
    rows = [
        example(i, a.label, id=a.id, text=a.text, holder=a.holder, target=a.target, document=a.document)
        for i, a in enumerate(readable_annotations)
    ]
    found = probed(ngram_svm(rows, rows), rows, samples=50)
    assert found.probes["text_hidden"].scores.plain.value > 0.95
    assert found.probes["text_hidden"].scores.difference.high < -0.3
    assert found.words[0].startswith("the score depends on the text")
    assert found.probes["target_swapped"].n == 72
    assert found.probes["name_masked"].n < 72
    assert found.probes["holder_swapped_in_sentence"] == Probe(n=0, documents=0)
    assert probed(ngram_svm(rows, rows), rows, samples=50) == found


def test_a_name_is_masked_with_or_without_the():
    rows = [
        example(
            1, holder="the North Guild", text="The North Guild's men left; the north guild stayed.", context="guild"
        ),
        example(2, holder="Ora", text="Orange sails, said the boatman."),
        example(3, holder="", text="We stay."),
        example(4, holder="ORA (party)", text="So ORA (party) says.", context="Of the ORA (party)."),
    ]
    first, second, third, fourth = name_masked(rows, 0)
    assert first == replace(rows[0], holder=MASKED, text="X's men left; X stayed.")
    assert (second, third) == (None, None)
    assert (fourth.text, fourth.context, fourth.holder) == ("So X says.", "Of X.", MASKED)


def test_hidden_inputs_are_accepted_by_a_classifier_and_leave_the_rest():
    rows = [example(1, context="Before."), example(2, holder="")]
    classifier = StanceClassifier(Prior.fit("majority", rows), Card("prior"))
    for name, make in PROBES.items():
        inputs = [row for row in make(rows, 0) if row is not None]
        columns = ([getattr(row, field) for row in inputs] for field in ("text", "target", "holder", "context"))
        assert len(classifier.predict(*columns)) == len(inputs), name
    hidden = PROBES["text_hidden"](rows, 0)[0]
    assert hidden == replace(rows[0], text=HIDDEN, context="")
    assert PROBES["holder_hidden"](rows, 0) == [replace(rows[0], holder=HIDDEN), None]


def test_targets_are_swapped_for_those_of_other_documents():
    rows = [example(i, document=f"d{i // 2}", target=f"t{i % 3}") for i in range(6)]
    swapped = PROBES["target_swapped"](rows, 0)
    for row, other in zip(rows, swapped, strict=True):
        mine = {r.target for r in rows if r.document == row.document}
        assert other.target not in mine
        assert replace(other, target=row.target) == row
    assert PROBES["target_swapped"]([replace(row, target="one") for row in rows], 0) == [None] * 6


SENTENCE = {"document": "d", "text": "It was signed."}
PAIRED = [
    example(1, "favor", target="sign", holder="favor guild", **SENTENCE),
    example(2, "against", target="sign", holder="against crown", **SENTENCE),
    example(3, "favor", target="favor wait", holder="favor guild", **SENTENCE),
    example(4, "neutral", target="sign", holder="neutral abbey", document="e", text="The abbey slept."),
    example(5, "against", target="against sell", holder="neutral abbey", document="e", text="The abbey slept."),
]


def test_swaps_in_the_sentence_are_scored_by_their_own_gold():
    found = probed(Reads("holder"), PAIRED, samples=20, headline="accuracy")
    holder = found.probes["holder_swapped_in_sentence"]
    assert (holder.n, holder.scores.plain.value, holder.scores.probed.value, holder.scores.changed) == (2, 1, 0, 1)
    assert holder.scores.known.value == 1
    target = found.probes["target_swapped_in_sentence"]
    assert (target.n, target.scores.changed) == (4, 0)
    assert target.scores.known.value == pytest.approx(3 / 4)
    assert (found.pairs["holder"].n, found.pairs["holder"].scores.both.value) == (1, 1)
    assert found.pairs["target"].n == 2
    assert found.pairs["target"].scores.both.value == 0.5
    assert found.pairs["target"].scores.differ.n == 1
    assert found.pairs["target"].scores.differ.both.value == 0


def test_a_question_that_stands_twice_is_no_partner_of_itself():
    twice = [PAIRED[0], replace(PAIRED[0], id="again")]
    assert PROBES["holder_swapped_in_sentence"](twice, 0) == [None, None]
    assert pairs_in(twice, HOLDER_ASIDE) == []


def test_a_model_that_looks_at_neither_has_no_pair_of_unlike_gold():
    found = probed(Prior.fit("majority", PAIRED), PAIRED, samples=20).pairs
    assert found["holder"].scores.differ.both.value == 0
    assert found["minimal_pair"] == Pairs(n=0, documents=0)


def test_the_script_writes_one_file_and_prints_all_of_it(tmp_path, readable_annotations):
    write_annotations(tmp_path / "votes.jsonl", readable_annotations)
    prior = Prior.fit("majority", [example(0, "favor")])
    StanceClassifier(prior, Card("prior", {"name": "mine", "fingerprint": "other"})).save_pretrained(tmp_path / "c")
    data = ("data=annotations", "data.name=mine", "data.path=votes.jsonl", "split=document", "split.test=0.3")
    printed = run_here("probe", "checkpoint=c", *data, "bootstrap=20", cwd=tmp_path).stdout
    report = json.loads((tmp_path / "outputs" / "probes" / "c.mine.test.json").read_text())
    assert probe_table(from_values(ProbeReport, report, "report.json")) in printed
    assert "rows may have been seen" in printed
    assert "the score does not depend on the text" in printed
    assert "| minimal_pair | 0 |" in printed
    assert set(report["robustness"]["attacks"]) == set(ATTACKS)
    assert report["part"] == "test"


@pytest.mark.parametrize("path", sorted(PROJECT.glob("experiments/*/*/probe.json")), ids=lambda path: path.parent.name)
def test_recorded_probes_are_read_and_written_as_they_stand(path, tmp_path):
    report = from_values(ProbeReport, read_json(path), str(path))
    write_json(tmp_path / "again.json", as_values(report))
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    assert report.found.words[0] in probe_table(report)


def test_what_is_no_report_of_probes_is_refused_by_name():
    values = read_json(PROJECT / "experiments" / "bundled" / "stance_small" / "probe.json")
    values["probes"]["text_hidden"]["plian"] = values["probes"]["text_hidden"].pop("plain")
    place = r"p\.json\.probes\.text_hidden"
    with pytest.raises(StanceError, match=rf"{place}: no such keys; found \['plian'\]"):
        from_values(ProbeReport, values, "p.json")


def test_a_word_that_is_no_mention_of_the_holder_is_not_masked():
    rows = [
        example(1, "favor", text="They told us to go.", holder="US"),
        example(2, "favor", text="The US told us.", holder="US"),
    ]
    assert [row and row.text for row in name_masked(rows, 0)] == [None, "X told us."]
