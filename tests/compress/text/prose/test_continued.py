"""Rows of aligned tables that go on in further lines."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

RULED = """Berth  Boat                Metres      Due
-----  ----------------  --------  -------
   A1  Gull                  9.50   412.00
       kept in winter
       paid by Ms. Reis
   A2  Tern                 11.00   470.00
   A3  Auk                   7.25   310.00
       Rebate of the club           -31.00
   A4  Heron                 8.00   344.00
"""
TITLED = """Lunch menu        for one    for two    of fat
Soup               4.20       7.90       3 g
                   120 kcal   240 kcal
Bread (2)          1.10       2.00       1 g
Pie                6.40       12.10      9 g
"""
CODED = """Hoses
Code     What                  1-9    10+
HS10     Hose, 10 m          12.40  11.10
HS25     Hose, 25 m          28.00  25.60
         (no coupling)
HS50     Hose, 50 m          51.00  47.30
"""


def units(text: str) -> list[str]:
    return [text[u.start : u.end] for u in outline(Document(text=text, source="x")).units(0, len(text))]


@pytest.mark.parametrize(
    ("text", "row", "lines"),
    [(RULED, "A1", 3), (RULED, "A3", 2), (TITLED, "Soup", 2), (CODED, "HS25", 2)],
)
def test_a_row_is_whole_with_the_lines_that_go_on_with_it(text: str, row: str, lines: int) -> None:
    assert next(unit for unit in units(text) if unit.startswith(row)).count("\n") == lines - 1


@pytest.mark.parametrize(("text", "row"), [(RULED, "A2"), (RULED, "A4"), (TITLED, "Bread"), (TITLED, "Pie")])
def test_rows_below_one_that_goes_on_stand_under_the_titles(text: str, row: str) -> None:
    titles = "\n".join(text.split("\n")[: 1 + (text is RULED)])
    assert above(text, row) == [titles]


def test_the_title_of_a_table_stands_above_its_titles_of_columns() -> None:
    assert above(CODED, "HS50") == ["Hoses", CODED.split("\n")[1]]


def test_several_tables_without_blank_lines_have_their_own_titles() -> None:
    text = CODED + CODED.replace("Hoses", "Pipes").replace("HS", "PP").replace("Code", "Type")
    assert above(text, "PP50") == ["Pipes", CODED.split("\n")[1].replace("Code", "Type")]


@pytest.mark.parametrize("total", ["Total", "Subtotal", "Grand total"])
def test_a_total_below_other_columns_is_a_row_of_its_own(total: str) -> None:
    text = f"{RULED}       {total:26}1505.00\n"
    assert units(text)[-1].startswith(total)
    assert above(text, total) == ["\n".join(RULED.split("\n")[:2])]


def test_titles_that_are_repeated_begin_a_table_of_their_own() -> None:
    assert units(TITLED * 3)[4:] == units(TITLED * 2)


def test_what_follows_the_table_in_the_first_column_is_no_row() -> None:
    after = "The dues are paid by the owner of the boat."
    assert above(f"{RULED}{after}\n", after) == []


@pytest.mark.parametrize(
    "text",
    [
        "Ann       cook       Gull\nBo        mate       Tern\n          (relief)\nCy        boy        Auk\n",
        "Dues      Boat       Metres\nThe owner pays  them in May and  in June,\n          or the club does.\n",
    ],
)
def test_lines_without_titles_of_columns_are_left_alone(text: str) -> None:
    made = outline(Document(text=text, source="x")).units(0, len(text))
    assert not any(unit.kind == "row" for unit in made)


SUMMED = """Berth  Boat                Metres      Due
-----  ----------------  --------  -------
A1     Gull                  9.50   412.00
A2     Tern                 11.00   470.00
                         --------  -------
** PIER A                   20.50   882.00
B1     Auk                   7.25   310.00
"""


@pytest.mark.parametrize("row", ["A2", "** PIER A", "B1"])
def test_a_sum_below_a_rule_does_not_end_the_table(row: str) -> None:
    assert above(SUMMED, row) == ["\n".join(SUMMED.split("\n")[:2])]


def test_the_rule_above_a_sum_says_nothing() -> None:
    made = outline(Document(text=SUMMED, source="x")).units(0, len(SUMMED))
    assert [SUMMED[u.start : u.end] for u in made if u.noise] == ["--------  -------"]
