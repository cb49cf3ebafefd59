"""What counts as a mention of a name: capitals, initials, scripts without blanks, and forms of Unicode."""

from __future__ import annotations

import unicodedata

import pytest

from stance.mentions import marked, mentions


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("The US told us it would sign.", "the US", "The ¤ US ¤ told us it would sign."),
        ("Who said that WHO may sign?", "WHO", "Who said that ¤ WHO ¤ may sign?"),
        ("It is for IT to say.", "IT", "It is for ¤ IT ¤ to say."),
        ("Allies left; Nato stayed.", "NATO", "Allies left; ¤ Nato ¤ stayed."),
        ("Take care, CARE said.", "CARE", "Take care, ¤ CARE ¤ said."),
        ("The U.N. and the UN met.", "UN", "The ¤ U.N. ¤ and the ¤ UN ¤ met."),
        ("J.D. Vance met D. Smith.", "J. D. Vance", "J.D. ¤ Vance ¤ met D. Smith."),
        ("@POTUS rejects it.", "@POTUS", "@¤ POTUS ¤ rejects it."),
        ("It may rain.", "May", "It may rain."),
        ("It may rain, May said.", "May", "It may rain, ¤ May ¤ said."),
        ("Plan X is dead.", "X", "Plan X is dead."),
        ("भारत सरकार ने कहा", "भारत सरकार", "¤ भारत सरकार ¤ ने कहा"),
        ("中国外交部表示支持", "外交部", "中国¤ 外交部 ¤表示支持"),
        ("Côte d'Ivoire signed.", "Côte d'Ivoire", "¤ Côte d'Ivoire ¤ signed."),
    ],
)
def test_a_mention_is_the_name_as_people_write_it(text, name, expected):
    assert marked(text, name, "¤") == expected


def test_two_forms_of_one_string_are_one_name():
    decomposed = unicodedata.normalize("NFD", "Ministère")
    assert decomposed != "Ministère"
    assert marked(f"Le {decomposed} refuse.", "le Ministère", "¤") == "¤ Le Ministère ¤ refuse."


def test_the_mark_is_nothing_that_a_text_has():
    assert marked("¤ 5, the union said.", "the union", "¤").count("¤") == 2
    assert mentions("Nobody left.", "the union") == []
