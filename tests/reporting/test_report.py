"""The page of an evaluation: nothing of the data is markup, what is measured is on it, and a browser can use it."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import regex

from browser import in_browser
from conftest import example
from stance.base.errors import StanceError
from stance.base.labels import LABELS
from stance.base.predictions import Prediction, to_probabilities
from stance.base.settings import as_values, from_values
from stance.evaluation.calibration import measure_calibration
from stance.evaluation.checks.probes import probe
from stance.evaluation.checks.report import (
    Answer,
    BehaviourReport,
    KindResult,
    SuiteResult,
    SuiteTestResult,
    TemplateFailures,
)
from stance.evaluation.evaluate import evaluate, score_intervals
from stance.evaluation.metrics import Score
from stance.evaluation.report import PartReport
from stance.evaluation.selective import measure_selective
from stance.evaluation.slices import find_weak_slices
from stance.models.priors import Prior
from stance.reporting.figures import reliability_diagram, risk_coverage
from stance.reporting.page import MOST, anchor, marked, page, page_rows, verdict

HOSTILE = "<script>alert(1)</script>"
ODD_IDS = ("a b", 'say "x"', HOSTILE, "1/2?x=1#y&z", "é%20", "</table>")


def answers(examples, wrong):
    """The gold label, or for the numbers given the next one, with confidences from 0.50 to 0.88."""
    found = []
    for number, row in enumerate(examples):
        label = LABELS[(LABELS.index(row.label) + (number in wrong)) % 3]
        rest = (1 - (confidence := 0.5 + number / 50)) / 2
        found.append(Prediction(label, {name: confidence if name == label else rest for name in LABELS}))
    return found


EXAMPLES = [
    example(
        number,
        LABELS[number % 3],
        id=ODD_IDS[number] if number < len(ODD_IDS) else f"r{number}",
        text=f'{HOSTILE} "Town {number}" & its mayors <b>asked</b> for a bridge</script>.',
        target=f"build the bridge of '{number // 4}' <i>&amp;",
        document=f"<d>{number // 2}",
        holder=("the mayors", "", HOSTILE)[number % 3],
        tags=("<u>", "plain")[: 1 + number % 2],
    )
    for number in range(20)
]
PREDICTIONS = answers(EXAMPLES, {2, 5, 8, 13, 14})
FAILURE = Answer(text=f"No. {HOSTILE}", holder="", target="t", label="favor", predicted="against", scores={})
RATE = Score(0.5, 0.1, 0.9)


def before(value):
    return Score(value, value, value)


def report_of(examples, predictions, **changes):
    labels = [prediction.label for prediction in predictions]
    report = PartReport(
        of=f"model {HOSTILE}",
        part="test",
        data={"name": f"corpus {HOSTILE}", "fingerprint": "f" * 64},
        learnt=None,
        scores=evaluate(examples, labels, examples, samples=20),
        intervals=score_intervals(examples, labels, samples=20),
        slices=find_weak_slices(examples, predictions, permutations=20, samples=20),
        model=True,
    )
    if predictions[0].scores:
        after = measure_calibration(examples, to_probabilities(predictions, "p"), samples=20)
        earlier = {"ece": before(0.9), "brier": before(1.9), "log_loss": before(2.9)}
        report = replace(
            report,
            calibration=replace(after, scale=2.0, before=earlier),
            selective=measure_selective(examples, predictions, samples=20),
        )
    return replace(report, **changes)


@pytest.fixture(scope="module")
def report():
    """Of the rows above, with probes of a prior and one test of behaviour."""
    labels = [prediction.label for prediction in PREDICTIONS]
    tests = (
        SuiteTestResult(f"test {HOSTILE}", "MFT", "", 4, 2, RATE, (TemplateFailures(4, 2),), ((FAILURE,),)),
        SuiteTestResult("other", "INV", "", 4, 2, RATE, (TemplateFailures(4, 2),), ()),
    )
    behaviour = SuiteResult(1, HOSTILE, 0, {"MFT": KindResult(1, 4, 2, RATE)}, tests)
    return report_of(
        EXAMPLES,
        PREDICTIONS,
        probes=probe(Prior.fit("target", EXAMPLES), EXAMPLES, labels, samples=20),
        behaviour=BehaviourReport(of=HOSTILE, result=behaviour),
    )


@pytest.fixture(scope="module")
def html(report):
    return page(report, page_rows(EXAMPLES, PREDICTIONS))


class Tags(HTMLParser):
    """Every tag with its attributes; refuses what is closed in another order than opened."""

    VOID = frozenset({"meta", "link", "br", "input", "path", "use"})

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        self.found.append((tag, dict(attrs) | {"within": tuple(self.open)}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs) | {"within": tuple(self.open)}))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    def named(self, *names):
        return [attributes for tag, attributes in self.found if tag in names]


def test_nothing_of_the_data_is_markup(html):
    tags = Tags(html)
    assert len(tags.named("script")) == 1
    assert HOSTILE not in html
    assert "<b>asked" not in html
    assert "<u>" not in html
    assert "".join(tags.words).count(HOSTILE) > 40
    assert all(not name.startswith("on") for _, attributes in tags.found for name in attributes)


def test_every_row_is_there_and_every_link_leads_somewhere(html):
    tags = Tags(html)
    ids = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {anchor(row.id) for row in EXAMPLES} <= set(ids)
    assert not any(re.search(r"\s", found) for found in ids)
    links = [attributes["href"] for attributes in tags.named("a", "use")]
    assert {f"#{anchor(row.id)}" for row in EXAMPLES} <= set(links)
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert all("".join(tags.words).count(row.id) for row in EXAMPLES)


def test_the_page_asks_for_nothing_from_elsewhere(html):
    for _, attributes in Tags(html).found:
        for name in ("src", "href", "srcset", "action", "data", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))
    assert "http://" not in html
    assert "https://" not in html
    assert "@import" not in html
    assert "url(#" not in html.replace("url(#reliability-", "").replace("url(#risk-", "")
    assert "default-src 'none'" in html


def test_it_can_be_read_without_eyes_and_in_the_dark(html):
    tags = Tags(html)
    levels = [int(tag[1]) for tag, _ in tags.found if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(head.get("scope") in ("col", "row") for head in tags.named("th"))
    assert len(tags.named("caption")) == len(tags.named("table")) > 8
    assert all("label" in field["within"] for field in tags.named("input", "select"))
    assert [svg["role"] for svg in tags.named("svg")] == ["img", "img"]
    assert all(svg["aria-label"] for svg in tags.named("svg"))
    assert all(region["aria-label"] for _, region in tags.found if region.get("role") == "region")
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in tags.found}
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html
    assert ":focus-visible" in html


def test_what_is_measured_is_on_the_page(html, report):
    words = " ".join("".join(Tags(html).words).split())
    for score in (
        *report.scores.measures.values(),
        *(getattr(report.calibration, name) for name in ("ece", "brier", "log_loss")),
        *report.calibration.before.values(),
    ):
        assert f"{score.value:.3f}" in words
    assert f"reaches {report.scores.priors[report.scores.best_prior]:.3f} on the same rows" in words
    assert verdict(report.scores) in words
    for line in report.probes.words:
        assert line[1:] in words
    assert "20 rows in 10 documents" in words
    mistakes = html[html.index("The most confident mistakes") : html.index("Does it read?</h2>")]
    assert re.findall(r'href="#([^"]+)"', mistakes) == [anchor(EXAMPLES[n].id) for n in (14, 13, 8, 5, 2)]


def test_the_same_input_gives_the_same_page(html, report):
    assert page(report, page_rows(EXAMPLES, PREDICTIONS)) == html


def test_a_report_comes_back_from_json_as_it_was_and_an_older_one_with_what_it_has(report):
    values = json.loads(json.dumps(as_values(report)))
    assert from_values(PartReport, values, "r.json") == report
    assert list(values)[:6] == ["of", "part", "data", "learnt", "version", "n"]
    del values["measures"]["accuracy"], values["calibration"], values["selective"], values["probes"]
    older = from_values(PartReport, values, "r.json")
    assert "accuracy" not in older.scores.measures
    assert as_values(older) == values | {"probes": None}
    html = page(older, page_rows(EXAMPLES, PREDICTIONS))
    assert "nothing can be said of confidence" in html
    with pytest.raises(StanceError, match=r"r\.json: no such keys; found \['gian'\]"):
        from_values(PartReport, {"gian" if key == "gain" else key: value for key, value in values.items()}, "r.json")


def test_long_tables_say_what_they_leave_out(monkeypatch):
    rows = [example(number, LABELS[number % 3], target=f"t{number:02}") for number in range(MOST + 5)]
    predictions = [Prediction(row.label) for row in rows]
    monkeypatch.setattr("stance.reporting.page.MOST_ROWS", 12)
    text = page(report_of(rows, predictions, model=False), page_rows(rows, predictions))
    assert "5 more targets not shown" in text
    assert "The first 12 of 25 rows; the other 13 are not on this page." in text
    assert text.count('<tr id="row-') == 12
    assert "a predictions file has no model to ask" in text
    assert "nothing can be said of confidence" in text
    assert "<svg" not in text


@pytest.mark.parametrize(
    ("low", "high", "documents", "said"),
    [
        (0.1, 0.2, 20, "does better than a guess that does not read."),
        (-0.2, -0.1, 20, "does worse than a guess that does not read."),
        (0.1, 0.2, 19, "does better than a guess that does not read. But of 19 documents it is too narrow to go by."),
        (-0.2, -0.1, 5, "But of 5 documents it is too narrow"),
        (-0.1, 0.1, 5, "do not tell the model from"),
        (0.1, 0.2, 1, "one document"),
    ],
)
def test_the_verdict_is_that_of_the_interval(report, low, high, documents, said):
    assert said in verdict(replace(report.scores, gain=Score(0.0, low, high), documents=documents))


def test_holder_and_target_are_marked_where_they_stand():
    row = {
        "text": "The Guild of Oss wants talks; guilders do not.",
        "holder": "the guild of Oss",
        "target": "hold talks",
    }
    pieces = marked(row)
    assert "".join(piece for _, piece in pieces) == row["text"]
    assert [pair for pair in pieces if pair[0]] == [("holder", "Guild of Oss"), ("target", "talks")]
    whole = marked(row | {"holder": "", "target": "wants talks"})
    assert [pair for pair in whole if pair[0]] == [("target", "wants talks")]
    assert marked(row | {"holder": "", "target": "go to it"}) == [("", row["text"])]


def test_a_pattern_is_compiled_once_for_each_holder_and_target(monkeypatch):
    made = []
    compiled = regex.compile
    monkeypatch.setattr("stance.reporting.page.regex.compile", lambda *given: made.append(given) or compiled(*given))
    pairs = [(f"guild {one}", f"sign draft {two}") for one in range(12) for two in range(12)]
    for holder, target in pairs:
        pieces = marked({"text": f"{holder} would {target}", "holder": holder, "target": target})
        assert pieces == [("holder", holder), ("", " would "), ("target", target)]
    assert len(made) <= 24


@pytest.mark.parametrize(
    ("holder", "text", "expected"),
    [
        ("राम", "रामा और राम", [("", "रामा और "), ("holder", "राम")]),
        ("习近平", "习近平宣布", [("holder", "习近平"), ("", "宣布")]),
        ("Mu\u0308ller", "M\u00fcllers M\u00fcller", [("", "M\u00fcllers "), ("holder", "M\u00fcller")]),
    ],
)
def test_holders_are_marked_in_every_script(holder, text, expected):
    assert marked({"holder": holder, "target": "sign", "text": text}) == expected


def test_plots_take_the_colours_of_the_page_and_have_ids_of_their_own(report):
    first = reliability_diagram(report.calibration.reliability["equal_mass"])
    second = risk_coverage(report.selective.curve)
    ids = [re.findall(r'\bid="([^"]+)"', svg) for svg in (first, second)]
    assert not set(ids[0]) & set(ids[1])
    for svg in (first, second):
        assert svg.startswith("<svg role=")
        assert "currentColor" in svg
        assert "var(--accent)" in svg
        assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) == set()


#: Runs in the page before its own script: what goes wrong is kept, and at the end the page is used and described.
PROBE = """
const trouble = [];
for (const kind of ["error", "unhandledrejection", "securitypolicyviolation"])
  window.addEventListener(kind, (event) => trouble.push(`${kind}: ${event.message ?? event.violatedDirective}`));
