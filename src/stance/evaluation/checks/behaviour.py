"""How a model behaves on a suite of composed cases: the failure rate of each test, with examples of failures.

After Ribeiro, Wu, Guestrin and Singh 2020 (Beyond Accuracy: Behavioral Testing of NLP Models with CheckList, ACL).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from scipy.stats import binomtest

from stance.base.files import file_digest, write_json
from stance.base.labels import LABEL2ID
from stance.base.markdown import markdown_table
from stance.base.names import as_name
from stance.base.predictions import Prediction, Predictor, to_predictions
from stance.base.questions import Question
from stance.base.settings import as_values
from stance.evaluation.checks.cases import Case, Row, cases_of
from stance.evaluation.checks.report import (
    Answer,
    BehaviourReport,
    KindResult,
    SuiteResult,
    SuiteTestResult,
    TemplateFailures,
)
from stance.evaluation.checks.suite import BUNDLED, KINDS, Suite, SuiteTest, read_suite
from stance.evaluation.config import BehaviourConfig
from stance.evaluation.metrics import Score, in_words
from stance.models.classifier import StanceClassifier

#: How far P(favor) - P(against), which runs from -1 to 1, must go in the right direction for a DIR case to pass.
MARGIN = 0.1

#: Failures that are shown of each test.
SHOWN = 5


def run_suite(predictor: Predictor, suite: Suite, seed: int = 0) -> SuiteResult:
    """The failure rate of every test of a suite.

    A case fails, in an MFT, if the label is not the one given; in an INV, if the change of the row changes the label;
    in a DIR, if P(favor) - P(against) does not go at least ``MARGIN`` in the direction of the two labels given, unless
    both labels are right.

    Of each test up to ``SHOWN`` failures are told.

    Raises:
        StanceError: See :func:`stance.evaluation.checks.cases.cases_of`.
    """
    cases = [(test, case) for test in suite.tests for case in cases_of(test, seed)]
    rows = [row for _, case in cases for row in case.rows]
    probabilities = predictor.predict_proba([Question(row.text, row.target, row.holder) for row in rows])
    said = dict(zip(rows, to_predictions(probabilities), strict=True))
    tests = [_test(test, [case for of, case in cases if of is test], said) for test in suite.tests]
    kinds = {}
    for kind in KINDS:
        chosen = [test for test in tests if test.kind == kind]
        if chosen:
            n, failed = sum(test.n for test in chosen), sum(test.failed for test in chosen)
            kinds[kind] = KindResult(len(chosen), n, failed, _rate(failed, n))
    return SuiteResult(version=1, suite=suite.name, seed=seed, kinds=kinds, tests=tuple(tests))


def _test(test: SuiteTest, cases: Sequence[Case], said: Mapping[Row, Prediction]) -> SuiteTestResult:
    failed = [case for case in cases if not _passes(case, said)]
    of_template, failed_of = (Counter(case.template for case in some) for some in (cases, failed))
    return SuiteTestResult(
        name=test.name,
        kind=test.kind,
        about=test.about,
        n=len(cases),
        failed=len(failed),
        rate=_rate(len(failed), len(cases)),
        templates=tuple(
            TemplateFailures(of_template[number], failed_of[number]) for number in range(len(test.templates))
        ),
        failures=tuple(tuple(_answer(row, said[row]) for row in case.rows) for case in failed[:SHOWN]),
        both_right=sum(_right(case, said) for case in cases) / len(cases) if test.kind == "DIR" else None,
    )


def _passes(case: Case, said: Mapping[Row, Prediction]) -> bool:
    if case.then is None or case.first.label is None or case.then.label is None:  # MFT, INV
        return _right(case, said) if case.then is None else said[case.first].label == said[case.then].label
    moved = _stance(said[case.then]) - _stance(said[case.first])
    up = LABEL2ID[case.then.label] > LABEL2ID[case.first.label]
    return _right(case, said) or (moved if up else -moved) >= MARGIN


def _right(case: Case, said: Mapping[Row, Prediction]) -> bool:
    """Whether every row of the case has the codebook's label."""
    return all(said[row].label == row.label for row in case.rows)


def _stance(prediction: Prediction) -> float:
    return prediction.scores["favor"] - prediction.scores["against"]


def _rate(failed: int, n: int) -> Score:
    interval = binomtest(failed, n).proportion_ci(method="wilson")
    return Score(failed / n, float(interval.low), float(interval.high))


def _answer(row: Row, prediction: Prediction) -> Answer:
    return Answer(
        text=row.text,
        holder=row.holder,
        target=row.target,
        label=row.label,
        predicted=prediction.label,
        scores={label: round(score, 4) for label, score in prediction.scores.items()},
    )


def behaviour_table(result: SuiteResult) -> str:
    """A Markdown table, one test a row in the order of the suite, and below it a row for each kind."""
    rows: list[list[object]] = [[test.name, test.kind, test.n, in_words(test.rate)] for test in result.tests]
    for kind, sums in result.kinds.items():
        rows.append([f"all {sums.tests} of {kind}", kind, sums.n, in_words(sums.rate)])
    return markdown_table(["test", "kind", "n", "failure rate"], rows)


def behave(config: BehaviourConfig) -> tuple[BehaviourReport, Path]:
    """Run a suite on a checkpoint and write the report; the report, and where it was written.

    Raises:
        StanceError: The suite or the checkpoint is faulty or not there.
    """
    path = BUNDLED if config.suite is None else Path(config.suite)
    suite = read_suite(path)
    result = run_suite(StanceClassifier.from_pretrained(config.checkpoint).predictor, suite)
    report = BehaviourReport(of=config.checkpoint, file=file_digest(path), result=result)
    output = Path(config.outputs) / "behaviour" / f"{as_name(config.checkpoint)}.{path.stem}.json"
    output = output if config.output is None else Path(config.output)
    write_json(output, as_values(report))
    return report, output
