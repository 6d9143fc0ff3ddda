"""XML: a row of a table is one unit, under its caption and its column titles; words of a picture stay together."""

from __future__ import annotations

import pytest
from units_support import chain, check_units

from ctxpipe.compress.text.code import code_units


def held(text: str, needle: str, language: str = "xml") -> list[str]:
    """The unit with some words and what it stands under, without the tags around tables."""
    units = code_units(text, language)
    check_units(text, units)
    around = ("<doc>", "<table>", "<tbody>", "<tgroup>", "<tgroup cols='2'>", "<table-wrap>", "<svg>", "<h:table>")
    return [part for part in chain(text, units, needle) if part not in around]


HTML_HEAD = "<thead><tr><th>Pier</th><th>Depth</th></tr><tr><th>name</th><th>m</th></tr></thead>"
HTML_ROWS = "".join(f"<tr><td>{pier}</td><td>{depth}</td></tr>" for pier, depth in (("North", 41), ("South", 52)))


@pytest.mark.parametrize(
    ("table", "above"),
    [
        (
            f"<table><caption>Piers</caption>{HTML_HEAD}<tbody>{HTML_ROWS}</tbody></table>",
            ["<caption>Piers</caption>", HTML_HEAD],
        ),
        (
            "<table-wrap><label>Table 2</label><caption><p>Piers</p></caption>"
            f"<table>{HTML_HEAD}<tbody>{HTML_ROWS}</tbody></table></table-wrap>",
            ["<label>Table 2</label>", "<caption><p>Piers</p></caption>", HTML_HEAD],
        ),
        (
            f"<table><tbody><tr><th>Pier</th><th>Depth</th></tr>{HTML_ROWS}</tbody></table>",
            ["<tr><th>Pier</th><th>Depth</th></tr>"],
        ),
        (
            "<table><title>Piers</title><tgroup cols='2'><thead><row><entry>Pier</entry></row></thead><tbody>"
            "<row><entry>North</entry><entry><p>41</p></entry></row><row><entry>South</entry><entry>52</entry></row>"
            "</tbody></tgroup></table>",
            ["<title>Piers</title>", "<thead><row><entry>Pier</entry></row></thead>"],
        ),
        (
            "<simpletable><sthead><stentry>Pier</stentry></sthead><strow><stentry>North</stentry>"
            "<stentry>41</stentry></strow><strow><stentry>South</stentry><stentry>52</stentry></strow></simpletable>",
            ["<simpletable>", "<sthead><stentry>Pier</stentry></sthead>"],
        ),
        (
            "<choicetable><chhead><choptionhd>Pier</choptionhd><chdeschd>Depth</chdeschd></chhead><chrow>"
            "<choption>North</choption><chdesc>41</chdesc></chrow><chrow><choption>South</choption>"
            "<chdesc>52</chdesc></chrow></choicetable>",
            ["<choicetable>", "<chhead><choptionhd>Pier</choptionhd><chdeschd>Depth</chdeschd></chhead>"],
        ),
        ("<h:table>" + HTML_ROWS.replace("<", "<h:").replace("<h:/", "</h:") + "</h:table>", []),
    ],
)
def test_a_row_is_one_unit_under_what_heads_it(table: str, above: list[str]) -> None:
    text = f"<doc>{table}<p>Free on Sunday.</p></doc>"
    *chained, row = held(text, "41")
    assert chained == above
    assert "North" in row
    assert "South" not in row
    assert "North" not in held(text, "52")[-1]
    assert held(text, "Sunday") == ["<p>Free on Sunday.</p>"]


@pytest.mark.parametrize(
    "text",
    [
        "<rows><row><name>North</name><depth>41</depth></row></rows>",
        "<tr><td>North</td><td>41</td><note>new</note></tr>",
        "<doc><label>North</label><depth>41</depth></doc>",
        f"<tr><td>North</td><td>{'deep ' * 400}</td><td>41</td></tr>",
        "<tr><td>North</td><td>41</td>",
        "<g><text>North</text><g><text>41</text></g></g>",
        "<g><name>North</name><text>41</text></g>",
    ],
)
def test_other_elements_are_units_of_their_own(text: str) -> None:
    assert "North" not in held(text, "41")[-1]


def test_rows_of_titles_alone_head_no_more_than_a_few() -> None:
    text = "<table>" + "<tr><th>North</th></tr>" * 40 + "<tr><td>41</td></tr></table>"
    assert len(held(text, "41")) < 8


def test_words_of_a_bar_stay_together() -> None:
    bars = "".join(
        f"<g><rect/><text>{name}</text><text><tspan>{size}</tspan></text></g>"
        for name, size in (("North", 41), ("S", 5))
    )
    assert held(f"<svg>{bars}</svg>", "41") == [
        "<g><rect/><text>North</text><text><tspan>41</tspan></text></g>",
    ]


def test_rows_of_a_template_are_whole() -> None:
    row = "<tr>\n    <td>{{ pier }}</td>\n    <td>{{ depth }}</td>\n  </tr>"
    text = f"<table>\n  {row}\n  <tr><td>North</td></tr>\n</table>\n"
    assert held(text, "depth", "html")[-1] == row
