"""PDF: scanned pages, with and without the extra for text recognition."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

import pytest
from pdf_support import column, place_pdf

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.load import load

pytest.importorskip("rapidocr", reason="text recognition is an extra")

PAGES = (
    ("The council met on 12 March 2031.", "It decided to build a new quay."),
    ("A mooring in Westport costs 54 euros.", "Boats below five metres pay half."),
    ("Invoice 4711 of the firm Aalto", "Total: 1,250.00 EUR"),
    ("Seals were counted by two rangers,", "who found 412 adults and sixty pups."),
)


def scanned(*pages: Sequence[str]) -> bytes:
    """A PDF whose pages are images of lines."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(24)
    images = []
    for lines in pages:
        image = Image.new("L", (560, 60 + 44 * len(lines)), 255)
        for at, line in enumerate(lines):
            ImageDraw.Draw(image).text((30, 30 + 44 * at), line, font=font, fill=0)
        images.append(image)
    file = io.BytesIO()
    images[0].save(file, "PDF", save_all=True, append_images=images[1:])
    return file.getvalue()


def read_pdf(data: bytes) -> Document:
    return load(data, source="scan.pdf", name="scan.pdf")


def test_four_scanned_pages_are_read_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("text recognition asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    found = read_pdf(scanned(*PAGES))
    assert [line for line in found.text.split("\n") if line] == [line for lines in PAGES for line in lines]
    assert [found.page(found.text.index(lines[0])) for lines in PAGES] == [1, 2, 3, 4]
    assert found.notes == ("read by text recognition, which may err: pages 1-4",)


def test_without_the_extra_a_scan_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(ReadError, match=r"^scan\.pdf: the PDF has no text layer .*install ctxpipe\[ocr\]"):
        read_pdf(scanned(*PAGES))


def test_pages_with_text_are_not_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a page with text was recognised")

    monkeypatch.setattr("ctxpipe.pipeline.readers.pdf.reader.recognise", refuse)
    assert read_pdf(place_pdf(column(72, 700, ["A page with text."]))).text == "A page with text."


def test_an_image_without_text_says_so() -> None:
    with pytest.raises(ReadError, match="text recognition found no text"):
        read_pdf(place_pdf([], image=[0]))


def test_two_columns_of_a_scan_are_read_one_after_the_other() -> None:
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(22)
    image = Image.new("L", (900, 420), 255)
    left = [f"left line {name} of this page" for name in ("one", "two", "three", "four", "five", "six")]
    right = [line.replace("left", "right") for line in left]
    for x, lines in ((30, left), (480, right)):
        for at, line in enumerate(lines):
            ImageDraw.Draw(image).text((x, 30 + 60 * at), line, font=font, fill=0)
    file = io.BytesIO()
    image.save(file, "PDF")
    words = read_pdf(file.getvalue()).text.split()
    assert words == " ".join([*left, *right]).split()
