"""What in a document leans on what: headings over their sections, table headers over rows, fences around code."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ctxpipe.compress.text.sentences import sentences, trim
from ctxpipe.compress.types import Document

SegmentKind = Literal["prose", "heading", "row", "line", "fence", "member"]

_ATX = re.compile(r"^[ ]{0,3}(#{1,6})[ \t]+(\S.*?)[ \t#]*$", re.MULTILINE)
_UNDERLINED = re.compile(r"^(?=\S)([^\n|]{1,120})\r?\n([=*~^\-\"+])\2{2,}[ \t]*$", re.MULTILINE)
_FENCE = re.compile(
    r"^(?P<open>[ \t]*(?P<mark>`{3,}|~{3,})[^\n`]*)\n(?P<body>.*?)^(?P<close>[ \t]*(?P=mark))[`~]*[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_TABLE = re.compile(r"(?:^[^\n|]*\|[^\n]*(?:\n|\Z)){2,}", re.MULTILINE)
_RULE = re.compile(r"[\s|:+=-]+")
_CSV_RECORD = re.compile(r'(?:[^"\r\n]++|"(?:[^"]++|"")*+(?:"|\Z))++')
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_BLOCK_LINES = 8


class Segment(NamedTuple):
    """A sentence, line group, row, heading or JSON member: what is ranked as one.

    Attributes:
        start, end: Offsets, without surrounding whitespace (a code line keeps its indentation).
        kind: How it is cut further.
        parent: Start offset of the structural segment that it leans on, or -1.
        close, close_end: Offsets of a closing fence, or -1.
    """

    start: int
    end: int
    kind: SegmentKind = "prose"
    parent: int = -1
    close: int = -1
    close_end: int = -1


class Heading(NamedTuple):
    """A heading: offsets of its lines, depth from 1, its words."""

    start: int
    end: int
    level: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Structure of one document.

    Attributes:
        headings: In order.
        regions: Stretches that are not prose (tables, fenced code), in order and disjoint, with their segments.
        structural: Segments that others lean on, by start offset.
    """

    headings: tuple[Heading, ...] = ()
    regions: tuple[tuple[int, int, tuple[Segment, ...]], ...] = ()
    structural: dict[int, Segment] = field(default_factory=dict)

    def trail(self, offset: int) -> tuple[str, ...]:
        """Titles of the headings above ``offset``, outermost first."""
        trail: list[Heading] = []
        index = bisect.bisect_right(self.headings, (offset, 1 << 62, 0, "")) - 1
        level = 99
        while index >= 0 and level > 1:
            heading = self.headings[index]
            if heading.level < level:
                trail.append(heading)
                level = heading.level
            index -= 1
        return tuple(heading.title for heading in reversed(trail))

    def region_segment(self, offset: int) -> Segment | None:
        """The last segment that begins at or before ``offset`` of the table or fenced code around it."""
        index = bisect.bisect_right(self.regions, offset, key=lambda region: region[0]) - 1
        if index < 0 or self.regions[index][1] <= offset:
            return None
        inside = self.regions[index][2]
        place = bisect.bisect_right(inside, offset, key=lambda segment: segment.start) - 1
        return inside[place] if place >= 0 else None

    def heading_at(self, offset: int) -> Heading | None:
        """The nearest heading that begins at or before ``offset``."""
        index = bisect.bisect_right(self.headings, (offset, 1 << 62, 0, "")) - 1
        return self.headings[index] if index >= 0 else None


def outline(document: Document) -> Outline:
    """Find the structure of a document of any kind but JSON, in one pass over its text."""
    if document.kind == "code":
        return Outline()
    if document.kind == "csv":
        return _csv_outline(document.text)
    text = document.text
    fences = [(m.start(), m.end(), _fence_segments(m, text)) for m in _FENCE.finditer(text)]
    fenced = [(start, end) for start, end, _ in fences]
    headings = _headings(document, fenced)
    structural = {h.start: Segment(h.start, h.end, "heading") for h in headings}
    regions = list(fences)
    for match in _TABLE.finditer(text):
        if not _overlaps(match.start(), match.end(), fenced):
            regions.append((match.start(), match.end(), _table_segments(text, match.start(), match.end())))
    found = Outline(headings=tuple(headings), structural=structural)
    leaning = []
    for start, end, segments in sorted(regions):
        above = found.heading_at(start)
        top = above.start if above else -1
        kept = tuple(s._replace(parent=top) if s.parent == -1 else s for s in segments)
        structural[kept[0].start] = kept[0]
        leaning.append((start, end, kept))
    return Outline(headings=tuple(headings), regions=tuple(leaning), structural=structural)


