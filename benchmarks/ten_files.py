"""Files of seven formats with the same kinds of content, whose words, headings and tables are known."""

from __future__ import annotations

import io
import json
import random
import sys
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import NamedTuple

from column_pages import SYLLABLES

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from office_support import WORD, make_docx, paragraph, zipped

SECTIONS, PARAGRAPHS, ROWS = 24, 3, 6
HEAD = "Harbour handbook of the north"


class Section(NamedTuple):
    """A heading, paragraphs of which the first has a note, and a table with a row of column titles."""

    title: str
    paragraphs: list[str]
    note: str
    rows: list[list[str]]


class Made(NamedTuple):
    """A file and what must be found in its text."""

    name: str
    data: bytes
    headings: list[str]
    blocks: list[str]
    rows: list[list[str]]
    unwanted: str = ""


def sections(seed: int) -> list[Section]:
    """Content in which hardly a word occurs twice."""
    rng = random.Random(seed)

    def words(count: int) -> str:
        return " ".join("".join(rng.choices(SYLLABLES, k=rng.randint(2, 5))) for _ in range(count))

    def sentence() -> str:
        return f"{words(rng.randint(8, 16)).capitalize()} costs {rng.randint(10, 99)} € — käthe."

    return [
        Section(
            f"{number}. {words(3).capitalize()}",
            [" ".join(sentence() for _ in range(4)) for _ in range(PARAGRAPHS)],
            sentence(),
            [["Pier", "Fee", "Ship"], *([words(1), str(rng.randint(100, 999)), words(2)] for _ in range(ROWS))],
        )
        for number in range(1, SECTIONS + 1)
    ]


def made(name: str, data: bytes, content: list[Section], *, notes: bool = True, rows: bool = True) -> Made:
    """A file with what of the content is in it, in its order."""
    blocks = [text for part in content for text in (*part.paragraphs, *([part.note] if notes else []))]
    table = [row for part in content for row in part.rows[1:]] if rows else []
    return Made(name, data, [part.title for part in content], blocks, table)


def docx() -> Made:
    content, body, notes = sections(1), "", ""
    for number, part in enumerate(content, start=1):
        body += paragraph(part.title, "Heading1")
        first = paragraph(part.paragraphs[0])
        mark = f'<w:r><w:footnoteReference w:id="{number}"/></w:r>'
        body += first.replace("</w:p>", f"{mark}</w:p>") + "".join(map(paragraph, part.paragraphs[1:]))
        cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in part.rows)
        body += f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"
        notes += f'<w:footnote w:id="{number}">{paragraph(part.note)}</w:footnote>'
    parts = {
        "footnotes": f'<w:footnotes xmlns:w="{WORD}">{notes}</w:footnotes>',
        "header1": f'<w:hdr xmlns:w="{WORD}">{paragraph(HEAD)}</w:hdr>',
    }
    blocks = [text for part in content for text in (part.paragraphs[0], part.note, *part.paragraphs[1:])]
    return made("handbook.docx", make_docx(body, **parts), content)._replace(blocks=blocks)


def pptx() -> Made:
    from pptx import Presentation
    from pptx.util import Inches

    content, slides = sections(2), Presentation()
    for part in content:
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = part.title
        slide.placeholders[1].text = "\n".join(part.paragraphs)
        table = slide.shapes.add_table(ROWS + 1, 3, Inches(1), Inches(5), Inches(6), Inches(2)).table
        for at, row in enumerate(part.rows):
            for column, cell in enumerate(row):
                table.cell(at, column).text = cell
        slide.notes_slide.notes_text_frame.text = part.note
    buffer = io.BytesIO()
    slides.save(buffer)
    return made("talk.pptx", buffer.getvalue(), content)


