"""A prompted model through the scripts: trained beside others, compared, shown, as annotator and as teacher."""

from __future__ import annotations

import json

import pytest

from chat_stub import MODEL, ChatStub, serving
from conftest import example, run_here, write_lines
from stance.base.annotations import Annotation, write_annotations
from stance.base.errors import StanceError
from stance.data.seen import count_learnt
from stance.data.table import read_annotations
from stance.inference.annotating import Judged, agreement, agreement_page, read_rows_to_judge
from stance.inference.config import AnnotateConfig
from stance.models.classifier import StanceClassifier
from stance.models.prompting import client

DATA = ("data=annotations", "data.path=rows.jsonl", "split=document", "bootstrap=20")


@pytest.fixture(scope="module")
def home(tmp_path_factory, readable_annotations):
    folder = tmp_path_factory.mktemp("home")
    write_annotations(folder / "rows.jsonl", readable_annotations)
    return folder


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    stub = ChatStub()
    with serving(stub) as endpoint:
        stub.endpoint = endpoint
        yield stub


def asked(stub, *more):
    return ("model=prompt", f"model.language_model={MODEL}", f"prompt.endpoint={stub.endpoint}", *more)


def test_a_prompted_model_is_trained_compared_and_shown_like_any_other(home, stub):
    stub.faults = [None] * 20 + [{"refusal": "No.", "content": None}]
    train = ("train", *DATA, *asked(stub, "prompt.again=5", "prompt.concurrency=1", "prompt.price=[1,2]"))
    done = run_here(*train, cwd=home)
    folder = home / "outputs" / "runs" / "annotations-prompt" / "seed-0"
    run = json.loads((folder / "run.json").read_text())
    assert "may have seen a public corpus" in done.stdout and "are kept" not in done.stderr
    (record,) = run["prompt"]
    assert record["probabilities"] == "logprobs" and record["cost"] > 0 and record["itself"] == {"rows": 5, "same": 5}
    assert record["tally"]["refused"] == 1
    assert "prompt" not in run["config"] and run["config"]["model"]["guidelines"] == "GUIDELINES.md"
    lost = [json.loads(line) for line in (folder / "unanswered.jsonl").read_text().splitlines()]
    assert [one["replies"][0]["refusal"] for one in lost] == ["No."]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert sum(part["prompt"]["models"][0]["tally"].get("refused", 0) for part in metrics.values()) == 1
    assert metrics["test"]["measures"]["accuracy"]["value"] > 0.9
    card = (folder / "checkpoint" / "README.md").read_text()
    assert f"the language model {MODEL} was asked as it is" in card and "may have seen" in card

    number = len(stub.bodies)
    run_here(*train, "overwrite=true", cwd=home)
    assert len(stub.bodies) == number  # every answer was kept

    run_here("train", *DATA, "model=prior_target", cwd=home)
    compared = run_here("compare", "a=annotations-prompt", "b=annotations-prior_target", "bootstrap=20", cwd=home)
    assert "annotations-prompt" in compared.stdout
    report = home / "report.json"
    run_here("evaluate", *DATA, f"checkpoint={folder / 'checkpoint'}", f"output={report}", cwd=home)
    assert len(stub.bodies) == number
    page = report.with_suffix(".html").read_text()
    assert (
        "A language model may have seen a public corpus" in page and "Asked twice, it gave the same label on 5" in page
    )
    assert StanceClassifier.from_pretrained(folder / "checkpoint").card.kind == "prompt"


def test_a_student_learns_from_a_prompted_teacher(home, stub, tiny_encoder):
    """And knows again the further sentences that it was taught on."""
    more = {"document": "more", "holders": ["the guild"], "targets": ["pay"], "texts": ["The guild would rather pay."]}
    (home / "more.jsonl").write_text(json.dumps(more), encoding="utf-8")
    run_here(
        "train", "experiment=taught_by_prompt", *DATA, "data@distill.teacher.data=annotations",
        "distill.teacher.data.path=rows.jsonl", "split@distill.teacher.split=document",
        f"distill.teacher.model.language_model={MODEL}",
        f"prompt.endpoint={stub.endpoint}", "prompt.again=0", f"model.encoder={tiny_encoder}", "model.max_length=64",
        "distill.questions=12", "distill.unlabelled=more.jsonl", "trainer.num_train_epochs=1", cwd=home,
    )  # fmt: skip
    run = json.loads((home / "outputs/runs/taught_by_prompt-minilm_marked/seed-0/run.json").read_text())
    assert [one["name"] for one in run["made_from"]] == ["prompt_teacher"]
    checkpoint = home / "outputs/runs/taught_by_prompt-minilm_marked/seed-0/checkpoint"
    assert count_learnt(checkpoint, [example(1, text=text) for text in (*more["texts"], "Never heard of.")]) == 1


