"""How thirty real PDFs of Debian's packages are read: heads and numbers that are left, whole sentences, speed.

    python benchmarks/pdf.py CACHE                  # writes results/pdf.json
    python benchmarks/pdf.py CACHE --sheet FILE --seed 5     # also writes page breaks, to be read by a person

Speed is set against the plain extraction of PDFium, page by page, as the reader before did it, in the same process.
"""

from __future__ import annotations

import argparse
import gzip
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import page_breaks
from common import write
from manuals import Manual, unpacked
from pypdfium2 import PdfDocument

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.pdf.reader import PdfReader

TEX = "usr/share/doc/texlive-doc/latex/"
FILES = (
    ("r-doc-pdf", "usr/share/R/doc/manual/R-exts.pdf"),
    ("gnuplot-doc", "usr/share/doc/gnuplot/gnuplot.pdf"),
    ("bash-doc", "usr/share/doc/bash/bash.pdf"),
    ("bash-doc", "usr/share/doc/bash/bashref.pdf"),
    ("valgrind", "usr/share/doc/valgrind/valgrind_manual.pdf"),
    ("debian-policy", "usr/share/doc/debian-policy/policy.pdf"),
    ("debian-policy", "usr/share/doc/debian-policy/fhs/fhs-3.0.pdf"),
    ("glpk-doc", "usr/share/doc/glpk-doc/glpk.pdf"),
    ("graphviz-doc", "usr/share/doc/graphviz/pdf/dottyguide.pdf"),
    ("graphviz-doc", "usr/share/doc/graphviz/pdf/dotguide.pdf"),
    ("xfig-doc", "usr/share/doc/xfig/xfig_ref_en.pdf"),
    ("xfig-doc", "usr/share/doc/xfig/xfig-howto.pdf"),
    ("gnucash-docs", "usr/share/doc/gnucash-docs/gnucash-guide-en.pdf"),
    ("biber", "usr/share/doc/biber/biber.pdf"),
    ("bzip2-doc", "usr/share/doc/bzip2/manual.pdf"),
    ("dblatex-doc", "usr/share/doc/dblatex/manual.pdf"),
    ("debian-faq", "usr/share/doc/debian/FAQ/debian-faq.en.pdf"),
    ("groff", "usr/share/doc/groff-base/pdf/automake.pdf"),
    ("ghostscript-doc", "usr/share/doc/ghostscript/GS9_Color_Management.pdf"),
    ("zlib1g-dev", "usr/share/doc/zlib1g-dev/crc-doc.1.0.pdf"),
    ("erlang-doc", "usr/share/doc/erlang-doc/lib/ssh-4.15.2/doc/pdf/ssh-4.15.2.pdf"),
    ("shared-mime-info", "usr/share/doc/shared-mime-info/shared-mime-info-spec.pdf"),
    ("pari-doc", "usr/share/pari/doc/refcard.pdf"),
    ("texlive-publishers-doc", TEX + "ieeepes/ieeepes_doc.pdf"),
    ("texlive-publishers-doc", TEX + "revtex/auguide/auguide4-2.pdf"),
    ("texlive-publishers-doc", TEX + "oup-authoring-template/oup-authoring-template.pdf"),
    ("texlive-publishers-doc", TEX + "acmart/samples/sample-xelatex.pdf"),
    ("texlive-publishers-doc", TEX + "revtex4-1/sample/aps/apssamp.pdf"),
    ("texlive-publishers-doc", TEX + "nrc/userguide.pdf"),
    ("texlive-publishers-doc", TEX + "asmeconf/asmeconf-template.pdf"),
)
ROUNDS = 3
_NUMBER = re.compile(r"\W*(?:page\s+)?(?:[A-Z]{1,3}[-.–])?(?:\d{1,2}[-–.])?(\d{1,4}|[ivxlc]{1,6})\W*", re.IGNORECASE)
_HYPHEN = re.compile("([^\\W\\d_])[\x02\ufffe](?=[^\\W\\d_])|[\x02\ufffe]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_LEADER = re.compile(r"(?:\.\s?){5,}\s*\w{1,6}$")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache", type=Path, help="where packages are kept")
    parser.add_argument("--sheet", type=Path, help="where to write the page breaks that are drawn")
    parser.add_argument("--seed", type=int, default=20, help="seed of the draw")
    asked = parser.parse_args()
    rows, documents = [], {}
    for package, path in FILES:
        data = content(asked.cache, package, path)
        document = PdfReader().read(data, source=Path(path).name)
        documents[f"{package}/{document.source}"] = document
        rows.append({"package": package, "file": Path(path).name, **facts(data, document), **times(data)})
        print({key: value for key, value in rows[-1].items() if key != "examples"})
    if asked.sheet:
        breaks = page_breaks.drawn(list(documents.values()), asked.seed)
        asked.sheet.write_text("\n\n".join(page_breaks.shown(*place) for place in breaks), encoding="utf-8")
    write("pdf", {"files": rows, "all": summary(rows), "page_breaks": page_breaks.verdict(documents)})


