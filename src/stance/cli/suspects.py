"""Find labels to check again.

    stance suspects data=gwsd

Models that did not see a row's document say how probable its label is: model=tfidf|embedding. See docs/annotators.md.
"""

from dataclasses import dataclass

from stance.base.checks import a_seed, another_file, at_least
from stance.base.errors import input_error
from stance.cli.config import script
from stance.data.config import DataConfig
from stance.models.config import LinearConfig, ModelConfig

GROUP = "annotations"


@dataclass(kw_only=True)
class SuspectsConfig:
    """Configuration of ``scripts/suspects.py``.

    Attributes:
        model: A linear model, fitted once for each fold.
        folds: Into which the documents are drawn, 3 or more.
        seed: Of that drawing.
        output: The csv file; null = in ``<outputs>/suspects``, named after the corpus.
        excel_safe: Put a space before texts that a spreadsheet would compute as formulas.
    """

    data: DataConfig
    model: ModelConfig
    folds: int = 5
    seed: int = 0
    output: str | None = None
    excel_safe: bool = False
    outputs: str = "outputs"

    def __post_init__(self) -> None:
        at_least("folds", self.folds, 3)
        a_seed("seed", self.seed)
        another_file("output", self.output, self.data.location, self.data.mapping or None)
        if not isinstance(self.model, LinearConfig):
            raise input_error("model", "not a linear model", found=self.model.name, allowed="tfidf, embedding")


@script("suspects")
def main(config: SuspectsConfig) -> None:
    """Write outputs/suspects/<corpus>.csv, or output=FILE, the most suspicious row first; print counts by kind."""
    from collections import Counter

    from stance.base.annotations import places_of
    from stance.base.markdown import markdown_table
    from stance.base.predictions import to_predictions
    from stance.data.agreement import aggregate
    from stance.data.read import read_corpus
    from stance.evaluation.suspects import find_suspects, out_of_fold, write_suspects

    assert isinstance(config.model, LinearConfig)  # as the configuration refuses another
    corpus = read_corpus(config.data)
    examples = aggregate(corpus.annotations, corpus.adjudicator).examples
    probabilities = out_of_fold(examples, config.model, folds=config.folds, seed=config.seed)
    suspects = find_suspects(examples, probabilities)
    path = config.output or f"{config.outputs}/suspects/{config.data.name}.csv"
    write_suspects(path, suspects, places_of(corpus.annotations), excel_safe=config.excel_safe)
    kinds = Counter((suspect.example.label, suspect.suggested) for suspect in suspects)
    print(markdown_table(["label", "suggested", "rows"], [[*kind, n] for kind, n in kinds.most_common()]))
    said = zip(examples, to_predictions(probabilities), strict=True)
    right = sum(example.label == prediction.label for example, prediction in said) / len(examples)
    commonest = max(Counter(example.label for example in examples).values()) / len(examples)
    print(
        f"accuracy on rows not seen: {right:.1%} (commonest label: {commonest:.1%}); the lower, the more false suspects"
    )
    print(f"{len(suspects):,} of {len(examples):,} rows; {path}")
