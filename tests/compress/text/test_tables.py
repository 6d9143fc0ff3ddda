"""Rows of tables stand under their header rows, and under the titles of their groups."""

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.tables import csv_units
from ctxpipe.compress.types import Document, Kind


def chain(text: str, kind: Kind, words: str) -> list[str]:
    """What the row that begins at ``words`` stands under, outermost first."""
    structure = outline(Document(source="table", text=text, kind=kind))
    unit = next(u for u in structure.units(0, len(text)) if u.start == text.index(words))
    return [text[above.start : above.end] for above in reversed(structure.chain(unit))]


def test_rows_stand_under_the_title_of_their_group() -> None:
    text = "Boat,Night,Week\nFaro,,\nsmall,54,324\nBraga,,\nsmall,61,366\nlarge,122,732\n"
    assert chain(text, "csv", "large") == ["Boat,Night,Week", "Braga,,"]
    assert chain(text, "csv", "Braga") == ["Boat,Night,Week"]


@pytest.mark.parametrize("title", ["| Braga |", "| Braga |  |  |", "| **Braga** | | |"])
def test_groups_of_tables_of_pipes(title: str) -> None:
    head = "| Boat | Night | Week |"
    text = f"{head}\n|---|---|---|\n| Faro | | |\n| small | 54 | 324 |\n{title}\n| large | 122 | 732 |\n"
    assert chain(text, "markdown", "| large") == [head, title]


def test_a_total_ends_the_group_that_it_names() -> None:
    faro, braga = "Faro,,\nsmall,54,324\nTotal Faro,54,324\n", "Braga:,,\nlarge,122,732\nTotal Braga,122,732\n"
    text = f"Boat,Night,Week\n{faro}{braga}Taxes,7,9\n"
    assert chain(text, "csv", "Total Faro") == ["Boat,Night,Week", "Faro,,"]
    assert chain(text, "csv", "Total Braga") == ["Boat,Night,Week", "Braga:,,"]
    assert chain(text, "csv", "Taxes") == ["Boat,Night,Week"]


@pytest.mark.parametrize("total", ["Total", "**Total**", "Grand total", "Summe"])
def test_the_only_total_below_several_groups_is_of_all(total: str) -> None:
    text = f"Boat,Night,Week\nFaro,,\nsmall,54,324\nBraga,,\nlarge,122,732\n{total},176,1056\n"
    assert chain(text, "csv", total) == ["Boat,Night,Week"]


def test_a_total_stands_in_its_group_where_another_group_has_one() -> None:
    text = "Boat,Night,Week\nFaro,,\nsmall,54,324\nTotal of Faro,54,324\nBraga,,\nlarge,122,732\nTotal,122,733\n"
    assert chain(text, "csv", "Total,122") == ["Boat,Night,Week", "Braga,,"]


def test_a_total_of_each_group_stands_in_it() -> None:
    text = "Boat,Night,Week\nFaro,,\nsmall,54,324\nTotal,54,324\nBraga,,\nlarge,122,732\nTotal,122,733\n"
    assert chain(text, "csv", "Total,122") == ["Boat,Night,Week", "Braga,,"]


def test_a_row_that_only_lacks_values_is_no_title() -> None:
    text = "City,Night,Week\nFaro,54,324\nBraga,,\nEvora,68,408\n"
    assert chain(text, "csv", "Evora") == ["City,Night,Week"]


def test_a_row_without_a_first_cell_stands_under_the_one_that_has_it() -> None:
    text = "City,Boat,Night\nFaro,small,54\n,large,108\nBraga,small,61\n,large,122\n"
    assert chain(text, "csv", ",large,122") == ["City,Boat,Night", "Braga,small,61"]


@pytest.mark.parametrize(
    ("text", "kind", "header"),
    [
        ("City;Fee;Depth\n;EUR/night;m\nFaro;54;17\n", "csv", "City;Fee;Depth\n;EUR/night;m"),
        (",2024,,2025,\nCity,night,week,night,week\nFaro,49,270,54,324\n", "csv", None),
        ("| City | Fee |\n|---|---|\n|  | EUR |\n| Faro | 54 |\n", "markdown", None),
    ],
)
def test_units_and_years_of_columns_belong_to_the_header(text: str, kind: Kind, header: str | None) -> None:
    row = "| Faro" if kind == "markdown" else "Faro"
    assert chain(text, kind, row) == [header or text[: text.index(row) - 1]]


@pytest.mark.parametrize(
    ("above", "title"),
    [
        ("Line 3: Faro - Pier", "Line 3: Faro - Pier"),
        ("Faro\n(in thousands)", "Faro\n(in thousands)"),
        ("Table 7. The ferries of Faro, in thousands.", "Table 7. The ferries of Faro, in thousands."),
    ],
)
def test_a_short_line_above_columns_names_them(above: str, title: str) -> None:
    head = "Pier       Mon    Sat"
    text = f"{above}\n\n{head}\nFaro       07:17  08:17\nIsland     07:54  08:45\n\nFerries do not run in July.\n"
    assert chain(text, "text", "Island") == [title, head]
    assert chain(text, "text", "Ferries do") == []


def test_each_table_of_a_csv_file_has_its_own_header_row() -> None:
    text = (
        "key,value\nschema,2\n\nwood,weight\noak,31\nelm,45\n\nPrices 2026\nwood,price\noak,310\n\nSource: own counts\n"
    )
    assert chain(text, "csv", "oak,31\n") == ["wood,weight"]
    assert chain(text, "csv", "oak,310") == ["Prices 2026", "wood,price"]
    assert chain(text, "csv", "schema") == ["key,value"]
    apart = text.replace("2026\nwood", "2026\n\nwood")
    assert chain(apart, "csv", "oak,310") == ["Prices 2026", "wood,price"]
    groups = "wood,weight\noak,31\n\nelm,45\nash,50\n"
    assert chain(groups, "csv", "ash") == ["wood,weight"]