def content(cache: Path, package: str, path: str) -> bytes:
    """The file, which some packages hold compressed."""
    plain = cache / package / path
    if not plain.exists():
        packed = plain.with_name(plain.name + ".gz")
        if not packed.exists():
            unpacked(Manual(package, path, ()), cache)
        if not plain.exists():
            return gzip.decompress(packed.read_bytes())
    return plain.read_bytes()


def facts(data: bytes, document: Document) -> dict[str, Any]:
    """Producer, pages, and lines of the text outside of contents and index that should not be there."""
    with PdfDocument(data) as file:
        producer = file.get_metadata_value("Producer")
    edges, lines = edge_lines(document)
    numbers = [line for page, line in edges if is_page_number(page, line, edges)]
    heads = [line for page, line in edges if repeats(page, line, edges)]
    leaders = [line for line in lines if _LEADER.search(line)]
    return {
        "producer": producer,
        "pages": len(document.page_starts),
        "lines": len(lines),
        "headings": len(document.headings),
        "page_numbers": len(numbers),
        "running_heads": len(heads),
        "leaders": len(leaders),
        "examples": [*numbers[:3], *heads[:3], *leaders[:3]],
    }


def edge_lines(document: Document) -> tuple[list[tuple[int, str]], list[str]]:
    """The first and last line of each page with the page, and all lines; none of contents and index."""
    edges, lines = [], []
    ends = [*document.page_starts[1:], len(document.text)]
    for page, (start, end) in enumerate(zip(document.page_starts, ends, strict=True)):
        kept = [
            match.group()
            for match in re.compile(r"[^\n]+").finditer(document.text, start, end)
            if not any(a <= match.start() < b for a, b in document.noise)
        ]
        lines.extend(kept)
        edges.extend((page, line) for line in ({kept[0], kept[-1]} if kept else ()))
    return edges, lines


def is_page_number(page: int, line: str, edges: list[tuple[int, str]]) -> bool:
    """Whether a line is a number that counts the pages: another page's edge has the number that fits."""
    match = _NUMBER.fullmatch(line)
    if not match:
        return False
    if not match[1].isdigit():
        return True
    shift = int(match[1]) - page
    others = (_NUMBER.fullmatch(other) for at, other in edges if at != page and abs(at - page) <= 4)
    near = [int(m[1]) for m in others if m and m[1].isdigit()]
    return any(abs(number - shift - page) <= 4 for number in near)


def repeats(page: int, line: str, edges: list[tuple[int, str]]) -> bool:
    """Whether a line stands, up to numbers, at the edge of at least two other pages near it."""
    key = re.sub(r"\d+", "#", line)
    if not re.search(r"[^\W\d]{3}", key):
        return False
    return len({at for at, other in edges if 0 < abs(at - page) <= 3 and re.sub(r"\d+", "#", other) == key}) >= 2


def times(data: bytes) -> dict[str, float]:
    """Pages a second of this reader and of PDFium's plain extraction, each the best of some rounds."""
    best = {"plain": float("inf"), "reader": float("inf")}
    for _ in range(ROUNDS):
        for name, read in (("plain", plain_text), ("reader", lambda data: PdfReader().read(data, source="file"))):
            begun = time.process_time()
            read(data)
            best[name] = min(best[name], time.process_time() - begun)
    return {f"{name}_seconds": round(seconds, 4) for name, seconds in best.items()}


def plain_text(data: bytes) -> list[str]:
    """The text of each page as PDFium gives it, words joined at every hyphen: what the reader before did."""
    texts = []
    with PdfDocument(data) as document:
        for index in range(len(document)):
            page = document[index]
            content = page.get_textpage()
            text = content.get_text_bounded(errors="replace").replace("\r\n", "\n")
            texts.append(_CONTROLS.sub(" ", _HYPHEN.sub(lambda match: match[1] or "-", text)).strip())
            content.close()
            page.close()
    return texts


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    totals: Counter[str] = Counter()
    for row in rows:
        totals.update({key: value for key, value in row.items() if isinstance(value, int | float)})
    unwanted = totals["page_numbers"] + totals["running_heads"] + totals["leaders"]
    return {
        "files": len(rows),
        "producers": len({re.sub(r"[\d(].*", "", row["producer"]).strip(" -v") for row in rows}),
        "pages": totals["pages"],
        "unwanted_lines": round(unwanted / totals["lines"], 5),
        "pages_per_second": round(totals["pages"] / totals["reader_seconds"]),
        "plain_pages_per_second": round(totals["pages"] / totals["plain_seconds"]),
        "time_of_plain": round(totals["reader_seconds"] / totals["plain_seconds"], 2),
    }


if __name__ == "__main__":
    main()
