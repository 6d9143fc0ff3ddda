"""What units stand under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Element(NamedTuple):
    """A heading, signature, section, key, tag or header row, and the stretch of its document that stands under it.

    Attributes:
        start, end: Its own offsets.
        until: Where what stands under it ends.
        level: Its depth, from 1; elements of one level take turns.
        says: The words that name it.
    """

    start: int
    end: int
    until: int
    level: int
    says: str


class Open(NamedTuple):
    """An element whose end is not yet known."""

    start: int
    end: int
    level: int
    says: str


def closed(opened: Sequence[Open], end: int) -> list[Element]:
    """Elements of which each ends where the next of the same or a lower level begins, in order.

    Args:
        found: In order of ``start``.
        end: Where the last ones end.
    """
    elements: list[Element] = []
    later: list[Open] = []
    for one in reversed(opened):
        while later and later[-1].level > one.level:
            later.pop()
        until = later[-1].start if later else end
        elements.append(Element(one.start, one.end, until, one.level, one.says))
        later.append(one)
    return elements[::-1]
