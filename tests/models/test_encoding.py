"""How rows become sequences."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict

import pytest
from transformers import AutoTokenizer

from stance.base.errors import StanceError
from stance.base.mentions import marked
from stance.base.questions import Question
from stance.models.encoding import encode, load_encoder
from stance.models.input_format import InputFormat
from stance.models.pretrained import SMALL_ENCODER, encoder_location


@pytest.fixture(scope="module")
def tokenizer():
    return load_encoder(AutoTokenizer.from_pretrained, SMALL_ENCODER)


def test_the_pair_of_a_row():
    row = Question("They {signed}.", "sign {it}", "the union", "First. Second came.")
    assert InputFormat().pair(row) == ("They {signed}.", "the union: sign {it}")
    with_context = InputFormat(second="{holder} wants to {target}", context_words=2)
    assert with_context.pair(row) == ("Second came. They {signed}.", "the union wants to sign {it}")


def test_an_empty_holder_is_the_author():
    assert InputFormat().pair(Question("We signed.", "sign"))[1] == "the author: sign"


@pytest.mark.parametrize(
    ("text", "holder", "expected"),
    [
        ("Then the union left.", "the union", "Then the @ union @ left."),
        ("The trade ministry and the ministry of labour met.", "the Ministry of Labour",
         "The trade ministry and the @ ministry of labour @ met."),
        ("Dockers' union? The dockers' union, again.", "the dockers' union",
         "@ Dockers' union @? The @ dockers' union @, again."),
        ("The mayor spoke; mayor Ruiz left.", "mayor Ruiz", "The mayor spoke; @ mayor Ruiz @ left."),
        ("Nobody met, unions or not.", "the union", "Nobody met, unions or not."),
        ("The end of the matter.", "the", "The end of the matter."),
        ("We left.", "", "We left."),
    ],
)  # fmt: skip
def test_the_mention_that_has_most_of_a_name_is_marked(text, holder, expected):
    assert marked(text, holder, "@") == expected
    assert InputFormat(mark="@").pair(Question(text, "sign", holder, "Union and Ruiz met."))[0] == expected
    assert InputFormat().pair(Question(text, "sign", holder))[0] == text


def test_marks_reach_the_model_and_leave_the_context_alone(tokenizer):
    row = Question("The union left.", "sign", "the union", "The union met.")
    input_format = InputFormat(mark="@", context_words=9)
    assert "the union met. the @ union @ left. [SEP] the union : sign" in tokenizer.decode(
        encode(tokenizer, input_format, [row])["input_ids"][0]
    )


def test_holder_and_target_reach_the_model(tokenizer):
    def tokens(holder, target):
        return encode(tokenizer, InputFormat(), [Question("They met.", target, holder)])["input_ids"][0]

    assert tokens("a", "sign") != tokens("b", "sign")
    assert tokens("a", "sign") != tokens("a", "leave")


def test_a_long_text_is_cut_and_the_target_survives(tokenizer):
    target = "open the northern crossing to grain"
    encoded = encode(tokenizer, InputFormat(max_length=32), [Question("word " * 500, target, "the port")])
    ids = encoded["input_ids"][0]
    assert len(ids) == 32
    assert tokenizer.decode(ids).endswith(f"the port : {target} [SEP]")


def test_context_gives_way_to_the_text(tokenizer):
    """However long the context, text and target are whole; what is left of it is its end."""
    target, text = "open the northern crossing", "The port authority would not hear of it."
    context = " ".join(f"w{i}" for i in range(300))
    row = Question(text, target, "the port", context)
    full = tokenizer.decode(encode(tokenizer, InputFormat(context_words=200, max_length=64), [row])["input_ids"][0])
    assert text.lower().rstrip(".") in full
    assert f"the port : {target} [SEP]" in full
    assert "w299" in full
    assert "w0 " not in full
    bare = encode(tokenizer, InputFormat(), [row])["input_ids"][0]
    tight = encode(tokenizer, InputFormat(context_words=200, max_length=len(bare)), [row])["input_ids"][0]
    assert tight == bare


def test_a_target_longer_than_half_the_input_is_said(tokenizer, caplog):
    row = Question("They met.", "go " * 60)
    with caplog.at_level("WARNING", logger="stance"):
        ids = encode(tokenizer, InputFormat(max_length=32), [row])["input_ids"][0]
    assert len(ids) == 32
    assert "1 of 1 rows: holder and target fill more than half the input" in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"first": "{text} {speaker}"}, "unknown field; found '{speaker}'; allowed: {text}, {target}, {holder}"),
        ({"second": "{holder}"}, "neither has {target}"),
        (
            {"first": "{target}", "second": "{text}"},
            "template 'second': has {text}; found '{text}'; allowed: {text} in",
        ),
        ({"max_length": 4}, "max_length >= 8"),
        ({"first": "{text"}, "expected '}' before end of string"),
        ({"mark": "H1 "}, "mark: a text may have it; found 'H1 '"),
    ],
)
def test_a_faulty_format_is_refused(changes, message):
    with pytest.raises(StanceError, match=message.replace("{", r"\{").replace("}", r"\}")):
        InputFormat(**changes)


def test_encoders_by_name(tmp_path):
    assert encoder_location("org/model") == "org/model"
    assert encoder_location(SMALL_ENCODER) != SMALL_ENCODER
    with pytest.raises(StanceError, match=r"'org/nothing' .no folder, and not to be had from the hub. does not load"):
        load_encoder(AutoTokenizer.from_pretrained, "org/nothing")
    with pytest.raises(StanceError, match=r"a folder. does not load"):
        load_encoder(AutoTokenizer.from_pretrained, str(tmp_path))


def test_two_spellings_of_a_row_are_read_alike(tokenizer):
    row = Question("Le délégué Müller refuse.", "fermer à clé", "Müller", "Avant, à côté.")
    nfd = Question(**{name: unicodedata.normalize("NFD", value) for name, value in asdict(row).items()})
    for input_format in (InputFormat(context_words=2), InputFormat(mark="¤")):
        assert input_format.pair(nfd) == input_format.pair(row)
