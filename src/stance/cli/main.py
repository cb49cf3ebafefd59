"""The command ``stance``: its first word names the file of this folder that does the rest.

A file is a command if it says under which heading it is listed: ``GROUP = "label"``. Nothing lists them elsewhere.
"""

import ast
import importlib
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from stance.base.errors import input_error
from stance.cli.output import may_end_early

#: The headings, in the order in which a project needs them.
GROUPS = ("label", "annotations", "train", "evaluate", "results")


@dataclass(frozen=True)
class Command:
    """A command, by what its file says of it.

    Attributes:
        file: Its file in this folder, without ``.py``.
        group: One of ``GROUPS``.
        help: The docstring: what the command does in one line, a line that is empty, how it is typed, and more.
    """

    file: str
    group: str
    help: str

    @property
    def typed(self) -> str:
        """Its name as it is typed; with an underscore it is known too."""
        return self.file.replace("_", "-")

    @property
    def does(self) -> str:
        """What it does, in one line."""
        return self.help.partition("\n")[0]

    @property
    def usage(self) -> str:
        """How it is typed, ``stance`` before it."""
        return self.help.splitlines()[2].strip()


def commands() -> list[Command]:
    """Every command, by group and name. Their files are read, but not imported.

    Raises:
        StanceError: A group is not one of ``GROUPS``; a docstring does not say how its command is typed.
    """
    found = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        source = ast.parse(path.read_text(encoding="utf-8"))
        for node in source.body:
            match node:
                case ast.Assign(targets=[ast.Name(id="GROUP")], value=ast.Constant(value=group)):
                    if group not in GROUPS:
                        raise input_error(f"{path}, line {node.lineno}", "no such group", found=group, allowed=GROUPS)
                    said = ast.get_docstring(source) or ""
                    if len(said.splitlines()) < 3:
                        raise input_error(f"{path}, line 3", "does not say how the command is typed")
                    found.append(Command(path.stem, group, said))
    return sorted(found, key=lambda command: GROUPS.index(command.group))


def main() -> None:
    """Run the command that the first word names; without one list all. An unknown one is exit code 2."""
    name, *rest = sys.argv[1:] or ["--help"]
    file = name.replace("-", "_")
    if name in ("--help", "-h", "help"):
        with may_end_early():
            print(overview())
    elif name == "--version":
        print(version("stance"))
    elif any(command.file == file for command in commands()):
        sys.argv = [f"stance {name}", *rest]
        importlib.import_module(f"stance.cli.{file}").main()
    else:
        names = [command.typed for command in commands()]
        like = get_close_matches(name.replace("_", "-"), names, n=1)
        allowed = ", ".join(names) + (f"; did you mean {like[0]}?" if like else "")
        print(f"error: {input_error('stance', 'no such command', found=name, allowed=allowed)}", file=sys.stderr)
        sys.exit(2)


def overview() -> str:
    """Every command by group, with what it does."""
    lines = ["stance COMMAND [key=value ...]; stance COMMAND --help says more"]
    for group, listed in groupby(commands(), lambda command: command.group):
        lines += ["", f"{group}:", *(f"  {command.typed:<16}{command.does}" for command in listed)]
    return "\n".join(lines)
