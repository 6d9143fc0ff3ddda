"""Sentences of a PDF that go on behind pages of figures and tables alone."""

from __future__ import annotations

import pytest

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.pdf.reader import PdfReader
from tests.pdf_support import Text, column, place_pdf

BODY = [
    "The committee met in the evening and spoke for three hours about the",
    "new ferry, which was to be larger and much faster than the old one",
    "and which was to be paid for by those who live on the other side of it.",
]
END = [*BODY, "Nobody was against it in the end, and the builders that were asked for"]
FIGURE = [
    *column(110, 500, ["North pier", "South pier", "Slipway"], size=8),
    *column(72, 300, ["Figure 3: The harbour before the new ferry came, seen from the hill", "behind the church"]),
]


def read(*pages: list[Text]) -> Document:
    return PdfReader().read(place_pdf(*pages), source="made.pdf")


@pytest.mark.parametrize("figures", [1, 3])
def test_a_sentence_goes_on_behind_pages_of_figures(figures: int) -> None:
    rest = ["a price have all come by since then. Two of them were cheap.", *BODY]
    found = read(column(72, 700, END), *[FIGURE] * figures, column(72, 700, rest))
    sentence = "the builders that were asked for\na price have all come by since then."
    assert sentence in found.text
    assert found.page(found.text.index("a price")) == 1
    assert found.page(found.text.index("North pier")) == 2
    assert found.page(found.text.index("Two of them")) == 2 + figures
    assert found.text.index("since then.") < found.text.index("Figure 3") < found.text.index("Two of them")


def test_a_sentence_that_ends_with_its_line_leaves_the_rest_of_the_paragraph() -> None:
    rest = ["a price have all come by since then, two of them with drawings of", "what they would build.", *BODY]
    found = read(column(72, 700, END), FIGURE, column(72, 700, rest))
    assert "asked for\na price have all come by since then, two of them with drawings of\nwhat they would build." in (
        found.text
    )
    assert found.page(found.text.index("what they would")) == 1
    assert found.page(found.text.rindex("The committee")) == 3


def test_footnotes_stay_behind_the_sentence() -> None:
    note = column(72, 100, ["1 The name of the ferry is that of the town where it was built."], size=7)
    rest = ["a price have all come by since then.", *BODY]
    found = read([*column(72, 700, END), *note], FIGURE, column(72, 700, rest))
    assert "asked for\na price have all come by since then." in found.text
    assert found.text.index("The name of the ferry") < found.text.index("Nobody was against")


@pytest.mark.parametrize(
    ("between", "rest"),
    [
        ([FIGURE] * 4, "a price have all come by since then."),
        ([FIGURE], "The price was never told to them."),
        ([[*column(72, 740, BODY * 3), *FIGURE]], "a price have all come by since then."),
        ([column(110, 500, ["North pier", "South pier", "Slipway"])], "a price have all come by since then."),
    ],
    ids=["many pages", "another sentence", "a page with text", "no caption"],
)
def test_nothing_else_is_moved(between: list[list[Text]], rest: str) -> None:
    found = read(column(72, 700, END), *between, column(72, 700, [rest, *BODY]))
    assert found.page(found.text.index(rest)) == 2 + len(between)
    assert found.text.index("South pier") < found.text.index(rest)
