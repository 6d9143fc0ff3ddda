"""Workbooks: merged cells, titles over several rows, what stands above a table, formulas, hidden and hostile sheets."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe import Pipeline
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.sheets.sheet import sheet_markdown
from ctxpipe.pipeline.readers.tables.merged import Merge, fill, merge_of

pytest.importorskip("openpyxl", reason="the office extra is not installed")


def book(make: Callable[[Any], object]) -> bytes:
    from openpyxl import Workbook

    made = Workbook()
    made.active.title = "Fleet"
    make(made.active)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as whole, zipfile.ZipFile(out, "w") as package:
        for name in whole.namelist():
            package.writestr(name, whole.read(name).replace(old, new))
    return out.getvalue()


def loaded(data: bytes) -> Document:
    return load(data, source="a.xlsx", name="a.xlsx")


def crew(sheet: Any) -> None:
    sheet.append(["Ship", "Role", "Name"])
    for ship in range(9):
        for role in ("captain", "engineer", "cook"):
            sheet.append([f"Ship M{ship}" if role == "captain" else None, role, f"{role[:3]}-{ship}"])
        sheet.merge_cells(start_row=2 + 3 * ship, end_row=4 + 3 * ship, start_column=1, end_column=1)


def test_tables_beside_each_other_have_titles_of_their_own() -> None:
    left = [["Income", ""], ["City", "2025"], ["Lisbon", "40"], ["Faro", "54"]]
    right = [["Staff", ""], ["City", "Guards"], ["Faro", "17"], ["Porto", "16"]]
    rows = [[*a, "", *b] for a, b in zip(left, right, strict=True)]
    assert sheet_markdown("S", rows) == (
        "## S\n\n### Income\n\n| City | 2025 |\n| --- | --- |\n| Lisbon | 40 |\n| Faro | 54 |\n\n"
        "### Staff\n\n| City | Guards |\n| --- | --- |\n| Faro | 17 |\n| Porto | 16 |"
    )
    assert sheet_markdown("S", [row[:] for row in rows[1:]]).count("| City |") == 2
    other = [["Name", "Age", "", "Berth", "Fee"], ["Ann", "40", "", "B1", "54"], ["Bo", "41", "", "B2", "55"]]
    assert "| Ann | 40 |  | B1 | 54 |" in sheet_markdown("S", other)


def test_years_below_the_names_of_groups_and_a_row_of_units_are_titles() -> None:
    def grouped(sheet: Any) -> None:
        for row in (["Port", "Boats", None, "Cars", None], [None, 2024, 2025, 2024, 2025], ["Faro", 1, 2, 3, 4]):
            sheet.append(row)
        for cells in ("A1:A2", "B1:C1", "D1:E1"):
            sheet.merge_cells(cells)

    assert "| Port | Boats 2024 | Boats 2025 | Cars 2024 | Cars 2025 |" in loaded(book(grouped)).text

    def pumps(sheet: Any) -> None:
        for row in (["Name", "Flow", "Remark"], [None, "m³/h"], *([f"P{i}", i, "runs"] for i in range(20))):
            sheet.append(row)

    kept = Pipeline(rank="bm25").compress(loaded(book(pumps)), question="What is the flow of P7?", budget=60).text
    assert kept.index("|  | m³/h |") < kept.index("| P7 | 7 |")


def test_a_merged_cell_is_in_every_row_that_it_covers() -> None:
    text = loaded(book(crew)).text
    assert all(f"| Ship M{i} | engineer | eng-{i} |" in text for i in range(9))
    kept = (
        Pipeline(rank="bm25").compress(loaded(book(crew)), question="Who is the engineer of Ship M7?", budget=50).text
    )
    assert kept.index("## Fleet") < kept.index("| Ship | Role | Name |") < kept.index("| Ship M7 | engineer | eng-7 |")


def test_column_titles_over_two_rows_are_joined_and_what_is_above_is_a_heading() -> None:
    def make(sheet: Any) -> None:
        sheet.append(["Harbour fees, in thousand euros"])
        sheet.merge_cells("A1:E1")
        sheet.append(["Printed on", "2026-03-01"])
        sheet.append([])
        sheet.append(["Pier", "2025", None, "2026", None])
        sheet.append([None, "dues", "rent", "dues", "rent"])
        sheet.merge_cells("A4:A5")
        sheet.merge_cells("B4:C4")
        sheet.merge_cells("D4:E4")
        sheet.append(["North", 1, 2, 3, 4])
        sheet.append(["South", 5, 6, 7, 8])

    assert loaded(book(make)).text == (
        "## Fleet\n\n### Harbour fees, in thousand euros; Printed on 2026-03-01\n\n"
        "| Pier | 2025 dues | 2025 rent | 2026 dues | 2026 rent |\n| --- | --- | --- | --- | --- |\n"
        "| North | 1 | 2 | 3 | 4 |\n| South | 5 | 6 | 7 | 8 |"
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [["", "Dues", "", "Rent", ""], ["Pier", "Jan", "Feb", "Jan", "Feb"], ["North", "1", "2", "3", "4"]],
            "| Pier | Dues Jan | Dues Feb | Rent Jan | Rent Feb |",
        ),
        ([["Pier", "2025", "2026"], ["North", "1", "2"], ["South", "x", "y"]], "| Pier | 2025 | 2026 |\n"),
        ([["Owner", "Ship", "Flag"], ["Ann", "Gull", "PT"], ["Bo", "Tern", "ES"]], "| Owner | Ship | Flag |\n| --- |"),
        ([["List"], [], ["Ship", "Fee"], ["Gull", "54"]], "### List\n\n| Ship | Fee |\n"),
        (
            [["Ship", "Fee"], ["Gull", "54"], [], ["Port", "Depth"], ["Faro", "7"]],
            "| Gull | 54 |\n\n| Port | Depth |\n",
        ),
        ([["Ship", "Fee"], ["Gull", "54"], [], ["Tern", "61"]], "| Gull | 54 |\n| Tern | 61 |"),
        ([["Ship", "Fee"], ["Gull", "54"], [], ["Source: port"]], "| Gull | 54 |\n| Source: port |\n"),
        ([["only"]], "## S\n\n| only |"),
    ],
)
def test_tables(rows: list[list[str]], expected: str) -> None:
    assert expected in f"{sheet_markdown('S', rows)}\n"


def test_formulas_without_a_value_are_said() -> None:
    def make(sheet: Any) -> None:
        sheet.append(["Pier", "Fee"])
        sheet.append(["North", 5])
        sheet.append(["Total", "=SUM(B2:B2)"])
        sheet.append(["Text", "'=not"])

    found = loaded(book(make))
    assert "| Total | =SUM(B2:B2) (not computed) |" in found.text
    assert found.notes == ("formulas without a stored value, shown as they are written: 1",)


def test_comments_stand_in_their_cell() -> None:
    from openpyxl.comments import Comment

    def make(sheet: Any) -> None:
        sheet.append(["Pier", "Fee"])
        sheet.append(["North", 54])
        sheet["B2"].comment = Comment("Ann Lee:\nask\nagain", "Ann Lee")
        threaded = "[Threaded comment]\n\nYour version of Excel ...\n\nComment:\n    Why?"
        sheet["A2"].comment = Comment(threaded, "tc={1}")

    assert "| North [Comment: Why?] | 54 [Comment by Ann Lee: ask again] |" in loaded(book(make)).text


def test_a_formula_with_a_value_is_its_value() -> None:
    data = book(lambda sheet: [sheet.append(["Pier", "Fee"]), sheet.append(["Total", "=1+4"])])
    found = loaded(changed(changed(data, b"<v></v>", b"<v>5</v>"), b"<v />", b"<v>5</v>"))
    assert "| Total | 5 |" in found.text
    assert found.notes == ()


def test_hidden_sheets_are_read_and_named() -> None:
    def make(sheet: Any) -> None:
        sheet.append(["a", "b"])
        other = sheet.parent.create_sheet("Prices")
        other.append(["secret", 7])
        other.sheet_state = "veryHidden"

    assert "## Prices (hidden sheet)\n\n| secret | 7 |" in loaded(book(make)).text


def test_a_cell_at_the_far_end_makes_no_million_rows() -> None:
    def make(sheet: Any) -> None:
        sheet.append(["Pier", "Fee"])
        sheet.cell(1_048_576, 16_384, "far")
        sheet.merge_cells("A1:B1")

    data = changed(book(make), b'"A1:B1"', b'"A1:XFD1048576"')
    start = time.process_time()
    assert "far" in loaded(data).text
    assert time.process_time() - start < 20


def test_merged_ranges() -> None:
    assert merge_of("A1:B3") == Merge(0, 0, 3, 2)
    assert merge_of("XFD1048576:XFD1048576") == Merge(1_048_575, 16_383, 1_048_576, 16_384)
    assert merge_of("B2:A1") is None
    assert merge_of("A1") is None
    assert merge_of("A0:A1") is None


@given(
    st.lists(st.lists(st.sampled_from(["", "x", "7", "a|b"]), max_size=5), max_size=8),
    st.lists(st.tuples(*[st.integers(0, 9)] * 4), max_size=4),
)
def test_no_cell_is_lost_and_none_appears_elsewhere(rows: list[list[str]], ranges: list[tuple[int, ...]]) -> None:
    merges = [Merge(a, b, a + 1 + c, b + 1 + d) for a, b, c, d in ranges]
    filled = [line.cells for line in fill(rows, merges)]
    assert len(filled) == len(rows)
    covered = {(r, c) for m in merges for r in range(m.top, m.bottom) for c in range(m.left, m.right)}
    for index, (row, full) in enumerate(zip(rows, filled, strict=True)):
        for column, cell in enumerate(row):
            assert full[column] == cell or (index, column) in covered
    text = sheet_markdown("S", rows)
    assert text.count("7") >= max((row.count("7") for row in rows), default=0)
    assert text.count("x") == sum(row.count("x") for row in rows)


def test_titles_of_forms_one_below_the_other_stay_rows() -> None:
    def make(sheet: Any) -> None:
        for name, area in (("Amber", 31), ("Basalt", 42), ("Cobalt", 53)):
            sheet.append([name])
            sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=2)
            sheet.append(["Area", area])
            sheet.append(["Staff", area + 1])

    text = loaded(book(make)).text
    assert "| Amber | Amber |\n| --- | --- |\n| Area | 31 |\n| Staff | 32 |\n| Basalt | Basalt |\n| Area | 42 |" in text


def test_tables_with_the_same_column_titles_and_no_empty_row_between_them() -> None:
    def make(sheet: Any) -> None:
        for name, fee in (("Amber", 31), ("Basalt", 42)):
            sheet.append([name])
            sheet.append(["Berth", "Fee", "Owner"])
            sheet.append(["B1", fee, "Town"])
            sheet.append(["B2", fee + 1, "Town"])

    text = loaded(book(make)).text
    assert "### Basalt\n\n| Berth | Fee | Owner |\n| --- | --- | --- |\n| B1 | 42 | Town |" in text


def test_two_rows_of_titles_above_a_row_of_units_are_joined() -> None:
    rows = [["", "Flow", "", "Head", ""], ["Pump", "min", "max", "min", "max"], ["", "l/s", "l/s", "m", "m"]]
    rows += [["P1", "10", "40", "5", "22"], ["P2", "12", "55", "6", "31"]]
    text = sheet_markdown("S", rows, [Merge(0, 1, 1, 3), Merge(0, 3, 1, 5)])
    assert "| Pump | Flow min | Flow max | Head min | Head max |\n| --- | --- | --- | --- | --- |\n|  | l/s |" in text


FEES = [["Pier", "Night", "Week"], ["North", "54", "324"], ["South", "61", "366"], []]
HOURS = [["Office", "Opens", "Shuts"], ["North", "8", "17"], ["South", "9", "16"]]


@pytest.mark.parametrize("note", ["Note: without power.", "* without power", "Source: the town"])
def test_a_note_below_a_table_belongs_to_it_and_heads_nothing(note: str) -> None:
    text = sheet_markdown("S", [*FEES, [note], [], *HOURS])
    assert f"| South | 61 | 366 |\n| {note} |\n\n| Office | Opens | Shuts |\n| --- |" in text


def test_another_cell_alone_below_a_table_is_the_title_of_the_next() -> None:
    text = sheet_markdown("S", [*FEES, ["Notes of the office"], [], *HOURS])
    assert "### Notes of the office\n\n| Office |" in text


def test_a_note_above_the_first_table_stands_above_it() -> None:
    assert "### Note: in euros\n\n| Pier |" in sheet_markdown("S", [["Note: in euros"], [], *FEES])


def test_a_table_with_numbers_in_other_columns_begins_below_an_empty_row() -> None:
    text = sheet_markdown("S", [*FEES, ["Booking", "Boat", "Pier"], ["1", "Gull", "North"], ["2", "Tern", "South"]])
    assert "\n\n| Booking | Boat | Pier |\n| --- | --- | --- |\n| 1 | Gull | North |" in text


@pytest.mark.parametrize("row", [["West", "closed", ""], ["West", "n/a", "70"]])
def test_a_row_without_numbers_below_an_empty_row_is_no_row_of_titles(row: list[str]) -> None:
    text = sheet_markdown("S", [*FEES, row, ["1", "Gull", "North"], ["2", "Tern", "South"]])
    assert text.count("---") == 3