@pytest.mark.parametrize("rule", ["|---|---|", "| :--- | ---: |", "|----+----|"])
def test_a_rule_below_titles_is_noise(rule: str) -> None:
    text = f"| City | Fee |\n{rule}\n| Faro | 54 |\n| Lagos | 31 |\n"
    units = outline(Document(source="table", text=text, kind="markdown")).units(0, len(text))
    assert [text[u.start : u.end] for u in units if u.noise] == [rule]
    assert chain(text, "markdown", "| Lagos") == ["| City | Fee |"]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("Crane;Load;Load;Wind\n;inner;outer;gust\n;t;t;m/s", "csv"),
        ("Crane,Load,Reach,Wind\n-,kg,m,°C", "csv"),
        ("Crane,Cost,Reach\nunit,EUR/day,[km/h]", "csv"),
        ("| Crane | Load | Wind |\n|---|---|---|\n| | (t) | (m/s) |", "markdown"),
    ],
)
def test_what_numbers_are_counted_in_belongs_to_the_header(head: str, kind: Kind) -> None:
    mark = " | " if kind == "markdown" else head[5]
    cells = [["North", "40", "41", "42"], ["West", "50", "51", "52"]]
    rows = [mark.join(row[: 1 + head.split("\n")[0].count(mark)]) for row in cells]
    rows = [f"| {row} |" if kind == "markdown" else row for row in rows]
    text = "\n".join((head, *rows, ""))
    assert chain(text, kind, rows[1]) == [head]


def test_words_below_column_titles_are_values() -> None:
    text = "Ship,Cargo,Port\nGull,oak,Faro\nTern,elm,Lagos\n"
    assert chain(text, "csv", "Gull") == ["Ship,Cargo,Port"]


INVOICE = """Pos  What                 Count    Price
  1  Paint                    2    54.00
     red, in tins of 2 l
  2  Rope                     4    18.50
  3  Paint                    1    58.00
     blue, in tins of 2 l
     from Faro

               Sum               270.00
               Tax                51.30
               All               321.30
"""


def test_rows_of_an_invoice_hold_the_lines_that_go_on_with_them() -> None:
    structure = outline(Document(source="invoice", text=INVOICE))
    units = {INVOICE[u.start : u.end]: structure.chain(u) for u in structure.units(0, len(INVOICE))}
    row = next(words for words in units if words.startswith("3  Paint"))
    assert row.endswith("from Faro")
    assert [INVOICE[u.start : u.end] for u in units[row]] == [INVOICE.split("\n")[0]]
    assert units["Tax                51.30"] == []


@pytest.mark.parametrize(
    "text",
    [
        INVOICE.replace("     blue", "blue").replace("     from", "from"),
        "Pos  What     Count\n  1  Paint        2\n     red\n",
    ],
)
def test_other_lines_are_no_rows_that_go_on(text: str) -> None:
    structure = outline(Document(source="invoice", text=text))
    assert not any("\n" in text[u.start : u.end] and u.kind == "row" for u in structure.units(0, len(text)))


FORM = "| {} |\n| --- | --- |\n| Area | 31 |\n| Staff | 7 |\n| {} |\n| Area | 42 |\n| Staff | 8 |\n"


@pytest.mark.parametrize("cells", ["{} |  ", "{0} | {0}"])
def test_forms_one_below_the_other_stand_under_their_titles(cells: str) -> None:
    first, second = cells.format("Amber"), cells.format("Basalt")
    text = FORM.format(first, second)
    assert chain(text, "markdown", "| Staff | 8") == [f"| {second} |"]
    assert chain(text, "markdown", "| Staff | 7") == [f"| {first} |"]


def test_groups_with_the_same_first_cells_below_column_titles() -> None:
    text = "Item,Value\nOwner,Town\nAmber,\nArea,31\nStaff,7\nBasalt,\nArea,42\nStaff,8\n"
    assert chain(text, "csv", "Staff,8") == ["Item,Value", "Basalt,"]


def test_tabs_part_first_cells_that_are_empty() -> None:
    text = "Port\tBerth\tFee\nAmber\tA1\t31\n\tA2\t32\nBasalt\tB1\t42\n\tB2\t43\n"
    assert chain(text, "csv", "\tB2") == ["Port\tBerth\tFee", "Basalt\tB1\t42"]


STATIONS = "".join(
    f"# Device: {device}\n# Site: {site} weir, left bank\n"
    f"time,level,flag\nUTC,m,\n09:00,{level},OK\n10:00,{level + 1},FAIL\n"
    for device, site, level in (("WX 1", "Lower", 12), ("WX 2", "Upper", 45), ("WX 3", "Old", 78))
)


def test_a_header_row_that_comes_again_begins_a_table_with_the_comments_above_it() -> None:
    for site, words in (("Lower", "13,FAIL"), ("Upper", "46,FAIL"), ("Old", "79,FAIL")):
        *titles, header = above(STATIONS, words, "csv")
        assert titles[1] == f"# Site: {site} weir, left bank"
        assert header.startswith("time,level,flag")


def test_a_record_without_values_ends_a_table() -> None:
    text = "Sales;;\nShop;Kind;Net\nBonn;Bikes;98\nBonn;Parts;31\n;;\nReturns;;\nShop;Kind;Net\nBonn;Bikes;7\n"
    assert above(text, "Bikes;7", "csv") == ["Returns;;", "Shop;Kind;Net"]
    assert above(text, "Parts;31", "csv") == ["Sales;;", "Shop;Kind;Net"]
    assert [text[u.start : u.end] for u in csv_units(text) if u.noise] == [";;"]
