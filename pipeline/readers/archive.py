"""ZIP archives, which office files and e-books are."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from ctxpipe.errors import ReadError

MOST_UNPACKED = 1 << 30
"""Bytes that all parts of an archive together may unpack to."""
BOMB_RATIO = 150
"""How often something of more than 16 MiB may be as large as it is packed; text of an office file stays below 30."""
_LEAST_BOMB = 16 << 20
_MOST_PARTS = 100_000
_ENCRYPTED = 0x1
# Besides its own error, a damaged table of contents makes zipfile raise any of the others.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, ValueError, OSError, RuntimeError, EOFError, OverflowError, struct.error, KeyError
)  # fmt: skip


def zip_parts(data: bytes) -> dict[str, int]:
    """The parts of a ZIP archive with their unpacked sizes in bytes; none for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {part.filename: part.file_size for part in archive.infolist()}
    except _DAMAGE:
        return {}


def is_bomb(size: int, packed: int) -> bool:
    """Whether so many bytes, packed to so few, are no text."""
    return size > _LEAST_BOMB and size > BOMB_RATIO * max(1, packed)


class Archive:
    """A ZIP archive whose sizes were checked before anything is unpacked.

    Args:
        data: The whole file.
        source: Its name, for errors.
        ending: What it should be, such as ``".epub"``.

    Raises:
        ReadError: if it is no archive, damaged, encrypted, or unpacks to too much.
    """

    def __init__(self, data: bytes, *, source: str, ending: str) -> None:
        self._source, self._ending = source, ending
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
            self._parts = {part.filename: part for part in self._archive.infolist()}
        except _DAMAGE as exc:
            raise ReadError(source, f"not a {ending} file, or damaged") from exc
        self._check()

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def names(self) -> list[str]:
        """Names of the parts, in the order of the archive."""
        return list(self._parts)

    def read(self, name: str) -> bytes:
        """Unpack a part; never more than its stated size.

        Raises:
            ReadError: if there is no such part, or it is damaged.
        """
        try:
            return self._archive.read(self._parts[name])
        except _DAMAGE as exc:
            raise self.damaged(type(exc).__name__) from exc

    def head(self, name: str, size: int = 4096) -> bytes:
        """The first bytes of a part.

        Raises:
            ReadError: as :meth:`read`.
        """
        try:
            with self._archive.open(self._parts[name]) as part:
                return part.read(size)
        except _DAMAGE as exc:
            raise self.damaged(type(exc).__name__) from exc

    def blocks(self, name: str) -> Iterator[bytes]:
        """A part in blocks of a megabyte, each with the end of the one before, so that a short tag is whole in one.

        Raises:
            ReadError: as :meth:`read`.
        """
        try:
            with self._archive.open(self._parts[name]) as part:
                kept = b""
                while block := part.read(1 << 20):
                    yield kept + block
                    kept = block[-200:]
        except _DAMAGE as exc:
            raise self.damaged(type(exc).__name__) from exc

    def refused(self, reason: str) -> ReadError:
        """The error for an archive that is not read."""
        return ReadError(self._source, reason)

    def damaged(self, reason: str) -> ReadError:
        """The error for an archive that is not what it should be."""
        return ReadError(self._source, f"not a {self._ending} file, or damaged ({reason})")

    def _check(self) -> None:
        parts = list(self._parts.values())
        if len(parts) > _MOST_PARTS:
            raise ReadError(self._source, f"has {len(parts):,} parts, more than the {_MOST_PARTS:,} allowed")
        if any(part.flag_bits & _ENCRYPTED for part in parts):
            raise ReadError(self._source, f"protected by a password; save a plain {self._ending} copy")
        unpacked = sum(part.file_size for part in parts)
        if unpacked > MOST_UNPACKED:
            most = MOST_UNPACKED >> 20
            raise ReadError(self._source, f"unpacks to {unpacked >> 20:,} MiB, more than the {most:,} allowed")
        for part in parts:
            if is_bomb(part.file_size, part.compress_size):
                size = part.file_size >> 20
                raise self.refused(f"a part of it unpacks to {size:,} MiB, over {BOMB_RATIO} times its packed size")
