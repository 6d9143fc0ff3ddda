"""What the readers of office files have in common."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

from ctxpipe.errors import MissingExtraError, ReadError
from ctxpipe.extras import require
from ctxpipe.pipeline.readers.archive import Archive

_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_Read = TypeVar("_Read")


def open_package(data: bytes, *, source: str, ending: str, main: str, modules: tuple[str, ...]) -> Archive:
    """Check an office file and that its libraries are installed.

    Args:
        data: The whole file.
        source: Its name.
        ending: Its extension, without the dot.
        main: The part that such a file must have.
        modules: Modules that read it.

    Raises:
        ReadError: if it is encrypted, in an old format, damaged, too large, or the extra is missing.
    """
    if data.startswith(_OLD_OFFICE):
        raise ReadError(source, f"protected by a password, or in an old Office format; save a plain .{ending} copy")
    archive = Archive(data, source=source, ending=f".{ending}")
    for name in archive.names():
        if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.head(name).replace(b"\0", b""):
            raise ReadError(source, f"a .{ending} file with a document type definition, which none needs; not read")
    try:
        require("office", f"reading .{ending} files", *modules)
    except MissingExtraError as exc:
        raise ReadError(source, str(exc)) from exc
    if main not in archive:
        raise archive.damaged(f"it has no {main}")
    return archive


def guarded(read: Callable[[], _Read], *, source: str, ending: str) -> _Read:
    """Run a library's reader; damage makes the parsers raise anything: KeyError, XML and struct errors."""
    try:
        with warnings.catch_warnings():
            # They warn about parts without text.
            warnings.simplefilter("ignore")
            return read()
    except ReadError:
        raise
    except Exception as exc:
        raise ReadError(source, f"not a .{ending} file, or damaged ({type(exc).__name__})") from exc
