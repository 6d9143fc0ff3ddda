"""The rules of ``.gitignore`` files: those of a folder, of the folders above it up to the repository, and below it."""

from __future__ import annotations

import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

OnNote = Callable[[str], None]

_LARGEST = 1 << 18
_MOST = 2000
"""Bytes and patterns of one file of rules: more would make every path below it slow to check."""
_STARS = 3
"""Wildcards of a part of a path that can be tried in reasonable time on any name."""
_RUN = re.compile(r"\*+")
_FOLDER = "ps_d"
"""The group with which pathspec matches the end of a folder's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one file.

    Attributes:
        base: The folder that they are relative to, without links in its path.
        patterns: Regular expression of each rule, last rule first, and whether it ignores what it matches.
    """

    base: str
    patterns: tuple[tuple[re.Pattern[str], bool], ...]


def is_ignored(rules: Sequence[Rules], path: str, *, is_folder: bool) -> bool:
    """Whether rules ignore a file or folder; the last file that has a rule for it decides, as in Git.

    Args:
        rules: Outermost first.
        path: Without links. The folders above it are not ignored themselves.
        is_folder: Whether it is a folder.
    """
    for one in reversed(rules):
        below = path[len(one.base) :].replace(os.sep, "/").lstrip("/")
        # No rule spans lines, but "." of a regular expression stops at one.
        below = below.replace("\n", " ") + "/" * is_folder
        for pattern, ignores in one.patterns:
            if any(_is_of_itself(match, len(below), is_folder) for match in pattern.finditer(below)):
                return ignores
    return False


def _is_of_itself(match: re.Match[str], length: int, is_folder: bool) -> bool:
    """Whether a rule matches a path itself, not only a folder above it (which was tried) or what is in it."""
    if match.groupdict().get(_FOLDER):
        return match.end(_FOLDER) == length
    return not (is_folder and match.end() == length and match[0].endswith("/"))


def rules_above(folder: str, on_note: OnNote) -> tuple[tuple[Rules, ...], bool]:
    """The rules that hold for a folder from above, and whether it is in a repository.

    These are ``.git/info/exclude`` and the ``.gitignore`` files from the root of the repository down to the folder's
    parent. A folder that they ignore was named all the same, so none of them holds in it.

    Args:
        folder: Without links in its path.
        on_note: Called with what was wrong with a file of rules.
    """
    root = root_of(folder)
    if root is None:
        return (), False
    rules = rules_of_root(root, on_note)
    at = root
    for part in folder[len(root) :].split(os.sep):
        if not part:
            continue
        rules = (*rules, *rules_in(at, on_note))
        at = os.path.join(at, part)
        if is_ignored(rules, at, is_folder=True):
            return (), True
    return rules, True


def rules_of_root(root: str, on_note: OnNote) -> tuple[Rules, ...]:
    """The rules of ``.git/info/exclude``."""
    return tuple(_read(os.path.join(_git_folder(root), "info", "exclude"), root, on_note))


def rules_in(folder: str, on_note: OnNote) -> tuple[Rules, ...]:
    """The rules of the folder's own ``.gitignore``."""
    return tuple(_read(os.path.join(folder, ".gitignore"), folder, on_note))


def is_root(folder: str) -> bool:
    """Whether a folder is the root of a Git repository."""
    return os.path.lexists(os.path.join(folder, ".git"))


def root_of(folder: str) -> str | None:
    """The root of the Git repository that a folder is in; None if it is in none."""
    at = folder
    while not is_root(at):
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above
    return at


def _git_folder(root: str) -> str:
    """The folder with the repository's data; ``.git`` of a work tree is a file that says where it is."""
    git = os.path.join(root, ".git")
    kept = _line(git).removeprefix("gitdir:").strip() if os.path.isfile(git) else ""
    if not kept:
        return git
    git = os.path.join(root, kept)
    return os.path.join(git, _line(os.path.join(git, "commondir")) or ".")


def _line(path: str) -> str:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return ""
        with open(path, "rb") as file:
            return os.fsdecode(file.readline(4096).strip())
    except (OSError, ValueError):
        return ""


def _read(path: str, base: str, on_note: OnNote) -> Iterator[Rules]:
    try:
        status = os.lstat(path)
        # Git does not follow a link here either, and a pipe would wait for ever.
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        on_note(f"{path} was not used: it cannot be opened")
        return
    if len(data) > _LARGEST or b"\0" in data:
        on_note(f"{path} was not used: it is {'too large' if len(data) > _LARGEST else 'binary'}")
        return
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape").splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    patterns = [pattern for pattern in map(_pattern, lines) if pattern is not None][:_MOST]
    if left_out := len(lines) - len(patterns):
        on_note(f"{path}: {left_out:,} of {len(lines):,} patterns were not used, since they are not valid or too many")
    if patterns:
        yield Rules(base=base, patterns=tuple(reversed(patterns)))


def _pattern(line: str) -> tuple[re.Pattern[str], bool] | None:
    """A rule; None if it is not valid, matches nothing, or could take unreasonable time on some name."""
    parts = line.split("/")
    if parts.count("**") > _STARS or any(len(_RUN.findall(part.rstrip("*"))) > _STARS for part in parts):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of the re module, about "[[" in a pattern
            made = GitIgnoreSpecPattern(line)
    except (ValueError, re.error):
        return None
    return None if made.regex is None or made.include is None else (made.regex, made.include)
