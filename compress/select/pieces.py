"""What the selector chooses among: whole units, or the words of units where a pruner cuts inside sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.select.pool import Candidates
from ctxpipe.compress.text.counting import Estimates
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.text.prose.units import introduces
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import Document

CUT = frozenset({"sentence", "item", "record"})
"""Kinds of units that a pruner cuts into words; all others stay whole."""
_FRAMES = frozenset({"heading", "speaker", "fence"})
_LONGEST_CONDITION = 40
_STOP = re.compile(r"[.!?…。！？][\"'”’)*_]{0,2}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Pieces of all documents in order of document and start; arrays of equal length n.

    A set of pieces is *closed* when it holds the parent and the container of each of its members: then every unit has
    its whole chain, and JSON its brackets.

    Attributes:
        documents: What they point into.
        owner: Index of the document of each.
        units: The unit that each is, or is a word of.
        start, end: Character offsets.
        parent: Index of the piece without which this one makes no sense, or -1.
        container: For JSON the index of the piece whose brackets hold it, or -1.
        candidate: Index of the candidate that it belongs to, or -1 for one that is there for others alone.
        cost: Target tokens, estimated in the source's own context.
        protected: Whether a pruner should leave it (numbers, negations, names).
        joined: Whether it goes on with the letters of the piece before it.
        bare: Whether it says nothing alone: a heading, a header row, a term, an introduction of something.
    """

    documents: Sequence[Document]
    owner: IntArray
    units: Sequence[Unit]
    start: IntArray
    end: IntArray
    parent: IntArray
    container: IntArray
    candidate: IntArray
    cost: IntArray
    protected: BoolArray
    joined: BoolArray
    bare: BoolArray

    def __len__(self) -> int:
        return len(self.start)

    def ancestors(self, index: int) -> list[int]:
        """What a piece stands under or in, nearest first."""
        above: set[int] = set()
        waiting = [index]
        while waiting:
            at = waiting.pop()
            more = {int(self.parent[at]), int(self.container[at])} - above - {-1}
            above |= more
            waiting += more
        return sorted(above, reverse=True)


class _Piece(NamedTuple):
    unit: Unit
    start: int
    end: int
    candidate: int
    parent: int
    protected: bool = False
    joined: bool = False


def pieces_of(
    documents: Sequence[Document],
    outlines: Sequence[Outline],
    candidates: Candidates,
    tokenizer: Estimates,
    *,
    cut: bool,
) -> Pieces:
    """The pieces of candidates and of everything that they stand under.

    Args:
        documents: The documents.
        outlines: Their structure.
        candidates: The units to choose among, in order.
        tokenizer: Estimates costs.
        cut: Whether units of prose are cut into words.
    """
    owner: list[int] = []
    made: list[_Piece] = []
    parents: list[int] = []
    containers: list[int] = []
    bounds = np.searchsorted(np.asarray(candidates.document), np.arange(len(documents) + 1))
    for index in np.flatnonzero(np.diff(bounds)).tolist():
        document = documents[index]
        first, last = int(bounds[index]), int(bounds[index + 1])
        units = _closed(outlines[index], [(candidates.units[i], i) for i in range(first, last)])
        mine = [piece for one in units for piece in _cut(document.text, one, cut=cut)]
        place = {piece.unit.start: len(made) + at for at, piece in reversed(list(enumerate(mine)))}
        made.extend(mine)
        owner.extend([index] * len(mine))
        parents.extend(place.get(piece.parent, -1) for piece in mine)
        containers.extend(place.get(piece.unit.container, -1) for piece in mine)
    parent = np.array(parents, dtype=np.int64)
    return Pieces(
        documents=documents,
        owner=np.array(owner, dtype=np.int64),
        units=[piece.unit for piece in made],
        start=np.array([piece.start for piece in made], dtype=np.int64),
        end=np.array([piece.end for piece in made], dtype=np.int64),
        parent=parent,
        container=np.array(containers, dtype=np.int64),
        candidate=np.array([piece.candidate for piece in made], dtype=np.int64),
        cost=_costs(documents, owner, made, tokenizer),
        protected=np.array([piece.protected for piece in made], dtype=np.bool_),
        joined=np.array([piece.joined for piece in made], dtype=np.bool_),
        bare=_bare(documents, owner, made, outlines),
    )


