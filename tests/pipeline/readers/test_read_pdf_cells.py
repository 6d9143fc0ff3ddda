"""PDF: cells that go on in lines below their row."""

from __future__ import annotations

from pdf_support import Text, column, place_pdf

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.load import load

MEANINGS = {
    "HARBOUR_OPEN": [
        "The gates are open and ships may enter without asking the master",
        "first, unless there is fuel.",
    ],
    "HARBOUR_SHUT": ["No ship may enter. Those that lie inside may leave if the warden", "agrees and the wind allows."],
    "HARBOUR_ICED": [
        "A pilot is sent to each ship. The fee is that of the summer, plus",
        "ninety crowns for the icing.",
    ],
}


def read(texts: list[Text]) -> Document:
    return load(place_pdf(texts), source="codes.pdf", name="codes.pdf")


def table(meanings: dict[str, list[str]]) -> list[Text]:
    y, out = 700.0, []
    for code, lines in meanings.items():
        out += [Text(72, y, code), *column(190, y, lines)]
        y -= 12 * len(lines) + 4
    return out


def test_a_row_is_one_line_however_many_lines_its_last_cell_has() -> None:
    found = read(table(MEANINGS))
    rows = [f"{code}  {' '.join(lines)}" for code, lines in MEANINGS.items()]
    assert rows == [line for line in found.text.split("\n") if line]


def test_a_word_broken_at_the_end_of_a_line_of_a_cell_is_joined() -> None:
    broken = MEANINGS | {
        "HARBOUR_GONE": ["The harbour has silted up and is closed for all ships, for har-", "bours need depth."]
    }
    assert "for harbours need depth." in read(table(broken)).text


def test_lines_of_code_in_cells_stay_lines() -> None:
    code = {"open": ["gate.raise(4);", "lamp.green();"], "shut": ["gate.lower();", "lamp.red();"]}
    assert "raise(4);\nlamp" in read(table(code)).text


def test_rows_with_unequal_numbers_of_cells_are_units_of_their_own() -> None:
    commands = [
        ("moor{ship}", "Moors it"),
        ("moor{ship,ship}", "Moors both", "Side by side"),
        ("cast off", "Leaves", "Not at night"),
        ("signal[lamp]{red}", "Shows red"),
        ("anchor", "Drops it", "Outside of the channel"),
    ]
    texts = [
        Text(x, 700 - 12 * at, cell)
        for at, row in enumerate(commands)
        for x, cell in zip((72, 200, 330), row, strict=False)
    ]
    found = read(texts)
    made = outline(found)
    units = [found.text[unit.start : unit.end] for unit in made.units(0, len(found.text))]
    assert units == ["  ".join(row) for row in commands]
    kept = Pipeline(rank="bm25").compress(found, question="When may one not cast off?", budget=30)
    assert "cast off  Leaves  Not at night" in kept.text.split("\n")
