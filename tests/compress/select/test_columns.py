"""Rows of wide tables are shown in the columns that the question is about, where a whole row has no room."""

from __future__ import annotations

import pytest

from ctxpipe import Document, Pipeline
from ctxpipe.compress.types import Kind

NAMES = "amber basalt cobalt dahlia".split()


def kept(text: str, kind: Kind, question: str, budget: int) -> list[str]:
    document = Document(text=text, source="fees", kind=kind)
    made = Pipeline(rank="bm25").compress(document, question=question, budget=budget)
    assert [text[span.start : span.end] for span in made.spans if text[span.start : span.end] not in made.text] == []
    return made.text.split("\n")


def wide(delimiter: str, columns: int = 30) -> str:
    titles = delimiter.join(["name", *(f"fee{k}" for k in range(columns))])
    rows = [delimiter.join([name, *(f"{n}{k:03}" for k in range(columns))]) for n, name in enumerate(NAMES, start=1)]
    return "\n".join([titles, *rows]) + "\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_of_a_csv_file(delimiter: str) -> None:
    titles, row = kept(wide(delimiter), "csv", "What is fee17 of cobalt?", 60)
    assert titles.split(delimiter)[0] == "name"
    assert row.split(delimiter)[0] == "cobalt"
    assert row.split(delimiter)[titles.split(delimiter).index("fee17")] == "3017"
    assert titles.count("…") == row.count("…") > 0


def test_columns_of_a_markdown_table() -> None:
    names = [f"Measure {k}" for k in range(24)]
    rows = [[name, *(f"{n}.{k} kg" for k in range(24))] for n, name in enumerate(NAMES, start=1)]
    lines = [f"| {' | '.join(cells)} |" for cells in (["Name", *names], ["---"] * 25, *rows)]
    titles, row = kept("\n".join(lines) + "\n", "markdown", "What is Measure 17 of dahlia?", 60)
    assert titles.startswith("| Name | ")
    assert "| Measure 17 |" in titles
    assert row.startswith("| dahlia | ")
    assert "| 4.17 kg |" in row
    assert titles.endswith(" | … |")


def test_a_row_that_names_what_is_asked_for_though_lines_above_the_table_have_room() -> None:
    text = (
        "Account;DE12 3456\nBank;Port Savings\n\n"
        "Booked on;Value date;Payee or payer;Kind of booking;Purpose of payment;Amount;Currency\n"
        + "".join(
            f'0{n}.05.2024;0{n}.05.2024;{name} Ltd;Direct debit;"Rent; shed {n}";-{n}37,50;EUR\n'
            for n, name in enumerate(NAMES, start=1)
        )
    )
    titles, row = kept(text, "csv", "What was the amount for cobalt Ltd?", 50)
    assert row.split(";")[titles.split(";").index("Amount")] == "-337,50"
    assert "cobalt Ltd" in row


def test_quoted_cells_are_not_taken_apart() -> None:
    text = wide(",").replace("cobalt,", '"cobalt, the ""old"" one",')
    _, row = kept(text, "csv", "What is fee17 of cobalt?", 60)
    assert row.startswith('"cobalt, the ""old"" one",')
    assert ",3017," in row


def test_a_row_that_has_room_stays_whole() -> None:
    assert kept(wide(",", 5), "csv", "What is fee3 of cobalt?", 60)[0] == "name,fee0,fee1,fee2,fee3,fee4"


def test_a_budget_for_less_than_two_columns_shows_none() -> None:
    assert kept(wide(","), "csv", "What is fee17 of cobalt?", 4) == [""]
