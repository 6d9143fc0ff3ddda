"""Form fields, comments and text boxes of PDF files."""

from __future__ import annotations

import pytest
from pdf_support import Text, column, place_pdf

from ctxpipe.pipeline.readers.load import load


def read_pdf(*pages: list[Text], annotations: list[str]) -> str:
    data = place_pdf(*pages, annotations=annotations)
    return load(data, source="a.pdf", name="a.pdf").text


def field(name: str, value: str, x: float, y: float, more: str = "") -> str:
    return f"/Subtype /Widget /FT /Tx /T ({name}) /V ({value}) /Rect [{x} {y} {x + 200} {y + 15}] {more}"


LABELS = [Text(72, 700 - 24 * at, f"Fee of {name}:") for at, name in enumerate(("North", "South", "West"))]


def test_what_is_written_in_a_form_stands_beside_its_label() -> None:
    fields = [field(f"f{at}", str(31 + at), 180, 697 - 24 * at) for at in range(3)]
    text = read_pdf(LABELS, annotations=fields)
    assert text.split("\n\n") == ["Fee of North:  31", "Fee of South:  32", "Fee of West:  33"]


def test_a_label_right_above_a_field_is_its_label() -> None:
    labels = [Text(72, 700, "Remarks"), Text(72, 640, "Berth wanted")]
    text = read_pdf(labels, annotations=[field("f1", "Arrives after dark", 72, 680), field("f2", "Pier 7", 72, 622)])
    assert text.split("\n\n") == ["Remarks  Arrives after dark", "Berth wanted  Pier 7"]


def test_a_field_without_a_label_has_its_name_and_an_empty_one_says_nothing() -> None:
    text = read_pdf(
        [Text(72, 700, "Application")],
        annotations=[field("berth", "31", 72, 600, "/TU (Number of the berth)"), field("x", "", 72, 560)],
    )
    assert text.split("\n\n") == ["Application", "Number of the berth: 31"]


@pytest.mark.parametrize(("state", "shown"), [("Yes", "[x]"), ("Off", "[ ]")])
def test_boxes_are_ticked_or_not(state: str, shown: str) -> None:
    box = f"/Subtype /Widget /FT /Btn /T (pays) /V /{state} /AS /{state} /Rect [150 697 160 707] "
    box += "/AP << /N << /Yes << >> /Off << >> >> >>"
    assert read_pdf([Text(72, 700, "Has paid")], annotations=[box]) == f"Has paid  {shown}"


def test_comments_come_after_the_page_with_who_wrote_them() -> None:
    lines = ["A berth costs as much as ever, and it is paid in advance", "by all who come."]
    notes = [
        "/Subtype /Text /T (Ann) /Contents (It is 31\nnow) /Rect [200 700 215 715]",
        "/Subtype /Highlight /Contents (Why?) /Rect [72 700 200 715]",
        "/Subtype /Link /Contents (no comment) /Rect [72 700 200 715]",
    ]
    text = read_pdf(column(72, 700, lines), [Text(72, 700, "The next page.")], annotations=notes)
    first, *rest = text.split("\n\n")
    assert first.replace("\n", " ") == " ".join(lines)
    assert rest == ["[comment by Ann: It is 31 now]", "[comment: Why?]", "The next page."]


def test_a_box_of_text_is_part_of_the_page() -> None:
    box = "/Subtype /FreeText /Contents (It is 31 now.) /Rect [72 640 300 660]"
    text = read_pdf([Text(72, 700, "Above."), Text(72, 600, "Below.")], annotations=[box])
    assert text.split("\n\n") == ["Above.", "It is 31 now.", "Below."]


def test_odd_annotations_are_passed_over() -> None:
    odd = [
        "/Subtype /Widget",
        "/Subtype /Text /Contents 3 /Rect [1 2]",
        "",
        "/Subtype /Text /Contents () /Rect [0 0 1 1]",
    ]
    assert read_pdf([Text(72, 700, "Above.")], annotations=odd) == "Above."
