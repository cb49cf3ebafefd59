"""Reports: joined on id, with intervals, next to the priors."""

from __future__ import annotations

import shlex
import unicodedata
from dataclasses import astuple

import numpy as np
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from conftest import example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.measures import MEAN_OVER_TARGETS
from stance.base.predictions import Prediction, read_predictions, write_predictions
from stance.data.config import DataConfig, LabelSpellings
from stance.evaluation.config import EvaluateConfig
from stance.evaluation.evaluate import DRAWS, evaluate, matched, over_seeds, prior_labels, remark, score_intervals
from stance.evaluation.metrics import Score
from stance.evaluation.report import GroupInterval, LabelIntervals

TRAIN = [example(i, LABELS[i % 3], target=f"t{i % 4}", holder=f"h{i % 2}") for i in range(30)]
ROWS = [
    example(
        100 + i, LABELS[i % 3], target=f"t{i % 5}", holder=f"h{i % 2}", document=f"d{i // 3}", tags=("odd",) * (i % 2)
    )
    for i in range(60)
]
GOLD = [row.label for row in ROWS]


def flawed(every: int) -> list[str]:
    return [LABELS[(LABELS.index(g) + (i % every == 0)) % 3] for i, g in enumerate(GOLD)]


def test_the_report_of_a_perfect_model():
    report = evaluate(ROWS, GOLD, TRAIN, samples=100)
    assert report.n == 60
    assert report.documents == 20
    for name in ("macro_f1", "favor_against_f1", "accuracy"):
        assert report.measures[name] == Score(1.0, 1.0, 1.0)
    assert report.gain.value == pytest.approx(1 - report.priors[report.best_prior])
    assert report.best_prior == max(report.priors, key=report.priors.get)
    assert report.confusion["favor"] == {"against": 0, "neutral": 0, "favor": 20}


def test_of_one_label_in_train_the_drawn_prior_is_the_majority_and_nothing_is_gained():
    rows = [example(i, "favor" if i % 3 else "against", document=f"d{i // 3}") for i in range(120)]
    report = evaluate(rows, ["favor"] * 120, [example(200 + i, "favor") for i in range(60)], samples=20)
    assert report.best_prior == "majority"
    assert report.gain == Score(0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("headline", "absent", "said"),
    [
        ("macro_f1", "neutral", "no row is neutral: 0.667 is the highest macro-F1; data.headline=favor_against_f1"),
        ("macro_f1", "against", "no row is against: 0.667 is the highest macro-F1; data.headline=accuracy"),
        ("favor_against_f1", "favor", "no row is favor: 0.500 is the highest favor/against F1; data.headline=accuracy"),
        ("favor_against_f1", "neutral", ""),
        ("accuracy", "favor", ""),
        ("macro_f1", "", ""),
    ],
)
def test_what_a_headline_cannot_reach_is_told(headline, absent, said):
    rows = [row for row in ROWS if row.label != absent]
    told = remark(evaluate(rows, [row.label for row in rows], TRAIN, headline=headline, samples=10))
    assert told.startswith(said) and bool(told) is bool(said)


def test_what_a_mean_over_targets_cannot_reach_is_told():
    rows = [row for row in ROWS if row.label != "against" or row.target == "t0"]
    report = evaluate(rows, [row.label for row in rows], TRAIN, headline=MEAN_OVER_TARGETS, samples=10)
    assert report.measures[MEAN_OVER_TARGETS].value == pytest.approx(0.6)
    assert "0.600 is the highest favor/against F1, mean over targets" in remark(report)
    whole = evaluate(ROWS, GOLD, TRAIN, headline=MEAN_OVER_TARGETS, samples=10)
    assert remark(whole) == ""


def test_scores_by_label_target_holder_and_tag_carry_n():
    report = evaluate(ROWS, flawed(4), TRAIN, samples=50)
    for groups in ("targets", "holders"):
        assert sum(group.n for group in getattr(report, groups).values()) == 60
    assert report.tags["odd"].n == 30
    assert {label: scores.n for label, scores in report.labels.items()} == dict.fromkeys(LABELS, 20)
    right = sum(group.accuracy * group.n for group in report.targets.values())
    assert right / 60 == pytest.approx(report.measures["accuracy"].value)
    low, value, high = (getattr(report.measures["macro_f1"], key) for key in ("low", "value", "high"))
    assert low < value < high


