"""map.html: what is in it, that nothing in it is taken for markup, and what a browser makes of it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from composed_map import HOSTILE, MINES, TALKS, large_map, small_map

from browser import in_browser
from stance.base.annotations import OPTIONAL, REQUIRED
from stance.base.tables import write_table
from stance.data.table import read_annotations
from stance.map.embedded import COLUMNS, as_script, safe_link
from stance.map.page import page, page_script, write_page
from stance.map.types import Actor, Proposal


class Parsed(HTMLParser):
    """Tags with their attributes, and the text of scripts and of everything else."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text: list[str] = []
        self.inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside = tag
            self.scripts += [""] if tag == "script" else []

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "script":
            self.scripts[-1] += data
        elif not self.inside:
            self.text.append(data)


@pytest.fixture(scope="module")
def html() -> str:
    return page(small_map())


@pytest.fixture(scope="module")
def parsed(html) -> Parsed:
    return Parsed(html)


@pytest.fixture(scope="module")
def data(parsed):
    return json.loads(parsed.scripts[0])


def test_nothing_in_the_map_is_markup(html, parsed):
    tags = [tag for tag, _ in parsed.tags]
    assert tags.count("script") == 2
    assert not {"img", "iframe", "object", "embed", "base"} & set(tags)
    assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
    assert html.count("</script>") == 2
    for text in (f"Note {HOSTILE}", f"Talks {HOSTILE}"):
        assert text in "".join(parsed.text)


