"""PDF files made to hurt: one clear line or a document, in bounded time and memory, and the other files go on."""

from __future__ import annotations

import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from pdf_support import column, make_pdf, place_pdf

from ctxpipe.pipeline.readers.read import ReadResult, read

BODY = ["Some sentences stand on each of the pages, so that there is", "something to be read on them."]
WHOLE = place_pdf(column(72, 700, BODY), column(72, 700, BODY))


def with_cyclic_pages() -> bytes:
    """A page tree that holds itself."""
    return make_pdf("one", "two", kids="4 0 R 2 0 R 6 0 R")


def with_cyclic_outline() -> bytes:
    """Two entries of an outline that follow each other for ever, and a child that is its own parent."""
    data = place_pdf(column(72, 700, BODY), bookmarks=[("One", 0, 1), ("Two", 0, 1), ("Three", 0, 2)])
    return data.replace(b"/Prev 9 0 R", b"/Next 9 0 R", 1).replace(b"/First 11 0 R", b"/First 10 0 R", 1)


def with_length(claimed: int) -> bytes:
    """A content stream that claims to be longer than the file."""
    data = make_pdf("The stream of this page is short.")
    start = data.index(b"/Length ")
    return data[:start] + b"/Length %d" % claimed + data[data.index(b" >>", start) :]


def with_bomb(megabytes: int) -> bytes:
    """A content stream that unpacks to many blanks."""
    packed = zlib.compress(b" " * (megabytes << 20), 9)
    data = make_pdf("text")
    start = data.index(b"<< /Length", data.index(b"5 0 obj"))
    end = data.index(b"endstream", start)
    head = b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed)
    return data[:start] + head + packed + b"\n" + data[end:]


HOSTILE = {
    "truncated.pdf": WHOLE[: len(WHOLE) // 2],
    "head.pdf": WHOLE[:20],
    "tail.pdf": WHOLE[-200:],
    "encrypted.pdf": make_pdf(
        "secret",
        encrypt=f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> /ID [<41> <41>]",
    ),
    "cyclic-pages.pdf": with_cyclic_pages(),
    "cyclic-outline.pdf": with_cyclic_outline(),
    "claimed.pdf": with_length(1 << 30),
    "claimed-more.pdf": with_length(1 << 62),
    "bomb.pdf": with_bomb(200),
    "huge-page.pdf": WHOLE.replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 9e9 9e9]"),
    "no-page.pdf": WHOLE.replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 0 0]    "),
    "count.pdf": WHOLE.replace(b"/Count 2", b"/Count 999999999"),
    "nothing.pdf": b"%PDF-1.7",
}


def read_all(folder: Path) -> ReadResult:
    return read([folder])


def test_each_is_a_document_or_one_line_and_the_others_go_on(tmp_path: Path) -> None:
    for name, data in HOSTILE.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "good.pdf").write_bytes(WHOLE)
    (tmp_path / "zebra.txt").write_text("A text.")
    begun = time.process_time()
    result = read_all(tmp_path)
    assert time.process_time() - begun < 60
    sources = {Path(document.source).name for document in result.documents}
    failed = {Path(failure.source).name: failure.reason for failure in result.failures}
    assert {"good.pdf", "zebra.txt"} <= sources
    assert sources | failed.keys() == {*HOSTILE, "good.pdf", "zebra.txt"}
    assert all("\n" not in reason and len(reason) < 200 for reason in failed.values())
    assert "password" in failed["encrypted.pdf"]
    assert failed["head.pdf"] == "not a PDF, or damaged beyond reading"


@pytest.mark.parametrize("name", ["cyclic-outline.pdf", "claimed.pdf", "claimed-more.pdf"])
def test_what_can_be_read_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    assert [" ".join(document.text.split()) for document in read([path]).documents] in (
        [" ".join(BODY)],
        ["The stream of this page is short."],
    )


def test_a_circle_is_not_worth_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "cyclic.pdf"
    path.write_bytes(HOSTILE["cyclic-outline.pdf"])
    script = "import sys; from ctxpipe.pipeline.readers.read import read; read([sys.argv[1]])"
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""


def test_names_do_not_decide_what_a_pdf_is(tmp_path: Path) -> None:
    (tmp_path / "nameless").write_bytes(WHOLE)
    (tmp_path / "text.pdf").write_text("No PDF at all.")
    result = read([tmp_path / "nameless", tmp_path / "text.pdf"])
    assert [document.kind for document in result.documents] == ["pdf"]
    assert [failure.reason for failure in result.failures] == ["not a PDF, or damaged beyond reading"]


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_ten_thousand_pages_take_bounded_time_and_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(make_pdf(*(f"Page {at} of many has a line of its own\nand a second one." for at in range(10_000))))
    script = (
        "import re, sys\n"
        "from ctxpipe.pipeline.readers.read import read\n"
        "document = read([sys.argv[1]]).documents[0]\n"
        "print(len(document.page_starts), re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, timeout=120, check=True
    ).stdout.split()
    assert done[0] == "10000"
    assert int(done[1]) < 250_000  # kB
