"""Sentences that go on below a list, code, a formula or the foot of a page: "If somebody", (a), "that person pays"."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence

import regex

from ctxpipe.compress.text.prose.indented import indent_of
from ctxpipe.compress.text.prose.region import Region
from ctxpipe.compress.text.prose.units import running_spans
from ctxpipe.compress.text.sentences import trim
from ctxpipe.compress.text.unit import Unit

_OPEN = regex.compile(r"[\p{L}\p{N},—–=-][\"'”’*_]*$")
"""What a sentence ends in that is not at its end."""
_WORD = regex.compile(r"(?<!\S)[(\"“‘]?\p{L}[\p{L}'’-]*+[,;:—–)\"”’]*(?!\S)")
_FEWEST, _SHARE = 3, 0.6
"""Words of a sentence, and their share of what stands between its spaces."""
_FEWEST_AFTER = 2
"""Words of the rest of a sentence: more than those of a line of code."""
_ENDED = re.compile(r"[.!?:][\"'”’)\]]*$")
_NEAR = 8
"""Characters in which a stop and what closes after it are."""
REQUIRES = r"(?:MUST|SHALL|SHOULD|MAY)[^\S\n]+(?:NOT\s+)?\p{Ll}"
"""What a standard writes in capitals within a sentence."""
_GOES_ON = regex.compile(rf"\p{{Ll}}+(?:-\p{{Ll}}+)*,?[^\S\n]+[^\s=:]|{REQUIRES}")
_BLANK = re.compile(r"[^\S\n]*\n\s*")
_SHORT = 400
"""Characters of code or a formula up to which it is kept as a part of the sentence around it."""
FURNITURE = 400
"""Characters in which the foot of a page and the head of the next one are."""
_FULL = 50
"""Characters of a line, with its indentation, from which on it was wrapped."""
_LONGEST = 10_000
"""Characters of a paragraph from which on nothing below it is taken for a part of it."""
_BEGINS = frozenset(("sentence", "item"))
_DISPLAYED = frozenset(("record", "line", "fence"))


def breaks_off(text: str, start: int, end: int) -> bool:
    """Whether a sentence of words ends without a stop, so that what stands below it belongs to it."""
    return _OPEN.search(text, max(start, end - 3), end) is not None and _is_prose(text, start, end)


def goes_on(line: str) -> bool:
    """Whether a line begins in small letters, as the rest of a sentence does."""
    return _GOES_ON.match(line) is not None


def ends_sentence(text: str, unit: Unit, above: Unit) -> bool:
    """Whether a unit is the rest of the sentence that it stands under."""
    if unit.kind != "sentence" or above.kind not in _BEGINS:
        return False
    return _GOES_ON.match(text, unit.start) is not None or is_over_page(text, above.end, unit.start)


def page_end(text: str, low: int, high: int) -> int:
    """Where the last page that ends in a stretch of a text for printers does; -1 for none."""
    return max(text.rfind(mark, low, high) for mark in ("\f", "[Page "))


def is_over_page(text: str, end: int, start: int) -> bool:
    """Whether a sentence without a stop may go on below the foot and the head of a page, in whatever letters.

    Its last line is full, and the next one is indented as far.

    Args:
        text: The text.
        end: Where what may be its beginning ends.
        start: Where what may be its rest begins.
    """
    if not 0 < start - end <= 2 * FURNITURE or page_end(text, end, start) < 0:
        return False
    line = text.rfind("\n", 0, end) + 1
    return end - line >= _FULL and text[end - 1].islower() and indent_of(text, end) == indent_of(text, start)


def begun_above(text: str, regions: Sequence[Region], heading: int, start: int) -> int:
    """The unit that a paragraph in small letters goes on with, below what stands under that unit; -1 for none.

    Args:
        text: The text.
        regions: What was set down before the paragraph.
        heading: ``start`` of the heading above it, or -1.
        start: Where it begins.
    """
    last = regions[-1] if regions and _GOES_ON.match(text, start) else None
    if last is None:
        return -1
    stop = trim(text, last.start, last.end)[1]
    if last.units is None and _ENDED.search(text, max(last.start, stop - _NEAR), stop):
        return -1
    above = last.units[-1].parent if last.units else last.parent
    indent = indent_of(text, start)
    while above > heading:
        region = regions[bisect.bisect_right(regions, above, key=lambda one: one.start) - 1]
        if region.units is None and region.end - region.start > _LONGEST:
            break
        unit = _unit_at(text, region, above)
        if unit.kind in _BEGINS and indent_of(text, above) <= indent:
            if breaks_off(text, unit.start, unit.end):
                return above
            if text[unit.end - 1] == ":":
                return _last_open(text, last, above)
        above = unit.parent
    return -1


def _unit_at(text: str, region: Region, start: int) -> Unit:
    if region.units is None:
        return next(Unit(*span, "sentence", region.parent) for span in running_spans(text, region) if span[0] == start)
    return region.units[bisect.bisect_left(region.units, start, key=lambda unit: unit.start)]


def _last_open(text: str, last: Region, lead: int) -> int:
    """The last item below a sentence that ends in a colon, if it has no end; else that sentence."""
    item = last.units[-1] if last.units else None
    goes_on = item is not None and item.kind == "item" and breaks_off(text, item.start, item.end)
    return item.start if item and goes_on else lead


def joined_around(text: str, regions: list[Region], lead: int, rest: Region) -> Region | None:
    """Join a sentence with the code or formula in it, if that is short: takes its regions away and gives one for all.

    Args:
        text: The text.
        regions: What was set down before the rest of the sentence.
        lead: Where the sentence begins.
        rest: The paragraph with its rest.
    """
    at, low = len(regions), max(lead + 1, rest.start - _SHORT)
    while at and regions[at - 1].start >= low and _is_displayed(regions[at - 1], lead):
        at -= 1
    first = regions[at - 1] if 0 < at < len(regions) else None
    if first is None or rest.start - first.end > _SHORT or not _ends_in(text, first, lead):
        return None
    joins = tuple(match.start() for match in _BLANK.finditer(text, trim(text, first.start, first.end)[1], rest.start))
    joins, breaks = (*first.joins, *joins), (*first.breaks, *rest.breaks)
    whole = first._replace(end=rest.end, units=None, joins=joins, breaks=breaks)
    stop = next(end for start, end in running_spans(text, whole) if start >= lead)
    words = sum(1 for _ in _WORD.finditer(text, rest.start, stop))
    if stop <= rest.start or not _ENDED.search(text, rest.start, stop) or words < _FEWEST_AFTER:
        return None
    del regions[at - 1 :]
    return whole


def _ends_in(text: str, region: Region, lead: int) -> bool:
    """Whether a region is a paragraph, or a line taken for a title, whose last sentence begins at a place."""
    if region.units is None:
        return running_spans(text, region)[-1][0] == lead
    return len(region.units) == 1 and region.start == lead and bool(region.units[0].title) and text[lead].isalpha()


def _is_prose(text: str, start: int, end: int) -> bool:
    """Whether most of what stands between spaces are words."""
    words = sum(1 for _ in _WORD.finditer(text, start, end))
    return words >= max(_FEWEST, _SHARE * len(text[start:end].split()))


def _is_displayed(region: Region, lead: int) -> bool:
    return region.parent == lead and all(unit.kind in _DISPLAYED for unit in region.units or ())
