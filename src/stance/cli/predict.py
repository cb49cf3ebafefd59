"""Label a file.

    stance predict input=FILE output=FILE [checkpoint=DIR]

Files are csv, tsv, jsonl (also .gz, .zst) or parquet, the input also xlsx, with columns text, target and, if there is
one, holder (columns.text=NAME etc.). Bad rows go to NAME.rejects.jsonl beside the output and the exit code is 0 all
the same; strict=true stops at the first. A run that was killed goes on where it stopped: docs/inference.md.
show=10 prints the first ten scored rows.
runtime=auto takes the ONNX file where there is one (docs/inference.md), runtime=torch the weights.
details=true adds text_cut and holder_mentioned; windows=true reads texts in windows that are too long for the model.
excel_safe=true keeps texts that begin with = + - @ from being computed as formulas when Excel opens the csv.
abstain.risk=0.1 writes "abstain" for rows that are too likely to be wrong; their probabilities stay.
engine=ray labels with the workers of a Ray cluster (ray.address=HOST:PORT) or of this machine: docs/scaling.md.
"""

from stance.cli.config import script
from stance.inference.config import PredictConfig

GROUP = "label"


@script("predict")
def main(config: PredictConfig) -> None:
    """Load the checkpoint, score the rows, write them with label and probabilities."""
    from stance.base.names import must_exist
    from stance.inference.predict_file import first_rows, load_classifier, predict_file, rejects_path
    from stance.models.combined import Cascade

    must_exist(config.input)
    classifier = load_classifier(config)
    tally = predict_file(classifier, config)
    repeats = tally.rows - tally.scored
    print(
        f"{tally.rows:,} rows -> {config.output}" + (f" ({repeats:,} repeats of rows scored before)" if repeats else "")
    )
    print(*first_rows(config), sep="\n", end="\n" if config.show else "")
    if isinstance(classifier.predictor, Cascade) and config.engine == "local":
        answered = classifier.predictor.answered
        print(f"{answered['cheap']:,} of {answered.total():,} rows scored just now answered by the cheap model alone")
    if tally.bad:
        print(f"{tally.bad:,} bad rows, with line and reason -> {rejects_path(config.output)}")
