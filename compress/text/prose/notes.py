"""Notes: what is called by a mark in a sentence or in a table, and stands below it."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence

import regex

from ctxpipe.compress.text.prose.lines import LinePattern
from ctxpipe.compress.text.prose.region import Region
from ctxpipe.compress.text.prose.units import unit_starts
from ctxpipe.compress.text.sentences import TABLES

_DEFINED = regex.compile(r"(?P<open>\[\^)(?P<name>[^\]\s]+)\]:(?=\s)|\.\.[ \t]+\[(?P<name>#?[\w-]*|\*)\][ \t]+(?=\S)")
_CALL = regex.compile(r"\[\^(?P<name>[^\]\s]+)\](?!:)|\[(?P<name>#?[\w-]*|\*)\]_")
_BELOW_TABLE = regex.compile(
    r"""["'(]?(?:(?P<sign>\\?(?:\*{1,3}|[†‡§¶]{1,3}))(?=[ \t]*[^\W_])
    | (?P<sign>[¹²³⁴⁵⁶⁷⁸⁹]|[ᵃᵇᶜᵈ]) | \[(?P<letter>[a-z\d])\](?=[ \t]) | \^?(?P<letter>[a-z\d])[ \t)](?=[ \t]*\S))
    | (?P<caption>:|Table:)[ \t]+(?=\S)""",
    regex.VERBOSE,
)
_CAPTION = LinePattern(
    regex.compile(rf"^[ \t]*[*_]{{0,2}}(?:{TABLES})[ ](?:[A-Z]\.?)?\d{{1,3}}(?:[.-]\d{{1,3}})*[.:]", regex.MULTILINE),
    rf"[ \t]*+[*_]{{0,2}}(?:{TABLES})[ ]",
)
_NEAR = 2000
"""Characters beside a caption in which a row is looked for."""
_ROW = regex.compile(r"^[ \t]*\|[^\n]*\|[ \t]*$", regex.MULTILINE)
_BEFORE = r"(?<=[\w%€$£).])\s?"


def is_footnote(words: str) -> bool:
    """Whether a line begins the definition of a footnote of Markdown or reStructuredText."""
    return words.startswith(("[^", "..")) and _DEFINED.match(words) is not None


def captions_are_below(text: str) -> bool:
    """Whether captions with a number stand below the tables of a text: more are directly below one than above one."""
    below = above = 0
    for match in _CAPTION.finditer(text):
        before = text[max(0, match.start() - _NEAR) : match.start()].rstrip()
        after = text[match.end() : match.end() + _NEAR].partition("\n")[2].lstrip("\n")
        below += _ROW.match(before, before.rfind("\n") + 1) is not None
        above += _ROW.match(after) is not None
    return below > above


def is_caption(words: str) -> bool:
    """Whether a line is the caption of a table, with its number."""
    return _CAPTION.match(words) is not None


def caller(words: str) -> regex.Pattern[str] | None:
    """What the text that calls a note holds; None for words that begin none.

    Args:
        words: The note, from its mark on.
    """
    if defined := _DEFINED.match(words):
        name = regex.escape(defined["name"])
        return regex.compile(rf"\[\^{name}\](?!:)" if defined["open"] else rf"\[{name}\]_")
    below = _BELOW_TABLE.match(words)
    if below is None:
        return None
    if below["caption"]:
        return regex.compile(r"\w")
    if below["sign"]:
        sign = below["sign"].lstrip("\\")
        return regex.compile(rf"{_BEFORE}\\?{regex.escape(sign)}(?![\w*†‡])")
    letter = below["letter"]
    return regex.compile(rf"(?:(?<=\d){letter}(?!\w)|\[{letter}\]|\^{letter}(?!\w)|<sup>{letter}<)")


class FootnoteCalls:
    """Where the footnotes of a text are called.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._latest: tuple[Region | None, list[int]] = (None, [])
        self._calls: dict[str, list[int]] = {}
        self._defined: dict[str, list[int]] = {}
        if "[^" not in text and "]_" not in text:
            return
        for match in _CALL.finditer(text):
            self._calls.setdefault(match["name"], []).append(match.start())
        for match in _DEFINED.finditer(text):
            if match["name"] in self._calls:
                self._defined.setdefault(match["name"], []).append(match.start())

    def before(self, words: str, start: int) -> int:
        """The offset at which the footnote that begins with ``words`` is called before ``start``; -1 for nowhere.

        Chapters may count their footnotes anew: the first call behind the last footnote of this name is meant.
        """
        defined = _DEFINED.match(words)
        calls = self._calls.get(defined["name"], []) if defined else []
        if not defined or not calls or calls[0] >= start:
            return -1
        others = self._defined.get(defined["name"], [])
        index = bisect.bisect_left(others, start)
        behind = bisect.bisect_right(calls, others[index - 1]) if index else 0
        return calls[behind] if behind < len(calls) and calls[behind] < start else calls[0]

    def placed(self, regions: Sequence[Region], called: Mapping[int, int]) -> list[Region]:
        """Regions with each footnote under the unit that calls it.

        Args:
            regions: The regions of the text, in order.
            called: Where footnotes are called, by where they begin.
        """
        moved = list(regions)
        for start, at in called.items():
            index = bisect.bisect_right(moved, start, key=lambda region: region.start) - 1
            parent = self._unit(regions, at)
            if parent >= 0:
                region = moved[index]
                units = (one._replace(parent=parent) if one.start == start else one for one in region.units or ())
                moved[index] = region._replace(units=tuple(units))
        return moved

    def _unit(self, regions: Sequence[Region], at: int) -> int:
        """``start`` of the unit that holds an offset; -1 for none."""
        index = bisect.bisect_right(regions, at, key=lambda region: region.start) - 1
        if index < 0 or regions[index].end <= at:
            return -1
        region, starts = self._latest
        if region is not regions[index]:  # one paragraph often calls many notes
            region = regions[index]
            starts = unit_starts(self._text, region)
            self._latest = region, starts
        place = bisect.bisect_right(starts, at) - 1
        return starts[place] if place >= 0 else -1
