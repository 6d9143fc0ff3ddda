"""DOCX to Markdown through markitdown, with comments, notes, headers and footers."""

from __future__ import annotations

import io
import re
import zipfile

from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.office.annotations import annotated
from ctxpipe.pipeline.readers.office.lists import read_lists
from ctxpipe.pipeline.readers.office.numbering import PART as NUMBERING
from ctxpipe.pipeline.readers.office.package import guarded, open_package
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.titles import markdown_title

_MAIN = "word/document.xml"
# Escapes would put backslashes into identifiers; with an empty header a table's rows could not be understood.
_MARKDOWN = {"escape_asterisks": False, "escape_underscores": False, "table_infer_header": True}
_EMBEDDED_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(data:[^)\n]*\)")
_WORDS = re.compile(rb"<(?:\w+:)?t[ >]|\bdescr=\"[^\"]")
_NO_LISTS = b'<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'
_WITHOUT_TEXT = ("word/media/", "word/embeddings/", "word/fonts/", "docProps/thumbnail")


class DocxReader:
    """Reads a Word file: comments and notes stand below the paragraph that they belong to."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read a Word file.

        Raises:
            ReadError: if the extra is missing, or the file is damaged, encrypted or too large.
        """
        modules = ("markitdown", "mammoth", "lxml")
        archive = open_package(data, source=source, ending="docx", main=_MAIN, modules=modules)
        text = guarded(lambda: _markdown(archive), source=source, ending="docx")
        return Document(text=text, source=source, kind="markdown", title=markdown_title(text))


def _markdown(archive: Archive) -> str:
    from markitdown import StreamInfo
    from markitdown.converters import DocxConverter

    # The libraries read comments at best at the end of the document, so they are put where they belong beforehand.
    main = annotated(archive, _MAIN)
    if not _WORDS.search(main):  # a page without words makes a library warn on standard error
        return ""
    # Numbers are written into the text beforehand; the library knows neither their forms nor where they count on.
    changed = {_MAIN: main, NUMBERING: _NO_LISTS}
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as copy:
        for name in archive.names():
            without_text = name.startswith(_WITHOUT_TEXT)
            copy.writestr(name, b"" if without_text else changed.get(name) or archive.read(name))
    package.seek(0)
    result = DocxConverter().convert(package, StreamInfo(extension=".docx"), **_MARKDOWN)
    return _EMBEDDED_IMAGE.sub(r"\1", read_lists(result.markdown))
