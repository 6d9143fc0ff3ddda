"""Writing the files that a command is asked for: whole or not at all, and named in errors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def check_folder(path: str | Path | None) -> None:
    """Refuse, before any work, a file that cannot be written because its folder is missing.

    Raises:
        OSError: if the folder is missing; it names ``path``.
    """
    if path is not None:
        with _named(path):
            os.scandir(Path(path).parent).close()


def write_file(path: str | Path, content: str | bytes) -> None:
    """Write a file whole or not at all: an error leaves what was there before.

    Args:
        path: The file. A device or a pipe is written to as it is.
        content: Text goes out as UTF-8, with bytes that were not decodable as they were.

    Raises:
        OSError: if it cannot be written; it names ``path``.
    """
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    target = Path(path)
    with _named(path):
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target, data)


@contextmanager
def _named(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, str(path)) from exc  # not a temporary file's name, or none


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
