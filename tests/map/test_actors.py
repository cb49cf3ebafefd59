"""Actors are found by the longest name in their case, and a faulty file says where; pronouns follow one rule."""

from __future__ import annotations

import re
import unicodedata

import pytest

from conftest import write_lines
from stance.base.errors import StanceError
from stance.map.actors import Finder, bodies, read_actors
from stance.map.pronouns import BODY, EITHER, PERSON, by_title, is_place, kind_of, resolve
from stance.map.suggest import entities_of, suggest, write_suggestions
from stance.map.types import Actor, Document

ACTORS = (
    Actor("Mumtaz Zahra Baloch", ("Baloch", "the FO spokesperson"), "Foreign Office"),
    Actor("Foreign Office", ("FO", "the Foreign Office"), "Pakistan"),
    Actor("Pakistan", ("Islamabad",)),
    Actor("United States", ("US", "USA")),
    Actor("Türkiye", ("Turkey",)),
    Actor("José Núñez", (), "OPEC"),
    Actor("OPEC"),
)
KINDS = {actor.name: kind_of(actor, ACTORS) for actor in ACTORS}


def named(text, actors=ACTORS):
    return [(each.actor, text[each.start : each.end]) for each in Finder(actors).find(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "The FO spokesperson met Mumtaz Zahra Baloch.",
            [(ACTORS[0].name, "The FO spokesperson"), (ACTORS[0].name,) * 2],
        ),
        ("The foreign  office\nin Islamabad", [("Foreign Office", "The foreign  office"), ("Pakistan", "Islamabad")]),
        ("It told us, and the US, that turkey is off.", [("United States", "US")]),
        ("The U.S. said so to a u.s. man in the U.S.", [("United States", "U.S."), ("United States", "U.S.")]),
        ("Opec and OPEC; opec is not", [("OPEC", "Opec"), ("OPEC", "OPEC")]),
        ("Balochistan and Pakistanis", []),
        (
            "jose nunez, JOSE NUNEZ, José Núñez’s",
            [("José Núñez", form) for form in ("jose nunez", "JOSE NUNEZ", "José Núñez")],
        ),
        ("PAKISTAN: NO", [("Pakistan", "PAKISTAN")]),
        ("West Pakistan, East-Pakistan and WEST PAKISTAN", []),  # others than Pakistan
        ("To the east, Pakistan; out west Pakistan said no", [("Pakistan", "Pakistan")] * 2),
        ("Pakistan-backed rebels and anti-Pakistan fighters met Pakistan.", [("Pakistan", "Pakistan")]),
        ("The U.S.S.R. is not the U.S. of today.", [("United States", "U.S.")]),
        ("The U.S.-Pakistan talks", [("United States", "U.S."), ("Pakistan", "Pakistan")]),
        ("Paki\u00ad\r\n stan", [("Pakistan", "Paki\u00ad\r\n stan")]),
        ("Pakistan\u00ad said", [("Pakistan", "Pakistan")]),
    ],
)
def test_names_are_found_whole_the_longest_first_in_their_case(text, found):
    assert named(text) == found


def test_composed_or_not_a_name_is_one_and_offsets_are_those_of_the_text():
    text = unicodedata.normalize("NFD", "Été: José Núñez a dit non à la Türkiye.")
    assert [unicodedata.normalize("NFC", form) for _, form in named(text)] == ["José Núñez", "Türkiye"]


def test_scripts_without_blanks():
    assert named("外交部拒绝了", (Actor("外交部"),)) == [("外交部", "外交部")]


def test_common_words_are_counted(caplog):
    finder = Finder([Actor("Joren Vik", ("the mayor",)), Actor("who")])
    finder.find("The mayor, who was late, met the mayor.")
    assert finder.hits == {"the mayor": 2, "who": 1}
    assert "common word" in caplog.text


def write(tmp_path, *lines):
    path = tmp_path / "actors.csv"
    path.write_text("\n".join(["name,aliases,member_of", *lines]) + "\n", encoding="utf-8")
    return path


