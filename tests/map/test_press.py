"""Exports of news databases, composed in the shapes that public descriptions give; no text is of a newspaper."""

from __future__ import annotations

import logging

import pytest

from stance.map.documents import SetAside, read_documents
from stance.map.press import export_in
from stance.map.types import Document

NEXIS = """Date and Time: Friday, March 8, 2024 10:15:00 AM CET
Job Number: 1
Documents (3)
1. Port refuses
Client/Matter: -None-
Narrowed by:
Content Type
News
2. Ferrymen ask again

Port refuses
The Quay (London)
March 5, 2024 Tuesday
Late Edition - Final

Copyright 2024 Quay Press All Rights Reserved
Section: NEWS; Pg. 3
Length: 12 words
Byline: By A. WRITER
Body

The port refused the talks.

It will not meet the ferrymen.

Classification

Language: ENGLISH
Load-Date: March 6, 2024

End of Document

Ferrymen ask again
Harbour Wire
5 March 2024 Tuesday 10:15 PM GMT

Length: 9 words
Body

The ferrymen asked for talks on May 3, 2024.

Load-Date: March 5, 2024

End of Document

A picture
The Quay (London)
March 7, 2024 Thursday
Length: 2 words

End of Document
"""

LEXIS = """
Terms: (talks)


                               1 of 2 DOCUMENTS


                                  The Quay

                            January 11, 2010 Monday
                                   Edition 1;
                                    Scotland

Port refuses the talks of the ferrymen for
the third time

BYLINE: A. WRITER

SECTION: NEWS; Pg. 3

LENGTH: 12 words

DATELINE: THE QUAY

The port refused the
talks.

LOAD-DATE: January 12, 2010

LANGUAGE: ENGLISH

                       Copyright 2010 Quay Press
                              All Rights Reserved

                               2 of 2 DOCUMENTS

                                  Harbour Wire

                            January 2010

Ferrymen ask again

LENGTH: 9 words

The ferrymen asked for talks.

LOAD-DATE: January 13, 2010
"""

FACTIVA = """World
Port refuses the talks
By A. WRITER
12 words
9 January 2024
10:15
The Quay
QUAY
English
(c) 2024 Quay Press. All Rights Reserved.

The port refused the talks.

Document QUAY000020240109ek1900j9s

Ferrymen ask again
9 words
10 January 2024
Harbour Wire
HARB
English
Copyright 2024 Harbour Wire

The ferrymen asked for talks.

Document HARB000020240110ek1a00001
"""

CODED = """HD\tPort refuses the talks
BY\tA. WRITER
WC\t12 words
PD\t9 January 2024
SN\tThe Quay
SC\tQUAY
LA\tEnglish
CY\t(c) 2024 Quay Press
LP

The port refused the talks.

TD

IN the end it will not meet the ferrymen.

NS\tgdip : International Relations
AN\tDocument QUAY000020240109ek1900j9s
"""

HTML = """<html><head><title>Factiva</title></head><body><script>alert(1)</script><div class="article enArticle">
<div>World</div><div id="hd"><span class="enHeadline">Port refuses</span></div><div class="author">By A. WRITER</div>
<div>12 words</div><div>9 January 2024</div><div>The Quay</div><div>QUAY</div><div>English</div>
<div>Copyright 2024 Quay Press</div><p class="articleParagraph enarticleParagraph">The <b>port</b> refused
the talks.</p><p class="articleParagraph enarticleParagraph">It will not meet.</p>
<p>Document QUAY000020240109ek1900j9s</p></div></body></html>"""

CODED_HTML = "".join(
    f'<tr><td class="index"><b>{code}</b>&nbsp;</td><td>{value}</td></tr>'
    for code, value in (
        ("HD", '<span class="enHeadline">Port refuses</span>'),
        ("WC", "12 words"),
        ("PD", "9 January 2024"),
        ("SN", "The Quay"),
        ("LP", '<p class="articleParagraph enarticleParagraph">The port refused the talks.</p>'),
        ("TD", '<p class="articleParagraph enarticleParagraph">It will not meet.</p>'),
        ("AN", "Document QUAY000020240109ek1900j9s"),
    )
)


def as_rtf(text: str) -> str:
    lines = "".join(f"{line}\\par\n" for line in text.splitlines())
    return "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\header Page 1 of 2\\par}" + lines + "}"


def read(root):
    found = list(read_documents(root))
    good = {each.id: each for each in found if isinstance(each, Document)}
    return good, {each.document: each.reason for each in found if isinstance(each, SetAside)}


