"""The page and the pieces it is made of."""

from __future__ import annotations

import html
import itertools
import re
from pathlib import Path

import pytest
from browser import Page
from samples import prose

from ctxpipe import Document, Pipeline
from ctxpipe.compress.types import CompressedContext
from ctxpipe.evals.report.page import PAGE as REPORT
from ctxpipe.pipeline.view.page import FOLD, OPEN, page
from ctxpipe.pipeline.view.pieces import Piece, pieces, sent
from ctxpipe.pipeline.view.style import STYLE

HOSTILE = 'Cost <script>alert("x")</script> & 3.5 km of copper.\x1b[31m \x00 </div></section>'
QUESTION = "What did the 3.5 km of copper cost?"
Shown = tuple[Document, str, list[Piece]]


def pieces_of(context: CompressedContext, *, longest: int | None = None) -> list[Piece]:
    return list(pieces(context.documents, context.spans, context.protected, longest=longest))


@pytest.fixture(scope="module")
def shown() -> Shown:
    document = Document(text=f"{prose(60)}\n\n{HOSTILE}\n\n{prose(60, 1)}", source="<b>odd</b>.txt")
    context = Pipeline(rank="bm25").compress(document, question=QUESTION, budget=60)
    return document, page(context), pieces_of(context)


@pytest.fixture(scope="module")
def many() -> CompressedContext:
    """A thousand documents; a few sentences are kept of every tenth."""
    documents = [
        Document(text=f"{prose(6, n)} {'The copper of Skellig was sold.' * (n % 10 == 0)}", source=f"{n}.txt")
        for n in range(1000)
    ]
    return Pipeline(rank="bm25").compress(documents, question="Who sold the copper of Skellig?", budget=900)


def test_pieces_hold_the_whole_document_once(shown: Shown) -> None:
    document, _, found = shown
    assert "".join(piece.text for piece in found) == document.text
    assert {piece.fate for piece in found} == {"kept", "protected", "dropped"}
    assert any("3.5 km" in piece.text and piece.fate == "protected" for piece in found)


def test_the_page_shows_the_context_as_it_is_sent(many: CompressedContext) -> None:
    stretches = list(sent(many))
    assert "".join(text for text, _ in stretches) == many.text
    assert "[0.txt]" in "".join(text for text, is_frame in stretches if is_frame)
    assert all("copper" not in text for text, is_frame in stretches if is_frame)
    shown = re.search(r'<details class="sent".*?<div class="text">(.*?)</div>', page(many), re.DOTALL)
    assert shown is not None
    assert html.unescape(re.sub(r"</?span[^>]*>", "", shown[1])) == many.text


def test_everything_from_outside_is_escaped(shown: Shown) -> None:
    _, made, _ = shown
    assert "<script" not in made
    assert "<b>odd" not in made
    assert "\x1b" not in made
    assert "\x00" not in made
    assert html.escape("<b>odd</b>.txt") in made
    context = Pipeline(rank="bm25").compress(Document(text=prose(3)), question="Who sold <i>it</i>?", budget=9)
    assert "<i>" not in page(context)
    assert "Who sold &lt;i&gt;it&lt;/i&gt;?" in page(context)


def test_the_page_fetches_nothing_and_is_well_formed(shown: Shown) -> None:
    _, made, _ = shown
    assert not re.search(r"src\s*=|https?://|url\(", made)
    places = re.findall(r'href="([^"]*)"', made)
    assert set(places) == {"#d1", "#top"}
    assert all(f'id="{place[1:]}"' in made for place in places)
    for tag in ("section", "div", "details", "summary", "span", "mark", "dl", "ol", "ul", "li"):
        assert len(re.findall(rf"<{tag}\b", made)) == made.count(f"</{tag}>")


def test_long_dropped_stretches_show_both_ends() -> None:
    context = Pipeline(rank="none").compress(Document(text="word " * 5000), budget=10)
    found = pieces_of(context, longest=100)
    assert [p.fate for p in found if p.fate != "protected"] == ["kept", "dropped", "elided", "dropped"]
    assert "characters dropped" in found[2].text


