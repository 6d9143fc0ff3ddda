"""The protocol of readers."""

from __future__ import annotations

from typing import Literal, Protocol

from ctxpipe.compress.types import Document

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
