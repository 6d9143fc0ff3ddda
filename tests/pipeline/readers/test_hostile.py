"""Hostile and damaged files of every format: one document or one line, in bounded time and memory; the others go on."""

from __future__ import annotations

import io
import json
import random
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from msg_support import make_msg
from office_support import make_docx, paragraph, zipped
from pdf_support import column, place_pdf

from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.read import read

pytest.importorskip("markitdown", reason="the office extra is not installed")
pytest.importorskip("oxmsg", reason="the mail extra is not installed")

WORDS = "The fee of the north pier is 54 crowns."
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"


def xlsx() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["Pier", "Fee"])
    book.active.append([WORDS, 54])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def pptx() -> bytes:
    from pptx import Presentation

    slides = Presentation()
    slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = WORDS
    buffer = io.BytesIO()
    slides.save(buffer)
    return buffer.getvalue()


def odf(kind: str, body: str) -> bytes:
    content = f'<o:document-content xmlns:o="{OFFICE}" xmlns:text="{TEXT}"><o:body>{body}</o:body></o:document-content>'
    return zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content})


def epub() -> bytes:
    items = '<item id="a" href="a.xhtml"/><item id="n" href="t.ncx" media-type="application/x-dtbncx+xml"/>'
    package = f'<package><manifest>{items}</manifest><spine><itemref idref="a"/></spine></package>'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfile full-path="b.opf"/></container>',
            "b.opf": package,
            "t.ncx": "<ncx/>",
            "a.xhtml": f"<html><body><p>{WORDS}</p></body></html>",
        }
    )


FILES = {
    "docx": make_docx(paragraph(WORDS)),
    "pptx": pptx(),
    "xlsx": xlsx(),
    "odt": odf("text", f"<text:p>{WORDS}</text:p>"),
    "odp": odf("presentation", f"<text:p>{WORDS}</text:p>"),
    "epub": epub(),
    "msg": make_msg(subject="Fee", body=WORDS),
    "eml": f"From: a@b.c\nTo: d@e.f\nSubject: Fee\nMIME-Version: 1.0\n\n{WORDS}\n".encode(),
    "mbox": f"From x Mon Mar  2 09:12:00 2026\nFrom: a@b.c\nSubject: Fee\nMIME-Version: 1.0\n\n{WORDS}\n".encode(),
    "ipynb": json.dumps({"nbformat": 4, "cells": [{"cell_type": "markdown", "source": WORDS}]}).encode(),
    "rtf": f"{{\\rtf1\\ansi {WORDS}\\par}}".encode(),
    "srt": f"1\n00:00:01,000 --> 00:00:02,000\n{WORDS}\n".encode(),
    "vtt": f"WEBVTT\n\n00:01.000 --> 00:02.000\n{WORDS}\n".encode(),
}
PACKED = ("docx", "pptx", "xlsx", "odt", "epub")


def outcome(data: bytes, name: str) -> str:
    """The text of a file, or its one line."""
    try:
        return load(data, source=name, name=name).text
    except ReadError as error:
        assert "\n" not in str(error)
        return f"error: {error.reason}"


@pytest.mark.parametrize("ending", FILES)
def test_every_file_is_whole_to_begin_with(ending: str) -> None:
    assert WORDS in outcome(FILES[ending], f"a.{ending}")


@pytest.mark.parametrize("ending", FILES)
def test_a_cut_file_is_a_document_or_one_line_and_the_others_go_on(tmp_path: Path, ending: str) -> None:
    whole = FILES[ending]
    for i in range(1, 12):
        (tmp_path / f"{i:02}.{ending}").write_bytes(whole[: i * len(whole) // 12])
    (tmp_path / "good.txt").write_text(WORDS)
    result = read([tmp_path])
    assert result.documents[-1].text == WORDS
    assert len(result.documents) + len(result.failures) + len(result.skipped) == 12
    assert all("\n" not in str(failure) for failure in result.failures)
    if ending in PACKED:
        assert len(result.failures) == 11


CHANGED = FILES | {
    "pdf": place_pdf(column(72, 700, [WORDS] * 9), bookmarks=[("Fees", 0, 1)]),
    "ods": odf("spreadsheet", f"<text:p>{WORDS}</text:p>"),
    "html": f"<h1>Fees</h1><table><tr><td>a<td>b</table><p>{WORDS} <a href='https://example.org'>x</a>".encode(),
    "md": f"# Fees\n\n```\ncode\n```\n\n- {WORDS}\n".encode(),
    "json": json.dumps([{"user": "U1", "text": WORDS, "ts": "1700000000.1", "type": "message"}] * 2).encode(),
    "csv": f'pier,fee\n"north",54\n"{WORDS}",3\n'.encode(),
}


def changed_bytes(rng: random.Random, whole: bytes) -> bytes:
    """A file with bytes cut off, left out, repeated, or written over."""
    data, at = bytearray(whole), rng.randrange(len(whole))
    way = rng.randrange(5)
    if way == 0:
        return whole[:at]
    if way == 1:
        return whole[:at] + whole[at + rng.randrange(1, 200) :]
    if way == 2:
        return whole[:at] + whole[at : at + rng.randrange(1, 60)] * rng.randrange(2, 200) + whole[at:]
    if way == 3:
        data[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4), b"9999", b"-999"])
        return bytes(data)
    for _ in range(rng.randint(1, 30)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("ending", CHANGED)
def test_changed_bytes_give_a_document_or_one_line(ending: str) -> None:
    rng, whole = random.Random(ending), CHANGED[ending]
    start = time.process_time()
    for _ in range(80):
        data = changed_bytes(rng, whole)
        if ending in (*PACKED, "odp", "ods") and rng.random() < 0.6:
            with zipfile.ZipFile(io.BytesIO(whole)) as archive:
                parts: dict[str, str | bytes] = {part: archive.read(part) for part in archive.namelist()}
            name = rng.choice([name for name in parts if parts[name]])
            held = parts[name]
            parts[name] = changed_bytes(rng, held) if isinstance(held, bytes) and rng.random() < 0.9 else b""
            data = zipped(parts)
        outcome(data, rng.choice([f"a.{ending}", f"a.{ending}", "", "a.txt"]))
    assert time.process_time() - start < 20


@pytest.mark.parametrize("ending", FILES)
def test_a_wrong_extension_is_read_by_content_or_is_one_line(ending: str) -> None:
    for other in FILES:
        start = time.process_time()
        found = outcome(FILES[other], f"a.{ending}")
        assert time.process_time() - start < 5
        if other in (*PACKED, "odp", "msg", "rtf", "ipynb"):
            assert WORDS in found, other


@pytest.mark.parametrize("ending", [ending for ending in FILES if ending not in ("srt", "vtt")])
def test_a_file_without_extension_is_read_by_its_content(ending: str) -> None:
    assert WORDS in outcome(FILES[ending], "")


def test_what_was_read_as_another_format_is_noted() -> None:
    assert load(FILES["odt"], source="a.docx", name="a.docx").notes == ("not a .docx file; read as .odt",)


def changed(data: bytes, name: str, text: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as whole:
        parts: dict[str, str | bytes] = {part: whole.read(part) for part in whole.namelist()}
    return zipped(parts | {name: text})


BOMB = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))
XML_PARTS = [
    ("docx", "word/document.xml"),
    ("docx", "word/comments.xml"),
    ("docx", "word/header1.xml"),
    ("docx", "word/footnotes.xml"),
    ("docx", "word/styles.xml"),
    ("docx", "[Content_Types].xml"),
    ("xlsx", "xl/workbook.xml"),
    ("xlsx", "xl/worksheets/sheet1.xml"),
    ("xlsx", "xl/sharedStrings.xml"),
    ("pptx", "ppt/slides/slide1.xml"),
    ("odt", "content.xml"),
    ("odt", "styles.xml"),
    ("odt", "meta.xml"),
    ("epub", "META-INF/container.xml"),
    ("epub", "b.opf"),
]


