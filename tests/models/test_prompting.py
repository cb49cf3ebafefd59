"""The prompt, the reading of answers, and what is kept of them: nothing is asked here."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from conftest import PROJECT
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.questions import Question
from stance.data.config import DataConfig
from stance.models.config import PromptConfig
from stance.models.prompting.answers import Reply, from_samples, read_reply
from stance.models.prompting.cache import Answers, key_of
from stance.models.prompting.client import Dialect, Request
from stance.models.prompting.config import ServerConfig
from stance.models.prompting.model import SEEN, caveats
from stance.models.prompting.template import JudgedQuestion, cut_codebook, prompt_of, schema
from stance.training.config import TrainConfig
from stance.training.recorded import Recorded

DATA = DataConfig(name="mine", reader="table", path="rows.csv")
GUIDELINES = PROJECT / "seeds" / "GUIDELINES.md"
ROW = Question("The guild {asked} for talks.", "hold talks", "the guild", "It was May.")


def config(**changes) -> PromptConfig:
    return PromptConfig(**({"name": "p", "language_model": "stub-1", "guidelines": str(GUIDELINES)} | changes))


def test_the_codebook_comes_in_three_lengths():
    short, middle, whole = (cut_codebook(GUIDELINES, length) for length in ("definitions", "decisions", "cases"))
    assert middle.startswith(short) and whole.startswith(middle)
    assert "## 3." not in short and "## 3. Decision order" in middle and "Worked cases" not in middle
    assert whole == GUIDELINES.read_text(encoding="utf-8").strip()


def test_a_message_holds_codebook_holder_target_text_and_the_form_of_the_answer():
    message = prompt_of(config()).message([ROW])
    for part in (
        "Codebook",
        "The guild {asked} for talks.",
        "the guild",
        "hold talks",
        "It was May.",
        '{"label": "favor"}',
    ):
        assert part in message
    author = prompt_of(config()).message([Question("We go.", "go")])
    assert "Holder: the author or speaker of the text" in author and "Context: (none given)" in author


def test_examples_stand_before_the_question():
    shown = JudgedQuestion("They signed.", "sign", "they", label="favor")
    message = prompt_of(config(shots=1)).message([ROW], [shown])
    assert message.index('Answer: {"label": "favor"}') < message.index("The guild {asked}")


def test_several_questions_of_a_text_are_numbered():
    other = Question(ROW.text, "adjourn", "the mill", ROW.context)
    message = prompt_of(config(questions=2)).message([ROW, other])
    assert "1. Holder: the guild; target: hold talks\n2. Holder: the mill; target: adjourn" in message
    assert list(schema(2, True)["properties"]) == ["1", "2"]


def test_a_template_of_ones_own(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text('Say {"label": "x"}. {text} {target}', encoding="utf-8")
    prompt = prompt_of(config(template=str(path)))
    assert prompt.message([ROW]) == 'Say {"label": "x"}. The guild {asked} for talks. hold talks'
    assert prompt.codebook == ""
    path.write_text("{text} {holder}", encoding="utf-8")
    with pytest.raises(StanceError, match=r"mine.txt: a template without \{target\}; found .*holder"):
        prompt_of(config(template=str(path)))
    path.write_text("{text} {target} {goal}", encoding="utf-8")
    with pytest.raises(StanceError, match=r"unknown placeholder; found \['goal'\]; allowed: codebook"):
        prompt_of(config(template=str(path)))
    with pytest.raises(StanceError, match=r"a template without \{questions\}"):
        prompt_of(config(template=str(path), questions=2))


def test_a_changed_prompt_is_another_run(tmp_path):
    path = tmp_path / "mine.txt"
    digests = []
    for text in ("{text} {target}", "{text}: {target}"):
        path.write_text(text, encoding="utf-8")
        run = TrainConfig(name="mine", data=DATA, model=config(template=str(path)))
        record = Recorded.of(run, fingerprint="", further=[]).record()
        found = record["config"]["model"]
        assert found["template"] == "mine.txt" and found["guidelines"] == "GUIDELINES.md"
        digests.append(record["contents"]["prompt"])
    assert digests[0] != digests[1]


def test_a_codebook_that_is_too_short_is_refused(tmp_path):
    path = tmp_path / "book.md"
    path.write_text("# Book\n\n## One\n\nA.\n", encoding="utf-8")
    with pytest.raises(StanceError, match=r"too short for model.codebook=definitions; found '1 sections'"):
        prompt_of(config(guidelines=str(path), codebook="definitions"))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('{"label": "favor"}', "favor"),
        ('Sure:\n```json\n{"label": "Against"}\n```', "against"),
        ("Favour.", "favor"),
        ("Label: neutral", "neutral"),
        ("<think>favor? no.</think>against", "against"),
        ('<think>{"label": "favor"}</think>\n{"label": "neutral"}', "neutral"),
    ],
)
def test_answers_that_are_read(text, label):
    assert read_reply(Reply(text), ["label"])[0].label == label


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply("The guild is not in favor of it."), "unreadable"),
        (Reply("favor or neutral"), "unreadable"),
        (Reply('{"label": "pro"}'), "unreadable"),
        (Reply('{"label": ["favor"]}'), "unreadable"),
        (Reply('{"label": "fav', finish="length"), "cut"),
        (Reply("<think>It is", finish="length"), "cut"),
        (Reply("  "), "empty"),
        (Reply("", refusal="I cannot judge that."), "refused"),
        (Reply('{"label": "neutral"}', finish="content_filter"), "refused"),
    ],
)
def test_what_cannot_be_read_is_no_label(reply, problem):
    (said,) = read_reply(reply, ["label"])
    assert (said.label, said.problem) == ("", problem)


def test_of_several_answers_the_missing_ones_alone_are_missing():
    said = read_reply(Reply('{"1": "favor", "3": "none"}'), ["1", "2", "3"])
    assert [one.label for one in said] == ["favor", "", ""]
    said = read_reply(Reply("1: favor\n2. against"), ["1", "2"])
    assert [one.label for one in said] == ["favor", "against"]


def tokens(*pairs):
    return tuple((token, {name: math.log(share) for name, share in top.items()}) for token, top in pairs)


def test_probabilities_are_those_of_the_tokens_that_begin_a_label():
    top = {"fav": 0.6, " against": 0.1, "neut": 0.2, "Fav": 0.05, "x": 0.05}
    reply = Reply(
        '{"label": "favor"}', tokens=tokens(('{"label": "', {"{": 1.0}), ("fav", top), ("or", {"or": 1.0}), ('"}', {}))
    )
    assert read_reply(reply, ["label"])[0].probabilities == pytest.approx(np.array([0.1, 0.2, 0.65]) / 0.95)


def test_a_token_that_holds_the_quote_too():
    reply = Reply(
        '{"label": "against"}',
        tokens=tokens(('{"label":', {}), (' "against', {' "against': 0.9, ' "favor': 0.05}), ('"}', {})),
    )
    found = read_reply(reply, ["label"])[0].probabilities
    assert found.argmax() == 0 and found.sum() == pytest.approx(1)
    assert found[1] == pytest.approx(0.05 / 1.0)  # not among the likeliest: what is left, at most the least of them


def test_each_of_several_labels_has_its_own_probabilities():
    text = '{"1": "favor", "2": "favor"}'
    one, two = {"favor": 0.9, "neutral": 0.1}, {"favor": 0.5, "against": 0.4}
    reply = Reply(
        text,
        tokens=tokens(('{"1": "', {}), ("favor", one), ('", "2": "', {}), ("favor", two), ('"}', {}), ("<end>", {})),
    )
    first, second = (said.probabilities for said in read_reply(reply, ["1", "2"]))
    assert first[2] > 0.85 and second[0] == pytest.approx(0.4, abs=0.05)


def test_without_logprobs_there_are_no_probabilities():
    assert read_reply(Reply('{"label": "favor"}'), ["label"])[0].probabilities is None


def test_samples_give_shares_and_the_first_decides_ties():
    assert from_samples(["favor"]) == pytest.approx([0.125, 0.125, 0.75])
    tie = from_samples(["favor", "against"])
    assert LABELS[tie.argmax()] == "favor" and tie.sum() == pytest.approx(1) and tie.min() > 0


REQUEST = Request("a message", schema(1, False), 64)


def test_answers_outlive_a_kill(tmp_path):
    path = tmp_path / "answers.jsonl"
    first = Answers(path)
    reply = Reply('{"label": "favor"}', tokens=(("favor", {"favor": -0.1}),), read=3, written=1)
    with first.at_work():
        first.put(key_of("m", Dialect(), REQUEST), reply)
        first.put("other", Reply("x"))
    with path.open("ab") as file:
        file.write(b'{"key": "torn", "reply": {"te')
    second = Answers(path)
    with second.at_work():
        assert second.get(key_of("m", Dialect(), REQUEST)) == reply
        assert second.get("torn") is None
        second.put("torn", Reply("y"))
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()][1:] == ["other", "torn"]


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text("[]\n", encoding="utf-8")
    with pytest.raises(StanceError, match=r"answers.jsonl, line 1: damaged"), Answers(path).at_work():
        pass


def test_keys_differ_by_model_manner_row_and_turn():
    keys = {
        key_of("m", Dialect(), REQUEST),
        key_of("n", Dialect(), REQUEST),
        key_of("m", Dialect(schema=False), REQUEST),
        key_of("m", Dialect(), Request("another", REQUEST.schema, 64)),
        key_of("m", Dialect(), Request("a message", REQUEST.schema, 64, turn=1)),
    }
    assert len(keys) == 5


def test_caveats_say_what_flatters():
    assert caveats("vast", "vast") == [SEEN]
    assert "language model" in caveats("negotiation", "negotiation")[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: config(codebook="long"), "model.codebook: unknown value; found 'long'; allowed: definitions"),
        (lambda: config(draws=3), "model.draws: nothing is drawn"),
        (lambda: config(questions=2, shots=3, choose="nearest"), "model.questions: each has other nearest rows"),
        (lambda: config(temperature=0), "model.temperature"),
        (lambda: ServerConfig(endpoint="localhost:8000"), "prompt.endpoint: no address"),
        (lambda: ServerConfig(endpoint="http://me:pass@x/v1"), "it holds a name or a key"),
        (lambda: ServerConfig(price=[1.0]), "prompt.price: not two prices"),
        (lambda: ServerConfig(max_requests=0), "prompt.max_requests: too small"),
    ],
)
def test_bad_settings_are_refused(make, message):
    with pytest.raises(StanceError) as caught:
        make()
    assert message in str(caught.value)


def test_a_key_in_place_of_its_name_is_refused_and_not_shown():
    with pytest.raises(StanceError) as caught:
        ServerConfig(key="sk-123456")
    assert "123456" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        'Answer with JSON alone: {"label": "against"} or {"label": "neutral"} or {"label": "favor"}.',
        '{"label": "neutral"}\nNo, the guild asked for it:\n{"label": "favor"}',
        '{"label": "favor", "label": "against"}',
        '[THINK]Is it {"label": "against"}?[/THINK]{"label": "favor"}',
    ],
)
def test_a_reply_with_several_labels_for_one_question_is_no_label(text):
    assert read_reply(Reply(text), ["label"])[0].problem == "unreadable"


def test_a_thought_may_lack_its_beginning_and_labels_said_twice_are_one():
    reply = Reply('Is it {"label": "against"}? No.\n</think>\n\n{"label": "favor"}\n{"label": "favor"}')
    assert read_reply(reply, ["label"])[0].label == "favor"
    said = read_reply(Reply('{"1": "favor"}\n{"2": "neutral"}'), ["1", "2"])
    assert [one.label for one in said] == ["favor", "neutral"]
    said = read_reply(Reply("1. favor\n1. against\n2. neutral"), ["1", "2"])
    assert [one.label for one in said] == ["", "neutral"]
