"""Word files: comments, notes, headers and footers stand where they belong."""

from __future__ import annotations

import io
import zipfile

import pytest
from office_support import OFFICE, WORD, make_docx, paragraph, zipped

from ctxpipe import Pipeline
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.load import load

pytest.importorskip("markitdown", reason="the office extra is not installed")


def part(tag: str, body: str) -> str:
    return f'<w:{tag} xmlns:w="{WORD}">{body}</w:{tag}>'


def comment(number: int, author: str, text: str) -> str:
    return f'<w:comment w:id="{number}" w:author="{author}">{paragraph(text)}</w:comment>'


def commented(before: str, about: str, after: str, number: int, properties: str = "") -> str:
    def run(text: str) -> str:
        return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'

    return (
        f'<w:p>{properties}{run(before)}<w:commentRangeStart w:id="{number}"/>{run(about)}'
        f'<w:commentRangeEnd w:id="{number}"/><w:r><w:commentReference w:id="{number}"/></w:r>{run(after)}</w:p>'
    )


def text(body: str, **others: str) -> str:
    return load(make_docx(body, **others), source="a.docx", name="a.docx").text


def test_a_comment_follows_its_paragraph_with_author_and_words() -> None:
    found = text(
        paragraph("Costs", "Heading1") + commented("The crane costs ", "500 euros", " a day.", 0) + paragraph("Next."),
        comments=part("comments", comment(0, "Ann Lee", "Too much. It was 400.")),
    )
    assert found == (
        "# Costs\n\nThe crane costs 500 euros a day.\n\n"
        "- Comment by Ann Lee on “500 euros”: Too much. It was 400.\n\nNext."
    )


def test_two_comments_on_one_place_keep_their_order() -> None:
    body = commented("", "Rent", " rises.", 0).replace("</w:p>", '<w:r><w:commentReference w:id="1"/></w:r></w:p>')
    found = text(body, comments=part("comments", comment(0, "Ann", "Why?") + comment(1, "Bo", "The law.")))
    assert found.index("Comment by Ann on “Rent”: Why?") < found.index("Comment by Bo: The law.")


def test_a_comment_in_a_table_stays_in_its_cell() -> None:
    table = "<w:tbl><w:tr>{}</w:tr><w:tr>{}</w:tr></w:tbl>".format(
        "".join(f"<w:tc>{paragraph(name)}</w:tc>" for name in ("Ship", "Fee")),
        f"<w:tc>{paragraph('Gull')}</w:tc><w:tc>{commented('', '54', '', 0)}</w:tc>",
    )
    found = text(table, comments=part("comments", comment(0, "Ann", "Check")))
    assert "| Gull | 54 [Comment by Ann on “54”: Check] |" in found


def test_a_comment_is_kept_whole_and_under_its_heading() -> None:
    filler = "".join(paragraph(f"Nothing was said about pier {i}.") for i in range(30))
    data = make_docx(
        paragraph("Minutes", "Heading1")
        + filler
        + paragraph("Costs", "Heading2")
        + commented("The crane costs ", "500 euros", " a day.", 0)
        + filler,
        comments=part("comments", comment(0, "Ann Lee", "Too much. Quaysteel asked for 400.")),
    )
    document = load(data, source="a.docx", name="a.docx")
    kept = Pipeline(rank="bm25").compress(document, question="What did Quaysteel ask for?", budget=60).text
    assert kept.index("## Costs") < kept.index(
        "- Comment by Ann Lee on “500 euros”: Too much. Quaysteel asked for 400."
    )


@pytest.mark.parametrize(
    ("kind", "mark", "name"), [("footnote", "[1]", "Footnote"), ("endnote", "[endnote 1]", "Endnote")]
)
def test_notes_stand_below_the_paragraph_that_refers_to_them(kind: str, mark: str, name: str) -> None:
    body = f'<w:p><w:r><w:t>The fee rose.</w:t></w:r><w:r><w:{kind}Reference w:id="2"/></w:r></w:p>' + paragraph(
        "After."
    )
    notes = (
        f'<w:{kind} w:type="separator" w:id="0">{paragraph("x")}</w:{kind}>'
        f'<w:{kind} w:id="2">{paragraph("By 12% in Faro.")}</w:{kind}>'
    )
    found = text(body, **{f"{kind}s": part(f"{kind}s", notes)})
    assert found == f"The fee rose.{mark}\n\n- {name} 1: By 12% in Faro.\n\nAfter."


