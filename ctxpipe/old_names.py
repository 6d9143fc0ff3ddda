"""Renamed keywords and settings. The old names work for one release, with a note that gives the new name."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from ctxpipe.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")


class OldNameWarning(DeprecationWarning):
    """An old name was used that the next release will remove."""


def note_old_name(old: str, new: str, *, stacklevel: int = 1) -> None:
    """Warn that ``old`` is now ``new``.

    Args:
        old, new: The names as the user writes them.
        stacklevel: Stack level of the code that used the name, counted from the function that calls this one.
    """
    told = f"{old} is now {new}; the old name works in this release only"
    warnings.warn(told, OldNameWarning, stacklevel=stacklevel + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordGroup:
    """Old keywords that are now fields of an option object.

    Attributes:
        keyword: Keyword of the object.
        shown: Name of its class.
        fields: Old keyword to field.
        make: Makes the object from the value of ``keyword`` or None, and from values of fields.
    """

    keyword: str
    shown: str
    fields: Mapping[str, str]
    make: Callable[[Any, dict[str, Any]], object]


def old_keywords(*groups: KeywordGroup, **names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function accept keywords of the last release.

    Args:
        *groups: Keywords that were grouped.
        **names: Old keyword to new.

    Raises:
        UsageError: on a call with both names of a keyword.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*arguments: P.args, **options: P.kwargs) -> T:
            for old in [old for old in names if old in options]:
                new = names[old]
                if new in options:
                    raise UsageError(f"{old}= is the old name of {new}=, which is given too")
                note_old_name(f"{old}=", f"{new}=", stacklevel=2)
                options[new] = options.pop(old)
            for group in groups:
                given = {old: options.pop(old) for old in group.fields if old in options}
                for old in given:
                    note_old_name(f"{old}=", f"{group.keyword}={group.shown}({group.fields[old]}=...)", stacklevel=2)
                if given:
                    values = {group.fields[old]: value for old, value in given.items()}
                    options[group.keyword] = group.make(options.get(group.keyword), values)
            return function(*arguments, **options)

        return call

    return decorate
