"""All seeds of an experiment as one result.

    stance summarize experiment=minilm

Several in one table, the last compared with each other one: experiment=[majority,tfidf,minilm]
From what is recorded, where nothing was trained here, or with further seeds to it: recorded=true
"""

from stance.cli.config import script
from stance.experiments.config import SummarizeConfig


@script("summarize")
def main(config: SummarizeConfig) -> None:
    """Write <folder>/<name>/results.json and its table for each; print one table of all."""
    from stance.experiments.pages import results_table
    from stance.experiments.results import summarize_all

    results, comparisons = summarize_all(config)
    print(results_table(results), *comparisons, sep="\n")
    print("results:", ", ".join(f"{config.folder}/{result['name']}/results.json" for result in results))
