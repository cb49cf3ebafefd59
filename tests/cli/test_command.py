"""The command ``stance``, and what of it works with how little installed."""

from __future__ import annotations

import ast
import functools
import io
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from conftest import PROJECT
from stance.base.annotations import write_annotations
from stance.base.errors import StanceError
from stance.base.extras import EXTRAS
from stance.cli import main as command
from stance.cli.list_commands import commands_table
from stance.cli.output import may_end_early

FILES = [each.file for each in command.commands()]

DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def run(monkeypatch, *words: str) -> int:
    """The exit code of the command, in this process."""
    monkeypatch.setattr(sys, "argv", ["stance", *words])
    try:
        command.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_every_script_is_a_command_and_every_command_a_script(monkeypatch, capsys):
    assert sorted(FILES) == sorted(path.stem for path in (PROJECT / "scripts").glob("*.py"))
    assert run(monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    for file in FILES:
        (line,) = [line for line in lines if line.startswith(f"  {file.replace('_', '-')} ")]
        script = (PROJECT / "scripts" / f"{file}.py").read_text(encoding="utf-8")
        assert line[18:].rstrip(".?") == re.split(r"[.?]?: python scripts/", script.splitlines()[0])[0].strip('"')
        source = (Path(command.__file__).with_name(f"{file}.py")).read_text(encoding="utf-8")
        assert source.splitlines()[2].startswith(f"    stance {file.replace('_', '-')}")


def test_a_file_with_a_group_is_a_command(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "__file__", str(tmp_path / "main.py"))
    (tmp_path / "helper.py").write_text('"""Helps."""\n\nGROUPS = ("label",)\n', encoding="utf-8")
    added = tmp_path / "count_rows.py"
    added.write_text('"""Count rows.\n\n    stance count-rows input=FILE\n"""\n\nGROUP = "label"\n', encoding="utf-8")
    assert run(monkeypatch) == 0
    assert capsys.readouterr().out.endswith("says more\n\nlabel:\n  count-rows      Count rows.\n")
    assert commands_table().endswith("|---|---|---|\n| `stance count-rows input=FILE` | Count rows. |  |")
    added.write_text('"""Count rows."""\n\nGROUP = "labels"\n', encoding="utf-8")
    with pytest.raises(StanceError, match=r"count_rows\.py, line 3: no such group; found 'labels'; allowed: label, "):
        command.commands()


def test_the_page_of_commands_is_up_to_date():
    page = (PROJECT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"<!-- commands -->\n{commands_table()}\n<!-- /commands -->" in page, "python scripts/list_commands.py"
    for named in re.findall(r"\[\w+\.md\]\((.*?)\)", commands_table()):
        assert (PROJECT / "docs" / named).is_file()


def test_an_unknown_command_is_told_what_there_is(monkeypatch, capsys):
    assert run(monkeypatch, "build-datset") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: stance: no such command; found 'build-datset'; allowed: annotate, ")
    assert said.endswith("did you mean build-dataset?\n")


@pytest.mark.parametrize("words", [(), ("predict", "--help"), ("list-corpora",)])
@pytest.mark.skipif(sys.platform == "win32", reason="there a pipe breaks otherwise")
def test_nothing_is_said_when_nobody_reads_it_any_more(words):
    reader, writer = os.pipe()
    os.close(reader)
    code = f"import sys; sys.argv = {['stance', *words]!r}; from stance.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_what_the_encoding_of_the_output_lacks_is_an_escape(monkeypatch):
    file = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", file)
    with may_end_early():
        print("Łukasz")
    assert file.buffer.getvalue().strip() == rb"\u0141ukasz"


def test_a_pipe_to_another_process_that_broke_is_an_error():
    with pytest.raises(BrokenPipeError), may_end_early():
        raise BrokenPipeError


def test_a_message_names_the_command_as_it_was_typed(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "summarize", "experiment=none") == 2
    assert "allowed: stance train experiment=NAME first" in capsys.readouterr().err


def test_the_next_step_names_the_command_as_it_was_typed(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("said.csv").write_text("text,holder,target,label\nWe sign.,the union,sign,favor\n", encoding="utf-8")
    assert run(monkeypatch, "inspect-import", "said.csv", "--output", "said.csv") == 2
    assert "--output: the same file as the input; found 'said.csv'" in capsys.readouterr().err
    assert run(monkeypatch, "inspect-import", "said.csv") == 0
    assert "\n  stance train data=import " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["inspect-import", "inspect_import", "predict"])
def test_help_begins_with_the_usage(monkeypatch, capsys, name):
    assert run(monkeypatch, name, "--help") == 0
    assert f"    stance {name.replace('_', '-')} " in capsys.readouterr().out


def test_help_has_the_groups_that_the_command_takes_and_every_key(monkeypatch, capsys):
    assert run(monkeypatch, "train", "-m", "--help", "model=tfidf") == 0
    said = capsys.readouterr().out
    assert "\nsplit=NAME: auto, document, official, sentence, target\n" in said
    assert "\n+source=NAME: newsmtsc_apart, nli, " in said
    assert "\nexperiment=NAME: from_negotiation, " in said
    assert "\n  features: tfidf\n" in said
    assert "_schema" not in said and "ydra" not in said
    for name in ("predict", "summarize"):
        assert run(monkeypatch, name, "--help") == 0
        assert "=NAME: " not in (said := capsys.readouterr().out)
        assert "???\noutput" in said


def test_several_at_once(monkeypatch, capsys, tmp_path, readable_annotations):
    write_annotations(tmp_path / "votes.jsonl", readable_annotations)
    monkeypatch.chdir(tmp_path)
    data = ("data=annotations", "data.path=votes.jsonl", "split=document", "split.test=0.25")
    assert run(monkeypatch, "build_dataset", "-m", *data, "split.validation=0.2,0.3") == 0
    assert capsys.readouterr().out.count("dataset outputs/data/annotations-document-0-") == 2


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def brought_by(requirements: list[str]) -> set[str]:
    """Names of the distributions that requirements bring, those of their own included, as far as they are installed."""
    found: set[str] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        need, extra = waiting.pop()
        if need.marker and not need.marker.evaluate({"extra": extra}):
            continue
        name = normal(need.name)
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        if name not in found:
            found.add(name)
            waiting += [(Requirement(text), each) for text in needs for each in ("", *need.extras)]
    return found


@functools.cache
def owners() -> dict[str, set[str]]:
    """Of all that is installed here: what can be imported, and of which distributions."""
    return {name: {*map(normal, found)} for name, found in packages_distributions().items()}


def packages(distributions: set[str]) -> set[str]:
    """What can be imported of them."""
    return {name for name, found in owners().items() if distributions & found}


def test_whatever_is_imported_is_a_dependency_or_of_an_extra():
    needed = packages(brought_by(DECLARED["dependencies"])) | set(sys.stdlib_module_names) | {"stance", "datasheet"}
    of_extras = {package for packages in EXTRAS.values() for package in packages}
    for path in (PROJECT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            unknown = {name.partition(".")[0] for name in names} - needed - of_extras
            assert not unknown, f"{path}: {unknown}"


def test_each_extra_brings_what_the_messages_say():
    for extra, names in EXTRAS.items():
        wanted = [text for text in DECLARED["optional-dependencies"][extra] if not text.startswith("stance[")]
        declared = {normal(Requirement(text).name) for text in wanted}
        # A package that is not installed here (spaCy) brings what it is called.
        assert {*names} <= packages(declared | brought_by(wanted)) | declared


#: Runs in another process, where only what the dependencies bring is found.
THIN = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in REFUSED else super().find_spec(name, path, target)

sys.meta_path = [Without if finder is PathFinder else finder for finder in sys.meta_path]
import stance
from stance.cli.main import main

classifier = stance.StanceClassifier.from_pretrained("stance-small")
print(classifier.predict(["The union rejected the deal."], ["sign the deal"], ["the union"])[0].label)
for words in COMMANDS:
    sys.argv = ["stance", *words]
    try:
        main()
    except SystemExit as end:
        print("exit code", end.code)
try:
    stance.evaluate
except stance.StanceError as error:
    print(error)
"""


def test_labelling_needs_what_is_installed_without_extras_and_no_more(tmp_path):
    refused = {*owners()} - packages(brought_by(DECLARED["dependencies"])) - {"stance"} - set(sys.stdlib_module_names)
    assert {"sklearn", "scipy", "pyarrow", "datasets", "matplotlib", "cleanlab", "openpyxl"} <= refused
    (tmp_path / "a.csv").write_text("text,target\nWe reject the deal.,sign the deal\n", encoding="utf-8")
    commands = [
        ["predict", "input=a.csv", "output=b.csv"],
        ["predict", "input=a.csv", "output=b.parquet"],
        ["build-dataset"],
    ]
    code = f"REFUSED = {refused!r}\nCOMMANDS = {commands!r}\n{THIN}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("against\n"), done.stderr
    assert "1 rows -> b.csv" in done.stdout
    assert (tmp_path / "b.csv").read_text(encoding="utf-8").startswith("text,target,label,against,neutral,favor\n")
    assert done.stdout.count("exit code 2") == 2
    assert (
        'error: pyarrow is not installed, which this needs; allowed: in the checkout, pip install -e ".[parquet]"'
        in done.stderr
    )
    assert re.search(r'error: \w+ is not installed, which this needs; allowed: .*"\.\[data\]" first', done.stderr)
    assert re.search(r"^\w+ is not installed, which this needs", done.stdout, re.MULTILINE)


@pytest.mark.slow
def test_the_wheel_works_without_the_checkout(tmp_path):
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([*build, str(tmp_path), str(PROJECT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv")
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    assert {path.name for path in (PROJECT / "conf").iterdir()} == {p.name for p in (site / "stance/conf").iterdir()}

    def stance(*words: str) -> subprocess.CompletedProcess:
        others = next(path for path in map(Path, sys.path) if (path / "torch").is_dir())
        program = "import sys; from stance.cli.main import main; main()"
        environment = {**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{others}"}
        python = [str(tmp_path / "venv/bin/python"), "-c", program, *words]
        return subprocess.run(python, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert "  build-dataset   Build a dataset" in stance().stdout
    assert "several seed 1" in stance("train", "-m", "model=majority", "seed=0,1", "name=several").stdout
    for words in (["check-corpus"], ["reproduce", "tfidf"], ["ship", "checkpoint=x"]):
        done = stance(*words)
        assert (done.returncode, done.stderr) == (
            2,
            "error: stance: installed, without the files that this command needs; allowed: it in a checkout\n",
        )