def test_the_best_prior_gains_nothing_over_itself():
    train = [*TRAIN, *[example(200 + i, "favor", target="t1") for i in range(9)]]
    rows = [example(300 + i, "favor" if i % 5 == 1 else "against", target=f"t{i % 5}") for i in range(20)]
    best = evaluate(rows, ["against"] * 20, train, samples=10).best_prior
    (labels,) = prior_labels(train, rows)[best]
    assert evaluate(rows, labels, train, samples=50).gain == Score(0.0, 0.0, 0.0)


def test_predictions_are_joined_on_id_and_nothing_is_left_out():
    predictions = {row.id: Prediction(row.label) for row in reversed(ROWS)}
    assert [said.label for said in matched(ROWS, predictions, "p.jsonl")] == GOLD
    with pytest.raises(StanceError, match=r"p\.jsonl: 1 of 60 rows have no prediction; found \['r107'\]"):
        matched(ROWS, {k: v for k, v in predictions.items() if k != "r107"}, "p.jsonl")
    with pytest.raises(StanceError, match=r"1 prediction\(s\) for rows that are not in this part; found \['r999'\]"):
        matched(ROWS, predictions | {"r999": Prediction("favor")}, "p.jsonl")


def test_of_predictions_for_the_whole_corpus_the_part_is_taken_and_it_is_said(caplog):
    splits = {"train": TRAIN, "test": ROWS}
    predictions = {row.id: Prediction(row.label) for row in [*TRAIN, *ROWS]} | {"tied": Prediction("favor")}
    with caplog.at_level("INFO", logger="stance"):
        assert [said.label for said in matched(ROWS, predictions, "p.jsonl", splits)] == GOLD
    told = "p.jsonl: 60 predictions are for this part; those for 30 rows of other parts and 1 of none are not counted"
    assert told in caplog.text
    with pytest.raises(StanceError, match=r"1 prediction\(s\) for rows that are not in this part; found \['tied'\]"):
        matched(ROWS, {row.id: Prediction(row.label) for row in ROWS} | {"tied": Prediction("favor")}, "p", splits)


UNLIKE = [
    ("3", ["003", "014"], r"the file has '003', '014'; '3' stands there as '003': some program took ids"),
    ("003", ["3"], "the file has '3'; '003' stands there as '3'"),
    ("3", ["3.0"], "'3' stands there as '3.0'"),
    ("1234567890123456789", ["1.23457E+18"], r"'1.23457E\+18' lost digits in a spreadsheet"),
    ("a3", ["row-1", "row-2"], r"allowed: the ids of the data; the file has 'row-1', 'row-2'$"),
]


@pytest.mark.parametrize(("row_id", "given", "message"), UNLIKE)
def test_ids_that_do_not_fit_are_shown_and_why(row_id, given, message):
    with pytest.raises(StanceError, match=message):
        matched([example(1, id=row_id)], {each: Prediction("favor") for each in given}, "p.csv")


def test_space_around_an_id_is_no_part_of_it(tmp_path):
    (tmp_path / "p.csv").write_text("id,label\n 3 ,favor\n4\t,against\n")
    assert list(read_predictions(tmp_path / "p.csv")) == ["3", "4"]
    (tmp_path / "p.csv").write_text("id,label\n3,favor\n 3,against\n")
    with pytest.raises(StanceError, match="line 3: an id occurs twice; found '3'"):
        read_predictions(tmp_path / "p.csv")


def test_two_spellings_of_an_id_are_one(tmp_path):
    spelled = {form: unicodedata.normalize(form, "\u00e9r0") for form in ("NFC", "NFD")}
    for of_data, of_file in (("NFC", "NFD"), ("NFD", "NFC")):
        (tmp_path / "p.csv").write_text(f"id,label\n{spelled[of_file]},favor\n", encoding="utf-8")
        said = read_predictions(tmp_path / "p.csv")
        assert list(said) == [spelled[of_file]]
        row = example(1, id=spelled[of_data])
        assert [one.label for one in matched([row], said, "p.csv")] == ["favor"]
        assert matched([row], said | {"r2": Prediction("neutral")}, "p.csv", {"test": [row], "train": [example(2)]})
    (tmp_path / "p.csv").write_text(f"id,label\n{spelled['NFC']},favor\n{spelled['NFD']},against\n", encoding="utf-8")
    with pytest.raises(StanceError, match="line 3: an id occurs twice"):
        read_predictions(tmp_path / "p.csv")


