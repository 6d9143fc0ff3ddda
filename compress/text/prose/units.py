"""Units of running text, and what announces what follows it."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Sequence

from ctxpipe.compress.text.prose.noise import is_noise
from ctxpipe.compress.text.prose.region import Region
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.text.unit import Unit, UnitKind
from ctxpipe.compress.types import Document

_INTRODUCES = re.compile(
    r"(?:[:：]|::|\b(?:as follows|the following)\b[^.\n]{0,80}\.?"
    r"|[a-z],?\s+(?:to|as|by|use|using|with|like|say|is|are))[\"”*_)]{0,3}$"
)
"""A colon, words that announce, or a clause that breaks off before what it needs ("The default corresponds to")."""
_MAY_INTRODUCE = (":", "：", "to", "as", "by", "use", "using", "with", "like", "say", "is", "are")
_ASKS = re.compile(r"[?？؟][*_)\]]{0,3}$")
"""A question: its answer comes after it. One in quotation marks is what somebody says."""


def running_units(document: Document, region: Region, spans: Sequence[int]) -> list[Unit]:
    """The sentences of a region of running text, whose starts and ends take turns in ``spans``."""
    pairs = zip(spans[::2], spans[1::2], strict=True)
    return [prose_unit(document, start, end, "sentence", region.parent) for start, end in pairs]


def running_spans(text: str, region: Region) -> list[tuple[int, int]]:
    """Where the sentences of a region of running text begin and end."""
    edges = [region.start, *region.breaks, region.end]
    return [
        span for left, right in itertools.pairwise(edges) for span in sentences(text, left, right, joins=region.joins)
    ]


def unit_starts(text: str, region: Region) -> list[int]:
    """Where the units of a region begin; for running text this is less work than its units."""
    return [span[0] for span in (running_spans(text, region) if region.units is None else region.units)]


def prose_unit(document: Document, start: int, end: int, kind: UnitKind, parent: int) -> Unit:
    """A unit of prose, marked when it is noise."""
    known = document.noise and overlaps(start, end, document.noise)
    noise = bool(known) or is_noise(document.text, start, end, paged=bool(document.page_starts))
    return Unit(start, end, kind, parent, noise=noise)


def introduces(text: str, end: int) -> bool:
    """Whether what ends at ``end`` announces what follows it, as a question does its answer."""
    return announces(text, end) or asks(text, end)


def announces(text: str, end: int) -> bool:
    """Whether what ends at ``end`` breaks off or says in words that something follows."""
    said = text[max(0, end - 120) : end]
    may = said.rstrip('\n"”*_)').endswith(_MAY_INTRODUCE) or "as follows" in said or "the following" in said
    # The pattern alone takes ten times as long.
    return may and _INTRODUCES.search(text, max(0, end - 120), end) is not None


def asks(text: str, end: int) -> bool:
    """Whether what ends at ``end`` is a question."""
    return _ASKS.search(text, max(0, end - 8), end) is not None


def moved(unit: Unit, by: int, top: int) -> Unit:
    """A unit of a part of a text as one of the whole text; what stood under nothing stands under ``top``."""
    return unit._replace(
        start=unit.start + by,
        end=unit.end + by,
        parent=unit.parent + by if unit.parent >= 0 else top,
        close=unit.close + by if unit.close >= 0 else -1,
        close_end=unit.close_end + by if unit.close >= 0 else -1,
        lead=unit.lead + by if unit.lead >= 0 else -1,
        container=unit.container + by if unit.container >= 0 else -1,
    )


def overlaps(start: int, end: int, ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether a stretch shares characters with one of some ranges, which are in order and disjoint."""
    index = bisect.bisect_right(ranges, (start, 1 << 62))
    return (index > 0 and ranges[index - 1][1] > start) or (index < len(ranges) and ranges[index][0] < end)
