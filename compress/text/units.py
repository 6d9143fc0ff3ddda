"""From segments to the smallest removable pieces, with what leans on what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import regex

from ctxpipe.arrays import IntArray
from ctxpipe.compress.text import json_tree
from ctxpipe.compress.text.structure import Outline, Segment
from ctxpipe.compress.text.words import PIECE, words
from ctxpipe.compress.types import Document, Units

_LINE = regex.compile(r"[^\n]*\S[^\n]*")
_DIGIT = regex.compile(r"\d")
FINE = 2
"""Characters of the pieces that fill a budget's last tokens."""


class Counter(Protocol):
    """The part of a tokenizer that units need."""

    def count_many(self, texts: Sequence[str]) -> IntArray:
        """Tokens of each text, int64 of shape (len(texts),)."""
        ...

    def starts_many(self, texts: Sequence[str]) -> list[IntArray]:
        """Character offsets at which the tokens of each text begin."""
        ...


class _Unit(NamedTuple):
    start: int
    end: int
    segment: int
    parent: int = -1
    lead: int = -1
    close: int = -1
    close_end: int = -1
    protected: bool = False
    joined: bool = False


def build_units(
    document: Document,
    structure: Outline | list[json_tree.Node],
    pool: Sequence[Segment],
    tokenizer: Counter,
    *,
    whole: int,
    fine: frozenset[int] = frozenset(),
    opened: bool = False,
    also: Sequence[tuple[int, int]] = (),
) -> Units:
    """The units of some segments of a document, and of whatever those lean on.

    Args:
        document: Where they are from.
        structure: Its outline, or its nodes for JSON.
        pool: Segments in order.
        tokenizer: Estimates costs.
        whole: Most tokens of a row, line or heading that stays in one piece; a longer one is cut like running text.
        fine: Indices of segments whose longest stretches without whitespace are cut into pieces of about a token.
        opened: Whether rows, lines, headings and JSON strings in ``fine`` are cut into words, and stand alone.
        also: Stretches of a JSON document whose brackets and keys get units whatever segments they are in.

    Returns:
        Units in order of their start, parents before children; ``segment`` indexes ``pool``.
    """
    cut = fine if opened else frozenset[int]()
    if isinstance(structure, list):
        found = _json_units(document.text, structure, pool, fine, cut, also)
        costs = _piece_costs(document.text, found, tokenizer)
    else:
        found, costs = _text_units(document.text, structure, pool, tokenizer, whole, fine, cut)
    return _pack(found, costs)


def _text_units(
    text: str,
    structure: Outline,
    pool: Sequence[Segment],
    tokenizer: Counter,
    whole: int,
    fine: frozenset[int],
    cut: frozenset[int],
) -> tuple[list[_Unit], list[int]]:
    place = {segment.start: index for index, segment in enumerate(pool)}
    closed = {segment.start: segment for segment in pool}
    waiting = [segment.parent for segment in pool]
    while waiting:
        start = waiting.pop()
        if start >= 0 and start not in closed:
            closed[start] = structure.structural[start]
            waiting.append(closed[start].parent)
    ordered = [closed[start] for start in sorted(closed)]
    starts = tokenizer.starts_many([text[s.start : s.end] for s in ordered])
    alone = {pool[index].start for index in cut}
    broken = alone | {
        s.start
        for s, tokens in zip(ordered, starts, strict=True)
        if s.kind not in ("prose", "line") and len(tokens) > whole
    }
    found: list[_Unit] = []
    costs: list[int] = []
    for segment, tokens in zip(ordered, starts, strict=True):
        parent = segment.parent if segment.parent not in broken and segment.start not in alone else -1
        index = place.get(segment.start, -1)
        piece = FINE if index in fine else PIECE
        if segment.kind == "line" and segment.start not in broken:
            units = _lines(text, segment, index, parent, tokens, whole, piece)
        elif segment.kind == "prose" or segment.start in broken:
            units = _words(text, segment.start, segment.end, index, parent, piece)
        else:
            units = [
                _Unit(*segment[:2], index, parent, close=segment.close, close_end=segment.close_end, protected=True)
            ]
        ends = np.array([u.end - segment.start for u in units[:-1]], dtype=np.int64)
        owner = np.searchsorted(ends, tokens, side="right")
        found.extend(units)
        costs.extend(np.bincount(owner, minlength=len(units)).tolist())
        if segment.close >= 0 and segment.start not in broken:
            costs[-1] += 2
    return found, costs


