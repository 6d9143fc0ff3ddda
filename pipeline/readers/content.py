"""What a file holds: its bytes, or what ``gzip``, ``bzip2`` or ``xz`` made smaller."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader

from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.archive import BOMB_RATIO, MOST_UNPACKED, is_bomb

_UNPACKERS: Mapping[str, Callable[[BufferedReader], BufferedIOBase]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
_BLOCK = 1 << 20


class FileContent:
    """The bytes of an open file, unpacked if its name says that it is compressed.

    Args:
        file: The file.
        name: Its name. An archive of many files (``.tar.gz``) is left as it is.
        source: Source of the document, for errors.

    Attributes:
        name: The name without ``.gz``, ``.bz2`` or ``.xz``.
    """

    def __init__(self, file: BufferedReader, name: str, source: str) -> None:
        stem, ending = os.path.splitext(name)
        unpack = None if stem.lower().endswith(".tar") else _UNPACKERS.get(ending.lower())
        self.name = stem if unpack else name
        self._source = source
        self._packed = os.fstat(file.fileno()).st_size
        self._unpacks = unpack is not None
        self._file: BufferedIOBase = unpack(file) if unpack else file

    def head(self, size: int) -> bytes:
        """The first bytes.

        Raises:
            ReadError: if what is compressed is damaged.
            OSError: if the file cannot be read.
        """
        with self._damage():
            self._file.seek(0)
            return self._file.read(size)

    def data(self) -> bytes:
        """All bytes.

        Raises:
            ReadError: if what is compressed is damaged or too large.
            OSError: if the file cannot be read.
        """
        with self._damage():
            self._file.seek(0)
            return b"".join(self._blocks()) if self._unpacks else self._file.read()

    def _blocks(self) -> Iterator[bytes]:
        size = 0
        while block := self._file.read(_BLOCK):
            size += len(block)
            if size > MOST_UNPACKED:
                raise ReadError(self._source, f"unpacks to more than the {MOST_UNPACKED >> 20:,} MiB allowed")
            if is_bomb(size, self._packed):
                raise ReadError(self._source, f"unpacks to over {BOMB_RATIO} times its packed size")
            yield block

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as exc:
            raise ReadError(self._source, f"compressed, and damaged ({type(exc).__name__})") from exc
        except OSError as exc:
            if self._unpacks and exc.errno is None:  # what bz2 raises for damage
                raise ReadError(self._source, "compressed, and damaged") from exc
            raise