@pytest.mark.parametrize(("ending", "part"), XML_PARTS)
@pytest.mark.parametrize("hidden", ["", "<!--" + "x" * 5000 + "-->"])
def test_entities_are_never_resolved(tmp_path: Path, ending: str, part: str, hidden: str) -> None:
    (tmp_path / "secret").write_text("the secret word")
    for declared in (
        f'<!ENTITY e0 "lol">{BOMB}',
        f'<!ENTITY e9 SYSTEM "{(tmp_path / "secret").as_uri()}">',
        f'<!ENTITY % out SYSTEM "{(tmp_path / "secret").as_uri()}">%out;',
    ):
        bomb = f'<?xml version="1.0"?>{hidden}<!DOCTYPE a [{declared}]><a>{WORDS} &e9;</a>'
        start = time.process_time()
        found = outcome(changed(FILES[ending], part, bomb), f"a.{ending}")
        assert time.process_time() - start < 5
        assert found.startswith("error: ") or "secret" not in found
        assert len(found) < 10_000


def test_entities_in_a_chapter_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret word")
    page = f'<!DOCTYPE html [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]><p>Words &e;</p>'
    assert "secret word" not in outcome(changed(FILES["epub"], "a.xhtml", page), "a.epub")


@pytest.mark.parametrize("ending", PACKED)
def test_a_bomb_is_refused_before_it_is_unpacked(ending: str) -> None:
    bomb = changed(FILES[ending], "bomb.xml", " " * (80 << 20))
    assert len(bomb) < 300_000
    tracemalloc.start()
    try:
        assert outcome(bomb, f"a.{ending}") == "error: a part of it unpacks to 80 MiB, over 150 times its packed size"
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize(
    ("size", "reason"), [(900 << 20, "unpacks to 900 MiB"), (3 << 30, "more than the 1,024 allowed")]
)
def test_a_header_that_claims_gigabytes(ending: str, size: int, reason: str) -> None:
    data = bytearray(FILES[ending])
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, size)
    assert reason in outcome(bytes(data), f"a.{ending}")


@pytest.mark.parametrize("ending", PACKED)
def test_an_encrypted_archive(ending: str) -> None:
    data = bytearray(FILES[ending])
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    assert outcome(bytes(data), f"a.{ending}") == f"error: protected by a password; save a plain .{ending} copy"


@pytest.mark.parametrize("ending", PACKED)
def test_an_archive_in_an_archive_is_not_opened(ending: str) -> None:
    inner = zipped({"a.txt": "hidden words", "bomb.xml": " " * (80 << 20)})
    with zipfile.ZipFile(io.BytesIO(FILES[ending])) as whole:
        parts: dict[str, str | bytes] = {part: whole.read(part) for part in whole.namelist()}
    found = outcome(zipped(parts | {"word/embeddings/inner.docx": inner, "inner.zip": inner}), f"a.{ending}")
    assert WORDS in found
    assert "hidden words" not in found


def test_rich_text_that_claims_much_or_repeats_much_takes_no_time() -> None:
    for body in (
        "{\\pict\\bin1000000000 aaaa}",
        "{\\field{\\*\\fldinst{" + 'HYPERLINK "' * 20_000,
        "{\\fonttbl" + "\\f1" * 100_000 + "}",
        "{ \\fonttbl" + "\\f1" * 100_000 + "}",
        "{a" * 100_000,
    ):
        start = time.process_time()
        outcome(f"{{\\rtf1 x {body}".encode(), "a.rtf")
        assert time.process_time() - start < 10
