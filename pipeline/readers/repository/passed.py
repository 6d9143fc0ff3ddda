"""What was passed over, and the one line that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why a file or folder was passed over, with the words for one and for several of them."""

    IGNORED = ("ignored by .gitignore", "ignored by .gitignore")
    VENDORED = ("vendored or built", "vendored or built")
    LOCK = ("lock file", "lock files")
    MINIFIED = ("minified", "minified")
    GENERATED = ("generated", "generated")
    BINARY = ("binary", "binary")
    UNREADABLE = ("in a format that is not read", "in formats that are not read")
    OUTSIDE = ("link out of the repository", "links out of the repository")
    BROKEN = ("link that leads nowhere", "links that lead nowhere")
    SECRET = ("that looks like a secret", "that look like secrets")

    def counted(self, number: int) -> str:
        """``3 lock files``."""
        return f"{number:,} {self.value[number != 1]}"


_WITH_ALL_FILES = (Reason.IGNORED, Reason.VENDORED, Reason.LOCK, Reason.MINIFIED, Reason.GENERATED, Reason.OUTSIDE)
_NAMED_FOLDERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A file or folder that is not read.

    Attributes:
        path: Where it is.
        source: Its name for people.
        reason: Why.
        is_folder: Whether it is a folder, whose files are not counted.
    """

    path: str
    source: str
    reason: Reason
    is_folder: bool = False


def summary(passed: Iterable[PassedOver]) -> str:
    """One line that counts what was passed over by reason and says how to have it; empty for nothing."""
    every = list(passed)
    counts = Counter(one.reason for one in every)
    if not counts:
        return ""
    more = [reason.counted(counts[reason]) for reason in _WITH_ALL_FILES if counts[reason]]
    if counts[Reason.VENDORED]:
        more[bool(counts[Reason.IGNORED])] += _examples(every)
    never = [reason.counted(counts[reason]) for reason in Reason if counts[reason] and reason not in _WITH_ALL_FILES]
    told = [", ".join(never)] if never else []
    if more:
        told.insert(0, f"{', '.join(more)} (--all-files reads {'these' if never else 'them'})")
    named = "; a secret is read only when it is named itself" if counts[Reason.SECRET] else ""
    return f"passed over {_sizes(every)}: {', '.join(told)}{named}"


def _sizes(passed: list[PassedOver]) -> str:
    folders = sum(one.is_folder for one in passed)
    files = len(passed) - folders
    sizes = [(files, "file"), (folders, "folder")]
    return " and ".join(f"{number:,} {name}{'s' * (number != 1)}" for number, name in sizes if number)


def _examples(passed: list[PassedOver]) -> str:
    names = list(dict.fromkeys(one.source for one in passed if one.reason is Reason.VENDORED))
    return f" [{', '.join(names[:_NAMED_FOLDERS])}{', ...' * (len(names) > _NAMED_FOLDERS)}]"
