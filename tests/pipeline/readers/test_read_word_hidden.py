"""Word files: text that is hidden is not read."""

from __future__ import annotations

import pytest
from office_support import WORD, make_docx, paragraph

from ctxpipe.pipeline.readers.load import load

pytest.importorskip("markitdown", reason="the office extra is not installed")
VANISH = "<w:rPr><w:vanish/></w:rPr>"
STYLES = (
    f'<w:styles xmlns:w="{WORD}"><w:style w:type="character" w:styleId="Secret"><w:name w:val="Secret"/>{VANISH}'
    f'</w:style><w:style w:type="paragraph" w:styleId="Aside"><w:name w:val="Aside"/>{VANISH}</w:style></w:styles>'
)


def run(words: str, properties: str = "") -> str:
    return f'<w:r>{properties}<w:t xml:space="preserve">{words}</w:t></w:r>'


def text(*paragraphs: str, **others: str) -> str:
    return load(make_docx("".join(paragraphs), **others), source="a.docx", name="a.docx").text


@pytest.mark.parametrize(
    ("properties", "shown"),
    [
        (VANISH, False),
        ('<w:rPr><w:vanish w:val="true"/></w:rPr>', False),
        ('<w:rPr><w:rStyle w:val="Secret"/></w:rPr>', False),
        ('<w:rPr><w:vanish w:val="0"/></w:rPr>', True),
        ('<w:rPr><w:rStyle w:val="Secret"/><w:vanish w:val="false"/></w:rPr>', True),
        ("<w:rPr><w:webHidden/></w:rPr>", True),
        ("", True),
    ],
)
def test_hidden_words_are_not_read(properties: str, shown: bool) -> None:
    body = f"<w:p>{run('The fee is ')}{run('not ', properties)}{run('54.')}</w:p>"
    assert text(body, styles=STYLES) == f"The fee is {'not ' if shown else ''}54."


def test_a_hidden_paragraph_leaves_nothing() -> None:
    hidden = f"<w:p><w:pPr>{VANISH}</w:pPr>{run('Ask Ola first.', VANISH)}</w:p>"
    assert text(paragraph("The fee is 54."), hidden, paragraph("It rises.")) == "The fee is 54.\n\nIt rises."
    styled = paragraph("Ask Ola first.", "Aside")
    assert text(paragraph("The fee is 54."), styled, styles=STYLES) == "The fee is 54."


def test_a_paragraph_with_a_hidden_end_keeps_its_words() -> None:
    assert text(f"<w:p><w:pPr>{VANISH}</w:pPr>{run('The fee is 54.')}</w:p>", paragraph("Yes.")).startswith("The fee")


def test_hidden_words_of_headers_and_notes_are_not_read() -> None:
    note = f'<w:footnote w:id="2"><w:p>{run("By 12%.")}{run(" Tell nobody.", VANISH)}</w:p></w:footnote>'
    reference = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    found = text(
        f"<w:p>{run('The fee rose.')}{reference}</w:p>",
        footnotes=f'<w:footnotes xmlns:w="{WORD}">{note}</w:footnotes>',
        header1=f'<w:hdr xmlns:w="{WORD}"><w:p>{run("Pier")}{run(" draft", VANISH)}</w:p></w:hdr>',
    )
    assert ("nobody" in found, "draft" in found, "By 12%." in found, "Pier" in found) == (False, False, True, True)
