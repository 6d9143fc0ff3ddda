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
from ctxpipe.pipeline.readers.repository.ignore import OnNote
from ctxpipe.pipeline.readers.repository.passed import PassedOver, Reason
from ctxpipe.pipeline.readers.repository.sieve import Level, Sieve
from ctxpipe.pipeline.readers.repository.vendored import VERSION_CONTROL

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


Found = Iterator[FoundFile | PassedOver | ReadError]


def find(argument: str, *, all_files: bool = False, on_note: OnNote | None = None) -> Found:
    """The files of one argument, in sorted order; what cannot be opened is returned as an error.

    A path that exists is that file or directory, whatever characters it has; otherwise ``*``, ``?``, ``[`` make it a
    pattern, in which ``**`` matches directories at any depth. Names that begin with a dot are skipped unless the
    argument contains the dot, and links to directories are not followed below the given directory. A file that is
    named itself is always found. Of directories and patterns, what ``Sieve`` passes over is returned as such.

    Args:
        argument: Path or pattern.
        all_files: See ``Sieve``.
        on_note: Called with what was wrong with a ``.gitignore``.
    """
    on_note = on_note or _nothing
    try:
        mode = os.stat(argument).st_mode
    except (OSError, ValueError) as exc:
        if isinstance(exc, FileNotFoundError) and glob.has_magic(argument):
            yield from _match(argument, all_files, on_note)
        else:
            yield ReadError(shown(argument), os_reason(exc))
        return
    if stat.S_ISDIR(mode):
        sieve = Sieve(all_files=all_files, on_note=on_note)
        yield from _walk(argument, sieve, sieve.top(argument))
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


def _nothing(note: str) -> None:
    return None


def _match(pattern: str, all_files: bool, on_note: OnNote) -> Found:
    parts = Path(pattern).parts
    first = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    root, rest = os.path.join("", *parts[:first]), parts[first:]
    dotted = all_files or any(part.startswith(".") for part in rest)
    try:
        matches = sorted(Path(root or ".").glob(os.path.join(*rest)))
    except (ValueError, OSError) as exc:
        yield ReadError(shown(pattern), f"not a pattern: {os_reason(exc)}")
        return
    sifted = _Sifted(root, Sieve(all_files=all_files, on_note=on_note, spelled=rest))
    seen = False
    for match in matches:
        below = match.relative_to(root or ".")
        if not dotted and any(part.startswith(".") for part in below.parts):
            continue
        if any(part in VERSION_CONTROL and part not in rest for part in below.parts):
            continue
        seen = True
        yield from sifted.found(below.parts)
    if not seen:
        yield ReadError(shown(pattern), "no file matches this pattern")


class _Sifted:
    """What of a pattern's matches is read: those in a folder that is passed over are not.

    Args:
        root: The folder that the pattern begins in.
        sieve: Decides.
    """

    def __init__(self, root: str, sieve: Sieve) -> None:
        self._root = root
        self._sieve = sieve
        self._levels: dict[tuple[str, ...], Level | PassedOver] = {(): sieve.top(root or ".")}

    def found(self, below: tuple[str, ...]) -> Found:
        """What one match stands for, by the parts of its path below the root."""
        path = os.path.join(self._root, *below)
        is_folder = os.path.isdir(path)
        level = self._level(below if is_folder else below[:-1])
        if isinstance(level, PassedOver):
            yield level
        elif is_folder:
            yield from _walk(path, self._sieve, level)
        elif os.path.isfile(path):
            yield _sifted(path, below[-1], self._sieve, level, is_link=os.path.islink(path))

    def _level(self, below: tuple[str, ...]) -> Level | PassedOver:
        if below not in self._levels:
            above = self._level(below[:-1])
            self._levels[below] = above if isinstance(above, PassedOver) else self._entered(above, below)
        return self._levels[below]

    def _entered(self, level: Level, below: tuple[str, ...]) -> Level | PassedOver:
        reason = self._sieve.folder(level, below[-1])
        return (
            self._sieve.below(level, below[-1])
            if reason is None
            else _passed_folder(os.path.join(self._root, *below), reason)
        )


def _walk(directory: str, sieve: Sieve, top: Level) -> Found:
    """The regular files below a directory: of each folder first its files, then its folders."""
    pending = [(directory, top)]
    while pending:
        folder, level = pending.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as exc:
            yield ReadError(shown(folder), os_reason(exc))
            continue
        folders = []
        for entry in listed:
            if entry.is_symlink() and not os.path.exists(entry.path):
                if not sieve.is_hidden(entry.name):
                    yield PassedOver(path=entry.path, source=shown(entry.path), reason=Reason.BROKEN)
                continue
            try:
                is_folder, is_file = entry.is_dir(follow_symlinks=False), entry.is_file()
            except OSError as exc:
                yield ReadError(shown(entry.path), os_reason(exc))
                continue
            if is_folder and not sieve.is_hidden(entry.name):
                reason = sieve.folder(level, entry.name)
                if reason is None:
                    folders.append((entry.path, sieve.below(level, entry.name)))
                else:
                    yield _passed_folder(entry.path, reason)
            elif is_file:
                sifted = _sifted(entry.path, entry.name, sieve, level, is_link=entry.is_symlink())
                if not sieve.is_hidden(entry.name) or (
                    isinstance(sifted, PassedOver) and sifted.reason is Reason.SECRET
                ):
                    yield sifted
        pending.extend(reversed(folders))


def _sifted(path: str, name: str, sieve: Sieve, level: Level, *, is_link: bool) -> FoundFile | PassedOver:
    reason = sieve.file(level, name, is_link=is_link)
    if reason is not None:
        return PassedOver(path=path, source=shown(path), reason=reason)
    return FoundFile(path=path, source=shown(path), named=False)


def _passed_folder(path: str, reason: Reason) -> PassedOver:
    return PassedOver(path=path, source=shown(path), reason=reason, is_folder=True)
