"""Evaluate a checkpoint or a predictions file.

    stance evaluate checkpoint=DIR data=negotiation

Writes every measure, as JSON and as one page that opens offline. See docs/evaluation.md.
Or predictions=FILE (columns id, label, and if there are against, neutral, favor); part=validation|test|challenge;
probes=true also runs a checkpoint on changed rows; behaviour=FILE shows what stance behaviour wrote.
"""

from stance.cli.config import script
from stance.evaluation.config import ReportConfig

GROUP = "evaluate"


@script("evaluate")
def main(config: ReportConfig) -> None:
    """Score one part of a dataset; write numbers and report, and print the headline."""
    from stance.evaluation.evaluate import remark
    from stance.evaluation.metrics import in_words
    from stance.experiments.evaluate_part import evaluate_part

    report, path = evaluate_part(config)
    scores = report.scores
    print(f"{report.of} on the {report.part} part of {report.data['name']}")
    for name, score in scores.measures.items():
        print(f"{name:<36}{in_words(score)}")
    print(f"gain over the prior {scores.best_prior!r}: {in_words(scores.gain, sign='+')}")
    print(f"n = {scores.n} in {scores.documents} documents; {path}, {path.with_suffix('.html')}")
    print(remark(scores), end="")
