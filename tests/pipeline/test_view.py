"""The page and the pieces it is made of."""

from __future__ import annotations

import html
import re

import pytest
from samples import prose

from ctxpipe import Document, Pipeline
from ctxpipe.pipeline.view import page, pieces

HOSTILE = 'Cost <script>alert("x")</script> & 3.5 km of copper.\x1b[31m \x00 </div></section>'


@pytest.fixture(scope="module")
def shown() -> tuple[Document, str, list[tuple[str, str]]]:
    document = Document(text=f"{prose(60)}\n\n{HOSTILE}\n\n{prose(60, 1)}", source="<b>odd</b>.txt")
    context = Pipeline(rank="bm25").compress(document, question="What did the 3.5 km of copper cost?", budget=60)
    return document, page(context), [(p.text, p.fate) for p in pieces(context)]


def test_pieces_hold_the_whole_document_once(shown: tuple[Document, str, list[tuple[str, str]]]) -> None:
    document, _, found = shown
    assert "".join(text for text, _ in found) == document.text
    assert {fate for _, fate in found} == {"kept", "protected", "dropped"}
    assert any("3.5 km" in text and fate == "protected" for text, fate in found)


def test_everything_from_outside_is_escaped(shown: tuple[Document, str, list[tuple[str, str]]]) -> None:
    _, made, _ = shown
    assert "<script" not in made
    assert "<b>odd" not in made
    assert "\x1b" not in made
    assert "\x00" not in made
    assert html.escape("<b>odd</b>.txt") in made


def test_the_page_fetches_nothing_and_is_well_formed(shown: tuple[Document, str, list[tuple[str, str]]]) -> None:
    _, made, _ = shown
    assert not re.search(r"(?:src|href)\s*=|https?://|url\(", made)
    for tag in ("section", "div", "details", "summary", "span", "dl"):
        assert len(re.findall(rf"<{tag}\b", made)) == made.count(f"</{tag}>")


def test_long_dropped_stretches_show_both_ends() -> None:
    context = Pipeline(rank="none").compress(Document(text="word " * 5000), budget=10)
    found = list(pieces(context, longest=100))
    assert [p.fate for p in found if p.fate != "protected"] == ["kept", "dropped", "elided", "dropped"]
    assert "characters dropped" in found[2].text
