"""Rows whose cells stand in columns, and lines that name what stands below them."""

from __future__ import annotations

import pytest

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

PLAIN = """City      Region     Fee
North     Coast       31
South     Inland      45
"""
RULED = """City      Region     Fee
--------  --------  ----
North     Coast       31
South     Inland      45
West      Inland      52
"""
WORDS = """NAME      ROLE       BOAT
Ann       cook       Gull
Bo        mate       Tern
Cy        engineer   Auk
"""


def units(text: str) -> dict[str, tuple[Unit, list[str]]]:
    made = outline(Document(text=text, source="x"))
    return {
        text[u.start : u.end]: (u, [text[a.start : a.end] for a in made.chain(u)]) for u in made.units(0, len(text))
    }


@pytest.mark.parametrize(("table", "row"), [(PLAIN, "South     Inland      45"), (RULED, "South     Inland      45")])
def test_rows_in_columns_are_not_glued_and_stand_under_the_titles(table: str, row: str) -> None:
    unit, above = units(f"These are the prices of all piers of the coast, by night.\n\n{table}")[row]
    assert unit.kind in ("row", "record")
    assert above[0].startswith("City      Region     Fee")


def test_rows_of_words_are_not_glued() -> None:
    assert "Bo        mate       Tern" in units(WORDS)


@pytest.mark.parametrize("below", ["| Mooring | 45 |\n| Crane | 9 |\n", "- Mooring: 45\n- Crane: 9\n"])
@pytest.mark.parametrize("blank", ["\n", ""])
def test_a_short_line_above_a_table_or_list_is_its_title(below: str, blank: str) -> None:
    text = f"North\n{blank}{below.replace('45', '31')}\nSouth\n{blank}{below}"
    found = units(text)
    unit = next(words for words in found if "45" in words)
    assert "South" in found[unit][1]


def test_a_sentence_above_a_list_is_no_title() -> None:
    found = units("The pier is closed.\n\n- Mooring: 45\n- Crane: 9\n")
    assert found["- Mooring: 45"][1] == []


def test_the_foot_of_a_page_for_printers_says_nothing() -> None:
    foot, head = "Wright          Informational          [Page 3]", "RFC 9        Piers       May 2026"
    text = f"The pier\n   is open.\n\n\n{foot}\n\f\n{head}\n\nIt ends.\n"
    noise = {words for words, (unit, _) in units(text).items() if unit.noise}
    assert noise == {foot, head}
