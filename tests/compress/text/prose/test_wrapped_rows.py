"""Aligned tables whose cells go on in further lines: each row is whole, under the titles of the columns."""

from __future__ import annotations

import pytest
from units_support import above, check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.wrapped_rows import wrapped_rows
from ctxpipe.compress.types import Document

HEAD = "Date    What                         Out      In"
ROWS = (
    "3 May   Card payment to Faro          31.20",
    "            EUR 36 at 1.15",
    "            with a fee of 5.62",
    "4 May   Refund                                 12.90",
    "5 May   Transfer to Ann Gull          45.00",
    "            returned unpaid",
    "6 May   Cash                          52.00",
)
RULE = "------- ---------------------------- -------- -----"


def units(text: str) -> dict[str, list[str]]:
    made = outline(Document(text=text, source="x"))
    found = made.units(0, len(text))
    check_units(text, found)
    return {text[u.start : u.end]: [text[p.start : p.end] for p in made.chain(u)] for u in found}


@pytest.mark.parametrize("head", [(HEAD,), (HEAD, RULE)], ids=["plain", "ruled"])
def test_a_row_has_its_further_lines_and_stands_under_the_titles(head: tuple[str, ...]) -> None:
    found = units("\n".join((*head, *ROWS)) + "\n")
    titles = "\n".join(head)
    assert found["\n".join(ROWS[:3])] == [titles]
    assert found[ROWS[3]] == [titles]
    assert found["\n".join(ROWS[4:6])] == [titles]


def test_numbers_in_titles_of_prices() -> None:
    lines = (
        "Code    What                 1-9     10-49",
        "MD12    Board, 12 mm         31.20   28.10",
        "        (green core)",
        "MD18    Board, 18 mm         45.00   41.30",
    )
    assert above("\n".join(lines), "(green core)") == [lines[0]]


def test_a_title_right_above_the_columns_stands_above_them() -> None:
    assert above("\n".join(("Payments of May", HEAD, *ROWS)), "returned unpaid") == ["Payments of May", HEAD]


def test_numbers_of_rows_stand_to_the_right_of_the_title() -> None:
    lines = (
        "Line  Part     What               Price",
        "   1  CU-T     Cable, twin        31.20",
        "               on 100 m drums",
        "  12  SK-2     Socket             45.00",
    )
    assert above("\n".join(lines), "on 100 m drums")[0] == lines[0]


@pytest.mark.parametrize(
    "text",
    [
        "The boat  leaves\nat nine.\n    It costs 31.\nSee the  table.\n",
        "Name    What    Price\n- Ann   31      45\n    - more\n- Bo    52      90\n",
        "\n".join((HEAD, ROWS[0], "Total", ROWS[3], "    and more")),
    ],
    ids=["prose", "list", "group"],
)
def test_other_indented_lines_are_no_rows(text: str) -> None:
    lines = [line for line in text.splitlines() if line.strip()]
    assert wrapped_rows([line.strip() for line in lines], [len(line) - len(line.lstrip()) for line in lines]) is None
