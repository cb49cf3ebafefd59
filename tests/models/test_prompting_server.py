"""A prompted model and a real server over HTTP: the protocol, its edges, and that nothing is asked twice or lost."""

from __future__ import annotations

import itertools
import json
import logging
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from test_prompting import config

from chat_stub import KEY, MODEL, ChatStub, completion, serving
from conftest import WORDS, example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.questions import Question, questions_of
from stance.models.card import Card
from stance.models.classifier import StanceClassifier
from stance.models.fitting import Setup
from stance.models.prompting import client
from stance.models.prompting.client import ChatServer, Dialect, Request
from stance.models.prompting.config import ServerConfig
from stance.models.prompting.model import PromptModel, fit


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Pauses of a hundredth; no key of the machine's own."""
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.1)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def rows(number: int, start: int = 0):
    """Examples whose label a word of the text gives away, the three labels in turn."""
    found = []
    for n in range(start, start + number):
        label = LABELS[n % 3]
        found.append(example(n, label, text=f"On day {n} the council {WORDS[label][0]} it.", document=f"d{n}"))
    return found


def fitted(endpoint, cache=None, train=(), validation=None, server=None, **changes) -> PromptModel:
    server = ServerConfig(endpoint=endpoint, **({"again": 0} | (server or {})))
    validation = rows(6, 100) if validation is None else validation
    return fit(config(**changes), train, validation, Setup(server=server, seed=3, cache=cache))


def predicted(model, examples):
    return model.predict_proba(questions_of(examples))


def test_labels_and_probabilities_come_from_the_logprobs(tmp_path):
    stub = ChatStub()
    with serving(stub) as endpoint:
        model = fitted(endpoint, tmp_path)
        found = predicted(model, rows(9))
    assert [LABELS[i] for i in found.argmax(axis=1)] == [row.label for row in rows(9)]
    assert found.sum(axis=1) == pytest.approx(np.ones(9)) and found.max() == pytest.approx(0.7 / 0.95)
    body = stub.bodies[-1]
    assert (body["temperature"], body["seed"], body["logprobs"], body["max_tokens"]) == (0.0, 3, True, 64)
    assert body["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"] == list(LABELS)
    assert "Decision order" in body["messages"][0]["content"]
    record = model.record()
    assert record["probabilities"] == "logprobs" and record["tally"]["rows"] == 9


def test_nothing_is_asked_twice(tmp_path):
    stub = ChatStub()
    with serving(stub) as endpoint:
        first = predicted(fitted(endpoint, tmp_path), rows(9))
        asked = len(stub.bodies)
        assert asked == 10  # the first of validation, and nine rows
        again = predicted(fitted(endpoint, tmp_path), rows(9))
        assert len(stub.bodies) == asked
        predicted(fitted(endpoint, tmp_path), rows(12) + rows(12))
        assert len(stub.bodies) == asked + 3
    assert first == pytest.approx(again)


