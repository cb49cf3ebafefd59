"""Documents of every kind come in with what they say of themselves; what cannot be read is set aside, never lost."""

from __future__ import annotations

import builtins
import re
import sys
import zlib

import pytest

from conftest import write_lines
from stance.base.errors import StanceError
from stance.map.config import DocumentColumns
from stance.map.dates import date_in_name, parse_date
from stance.map.documents import SetAside, documents_digest, read_documents
from stance.map.questions import before, sentences
from stance.map.types import Document


def read(path, **options):
    found = list(read_documents(path, **options))
    good = {each.id: each for each in found if isinstance(each, Document)}
    return good, {each.document: each.reason for each in found if isinstance(each, SetAside)}


def pdf_bytes(text: str) -> bytes:
    """The smallest PDF with a line of text (none, as a scan has it, if it is empty)."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode() if text else b""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + tail


HTML = """<html><head><title>Talks off</title><meta property="article:published_time" content="2023-11-02">
<meta property="og:site_name" content="The Quay"></head><body><nav>Home</nav><article><h1>Talks off</h1>
<p>The ministry of fishing rejected the talks on the quay on Thursday, its spokesperson said to reporters.</p>
<p>The ferrymen had asked for them for the third time this year, and went home without an answer again.</p>
</article><script>alert(1)</script></body></html>"""


def web_page(head: str = "", byline: str = "") -> str:
    """A page whose text speaks of another day."""
    return f"""<html><head><title>T</title>{head}</head><body><header>{byline}</header><article>
<p>The ferrymen's union rejected talks with the port
   on Friday, its spokesperson said in Tollby.</p>
