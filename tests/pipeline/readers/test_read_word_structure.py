"""Word files: numbers, lists, headings of any language, tables with titles over rows, and what was moved."""

from __future__ import annotations

import pytest
from office_support import WORD, make_docx, paragraph

from ctxpipe import Pipeline
from ctxpipe.pipeline.readers.load import load

pytest.importorskip("markitdown", reason="the office extra is not installed")


def text(body: str, **others: str) -> str:
    return load(make_docx(body, **others), source="a.docx", name="a.docx").text


def part(tag: str, body: str) -> str:
    return f'<w:{tag} xmlns:w="{WORD}">{body}</w:{tag}>'


def level(at: int, format: str, shown: str, extra: str = "") -> str:
    shape = f'<w:start w:val="1"/><w:numFmt w:val="{format}"/><w:lvlText w:val="{shown}"/>'
    return f'<w:lvl w:ilvl="{at}">{shape}{extra}</w:lvl>'


def numbering(*levels: str, nums: str = "") -> str:
    lists = nums or '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    return part("numbering", f'<w:abstractNum w:abstractNumId="0">{"".join(levels)}</w:abstractNum>{lists}')


def numbered(words: str, at: int, style: str = "", list: int = 1) -> str:
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    properties = f'<w:pPr>{styled}<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{list}"/></w:numPr></w:pPr>'
    return f"<w:p>{properties}<w:r><w:t>{words}</w:t></w:r></w:p>"


def style(key: str, name: str, properties: str = "", based: str = "") -> str:
    on = f'<w:basedOn w:val="{based}"/>' if based else ""
    named = f'<w:name w:val="{name}"/>{on}<w:pPr>{properties}</w:pPr>'
    return f'<w:style w:type="paragraph" w:styleId="{key}">{named}</w:style>'


CONTRACT = numbering(
    level(0, "decimal", "%1."),
    level(1, "decimal", "%1.%2"),
    level(2, "lowerLetter", "(%3)"),
    level(3, "lowerRoman", "(%4)"),
)


def test_numbered_headings_and_clauses_have_the_numbers_that_word_shows() -> None:
    body = "".join(
        numbered(city, 0, "Heading1")
        + numbered("Rent", 1, "Heading2")
        + numbered("The tenant pays:", 2)
        + numbered(f"{fee} euros for the berth; and", 3)
        + numbered("power.", 3)
        + numbered("No rent is due if the port is closed.", 2)
        for city, fee in (("Lisbon", 40), ("Faro", 54))
    )
    found = text(body, numbering=CONTRACT)
    assert found.split("\n\n")[3:] == [
        "# 2. Faro",
        "## 2.1 Rent",
        "(a) The tenant pays:\n  (i) 54 euros for the berth; and\n  (ii) power.\n"
        "(b) No rent is due if the port is closed.",
    ]
    document = load(make_docx(body, numbering=CONTRACT), source="a.docx", name="a.docx")
    kept = Pipeline(rank="bm25").compress(document, question="What is due for the berth in Faro?", budget=40).text
    assert kept.index("# 2. Faro") < kept.index("## 2.1 Rent") < kept.index("(a) The tenant pays:")
    assert kept.index("(a) The tenant pays:") < kept.index("(i) 54 euros")


def test_lists_go_on_counting_unless_they_are_told_to_begin_again() -> None:
    nums = (
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/>'
        "</w:lvlOverride></w:num>"
    )
    body = (
        numbered("a", 0)
        + paragraph("Between.")
        + numbered("b", 0, list=2)
        + paragraph("And.")
        + numbered("c", 0, list=3)
    )
    found = text(body, numbering=numbering(level(0, "upperRoman", "%1."), nums=nums))
    assert found == "I. a\n\nBetween.\n\nII. b\n\nAnd.\n\nI. c"


@pytest.mark.parametrize(
    ("format", "shown", "expected"),
    [
        ("bullet", "\uf0b7", ["- one", "- two"]),
        ("bullet", "☐", ["☐ one", "☐ two"]),
        ("upperLetter", "%1)", ["A) one", "B) two"]),
        ("decimal", "Article %1", ["Article 1 one", "Article 2 two"]),
        ("decimal", "§ %1", ["§ 1 one", "§ 2 two"]),
        ("chineseCounting", "第%1条", ["第一条 one", "第二条 two"]),
        ("decimal", "%1.%2", ["- 1.1 one", "- 2.1 two"]),
        ("none", "", ["one", "two"]),
    ],
)
def test_marks_of_items(format: str, shown: str, expected: list[str]) -> None:
    listed = numbering(level(0, format, shown))
    assert text(numbered("one", 0) + numbered("two", 0), numbering=listed).split("\n") == expected


def test_lists_of_other_styles_stand_in_one_another_by_their_indentation() -> None:
    styles = part(
        "styles",
        "".join(
            style(f"B{i}", f"List Bullet {i}", f'<w:numPr><w:numId w:val="{i}"/></w:numPr><w:ind w:left="{i * 360}"/>')
            for i in (1, 2, 3)
        ),
    )
    lists = part(
        "numbering",
        f'<w:abstractNum w:abstractNumId="0">{level(0, "bullet", "-")}</w:abstractNum>'
        + "".join(f'<w:num w:numId="{i}"><w:abstractNumId w:val="0"/></w:num>' for i in (1, 2, 3)),
    )
    body = "".join(
        paragraph(words, f"B{deep}")
        for words, deep in (("Boats", 1), ("with an engine", 2), ("54 euros", 3), ("without one", 2), ("Cars", 1))
    )
    assert text(body, styles=styles, numbering=lists) == (
        "- Boats\n  - with an engine\n    - 54 euros\n  - without one\n- Cars"
    )


