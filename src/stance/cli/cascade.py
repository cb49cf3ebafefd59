"""Put a cheap model before a slow one.

    stance cascade cheap=DIR checkpoint=DIR output=DIR

Both trained on data=negotiation split=auto. The threshold is the one that saves most while validation loses at most
loss=0.002 of macro-F1; the output is a checkpoint for stance predict, with a report on test in report.json.
See docs/inference.md.
"""

from stance.base.errors import setting
from stance.cli.config import script
from stance.cli.output import told
from stance.inference.config import CascadeConfig

GROUP = "train"


@script("cascade")
def main(config: CascadeConfig) -> None:
    """Choose the threshold, write the cascade, say what it loses and saves."""
    from stance.inference.cascade import in_words, make_cascade

    print(in_words(make_cascade(config)))
    print(told(f"python scripts/predict.py {setting('checkpoint', config.output)} input=FILE output=FILE"))