class _Wanted(NamedTuple):
    """A unit, the candidate that it is (-1 for none), and ``start`` of the unit without which it makes no sense."""

    unit: Unit
    candidate: int
    parent: int


def _closed(outline: Outline, candidates: Sequence[tuple[Unit, int]]) -> list[_Wanted]:
    """Candidates, and the units that they stand under, in or lean on, in order."""
    numbers = {unit.start: index for unit, index in candidates}
    closed: dict[int, _Wanted] = {}
    waiting = [unit for unit, _ in candidates]
    while waiting:
        unit = waiting.pop()
        if unit.start in closed:
            continue
        leant_on = outline.leant_on(unit)
        parent = unit.parent if leant_on is None else leant_on.start
        closed[unit.start] = _Wanted(unit, numbers.get(unit.start, -1), parent)
        if leant_on is not None:
            waiting.append(leant_on)
        waiting.extend(outline.above(start) for start in (unit.parent, unit.container) if start >= 0)
    return [closed[start] for start in sorted(closed)]


def _cut(text: str, wanted: _Wanted, *, cut: bool) -> list[_Piece]:
    unit, candidate, parent = wanted
    if not cut or unit.kind not in CUT or candidate < 0:
        return [_Piece(unit, unit.start, unit.end, candidate, parent, protected=unit.kind not in CUT)]
    return [
        _Piece(unit, w.start, w.end, candidate, parent, w.protected, w.joined)
        for w in words(text, unit.start, unit.end)
    ]


def _costs(
    documents: Sequence[Document], owner: Sequence[int], made: Sequence[_Piece], tokenizer: Estimates
) -> IntArray:
    """Tokens of each piece; those of a unit's words are told from the unit as a whole."""
    spans: list[tuple[int, int, int]] = []
    sizes: list[int] = []
    for piece, document in zip(made, owner, strict=True):
        if not spans or spans[-1][0] != document or piece.unit.start != spans[-1][1]:
            end = piece.unit.end
            spans.append((document, piece.unit.start, end))
            sizes.append(0)
        sizes[-1] += 1
    texts = [documents[d].text[a:b] for d, a, b in spans]
    first = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))[:-1]
    if len(spans) == len(made):  # to count takes half as long as to say where tokens begin
        costs = tokenizer.count_many(texts)
    else:
        costs = np.zeros(len(made), dtype=np.int64)
        starts = tokenizer.starts_many(texts)
        for at, (_, begin, _), size, tokens in zip(first.tolist(), spans, sizes, starts, strict=True):
            ends = np.array([made[i].end - begin for i in range(at, at + size - 1)], dtype=np.int64)
            costs[at : at + size] = np.bincount(np.searchsorted(ends, tokens, side="right"), minlength=size)
    for at in first.tolist():
        unit = made[at].unit
        costs[at] += 2 * (unit.close >= 0) + (unit.lead >= 0)
    return costs


def _bare(
    documents: Sequence[Document], owner: Sequence[int], made: Sequence[_Piece], outlines: Sequence[Outline]
) -> BoolArray:
    return np.array(
        [
            outlines[document].has_below(piece.unit)
            and (
                piece.unit.kind in _FRAMES
                or piece.unit.kind in ("row", "tag")
                or (piece.unit.kind == "item" and (piece.unit.title or not _is_said(documents[document].text, piece)))
                or piece.unit.kind == "member"
                or introduces(documents[document].text, piece.unit.end)
            )
            for piece, document in zip(made, owner, strict=True)
        ],
        dtype=np.bool_,
    )


def _is_said(text: str, piece: _Piece) -> bool:
    """Whether a piece is long or ends as a sentence does; if not, an item names what is below it, or its condition."""
    unit = piece.unit
    return unit.end - unit.start > _LONGEST_CONDITION or _STOP.search(text, unit.end - 3, unit.end) is not None
