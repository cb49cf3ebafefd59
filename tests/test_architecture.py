"""The rules of docs/architecture.md that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from conftest import PROJECT
from stance.data.build import DECIDING

SOURCE = PROJECT / "src" / "stance"

#: A room imports only from itself and from lower floors; ``experiments`` and ``inference`` share one and know nothing
#: of each other.
FLOORS = [
    {"base"},
    {"data"},
    {"models"},
    {"evaluation"},
    {"reporting"},
    {"training"},
    {"experiments", "inference"},
    {"map"},
    {"cli"},
]

#: Packages whose modules are imported by name from them.
ROOMS = {f"stance.{path.parent.relative_to(SOURCE).as_posix().replace('/', '.')}" for path in SOURCE.rglob("*.py")}

HYDRA = {"cli"}
TORCH = {
    "models.encoding",
    "models.encoder",
    "models.averaging",
    "models.onnx",
    "training.finetune",
    "inference.export",
}


def modules():
    return sorted(SOURCE.rglob("*.py"))


def name_of(path) -> str:
    """The room that a module is in."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return parts[0]


def imports(path, *, top_only: bool):
    """Names of the modules that a file imports, in functions and under TYPE_CHECKING too unless ``top_only``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "stance":
                yield from (f"stance.{alias.name}" for alias in node.names)


def test_every_module_has_a_floor():
    assert {name_of(path) for path in modules()} - {"__init__"} <= set().union(*FLOORS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down(path):
    if path == SOURCE / "__init__.py":
        pytest.skip("the package's front door names every floor")
    floor = next(i for i, names in enumerate(FLOORS) if name_of(path) in names)
    allowed = set().union(*FLOORS[:floor]) | {name_of(path)}
    used = {m.split(".")[1] for m in imports(path, top_only=False) if m.startswith("stance.")}
    assert used <= allowed, f"{path.name} imports {sorted(used - allowed)} from its own floor or above"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_heavy_libraries_stay_where_they_belong(path):
    every = {m.split(".")[0] for m in imports(path, top_only=False)}
    top = {m.split(".")[0] for m in imports(path, top_only=True)}
    if name_of(path) not in HYDRA:
        assert not every & {"hydra", "omegaconf"}
    if ".".join(path.relative_to(SOURCE).with_suffix("").parts) not in TORCH:
        assert not top & {"torch", "transformers", "sentence_transformers"}
    assert "pickle" not in every


def test_no_imports_in_circles():
    names = {
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in modules()
    }
    arrows = {
        name: {used for used in _modules_used(path) if used in names and used not in (name, "stance")}
        for name, path in names.items()
    }
    sorter = TopologicalSorter(arrows)
    sorter.prepare()  # raises CycleError


def _modules_used(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from modules if node.module in ROOMS else [node.module]


def test_a_dataset_is_of_all_code_that_makes_it():
    """What ``build`` reaches by imports decides which rows there are."""
    room, lower = "data", {"base"}
    assert {room, *lower} == set(DECIDING)
    assert name_of(SOURCE / "data" / "build.py") == room


def test_nothing_imports_a_script():
    for path in [*modules(), *(PROJECT / "scripts").glob("*.py"), *(PROJECT / "tests").glob("*.py")]:
        assert not any(m.split(".")[0] == "scripts" for m in imports(path, top_only=False))


def test_scripts_are_short_and_begin_with_their_command():
    for path in (PROJECT / "scripts").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert f"python scripts/{path.name}" in text.splitlines()[0]
        assert len(text.splitlines()) <= 50


def test_import_stance_loads_nothing_heavy():
    """Which is what keeps it well under a second on any machine."""
    heavy = {"torch", "transformers", "datasets", "sklearn", "scipy", "numpy", "hydra"}
    code = f"import sys, stance; print(*sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_exported_names_load_and_unknown_ones_do_not():
    import stance

    for name in stance.__all__:
        assert getattr(stance, name) is not None
    assert set(stance.__all__) == set(dir(stance))
    with pytest.raises(AttributeError, match="No stance attribute nothing"):
        stance.nothing  # noqa: B018