def test_predictions_survive_their_file(tmp_path):
    scores = {"against": 0.25, "neutral": 0.125, "favor": 0.625}
    write_predictions(tmp_path / "p.jsonl", ["a", "b"], [Prediction("favor", scores), Prediction("neutral")])
    assert read_predictions(tmp_path / "p.jsonl") == {"a": Prediction("favor", scores), "b": Prediction("neutral")}


BAD_PREDICTIONS = [
    (
        "id,label\n1,favour\n2,neutral\n",
        r"line 2: unknown label; found 'favour'; allowed: .*; if .*: 'labels=\{against: \[\], neutral: \[\"neutral\"\]",
    ),
    (
        "id,label\n1,A\n2,A\n2,favor\n2,favor\n",
        r"3 faulty rows\n.*'A'.* \(and 1 more row\)\n.*line 5: an id occurs twice",
    ),
    ("id,label\n1,favor\n1,favor\n", "line 3: an id occurs twice; found '1'"),
    ("id,stance\n1,favor\n", "line 2: no 'label'"),
    ("id,label,against,neutral,favor\n1,favor,0.2,0.2,0.2\n", "line 2: no distribution"),
    ("id,label,against,neutral,favor\n1,favor,0.2,x,0.2\n", "not a probability for each label"),
    ("id,label,against,favor\n1,favor,0.5,0.5\n", "not a probability for each label"),
    ("id,label\n", "no predictions in the file"),
]


@pytest.mark.parametrize(("content", "message"), BAD_PREDICTIONS)
def test_a_faulty_predictions_file_is_refused(tmp_path, content, message):
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(StanceError, match=message):
        read_predictions(tmp_path / "p.csv")


def test_probabilities_rounded_to_two_decimals_are_a_distribution_again(tmp_path):
    content = "id,label,against,neutral,favor\n1,favor,0.33,0.33,0.33\n2,favor,0.01,0.01,0.99\n3,favor,0.2,0.2,0.6\n"
    (tmp_path / "p.csv").write_text(content)
    found = read_predictions(tmp_path / "p.csv")
    assert found["1"].scores == pytest.approx(dict.fromkeys(LABELS, 1 / 3))
    assert found["2"].scores == pytest.approx({"against": 0.01 / 1.01, "neutral": 0.01 / 1.01, "favor": 0.99 / 1.01})
    assert found["3"].scores == {"against": 0.2, "neutral": 0.2, "favor": 0.6}
    (tmp_path / "p.csv").write_text("id,label,against,neutral,favor\n1,favor,0.33,0.33,0.32\n")
    with pytest.raises(StanceError, match=r"no distribution; .*; allowed: .* that sum to 1, within 0\.015"):
        read_predictions(tmp_path / "p.csv")


def test_gold_labels_are_not_taken_for_answers(tmp_path):
    """As a file has them that already had a column of labels when it was scored."""
    (tmp_path / "p.csv").write_text("id,label,m_label,m_against,m_neutral,m_favor\n1,favor,against,1,0,0\n")
    with pytest.raises(StanceError, match=r"line 2: several answers in a row; .*'m_label'\]; allowed: prefix=m_"):
        read_predictions(tmp_path / "p.csv")
    found = read_predictions(tmp_path / "p.csv", prefix="m_")
    assert found["1"] == Prediction("against", {"against": 1.0, "neutral": 0.0, "favor": 0.0})
    with pytest.raises(StanceError, match=r"line 2: no 'x_label'; .*allowed: id, x_label, x_against"):
        read_predictions(tmp_path / "p.csv", prefix="x_")


def test_labels_that_the_probabilities_contradict_are_counted_and_stop_above_a_share(tmp_path, caplog):
    def rows(contradicting, n=40):
        lines = [f"{i},against,{'0.1,0.1,0.8' if i < contradicting else '0.8,0.1,0.1'}\n" for i in range(n)]
        return "id,label,against,neutral,favor\n" + "".join(lines) + "t,neutral,0.1,0.45,0.45\nu,favor,,,\n"

    path = tmp_path / "p.csv"
    path.write_text(rows(0))
    assert len(read_predictions(path)) == 42
    assert not caplog.messages
    path.write_text(rows(2))
    read_predictions(path)
    assert caplog.messages[0].startswith(
        f"{path}: 2 of 41 rows with probabilities have a label that is not their most probable one"
    )
    path.write_text(rows(3))
    with pytest.raises(StanceError, match=r"3 of 41 rows with .*p\.csv, line 2: 'against' beside .*; allowed: 5% of"):
        read_predictions(path)


