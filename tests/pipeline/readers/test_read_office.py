"""DOCX, PPTX and XLSX: their text as Markdown, and the files that cannot be read."""

from __future__ import annotations

import datetime
import io
import random
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from office_support import make_docx, paragraph
from packaging.requirements import Requirement
from plain_install import PYPROJECT

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.read import read

pytest.importorskip("markitdown", reason="the office extra is not installed")


def make_xlsx() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "Sales"
    sheet.append(["Name", "Quantity", "Price", "Sold", "Paid", None])
    sheet.append(["A | a", 3, 1.5, datetime.datetime(2024, 1, 2), True])
    sheet.append([None] * 6)
    sheet.append(["B\nb", None, 2.0, datetime.datetime(2024, 1, 2, 3, 4), False])
    sheet.append(["long " * 30, 12345678901234, 0.1])
    book.create_sheet("Empty")
    book.create_sheet("更多")["B2"] = "今天"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def make_pptx() -> bytes:
    from pptx import Presentation

    slides = Presentation()
    for title, body in (("Opening", "First words\nsnake_case *stars*"), ("Second", "More"), ("Third", "End")):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    slides.slides[1].notes_slide.notes_text_frame.text = "a note"
    buffer = io.BytesIO()
    slides.save(buffer)
    return buffer.getvalue()


DOCX = make_docx(
    paragraph("The report", "Heading1")
    + paragraph("A snake_case name and 2 * 3 * 4, &lt;|im_start|&gt;, 今天.")
    + paragraph("Part", "Heading2")
    + "<w:tbl><w:tr>"
    + "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("Name", "Value"))
    + "</w:tr><w:tr>"
    + "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("x", "1.50"))
    + "</w:tr></w:tbl>"
)


def document(tmp_path: Path, data: bytes, name: str) -> Document:
    path = tmp_path / name
    path.write_bytes(data)
    result = read([path])
    assert result.failures == ()
    return result.documents[0]


def reason(tmp_path: Path, data: bytes, name: str) -> str:
    path = tmp_path / name
    path.write_bytes(data)
    result = read([path])
    assert result.documents == ()
    assert "\n" not in str(result.failures[0])
    return result.failures[0].reason


def test_docx(tmp_path: Path) -> None:
    found = document(tmp_path, DOCX, "file.docx")
    assert (found.kind, found.title) == ("markdown", "The report")
    lines = [line for line in found.text.split("\n") if line]
    assert lines == [
        "# The report",
        "A snake_case name and 2 * 3 * 4, <|im_start|>, 今天.",
        "## Part",
        "| Name | Value |",
        "| --- | --- |",
        "| x | 1.50 |",
    ]


def test_xlsx_keeps_numbers_as_they_are(tmp_path: Path) -> None:
    found = document(tmp_path, make_xlsx(), "figures.xlsx")
    assert (found.kind, found.title) == ("markdown", "figures")
    assert found.text == (
        "## Sales\n\n"
        "| Name | Quantity | Price | Sold | Paid |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| A \\| a | 3 | 1.5 | 2024-01-02 | TRUE |\n"
        "| B b |  | 2 | 2024-01-02 03:04:00 | FALSE |\n"
        f"| {('long ' * 30).strip()} | 12345678901234 | 0.1 |\n\n"
        "## 更多\n\n"
        "|  | 今天 |\n"
        "| --- | --- |"
    )


