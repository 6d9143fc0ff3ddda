"""The protocol of readers, and readers by name."""

from __future__ import annotations

from typing import Literal, Protocol

from ctxpipe.compress.types import Document
from ctxpipe.registry import Registry

Errors = Literal["strict", "replace"]


class Reader(Protocol):
    """Reads one format."""

    def read(self, data: bytes, *, source: str, errors: Errors = "strict") -> Document:
        """Make a document from the bytes of a file.

        Args:
            data: The whole file.
            source: Source of the document.
            errors: ``"replace"`` lets what cannot be decoded pass.

        Returns:
            The document. Its title is empty when the file does not say; the file's name is then taken.

        Raises:
            ReadError: if the file is damaged, encrypted, or needs an extra that is not installed.
        """
        ...


READERS: Registry[Reader] = Registry("reader", "ctxpipe.readers", "read")
"""Readers by name. A reader of another package is named like the extension of its files, without the dot."""


@READERS.register("pdf")
def _pdf() -> Reader:
    from ctxpipe.pipeline.readers.pdf import PdfReader

    return PdfReader()


@READERS.register("docx")
def _docx() -> Reader:
    from ctxpipe.pipeline.readers.office import OfficeReader

    return OfficeReader("docx")


@READERS.register("pptx")
def _pptx() -> Reader:
    from ctxpipe.pipeline.readers.office import OfficeReader

    return OfficeReader("pptx")


@READERS.register("xlsx")
def _xlsx() -> Reader:
    from ctxpipe.pipeline.readers.office import OfficeReader

    return OfficeReader("xlsx")