def test_rows_without_probabilities_hide_no_contradictions(tmp_path):
    rows = "".join(f"{i},favor,,,\n" for i in range(100)) + "x,favor,0.8,0.1,0.1\n"
    (tmp_path / "p.csv").write_text("id,label,against,neutral,favor\n" + rows)
    with pytest.raises(StanceError, match="1 of 1 rows with probabilities have a label that is not"):
        read_predictions(tmp_path / "p.csv")


def test_a_row_that_was_not_answered_is_no_label_of_another_spelling(tmp_path):
    (tmp_path / "p.csv").write_text("id,label,against,neutral,favor\n1,abstain,0.3,0.3,0.4\n")
    with pytest.raises(StanceError, match=r"a row without label; found 'abstain'; allowed: a file scored without abst"):
        read_predictions(tmp_path / "p.csv")
    found = read_predictions(tmp_path / "p.csv", {"abstain": "favor"})
    assert found["1"].label == "favor"


def test_predictions_of_others_are_read_by_a_stated_map(tmp_path):
    (tmp_path / "p.tsv").write_text("id\tlabel\tmodel\n1\t-1\tx\n2\t1\tx\n")
    found = read_predictions(tmp_path / "p.tsv", {"-1": "against", "0": "neutral", "1": "favor"})
    assert [p.label for p in found.values()] == ["against", "favor"]


