"""Build a dataset from annotations.

    stance build-dataset data=negotiation

Writes a DatasetDict, with statistics and a fingerprint. data=NAME, split=NAME: files in conf/data and conf/split.
See docs/train.md.
"""

from stance.cli.config import script
from stance.data.config import BuildConfig

GROUP = "annotations"


@script("build_dataset")
def main(config: BuildConfig) -> None:
    """Read, aggregate, split, check, write; print what came out."""
    from stance.data.build import build_dataset, dataset_folder, describe

    folder = dataset_folder(config.outputs, config.data, config.split, config.auxiliary)
    _, record, built = build_dataset(config.outputs, config.data, config.split, config.auxiliary)
    print(f"dataset {folder} {'built' if built else 'exists'}")
    print(describe(record))