def test_an_annotator_beside_people_and_for_them_to_correct(home, stub):
    people = read_annotations(home / "rows.jsonl")
    stub.faults = [None] * 4 + ["I cannot say."]
    done = run_here(
        "annotate", "input=rows.jsonl", "output=both.jsonl", "annotator=stub", "label_studio=tasks.json",
        "bootstrap=20", "outputs=anew", *asked(stub, "prompt.concurrency=1"), cwd=home,
    )  # fmt: skip
    both = read_annotations(home / "both.jsonl")
    own = [a for a in both if a.annotator == "stub"]
    assert both[: len(people)] == people and len(own) == len(people) - 1
    assert "1 rows without an answer that can be read, which are not judged" in done.stdout
    (lost,) = [json.loads(line) for line in (home / "both.unanswered.jsonl").read_text().splitlines()]
    assert lost["replies"][0]["text"] == "I cannot say." and lost["id"] not in {a.id for a in own}
    found = json.loads((home / "both.agreement.json").read_text())
    assert found["alpha"]["people"] is None and found["alpha"]["model"]["value"] > 0.9
    assert found["pairs"][0]["second"] == "one" and sum(of["both"] for of in found["labels"].values()) >= len(own) - 3
    tasks = json.loads((home / "tasks.json").read_text())
    assert len(tasks) == len(own) and tasks[0]["predictions"][0]["result"][0]["value"]["choices"] == [own[0].label]
    again = run_here(
        "annotate", "input=both.jsonl", "output=more.jsonl", "annotator=stub", *asked(stub), cwd=home, check=False
    )
    assert again.returncode == 2 and "annotator: judged rows of the file already; found 'stub'" in again.stderr


def test_rows_on_which_people_are_divided_are_counted():
    row = {"text": "They met.", "target": "talks", "holder": "", "document": "d"}
    people = [
        Annotation(id=i, label=label, annotator=f"coder {n}", **row)
        for i, said in (("a", ("favor", "favor")), ("b", ("favor", "against")))
        for n, label in enumerate(said)
    ]
    own = [Annotation(id=i, label="favor", annotator="model", **row) for i in "ab"]
    found = agreement(Judged(own, [1.0, 1.0], people, []), samples=20)
    assert (found["rows"], found["divided"], found["labels"]["favor"]) == (1, 1, {"people": 1, "model": 1, "both": 1})
    assert agreement_page(found).endswith("has 1 rows; 1 on which people are divided are not in it.")


def test_labels_without_an_annotator_are_counted_and_space_is_no_part_of_a_name(tmp_path, caplog):
    rows = [
        {"id": name, "text": "They met.", "target": "talks", "label": "favor", "annotator": by}
        for name, by in (("a", ""), ("b", "anna "), ("c", "chat "))
    ]
    named = {"input": str(write_lines(tmp_path / "in.jsonl", rows)), "output": str(tmp_path / "out.jsonl")}
    _, people = read_rows_to_judge(AnnotateConfig(**named, annotator="model", checkpoint="stance-small"))
    assert [one.annotator for one in people] == ["anna", "chat"]
    assert "1 labels without an annotator are left out" in caplog.text
    with pytest.raises(StanceError, match="judged rows of the file already; found 'chat'"):
        read_rows_to_judge(AnnotateConfig(**named, annotator="chat", checkpoint="stance-small"))


def test_rows_that_nobody_judged(home, stub):
    (home / "bare.csv").write_text('text,target\n"We signed it, all of us.",sign it\nThey rejected it.,sign it\n')
    earlier = [home / "bare.unanswered.jsonl", home / "bare.agreement.json"]
    for path in earlier:
        path.write_text("{}\n")
    run_here("annotate", "input=bare.csv", "output=bare.jsonl", "annotator=stub", *asked(stub), cwd=home)
    assert not any(path.exists() for path in earlier)
    assert [(a.id, a.label, a.annotator) for a in read_annotations(home / "bare.jsonl")] == [
        ("line-2", "favor", "stub"),
        ("line-3", "against", "stub"),
    ]
    (home / "bad.csv").write_text("text,goal\nWe signed.,sign\n")
    done = run_here(
        "annotate", "input=bad.csv", "output=o.jsonl", "annotator=stub", *asked(stub), cwd=home, check=False
    )
    assert done.returncode == 2 and "bad.csv, line 2: field 'target' is missing" in done.stderr