def test_a_file_of_actors(tmp_path):
    path = write(tmp_path, "Baloch,the spokesperson| M. Z. Baloch ,FO", "FO,,Pakistan", "Pakistan,,")
    actors = read_actors(path)
    assert actors[0] == Actor("Baloch", ("the spokesperson", "M. Z. Baloch"), "FO")
    assert bodies(actors) == {"Baloch": ("FO", "Pakistan"), "FO": ("Pakistan",), "Pakistan": ()}


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("name,alias", "columns that are not read: ['alias']; without column: ['aliases', 'member_of']"),
        ("name,aliases,member_of,source", ""),
        ("name,aliases,statements", ""),
    ],
)
def test_columns_that_are_not_read_are_told(tmp_path, caplog, head, told):
    path = tmp_path / "actors.csv"
    path.write_text(f"{head}\nBaloch{head.count(',') * ','}\n", encoding="utf-8")
    read_actors(path)
    assert told in caplog.text and bool(told) is bool(caplog.text)


def test_a_soft_hyphen_parts_no_name():
    assert named("Pak\u00adistan left.", [Actor("Pakistan")]) == [("Pakistan", "Pak\u00adistan")]


def test_a_file_of_actors_in_another_encoding(tmp_path):
    text = "name,aliases,member_of\nErdoğan,Erdo\xf0an,\n"
    path = tmp_path / "actors.csv"
    path.write_text(text, encoding="utf-8")
    assert read_actors(path, "cp1252")[0].name == "Erdoğan"
    path.write_bytes(text.replace("ğ", "\xf0").encode("cp1252"))
    assert read_actors(path, "cp1254")[0].name == "Erdoğan"
    with pytest.raises(StanceError, match=r"line 2: byte 5 of the line is not utf-8; .*encoding=cp1252"):
        read_actors(path)


def test_aliases_may_be_a_list(tmp_path):
    rows = [{"name": "Foreign Office", "aliases": ["FO", " Pakistan's Foreign Office", ""], "member_of": None}]
    (actor,) = read_actors(write_lines(tmp_path / "actors.jsonl", rows))
    assert actor == Actor("Foreign Office", ("FO", "Pakistan's Foreign Office"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"aliases": {"a": 1}}, "line 1: aliases is no text; found {'a': 1}; allowed: texts, as a|b or a list"),
        ({"aliases": ["FO", 7]}, "line 1: aliases is no text; found 7"),
        ({"aliases": [["FO"]]}, "line 1: aliases is no text; found ['FO']"),
        ({"aliases": True}, "line 1: aliases is no text; found True"),
        (
            {"aliases": "FO; the Office"},
            "line 1: aliases looks like several in one; found 'FO; the Office'; allowed: |",
        ),
        ({"aliases": "FO\nthe Office"}, "line 1: aliases looks like several in one"),
        ({"name": ["FO"]}, "line 1: name is no text; found ['FO']; allowed: a text"),
        ({"member_of": ["FO"]}, "line 1: member_of is no text"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, changes, said):
    path = write_lines(tmp_path / "actors.jsonl", [{"name": "Foreign Office"} | changes])
    with pytest.raises(StanceError, match=re.escape(said)):
        read_actors(path)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["A B,the chief,", "C D,The  Chief,"], "line 3: C D and A B .*line 2.* have one alias; found 'The  Chief'"),
        (["A B,,", "A B,x,"], "line 3: an actor occurs twice"),
        (["A B,,Nobody"], "line 2: member_of is no actor; found 'Nobody'"),
        (["A,,B", "B,,C", "C,,A"], "line 2: members in a circle; found 'A -> B -> C -> A'"),
        (["A,,A"], "members in a circle"),
        ([",x,"], "an actor without name"),
        ([], "no actors in the file"),
    ],
)
def test_faulty_files_are_refused_by_line(tmp_path, lines, said):
    with pytest.raises(StanceError, match=said):
        read_actors(write(tmp_path, *lines))


def test_kinds():
    assert KINDS["Mumtaz Zahra Baloch"] == PERSON
    assert KINDS["José Núñez"] == PERSON
    assert kind_of(Actor("Judge Rosmini"), ()) == PERSON
    assert {kind_of(Actor(name), ()) for name in ("Tundra Minerals", "Priit Kask")} == {EITHER}
    assert kind_of(Actor("the union"), ()) == BODY
    assert kind_of(Actor("Tehreek-e-Taliban Pakistan", ("TTP",)), ()) == BODY


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("President Garang", PERSON),
        ("Prime Minister Lukas Adler", PERSON),
        ("Lord Tennant", PERSON),
        ("Commissioner Ruy Tavares", PERSON),
        ("President's Office", BODY),
        ("Governor Lee’s Office", BODY),
        ("Lord Mayor's Council", BODY),
        ("General Motors", EITHER),
    ],
)
def test_a_title_that_begins_names_of_persons_and_of_bodies(name, kind):
    assert kind_of(Actor(name), ()) == kind


