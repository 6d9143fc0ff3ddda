"""E-books: chapters in reading order with their headings, and books that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from office_support import zipped

from ctxpipe import Pipeline
from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.read import read

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)


def page(body: str, head: str = "<title/>") -> str:
    return (
        f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head>{head}</head><body>{body}</body></html>'
    )


def book(chapters: dict[str, str], nav: str = "", ncx: str = "", **others: str) -> bytes:
    names = list(chapters)
    items = "".join(
        f'<item id="i{i}" href="{name}" media-type="application/xhtml+xml"/>' for i, name in enumerate(names)
    )
    items += '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>' if nav else ""
    items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>' if ncx else ""
    spine = ('<itemref idref="nav"/>' if nav else "") + "".join(f'<itemref idref="i{i}"/>' for i in range(len(names)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>The Mole</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    parts: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OPS/book.opf": package,
    }
    # Out of reading order, as the spine alone decides.
    parts |= {f"OPS/{name.replace('%20', ' ')}": text for name, text in reversed(chapters.items())}
    parts |= {"OPS/nav.xhtml": nav} if nav else {}
    parts |= {"OPS/toc.ncx": ncx} if ncx else {}
    return zipped(parts | {name.replace("__", "/"): text for name, text in others.items()})


def loaded(data: bytes, name: str = "a.epub") -> Document:
    return load(data, source="a.epub", name=name)


def test_chapters_in_reading_order() -> None:
    found = loaded(
        book({"b%20one.xhtml": page("<h1>First</h1><p>One.</p>"), "a.xhtml": page("<h2>Second</h2><p>Two.</p>")})
    )
    assert found.text == "# First\n\nOne.\n\n## Second\n\nTwo."
    assert (found.kind, found.title) == ("markdown", "The Mole")


def test_a_link_to_the_web_keeps_its_address_and_one_in_the_book_does_not() -> None:
    links = '<a href="https://example.org/pot">the pot</a>, see <a href="b.xhtml#n1">note 1</a>'
    found = loaded(book({"a.xhtml": page(f"<h1>First</h1><p>The ring is in {links}.</p>")}))
    assert found.text == "# First\n\nThe ring is in the pot (https://example.org/pot), see note 1."


@pytest.mark.parametrize("version", [2, 3])
def test_a_chapter_without_heading_is_named_by_the_table_of_contents(version: int) -> None:
    chapters = {
        f"c{i}.xhtml": page(f"<p>The ring of day {i} is in the blue pot {i}.</p>" + "<p>Rain fell.</p>" * 9)
        for i in range(9)
    }
    nav = page(
        "<nav><ol>" + "".join(f'<li><a href="c{i}.xhtml#top">Day {i}</a></li>' for i in range(9)) + "</ol></nav>"
    )
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>'
        + "".join(
            f'<navPoint><navLabel><text>Day {i}</text></navLabel><content src="c{i}.xhtml"/></navPoint>'
            for i in range(9)
        )
        + "</navMap></ncx>"
    )
    found = loaded(book(chapters, nav=nav) if version == 3 else book(chapters, ncx=ncx))
    assert [line for line in found.text.split("\n") if line.startswith("#")] == [f"# Day {i}" for i in range(9)]
    kept = Pipeline(rank="bm25").compress(found, question="Where is the ring of day 7?", budget=50).text
    assert kept.index("# Day 7") < kept.index("blue pot 7")


def headed(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.startswith("#")]


def ncx_of(points: str) -> str:
    return f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'


def point(title: str, address: str, inside: str = "") -> str:
    return f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{address}"/>{inside}</navPoint>'


def test_chapters_of_one_file_are_named_by_the_anchors_of_the_table_of_contents() -> None:
    days = ("Monday", "Tuesday", "Wednesday")
    body = "".join(f'<div id="d{i}"><p>Rain fell.</p><p>The ring is in pot {i}.</p></div>' for i in range(len(days)))
    body += '<div><a id="d9"></a><h2>Sunday</h2><p>No rain.</p></div>'
    ncx = ncx_of("".join(point(day, f"a.xhtml#d{i}") for i, day in enumerate(days)) + point("The end", "a.xhtml#d9"))
    text = loaded(book({"a.xhtml": page(body)}, ncx=ncx)).text
    assert headed(text) == ["# Monday", "# Tuesday", "# Wednesday", "## Sunday"]
    assert "# Tuesday\n\nRain fell.\n\nThe ring is in pot 1.\n\n# Wednesday" in text


@pytest.mark.parametrize("version", [2, 3])
def test_chapters_stand_under_the_parts_of_the_table_of_contents(version: int) -> None:
    chapters = {
        f"p{i}.xhtml": page(f"<h1>Chapter {i % 2 + 1}</h1><h2>Rain</h2><pre># pot\n</pre><p>Pot {i}.</p>")
        for i in range(4)
    }
    inside = ["".join(point(f"Chapter {i % 2 + 1}", f"p{i}.xhtml") for i in part) for part in ((0, 1), (2, 3))]
    ncx = ncx_of(point("North", "p0.xhtml", inside[0]) + point("South", "p2.xhtml", inside[1]))
    lists = [
        "".join(f'<li><a href="p{i}.xhtml">Chapter {i % 2 + 1}</a></li>' for i in part) for part in ((0, 1), (2, 3))
    ]
    nav = page(
        f"<nav><ol><li><span>North</span><ol>{lists[0]}</ol></li><li><span>South</span><ol>{lists[1]}</ol></li></ol></nav>"
    )
    text = loaded(book(chapters, nav=nav) if version == 3 else book(chapters, ncx=ncx)).text
    below = ["## Chapter 1", "### Rain", "# pot", "## Chapter 2", "### Rain", "# pot"]
    assert headed(text) == ["# North", *below, "# South", *below]


def test_what_is_self_closed_in_xml_hides_nothing() -> None:
    body = '<script src="x.js"/><p id="a"/><a id="b"/><p>Seen <i/>and <b>bold</b>.</p><div/>'
    assert loaded(book({"a.xhtml": page(body, '<title/><style type="text/css"/>')})).text == "Seen and bold."


def test_a_book_is_known_by_its_content(tmp_path: Path) -> None:
    data = book({"a.xhtml": page("<p>Words.</p>")})
    assert loaded(data, "").text == "Words."
    (tmp_path / "book").write_bytes(data)
    assert read([tmp_path / "book"]).documents[0].text == "Words."


def encrypted(algorithm: str) -> str:
    return (
        '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        f'<e:EncryptionMethod Algorithm="{algorithm}"/></e:EncryptedData></encryption>'
    )


def test_a_protected_book_is_one_line_and_hidden_fonts_are_none() -> None:
    chapters = {"a.xhtml": page("<p>Words.</p>")}
    fonts = encrypted("http://www.idpf.org/2008/embedding")
    assert loaded(book(chapters, **{"META-INF__encryption.xml": fonts})).text == "Words."
    with pytest.raises(ReadError, match=r"protected against copying \(DRM\)"):
        loaded(book(chapters, **{"META-INF__encryption.xml": encrypted("http://www.w3.org/2001/04/xmlenc#aes256-cbc")}))


def test_a_broken_spine_gives_all_pages() -> None:
    parts: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "x.opf": "<package/>",
        "a.xhtml": page("<p>Words.</p>"),
    }
    assert loaded(zipped(parts)).text == "Words."
    with pytest.raises(ReadError, match="no package file"):
        loaded(zipped({"mimetype": "application/epub+zip"}))