def segments(document: Document, found: Outline, start: int, end: int) -> list[Segment]:
    """The segments of ``document.text[start:end]``, in order; together they hold all its non-whitespace text."""
    text = document.text
    if document.kind == "code":
        return _line_blocks(text, start, end)
    result: list[Segment] = []
    at = start
    index = max(0, bisect.bisect_left(found.regions, (start,)) - 1)
    while index < len(found.regions) and found.regions[index][0] < end:
        region_start, region_end, inside = found.regions[index]
        index += 1
        if region_end <= start:
            continue
        _prose(result, text, found, at, max(at, region_start))
        place = max(0, bisect.bisect_left(inside, (start,)) - 1)
        while place < len(inside) and inside[place].start < end:
            _clipped(result, text, inside[place], start, end)
            place += 1
        at = min(end, region_end)
    _prose(result, text, found, at, end)
    return result


def _clipped(result: list[Segment], text: str, segment: Segment, start: int, end: int) -> None:
    if start <= segment.start and segment.end <= end:
        result.append(segment)
        return
    left, right = trim(text, max(start, segment.start), min(end, segment.end))
    if right > left:
        result.append(Segment(left, right, "prose", segment.parent))


def _prose(result: list[Segment], text: str, found: Outline, start: int, end: int) -> None:
    at = start
    index = max(0, bisect.bisect_left(found.headings, (start,)) - 1)
    while index < len(found.headings) and found.headings[index].start < end:
        heading = found.headings[index]
        index += 1
        if heading.end <= start:
            continue
        _sentences(result, text, found, at, max(at, heading.start))
        left, right = max(start, heading.start), min(end, heading.end)
        if (left, right) == (heading.start, heading.end):
            result.append(Segment(left, right, "heading"))
        else:
            result.extend(Segment(a, b, "prose") for a, b in sentences(text, left, right))
        at = right
    _sentences(result, text, found, at, end)


def _sentences(result: list[Segment], text: str, found: Outline, start: int, end: int) -> None:
    if end <= start:
        return
    above = found.heading_at(start)
    parent = above.start if above else -1
    result.extend(Segment(a, b, "prose", parent) for a, b in sentences(text, start, end))


def _headings(document: Document, hidden: list[tuple[int, int]]) -> list[Heading]:
    text = document.text
    found: dict[int, Heading] = {}
    if document.kind in ("markdown", "html"):
        for match in _ATX.finditer(text):
            left, right = trim(text, match.start(), match.end())
            found[left] = Heading(left, right, len(match.group(1)), match.group(2))
    styles: dict[str, int] = {}
    for match in _UNDERLINED.finditer(text):
        mark = match.group(2)
        level = (
            {"=": 1, "-": 2}[mark]
            if document.kind == "markdown" and mark in "=-"
            else 2 + styles.setdefault(mark, len(styles))
        )
        left, right = trim(text, match.start(), match.end())
        found.setdefault(left, Heading(left, right, level, match.group(1).strip()))
    return [found[at] for at in sorted(found) if not _overlaps(found[at].start, found[at].end, hidden)]


def _overlaps(start: int, end: int, ranges: list[tuple[int, int]]) -> bool:
    index = bisect.bisect_right(ranges, (start, 1 << 62))
    return (index > 0 and ranges[index - 1][1] > start) or (index < len(ranges) and ranges[index][0] < end)


def _fence_segments(match: re.Match[str], text: str) -> tuple[Segment, ...]:
    opening = Segment(match.start("open"), match.end("open"), "fence", -1, match.start("close"), match.end())
    inside = _line_blocks(text, match.start("body"), match.end("body"))
    return (opening, *(s._replace(parent=opening.start) for s in inside))


def _table_segments(text: str, start: int, end: int) -> tuple[Segment, ...]:
    lines = [trim(text, *m.span()) for m in _LINE.finditer(text, start, end)]
    head = 1
    if len(lines) > 1 and _RULE.fullmatch(text, *lines[1]):
        head = 2
    elif text[lines[-1][0]] != "|":
        # A first cell left empty above rows that have one: column titles over several lines.
        while head < min(3, len(lines)) and text[lines[head][0]] == "|":
            head += 1
    header = Segment(lines[0][0], lines[head - 1][1], "row")
    return (header, *(Segment(a, b, "row", header.start) for a, b in lines[head:]))


def _csv_outline(text: str) -> Outline:
    rows = [m.span() for m in _CSV_RECORD.finditer(text)]
    rows = [(a, b) for a, b in (trim(text, *row) for row in rows) if b > a]
    if not rows:
        return Outline()
    header = Segment(*rows[0], "row")
    inside = (header, *(Segment(a, b, "row", header.start) for a, b in rows[1:]))
    return Outline(regions=((0, len(text), inside),), structural={header.start: header})


def _line_blocks(text: str, start: int, end: int) -> list[Segment]:
    """Groups of code lines: up to a blank line, at most ``_BLOCK_LINES``."""
    blocks: list[Segment] = []
    first = last = -1
    count = 0
    for match in _LINE.finditer(text, start, end):
        left, right = match.start(), match.start() + len(match.group().rstrip())
        blank_before = last >= 0 and text.count("\n", last, left) > 1
        if count and (blank_before or count == _BLOCK_LINES):
            blocks.append(Segment(first, last, "line"))
            count = 0
        first, last, count = (left if not count else first), right, count + 1
    if count:
        blocks.append(Segment(first, last, "line"))
    return blocks
