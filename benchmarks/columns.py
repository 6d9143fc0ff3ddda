"""Whether pages of several columns are read one column after the other.

    python benchmarks/columns.py CACHE              # writes results/columns.json
    python benchmarks/columns.py CACHE --show FILE  # writes every page that is not in order, to be read by a person

Real pages are those of the PDFs of ``benchmarks/pdf.py`` and of more papers from the same packages. Where their columns
are is told by the boxes of single characters, by rules that share nothing with the reader: a strip of the page that no
character touches over a good part of its height, with full lines of prose on both sides. A page is in order when every
line left of a strip comes before every line right of it in the reader's text. Made pages have an order that is known.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boxes import FEWEST, gutters, misplaced, words
from column_pages import LAYOUTS, out_of_order, pages
from common import write
from pdf import FILES, TEX, content
from pypdfium2 import PdfDocument

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.pdf.reader import PdfReader

PAPERS = tuple(
    ("texlive-publishers-doc", f"{TEX}{path}.pdf")
    for path in (
        "acmart/samples/sample-acmengage",
        "acmart/samples/sample-acmtog",
        "acmart/samples/sample-sigplan",
        "aguplus/aguplus",
        "anonymous-acm/anonymous-acm",
        "asaetr/asaetr",
        "asmejour/asmejour-template",
        "asmejour/asmewide_example/asmejour-wide-equation-examples",
        "confproc/example/papers/p_001",
        "confproc/example/papers/p_003",
        "confproc/example/papers/p_005",
        "confproc/example/papers/p_007",
        "confproc/example/papers/p_009",
        "elbioimp/elbioimp",
        "elsarticle/elstest-5p",
        "hagenberg-thesis/examples/HgbArticle/main",
        "imac/imac",
        "jacow/JACoW_LaTeX_A4",
        "mnras/mnras_guide",
        "philosophersimprint/sample",
        "quantumarticle/quantum-template",
        "revtex/aip/aipguide4-2",
        "revtex/aps/apsguide4-2",
        "revtex/sample/aapm/aapmsamp",
        "revtex4-1/sample/aip/aipsamp",
        "tugboat/ltubguid",
    )
)


def real(cache: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Pages of several columns in each file, those in order, and what the others look like."""
    rows, shown = [], []
    for package, path in (*FILES, *PAPERS):
        data = content(cache, package, path)
        document = PdfReader().read(data, source=Path(path).name)
        row = {
            "file": Path(path).name,
            "pages": len(document.page_starts),
            "columns": 0,
            "in_order": 0,
            "lines": 0,
            "wrong": 0,
        }
        for number, wrong, count in page_orders(data, document):
            row["columns"] += 1
            row["in_order"] += not wrong
            row["lines"] += count
            row["wrong"] += len(wrong)
            if wrong:
                head = f"===== {document.source} page {number + 1}: {len(wrong)} of {count}: {wrong}"
                shown.append(f"{head}\n{page_text(document, number)}")
        if row["columns"]:
            print(row)
            rows.append(row)
    return rows, shown


def page_orders(data: bytes, document: Document) -> Iterator[tuple[int, list[str], int]]:
    """Each page with columns whose lines are found: its number from 0, lines that are out of order, lines found."""
    with PdfDocument(data) as file:
        for number in range(len(file)):
            page = file[number]
            found = words(page)
            page.close()
            results = [misplaced(gutter, page_text(document, number)) for gutter in gutters(found)]
            if results and (count := max(count for _, count in results)) >= FEWEST:
                yield number, max((wrong for wrong, _ in results), key=len), count


def page_text(document: Document, number: int) -> str:
    ends = [*document.page_starts[1:], len(document.text)]
    return document.text[document.page_starts[number] : ends[number]]


def made() -> dict[str, dict[str, Any]]:
    """Pages of each made layout, and those whose sentences stand in the known order."""
    found = {}
    for name, layout in LAYOUTS.items():
        wrong = [out_of_order(page, PdfReader().read(page.data, source=name).text) for page in pages(layout)]
        orders = {order: wrong[at::3].count(0) for at, order in enumerate(("by column", "by line", "in no order"))}
        found[name] = {"pages": len(wrong), "in_order": wrong.count(0), "in_order_where_written": orders}
        print(name, found[name])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache", type=Path, help="where packages are kept")
    parser.add_argument("--show", type=Path, help="where to write the pages that are not in order")
    asked = parser.parse_args()
    rows, shown = real(asked.cache)
    if asked.show:
        asked.show.write_text("\n".join(shown), encoding="utf-8")
    totals = {key: sum(row[key] for row in rows) for key in ("columns", "in_order", "lines", "wrong")}
    print(totals)
    write("columns", {"real": {"files": rows, "all": totals}, "made": made()})


if __name__ == "__main__":
    main()