def test_what_the_server_lacks_is_left_out_and_samples_are_taken(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    stub = ChatStub(lacks=("response_format", "logprobs", "seed", "max_tokens", "temperature"))
    with serving(stub) as endpoint:
        model = fitted(endpoint, tmp_path, samples=3)
        assert model.talk.asker.dialect == Dialect(False, False, False, False, "max_completion_tokens")
        found = predicted(model, rows(3))
        asked = len(stub.bodies)
        assert asked == 5 + 1 + 3 * 3
        predicted(fitted(endpoint, tmp_path, samples=3), rows(3))
        assert len(stub.bodies) == asked
    assert [LABELS[i] for i in found.argmax(axis=1)] == [row.label for row in rows(3)]
    assert found.max() == pytest.approx(3.5 / 4)
    assert "probabilities from 3 samples" in caplog.text and "left out, since the server says" in caplog.text
    assert model.record()["seed"] is None


def test_logprobs_that_are_taken_and_not_given(tmp_path):
    with serving(ChatStub(ignores=("logprobs",))) as endpoint:
        assert fitted(endpoint, tmp_path).talk.by == "samples"
        with pytest.raises(StanceError, match=r"model.probabilities: none are given for stub-1"):
            fitted(endpoint, tmp_path, probabilities="logprobs")


def test_a_schema_that_the_server_does_not_know():
    with serving(ChatStub(lacks=("response_format",))) as endpoint:
        assert fitted(endpoint).talk.asker.dialect.schema is False
        with pytest.raises(StanceError, match=r"model.structured: the server takes no schema; found 'schema'"):
            fitted(endpoint, structured="schema")


@pytest.mark.parametrize("fault", [429, 500, 503, "cut", "not json"])
def test_what_passes_is_tried_again(fault):
    stub = ChatStub(faults=[None, fault, None, fault, fault])
    with serving(stub) as endpoint:
        model = fitted(endpoint, server={"concurrency": 1})
        found = predicted(model, rows(4))
    assert [LABELS[i] for i in found.argmax(axis=1)] == [row.label for row in rows(4)]
    assert len(stub.bodies) == 5 + 3 == model.record()["sent"]


def test_tries_end_and_what_was_answered_is_kept(tmp_path):
    stub = ChatStub()
    with serving(stub) as endpoint:
        settings = {"retries": 2, "concurrency": 1}
        model = fitted(endpoint, tmp_path, server=settings)
        stub.faults = [None, None, 500, 500, 500]
        with pytest.raises(StanceError, match=r"no answer in 3 tries: .*status 500"):
            predicted(model, rows(6))
        before = len(stub.bodies)
        assert len(predicted(fitted(endpoint, tmp_path, server=settings), rows(6))) == 6
        assert len(stub.bodies) - before in (3, 4)  # two were kept, and one that was under way


def test_a_budget_is_kept_to_and_the_next_command_goes_on(tmp_path):
    stub = ChatStub()
    with serving(stub) as endpoint:
        model = fitted(endpoint, tmp_path, server={"max_requests": 4})
        with pytest.raises(StanceError, match=r"prompt.max_requests: the budget is spent; found 4; allowed: more"):
            predicted(model, rows(9))
        assert len(stub.bodies) == 4
        found = predicted(fitted(endpoint, tmp_path, server={"max_requests": 6}), rows(9))
        assert len(stub.bodies) == 10 and len(found) == 9


def test_several_requests_are_under_way_at_once():
    import time

    def slowly(text, holder, target):
        time.sleep(0.2)
        return "favor"

    stub = ChatStub(answer=slowly)
    with serving(stub) as endpoint:
        predicted(fitted(endpoint, server={"concurrency": 3}), rows(9))
    assert stub.most_at_once == 3


def test_a_server_that_does_not_answer_in_time():
    import time

    stub = ChatStub(answer=lambda *_: time.sleep(1) or "favor")
    with serving(stub) as endpoint, pytest.raises(StanceError, match="no answer in 2 tries: Request timed out"):
        fitted(endpoint, server={"timeout": 0.2, "retries": 1})


def test_no_server():
    with serving(ChatStub()) as endpoint:
        pass
    with pytest.raises(StanceError, match=rf"prompt.endpoint {endpoint}: no server answers there"):
        fitted(endpoint)


def test_a_model_that_the_server_does_not_have():
    with serving(ChatStub(models=("one", "two"))) as endpoint:
        message = "model.language_model: the server does not have it; found 'stub-1'; allowed: one, two"
        with pytest.raises(StanceError, match=message):
            fitted(endpoint)


def test_a_key_is_sent_and_stands_nowhere(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    with serving(ChatStub(key=KEY)) as endpoint:
        with pytest.raises(StanceError, match=r"prompt.key: the server does not let us in .* which is not set"):
            fitted(endpoint)
        monkeypatch.setenv("MY_KEY", "another-word")
        with pytest.raises(StanceError, match="taken from MY_KEY, which is set") as caught:
            fitted(endpoint, server={"key": "MY_KEY"})
        assert "another-word" not in str(caught.value)
        monkeypatch.setenv("MY_KEY", KEY)
        model = fitted(endpoint, tmp_path / "cache", server={"key": "MY_KEY"})
        predicted(model, rows(3))
        StanceClassifier(model, Card("prompt")).save_pretrained(tmp_path / "checkpoint")
    written = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 3 and not any(KEY in text for text in written)
    assert KEY not in caplog.text and KEY not in json.dumps(model.record())


def test_a_context_that_is_too_short():
    message = r"stub-1: the prompt is longer than its context: .*codebook=definitions"
    with serving(ChatStub(context=5000)) as endpoint, pytest.raises(StanceError, match=message):
        fitted(endpoint)


def test_a_server_that_cuts_prompts_off_is_reported(caplog):
    caplog.set_level(logging.INFO)
    stub = ChatStub()
    stub.reply = lambda body: (
        200,
        {**ChatStub.reply(stub, body)[1], "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}},
    )
    with serving(stub) as endpoint:
        fitted(endpoint)
    assert "it seems to cut prompts off" in caplog.text


FAULTS = [{"refusal": "I will not.", "content": None}, "It is hard to say.", {"content": "", "refusal": None}]


def test_rows_without_an_answer_are_counted_kept_raw_and_never_neutral_in_silence(tmp_path, caplog):
    stub = ChatStub()
    train = [*rows(12), *(replace(row, label="against") for row in rows(8, 50))]
    with serving(stub) as endpoint:
        model = fitted(endpoint, tmp_path, train=train, server={"concurrency": 1})
        stub.faults = [None, *FAULTS]
        found = predicted(model, rows(6))
        assert found[1:4] == pytest.approx(np.tile(model.prior, (3, 1))) and model.prior.argmax() == 0
        assert model.talk.tally == {"rows": 6, "refused": 1, "unreadable": 1, "empty": 1}
        assert "3 of 6 rows have no answer that can be read (1 refused, 1 unreadable, 1 empty)" in caplog.text
        assert [one["replies"][0]["refusal"] or one["replies"][0]["text"] for one in model.talk.problems] == [
            "I will not.",
            "It is hard to say.",
            "",
        ]
        strict = fitted(endpoint, tmp_path, train=train, unanswered="stop")
        with pytest.raises(StanceError, match="3 of 6 rows have no answer that can be read"):
            predicted(strict, rows(6))


def test_several_questions_of_one_text_are_one_request():
    stub = ChatStub(answer=lambda text, holder, target: {"a": "favor", "b": "against"}.get(holder, "neutral"))
    asked = [example(n, text="They met.", holder=holder, target="go") for n, holder in enumerate("abcd")]
    with serving(stub) as endpoint:
        model = fitted(endpoint, questions=3, validation=asked[:1])
        found = predicted(model, [*asked, asked[1]])
    assert [LABELS[i] for i in found.argmax(axis=1)] == ["favor", "against", "neutral", "neutral", "against"]
    assert len(stub.bodies) == 1 + 2


def test_examples_are_of_train_alone_and_balanced():
    train, validation = rows(12), rows(6, 100)
    with serving(ChatStub()) as endpoint:
        model = fitted(endpoint, train=train, validation=validation, shots=6)
        assert sorted(one.label for one in model.pool) == sorted([*LABELS, *LABELS])
        assert {one.text for one in model.pool} <= {row.text for row in train}
        assert model.pool == fitted(endpoint, train=train, validation=validation, shots=6).pool
        shown = model.pool[0]
        assert shown not in model.examples(replace(shown, label=""))
        with pytest.raises(StanceError, match=r"model.shots: more than there are training rows; found 13; allowed: 12"):
            fitted(endpoint, train=train, shots=13)


def test_draws_are_tried_on_validation():
    good = {row.text for row in rows(12)[::2]}
    stub = ChatStub()
    stub.answer = lambda text, holder, target: "favor"
    plain = ChatStub._content

    def content(message, body):
        shown = message.split("Judged examples:")[1].split("Now the one")[0]
        stub.answer = chat_word if all(text in good for text in _texts(shown)) else (lambda *_: "favor")
        return plain(stub, message, body)

    from chat_stub import by_its_word as chat_word

    stub._content = content
    with serving(stub) as endpoint:
        model = fitted(endpoint, train=rows(12), shots=3, draws=12, server={"concurrency": 1})
    assert {one.text for one in model.pool} <= good


def _texts(shown):
    return [line.removeprefix("Sentence: ") for line in shown.splitlines() if line.startswith("Sentence: ")]


def test_a_second_pass_and_the_scale_are_measured_on_validation(tmp_path):
    count = iter(range(10**6))
    stub = ChatStub(answer=lambda text, *_: LABELS[next(count) % 3] if "day 101" in text else "favor")
    gold = rows(6, 100)
    with serving(stub) as endpoint:
        model = fitted(endpoint, tmp_path, validation=gold, calibrate=True, server={"again": 4, "concurrency": 1})
        assert model.itself["rows"] == 4 and model.itself["same"] in (3, 4)
        assert model.scale < 1  # two of three are wrong at 0.74
        assert predicted(model, rows(1)).max() < 0.74


def test_the_nearest_rows_are_shown_but_never_the_row_itself():
    train = [*rows(6), example(90, "favor", text="The ferry to Ulm sank.", target="lift the ferry", document="x")]
    with serving(ChatStub()) as endpoint:
        model = fitted(endpoint, train=train, shots=2, choose="nearest")
        shown = model.examples(Question("A ferry near Ulm went down.", "raise the ferry"))
        assert shown[-1].text == "The ferry to Ulm sank." and len(shown) == 2
        own = model.examples(Question("The ferry to Ulm sank.", "lift the ferry"))
        assert "The ferry to Ulm sank." not in [one.text for one in own]


def test_a_checkpoint_is_loaded_and_asks_nothing_twice(tmp_path):
    stub = ChatStub()
    with serving(stub) as endpoint:
        model = fitted(endpoint, tmp_path / "cache", train=rows(9), shots=3)
        classifier = StanceClassifier(model, Card("prompt"))
        first = predicted(model, rows(4, 20))
        classifier.save_pretrained(tmp_path / "runs" / "one" / "checkpoint")
        asked = len(stub.bodies)
        loaded = StanceClassifier.from_pretrained(tmp_path / "runs" / "one" / "checkpoint")
        assert predicted(loaded.predictor, rows(4, 20)) == pytest.approx(first)
        assert len(stub.bodies) == asked
        assert loaded.predict(["They signed it."], ["sign"])[0].label == "favor"
        assert isinstance(loaded.predictor.talk.asker, ChatServer) and loaded.predictor.talk.asker.model == MODEL


def test_costs_are_counted_by_the_users_prices(tmp_path):
    with serving(ChatStub()) as endpoint:
        model = fitted(endpoint, tmp_path, server={"price": [1.0, 2.0]})
        predicted(model, rows(3))
    record = model.record()
    assert record["requests"] == 3 and record["written"] == 15
    assert record["cost"] == pytest.approx((record["read"] + 2 * 15) / 1e6, abs=1e-6)


REFUSALS = {
    403: r"prompt\.key: the server does not let us in \(status 403\): the key is taken from OPENAI_API_KEY",
    404: r"it has no such address or model \(an endpoint ends in /v1, mostly\)",
    413: r"the prompt is longer than its context: .*; allowed: fewer model\.shots",
    418: "status 418: ",
}


@pytest.mark.parametrize("status", REFUSALS)
def test_what_no_further_try_would_mend_is_told_at_once(status):
    stub = ChatStub(faults=[status] * 9)
    with serving(stub) as endpoint, pytest.raises(StanceError, match=REFUSALS[status]):
        fitted(endpoint)
    assert len(stub.bodies) == 1


def test_a_server_that_refuses_whatever_is_left_out_is_told_after_the_last(caplog):
    stub = ChatStub(faults=[422] * 20)
    with serving(stub) as endpoint, pytest.raises(StanceError, match="the server refuses the request"):
        fitted(endpoint)
    fields = [sorted(body.keys() - {"model", "messages"}) for body in stub.bodies]
    assert all(len(after) < len(before) for before, after in itertools.pairwise(fields))
    assert fields[-1] == ["max_tokens"]


@pytest.mark.parametrize(
    ("said", "seconds"), [({}, 0), ({"retry-after": "2.5"}, 2.5), ({"retry-after": "Fri, 31 Dec"}, 0.01)]
)
def test_the_server_says_how_long_to_wait_or_not(said, seconds):
    error = RuntimeError("busy")
    error.response = SimpleNamespace(headers=said)
    assert client._retry_after(error) == seconds
    assert client._retry_after(RuntimeError("cut")) == 0


def test_the_missing_library_is_told_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    server = ChatServer(ServerConfig(endpoint="http://127.0.0.1:9/v1"), MODEL)
    with pytest.raises(StanceError, match=r"openai is not installed, which this needs; allowed: .*\[prompt\]"):
        server.ask(Request("Which?", {"properties": {"label": {}}}, 8, 0))


@pytest.mark.parametrize("said", ["This model does not support response format `json_schema`.", "Model has no schema"])
def test_a_refusal_that_names_the_model_and_a_field_is_of_the_field(said, monkeypatch):
    stub = ChatStub()
    plain = stub.reply
    refused = 400, {"error": {"message": said}}
    monkeypatch.setattr(stub, "reply", lambda body: refused if "response_format" in body else plain(body))
    with serving(stub) as endpoint:
        assert fitted(endpoint).talk.asker.dialect == Dialect(schema=False)


def test_a_content_in_parts_is_its_text(monkeypatch):
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": '{"label": "favor"}'}]
    stub = ChatStub(lacks={"logprobs"})
    plain = stub.reply

    def reply(body):
        status, sent = plain(body)
        if status == 200:
            sent["choices"][0]["message"]["content"] = parts
        return status, sent

    monkeypatch.setattr(stub, "reply", reply)
    with serving(stub) as endpoint:
        assert [one.label for one in fitted(endpoint).judge(questions_of(rows(2)))] == ["favor", "favor"]


def test_no_answer_twice_is_not_the_same_label():
    stub = ChatStub()
    stub.reply = lambda body: (200, completion({"refusal": "No.", "content": None}, body, ""))
    with serving(stub) as endpoint:
        assert fitted(endpoint, server={"again": 6}).itself == {"rows": 6, "same": 0}


def test_another_model_of_the_same_name_is_told(tmp_path, caplog):
    for answer in (None, lambda *_: "favor"):
        with serving(ChatStub(answer=answer)) as endpoint:
            fitted(endpoint, tmp_path)
    assert "stub-1 answers otherwise here" in caplog.text
