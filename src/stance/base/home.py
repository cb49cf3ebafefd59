"""Where ``conf/`` and ``seeds/`` are: in the checkout, or copied into the installed package."""

from pathlib import Path

from stance.base.errors import input_error

#: The package.
PACKAGE = Path(__file__).resolve().parents[1]

#: The folder that holds both.
PROJECT = PACKAGE if (PACKAGE / "conf").is_dir() else PACKAGE.parents[1]


def checkout() -> Path:
    """The checkout, which has more than is installed: what was recorded, and what proves the bundled corpus.

    Raises:
        StanceError: This is an installed package.
    """
    if PROJECT == PACKAGE:
        raise input_error("stance", "installed, without the files that this command needs", allowed="it in a checkout")
    return PROJECT
