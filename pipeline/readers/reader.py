"""The protocol of readers."""

from __future__ import annotations

from typing import Literal, Protocol, get_args

from ctxpipe.compress.types import Document
from ctxpipe.errors import UsageError

Errors = Literal["strict", "replace"]


def check_errors(errors: str) -> None:
    """Refuse a name for the treatment of undecodable bytes.

    Raises:
        UsageError: for an unknown one.
    """
    if errors not in get_args(Errors):
        raise UsageError(f"decode_errors must be 'strict' or 'replace', not {errors!r}")


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
