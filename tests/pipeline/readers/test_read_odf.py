"""OpenDocument: texts, sheets and presentations, and what they claim."""

from __future__ import annotations

import time

import pytest
from odf_support import SPACES, heading, loaded, odf, paragraph, text
from office_support import zipped

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.errors import ReadError


def table(*rows: str) -> str:
    return f'<table:table table:name="Fees">{"".join(rows)}</table:table>'


def row(*cells: str, given: str = "") -> str:
    made = (
        cell if cell.startswith("<") else f"<table:table-cell>{paragraph(cell)}</table:table-cell>" for cell in cells
    )
    return f"<table:table-row {given}>{''.join(made)}</table:table-row>"


def test_headings_and_paragraphs() -> None:
    body = (
        heading(1, "Rules")
        + paragraph("The  fee\n is<text:s text:c='2'/>54<text:tab/>euros.")
        + heading(2, "Piers")
        + paragraph("North.")
    )
    found = loaded(odf(body))
    assert found.text == "# Rules\n\nThe fee is  54 euros.\n\n## Piers\n\nNorth."
    assert (found.kind, found.title) == ("text", "Rules")
    meta = (
        f"<office:document-meta {SPACES}><office:meta><dc:title>Harbour</dc:title></office:meta></office:document-meta>"
    )
    assert loaded(odf(body, **{"meta.xml": meta})).title == "Harbour"


def test_a_paragraph_with_the_mark_of_a_heading_is_none() -> None:
    found = loaded(odf(heading(1, "Code") + paragraph("# add a picture") + paragraph("The last line.")))
    assert [found.text[a:b] for a, b, _ in found.headings] == ["# Code"]
    structure = outline(found)
    last = structure.units(0, len(found.text))[-1]
    assert structure.trail(last) == ("Code",)


def test_lists_with_their_numbers() -> None:
    style = '<text:list-style style:name="L">{}</text:list-style>'.format(
        '<text:list-level-style-number text:level="1" style:num-format="1"/>'
    )
    body = (
        f'<text:list text:style-name="L"><text:list-item>{paragraph("one")}'
        f"<text:list><text:list-item>{paragraph('inner')}"
        f"</text:list-item></text:list></text:list-item><text:list-item>{paragraph('two')}{paragraph('more')}"
        "</text:list-item></text:list>"
    )
    assert text(body, styles=style) == "1. one\n  - inner\n2. two\n   more"


def test_comments_and_footnotes_stand_below_their_paragraph() -> None:
    note = f"<text:note-citation>1</text:note-citation><text:note-body>{paragraph('By 12%.')}</text:note-body>"
    note = f"<text:note>{note}</text:note>"
    comment = f"<dc:creator>Ann Lee</dc:creator><dc:date>2026</dc:date>{paragraph('Too much. Ask.')}"
    comment = f"<office:annotation>{comment}</office:annotation>"
    body = paragraph(f"The fee rose{note} in May{comment}.") + paragraph("Next.")
    assert (
        text(body)
        == "The fee rose[1] in May.\n\n- Footnote 1: By 12%.\n\n- Comment by Ann Lee: Too much. Ask.\n\nNext."
    )


def test_deleted_text_and_contents_are_no_text() -> None:
    body = (
        f"<text:tracked-changes><text:changed-region>{paragraph('Deleted.')}</text:changed-region></text:tracked-changes>"
        f"<text:table-of-content><text:index-body>{paragraph('Rules 1')}</text:index-body></text:table-of-content>"
    )
    assert text(body + paragraph("Stays.")) == "Stays."


def test_tables_and_headers_and_footers() -> None:
    styles = (
        f"<office:document-styles {SPACES}><office:master-styles><style:master-page>"
        f"<style:header>{paragraph('Port of Faro')}</style:header><style:footer>"
        f"{paragraph('Draft 7, page <text:page-number>3</text:page-number>')}</style:footer></style:master-page>"
        "</office:master-styles></office:document-styles>"
    )
    found = text(table(row("Ship", "Fee"), row("Gull", "54")), **{"styles.xml": styles})
    assert (
        found
        == "Page header: Port of Faro\n\nPage footer: Draft 7, page\n\n| Ship | Fee |\n| --- | --- |\n| Gull | 54 |"
    )


