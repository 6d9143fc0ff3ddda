"""Finds the files of paths, patterns and directories."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ctxpipe.errors import ReadError

_SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file to read.

    Attributes:
        path: The file to open.
        source: Name of its document: the path as given, or the path below the given directory.
        named: Whether it was named itself; a file from a directory or a pattern may be skipped.
    """

    path: str
    source: str
    named: bool


def find(argument: str) -> Iterator[FoundFile | ReadError]:
    """The files of one argument, in sorted order; what cannot be opened is returned as an error.

    A path that exists is that file or directory, whatever characters it has; otherwise ``*``, ``?``, ``[`` make it a
    pattern, in which ``**`` matches directories at any depth. Names that begin with a dot are skipped unless the
    argument contains the dot, and links to directories are not followed below the given directory.
    """
    try:
        mode = os.stat(argument).st_mode
    except (OSError, ValueError) as exc:
        if isinstance(exc, FileNotFoundError) and glob.has_magic(argument):
            yield from _match(argument)
        else:
            yield ReadError(shown(argument), os_reason(exc))
        return
    if stat.S_ISDIR(mode):
        yield from _walk(argument)
    elif stat.S_ISREG(mode):
        yield FoundFile(path=argument, source=shown(argument), named=True)
    else:
        yield ReadError(shown(argument), special(mode))


def special(mode: int) -> str:
    """The reason why something that is not a regular file is not read."""
    return f"{_SPECIAL.get(stat.S_IFMT(mode), 'no regular file')}, not a file; pipe its content in and read '-'"


def os_reason(exc: OSError | ValueError) -> str:
    """The operating system's reason, without the path."""
    reason = exc.strerror if isinstance(exc, OSError) else str(exc)
    return reason[:1].lower() + reason[1:] if reason else "cannot be opened"


def shown(path: str) -> str:
    """A path as one printable line: undecodable bytes replaced, control characters escaped, a huge one shortened."""
    text = os.fsencode(path).decode("utf-8", "replace") if path else "''"
    text = _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
    return text if len(text) <= 4096 else f"{text[:80]}... ({len(text):,} characters)"


def _match(pattern: str) -> Iterator[FoundFile | ReadError]:
    parts = Path(pattern).parts
    first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    root, rest = os.path.join("", *parts[:first]), parts[first:]
    dotted = any(part.startswith(".") for part in rest)
    try:
        matches = sorted(Path(root or ".").glob(os.path.join(*rest)))
    except (ValueError, OSError) as exc:
        yield ReadError(shown(pattern), f"not a pattern: {os_reason(exc)}")
        return
    seen = False
    for match in matches:
        below = match.relative_to(root or ".")
        if not dotted and any(part.startswith(".") for part in below.parts):
            continue
        path = os.path.join(root, below)
        if os.path.isdir(path):
            yield from _walk(path)
        elif os.path.isfile(path):
            yield FoundFile(path=path, source=shown(path), named=False)
        seen = True
    if not seen:
        yield ReadError(shown(pattern), "no file matches this pattern")


def _walk(directory: str) -> Iterator[FoundFile | ReadError]:
    """The regular files below a directory: of each folder first its files, then its folders."""
    pending = [directory]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                # Office programs leave "~$name" beside a document that is open.
                visible = sorted((e for e in entries if not e.name.startswith((".", "~$"))), key=lambda e: e.name)
        except OSError as exc:
            yield ReadError(shown(folder), os_reason(exc))
            continue
        folders = []
        for entry in visible:
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path)):
                    # A broken link is kept: opening it gives the error.
                    yield FoundFile(path=entry.path, source=shown(entry.path), named=False)
            except OSError as exc:
                yield ReadError(shown(entry.path), os_reason(exc))
        pending.extend(reversed(folders))
