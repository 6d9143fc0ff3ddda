"""Files opened while reading is held inside a folder: a link that was changed meanwhile leads nowhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BufferedReader
from pathlib import Path

_ROOT: ContextVar[Path | None] = ContextVar("root", default=None)


@contextmanager
def only_inside(root: Path) -> Iterator[None]:
    """Let the block, in this thread, open no document outside a folder.

    Args:
        root: The folder.
    """
    token = _ROOT.set(root.resolve())
    try:
        yield
    finally:
        _ROOT.reset(token)


def opened(path: str) -> BufferedReader:
    """A document's file, open for reading.

    The open file itself is compared with the one that its real path leads to, so it makes no difference what is changed
    between a check of the path and its opening.

    Raises:
        OSError: if it cannot be opened, or stands outside of the folder that reading is held inside.
    """
    root = _ROOT.get()
    if root is None:
        return open(path, "rb")
    # A pipe in the file's place would wait for a writer.
    file = os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb")
    real = os.path.realpath(path)
    try:
        if Path(real).is_relative_to(root) and os.path.samestat(os.fstat(file.fileno()), os.lstat(real)):
            return file
    except OSError:
        pass  # it is gone since it was opened
    file.close()
    raise PermissionError(errno.EACCES, "it leads out of the folder that is served")


def is_inside(path: str) -> bool:
    """Whether a path leads to where reading is held inside."""
    root = _ROOT.get()
    return root is None or Path(os.path.realpath(path)).is_relative_to(root)
