"""Names that changed. The old ones work for one release, with a note that says what to write instead."""

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
    """A name was used that the next release will not know."""


def note_old_name(old: str, new: str, *, stacklevel: int = 1) -> None:
    """Warn that ``old`` is now ``new``.

    Args:
        old, new: As the user writes them.
        stacklevel: Of the caller's code that used the name, counted from the function that calls this one.
    """
    told = f"{old} is now {new}; the old name works in this release only"
    warnings.warn(told, OldNameWarning, stacklevel=stacklevel + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Keywords that are now fields of an option object.

    Attributes:
        keyword: Takes the object.
        shown: Name of the object's class.
        fields: Old keyword to field.
        make: From what was given under ``keyword``, or None, and the values of some fields to the object.
    """

    keyword: str
    shown: str
    fields: Mapping[str, str]
    make: Callable[[Any, dict[str, Any]], object]


def old_keywords(*groups: Group, **names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function take keywords of the last release.

    Args:
        *groups: Keywords that were put together.
        **names: Old keyword to new.

    Raises:
        UsageError: when called, if a keyword is given under both names.
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
