"""Decides which files and folders of a directory or pattern are passed over before they are opened."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

from ctxpipe.compress.text.prose.noise import is_lock
from ctxpipe.pipeline.readers.repository.ignore import (
    OnNote,
    Rules,
    is_ignored,
    is_root,
    root_of,
    rules_above,
    rules_in,
    rules_of_root,
)
from ctxpipe.pipeline.readers.repository.passed import Reason
from ctxpipe.pipeline.readers.repository.secrets import is_secret_path
from ctxpipe.pipeline.readers.repository.vendored import VERSION_CONTROL, is_vendored


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A folder that is gone through.

    Attributes:
        real: Its path without links.
        rules: What is ignored in it, outermost first.
        in_repository: Whether it is in a Git repository.
    """

    real: str
    rules: tuple[Rules, ...] = ()
    in_repository: bool = False


class Sieve:
    """What of a directory, or of what a pattern matches, is read.

    Args:
        all_files: Whether ignored, vendored, built and lock files are read, and names that begin with a dot. Secrets
            and the folders of version control are not.
        spelled: Names that the user wrote out in a pattern; such folders are not taken for vendored.
        on_note: Called with what was wrong with a file of rules.
    """

    def __init__(self, *, all_files: bool, on_note: OnNote, spelled: Collection[str] = ()) -> None:
        self.all_files = all_files
        self._on_note = on_note
        self._spelled = spelled

    def top(self, directory: str) -> Level:
        """The directory that was given."""
        real = os.path.realpath(directory)
        if self.all_files:
            return Level(real=real)
        rules, in_repository = rules_above(real, self._on_note)
        return self._entered(real, rules, in_repository)

    def below(self, level: Level, name: str) -> Level:
        """A folder in a folder."""
        real = os.path.join(level.real, name)
        return Level(real=real) if self.all_files else self._entered(real, level.rules, level.in_repository)

    def is_hidden(self, name: str) -> bool:
        """Whether a name is passed over in silence."""
        # Office programs leave "~$name" beside a document that is open.
        hidden = name.startswith(".") and not self.all_files
        return hidden or name.startswith("~$") or name in VERSION_CONTROL

    def folder(self, level: Level, name: str) -> Reason | None:
        """Why a folder is passed over."""
        if self.all_files:
            return None
        if is_ignored(level.rules, os.path.join(level.real, name), is_folder=True):
            return Reason.IGNORED
        vendored = name not in self._spelled and is_vendored(level.real, name, in_repository=level.in_repository)
        return Reason.VENDORED if vendored else None

    def file(self, level: Level, name: str, *, is_link: bool) -> Reason | None:
        """Why a file is passed over; of a link, its target's name counts too."""
        path = os.path.join(level.real, name)
        if is_secret_path(path) or (is_link and is_secret_path(os.path.realpath(path))):
            return Reason.SECRET
        if self.all_files:
            return None
        if is_ignored(level.rules, path, is_folder=False):
            return Reason.IGNORED
        if is_link and level.in_repository and not _is_below(os.path.realpath(path), root_of(level.real)):
            return Reason.OUTSIDE
        return Reason.LOCK if is_lock(name) else None

    def _entered(self, real: str, rules: tuple[Rules, ...], in_repository: bool) -> Level:
        if is_root(real):  # the rules of one repository do not hold in another one inside it
            rules, in_repository = rules_of_root(real, self._on_note), True
        return Level(real=real, rules=(*rules, *rules_in(real, self._on_note)), in_repository=in_repository)


def _is_below(path: str, root: str | None) -> bool:
    return root is None or os.path.commonpath([path, root]) == root
