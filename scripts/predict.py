"""Score a file of one's own: python scripts/predict.py checkpoint=DIR input=FILE output=FILE

Files are csv, tsv, jsonl or parquet with columns text, target and, if there is one, holder (columns.text=NAME etc.).
abstain.risk=0.1 writes "abstain" for rows that are too likely to be wrong; their probabilities stay.
"""

from stance.config import script
from stance.settings import PredictConfig


@script("predict")
def main(config: PredictConfig) -> None:
    """Load the checkpoint, score the rows, write them with label and probabilities."""
    from stance.classifier import StanceClassifier
    from stance.files import must_exist
    from stance.inference import predict_file

    must_exist(config.input)
    rows = predict_file(StanceClassifier.from_pretrained(config.checkpoint), config)
    print(f"{rows:,} rows -> {config.output}")


if __name__ == "__main__":
    main()
