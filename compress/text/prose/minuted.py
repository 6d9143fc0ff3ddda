"""Numbers and titles of items that go on in the same line, right below the heading that they are counted in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_BLANK = re.compile(r"\n[ \t\r]*\n")
_FIRST = re.compile(r"[ \t]{0,3}(?P<number>\d{1,3}(?:\.\d{1,3}){0,3})\.1[.:]?[ \t]")
"""The number of the first item below a heading."""
_HEADING = re.compile(r"(?P<number>\d{1,3}(?:\.\d{1,3}){0,3})[.)]?[ \t]+\S")
_ITEM = re.compile(r"^[ \t]{0,3}(?P<number>\d{1,3}(?:\.\d{1,3}){0,3})\.(?P<count>\d{1,3})\b", re.MULTILINE)
_NEAR = 200
_STOPS = (".", "!", "?", ")")
_FEWEST = 2


def minuted(text: str, starts: Collection[int]) -> Iterator[int]:
    """The starts of titles that begin the items below a heading (``2. Matters arising``, ``2.1 Fires. The ...``).

    All items of the heading have such titles, are counted from 1 on, and begin below a line that ends a sentence.

    Args:
        text: The text.
        starts: Where lines begin that have a number and a title, and go on.
    """
    firsts = [match for start in sorted(starts) if (match := _FIRST.match(text, start))]
    # What stands below the first item of another heading is looked at with that one alone.
    stops = [*(match.start() for match in firsts[1:]), len(text)]
    for first, stop in zip(firsts, stops, strict=False):
        above = _line_above(text, first.start())
        heading = _HEADING.match(above)
        if heading and heading["number"] == first["number"] and not above.endswith((".", ",", ";")):
            items = _items(text, first.start(), stop, first["number"])
            if len(items) >= _FEWEST and all(item in starts for item in items):
                yield from items


def _items(text: str, start: int, stop: int, number: str) -> list[int]:
    """Where the items of a heading begin, up to a blank line; nothing where they are not counted or torn."""
    blank = _BLANK.search(text, start, stop)
    block = text[start : blank.start() if blank else stop]
    found = [match for match in _ITEM.finditer(block) if match["number"] == number]
    counted = [int(match["count"]) for match in found] == list(range(1, len(found) + 1))
    ended = all(block[max(0, match.start() - _NEAR) : match.start()].rstrip().endswith(_STOPS) for match in found[1:])
    return [start + match.start() for match in found] if counted and ended else []


def _line_above(text: str, start: int) -> str:
    return text[max(0, start - _NEAR) : start].removesuffix("\n").rpartition("\n")[2].strip()