def test_words_struck_through_are_marked() -> None:
    styles = (
        '<style:style style:name="S" style:family="text"><style:text-properties '
        'style:text-line-through-style="solid"/></style:style>'
    )
    body = paragraph(
        'It costs <text:span text:style-name="S"> 49 </text:span>54<text:span text:style-name="S"/> euros.'
    )
    assert text(body, styles=styles) == "It costs ~~49~~ 54 euros."


def test_titles_of_columns_over_two_rows_are_one_row() -> None:
    def cell(words: str, columns: int = 1, rows: int = 1) -> str:
        spans = f'table:number-columns-spanned="{columns}" table:number-rows-spanned="{rows}"'
        covered = "<table:covered-table-cell/>" * (columns - 1)
        return f"<table:table-cell {spans}>{paragraph(words)}</table:table-cell>{covered}"

    head = (
        row(cell("Fees in euros", 3), given="")
        + row(cell("Port", rows=2), cell("2025", 2))
        + row("<table:covered-table-cell/>", "low", "high")
    )
    rows = f"<table:table-header-rows>{head}</table:table-header-rows>" + row("Faro", "40", "54")
    assert text(table(rows)) == (
        "Fees in euros\n\n| Port | 2025 low | 2025 high |\n| --- | --- | --- |\n| Faro | 40 | 54 |"
    )


def test_sheets() -> None:
    merged = f'<table:table-cell table:number-rows-spanned="2">{paragraph("M1")}</table:table-cell>'
    body = table(
        row("Ship", "Role", "Name"), row(merged, "cook", "Ann"), row("<table:covered-table-cell/>", "mate", "Bo"),
        row('<table:table-cell table:formula="of:=SUM(1;2)"/>', '<table:table-cell office:value="7"/>'),
        row('<table:table-cell table:number-columns-repeated="16384"/>', given='table:number-rows-repeated="1048576"'),
    )  # fmt: skip
    found = loaded(odf(body, "ods"), "ods")
    assert found.text == (
        "## Fees\n\n| Ship | Role | Name |\n| --- | --- | --- |\n| M1 | cook | Ann |\n| M1 | mate | Bo |\n"
        "| =SUM(1;2) (not computed) | 7 |"
    )
    kept = Pipeline(rank="bm25").compress(found, question="Who is the mate?", budget=40).text
    assert "## Fees" in kept
    assert "| M1 | mate | Bo |" in kept


def test_slides_are_pages_with_titles_and_notes() -> None:
    def frame(words: str, given: str = "") -> str:
        return f"<draw:frame {given}><draw:text-box>{paragraph(words)}</draw:text-box></draw:frame>"

    def slide(number: int) -> str:
        title = frame(f"Topic {number}", 'presentation:class="title"')
        notes = f"<presentation:notes>{frame(f'Say {number}.')}</presentation:notes>"
        return f"<draw:page>{title}{frame(f'Body {number}.')}{notes}</draw:page>"

    found = loaded(odf(slide(1) + slide(2), "odp"), "odp")
    assert found.text.endswith("# Topic 2\n\nBody 2.\n\n### Notes:\n\nSay 2.")
    assert found.page(found.text.index("Say 2.")) == 2


def test_repeated_cells_make_no_millions() -> None:
    cell = f'<table:table-cell table:number-columns-repeated="16384">{paragraph("x" * 5000)}</table:table-cell>'
    body = table(*[row(cell, given='table:number-rows-repeated="1048576"')] * 3)
    start = time.process_time()
    assert len(text(body, "ods")) < 100_000_000
    assert time.process_time() - start < 30


def test_nesting_however_deep() -> None:
    body = "<text:list><text:list-item>" * 20_000 + paragraph("deep") + "</text:list-item></text:list>" * 20_000
    assert "deep" in text(body)
    assert "deep" in text("<text:section>" * 50_000 + paragraph("deep") + "</text:section>" * 50_000)


def test_what_is_encrypted_or_damaged_is_one_line() -> None:
    manifest = f"<manifest:manifest {SPACES}><manifest:encryption-data/></manifest:manifest>"
    for data, reason in (
        (odf("", **{"META-INF__manifest.xml": manifest}), "protected by a password"),
        (zipped({"mimetype": "x"}), "it has no content.xml"),
        (zipped({"content.xml": "<a"}), r"damaged \(SAXParseException\)"),
        (b"no archive", "not a .odt file, or damaged"),
    ):
        with pytest.raises(ReadError, match=reason):
            loaded(data)
