"""Paths that a client names, held inside a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ctxpipe.errors import UsageError
from ctxpipe.pipeline.readers.find import FoundFile, find
from ctxpipe.pipeline.readers.repository.secrets import is_secret_path

_DRIVE = re.compile(r"^[A-Za-z]:")
_SEPARATOR = re.compile(r"[\\/]")


def inside(root: Path, paths: Sequence[str]) -> list[str]:
    """The paths below a folder; every file that they lead to is below it too.

    Refused are absolute paths (those of Windows included), ``..``, links that lead out, and files that look like
    secrets. A link that is changed between this check and the reading is for ``only_inside`` to notice.

    Args:
        root: The folder.
        paths: Files, directories or patterns, relative to it.

    Raises:
        UsageError: for a path that is refused; it names the path as it was given.
    """
    if not paths:
        raise UsageError("name at least one path")
    return [_checked(root.resolve(), path) for path in paths]


def _checked(root: Path, path: str) -> str:
    if not path.strip() or "\0" in path:
        raise UsageError(f"{path!r} is no path")
    if os.path.isabs(path) or _DRIVE.match(path) or path[0] in "\\~" or ".." in _SEPARATOR.split(path):
        raise UsageError(f"{path!r} leads out of the folder that is served")
    joined = os.path.join(root, path)
    for found in find(joined):
        if isinstance(found, FoundFile):
            if not Path(os.path.realpath(found.path)).is_relative_to(root):
                raise UsageError(f"{path!r} leads out of the folder that is served")
            if is_secret_path(os.path.relpath(found.path, root)):
                raise UsageError(f"{path!r} leads to a file that looks like a secret")
    return joined


def shown_below(root: Path, text: str) -> str:
    """A text without the place of the folder in the file system."""
    return text.replace(os.path.join(root.resolve(), ""), "")