def test_one_setting_says_what_all_labels_of_a_file_mean_and_guesses_none(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("id,label\n" + "".join(f"{i},{label}\n" for i, label in enumerate(("FAVOR", "NONE", "AGAINST"))))
    with pytest.raises(StanceError) as error:
        read_predictions(path)
    found = str(error.value).splitlines()
    assert len(found) == 5 and all("labels" not in line for line in found[1:4])
    form, _, rest = found[4].partition("say which: ")[2].rpartition(", with ")
    assert shlex.split(form) == ['labels={against: ["AGAINST"], neutral: [], favor: ["FAVOR"]}']
    assert rest == '"NONE" put where it belongs'
    [override] = OverridesParser.create().parse_overrides(shlex.split(form))
    spellings = LabelSpellings(**override.value() | {"neutral": ["NONE"]})
    assert [p.label for p in read_predictions(path, spellings.map()).values()] == ["favor", "neutral", "against"]


def test_probabilities_by_other_names_are_told(tmp_path, caplog):
    spellings = {"FAVOR": "favor", "NONE": "neutral", "AGAINST": "against"}
    path = tmp_path / "p.csv"
    for names in ("p_AGAINST,p_NONE,p_FAVOR", "AGAINST,NONE,FAVOR", "P(against),p_neutral,p_favor"):
        caplog.clear()
        path.write_text(f"id,label,{names}\n1,FAVOR,0.1,0.2,0.7\n")
        assert not read_predictions(path, spellings)["1"].scores
        told = f"those in {names.replace(',', ', ')} have to be called against, neutral, favor"
        assert [told in message for message in caplog.messages] == ([] if ")" in names else [True])
    caplog.clear()
    for names, cells in (("against,neutral,favor", "0.1,0.2,0.7"), ("n_AGAINST,n_NONE,n_FAVOR", "3,2,7")):
        path.write_text(f"id,label,{names}\n1,FAVOR,{cells}\n")
        read_predictions(path, spellings)
    assert not caplog.messages


def test_over_seeds_averages_and_holds_both_variances():
    seeds = [flawed(3), flawed(4), flawed(6)]
    prior = prior_labels(TRAIN, ROWS)["stratified"][:1]
    found = over_seeds(ROWS, seeds, prior, names=["accuracy"], headline="macro_f1", samples=300)
    each = [evaluate(ROWS, seed, TRAIN, samples=10).measures["accuracy"].value for seed in seeds]
    assert found["accuracy"]["value"] == pytest.approx(np.mean(each))
    assert found["accuracy"]["sd"] == pytest.approx(np.std(each, ddof=1))
    alone = over_seeds(ROWS, seeds[:1], prior, names=["accuracy"], headline="macro_f1", samples=300)
    assert alone["accuracy"]["sd"] == 0
    gain = evaluate(ROWS, prior[0], TRAIN, samples=10).measures["macro_f1"].value
    assert found["gain"]["value"] == pytest.approx(found["macro_f1"]["value"] - gain)
    assert found["gain"]["low"] < found["gain"]["value"] < found["gain"]["high"]


def test_the_interval_over_seeds_is_wider_when_the_seeds_differ():
    """Two trainings of one mean accuracy: alike ones, and one good with one bad."""
    prior = prior_labels(TRAIN, ROWS)["majority"]

    def width(seeds):
        found = over_seeds(ROWS, seeds, prior, names=["accuracy"], headline="macro_f1", samples=500)["accuracy"]
        return found["high"] - found["low"]

    good, bad = flawed(60), flawed(1)
    middle = [g if i % 2 else b for i, (g, b) in enumerate(zip(good, bad, strict=True))]
    assert width([good, bad]) > 1.5 * width([middle, middle])


def test_a_random_prior_is_averaged_over_many_draws():
    draws = prior_labels(TRAIN, ROWS)["stratified"]
    assert len(draws) == DRAWS
    report = evaluate(ROWS, GOLD, TRAIN, samples=10)
    single = [evaluate(ROWS, draw, TRAIN, samples=10).measures["macro_f1"].value for draw in draws]
    assert report.priors["stratified"] == pytest.approx(np.mean(single))
    assert np.std(single) > 0.02


def test_a_system_does_not_differ_from_itself():
    found = over_seeds(ROWS, [flawed(4)], [flawed(4)], names=(), headline="macro_f1", samples=100)
    assert found["gain"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_intervals_are_of_the_scores_that_the_report_gives():
    found, report = score_intervals(ROWS, flawed(7), samples=200), evaluate(ROWS, flawed(7), TRAIN, samples=10)
    for label in LABELS:
        for name in ("precision", "recall", "f1"):
            score = getattr(found.labels[label], name)
            assert score.value == pytest.approx(getattr(report.labels[label], name))
            assert score.low <= score.value <= score.high
    for kind in ("targets", "holders", "tags"):
        groups, scores = getattr(found, kind), getattr(report, kind)
        assert set(groups) == set(scores)
        for name, group in groups.items():
            assert group.accuracy.value == pytest.approx(scores[name].accuracy)
            assert group.accuracy.low < group.accuracy.value < group.accuracy.high
    assert found.holders["h0"].documents == 20
    assert found.targets["t0"].documents == len({row.document for row in ROWS if row.target == "t0"}) == 12


def test_a_score_of_nothing_is_no_score():
    """Neutral is in no gold row and never said; favor in one document of twenty, always found."""
    rows = [example(i, "favor" if i == 7 else "against", document=f"d{i // 3}") for i in range(60)]
    said = [row.label for row in rows]
    found = score_intervals(rows, said, samples=50).labels
    assert found["neutral"] == LabelIntervals(precision=None, recall=None, f1=None)
    assert found["favor"].recall == Score(1.0, 0.0, 1.0)
    assert found["against"].f1 == Score(1.0, 1.0, 1.0)
    said[0] = "neutral"
    found = score_intervals(rows, said, samples=50).labels["neutral"]
    assert (found.precision, found.recall) == (Score(0.0, 0.0, 1.0), None)


def test_a_group_of_all_rows_has_the_interval_of_all_rows_and_one_of_one_document_has_none():
    rows = [example(i, LABELS[i % 3], target="all", holder=f"h{i // 30}", document=f"d{i // 3}") for i in range(60)]
    rows[0] = example(0, "against", target="all", holder="alone", document="d0")
    said = flawed(4)
    found = score_intervals(rows, said, samples=100)
    whole = evaluate(rows, said, TRAIN, samples=100).measures["accuracy"]
    assert astuple(found.targets["all"].accuracy) == pytest.approx(astuple(whole))
    assert found.holders["alone"] == GroupInterval(documents=1, accuracy=Score(0.0, 0.0, 1.0))
    assert found.tags == {}


def test_quoting_and_filling_down_are_offered_for_predictions(tmp_path):
    path = tmp_path / "said.tsv"
    path.write_text('id\tlabel\tnote\n1\tfavor\t"it begins\n2\t\tand ends"\n', encoding="utf-8")
    config = EvaluateConfig(
        data=DataConfig(name="m", reader="table", root="", path="x"),
        predictions=str(path),
        quoting="none",
        fill_down=["label"],
    )
    found = read_predictions(path, manner=config.manner)
    assert [row.label for row in found.values()] == ["favor", "favor"]
    with pytest.raises(StanceError, match="quoting: unknown value"):
        EvaluateConfig(data=config.data, quoting="single")