def test_a_paragraph_that_is_indented_like_the_item_above_goes_on_with_it() -> None:
    left = '<w:pPr><w:ind w:left="720"/></w:pPr>'
    more = paragraph("Not in July.").replace("<w:p>", f"<w:p>{left}")
    listed = numbering(level(0, "decimal", "%1.", f"{left}"))
    found = text(numbered("Boats pay.", 0) + more + numbered("Cars pay.", 0) + paragraph("End."), numbering=listed)
    assert found == "1. Boats pay.\n  Not in July.\n2. Cars pay.\n\nEnd."


@pytest.mark.parametrize(
    "styles",
    [
        style("berschrift1", "heading 1") + style("berschrift2", "heading 2"),
        style("X1", "Überschrift 1") + style("X2", "Überschrift 2"),
        style("Titre1", "Titre 1") + style("Titre2", "Titre 2"),
        style("Heading1", "heading 1")
        + style("A", "Top", based="Heading1")
        + style("B", "Sub", '<w:outlineLvl w:val="1"/>'),
    ],
)
def test_headings_by_their_style_in_any_language_or_by_what_it_is_based_on(styles: str) -> None:
    first, second = [piece.split('"')[0] for piece in styles.split('w:styleId="')[1:]][-2:]
    body = paragraph("Faro", first) + paragraph("Fees", second) + paragraph("A night costs 54 euros.")
    assert text(body, styles=part("styles", styles)) == "# Faro\n\n## Fees\n\nA night costs 54 euros."


def test_the_title_stands_above_all_headings() -> None:
    styles = part("styles", style("Title", "Title") + style("Heading1", "heading 1"))
    body = paragraph("Report 2025", "Title") + paragraph("Faro", "Heading1") + paragraph("It rained.")
    assert text(body, styles=styles) == "# Report 2025\n\n## Faro\n\nIt rained."
    assert text(paragraph("Part", "Title") + body, styles=styles).endswith("Report 2025\n\n# Faro\n\nIt rained.")


def test_a_whole_paragraph_in_the_style_of_a_heading_is_a_clause() -> None:
    clause = "The tenant shall keep the berth clean and shall not moor ships of others there. " * 4
    assert text(paragraph(clause, "Heading2")) == clause.strip()


def test_titles_of_columns_over_two_rows_are_one_row() -> None:
    def cell(words: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(words)}</w:tc>"

    def row(*cells: str, head: bool = False) -> str:
        return f"<w:tr>{'<w:trPr><w:tblHeader/></w:trPr>' if head else ''}{''.join(cells)}</w:tr>"

    two = '<w:gridSpan w:val="2"/>'
    table = "<w:tbl>{}</w:tbl>".format(
        row(cell("Ships by port", '<w:gridSpan w:val="3"/>'), head=True)
        + row(cell("Port", '<w:vMerge w:val="restart"/>'), cell("2025", two), head=True)
        + row(cell("", "<w:vMerge/>"), cell("in"), cell("out"), head=True)
        + row(cell("Faro"), cell("17"), cell("54"))
        + row(cell("closed", '<w:gridSpan w:val="3"/>'))
    )
    assert text(table) == (
        "Ships by port\n\n| Port | 2025 in | 2025 out |\n| --- | --- | --- |\n| Faro | 17 | 54 |\n| closed |  |  |"
    )


def test_rows_of_a_table_in_a_table_stay_rows() -> None:
    def table(*rows: tuple[str, ...]) -> str:
        cells = ("".join(f"<w:tc>{cell}</w:tc>" for cell in row) for row in rows)
        return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"

    p = paragraph
    inner = table((p("Role"), p("Name")), (p("Cook"), p("Bo")))
    found = text(table((p("Ship"), p("Crew")), (p("MS Faro"), f"{inner}{p('')}")))
    assert found.endswith("MS Faro\n\n| Role | Name |\n| --- | --- |\n| Cook | Bo |")


def test_what_was_moved_stands_where_it_was_moved_to() -> None:
    def moved(tag: str, mark: str) -> str:
        run = "<w:r><w:t>The pier closes at 17:00.</w:t></w:r>"
        return f'<w:p><w:pPr><w:rPr><w:{mark} w:id="1"/></w:rPr></w:pPr><w:{tag} w:id="2">{run}</w:{tag}></w:p>'

    body = moved("moveFrom", "moveFrom") + paragraph("Faro", "Heading1") + moved("moveTo", "moveTo") + paragraph("End.")
    assert text(body) == "# Faro\n\nThe pier closes at 17:00.\n\nEnd."


def test_titles_of_forms_in_one_table_stay_rows() -> None:
    def row(*cells: str) -> str:
        span = '<w:tcPr><w:gridSpan w:val="2"/></w:tcPr>' if len(cells) == 1 else ""
        return f"<w:tr>{''.join(f'<w:tc>{span}{paragraph(cell)}</w:tc>' for cell in cells)}</w:tr>"

    forms = "".join(row(name) + row("Area", area) for name, area in (("Amber", "31"), ("Basalt", "42")))
    assert text(f"<w:tbl>{forms}</w:tbl>").startswith("| Amber |  |\n| --- | --- |\n| Area | 31 |\n| Basalt |  |")
