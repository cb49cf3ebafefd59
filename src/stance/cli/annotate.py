"""Annotate rows with a model.

    stance annotate input=FILE output=FILE.jsonl annotator=NAME checkpoint=DIR

Or without a checkpoint a language model as it is: model=prompt model.language_model=NAME prompt.endpoint=URL
FILE has text, target and, if there are any, holder, id, document, context; and label, annotator where people judged.
label_studio=FILE.json writes the judgements for people to correct. See docs/prompting.md.
"""

from stance.cli.config import script
from stance.inference.config import AnnotateConfig

GROUP = "label"


@script("annotate")
def main(config: AnnotateConfig) -> None:
    """Judge every row; write people's and the model's judgements, and print how far they agree."""
    from stance.inference.annotating import agreement_page, annotate, counted

    judged, agreement = annotate(config)
    print(f"{len(judged.own):,} rows judged as {config.annotator}: {counted(judged.own)}; {config.output}")
    if judged.lost:
        print(f"{len(judged.lost):,} rows without an answer that can be read, which are not judged")
    if agreement:
        print(agreement_page(agreement))
