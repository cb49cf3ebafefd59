"""Words in any script, and two spellings of one string."""

from __future__ import annotations

import unicodedata

import pytest
import regex

from stance.base.words import characters, composed, count_words, last_words, one_spelling, whole, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They can't sign U.N. 3.5 a_b", ["They", "can", "t", "sign", "U", "N", "3", "5", "a_b"]),
        ("मोदी नहीं मानेंगे।", ["मोदी", "नहीं", "मानेंगे"]),
        ("தி.மு.க மறுத்தது", ["தி", "மு", "க", "மறுத்தது"]),
        ("ශ්‍රී ලංකාව", ["ශ්‍රී", "ලංකාව"]),
        ("می‌خواهد نه", ["می‌خواهد", "نه"]),
        ("习近平宣布NATO停火。", ["习", "近", "平", "宣", "布", "NATO", "停", "火"]),
        ("ゼレンスキー大統領は", ["ゼレンスキー", "大", "統", "領", "は"]),
        ("พูดว่าไม่", ["พู", "ด", "ว่", "า", "ไ", "ม่"]),
        ("ខ្មែរ", ["ខ្", "មែ", "រ"]),
        ("문재인은 말했다", ["문재인은", "말했다"]),
        ("❤️ 😀!", []),
    ],
)
def test_vowel_signs_and_joiners_belong_to_their_word(text, expected):
    assert words(text) == expected


def test_words_are_counted_where_blanks_part_them_and_else_by_character():
    assert count_words("They can't - or won't - sign.") == 7
    assert count_words("习近平宣布停火。") == 7
    assert last_words("First. They  refused to sign", 3) == "refused to sign"
    assert last_words("习近平宣布停火。", 2) == "停火。"
    assert last_words("ab", 5) == "ab"


def test_a_vowel_sign_is_no_character_of_its_own():
    assert list(characters("मोदी")) == ["मो", "दी"]
    assert list(characters("e\u0301a")) == ["e\u0301", "a"]


@pytest.mark.parametrize(
    ("text", "names", "found"),
    [
        ("The union's unions reunion", ["union"], ["union"]),
        ("राम रामा", ["राम"], ["राम"]),
        ("北约NATO停火", ["NATO"], ["NATO"]),
        ("习近平主席", ["习近平"], ["习近平"]),
        ("มาลี่มาลี", ["มาลี"], ["มาลี"]),
        ("남미국가 미국은", ["미국"], ["미국"]),
        ("アメリカンとアメリカの", ["アメリカ"], ["アメリカ"]),
    ],
)
def test_a_whole_name_is_no_part_of_a_longer_word(text, names, found):
    assert [match.group() for match in regex.finditer(whole(names), text)] == found


@pytest.mark.parametrize("text", ["délégué", "Việt Nam", "한국", "Å", "क़लम"])
def test_two_spellings_of_a_string_are_one_and_the_first_is_kept(text):
    first, second = (unicodedata.normalize(form, text) for form in ("NFD", "NFC"))
    assert composed(first) == composed(second)
    spell = one_spelling()
    assert [spell(first), spell(second), spell("other")] == [first, first, "other"]
