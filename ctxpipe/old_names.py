"""Names that changed. The old ones work for one release, with a note that says what to write instead."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

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


def old_keywords(**names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function take keywords under their old names.

    Args:
        **names: Old keyword to new.

    Raises:
        UsageError: when called, if a keyword is given under both names.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*arguments: P.args, **options: P.kwargs) -> T:
            for old in names.keys() & options.keys():
                new = names[old]
                if new in options:
                    raise UsageError(f"{old}= is the old name of {new}=, which is given too")
                note_old_name(f"{old}=", f"{new}=", stacklevel=2)
                options[new] = options.pop(old)
            return function(*arguments, **options)

        return call

    return decorate
