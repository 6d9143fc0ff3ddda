"""PDF to text, page by page, so that a citation can name the page."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.titles import one_line

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_BETWEEN_PAGES = "\n\n"
_PASSWORD, _SECURITY = 4, 5
_REASONS = {
    _PASSWORD: "the PDF is encrypted and needs a password; save a copy without one",
    _SECURITY: "the PDF is encrypted in a way that cannot be read; save a copy without encryption",
}
# PDFium marks a hyphen at the end of a line with one of these and joins the halves.
_HYPHEN = re.compile("([^\\W\\d_])[\x02\ufffe](?=[^\\W\\d_])|[\x02\ufffe]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_JUNK_TITLE = re.compile(r"microsoft (word|powerpoint) - |untitled|\.(docx?|pptx?|tex|dvi|indd|qxd)$", re.IGNORECASE)
# PDFium keeps global state and must not be entered by two threads.
_LOCK = threading.Lock()


class PdfReader:
    """Reads the text layer of a PDF, the pages joined by an empty line.

    A word broken at the end of a line is joined; a broken number keeps its hyphen.
    """

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read a PDF; ``errors="replace"`` turns a page that cannot be read into an empty one.

        Raises:
            ReadError: if the file is not a PDF, is damaged or encrypted, or has no text layer.
        """
        pages, title = _read(data, source, errors)
        if not any(pages):
            raise ReadError(source, "the PDF has no text layer (scanned pages?); run text recognition on it first")
        starts, offset = [], 0
        for page in pages:
            starts.append(offset)
            offset += len(page) + len(_BETWEEN_PAGES)
        text = _BETWEEN_PAGES.join(pages)
        return Document(text=text, source=source, kind="pdf", title=title, page_starts=tuple(starts))


def _read(data: bytes, source: str, errors: Errors) -> tuple[list[str], str]:
    from pypdfium2 import PdfDocument, PdfiumError

    with _LOCK:
        try:
            document = PdfDocument(data)
        except PdfiumError as exc:
            reason = _REASONS.get(exc.err_code or 0, "not a PDF, or damaged beyond reading")
            raise ReadError(source, reason) from exc
        with document:
            pages = [_page(document, index, source, errors) for index in range(len(document))]
            return pages, _title(document)


def _page(document: PdfDocument, index: int, source: str, errors: Errors) -> str:
    from pypdfium2 import PdfiumError

    try:
        page = document[index]
        try:
            content = page.get_textpage()
            try:
                # The range API is limited to 16-bit characters; the bounded one is not. Half a surrogate pair is a
                # fault of some font, not of the page.
                text = content.get_text_bounded(errors="replace")
            finally:
                content.close()
        finally:
            page.close()
    except PdfiumError as exc:
        if errors == "replace":
            return ""
        raise ReadError(source, f"page {index + 1} of the PDF is damaged") from exc
    text = _HYPHEN.sub(lambda match: match[1] or "-", text.replace("\r\n", "\n"))
    return _CONTROLS.sub(" ", text).strip()


def _title(document: PdfDocument) -> str:
    try:
        title = one_line(document.get_metadata_value("Title"))
    except UnicodeDecodeError:
        return ""
    return "" if _JUNK_TITLE.search(title) else title
