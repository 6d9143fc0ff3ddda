"""Files that are known by their hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ctxpipe.errors import DownloadError

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedFile:
    """One file.

    Attributes:
        name: File name to store it under.
        sha256: Hex digest of its content.
        size: Bytes.
    """

    name: str
    sha256: str
    size: int

    def is_at(self, path: Path) -> bool:
        """Whether a path holds exactly this file."""
        return path.is_file() and path.stat().st_size == self.size and digest(path) == self.sha256

    def check(self, path: Path, what: str) -> None:
        """Refuse another file, and remove it.

        Raises:
            DownloadError: if the path holds anything else; it begins with ``what``.
        """
        if not self.is_at(path):
            told = f"{what} is not the pinned file (sha256 {digest(path)[:12]}..., {path.stat().st_size:,} bytes)"
            path.unlink()
            raise DownloadError(told)

    def copy(self, source: IO[bytes], path: Path, what: str) -> None:
        """Write a stream into a path and check it. No more than the pinned size is read.

        Raises:
            DownloadError: see ``check``.
        """
        left = self.size + 1
        with path.open("wb") as out:
            while left and (block := source.read(min(BLOCK, left))):
                left -= len(block)
                out.write(block)
        self.check(path, what)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
