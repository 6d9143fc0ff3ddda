"""Texts by way of the same text without some of its characters: carriage returns, numbers of lines."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Sequence

from ctxpipe.compress.text.unit import Unit

_RETURN = re.compile(r"\r(?=\n)")


class Shortened:
    """A text without some stretches, and the offsets of both; -1 stays -1.

    Args:
        whole: The text.
        left_out: Start and end of the stretches, in order and disjoint.

    Attributes:
        text: The text without them.
    """

    def __init__(self, whole: str, left_out: Sequence[tuple[int, int]]) -> None:
        edges = [0, *itertools.chain.from_iterable(left_out), len(whole)]
        self.text = "".join(whole[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))
        self._starts = [start for start, _ in left_out]
        self._before = [0, *itertools.accumulate(end - start for start, end in left_out)]
        self._places = [start - gone for start, gone in zip(self._starts, self._before, strict=False)]

    def at(self, place: int) -> int:
        """Where something that begins at ``place`` of the short text begins in the whole: before what was left out."""
        return place + self._before[bisect.bisect_left(self._places, place)] if place >= 0 else place

    def after(self, place: int) -> int:
        """Where something that ends at ``place`` of the short text ends in the whole."""
        return place + self._before[bisect.bisect_right(self._places, place - 1)] if place > 0 else place

    def short(self, place: int) -> int:
        """Where ``place`` of the whole is in the short text."""
        index = bisect.bisect_left(self._starts, place)
        if not index:
            return place
        inside = self._starts[index - 1] + self._before[index] - self._before[index - 1] - place
        return place - self._before[index] + max(0, inside)

    def unit(self, unit: Unit) -> Unit:
        """A unit of the short text as one of the whole."""
        return unit._replace(
            start=self.at(unit.start),
            end=self.after(unit.end),
            parent=self.at(unit.parent),
            close=self.at(unit.close),
            close_end=self.after(unit.close_end),
            lead=self.at(unit.lead),
            container=self.at(unit.container),
        )


def without_returns(text: str) -> Shortened:
    """A text without carriage returns before line feeds."""
    return Shortened(text, [match.span() for match in _RETURN.finditer(text)])
