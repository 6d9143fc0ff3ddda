"""EPUB to Markdown: the chapters in reading order."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.archive import Archive
from ctxpipe.pipeline.readers.builder import DocumentBuilder
from ctxpipe.pipeline.readers.contents import ContentsEntry, links, named, points, with_headings
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.text.decode import decode
from ctxpipe.pipeline.readers.titles import one_line
from ctxpipe.pipeline.readers.xml import local, parse

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_PAGES = (".xhtml", ".html", ".htm", ".xml")
# In HTML, which chapters are read as, only void elements end like this; the others would stay open.
_SELF_CLOSED = re.compile(
    r"<((?:title|script|style|textarea|iframe|object|a|p|div|span|i|b|em|strong|td|th|li|h[1-6]|section|sup|sub|ul|ol"
    r"|table|svg|blockquote|aside|nav)\b)([^<>]*)/>",
    re.IGNORECASE,
)
# Fonts may be disguised in a book that is free to read.
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


class EpubReader:
    """Reads an e-book; chapters without a heading get theirs from the table of contents, also within one file."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Read an e-book.

        Raises:
            ReadError: if the file is damaged, too large or protected against copying.
        """
        from ctxpipe.pipeline.readers.html.footnotes import Footnotes
        from ctxpipe.pipeline.readers.html.html import html_page

        book = _Book(Archive(data, source=source, ending=".epub"), source)
        builder, footnotes = DocumentBuilder(), Footnotes()
        for name in book.chapters():
            markup = decode(book.archive.read(name), source=f"{source}: {name}", errors=errors, declares=True)
            markup = _SELF_CLOSED.sub(r"<\1\2></\1>", markup)
            entries = book.contents.get(name, [])
            page = html_page(with_headings(markup, entries), addresses=True, footnotes=footnotes, page=name)
            builder.add(named(page.text, entries))
        return builder.document(source=source, kind="markdown", title=book.title)


class _Book:
    """The package of a book: its chapters, and their titles by the table of contents."""

    def __init__(self, archive: Archive, source: str) -> None:
        self.archive = archive
        self._source = source
        path = self._package_path()
        self._folder = posixpath.dirname(path)
        package = parse(archive.read(path), source=source, ending=".epub")
        self.title = next((one_line(e.text or "") for e in package.iter() if local(e) == "title"), "")
        self._items: dict[str, Element] = {}
        self._by_path: dict[str, Element] = {}
        for item in package.iter():
            if local(item) == "item" and (path := self._path(item.get("href"))):
                self._items[item.get("id") or ""] = item
                self._by_path[path] = item
        self._spine = [e.get("idref") or "" for e in package.iter() if local(e) == "itemref"]
        self.contents = self._contents()
        self._refuse_protected()

    def chapters(self) -> Iterator[str]:
        """Names of the chapters' parts, in reading order, without the table of contents."""
        listed = [self._items[key] for key in dict.fromkeys(self._spine) if key in self._items]
        names = [self._path(item.get("href")) for item in listed if "nav" not in (item.get("properties") or "").split()]
        names = [name for name in names if name in self.archive]
        if not names:
            names = [name for name in self.archive.names() if name.endswith((".xhtml", ".html", ".htm"))]
        return iter(dict.fromkeys(name for name in names if name.lower().endswith(_PAGES)))

    def _package_path(self) -> str:
        if "META-INF/container.xml" in self.archive:
            container = parse(self.archive.read("META-INF/container.xml"), source=self._source, ending=".epub")
            for element in container.iter():
                if local(element) == "rootfile" and (path := element.get("full-path") or "") in self.archive:
                    return path
        package = next((name for name in self.archive.names() if name.endswith(".opf")), "")
        if not package:
            raise self.archive.damaged("it has no package file")
        return package

    def _path(self, href: str | None, folder: str | None = None) -> str:
        folder = self._folder if folder is None else folder
        return posixpath.normpath(posixpath.join(folder, unquote((href or "").partition("#")[0])))

    def _contents(self) -> dict[str, list[ContentsEntry]]:
        """Entries of the table of contents by part, from the navigation of EPUB 3, else the NCX file of EPUB 2."""
        tables: list[dict[str, list[ContentsEntry]]] = []
        for path, item in self._by_path.items():
            nav = "nav" in (item.get("properties") or "").split()
            if path not in self.archive or not (nav or item.get("media-type") == "application/x-dtbncx+xml"):
                continue
            try:
                root = parse(self.archive.read(path), source=self._source, ending=".epub")
            except ReadError:  # a book can be read without its table of contents
                continue
            table: dict[str, list[ContentsEntry]] = {}
            for href, entry in links(root) if nav else points(root):
                table.setdefault(self._path(href, posixpath.dirname(path)), []).append(entry)
            tables.insert(0 if nav else len(tables), table)
        return next((table for table in tables if table), {})

    def _refuse_protected(self) -> None:
        if "META-INF/encryption.xml" not in self.archive:
            return
        root = parse(self.archive.read("META-INF/encryption.xml"), source=self._source, ending=".epub")
        for element in root.iter():
            if local(element) != "EncryptedData":
                continue
            method = next((e.get("Algorithm") for e in element.iter() if local(e) == "EncryptionMethod"), "")
            if method not in _FONTS:
                raise ReadError(self._source, "the e-book is protected against copying (DRM) and cannot be read")