def test_a_fold_begins_and_ends_at_lines_and_loses_nothing(shown: Shown) -> None:
    document, made, found = shown
    text = re.search(r'<section .*?<div class="text">(.*)</div></section>', made, re.DOTALL)
    assert text is not None
    visible = re.sub(r"<summary>.*?</summary>|<[^>]*>", "", text[1])
    assert html.unescape(visible) == document.text.replace("\x1b", "\u241b").replace("\x00", "\u2400")
    folds = re.findall(r'class="fold"><summary>([\d,]+) more characters dropped</summary>', made)
    assert len(folds) == sum(piece.fate == "dropped" and len(piece.text) > FOLD for piece in found) > 0


def test_documents_with_kept_text_come_first_and_the_others_are_folded(many: CompressedContext) -> None:
    made = page(many)
    kept = list(dict.fromkeys(span.document for span in many.spans))
    assert len(kept) > OPEN
    listed = [int(number) for number in re.findall(r'<a href="#d(\d+)">', made)]
    assert listed == [document + 1 for document in kept]
    order = [int(number) for number in re.findall(r'<(?:section|details) id="d(\d+)">', made)]
    dropped = [number for number in range(1, 1001) if number not in set(listed)]
    assert order == [*listed, *dropped]
    assert made.count("<section") == OPEN
    assert f"{len(kept) - OPEN} documents more with kept text" in made
    assert f"{len(dropped)} documents without kept text" in made


def test_a_document_of_which_nothing_is_missing_is_kept_in_full() -> None:
    documents = [Document(text=text, source=name) for name, text in (("a", "The copper was sold.\n"), ("b", prose(20)))]
    context = Pipeline(rank="bm25").compress(documents, question="Who sold the copper?", budget=20)
    assert '<a href="#d1">a</a><span class="count">100.0% kept</span>' in page(context)


def test_pages_with_kept_text_are_told() -> None:
    text = "\n".join([prose(3), "The copper of Skellig was sold.", prose(3, 1), "Skellig sold no copper.", prose(3, 2)])
    starts = (0, text.index("The copper"), text.index("Skellig sold"))
    context = Pipeline(rank="bm25").compress(
        Document(text=text, source="a.pdf", kind="pdf", page_starts=starts), question="copper of Skellig", budget=70
    )
    told = re.search(r", pdf · pages ([\d, ]+) · ", page(context))
    assert told is not None
    assert {2, 3} <= {int(number) for number in told[1].split(", ")} <= {1, 2, 3}


def test_a_thousand_documents_fit_a_page_that_can_be_read(
    many: CompressedContext, browser_page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    file.write_text(page(many), encoding="utf-8")
    for width in (1280, 390):
        browser_page.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
        )
        browser_page.open(file.as_uri())
        assert browser_page.value("document.documentElement.scrollWidth") <= width
        assert browser_page.value("document.documentElement.scrollHeight") < 20_000
    last = re.findall(r'<a href="#(d\d+)">', file.read_text(encoding="utf-8"))[-1]
    folded = f"document.getElementById('{last}').parentElement.open"
    assert browser_page.value(folded) is False
    browser_page.value(f"location.hash = '#{last}'")
    browser_page.until(folded)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    digits = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("style", "texts", "papers"),
    [
        (STYLE, ("ink", "soft", "link", "mark"), ("paper",)),
        (STYLE, ("ink", "mark"), ("kept",)),
        (REPORT.template, ("ink", "soft", "faint"), ("paper",)),
    ],
)
def test_every_text_has_enough_contrast(style: str, texts: tuple[str, ...], papers: tuple[str, ...]) -> None:
    schemes = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): #([0-9a-f]{3,6});", scheme))
        for text, paper in itertools.product(texts, papers):
            low, high = sorted((luminance(colours[text]), luminance(colours[paper])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, paper)
