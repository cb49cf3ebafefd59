"""Record all seeds of an experiment as one result.

    stance summarize experiment=negotiation-minilm

Writes experiments/CORPUS/NAME/results.json and the page of the corpus, in place of what is recorded there;
folder=outputs/mine keeps yours apart.
Several in one table, the last compared with each other one: experiment=[wire-tfidf,wire_stance_small]
From what is recorded, where nothing was trained here, or with further seeds to it: recorded=true
"""

from stance.cli.config import script
from stance.experiments.config import SummarizeConfig

GROUP = "results"


@script("summarize")
def main(config: SummarizeConfig) -> None:
    """Write <folder>/<corpus>/<name>/results.json for each, the pages of their corpora; print one table of all."""
    from stance.experiments.pages import results_table
    from stance.experiments.results import summarize_all

    results, comparisons = summarize_all(config)
    print(results_table(results), *comparisons, sep="\n")
    folders = (f"{config.folder}/{result.data['name']}/{result.name}" for result in results)
    print("results:", ", ".join(f"{folder}/results.json" for folder in folders))
