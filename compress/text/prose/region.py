"""Stretches of prose with what they hold, and what is changed of them once all are known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ctxpipe.compress.text.shortened import Shortened, without_returns
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document


class Region(NamedTuple):
    """A stretch of prose whose units are made when they are asked for.

    Attributes:
        start, end: Offsets, end exclusive.
        parent: ``start`` of the unit that it stands under, or -1.
        units: Its units, or None for running text, which is cut into sentences.
        breaks: Offsets in running text at which a sentence ends though no stop says so.
        joins: Offsets at which running text goes on over a page break.
    """

    start: int
    end: int
    parent: int = -1
    units: tuple[Unit, ...] | None = None
    breaks: tuple[int, ...] = ()
    joins: tuple[int, ...] = ()


class Lines(NamedTuple):
    """Lines without a blank line between them.

    Attributes:
        start, end: Offsets of the block, end exclusive.
        spans: Offsets of each line without surrounding whitespace.
        words: Each line without surrounding whitespace.
        indents: Indentation of each line in columns.
        list_above: What the list above stood under, if the first line is indented as its items are, else None.
    """

    start: int
    end: int
    spans: list[tuple[int, int]]
    words: list[str]
    indents: list[int]
    list_above: int | None = None


def content_for_empty(regions: Sequence[Region]) -> list[Region]:
    """Regions in which a heading that nothing stands under is an item: what it says is said nowhere else."""
    used = {region.parent for region in regions}
    used |= {unit.parent for region in regions for unit in region.units or ()}
    return [
        region._replace(units=(region.units[0]._replace(kind="item", title=""),))
        if region.units and region.units[0].kind == "heading" and region.start not in used
        else region
        for region in regions
    ]


def with_returns(document: Document, find: Callable[[Document], list[Region]]) -> list[Region]:
    """Regions of a text whose lines end in carriage returns too, from those of the same text without them."""
    short = without_returns(document.text)
    return [
        Region(
            short.at(region.start),
            short.after(region.end),
            short.at(region.parent),
            None if region.units is None else tuple(map(short.unit, region.units)),
            tuple(map(short.at, region.breaks)),
            tuple(map(short.at, region.joins)),
        )
        for region in find(shortened(document, short))
    ]


def shortened(document: Document, short: Shortened) -> Document:
    """A document with a shorter text."""
    return dataclasses.replace(
        document,
        text=short.text,
        headings=tuple((short.short(a), short.short(b), level) for a, b, level in document.headings),
        noise=tuple((short.short(a), short.short(b)) for a, b in document.noise),
        page_starts=tuple(map(short.short, document.page_starts)),
    )
