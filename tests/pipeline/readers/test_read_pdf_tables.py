"""PDF: rows of tables, their groups and column titles, by the places of words."""

from __future__ import annotations

from pdf_support import Text, column, place_pdf

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.load import load


def read_pdf(data: bytes) -> Document:
    return load(data, source="file.pdf", name="file.pdf")


def test_a_table_is_not_taken_for_columns() -> None:
    rows = [
        ("Gull 1", "built of oak", "12.5"),
        ("Tern 2", "built of pine", "9.0"),
        ("Skua 3", "a steel hull", "31.5"),
    ]
    texts = [
        Text(x, 700 - 12 * at, cell) for at, row in enumerate(rows) for x, cell in zip((72, 180, 320), row, strict=True)
    ]
    found = read_pdf(place_pdf(texts))
    assert found.text == "Gull 1  built of oak  12.5\nTern 2  built of pine  9.0\nSkua 3  a steel hull  31.5"


def test_a_cell_beside_the_first_line_of_a_longer_one_stays_in_its_row() -> None:
    rows = []
    for number, (port, fee) in enumerate((("Lisbon", 40), ("Faro", 54), ("Lagos", 89))):
        y = 700 - 40 * number
        rows += [
            Text(72, y, port),
            *column(160, y, ["Boats below 17 m, unless they", "carry fuel or owe the fee", "of the year."]),
        ]
        rows.append(Text(400, y, f"{fee} euros"))
    found = read_pdf(place_pdf([Text(72, 740, "Port"), Text(160, 740, "Who may moor"), Text(400, 740, "Fee"), *rows]))
    assert "of the year.  54 euros\n\nLagos  Boats below 17 m" in found.text
    assert found.text.index("Faro") < found.text.index("54 euros") < found.text.index("Lagos")


def cells(y: float, *words: str) -> list[Text]:
    return [Text(x, y, word) for x, word in zip((72, 200, 330, 440), words, strict=True) if word]


def test_the_name_of_a_group_stands_in_each_of_its_rows() -> None:
    table = [
        ("Harbour", "Ship", "Fee", "Nights"),
        ("Faro", "Ferry", "540", "3"), ("", "Cutter", "120", "2"), ("", "Barge", "-", "5"),
        ("Lagos", "Ferry", "610", "1"), ("", "Cutter", "95", "4"),
    ]  # fmt: skip
    text = read_pdf(place_pdf([one for at, row in enumerate(table) for one in cells(700 - 14 * at, *row)])).text
    assert [line.split("  ")[:3] for line in text.split("\n")[1:]] == [
        ["Faro", "Ferry", "540"], ["Faro", "Cutter", "120"], ["Faro", "Barge", "-"],
        ["Lagos", "Ferry", "610"], ["Lagos", "Cutter", "95"],
    ]  # fmt: skip


def test_sums_and_lines_that_go_on_in_a_cell_are_in_no_group() -> None:
    sums = [
        ("Item", "Pieces", "Price", "Sum"),
        ("Rope", "3", "12.50", "37.50"),
        ("Oil", "10", "4.20", "42.00"),
        ("", "13", "", "79.50"),
    ]
    wrapped = [
        ("A1", "Rope for the", "Quay", "7"),
        ("", "north pier", "House", ""),
        ("A2", "Oil for lamps", "Shed", "3"),
        ("", "and boats", "of Bo", ""),
    ]
    for table in (sums, wrapped):
        rows = read_pdf(
            place_pdf([one for at, row in enumerate(table) for one in cells(700 - 14 * at, *row)])
        ).text.split("\n")
        assert rows == ["  ".join(filter(None, row)) for row in table]


def test_rows_of_a_table_that_goes_on_stand_under_its_column_titles() -> None:
    rows = [(f"H{at:02}", ("Ferry", "Cutter", "Barge")[at % 3], f"{100 + 7 * at}", "2") for at in range(20)]
    first = [*cells(720, "Harbour", "Ship", "Fee", "Nights")]
    first += [one for at, row in enumerate(rows[:10]) for one in cells(706 - 14 * at, *row)]
    found = read_pdf(place_pdf(first, [one for at, row in enumerate(rows[10:]) for one in cells(720 - 14 * at, *row)]))
    units = {found.text[unit.start : unit.end]: unit for unit in outline(found).units(0, len(found.text))}
    titles = units["Harbour  Ship  Fee  Nights"]
    assert found.page(units["H16  Cutter  212  2"].start) == 2
    assert {units["H03  Ferry  121  2"].parent, units["H16  Cutter  212  2"].parent} == {titles.start}
    other = place_pdf(first, [one for at in range(5) for one in cells(720 - 14 * at, f"12:0{at}", "Bo came", "in", "")])
    last = outline(found := read_pdf(other)).units(found.text.index("12:00"), len(found.text))[-1]
    assert last.parent == -1


def test_cells_of_two_words_in_narrow_columns_are_told_apart_in_every_row() -> None:
    """As many gaps are wide as narrow, and the titles of the columns have other numbers of words than the rows."""
    ships, masters, cargoes = ("Aldmoor", "Brackley", "Dunwell", "Farrow"), ("Orr", "Quill", "Rudd"), ("salt", "grain")
    table = [("No.", "Ship", "Master", "Tons", "Cargo")]
    table += [
        (f"{at}", f"{ships[at % 4]} {chr(63 + at // 4)}", f"Capt. {masters[at % 3]}", f"{17 * at}", cargoes[at % 2])
        for at in range(10, 50)
    ]
    pages = [
        [
            Text(x, 700 - 12 * at, word)
            for at, row in enumerate(rows)
            for x, word in zip((180, 210, 277, 345, 387), row, strict=True)
        ]
        for rows in (table[:21], table[21:])
    ]
    found = read_pdf(place_pdf(*pages))
    assert [tuple(line.split("  ")) for line in found.text.split("\n") if line] == table
    units = outline(found).units(0, len(found.text))
    assert {unit.parent for unit in units[1:]} == {units[0].start}
