"""Texts whose lines end in carriage returns too, by way of the same text without them."""

from __future__ import annotations

import bisect
import re

from ctxpipe.compress.text.unit import Unit

_RETURN = re.compile(r"\r\n")


class Returns:
    """Maps offsets between a text and the same text without carriage returns; -1 stays -1.

    Args:
        text: The text with carriage returns.
    """

    def __init__(self, text: str) -> None:
        self._there = [match.start() for match in _RETURN.finditer(text)]
        self._bare = [start - before for before, start in enumerate(self._there)]

    def at(self, place: int) -> int:
        """Where something that begins at ``place`` without carriage returns begins with them."""
        return place + bisect.bisect_left(self._bare, place) if place >= 0 else place

    def after(self, place: int) -> int:
        """Where something that ends at ``place`` without carriage returns ends with them."""
        return self.at(place - 1) + 1 if place > 0 else place

    def bare(self, place: int) -> int:
        """Where ``place`` is without carriage returns."""
        return place - bisect.bisect_left(self._there, place)

    def unit(self, unit: Unit) -> Unit:
        """A unit of the text without carriage returns as one of the text with them."""
        return unit._replace(
            start=self.at(unit.start),
            end=self.after(unit.end),
            parent=self.at(unit.parent),
            close=self.at(unit.close),
            close_end=self.after(unit.close_end),
        )


def without(text: str) -> str:
    """The text without carriage returns before line feeds."""
    return text.replace("\r\n", "\n")