@pytest.mark.parametrize("suffix", ["txt", "docx", "rtf"])
def test_nexis_uni(tmp_path, suffix, caplog):
    caplog.set_level(logging.INFO)
    path = tmp_path / f"2024-03-08 Files (3).{suffix.upper()}"
    if suffix == "docx":
        import docx

        made = docx.Document()
        for line in filter(None, NEXIS.splitlines()):
            made.add_paragraph(line)
        made.save(str(path))
    else:
        path.write_text(NEXIS if suffix == "txt" else as_rtf(NEXIS), encoding="utf-8")
    good, aside = read(tmp_path)
    first, second = good.values()
    assert first == Document(
        f"{path.name}#1",
        "The port refused the talks.\n\nIt will not meet the ferrymen.",
        "2024-03-05",  # not that of the file's name
        "The Quay (London)",
        "Port refuses",
        link=path.name,
    )
    assert (second.date, second.source, second.title) == ("2024-03-05", "Harbour Wire", "Ferrymen ask again")
    assert second.text == "The ferrymen asked for talks on May 3, 2024."
    assert aside == {f"{path.name}#3": "an article of Nexis Uni with no line 'Body' in it: 'A picture'"}
    assert "is an export of Nexis Uni with 3 articles" in caplog.text


def test_lexisnexis(tmp_path):
    (tmp_path / "a.TXT").write_text(LEXIS, encoding="utf-8")
    good, aside = read(tmp_path)
    first, second = good.values()
    assert first.title == "Port refuses the talks of the ferrymen for the third time"
    assert (first.text, first.date, first.source) == ("The port refused the\ntalks.", "2010-01-11", "The Quay")
    assert (second.text, second.date) == ("The ferrymen asked for talks.", "2010-01")
    assert not aside


def test_a_dateline_of_lexisnexis_is_no_label(tmp_path):
    text = LEXIS.replace("The port refused the\ntalks.", "BODY:\nTOLLBY: The port refused the\ntalks.")
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    good, _ = read(tmp_path)
    assert good["a.txt#1"].text == "TOLLBY: The port refused the\ntalks."


def test_factiva(tmp_path):
    (tmp_path / "a.txt").write_text(FACTIVA, encoding="utf-8")
    (tmp_path / "b.rtf").write_text(as_rtf(FACTIVA), encoding="utf-8")
    good, aside = read(tmp_path)
    for name in ("a.txt", "b.rtf"):
        first, second = good[f"{name}#1"], good[f"{name}#2"]
        assert first.text == "The port refused the talks."
        assert (first.date, first.source, first.title) == ("2024-01-09", "The Quay", "Port refuses the talks")
        assert (second.date, second.source, second.title) == ("2024-01-10", "Harbour Wire", "Ferrymen ask again")
    assert not aside


def test_factiva_with_field_codes(tmp_path):
    (tmp_path / "a.txt").write_text(CODED, encoding="utf-8")
    (tmp_path / "b.txt").write_text(CODED.replace("\t", "\n"), encoding="utf-8")
    (tmp_path / "c.txt").write_text(CODED.replace("\t", "|"), encoding="utf-8")
    good, aside = read(tmp_path)
    for each in good.values():
        assert each.text == "The port refused the talks.\n\nIN the end it will not meet the ferrymen."
        assert (each.date, each.source, each.title) == ("2024-01-09", "The Quay", "Port refuses the talks")
    assert len(good) == 3
    assert not aside


def test_factiva_as_html(tmp_path):
    (tmp_path / "a.html").write_text(HTML, encoding="utf-8")
    (tmp_path / "b.html").write_text(f"<html><body><table>{CODED_HTML}</table></body></html>", encoding="utf-8")
    good, aside = read(tmp_path)
    for name in ("a.html#1", "b.html#1"):
        assert good[name] == Document(
            name, "The port refused the talks.\n\nIt will not meet.", "2024-01-09", "The Quay", "Port refuses",
            link=name[:6],
        )  # fmt: skip
    assert not aside


def test_what_is_not_whole_is_told(tmp_path):
    (tmp_path / "cut.txt").write_text(NEXIS[: NEXIS.rindex("A picture")] + "\nThe rest", encoding="utf-8")
    (tmp_path / "no.txt").write_text(FACTIVA.replace("12 words", "many words"), encoding="utf-8")
    (tmp_path / "one.txt").write_text(NEXIS.replace("Documents (3)", "Documents (9)"), encoding="utf-8")
    good, aside = read(tmp_path)
    assert set(good) == {"cut.txt#1", "cut.txt#2", "no.txt#2", "one.txt#1", "one.txt#2"}
    assert aside["cut.txt#3"] == "an article of Nexis Uni with no line 'Body' in it: 'The rest'"
    assert "no line with its number of words" in aside["no.txt#1"]
    assert aside["one.txt"].startswith("its first page announces 9 articles of Nexis Uni, in it are 3")


@pytest.mark.parametrize(
    "text",
    [
        "The port refused.\nEnd of Document\n",
        "Length: 3 words\nThe port refused.\n",
        "It has 300 words.\n12 words\nDocument 17 was signed.\n",
        "",
    ],
)
def test_other_texts_are_no_export(text):
    assert export_in(text) is None


def test_going_on_within_an_export(tmp_path):
    (tmp_path / "a.txt").write_text(NEXIS, encoding="utf-8")
    (tmp_path / "b.txt").write_text("The port refused.", encoding="utf-8")
    everything = list(read_documents(tmp_path))
    assert [list(read_documents(tmp_path, skip=number)) for number in range(5)] == [
        everything[number:] for number in range(5)
    ]
