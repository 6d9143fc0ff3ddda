"""OpenDocument (ODT, ODS, ODP) to Markdown."""

from __future__ import annotations

import dataclasses
from functools import partial

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.odf.content import OdfContent
from ctxpipe.pipeline.readers.odf.margins import margins
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.titles import one_line
from ctxpipe.pipeline.readers.xml import local, parse, walk


class OdfReader:
    """Reads the content of an OpenDocument file; the pages of a presentation are pages.

    Args:
        ending: Extension of the file, without the dot.
    """

    def __init__(self, ending: str) -> None:
        self._ending = f".{ending}"

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read an OpenDocument file.

        Raises:
            ReadError: if the file is damaged, encrypted or too large.
        """
        ending = self._ending
        archive = Archive(data, source=source, ending=ending)
        if "content.xml" not in archive:
            raise archive.damaged("it has no content.xml")
        if "META-INF/manifest.xml" in archive and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise ReadError(source, f"protected by a password; save a plain {ending} copy")
        builder = DocumentBuilder()
        content = OdfContent(builder, sheets=ending == ".ods")
        if "styles.xml" in archive:
            styles = archive.read("styles.xml")
            walk(styles, content.styles, source=source, ending=ending)
            if ending == ".odt":
                for line in margins(styles, source=source):
                    builder.add(line)
        walk(archive.read("content.xml"), content, source=source, ending=ending)
        title = _title(archive, source, ending)
        if ending == ".ods":
            return builder.document(source=source, kind="markdown", title=title)
        document = builder.document(source=source, kind="text", title=title)
        if title or not document.headings:
            return document
        start, end, _ = document.headings[0]
        return dataclasses.replace(document, title=one_line(document.text[start:end].lstrip("# ")))


odt, ods, odp = (partial(OdfReader, ending) for ending in ("odt", "ods", "odp"))


def _title(archive: Archive, source: str, ending: str) -> str:
    if "meta.xml" not in archive:
        return ""
    root = parse(archive.read("meta.xml"), source=source, ending=ending)
    return next((one_line(element.text or "") for element in root.iter() if local(element) == "title"), "")