def test_who_is_a_person_by_title_is_not_the_union():
    actors = (Actor("Daniel Garang", ("President Garang",)),)
    kinds, text = {actors[0].name: kind_of(actors[0], actors)}, "President Garang spoke."
    _, last = resolve(text, Finder(actors).find(text), kinds, {}, {})
    assert resolve("Sources said that the union would agree.", [], kinds, last, {})[0] == {}


def test_who_is_of_the_kind_comes_before_who_may_be():
    kinds = {"Mumtaz Zahra Baloch": PERSON, "Pakistan": EITHER, "Foreign Office": BODY}
    text = "Baloch met Pakistan."
    _, last = resolve(text, Finder(ACTORS).find(text), kinds, {}, {})
    assert {kind: subject.actor for kind, subject in last.items()} == {PERSON: ACTORS[0].name, BODY: "Pakistan"}


def test_bodies_are_no_persons():
    assert {KINDS[name] for name in ("Foreign Office", "Pakistan", "OPEC", "United States")} == {BODY}


def who(*texts, actors=ACTORS):
    """Who is meant in the last of several sentences."""
    kinds, finder, last = {actor.name: kind_of(actor, actors) for actor in actors}, Finder(actors), {}
    for text in texts:
        meant, last = resolve(text, finder.find(text), kinds, last, by_title(finder.owners, kinds))
    return set(meant)


@pytest.mark.parametrize(
    ("texts", "meant"),
    [
        (["Baloch met the press.", "She ruled talks out."], {"Mumtaz Zahra Baloch"}),
        (["Baloch met the press.", "It rained.", "She left."], set()),  # not in the sentence before
        (["Baloch met the press.", "She smiled.", "She left."], {"Mumtaz Zahra Baloch"}),
        (["Pakistan waited.", "She left."], set()),  # no person
        (["The talks with Baloch ended.", "She left."], set()),  # no subject
        (["Pakistan's envoy waited.", "They left."], set()),
        (["The Foreign Office waited.", "A day later the ministry refused."], {"Foreign Office"}),
        (["Baloch spoke, and José Núñez said that he agreed."], set()),  # he is named in the sentence
        (["Baloch met the press.", "The spokesperson of the party left."], set()),
        (["OPEC waited.", "General Kuol, the army chief, and the union leaders agreed."], set()),  # no army, no union
        (["Baloch met OPEC.", "The party chairman left."], {"Mumtaz Zahra Baloch"}),
        (["OPEC met the press.", "It is high time to talk, Kuol said."], set()),
        (["OPEC met the press.", "It was not clear whether talks would follow."], set()),
        (["OPEC met the press.", "It was reported that talks would follow."], set()),
        (["OPEC met the press.", "It is unlikely to agree."], {"OPEC"}),
        (["OPEC met the press.", "It is ready for talks."], {"OPEC"}),
        (["OPEC met the press.", "It was clear about its refusal."], {"OPEC"}),
        (["OPEC met the press.", "It is known as a cartel."], {"OPEC"}),
    ],
)
def test_pronouns_and_titles(texts, meant):
    assert who(*texts) == meant


WAR = (
    Actor("James Kuol", ("General James Kuol", "Kuol"), "Army"),
    Actor("Rose Lado", ("Ms. Lado",)),
    Actor("Dockers' Union"),
    Actor("General Staff", (), "Army"),
    Actor("Staff Board", (), "General Staff"),
    Actor("Army"),
)


@pytest.mark.parametrize(
    ("texts", "meant"),
    [
        (["General James Kuol opposed it.", "Ms. Lado did not.", "The general declined to comment."], {"James Kuol"}),
        (["Kuol met Ms. Lado.", "The general left."], {"James Kuol"}),  # an alias has it, whatever he is called here
        (["Kuol left.", "The General Staff met Ms. Lado.", "The general stayed."], {"James Kuol"}),  # no body
        (["Ms. Lado spoke.", "The general left."], set()),  # whose title it is has not been named
        (["Ms. Lado spoke.", "The minister left."], {"Rose Lado"}),  # it is nobody's
        (["The Dockers' Union voted.", "The Army waited.", "Ms. Lado defied the union."], {"Dockers' Union"}),
    ],
)
def test_a_title_that_is_in_a_name_means_who_has_it(texts, meant):
    assert who(*texts, actors=WAR) == meant


