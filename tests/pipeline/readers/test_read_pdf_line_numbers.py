"""PDF: numbers of lines in the margin of drafts and transcripts are no part of the text."""

from __future__ import annotations

import pytest
from pdf_support import Text, place_pdf

from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.pdf.line_numbers import without_line_numbers
from ctxpipe.pipeline.readers.pdf.rows import Page, Row

WORDS = (
    "the harbour lies in a bay that opens to the west and is closed by a mole of grey stone",
    "which the fishermen built in the years after the great storm had taken forty of their boats",
    "and since then no ship has been lost inside the bay although the winds are as strong as ever",
)


def prose(page: int, lines: int = 24) -> list[str]:
    return [f"On page {page} line {at} {WORDS[at % 3]}" if at % 5 == 0 else WORDS[at % 3] for at in range(lines)]


def numbered(page: int, *, left: float, gap: float, first: int, text: float = 100) -> list[Text]:
    out = []
    for at, line in enumerate(prose(page)):
        number = str(first + at)
        y = 740 - 14 * at
        out.append(Text(left + (12 - 6 * len(number)), y, number))
        out.append(Text(text + gap, y, line, 9))
    return out


def read(pages: list[list[Text]]) -> str:
    return load(place_pdf(*pages), source="draft.pdf", name="draft.pdf").text


@pytest.mark.parametrize("left", [50, 560])
@pytest.mark.parametrize("restarts", [True, False])
def test_numbers_of_lines_are_left_out(left: float, *, restarts: bool) -> None:
    pages = [numbered(page, left=left, gap=0, first=1 if restarts else 1 + 24 * page) for page in range(3)]
    text = read(pages)
    assert text.split() == " ".join(line for page in range(3) for line in prose(page)).split()


def test_numbers_beside_formulas_go_with_those_of_other_pages() -> None:
    formulas = [Text(250, 740 - 40 * at, f"x = {at} + y") for at in range(5)]
    grid = [Text(50, 740 - 14 * at, str(25 + at)) for at in range(24)]
    text = read([numbered(0, left=50, gap=0, first=1), [*formulas, *grid]])
    assert "x = 3 + y" in text
    assert not any(line.strip().isdecimal() for line in text.split("\n"))


def test_numbers_of_rows_and_of_code_stay() -> None:
    table = [
        Text(x, 740 - 14 * at, cell)
        for at in range(20)
        for x, cell in ((72, str(at + 1)), (110, f"Gull {at}"), (250, "Built of oak"), (400, f"{at * 7} euros"))
    ]
    code = [
        Text(x, 400 - 12 * at, cell)
        for at in range(14)
        for x, cell in ((72, str(at + 1)), (100, f"raise(boom, {at});"))
    ]
    lines = read([table, code]).split("\n")
    assert "7  Gull 6  Built of oak  42 euros" in lines
    assert "14  raise(boom, 13);" in lines


def test_a_page_of_very_many_numbers_is_left_alone() -> None:
    page = Page(rows=[Row("1", at % 600, at % 600 + 5, 800 - at / 100, 1) for at in range(50_000)])
    without_line_numbers([page])
    assert len(page.rows) == 50_000
