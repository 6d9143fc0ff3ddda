"""Footnotes of pages and of books: called and defined as Markdown has them, so that each is kept with its call."""

from __future__ import annotations

import time

import pytest

from ctxpipe.pipeline.readers.html.footnotes import Footnotes
from ctxpipe.pipeline.readers.html.html import html_page


def text(markup: str) -> str:
    return html_page(markup).text


@pytest.mark.parametrize(
    ("call", "note"),
    [
        ('<sup><a href="#f1">1</a></sup>', '<ol><li id="f1">But not <i>seals</i>.</li></ol>'),
        ('<a href="#f1"><sup>1</sup></a>', '<p><a name="f1"></a>1. But not <i>seals</i>.</p>'),
        ('[<a href="#f1" id="r1">1</a>]', '<p id="f1">[1] But not <i>seals</i>. <a href="#r1">Back to text</a></p>'),
        ('<a href="#fn:1" id="r1">(1)</a>', '<p id="fn:1"><a href="#r1">(1)</a> But not <i>seals</i>.</p>'),
        ('<a role="doc-noteref" href="#f1">1</a>', '<aside id="f1"><p>But not <i>seals</i>.</p></aside>'),
        (
            '<sup id="c1" class="reference"><a href="#f1"><span>[</span>1<span>]</span></a></sup>',
            '<ol><li id="f1"><span>^ <a href="#c1"><sup>a</sup></a></span> <span>But not seals.</span></li></ol>',
        ),
        (
            '<a class="footnote-reference" href="#f1" id="r1">1</a>',
            '<dl><dt class="label" id="f1"><a href="#r1">1</a></dt><dd><p>But not seals.</p></dd></dl>',
        ),
        (
            '<a class="footnote-reference" href="#f1" id="r1">1</a>',
            '<aside id="f1"><b><i>[</i><a href="#r1">1</a><i>]</i></b><p>But not <i>seals</i>.</p></aside>',
        ),
        (
            '<a role="doc-noteref" href="#f1" id="r1">1</a>',
            '<aside id="f1"><span class="label"><span>[</span>1<span>]</span></span>'
            '<span class="backrefs">(<a href="#r1">1</a>,<a href="#r2">2</a>)</span>'
            "<p>But not <i>seals</i>.</p></aside>",
        ),
    ],
)
def test_a_note_is_called_and_defined_by_its_mark(call: str, note: str) -> None:
    found = text(f"<p>Boats carry dogs.{call} They leave at noon.</p><h2>Notes</h2>{note}")
    assert found == "Boats carry dogs.[^1] They leave at noon.\n\n## Notes\n\n[^1]: But not seals."


def test_marks_that_are_no_numbers_and_a_note_of_two_paragraphs() -> None:
    page = (
        '<p>Dogs<sup><a href="#a">*</a></sup> and cats<sup><a href="#b">note 2</a></sup>.</p>'
        '<div id="a"><sup>*</sup> Not seals.</div><div class="footnote" id="b"><p>One each.</p><p>In a box.</p></div>'
    )
    assert text(page) == "Dogs[^*] and cats[^note-2].\n\n[^*]: Not seals.\n\n[^note-2]: One each.\n\n    In a box."


def test_a_note_that_is_called_twice_stands_once() -> None:
    page = (
        '<p>Dogs.<sup id="r"><a href="#a">1</a></sup> Cats.<sup id="s"><a href="#a">1</a></sup></p>'
        '<ol><li id="a">^ <a href="#r">a</a> <a href="#s">b</a> Not seals, see <a href="#b">2</a>.</li></ol>'
    )
    assert text(page) == "Dogs.[^1] Cats.[^1]\n\n[^1]: ^ Not seals, see 2."


@pytest.mark.parametrize(
    "page",
    [
        '<p>See part <a href="#c2">2</a>.</p><h2 id="c2">Fees</h2><p>Each pays 5.</p>',
        '<p>See part <a href="#c2">2</a>.</p><div id="c2"><p>Each pays 5.</p></div>',
        '<p>See <sup><a href="#c2">2</a></sup>.</p><div id="c2"><h2>Fees</h2><p>Each pays 5.</p></div>',
        '<ul><li><a href="#c1">1</a></li><li><a href="#c2">2</a></li></ul><p id="c1">One.</p><p id="c2">Two.</p>',
        '<p>Use <a class="reference internal" href="b.html#if">if</a>, or <a class="reference" href="#no">or</a>.</p>',
        '<p id="c2">Each pays 5.</p><p>See <sup><a href="#c2">the fees</a></sup>.</p>',
    ],
)
def test_other_links_are_left_alone(page: str) -> None:
    assert "[^" not in text(page)


def test_notes_of_a_book_on_a_page_of_their_own() -> None:
    notes = Footnotes()
    call = '<p>Dogs pay {}.<a epub:type="noteref" href="../end/notes.xhtml#{}">1</a></p>'
    pages = {
        "text/one.xhtml": call.format(3, "n1"),
        "text/two.xhtml": call.format(4, "n2"),
        "end/notes.xhtml": '<p id="n1"><a href="../text/one.xhtml">1</a> In May.</p><p id="n2">1. In June.</p>',
    }
    read = [html_page(markup, footnotes=notes, page=name).text for name, markup in pages.items()]
    assert read[:2] == ["Dogs pay 3.[^1]", "Dogs pay 4.[^1-2]"]
    assert read[2].splitlines()[::2] == ["[^1]: In May.", "[^1-2]: In June."]


def test_notes_at_the_end_of_each_chapter_keep_their_numbers() -> None:
    notes = Footnotes()
    page = '<p>Dogs.<sup><a href="#n1">1</a></sup></p><p id="n1">1. In {}.</p>'
    read = [html_page(page.format(month), footnotes=notes, page=f"{month}.xhtml").text for month in ("May", "June")]
    assert read == [f"Dogs.[^1]\n\n[^1]: In {month}." for month in ("May", "June")]


def test_many_calls_in_one_element_take_little_time() -> None:
    call = '<sup><a href="#n">1</a></sup>'
    start = time.process_time()
    found = text(f"<p><b><span>{f'Dogs pay. {call} ' * 20_000}</span></b></p><p id='n'>1. Not seals.</p>")
    assert time.process_time() - start < 5
    assert found.count("[^1]") == 20_001
