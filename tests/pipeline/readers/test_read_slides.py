"""Presentations: the order of shapes, levels of bullets, sections, tables, charts and links."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.office.order import Box, columns_of

pytest.importorskip("pptx", reason="the office extra is not installed")


def made(fill: Any) -> str:
    from pptx import Presentation

    presentation = Presentation()
    fill(presentation)
    buffer = io.BytesIO()
    presentation.save(buffer)
    return load(buffer.getvalue(), source="a.pptx", name="a.pptx").text


def box(slide: Any, left: int, top: int, words: str) -> None:
    from pptx.util import Inches

    slide.shapes.add_textbox(Inches(left), Inches(top), Inches(3), Inches(1)).text_frame.text = words


def titled(presentation: Any, title: str, layout: int = 5) -> Any:
    slide = presentation.slides.add_slide(presentation.slide_layouts[layout])
    slide.shapes.title.text = title
    return slide


def test_boxes_beside_each_other_are_read_column_by_column() -> None:
    def fill(presentation: Any) -> None:
        slide = titled(presentation, "Works")
        for left, top, words in (
            (5, 4, "54 euros"),
            (5, 3, "Crane"),
            (1, 4, "17 euros"),
            (1, 3, "Pier"),
            (1, 6, "Sum: 71"),
        ):
            box(slide, left, top, words)

    assert made(fill) == "# Works\n\nPier\n17 euros\n\nCrane\n54 euros\n\nSum: 71"


def test_bullets_are_indented_by_their_level_and_steps_are_counted() -> None:
    from pptx.oxml import parse_xml

    space = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'

    def fill(presentation: Any) -> None:
        frame = titled(presentation, "Costs", 1).placeholders[1].text_frame
        frame.text = "Dredging"
        for words, level in (("in spring: 54", 1), ("without sand", 2), ("Painting", 0)):
            paragraph = frame.add_paragraph()
            paragraph.text, paragraph.level = words, level
        steps = titled(presentation, "Steps", 1).placeholders[1].text_frame
        steps.text = "Open the lid."
        steps.add_paragraph().text = "Pull the lever."
        for paragraph in steps.paragraphs:
            paragraph._p.get_or_add_pPr().append(parse_xml(f'<a:buAutoNum {space} type="alphaLcParenR" startAt="2"/>'))

    assert made(fill) == (
        "# Costs\n\n- Dredging\n  - in spring: 54\n    - without sand\n- Painting\n\n"
        "# Steps\n\nb) Open the lid.\nc) Pull the lever."
    )


def test_slides_stand_under_the_header_of_their_section() -> None:
    def fill(presentation: Any) -> None:
        titled(presentation, "Talk", 0)
        for city in ("Lisbon", "Faro"):
            titled(presentation, city, 2)
            titled(presentation, "Costs")
        presentation.slides[4].element.set("show", "0")

    assert made(fill) == "# Talk\n\n# Lisbon\n\n## Costs\n\n# Faro\n\n## Costs (hidden slide)"


def test_slides_stand_under_the_name_of_their_section() -> None:
    from pptx.oxml import parse_xml

    spaces = (
        'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:p14="http://schemas.microsoft.com/office/powerpoint/2010/main"'
    )

    def fill(presentation: Any) -> None:
        for title in ("Costs", "Crew", "Costs"):
            titled(presentation, title)
        ids = [slide.slide_id for slide in presentation.slides]
        sections = "".join(
            f'<p14:section name="{name}"><p14:sldIdLst><p14:sldId id="{first}"/></p14:sldIdLst></p14:section>'
            for name, first in (("Lisbon", ids[0]), ("Faro", ids[2]))
        )
        listed = f"<p:extLst {spaces}><p:ext uri='x'><p14:sectionLst>{sections}</p14:sectionLst></p:ext></p:extLst>"
        presentation.element.append(parse_xml(listed))

    assert made(fill) == "# Lisbon\n\n## Costs\n\n## Crew\n\n# Faro\n\n## Costs"


def test_words_struck_through_and_links_in_a_group() -> None:
    def fill(presentation: Any) -> None:
        group = titled(presentation, "Fees").shapes.add_group_shape()
        box(group, 1, 2, "Night")
        box(group, 5, 2, "")
        paragraph = group.shapes[1].text_frame.paragraphs[0]
        old, _, link = paragraph.add_run(), paragraph.add_run(), paragraph.add_run()
        old.text, link.text = "49", "see here"
        paragraph.runs[1].text = " 54 euros, "
        old.font._element.set("strike", "sngStrike")
        link.hyperlink.address = "https://example.org/fees"

    assert made(fill) == "# Fees\n\nNight\n~~49~~ 54 euros, see here (https://example.org/fees)"


def test_numbers_and_what_they_are_of_are_set_off_from_one_another_in_a_group() -> None:
    def fill(presentation: Any) -> None:
        group = titled(presentation, "Works").shapes.add_group_shape()
        for left, top, words in ((5, 3, "Cranes"), (5, 4, "4"), (1, 3, "Staff"), (1, 4, "42")):
            box(group, left, top, words)
        row = titled(presentation, "Steps").shapes.add_group_shape()
        for left, words in ((1, "Ask"), (5, "Pay")):
            box(row, left, 3, words)

    assert made(fill) == "# Works\n\nStaff\n42\n\nCranes\n4\n\n# Steps\n\nAsk\nPay"


def test_a_table_with_a_title_and_two_rows_of_column_titles() -> None:
    from pptx.util import Inches

    def fill(presentation: Any) -> None:
        shape = titled(presentation, "Ships").shapes.add_table(4, 3, Inches(1), Inches(2), Inches(6), Inches(2))
        rows = (("In thousands", "", ""), ("Port", "2025", ""), ("", "in", "out"), ("Faro", "17", "54"))
        for at, row in enumerate(rows):
            for column, words in enumerate(row):
                shape.table.cell(at, column).text = words
        shape.table.cell(0, 0).merge(shape.table.cell(0, 2))
        shape.table.cell(1, 1).merge(shape.table.cell(1, 2))
        shape.table.cell(1, 0).merge(shape.table.cell(2, 0))

    assert made(fill) == (
        "# Ships\n\nIn thousands\n\n| Port | 2025 in | 2025 out |\n| --- | --- | --- |\n| Faro | 17 | 54 |"
    )


def test_a_chart_is_a_table() -> None:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    def fill(presentation: Any) -> None:
        data = CategoryChartData()
        data.categories = ["2024", "2025"]
        data.add_series("Faro", (49, 54.5))
        data.add_series("Lagos", (None, 89))
        place = (Inches(1), Inches(2), Inches(6), Inches(4))
        chart = titled(presentation, "Fees").shapes.add_chart(XL_CHART_TYPE.LINE, *place, data).chart
        chart.has_title = True
        chart.chart_title.text_frame.text = "Euros a night"

    assert made(fill) == (
        "# Fees\n\nEuros a night\n\n|  | Faro | Lagos |\n| --- | --- | --- |\n| 2024 | 49 |  |\n| 2025 | 54.5 | 89 |"
    )


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 2, *[st.integers(1, 30)] * 2), max_size=12))
def test_every_shape_is_read_once(places: list[tuple[int, int, int, int]]) -> None:
    boxes = [Box(left, top, left + w, top + h, i) for i, (left, top, w, h) in enumerate(places)]
    read = [number for column in columns_of(boxes) for number in column]
    assert sorted(read) == list(range(len(boxes)))
