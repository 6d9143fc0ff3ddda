"""The order in which the shapes of a slide are read: columns one after the other, each from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_MOST_SHAPES = 500
"""Shapes above which a slide is read in plain order; each cut looks at all of them."""


class Box(NamedTuple):
    """The place of a shape and its number; lengths in any unit."""

    left: int
    top: int
    right: int
    bottom: int
    number: int


def columns_of(boxes: Sequence[Box]) -> list[list[int]]:
    """The numbers of shapes in the order in which they are read, those of one column together.

    The shapes are cut apart where the widest straight gap between them is, across or down, and both sides again (the
    XY cut of Nagy and Seth, 1984). Shapes that overlap are read by their upper left corners.

    Args:
        boxes: Places of the shapes.
    """
    if len(boxes) > _MOST_SHAPES:
        return [[box.number for box in sorted(boxes, key=_corner)]]
    columns: list[list[int]] = []
    pending = [list(boxes)]
    while pending:
        part = pending.pop()
        down, across = _gap(part, 1), _gap(part, 0)
        if across is not None and (down is None or across[0] > down[0]):
            first = [box for box in part if box.left < across[1]]
            pending += [[box for box in part if box.left >= across[1]], first]
        elif down is not None and _has_columns(part):
            first = [box for box in part if box.top < down[1]]
            pending += [[box for box in part if box.top >= down[1]], first]
        elif part:
            columns.append([box.number for box in sorted(part, key=_corner)])
    return columns


def _has_columns(boxes: Sequence[Box]) -> bool:
    """Whether two of the shapes stand beside each other."""
    inner = sorted(boxes, key=lambda box: box.top)
    lowest = None
    for box in inner:
        if lowest is not None and box.top < lowest:
            return True
        lowest = box.bottom if lowest is None else max(lowest, box.bottom)
    return False


def _gap(boxes: Sequence[Box], axis: int) -> tuple[int, int] | None:
    """The widest gap along an axis and where it ends; None where shapes overlap all along."""
    best: tuple[int, int] | None = None
    reached: int | None = None
    for box in sorted(boxes, key=lambda box: box[axis]):
        start, end = box[axis], box[axis + 2]
        if reached is not None and start >= reached and (best is None or start - reached > best[0]):
            best = (start - reached, start)
        reached = end if reached is None else max(reached, end)
    return best


def _corner(box: Box) -> tuple[int, int]:
    return box.top, box.left
