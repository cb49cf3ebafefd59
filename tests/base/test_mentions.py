"""What counts as a mention of a holder, in any script."""

from __future__ import annotations

import unicodedata

import pytest

from stance.base.mentions import marked, mentions
from stance.base.questions import Question
from stance.models.input_format import InputFormat

CASES = {
    "capitals": [
        ("the US", "They told us that the US left.", "They told us that the ¤ US ¤ left."),
        ("the US", "They told us so.", "They told us so."),
        ("WHO", "Who said so? WHO did, who else.", "Who said so? ¤ WHO ¤ did, who else."),
        ("IT", "It rains, and it rains on IT.", "It rains, and it rains on ¤ IT ¤."),
        ("CARE", "Care is needed, take care, says CARE.", "Care is needed, take care, says ¤ CARE ¤."),
        ("CARE", "Care is needed.", "Care is needed."),
        ("NATO", "The Nato plan stands; Nato left.", "The ¤ Nato ¤ plan stands; ¤ Nato ¤ left."),
        ("US AID", "They gave us aid.", "They gave us aid."),
        ("KIM JONG UN", "Kim Jong Un left the UN.", "¤ Kim Jong Un ¤ left the UN."),
        ("May", "They may leave; may May stay.", "They may leave; may ¤ May ¤ stay."),
        ("Gordon Brown", "gordon brown in a brown coat", "¤ gordon brown ¤ in a brown coat"),
    ],
    "initials": [
        ("U.N.", "The U.N. and the UN made a U-turn in N. Ireland.",
         "The ¤ U.N. ¤ and the ¤ UN ¤ made a U-turn in N. Ireland."),
        ("UN", "The U.N. left.", "The ¤ U.N. ¤ left."),
        ("the U.N", "The U.N rejected it.", "The ¤ U.N ¤ rejected it."),
        ("J. K. Rowling", "J.K.Rowling and Mr. K. left.", "J.K.¤ Rowling ¤ and Mr. K. left."),
        ("J. D. Vance", "J.D. Vance met D. Smith.", "J.D. ¤ Vance ¤ met D. Smith."),
        ("George W. Bush", "George W. Bush left.", "¤ George W. Bush ¤ left."),
        ("George Bush", "George W. Bush left.", "¤ George W. Bush ¤ left."),
        ("தி.மு.க.", "தி.மு.க. மறுத்தது; க. மறுத்தார்", "¤ தி.மு.க. ¤ மறுத்தது; க. மறுத்தார்"),
        ("X", "X marks plan X.", "X marks plan X."),
        ("G-20", "20 of the G20 met, and the G-20 left.", "20 of the ¤ G20 ¤ met, and the ¤ G-20 ¤ left."),
        ("AT&T", "AT&T is at T.", "¤ AT&T ¤ is at T."),
    ],
    "little words": [
        ("Rodríguez de la Cruz", "la plaza de la ciudad", "la plaza de la ciudad"),
        ("Eva von der Leyen", "von der Straße zu Eva von der Leyen", "von der Straße zu ¤ Eva von der Leyen ¤"),
        ("El Salvador", "El presidente de El Salvador", "El presidente de ¤ El Salvador ¤"),
        ("El Al", "El Al flies.", "¤ El Al ¤ flies."),
        ("the Ministry of the Interior", "The Ministry of Defence met the Ministry of the Interior.",
         "The Ministry of Defence met the ¤ Ministry of the Interior ¤."),
        ("Ministry of Defence", "The Ministry of Finance left.", "The Ministry of Finance left."),
        ("Ministry of Defence", "The Ministry met the Ministry of Finance.",
         "The ¤ Ministry ¤ met the Ministry of Finance."),
        ("Ministry of Defence", "The Ministry for Defence left.", "The ¤ Ministry for Defence ¤ left."),
        ("Council of Prosecutors", "The Council of Europe left.", "The Council of Europe left."),
        ("President of Chile", "The president of the republic left.", "The ¤ president ¤ of the republic left."),
        ("President of the United States", "The President of the US left.", "The ¤ President ¤ of the US left."),
        ("German government", "The government of Germany left.", "The ¤ government ¤ of Germany left."),
        ("mayor Ruiz", "mayor Ruiz. The mayor left.", "¤ mayor Ruiz ¤. The mayor left."),
        ("भारत की सरकार", "की बात", "की बात"),
        ("the", "The end of the matter.", "The end of the matter."),
    ],
    "another name": [
        ("South Sudan", "South Korea left, South Sudan did not.", "South Korea left, ¤ South Sudan ¤ did not."),
        ("South Sudan", "South Korea left.", "South Korea left."),
        ("President Trump", "President Biden welcomed the President.", "President Biden welcomed the ¤ President ¤."),
        ("President Trump", "The President Monday met him.", "The ¤ President ¤ Monday met him."),
        ("Prime Minister Modi", "Prime Minister Sharif left.", "Prime Minister Sharif left."),
        ("Prime Minister Modi", "Prime Minister Narendra Modi left.", "Prime Minister Narendra ¤ Modi ¤ left."),
        ("Justice Moura", "Justice Ana Moura left.", "Justice Ana ¤ Moura ¤ left."),
        ("George Bush", "George W. Bush left with Bush.", "¤ George W. Bush ¤ left with Bush."),
        ("South Africa", "A South African said so.", "A ¤ South ¤ African said so."),
        ("Biden Administration", "Biden Rejects Deal", "¤ Biden ¤ Rejects Deal"),
        ("Ishaq Dar", "Minister Dar left.", "Minister ¤ Dar ¤ left."),
        ("Israeli Government", "Israeli Prime Minister Netanyahu left.", "¤ Israeli ¤ Prime Minister Netanyahu left."),
        ("Labour Party", "Labour MPs left.", "¤ Labour ¤ MPs left."),
        ("Vice President Harris", "Vice President JD Vance left.", "Vice President JD Vance left."),
        ("George W. Bush", "George Washington left.", "George Washington left."),
        ("Mr. Trump", "Mr. Biden left.", "Mr. Biden left."),
        ("the US government", "US President Trump left.", "¤ US ¤ President Trump left."),
    ],
    "signs": [
        ("Pakistan", "Pak\xadistan and Pak\u200bistan left.", "¤ Pak\xadistan ¤ and ¤ Pak\u200bistan ¤ left."),
        ("@POTUS", "@POTUS, ¤ and @ nobody", "@¤ POTUS ¤,   and @ nobody"),
        ("Joe O’Brien", "Joe O'Brien's plan", "¤ Joe O'Brien ¤'s plan"),
        ("Côte d’Ivoire", "Côte d'Ivoire left.", "¤ Côte d'Ivoire ¤ left."),
        ("Iran", "Iranian talks in Iran, says Iran's envoy.", "Iranian talks in ¤ Iran ¤, says ¤ Iran ¤'s envoy."),
        ("US", "the US-led plan", "the ¤ US ¤-led plan"),
    ],
    "numbered": [
        ("Party A", "Party A signed, Party B did not.", "¤ Party ¤ A signed, Party B did not."),
        ("Party A", "Party B did not sign.", "Party B did not sign."),
        ("Group 5", "group 6 left; Group 5 stayed.", "group 6 left; ¤ Group ¤ 5 stayed."),
        ("Region 12", "Region 11 left; Region 12 stayed.", "Region 11 left; ¤ Region 12 ¤ stayed."),
        ("Mr. X", "Mr. Y met Mr. X.", "Mr. Y met ¤ Mr ¤. X."),
        ("Malcolm X", "Malcolm said so to Malcolm Y.", "¤ Malcolm ¤ said so to Malcolm Y."),
    ],
    "scripts": [
        ("नरेंद्र मोदी", "नरेंद्र मोदी ने मोदीनगर छोड़ा", "¤ नरेंद्र मोदी ¤ ने मोदीनगर छोड़ा"),
        ("习近平", "习近平宣布停火", "¤ 习近平 ¤宣布停火"),
        ("外交部", "中国外交部表示支持", "中国¤ 外交部 ¤表示支持"),
        ("弗拉基米尔·普京", "普京说", "¤ 普京 ¤说"),
        ("NATO", "北约NATO停火", "北约¤ NATO ¤停火"),
        ("ゼレンスキー", "ゼレンスキー大統領は", "¤ ゼレンスキー ¤大統領は"),
        ("アメリカ", "アメリカンとアメリカの", "アメリカンと¤ アメリカ ¤の"),
        ("岸田", "岸田首相は", "¤ 岸田 ¤首相は"),
        ("พรรคเพื่อไทย", "ว่าพรรคเพื่อไทยกล่าว", "ว่า¤ พรรคเพื่อไทย ¤กล่าว"),
        ("มาลี", "มาลี่มาลี", "มาลี่¤ มาลี ¤"),
        ("ហ៊ុន សែន", "សម្តេច ហ៊ុន សែន", "សម្តេច ¤ ហ៊ុន សែន ¤"),
        ("미국", "남미국가와 미국은", "남미국가와 ¤ 미국 ¤은"),
        ("Владимир Путин", "Сказал Путин.", "Сказал ¤ Путин ¤."),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("holder", "text", "expected"), [case for cases in CASES.values() for case in cases])
def test_a_mention_is_the_name_and_nothing_else(holder, text, expected):
    assert marked(text, holder, "¤") == expected


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_both_spellings_of_a_name_are_the_name(form):
    text, holder = "Le délégué Müller refuse.", "Müller"
    assert marked(text, unicodedata.normalize(form, holder), "¤") == "Le délégué ¤ Müller ¤ refuse."
    assert marked(unicodedata.normalize(form, text), holder, "¤") == "Le délégué ¤ Müller ¤ refuse."


def test_the_author_is_not_mentioned():
    assert mentions("We left, I said.", "") == []


def test_nothing_in_text_or_context_is_taken_for_a_mark():
    first, _ = InputFormat(mark="¤", context_words=9).pair(Question("¤ She ¤ left.", "leave", "Ada", "¤ Ada ¤ came."))
    assert "¤" not in first