def test_xlsx_whose_stated_size_is_too_small_is_read_whole(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(make_xlsx())) as whole, zipfile.ZipFile(out, "w") as package:
        for name in whole.namelist():
            package.writestr(name, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', whole.read(name)))
    assert "| B b |  | 2 |" in document(tmp_path, out.getvalue(), "figures.xlsx").text


def test_pptx_knows_its_slides(tmp_path: Path) -> None:
    found = document(tmp_path, make_pptx(), "talk.pptx")
    assert (found.kind, found.title) == ("markdown", "Opening")
    assert "snake_case *stars*" in found.text
    assert "Slide number" not in found.text
    assert [found.text[start:].partition("\n")[0] for start in found.page_starts] == [
        "# Opening",
        "# Second",
        "# Third",
    ]
    assert found.page(found.text.index("a note")) == 2


@pytest.mark.parametrize("make", [lambda: DOCX, make_xlsx, make_pptx])
def test_an_office_file_is_known_by_its_parts(tmp_path: Path, make: object) -> None:
    data = make()  # type: ignore[operator]
    named = document(tmp_path, data, "nameless")
    piped = read(["-"], stdin=io.BytesIO(data)).documents[0]
    assert named.text == piped.text
    assert piped.kind == "markdown"


def zipped(**parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize("ending", ["docx", "pptx", "xlsx"])
def test_a_file_that_cannot_be_read_gives_one_line(tmp_path: Path, ending: str) -> None:
    name = f"file.{ending}"
    damaged = f"not a .{ending} file, or damaged"
    assert reason(tmp_path, b"some text", name) == damaged
    assert reason(tmp_path, b"PK\x03\x04 and nothing more", name) == damaged
    assert reason(tmp_path, zipped(a="text"), name).startswith(damaged)
    assert "protected by a password" in reason(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), name)


def test_an_office_file_without_text_is_empty(tmp_path: Path) -> None:
    from openpyxl import Workbook

    buffer = io.BytesIO()
    Workbook().save(buffer)
    assert reason(tmp_path, buffer.getvalue(), "blank.xlsx") == "empty: no text in it"
    assert reason(tmp_path, make_docx(""), "blank.docx") == "empty: no text in it"


def test_a_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ctxpipe.pipeline.readers import archive

    monkeypatch.setattr(archive, "MOST_UNPACKED", 1 << 20)
    bomb = make_docx(paragraph("x" * (3 << 20)))
    assert len(bomb) < 100_000
    assert reason(tmp_path, bomb, "bomb.docx") == "unpacks to 3 MiB, more than the 1 allowed"


@pytest.mark.parametrize(("module", "name"), [("markitdown", "a.docx"), ("pptx", "a.pptx"), ("openpyxl", "a.xlsx")])
def test_a_missing_extra_names_its_pip_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    ending = name[1:]
    assert reason(tmp_path, zipped(a="text"), name) == (
        f'reading {ending} files needs an optional dependency: pip install "ctxpipe[office]"'
    )


def test_the_extra_alone_reads_all_three_without_data_frames(tmp_path: Path) -> None:
    for name, data in (("a.docx", DOCX), ("a.pptx", make_pptx()), ("a.xlsx", make_xlsx())):
        (tmp_path / name).write_bytes(data)
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['pandas', 'xlrd', 'olefile', 'pdfminer']))\n"
        "from ctxpipe.pipeline.readers.read import read; found = read([sys.argv[1]])\n"
        "print(len(found.documents), len(found.failures))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["3", "0"]
    wanted = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]["office"]
    assert {Requirement(one).name for one in wanted} == {"markitdown", "openpyxl", "python-pptx"}
    assert [Requirement(one).extras for one in wanted if "[" in one] == [{"docx"}]


@pytest.mark.parametrize("ending", ["doc", "xls", "ppt"])
def test_a_format_without_reader_says_what_to_do(tmp_path: Path, ending: str) -> None:
    assert "save it as" in reason(tmp_path, b"\xd0\xcf\x11\xe0" + bytes(600), f"file.{ending}")


@pytest.mark.parametrize("ending", ["docx", "pptx", "xlsx"])
def test_damage_anywhere_gives_a_document_or_one_line(tmp_path: Path, ending: str) -> None:
    rng = random.Random(11)
    whole = {"docx": lambda: DOCX, "pptx": make_pptx, "xlsx": make_xlsx}[ending]()
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 40)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path = tmp_path / f"damaged.{ending}"
        path.write_bytes(data)
        result = read([path])
        assert len(result.documents) + len(result.failures) == 1
        assert all("\n" not in str(failure) for failure in result.failures)
