"""Tables that are drawn with rules, and those of wikis."""

from __future__ import annotations

import pytest

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

RST = """+-------+-------+
| Item  | Price |
+=======+=======+
| berth | 31    |
| (wet) |       |
+-------+-------+
| crane | 45    |
+-------+-------+
"""
MYSQL = """+----+-------+-------+
| id | item  | price |
+----+-------+-------+
|  1 | berth |    31 |
|  2 | crane |    45 |
+----+-------+-------+
"""
BOX = """┌───────┬───────┐
│ item  │ price │
├───────┼───────┤
│ berth │ 31    │
│ crane │ 45    │
└───────┴───────┘
"""
WIKI = """{| class="wikitable"
! item !! price
|-
| berth || 31
|-
| crane || 45
|}
"""
ADOC = """[cols="1,1"]
|===
|item |price

|berth
|31

|crane
|45
|===
"""


@pytest.mark.parametrize(("table", "language"), [(RST, "rst"), (MYSQL, ""), (BOX, ""), (WIKI, ""), (ADOC, "asciidoc")])
def test_a_row_is_whole_and_stands_under_the_titles(table: str, language: str) -> None:
    text = f"Prices of the yard are these.\n\n{table}\nNothing more costs anything.\n"
    made = outline(Document(text=text, source="x", language=language))
    units = made.units(0, len(text))
    held = "".join(text[u.start : u.end] for u in units)
    assert "".join(held.split()) == "".join(text.split())
    row = next(u for u in units if "45" in text[u.start : u.end])
    words = text[row.start : row.end]
    assert row.kind == "row"
    assert "crane" in words
    assert "31" not in words
    titles = text[made.chain(row)[0].start : made.chain(row)[0].end]
    assert "item" in titles.lower()
    assert "price" in titles.lower()


PSQL = " id | item  | price \n----+-------+-------\n  1 | berth |    31 \n  2 | crane |    45 \n(2 rows)\n"
TABULAR = r"""\begin{tabular}{lr}
\hline
Item & Price \\
\hline
Berth & 31 \\
Crane & 45 \\
\end{tabular}
"""


@pytest.mark.parametrize(
    ("table", "language", "row", "titles"),
    [
        (PSQL, "", "2 | crane |    45", "id | item  | price"),
        (TABULAR, "tex", r"Crane & 45 \\", "Item & Price"),
        (TABULAR.replace("\\hline\n", ""), "tex", r"Crane & 45 \\", "Item & Price"),
    ],
)
def test_rows_without_bars_around_them_stand_under_their_titles(
    table: str, language: str, row: str, titles: str
) -> None:
    text = f"Prices of the yard are these.\n\n{table}\nNothing more costs anything.\n"
    made = outline(Document(text=text, source="x", language=language))
    units = made.units(0, len(text))
    unit = next(u for u in units if text[u.start : u.end] == row)
    assert titles in text[made.chain(unit)[0].start : made.chain(unit)[0].end]
    held = "".join(text[u.start : u.end] for u in units)
    assert "".join(held.split()) == "".join(text.split())


def test_a_row_that_a_cell_above_goes_over_stands_under_its_row() -> None:
    text = """{| class="wikitable"
! rowspan="2" | Year !! Quay !! Loss
|-
| 1981 || North || A net
|-
| rowspan="3" | 1994 || rowspan=2 | South || A raft
|-
| A buoy
|-
| North || A lamp
|-
| 2003 || North || A boat
|}
"""
    made = outline(Document(text=text, source="x"))
    rows = {text[u.start : u.end].split("|")[-1].strip(): u for u in made.units(0, len(text))}
    above = {
        name: [text[a.start : a.end].split("|")[-1].strip() for a in made.chain(u)][:-1] for name, u in rows.items()
    }
    assert above["A buoy"] == above["A lamp"] == ["A raft"]
    assert above["A net"] == above["A raft"] == []
    assert [text[a.start : a.end][:2] for a in made.chain(made.units(0, len(text))[-1])] == ["{|"]
