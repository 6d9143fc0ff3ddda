"""The one selector: what is kept under a budget of target tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.compress.select.pieces import Pieces
from ctxpipe.compress.text.sentences import is_blank
from ctxpipe.errors import UsageError

_ENOUGH = 0.985
"""Share of the budget from which on no more is looked for."""
_MARK = 3
"""Tokens that a mark and the line breaks around it are taken to cost."""
_ROUNDS = 12
_STEP = 0.01
"""Share by which the room is corrected at least where a selection is over the budget."""
_MOST_FILLS = 48

Count = Callable[[BoolArray], int]


def check_size(budget: int | None, rate: float | None) -> None:
    """Refuse a budget or rate that makes no sense.

    Raises:
        UsageError: unless exactly one is given, the budget is at least 1 or the rate is in (0, 1].
    """
    if (budget is None) == (rate is None):
        raise UsageError("give either a budget in tokens or a rate, not both and not neither")
    if budget is not None and budget < 1:
        raise UsageError(f"the budget must be at least 1 token, not {budget}")
    if rate is not None and not 0 < rate <= 1:
        raise UsageError(f"the rate must be above 0 and at most 1, not {rate}")


def select(
    scores: FloatArray,
    pieces: Pieces,
    budget: int,
    count: Count,
    label_costs: Sequence[int],
    *,
    held: BoolArray,
    last: BoolArray,
) -> BoolArray:
    """Choose pieces, best first, each with everything that it stands under.

    A piece that does not fit with its chain, label and mark gives way to the next that does; room may stay unused.
    What says nothing alone (a heading, an introduction) comes only with what stands under it. Costs are estimated while
    pieces are taken; then the text is counted, and the room that the estimate may use is corrected until the count is
    within the budget.

    Args:
        scores: float32 of shape (n,); higher comes first, minus infinity and NaN never.
        pieces: The pieces.
        budget: Most tokens.
        count: Exact tokens of the text of a selection, by the target's tokenizer.
        label_costs: Tokens of each document's label.
        held: True for pieces before which nothing else of their unit is taken.
        last: True for pieces that are taken only when nothing else is left, not to fill room; their scores are lowest.

    Returns:
        bool of shape (n,), closed under ``parent``, whose count is at most ``budget``.
    """
    order = ordered(scores, pieces)
    packing = _Packing(pieces, label_costs, held, last)
    best, used, low, high, limit = packing.empty(), 0, 0.0, float("inf"), float(budget)
    for _ in range(_ROUNDS):
        kept, complete = packing.take(order, limit)
        tokens = count(kept) if kept.any() else 0
        if tokens <= budget:
            if tokens > used:
                best, used = kept, tokens
            if complete or tokens >= budget * _ENOUGH:
                break
            low = limit
        else:
            high = limit
        # What the estimate was off by says where to look, until there is a limit on either side.
        if high == float("inf"):
            limit += budget - tokens
        elif low == 0:
            limit -= max(tokens - budget, _STEP * limit)
        else:
            limit = (low + high) / 2
        if high - low < 1:
            break
    return _filled(best, used, order, packing, budget, count)


def ordered(scores: FloatArray, pieces: Pieces) -> IntArray:
    """Pieces that may be taken for their own sake, best first, ties in the order of the source.

    An introduction passes its score on to a piece under it, without which it would say nothing: to the first, or if
    that is an item or a record, to the best of those.
    """
    worth = np.nan_to_num(scores.astype(np.float64), nan=-np.inf, neginf=-np.inf, posinf=1e30)
    for parent, child in sorted(_led(worth, pieces).items()):
        worth[child] = max(worth[child], worth[parent])
    wanted = np.flatnonzero(np.isfinite(worth) & ~pieces.bare)
    return wanted[np.lexsort((wanted, -worth[wanted]))]


def _led(worth: NDArray[np.float64], pieces: Pieces) -> dict[int, int]:
    """For each introduction the piece that it passes its score on to."""
    listed = [unit.kind in ("item", "record", "member") for unit in pieces.units]
    promise = worth.copy()
    first: dict[int, int] = {}
    best: dict[int, int] = {}
    for child in range(len(pieces) - 1, -1, -1):
        parent = int(pieces.parent[child])
        if parent < 0 or not pieces.bare[parent] or pieces.units[parent].kind in ("heading", "row"):
            continue
        first[parent] = child
        if listed[child] and promise[child] >= promise[best.get(parent, child)]:
            best[parent] = child
        promise[parent] = max(promise[parent], promise[child])
    return first | {parent: child for parent, child in best.items() if listed[first[parent]]}


def _filled(kept: BoolArray, used: int, order: IntArray, packing: _Packing, budget: int, count: Count) -> BoolArray:
    """Take what else fits by the exact count."""
    tries = 0
    limit = budget - used
    packing.restore(kept)
    for index in order[~kept[order]].tolist():
        if tries >= _MOST_FILLS or used >= budget * _ENOUGH or packing.is_last(index):
            break
        bundle, cost = packing.bundle(index)
        if cost > 1.5 * limit + _MARK or packing.is_blocked(index) or packing.is_tail(index):
            continue
        tries += 1
        kept[bundle] = True
        tokens = count(kept)
        if tokens > budget:
            kept[bundle] = False
        else:
            used, limit = tokens, budget - tokens
            packing.restore(kept)
    return kept


class _Packing:
    """What has been taken so far, and what the next piece would cost with all that it brings along."""

    def __init__(self, pieces: Pieces, label_costs: Sequence[int], held: BoolArray, last: BoolArray) -> None:
        self.pieces = pieces
        self._cost = pieces.cost.tolist()
        self._parent = pieces.parent.tolist()
        self._aside = _aside(pieces)
        self._joined = pieces.joined.tolist()
        self._places = _places(pieces)
        self._label = list(label_costs)
        self._near = _near(pieces)
        self._needed = _needed(pieces, held)
        self._held = held.tolist()
        self._last = last.tolist()
        self.restore(self.empty())

    def empty(self) -> BoolArray:
        """Nothing taken."""
        return np.zeros(len(self.pieces), dtype=np.bool_)

    def restore(self, kept: BoolArray) -> None:
        """Go on from a selection."""
        self._kept: list[bool] = kept.tolist()
        self._labelled = {self._places[i] for i in np.flatnonzero(kept).tolist()}
        self._lacking = {unit: {i for i in needed if not self._kept[i]} for unit, needed in self._needed.items()}

    def take(self, order: IntArray, limit: float) -> tuple[BoolArray, bool]:
        """Take pieces in order while their estimated costs fit.

        Returns:
            The selection, and whether it is everything.
        """
        self.restore(self.empty())
        used, complete = 0.0, True
        for index in order.tolist():
            if self._kept[index]:
                continue
            if self._last[index] and not complete:
                break
            bundle, cost = self.bundle(index)
            if used + cost > limit or self.is_blocked(index):
                complete = False
                continue
            used += cost
            for i in bundle:
                self._kept[i] = True
            self._labelled.add(self._places[index])
            self._lacking.get(int(self.pieces.candidate[index]), set()).discard(index)
        return np.array(self._kept, dtype=np.bool_), complete

    def bundle(self, index: int) -> tuple[list[int], float]:
        """A piece with what it stands under and lacks, and what that costs with label and marks."""
        bundle, known = [index], {index}
        for at in bundle:
            for above in (self._parent[at], self._aside.get(at, -1)):
                if above >= 0 and not self._kept[above] and above not in known:
                    known.add(above)
                    bundle.append(above)
        cost = float(sum(self._cost[at] for at in bundle))
        if self._places[index] not in self._labelled:
            cost += self._label[int(self.pieces.owner[index])]
        before, after = self._near[index]
        joins = (before >= 0 and self._kept[before]) + (after >= 0 and self._kept[after])
        return bundle, cost + _MARK * (1 - joins)

    def is_last(self, index: int) -> bool:
        """Whether a piece is taken only when nothing else is left."""
        return bool(self._last[index])

    def is_tail(self, index: int) -> bool:
        """Whether a piece goes on with the letters of one that is not taken."""
        return bool(self._joined[index]) and index > 0 and not self._kept[index - 1]

    def is_blocked(self, index: int) -> bool:
        """Whether a piece must wait for one that is held."""
        lacking = self._lacking.get(int(self.pieces.candidate[index]))
        return bool(lacking) and not self._held[index]


def _aside(pieces: Pieces) -> dict[int, int]:
    """The container of each piece that stands under something outside it."""
    inside = pieces.container
    return {i: int(inside[i]) for i in np.flatnonzero((inside >= 0) & (inside != pieces.parent)).tolist()}


def _near(pieces: Pieces) -> list[tuple[int, int]]:
    """For each piece those directly before and after it in the source, -1 where text lies between, or none does not."""
    size = len(pieces)
    beside = []
    for i in range(size - 1):
        text = pieces.documents[int(pieces.owner[i])].text
        same = pieces.owner[i] == pieces.owner[i + 1]
        # Members of JSON and rows of a table have no mark between them.
        unmarked = pieces.units[i + 1].kind in ("member", "row")
        beside.append(bool(same and (unmarked or is_blank(text, pieces.units[i].end, pieces.units[i + 1].start))))
    before = [i - 1 if i and beside[i - 1] else -1 for i in range(size)]
    after = [i + 1 if i < size - 1 and beside[i] else -1 for i in range(size)]
    return list(zip(before, after, strict=True))


def _places(pieces: Pieces) -> list[tuple[int, int]]:
    """Document and page of each piece: pieces of one place share a label."""
    return [
        (owner, pieces.documents[owner].page(start) or 0)
        for owner, start in zip(pieces.owner.tolist(), pieces.start.tolist(), strict=True)
    ]


def _needed(pieces: Pieces, held: BoolArray) -> dict[int, set[int]]:
    needed: dict[int, set[int]] = {}
    for index in np.flatnonzero(held & (pieces.candidate >= 0)).tolist():
        needed.setdefault(int(pieces.candidate[index]), set()).add(index)
    return needed
