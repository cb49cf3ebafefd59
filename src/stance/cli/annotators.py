"""Measure how well annotators agree, and score a model beside them.

    stance annotators data=gwsd

With a model: predictions=FILE or checkpoint=DIR. The ceiling is that of part=test. See docs/annotators.md.
"""

from stance.cli.config import script
from stance.evaluation.config import EvaluateConfig

GROUP = "annotations"


@script("annotators")
def main(config: EvaluateConfig) -> None:
    """Write outputs/annotators/<corpus>.json, or output=FILE, and print its tables."""
    from stance.base.files import write_json
    from stance.data.build import load_part
    from stance.data.read import read_corpus
    from stance.evaluation.annotators import annotators_page, describe
    from stance.evaluation.predict_part import about_part, predict_part

    predicted = None
    if config.checkpoint is None and config.predictions is None:
        splits, record = load_part(config.outputs, config.data, config.split, config.part)
    else:
        splits, record, predictions, _ = predict_part(config)
        predicted = [prediction.label for prediction in predictions]
    corpus, examples = read_corpus(config.data), splits[config.part]
    found = describe(corpus, examples, predicted, headline=config.data.headline, samples=config.bootstrap)
    path = config.output or f"{config.outputs}/annotators/{record.name}.json"
    write_json(path, about_part(config, record) | found)
    print(annotators_page(found))
    print(f"numbers: {path}")