def xlsx() -> Made:
    from openpyxl import Workbook

    content, book = sections(3), Workbook()
    book.remove(book.active)
    for part in content:
        sheet = book.create_sheet(part.title[:31])
        sheet.append([f"{HEAD}, 2026"])
        sheet.append([])
        pier = part.rows[1][0]
        for at, row in enumerate(part.rows):
            sheet.append([row[0] if at < 2 else None, int(row[1]) if at else row[1], row[2]])
        sheet.merge_cells(start_row=4, end_row=3 + ROWS, start_column=1, end_column=1)
        for row in part.rows[1:]:
            row[0] = pier
    buffer = io.BytesIO()
    book.save(buffer)
    content = [part._replace(title=part.title[:31], paragraphs=[], note="") for part in content]
    return made("fees.xlsx", buffer.getvalue(), content, notes=False)


def page(content: list[Section]) -> str:
    """Sections as HTML."""
    found = ""
    for part in content:
        found += f"<h2>{escape(part.title)}</h2>" + "".join(f"<p>{escape(text)}</p>" for text in part.paragraphs)
        found += f"<aside><p>{escape(part.note)}</p></aside>"
        cells = (
            "".join(f"<t{'hd'[at > 0]}>{cell}</t{'hd'[at > 0]}>" for cell in row) for at, row in enumerate(part.rows)
        )
        found += f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
    return found


def html() -> Made:
    content = sections(4)
    links = "".join(f'<li><a href="#{at}">{HEAD} {at}</a></li>' for at in range(30))
    data = (
        f"<!doctype html><html><head><title>Fees</title><style>p{{color:red}}</style><script>let a = 1;</script></head>"
        f"<body><nav><ul>{links}</ul></nav><main>{page(content)}</main></body></html>"
    )
    return made("handbook.html", data.encode(), content)._replace(unwanted=HEAD)


def epub() -> Made:
    content = sections(5)
    chapters: dict[str, str | bytes] = {
        f"c{at}.xhtml": f"<html xmlns='http://www.w3.org/1999/xhtml'><head><title>{HEAD}</title></head><body>{page([part])}</body></html>"
        for at, part in enumerate(content)
    }
    items = "".join(
        f'<item id="i{at}" href="{name}" media-type="application/xhtml+xml"/>' for at, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="i{at}"/>' for at in range(len(chapters)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Fees'
        f"</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    first: dict[str, str | bytes] = {"mimetype": "application/epub+zip", "META-INF/container.xml": container}
    return made("handbook.epub", zipped(first | {"b.opf": package} | chapters), content)


def mbox() -> Made:
    content, data = sections(6), b""
    for at, part in enumerate(content):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = (
            "Käthe <k@example.org>",
            "bo@example.org",
            f"Über {part.title}",
        )
        message["Date"] = "Mon, 02 Mar 2026 09:12:00 +0100"
        if at % 2:
            message.set_content("\n\n".join([*part.paragraphs, part.note]), cte="quoted-printable")
        else:
            message.set_content(page([part._replace(rows=[])]), subtype="html", cte="base64")
        message.add_attachment(b"\x89PNG" * 500, maintype="image", subtype="png", filename="map.png")
        data += b"From x Mon Mar  2 09:12:00 2026\n" + message.as_bytes() + b"\n\n"
    return made("letters.mbox", data, content, rows=False)


def notebook() -> Made:
    content, cells = sections(7), []
    for part in content:
        cells.append(
            {"cell_type": "markdown", "metadata": {}, "source": f"## {part.title}\n\n" + "\n\n".join(part.paragraphs)}
        )
        printed = [{"output_type": "stream", "name": "stdout", "text": [part.note + "\n"]}]
        picture = [{"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo" * 200}, "metadata": {}}]
        cells.append(
            {"cell_type": "code", "metadata": {}, "source": "fit()", "execution_count": 1, "outputs": printed + picture}
        )
    data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()
    return made("fit.ipynb", data, content, rows=False)


MADE = (docx, pptx, xlsx, html, epub, mbox, notebook)
