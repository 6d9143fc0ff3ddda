"""Rows of amounts under the titles of their columns and of their groups."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

INCOME = """HERON LINES
STATEMENT OF INCOME

                              2031        2030
Revenue
  Dues                      41,200      39,800
  Storage                   12,750      11,300

Operating costs
  Staff                    (22,400)    (21,900)
  Energy                     4,310         -
    of which oil             1,110       1,220

Net income                  27,240      24,180
"""
BALANCE = """Balance sheet

                           Note     2031       2030
ASSETS
Non-current assets
Property                      4    1,200      1,150
Goodwill                      5      310        310
Current assets
Cash                               $ 220      $ 180
LIABILITIES
Non-current liabilities
Loans                         7      900        950
Current liabilities
Loans                         7      120        110
"""
MATRIX = """Which pilot for which ship

              Pilot 4      Pilot 5      Pilot 6

Heron 10      yes          yes          no
Heron 15      yes          at night     by day
"""


@pytest.mark.parametrize(
    ("words", "groups"),
    [
        ("41,200", ["Revenue"]),
        ("(22,400)", ["Operating costs"]),
        ("4,310", ["Operating costs"]),
        ("1,110", ["Operating costs"]),
        ("27,240", []),
    ],
)
def test_rows_stand_under_their_group_and_the_years_also_after_blank_lines(words: str, groups: list[str]) -> None:
    assert above(INCOME, words) == ["HERON LINES", "STATEMENT OF INCOME", "2031        2030", *groups]


def test_groups_of_groups_are_known_where_all_is_indented_alike() -> None:
    titles = ["Balance sheet", "Note     2031       2030"]
    assert above(BALANCE, "120        110") == [*titles, "LIABILITIES", "Current liabilities"]
    assert above(BALANCE, "900        950") == [*titles, "LIABILITIES", "Non-current liabilities"]
    assert above(BALANCE, "$ 220") == [*titles, "ASSETS", "Current assets"]


def test_words_stand_under_titles_that_all_have_a_cell_below_them() -> None:
    assert above(MATRIX, "at night") == ["Which pilot for which ship", "Pilot 4      Pilot 5      Pilot 6"]


def test_an_indented_line_above_prose_is_no_title_of_columns() -> None:
    text = "                  Heron Lines  of Faro\nWe sail at nine.  We come at ten.\nNobody knows  when.\n"
    assert above(text, "Nobody knows") == []


def test_a_total_with_a_line_of_another_kind_below_it_belongs_to_the_table() -> None:
    assert above(f"{INCOME}Auditor: Holm.\n", "27,240")[-1] == "2031        2030"
    assert above(f"{INCOME}Auditor: Holm.\n", "Auditor") == ["HERON LINES"]


def test_lines_of_capitals_between_blank_lines_are_groups_under_the_titles() -> None:
    text = """Herons Limited

                      2031      2030

ASSETS

Cash                 1,200     1,100
Debtors                300       250

LIABILITIES

Loans                  900       800

NOTES

The loans are due on 3 March.
"""
    assert above(text, "1,200") == ["Herons Limited", "2031      2030", "ASSETS"]
    assert above(text, "900") == ["Herons Limited", "2031      2030", "LIABILITIES"]
    assert above(text, "3 March") == ["NOTES"]


def test_a_heading_above_another_table_is_no_group() -> None:
    text = "              2031      2030\n\nCash          1,200     1,100\n\nSTAFF\n\nAnn     7\nBob     8\n"
    assert above(text, "Bob") == ["STAFF"]


SUMS = """Balance sheet
as at 31 May

                              Note       2031       2030
                                           €m         €m
Current assets
Boats                            4      1,200      1,150
Stores                           5        310        310
                                     --------   --------
                                        1,510      1,460
Current liabilities
Loans                            7       (120)      (110)
Taxes                            8        (21)       (19)
"""


@pytest.mark.parametrize("measure", [" €m", "€000"])
def test_a_sum_below_rules_does_not_end_a_table(measure: str) -> None:
    text = SUMS.replace(" €m", f"{measure:>3}")
    titles = "\n".join(text.split("\n")[3:5]).strip()
    assert above(text, "1,510") == [titles, "Current assets"]
    assert above(text, "(21)") == [titles, "Current liabilities"]


def test_rules_below_the_numbers_say_nothing() -> None:
    units = outline(Document(text=SUMS, source="x")).units(0, len(SUMS))
    assert [SUMS[u.start : u.end] for u in units if u.noise] == ["--------   --------"]


def test_rules_between_paragraphs_make_no_table() -> None:
    text = (
        "              Faro      Lagos\n\nThe boats of the two towns\n--------   --------\nlie in the port until May.\n"
    )
    assert above(text, "lie in") == []
