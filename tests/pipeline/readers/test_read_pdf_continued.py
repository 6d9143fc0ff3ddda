"""Sentences that go on from one page of a PDF to the next, and what only looks like one."""

from __future__ import annotations

import pytest

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.pdf.reader import PdfReader
from tests.pdf_support import Text, column, place_pdf

WIDE = (
    "The committee of the harbour met in the evening and spoke for three hours about the new ferry and about its piers."
)
BODY = [
    "The committee met in the evening and spoke for three hours about the",
    "new ferry, which was to be larger and much faster than the old one",
    "and which was to be paid for by those who live on the other side of it.",
]
NARROW = [
    "The committee met in the evening and spoke about",
    "the new ferry, which was to be larger and faster",
    "than the old one, and which was to be paid for by",
    "those who live on the other side of the water and",
    "who have to go to the town every day for work and",
    "for school. Nobody was against it in the end, and",
    "the builders were asked to come by, among them the",
]


def read(*pages: list[Text]) -> Document:
    return PdfReader().read(place_pdf(*pages), source="made.pdf")


def test_a_definition_beside_its_term_goes_on_with_a_capital() -> None:
    terms = [Text(72, 700 - 40 * at, name) for at, name in enumerate(("Berth", "Ferry", "Salt"))]
    end = [
        "The harbour is told in full here, and the words that stand in",
        "this list are those that are written in the laws of the",
    ]
    first = [*terms, Text(72, 580, "Quay"), *column(180, 580, end)]
    second = [
        *column(180, 700, ["Harbourmaster, who may change it."]),
        *[term._replace(y=term.y - 60) for term in terms],
    ]
    assert "laws of the\nHarbourmaster, who" in read(first, second).text


def test_narrow_prose_goes_on_though_another_line_of_its_page_is_wide() -> None:
    first = [*column(72, 740, [WIDE]), *column(72, 700, [*NARROW[:5], "for school.", *NARROW])]
    found = read(first, column(72, 700, ["Harbourmaster of Quaysteel, and asked again.", *NARROW]))
    assert "among them the\nHarbourmaster of Quaysteel" in found.text
    assert found.page(found.text.index("Harbourmaster")) == 2


def test_lines_of_which_each_stands_alone_are_not_joined() -> None:
    names = [
        "Repair of the old pier in the north",
        "Lamps",
        "Salt and ropes for winter",
        "Herring",
        "New nets",
        "Oil for it",
    ]
    first = [*column(72, 700, [WIDE]), *column(72, 660, [*names, "Coal for the big new ferry in the north"])]
    assert "ferry in the north\n\nPaint" in read(first, column(72, 700, ["Paint for the boats", *names])).text


@pytest.mark.parametrize("code", [["sign(quay, [])"], ["sign(quay, ...", "light(quay)"]])
def test_a_sentence_around_code_at_the_end_of_a_page_is_one_paragraph(code: list[str]) -> None:
    end = [*BODY, "Then for each of the piers of the harbour the calls"]
    first = [*column(72, 700, end), *column(100, 650, code)]
    second = column(72, 700, ["would most likely do different things from those that are wanted.", *BODY])
    found = read(first, second)
    assert f"the calls\n{code[0]}" in found.text
    assert f"{code[-1]}\nwould most likely do" in found.text
    assert found.page(found.text.index("would most")) == 2


@pytest.mark.parametrize(
    ("end", "begin"),
    [
        ("Then for each of the piers there is a call.", "would most likely do different things from it."),
        ("Then for each of the piers of the harbour the calls", "Another sentence begins with a capital letter."),
        ("Signs", "would most likely do different things from it."),
    ],
)
def test_what_stands_behind_code_may_be_another_sentence(end: str, begin: str) -> None:
    first = [*column(72, 700, [*BODY[:2], "and so on.", end]), *column(100, 650, ["sign(quay, [])"])]
    assert f"sign(quay, [])\n\n{begin}" in read(first, column(72, 700, [begin, *BODY])).text


def test_notes_below_code_are_moved_out_of_the_sentence_around_it() -> None:
    end = [*BODY, "Those who want another sign for the harbour have to use"]
    first = [
        *column(72, 700, end),
        *column(100, 640, ["SIGN = quay(north)"]),
        *column(72, 90, ["1 Minutes of the council."], 7),
    ]
    second = column(72, 700, ["in the list of signs of the harbour that is in their own town.", *BODY])
    found = read(first, second)
    assert "SIGN = quay(north)\nin the list of signs" in found.text
    assert "have to use\n\nSIGN" in found.text
    assert found.page(found.text.index("1 Minutes")) == 1


def test_a_table_in_many_pieces_at_the_head_of_a_page_is_moved_out_of_a_sentence() -> None:
    first = column(72, 700, [*BODY, "The signs of the harbour are listed in a book of its own, so that"])
    table = [
        Text(72, 740, "Table 3. The signs of the harbour.", 9),
        *column(72, 710, ["north", "south"], 9),
        *column(300, 715, ["red", "green"], 9),  # written after the column left of it, higher up
    ]
    second = [*table, *column(72, 600, ["they may be used in all of the other harbours as well.", *BODY])]
    found = read(first, second)
    assert "its own, so that\nthey may be used" in found.text
    assert found.page(found.text.index("Table 3")) == found.page(found.text.index("green")) == 2
    assert found.page(found.text.index("they may")) == 2


def test_words_of_a_figure_are_no_halves_of_a_sentence() -> None:
    first = [
        *column(72, 700, [f"{line} as it was written" for line in BODY]),
        Text(400, 600, "Construct output objects"),
    ]
    figure = [*column(260, 720, ["Take in what is given"]), *column(260, 600, ["Figure 1. Parts of it."])]
    second = column(72, 700, ["written in the north of the harbour and never read by those for whom it is.", *BODY])
    assert "is given\nwritten" not in read(first, figure, second).text


def test_the_last_row_of_a_page_of_a_table_is_no_half_of_a_sentence() -> None:
    first = column(72, 700, [*BODY, "The lamps of the harbour, of which each has another colour, are lit by"])
    cells = ((72, "Northern lamp"), (300, "lit"), (400, "green"))
    table = [Text(x, 700 - 12 * row, word) for row in range(6) for x, word in cells]
    found = read(first, table, column(72, 700, ["those who live beside them all through the year.", *BODY]))
    assert "Northern lamp  lit  green\n\nthose who live" in found.text
