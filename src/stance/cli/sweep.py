"""Search learning rate, epochs and template on validation alone.

    stance sweep model=minilm

search.trials=20, search.learning_rate=[1e-5,3e-4], search.epochs=[3,10], search.templates=[...] (of model.second).
A sweep that was killed goes on; a larger search.trials adds to it. docs/scaling.md says what it guarantees.
"""

from stance.cli.config import command, script
from stance.cli.output import told
from stance.training.config import SweepConfig

GROUP = "train"


@script("sweep")
def main(config: SweepConfig) -> None:
    """Try, say which trial was the best, and how to train it."""
    from stance.training.sweep import run_sweep

    report = run_sweep(config, command())
    best, trials = report["best"], report["trials"]
    pruned = sum(trial["pruned"] for trial in trials)
    print(f"{len(trials)} trials, {pruned} of them ended early -> {config.outputs}/sweeps/{config.name}.json")
    print(f"best on validation: trial {best['trial']}, macro-F1 {best['macro_f1']:.3f}")
    print(told(report["train"]))
