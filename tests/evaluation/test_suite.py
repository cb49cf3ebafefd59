"""The bundled suite holds what it promises; a suite of one's own is read strictly."""

from __future__ import annotations

import re

import pytest

from conftest import PROJECT
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.data.corpora.negotiation import read_documents
from stance.evaluation.checks.cases import cases_of
from stance.evaluation.checks.suite import BUNDLED, KINDS, read_suite


@pytest.fixture(scope="module")
def bundled():
    """The bundled suite's cases by name of the test."""
    suite = read_suite()
    return {test.name: (test, cases_of(test)) for test in suite.tests}


def rows_of(cases):
    return [row for case in cases for row in (case.first, case.then) if row is not None]


def test_there_are_enough_tests_of_each_kind_and_enough_distinct_cases(bundled):
    assert len(bundled) >= 25
    assert {kind: sum(test.kind == kind for test, _ in bundled.values()) >= 8 for kind in KINDS} == dict.fromkeys(
        KINDS, True
    )
    for test, cases in bundled.values():
        assert len(cases) >= 20, test.name
        assert len({(case.first, case.then) for case in cases}) == len(cases), test.name
        assert len({case.template for case in cases}) == len(test.templates) >= 3, test.name
        assert test.about, test.name


def test_no_question_is_asked_with_two_labels(bundled):
    labels: dict[tuple[str, str, str], set[str]] = {}
    for test, cases in bundled.values():
        if test.kind != "INV":
            for row in rows_of(cases):
                assert row.label in LABELS
                labels.setdefault((row.text, row.holder, row.target), set()).add(row.label)
    assert not [question for question, said in labels.items() if len(said) > 1]


def test_every_sentence_is_whole(bundled):
    for test, cases in bundled.values():
        for case in cases:
            for row in rows_of([case]):
                assert not re.search(r"[{}]|\s\s|\b(\w+) \1\b|\ba [aeiou]", row.text), row.text
                assert row.target
            assert case.first.text[0].isupper() or case.first.text[0] == '"', case.first.text
            assert case.first.text.rstrip('"')[-1] in ".,?", case.first.text
            assert (case.then is None) == (test.kind == "MFT")
            assert case.then != case.first


def test_the_holder_is_in_the_text_unless_it_is_the_author(bundled):
    for _, cases in bundled.values():
        for case in cases:
            assert case.first.holder.lower() in case.first.text.lower(), case
            if case.then is not None and case.then.label is not None:
                assert case.then.holder.lower() in case.then.text.lower(), case


def test_dir_cases_have_two_labels_and_both_poles_are_asked_for(bundled):
    moves = set()
    for test, cases in bundled.values():
        if test.kind == "DIR":
            moves |= {(case.first.label, case.then.label) for case in cases}
    assert len(moves) == 6
    assert all(first != then for first, then in moves)
    said = [case.first.label for test, cases in bundled.values() if test.kind == "MFT" for case in cases]
    assert min(said.count(label) for label in LABELS) >= 150


