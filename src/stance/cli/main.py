"""The command ``stance``: its first word names the file of this folder that does the rest."""

import ast
import importlib
import sys
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path

from stance.base.errors import input_error
from stance.cli.output import may_end_early

#: The commands, by file of this folder, in the order in which a project needs them.
COMMANDS = {
    "label": ("predict", "map", "shares", "annotate"),
    "annotations": ("inspect_import", "export_tasks", "annotators", "suspects", "audit", "build_dataset"),
    "train": ("train", "sweep", "export", "cascade", "ship"),
    "evaluate": ("evaluate", "compare", "mistakes", "probe", "behaviour"),
    "results": ("summarize", "reproduce", "check_corpus", "list_corpora"),
}


def main() -> None:
    """Run the command that the first word names; without one list all. An unknown one is exit code 2."""
    name, *rest = sys.argv[1:] or ["--help"]
    file = name.replace("-", "_")
    if name in ("--help", "-h", "help"):
        with may_end_early():
            print(overview())
    elif name == "--version":
        print(version("stance"))
    elif any(file in files for files in COMMANDS.values()):
        sys.argv = [f"stance {name}", *rest]
        importlib.import_module(f"stance.cli.{file}").main()
    else:
        names = [_typed(file) for files in COMMANDS.values() for file in files]
        like = get_close_matches(name.replace("_", "-"), names, n=1)
        allowed = ", ".join(names) + (f"; did you mean {like[0]}?" if like else "")
        print(f"error: {input_error('stance', 'no such command', found=name, allowed=allowed)}", file=sys.stderr)
        sys.exit(2)


def overview() -> str:
    """Every command with the first line of its file, which is not run for it."""
    lines = ["stance COMMAND [key=value ...]; stance COMMAND --help says more", ""]
    for group, files in COMMANDS.items():
        lines.append(f"{group}:")
        for file in files:
            source = Path(__file__).with_name(f"{file}.py").read_text(encoding="utf-8")
            lines.append(f"  {_typed(file):<16}{(ast.get_docstring(ast.parse(source)) or '').partition(chr(10))[0]}")
        lines.append("")
    return "\n".join(lines[:-1])


def _typed(file: str) -> str:
    """A command as it is typed; with an underscore it is known too."""
    return file.replace("_", "-")