def test_headers_and_footers_are_named_once_without_page_numbers() -> None:
    number = (
        '<w:p><w:r><w:t xml:space="preserve">Draft 7, page </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        '<w:r><w:instrText> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        '<w:r><w:t>12</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )
    found = text(
        paragraph("Body."),
        header1=part("hdr", paragraph("Port of Faro")),
        header2=part("hdr", paragraph("Port of Faro")),
        footer1=part("ftr", number),
        footer2=part("ftr", '<w:p><w:fldSimple w:instr="PAGE"><w:r><w:t>3</w:t></w:r></w:fldSimple></w:p>'),
    )
    assert found == "Page header: Port of Faro\n\nPage footer: Draft 7, page\n\nBody."


def test_a_numbered_list_is_not_torn_apart_by_a_comment() -> None:
    listed = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'
    numbering = part(
        "numbering",
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
    )
    items = "".join(f"<w:p>{listed}<w:r><w:t>{name}</w:t></w:r></w:p>" for name in ("two", "three"))
    found = text(
        commented("", "one", "", 0, listed) + items,
        comments=part("comments", comment(0, "Ann", "Really?")),
        numbering=numbering,
    )
    assert found.split("\n") == ["1. one [Comment by Ann on “one”: Really?]", "2. two", "3. three"]


def cell(words: str, merge: str = "", span: int = 1) -> str:
    down = {"": "", "first": '<w:vMerge w:val="restart"/>', "below": "<w:vMerge/>"}[merge]
    right = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    return f"<w:tc><w:tcPr>{right}{down}</w:tcPr>{paragraph(words)}</w:tc>"


def test_merged_cells_of_a_table_are_in_every_row() -> None:
    rows = (
        cell("Ship") + cell("Role") + cell("Name"),
        cell("M1", "first") + cell("cook") + cell("Ann"),
        cell("", "below") + cell("mate") + cell("Bo"),
        cell("M2") + cell("both", span=2),
        cell("", "below") + cell("no one above") + cell("x"),
    )
    table = f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"
    assert text(table).split("\n")[2:] == [
        "| M1 | cook | Ann |", "| M1 | mate | Bo |", "| M2 | both |  |", "|  | no one above | x |",
    ]  # fmt: skip


def test_merged_cells_of_a_slide_are_in_every_row() -> None:
    from pptx import Presentation

    slides = Presentation()
    table = slides.slides.add_slide(slides.slide_layouts[5]).shapes.add_table(3, 2, 0, 0, 9_000_000, 900_000).table
    for i, words in enumerate(("Ship", "Role", "M1", "cook", "", "mate")):
        table.cell(i // 2, i % 2).text = words
    table.cell(1, 0).merge(table.cell(2, 0))
    buffer = io.BytesIO()
    slides.save(buffer)
    found = load(buffer.getvalue(), source="a.pptx", name="a.pptx").text
    assert "| M1 | cook |" in found
    assert "| M1 | mate |" in found


def test_a_huge_merged_cell_is_not_copied_into_thousands_of_rows() -> None:
    rows = [cell("x" * 1_000_000, "first") + cell("a")] + [cell("", "below") + cell("b")] * 2000
    found = text(f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>")
    assert found.count("| b |") == 2000
    assert len(found) < 10_000_000


def test_comments_on_a_slide_stand_below_it() -> None:
    from pptx import Presentation

    slides = Presentation()
    for number in (1, 2):
        slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = f"Topic {number}"
    buffer = io.BytesIO()
    slides.save(buffer)
    with zipfile.ZipFile(buffer) as whole:
        parts: dict[str, str | bytes] = {name: whole.read(name) for name in whole.namelist()}
    relations = "ppt/slides/_rels/slide1.xml.rels"
    added = f'<Relationship Id="c1" Type="{OFFICE}/comments" Target="../comments/comment1.xml"/></Relationships>'
    parts[relations] = whole_text(parts[relations]).replace("</Relationships>", added)
    space = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    parts["ppt/comments/comment1.xml"] = (
        f'<p:cmLst {space}><p:cm authorId="0"><p:text>Too\nlong.</p:text></p:cm></p:cmLst>'
    )
    parts["ppt/commentAuthors.xml"] = f'<p:cmAuthorLst {space}><p:cmAuthor id="0" name="Ann Lee"/></p:cmAuthorLst>'
    types = whole_text(parts["[Content_Types].xml"])
    parts["[Content_Types].xml"] = types.replace("</Types>", '<Default Extension="c" ContentType="text/xml"/></Types>')
    found = load(zipped(parts), source="a.pptx", name="a.pptx")
    assert found.text == "# Topic 1\n\n- Comment by Ann Lee: Too long.\n\n# Topic 2"
    assert found.page(found.text.index("Comment by")) == 1


def whole_text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode()


def test_more_elements_than_any_document_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from ctxpipe.pipeline.readers.office import annotations

    monkeypatch.setattr(annotations, "_MOST_ELEMENTS", 1000)
    assert text(paragraph("x") * 200).count("x") == 200
    with pytest.raises(ReadError, match="has 1,202 elements, more than the 1,000 allowed"):
        text(paragraph("x") * 400)