console.error = (...words) => trouble.push(words.join(" "));
window.addEventListener("load", async () => {
  const form = document.getElementById("filters"), body = document.getElementById("rows-table").tBodies[0];
  const shown = () => [...body.rows].filter((row) => row.offsetParent !== null).map((row) => row.cells[0].textContent);
  const set = (name, value) => {
    form.elements[name].value = value;
    form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
    return shown();
  };
  const reset = async () => { form.reset(); await new Promise((done) => setTimeout(done, 5)); };
  const found = { all: shown(), script: document.documentElement.className };
  found.search = set("search", "TOWN 13 bridge");
  found.said = document.getElementById("shown").textContent;
  await reset();
  for (const [name, value] of [["gold", "favor"], ["predicted", "neutral"], ["outcome", "wrong"], ["target", "'1'"]]) {
    found[name] = set(name, value);
    await reset();
  }
  document.querySelector('a[data-gold="favor"][data-predicted="against"]').click();
  found.cell = shown();
  location.hash = "row-r9";
  await new Promise((done) => setTimeout(done, 50));
  found.revealed = shown().length;
  const head = document.getElementById("rows-table").tHead.rows[0].cells[7];
  found.sorted = [];
  for (const _ of [1, 2]) {
    head.querySelector("button").click();
    found.sorted.push([head.getAttribute("aria-sort"), ...shown()]);
  }
  found.sorts = document.querySelectorAll("[aria-sort]").length;
  found.controls = getComputedStyle(form).display;
  found.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  found.trouble = trouble;
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});
"""


@pytest.fixture(scope="module")
def used(html, tmp_path_factory):
    """What a browser that uses the page finds."""
    return in_browser(html, PROBE, tmp_path_factory.mktemp("browser"), 3000)


def test_in_a_browser_the_script_runs_without_trouble(used):
    assert used["trouble"] == []
    assert used["script"] == "js"
    assert used["controls"] == "flex"
    assert used["all"] == [row.id for row in EXAMPLES]
    assert used["wide"] <= 0  # at 400 pixels tables scroll, the page does not


def test_in_a_browser_search_and_filters_narrow_the_rows(used):
    assert used["search"] == ["r13"]
    assert used["said"] == "1 of 20 rows"
    pairs = list(zip(EXAMPLES, PREDICTIONS, strict=True))
    assert used["gold"] == [row.id for row, _ in pairs if row.label == "favor"]
    assert used["predicted"] == [row.id for row, said in pairs if said.label == "neutral"]
    assert used["outcome"] == [row.id for row, said in pairs if row.label != said.label]
    assert used["target"] == [row.id for row, _ in pairs if "'1'" in row.target]
    assert used["cell"] == [row.id for row, said in pairs if (row.label, said.label) == ("favor", "against")]
    assert 0 < len(used["cell"]) < used["revealed"] == 20


def test_in_a_browser_a_click_sorts_and_another_turns_it_round(used):
    (first, *up), (second, *down) = used["sorted"]
    assert (first, second, used["sorts"]) == ("ascending", "descending", 1)
    assert up == [row.id for row in EXAMPLES]  # the confidences rise with the number
    assert down == up[::-1]