def test_nothing_is_taken_from_the_corpus(bundled):
    """No ten words in a row are shared with a sentence of the negotiation corpus, and no target is."""

    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[a-z0-9']+", text.lower())
        return {tuple(words[i : i + 10]) for i in range(len(words) - 9)}

    documents, _ = read_documents(PROJECT / "seeds")
    rows = [row for document in documents for row in document.rows.values()]
    known = set().union(*(runs(row["text"]) for row in rows))
    composed = [row for _, cases in bundled.values() for row in rows_of(cases)]
    assert not known & set().union(*(runs(row.text) for row in composed))
    for field in ("target", "holder"):
        assert not {row[field] for row in rows if row[field]} & {getattr(row, field) for row in composed}


def test_the_draw_is_fixed_and_another_seed_gives_others(bundled):
    test, cases = bundled["plain support"]
    assert cases_of(test) == cases
    assert cases_of(test, seed=1) != cases
    assert BUNDLED.is_file()


OWN = """
version: 1
name: own
slots:
  party:
    - {name: the guild, its: its}
    - {name: the brothers, its: their}
    - {name: the crown, its: its}
  day: [on Monday, on Friday]
tests:
  - name: yes
    kind: MFT
    cases: 6
    holder: '{party.name}'
    target: sign the pact
    label: favor
    templates:
      - '{party.name} and {party2.name} gave {party.its} yes {day}.'
  - name: other party
    kind: INV
    cases: 2
    holder: '{party.name}'
    target: sign the pact
    replace: {party: party2}
    templates: ['{party.name} spoke {day}. {party.name} left.']
  - name: no
    kind: DIR
    cases: 2
    holder: ''
    target: sign the pact
    then: {label: against}
    templates:
      - text: We say yes {day}.
        label: favor
        then: {text: 'We say no {day}.'}
"""


def written(folder, text):
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_suite_of_ones_own_is_read_and_filled(tmp_path):
    suite = read_suite(written(tmp_path, OWN))
    yes, other, no = (cases_of(test) for test in suite.tests)
    assert [test.name for test in suite.tests] == ["yes", "other party", "no"]  # a name, not a truth value
    for case in yes:
        first, second = re.fullmatch(r"(.*) and (.*) gave (?:its|their) yes on \w+\.", case.first.text).groups()
        assert first.lower() != second
        assert case.first.holder == first.lower()
        assert ("their" in case.first.text) == (first == "The brothers")
    for case in other:
        assert case.then.holder != case.first.holder
        assert case.then.text == case.first.text.replace(*("T" + h[1:] for h in (case.first.holder, case.then.holder)))
    assert {(case.first.text, case.then.text, case.then.label) for case in no} == {
        (f"We say yes {day}.", f"We say no {day}.", "against") for day in ("on Monday", "on Friday")
    }


MISTAKES = {
    "a typo in a key": ("cases: 6", "csaes: 6", "test 1: unknown key; found 'csaes'; allowed: name, kind"),
    "a key of a template": ("then: {text: 'We", "than: {text: 'We", "'no', template 1: unknown key; found 'than'"),
    "another kind": (
        "kind: INV",
        "kind: IVN",
        "'other party', kind: unknown kind; found 'IVN'; allowed: MFT, INV, DIR",
    ),
    "another label": ("label: favor\n    templates", "label: pro\n    templates", "'yes', template 1, label: no label"),
    "no label": (
        "    label: favor\n    templates",
        "    templates",
        "template 1, label: no label, or another; found None",
    ),
    "a label of an INV": (
        "    replace:",
        "    label: favor\n    replace:",
        "a label that a test of kind INV does not have",
    ),
    "an unknown slot": ("spoke {day}", "spoke {when}", "unknown slot; found 'when'; allowed: day, party"),
    "an unknown form": (
        "{party.its} yes",
        "{party.our} yes",
        "no such form of slot 'party'; found 'our'; allowed: its",
    ),
    "no form": ("{party.its} yes", "{party} yes", "no such form of slot 'party'; found ''; allowed: its, name"),
    "a loose brace": ("spoke {day}", "spoke {day", "a brace outside a placeholder"),
    "an edit that is none": (
        "replace: {party: party2}",
        "edit: shout",
        "unknown edit; found 'shout'; allowed: tautology",
    ),
    "a slot without its forms": (
        "replace: {party: party2}\n    templates: ['{party.name} spoke {day}",
        "replace: {day: party2}\n    templates: ['{party.name} spoke {day}",
        "no such form of slot 'party'; found ''",
    ),
    "no change": ("    replace: {party: party2}\n", "", "INV test with 0 changes"),
    "two changes": (
        "replace: {party: party2}",
        "replace: {party: party2}\n    edit: spelling",
        "INV test with 2 changes",
    ),
    "a change in an MFT": ("    cases: 6", "    cases: 6\n    edit: spelling", "MFT test with 1 changes"),
    "the same label twice": ("then: {label: against}", "then: {label: favor}", "the same label before and after"),
    "no holder": ("    holder: ''\n", "", "'no', template 1: no 'holder', here or in the test"),
    "unlike forms": ("{name: the crown, its: its}", "{name: the crown}", "slots, party: fillers of unlike forms"),
    "a form of another kind": (
        "{name: the crown, its: its}",
        "{name: the crown, 'Its': its}",
        "not the name of a form",
    ),
    "a filler of another kind": ("{name: the crown, its: its}", "{name: the crown, its: [its]}", "not text; found"),
    "an edit of another kind": ("replace: {party: party2}", "edit: [spelling]", "unknown edit"),
    "a filler twice": ("[on Monday, on Friday]", "[on Monday, on Monday]", "slots, day: a filler occurs twice"),
    "a name twice": ("name: other party", "name: 'yes'", "two tests of one name; found 'yes'"),
    "a key twice": ("version: 1", "version: 1\nversion: 1", "line 3: malformed YAML: key 'version' occurs twice"),
    "broken YAML": ("    - {name: the guild", "    - {name: [the guild", r"own\.yaml, line 6: malformed YAML"),
    "another version": ("version: 1", "version: 2", "suite of another version; found 2; allowed: 1"),
    "no tests": ("tests:", "slots2:", r"own\.yaml: unknown key; found 'slots2'; allowed: version, name"),
    "no number": ("cases: 6", "cases: many", "'yes', cases: not a number of cases; found 'many'"),
    "an empty text": ("We say yes {day}.", "''", "'no', template 1, text: empty"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named(tmp_path, case):
    old, new, message = MISTAKES[case]
    assert old in OWN
    with pytest.raises(StanceError, match=message):
        read_suite(written(tmp_path, OWN.replace(old, new, 1)))


def test_a_change_that_changes_nothing_is_refused(tmp_path):
    for change in ("replace: {day: day}", "edit: quotation_marks"):
        suite = read_suite(written(tmp_path, OWN.replace("replace: {party: party2}", change)))
        with pytest.raises(StanceError, match=r"own\.yaml, test 'other party', template 1: the change changes nothing"):
            cases_of(suite.tests[1])


def test_one_form_alone_can_be_replaced_and_an_edit_keeps_the_label(tmp_path):
    one = OWN.replace("replace: {party: party2}", "replace: {party.name: party2.name}")
    one = one.replace("{party.name} spoke {day}. {party.name} left.", "{party.name} spoke with {party.its} men {day}.")
    for case in cases_of(read_suite(written(tmp_path, one)).tests[1]):
        assert re.findall("its|their", case.first.text) == re.findall("its|their", case.then.text)
        assert case.first.holder != case.then.holder
    edited = OWN.replace("        then: {text: 'We say no {day}.'}\n", "        edit: lower_case\n")
    for case in cases_of(read_suite(written(tmp_path, edited)).tests[2]):
        assert case.then.text == case.first.text.lower()
        assert (case.first.label, case.then.label) == ("favor", "against")


def test_two_parties_change_places(tmp_path):
    swap = OWN.replace("replace: {party: party2}", "replace: {party: party2, party2: party}")
    swap = swap.replace("{party.name} spoke {day}. {party.name} left.", "{party.name} met {party2.name}.")
    for case in cases_of(read_suite(written(tmp_path, swap)).tests[1]):
        first, second = (case.first.text.lower().rstrip(".").split(" met ")[i] for i in (0, 1))
        assert case.then.text.lower() == f"{second} met {first}."
        assert (case.first.holder, case.then.holder) == (first, second)


def test_the_format_in_the_documentation_is_read(tmp_path):
    page = (PROJECT / "docs" / "behaviour.md").read_text(encoding="utf-8")
    suite = read_suite(written(tmp_path, re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]))
    assert [len(cases_of(test)) for test in suite.tests] == [4, 2, 4]
    assert {test.kind for test in suite.tests} == set(KINDS)


def test_too_few_fillers_for_so_many_cases(tmp_path):
    suite = read_suite(
        written(tmp_path, OWN.replace("[on Monday, on Friday]", "[on Monday]").replace("{day}. ", "{day2}{day}. "))
    )
    with pytest.raises(StanceError, match="template 1: 2 different fillers of slot 'day'; found"):
        cases_of(suite.tests[1])
    suite = read_suite(written(tmp_path, OWN.replace("cases: 2", "cases: 20")))
    with pytest.raises(StanceError, match=r"own\.yaml, test 'other party', template 1: too few different cases"):
        cases_of(suite.tests[1])
