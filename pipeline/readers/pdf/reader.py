"""Reads PDF files, page by page, so that a citation can name the page."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.pdf.asides import move_asides
from ctxpipe.pipeline.readers.pdf.assemble import assemble
from ctxpipe.pipeline.readers.pdf.cells import mark_wrapped
from ctxpipe.pipeline.readers.pdf.columns import in_order, margins
from ctxpipe.pipeline.readers.pdf.extract import Extractor
from ctxpipe.pipeline.readers.pdf.figures import join_over_figures
from ctxpipe.pipeline.readers.pdf.flow import Measure
from ctxpipe.pipeline.readers.pdf.furniture import without_furniture
from ctxpipe.pipeline.readers.pdf.groups import fill_groups
from ctxpipe.pipeline.readers.pdf.headings import Bookmark, bookmarks, mark_headings
from ctxpipe.pipeline.readers.pdf.hyphens import Hyphens
from ctxpipe.pipeline.readers.pdf.line_numbers import without_line_numbers
from ctxpipe.pipeline.readers.pdf.listing import mark_listings
from ctxpipe.pipeline.readers.pdf.notes import scans_note
from ctxpipe.pipeline.readers.pdf.rows import Page
from ctxpipe.pipeline.readers.pdf.scans import can_recognise, recognise, render
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.titles import one_line

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_PASSWORD, _SECURITY = 4, 5
_REASONS = {
    _PASSWORD: "the PDF is encrypted and needs a password; save a copy without one",
    _SECURITY: "the PDF is encrypted in a way that cannot be read; save a copy without encryption",
}
_JUNK_TITLE = re.compile(r"microsoft (word|powerpoint) - |untitled|\.(docx?|pptx?|tex|dvi|indd|qxd)$", re.IGNORECASE)
_FIRST, _STEP = 6, 8
"""Pages at the beginning, and one of so many after them, that are looked into for columns written line by line."""
_CUT = 0.2
"""Share of pages with such columns from which on all are looked into."""
# PDFium keeps global state and must not be entered by two threads.
_LOCK = threading.Lock()


class PdfReader:
    """Reads a PDF in reading order, without running heads, feet and page numbers.

    Pages without a text layer are read by text recognition where the extra ``ocr`` is installed.
    """

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read a PDF; ``errors="replace"`` turns a page that cannot be read into an empty one.

        Raises:
            ReadError: if the file is not a PDF, is damaged or encrypted, or has no text.
        """
        with _opened(data, source) as document:
            pages, title, marks = _read(document, source, errors)
            scanned = [at for at, page in enumerate(pages) if page.picture]
            if can_recognise():
                for at in scanned:
                    pages[at] = _recognised(document, at)
        if not any(page.rows for page in pages):
            raise ReadError(source, _no_text(scanned))
        empty = [at for at in scanned if not pages[at].rows]
        without_line_numbers(pages)
        without_furniture(pages)
        columns = [in_order(page.rows) for page in pages]
        for runs in columns:
            margins(runs)
            for run in runs:
                fill_groups(run)
        measure = Measure([run for runs in columns for run in runs])
        mark_listings(columns)
        mark_headings(columns, marks, measure)
        join_over_figures(columns, measure)
        move_asides(columns, measure)
        for runs in columns:
            for run in runs:
                mark_wrapped(run)
        hyphens = Hyphens(row.text for runs in columns for run in runs for row in run)
        made = assemble(columns, measure, hyphens)
        return Document(
            text="".join(made.parts),
            source=source,
            kind="pdf",
            title=title,
            page_starts=tuple(made.page_starts),
            headings=tuple(made.headings),
            noise=tuple(made.noise),
            notes=(scans_note(scanned, len(pages), recognised=can_recognise(), empty=empty),) if scanned else (),
        )


@contextlib.contextmanager
def _opened(data: bytes, source: str) -> Iterator[PdfDocument]:
    from pypdfium2 import PdfDocument, PdfiumError

    with _LOCK:
        try:
            document = PdfDocument(data)
        except PdfiumError as exc:
            reason = _REASONS.get(exc.err_code or 0, "not a PDF, or damaged beyond reading")
            raise ReadError(source, reason) from exc
    try:
        yield document
    finally:
        with _LOCK:
            document.close()


def _read(document: PdfDocument, source: str, errors: Errors) -> tuple[list[Page], str, list[Bookmark]]:
    with _LOCK:
        if document.get_formtype():
            document.init_forms()
        return _pages(document, source, errors), _title(document), bookmarks(document)


def _pages(document: PdfDocument, source: str, errors: Errors) -> list[Page]:
    """The pages; where those that are looked into show columns written line by line, all are looked into."""
    extractor, pages, hasty = Extractor(), list[Page](), list[int]()
    cut = 0
    for index in range(len(document)):
        thorough = index < _FIRST or index % _STEP == 0 or cut >= _CUT * index
        pages.append(_page(document, extractor, index, source, errors, thorough=thorough))
        cut += any(row.column for row in pages[-1].rows)
        if not thorough:
            hasty.append(index)
    for index in hasty if cut >= _CUT * len(pages) else ():
        pages[index] = _page(document, extractor, index, source, errors)
    return pages


def _recognised(document: PdfDocument, index: int) -> Page:
    with _LOCK:
        page = document[index]
        try:
            image, scale = render(page)
        finally:
            page.close()
    return recognise(image, scale)


def _no_text(scanned: Sequence[int]) -> str:
    if scanned and can_recognise():
        return "the PDF has no text layer, and text recognition found no text on its pages"
    return "the PDF has no text layer (scanned pages?); install ctxpipe[ocr] to read them"


def _page(
    document: PdfDocument, extractor: Extractor, index: int, source: str, errors: Errors, *, thorough: bool = True
) -> Page:
    from pypdfium2 import PdfiumError

    try:
        page = document[index]
        try:
            return extractor.page(page, thorough=thorough)
        finally:
            page.close()
    except PdfiumError as exc:
        if errors == "replace":
            return Page(rows=[])
        raise ReadError(source, f"page {index + 1} of the PDF is damaged") from exc


def _title(document: PdfDocument) -> str:
    try:
        title = one_line(document.get_metadata_value("Title"))
    except UnicodeDecodeError:
        return ""
    return "" if _JUNK_TITLE.search(title) else title