<p>The truce of 9 November 2021 had been agreed in Tollby on <time datetime="2021-11-09">that day</time>.</p>
<p>It was broken on 2022-01-05 at 10:00:00, an official said.</p>
</article><footer>Copyright 2019 The Quay</footer></body></html>"""


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "reports"
    (root / "more").mkdir(parents=True)
    (root / "2024-05-17 quay.txt").write_text("The port refused.", encoding="utf-8")
    (root / "bom.txt").write_text("The port agreed.", encoding="utf-16")
    (root / "note.md").write_text("# A quay\n\nThe port agreed.", encoding="utf-8")
    (root / "more" / "page.html").write_text(HTML, encoding="utf-8")
    (root / "text.pdf").write_bytes(pdf_bytes("The port refused the talks."))
    (root / "scan.pdf").write_bytes(pdf_bytes(""))
    (root / "broken.pdf").write_bytes(b"%PDF-1.4 and no more")
    (root / "broken.docx").write_bytes(zlib.compress(b"no zip"))
    (root / "empty.txt").write_text(" \n", encoding="utf-8")
    (root / "latin.txt").write_bytes("Le ministère a refusé.".encode("latin-1"))
    (root / "huge.txt").write_text("x" * 5001, encoding="utf-8")
    (root / "sheet.csv").write_text("text\na\n", encoding="utf-8")
    (root / "photo.jpg").write_bytes(b"\xff\xd8")
    (root / ".DS_Store").write_bytes(b"\0")
    return root


def test_a_folder_of_every_kind(folder):
    import docx

    made = docx.Document()
    made.add_paragraph("The ferrymen asked for talks.")
    made.add_table(1, 2).rows[0].cells[0].text = "The port refused."
    made.save(str(folder / "word.docx"))
    good, aside = read(folder, largest=50_000)
    assert good["2024-05-17 quay.txt"].date == "2024-05-17"
    assert good["bom.txt"].text == "The port agreed."
    assert good["note.md"].title == "A quay"
    page = good["more/page.html"]
    assert (page.date, page.source, page.title) == ("2023-11-02", "The Quay", "Talks off")
    assert "rejected the talks" in page.text
    assert "alert" not in page.text
    assert "The port refused the talks." in good["text.pdf"].text
    assert "The port refused." in good["word.docx"].text
    assert "ocrmypdf" in aside["scan.pdf"]
    assert "not a pdf" in aside["broken.pdf"]
    assert "not a docx" in aside["broken.docx"]
    assert aside["empty.txt"] == "empty"
    assert "encoding=cp1252" in aside["latin.txt"]
    assert "documents=FILE" in aside["sheet.csv"]
    assert "unknown kind" in aside["photo.jpg"]
    assert len(good) + len(aside) == 14  # but for the hidden file, nothing is lost


@pytest.mark.parametrize(
    ("head", "byline", "day"),
    [
        ("", "", ""),
        ("", "<h2>Ten years after 2014-03-01</h2>", ""),
        ("", '<span class="update">Weather, 3 March 2020</span>', ""),
        ('<meta property="article:published_time" content="2024-05-17T23:30:00+05:00">', "", "2024-05-17"),
        ('<meta name="date" content="2024-05">', "", "2024-05"),
        ('<meta name="pubdate" content="Fri, 17 May 2024 10:00:00 GMT">', "", "2024-05-17"),
        ('<meta name="date" content="05/06/2024">', "", ""),  # may be May or June
        ('<meta name="date" content="1970-01-01T00:00:00Z">', "", ""),  # nobody filled it in
        ('<meta name="event:start_time" content="2024-05-17T10:00:00Z">', "", ""),
        ('<meta property="article:modified_time" content="2024-05-18">', "", "2024-05-18"),
        (
            '<meta property="article:modified_time" content="2024-05-18">'
            '<script type="application/ld+json">{"startDate": "2020-01-01", "datePublished": "2024-05-17"}</script>',
            "",
            "2024-05-17",
        ),
        ('<link rel="canonical" href="https://quay.example/2024/05/17/talks.html">', "", "2024-05-17"),
        ('<link rel="canonical" href="https://quay.example/since-2021-11-09.html">', "", ""),
        ("", '<time datetime="2024-05-17">on Friday</time>', "2024-05-17"),
        ("", '<p class="byline">By Ana, <time>17 May 2024</time></p>', "2024-05-17"),
        ("", '<time datetime="2024-05-17"></time><time datetime="2024-05-01">Read too</time>', ""),
        ("", '<time class="entry-date" datetime="2024-05-17"></time><time datetime="2024-05-01"></time>', "2024-05-17"),
        ("", '<time datetime="2024-05-17"></time><time class="updated" datetime="2024-05-18"></time>', "2024-05-17"),
        ("", '<span itemprop="datePublished">May 17, 2024</span>', "2024-05-17"),
        ("", '<span itemprop="publisher">The Quay, since 12 March 1999</span>', ""),
        ("", '<span itemprop="creator">A. Writer, 3 May 2011</span>', ""),
        *(
            (f'<meta name="{who}" content="{number}"><meta name="date" content="2024-05-17">', "", "2024-05-17")
            for who, number in (("twitter:creator:id", 1350000000), ("publication_id", 20110510), ("created_by", 2011))
        ),
    ],
)  # fmt: skip
def test_the_date_of_a_page_is_in_its_metadata_not_in_its_text(tmp_path, head, byline, day):
    (tmp_path / "page.html").write_text(web_page(head, byline))
    good, _ = read(tmp_path)
    assert good["page.html"].date == day
    assert "9 November 2021" in good["page.html"].text


def test_the_blocks_of_a_page_are_apart(tmp_path):
    article = """<h1>Round-up</h1><p>The two sides met for the third time
    this month in Tollby,<br>and <b>little</b> was agreed on.</p>
    <h2>The port rejects talks with the ferrymen</h2><p>The union welcomed the offer of talks, and said so.</p>
    <ul><li>Port: no talks</li><li>Union: talks now</li></ul>
    <table><tr><td>Port</td><td>no</td></tr><tr><td>Union</td><td>yes</td></tr></table>
    <blockquote><p>We never met.</p></blockquote>
    <p>The minister said <q>we will sign the deal</q> on Monday, as <code>n.1</code> has it.</p>"""
    (tmp_path / "page.html").write_text(f"<html><body><article>{article}</article></body></html>")
    typed = "TOLLBY (Wire) - The ferrymen's union rejected talks\nwith the port on Friday.\n\nIt was cold"
    (tmp_path / "wire.html").write_text(f"<html><body><pre>{typed}</pre></body></html>")
    good, _ = read(tmp_path)
    assert [each.text for each in sentences(good["page.html"].text)] == [
        "Round-up",
        "The two sides met for the third time this month in Tollby,\nand little was agreed on.",
        "The port rejects talks with the ferrymen",
        "The union welcomed the offer of talks, and said so.",
        "Port: no talks",
        "Union: talks now",
        "Port\tno",
        "Union\tyes",
        "We never met.",
        "The minister said we will sign the deal on Monday, as n.1 has it.",
    ]
    assert len(sentences(good["wire.html"].text)) == 2


def test_what_is_struck_out_of_a_page_and_numbers_of_notes_are_no_text(tmp_path):
    article = """<p>The port will <s>not</s> <ins>now</ins> accept talks with the union<sup>1</sup> this week.</p>
    <p>The ferrymen had asked for them for the third time this year, and went home without an answer.</p>"""
    (tmp_path / "page.html").write_text(f"<html><body><article>{article * 2}</article></body></html>")
    good, _ = read(tmp_path)
    assert good["page.html"].text.startswith("The port will now accept talks with the union this week.")


def test_tracked_changes_are_accepted_and_what_stands_around_a_text_hides_none(tmp_path):
    docx = pytest.importorskip("docx")
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = docx.Document()
    paragraph = document.add_paragraph("The port will ")
    for piece in (
        "<w:ins {0}><w:r><w:t xml:space='preserve'>not </w:t></w:r></w:ins>",
        "<w:del {0}><w:r><w:delText>gladly </w:delText></w:r></w:del>",
        "<w:smartTag {0}><w:r><w:t>accept </w:t></w:r></w:smartTag>",
        "<w:sdt {0}><w:sdtPr/><w:sdtContent><w:r><w:t>talks.</w:t></w:r></w:sdtContent></w:sdt>",
    ):
        paragraph._p.append(parse_xml(piece.format(nsdecls("w"))))
    table = document.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "The union asked."
    table.cell(1, 0).add_table(1, 1).cell(0, 0).text = "Nested."
    document.save(tmp_path / "a.docx")
    good, _ = read(tmp_path)
    assert " ".join(good["a.docx"].text.split()) == "The port will not accept talks. The union asked. Nested."


def test_what_is_deleted_or_hidden_in_a_group_of_an_rtf_is_no_text(tmp_path):
    (tmp_path / "a.rtf").write_text(
        r"{\rtf1\ansi The port will {\fs24\deleted\revauthdel1 not }accept. {\deleted0 Yes.}{\v secret}"
        r" \deleted No. \deleted0 Perhaps.\par}"
    )
    good, _ = read(tmp_path)
    assert " ".join(good["a.rtf"].text.split()) == "The port will accept. Yes. No. Perhaps."


def test_underscores_of_markdown_are_no_letters(tmp_path):
    (tmp_path / "a.md").write_text("_Port_ and __union__ said _no_; port_of_call stays.")
    good, _ = read(tmp_path)
    assert good["a.md"].text == "Port and union said no; port_of_call stays."


def test_scans_among_the_pages_of_a_pdf_are_told(tmp_path):
    from PIL import Image
    from pypdf import PdfReader, PdfWriter

    Image.new("L", (20, 20)).save(tmp_path / "scan.pdf")
    (tmp_path / "text.pdf").write_bytes(pdf_bytes("The port refused."))
    writer = PdfWriter()
    for name in ("text", "scan", "scan"):
        writer.append(PdfReader(tmp_path / f"{name}.pdf"))
    writer.write(tmp_path / "both.pdf")
    good, aside = read(tmp_path)
    assert "The port refused." in good["both.pdf"].text
    assert aside["both.pdf"].startswith("2 of 3 pages without text, the first page 2")
    assert "scan.pdf" in aside and "text.pdf" not in aside


def test_a_docx_that_unpacks_to_too_much_is_set_aside(tmp_path, monkeypatch):
    import docx

    docx.Document().save(str(tmp_path / "word.docx"))
    monkeypatch.setattr("stance.map.formats.UNPACKED", 1000)
    _, aside = read(tmp_path)
    assert re.fullmatch(r"it unpacks to too many bytes; found '[\d,]+'; allowed: 1,000 at most", aside["word.docx"])


def test_too_large_is_set_aside_unread_and_another_encoding_can_be_told(folder, monkeypatch):
    real = builtins.open
    monkeypatch.setattr(builtins, "open", lambda *a, **k: pytest.fail("read") if "huge" in str(a[0]) else real(*a, **k))
    for name in ("text.pdf", "scan.pdf", "broken.pdf", "broken.docx", "more/page.html", "bom.txt"):
        (folder / name).unlink()
    good, aside = read(folder, largest=5000, encoding="latin-1")
    assert "above largest=5000" in aside["huge.txt"]
    assert good["latin.txt"].text == "Le ministère a refusé."


def test_in_a_folder_of_two_encodings_neither_is_garbled(tmp_path):
    (tmp_path / "a.txt").write_text("Señor Vik refused.", encoding="utf-8")
    (tmp_path / "b.txt").write_text("Señor Vik refused.", encoding="cp1252")
    good, _ = read(tmp_path, encoding="cp1252")
    assert {each.text for each in good.values()} == {"Señor Vik refused."}


def test_the_folder_of_a_file_is_its_source(folder):
    (folder / "Dawn" / "2024").mkdir(parents=True)
    (folder / "Dawn" / "2024" / "a.txt").write_text("The port refused.", encoding="utf-8")
    (folder / "Dawn" / "b.txt").write_text("The port refused.", encoding="utf-8")
    good, _ = read(folder)
    assert (good["Dawn/b.txt"].source, good["Dawn/2024/a.txt"].source, good["note.md"].source) == ("Dawn", "Dawn", "")


def test_going_on_passes_over_what_was_read(folder):
    everything = list(read_documents(folder))
    assert list(read_documents(folder, skip=9)) == everything[9:]


def test_a_missing_package_says_how_to_install_it(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(StanceError, match=r"docx is not installed, which this needs; allowed: .*\[map\]"):
        read(folder)


def test_a_table_with_columns_of_its_own(tmp_path):
    rows = [
        {"id": 7, "body": "The port refused.", "when": "2024-05-17T10:00:00Z", "paper": "Dawn"},
        {"id": 7, "body": "Again."},
        {"id": 8, "body": "  "},
        {"id": 9, "body": ["no", "text"]},
        {"id": "", "body": "The port agreed.", "when": "05/06/2024"},
    ]
    path = write_lines(tmp_path / "reports.jsonl", rows)
    columns = DocumentColumns(text="body", date="when", source="paper")
    good, aside = read(path, columns=columns)
    assert good["7"] == Document("7", "The port refused.", "2024-05-17", "Dawn")
    assert good["line 5"].date == ""  # may be May or June
    assert len(aside) == 3
    assert "occurs twice" in aside[f"{path}, line 2"]
    assert next(iter(read_documents(path, columns, skip=1))).reason.startswith("the id '7' occurs twice")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda root: root / "none", "no such file or folder"),
        (lambda root: root, "no files in the folder"),
        (lambda root: write_lines(root / "a.jsonl", [{"body": "a"}]), "columns.text=NAME"),
        (lambda root: write_lines(root / "a.jsonl", []), "no rows in the file"),
    ],
)
def test_what_cannot_be_documents_is_refused(tmp_path, make, said):
    with pytest.raises(StanceError, match=said):
        read(make(tmp_path))


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        ("2024-05-17", "2024-05-17"),
        ("2024-05", "2024-05"),
        ("1987", "1987"),
        ("2024", "2024"),
        ("2024-05-17T10:00:00Z", "2024-05-17"),
        ("2024-05-17 noon", "2024-05-17"),
        ("2024-13-45 noon", ""),
        ("17 May 2024", "2024-05-17"),
        ("May 17, 2024", "2024-05-17"),
        ("20240517", "2024-05-17"),
        ("20240517T100000Z", "2024-05-17"),
        ("2024/5/7", "2024-05-07"),
        ("2024-W20-5", "2024-05-17"),
        ("2024-W05", ""),  # a week
        ("202405", "2024-05"),
        ("202411", "2024-11"),
        ("202412", "2024-12"),
        ("202413", ""),
        ("211109", ""),
        (202412.0, "2024-12"),
        (20240517, "2024-05-17"),
        ("20240532", ""),
        ("20241", ""),
        ("2024137", ""),
        (1420070400000, "2015-01-01"),  # milliseconds, as to_json of pandas writes them
        ("1612051200000", "2021-01-31"),
        ("1612051200", "2021-01-31"),
        ("2024051710", ""),  # an hour, or seconds
        ("1999051710", ""),
        ("20240517103", ""),
        ("978020137962", ""),
        ("2024-02-31", ""),
        ("05/06/2024", ""),
        ("yesterday", ""),
        (None, ""),
    ],
)
def test_dates(said, read_as):
    assert parse_date(said) == read_as


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("2024-05-17 Dawn.txt", "2024-05-17"),
        ("dawn_20240517.html", "2024-05-17"),
        ("dawn 2024-05.pdf", "2024-05"),
        ("report 1234567.txt", ""),
        ("room 101.txt", ""),
        ("room 2001 2024-05-21.html", "2024-05-21"),
        ("20-05-2024.txt", "2024"),
        ("S-RES-2085 (2012).pdf", "2012"),  # no mere year that is to come
        ("2085-05-17 talks.pdf", "2085-05-17"),
    ],
)
def test_dates_in_names(name, date):
    assert date_in_name(name) == date


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("Agenda-2030.html", "2024-05-20"),
        ("Budget-2023.html", "2024-05-20"),
        ("2023-06 Dawn.html", "2023-06"),
        ("talks.html", "2024-05-20"),
    ],
)
def test_a_mere_year_in_a_name_yields_to_the_day_that_the_page_says(tmp_path, name, date):
    page = (
        '<html><head><meta property="article:published_time" content="2024-05-20"></head><body><p>{}</p></body></html>'
    )
    (tmp_path / name).write_text(
        page.format("The port refused the offer of the union on Monday. " * 9), encoding="utf-8"
    )
    good, _ = read(tmp_path)
    assert good[name].date == date


def test_other_documents_have_another_digest(folder):
    first = documents_digest(folder)
    assert documents_digest(folder) == first
    (folder / "more" / "new.txt").write_text("new", encoding="utf-8")
    second = documents_digest(folder)
    (folder / "more" / "new.txt").write_text("now", encoding="utf-8")  # of the same size
    assert len({first, second, documents_digest(folder)}) == 3


def test_what_a_map_writes_is_no_document(tmp_path):
    for name in ("a.txt", "map/map.html", "map/actors.csv", "map.partial/rows", "old/map.json", "old/evidence.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("The port refused.", encoding="utf-8")
    without = [tmp_path / "old" / ".." / "map", tmp_path / "map.partial"]
    good, aside = read(tmp_path, without=without)
    assert set(good) == {"a.txt"}
    assert aside == {"old": "a folder that a map was written to"}
    first = documents_digest(tmp_path, without)
    (tmp_path / "map" / "evidence.csv").write_text("id")
    assert documents_digest(tmp_path, without) == first


def test_ids_that_end_alike_are_of_two_documents(tmp_path):
    ids = [f"https://{site}/{'the-port-refuses-the-talks-' * 5}" for site in ("quay.example", "dock.example")]
    good, aside = read(write_lines(tmp_path / "reports.jsonl", [{"id": each, "text": "No."} for each in ids]))
    assert (list(good), aside) == (ids, {})


def test_sentences_are_where_they_say():
    text = "  Mr. Vik said no.\nThe port agreed.\n\nÉté! Nobody came. "
    found = sentences(text)
    assert [each.text for each in found] == ["Mr. Vik said no.", "The port agreed.", "Été!", "Nobody came."]
    assert all(text[each.start : each.end] == each.text for each in found)
    assert before(found, 2) == "Mr. Vik said no. The port agreed."


def test_a_table_keeps_its_good_rows_and_says_what_is_wrong_with_the_others(tmp_path):
    rows = [
        {"id": "a", "text": "The port refused."},
        {"id": "a", "text": "The port agreed."},
        {"id": "b", "text": None},
        {"id": "c", "text": 7},
        {"id": "d", "text": "  "},
        {"id": "e", "text": "x" * 101},
        {"text": "The port agreed again."},
    ]
    path = write_lines(tmp_path / "reports.jsonl", rows) or tmp_path / "reports.jsonl"
    with path.open("a", encoding="utf-8") as lines:
        lines.write("{broken\n")
    good, aside = read(path, largest=100)
    assert [each.text for each in good.values()] == ["The port refused.", "The port agreed again."]
    assert list(aside.values()) == [
        "the id 'a' occurs twice",
        "no text",
        "the text is no text but int",
        "empty",
        "101 characters, above largest=100",
        next(reason for reason in aside.values() if reason.startswith("malformed JSON")),
    ]
    assert next(iter(read_documents(path, largest=100, skip=7))).reason.startswith("malformed JSON")
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(StanceError, match="no rows in the file"):
        read(tmp_path / "empty.jsonl")


def test_texts_that_are_none_and_pages_without_any_are_set_aside(tmp_path):
    (tmp_path / "zero.txt").write_bytes(b"a\0b")
    (tmp_path / "page.html").write_text("<html><body></body></html>")
    (tmp_path / "plain.md").write_text("No heading.\n\n# Later")
    good, aside = read(tmp_path)
    assert aside == {"page.html": "no text found in the page", "zero.txt": "no text: it holds null characters"}
    assert good["plain.md"].title == ""
    with pytest.raises(StanceError, match="encoding: unknown encoding; found 'klingon'"):
        read(tmp_path, encoding="klingon")
