"""Fine-tune an encoder, or fit a baseline.

    stance train experiment=stance_base seed=0

Without an experiment: model=tfidf data=semeval2016 split=official (each a name of a file in conf/). See docs/train.md.
A prompted language model: model=prompt model.language_model=NAME prompt.endpoint=URL (docs/prompting.md).
Several at once: stance train -m model=minilm seed=0,1,2
In two processes that share each batch: torchrun --no-python --nproc_per_node 2 stance train model=minilm
More machines, more jobs at once: docs/scaling.md
"""

from stance.cli.config import command, script
from stance.training.config import TrainConfig

GROUP = "train"


@script("train")
def main(config: TrainConfig) -> None:
    """Train, predict, score; print the headline with its interval and the gain over the best prior."""
    from stance.training import distributed as processes

    if not processes.leads():
        from stance.training.finetune import fine_tune

        return processes.follow(fine_tune)
    from stance.evaluation.evaluate import remark
    from stance.evaluation.metrics import in_words
    from stance.training.plan import run_folder
    from stance.training.run import train_run

    print(f"== {config.name}, seed {config.seed}", flush=True)
    with processes.leading():
        run = train_run(config, command())
    report = run["metrics"]["test"]
    print(
        f"{config.name} seed {config.seed}: test {report.headline} {in_words(report.lead)}, "
        f"{report.gain.value:+.3f} over the prior {report.best_prior!r}, "
        f"n = {report.n} in {report.documents} documents; {run_folder(config.outputs, config.name, config.seed)}"
    )
    print(remark(report), end="")