def _lines(
    text: str, segment: Segment, index: int, parent: int, tokens: IntArray, whole: int, piece: int
) -> list[_Unit]:
    """A unit for each line, with its indentation, and for each word of a line that is too long."""
    units: list[_Unit] = []
    for match in _LINE.finditer(text, segment.start, segment.end):
        first, last = np.searchsorted(tokens, (match.start() - segment.start, match.end() - segment.start))
        if last - first > whole:
            units.extend(_words(text, *match.span(), index, parent, piece))
        else:
            units.append(_Unit(*match.span(), index, parent))
    return units


def _words(text: str, start: int, end: int, index: int, parent: int, piece: int) -> list[_Unit]:
    return [
        _Unit(w.start, w.end, index, parent, protected=w.protected, joined=w.joined)
        for w in words(text, start, end, piece=piece)
    ]


def _json_units(
    text: str,
    nodes: list[json_tree.Node],
    pool: Sequence[Segment],
    fine: frozenset[int],
    cut: frozenset[int],
    also: Sequence[tuple[int, int]],
) -> list[_Unit]:
    starts = np.array([node.start for node in nodes], dtype=np.int64)
    wanted: dict[int, int] = {at: -1 for at, node in enumerate(nodes) if node.fixed}
    inside: list[tuple[int, int, int, int]] = []
    for index, segment in enumerate(pool):
        first, last = np.searchsorted(starts, (segment.start, segment.end))
        wanted.update(dict.fromkeys(range(int(first), int(last)), index))
        if first == last:
            holder = int(np.searchsorted(starts, segment.parent))
            inside.append((segment.start, segment.end, index, holder))
            wanted.setdefault(holder, -1)
    for start, end in also:
        first, last = np.searchsorted(starts, (start, end))
        for at in range(max(0, int(first) - 1), int(last)):
            if nodes[at].container and nodes[at].start < end and nodes[at].open_end > start:
                wanted.setdefault(at, -1)
    for node in list(wanted):
        parent = nodes[node].parent
        while parent >= 0 and parent not in wanted:
            wanted[parent] = -1
            parent = nodes[parent].parent
    found: list[_Unit] = []
    for at, index in wanted.items():
        unit, contents = _json_unit(text, nodes, at, index, index in cut)
        found.append(unit)
        inside.extend(contents)
    for start, end, index, holder in inside:
        found.extend(_words(text, start, end, index, nodes[holder].start, FINE if index in fine else PIECE))
    return sorted(found, key=lambda unit: unit.start)


def _json_unit(
    text: str, nodes: list[json_tree.Node], at: int, index: int, cut: bool
) -> tuple[_Unit, list[tuple[int, int, int, int]]]:
    """A node's unit, and the inside of the node when it is a string that is cut."""
    node = nodes[at]
    is_string = text[node.value] == '"'
    opened = node.container or (cut and is_string and node.end - node.value > 2)
    unit = _Unit(
        start=node.start,
        end=node.value + 1 if opened else node.end,
        segment=index,
        parent=nodes[node.parent].start if node.parent >= 0 else -1,
        lead=node.lead if node.lead < node.start else -1,
        close=node.end - 1 if opened else -1,
        close_end=node.end if opened else -1,
        protected=_DIGIT.search(text, node.value, node.value + 1 if opened else node.end) is not None,
    )
    return unit, [(node.value + 1, node.end - 1, index, at)] if opened and is_string and index >= 0 else []


def _piece_costs(text: str, found: list[_Unit], tokenizer: Counter) -> list[int]:
    pieces = [text[(u.lead if u.lead >= 0 else u.start) : u.end] for u in found]
    costs = np.maximum(tokenizer.count_many(pieces), 1) if pieces else np.zeros(0, dtype=np.int64)
    return [int(cost) + (u.close >= 0) for cost, u in zip(costs, found, strict=True)]


def _pack(found: list[_Unit], costs: list[int]) -> Units:
    places = {unit.start: index for index, unit in reversed(list(enumerate(found)))}
    columns = list(zip(*found, strict=True)) if found else [()] * len(_Unit._fields)
    start, end, segment, parent, lead, close, close_end, protected, joined = (
        np.array(column, dtype=np.int64) for column in columns
    )
    return Units(
        start=start,
        end=end,
        lead=np.where(lead >= 0, lead, start),
        close=close,
        close_end=close_end,
        parent=np.array([places[p] if p >= 0 else -1 for p in parent.tolist()], dtype=np.int64),
        segment=segment,
        cost=np.array(costs, dtype=np.int64),
        protected=protected.astype(np.bool_),
        joined=joined.astype(np.bool_),
    )