def test_a_place_is_no_actor():
    for text, places in (
        ("At the briefing in Islamabad, Pakistan said no.", [True, False]),
        ("In Pakistan's view it is over.", [False]),
        ("In Pakistan's Punjab it is over.", [True]),
        ("In Baloch, they trust.", [False]),
    ):
        assert [is_place(text, each, KINDS[each.actor]) for each in Finder(ACTORS).find(text)] == places


def test_actors_are_suggested_with_counts_and_read_again(tmp_path):
    texts = [
        "Joren Vik said no. The Harbour Board, after a vote, rejected the plan. It rained.",
        "Vik told the press so. The Harbour Board has met. The plan was old.",
    ]
    documents = [Document(str(n), text) for n, text in enumerate(texts)]
    found = suggest(documents)
    assert found == [("Harbour Board", (), 2, 2), ("Joren Vik", ("Vik",), 2, 2)]
    assert write_suggestions(tmp_path / "actors.csv", documents) == 2
    assert read_actors(tmp_path / "actors.csv")[1] == Actor("Joren Vik", ("Vik",))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Envoys arrived in Kabul. The Taliban rejected the plan.", ["Taliban"]),
        ("He told the U.S. The White House said yes.", ["White House"]),
        ("He told the U.S. He said no.", []),
        ("The U.S. State Department said no. Mr. Khan agreed.", ["U.S. State Department", "Mr. Khan"]),
        ("U.N. envoys met J. R. Smith. St. John's Council said no.", ["St. John's Council"]),
        ("On Tuesday Pakistan offered talks. Later the Taliban rejected it.", ["Pakistan", "Taliban"]),
        ("In May Pakistan said no, and Theresa May said yes. May Lee agreed. But May has left.",
         ["Pakistan", "Theresa May", "May Lee", "May"]),
        ("On the Friday would it rain? Monday will tell. Yesterday Iran said so.", ["Iran"]),
        ("Doctors Without Borders said no. Booking.com agreed. N.Ireland refused.",
         ["Doctors Without Borders", "Booking.com", "N.Ireland"]),
        ("Both Iran and Oman said yes.", ["Iran and Oman"]),
        ("President Garang and the Northern Front signed it.", ["President Garang", "Northern Front"]),
        ("Its spokesman, Colonel Peter Deng, denied it. Rose Lado, the minister, has left.",
         ["Colonel Peter Deng", "Rose Lado"]),
        ("The mayor of Felling, Lord Tennant, has spoken. In Juba, he said no.", ["Felling", "Lord Tennant"]),
        ("Sources said no. Officials will wait. U.N. Officials agreed.", ["U.N. Officials"]),
    ],
)  # fmt: skip
def test_names_of_candidates_begin_and_end_where_they_should(text, names):
    found = suggest([Document("a", text)])
    assert {name for head, aliases, *_ in found for name in (head, *aliases)} == set(names)


def test_names_that_the_finder_takes_for_one_are_one_candidate(tmp_path):
    text = (
        "IRAN said no. Later, Iran said yes. José Núñez agreed. Jose Nunez said so. JOSE NUNEZ agreed. NUNEZ has left."
    )
    documents = [Document("a", text)]
    assert suggest(documents) == [("José Núñez", ("NUNEZ",), 4, 1), ("Iran", (), 2, 1)]
    write_suggestions(tmp_path / "actors.csv", documents)
    assert [actor.name for actor in read_actors(tmp_path / "actors.csv")] == ["José Núñez", "Iran"]


def test_entities_of_a_pipeline_are_candidates(tmp_path):
    reason = 'spaCy is not installed (extra "spacy"): its entities were not tried'
    spacy = pytest.importorskip("spacy", reason=reason)
    made = spacy.blank("en")
    named = [
        ("PERSON", "Ana Vik"),
        ("PERSON", "Vik"),
        ("ORG", "the Port Union"),
        ("DATE", "Tuesday"),
        ("GPE", "Orland"),
    ]
    made.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": text} for label, text in named])
    made.to_disk(tmp_path / "pipeline")
    texts = ("On Tuesday Ana Vik met the Port Union.", "the Port Union heard from Vik, not from Orland.")
    documents = [Document(str(number), text) for number, text in enumerate(texts)]
    assert suggest(documents, entities_of(str(tmp_path / "pipeline"))) == [
        ("Ana Vik", ("Vik",), 2, 2),
        ("Port Union", (), 2, 2),
        ("Orland", (), 1, 1),
    ]
    with pytest.raises(StanceError, match="no pipeline of spaCy"):
        entities_of("en_core_web_of_nobody")
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(StanceError, match="marks no entities"):
        entities_of(str(tmp_path / "blank"))