def test_nothing_is_loaded_from_anywhere(html, parsed):
    loading = {"src", "srcset", "data", "poster", "action", "formaction", "background", "href", "xlink:href"}
    places = {value for _, attributes in parsed.tags for name, value in attributes.items() if name in loading}
    assert {place[:5] for place in places} <= {"data:"} | {place[:5] for place in places if place.startswith("#")}
    assert not re.search(r"@import|url\(", html[: html.index("</style>")])
    policy = next(a["content"] for tag, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'") and "connect-src" not in policy
    digest = base64.b64encode(hashlib.sha256(parsed.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy


def test_who_and_what_is_nowhere_spoken_of_is_named_below_the_table():
    whole = small_map()
    actors, proposals = (*whole.actors, Actor(f"Quiet {HOSTILE}")), (*whole.proposals, Proposal("dredge the moat"))
    silent = page(replace(whole, actors=actors, proposals=proposals))
    table, below = silent.split("<table id=", 1)[1].split("</table>", 1)
    assert "Quiet" not in table
    assert "dredge the moat" not in table
    parsed = "".join(Parsed(below).text)
    assert f"Nothing was said by or of: Quiet {HOSTILE}." in parsed
    assert "Nothing was said about: dredge the moat." in parsed
    assert "Nothing was said" not in page(whole)


def test_positions_are_a_list_too_which_is_printed_where_the_table_is_too_broad(html):
    whole = small_map()
    told = Parsed(html.split('<details class="list">', 1)[1].split("</details>", 1)[0])
    assert [text for text in map(str.strip, told.text) if text.endswith(("favor", "against", "neutral", "enough"))] == [
        "+ favor", "+ favor", "− against", "= neutral",
    ]  # fmt: skip
    assert 'class="scroll positions"' in html
    many = tuple(Proposal(f"plan {number}") for number in range(7))
    cells = tuple(replace(whole.cells[0], proposal=each.proposal) for each in many)
    assert 'class="scroll positions broad"' in page(replace(whole, proposals=many, cells=cells, evidence=()))


def test_every_cell_is_there_with_sign_n_and_interval(parsed):
    cells = {a["data-cell"]: a["class"] for tag, a in parsed.tags if tag == "td" and "data-cell" in a}
    assert cells == {"0,0": "favor s2", "0,1": "favor s2", "1,0": "against s2", "1,1": "neutral s2", "2,0": "open s2"}
    said = [a["aria-label"] for tag, a in parsed.tags if tag == "button" and "aria-label" in a]
    assert f"Guild, {MINES}: favor. Share of favor 100%, 95% interval 60% to 100%, 1 statement in 1 document" in said
    assert f"نقابة, {TALKS}: not enough." in "".join(said)
    assert "of its members too: Herald" in "".join(said)
    text = " ".join("".join(parsed.text).split())
    for words in ("+ favor100% (60–100)n 2", "− against100%", "= neutral100%", "not enoughagainst 100%", "n 1"):
        assert words in text


def test_the_page_says_how_it_was_made(parsed):
    text = "".join(parsed.text)
    for words in (
        "macro-F1 0.700 (0.680 to 0.720)",
        "no position at all",
        "Made 2024-06-01",
        "6 answers from 3 documents",
    ):
        assert words in text


def test_data_come_back_as_they_were(data):
    stance_map, found = small_map(), data["evidence"]
    assert found["id"] == [row.id for row in stance_map.evidence]
    assert data["documents"]["text"] == [document.text for document in stance_map.documents]
    assert data["documents"]["link"] == ["https://example.org/one", "", "reports/three.html"]
    for number, row in enumerate(stance_map.evidence):
        units = data["documents"]["text"][found["document"][number]].encode("utf-16-le")
        cut = {
            name: units[2 * found[f"{name}start"][number] : 2 * found[f"{name}end"][number]].decode("utf-16-le")
            for name in ("", "mention_", "context_")
        }
        own = found["texts"].get(str(number), {})
        assert own.get("sentence", cut[""]) == row.sentence
        assert own.get("mention", cut["mention_"]) == row.mention
        assert own.get("context", cut["context_"] if found["context_start"][number] >= 0 else "") == row.context
    assert found["texts"] == {"1": {"mention": "It"}}
    assert [cell["evidence"] for cell in data["cells"]] == [[0, 1], [2], [3], [4], [5]]
    assert data["cells"][1]["changes"][0]["evidence_before"] == [0]


def test_long_documents_leave_their_sentences(monkeypatch):
    monkeypatch.setattr("stance.map.embedded.MOST_TEXT", 10)
    written = page(small_map())
    data = json.loads(Parsed(written).scripts[0])
    assert set(data["documents"]["text"]) == {""} and "too long together" in written
    for number, row in enumerate(small_map().evidence):
        own = data["evidence"]["texts"][str(number)]
        assert (own["sentence"], own.get("context", "")) == (row.sentence, row.context)


def test_json_in_a_script_has_no_sign_of_markup():
    value = ["</script><!--", "a & b", "\u2028\u2029", "half \ud83d"]
    written = as_script(value)
    assert not set(written) & set("<>&\u2028\u2029\ud83d")
    assert json.loads(written) == value


@pytest.mark.parametrize(
    ("link", "safe"),
    [
        ("https://example.org", True),
        ("reports/one.html", True),
        ("", True),
        ("JavaScript:alert(1)", False),
        (" java\nscript:alert(1)", False),
        ("data:text/html,x", False),
    ],
)
def test_links(link, safe):
    assert safe_link(link) == (link if safe else "")


def write_corrections(labels, path):
    """What the page's button should download, of Ana: the right label by the id of the evidence."""
    chosen = [row for row in small_map().evidence if row.id in labels]
    rows = [
        (row.id, row.sentence, row.actor, row.proposal, labels[row.id], "Ana", row.document, row.context)
        for row in chosen
    ]
    write_table(path, COLUMNS, rows)


def test_corrections_are_what_annotations_reads(tmp_path):
    assert set(REQUIRED) <= set(COLUMNS) <= set(REQUIRED + OPTIONAL)
    path = tmp_path / "corrections.csv"
    write_corrections({"e1-0": "neutral", "e0-1": "favor"}, path)
    first, second = read_annotations(path)
    assert (first.id, first.label, first.holder, first.context) == (
        *("e0-1", "favor", "Guild"),
        "The guild 😀 urged both sides to hold peace talks.",
    )
    assert (second.text, second.holder, second.annotator) == (small_map().evidence[2].sentence, "@Crown", "Ana")
    assert " =HYPERLINK" in path.read_text(encoding="utf-8")


def test_nothing_is_half_written(tmp_path):
    write_page(small_map(), tmp_path / "map.html")
    assert [path.name for path in tmp_path.iterdir()] == ["map.html"]
    assert (tmp_path / "map.html").read_text(encoding="utf-8") == page(small_map())


def test_the_script_can_be_read(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the path")
    (tmp_path / "script.js").write_text(page_script(), encoding="utf-8")
    subprocess.run([node, "--check", tmp_path / "script.js"], check=True)


#: Runs before the page's script: keeps what goes wrong and what is downloaded, and at the end uses the page.
PROBE = """
const trouble = [], files = [];
for (const kind of ["error", "unhandledrejection", "securitypolicyviolation"])
  window.addEventListener(kind, (event) =>
    trouble.push(`${kind}: ${event.message ?? event.reason ?? event.violatedDirective}`));
window.alert = (words) => trouble.push(`alert: ${words}`);
URL.createObjectURL = (file) => { files.push(file); return "#downloaded"; };
const pause = (time) => new Promise((done) => setTimeout(done, time));
window.addEventListener("load", async () => {
  const all = (what) => [...document.querySelectorAll(what)], one = (what) => document.querySelector(what);
  const key = (key) => new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  const press = (name) => document.activeElement.dispatchEvent(key(name));
  const ids = () => all("#list blockquote").map((quote) => quote.textContent);
  const page = document.documentElement;
  const found = { opened: ids().length, wide: page.scrollWidth - page.clientWidth };
  one("#positions button").focus();
  press("ArrowRight"); press("ArrowDown"); press("ArrowLeft");
  found.reached = document.activeElement.parentElement.dataset.cell;
  document.activeElement.click();
  found.cell = ids();
  found.focus = document.activeElement.id;
  found.marks = all("#list mark").map((mark) => [mark.className, mark.textContent]);
  one("#list button").click();
  found.document = [one("#document").open, one("#document mark").textContent, one("#document-text").textContent];
  one("#close").click();
  const select = one("#list select");
  select.value = "neutral";
  select.dispatchEvent(new Event("change"));
  one("#annotator").value = "Ana";
  one("#back").click();
  found.back = document.activeElement.parentElement.dataset.cell;
  one("#whole").click();
  const last = all("#list select").at(-1);
  last.value = "neutral";
  last.dispatchEvent(new Event("change"));
  found.told = one("#marks").textContent;
  one("#download").click();
  found.csv = await files[0].text();
  const form = one("#filters");
  const filter = async (name, value) => {
    form.elements[name].value = value;
    form.dispatchEvent(new Event("input"));
    await pause(200);
    const lines = all("#positions tbody tr").filter((row) => !row.hidden);
    const answer = [one("#found").textContent, lines.length, ids().length];
    form.reset();
    await pause(20);
    return answer;
  };
  found.words = await filter("words", "MULLER ban");
  found.source = await filter("source", "Gazette");
  found.from = await filter("from", "2024-05-20");
  found.label = await filter("label", "0");
  one('.node[data-actor="1"]').dispatchEvent(key("Enter"));
  const months = all("#months button").map((month) => month.title);
  found.timeline = [document.activeElement.id, one("#actor").selectedOptions[0].textContent, months];
  found.timeline.push(one(".change h3").textContent, all(".change .quote").length);
  one("#months button").click();
  found.month = one("#chosen").textContent;
  found.links = all("#list a").map((link) => link.href);
  found.images = all("img").length;
  found.trouble = trouble;
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});
"""


#: Marks an answer and forgets all, where marks of the same answer and of one of another map are kept already.
MARKS = """
const said = "The crown spoke of the weather, not of a mine ban.";
const others = { "stance map mark e0-0 Said in another map.": "against", "stance map: Talks": "{}" };
const own = { "stance map annotator": "Bo", [`stance map mark e1-1 ${said}`]: "favor" };
for (const [name, value] of Object.entries({ ...others, ...own })) localStorage.setItem(name, value);
window.confirm = () => true;
window.addEventListener("load", () => {
  const one = (what) => document.querySelector(what);
  const kept = () => Object.entries(localStorage).filter(([name]) => name.startsWith("stance map")).sort();
  const found = { others: Object.entries(others), annotator: one("#annotator").value };
  found.told = [one("#marks").textContent];
  const select = one("#list select");
  const choose = (value) => {
    select.value = value;
    select.dispatchEvent(new Event("change"));
    found.told.push(one("#marks").textContent);
  };
  choose("neutral");
  found.marked = kept().filter(([name]) => !(name in others) && !(name in own));
  choose("");
  one("#forget").click();
  found.left = kept();
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});
"""


def test_in_a_browser_marks_are_those_of_the_answer_not_of_another_map(html, tmp_path):
    found = in_browser(html, MARKS, tmp_path)
    assert found["annotator"] == "Bo"
    assert found["told"] == [
        f"{many} judged, {wrong} wrong." for many, wrong in (("1 answer", 1), ("2 answers", 2), ("1 answer", 1))
    ]
    first = small_map().evidence[0]
    assert found["marked"] == [[f"stance map mark {first.id} {first.sentence}", "neutral"]]
    assert found["left"] == sorted([["stance map annotator", "Bo"], *found["others"]])


@pytest.fixture(scope="module")
def used(html, tmp_path_factory):
    return in_browser(html, PROBE, tmp_path_factory.mktemp("browser"))


def test_in_a_browser_nothing_goes_wrong_and_nothing_hostile_runs(used):
    assert used["trouble"] == []
    assert used["images"] == 0
    assert used["wide"] <= 0  # at 400 pixels tables scroll, the page does not
    assert used["opened"] == 6


def test_in_a_browser_a_cell_shows_its_sentences_with_actor_and_proposal_marked(used):
    sentence = small_map().evidence[2].sentence
    assert (used["reached"], used["focus"], used["back"]) == ("1,0", "evidence", "1,0")
    assert used["cell"] == [sentence]
    assert ["holder", 'the "crown"'] in used["marks"] and ["proposal", "talks"] in used["marks"]
    assert used["document"] == [True, sentence, small_map().documents[1].text]


def test_in_a_browser_corrections_are_downloaded_as_python_writes_them(used, tmp_path):
    assert used["told"] == "2 answers judged, 1 wrong."
    last = used["csv"].splitlines()[-1].split(",")[0]
    write_corrections({"e1-0": "neutral", last: "neutral"}, tmp_path / "python.csv")
    (tmp_path / "page.csv").write_text(used["csv"], encoding="utf-8", newline="")
    from_page = {row.id: row for row in read_annotations(tmp_path / "page.csv")}
    assert from_page == {row.id: row for row in read_annotations(tmp_path / "python.csv")}
    assert len(from_page) == 2


def test_in_a_browser_search_and_filters_narrow_table_and_sentences(used):
    assert used["words"] == ["1 of 6 answers", 1, 1]
    assert used["source"] == ["2 of 6 answers", 1, 2]
    assert used["from"] == ["2 of 6 answers", 1, 2]  # dated 2024-05, of which a part is later
    assert used["label"] == ["2 of 6 answers", 2, 2]


def test_in_a_browser_the_timeline_shows_months_and_quotes_changes(used):
    focus, actor, months, change, quotes = used["timeline"]
    assert (focus, actor, quotes) == ("timeline", "@Crown", 2)
    assert months == [
        "2024-05: 0 favor, 0 neutral, 1 against, a change of position",
        "2024-05: 0 favor, 1 neutral, 0 against",
    ]
    assert change == "2024-05-01: from favor to against"
    assert used["month"].endswith(", 2024-05: 1 answer")
    assert used["links"] == []  # that report's link would run a script


#: Opens the page and searches.
SEARCH = """
window.addEventListener("load", async () => {
  const form = document.getElementById("filters"), found = { items: document.querySelectorAll("#list li").length };
  form.elements.words.value = "TOWN 4321";
  form.dispatchEvent(new Event("input"));
  await new Promise((done) => setTimeout(done, 300));
  found.said = document.getElementById("found").textContent;
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});
"""


@pytest.mark.slow
def test_a_map_of_100_000_answers_opens(tmp_path):
    stance_map = large_map()
    start = time.perf_counter()
    written = page(stance_map)
    seconds, size = time.perf_counter() - start, len(written.encode()) / 2**20
    print(f"\n{len(stance_map.evidence):,} answers: {size:.1f} MiB in {seconds:.1f} s")
    assert size < 60
    assert json.loads(Parsed(written).scripts[0])["evidence"]["texts"] == {}
    found = in_browser(written, SEARCH, tmp_path, 20000)
    assert found == {"items": 10, "said": "20 of 100,000 answers"}
