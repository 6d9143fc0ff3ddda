"""PDF: the text of each page, where pages begin, and the files that cannot be read."""

from __future__ import annotations

import io
import random
import threading
from pathlib import Path

import pytest
from pdf_support import make_pdf

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.read import ReadResult, read


def read_bytes(tmp_path: Path, data: bytes, name: str = "file.pdf", **options: str) -> ReadResult:
    path = tmp_path / name
    path.write_bytes(data)
    return read([path], **options)  # type: ignore[arg-type]


def document(tmp_path: Path, data: bytes, name: str = "file.pdf") -> Document:
    result = read_bytes(tmp_path, data, name)
    assert result.failures == ()
    return result.documents[0]


def reason(tmp_path: Path, data: bytes) -> str:
    result = read_bytes(tmp_path, data)
    assert result.documents == ()
    assert len(result.failures) == 1
    assert "\n" not in str(result.failures[0])
    return result.failures[0].reason


def test_pages_are_joined_and_can_be_looked_up(tmp_path: Path) -> None:
    found = document(tmp_path, make_pdf("First page\nof three", "Größe (2)", "last € page", title="Über Größe"))
    assert found.text == "First page\nof three\n\nGröße (2)\n\nlast € page"
    assert (found.kind, found.title) == ("pdf", "Über Größe")
    assert [found.text[start:][:5] for start in found.page_starts] == ["First", "Größe", "last "]
    for needle, page in (("First", 1), ("three", 1), ("Größe", 2), ("last", 3), ("page", 1)):
        assert found.page(found.text.index(needle)) == page
    assert found.page(len(found.text) - 1) == 3


def test_a_page_without_text_keeps_its_number(tmp_path: Path) -> None:
    found = document(tmp_path, make_pdf("", "second", "", "fourth", ""))
    assert len(found.page_starts) == 5
    assert found.page(found.text.index("second")) == 2
    assert found.page(found.text.index("fourth")) == 4


def test_words_broken_at_the_end_of_a_line_are_joined_and_numbers_are_not(tmp_path: Path) -> None:
    found = document(tmp_path, make_pdf("This is an exam-\nple of the years 2022-\n2023 in a text."))
    assert "an example of" in found.text
    assert "2022-2023" in found.text.replace("\n", "")
    assert found.text.isprintable() or set(found.text) - set(map(chr, range(32, 127))) <= {"\n"}


@pytest.mark.parametrize("title", ["", "untitled", "Microsoft Word - draft", "paper.tex"])
def test_a_title_that_says_nothing_gives_way_to_the_name(tmp_path: Path, title: str) -> None:
    assert document(tmp_path, make_pdf("text", title=title), "annual report.pdf").title == "annual report"


def test_half_a_character_in_the_title_is_no_title(tmp_path: Path) -> None:
    data = make_pdf("text", title="Titel").replace("Titel".encode("utf-16-be").hex().encode(), b"00d800540069d80100")
    assert document(tmp_path, data, "name.pdf").text == "text"


def test_a_pdf_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    data = make_pdf("found out")
    assert document(tmp_path, data, "nameless").text == "found out"
    piped = read(["-"], stdin=io.BytesIO(data)).documents[0]
    assert (piped.kind, piped.text, piped.title) == ("pdf", "found out", "")
    assert (
        "a PDF; give it the ending .pdf"
        in read_bytes(tmp_path, b"%PDF-1.7\n" + bytes(200), "odd.txt").failures[0].reason
    )


def test_pages_without_text_layer(tmp_path: Path) -> None:
    assert reason(tmp_path, make_pdf("", "")) == (
        "the PDF has no text layer (scanned pages?); install ctxpipe[ocr] to read them"
    )


STANDARD = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> /ID [<41> <41>]"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (make_pdf("secret", encrypt=STANDARD), "the PDF is encrypted and needs a password; save a copy without one"),
        (
            make_pdf("secret", encrypt="/Encrypt << /Filter /Other /V 9 >> /ID [<41> <41>]"),
            "the PDF is encrypted in a way that cannot be read; save a copy without encryption",
        ),
        (b"%PDF-1.7\nnothing more", "not a PDF, or damaged beyond reading"),
        (b"just some text", "not a PDF, or damaged beyond reading"),
        (b"\x89PNG" + bytes(500), "not a PDF, or damaged beyond reading"),
        (make_pdf("x")[:300], "not a PDF, or damaged beyond reading"),
        (make_pdf(), "not a PDF, or damaged beyond reading"),
    ],
)
def test_a_pdf_that_cannot_be_read_gives_one_line(tmp_path: Path, data: bytes, expected: str) -> None:
    assert reason(tmp_path, data) == expected


def test_a_damaged_page_is_named_or_left_empty(tmp_path: Path) -> None:
    data = make_pdf("one", "two", kids="4 0 R 99 0 R")
    assert reason(tmp_path, data) == "page 2 of the PDF is damaged"
    found = read_bytes(tmp_path, data, errors="replace").documents[0]
    assert found.text.strip() == "one"
    assert len(found.page_starts) == 2


def test_damage_anywhere_gives_a_document_or_one_line(tmp_path: Path) -> None:
    rng = random.Random(7)
    whole = make_pdf("First page\nof some", "Second page", title="T")
    outcomes = set()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 30)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        result = read_bytes(tmp_path, bytes(data[: rng.choice((len(data), rng.randrange(1, len(data))))]))
        assert len(result.documents) + len(result.failures) == 1
        assert all("\n" not in str(failure) for failure in result.failures)
        outcomes.add(bool(result.documents))
    assert outcomes == {True, False}


def test_threads_may_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(make_pdf(*(f"page {i}" for i in range(40))))
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(read([path]).documents[0].text)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["\n\n".join(f"page {i}" for i in range(40))] * 4
