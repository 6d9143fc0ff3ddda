"""Percent signs, currencies and units, which a workbook keeps apart from its numbers."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.sheets.formats import PLAIN, number_format


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (0.054, "0%", "5.4%"),
        (0.07, "0.00%", "7%"),
        (1.5, "0 %", "150 %"),
        (1250.5, '#,##0.00\\ "€"', "1250.5 €"),
        (1250, "[$€-407]#,##0.00", "€1250"),
        (99, '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)', "$99"),
        (-3, '"$"#,##0;[Red]-"$"#,##0', "$-3"),
        (12, '0" kg"', "12 kg"),
        (4200, '0.0,"k"', "4.2k"),
        (21.5, "0.0°", "21.5°"),
        (0.1 + 0.2, "0.0%", "30%"),
        (0.1 + 0.2, "General", "0.3"),
        (3.0, "General", "3"),
        (1e-7, "General", "0.0000001"),
        (12345678901, "0", "12345678901"),
    ],
)
def test_what_a_format_adds_is_read_with_the_number(value: float, code: str, shown: str) -> None:
    assert number_format(code).written(value) == shown


@pytest.mark.parametrize(
    "code", ["General", "@", "0.00E+00", "# ?/?", "000-00-0000", "", ";;;", '"yes"', "#,##0.00", "0"]
)
def test_other_formats_leave_the_number_alone(code: str) -> None:
    assert number_format(code) == PLAIN


@given(st.text('0#?.,%;_*[]$"\\ ekg€-', max_size=12), st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_no_format_fails_and_no_digit_is_lost(code: str, value: float) -> None:
    found = number_format(code)
    body = found.written(value).removeprefix(found.before)
    number = body[: len(body) - len(found.after)]
    assert float(number) == pytest.approx(value * float(found.scale), rel=1e-12)


def test_a_share_and_a_price_are_read_as_they_are_shown() -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the office extra is not installed")
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Ferry", "Share", "Fare"], ["Faro", 0.054, 12.5], ["Lagos", 0.31, 8]):
        sheet.append(row)
    for row in (2, 3):
        sheet.cell(row, 2).number_format = "0%"
        sheet.cell(row, 3).number_format = '#,##0.00\\ "€"'
    buffer = io.BytesIO()
    book.save(buffer)
    text = load(buffer.getvalue(), source="fares.xlsx", name="fares.xlsx").text
    assert "| Faro | 5.4% | 12.5 € |" in text
    assert "| Lagos | 31% | 8 € |" in text
