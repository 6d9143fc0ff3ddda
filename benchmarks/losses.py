"""What is lost of ten files when they become text: by our readers, markitdown, and pdfminer.six.

    python benchmarks/losses.py CACHE    # pip install pdfminer.six pdfplumber first: markitdown reads PDF through them

Three PDFs of Debian's packages and seven made files, each some thousand words. Of the made files everything is
known; of a PDF, the words by the boxes of its characters, the order of its columns, and its headings by its bookmarks.
"""

from __future__ import annotations

import argparse
import io
import itertools
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boxes import gutters, misplaced, words
from common import write
from pdf import TEX, content
from pypdfium2 import PdfDocument
from ten_files import MADE, Made

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.load import load

PDFS = (
    ("debian-policy", "usr/share/doc/debian-policy/fhs/fhs-3.0.pdf"),
    ("texlive-publishers-doc", TEX + "ieeepes/ieeepes_doc.pdf"),
    ("texlive-publishers-doc", TEX + "revtex/auguide/auguide4-2.pdf"),
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{60}|=[0-9A-F]{2}=[0-9A-F]{2}|iVBOR")
_BROKEN = re.compile(r"[^\W\d_]{2}-\n+[^\W\d_A-Z]{2}")
_FURNITURE = re.compile(
    r"^\W*(?:\d{1,3}|[ivx]{1,5}|The (?:Root Filesystem|/usr Hierarchy|/var Hierarchy))\W*$", re.MULTILINE
)
"""Page numbers alone, and the running heads of the three PDFs."""
_OTHER = re.compile(r"[\W_]+")
Text = tuple[str, list[str]]
"""A text and its headings."""


def ours(data: bytes, name: str) -> Text:
    document: Document = load(data, source=name, name=name)
    marked = [document.text[start:end] for start, end, _ in document.headings]
    return document.text, [*marked, *hashes(document.text)]


def markitdown(data: bytes, name: str) -> Text:
    from markitdown import MarkItDown, StreamInfo

    info = StreamInfo(extension=Path(name).suffix, filename=name)
    text = MarkItDown().convert_stream(io.BytesIO(data), stream_info=info).markdown
    return text, hashes(text)


def pdfminer(data: bytes, name: str) -> Text:
    from pdfminer.high_level import extract_text

    return extract_text(io.BytesIO(data)), []


def hashes(text: str) -> list[str]:
    """The lines that Markdown has for headings."""
    return re.findall(r"^#{1,6} .*$", text, re.MULTILINE)


def plain(text: str) -> str:
    return _OTHER.sub("", text.lower())


def of_made(file: Made, text: str, headings: list[str]) -> dict[str, Any]:
    """Shares of what was written into a file that is not in its text as it should be."""
    wanted = Counter(_WORD.findall(" ".join([*file.headings, *file.blocks, *itertools.chain(*file.rows)]).lower()))
    found = Counter(_WORD.findall(text.lower()))
    missing = sum((wanted - found).values()) / wanted.total()
    letters, titles = plain(text), {plain(heading) for heading in headings}
    places = [letters.find(plain(block)) for block in file.blocks]
    apart = sum(a < 0 or b < a for a, b in itertools.pairwise(places)) / max(1, len(places) - 1)
    rows = [plain(line) for line in text.splitlines()]
    parted = sum(not any(plain("".join(row)) in line for line in rows) for row in file.rows) / max(1, len(file.rows))
    lost = sum(not any(plain(heading) in title for title in titles) for heading in file.headings) / len(file.headings)
    return {
        "words_missing": round(missing, 4),
        "out_of_order": round(apart, 4) if file.blocks else None,
        "headings_lost": round(lost, 4),
        "rows_parted": round(parted, 4) if file.rows else None,
        "unwanted_lines": text.count(file.unwanted) if file.unwanted else 0,
        **shared(text),
    }


def of_pdf(data: bytes, text: str, headings: list[str]) -> dict[str, Any]:
    """The same of a PDF; words and halves of words are counted once each."""
    wanted: set[str] = set()
    wrong = found = 0
    with PdfDocument(data) as file:
        for page in file:
            boxes = words(page)
            wanted.update(_WORD.findall(" ".join(word.text for word in boxes).lower()))
            for gutter in gutters(boxes):
                lost, count = misplaced(gutter, text)
                wrong, found = wrong + len(lost), found + count
            page.close()
        marks = [plain(mark.get_title()) for mark in file.get_toc()]
    letters, titles = plain(text), [plain(heading) for heading in headings]
    return {
        "words_missing": round(sum(word not in letters for word in wanted) / len(wanted), 4),
        "out_of_order": round(wrong / found, 4) if found else None,
        "headings_lost": round(sum(not any(mark in title for title in titles) for mark in marks) / len(marks), 4)
        if marks
        else None,
        "rows_parted": None,
        "unwanted_lines": len(_FURNITURE.findall(text)),
        **shared(text),
    }


def shared(text: str) -> dict[str, int]:
    """Words left broken at the end of a line, and stretches that are not decoded."""
    return {"words_broken": len(_BROKEN.findall(text)), "undecoded": len(_ENCODED.findall(text))}


READERS: dict[str, Callable[[bytes, str], Text]] = {"ctxpipe": ours, "markitdown": markitdown, "pdfminer.six": pdfminer}


def measured(name: str, data: bytes, count: Callable[[str, list[str]], dict[str, Any]]) -> dict[str, Any]:
    """What each reader loses of one file."""
    found: dict[str, Any] = {}
    for reader, read in READERS.items():
        if reader == "pdfminer.six" and not name.endswith(".pdf"):
            continue
        begun = time.process_time()
        text, headings = read(data, name)
        found[reader] = {"seconds": round(time.process_time() - begun, 2), **count(text, headings)}
        print(name, reader, found[reader], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache", type=Path, help="where packages are kept")
    cache = parser.parse_args().cache
    results = {}
    for package, path in PDFS:
        data, name = content(cache, package, path), Path(path).name
        results[name] = measured(name, data, lambda text, headings, data=data: of_pdf(data, text, headings))
    for make in MADE:
        file = make()
        results[file.name] = measured(
            file.name, file.data, lambda text, headings, file=file: of_made(file, text, headings)
        )
    write("losses", {"files": results})


if __name__ == "__main__":
    main()
