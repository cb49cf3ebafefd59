"""List where a model is wrong.

    stance mistakes data=negotiation checkpoint=DIR

The most confident mistakes, and slices of rows that are significantly worse: docs/annotators.md.
Or predictions=FILE with probabilities (columns id, label, against, neutral, favor); part=validation|test|challenge.
"""

from stance.cli.config import script
from stance.evaluation.config import EvaluateConfig

GROUP = "evaluate"


@script("mistakes")
def main(config: EvaluateConfig) -> None:
    """Write outputs/mistakes/<corpus>.<part>.json, or output=FILE, and the page beside it; print the page."""
    from pathlib import Path

    from stance.base.files import write_json, write_text
    from stance.base.settings import as_values
    from stance.evaluation.predict_part import about_part, predict_part
    from stance.reporting.mistakes import mistakes_page, report_mistakes

    splits, record, predictions, _ = predict_part(config)
    found = report_mistakes(splits[config.part], predictions, samples=config.bootstrap)
    path = Path(config.output or f"{config.outputs}/mistakes/{record.name}.{config.part}.json")
    write_json(path, about_part(config, record) | as_values(found))
    page = mistakes_page(found)
    write_text(path.with_suffix(".md"), f"# Mistakes on {record.name}, {config.part}\n\n{page}")
    print(page)
    print(f"numbers: {path}   page: {path.with_suffix('.md')}")
