"""Where a long text is cut into parts that can be walked over at the same time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")

_LEAST = 2_000_000
"""Characters of a part that is worth a process."""
_NEAR = 1000
"""Characters around a cut in which no page ends: a sentence goes on over the end of a page."""
_EACH = 8
"""Parts for each of the helpers: who is quicker takes more of them, and what is sent back of one is not much."""
_TRIED = 100
"""Headings that are tried for a cut."""
_PAGE_ENDS = re.compile(r"\f|\[Page ")


class Helpers(Protocol):
    """Does several things at the same time.

    Attributes:
        size: How many.
    """

    size: int

    def map(self, function: Callable[[S, T], R], shared: S, items: Sequence[T]) -> Iterable[R]:
        """The results of a function for what is shared and each of some items, in the order of the items."""
        ...

    def beside(self, function: Callable[[T], R], item: T) -> AbstractContextManager[Callable[[], R]]:
        """Do one thing meanwhile; inside the context what is given waits for its result."""
        ...


def cuts(text: str, headings: Sequence[int], size: int) -> list[int]:
    """Where to cut a text into parts of about the same length, each of which begins with a heading.

    Args:
        text: The text.
        headings: Where its headings begin, in order.
        size: How many work on the parts.
    """
    parts = min(_EACH * size, len(text) // _LEAST)
    places: list[int] = []
    for number in range(1, parts):
        wanted = len(text) * number // parts
        near = sorted(headings, key=lambda start: abs(start - wanted))[:_TRIED]
        best = next((start for start in near if not _PAGE_ENDS.search(text, max(0, start - _NEAR), start + _NEAR)), 0)
        if best > (places[-1] if places else 0):
            places.append(best)
    return places
