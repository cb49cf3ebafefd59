"""What the tests share: small corpora, a tiny encoder, the data folder."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes of one thread each are faster than the reverse

import gc
import json
import logging
import runpy
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import settings

from stance.base.annotations import Annotation, Example
from stance.base.labels import LABELS
from stance.base.predictions import Prediction
from stance.base.questions import Question

PROJECT = Path(__file__).resolve().parents[1]

# A first example imports modules, and machines may be busy: slow is not wrong.
settings.register_profile("stance", deadline=None)
settings.load_profile("stance")


def pytest_collection_finish():
    """What is imported by now stays: each collection of garbage, one or more a training, passes it over."""
    gc.collect()
    gc.freeze()


def annotation(number: int, label: str = "favor", annotator: str = "one", **changes) -> Annotation:
    """A judgement of row ``number``; two rows a document, a target a document."""
    values = {
        "id": f"r{number}",
        "text": f"The delegation of town {number} spoke about the bridge for {number} hours.",
        "holder": f"town {number}",
        "target": f"build bridge {number // 2}",
        "label": label,
        "annotator": annotator,
        "document": f"d{number // 2}",
    }
    return Annotation(**(values | changes))


def example(number: int, label: str = "favor", **changes) -> Example:
    """An example with the same pattern."""
    base = annotation(number, label)
    values = {name: getattr(base, name) for name in ("id", "text", "holder", "target", "label", "document")}
    values |= {"context": "", "date": "", "tags": (), "votes": tuple(int(name == label) for name in LABELS)}
    return Example(**(values | changes))


def questions(texts, targets, holders=None, contexts=None) -> list[Question]:
    """The questions of columns, row by row."""
    return [
        Question(*row)
        for row in zip(texts, targets, *(column or [""] * len(texts) for column in (holders, contexts)), strict=True)
    ]


def answers(examples: list[Example], right) -> list[Prediction]:
    """The gold label where ``right``, else the next one, with a probability of 0.6."""
    found = []
    for row, correct in zip(examples, right, strict=True):
        label = row.label if correct else LABELS[(LABELS.index(row.label) + 1) % 3]
        found.append(Prediction(label, {name: 0.6 if name == label else 0.2 for name in LABELS}))
    return found


WORDS = {
    "against": ("refused", "rejected", "blocked", "denounced"),
    "neutral": ("discussed", "postponed", "mentioned", "listed"),
    "favor": ("accepted", "welcomed", "signed", "urged"),
}

PLACES = ("Arno", "Brenta", "Clwyd", "Drava", "Ebro", "Fulda", "Garonne", "Havel", "Isonzo", "Jiu", "Kura", "Loire")

#: A dozen unlike sentence frames, so that the rows are no near-duplicates of each other.
FRAMES = (
    "After a night of rain the council of {place} {word} the plan to {target}.",
    "Nobody in {place} slept while the fishers {word} what the paper says about how to {target}.",
    "By noon, in the square at {place}, the guild had {word} the idea: {target}.",
    "Letters from {place} report that its elders {word} the move to {target} with some ceremony.",
    "It was on the ferry to {place} that the widow {word} the scheme to {target}.",
    "The radio of {place} says the bakers {word} the offer to {target}, then went home.",
)


@pytest.fixture(scope="session")
def readable_annotations() -> list[Annotation]:
    """72 rows in 12 documents whose label a model can read off one word: small, but learnable."""
    rows = []
    for number, place in enumerate(PLACES):
        target = f"open the {place} crossing"
        for index, frame in enumerate(FRAMES):
            label = LABELS[(index + number) % 3]
            word = WORDS[label][(number + index) % 4]
            rows.append(
                Annotation(
                    id=f"{place}-{index}",
                    text=frame.format(place=place, word=word, target=target),
                    holder=f"the people of {place}",
                    target=target,
                    label=label,
                    annotator="one",
                    document=place,
                )
            )
    return rows


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A real BERT with the packaged tokenizer, 2 layers of 32: trains in seconds."""
    from transformers import AutoTokenizer, BertConfig, BertModel, set_seed

    from stance.models.pretrained import SMALL_ENCODER, encoder_location

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = AutoTokenizer.from_pretrained(encoder_location(SMALL_ENCODER))
    set_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(tokenizer), max_position_embeddings=128, **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder with the field's corpora; tests that need it are skipped, and say so, where it is not."""
    named = os.environ.get("STANCE_DATA", "data")
    folder = Path(named) if Path(named).is_absolute() else PROJECT / named
    if not (folder / "semeval2016-t6").is_dir():
        pytest.skip(f"no corpora in {folder}: set STANCE_DATA")
    return folder


def run_script(name: str, *arguments: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess:
    """Run a script as a user does, in another folder."""
    command = [sys.executable, str(PROJECT / "scripts" / f"{name}.py"), *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"{command} failed:\n{done.stdout}\n{done.stderr}")
    return done


def run_here(name: str, *arguments: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess:
    """The same in this process, which spares the seconds that the heavy libraries take to start."""
    script, code = str(PROJECT / "scripts" / f"{name}.py"), 0
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", [script, *arguments])
        patch.setattr(logging.getLogger(), "handlers", [])  # as a new process has it: the script puts its own there
        patch.chdir(cwd)
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as end:
            code = int(end.code or 0)
    if check and code:
        raise AssertionError(f"{script} {arguments} failed:\n{out.getvalue()}\n{err.getvalue()}")
    return subprocess.CompletedProcess([script, *arguments], code, out.getvalue(), err.getvalue())


def begin_anew() -> None:
    """Forget the toolkit and Hydra, in a fork of this process: it has torch alone of what takes long to import."""
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("stance", "hydra", "hydra_plugins", "omegaconf"):
            del sys.modules[name]


def write_lines(path: Path, rows: list[dict]) -> Path:
    """Write rows as JSONL."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


#: Three sentences in the format of ``seeds/news/``, a negotiation and a part each.
QUAY = [
    {
        "id": "q-01",
        "document": "q",
        "genre": "wire",
        "text": "The ferrymen asked the port for talks on the quay.",
        "rows": [{"holder": holder, "target": "hold talks on the quay"} for holder in ("the ferrymen", "the port")],
    },
    {
        "id": "q-02",
        "document": "r",
        "context": "The two clubs met.",
        "text": "It rained on both of them.",
        "rows": [{"holder": "", "target": "play again on Friday"}],
    },
    {"id": "q-03", "document": "s", "text": "Mist.", "rows": [{"holder": "the well", "target": "share the water"}]},
]


@pytest.fixture
def quay(tmp_path) -> Path:
    """A folder like ``seeds/news/`` with the sentences of ``QUAY``; on the first row writer and judge differ."""
    ids = ("q-01-1", "q-01-2", "q-02-1", "q-03-1")
    for name in ("sentences", "judgements"):
        (tmp_path / name).mkdir()
    write_lines(tmp_path / "sentences" / "q.jsonl", QUAY)
    for name, content in {
        "areas": {"labour": ["q"], "sport": ["r"], "water": ["s"]},
        "parts": {"train": ["labour"], "validation": ["water"], "test": ["sport"]},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    for name, first in {"writer": "favor", "judge": "neutral"}.items():
        judged = [{"id": row_id, "label": "neutral"} for row_id in ids]
        judged[0]["label"] = first
        write_lines(tmp_path / "judgements" / f"{name}.jsonl", judged)
    settled = {"id": "q-01-1", "label": "favor", "note": "asking for it is proposing it"}
    write_lines(tmp_path / "judgements" / "adjudicator.jsonl", [settled])
    return tmp_path
