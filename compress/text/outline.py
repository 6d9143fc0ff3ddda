"""The structure of a document: its units, what each stands under, and where passages may be cut."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import re
from array import array
from collections.abc import Sequence

from ctxpipe.compress.text.code import code_units, subject
from ctxpipe.compress.text.data.json_tree import is_json
from ctxpipe.compress.text.data.json_units import json_units
from ctxpipe.compress.text.prose.anaphora import antecedent
from ctxpipe.compress.text.prose.contents import contents
from ctxpipe.compress.text.prose.notes import is_caption
from ctxpipe.compress.text.prose.numbered import NumberedText, is_listing_of_code, line_numbers
from ctxpipe.compress.text.prose.parts import Helpers
from ctxpipe.compress.text.prose.region import Region, shortened
from ctxpipe.compress.text.prose.units import overlaps, running_spans, running_units
from ctxpipe.compress.text.prose.walk import prose_regions
from ctxpipe.compress.text.tables import csv_units
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

_LONGEST_TITLE = 120
_CALLOUT = re.compile(r"<\d{1,3}>")
"""The number of a line of a listing."""
_ALIGNED = re.compile("\u00a0(?<=[\\n \\t\u00a0]\u00a0)")
"""A no-break space that is not between two words."""


class Outline:
    """Units of one document; those of running text are made when they are asked for.

    Args:
        document: The document.
        regions: Its regions, in order, which hold all its non-whitespace text.
        noise: Of prose, the ranges of its text that are chosen last; None for what is no prose.
    """

    def __init__(
        self, document: Document, regions: Sequence[Region], noise: Sequence[tuple[int, int]] | None = None
    ) -> None:
        self.document = document if noise is None else _as_read(document, noise)
        self.noise = noise
        self.regions = tuple(regions)
        self._starts = [region.start for region in regions]
        self._latest: tuple[int, list[Unit]] = (-1, [])
        self._latest_starts: tuple[int, Sequence[int]] = (-1, [])
        self._spans: dict[int, array[int]] = {}
        self._above: dict[int, Unit] = {}
        self._titles: dict[int, tuple[str, ...]] = {-1: ()}
        self._nearest: dict[int, int] = {-1: -1}
        leaned_on = {unit.parent for region in regions for unit in region.units or ()}
        leaned_on |= {unit.container for region in regions for unit in region.units or ()}
        wanted = sorted(leaned_on | {region.parent for region in regions})
        for index, region in enumerate(regions):
            first = bisect.bisect_left(wanted, region.start)
            if first < len(wanted) and wanted[first] < region.end:
                inside = set(wanted[first : bisect.bisect_left(wanted, region.end)])
                self._above.update((unit.start, unit) for unit in self._units_of(index) if unit.start in inside)

    def units(self, start: int, end: int) -> list[Unit]:
        """The units that begin in ``text[start:end]``, in order."""
        return [unit for index in self._within(start, end) for unit in _between(self._units_of(index), start, end)]

    def boundary(self, at: int) -> int:
        """The nearest place up to ``at`` where a passage may end: it cuts no unit and leaves no heading alone."""
        index = bisect.bisect_right(self._starts, at) - 1
        if index < 0:
            return at
        region = self.regions[index]
        if at > region.start:
            starts = self._starts_of(index) if at < region.end else []
            place = bisect.bisect_right(starts, at) - 1
            if place > 0:
                return starts[place]
            at = region.start if starts else at
        while index > 0 and self.regions[index].start >= at and self._is_heading(index - 1):
            index -= 1
            at = self.regions[index].start
        return at

    def chain(self, unit: Unit) -> list[Unit]:
        """What a unit stands under, nearest first."""
        chain: list[Unit] = []
        parent = unit.parent
        while parent >= 0:
            above = self._above[parent]
            chain.append(above)
            parent = above.parent
        return chain

    def trail(self, unit: Unit) -> tuple[str, ...]:
        """Titles of what a unit stands under, outermost first, its own the last when it has one."""
        self._learn(unit.parent)
        return _with_title(self._titles[unit.parent], unit)

    def trail_at(self, start: int, end: int) -> tuple[str, ...]:
        """The trail of the first unit of a passage that is no heading, or of its last heading."""
        heading: Unit | None = None
        for index in self._within(start, end):
            region = self.regions[index]
            if region.units is None:
                starts = self._starts_of(index)
                if bisect.bisect_left(starts, start) < bisect.bisect_left(starts, end):
                    self._learn(region.parent)
                    return self._titles[region.parent]
                continue
            for unit in _between(region.units, start, end):
                if unit.kind != "heading":
                    return self.trail(unit)
                heading = unit
        return self.trail(heading) if heading is not None else ()

    def named(self, unit: Unit) -> int:
        """``start`` of the nearest unit with a title that a unit is or stands under; -1 when there is none."""
        self._learn(unit.parent)
        return unit.start if unit.title else self._nearest[unit.parent]

    def sections(self) -> list[int]:
        """Where sections begin: at headings that follow no other heading directly."""
        return [
            region.start
            for index, region in enumerate(self.regions)
            if self._is_heading(index) and not (index and self._is_heading(index - 1))
        ]

    def above(self, start: int) -> Unit:
        """The unit at ``start``, which others stand under."""
        return self._above[start]

    def leant_on(self, unit: Unit) -> Unit | None:
        """The unit without which another makes no sense, beside those it stands under; None where there is none.

        A sentence that begins with a pronoun leans on the one that names what it stands for, a comment on the
        statement below it, the first row of a table on the caption below it, what explains a line of a listing of
        AsciiDoc on the line with its number.
        """
        index = bisect.bisect_right(self._starts, unit.start) - 1
        if index > 0 and unit.kind == "item" and self.document.language == "asciidoc":
            return self._called_out(index, unit)
        if index < 0 or unit.kind not in ("sentence", "line", "row"):
            return None
        if unit.kind == "row":
            return self._caption_below(index, unit)
        units = self._units_of(index)
        place = bisect.bisect_left(units, unit.start, key=lambda one: one.start)
        if unit.kind == "sentence":
            return antecedent(self.document.text, units, place)
        language = self.document.language
        return subject(self.document.text, units, place, language) if self.document.kind == "code" else None

    def _called_out(self, index: int, item: Unit) -> Unit | None:
        number = _CALLOUT.match(self.document.text, item.start, item.end)
        above = self.regions[index - 1].units or () if number else ()
        return next((u for u in above if number and self.document.text.endswith(number[0], u.start, u.end)), None)

    def _caption_below(self, index: int, row: Unit) -> Unit | None:
        if self.regions[index].start > row.start or index + 1 == len(self.regions):
            return None
        rows, below = self.regions[index].units, self.regions[index + 1].units
        if not rows or rows[0] != row or not below or len(below) > 1 or not below[0].noise:
            return None
        return below[0] if is_caption(self.document.text[below[0].start : below[0].end]) else None

    def has_below(self, unit: Unit) -> bool:
        """Whether anything stands under a unit."""
        return unit.start in self._above

    def _learn(self, start: int) -> None:
        """Find titles of a unit that others stand under, once; data may be nested thousands deep."""
        unknown: list[Unit] = []
        while start not in self._titles:
            unknown.append(self._above[start])
            start = unknown[-1].parent
        for unit in reversed(unknown):
            self._titles[unit.start] = _with_title(self._titles[unit.parent], unit)
            self._nearest[unit.start] = unit.start if unit.title else self._nearest[unit.parent]

    def _is_heading(self, index: int) -> bool:
        units = self.regions[index].units
        return units is not None and len(units) == 1 and units[0].kind == "heading"

    def _units_of(self, index: int) -> Sequence[Unit]:
        region = self.regions[index]
        if region.units is not None:
            return region.units
        latest = self._latest  # threads may share an outline
        if latest[0] != index:
            latest = self._latest = index, running_units(self.document, region, self._spans_of(index))
        return latest[1]

    def _spans_of(self, index: int) -> array[int]:
        """Start and end of each sentence of a region of running text.

        They are kept, because passages, units and pieces ask for them one after the other.
        """
        known = self._spans.get(index)
        if known is None:
            spans = running_spans(self.document.text, self.regions[index])
            known = self._spans[index] = array("q", itertools.chain.from_iterable(spans))
        return known

    def _within(self, start: int, end: int) -> range:
        """Regions by index that may hold units which begin in ``text[start:end]``."""
        first = max(0, bisect.bisect_right(self._starts, start) - 1)
        return range(first, max(first, bisect.bisect_left(self._starts, end)))

    def _starts_of(self, index: int) -> Sequence[int]:
        """Where the units of a region begin."""
        latest = self._latest_starts
        if latest[0] != index:
            units = self.regions[index].units
            starts = self._spans_of(index)[::2] if units is None else [unit.start for unit in units]
            latest = self._latest_starts = index, starts
        return latest[1]


def _between(units: Sequence[Unit], start: int, end: int) -> Sequence[Unit]:
    """Those of some units, which are in order, that begin from ``start`` on and before ``end``."""
    first = bisect.bisect_left(units, start, key=lambda unit: unit.start)
    return units[first : bisect.bisect_left(units, end, key=lambda unit: unit.start)]


def _with_title(titles: tuple[str, ...], unit: Unit) -> tuple[str, ...]:
    return (*titles, unit.title[:_LONGEST_TITLE]) if unit.title else titles


def outline(document: Document, helpers: Helpers | None = None) -> Outline:
    """Find the structure of a document of any kind, in one pass over its text.

    Args:
        document: The document.
        helpers: Find the structure of parts of a long text at the same time; None does all of it here.
    """
    text = document.text
    if document.kind == "json" and is_json(text):
        units = json_units(text)
    elif document.kind == "csv":
        units = csv_units(text)
    elif document.kind == "code":
        units = code_units(text, document.language)
    elif document.kind in ("text", "markdown") and (numbers := line_numbers(text)):
        units = _numbered_units(document, numbers)
    else:
        document = dataclasses.replace(document, text=_with_spaces(document.text))
        noise = _noise(document)
        return Outline(document, prose_regions(_as_read(document, noise), helpers), noise)
    return Outline(document, [Region(0, len(text), -1, tuple(units))] if units else [])


def _numbered_units(document: Document, numbers: Sequence[tuple[int, int]]) -> list[Unit]:
    """Units of a text with numbers of lines, from those of the same text without them."""
    short = NumberedText(document.text, numbers)
    is_code = is_listing_of_code(short.text)
    bare = code_units(short.text) if is_code else outline(shortened(document, short)).units(0, len(short.text))
    return [short.unit(unit) for unit in bare]


def _as_read(document: Document, noise: Sequence[tuple[int, int]]) -> Document:
    """A document of prose as its structure is found: of the same length, with what of it is noise."""
    return dataclasses.replace(document, text=_with_spaces(document.text), noise=tuple(noise))


def _with_spaces(text: str) -> str:
    """A text without the no-break spaces that programs which write a page as text indent and align with.

    A long text is not copied for those between words.
    """
    return text.replace("\u00a0", " ") if _ALIGNED.search(text) else text


def _noise(document: Document) -> list[tuple[int, int]]:
    """What a reader found to be noise, and lists of contents."""
    listed = contents(document.text, marked=document.kind in ("markdown", "html"))
    return sorted((*document.noise, *(span for span in listed if not overlaps(*span, document.noise))))
